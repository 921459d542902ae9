#ifdef __linux__
#include "halsdk/halsdk.h"
#include "host_internal.h"
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define IO_THREAD_PRIORITY 80

bool halsim_platform_realtime(uint64_t period_ns) {
    (void)period_ns;
    /* The default slack of 50 us would be added to every wake-up of a thread that is not real-time.
     */
    (void)prctl(PR_SET_TIMERSLACK, 1UL);
    struct sched_param parameter = {.sched_priority = IO_THREAD_PRIORITY};
    return pthread_setschedparam(pthread_self(), SCHED_FIFO, &parameter) == 0;
}

void halsim_platform_thread_name(const char *name) {
    (void)prctl(PR_SET_NAME, name);
}

void halsim_platform_lock_memory(void) {
#ifndef HALSIM_SANITIZED /* a sanitizer maps terabytes */
    (void)mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
#endif
}

int halsim_platform_schedstat_open(void) {
    return open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
}

uint64_t halsim_platform_run_delay_ns(int fd) {
    char text[96];
    ssize_t length = fd < 0 ? -1 : pread(fd, text, sizeof text - 1, 0);
    if (length <= 0) {
        return 0;
    }
    text[length] = '\0';
    char *second = NULL;
    (void)strtoull(text, &second, 10); /* time on the processor; the wait for it comes next */
    return second == NULL ? 0 : strtoull(second, NULL, 10);
}

static uint64_t host_now_ns(void *context) {
    return halsim_clock_now_ns(context);
}

/* Nobody else does: the runtime's timers and waits pass when the host says so. */
static bool moves_time(const struct halsim_host *host) {
    return host->clock->kind == HALSIM_CLOCK_VIRTUAL && host->config.scheduler == NULL;
}

void halsim_platform_install_time(struct halsim_host *host) {
    halsdk_set_timebase(host->config.timebase_numer, host->config.timebase_denom);
    struct halsdk_time_source source = {.now_ns = host_now_ns, .context = host->clock};
    /* A scheduler has CLOCK_MONOTONIC, and all waits for it, follow its time already. */
    halsdk_set_time_source(moves_time(host) ? &source : NULL);
}

void halsim_platform_remove_time(struct halsim_host *host) {
    (void)host;
    halsdk_set_time_source(NULL);
}

/* Work that does not end within this is left to run on, and not waited for again: a block that
 * listens on a socket, say. Long enough for a block that ends to do so on a machine that stalls,
 * since virtual time runs away from what it has given up on. */
#define QUEUE_LIMIT_NS 250000000u

/* The blocks are the drivers', and may crash or hang as their other calls may. */
static void drain_main_queue(struct halsim_host *host) {
    struct halsim_call_slot *slot = halsim_call_slot_mine();
    halsim_call_enter(slot, "MainQueue", atomic_load(&host->only_plugin), 0, 0, 0);
    (void)halsdk_drain_main_queue();
    halsim_call_leave(slot);
}

void halsim_platform_run_queues(struct halsim_host *host) {
    if (!halsdk_queues_were_used()) {
        return;
    }
    if (moves_time(host)) {
        (void)halsdk_run_timers_until(halsim_clock_now_ns(host->clock));
        (void)halsdk_wait_for_queues(QUEUE_LIMIT_NS);
    } else if (host->clock->kind == HALSIM_CLOCK_VIRTUAL) {
        /* Who is ready runs before the next cycle. */
        (void)halsim_clock_wait_until_ns(host->clock, halsim_clock_now_ns(host->clock));
    }
    drain_main_queue(host);
}

void halsim_platform_stop_queues(void) {
    if (halsdk_queues_were_used()) {
        (void)halsdk_stop_queues(1000000000u);
    }
}
#endif
