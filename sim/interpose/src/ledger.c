/* ledger.c - counting, and keeping what was not allowed. */
#define _GNU_SOURCE
#include "ledger_internal.h"
#include <errno.h>
#include <execinfo.h>
#include <string.h>
#include <sys/resource.h>

/* getrusage() costs several times what an operation does. The first calls are those that fault. */
#define SAMPLE_FIRST   16
#define SAMPLE_EVERY   256

/* A row with room left would walk the stack at each violation, though it be the same for ever. */
#define LOOKS_MAX      64

/* Frames of ours between the walk and the caller that a count is kept for. */
#define FRAMES_OF_OURS 8

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

/* ---- rows ------------------------------------------------------------------------------------ */

/* A row of one thread needs no locked instruction, only loads and stores that others may see.
 * Returns the value before. */
static unsigned long long add(const struct halledger_row *row, atomic_ullong *to, uint64_t value) {
    if (row->shared) {
        return atomic_fetch_add_explicit(to, value, memory_order_relaxed);
    }
    unsigned long long before = atomic_load_explicit(to, memory_order_relaxed);
    atomic_store_explicit(to, before + value, memory_order_relaxed);
    return before;
}

static void raise_to(atomic_ullong *worst, uint64_t value) {
    unsigned long long seen = atomic_load_explicit(worst, memory_order_relaxed);
    while (value > seen && !atomic_compare_exchange_weak_explicit(
                               worst, &seen, value, memory_order_relaxed, memory_order_relaxed)) {
    }
}

static void look_at_usage(long *faults, long *switches) {
    struct rusage usage;
    (void)getrusage(RUSAGE_THREAD, &usage);
    *faults = usage.ru_minflt + usage.ru_majflt;
    *switches = usage.ru_nvcsw + usage.ru_nivcsw;
}

/* ---- evidence -------------------------------------------------------------------------------- */

static bool is_known(const struct halledger_row *row, const struct halledger_evidence *found) {
    unsigned count = atomic_load_explicit(&row->evidence_count, memory_order_relaxed);
    for (unsigned i = 0; i < count && i < HALLEDGER_EVIDENCE; i++) {
        const struct halledger_evidence *known = &row->evidence[i];
        if (atomic_load_explicit(&known->complete, memory_order_acquire) &&
            known->kind == found->kind && known->depth == found->depth &&
            memcmp(known->stack, found->stack, sizeof found->stack[0] * (size_t)found->depth) ==
                0) {
            return true;
        }
    }
    return false;
}

static void keep(struct halledger_row *row, const struct halledger_evidence *found) {
    if (is_known(row, found)) {
        return;
    }
    unsigned slot = atomic_load_explicit(&row->evidence_count, memory_order_relaxed);
    do {
        if (slot >= HALLEDGER_EVIDENCE) {
            return;
        }
    } while (!atomic_compare_exchange_weak_explicit(&row->evidence_count, &slot, slot + 1,
                                                    memory_order_relaxed, memory_order_relaxed));
    struct halledger_evidence *kept = &row->evidence[slot];
    kept->kind = found->kind;
    kept->number = found->number;
    kept->function = found->function;
    kept->depth = found->depth;
    memcpy(kept->stack, found->stack, sizeof kept->stack);
    atomic_store_explicit(&kept->complete, true, memory_order_release);
}

static bool wants_evidence(struct halledger_row *row) {
    return atomic_load_explicit(&row->evidence_count, memory_order_relaxed) < HALLEDGER_EVIDENCE &&
           atomic_fetch_add_explicit(&row->evidence_looks, 1, memory_order_relaxed) < LOOKS_MAX;
}

/* From the caller's frame on; the whole stack when that is not found in it. */
static void write_stack(struct halledger_evidence *found, const void *caller) {
    void *frames[HALLEDGER_STACK_MAX + FRAMES_OF_OURS];
    int count = backtrace(frames, HALLEDGER_STACK_MAX + FRAMES_OF_OURS);
    int first = 0;
    while (first < count && frames[first] != caller) {
        first++;
    }
    if (first == count) {
        first = 0;
    }
    for (int i = first; i < count && found->depth < HALLEDGER_STACK_MAX; i++) {
        found->stack[found->depth++] = frames[i];
    }
}

/* Walking a stack may lock, allocate and fault by itself: none of it is the driver's. */
static void keep_evidence(struct ledger_call *call, enum halledger_kind kind, long number,
                          const char *function, const void *caller) {
    struct halledger_row *row = call->row;
    int error = errno;
    long faults_before = 0, switches_before = 0;
    call->paused++; /* a signal's handler may pause and resume meanwhile */
    call->open = NULL;
    if (call->sampled) {
        look_at_usage(&faults_before, &switches_before);
    }
    struct halledger_evidence found = {.kind = kind, .number = number, .function = function};
    write_stack(&found, caller);
    keep(row, &found);
    if (call->sampled) {
        long faults, switches;
        look_at_usage(&faults, &switches);
        call->faults += faults - faults_before;
        call->switches += switches - switches_before;
    }
    if (--call->paused == 0) {
        call->open = row;
    }
    errno = error;
}

