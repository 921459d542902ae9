/* mach_time.h - the runtime's own view of time. Internal. */
#ifndef HALSDK_MACH_TIME_H
#define HALSDK_MACH_TIME_H

#include <stdbool.h>
#include <stdint.h>

uint64_t halsdk_now_ns(void);

/* CLOCK_MONOTONIC, whoever owns time. */
uint64_t halsdk_monotonic_ns(void);

/* True when the host owns time (it has set a source). */
bool halsdk_time_is_virtual(void);

/* The calendar in nanoseconds since 1970; in virtual time it moves with the host's clock. */
uint64_t halsdk_calendar_ns(void);

/* The first nanosecond at which mach_absolute_time() is `ticks` or more. */
uint64_t halsdk_ns_of_deadline(uint64_t ticks);

#endif
