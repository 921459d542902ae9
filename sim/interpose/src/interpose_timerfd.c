/* interpose_timerfd.c - timers behind a descriptor, in virtual time.
 *
 * The driver gets an eventfd: what is read from it is a count, too, and it is readable when that is
 * not 0. The count is added when someone looks (sched_look_until()), which is no later than the
 * timer is due. Only managed threads see it become readable.
 */
#define _GNU_SOURCE
#include "interpose.h"
#include "sched_world.h"
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

REAL(timerfd_create)
REAL(timerfd_settime)
REAL(timerfd_gettime)
REAL(close)
REAL(write)

#define NS_PER_S    UINT64_C(1000000000)
#define MOST_TIMERS 64

/* By the holder of the turn, but `used`, which close() may ask for from elsewhere. */
static struct timer {
    int fd;
    clockid_t clock;
    uint64_t due_ns; /* FOREVER: not armed */
    uint64_t every_ns;
} timers[MOST_TIMERS];
static atomic_int used;

static struct timer *find_timer(int fd) {
    int count = atomic_load(&used);
    for (int i = 0; i < count; i++) {
        if (timers[i].fd == fd) {
            return &timers[i];
        }
    }
    return NULL;
}

bool sched_timerfd_any(void) {
    return atomic_load_explicit(&used, memory_order_relaxed) != 0;
}

bool sched_timerfd_is(int fd) {
    return find_timer(fd) != NULL;
}

void sched_timerfd_begin(void) {
    atomic_store(&used, 0);
}

uint64_t sched_timerfd_update(void) {
    uint64_t next = FOREVER, now = sched_now();
    int count = atomic_load(&used);
    for (int i = 0; i < count; i++) {
        struct timer *timer = &timers[i];
        if (timer->due_ns <= now) {
            uint64_t times = 1;
            if (timer->every_ns != 0) {
                times += (now - timer->due_ns) / timer->every_ns;
                timer->due_ns += times * timer->every_ns;
            } else {
                timer->due_ns = FOREVER;
            }
            halledger_pause();
            (void)!real_write()(timer->fd, &times, sizeof times);
            halledger_resume();
        }
        next = timer->due_ns < next ? timer->due_ns : next;
    }
    return next;
}

EXPORTED int timerfd_create(clockid_t clock, int flags) {
    if (sched_managed() == NULL) {
        return real_timerfd_create()(clock, flags);
    }
    int count = atomic_load(&used);
    if (count == MOST_TIMERS) {
        errno = EMFILE;
        return -1;
    }
    int event_flags = ((flags & TFD_NONBLOCK) != 0 ? EFD_NONBLOCK : 0) |
                      ((flags & TFD_CLOEXEC) != 0 ? EFD_CLOEXEC : 0);
    int fd = eventfd(0, event_flags);
    if (fd >= 0) {
        timers[count] = (struct timer){.fd = fd, .clock = clock, .due_ns = FOREVER};
        atomic_store(&used, count + 1);
    }
    return fd;
}

static struct timespec timespec_of(uint64_t ns) {
    return (struct timespec){.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};
}

static void tell(const struct timer *timer, struct itimerspec *value) {
    uint64_t left = timer->due_ns == FOREVER       ? 0
                    : timer->due_ns <= sched_now() ? 1
                                                   : timer->due_ns - sched_now();
    *value = (struct itimerspec){.it_interval = timespec_of(timer->every_ns),
                                 .it_value = timespec_of(left)};
}

EXPORTED int timerfd_settime(int fd, int flags, const struct itimerspec *value,
                             struct itimerspec *before) {
    struct timer *timer = sched_managed() == NULL ? NULL : find_timer(fd);
    if (timer == NULL) {
        return real_timerfd_settime()(fd, flags, value, before);
    }
    if (value->it_value.tv_nsec < 0 || value->it_value.tv_nsec >= (long)NS_PER_S ||
        value->it_interval.tv_nsec < 0 || value->it_interval.tv_nsec >= (long)NS_PER_S) {
        errno = EINVAL;
        return -1;
    }
    if (before != NULL) {
        tell(timer, before);
    }
    struct pollfd look = {.fd = fd, .events = POLLIN};
    if (sched_real()->poll(&look, 1, 0) == 1) {
        uint64_t forgotten; /* what was due before */
        (void)!sched_real()->read(fd, &forgotten, sizeof forgotten);
    }
    timer->every_ns = sched_length_of(&value->it_interval);
    uint64_t length = sched_length_of(&value->it_value);
    timer->due_ns = length == 0                        ? FOREVER
                    : (flags & TFD_TIMER_ABSTIME) != 0 ? sched_ns_of(&value->it_value, timer->clock)
                                                       : sched_after(length);
    sched_wake_lookers();
    return 0;
}

EXPORTED int timerfd_gettime(int fd, struct itimerspec *value) {
    struct timer *timer = sched_managed() == NULL ? NULL : find_timer(fd);
    if (timer == NULL) {
        return real_timerfd_gettime()(fd, value);
    }
    tell(timer, value);
    return 0;
}

/* Its number may mean something else soon. */
EXPORTED int close(int fd) {
    if (halsched_is_active() &&
        sched_timerfd_any()) { /* not in a child, where the lock may be held */
        sched_lock();
        struct timer *timer = find_timer(fd);
        if (timer != NULL) {
            int last = atomic_load(&used) - 1;
            *timer = timers[last];
            atomic_store(&used, last);
        }
        sched_unlock();
    }
    return real_close()(fd);
}
