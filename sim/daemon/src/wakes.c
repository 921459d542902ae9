/* wakes.c */
#include "wakes.h"

void wakes_after_cycle(uint32_t device, const struct halsim_trace_record *record, void *context) {
    (void)device;
    struct wakes *wakes = context;
    uint64_t late =
        record->woke_ns > record->scheduled_ns ? record->woke_ns - record->scheduled_ns : 0;
    uint64_t bucket = late / 1000;
    wakes->buckets[bucket < WAKES_BUCKETS ? bucket : WAKES_BUCKETS - 1]++;
    wakes->max_ns = late > wakes->max_ns ? late : wakes->max_ns;
    wakes->count++;
}

double wakes_percentile_us(const struct wakes *wakes, double percent) {
    double wanted = (double)wakes->count * percent / 100;
    uint64_t so_far = 0;
    for (uint32_t i = 0; i < WAKES_BUCKETS; i++) {
        so_far += wakes->buckets[i];
        if (so_far > 0 && (double)so_far >= wanted) {
            return i + 1;
        }
    }
    return 0;
}
