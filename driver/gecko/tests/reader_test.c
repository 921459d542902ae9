/* reader_test.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above first */
#include "reader_test.h"
#include <cmocka.h>

float audio[MAX_FRAMES * 2];

const struct gecko_reader_options oldest = {.from_oldest = true};

struct gecko_reader *open_reader(const char *name, const struct gecko_reader_options *options) {
    struct gecko_reader *reader;
    struct gecko_reader_error error;
    if (!gecko_reader_open(name, options, &reader, &error)) {
        fail_msg("%s", error.text);
    }
    return reader;
}

int64_t read_checked(struct gecko_reader *reader, uint32_t frames, struct gecko_read *info) {
    uint32_t channels = gecko_reader_format(reader)->channels;
    int64_t count = gecko_reader_read(reader, audio, (size_t)frames * channels, info);
    if (count > 0) {
        shm_test_check(audio, info->first_frame, (uint64_t)count, channels);
    }
    return count;
}
