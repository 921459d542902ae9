/* bunghole_system.h - time, and a thread that sleeps in poll() and can be woken. */
#ifndef BUNGHOLE_SYSTEM_H
#define BUNGHOLE_SYSTEM_H

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define BUNGHOLE_NS_PER_S  UINT64_C(1000000000)
#define BUNGHOLE_NS_PER_MS UINT64_C(1000000)
#define BUNGHOLE_NEVER     UINT64_MAX

/* Of the clock that mach_absolute_time() counts, CLOCK_MONOTONIC on Linux. */
uint64_t bunghole_now_ns(void);

struct bunghole_thread {
    pthread_t thread;
    bool started;
    int wake[2]; /* a pipe: read end, write end; both do not block */
    _Atomic bool stop;
};

/* False, with nothing left behind, when there is no thread or no pipe to be had. The thread takes
 * no signals. `name` is at most 15 bytes. */
bool bunghole_thread_start(struct bunghole_thread *thread, const char *name,
                           void (*run)(void *context), void *context);
/* Ends a thread that was started, and waits for it. */
void bunghole_thread_stop(struct bunghole_thread *thread);
/* Not for an IO thread. */
void bunghole_thread_wake(struct bunghole_thread *thread);

/* By the thread itself: waits for `events` of `fd` (-1: none), a wake-up, or `until_ns`, rounded up
 * to milliseconds. Returns what has happened to fd. */
short bunghole_thread_sleep(struct bunghole_thread *thread, int fd, short events,
                            uint64_t until_ns);
bool bunghole_thread_is_stopping(const struct bunghole_thread *thread);

#endif
