/* bunghole_ring.h - from the IO thread to the thread that sends: frames, and what is known of them.
 *
 * One writer, one reader, neither ever waits. Frames are two floats. Beside them goes a mark for
 * each block: the number of its first frame, the time of its IO cycle, and whether something is
 * missing before it. A block that does not fit is cut, and one for whose mark there is no room is
 * dropped as a whole; both are counted, and the numbers of frames go on as if they had been kept.
 *
 * How much may wait is a matter of latency and not of memory: BUNGHOLE_RING_LIMIT frames, and for
 * blocks longer than a packet as much more as they are longer. Such a block comes at once, and is
 * no older for it than a short one; the memory is long enough for the longest block of a host,
 * BUNGHOLE_RING_BLOCK, behind another one of which half has not been taken yet.
 */
#ifndef BUNGHOLE_RING_H
#define BUNGHOLE_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUNGHOLE_CHANNELS     2u
#define BUNGHOLE_RATE         48000u
#define BUNGHOLE_RING_FRAMES  16384u /* of memory */
#define BUNGHOLE_RING_LIMIT   8192u  /* that may wait, with blocks up to: */
#define BUNGHOLE_RING_SMALL   960u
#define BUNGHOLE_RING_BLOCK   8192u /* the longest block of a host */
#define BUNGHOLE_RING_MARKS   1024u

/* What a block says of itself. */
#define BUNGHOLE_BLOCK_BEGINS 1u /* IO has just started */
#define BUNGHOLE_BLOCK_JUMPS  2u /* cycles are missing before it */
#define BUNGHOLE_BLOCK_LOST   4u /* the ring was full: frames are missing before it */

struct bunghole_mark {
    uint64_t position; /* in the ring */
    uint64_t frame;    /* number of the frame there */
    uint64_t time_ns;
    uint32_t flags;
};

struct bunghole_ring {
    /* Each side's own in lines of the cache of its own. */
    _Alignas(64) _Atomic uint64_t head; /* frames put in; the writer's */
    _Atomic uint64_t mark_head;
    _Atomic uint64_t block_ns; /* of the last block */
    _Atomic uint32_t block_frames;
    _Atomic uint64_t lost; /* frames that did not fit */
    uint64_t next_frame;
    bool has_lost;

    _Alignas(64) _Atomic uint64_t tail; /* frames taken out; the reader's */
    _Atomic uint64_t mark_tail;
    struct bunghole_mark current; /* the mark at or before tail; it is not in `marks` any more */

    struct bunghole_mark marks[BUNGHOLE_RING_MARKS];
    float frames[BUNGHOLE_RING_FRAMES * BUNGHOLE_CHANNELS];
};

/* The first frame will have the number `first`, which is also where the heads begin. */
void bunghole_ring_init(struct bunghole_ring *ring, uint64_t first);

/* The writer. Returns how many frames went in. Wait-free; no call of anything. */
uint32_t bunghole_ring_write(struct bunghole_ring *ring, const float *audio, uint32_t frames,
                             uint64_t time_ns, uint32_t flags);

/* By how many frames more may wait with blocks of so many. */
uint32_t bunghole_ring_allowance(uint32_t block_frames);

/* The reader. */
uint64_t bunghole_ring_fill(const struct bunghole_ring *ring);
/* The length of the longest block of which something waits, as it was kept; 0: nothing waits. */
uint32_t bunghole_ring_longest(struct bunghole_ring *ring);

struct bunghole_span {
    uint32_t frames;      /* up to the next block that begins a run of IO */
    bool run_ends;        /* there is such a block right behind */
    uint64_t first_frame; /* number of the first one */
    uint64_t last_frame;  /* number of the last one */
    uint64_t time_ns;     /* of the block that the first is in */
    uint32_t flags;       /* of all blocks that begin in it */
};

/* Describes what could be read next, `most` frames at most. False when there is nothing. */
bool bunghole_ring_peek(struct bunghole_ring *ring, uint32_t most, struct bunghole_span *span);
/* Takes `frames` out, which were peeked at; `audio` may be NULL. */
void bunghole_ring_take(struct bunghole_ring *ring, float *audio, uint32_t frames);

#endif
