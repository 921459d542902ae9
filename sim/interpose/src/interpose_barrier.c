/* interpose_barrier.c - barriers in virtual time.
 *
 * The C library has no way to try a barrier, so managed threads count themselves here. A barrier
 * that managed threads share with others would never open: that is not supported.
 */
#define _GNU_SOURCE
#include "interpose.h"
#include "sched_world.h"
#include <string.h>

REAL(pthread_barrier_wait)

/* Those at which threads wait; more at a time are not supported. */
#define MOST_BARRIERS 64

static struct meeting {
    const pthread_barrier_t *barrier;
    unsigned arrived;
} meetings[MOST_BARRIERS];

void sched_barriers_begin(void) {
    memset(meetings, 0, sizeof meetings);
}

static struct meeting *find_locked(const pthread_barrier_t *barrier) {
    struct meeting *found = NULL;
    for (int i = 0; i < MOST_BARRIERS; i++) {
        if (meetings[i].barrier == barrier) {
            return &meetings[i];
        }
        if (found == NULL && meetings[i].barrier == NULL) {
            found = &meetings[i];
        }
    }
    return found;
}

/* Third word of the C library's own description, which other programs' compiled code relies on. */
static unsigned expected_at(const pthread_barrier_t *barrier) {
    return ((const unsigned *)barrier)[2];
}

EXPORTED int pthread_barrier_wait(pthread_barrier_t *barrier) {
    struct sched_thread *self = sched_managed();
    if (self == NULL) {
        return real_pthread_barrier_wait()(barrier);
    }
    sched_point("pthread_barrier_wait");
    sched_lock();
    struct meeting *meeting = find_locked(barrier);
    if (meeting == NULL) {
        static atomic_flag said = ATOMIC_FLAG_INIT;
        sched_unlock();
        sched_say_unsupported("more than 64 barriers with waiting threads", &said);
        return real_pthread_barrier_wait()(barrier);
    }
    meeting->barrier = barrier;
    if (++meeting->arrived == expected_at(barrier)) {
        *meeting = (struct meeting){0};
        (void)sched_wake_locked(barrier, UINT32_MAX);
        sched_unlock();
        sched_point("pthread_barrier_wait");
        return PTHREAD_BARRIER_SERIAL_THREAD;
    }
    /* A signal's handler may run meanwhile; only the last one to arrive lets go. */
    while (sched_hold_locked(barrier, "pthread_barrier_wait", FOREVER) == WAKE_SIGNAL) {
        sched_lock();
    }
    return 0;
}
