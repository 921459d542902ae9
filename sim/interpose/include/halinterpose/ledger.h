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
 * What the vDSO answers without the kernel, such as clock_gettime(), is no system call. A call that
 * waits for a lock in the kernel counts twice: a contended lock, and a system call.
 *
 * Plain binaries: nothing is rebuilt. Not in sanitizer builds, whose allocator must stay in front.
 *
 * What it changes for the driver: SIGSYS cannot be blocked once a row has been begun, and a handler
 * for it is called only for what is not the ledger's. A system call in a row takes some
 * microseconds longer, which the elapsed time of the call contains; outside, some 150 ns on a
 * thread that has begun a row. One that makes a thread, or a child that shares memory (vfork,
 * posix_spawn), ends the watch for system calls until the next allocation, lock or
 * halledger_note() of this row. What a handler of a signal does in a row is counted.
 * For gdb: handle SIGSYS nostop noprint.
 */
#ifndef HALINTERPOSE_LEDGER_H
#define HALINTERPOSE_LEDGER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The executable defines these; libraries call them, perhaps weakly. */
#define HALLEDGER_API __attribute__((visibility("default")))

enum halledger_kind {
    HALLEDGER_ALLOCATION,
    HALLEDGER_FREE,
    /* Taken at once: mutexes, read-write locks, spin locks, semaphores. Not counted are calls that
     * only try, which cannot wait, and calls that let go. */
    HALLEDGER_LOCK,
    HALLEDGER_CONTENDED, /* those for which the thread had to wait; each wait for a condition */
    HALLEDGER_SYSTEM_CALL,
    HALLEDGER_PAGE_FAULT,     /* minor and major; sampled, see halledger_row.sampled */
    HALLEDGER_CONTEXT_SWITCH, /* voluntary and not; sampled */
    HALLEDGER_KIND_COUNT,
};

/* "allocation", "system-call", ... */
HALLEDGER_API const char *halledger_kind_name(enum halledger_kind kind);

/* Whether this machine and this build count `kind`. */
HALLEDGER_API bool halledger_sees(enum halledger_kind kind);

#define HALLEDGER_UNLIMITED UINT32_MAX
#define HALLEDGER_STACK_MAX 20
#define HALLEDGER_EVIDENCE  4 /* of one row */

/* One thing that the budget did not allow. */
struct halledger_evidence {
    atomic_bool complete; /* load with acquire before the rest is read */
    enum halledger_kind kind;
    /* Of the system call; bytes of the allocation; how many faults or switches; else 0. */
    long number;
    const char *function;             /* that was called: "malloc"; NULL: not known */
    int depth;                        /* 0 for faults and switches */
    void *stack[HALLEDGER_STACK_MAX]; /* innermost first: who called the function */
};

/* Zeroed, then budgets set, then used: by one thread at a time, or by many if `shared` says so,
 * which costs some nanoseconds per call. Any thread may read it meanwhile. */
struct halledger_row {
    uint32_t budget[HALLEDGER_KIND_COUNT]; /* per call of the entry point; constant while used */
    bool shared;                           /* constant while used */
    atomic_ullong calls;
    /* Calls of which faults and switches were counted: the first 16, then one in 256. */
    atomic_ullong sampled;
    atomic_ullong counts[HALLEDGER_KIND_COUNT];
    atomic_ullong worst[HALLEDGER_KIND_COUNT]; /* within one call */
    atomic_ullong worst_ns;
    atomic_ullong violations; /* calls that went over the budget */
    atomic_ullong abandoned;  /* calls that did not come back */
    atomic_uint evidence_count;
    atomic_uint evidence_looks; /* stacks that were walked for evidence, the same ones too */
    struct halledger_evidence evidence[HALLEDGER_EVIDENCE]; /* no two alike */
};

/* On the thread that is about to enter the driver. Rows do not nest: one that is still under way
 * is abandoned. */
HALLEDGER_API void halledger_begin(struct halledger_row *row);
/* Behind the call; `elapsed_ns` is how long it took. Nothing, when nothing is under way. */
HALLEDGER_API void halledger_end(uint64_t elapsed_ns);

/* The call will not come back: it crashed, or was jumped out of. What it did until then is added,
 * and the thread is as before. May be called in a signal handler that does not return; a thread
 * that ends in a row does it by itself. Nothing, when nothing is under way. */
HALLEDGER_API void halledger_abandon(void);

/* What is done in between is not the driver's: the host's own work on the same thread. They nest.
 * Cheap when nothing is under way. For handlers of signals, too. */
HALLEDGER_API void halledger_pause(void);
HALLEDGER_API void halledger_resume(void);

/* For a library with allocators or locks of its own: one `kind` happens, on behalf of whoever
 * called the caller's function. Cheap when nothing is under way. */
HALLEDGER_API void halledger_note(enum halledger_kind kind);

/* Memory runs out: of the allocations that code of a driver makes in calls with a row, the `nth`
 * from now on fails with ENOMEM, then none any more. 0: none. Not in this are those that libraries
 * make on a driver's behalf: Core Foundation does not survive them on a Mac either. */
HALLEDGER_API void halledger_fail_allocation(uint64_t nth);
/* How many have failed since the process began. */
HALLEDGER_API uint64_t halledger_failed_allocations(void);

/* "system call write (1) in Gecko.driver!WriteMix+0x12 <- libhalsim.so!...": where it was done, by
 * the driver's code first; between it and the kernel "by fwrite", the function that it called. A
 * function that ended with a jump to what it called has left no frame.
 * Returns the length, as snprintf() does; 0 for evidence that is not complete. Not in a row. */
HALLEDGER_API size_t halledger_describe(const struct halledger_evidence *evidence, char *buffer,
                                        size_t size);

#endif
