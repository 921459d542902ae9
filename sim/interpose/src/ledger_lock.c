/* ledger_lock.c - spin locks, which the scheduler does not know. */
#define _GNU_SOURCE
#include "ledger_internal.h"
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>

static int (*real_lock)(pthread_spinlock_t *);

__attribute__((constructor(102))) static void find_real(void) {
    *(void **)&real_lock = dlsym(RTLD_NEXT, "pthread_spin_lock");
}

HALLEDGER_API int pthread_spin_lock(pthread_spinlock_t *lock) {
    if (__builtin_expect(real_lock == NULL, 0)) {
        find_real();
    }
    if (!ledger_is_open()) {
        return real_lock(lock);
    }
    int error = pthread_spin_trylock(lock);
    LEDGER_COUNT(error == EBUSY ? HALLEDGER_CONTENDED : HALLEDGER_LOCK, 0);
    return error == EBUSY ? real_lock(lock) : error;
}
