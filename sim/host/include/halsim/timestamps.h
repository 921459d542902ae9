/* timestamps.h - what a driver's zero timestamps were like: counted and measured, not judged.
 *
 * The host looks at each answer of GetZeroTimeStamp as the driver gave it, before a clock model
 * moves it (clock_model.h): a model can neither hide a driver's fault nor make one. Everything is
 * counted since the device was loaded or its clock was forgotten with
 * halsim_device_forget_timestamps(); memory does not grow with the length of a run. Limits are for
 * who reads this: lab/measure/timestamps.py.
 *
 * Reading is safe while IO runs; it waits for the cycle that is under way.
 */
#ifndef HALSIM_TIMESTAMPS_H
#define HALSIM_TIMESTAMPS_H

#include "halsim/status.h"

struct halsim_host;

/* One answer of GetZeroTimeStamp; the host time in nanoseconds. */
struct halsim_timestamp {
    double sample;
    uint64_t host_ns;
    uint64_t seed;
};

/* What can be wrong with one. "Before" is the last answer in the same run of IO that differed; the
 * first one of a run has none. "Jump": how far the host time lies behind where the time line before
 * leads at that sample time, its rate being the mean since it began. */
enum halsim_timestamp_fault {
    HALSIM_TIMESTAMP_IMPOSSIBLE = 0, /* the host could not take it: not finite, negative, 10 s and
                                        two periods away from now. Nothing else is looked at then */
    HALSIM_TIMESTAMP_HOST_NOT_INCREASING = 1, /* seed unchanged, another sample time, and a host
                                                 time not after the one before */
    HALSIM_TIMESTAMP_HOST_MOVED_ALONE = 2, /* seed and sample time unchanged, another host time */
    HALSIM_TIMESTAMP_NOT_A_MULTIPLE = 3,   /* the sample time is no multiple of the period */
    HALSIM_TIMESTAMP_ODD_ADVANCE = 4,      /* seed unchanged, and on by something else than a whole
                                              number of periods */
    HALSIM_TIMESTAMP_BREAK_WITHOUT_SEED = 5, /* seed unchanged, and the sample time went back, or a
                                                jump of more than `break_ns` */
    HALSIM_TIMESTAMP_SEED_WITHOUT_BREAK = 6, /* a new seed, on by whole periods, and no jump of more
                                                than HALSIM_SEED_JUMP_NS */
    HALSIM_TIMESTAMP_STALE = 7,              /* two periods and an IO cycle old: told once for each
                                                timestamp; the second of the pair is the same */
    HALSIM_TIMESTAMP_IN_THE_FUTURE = 8,      /* more than HALSIM_FUTURE_NS after it was asked for */
    HALSIM_TIMESTAMP_FAULTS = 9,
};

/* A jump that no host needs a new time line for: two samples at 48 kHz are 42 us; the clock of a
 * crystal 200 ppm off drifts by 68 us in a period of 341 ms before its rate is known. */
#define HALSIM_SEED_JUMP_NS 100000
/* Ticks and nanoseconds do not divide each other; a tick of Apple silicon is 42 ns. */
#define HALSIM_FUTURE_NS    1000

struct halsim_timestamp_violation {
    uint64_t count;
    /* of the first: */
    uint64_t cycle;    /* halsim_io_stats.cycles when it came */
    uint64_t asked_ns; /* host time when the driver was asked */
    bool has_before;
    struct halsim_timestamp before, after;
    double jump_ns; /* 0 without `before`, and where it has no meaning */
};

/* How a time line lies about a straight line of least squares: host time over sample time. */
struct halsim_time_fit {
    uint64_t points;
    double ns_per_frame; /* slope; nominal with fewer than two points */
    double rate_ppm;     /* the device's rate against nominal */
    double rms_ns;       /* distance of the points from the line */
    /* Distance of a point from the line through those before it, from the 8th on; of
     * `jitter_points`. A percentile is up to 1/64 too high. */
    uint64_t jitter_points;
    uint64_t jitter_p50_ns, jitter_p99_ns, jitter_max_ns;
    /* Largest distance of a timestamp from where the one before leads, at the mean rate until then;
     * from the third on. */
    double step_max_ns;
    uint64_t step_cycle;
};

struct halsim_timestamp_report {
    double nominal_rate;
    uint32_t period_frames; /* kAudioDevicePropertyZeroTimeStampPeriod; 0: the device has none, and
                               nothing that needs it was looked at */
    double break_ns;        /* half an IO cycle: from there on the host anchors anew */
    uint64_t asked;         /* answers without an error code */
    uint64_t different;     /* those that differed from the one before */
    uint64_t time_lines;    /* begun: by IO, by a new seed, by a break */
    uint64_t new_seeds;     /* while IO ran */
    uint64_t largest_advance_periods; /* 1: none was left out */
    struct halsim_timestamp_violation violations[HALSIM_TIMESTAMP_FAULTS];
    /* Of the time line that has, or had, the most points. */
    struct halsim_time_fit driver;  /* as the driver said */
    struct halsim_time_fit modeled; /* as the clock model made of it, of the same time line */
};

HALSIM_EXPORT bool halsim_device_timestamps(struct halsim_host *host, uint32_t device,
                                            struct halsim_timestamp_report *report,
                                            struct halsim_error *error);
/* Counts from nothing. */
HALSIM_EXPORT bool halsim_device_forget_timestamps(struct halsim_host *host, uint32_t device,
                                                   struct halsim_error *error);

/* "impossible", "host-time-not-increasing", ... */
HALSIM_EXPORT const char *halsim_timestamp_fault_name(enum halsim_timestamp_fault fault);

#endif
