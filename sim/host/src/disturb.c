/* disturb.c - what goes wrong around a device on purpose: time that passes without a cycle, and
 * cycles that never come. Virtual time only: in real time the machine sees to that itself. */
#include "cycle.h"
#include "host_internal.h"

static bool is_virtual(const struct halsim_host *host, const char *what,
                       struct halsim_error *error) {
    return host->clock->kind == HALSIM_CLOCK_VIRTUAL ||
           halsim_fail(error, HALSIM_ERROR_UNSUPPORTED,
                       "%s: only in virtual time; start the host with the virtual clock", what);
}

/* With control held. */
static bool advance_to(struct halsim_host *host, uint64_t until_ns) {
    (void)halsim_clock_wait_until_ns(host->clock, until_ns);
    halsim_platform_run_queues(host);
    return !atomic_load_explicit(&host->change_waiting, memory_order_relaxed) ||
           halsim_change_settle(host);
}

bool halsim_host_advance(struct halsim_host *host, uint64_t ns, struct halsim_error *error) {
    if (!is_virtual(host, "moving time on", error)) {
        return false;
    }
    pthread_mutex_lock(&host->control);
    (void)advance_to(host, halsim_clock_now_ns(host->clock) + ns);
    pthread_mutex_unlock(&host->control);
    return true;
}

static bool runs(const struct halsim_device *device, struct halsim_error *error) {
    return device->running ||
           halsim_fail(error, HALSIM_ERROR_STATE, "device \"%s\": its IO does not run; start it",
                       device->info.name);
}

bool halsim_device_wake_late(struct halsim_host *host, uint32_t index, uint64_t ns,
                             struct halsim_error *error) {
    if (!is_virtual(host, "a late wake-up", error)) {
        return false;
    }
    pthread_mutex_lock(&host->control);
    struct halsim_device *device = halsim_device_at(host, index, error);
    bool ok = device != NULL && runs(device, error);
    if (ok) {
        (void)advance_to(host, device->scheduled_ns + ns);
    }
    pthread_mutex_unlock(&host->control);
    return ok;
}

bool halsim_device_lose_cycles(struct halsim_host *host, uint32_t index, uint64_t count,
                               struct halsim_error *error) {
    if (!is_virtual(host, "losing cycles", error)) {
        return false;
    }
    pthread_mutex_lock(&host->control);
    struct halsim_device *device = halsim_device_at(host, index, error);
    bool ok = device != NULL && runs(device, error);
    if (ok && count > 0) {
        halsim_device_lock(device);
        halsim_cycle_skip(device, count);
        halsim_device_unlock(device);
    }
    pthread_mutex_unlock(&host->control);
    return ok;
}
