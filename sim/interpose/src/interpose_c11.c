/* interpose_c11.c - <threads.h>: the C library's own does not come back to pthread_*, so these do.
 *
 * Its types are those of <pthread.h> under other names; initializing and destroying need no help.
 */
#define _GNU_SOURCE
#include "interpose.h"
#include <errno.h>
#include <stdlib.h>
#include <threads.h>

/* These are called by our own names: what stands in this library comes first. */
REAL(thrd_create)
REAL(thrd_sleep)

struct start {
    thrd_start_t function;
    void *argument;
};

static void *run(void *argument) {
    struct start start = *(struct start *)argument;
    free(argument);
    return (void *)(intptr_t)start.function(start.argument);
}

static int status_of(int error) {
    switch (error) {
    case 0:
        return thrd_success;
    case EBUSY:
        return thrd_busy;
    case ETIMEDOUT:
        return thrd_timedout;
    case ENOMEM:
        return thrd_nomem;
    default:
        return thrd_error;
    }
}

EXPORTED int thrd_create(thrd_t *thread, thrd_start_t function, void *argument) {
    if (sched_managed() == NULL) {
        return real_thrd_create()(thread, function, argument);
    }
    struct start *start = malloc(sizeof *start);
    if (start == NULL) {
        return thrd_nomem;
    }
    *start = (struct start){function, argument};
    int error = pthread_create((pthread_t *)thread, NULL, run, start);
    if (error != 0) {
        free(start);
    }
    return status_of(error);
}

EXPORTED int thrd_join(thrd_t thread, int *result) {
    void *value = NULL;
    int error = pthread_join((pthread_t)thread, &value);
    if (error == 0 && result != NULL) {
        *result = (int)(intptr_t)value;
    }
    return status_of(error);
}

EXPORTED int thrd_detach(thrd_t thread) {
    return status_of(pthread_detach((pthread_t)thread));
}

EXPORTED void thrd_yield(void) {
    (void)sched_yield();
}

EXPORTED int thrd_sleep(const struct timespec *length, struct timespec *left) {
    if (sched_managed() == NULL) {
        return real_thrd_sleep()(length, left);
    }
    if (nanosleep(length, left) == 0) {
        return 0;
    }
    return errno == EINTR ? -1 : -2;
}

EXPORTED int mtx_lock(mtx_t *mutex) {
    return status_of(pthread_mutex_lock((pthread_mutex_t *)mutex));
}

EXPORTED int mtx_trylock(mtx_t *mutex) {
    return status_of(pthread_mutex_trylock((pthread_mutex_t *)mutex));
}

EXPORTED int mtx_timedlock(mtx_t *restrict mutex, const struct timespec *restrict until) {
    return status_of(pthread_mutex_timedlock((pthread_mutex_t *)mutex, until));
}

EXPORTED int mtx_unlock(mtx_t *mutex) {
    return status_of(pthread_mutex_unlock((pthread_mutex_t *)mutex));
}

EXPORTED int cnd_wait(cnd_t *cond, mtx_t *mutex) {
    return status_of(pthread_cond_wait((pthread_cond_t *)cond, (pthread_mutex_t *)mutex));
}

EXPORTED int cnd_timedwait(cnd_t *restrict cond, mtx_t *restrict mutex,
                           const struct timespec *restrict until) {
    return status_of(
        pthread_cond_timedwait((pthread_cond_t *)cond, (pthread_mutex_t *)mutex, until));
}

EXPORTED int cnd_signal(cnd_t *cond) {
    return status_of(pthread_cond_signal((pthread_cond_t *)cond));
}

EXPORTED int cnd_broadcast(cnd_t *cond) {
    return status_of(pthread_cond_broadcast((pthread_cond_t *)cond));
}

EXPORTED void call_once(once_flag *flag, void (*function)(void)) {
    (void)pthread_once((pthread_once_t *)flag, function);
}
