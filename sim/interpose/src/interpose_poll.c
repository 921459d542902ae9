/* interpose_poll.c - waiting for one of several descriptors.
 *
 * A timeout is virtual: the thread looks again whenever all others wait, until the deadline; only
 * when nothing else is due it waits for real. It looks at once when a managed thread has written
 * something. Without a timeout it waits for real at once, unless
 * there are timers of timerfd_create(), which are virtual as well.
 */
#define _GNU_SOURCE
#include "interpose.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>

#define NS_PER_US     UINT64_C(1000)
#define NS_PER_MS     UINT64_C(1000000)
/* A peer that is another process needs some real time; looking more often would only burn it. */
#define LOOK_AGAIN_NS (1 * NS_PER_MS)
/* After a second of that, more seldom. */
#define EAGER_LOOKS   1000
#define LOOK_LATER_NS (10 * NS_PER_MS)

/* What all of them wait for; of no meaning but its address. */
static const char lookers;

void sched_wake_lookers(void) {
    if (sched_self != NULL) {
        (void)sched_wake(&lookers, UINT32_MAX);
    }
}

int sched_look_until(int (*look)(void *), void *context, uint64_t deadline_ns,
                     const char *operation) {
    for (unsigned looks = 0;; looks++) {
        uint64_t timer = sched_timerfd_update();
        halledger_pause(); /* what the driver asked for is one call */
        int found = look(context);
        halledger_resume();
        if (found != 0) {
            return found;
        }
        if (sched_now() >= deadline_ns) {
            return 0;
        }
        uint64_t next = sched_now() + (looks < EAGER_LOOKS ? LOOK_AGAIN_NS : LOOK_LATER_NS);
        next = timer < next ? timer : next;
        sched_lock();
        enum wake_reason reason =
            sched_wait_locked(&lookers, operation, next < deadline_ns ? next : deadline_ns);
        if (sched_error_of(reason) == EINTR) {
            errno = EINTR;
            return -1;
        }
    }
}

/* `look` without waiting; `wait` for ever. */
static int wait_or_look(int (*look)(void *), int (*wait)(void *), void *context, uint64_t length_ns,
                        const char *operation) {
    if (length_ns != FOREVER || sched_timerfd_any()) {
        return sched_look_until(look, context, sched_after(length_ns), operation);
    }
    halledger_pause();
    int found = look(context);
    halledger_resume();
    if (found == 0) {
        OUTSIDE(found, operation, wait(context));
    }
    return found;
}

static uint64_t length_of_ms(int timeout_ms) {
    return timeout_ms < 0 ? FOREVER : (uint64_t)timeout_ms * NS_PER_MS;
}

static const struct timespec none = {0};

/* ---- poll --------------------------------------------------------------------------------------
 */

REAL(ppoll)

struct poll_call {
    struct pollfd *fds;
    nfds_t count;
    const sigset_t *mask;
};

static int look_at_poll(void *context) {
    const struct poll_call *call = context;
    return real_ppoll()(call->fds, call->count, &none, call->mask);
}

static int wait_for_poll(void *context) {
    const struct poll_call *call = context;
    return real_ppoll()(call->fds, call->count, NULL, call->mask);
}

EXPORTED int poll(struct pollfd *fds, nfds_t count, int timeout_ms) {
    if (sched_managed() == NULL) {
        return sched_real()->poll(fds, count, timeout_ms);
    }
    struct poll_call call = {fds, count, NULL};
    return wait_or_look(look_at_poll, wait_for_poll, &call, length_of_ms(timeout_ms), "poll");
}

EXPORTED int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
                   const sigset_t *mask) {
    if (sched_managed() == NULL) {
        return real_ppoll()(fds, count, timeout, mask);
    }
    struct poll_call call = {fds, count, mask};
    return wait_or_look(look_at_poll, wait_for_poll, &call, sched_length_of(timeout), "ppoll");
}

/* ---- select ------------------------------------------------------------------------------------
 */

REAL(pselect)

struct select_call {
    int count;
    fd_set *sets[3];
    fd_set asked[3];
    const sigset_t *mask;
};

static int select_now(struct select_call *call, const struct timespec *timeout) {
    for (int i = 0; i < 3; i++) {
        if (call->sets[i] != NULL) {
            *call->sets[i] = call->asked[i];
        }
    }
    return real_pselect()(call->count, call->sets[0], call->sets[1], call->sets[2], timeout,
                          call->mask);
}

static int look_at_select(void *context) {
    return select_now(context, &none);
}

static int wait_for_select(void *context) {
    return select_now(context, NULL);
}

static int select_within(int count, fd_set *const sets[3], uint64_t length_ns, const sigset_t *mask,
                         const char *operation) {
    struct select_call call = {.count = count, .sets = {sets[0], sets[1], sets[2]}, .mask = mask};
    for (int i = 0; i < 3; i++) {
        if (call.sets[i] != NULL) {
            call.asked[i] = *call.sets[i];
        }
    }
    return wait_or_look(look_at_select, wait_for_select, &call, length_ns, operation);
}

EXPORTED int select(int count, fd_set *restrict reads, fd_set *restrict writes,
                    fd_set *restrict exceptions, struct timeval *restrict timeout) {
    if (sched_managed() == NULL) {
        return sched_real()->select(count, reads, writes, exceptions, timeout);
    }
    uint64_t length = timeout == NULL ? FOREVER
                                      : (uint64_t)timeout->tv_sec * 1000 * NS_PER_MS +
                                            (uint64_t)timeout->tv_usec * NS_PER_US;
    fd_set *const sets[3] = {reads, writes, exceptions};
    return select_within(count, sets, length, NULL, "select");
}

EXPORTED int pselect(int count, fd_set *restrict reads, fd_set *restrict writes,
                     fd_set *restrict exceptions, const struct timespec *restrict timeout,
                     const sigset_t *restrict mask) {
    if (sched_managed() == NULL) {
        return real_pselect()(count, reads, writes, exceptions, timeout, mask);
    }
    fd_set *const sets[3] = {reads, writes, exceptions};
    return select_within(count, sets, sched_length_of(timeout), mask, "pselect");
}

/* ---- epoll -------------------------------------------------------------------------------------
 */

REAL(epoll_wait)
REAL(epoll_pwait)

struct epoll_call {
    int fd;
    struct epoll_event *events;
    int most;
    const sigset_t *mask;
};

static int look_at_epoll(void *context) {
    const struct epoll_call *call = context;
    return real_epoll_pwait()(call->fd, call->events, call->most, 0, call->mask);
}

static int wait_for_epoll(void *context) {
    const struct epoll_call *call = context;
    return real_epoll_pwait()(call->fd, call->events, call->most, -1, call->mask);
}

EXPORTED int epoll_wait(int fd, struct epoll_event *events, int most, int timeout_ms) {
    if (sched_managed() == NULL) {
        return real_epoll_wait()(fd, events, most, timeout_ms);
    }
    struct epoll_call call = {fd, events, most, NULL};
    return wait_or_look(look_at_epoll, wait_for_epoll, &call, length_of_ms(timeout_ms),
                        "epoll_wait");
}

EXPORTED int epoll_pwait(int fd, struct epoll_event *events, int most, int timeout_ms,
                         const sigset_t *mask) {
    if (sched_managed() == NULL) {
        return real_epoll_pwait()(fd, events, most, timeout_ms, mask);
    }
    struct epoll_call call = {fd, events, most, mask};
    return wait_or_look(look_at_epoll, wait_for_epoll, &call, length_of_ms(timeout_ms),
                        "epoll_pwait");
}
