/* interpose_thread.c - creating, joining and ending threads; what runs once. */
#define _GNU_SOURCE
#include "interpose.h"
#include "sched_world.h"
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static pthread_key_t end_key;
static pthread_once_t end_key_once = PTHREAD_ONCE_INIT;

/* The thread takes part until the last of its destructors has run: they may lock and wait. This
 * one asks to be called again until there is no other round. */
static void at_thread_end(void *value) {
    struct sched_thread *thread = value;
    if (++thread->end_rounds < PTHREAD_DESTRUCTOR_ITERATIONS) {
        (void)pthread_setspecific(end_key, thread);
        return;
    }
    sched_thread_end(thread);
}

static void make_end_key(void) {
    (void)pthread_key_create(&end_key, at_thread_end);
}

static void *run_thread(void *argument) {
    struct sched_thread *thread = argument;
    (void)pthread_setspecific(end_key, thread);
    thread->handle = pthread_self();
    thread->kernel_id = gettid();
    (void)prctl(PR_GET_NAME, thread->name);
    sched_thread_begin(thread);
    /* Kept for a join by the C library as well. */
    return thread->start(thread->argument);
}

EXPORTED int pthread_create(pthread_t *handle, const pthread_attr_t *attributes,
                            void *(*start)(void *), void *argument) {
    if (sched_managed() == NULL) {
        return sched_real()->create(handle, attributes, start, argument);
    }
    int detached = PTHREAD_CREATE_JOINABLE;
    if (attributes != NULL) {
        (void)pthread_attr_getdetachstate(attributes, &detached);
    }
    (void)sched_real()->once(&end_key_once, make_end_key);
    struct sched_thread *thread =
        sched_thread_add(start, argument, detached == PTHREAD_CREATE_DETACHED);
    if (thread == NULL) {
        return EAGAIN;
    }
    int error = sched_real()->create(handle, attributes, run_thread, thread);
    if (error != 0) {
        sched_thread_forget(thread);
        return error;
    }
    /* Before the thread itself has set it: it may be joined first. */
    thread->handle = *handle;
    sched_point("pthread_create");
    return 0;
}

int halsched_create_unmanaged(pthread_t *thread, const pthread_attr_t *attributes,
                              void *(*start)(void *), void *argument) {
    if (sched_managed() != NULL) {
        sched_seat_free();
    }
    return sched_real()->create(thread, attributes, start, argument);
}

/* Waits until `target` has ended; 0, EDEADLK or ETIMEDOUT. */
static int await_end(struct sched_thread *self, struct sched_thread *target, const char *operation,
                     uint64_t deadline_ns) {
    if (target == self) {
        return EDEADLK;
    }
    sched_point(operation);
    sched_lock();
    while (target->state != THREAD_ENDED) {
        if (sched_error_of(sched_wait_locked(target, operation, deadline_ns)) == ETIMEDOUT) {
            return ETIMEDOUT;
        }
        sched_lock();
    }
    sched_unlock();
    return 0;
}

static int join_until(pthread_t handle, void **value, const char *operation, uint64_t deadline_ns) {
    struct sched_thread *self = sched_managed();
    struct sched_thread *target = sched_thread_find(handle);
    int error = 0;
    if (self != NULL && target != NULL) {
        error = await_end(self, target, operation, deadline_ns);
    } else if (self != NULL) {
        OUTSIDE(error, operation, sched_real()->join(handle, value));
        return error;
    }
    if (error == 0) {
        error = sched_real()->join(handle, value); /* it has ended, or is about to */
    }
    if (error == 0 && target != NULL) {
        sched_thread_forget(target);
    }
    return error;
}

EXPORTED int pthread_join(pthread_t handle, void **value) {
    if (!halsched_is_active()) {
        return sched_real()->join(handle, value);
    }
    return join_until(handle, value, "pthread_join", FOREVER);
}

REAL(pthread_tryjoin_np)
REAL(pthread_timedjoin_np)
REAL(pthread_clockjoin_np)

EXPORTED int pthread_tryjoin_np(pthread_t handle, void **value) {
    struct sched_thread *target = sched_managed() != NULL ? sched_thread_find(handle) : NULL;
    if (target == NULL) {
        return real_pthread_tryjoin_np()(handle, value);
    }
    sched_point("pthread_tryjoin_np");
    return target->state == THREAD_ENDED ? join_until(handle, value, "pthread_tryjoin_np", 0)
                                         : EBUSY;
}

EXPORTED int pthread_timedjoin_np(pthread_t handle, void **value, const struct timespec *until) {
    if (sched_managed() == NULL) {
        return real_pthread_timedjoin_np()(handle, value, until);
    }
    return join_until(handle, value, "pthread_timedjoin_np",
                      until == NULL ? FOREVER : sched_ns_of(until, CLOCK_REALTIME));
}

EXPORTED int pthread_clockjoin_np(pthread_t handle, void **value, clockid_t clock,
                                  const struct timespec *until) {
    if (sched_managed() == NULL) {
        return real_pthread_clockjoin_np()(handle, value, clock, until);
    }
    return join_until(handle, value, "pthread_clockjoin_np",
                      until == NULL ? FOREVER : sched_ns_of(until, clock));
}

EXPORTED int pthread_detach(pthread_t handle) {
    struct sched_thread *target = halsched_is_active() ? sched_thread_find(handle) : NULL;
    int error = sched_real()->detach(handle);
    if (error == 0 && target != NULL) {
        sched_lock();
        bool ended = target->state == THREAD_ENDED;
        target->detached = true;
        sched_unlock();
        if (ended) {
            sched_thread_forget(target);
        }
    }
    return error;
}

EXPORTED int pthread_cancel(pthread_t handle) {
    struct sched_thread *target = halsched_is_active() ? sched_thread_find(handle) : NULL;
    int error = sched_real()->cancel(handle);
    if (error == 0 && target != NULL) {
        sched_cancel_wait(target);
    }
    return error;
}

REAL(pthread_setcancelstate)

EXPORTED int pthread_setcancelstate(int state, int *old) {
    struct sched_thread *self = sched_managed();
    int error = real_pthread_setcancelstate()(state, old);
    if (error == 0 && self != NULL) {
        self->cancel_disabled = state == PTHREAD_CANCEL_DISABLE;
    }
    return error;
}

EXPORTED int sched_yield(void) {
    if (sched_managed() == NULL) {
        return sched_real()->yield();
    }
    /* Behind all that is ready, not behind all that is due: time does not pass for it. */
    sched_lock();
    sched_yield_locked();
    return 0;
}

/* The C library lets a second caller wait in the kernel, where the scheduler cannot see it. So the
 * second waits here until the first is through. */
#define MOST_ONCES 16
static pthread_once_t *under_way[MOST_ONCES];

EXPORTED int pthread_once(pthread_once_t *control, void (*routine)(void)) {
    if (sched_managed() == NULL) {
        return sched_real()->once(control, routine);
    }
    sched_lock();
    for (int i = 0; i < MOST_ONCES; i++) {
        while (under_way[i] == control) {
            (void)sched_hold_locked(control, "pthread_once", FOREVER);
            sched_lock();
        }
    }
    int slot = 0;
    while (slot < MOST_ONCES && under_way[slot] != NULL) {
        slot++;
    }
    if (slot < MOST_ONCES) {
        under_way[slot] = control;
    }
    sched_unlock();
    int error = sched_real()->once(control, routine);
    if (slot < MOST_ONCES) {
        sched_lock();
        under_way[slot] = NULL;
        (void)sched_wake_locked(control, UINT32_MAX);
        sched_unlock();
    }
    return error;
}
