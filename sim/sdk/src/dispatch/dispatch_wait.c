/* dispatch_wait.c - waiting and waking on real threads. */
#define _GNU_SOURCE
#include "dispatch/dispatch_wait.h"

#include "system/mach_time.h"
#include <assert.h>
#include <errno.h>
#include <halsdk/halsdk.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool was_used; /* nothing in the runtime happens without the lock */

/* A timed wait in virtual time: lives on the waiter's stack while it waits. */
struct sleeper {
    struct sleeper *next;
    struct halsdk_wait_cond *cond;
    uint64_t deadline_ns;
    bool is_due;
};
static struct sleeper *sleepers;

static struct timespec timespec_of(uint64_t ns) {
    struct timespec time = {.tv_sec = (time_t)(ns / 1000000000u),
                            .tv_nsec = (long)(ns % 1000000000u)};
    return time;
}

static uint64_t real_now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t halsdk_wait_real_deadline(uint64_t delta_ns) {
    uint64_t now = real_now_ns();
    return delta_ns >= HALSDK_WAIT_FOREVER - now ? HALSDK_WAIT_FOREVER : now + delta_ns;
}

void halsdk_wait_cond_init(struct halsdk_wait_cond *cond) {
    pthread_cond_init(&cond->cond, NULL);
}

void halsdk_wait_cond_destroy(struct halsdk_wait_cond *cond) {
    pthread_cond_destroy(&cond->cond);
}

void halsdk_wait_lock(void) {
    int error = pthread_mutex_lock(&lock);
    assert(error == 0);
    (void)error;
    atomic_store_explicit(&was_used, true, memory_order_relaxed);
}

bool halsdk_queues_were_used(void) {
    return atomic_load_explicit(&was_used, memory_order_relaxed);
}

void halsdk_wait_unlock(void) {
    int error = pthread_mutex_unlock(&lock);
    assert(error == 0);
    (void)error;
}

bool halsdk_wait_on_real(struct halsdk_wait_cond *cond, uint64_t deadline_ns) {
    struct timespec until;

    if (deadline_ns == HALSDK_WAIT_FOREVER) {
        pthread_cond_wait(&cond->cond, &lock);
        return true;
    }
    until = timespec_of(deadline_ns);
    return pthread_cond_clockwait(&cond->cond, &lock, CLOCK_MONOTONIC, &until) != ETIMEDOUT;
}

static bool wait_on_virtual(struct halsdk_wait_cond *cond, uint64_t deadline_ns) {
    struct sleeper sleeper = {.next = sleepers, .cond = cond, .deadline_ns = deadline_ns};
    struct sleeper **link;

    if (halsdk_now_ns() >= deadline_ns)
        return false;
    sleepers = &sleeper;
    pthread_cond_wait(&cond->cond, &lock);
    for (link = &sleepers; *link != &sleeper; link = &(*link)->next)
        ;
    *link = sleeper.next;
    return !sleeper.is_due;
}

bool halsdk_wait_on(struct halsdk_wait_cond *cond, uint64_t deadline_ns) {
    if (deadline_ns != HALSDK_WAIT_FOREVER && halsdk_time_is_virtual())
        return wait_on_virtual(cond, deadline_ns);
    return halsdk_wait_on_real(cond, deadline_ns);
}

void halsdk_wait_wake_one(struct halsdk_wait_cond *cond) {
    pthread_cond_signal(&cond->cond);
}

void halsdk_wait_wake_all(struct halsdk_wait_cond *cond) {
    pthread_cond_broadcast(&cond->cond);
}

size_t halsdk_wait_advance(uint64_t now_ns) {
    size_t count = 0;

    halsdk_wait_lock();
    for (struct sleeper *sleeper = sleepers; sleeper; sleeper = sleeper->next) {
        if (sleeper->deadline_ns <= now_ns && !sleeper->is_due) {
            sleeper->is_due = true;
            /* Others may wait on the same condition: all look again. */
            pthread_cond_broadcast(&sleeper->cond->cond);
            count++;
        }
    }
    halsdk_wait_unlock();
    return count;
}

void halsdk_wait_sleep_until(uint64_t deadline_ns) {
    if (halsdk_time_is_virtual()) {
        struct halsdk_wait_cond nobody_wakes = HALSDK_WAIT_COND_INIT;

        halsdk_wait_lock();
        while (halsdk_wait_on(&nobody_wakes, deadline_ns))
            ;
        halsdk_wait_unlock();
        halsdk_wait_cond_destroy(&nobody_wakes);
    } else {
        struct timespec until = timespec_of(deadline_ns);

        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
            ;
    }
}

void halsdk_wait_word(const uint32_t *word, uint32_t expected) {
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, NULL, NULL, 0);
}

void halsdk_wait_wake_word(const uint32_t *word) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* As in libdispatch: what a fault raises in the thread itself must come through, and SIGPIPE, which
 * is how a driver's write to a closed peer shows. */
static void block_signals(sigset_t *old) {
    static const int kept[] = {SIGILL,  SIGTRAP, SIGABRT, SIGFPE, SIGBUS,
                               SIGSEGV, SIGSYS,  SIGPIPE, SIGPROF};
    sigset_t set;

    sigfillset(&set);
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        sigdelset(&set, kept[i]);
    pthread_sigmask(SIG_BLOCK, &set, old);
}

bool halsdk_wait_start_thread(pthread_t *thread, const char *name, void *(*run)(void *),
                              void *argument) {
    struct sched_param ordinary = {.sched_priority = 0};
    pthread_attr_t attributes;
    sigset_t old;
    int error;

    pthread_attr_init(&attributes);
    /* The first dispatch_async() may come from the IO thread: its real-time policy is not for us.
     */
    pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
    pthread_attr_setschedpolicy(&attributes, SCHED_OTHER);
    pthread_attr_setschedparam(&attributes, &ordinary);
    block_signals(&old);
    error = pthread_create(thread, &attributes, run, argument);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attributes);
    if (error == 0)
        (pthread_setname_np)(*thread, name);
    return error == 0;
}
