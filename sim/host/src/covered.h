/* covered.h - the counts of one thread. Only that thread writes them; anybody reads. */
#ifndef HALSIM_COVERED_H
#define HALSIM_COVERED_H

#include "halsim/coverage.h"
#include <stdatomic.h>

/* A power of two; at most three quarters are used, so that a free place is near. */
#define HALSIM_COVERED_PLACES 2048

struct halsim_covered {
    _Atomic(const char *) entry_point; /* NULL: free. Written when the rest of the key is there */
    atomic_uint plugin, object, code;
    atomic_ullong calls, refused;
    bool no_is_zero; /* what it answers is no status. For the thread itself */
};

struct halsim_covered_table {
    atomic_ullong lost; /* calls without a place */
    uint32_t used;
    struct halsim_covered places[HALSIM_COVERED_PLACES]; /* open addressing, none is ever freed */
};

extern atomic_bool halsim_coverage_now;

struct halsim_call_slot;
/* Before that thread's first call, when calls are counted. Without memory its calls are lost. */
void halsim_coverage_prepare(struct halsim_call_slot *slot);
/* Counts a call that begins. */
void halsim_coverage_enter(struct halsim_call_slot *slot, const char *entry_point, uint32_t plugin,
                           uint32_t object, uint32_t code);
/* It is over; the slot has its answer. */
void halsim_coverage_leave(struct halsim_call_slot *slot);

#endif
