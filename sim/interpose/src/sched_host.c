/* sched_host.c - the host's thread: beginning, ending, going in and out of the simulation. */
#define _GNU_SOURCE
#include "sched_world.h"
#include <assert.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <string.h>
#include <unistd.h>

void halsched_enter(void) {
    if (!halsched_is_active() || sched_world.host == NULL ||
        !pthread_equal(pthread_self(), sched_world.host->handle)) {
        return;
    }
    if (sched_world.depth++ == 0) {
        sched_lock();
        sched_world.frozen = false;
        sched_world.host->state = THREAD_RUNNING;
        sched_self = sched_world.host;
        sched_unlock();
        sched_seat_enter();
    }
}

void halsched_leave(void) {
    if (sched_self == NULL || sched_self != sched_world.host || --sched_world.depth > 0) {
        return;
    }
    if (sched_world.alive > 1) {
        /* Behind all that is ready, and all that is due, at this moment. */
        (void)halsched_sleep_until_ns(sched_now());
    }
    sched_lock();
    sched_world.frozen = true;
    sched_world.host->state = THREAD_WAITING;
    sched_world.host->operation = "between two calls of the host";
    sched_world.host->object = NULL;
    sched_world.host->deadline_ns = FOREVER;
    sched_self = NULL;
    sched_unlock();
    sched_seat_leave();
}

void halsched_point(const char *operation) {
    if (sched_managed() != NULL) {
        sched_point(operation);
    }
}

bool halsched_start(const struct halsched_options *options) {
    if (halsched_is_active() || dlsym(RTLD_DEFAULT, "pthread_create") != (void *)pthread_create) {
        return false;
    }
    void *warm[4];
    (void)backtrace(warm, 4); /* the first call loads a library */
    sched_world.options = *options;
    if (sched_world.options.livelock_calls == 0) {
        sched_world.options.livelock_calls = 1000000;
    }
    sched_world.threads = NULL;
    sched_world.last = &sched_world.threads;
    sched_world.next_number = 0;
    sched_world.alive = 0;
    sched_world.sequence = 0;
    sched_world.random = options->seed;
    sched_world.random_points = ~options->seed;
    sched_world.calls_at_this_moment = 0;
    sched_world.counts = (struct halsched_counts){.fingerprint = UINT64_C(0xCBF29CE484222325)};
    sched_world.depth = 0;
    sched_world.host_call = 0;
    sched_world.nobody = false;
    sched_world.frozen = true;
    sched_seat_begin();
    sched_barriers_begin();
    sched_timerfd_begin();
    atomic_store(&sched_world.now_ns, options->start_ns);
    sched_world.host = sched_thread_add(NULL, NULL, false);
    if (sched_world.host == NULL) {
        return false;
    }
    sched_world.host->handle = pthread_self();
    sched_world.host->kernel_id = gettid();
    sched_world.host->state = THREAD_WAITING;
    (void)strcpy(sched_world.host->name, "host");
    atomic_store(&sched_is_on, true);
    return true;
}

uint32_t halsched_stop(void) {
    if (!halsched_is_active()) {
        return 0;
    }
    assert(sched_self == NULL);
    sched_lock();
    uint32_t left = sched_world.alive - 1;
    atomic_store(&sched_is_on, false);
    sched_unlock();
    return left;
}

void halsched_count(struct halsched_counts *counts) {
    sched_lock();
    *counts = sched_world.counts;
    sched_unlock();
}
