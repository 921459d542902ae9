/* device_clock.h - the device's time line, estimated from its zero timestamps.
 *
 * A driver answers GetZeroTimeStamp() with a pair (sample time, host time) that advances by its
 * zero-timestamp period, and a seed that names the time line. From the pairs the host learns how
 * long a frame really lasts and at what host time a given sample is due.
 *
 * Pure arithmetic: no clock is read and no driver is called here.
 */
#ifndef HALSIM_DEVICE_CLOCK_H
#define HALSIM_DEVICE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

enum halsim_clock_algorithm {
    HALSIM_ALGORITHM_RAW,
    HALSIM_ALGORITHM_SIMPLE_IIR,
    HALSIM_ALGORITHM_MOVING_AVERAGE_12,
};

#define HALSIM_AVERAGE_POINTS 12

struct halsim_device_clock {
    enum halsim_clock_algorithm algorithm;
    double nominal_ns_per_frame;
    double ns_per_frame; /* estimate */
    double anchor_sample;
    double anchor_ns; /* host time of anchor_sample, relative to base_ns: keeps doubles exact */
    uint64_t base_ns;
    uint64_t seed;
    double last_sample;
    uint64_t last_ns;
    bool anchored;
    double recent[HALSIM_AVERAGE_POINTS]; /* ns per frame between zero timestamps */
    uint32_t recent_count;
};

enum halsim_clock_event {
    HALSIM_CLOCK_SAME = 0,      /* the timestamp of before */
    HALSIM_CLOCK_ADVANCED = 1,  /* one or more periods on, where it was expected */
    HALSIM_CLOCK_JUMPED = 2,    /* off its prediction by more than the limit: anchored anew */
    HALSIM_CLOCK_WENT_BACK = 3, /* sample or host time before the last one: anchored anew */
    HALSIM_CLOCK_NEW_SEED = 4,  /* a new time line, as the driver says: anchored anew */
};

void halsim_device_clock_init(struct halsim_device_clock *clock, double sample_rate,
                              enum halsim_clock_algorithm algorithm);

/* Half of what a double counts exactly: room for the cycles that follow. */
#define HALSIM_MAX_SAMPLE 4503599627370496.0 /* 2^52 */

/* Whether a zero timestamp can be one at all: a finite sample time that doubles count exactly, not
 * below 0, and a host time no further than `limit_ns` from `now_ns`. Only such ones may be taken
 * in: times are computed from them without further checks. */
static inline bool halsim_device_clock_accepts(double sample, uint64_t host_ns, uint64_t now_ns,
                                               uint64_t limit_ns) {
    uint64_t distance_ns = host_ns > now_ns ? host_ns - now_ns : now_ns - host_ns;
    return sample >= 0.0 && sample < HALSIM_MAX_SAMPLE && distance_ns <= limit_ns; /* no NaN */
}

/* Takes one zero timestamp in. `jump_limit_ns`: distance from the prediction that is no longer
 * drift. */
enum halsim_clock_event halsim_device_clock_update(struct halsim_device_clock *clock, double sample,
                                                   uint64_t host_ns, uint64_t seed,
                                                   double jump_limit_ns);

/* Host time at which `sample` is due, and the sample due at a host time. */
uint64_t halsim_device_clock_host_ns(const struct halsim_device_clock *clock, double sample);
double halsim_device_clock_sample(const struct halsim_device_clock *clock, uint64_t host_ns);

/* True rate over nominal rate. */
static inline double halsim_device_clock_rate_scalar(const struct halsim_device_clock *clock) {
    return clock->nominal_ns_per_frame / clock->ns_per_frame;
}

#endif
