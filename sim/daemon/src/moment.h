/* moment.h - what time it is, for limits and for reports; not the host's clock, which may be
 * virtual. */
#ifndef DAEMON_MOMENT_H
#define DAEMON_MOMENT_H

#include <stdint.h>
#ifdef HAL_LAB_INTERPOSE
#include "halinterpose/sched.h"
#else
#include <time.h>
#endif

/* Nanoseconds of CLOCK_MONOTONIC. */
static inline uint64_t moment_ns(void) {
#ifdef HAL_LAB_INTERPOSE
    return halsched_real_ns();
#else
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
#endif
}

#endif
