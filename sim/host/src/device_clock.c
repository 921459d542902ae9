#include "device_clock.h"
#include <math.h>
#include <string.h>

/* One zero timestamp moves the rate by 1/8 of its error and the anchor by 1/4: settles in about ten
 * timestamps and lets a jitter of 1 ms through as 0.25 ms. */
#define RATE_GAIN      0.125
#define ANCHOR_GAIN    0.25
/* A device further off its nominal rate than this is broken; the estimate does not follow it. */
#define MAX_RATE_ERROR 0.1

void halsim_device_clock_init(struct halsim_device_clock *clock, double sample_rate,
                              enum halsim_clock_algorithm algorithm) {
    memset(clock, 0, sizeof *clock);
    clock->algorithm = algorithm;
    clock->nominal_ns_per_frame = 1e9 / sample_rate;
    clock->ns_per_frame = clock->nominal_ns_per_frame;
}

static void anchor_at(struct halsim_device_clock *clock, double sample, uint64_t host_ns,
                      uint64_t seed) {
    clock->base_ns = host_ns;
    clock->anchor_sample = sample;
    clock->anchor_ns = 0.0;
    clock->last_sample = sample;
    clock->last_ns = host_ns;
    clock->seed = seed;
    clock->ns_per_frame = clock->nominal_ns_per_frame;
    clock->recent_count = 0;
    clock->anchored = true;
}

static double relative_ns(const struct halsim_device_clock *clock, uint64_t host_ns) {
    return host_ns >= clock->base_ns ? (double)(host_ns - clock->base_ns)
                                     : -(double)(clock->base_ns - host_ns);
}

static double predict_ns(const struct halsim_device_clock *clock, double sample) {
    return clock->anchor_ns + (sample - clock->anchor_sample) * clock->ns_per_frame;
}

static void learn_rate(struct halsim_device_clock *clock, double measured) {
    double nominal = clock->nominal_ns_per_frame;
    if (fabs(measured - nominal) > MAX_RATE_ERROR * nominal) {
        return;
    }
    switch (clock->algorithm) {
    case HALSIM_ALGORITHM_RAW:
        clock->ns_per_frame = measured;
        break;
    case HALSIM_ALGORITHM_SIMPLE_IIR:
        clock->ns_per_frame += (measured - clock->ns_per_frame) * RATE_GAIN;
        break;
    case HALSIM_ALGORITHM_MOVING_AVERAGE_12: {
        clock->recent[clock->recent_count % HALSIM_AVERAGE_POINTS] = measured;
        clock->recent_count++;
        uint32_t points = clock->recent_count < HALSIM_AVERAGE_POINTS ? clock->recent_count
                                                                      : HALSIM_AVERAGE_POINTS;
        double sum = 0.0;
        for (uint32_t i = 0; i < points; i++) {
            sum += clock->recent[i];
        }
        clock->ns_per_frame = sum / points;
        break;
    }
    }
}

enum halsim_clock_event halsim_device_clock_update(struct halsim_device_clock *clock, double sample,
                                                   uint64_t host_ns, uint64_t seed,
                                                   double jump_limit_ns) {
    if (!clock->anchored) {
        anchor_at(clock, sample, host_ns, seed);
        return HALSIM_CLOCK_ADVANCED;
    }
    if (seed != clock->seed) {
        anchor_at(clock, sample, host_ns, seed);
        return HALSIM_CLOCK_NEW_SEED;
    }
    if (sample == clock->last_sample && host_ns == clock->last_ns) {
        return HALSIM_CLOCK_SAME;
    }
    if (sample < clock->last_sample || host_ns < clock->last_ns) {
        anchor_at(clock, sample, host_ns, seed);
        return HALSIM_CLOCK_WENT_BACK;
    }
    double predicted = predict_ns(clock, sample);
    double actual = relative_ns(clock, host_ns);
    if (fabs(actual - predicted) > jump_limit_ns) {
        anchor_at(clock, sample, host_ns, seed);
        return HALSIM_CLOCK_JUMPED;
    }
    if (sample > clock->last_sample) {
        learn_rate(clock, (double)(host_ns - clock->last_ns) / (sample - clock->last_sample));
    }
    double gain = clock->algorithm == HALSIM_ALGORITHM_RAW ? 1.0 : ANCHOR_GAIN;
    clock->anchor_sample = sample;
    clock->anchor_ns = predicted + (actual - predicted) * gain;
    clock->last_sample = sample;
    clock->last_ns = host_ns;
    return HALSIM_CLOCK_ADVANCED;
}

uint64_t halsim_device_clock_host_ns(const struct halsim_device_clock *clock, double sample) {
    double relative = predict_ns(clock, sample);
    int64_t whole = (int64_t)llround(relative);
    return clock->base_ns + (uint64_t)whole;
}

double halsim_device_clock_sample(const struct halsim_device_clock *clock, uint64_t host_ns) {
    return clock->anchor_sample +
           (relative_ns(clock, host_ns) - clock->anchor_ns) / clock->ns_per_frame;
}
