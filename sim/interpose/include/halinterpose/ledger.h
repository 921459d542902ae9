/* ledger.h - what a thread does while it is inside a driver's entry point.
 *
 * Between halledger_begin() and halledger_end() the calling thread's allocations, frees, locks,
 * system calls, page faults and context switches are counted and added to a row, one for each
 * entry point or IO operation. What a row's budget does not allow is remembered with the call and
 * its stack.
 *
 * Allocations and locks are seen because the executable's malloc() and pthread_mutex_lock() come
 * before the C library's (see sched.h). System calls are seen by the kernel's syscall user dispatch
 * (Linux 5.11, x86-64), raw ones too; elsewhere they are not counted, and halledger_sees() says so.
 * Plain binaries: nothing is rebuilt. Not in sanitizer builds, whose allocator must stay in front.
 */
#ifndef HALINTERPOSE_LEDGER_H
#define HALINTERPOSE_LEDGER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum halledger_kind {
    HALLEDGER_ALLOCATION,
    HALLEDGER_FREE,
    HALLEDGER_LOCK,      /* mutexes and read-write locks, taken at once */
    HALLEDGER_CONTENDED, /* those for which the thread had to wait */
    HALLEDGER_SYSTEM_CALL,
    HALLEDGER_PAGE_FAULT,     /* minor and major; sampled, see halledger_row.sampled */
    HALLEDGER_CONTEXT_SWITCH, /* voluntary and not; sampled */
    HALLEDGER_KIND_COUNT,
};

/* "allocation", "system-call", ... */
const char *halledger_kind_name(enum halledger_kind kind);

/* Whether this machine and this build count `kind`. */
bool halledger_sees(enum halledger_kind kind);

#define HALLEDGER_UNLIMITED UINT32_MAX
#define HALLEDGER_STACK_MAX 20
#define HALLEDGER_EVIDENCE  4 /* of one row */

/* One thing that the budget did not allow. */
struct halledger_evidence {
    enum halledger_kind kind;
    long number; /* of the system call; bytes of the allocation; else 0 */
    int depth;
    void *stack[HALLEDGER_STACK_MAX]; /* innermost first */
};

/* Zeroed, then budgets set, then used; one thread or many. */
struct halledger_row {
    uint32_t budget[HALLEDGER_KIND_COUNT]; /* per call of the entry point; constant while used */
    atomic_ullong calls;
    atomic_ullong sampled; /* calls of which faults and switches were counted: one in 16 */
    atomic_ullong counts[HALLEDGER_KIND_COUNT];
    atomic_ullong worst[HALLEDGER_KIND_COUNT]; /* within one call */
    atomic_ullong worst_ns;
    atomic_ullong violations; /* calls that went over the budget */
    atomic_uint evidence_count;
    struct halledger_evidence evidence[HALLEDGER_EVIDENCE];
};

/* On the thread that is about to enter the driver, with nothing under way. */
void halledger_begin(struct halledger_row *row);
/* Behind the call; `elapsed_ns` is how long it took. */
void halledger_end(uint64_t elapsed_ns);

/* What is done in between is not the driver's: the host's own work on the same thread. They nest.
 * Cheap when nothing is under way. */
void halledger_pause(void);
void halledger_resume(void);

#endif
