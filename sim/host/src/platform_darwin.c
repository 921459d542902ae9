#ifdef __APPLE__
#include "host_internal.h"
#include <mach/mach.h>
#include <mach/mach_time.h>
#include <mach/thread_policy.h>
#include <sys/mman.h>

bool halsim_platform_realtime(uint64_t period_ns) {
    mach_timebase_info_data_t base;
    (void)mach_timebase_info(&base);
    uint64_t ticks = (uint64_t)((unsigned __int128)period_ns * base.denom / base.numer);
    thread_time_constraint_policy_data_t policy = {
        .period = (uint32_t)ticks,
        .computation = (uint32_t)(ticks / 2),
        .constraint = (uint32_t)ticks,
        .preemptible = 1,
    };
    return thread_policy_set(mach_thread_self(), THREAD_TIME_CONSTRAINT_POLICY,
                             (thread_policy_t)&policy,
                             THREAD_TIME_CONSTRAINT_POLICY_COUNT) == KERN_SUCCESS;
}

void halsim_platform_thread_name(const char *name) {
    (void)pthread_setname_np(name);
}

void halsim_platform_lock_memory(void) {
    (void)mlockall(MCL_CURRENT);
}

int halsim_platform_schedstat_open(void) {
    return -1; /* a Mac does not say how long a thread waited for a processor */
}

uint64_t halsim_platform_run_delay_ns(int fd) {
    (void)fd;
    return 0;
}

/* The drivers' mach_absolute_time() is the system's own here: virtual time drives the cycles, but a
 * driver that reads the clock sees real time. docs/fidelity.md says so. */
void halsim_platform_install_time(struct halsim_host *host) {
    mach_timebase_info_data_t base;
    (void)mach_timebase_info(&base);
    host->config.timebase_numer = base.numer;
    host->config.timebase_denom = base.denom;
}

void halsim_platform_remove_time(struct halsim_host *host) {
    (void)host;
}

void halsim_platform_run_queues(struct halsim_host *host) {
    (void)host;
}

void halsim_platform_stop_queues(void) {
}
#endif
