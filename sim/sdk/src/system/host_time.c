/* host_time.c - HostTime.h: mach_absolute_time() under the names of Core Audio. */
#include <CoreAudio/HostTime.h>
#include <halsdk/halsdk.h>
#include <mach/mach_time.h>

UInt64 AudioGetCurrentHostTime(void) {
    return mach_absolute_time();
}

Float64 AudioGetHostClockFrequency(void) {
    struct mach_timebase_info timebase;

    mach_timebase_info(&timebase);
    return 1e9 * timebase.denom / timebase.numer;
}

UInt32 AudioGetHostClockMinimumTimeDelta(void) {
    return 1;
}

UInt64 AudioConvertHostTimeToNanos(UInt64 inHostTime) {
    return halsdk_ns_from_ticks(inHostTime);
}

UInt64 AudioConvertNanosToHostTime(UInt64 inNanos) {
    return halsdk_ticks_from_ns(inNanos);
}
