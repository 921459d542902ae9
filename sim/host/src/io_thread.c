/* The IO thread of a device in real time: wait, run a cycle, and again. */
#include "host_internal.h"
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A wait for a cycle is looked at this often, so that StopIO need not wait for a long period. */
#define WAIT_STEP_NS 50000000u

struct start {
    struct halsim_device *device;
    pthread_mutex_t lock;
    pthread_cond_t ready;
    bool done;
    bool ok;
    struct halsim_error error;
};

/* A real-time thread that is late takes the lock again before a control thread that has been given
 * it runs. */
static void make_way(struct halsim_device *device) {
    struct timespec pause = {.tv_nsec = 100000};
    for (int i = 0; i < 100 && atomic_load(&device->cycle_lock_waiters) > 0; i++) {
        (void)nanosleep(&pause, NULL);
        device->pending_flags |= HALSIM_CYCLE_LOCK_WAIT;
    }
}

/* Until the next cycle is due, or not that long when IO is being stopped. */
static uint64_t wait_for_cycle(struct halsim_device *device) {
    struct halsim_clock *clock = device->host->clock;
    uint64_t now_ns = halsim_clock_now_ns(clock);
    while (device->scheduled_ns > now_ns && device->scheduled_ns - now_ns > WAIT_STEP_NS) {
        now_ns = halsim_clock_wait_until_ns(clock, now_ns + WAIT_STEP_NS);
        if (atomic_load(&device->stop)) {
            return now_ns;
        }
    }
    return halsim_clock_wait_until_ns(clock, device->scheduled_ns);
}

static void run_cycle(struct halsim_device *device, uint64_t woke_ns) {
    make_way(device);
    if (pthread_mutex_trylock(&device->cycle_lock) != 0) {
        pthread_mutex_lock(&device->cycle_lock);
        device->pending_flags |= HALSIM_CYCLE_LOCK_WAIT;
    }
    if (!atomic_load(&device->stop)) {
        halsim_cycle_run(device, woke_ns);
    }
    pthread_mutex_unlock(&device->cycle_lock);
}

static void *io_thread_main(void *argument) {
    struct start *start = argument;
    struct halsim_device *device = start->device;
    struct halsim_host *host = device->host;
    char name[16];
    (void)snprintf(name, sizeof name, "halsim io %u", (unsigned)device->info.device);
    halsim_platform_thread_name(name);
    if (host->config.realtime_priority) {
        uint64_t period_ns =
            (uint64_t)(1e9 * device->info.buffer_frames / device->info.nominal_rate);
        atomic_store(&host->realtime_granted, halsim_platform_realtime(period_ns));
        halsim_platform_lock_memory();
    }
    device->schedstat_fd = halsim_platform_schedstat_open();
    device->run_delay_ns = halsim_platform_run_delay_ns(device->schedstat_fd);
    halsim_cycle_thread_operation(device, true);
    pthread_mutex_lock(&device->cycle_lock);
    bool ok = halsim_cycle_anchor(device, &start->error);
    pthread_mutex_unlock(&device->cycle_lock);

    pthread_mutex_lock(&start->lock);
    start->ok = ok;
    start->done = true;
    pthread_cond_signal(&start->ready);
    pthread_mutex_unlock(&start->lock);
    /* `start` is gone from here on. */

    while (ok && !atomic_load(&device->stop)) {
        uint64_t woke_ns = wait_for_cycle(device);
        if (!atomic_load(&device->stop)) {
            run_cycle(device, woke_ns);
        }
    }
    halsim_cycle_thread_operation(device, false);
    return NULL;
}

bool halsim_io_thread_start(struct halsim_device *device, struct halsim_error *error) {
    struct start start = {.device = device};
    pthread_mutex_init(&start.lock, NULL);
    pthread_cond_init(&start.ready, NULL);
    atomic_store(&device->stop, false);
    bool created = pthread_create(&device->thread, NULL, io_thread_main, &start) == 0;
    if (created) {
        pthread_mutex_lock(&start.lock);
        while (!start.done) {
            pthread_cond_wait(&start.ready, &start.lock);
        }
        pthread_mutex_unlock(&start.lock);
        device->has_thread = true;
        if (!start.ok) {
            if (error != NULL) {
                *error = start.error;
            }
            halsim_io_thread_join(device);
        }
    } else {
        (void)halsim_fail(error, HALSIM_ERROR_SYSTEM, "IO thread: cannot be started");
    }
    pthread_cond_destroy(&start.ready);
    pthread_mutex_destroy(&start.lock);
    return created && start.ok;
}

void halsim_io_thread_join(struct halsim_device *device) {
    atomic_store(&device->stop, true);
    pthread_join(device->thread, NULL);
    device->has_thread = false;
    if (device->schedstat_fd >= 0) {
        (void)close(device->schedstat_fd);
        device->schedstat_fd = -1;
    }
}
