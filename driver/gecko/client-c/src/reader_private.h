/* reader_private.h - what the files of the reader share. */
#ifndef GECKO_READER_PRIVATE_H
#define GECKO_READER_PRIVATE_H

#include "gecko/gecko_reader.h"
#include <sys/types.h>

struct gecko_reader_slots {
    unsigned char *base; /* NULL: no part in it */
    size_t size;
    int slot;
    uint64_t instance; /* which object it is, to notice a new one of the same name */
};

struct gecko_reader {
    char name[GECKO_NAME_MAX + 1]; /* empty when attached to memory */
    struct gecko_reader_options options;
    int fd; /* -1 when attached to memory */
    unsigned char *base;
    size_t size;
    struct gecko_format format;

    /* Taken from a header that was checked, never read again from shared memory. */
    const unsigned char *ring;
    uint32_t bytes_per_frame;
    uint64_t generation_start;
    uint64_t blocks_offset;
    uint32_t block_count;
    uint32_t v1_samples; /* BUFFER_SIZE */
    uint32_t v1_index;   /* the next sample to read */

    uint64_t position;
    uint64_t known_head; /* v2: WRITE_HEAD when it was last looked at; never before the position */
    uint64_t next_block; /* v2: behind the block that was last found */
    uint64_t lost;
    uint64_t reported_lost; /* what the slot says */
    size_t asked_samples;   /* of the last read, and what they are in frames: saves a division */
    uint64_t asked_frames;
    struct gecko_reader_slots slots;
    struct gecko_reader_error failure;

    uint64_t instance;    /* v2: which object it is; 0: unknown */
    uint64_t predecessor; /* v2: which one it goes on from */
};

/* Formats the text; appends the meaning of `system_errno` when that is not 0. Returns false. */
bool gecko_reader_fail(struct gecko_reader_error *error, enum gecko_reader_status status,
                       int system_errno, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* How messages call the memory. */
const char *gecko_reader_label(const struct gecko_reader *reader);

/* Looks at the object again: false when it has become shorter than it was mapped. */
bool gecko_reader_check_size(const struct gecko_reader *reader, struct gecko_reader_error *error);

/* Checks the header and sets format, ring and the like. */
bool gecko_v1_header(struct gecko_reader *reader, struct gecko_reader_error *error);
bool gecko_v2_header(struct gecko_reader *reader, struct gecko_reader_error *error);
/* Sets the position for a reader that is new. */
void gecko_v1_start(struct gecko_reader *reader);
void gecko_v2_start(struct gecko_reader *reader);
/* Sets the position of a reader that came from `before`, which is still mapped. */
void gecko_v2_resume(struct gecko_reader *reader, const struct gecko_reader *before);
/* The layout's part of gecko_reader_read(), on a reader that has not failed. */
int64_t gecko_v1_read(struct gecko_reader *reader, float *audio, size_t samples,
                      struct gecko_read *info);
int64_t gecko_v2_read(struct gecko_reader *reader, float *audio, size_t samples,
                      struct gecko_read *info);

/* Claims a slot in the readers' object of the name, if there is one; keeps the slot that it has
 * when that object is still the same. */
void gecko_slots_join(struct gecko_reader *reader);
void gecko_slots_leave(struct gecko_reader *reader);
void gecko_slots_report(struct gecko_reader *reader);

#endif
