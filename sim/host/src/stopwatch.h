/* stopwatch.h - how long a piece of a cycle took, by the processor's own counter; and the system's
 * clocks, for all that is not a cycle.
 *
 * A cycle in virtual time lasts a few hundred nanoseconds; ten calls of clock_gettime() would be
 * half of it. Readings are counter ticks; halsim_stopwatch_ns() turns a difference into
 * nanoseconds.
 */
#ifndef HALSIM_STOPWATCH_H
#define HALSIM_STOPWATCH_H

#include <stdint.h>
#include <time.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

static inline uint64_t halsim_monotonic_ns(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* What pthread_cond_timedwait() takes for `ns` from now. */
static inline struct timespec halsim_wall_time_in(uint64_t ns) {
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    uint64_t end_ns = (uint64_t)until.tv_nsec + ns;
    until.tv_sec += (time_t)(end_ns / 1000000000u);
    until.tv_nsec = (long)(end_ns % 1000000000u);
    return until;
}

static inline uint64_t halsim_stopwatch(void) {
#if defined(__x86_64__)
    return __rdtsc();
#elif defined(__aarch64__)
    uint64_t ticks;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
#else
    return halsim_monotonic_ns();
#endif
}

/* Nanoseconds per tick as a 32.32 fixed-point number; measured once per process. */
uint64_t halsim_stopwatch_scale(void);

static inline uint64_t halsim_stopwatch_ns(uint64_t scale, uint64_t ticks) {
    return (uint64_t)(((unsigned __int128)ticks * scale) >> 32);
}

static inline uint32_t halsim_stopwatch_ns32(uint64_t scale, uint64_t ticks) {
    uint64_t ns = halsim_stopwatch_ns(scale, ticks);
    return ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
}

#endif
