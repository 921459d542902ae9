/* call_watch.h - somebody who looks on while drivers are called. */
#ifndef HALSIM_CALL_WATCH_H
#define HALSIM_CALL_WATCH_H

#include "halsim/status.h"

/* Told of every call into a driver, on its thread: right before it, and right after, unless the
 * call does not return. `entry_point` is a constant string, as in struct halsim_call_info. */
struct halsim_call_watch {
    void (*begin)(const char *entry_point, uint32_t code, void *context);
    void (*end)(uint64_t elapsed_ns, void *context);
    void *context;
};

/* One for the process; NULL: none. It is not copied. Calls under way may still be told to the old
 * one, which therefore stays. */
HALSIM_EXPORT void halsim_call_set_watch(const struct halsim_call_watch *watch);

#endif
