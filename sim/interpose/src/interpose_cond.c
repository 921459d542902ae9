/* interpose_cond.c - condition variables and semaphores in virtual time. */
#define _GNU_SOURCE
#include "interpose.h"
#include "ledger_internal.h"
#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>

/* Conditions whose timed waits are on CLOCK_MONOTONIC: the C library has no way to ask. Those that
 * a static initializer or a default attribute made are not in it. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t **conds;
    size_t count, room;
} monotonic = {.lock = PTHREAD_MUTEX_INITIALIZER};

static size_t find_locked(const pthread_cond_t *cond) {
    size_t i = 0;
    while (i < monotonic.count && monotonic.conds[i] != cond) {
        i++;
    }
    return i;
}

static bool is_monotonic(const pthread_cond_t *cond) {
    (void)sched_real()->mutex_lock(&monotonic.lock);
    bool found = find_locked(cond) < monotonic.count;
    (void)sched_real()->mutex_unlock(&monotonic.lock);
    return found;
}

static void set_monotonic(pthread_cond_t *cond, bool is) {
    (void)sched_real()->mutex_lock(&monotonic.lock);
    size_t at = find_locked(cond);
    if (!is && at < monotonic.count) {
        monotonic.conds[at] = monotonic.conds[--monotonic.count];
    }
    if (is && at == monotonic.count) {
        if (monotonic.count == monotonic.room) {
            size_t room = monotonic.room == 0 ? 16 : 2 * monotonic.room;
            pthread_cond_t **more = realloc(monotonic.conds, room * sizeof *more);
            if (more == NULL) {
                abort(); /* its timeouts would be wrong from here on */
            }
            monotonic.conds = more;
            monotonic.room = room;
        }
        monotonic.conds[monotonic.count++] = cond;
    }
    (void)sched_real()->mutex_unlock(&monotonic.lock);
}

EXPORTED int pthread_cond_init(pthread_cond_t *cond, const pthread_condattr_t *attributes) {
    clockid_t clock = CLOCK_REALTIME;
    if (attributes != NULL) {
        (void)pthread_condattr_getclock(attributes, &clock);
    }
    set_monotonic(cond, clock == CLOCK_MONOTONIC);
    return sched_real()->cond_init(cond, attributes);
}

EXPORTED int pthread_cond_destroy(pthread_cond_t *cond) {
    set_monotonic(cond, false);
    return sched_real()->cond_destroy(cond);
}

/* Between giving the mutex up and waiting no other managed thread runs; one that is not managed
 * signals under the scheduler's lock. */
static int wait_for(pthread_cond_t *cond, pthread_mutex_t *mutex, const char *operation,
                    uint64_t deadline_ns) {
    sched_lock();
    int error = sched_real()->mutex_unlock(mutex);
    if (error != 0) {
        sched_unlock();
        return error;
    }
    (void)sched_wake_locked(mutex, UINT32_MAX);
    enum wake_reason reason = sched_wait_locked(cond, operation, deadline_ns);
    halledger_pause(); /* the C library's own wait takes it unseen, too */
    error = pthread_mutex_lock(mutex);
    halledger_resume();
    if (error == 0) {
        error = sched_error_of(reason);
    }
    return error == EINTR ? 0 : error; /* a wake without a reason is allowed */
}

EXPORTED int pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex) {
    LEDGER_COUNT(HALLEDGER_CONTENDED, 0);
    if (sched_managed() == NULL) {
        return sched_real()->cond_wait(cond, mutex);
    }
    return wait_for(cond, mutex, "pthread_cond_wait", FOREVER);
}

EXPORTED int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
                                    const struct timespec *until) {
    LEDGER_COUNT(HALLEDGER_CONTENDED, 0);
    if (sched_managed() == NULL) {
        return sched_real()->cond_timedwait(cond, mutex, until);
    }
    clockid_t clock = is_monotonic(cond) ? CLOCK_MONOTONIC : CLOCK_REALTIME;
    return wait_for(cond, mutex, "pthread_cond_timedwait", sched_ns_of(until, clock));
}

EXPORTED int pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *mutex, clockid_t clock,
                                    const struct timespec *until) {
    LEDGER_COUNT(HALLEDGER_CONTENDED, 0);
    if (sched_managed() == NULL) {
        return sched_real()->cond_clockwait(cond, mutex, clock, until);
    }
    return wait_for(cond, mutex, "pthread_cond_clockwait", sched_ns_of(until, clock));
}

