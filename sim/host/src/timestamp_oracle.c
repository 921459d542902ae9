#include "timestamp_oracle.h"
#include <math.h>
#include <string.h>

const char *halsim_timestamp_fault_name(enum halsim_timestamp_fault fault) {
    static const char *const names[HALSIM_TIMESTAMP_FAULTS] = {
        "impossible",
        "host-time-not-increasing",
        "host-time-moved-alone",
        "not-a-multiple-of-the-period",
        "odd-advance",
        "break-without-a-new-seed",
        "new-seed-without-a-break",
        "stale",
        "in-the-future",
    };
    return fault < HALSIM_TIMESTAMP_FAULTS ? names[fault] : "unknown";
}

void halsim_oracle_begin(struct halsim_timestamp_oracle *oracle, double nominal_rate,
                         uint32_t period_frames, uint32_t buffer_frames) {
    oracle->has_last = false;
    oracle->stale_after_ns = UINT64_MAX;
    oracle->nominal_ns = 1e9 / nominal_rate;
    oracle->period = period_frames;
    /* A driver that is asked once in a cycle cannot be younger than a period and a cycle. */
    oracle->patience_ns = (uint64_t)((2.0 * period_frames + buffer_frames) * oracle->nominal_ns);
    oracle->report.nominal_rate = nominal_rate;
    oracle->report.period_frames = period_frames;
    oracle->report.break_ns = buffer_frames * oracle->nominal_ns / 2;
}

static void keep_better(struct halsim_fit *best, const struct halsim_fit *fit) {
    if (fit->points > best->points) {
        *best = *fit;
    }
}

static void begin_line(struct halsim_timestamp_oracle *oracle) {
    keep_better(&oracle->best_driver, &oracle->driver);
    keep_better(&oracle->best_modeled, &oracle->modeled);
    halsim_fit_begin(&oracle->driver, oracle->nominal_ns);
    halsim_fit_begin(&oracle->modeled, oracle->nominal_ns);
    oracle->report.time_lines++;
}

static void violate(struct halsim_timestamp_oracle *oracle, enum halsim_timestamp_fault fault,
                    const struct halsim_timestamp *stamp, double jump_ns,
                    const struct halsim_moment *moment) {
    struct halsim_timestamp_violation *violation = &oracle->report.violations[fault];
    if (violation->count++ == 0) {
        violation->cycle = moment->cycle;
        violation->asked_ns = moment->asked_ns;
        violation->has_before = oracle->has_last;
        violation->before = oracle->last;
        violation->after = *stamp;
        violation->jump_ns = jump_ns;
    }
}

/* Whether it is on by whole periods, at least one; counts how many. */
static bool is_whole_advance(struct halsim_timestamp_oracle *oracle, double advance) {
    if (oracle->period == 0) {
        return advance > 0;
    }
    double periods = advance / oracle->period;
    if (!(periods >= 1) || periods != floor(periods)) {
        return false;
    }
    uint64_t *largest = &oracle->report.largest_advance_periods;
    *largest = (double)*largest < periods ? (uint64_t)periods : *largest;
    return true;
}

/* Against the one before, which has the same seed. True when a new time line begins with it. */
static bool compare(struct halsim_timestamp_oracle *oracle, const struct halsim_timestamp *stamp,
                    const struct halsim_moment *moment) {
    double advance = stamp->sample - oracle->last.sample;
    double jump_ns = halsim_fit_jump_ns(&oracle->driver, stamp->sample, stamp->host_ns);
    if (advance == 0) {
        violate(oracle, HALSIM_TIMESTAMP_HOST_MOVED_ALONE, stamp, jump_ns, moment);
    } else if (stamp->host_ns <= oracle->last.host_ns) {
        violate(oracle, HALSIM_TIMESTAMP_HOST_NOT_INCREASING, stamp, jump_ns, moment);
    }
    if (advance > 0 && !is_whole_advance(oracle, advance)) {
        violate(oracle, HALSIM_TIMESTAMP_ODD_ADVANCE, stamp, jump_ns, moment);
    }
    if (advance >= 0 && fabs(jump_ns) <= oracle->report.break_ns) {
        return false;
    }
    violate(oracle, HALSIM_TIMESTAMP_BREAK_WITHOUT_SEED, stamp, jump_ns, moment);
    return true;
}

