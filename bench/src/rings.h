/* rings.h - ring buffers behind one interface, so that each does the same work.
 *
 * A ring carries interleaved stereo Float32. It is made before a fork; afterwards one process
 * writes and the other reads.
 *
 * There are two kinds of work. Plain: a write or a read moves what there is room or data for and
 * returns the bytes that it moved, so no contestant is asked twice whether a block fits. Timed: a
 * block travels with its times, as an audio driver's must; whole blocks only, 0 when there is no
 * room or no block.
 */
#ifndef RINGS_H
#define RINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RING_CHANNELS     2u
#define RING_FRAME_BYTES  (RING_CHANNELS * sizeof(float))
/* Behind the name of a ring whose blocks carry times, in the output of the programs. */
#define RING_TIMED_SUFFIX "+times"

/* What a driver knows of a block and its reader wants to know: the fields of Gecko's block table.
 */
struct ring_times {
    uint64_t first_frame;
    uint64_t host_time;
    uint64_t output_time;
    double output_sample_time;
    uint32_t frames;
    uint32_t flags;
    uint64_t cycle;
};
_Static_assert(sizeof(struct ring_times) % RING_FRAME_BYTES == 0,
               "a ring of frames carries them as frames");

struct ring {
    const struct ring_kind *kind;
    uint32_t frames; /* of the ring */
};

struct ring_kind {
    const char *name;
    /* Ends the program on failure. `wait_for_reader`: a write must not overwrite what has not been
     * read, also in a ring that by nature does. */
    struct ring *(*create)(uint32_t ring_frames, bool wait_for_reader);
    /* In the process and thread that is going to read, before the first write. NULL: nothing to do.
     */
    void (*attach_reader)(struct ring *ring);
    size_t (*write)(struct ring *ring, const void *audio, size_t bytes);
    size_t (*read)(struct ring *ring, void *audio, size_t bytes);
    /* The timed work; NULL where there is none. The reader asks for the bytes that were written. */
    size_t (*write_timed)(struct ring *ring, const void *audio, size_t bytes,
                          const struct ring_times *times);
    size_t (*read_timed)(struct ring *ring, void *audio, size_t bytes, struct ring_times *times);
    /* In the process that made it. */
    void (*destroy)(struct ring *ring);
    bool is_ring; /* false for a yardstick that only works within one thread */
};

/* Those that this build has; the yardsticks first. */
extern const struct ring_kind *const ring_kinds[];
extern const unsigned ring_kind_count;

extern const struct ring_kind ring_memcpy_hot;
extern const struct ring_kind ring_memcpy_ring;
extern const struct ring_kind ring_gecko_v1;
extern const struct ring_kind ring_gecko_v2;
extern const struct ring_kind ring_jack;
extern const struct ring_kind ring_portaudio;

#endif
