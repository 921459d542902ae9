/* dispatch_pool.c - the threads that run work. */
#include "dispatch/dispatch_internal.h"

#include <halsdk/halsdk.h>
#include <stdio.h>

enum {
    MAX_THREADS = 64, /* libdispatch's own limit; work beyond it waits */
};

static struct work_list ready;
static struct halsdk_wait_cond ready_cond = HALSDK_WAIT_COND_INIT;
static pthread_t threads[MAX_THREADS];
static size_t thread_count, idle_count;
static size_t starting_count; /* created, but not yet in its loop */
static bool is_ending;        /* threads leave as soon as nothing is ready */
static bool is_stopping;      /* work is dropped */

static size_t busy_count; /* ready or running, on any thread but not in the main queue */
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

static void start_thread_locked(void) {
    char name[16];

    snprintf(name, sizeof name, "dispatch-%zu", thread_count);
    if (halsdk_wait_start_thread(&threads[thread_count], name, run_thread, NULL)) {
        thread_count++;
        starting_count++;
    } else if (thread_count == 0) {
        halsdk_wait_unlock();
        halsdk_crash("hal-lab: the system refuses a thread for dispatch");
    }
}

/* A thread for each work that is ready: one that waits for another must not keep it from running.
 */
static void provide_threads_locked(void) {
    if (is_ending)
        return;
    while (ready.count > idle_count + starting_count && thread_count < MAX_THREADS) {
        size_t before = thread_count;

        start_thread_locked();
        if (thread_count == before)
            break;
    }
}

void pool_push_locked(struct work *work) {
    busy_count++;
    work_list_append(&ready, work);
    halsdk_wait_wake_one(&ready_cond);
    provide_threads_locked();
}

void pool_enter_locked(void) {
    busy_count++;
}

void pool_leave_locked(void) {
    if (--busy_count == 0)
        halsdk_wait_wake_all(&quiet_cond);
}

bool pool_is_stopping_locked(void) {
    return is_stopping;
}

static bool wait_quiet_locked(uint64_t timeout_ns) {
    uint64_t deadline = halsdk_wait_real_deadline(timeout_ns);

    while (busy_count > 0) {
        if (!halsdk_wait_on_real(&quiet_cond, deadline))
            return busy_count == 0;
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
    bool is_quiet;

    halsdk_wait_lock();
    is_quiet = wait_quiet_locked(timeout_ns);
    halsdk_wait_unlock();
    return is_quiet;
}

static void end_threads(void) {
    size_t count;

    halsdk_wait_lock();
    is_ending = true;
    count = thread_count;
    halsdk_wait_wake_all(&ready_cond);
    halsdk_wait_unlock();
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    halsdk_wait_lock();
    thread_count = 0;
    is_ending = false;
    provide_threads_locked(); /* for what was submitted meanwhile */
    halsdk_wait_unlock();
}

bool halsdk_stop_queues(uint64_t timeout_ns) {
    bool is_quiet;

    pthread_mutex_lock(&stop_lock);
    halsdk_wait_lock();
    is_stopping = true;
    timer_drop_all_locked();
    halsdk_wait_unlock();
    while (halsdk_drain_main_queue() > 0)
        ;
    halsdk_wait_lock();
    is_quiet = wait_quiet_locked(timeout_ns);
    halsdk_wait_unlock();
    if (is_quiet) {
        timer_end_thread();
        end_threads();
    }
    halsdk_wait_lock();
    is_stopping = false;
    halsdk_wait_unlock();
    pthread_mutex_unlock(&stop_lock);
    return is_quiet;
}
