#include "time_fit.h"
#include <assert.h>
#include <math.h>
#include <string.h>

#define SUB_COUNT         (1u << HALSIM_FIT_SUB_BITS)
/* Before that a line through two or three points says little about the next one. */
#define POINTS_BEFORE_FIT 8

void halsim_fit_begin(struct halsim_fit *fit, double nominal_ns) {
    memset(fit, 0, sizeof *fit);
    fit->nominal_ns = nominal_ns;
}

/* ---- histogram ------------------------------------------------------------------------------- */

static uint32_t bucket_of(uint64_t ns) {
    if (ns < SUB_COUNT) {
        return (uint32_t)ns;
    }
    uint32_t octave = 63u - (uint32_t)__builtin_clzll(ns) - HALSIM_FIT_SUB_BITS;
    uint32_t bucket = ((octave + 1) << HALSIM_FIT_SUB_BITS) + (uint32_t)(ns >> octave) - SUB_COUNT;
    return bucket < HALSIM_FIT_BUCKETS ? bucket : HALSIM_FIT_BUCKETS - 1;
}

/* The largest value that falls into it. */
static uint64_t top_of(uint32_t bucket) {
    if (bucket < SUB_COUNT) {
        return bucket;
    }
    uint32_t octave = (bucket >> HALSIM_FIT_SUB_BITS) - 1;
    uint64_t base = (uint64_t)(bucket % SUB_COUNT + SUB_COUNT) << octave;
    return base + (UINT64_C(1) << octave) - 1;
}

static uint64_t percentile(const struct halsim_fit *fit, uint64_t percent) {
    uint64_t rank = (fit->jitter_points * percent + 99) / 100; /* the smallest that has so many */
    uint64_t seen = 0;
    for (uint32_t i = 0; i < HALSIM_FIT_BUCKETS; i++) {
        seen += fit->buckets[i];
        if (seen >= rank && seen > 0) {
            uint64_t top = top_of(i);
            return top < fit->jitter_max_ns ? top : fit->jitter_max_ns;
        }
    }
    return 0;
}

static void count_jitter(struct halsim_fit *fit, double distance_ns) {
    double size = fabs(distance_ns);
    uint64_t ns = size < 1e18 ? (uint64_t)llround(size) : UINT64_C(1000000000000000000);
    fit->buckets[bucket_of(ns)]++;
    fit->jitter_points++;
    fit->jitter_max_ns = ns > fit->jitter_max_ns ? ns : fit->jitter_max_ns;
}

/* ---- line -------------------------------------------------------------------------------------
 */

/* Nanoseconds beyond nominal. */
static double beyond_nominal(const struct halsim_fit *fit, double x, uint64_t host_ns) {
    double since = host_ns >= fit->first_ns ? (double)(host_ns - fit->first_ns)
                                            : -(double)(fit->first_ns - host_ns);
    return since - x * fit->nominal_ns;
}

/* Nanoseconds beyond nominal for each frame. */
static double slope_of(const struct halsim_fit *fit) {
    return fit->sxx > 0 ? fit->sxy / fit->sxx : 0.0;
}

double halsim_fit_jump_ns(const struct halsim_fit *fit, double sample, uint64_t host_ns) {
    assert(fit->points > 0);
    double x = sample - fit->first_sample;
    double mean = fit->last_x > 0 ? fit->last_y / fit->last_x : 0.0;
    return beyond_nominal(fit, x, host_ns) - fit->last_y - (x - fit->last_x) * mean;
}

void halsim_fit_add(struct halsim_fit *fit, double sample, uint64_t host_ns, uint64_t cycle) {
    if (fit->points == 0) {
        fit->first_sample = sample;
        fit->first_ns = host_ns;
    }
    double x = sample - fit->first_sample;
    double y = beyond_nominal(fit, x, host_ns);
    if (fit->points >= 2) {
        double step = fabs(halsim_fit_jump_ns(fit, sample, host_ns));
        if (step > fit->step_max_ns) {
            fit->step_max_ns = step;
            fit->step_cycle = cycle;
        }
    }
    double dx = x - fit->mean_x;
    double dy = y - fit->mean_y;
    double distance = dy - dx * slope_of(fit); /* from the line through those before */
    if (fit->points >= POINTS_BEFORE_FIT) {
        count_jitter(fit, distance);
    }
    if (fit->points >= 2) {
        fit->rest += distance * distance / (1.0 + 1.0 / (double)fit->points + dx * dx / fit->sxx);
    }
    fit->points++;
    double n = (double)fit->points;
    fit->mean_x += dx / n;
    fit->mean_y += dy / n;
    fit->sxx += dx * (x - fit->mean_x);
    fit->sxy += dx * (y - fit->mean_y);
    fit->last_x = x;
    fit->last_y = y;
}

void halsim_fit_report(const struct halsim_fit *fit, struct halsim_time_fit *report) {
    double slope = slope_of(fit);
    double length = fit->nominal_ns + slope;
    *report = (struct halsim_time_fit){
        .points = fit->points,
        .ns_per_frame = length,
        .rate_ppm = length > 0 ? -slope / length * 1e6 : 0.0, /* nominal / length - 1 */
        .rms_ns = fit->points > 0 ? sqrt(fit->rest / (double)fit->points) : 0.0,
        .jitter_points = fit->jitter_points,
        .jitter_p50_ns = percentile(fit, 50),
        .jitter_p99_ns = percentile(fit, 99),
        .jitter_max_ns = fit->jitter_max_ns,
        .step_max_ns = fit->step_max_ns,
        .step_cycle = fit->step_cycle,
    };
}
