/* interpose_time.c - clocks and sleeps in virtual time. */
#define _GNU_SOURCE
#include "interpose.h"
#include <errno.h>
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

static void sleep_ns(uint64_t ns, const char *operation) {
    sched_lock();
    (void)sched_error_of(sched_wait_locked(NULL, operation, sched_now() + ns));
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

EXPORTED int nanosleep(const struct timespec *length, struct timespec *left) {
    if (sched_managed() == NULL) {
        return sched_real()->nanosleep(length, left);
    }
    if (!is_valid(length)) {
        errno = EINVAL;
        return -1;
    }
    sleep_ns(length_of(length), "nanosleep");
    return 0;
}

EXPORTED int clock_nanosleep(clockid_t clock, int flags, const struct timespec *length,
                             struct timespec *left) {
    if (sched_managed() == NULL) {
        return sched_real()->clock_nanosleep(clock, flags, length, left);
    }
    if (!is_valid(length)) {
        return EINVAL;
    }
    uint64_t now = sched_now();
    uint64_t until =
        (flags & TIMER_ABSTIME) != 0 ? sched_ns_of(length, clock) : now + length_of(length);
    sleep_ns(until > now ? until - now : 0, "clock_nanosleep");
    return 0;
}

EXPORTED int usleep(useconds_t length) {
    if (sched_managed() == NULL) {
        return sched_real()->usleep(length);
    }
    sleep_ns((uint64_t)length * 1000, "usleep");
    return 0;
}

EXPORTED unsigned sleep(unsigned seconds) {
    if (sched_managed() == NULL) {
        return sched_real()->sleep(seconds);
    }
    sleep_ns(seconds * NS_PER_S, "sleep");
    return 0;
}
