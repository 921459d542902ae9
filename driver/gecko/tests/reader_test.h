/* reader_test.h - what the tests of the C reader share. */
#ifndef READER_TEST_H
#define READER_TEST_H

#include "gecko/gecko_reader.h"
#include "shm_test.h"

#define MAX_FRAMES 65536

/* Room for stereo. */
extern float audio[MAX_FRAMES * 2];

extern const struct gecko_reader_options oldest;

/* A failure fails the test. */
struct gecko_reader *open_reader(const char *name, const struct gecko_reader_options *options);
/* Reads at most `frames` into `audio`, checks them, returns how many there were. */
int64_t read_checked(struct gecko_reader *reader, uint32_t frames, struct gecko_read *info);

#endif
