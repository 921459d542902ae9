/* level.h - volume and mute: the curves, and gain that changes without a click.
 *
 * struct haldrv_level is what controls set and IO follows; struct haldrv_gain belongs to the IO
 * thread and remembers where the last block ended. A change reaches the audio as a straight ramp
 * across one block. At scalar 1 and not muted the audio is not touched at all, bit for bit; at
 * scalar 0 or muted it is exact zeros.
 */
#ifndef HALDRV_LEVEL_H
#define HALDRV_LEVEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define HALDRV_MIN_DECIBELS (-96.0f)
#define HALDRV_MAX_DECIBELS 0.0f

/* How a driver's volume goes from silence to full. Both have the range above. */
enum haldrv_curve {
    /* dB = -96 * (1 - scalar)^2: fine steps at the loud end, and it can be inverted everywhere. */
    HALDRV_CURVE_SQUARED,
    /* The gain is the scalar: dB = 20 * log10(scalar). -96 dB and below is scalar 0; scalars under
     * 0.0000158, all but 0, are -96 dB and still let that little through. */
    HALDRV_CURVE_LINEAR,
};

/* Values out of range are clamped; NaN counts as the lowest. */
float haldrv_decibels_from_scalar(enum haldrv_curve curve, float scalar);
float haldrv_scalar_from_decibels(enum haldrv_curve curve, float decibels);
/* Factor for samples: exactly 1 at scalar 1, exactly 0 at scalar 0. */
float haldrv_gain_from_scalar(enum haldrv_curve curve, float scalar);

struct haldrv_level {
    enum haldrv_curve curve; /* the driver's choice, for good */
    float scalar;            /* set and read by one thread at a time */
    bool muted;
    _Atomic float gain; /* what the IO thread is to reach */
};

void haldrv_level_init(struct haldrv_level *level, enum haldrv_curve curve, float scalar,
                       bool muted);
void haldrv_level_set_scalar(struct haldrv_level *level, float scalar);
void haldrv_level_set_muted(struct haldrv_level *level, bool muted);

struct haldrv_gain {
    float current;
};

/* For the first block of a time line: no ramp from the past. */
void haldrv_gain_reset(struct haldrv_gain *gain, const struct haldrv_level *level);

/* The gain over one block. */
struct haldrv_ramp {
    float from; /* before the first frame */
    float step; /* per frame; 0: constant */
};

/* Begins a block of `frames` (not 0). */
struct haldrv_ramp haldrv_ramp_begin(struct haldrv_gain *gain, const struct haldrv_level *level,
                                     uint32_t frames);
/* True when the block is to be passed on as it is. */
bool haldrv_ramp_is_unity(const struct haldrv_ramp *ramp);
/* Frames [at, at + frames) of the block, interleaved; `to` may be `from`. */
void haldrv_ramp_apply(const struct haldrv_ramp *ramp, uint32_t at, float *to, const float *from,
                       uint32_t frames, uint32_t channels);

#endif
