/* interpose_mutex.c - mutexes and read-write locks in virtual time.
 *
 * The real lock stays the truth: a managed thread tries it, and when another holds it waits for its
 * address. So a lock means the same to threads that are not managed, and its type and its owner are
 * the C library's business.
 */
#define _GNU_SOURCE
#include "interpose.h"
#include "ledger_internal.h"
#include <errno.h>
#include <time.h>

int sched_error_of(enum wake_reason reason) {
    if (reason == WAKE_CANCELLED) {
        sched_self->cancel_asked = false; /* from here on it ends, and may wait */
        pthread_testcancel();
    }
    return reason == WAKE_DEADLINE ? ETIMEDOUT : reason == WAKE_SIGNAL ? EINTR : 0;
}

typedef int (*lock_function)(void *lock);

/* By what a first attempt said. */
static void count_lock(int error, const char *operation, const void *caller) {
    if (ledger_is_open()) {
        ledger_count_slowly(error == EBUSY ? HALLEDGER_CONTENDED : HALLEDGER_LOCK, 0, operation,
                            caller);
    }
}

#define UNKNOWN_HOLDER (-1)

/* How a lock is taken. */
struct way {
    lock_function attempt;
    lock_function take; /* the C library's, which waits */
    /* The kernel's ID of the thread that keeps others out; 0: one that has not said so yet, which a
     * managed thread does before it can be asked. NULL: nobody can tell. */
    int (*holder)(const void *lock);
};

/* By a thread that does not need the turn to let go. */
static bool is_held_outside(const struct way *way, const void *lock) {
    int holder = way->holder != NULL ? way->holder(lock) : UNKNOWN_HOLDER;
    return holder != UNKNOWN_HOLDER && !sched_is_managed_locked(holder);
}

/* Tries once more under the scheduler's lock. A holder that is not managed is waited for with the
 * turn: nobody else runs and no time passes meanwhile, so that it does not matter when it was. */
static int acquire(void *lock, const struct way *way, const char *operation, uint64_t deadline_ns) {
    lock_function attempt = way->attempt;
    sched_point(operation);
    int error = attempt(lock);
    count_lock(error, operation, __builtin_return_address(0));
    while (error == EBUSY) {
        sched_lock();
        error = attempt(lock);
        if (error != EBUSY) {
            sched_unlock();
            break;
        }
        if (is_held_outside(way, lock)) {
            sched_unlock();
            return way->take(lock);
        }
        if (sched_hold_locked(lock, operation, deadline_ns) == WAKE_DEADLINE) {
            return ETIMEDOUT;
        }
        error = attempt(lock);
    }
    return error;
}

static int release(struct sched_thread *self, void *lock, lock_function give,
                   const char *operation) {
    int error = give(lock);
    if (error == 0) {
        (void)sched_wake(lock, UINT32_MAX);
        if (self != NULL) {
            sched_point(operation);
        }
    }
    return error;
}

static int mutex_attempt(void *lock) {
    return sched_real()->mutex_trylock(lock);
}

static int mutex_take(void *lock) {
    return sched_real()->mutex_lock(lock);
}

static int mutex_holder(const void *lock) {
    return __atomic_load_n(&((const pthread_mutex_t *)lock)->__data.__owner, __ATOMIC_RELAXED);
}

static const struct way mutex_way = {mutex_attempt, mutex_take, mutex_holder};

static int mutex_give(void *lock) {
    return sched_real()->mutex_unlock(lock);
}

/* A lock that its own holder asks for: the C library answers those that check; of a normal mutex
 * the holder waits for ever, which is found as a deadlock. */
static bool answers_its_holder(const pthread_mutex_t *mutex, const struct sched_thread *self) {
    return mutex->__data.__owner == self->kernel_id &&
           (mutex->__data.__kind & 3) == PTHREAD_MUTEX_ERRORCHECK;
}

/* In real time, with the ledger open: whether the lock was there at once is known only by trying.
 * EBUSY: it was not. */
static int try_for_the_ledger(void *lock, lock_function attempt, const char *operation,
                              const void *caller) {
    int error = attempt(lock);
    count_lock(error, operation, caller);
    return error;
}

/* What the C library's own `call` returns, or the attempt when that was enough. In the function
 * that the driver called. */
#define TAKE(lock, attempt, call)                                                                  \
    do {                                                                                           \
        if (ledger_is_open()) {                                                                    \
            int error_ =                                                                           \
                try_for_the_ledger((lock), (attempt), __func__, __builtin_return_address(0));      \
            if (error_ != EBUSY) {                                                                 \
                return error_;                                                                     \
            }                                                                                      \
        }                                                                                          \
        return (call);                                                                             \
    } while (0)

EXPORTED int pthread_mutex_lock(pthread_mutex_t *mutex) {
    struct sched_thread *self = sched_managed();
    if (self == NULL || answers_its_holder(mutex, self)) {
        TAKE(mutex, mutex_attempt, sched_real()->mutex_lock(mutex));
    }
    return acquire(mutex, &mutex_way, "pthread_mutex_lock", FOREVER);
}

EXPORTED int pthread_mutex_trylock(pthread_mutex_t *mutex) {
    if (sched_managed() != NULL) {
        sched_point("pthread_mutex_trylock");
    }
    return sched_real()->mutex_trylock(mutex);
}

