/* ring_portaudio.c - PortAudio's ring buffer. Times go ahead of their block through the same ring,
 * as frames.
 *
 * Debian ships the functions in libportaudio.a but not their header, so those that are used are
 * declared here. The struct is opaque: 128 bytes hold it with room to spare (its six numbers and a
 * pointer take 56).
 */
#include "bench_support.h"
#include "rings.h"
#include <stddef.h>
#include <string.h>

typedef long ring_buffer_size_t;

struct pa_ring_buffer {
    _Alignas(16) unsigned char opaque[128];
};

ring_buffer_size_t PaUtil_InitializeRingBuffer(struct pa_ring_buffer *buffer,
                                               ring_buffer_size_t element_bytes,
                                               ring_buffer_size_t element_count, void *data);
ring_buffer_size_t PaUtil_WriteRingBuffer(struct pa_ring_buffer *buffer, const void *data,
                                          ring_buffer_size_t element_count);
ring_buffer_size_t PaUtil_ReadRingBuffer(struct pa_ring_buffer *buffer, void *data,
                                         ring_buffer_size_t element_count);
ring_buffer_size_t PaUtil_GetRingBufferWriteAvailable(const struct pa_ring_buffer *buffer);
ring_buffer_size_t PaUtil_GetRingBufferReadAvailable(const struct pa_ring_buffer *buffer);

#define TIMES_FRAMES ((ring_buffer_size_t)(sizeof(struct ring_times) / RING_FRAME_BYTES))

struct portaudio {
    struct ring base;
    struct pa_ring_buffer buffer;
};

static struct ring *create(uint32_t ring_frames, bool wait_for_reader) {
    (void)wait_for_reader; /* it always does */
    struct portaudio *self = bench_shared_memory(sizeof *self);
    self->base = (struct ring){.kind = &ring_portaudio, .frames = ring_frames};
    void *data = bench_shared_memory(ring_frames * RING_FRAME_BYTES);
    if (PaUtil_InitializeRingBuffer(&self->buffer, (ring_buffer_size_t)RING_FRAME_BYTES,
                                    (ring_buffer_size_t)ring_frames, data) != 0) {
        bench_fail("PortAudio's ring buffer refuses %u frames", ring_frames);
    }
    /* A first round trip shows whether the library is the one that is declared here. */
    const float sent[RING_CHANNELS] = {1.0f, -1.0f};
    float received[RING_CHANNELS] = {0.0f, 0.0f};
    if (PaUtil_WriteRingBuffer(&self->buffer, sent, 1) != 1 ||
        PaUtil_ReadRingBuffer(&self->buffer, received, 1) != 1 ||
        memcmp(sent, received, sizeof sent) != 0) {
        bench_fail("PortAudio's ring buffer is not the one that is declared here");
    }
    return &self->base;
}

static size_t portaudio_write(struct ring *ring, const void *audio, size_t bytes) {
    struct portaudio *self = (struct portaudio *)ring;
    ring_buffer_size_t frames = (ring_buffer_size_t)(bytes / RING_FRAME_BYTES);
    return (size_t)PaUtil_WriteRingBuffer(&self->buffer, audio, frames) * RING_FRAME_BYTES;
}

static size_t portaudio_read(struct ring *ring, void *audio, size_t bytes) {
    struct portaudio *self = (struct portaudio *)ring;
    ring_buffer_size_t frames = (ring_buffer_size_t)(bytes / RING_FRAME_BYTES);
    return (size_t)PaUtil_ReadRingBuffer(&self->buffer, audio, frames) * RING_FRAME_BYTES;
}

static size_t portaudio_write_timed(struct ring *ring, const void *audio, size_t bytes,
                                    const struct ring_times *times) {
    struct portaudio *self = (struct portaudio *)ring;
    ring_buffer_size_t frames = (ring_buffer_size_t)(bytes / RING_FRAME_BYTES);
    if (PaUtil_GetRingBufferWriteAvailable(&self->buffer) < TIMES_FRAMES + frames) {
        return 0;
    }
    PaUtil_WriteRingBuffer(&self->buffer, times, TIMES_FRAMES);
    return portaudio_write(ring, audio, bytes);
}

static size_t portaudio_read_timed(struct ring *ring, void *audio, size_t bytes,
                                   struct ring_times *times) {
    struct portaudio *self = (struct portaudio *)ring;
    ring_buffer_size_t frames = (ring_buffer_size_t)(bytes / RING_FRAME_BYTES);
    if (PaUtil_GetRingBufferReadAvailable(&self->buffer) < TIMES_FRAMES + frames) {
        return 0;
    }
    PaUtil_ReadRingBuffer(&self->buffer, times, TIMES_FRAMES);
    return portaudio_read(ring, audio, bytes);
}

static void destroy(struct ring *ring) {
    (void)ring; /* the mappings go with the program */
}

const struct ring_kind ring_portaudio = {
    .name = "portaudio",
    .create = create,
    .write = portaudio_write,
    .read = portaudio_read,
    .write_timed = portaudio_write_timed,
    .read_timed = portaudio_read_timed,
    .destroy = destroy,
    .is_ring = true,
};
