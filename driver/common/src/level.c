/* level.c - the volume curves and the gain of a block. */
#include "haldrv/level.h"
#include <math.h>
#include <stddef.h>
#include <string.h>

static float clamp(float value, float low, float high) {
    /* Written so that NaN ends up at the low end. */
    return value > low ? (value < high ? value : high) : low;
}

static float squared_decibels(float scalar) {
    double down = 1.0 - (double)scalar;
    return (float)((double)HALDRV_MIN_DECIBELS * down * down);
}

static double decibels_of(double gain) {
    return 20.0 * log10(gain);
}

static double gain_of(double decibels) {
    return pow(10.0, decibels / 20.0);
}

float haldrv_decibels_from_scalar(enum haldrv_curve curve, float scalar) {
    scalar = clamp(scalar, 0.0f, 1.0f);
    if (curve == HALDRV_CURVE_SQUARED) {
        return squared_decibels(scalar);
    }
    /* The logarithm of 0 is minus infinity, which clamp() takes to the low end. */
    return clamp((float)decibels_of((double)scalar), HALDRV_MIN_DECIBELS, HALDRV_MAX_DECIBELS);
}

float haldrv_scalar_from_decibels(enum haldrv_curve curve, float decibels) {
    decibels = clamp(decibels, HALDRV_MIN_DECIBELS, HALDRV_MAX_DECIBELS);
    if (curve == HALDRV_CURVE_SQUARED) {
        return (float)(1.0 - sqrt((double)decibels / (double)HALDRV_MIN_DECIBELS));
    }
    return decibels <= HALDRV_MIN_DECIBELS ? 0.0f : (float)gain_of((double)decibels);
}

float haldrv_gain_from_scalar(enum haldrv_curve curve, float scalar) {
    scalar = clamp(scalar, 0.0f, 1.0f);
    if (curve == HALDRV_CURVE_LINEAR || scalar <= 0.0f) {
        return scalar;
    }
    return (float)gain_of((double)squared_decibels(scalar));
}

static void publish(struct haldrv_level *level) {
    float gain = level->muted ? 0.0f : haldrv_gain_from_scalar(level->curve, level->scalar);
    atomic_store_explicit(&level->gain, gain, memory_order_relaxed);
}

void haldrv_level_init(struct haldrv_level *level, enum haldrv_curve curve, float scalar,
                       bool muted) {
    level->curve = curve;
    level->scalar = clamp(scalar, 0.0f, 1.0f);
    level->muted = muted;
    publish(level);
}

void haldrv_level_set_scalar(struct haldrv_level *level, float scalar) {
    level->scalar = clamp(scalar, 0.0f, 1.0f);
    publish(level);
}

void haldrv_level_set_muted(struct haldrv_level *level, bool muted) {
    level->muted = muted;
    publish(level);
}

static float target(const struct haldrv_level *level) {
    return atomic_load_explicit(&level->gain, memory_order_relaxed);
}

void haldrv_gain_reset(struct haldrv_gain *gain, const struct haldrv_level *level) {
    gain->current = target(level);
}

struct haldrv_ramp haldrv_ramp_begin(struct haldrv_gain *gain, const struct haldrv_level *level,
                                     uint32_t frames) {
    float from = gain->current;
    float to = target(level);
    struct haldrv_ramp ramp = {.from = from, .step = 0.0f};
    if (to < from || to > from) { /* a division that most blocks can do without */
        ramp.step = (to - from) / (float)frames;
        gain->current = to;
    }
    return ramp;
}

static bool is_constant(const struct haldrv_ramp *ramp, float value) {
    return ramp->step <= 0.0f && ramp->step >= 0.0f && ramp->from <= value && ramp->from >= value;
}

bool haldrv_ramp_is_unity(const struct haldrv_ramp *ramp) {
    return is_constant(ramp, 1.0f);
}

static void scale(float *to, const float *from, size_t samples, float gain) {
    for (size_t i = 0; i < samples; i++) {
        to[i] = from[i] * gain;
    }
}

void haldrv_ramp_apply(const struct haldrv_ramp *ramp, uint32_t at, float *to, const float *from,
                       uint32_t frames, uint32_t channels) {
    size_t samples = (size_t)frames * channels;
    if (is_constant(ramp, 0.0f)) {
        memset(to, 0, samples * sizeof *to);
        return;
    }
    if (is_constant(ramp, 1.0f)) {
        memmove(to, from, samples * sizeof *to);
        return;
    }
    if (is_constant(ramp, ramp->from)) {
        scale(to, from, samples, ramp->from);
        return;
    }
    for (uint32_t frame = 0; frame < frames; frame++) {
        float gain = ramp->from + ramp->step * (float)(at + frame + 1);
        scale(to + (size_t)frame * channels, from + (size_t)frame * channels, channels, gain);
    }
}
