/* clock.h - zero time stamps of a device that has no hardware: made from the host's clock.
 *
 * A time line begins when IO starts: sample 0 is at that moment, and from then on frame n is due at
 * anchor + n * ticks-per-frame, computed exactly (no drift, no rounding that adds up). Each time
 * line has its own seed. haldrv_clock_read() never waits for another thread, not even for one that
 * was stopped in the middle of a change; the other functions are called one at a time.
 */
#ifndef HALDRV_CLOCK_H
#define HALDRV_CLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct haldrv_clock_line {
    _Atomic uint64_t anchor; /* host ticks of sample 0 */
    _Atomic uint64_t seed;
    _Atomic uint64_t ticks; /* ticks per frame = ticks / frames, in lowest terms */
    _Atomic uint64_t frames;
    _Atomic uint64_t running; /* 0: no */
};

struct haldrv_clock {
    uint32_t period_frames;
    uint32_t timebase_numer; /* nanoseconds = ticks * numer / denom */
    uint32_t timebase_denom;

    _Atomic uint64_t count; /* of changes so far */
    struct haldrv_clock_line
        lines[2]; /* lines[count % 2] is in force; the other is being changed */
};

struct haldrv_zero_time {
    double sample_time;
    uint64_t host_time;
    uint64_t seed;
};

/* `rate` in whole Hz, not 0; period not 0; timebase as mach_timebase_info() gives it. */
void haldrv_clock_init(struct haldrv_clock *clock, uint32_t rate, uint32_t period_frames,
                       uint32_t timebase_numer, uint32_t timebase_denom);

/* Begins a new time line, with a new seed, at `now`. */
void haldrv_clock_start(struct haldrv_clock *clock, uint64_t now);
void haldrv_clock_stop(struct haldrv_clock *clock);

/* Another rate; a clock that runs begins a new time line at `now`. */
void haldrv_clock_set_rate(struct haldrv_clock *clock, uint32_t rate, uint64_t now);

/* The last zero time stamp at or before `now`. False while the clock does not run. */
bool haldrv_clock_read(const struct haldrv_clock *clock, uint64_t now,
                       struct haldrv_zero_time *zero);

#endif
