/* probe_buffer.c */
#include "probe_buffer.h"
#include "halsim/signal.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GUARD_BYTE 0xC3u

bool probe_buffer_make(struct probe_buffer *buffer, const void *content, size_t size) {
    size_t guard = size > PROBE_GUARD_LEAST ? size : PROBE_GUARD_LEAST;
    guard = guard < PROBE_GUARD_MOST ? guard : PROBE_GUARD_MOST;
    *buffer = (struct probe_buffer){.size = size, .guard = guard};
    buffer->block = malloc(size + 2 * guard);
    if (buffer->block == NULL) {
        return false;
    }
    buffer->bytes = buffer->block + guard;
    memset(buffer->block, GUARD_BYTE, guard);
    memset(buffer->bytes + size, GUARD_BYTE, guard);
    if (content != NULL) {
        memcpy(buffer->bytes, content, size);
    } else {
        memset(buffer->bytes, PROBE_FILLING, size);
    }
    return true;
}

void probe_buffer_free(struct probe_buffer *buffer) {
    free(buffer->block);
    *buffer = (struct probe_buffer){0};
}

static bool is_whole(const uint8_t *guard, size_t size) {
    return guard[0] == GUARD_BYTE && memcmp(guard, guard + 1, size - 1) == 0;
}

struct probe_damage probe_buffer_damage(const struct probe_buffer *buffer) {
    struct probe_damage damage = {0};
    if (buffer->block == NULL || (is_whole(buffer->block, buffer->guard) &&
                                  is_whole(buffer->bytes + buffer->size, buffer->guard))) {
        return damage;
    }
    for (size_t i = 0; i < buffer->guard; i++) {
        if (buffer->bytes[buffer->size + i] != GUARD_BYTE) {
            damage.beyond = i + 1;
        }
        if (buffer->block[buffer->guard - 1 - i] != GUARD_BYTE) {
            damage.before = i + 1;
        }
    }
    return damage;
}

size_t probe_buffer_touched(const struct probe_buffer *buffer, const void *content) {
    const uint8_t *was = content;
    size_t last = buffer->block != NULL ? buffer->size : 0;
    while (last > 0 &&
           buffer->bytes[last - 1] == (was != NULL ? was[last - 1] : (uint8_t)PROBE_FILLING)) {
        last--;
    }
    return last;
}

/* ---- audio ----------------------------------------------------------------------------------- */

static void render_counter(float *samples, uint32_t frames, uint32_t channels, uint64_t first) {
    struct halsim_source *source = halsim_source_create_counter(0);
    if (source == NULL) {
        abort(); /* a few bytes */
    }
    source->render(source, samples, frames, channels, first);
    halsim_source_destroy(source);
}

void probe_signal_render(enum probe_signal signal, float *samples, uint32_t frames,
                         uint32_t channels, uint64_t first_frame) {
    if (signal == PROBE_COUNTER) {
        render_counter(samples, frames, channels, first_frame);
        return;
    }
    for (size_t i = 0; i < (size_t)frames * channels; i++) {
        switch (signal) {
        case PROBE_SINE: {
            uint64_t phase = (first_frame + i / channels) % 48;
            samples[i] = (float)(0.5 * sin((double)phase * 2 * 3.14159265358979323846 / 48));
            break;
        }
        case PROBE_NAN:
            samples[i] = (float)NAN;
            break;
        case PROBE_INFINITY:
            samples[i] = (float)INFINITY;
            break;
        case PROBE_SUBNORMAL:
            samples[i] = 1e-40f;
            break;
        case PROBE_FULL_SCALE:
            samples[i] = 1.0f;
            break;
        case PROBE_LOUD:
            samples[i] = 1e30f;
            break;
        case PROBE_SILENCE:
        case PROBE_COUNTER:
            samples[i] = 0;
            break;
        }
    }
}

struct probe_audio probe_audio_look(const uint8_t *bytes, size_t size) {
    struct probe_audio seen = {.all_zero = true, .hash = UINT64_C(0xCBF29CE484222325)};
    for (size_t i = 0; i < size; i++) {
        seen.hash = (seen.hash ^ bytes[i]) * UINT64_C(0x100000001B3);
    }
    for (size_t i = 0; i + sizeof(float) <= size; i += sizeof(float)) {
        float sample;
        memcpy(&sample, bytes + i, sizeof sample);
        int kind = fpclassify(sample);
        seen.samples++;
        seen.non_finite += kind == FP_NAN || kind == FP_INFINITE;
        seen.subnormal += kind == FP_SUBNORMAL;
        seen.all_zero = seen.all_zero && kind == FP_ZERO;
        if (isfinite(sample) && fabs((double)sample) > seen.peak) {
            seen.peak = fabs((double)sample);
        }
    }
    return seen;
}
