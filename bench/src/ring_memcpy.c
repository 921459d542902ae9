/* ring_memcpy.c - the yardsticks: two memcpys of a block, and nothing that would make it a ring.
 *
 * "hot" always copies through the same block, so that everything stays in the first-level cache.
 * "ring" goes round a buffer as large as the rings are: the same cache work as theirs.
 */
#include "bench_support.h"
#include "rings.h"
#include <stdlib.h>
#include <string.h>

struct yardstick {
    struct ring base;
    unsigned char *data;
    size_t wrap; /* bytes */
    size_t write_at;
    size_t read_at;
};

static struct ring *create(const struct ring_kind *kind, uint32_t ring_frames, bool one_block) {
    struct yardstick *self = calloc(1, sizeof *self);
    if (self == NULL) {
        bench_fail("out of memory");
    }
    self->base = (struct ring){.kind = kind, .frames = ring_frames};
    self->data = bench_shared_memory(ring_frames * RING_FRAME_BYTES);
    self->wrap = one_block ? 0 : ring_frames * RING_FRAME_BYTES;
    return &self->base;
}

static struct ring *create_hot(uint32_t ring_frames, bool wait_for_reader) {
    (void)wait_for_reader;
    return create(&ring_memcpy_hot, ring_frames, true);
}

static struct ring *create_ring(uint32_t ring_frames, bool wait_for_reader) {
    (void)wait_for_reader;
    return create(&ring_memcpy_ring, ring_frames, false);
}

/* A block never goes across the end here: one memcpy each way, that is the yardstick. */
static size_t advance(const struct yardstick *self, size_t at, size_t bytes) {
    at += bytes;
    return at + bytes > self->wrap ? 0 : at;
}

static size_t yardstick_write(struct ring *ring, const void *audio, size_t bytes) {
    struct yardstick *self = (struct yardstick *)ring;
    memcpy(self->data + self->write_at, audio, bytes);
    self->write_at = advance(self, self->write_at, bytes);
    bench_keep(self->data);
    return bytes;
}

static size_t yardstick_read(struct ring *ring, void *audio, size_t bytes) {
    struct yardstick *self = (struct yardstick *)ring;
    memcpy(audio, self->data + self->read_at, bytes);
    self->read_at = advance(self, self->read_at, bytes);
    bench_keep(audio);
    return bytes;
}

static void destroy(struct ring *ring) {
    free(ring); /* the mapping goes with the program */
}

const struct ring_kind ring_memcpy_hot = {
    .name = "memcpy-hot",
    .create = create_hot,
    .write = yardstick_write,
    .read = yardstick_read,
    .destroy = destroy,
};

const struct ring_kind ring_memcpy_ring = {
    .name = "memcpy-ring",
    .create = create_ring,
    .write = yardstick_write,
    .read = yardstick_read,
    .destroy = destroy,
};
