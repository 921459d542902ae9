/* dispatch/time.h - points in time.
 *
 * A dispatch_time_t made from DISPATCH_TIME_NOW is a time of mach_absolute_time(), in ticks; one
 * made by dispatch_walltime() is a time of the calendar. When the host owns time, the calendar
 * starts at the moment the host took over and then moves with the host's time.
 */
#ifndef DISPATCH_TIME_H
#define DISPATCH_TIME_H

#include <dispatch/base.h>

__BEGIN_DECLS

#if !defined(NSEC_PER_SEC)
#define NSEC_PER_SEC 1000000000ull
#endif
#if !defined(NSEC_PER_MSEC)
#define NSEC_PER_MSEC 1000000ull
#endif
#if !defined(USEC_PER_SEC)
#define USEC_PER_SEC 1000000ull
#endif
#if !defined(NSEC_PER_USEC)
#define NSEC_PER_USEC 1000ull
#endif

typedef uint64_t dispatch_time_t;

#define DISPATCH_TIME_NOW     (0ull)
#define DISPATCH_TIME_FOREVER (~0ull)
#define DISPATCH_WALLTIME_NOW (~1ull)

/* `when` plus `delta` nanoseconds. What would lie beyond the end is DISPATCH_TIME_FOREVER; what
 * would lie before the start is the start. */
DISPATCH_EXPORT dispatch_time_t dispatch_time(dispatch_time_t when, int64_t delta);
/* NULL: now. */
DISPATCH_EXPORT dispatch_time_t dispatch_walltime(const struct timespec *when, int64_t delta);

__END_DECLS

#endif
