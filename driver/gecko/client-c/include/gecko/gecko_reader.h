/* gecko_reader.h - reading what Gecko Sink plays, from another process.
 *
 * The reader opens the shared memory by name, either layout, never trusts what the header says, and
 * knows at each read which frames it got, which it lost and whether the driver has changed under
 * it. How to wait for audio is the caller's choice: a read never blocks.
 *
 * v2 is mapped read-only. v1, as the original design wants it, keeps the reader's index in the
 * audio object, so it has to be opened for writing: a user who may only read it cannot use it.
 *
 * A reader belongs to one thread at a time. Reading does not allocate, lock or call the system,
 * except for the one read that meets a new generation.
 */
#ifndef GECKO_GECKO_READER_H
#define GECKO_GECKO_READER_H

#include "gecko/gecko_shm.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum gecko_reader_status {
    GECKO_READER_OK = 0,
    GECKO_READER_NAME = 1,      /* the name is none */
    GECKO_READER_MISSING = 2,   /* no driver has made it */
    GECKO_READER_DENIED = 3,    /* this user may not open it (v1: for writing) */
    GECKO_READER_NOT_READY = 4, /* it is being made, or removed: try again in a moment */
    GECKO_READER_TRUNCATED = 5, /* shorter than its header says */
    GECKO_READER_HOSTILE = 6,   /* the header makes no sense */
    GECKO_READER_SYSTEM = 7,    /* the operating system refused */
};

struct gecko_reader_error {
    enum gecko_reader_status status;
    int system_errno; /* 0 when the operating system did not refuse anything */
    char text[256];   /* one line: what, where, what to do */
};

struct gecko_reader_options {
    bool from_oldest; /* start at the oldest frame that is still there; default: the newest */
    bool no_slot;     /* do not take part in the readers' object (v2) */
};

/* What is the same for all frames of one read. */
struct gecko_format {
    uint32_t layout; /* 1 or 2 */
    uint32_t channels;
    uint32_t sample_rate; /* Hz */
    uint64_t ring_frames;
    uint64_t generation;       /* 0 in v1 */
    uint32_t timebase_numer;   /* of the writer's host; 0 in v1 */
    uint32_t timebase_denom;   /* 0 in v1 */
    uint32_t safety_offset;    /* frames; 0 in v1 */
    uint32_t reported_latency; /* frames; 0 in v1 */
    uint32_t writer_pid;       /* 0 in v1 */
};

#define GECKO_READ_GENERATION 0x1 /* the format may have changed; see gecko_reader_format() */
#define GECKO_READ_LOST       0x2 /* frames are missing before first_frame */
#define GECKO_READ_RETIRED    0x4 /* nothing more will come: gecko_reader_reopen() */
#define GECKO_READ_CLOSED     0x8 /* nothing more will come: the driver has gone */

struct gecko_read {
    uint64_t first_frame; /* number of the first frame in the buffer; v1: counted by the reader */
    uint64_t lost_frames; /* missed just before it. Always 0 in v1, which cannot tell */
    uint64_t torn_frames; /* of those, overwritten while they were being copied */
    uint64_t left_frames; /* written and not read yet, when the read was made */
    uint32_t events;      /* GECKO_READ_* bits */
    uint32_t state;       /* GECKO_STATE_*; 0 in v1 */
    uint32_t flags;       /* GECKO_FLAG_* bits; 0 in v1 */
};

/* One entry of the block table of v2. */
struct gecko_block {
    uint64_t number;
    uint64_t first_frame;
    uint64_t host_time;
    uint64_t output_time;
    double output_sample_time;
    uint64_t cycle;
    uint32_t frames;
    uint32_t flags;
};

struct gecko_reader;

/* `options` and `error` may be NULL. */
bool gecko_reader_open(const char *name, const struct gecko_reader_options *options,
                       struct gecko_reader **reader, struct gecko_reader_error *error);

/* The same on memory that is there already, such as a saved image; it stays the caller's. */
bool gecko_reader_attach(void *memory, size_t size, const struct gecko_reader_options *options,
                         struct gecko_reader **reader, struct gecko_reader_error *error);

/* Opens the name again, after GECKO_READ_RETIRED or when a new driver is expected. The reader goes
 * on at its frame number, and counts what it missed, when it finds the same object again or the one
 * that follows it; else at the oldest frame. On failure the reader is as it was. Not for
 * gecko_reader_attach(). */
bool gecko_reader_reopen(struct gecko_reader *reader, struct gecko_reader_error *error);

/* NULL is allowed. */
void gecko_reader_close(struct gecko_reader *reader);

/* Copies at most `samples` floats, in whole frames, into `audio` and returns the number of frames;
 * 0 when there are none. Returns -1, with the reason in gecko_reader_failure(), when the header has
 * become nonsense. A read never goes across a change of format: the one that meets it returns 0
 * frames and GECKO_READ_GENERATION, and frames of the old generation that were not read count as
 * lost. `info` may be NULL. */
int64_t gecko_reader_read(struct gecko_reader *reader, float *audio, size_t samples,
                          struct gecko_read *info);

const struct gecko_format *gecko_reader_format(const struct gecko_reader *reader);
const struct gecko_reader_error *gecko_reader_failure(const struct gecko_reader *reader);

/* Number of the next frame to read, and all that were lost since the reader was opened. */
uint64_t gecko_reader_position(const struct gecko_reader *reader);
uint64_t gecko_reader_lost(const struct gecko_reader *reader);

/* v2: the entry that holds `frame`, when the table still has it. False in v1. */
bool gecko_reader_find_block(struct gecko_reader *reader, uint64_t frame,
                             struct gecko_block *block);

/* v2: whether the process that writes still runs. A driver that went in good order says so by
 * itself (GECKO_READ_CLOSED); this finds the one that was killed. True in v1, which cannot tell. */
bool gecko_reader_writer_is_alive(const struct gecko_reader *reader);

/* The slot in the readers' object, or -1 when the reader has none. */
int gecko_reader_slot(const struct gecko_reader *reader);

#ifdef __cplusplus
}
#endif

#endif
