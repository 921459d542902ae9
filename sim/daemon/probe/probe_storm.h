/* probe_storm.h - the same calls from many threads at once. */
#ifndef PROBE_STORM_H
#define PROBE_STORM_H

#include "probe_tally.h"

#define PROBE_STORM_THREADS_MAX 64
#define PROBE_STORM_CALLS_MAX   64

/* Of one of the calls. */
struct probe_storm_result {
    struct probe_tally tally;
    struct probe_violations violations;
    struct probe_values values;
};

/* Each of `threads` threads makes all calls `times` times; they begin together, each with another
 * one of them. `results` has `count` entries. False when threads or memory are out; then those that
 * had begun have ended. */
bool probe_storm(AudioServerPlugInDriverRef driver, struct probe_host *host,
                 const struct probe_call *calls, size_t count, uint32_t threads, uint32_t times,
                 struct probe_storm_result *results);

#endif