static int signal_to(pthread_cond_t *cond, uint32_t most, int (*real)(pthread_cond_t *),
                     const char *operation) {
    if (halsched_is_active()) {
        uint32_t woken = sched_wake(cond, most);
        if (sched_self != NULL) {
            sched_point(operation);
        }
        if (woken >= most) {
            return 0;
        }
    }
    return real(cond);
}

EXPORTED int pthread_cond_signal(pthread_cond_t *cond) {
    return signal_to(cond, 1, sched_real()->cond_signal, "pthread_cond_signal");
}

EXPORTED int pthread_cond_broadcast(pthread_cond_t *cond) {
    return signal_to(cond, UINT32_MAX, sched_real()->cond_broadcast, "pthread_cond_broadcast");
}

/* For the ledger, whether it was there at once is known only by trying; errno stays. */
static bool try_at_first(sem_t *semaphore, const char *operation, const void *caller) {
    int error = errno;
    bool took = sched_real()->sem_trywait(semaphore) == 0;
    errno = error;
    if (ledger_is_open()) {
        ledger_count_slowly(took ? HALLEDGER_LOCK : HALLEDGER_CONTENDED, 0, operation, caller);
    }
    return took;
}

/* Of several processes, one that sem_open() made too: nobody tells the scheduler. The C library's
 * own description says so in its third word. */
static bool is_shared(const sem_t *semaphore) {
    return ((const int *)semaphore)[2] != 0;
}

static int look_at_semaphore(void *semaphore) {
    return sched_real()->sem_trywait(semaphore) == 0;
}

static int take_shared(sem_t *semaphore, const char *operation, uint64_t deadline_ns) {
    if (deadline_ns == FOREVER) {
        int result;
        OUTSIDE(result, operation, sched_real()->sem_wait(semaphore));
        return result;
    }
    int found = sched_look_until(look_at_semaphore, semaphore, deadline_ns, operation);
    if (found == 0) {
        errno = ETIMEDOUT;
    }
    return found > 0 ? 0 : -1;
}

static int take(sem_t *semaphore, const char *operation, uint64_t deadline_ns) {
    sched_point(operation);
    if (try_at_first(semaphore, operation, __builtin_return_address(0))) {
        return 0;
    }
    if (is_shared(semaphore)) {
        return take_shared(semaphore, operation, deadline_ns);
    }
    while (sched_real()->sem_trywait(semaphore) != 0) {
        if (errno != EAGAIN) {
            return -1;
        }
        sched_lock();
        if (sched_real()->sem_trywait(semaphore) == 0) {
            sched_unlock();
            return 0;
        }
        int error = sched_error_of(sched_wait_locked(semaphore, operation, deadline_ns));
        if (error != 0) {
            errno = error;
            return -1;
        }
    }
    return 0;
}

EXPORTED int sem_wait(sem_t *semaphore) {
    if (sched_managed() == NULL) {
        if (ledger_is_open() && try_at_first(semaphore, __func__, __builtin_return_address(0))) {
            return 0;
        }
        return sched_real()->sem_wait(semaphore);
    }
    return take(semaphore, "sem_wait", FOREVER);
}

EXPORTED int sem_timedwait(sem_t *semaphore, const struct timespec *until) {
    if (sched_managed() == NULL) {
        if (ledger_is_open() && try_at_first(semaphore, __func__, __builtin_return_address(0))) {
            return 0;
        }
        return sched_real()->sem_timedwait(semaphore, until);
    }
    return take(semaphore, "sem_timedwait", sched_ns_of(until, CLOCK_REALTIME));
}

REAL(sem_clockwait)

EXPORTED int sem_clockwait(sem_t *semaphore, clockid_t clock, const struct timespec *until) {
    if (sched_managed() == NULL) {
        if (ledger_is_open() && try_at_first(semaphore, __func__, __builtin_return_address(0))) {
            return 0;
        }
        return real_sem_clockwait()(semaphore, clock, until);
    }
    return take(semaphore, "sem_clockwait", sched_ns_of(until, clock));
}

EXPORTED int sem_post(sem_t *semaphore) {
    int result = sched_real()->sem_post(semaphore);
    if (result == 0 && halsched_is_active()) {
        (void)sched_wake(semaphore, 1);
        if (sched_self != NULL) {
            sched_point("sem_post");
        }
    }
    return result;
}
