/* probe_buffer.h - memory for a driver to write into, with a guard on both sides.
 *
 * The guards are part of the same block, so that a driver that writes beyond its room is found out
 * and told, and does not end the process, not even under a sanitizer.
 */
#ifndef PROBE_BUFFER_H
#define PROBE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A guard is as large as its room, within these: a driver that is wrong about the size of a block
 * is wrong by as much as a whole block. */
#define PROBE_GUARD_LEAST 4096u
#define PROBE_GUARD_MOST  65536u
#define PROBE_FILLING     0xA5u /* of the room, before the driver writes */

struct probe_buffer {
    uint8_t *block; /* NULL: none */
    uint8_t *bytes; /* the room */
    size_t size;
    size_t guard; /* bytes on each side */
};

/* False: out of memory. A size of 0 gives a pointer with no room behind it. The room holds
 * `content`, or PROBE_FILLING when that is NULL. */
bool probe_buffer_make(struct probe_buffer *buffer, const void *content, size_t size);
void probe_buffer_free(struct probe_buffer *buffer);

struct probe_damage {
    size_t before; /* bytes from the first that was changed in the guard before to the room */
    size_t beyond; /* from the room to the last that was changed in the guard behind */
};

/* All 0 while the guards are whole. */
struct probe_damage probe_buffer_damage(const struct probe_buffer *buffer);
/* Bytes from the beginning of the room to the last one that differs from `content`, or from
 * PROBE_FILLING: what a driver has touched, as far as it shows. */
size_t probe_buffer_touched(const struct probe_buffer *buffer, const void *content);

/* ---- audio ----------------------------------------------------------------------------------- */

enum probe_signal {
    PROBE_SILENCE,
    PROBE_COUNTER, /* self-numbering PCM (halsim/signal.h) */
    PROBE_SINE,    /* 1/48 of the rate, amplitude 0.5, the same on all channels */
    PROBE_NAN,
    PROBE_INFINITY,
    PROBE_SUBNORMAL,
    PROBE_FULL_SCALE, /* 1.0 */
    PROBE_LOUD,       /* 1e30 */
};

/* The words for them, with single spaces, in that order. */
#define PROBE_SIGNAL_NAMES "silence counter sine nan inf subnormal full-scale loud"

/* `frames` frames of interleaved Float32. `first_frame` is the position of the first. */
void probe_signal_render(enum probe_signal signal, float *samples, uint32_t frames,
                         uint32_t channels, uint64_t first_frame);

struct probe_audio {
    double peak; /* of finite samples */
    uint64_t samples, non_finite, subnormal;
    bool all_zero; /* of both signs */
    uint64_t hash; /* FNV-1a, 64 bits */
};

/* `size` bytes as Float32; what is left of four bytes counts in the hash only. */
struct probe_audio probe_audio_look(const uint8_t *bytes, size_t size);

#endif
