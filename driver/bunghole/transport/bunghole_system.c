/* bunghole_system.c */
#define _GNU_SOURCE /* pthread_setname_np() */
#include "bunghole_system.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* No sleep is longer: a clock that is set wrong, or a deadline that was forgotten, costs no more.
 */
#define LONGEST_MS 1000

uint64_t bunghole_now_ns(void) {
#ifdef __APPLE__
    return clock_gettime_nsec_np(CLOCK_UPTIME_RAW);
#else
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * BUNGHOLE_NS_PER_S + (uint64_t)now.tv_nsec;
#endif
}

struct start {
    const char *name;
    void (*run)(void *context);
    void *context;
};

static void *begin(void *argument) {
    struct start start = *(struct start *)argument;
    free(argument);
#ifdef __APPLE__
    pthread_setname_np(start.name);
#else
    pthread_setname_np(pthread_self(), start.name);
#endif
    start.run(start.context);
    return NULL;
}

static bool prepare(int fd) {
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
           fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

/* The signals of the host are the host's. */
static bool create(struct bunghole_thread *thread, struct start *start) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int status = pthread_create(&thread->thread, NULL, begin, start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status == 0;
}

bool bunghole_thread_start(struct bunghole_thread *thread, const char *name,
                           void (*run)(void *context), void *context) {
    thread->started = false;
    atomic_init(&thread->stop, false);
    struct start *start = malloc(sizeof *start);
    if (start == NULL) {
        return false;
    }
    *start = (struct start){name, run, context};
    if (pipe(thread->wake) != 0) {
        free(start);
        return false;
    }
    if (!prepare(thread->wake[0]) || !prepare(thread->wake[1]) || !create(thread, start)) {
        free(start);
        close(thread->wake[0]);
        close(thread->wake[1]);
        return false;
    }
    thread->started = true;
    return true;
}

void bunghole_thread_stop(struct bunghole_thread *thread) {
    if (!thread->started) {
        return;
    }
    atomic_store_explicit(&thread->stop, true, memory_order_release);
    bunghole_thread_wake(thread);
    int status = pthread_join(thread->thread, NULL);
    assert(status == 0);
    (void)status;
    close(thread->wake[0]);
    close(thread->wake[1]);
    thread->started = false;
}

void bunghole_thread_wake(struct bunghole_thread *thread) {
    /* A pipe that is full wakes as well. */
    ssize_t written;
    do {
        written = write(thread->wake[1], "", 1);
    } while (written < 0 && errno == EINTR);
}

bool bunghole_thread_is_stopping(const struct bunghole_thread *thread) {
    return atomic_load_explicit(&thread->stop, memory_order_acquire);
}

static int timeout_ms(uint64_t until_ns) {
    uint64_t now = bunghole_now_ns();
    if (until_ns <= now) {
        return 0;
    }
    uint64_t length = (until_ns - now + BUNGHOLE_NS_PER_MS - 1) / BUNGHOLE_NS_PER_MS;
    return length < LONGEST_MS ? (int)length : LONGEST_MS;
}

short bunghole_thread_sleep(struct bunghole_thread *thread, int fd, short events,
                            uint64_t until_ns) {
    struct pollfd fds[] = {{.fd = thread->wake[0], .events = POLLIN}, {.fd = fd, .events = events}};
    if (poll(fds, 2, timeout_ms(until_ns)) <= 0) {
        return 0;
    }
    if (fds[0].revents != 0) {
        char bytes[64];
        (void)!read(thread->wake[0], bytes, sizeof bytes); /* what is left wakes again */
    }
    return fds[1].revents;
}
