/* wakes.h - how late the IO thread woke up: a histogram that is filled after each cycle. */
#ifndef DAEMON_WAKES_H
#define DAEMON_WAKES_H

#include "halsim/trace.h"

#define WAKES_BUCKETS 20000 /* of one microsecond; the last one takes all that is later */

struct wakes {
    uint64_t count;
    uint64_t max_ns;
    uint64_t buckets[WAKES_BUCKETS];
};

/* A halsim_cycle_hook; `context` is a struct wakes. */
void wakes_after_cycle(uint32_t device, const struct halsim_trace_record *record, void *context);
/* Microseconds, upper edge of the bucket; 0 when nothing was counted. */
double wakes_percentile_us(const struct wakes *wakes, double percent);

#endif
