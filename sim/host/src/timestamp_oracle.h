/* timestamp_oracle.h - looks at each zero timestamp of a device. Internal to sim/host.
 *
 * It runs in every cycle, and in nearly all of them the timestamp is the one of before: that path
 * is inline and compares. All functions belong to the thread that runs the cycles, or to whoever
 * holds cycle_lock.
 */
#ifndef HALSIM_TIMESTAMP_ORACLE_H
#define HALSIM_TIMESTAMP_ORACLE_H

#include "time_fit.h"

struct halsim_timestamp_oracle {
    /* of the cycle */
    struct halsim_timestamp last;
    uint64_t
        stale_after_ns; /* host time at which `last` is too old; UINT64_MAX once that is told */
    uint64_t asked;
    bool has_last;
    /* of this run of IO */
    double nominal_ns; /* per frame */
    double period;     /* frames; 0: none */
    uint64_t patience_ns;
    struct halsim_fit driver, modeled;
    /* since the beginning */
    struct halsim_fit best_driver, best_modeled;
    struct halsim_timestamp_report report;
};

/* IO begins: the next timestamp has none before it. */
void halsim_oracle_begin(struct halsim_timestamp_oracle *oracle, double nominal_rate,
                         uint32_t period_frames, uint32_t buffer_frames);
/* Forgets all but what IO began with. */
void halsim_oracle_forget(struct halsim_timestamp_oracle *oracle);
void halsim_oracle_report(const struct halsim_timestamp_oracle *oracle,
                          struct halsim_timestamp_report *report);

/* When a driver was asked, and in which cycle. */
struct halsim_moment {
    uint64_t asked_ns;
    uint64_t cycle;
};

/* One that differs from the last; where the clock model has moved it to. */
void halsim_oracle_take(struct halsim_timestamp_oracle *oracle,
                        const struct halsim_timestamp *stamp, uint64_t modeled_ns,
                        const struct halsim_moment *moment);
/* One that the host cannot take. */
void halsim_oracle_take_impossible(struct halsim_timestamp_oracle *oracle,
                                   const struct halsim_timestamp *stamp,
                                   const struct halsim_moment *moment);
/* The last one is too old. */
void halsim_oracle_take_stale(struct halsim_timestamp_oracle *oracle,
                              const struct halsim_moment *moment);

/* How often the driver's own time line broke without a new seed: what a clock model made of it does
 * not count. */
static inline uint64_t halsim_oracle_breaks(const struct halsim_timestamp_oracle *oracle) {
    const struct halsim_timestamp_violation *violations = oracle->report.violations;
    return violations[HALSIM_TIMESTAMP_HOST_NOT_INCREASING].count +
           violations[HALSIM_TIMESTAMP_HOST_MOVED_ALONE].count +
           violations[HALSIM_TIMESTAMP_BREAK_WITHOUT_SEED].count;
}

/* Whether it is the one of before: then nothing more need be done about it. */
static inline bool halsim_oracle_knows(struct halsim_timestamp_oracle *oracle, double sample,
                                       uint64_t host_ns, uint64_t seed) {
    oracle->asked++;
    return sample == oracle->last.sample && host_ns == oracle->last.host_ns &&
           seed == oracle->last.seed && oracle->has_last;
}
static inline void halsim_oracle_check_age(struct halsim_timestamp_oracle *oracle,
                                           const struct halsim_moment *moment) {
    if (moment->asked_ns > oracle->stale_after_ns) {
        halsim_oracle_take_stale(oracle, moment);
    }
}

#endif
