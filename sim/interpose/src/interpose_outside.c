/* interpose_outside.c - waiting for what is not simulated: sockets, pipes, terminals, futexes.
 *
 * A call that would not wait goes straight through. One that would, lets others run meanwhile. A
 * timeout of poll() or select() is virtual: the thread looks again whenever all others wait, until
 * the deadline; only when nothing else is due it waits for real.
 */
#define _GNU_SOURCE
#include "interpose.h"
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NS_PER_MS     UINT64_C(1000000)
/* A peer that is another process needs some real time; looking more often would only burn it. */
#define LOOK_AGAIN_NS (1 * NS_PER_MS)

/* Looks at once, then at each virtual millisecond. `look` returns 0 when nothing has come. */
static int look_until(int (*look)(void *), void *context, uint64_t deadline_ns,
                      const char *operation) {
    for (;;) {
        int found = look(context);
        if (found != 0) {
            return found;
        }
        if (sched_now() >= deadline_ns) {
            return 0;
        }
        uint64_t next = sched_now() + LOOK_AGAIN_NS;
        sched_lock();
        enum wake_reason reason =
            sched_wait_locked(NULL, operation, next < deadline_ns ? next : deadline_ns);
        (void)sched_error_of(reason);
    }
}

struct poll_call {
    struct pollfd *fds;
    nfds_t count;
};

static int look_at_poll(void *context) {
    const struct poll_call *call = context;
    return sched_real()->poll(call->fds, call->count, 0);
}

EXPORTED int poll(struct pollfd *fds, nfds_t count, int timeout_ms) {
    if (sched_managed() == NULL) {
        return sched_real()->poll(fds, count, timeout_ms);
    }
    if (timeout_ms < 0) {
        int found = sched_real()->poll(fds, count, 0);
        if (found == 0) {
            sched_go_outside("poll");
            found = sched_real()->poll(fds, count, -1);
            int error = errno;
            sched_come_back();
            errno = error;
        }
        return found;
    }
    struct poll_call call = {.fds = fds, .count = count};
    return look_until(look_at_poll, &call, sched_now() + (uint64_t)timeout_ms * NS_PER_MS, "poll");
}

struct select_call {
    int count;
    fd_set *sets[3];
    fd_set asked[3];
};

static int look_at_select(void *context) {
    struct select_call *call = context;
    struct timeval none = {0};
    for (int i = 0; i < 3; i++) {
        if (call->sets[i] != NULL) {
            *call->sets[i] = call->asked[i];
        }
    }
    return sched_real()->select(call->count, call->sets[0], call->sets[1], call->sets[2], &none);
}

EXPORTED int select(int count, fd_set *restrict reads, fd_set *restrict writes,
                    fd_set *restrict exceptions, struct timeval *restrict timeout) {
    if (sched_managed() == NULL) {
        return sched_real()->select(count, reads, writes, exceptions, timeout);
    }
    if (timeout == NULL) {
        sched_go_outside("select");
        int found = sched_real()->select(count, reads, writes, exceptions, NULL);
        int error = errno;
        sched_come_back();
        errno = error;
        return found;
    }
    struct select_call call = {.count = count, .sets = {reads, writes, exceptions}};
    for (int i = 0; i < 3; i++) {
        if (call.sets[i] != NULL) {
            call.asked[i] = *call.sets[i];
        }
    }
    uint64_t length =
        (uint64_t)timeout->tv_sec * 1000 * NS_PER_MS + (uint64_t)timeout->tv_usec * 1000;
    return look_until(look_at_select, &call, sched_now() + length, "select");
}

/* Lets others run when `fd` has nothing to read. */
#define READ_OUTSIDE(type, operation, fd, call)                                                    \
    if (sched_managed() == NULL) {                                                                 \
        return (call);                                                                             \
    }                                                                                              \
    struct pollfd look = {.fd = (fd), .events = POLLIN};                                           \
    if (sched_real()->poll(&look, 1, 0) != 0) {                                                    \
        return (call);                                                                             \
    }                                                                                              \
    sched_go_outside(operation);                                                                   \
    type result = (call);                                                                          \
    int error = errno;                                                                             \
    sched_come_back();                                                                             \
    errno = error;                                                                                 \
    return result

EXPORTED ssize_t read(int fd, void *to, size_t size) {
    READ_OUTSIDE(ssize_t, "read", fd, sched_real()->read(fd, to, size));
}

EXPORTED ssize_t recv(int fd, void *to, size_t size, int flags) {
    READ_OUTSIDE(ssize_t, "recv", fd, sched_real()->recv(fd, to, size, flags));
}

EXPORTED ssize_t recvfrom(int fd, void *restrict to, size_t size, int flags,
                          struct sockaddr *restrict from, socklen_t *restrict from_size) {
    READ_OUTSIDE(ssize_t, "recvfrom", fd,
                 sched_real()->recvfrom(fd, to, size, flags, from, from_size));
}

EXPORTED ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
    READ_OUTSIDE(ssize_t, "recvmsg", fd, sched_real()->recvmsg(fd, message, flags));
}

EXPORTED int accept(int fd, struct sockaddr *restrict from, socklen_t *restrict from_size) {
    READ_OUTSIDE(int, "accept", fd, sched_real()->accept(fd, from, from_size));
}

EXPORTED int accept4(int fd, struct sockaddr *restrict from, socklen_t *restrict from_size,
                     int flags) {
    READ_OUTSIDE(int, "accept4", fd, sched_real()->accept4(fd, from, from_size, flags));
}

/* Locks of their own make wait and wake by this: os_unfair_lock, and drivers written for Linux. */
static long futex(uint32_t *word, int operation, uint32_t value, const struct timespec *timeout,
                  uint32_t *word2, uint32_t value3) {
    int command = operation & FUTEX_CMD_MASK;
    if (command == FUTEX_WAKE) {
        sched_lock();
        uint32_t woken = sched_wake_locked(word, value);
        sched_unlock();
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
            uint64_t length =
                (uint64_t)timeout->tv_sec * 1000 * NS_PER_MS + (uint64_t)timeout->tv_nsec;
            clockid_t clock =
                (operation & FUTEX_CLOCK_REALTIME) != 0 ? CLOCK_REALTIME : CLOCK_MONOTONIC;
            deadline = command == FUTEX_WAIT ? sched_now() + length : sched_ns_of(timeout, clock);
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

EXPORTED long syscall(long number, ...) {
    long a[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++) {
        a[i] = va_arg(list, long);
    }
    va_end(list);
    if (number == SYS_futex && halsched_is_active()) {
        return futex((uint32_t *)a[0], (int)a[1], (uint32_t)a[2], (const struct timespec *)a[3],
                     (uint32_t *)a[4], (uint32_t)a[5]);
    }
    return sched_real()->syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
