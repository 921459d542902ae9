/* last_calls.h - the calls into drivers that came last: what a report shows as evidence. */
#ifndef HALSIM_LAST_CALLS_H
#define HALSIM_LAST_CALLS_H

#include "halsim/status.h"

#define HALSIM_LAST_CALLS_MAX 100

struct halsim_last_call {
    uint64_t number;         /* of all threads together, from 1. Those of a thread are in order;
                                two threads that begin at the same moment may draw the same */
    const char *entry_point; /* as in struct halsim_call_info */
    uint32_t object, client, code;
    int32_t status; /* what the driver answered; of HasProperty, whether it has it */
    bool has_returned;
    bool has_status; /* false: not yet back, or a call that answers none (Factory, Release) */
};

/* From now on calls are kept; that belongs to the process. A host with virtual time turns it on. In
 * real time it would have threads that call at the same moment share a cache line. */
HALSIM_EXPORT void halsim_last_calls_keep(void);

/* Copies at most `most` of the last HALSIM_LAST_CALLS_MAX, the oldest first, and returns how many.
 * Any thread, also in a signal handler. Calls that begin meanwhile may be missing. */
HALSIM_EXPORT size_t halsim_last_calls(struct halsim_last_call *calls, size_t most);

#endif
