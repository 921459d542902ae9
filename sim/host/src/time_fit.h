/* time_fit.h - a straight line through a time line, online: slope, distance, percentiles.
 *
 * Points are (frames since the first, nanoseconds beyond nominal since the first): a day is 8.64e13
 * ns, which a double holds to 0.02 ns, and what is fitted is only the small rest. Means and sums of
 * squares are kept about the mean (Welford), and the distances from the line are summed up as they
 * come (recursive least squares) instead of being what is left of two sums of squares: nothing
 * large is subtracted from something large.
 */
#ifndef HALSIM_TIME_FIT_H
#define HALSIM_TIME_FIT_H

#include "halsim/timestamps.h"

/* Log-linear buckets: 64 to an octave, exact below 64 ns, up to 2^41 ns. */
#define HALSIM_FIT_SUB_BITS 6
#define HALSIM_FIT_BUCKETS  ((41 - HALSIM_FIT_SUB_BITS + 1) << HALSIM_FIT_SUB_BITS)

struct halsim_fit {
    double nominal_ns; /* per frame */
    double first_sample;
    uint64_t first_ns;
    double last_x, last_y; /* frames, ns beyond nominal */
    uint64_t points;
    double mean_x, mean_y, sxx, sxy;
    double rest; /* sum of the squares of the distances from the line */
    uint64_t jitter_points;
    uint64_t jitter_max_ns;
    double step_max_ns;
    uint64_t step_cycle;
    uint32_t buckets[HALSIM_FIT_BUCKETS];
};

/* A new time line. */
void halsim_fit_begin(struct halsim_fit *fit, double nominal_ns);
/* Sample times ascend. `host_ns` may be before that of the first point. */
void halsim_fit_add(struct halsim_fit *fit, double sample, uint64_t host_ns, uint64_t cycle);
/* By how much `host_ns` lies behind where the line leads at `sample`: from its last point, at the
 * mean rate since its first. */
double halsim_fit_jump_ns(const struct halsim_fit *fit, double sample, uint64_t host_ns);
void halsim_fit_report(const struct halsim_fit *fit, struct halsim_time_fit *report);

#endif
