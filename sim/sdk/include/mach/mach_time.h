/* mach/mach_time.h - host time, in ticks.
 *
 * The host decides where time comes from and how long a tick is (halsdk_set_time_source,
 * halsdk_set_timebase): 1/1 on an Intel Mac, 125/3 on Apple silicon. A driver that takes ticks for
 * nanoseconds is only seen with the second.
 */
#ifndef MACH_MACH_TIME_H
#define MACH_MACH_TIME_H

#include <mach/mach_types.h>
#include <os/base.h>
#include <stdint.h>

__BEGIN_DECLS

/* nanoseconds = ticks * numer / denom */
struct mach_timebase_info {
    uint32_t numer;
    uint32_t denom;
};
typedef struct mach_timebase_info *mach_timebase_info_t;
typedef struct mach_timebase_info mach_timebase_info_data_t;

/* Structure and function have one name: g++ -Wshadow sees a hidden constructor. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
OS_EXPORT kern_return_t mach_timebase_info(mach_timebase_info_t info);
#pragma GCC diagnostic pop

/* Stands still while the machine sleeps. */
OS_EXPORT uint64_t mach_absolute_time(void);
/* Counts sleep too. The same as mach_absolute_time() when the host owns time. */
OS_EXPORT uint64_t mach_continuous_time(void);
/* No cheaper here than the exact ones. */
OS_EXPORT uint64_t mach_approximate_time(void);
OS_EXPORT uint64_t mach_continuous_approximate_time(void);

/* Sleeps until mach_absolute_time() >= deadline. KERN_SUCCESS; it is never interrupted. */
OS_EXPORT kern_return_t mach_wait_until(uint64_t deadline);

__END_DECLS

#endif