static void look_at_seed(struct halsim_timestamp_oracle *oracle,
                         const struct halsim_timestamp *stamp, const struct halsim_moment *moment) {
    oracle->report.new_seeds++;
    double advance = stamp->sample - oracle->last.sample;
    double jump_ns = halsim_fit_jump_ns(&oracle->driver, stamp->sample, stamp->host_ns);
    bool goes_on = advance == 0 || is_whole_advance(oracle, advance);
    if (goes_on && fabs(jump_ns) <= HALSIM_SEED_JUMP_NS) {
        violate(oracle, HALSIM_TIMESTAMP_SEED_WITHOUT_BREAK, stamp, jump_ns, moment);
    }
}

void halsim_oracle_take(struct halsim_timestamp_oracle *oracle,
                        const struct halsim_timestamp *stamp, uint64_t modeled_ns,
                        const struct halsim_moment *moment) {
    bool begins = !oracle->has_last;
    if (oracle->has_last && stamp->seed != oracle->last.seed) {
        look_at_seed(oracle, stamp, moment);
        begins = true;
    } else if (oracle->has_last) {
        begins = compare(oracle, stamp, moment);
    }
    if (oracle->period > 0 && fmod(stamp->sample, oracle->period) != 0) {
        violate(oracle, HALSIM_TIMESTAMP_NOT_A_MULTIPLE, stamp, 0.0, moment);
    }
    if (stamp->host_ns > moment->asked_ns + HALSIM_FUTURE_NS) {
        violate(oracle, HALSIM_TIMESTAMP_IN_THE_FUTURE, stamp, 0.0, moment);
    }
    if (begins) {
        begin_line(oracle);
    }
    if (begins || stamp->sample > oracle->last.sample) {
        halsim_fit_add(&oracle->driver, stamp->sample, stamp->host_ns, moment->cycle);
        halsim_fit_add(&oracle->modeled, stamp->sample, modeled_ns, moment->cycle);
    }
    oracle->report.different++;
    oracle->last = *stamp;
    oracle->has_last = true;
    oracle->stale_after_ns = oracle->period > 0 ? stamp->host_ns + oracle->patience_ns : UINT64_MAX;
    halsim_oracle_check_age(oracle, moment);
}

void halsim_oracle_take_impossible(struct halsim_timestamp_oracle *oracle,
                                   const struct halsim_timestamp *stamp,
                                   const struct halsim_moment *moment) {
    violate(oracle, HALSIM_TIMESTAMP_IMPOSSIBLE, stamp, 0.0, moment);
}

void halsim_oracle_take_stale(struct halsim_timestamp_oracle *oracle,
                              const struct halsim_moment *moment) {
    violate(oracle, HALSIM_TIMESTAMP_STALE, &oracle->last, 0.0, moment);
    oracle->stale_after_ns = UINT64_MAX;
}

void halsim_oracle_forget(struct halsim_timestamp_oracle *oracle) {
    oracle->asked = 0;
    oracle->best_driver.points = 0;
    oracle->best_modeled.points = 0;
    halsim_fit_begin(&oracle->driver, oracle->nominal_ns);
    halsim_fit_begin(&oracle->modeled, oracle->nominal_ns);
    struct halsim_timestamp_report *report = &oracle->report;
    *report = (struct halsim_timestamp_report){
        .nominal_rate = report->nominal_rate,
        .period_frames = report->period_frames,
        .break_ns = report->break_ns,
    };
    oracle->has_last = false;
    oracle->stale_after_ns = UINT64_MAX;
}

void halsim_oracle_report(const struct halsim_timestamp_oracle *oracle,
                          struct halsim_timestamp_report *report) {
    bool now = oracle->driver.points >= oracle->best_driver.points;
    *report = oracle->report;
    report->asked = oracle->asked;
    halsim_fit_report(now ? &oracle->driver : &oracle->best_driver, &report->driver);
    halsim_fit_report(now ? &oracle->modeled : &oracle->best_modeled, &report->modeled);
}
