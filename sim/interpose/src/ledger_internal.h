/* ledger_internal.h - the counters of the call that is under way on this thread. */
#ifndef HALINTERPOSE_LEDGER_INTERNAL_H
#define HALINTERPOSE_LEDGER_INTERNAL_H

#include "halinterpose/ledger.h"

#define LEDGER_TLS __attribute__((tls_model("initial-exec")))

struct ledger_call {
    struct halledger_row *open; /* what counts now; NULL: nothing under way, or paused */
    struct halledger_row *row;  /* NULL: nothing under way */
    int paused;
    bool sampled;
    bool dirty; /* some count is not 0 */
    uint32_t counts[HALLEDGER_KIND_COUNT];
    long faults, switches; /* at the beginning */
};

extern _Thread_local struct ledger_call ledger_call LEDGER_TLS;

/* With a row open. `function` is what was called, or NULL; `caller` is the address in the code that
 * called it: the stack is kept from there on. */
void ledger_count_slowly(enum halledger_kind kind, long number, const char *function,
                         const void *caller);
/* The same for the handler of trapped system calls, which lets them through meanwhile. */
void ledger_count_trapped(long number, const void *caller);

static inline bool ledger_is_open(void) {
    return __builtin_expect(ledger_call.open != NULL, 0);
}

/* In the function that the driver called. */
#define LEDGER_COUNT(kind, number)                                                                 \
    do {                                                                                           \
        if (ledger_is_open()) {                                                                    \
            ledger_count_slowly((kind), (number), __func__, __builtin_return_address(0));          \
        }                                                                                          \
    } while (0)

/* ---- system calls ---------------------------------------------------------------------------- */

enum ledger_trap_state {
    LEDGER_TRAP_UNKNOWN, /* of this thread, nobody has asked yet */
    LEDGER_TRAP_ON,
    LEDGER_TRAP_CANNOT,
};

#if defined(__linux__) && defined(__x86_64__)
enum {
    LEDGER_LET_THROUGH = 0,
    LEDGER_TRAP = 1
};

/* The kernel reads it at each system call of the thread. */
extern _Thread_local volatile char ledger_selector LEDGER_TLS;
extern _Thread_local enum ledger_trap_state ledger_trap_state LEDGER_TLS;

/* Asks the kernel to look at the selector of this thread. */
void ledger_trap_install(void);

static inline bool ledger_trap_works(void) {
    if (__builtin_expect(ledger_trap_state == LEDGER_TRAP_UNKNOWN, 0)) {
        ledger_trap_install();
    }
    return ledger_trap_state == LEDGER_TRAP_ON;
}

/* Whether this thread's system calls are reported. Nobody looks where it cannot be. */
static inline void ledger_trap_set(bool on) {
    ledger_selector = on ? LEDGER_TRAP : LEDGER_LET_THROUGH;
}
#else
static inline bool ledger_trap_works(void) {
    return false;
}

static inline void ledger_trap_set(bool on) {
    (void)on;
}
#endif

/* ---- SIGSYS ---------------------------------------------------------------------------------- */

/* Once `handler` is installed (as rt_sigaction(2) takes it, with its way back), nobody blocks or
 * replaces it any more. Returns whether that worked. Once per process. */
bool ledger_signal_claim(void (*handler)(int, void *, void *), void (*restorer)(void));
/* Unblocks it for the calling thread. */
void ledger_signal_unblock(void);
/* A SIGSYS that is not ours goes to whoever wanted it. */
void ledger_signal_forward(int number, void *info, void *context);

#endif
