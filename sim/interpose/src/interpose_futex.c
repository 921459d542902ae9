/* interpose_futex.c - locks of other makes: they wait and wake by syscall(SYS_futex). */
#define _GNU_SOURCE
#include "interpose.h"
#include "sandbox.h"
#include "vsock_guard.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

/* os_unfair_lock, the C++ library, and drivers written for Linux. */
static long futex(uint32_t *word, int operation, uint32_t value, const struct timespec *timeout,
                  uint32_t *word2, uint32_t value3) {
    int command = operation & FUTEX_CMD_MASK;
    if (command == FUTEX_WAKE) {
        uint32_t woken = sched_wake(word, value);
        long real = woken < value ? sched_real()->syscall(SYS_futex, word, operation, value - woken,
                                                          NULL, NULL, 0)
                                  : 0;
        if (sched_self != NULL) {
            sched_point("futex wake");
        }
        return real < 0 ? real : real + woken;
    }
    if (sched_self != NULL && (command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET)) {
        uint64_t deadline = FOREVER;
        if (timeout != NULL) {
            clockid_t clock =
                (operation & FUTEX_CLOCK_REALTIME) != 0 ? CLOCK_REALTIME : CLOCK_MONOTONIC;
            deadline = command == FUTEX_WAIT ? sched_after(sched_length_of(timeout))
                                             : sched_ns_of(timeout, clock);
        }
        sched_lock();
        if (__atomic_load_n(word, __ATOMIC_SEQ_CST) != value) {
            sched_unlock();
            errno = EAGAIN;
            return -1;
        }
        int error = sched_error_of(sched_wait_locked(word, "futex wait", deadline));
        errno = error;
        return error == 0 ? 0 : -1;
    }
    return sched_real()->syscall(SYS_futex, word, operation, value, timeout, word2, value3);
}

/* Calls by their numbers, which have functions of their own. */
static bool sandbox_refuses(const void *caller, long number, const long *a) {
    switch (number) {
#ifdef SYS_open
    case SYS_open:
        return sandbox_refuses_file(caller, "open", AT_FDCWD, (const char *)a[0],
                                    sandbox_access_of((int)a[1]));
#endif
    case SYS_openat:
        return sandbox_refuses_file(caller, "openat", (int)a[0], (const char *)a[1],
                                    sandbox_access_of((int)a[2]));
    case SYS_connect:
        return sandbox_refuses_socket(caller, "connect", (const struct sockaddr *)a[1],
                                      (socklen_t)a[2]);
    case SYS_bind:
        return sandbox_refuses_socket(caller, "bind", (const struct sockaddr *)a[1],
                                      (socklen_t)a[2]);
    default:
        return false;
    }
}

EXPORTED long syscall(long number, ...) {
    long a[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++) {
        a[i] = va_arg(list, long);
    }
    va_end(list);
    if (sandbox_refuses(__builtin_return_address(0), number, a)) {
        return -1;
    }
    if (number == SYS_connect &&
        vsock_guard_refuses((const struct sockaddr *)a[1], (socklen_t)a[2])) {
        errno = EACCES;
        return -1;
    }
    if (number == SYS_futex && halsched_is_active()) {
        return futex((uint32_t *)a[0], (int)a[1], (uint32_t)a[2], (const struct timespec *)a[3],
                     (uint32_t *)a[4], (uint32_t)a[5]);
    }
    return sched_real()->syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
