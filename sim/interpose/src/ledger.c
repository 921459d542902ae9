/* ledger.c - counting, and keeping what was not allowed. */
#define _GNU_SOURCE
#include "ledger_internal.h"
#include <execinfo.h>
#include <sys/resource.h>

/* getrusage() costs as much as a whole operation. */
#define SAMPLE_EVERY 16

_Thread_local struct ledger_call ledger_call;

const char *halledger_kind_name(enum halledger_kind kind) {
    static const char *const names[HALLEDGER_KIND_COUNT] = {
        "allocation",  "free",       "lock",          "contended-lock",
        "system-call", "page-fault", "context-switch"};
    return names[kind];
}

bool halledger_sees(enum halledger_kind kind) {
    return kind != HALLEDGER_SYSTEM_CALL || ledger_trap_works();
}

void ledger_count_slowly(enum halledger_kind kind, long number) {
    struct ledger_call *call = &ledger_call;
    struct halledger_row *row = call->row;
    if (++call->counts[kind] <= row->budget[kind] ||
        atomic_load_explicit(&row->evidence_count, memory_order_relaxed) >= HALLEDGER_EVIDENCE) {
        return;
    }
    unsigned slot = atomic_fetch_add_explicit(&row->evidence_count, 1, memory_order_relaxed);
    if (slot >= HALLEDGER_EVIDENCE) {
        return;
    }
    /* Walking a stack may lock and allocate by itself. */
    halledger_pause();
    struct halledger_evidence *evidence = &row->evidence[slot];
    evidence->kind = kind;
    evidence->number = number;
    evidence->depth = backtrace(evidence->stack, HALLEDGER_STACK_MAX);
    halledger_resume();
}

static void look_at_usage(long *faults, long *switches) {
    struct rusage usage;
    (void)getrusage(RUSAGE_THREAD, &usage);
    *faults = usage.ru_minflt + usage.ru_majflt;
    *switches = usage.ru_nvcsw + usage.ru_nivcsw;
}

void halledger_begin(struct halledger_row *row) {
    struct ledger_call *call = &ledger_call;
    unsigned long long number = atomic_fetch_add_explicit(&row->calls, 1, memory_order_relaxed);
    for (int kind = 0; kind < HALLEDGER_KIND_COUNT; kind++) {
        call->counts[kind] = 0;
    }
    call->sampled = number % SAMPLE_EVERY == 0;
    if (call->sampled) {
        look_at_usage(&call->faults, &call->switches);
    }
    call->paused = 0;
    call->row = row;
    ledger_trap_set(true);
}

static void raise_to(atomic_ullong *worst, uint64_t value) {
    unsigned long long seen = atomic_load_explicit(worst, memory_order_relaxed);
    while (value > seen && !atomic_compare_exchange_weak_explicit(
                               worst, &seen, value, memory_order_relaxed, memory_order_relaxed)) {
    }
}

void halledger_end(uint64_t elapsed_ns) {
    ledger_trap_set(false);
    struct ledger_call *call = &ledger_call;
    struct halledger_row *row = call->row;
    call->row = NULL;
    if (call->sampled) {
        long faults, switches;
        look_at_usage(&faults, &switches);
        call->counts[HALLEDGER_PAGE_FAULT] = (uint32_t)(faults - call->faults);
        call->counts[HALLEDGER_CONTEXT_SWITCH] = (uint32_t)(switches - call->switches);
        atomic_fetch_add_explicit(&row->sampled, 1, memory_order_relaxed);
    }
    bool over = false;
    for (int kind = 0; kind < HALLEDGER_KIND_COUNT; kind++) {
        uint32_t count = call->counts[kind];
        if (count != 0) {
            atomic_fetch_add_explicit(&row->counts[kind], count, memory_order_relaxed);
            raise_to(&row->worst[kind], count);
            over = over || count > row->budget[kind];
        }
    }
    if (over) {
        atomic_fetch_add_explicit(&row->violations, 1, memory_order_relaxed);
    }
    raise_to(&row->worst_ns, elapsed_ns);
}

void halledger_pause(void) {
    if (ledger_call.row != NULL && ledger_call.paused++ == 0) {
        ledger_trap_set(false);
    }
}

void halledger_resume(void) {
    if (ledger_call.row != NULL && --ledger_call.paused == 0) {
        ledger_trap_set(true);
    }
}
