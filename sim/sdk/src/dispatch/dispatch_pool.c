/* dispatch_pool.c - the threads that run work. */
#include "dispatch/dispatch_internal.h"

#include "system/mach_time.h"
#include <halsdk/halsdk.h>
#include <stdio.h>

enum {
    MAX_THREADS = 64, /* libdispatch's own limit; work beyond it waits */
};

static struct work_list ready;
static struct halsdk_wait_cond ready_cond = HALSDK_WAIT_COND_INIT;
static struct halsdk_wait_thread threads[MAX_THREADS];
static size_t thread_count, idle_count; /* `thread_count`: those that were only asked for too */
static size_t starting_count;           /* asked for, but not yet in their loop */
static bool is_ending;                  /* threads leave as soon as nothing is ready */
static bool is_stopping;                /* work is dropped */

/* Ready or running, on any thread but not in the main queue. What somebody has waited for in vain
 * counts apart: work up to the serial number `given_up`. */
static size_t busy_count, given_up_count;
static uint64_t last_serial, given_up;
static struct halsdk_wait_cond quiet_cond = HALSDK_WAIT_COND_INIT;
static pthread_mutex_t stop_lock = PTHREAD_MUTEX_INITIALIZER;

static void *run_thread(void *unused) {
    (void)unused;
    halsdk_wait_lock();
    starting_count--;
    for (;;) {
        struct work *work = work_list_pop(&ready);

        if (work) {
            work_perform_locked(work);
        } else if (is_ending) {
            break;
        } else {
            idle_count++;
            halsdk_wait_on(&ready_cond, HALSDK_WAIT_FOREVER);
            idle_count--;
        }
    }
    halsdk_wait_unlock();
    return NULL;
}

static void thread_refused(struct halsdk_wait_thread *thread) {
    (void)thread;
    thread_count--;
    starting_count--;
    if (thread_count > 0 || ready.count == 0)
        return; /* those that there are do the work */
    halsdk_wait_unlock();
    halsdk_crash("hal-lab: the system refuses a thread for dispatch");
}

static void ask_thread_locked(void) {
    size_t slot = 0;

    while (threads[slot].state != HALSDK_THREAD_NONE)
        slot++;
    snprintf(threads[slot].name, sizeof threads[slot].name, "dispatch-%zu", slot);
    threads[slot].run = run_thread;
    threads[slot].refused = thread_refused;
    halsdk_wait_ask_thread(&threads[slot]);
    thread_count++;
    starting_count++;
}

/* A thread for each work that is ready: one that waits for another must not keep it from running.
 */
static void provide_threads_locked(void) {
    if (is_ending)
        return;
    while (ready.count > idle_count + starting_count && thread_count < MAX_THREADS)
        ask_thread_locked();
}

void pool_push_locked(struct work *work) {
    pool_enter_locked(work);
    work_list_append(&ready, work);
    halsdk_wait_wake_one(&ready_cond);
    provide_threads_locked();
}

void pool_enter_locked(struct work *work) {
    work->serial = ++last_serial;
    busy_count++;
}

void pool_leave_locked(const struct work *work) {
    size_t *count = work->serial <= given_up ? &given_up_count : &busy_count;

    if (--*count == 0)
        halsdk_wait_wake_all(&quiet_cond);
}

bool pool_is_stopping_locked(void) {
    return is_stopping;
}

static bool is_quiet_locked(bool with_given_up) {
    return busy_count == 0 && (!with_given_up || given_up_count == 0);
}

static bool wait_quiet_locked(uint64_t deadline) {
    while (!is_quiet_locked(false)) {
        if (!halsdk_wait_on_real(&quiet_cond, deadline))
            return is_quiet_locked(false);
    }
    return true;
}

void halsdk_count_queues(struct halsdk_queue_counts *counts) {
    halsdk_wait_lock();
    counts->threads = thread_count + (timer_thread_runs_locked() ? 1 : 0);
    counts->idle_threads = idle_count;
    counts->items = work_count_locked();
    counts->timers = timer_count_locked();
    halsdk_wait_unlock();
}

bool halsdk_wait_for_queues(uint64_t timeout_ns) {
    uint64_t deadline = halsdk_wait_real_deadline(timeout_ns);
    bool is_quiet;

    halsdk_wait_lock();
    is_quiet = wait_quiet_locked(deadline);
    if (!is_quiet) {
        given_up_count += busy_count;
        busy_count = 0;
        given_up = last_serial;
    }
    halsdk_wait_unlock();
    return is_quiet;
}

static void end_threads_locked(void) {
    is_ending = true;
    halsdk_wait_wake_all(&ready_cond);
    for (size_t slot = 0; slot < MAX_THREADS; slot++)
        halsdk_wait_join_thread(&threads[slot]);
    thread_count = 0;
    is_ending = false;
    provide_threads_locked(); /* for what was submitted meanwhile */
}

void pool_main_is_ready_locked(void) {
    if (is_stopping)
        halsdk_wait_wake_all(&quiet_cond);
}

/* Until everything has ended: true; or the deadline has passed. Drops what comes meanwhile, and
 * goes on draining the main queue: what still runs may wait for its turn there. */
static bool drop_until_quiet_locked(uint64_t deadline) {
    for (;;) {
        timer_drop_all_locked();
        halsdk_wait_unlock();
        halsdk_drain_main_queue();
        halsdk_wait_lock();
        if (is_quiet_locked(true) && timer_count_locked() == 0 && !work_main_is_ready_locked())
            return true;
        if (halsdk_monotonic_ns() >= deadline)
            return false;
        if (!is_quiet_locked(true) && !work_main_is_ready_locked())
            halsdk_wait_on_real(&quiet_cond, deadline);
    }
}

bool halsdk_stop_queues(uint64_t timeout_ns) {
    uint64_t deadline = halsdk_wait_real_deadline(timeout_ns);
    int cancel_state = halsdk_wait_enter();
    bool is_quiet;

    pthread_mutex_lock(&stop_lock);
    halsdk_wait_lock();
    is_stopping = true;
    is_quiet = drop_until_quiet_locked(deadline);
    if (is_quiet) {
        timer_end_thread_locked();
        end_threads_locked();
    }
    timer_drop_all_locked(); /* what other threads have armed meanwhile */
    work_drop_older_locked();
    is_stopping = false;
    halsdk_wait_unlock();
    pthread_mutex_unlock(&stop_lock);
    halsdk_wait_leave(cancel_state);
    return is_quiet;
}
