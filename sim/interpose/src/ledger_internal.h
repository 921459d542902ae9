/* ledger_internal.h - the counters of the call that is under way on this thread. */
#ifndef HALINTERPOSE_LEDGER_INTERNAL_H
#define HALINTERPOSE_LEDGER_INTERNAL_H

#include "halinterpose/ledger.h"

struct ledger_call {
    struct halledger_row *row; /* NULL: nothing under way */
    int paused;
    bool sampled;
    uint32_t counts[HALLEDGER_KIND_COUNT];
    long faults, switches; /* at the beginning */
};

extern _Thread_local struct ledger_call ledger_call __attribute__((tls_model("initial-exec")));

void ledger_count_slowly(enum halledger_kind kind, long number);

static inline bool ledger_is_open(void) {
    return __builtin_expect(ledger_call.row != NULL && ledger_call.paused == 0, 0);
}

static inline void ledger_count(enum halledger_kind kind, long number) {
    if (ledger_is_open()) {
        ledger_count_slowly(kind, number);
    }
}

/* Lets the kernel report this thread's system calls, or not. No-ops where it cannot. */
void ledger_trap_set(bool on);
bool ledger_trap_works(void);

#endif