EXPORTED int pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *until) {
    struct sched_thread *self = sched_managed();
    if (self == NULL || answers_its_holder(mutex, self)) {
        TAKE(mutex, mutex_attempt, sched_real()->mutex_timedlock(mutex, until));
    }
    return acquire(mutex, &mutex_way, "pthread_mutex_timedlock",
                   sched_ns_of(until, CLOCK_REALTIME));
}

EXPORTED int pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock,
                                     const struct timespec *until) {
    struct sched_thread *self = sched_managed();
    if (self == NULL || answers_its_holder(mutex, self)) {
        TAKE(mutex, mutex_attempt, sched_real()->mutex_clocklock(mutex, clock, until));
    }
    return acquire(mutex, &mutex_way, "pthread_mutex_clocklock", sched_ns_of(until, clock));
}

EXPORTED int pthread_mutex_unlock(pthread_mutex_t *mutex) {
    if (!halsched_is_active()) {
        return sched_real()->mutex_unlock(mutex);
    }
    return release(sched_self, mutex, mutex_give, "pthread_mutex_unlock");
}

static int read_attempt(void *lock) {
    return sched_real()->rwlock_tryrdlock(lock);
}

static int write_attempt(void *lock) {
    return sched_real()->rwlock_trywrlock(lock);
}

static int read_take(void *lock) {
    return sched_real()->rwlock_rdlock(lock);
}

static int write_take(void *lock) {
    return sched_real()->rwlock_wrlock(lock);
}

/* Who reads is not written down. */
static int rwlock_holder(const void *lock) {
    const pthread_rwlock_t *rwlock = lock;
    int writer = __atomic_load_n(&rwlock->__data.__cur_writer, __ATOMIC_RELAXED);
    return writer != 0 ? writer : UNKNOWN_HOLDER;
}

static const struct way read_way = {read_attempt, read_take, rwlock_holder};
static const struct way write_way = {write_attempt, write_take, rwlock_holder};

static int rwlock_give(void *lock) {
    return sched_real()->rwlock_unlock(lock);
}

EXPORTED int pthread_rwlock_rdlock(pthread_rwlock_t *lock) {
    if (sched_managed() == NULL) {
        TAKE(lock, read_attempt, sched_real()->rwlock_rdlock(lock));
    }
    return acquire(lock, &read_way, "pthread_rwlock_rdlock", FOREVER);
}

EXPORTED int pthread_rwlock_wrlock(pthread_rwlock_t *lock) {
    if (sched_managed() == NULL) {
        TAKE(lock, write_attempt, sched_real()->rwlock_wrlock(lock));
    }
    return acquire(lock, &write_way, "pthread_rwlock_wrlock", FOREVER);
}

#define RWLOCK_UNTIL(kind, attempt, way)                                                           \
    REAL(pthread_rwlock_timed##kind)                                                               \
    REAL(pthread_rwlock_clock##kind)                                                               \
    EXPORTED int pthread_rwlock_timed##kind(pthread_rwlock_t *restrict lock,                       \
                                            const struct timespec *restrict until) {               \
        if (sched_managed() == NULL) {                                                             \
            TAKE(lock, attempt, real_pthread_rwlock_timed##kind()(lock, until));                   \
        }                                                                                          \
        return acquire(lock, &way, __func__, sched_ns_of(until, CLOCK_REALTIME));                  \
    }                                                                                              \
    EXPORTED int pthread_rwlock_clock##kind(pthread_rwlock_t *restrict lock, clockid_t clock,      \
                                            const struct timespec *restrict until) {               \
        if (sched_managed() == NULL) {                                                             \
            TAKE(lock, attempt, real_pthread_rwlock_clock##kind()(lock, clock, until));            \
        }                                                                                          \
        return acquire(lock, &way, __func__, sched_ns_of(until, clock));                           \
    }

RWLOCK_UNTIL(rdlock, read_attempt, read_way)
RWLOCK_UNTIL(wrlock, write_attempt, write_way)

EXPORTED int pthread_rwlock_unlock(pthread_rwlock_t *lock) {
    if (!halsched_is_active()) {
        return sched_real()->rwlock_unlock(lock);
    }
    return release(sched_self, lock, rwlock_give, "pthread_rwlock_unlock");
}

/* ---- spin locks: the one that waits gives way, which no instruction of its loop would -----------
 */

REAL(pthread_spin_lock)
REAL(pthread_spin_trylock)
REAL(pthread_spin_unlock)

static int spin_attempt(void *lock) {
    return real_pthread_spin_trylock()(lock);
}

static const struct way spin_way = {spin_attempt, NULL, NULL};

static int spin_give(void *lock) {
    return real_pthread_spin_unlock()(lock);
}

EXPORTED int pthread_spin_lock(pthread_spinlock_t *lock) {
    if (sched_managed() == NULL) {
        TAKE((void *)(uintptr_t)lock, spin_attempt, real_pthread_spin_lock()(lock));
    }
    return acquire((void *)(uintptr_t)lock, &spin_way, "pthread_spin_lock", FOREVER);
}

EXPORTED int pthread_spin_trylock(pthread_spinlock_t *lock) {
    if (sched_managed() != NULL) {
        sched_point("pthread_spin_trylock");
    }
    return real_pthread_spin_trylock()(lock);
}

EXPORTED int pthread_spin_unlock(pthread_spinlock_t *lock) {
    if (!halsched_is_active()) {
        return real_pthread_spin_unlock()(lock);
    }
    return release(sched_self, (void *)(uintptr_t)lock, spin_give, "pthread_spin_unlock");
}
