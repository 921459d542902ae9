/* ring_jack.c - JACK's ring buffer (libjack). Times go ahead of their block through the same ring.
 */
#include "bench_support.h"
#include "rings.h"
#include <jack/ringbuffer.h>
#include <stddef.h>

struct jack {
    struct ring base;
    jack_ringbuffer_t *buffer;
};

static struct ring *create(uint32_t ring_frames, bool wait_for_reader) {
    (void)wait_for_reader; /* it always does */
    struct jack *self = bench_shared_memory(sizeof *self);
    self->base = (struct ring){.kind = &ring_jack, .frames = ring_frames};
    /* jack_ringbuffer_create() allocates private memory, which a fork does not share. Its public
     * struct is filled here as that function does. */
    size_t size = ring_frames * RING_FRAME_BYTES;
    self->buffer = bench_shared_memory(sizeof *self->buffer);
    *self->buffer = (jack_ringbuffer_t){
        .buf = bench_shared_memory(size),
        .size = size,
        .size_mask = size - 1,
    };
    return &self->base;
}

static size_t jack_write(struct ring *ring, const void *audio, size_t bytes) {
    struct jack *self = (struct jack *)ring;
    return jack_ringbuffer_write(self->buffer, audio, bytes);
}

static size_t jack_read(struct ring *ring, void *audio, size_t bytes) {
    struct jack *self = (struct jack *)ring;
    return jack_ringbuffer_read(self->buffer, audio, bytes);
}

static size_t jack_write_timed(struct ring *ring, const void *audio, size_t bytes,
                               const struct ring_times *times) {
    struct jack *self = (struct jack *)ring;
    if (jack_ringbuffer_write_space(self->buffer) < sizeof *times + bytes) {
        return 0;
    }
    jack_ringbuffer_write(self->buffer, (const char *)times, sizeof *times);
    return jack_ringbuffer_write(self->buffer, audio, bytes);
}

static size_t jack_read_timed(struct ring *ring, void *audio, size_t bytes,
                              struct ring_times *times) {
    struct jack *self = (struct jack *)ring;
    if (jack_ringbuffer_read_space(self->buffer) < sizeof *times + bytes) {
        return 0;
    }
    jack_ringbuffer_read(self->buffer, (char *)times, sizeof *times);
    return jack_ringbuffer_read(self->buffer, audio, bytes);
}

static void destroy(struct ring *ring) {
    (void)ring; /* the mappings go with the program */
}

const struct ring_kind ring_jack = {
    .name = "jack",
    .create = create,
    .write = jack_write,
    .read = jack_read,
    .write_timed = jack_write_timed,
    .read_timed = jack_read_timed,
    .destroy = destroy,
    .is_ring = true,
};
