/* mach_time.c - host time: a source of nanoseconds, and a timebase that makes ticks of them. */
#include "system/mach_time.h"

#include "dispatch/dispatch_internal.h"
#include "system/callback_slot.h"
#include <halsdk/halsdk.h>
#include <mach/mach_time.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

__extension__ typedef unsigned __int128 wide;

/* numer << 32 | denom, so that both change as one. */
#define TIMEBASE_OF(numer_, denom_) ((uint64_t)(numer_) << 32 | (uint64_t)(denom_))
static _Atomic uint64_t timebase = TIMEBASE_OF(1, 1);
static struct callback_slot source_slot;
/* Calendar minus source, taken when the host took over. */
static _Atomic int64_t calendar_offset_ns;

static uint64_t clock_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t halsdk_monotonic_ns(void) {
    return clock_ns(CLOCK_MONOTONIC);
}

typedef uint64_t (*now_function)(void *);

void halsdk_set_time_source(const struct halsdk_time_source *source) {
    if (source && source->now_ns) {
        atomic_store(&calendar_offset_ns,
                     (int64_t)(clock_ns(CLOCK_REALTIME) - source->now_ns(source->context)));
        callback_slot_set(&source_slot, (void (*)(void))source->now_ns, source->context);
    } else {
        callback_slot_set(&source_slot, NULL, NULL);
    }
    timer_source_changed();
}

uint64_t halsdk_now_ns(void) {
    const struct callback *source = callback_slot_get(&source_slot);

    if (!source)
        return halsdk_monotonic_ns();
    return ((now_function)source->function)(source->context);
}

bool halsdk_time_is_virtual(void) {
    return callback_slot_get(&source_slot) != NULL;
}

uint64_t halsdk_calendar_ns(void) {
    if (!halsdk_time_is_virtual())
        return clock_ns(CLOCK_REALTIME);
    return halsdk_now_ns() + (uint64_t)atomic_load(&calendar_offset_ns);
}

bool halsdk_set_timebase(uint32_t numer, uint32_t denom) {
    if (numer == 0 || denom == 0)
        return false;
    atomic_store(&timebase, TIMEBASE_OF(numer, denom));
    return true;
}

/* value * factor / divisor in 128 bits: exact for any uptime; UINT64_MAX when it does not fit. */
static uint64_t scale(uint64_t value, uint32_t factor, uint32_t divisor, bool round_up) {
    wide product = (wide)value * factor + (round_up ? divisor - 1u : 0u);
    wide result = product / divisor;
    return result > UINT64_MAX ? UINT64_MAX : (uint64_t)result;
}

uint64_t halsdk_ticks_from_ns(uint64_t ns) {
    uint64_t base = atomic_load_explicit(&timebase, memory_order_relaxed);

    if (base == TIMEBASE_OF(1, 1))
        return ns;
    return scale(ns, (uint32_t)base, (uint32_t)(base >> 32), false);
}

static uint64_t ns_from_ticks(uint64_t ticks, bool round_up) {
    uint64_t base = atomic_load_explicit(&timebase, memory_order_relaxed);

    if (base == TIMEBASE_OF(1, 1))
        return ticks;
    return scale(ticks, (uint32_t)(base >> 32), (uint32_t)base, round_up);
}

uint64_t halsdk_ns_from_ticks(uint64_t ticks) {
    return ns_from_ticks(ticks, false);
}

/* now * denom / numer, rounded down, reaches `ticks` when now reaches ticks * numer / denom,
 * rounded up. */
uint64_t halsdk_ns_of_deadline(uint64_t ticks) {
    return ns_from_ticks(ticks, true);
}

kern_return_t mach_timebase_info(mach_timebase_info_t info) {
    uint64_t base = atomic_load_explicit(&timebase, memory_order_relaxed);

    if (!info)
        return KERN_INVALID_ARGUMENT;
    info->numer = (uint32_t)(base >> 32);
    info->denom = (uint32_t)base;
    return KERN_SUCCESS;
}

uint64_t mach_absolute_time(void) {
    return halsdk_ticks_from_ns(halsdk_now_ns());
}

uint64_t mach_continuous_time(void) {
    if (halsdk_time_is_virtual())
        return mach_absolute_time();
    return halsdk_ticks_from_ns(clock_ns(CLOCK_BOOTTIME));
}

uint64_t mach_approximate_time(void) {
    return mach_absolute_time();
}

uint64_t mach_continuous_approximate_time(void) {
    return mach_continuous_time();
}

kern_return_t mach_wait_until(uint64_t deadline) {
    halsdk_wait_sleep_until(halsdk_ns_of_deadline(deadline));
    return KERN_SUCCESS;
}
