/* bunghole_ring.c */
#include "bunghole_ring.h"
#include <assert.h>
#include <string.h>

_Static_assert((BUNGHOLE_RING_FRAMES & (BUNGHOLE_RING_FRAMES - 1)) == 0, "a power of two");
_Static_assert(BUNGHOLE_RING_LIMIT + BUNGHOLE_RING_BLOCK - BUNGHOLE_RING_SMALL <=
                   BUNGHOLE_RING_FRAMES,
               "what may wait has room");
_Static_assert((BUNGHOLE_RING_MARKS & (BUNGHOLE_RING_MARKS - 1)) == 0, "a power of two");

static uint64_t mine(const _Atomic uint64_t *counter) {
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static uint64_t other(const _Atomic uint64_t *counter) {
    return atomic_load_explicit(counter, memory_order_acquire);
}

static void publish(_Atomic uint64_t *counter, uint64_t value) {
    atomic_store_explicit(counter, value, memory_order_release);
}

void bunghole_ring_init(struct bunghole_ring *ring, uint64_t first) {
    /* Touches every page: the first block must not be the one that meets a page fault. */
    memset(ring, 0, sizeof *ring);
    atomic_init(&ring->head, first);
    atomic_init(&ring->tail, first);
    atomic_init(&ring->mark_head, 0);
    atomic_init(&ring->mark_tail, 0);
    atomic_init(&ring->block_ns, 0);
    atomic_init(&ring->block_frames, 0);
    atomic_init(&ring->lost, 0);
    ring->next_frame = first;
    ring->current = (struct bunghole_mark){.position = first, .frame = first};
}

uint32_t bunghole_ring_allowance(uint32_t block_frames) {
    return block_frames > BUNGHOLE_RING_SMALL ? block_frames - BUNGHOLE_RING_SMALL : 0;
}

/* ---- the writer ------------------------------------------------------------------------------ */

/* How many frames may be in the ring with a block of so many. */
static uint64_t limit_for(uint32_t frames) {
    uint64_t limit = (uint64_t)BUNGHOLE_RING_LIMIT + bunghole_ring_allowance(frames);
    return limit < BUNGHOLE_RING_FRAMES ? limit : BUNGHOLE_RING_FRAMES;
}

static void copy_in(struct bunghole_ring *ring, uint64_t position, const float *audio,
                    uint32_t frames) {
    uint32_t at = (uint32_t)(position % BUNGHOLE_RING_FRAMES);
    uint32_t first = BUNGHOLE_RING_FRAMES - at < frames ? BUNGHOLE_RING_FRAMES - at : frames;
    const size_t frame = BUNGHOLE_CHANNELS;
    memcpy(ring->frames + at * frame, audio, first * frame * sizeof *audio);
    memcpy(ring->frames, audio + first * frame, (frames - first) * frame * sizeof *audio);
}

uint32_t bunghole_ring_write(struct bunghole_ring *ring, const float *audio, uint32_t frames,
                             uint64_t time_ns, uint32_t flags) {
    uint64_t head = mine(&ring->head);
    uint64_t mark_head = mine(&ring->mark_head);
    uint64_t waits = head - other(&ring->tail);
    uint64_t limit = limit_for(frames);
    /* Blocks may have been longer a moment ago: then more waits than may with these. */
    uint64_t room = waits < limit ? limit - waits : 0;
    if (mark_head - other(&ring->mark_tail) == BUNGHOLE_RING_MARKS) {
        room = 0;
    }
    uint32_t taken = frames < room ? frames : (uint32_t)room;
    if (taken > 0) {
        ring->marks[mark_head % BUNGHOLE_RING_MARKS] = (struct bunghole_mark){
            .position = head,
            .frame = ring->next_frame,
            .time_ns = time_ns,
            .flags = flags | (ring->has_lost ? BUNGHOLE_BLOCK_LOST : 0),
        };
        ring->has_lost = false;
        copy_in(ring, head, audio, taken);
        /* A reader that sees the frames sees their mark. */
        publish(&ring->mark_head, mark_head + 1);
        publish(&ring->head, head + taken);
    }
    ring->next_frame += frames;
    if (taken < frames) {
        ring->has_lost = true;
        publish(&ring->lost, mine(&ring->lost) + (frames - taken));
    }
    atomic_store_explicit(&ring->block_frames, frames, memory_order_relaxed);
    atomic_store_explicit(&ring->block_ns, time_ns, memory_order_relaxed);
    return taken;
}

/* ---- the reader ------------------------------------------------------------------------------ */

uint64_t bunghole_ring_fill(const struct bunghole_ring *ring) {
    uint64_t tail = mine(&ring->tail); /* first: whoever asks, the head is not behind it */
    return other(&ring->head) - tail;
}

/* Makes the mark at or before `position` the current one. */
static void pass_marks(struct bunghole_ring *ring, uint64_t position) {
    uint64_t at = mine(&ring->mark_tail);
    uint64_t end = other(&ring->mark_head);
    while (at != end && ring->marks[at % BUNGHOLE_RING_MARKS].position <= position) {
        ring->current = ring->marks[at % BUNGHOLE_RING_MARKS];
        at++;
    }
    publish(&ring->mark_tail, at);
}

uint32_t bunghole_ring_longest(struct bunghole_ring *ring) {
    uint64_t head = other(&ring->head); /* before the marks: those of what waits are there */
    uint64_t tail = mine(&ring->tail);
    if (head == tail) {
        return 0;
    }
    pass_marks(ring, tail);
    uint64_t longest = 0;
    uint64_t begin = ring->current.position;
    uint64_t stop = other(&ring->mark_head);
    for (uint64_t at = mine(&ring->mark_tail); at != stop && begin < head; at++) {
        uint64_t next = ring->marks[at % BUNGHOLE_RING_MARKS].position;
        longest = next - begin > longest ? next - begin : longest;
        begin = next;
    }
    /* A mark that has come meanwhile is of a block behind this head. */
    uint64_t last = begin < head ? head - begin : 0;
    return (uint32_t)(last > longest ? last : longest);
}

static uint64_t number_at(const struct bunghole_mark *mark, uint64_t position) {
    return mark->frame + (position - mark->position);
}

bool bunghole_ring_peek(struct bunghole_ring *ring, uint32_t most, struct bunghole_span *span) {
    uint64_t tail = mine(&ring->tail);
    uint64_t fill = bunghole_ring_fill(ring);
    if (fill == 0 || most == 0) {
        return false;
    }
    pass_marks(ring, tail);
    struct bunghole_mark block = ring->current;
    uint64_t end = tail + (fill < most ? fill : most);
    *span = (struct bunghole_span){
        .first_frame = number_at(&block, tail),
        .time_ns = block.time_ns,
        .flags = block.position == tail ? block.flags : 0,
    };
    uint64_t stop = other(&ring->mark_head);
    for (uint64_t at = mine(&ring->mark_tail); at != stop; at++) {
        const struct bunghole_mark *mark = &ring->marks[at % BUNGHOLE_RING_MARKS];
        bool begins = (mark->flags & BUNGHOLE_BLOCK_BEGINS) != 0;
        if (mark->position > end || (mark->position == end && !begins)) {
            break;
        }
        if (begins) {
            end = mark->position;
            span->run_ends = true;
            break;
        }
        block = *mark;
        span->flags |= mark->flags;
    }
    span->frames = (uint32_t)(end - tail);
    span->last_frame = number_at(&block, end - 1);
    return true;
}

void bunghole_ring_take(struct bunghole_ring *ring, float *audio, uint32_t frames) {
    uint64_t tail = mine(&ring->tail);
    assert(frames <= bunghole_ring_fill(ring));
    if (audio != NULL) {
        uint32_t at = (uint32_t)(tail % BUNGHOLE_RING_FRAMES);
        uint32_t first = BUNGHOLE_RING_FRAMES - at < frames ? BUNGHOLE_RING_FRAMES - at : frames;
        const size_t frame = BUNGHOLE_CHANNELS;
        memcpy(audio, ring->frames + at * frame, first * frame * sizeof *audio);
        memcpy(audio + first * frame, ring->frames, (frames - first) * frame * sizeof *audio);
    }
    /* Marks first: the writer may fill what is given back, and needs a mark for it. The current
     * one is kept unless the tail has come to a later one. */
    if (frames > 0) {
        pass_marks(ring, tail + frames - 1);
    }
    publish(&ring->tail, tail + frames);
}