/* ---- counting -------------------------------------------------------------------------------- */

/* With system calls let through. */
static void count(enum halledger_kind kind, long number, const char *function, const void *caller) {
    struct ledger_call *call = &ledger_call;
    call->dirty = true;
    if (++call->counts[kind] > call->row->budget[kind] && wants_evidence(call->row)) {
        keep_evidence(call, kind, number, function, caller);
    }
}

void ledger_count_slowly(enum halledger_kind kind, long number, const char *function,
                         const void *caller) {
    ledger_trap_set(false);
    count(kind, number, function, caller);
    ledger_trap_set(true);
}

void ledger_count_trapped(long number, const void *caller) {
    count(HALLEDGER_SYSTEM_CALL, number, NULL, caller);
}

void halledger_note(enum halledger_kind kind) {
    if (ledger_is_open()) {
        ledger_count_slowly(kind, 0, NULL, __builtin_return_address(0));
    }
}

/* ---- calls ----------------------------------------------------------------------------------- */

void halledger_begin(struct halledger_row *row) {
    struct ledger_call *call = &ledger_call;
    if (__builtin_expect(call->row != NULL, 0)) {
        halledger_abandon();
    }
    (void)ledger_trap_works(); /* the first time on a thread, this installs it */
    unsigned long long number = add(row, &row->calls, 1);
    call->paused = 0;
    call->row = row;
    call->sampled = number < SAMPLE_FIRST || number % SAMPLE_EVERY == 0;
    if (__builtin_expect(call->sampled, 0)) {
        look_at_usage(&call->faults, &call->switches);
    }
    call->open = row;
    ledger_trap_set(true);
}

static void add_usage(struct ledger_call *call) {
    struct halledger_row *row = call->row;
    long faults, switches;
    look_at_usage(&faults, &switches);
    call->counts[HALLEDGER_PAGE_FAULT] = (uint32_t)(faults - call->faults);
    call->counts[HALLEDGER_CONTEXT_SWITCH] = (uint32_t)(switches - call->switches);
    (void)add(row, &row->sampled, 1);
    static const enum halledger_kind sampled[] = {HALLEDGER_PAGE_FAULT, HALLEDGER_CONTEXT_SWITCH};
    for (size_t i = 0; i < sizeof sampled / sizeof sampled[0]; i++) {
        uint32_t seen = call->counts[sampled[i]];
        call->dirty = call->dirty || seen != 0;
        if (seen > row->budget[sampled[i]]) {
            /* Where it happened is not known: there is one of each kind. */
            const struct halledger_evidence found = {.kind = sampled[i], .number = (long)seen};
            keep(row, &found);
        }
    }
}

static void add_counts(struct ledger_call *call) {
    struct halledger_row *row = call->row;
    bool over = false;
    for (int kind = 0; kind < HALLEDGER_KIND_COUNT; kind++) {
        uint32_t seen = call->counts[kind];
        if (seen != 0) {
            call->counts[kind] = 0;
            (void)add(row, &row->counts[kind], seen);
            raise_to(&row->worst[kind], seen);
            over = over || seen > row->budget[kind];
        }
    }
    call->dirty = false;
    if (over) {
        (void)add(row, &row->violations, 1);
    }
}

/* Closes what is under way. */
static inline struct halledger_row *finish(struct ledger_call *call) {
    ledger_trap_set(false);
    struct halledger_row *row = call->row;
    if (__builtin_expect(row == NULL, 0)) {
        return NULL;
    }
    call->open = NULL;
    if (__builtin_expect(call->sampled, 0)) {
        add_usage(call);
    }
    if (__builtin_expect(call->dirty, 0)) {
        add_counts(call);
    }
    call->row = NULL;
    return row;
}

void halledger_end(uint64_t elapsed_ns) {
    struct halledger_row *row = finish(&ledger_call);
    if (row != NULL) {
        raise_to(&row->worst_ns, elapsed_ns);
    }
}

void halledger_abandon(void) {
    struct halledger_row *row = finish(&ledger_call);
    if (row != NULL) {
        (void)add(row, &row->abandoned, 1);
    }
}

void halledger_pause(void) {
    struct ledger_call *call = &ledger_call;
    if (call->row != NULL && call->paused++ == 0) {
        ledger_trap_set(false);
        call->open = NULL;
    }
}

void halledger_resume(void) {
    struct ledger_call *call = &ledger_call;
    /* One that was paused may have been abandoned, and another begun. */
    if (call->row != NULL && call->paused > 0 && --call->paused == 0) {
        call->open = call->row;
        ledger_trap_set(true);
    }
}
