/* HostTime.h - host time, the unit of every mHostTime: ticks of mach_absolute_time().
 *
 * How long a tick is, is a property of the machine (1 ns on Intel, 125/3 ns on Apple silicon); the
 * simulated host chooses it before it loads a driver.
 */
#ifndef HALSDK_COREAUDIO_HOSTTIME_H
#define HALSDK_COREAUDIO_HOSTTIME_H

#include <CoreFoundation/CFBase.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Ticks. */
CF_EXPORT UInt64 AudioGetCurrentHostTime(void);

/* Ticks per second. */
CF_EXPORT Float64 AudioGetHostClockFrequency(void);

/* The smallest number of ticks by which two readings can differ. */
CF_EXPORT UInt32 AudioGetHostClockMinimumTimeDelta(void);

/* Both round down; what does not fit in 64 bits is UINT64_MAX. */
CF_EXPORT UInt64 AudioConvertHostTimeToNanos(UInt64 inHostTime);
CF_EXPORT UInt64 AudioConvertNanosToHostTime(UInt64 inNanos);

#ifdef __cplusplus
}
#endif
#endif
