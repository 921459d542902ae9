/* interpose_signal.c - signals between managed threads, and waiting for one.
 *
 * pthread_kill() to a managed thread that waits, or is ready, is delivered when that has the turn:
 * its handler runs as part of the simulation. All other signals come when the kernel sends them;
 * what their handlers do to a thread without the turn is done as if it were not managed.
 */
#define _GNU_SOURCE
#include "interpose.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

REAL(sigwait)
REAL(sigwaitinfo)
REAL(sigtimedwait)
REAL(pause)
REAL(sigsuspend)
REAL(alarm)
REAL(setitimer)
REAL(timer_create)

void sched_say_unsupported(const char *what, atomic_flag *said) {
    if (!atomic_flag_test_and_set(said)) {
        halledger_pause();
        (void)fprintf(stderr, "virtual time: a driver uses %s, which is not supported\n", what);
        halledger_resume();
    }
}

#define UNSUPPORTED(what)                                                                          \
    do {                                                                                           \
        static atomic_flag said_ = ATOMIC_FLAG_INIT;                                               \
        if (sched_managed() != NULL) {                                                             \
            sched_say_unsupported((what), &said_);                                                 \
        }                                                                                          \
    } while (0)

EXPORTED int pthread_kill(pthread_t handle, int number) {
    struct sched_thread *self = sched_managed();
    if (self == NULL || number <= 0 || number > 64) {
        return sched_real()->kill(handle, number);
    }
    struct sched_thread *target = sched_thread_find(handle);
    if (target == NULL || target == self || !sched_send_signal(target, number)) {
        return sched_real()->kill(handle, number);
    }
    sched_point("pthread_kill");
    return 0;
}

/* ---- waiting -----------------------------------------------------------------------------------
 */

EXPORTED int sigwait(const sigset_t *restrict set, int *restrict number) {
    if (sched_managed() == NULL) {
        return real_sigwait()(set, number);
    }
    int error;
    OUTSIDE(error, "sigwait", real_sigwait()(set, number));
    return error;
}

EXPORTED int sigwaitinfo(const sigset_t *restrict set, siginfo_t *restrict info) {
    if (sched_managed() == NULL) {
        return real_sigwaitinfo()(set, info);
    }
    int number;
    OUTSIDE(number, "sigwaitinfo", real_sigwaitinfo()(set, info));
    return number;
}

struct wait_call {
    const sigset_t *set;
    siginfo_t *info;
};

static int look_at_signals(void *context) {
    const struct wait_call *call = context;
    const struct timespec none = {0};
    int number = real_sigtimedwait()(call->set, call->info, &none);
    return number > 0 ? number : errno == EAGAIN ? 0 : -1;
}

EXPORTED int sigtimedwait(const sigset_t *restrict set, siginfo_t *restrict info,
                          const struct timespec *restrict length) {
    if (sched_managed() == NULL) {
        return real_sigtimedwait()(set, info, length);
    }
    if (length == NULL) {
        return sigwaitinfo(set, info);
    }
    struct wait_call call = {set, info};
    int number = sched_look_until(look_at_signals, &call, sched_after(sched_length_of(length)),
                                  "sigtimedwait");
    /* The one that woke it may be the one that it waits for. */
    if (number < 0 && errno == EINTR) {
        number = look_at_signals(&call);
        errno = number > 0 ? errno : EINTR;
        return number > 0 ? number : -1;
    }
    if (number == 0) {
        errno = EAGAIN;
        return -1;
    }
    return number;
}

EXPORTED int pause(void) {
    if (sched_managed() == NULL) {
        return real_pause()();
    }
    int result;
    OUTSIDE(result, "pause", real_pause()());
    return result;
}

EXPORTED int sigsuspend(const sigset_t *mask) {
    if (sched_managed() == NULL) {
        return real_sigsuspend()(mask);
    }
    int result;
    OUTSIDE(result, "sigsuspend", real_sigsuspend()(mask));
    return result;
}

/* ---- timers that send signals ------------------------------------------------------------------
 */

EXPORTED unsigned alarm(unsigned seconds) {
    UNSUPPORTED("alarm(), a timer of real time");
    return real_alarm()(seconds);
}

EXPORTED int setitimer(__itimer_which_t which, const struct itimerval *restrict value,
                       struct itimerval *restrict before) {
    UNSUPPORTED("setitimer(), a timer of real time");
    return real_setitimer()(which, value, before);
}

EXPORTED int timer_create(clockid_t clock, struct sigevent *restrict event,
                          timer_t *restrict timer) {
    UNSUPPORTED("timer_create(), a timer of real time");
    return real_timer_create()(clock, event, timer);
}
