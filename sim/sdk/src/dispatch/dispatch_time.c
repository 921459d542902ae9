/* dispatch_time.c - points in time.
 *
 * The encoding is libdispatch's: ticks of mach_absolute_time() below 2^63; times of the calendar
 * are their negative nanoseconds since 1970. -1 and -2 are taken (FOREVER, WALLTIME_NOW).
 */
#include "dispatch/dispatch_internal.h"

#include "system/mach_time.h"
#include <halsdk/halsdk.h>
#include <mach/mach_time.h>

#define FIRST_CALENDAR_NS 3

static bool is_calendar(dispatch_time_t when) {
    return (int64_t)when < 0;
}

static uint64_t calendar_ns(dispatch_time_t when) {
    return when == DISPATCH_WALLTIME_NOW ? halsdk_calendar_ns() : -when;
}

static uint64_t magnitude(int64_t value) {
    return value < 0 ? -(uint64_t)value : (uint64_t)value;
}

/* `base` moved by `distance`; `first` when that lies before it, UINT64_MAX when it is 2^63 or more.
 */
static uint64_t move(uint64_t base, uint64_t distance, bool back, uint64_t first) {
    uint64_t result;

    if (back)
        return base > distance && base - distance > first ? base - distance : first;
    result = base + distance;
    return result < base || result > INT64_MAX ? UINT64_MAX : result;
}

static dispatch_time_t move_calendar(uint64_t ns, int64_t delta) {
    uint64_t result = move(ns, magnitude(delta), delta < 0, FIRST_CALENDAR_NS);

    if (result < FIRST_CALENDAR_NS)
        result = FIRST_CALENDAR_NS;
    return result == UINT64_MAX ? DISPATCH_TIME_FOREVER : -result;
}

dispatch_time_t dispatch_time(dispatch_time_t when, int64_t delta) {
    if (when == DISPATCH_TIME_FOREVER)
        return DISPATCH_TIME_FOREVER;
    if (is_calendar(when))
        return move_calendar(calendar_ns(when), delta);
    if (when == DISPATCH_TIME_NOW)
        when = mach_absolute_time();
    return move(when, halsdk_ticks_from_ns(magnitude(delta)), delta < 0, 1);
}

dispatch_time_t dispatch_walltime(const struct timespec *when, int64_t delta) {
    if (!when)
        return move_calendar(halsdk_calendar_ns(), delta);
    return move_calendar((uint64_t)when->tv_sec * NSEC_PER_SEC + (uint64_t)when->tv_nsec, delta);
}

uint64_t dispatch_deadline_ns(dispatch_time_t when) {
    uint64_t then, now;

    if (when == DISPATCH_TIME_FOREVER)
        return HALSDK_WAIT_FOREVER;
    if (when == DISPATCH_TIME_NOW)
        return 0;
    if (!is_calendar(when))
        return halsdk_ns_of_deadline(when);
    then = calendar_ns(when);
    now = halsdk_calendar_ns();
    return then <= now ? 0 : halsdk_now_ns() + (then - now);
}
