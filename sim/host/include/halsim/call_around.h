/* call_around.h - for who calls a driver without a plug-in of the host: the probe.
 *
 * Such a call is like any other: a crash in it is told with its entry point, a hang is found, and
 * it is among the last calls.
 */
#ifndef HALSIM_CALL_AROUND_H
#define HALSIM_CALL_AROUND_H

#include "halsim/host.h"

/* `plugin` of a call that belongs to no plug-in of a host. */
#define HALSIM_CALL_NO_PLUGIN UINT32_MAX

/* Right before the call, on its thread; calls do not nest. `about->started_ns` is not looked at and
 * the entry point must be a constant string. Returns a reading of the stopwatch. */
HALSIM_EXPORT uint64_t halsim_call_begin(const struct halsim_call_info *about);
/* Right after it, with what begin returned. NULL: it answers no status. Returns how long the call
 * took, nanoseconds of real time also where time is virtual. */
HALSIM_EXPORT uint64_t halsim_call_end(uint64_t began, const int32_t *status);

/* Around what looks into a reference that the call `about` has given: what crashes in there is the
 * driver's doing. It is not among the last calls. */
HALSIM_EXPORT void halsim_call_begin_inspection(const struct halsim_call_info *about);
HALSIM_EXPORT void halsim_call_end_inspection(void);

#endif
