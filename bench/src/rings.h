/* rings.h - ring buffers behind one interface, so that each does the same work.
 *
 * A ring carries interleaved stereo Float32. It is made before a fork; afterwards one process
 * writes and the other reads. A write or a read moves what there is room or data for and returns
 * the bytes that it moved: no contestant is asked twice whether a block fits.
 */
#ifndef RINGS_H
#define RINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RING_CHANNELS    2u
#define RING_FRAME_BYTES (RING_CHANNELS * sizeof(float))

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
