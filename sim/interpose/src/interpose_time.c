/* interpose_time.c - clocks and sleeps in virtual time. */
#define _GNU_SOURCE
#include "interpose.h"
#include "ledger_internal.h"
#include <errno.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S UINT64_C(1000000000)

static uint64_t length_of(const struct timespec *time) {
    return (uint64_t)time->tv_sec * NS_PER_S + (uint64_t)time->tv_nsec;
}

static struct timespec timespec_of(uint64_t ns) {
    return (struct timespec){.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};
}

static bool is_valid(const struct timespec *time) {
    return time->tv_sec >= 0 && time->tv_nsec >= 0 && time->tv_nsec < (long)NS_PER_S;
}

/* Virtual sleep asks no kernel; for the ledger it is what it would be. In the exported function. */
#define COUNT_SLEEP() LEDGER_COUNT(HALLEDGER_SYSTEM_CALL, SYS_clock_nanosleep)

/* Clocks of the wall; all others count from the start of the machine, or of the process. */
static uint64_t ahead_of_monotonic(clockid_t clock) {
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI
               ? sched_epoch_ns()
               : 0;
}

uint64_t sched_ns_of(const struct timespec *time, clockid_t clock) {
    if (!is_valid(time)) {
        return 0; /* long past */
    }
    uint64_t ns = length_of(time);
    uint64_t ahead = ahead_of_monotonic(clock);
    return ns > ahead ? ns - ahead : 0;
}

uint64_t halsched_real_ns(void) {
    struct timespec now;
    (void)sched_real()->clock_gettime(CLOCK_MONOTONIC, &now);
    return length_of(&now);
}

/* Returns what is left when a signal came first. */
static uint64_t sleep_ns(uint64_t ns, const char *operation) {
    uint64_t until = sched_after(ns);
    sched_lock();
    bool signalled = sched_error_of(sched_wait_locked(NULL, operation, until)) == EINTR;
    return signalled && until > sched_now() ? until - sched_now() : 0;
}

EXPORTED int clock_gettime(clockid_t clock, struct timespec *time) {
    /* What a process or thread has used of a processor is real. */
    if (sched_managed() == NULL || clock == CLOCK_PROCESS_CPUTIME_ID ||
        clock == CLOCK_THREAD_CPUTIME_ID) {
        return sched_real()->clock_gettime(clock, time);
    }
    *time = timespec_of(sched_ask_time() + ahead_of_monotonic(clock));
    return 0;
}

EXPORTED int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    if (sched_managed() == NULL) {
        return sched_real()->gettimeofday(time, zone);
    }
    uint64_t ns = sched_ask_time() + sched_epoch_ns();
    *time = (struct timeval){.tv_sec = (time_t)(ns / NS_PER_S),
                             .tv_usec = (suseconds_t)(ns % NS_PER_S / 1000)};
    return 0;
}

EXPORTED time_t time(time_t *result) {
    if (sched_managed() == NULL) {
        return sched_real()->time(result);
    }
    time_t now = (time_t)((sched_ask_time() + sched_epoch_ns()) / NS_PER_S);
    if (result != NULL) {
        *result = now;
    }
    return now;
}

REAL(timespec_get)

/* The C library's own asks the kernel. */
EXPORTED int timespec_get(struct timespec *time, int base) {
    if (sched_managed() == NULL || base != TIME_UTC) {
        return real_timespec_get()(time, base);
    }
    *time = timespec_of(sched_ask_time() + sched_epoch_ns());
    return base;
}

EXPORTED int nanosleep(const struct timespec *length, struct timespec *left) {
    if (sched_managed() == NULL) {
        return sched_real()->nanosleep(length, left);
    }
    if (!is_valid(length)) {
        errno = EINVAL;
        return -1;
    }
    COUNT_SLEEP();
    uint64_t rest = sleep_ns(length_of(length), "nanosleep");
    if (rest == 0) {
        return 0;
    }
    if (left != NULL) {
        *left = timespec_of(rest);
    }
    errno = EINTR;
    return -1;
}

EXPORTED int clock_nanosleep(clockid_t clock, int flags, const struct timespec *length,
                             struct timespec *left) {
    if (sched_managed() == NULL) {
        return sched_real()->clock_nanosleep(clock, flags, length, left);
    }
    if (!is_valid(length)) {
        return EINVAL;
    }
    COUNT_SLEEP();
    uint64_t now = sched_now();
    uint64_t until =
        (flags & TIMER_ABSTIME) != 0 ? sched_ns_of(length, clock) : now + length_of(length);
    uint64_t rest = sleep_ns(until > now ? until - now : 0, "clock_nanosleep");
    if (rest != 0 && left != NULL && (flags & TIMER_ABSTIME) == 0) {
        *left = timespec_of(rest);
    }
    return rest == 0 ? 0 : EINTR;
}

EXPORTED int usleep(useconds_t length) {
    if (sched_managed() == NULL) {
        return sched_real()->usleep(length);
    }
    COUNT_SLEEP();
    if (sleep_ns((uint64_t)length * 1000, "usleep") != 0) {
        errno = EINTR;
        return -1;
    }
    return 0;
}

EXPORTED unsigned sleep(unsigned seconds) {
    if (sched_managed() == NULL) {
        return sched_real()->sleep(seconds);
    }
    COUNT_SLEEP();
    uint64_t rest = sleep_ns(seconds * NS_PER_S, "sleep");
    return (unsigned)((rest + NS_PER_S / 2) / NS_PER_S);
}
