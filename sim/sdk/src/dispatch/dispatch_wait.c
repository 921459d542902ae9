/* dispatch_wait.c - waiting and waking on real threads. */
#define _GNU_SOURCE
#include "dispatch/dispatch_wait.h"

#include "dispatch/dispatch_internal.h"
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

static struct halsdk_wait_thread *asked; /* to be started when the lock is given up */
static struct halsdk_wait_cond started_cond = HALSDK_WAIT_COND_INIT;

/* Without it, a thread of ordinary priority that is preempted with the lock would keep the IO
 * thread waiting for as long as anything of a higher priority runs. */
__attribute__((constructor)) static void let_priority_inherit(void) {
    pthread_mutexattr_t attributes;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
    /* A kernel without it refuses; the mutex stays as it is. */
    pthread_mutex_init(&lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

static struct timespec timespec_of(uint64_t ns) {
    struct timespec time = {.tv_sec = (time_t)(ns / 1000000000u),
                            .tv_nsec = (long)(ns % 1000000000u)};
    return time;
}

uint64_t halsdk_wait_real_deadline(uint64_t delta_ns) {
    uint64_t now = halsdk_monotonic_ns();
    return delta_ns >= HALSDK_WAIT_FOREVER - now ? HALSDK_WAIT_FOREVER : now + delta_ns;
}

void halsdk_wait_cond_init(struct halsdk_wait_cond *cond) {
    pthread_cond_init(&cond->cond, NULL);
}

void halsdk_wait_cond_destroy(struct halsdk_wait_cond *cond) {
    pthread_cond_destroy(&cond->cond);
}

int halsdk_wait_enter(void) {
    int old;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
    return old;
}

void halsdk_wait_leave(int old) {
    pthread_setcancelstate(old, NULL);
}

/* ---- the lock, and threads ------------------------------------------------------------------ */

void halsdk_wait_lock_unnoticed(void) {
    int error = pthread_mutex_lock(&lock);
    assert(error == 0);
    (void)error;
}

void halsdk_wait_lock(void) {
    halsdk_wait_lock_unnoticed();
    atomic_store_explicit(&was_used, true, memory_order_relaxed);
}

bool halsdk_queues_were_used(void) {
    return atomic_load_explicit(&was_used, memory_order_relaxed);
}

static void unlock(void) {
    int error = pthread_mutex_unlock(&lock);
    assert(error == 0);
    (void)error;
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

static void *run_thread(void *context) {
    const struct halsdk_wait_thread *thread = context;

    (pthread_setname_np)(pthread_self(), thread->name);
    return thread->run(NULL);
}

static bool start_thread(struct halsdk_wait_thread *thread) {
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
    error = pthread_create(&thread->id, &attributes, run_thread, thread);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attributes);
    return error == 0;
}

/* Gives up the lock meanwhile. */
static void start_asked_locked(void) {
    while (asked) {
        struct halsdk_wait_thread *thread = asked;
        bool is_started;

        asked = thread->next;
        unlock();
        is_started = start_thread(thread);
        halsdk_wait_lock();
        thread->state = is_started ? HALSDK_THREAD_RUNS : HALSDK_THREAD_NONE;
        if (!is_started)
            thread->refused(thread);
        pthread_cond_broadcast(&started_cond.cond);
    }
}

void halsdk_wait_unlock(void) {
    start_asked_locked();
    unlock();
}

void halsdk_wait_ask_thread(struct halsdk_wait_thread *thread) {
    assert(thread->state == HALSDK_THREAD_NONE);
    thread->state = HALSDK_THREAD_ASKED;
    thread->next = asked;
    asked = thread;
}

void halsdk_wait_join_thread(struct halsdk_wait_thread *thread) {
    while (thread->state == HALSDK_THREAD_ASKED)
        halsdk_wait_on(&started_cond, HALSDK_WAIT_FOREVER);
    if (thread->state == HALSDK_THREAD_NONE)
        return;
    halsdk_wait_unlock();
    pthread_join(thread->id, NULL);
    halsdk_wait_lock();
    thread->state = HALSDK_THREAD_NONE;
}

/* ---- waiting -------------------------------------------------------------------------------- */

bool halsdk_wait_on_real(struct halsdk_wait_cond *cond, uint64_t deadline_ns) {
    bool is_in_time = true;
    int cancel_state;

    if (asked) {
        start_asked_locked(); /* and what the caller waits for may have come meanwhile */
        return true;
    }
    cancel_state = halsdk_wait_enter();
    if (deadline_ns == HALSDK_WAIT_FOREVER) {
        pthread_cond_wait(&cond->cond, &lock);
    } else {
        struct timespec until = timespec_of(deadline_ns);
        is_in_time =
            pthread_cond_clockwait(&cond->cond, &lock, CLOCK_MONOTONIC, &until) != ETIMEDOUT;
    }
    halsdk_wait_leave(cancel_state);
    return is_in_time;
}

/* A timed wait in virtual time is a timer that wakes its waiter, so that waits and timers pass in
 * one order. It lies on the waiter's stack. */
struct sleeper {
    struct timer timer;
    struct halsdk_wait_cond *cond;
    bool is_due;
};

static void wake_sleeper(struct timer *timer, uint64_t now_ns) {
    struct sleeper *sleeper = (struct sleeper *)timer;

    (void)now_ns;
    sleeper->is_due = true;
    /* Others may wait on the same condition: all look again. */
    halsdk_wait_wake_all(sleeper->cond);
}

static bool wait_on_virtual(struct halsdk_wait_cond *cond, uint64_t deadline_ns) {
    struct sleeper sleeper = {.timer.fire = wake_sleeper, .cond = cond};

    if (halsdk_now_ns() >= deadline_ns)
        return false;
    timer_arm_locked(&sleeper.timer, deadline_ns);
    halsdk_wait_on_real(cond, HALSDK_WAIT_FOREVER);
    timer_disarm_locked(&sleeper.timer);
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
        int cancel_state = halsdk_wait_enter();

        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
            ;
        halsdk_wait_leave(cancel_state);
    }
}

void halsdk_wait_word(const uint32_t *word, uint32_t expected) {
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, NULL, NULL, 0);
}

void halsdk_wait_wake_word(const uint32_t *word) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}
