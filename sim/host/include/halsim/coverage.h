/* coverage.h - which calls into drivers were made, and how often: coverage of the HAL's contract.
 */
#ifndef HALSIM_COVERAGE_H
#define HALSIM_COVERAGE_H

#include "halsim/status.h"

/* So many different calls of one thread have room; those that come later are counted together. */
#define HALSIM_COVERAGE_CALLS_MAX 1536

struct halsim_covered_call {
    const char *entry_point; /* as in struct halsim_call_info, as are the next three */
    uint32_t plugin;
    uint32_t object;
    uint32_t code;
    uint64_t calls;   /* begun: one that does not return is among them */
    uint64_t refused; /* answered with a status other than 0, with no by HasProperty and
                         WillDoIOOperation */
};

/* From now on calls are counted, on top of what was counted before; that belongs to the process, as
 * the threads that call do. Each thread that calls needs some 80 KB, which it gets here or, a later
 * one, before its first call. False when there is no memory: nothing is counted then. */
HALSIM_EXPORT bool halsim_coverage_begin(void);
/* What was counted stays. Calls under way may still be counted. */
HALSIM_EXPORT void halsim_coverage_end(void);
HALSIM_EXPORT bool halsim_coverage_is_on(void);

/* The counts of all threads together, by plug-in, entry point, object and code; free(). Any thread,
 * also while drivers are called. `lost` gets how many calls had no room. NULL: no memory. */
HALSIM_EXPORT struct halsim_covered_call *halsim_coverage_read(size_t *count, uint64_t *lost);

/* The call of this thread that is over was answered with no, though its status says that it went
 * well. Once a call. */
HALSIM_EXPORT void halsim_coverage_said_no(void);

#endif
