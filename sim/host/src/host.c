#include "host_internal.h"
#include "stopwatch.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STRINGIFY_(x) #x
#define STRINGIFY(x)  STRINGIFY_(x)

const char *halsim_version(void) {
    return STRINGIFY(HALSIM_VERSION);
}

void halsim_host_config_init(struct halsim_host_config *config) {
    *config = (struct halsim_host_config){
        .clock = HALSIM_CLOCK_REALTIME,
        .wait = HALSIM_WAIT_HYBRID,
        .spin_ns = 500000,
        .realtime_priority = true,
        .virtual_start_ns = 1000000000,
        .timebase_numer = 1,
        .timebase_denom = 1,
        .call_limit_ms = 5000,
        .late_wake_us = 1000,
        .driver_budget_percent = 50,
        .change_limit_ms = 2000,
    };
}

static bool check_config(const struct halsim_host_config *config, struct halsim_error *error) {
    if (config->timebase_numer == 0 || config->timebase_denom == 0) {
        return halsim_fail(error, HALSIM_ERROR_ARGUMENT, "timebase %u/%u: neither part may be 0",
                           (unsigned)config->timebase_numer, (unsigned)config->timebase_denom);
    }
    if (config->driver_budget_percent == 0 || config->driver_budget_percent > 100) {
        return halsim_fail(error, HALSIM_ERROR_ARGUMENT,
                           "driver budget of %u %% of the period: use 1 to 100",
                           (unsigned)config->driver_budget_percent);
    }
    return true;
}

static struct halsim_clock *create_clock(const struct halsim_host_config *config) {
    if (config->clock != HALSIM_CLOCK_VIRTUAL) {
        return halsim_clock_create_realtime(config->wait, config->spin_ns);
    }
    return config->scheduler != NULL ? halsim_clock_create_scheduled(config->scheduler)
                                     : halsim_clock_create_virtual(config->virtual_start_ns);
}

struct halsim_host *halsim_host_create(const struct halsim_host_config *config,
                                       struct halsim_error *error) {
    if (!check_config(config, error)) {
        return NULL;
    }
    struct halsim_host *host = calloc(1, sizeof *host);
    if (host == NULL) {
        (void)halsim_fail(error, HALSIM_ERROR_SYSTEM, "host: out of memory");
        return NULL;
    }
    (void)halsim_stopwatch_scale(); /* measures once, for 2 ms: not in the first cycle */
    host->config = *config;
    host->clock = create_clock(config);
    host->storage_folder = config->storage_folder == NULL ? NULL : strdup(config->storage_folder);
    if (host->clock == NULL || (config->storage_folder != NULL && host->storage_folder == NULL)) {
        (void)halsim_fail(error, HALSIM_ERROR_SYSTEM, "host: out of memory");
        halsim_clock_destroy(host->clock);
        free(host->storage_folder);
        free(host);
        return NULL;
    }
    pthread_mutexattr_t recursive;
    pthread_mutexattr_init(&recursive);
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&host->control, &recursive);
    pthread_mutexattr_destroy(&recursive);
    pthread_mutex_init(&host->notice_lock, NULL);
    atomic_init(&host->only_plugin, UINT32_MAX);
    halsim_platform_install_time(host);
    if (config->clock == HALSIM_CLOCK_VIRTUAL) {
        halsim_last_calls_keep();
    }
    if (config->call_limit_ms > 0 && config->on_hang != NULL) {
        host->watchdog =
            halsim_watchdog_start(config->call_limit_ms, config->on_hang, config->hang_context);
    }
    if (!halsim_change_start(host, error)) {
        halsim_host_destroy(host);
        return NULL;
    }
    return host;
}

void halsim_host_destroy(struct halsim_host *host) {
    if (host == NULL) {
        return;
    }
    for (uint32_t i = 0; i < host->plugin_count; i++) {
        if (host->plugins[i]->loaded) {
            (void)halsim_plugin_unload(host, i, NULL);
        }
    }
    /* Blocks and threads that the drivers left behind end, or lose the host, before anything goes
     * that they could reach through it. */
    halsim_platform_stop_queues();
    for (uint32_t i = 0; i < host->plugin_count; i++) {
        halsim_plugin_detach(host->plugins[i]);
    }
    halsim_change_stop(host);
    halsim_devices_free(host);
    for (uint32_t i = 0; i < host->plugin_count; i++) {
        halsim_plugin_retire(host->plugins[i]);
    }
    free(host->plugins);
    halsim_storage_close_all(host);
    halsim_watchdog_stop(host->watchdog);
    halsim_trace_close(host->trace);
    halsim_fingerprint_destroy(atomic_load(&host->fingerprint));
    halsim_platform_remove_time(host);
    halsim_clock_destroy(host->clock);
    pthread_mutex_destroy(&host->notice_lock);
    pthread_mutex_destroy(&host->control);
    free(host->storage_folder);
    free(host);
}

struct halsim_clock *halsim_host_clock(struct halsim_host *host) {
    return host->clock;
}

bool halsim_host_has_realtime_priority(const struct halsim_host *host) {
    return atomic_load(&host->realtime_granted);
}

bool halsim_host_trace(struct halsim_host *host, const char *path, uint64_t capacity,
                       struct halsim_error *error) {
    pthread_mutex_lock(&host->control);
    bool ok = !halsim_io_any_runs(host);
    if (!ok) {
        (void)halsim_fail(error, HALSIM_ERROR_STATE, "trace: IO runs; stop it first");
    } else {
        struct halsim_trace *trace =
            path == NULL ? NULL : halsim_trace_create(path, capacity, error);
        ok = path == NULL || trace != NULL;
        if (trace != NULL) {
            struct halsim_trace_header *header = halsim_trace_header(trace);
            header->clock_kind = (uint32_t)host->clock->kind;
            header->seed = host->config.seed;
            header->timebase_numer = host->config.timebase_numer;
            header->timebase_denom = host->config.timebase_denom;
            header->start_ns = halsim_clock_now_ns(host->clock);
        }
        if (ok) {
            halsim_trace_close(host->trace);
            host->trace = trace;
        }
    }
    pthread_mutex_unlock(&host->control);
    return ok;
}

bool halsim_host_add_cycle_hook(struct halsim_host *host, halsim_cycle_hook hook, void *context,
                                struct halsim_error *error) {
    pthread_mutex_lock(&host->control);
    bool ok = false;
    if (halsim_io_any_runs(host)) {
        (void)halsim_fail(error, HALSIM_ERROR_STATE, "cycle hook: IO runs; stop it first");
    } else if (host->hook_count == HALSIM_MAX_HOOKS) {
        (void)halsim_fail(error, HALSIM_ERROR_UNSUPPORTED, "cycle hook: %d are the most",
                          HALSIM_MAX_HOOKS);
    } else {
        host->hooks[host->hook_count++] = (struct halsim_hook){hook, context};
        ok = true;
    }
    pthread_mutex_unlock(&host->control);
    return ok;
}

void halsim_host_remove_cycle_hook(struct halsim_host *host, halsim_cycle_hook hook,
                                   void *context) {
    pthread_mutex_lock(&host->control);
    for (uint32_t i = 0; i < host->device_count; i++) {
        halsim_device_lock(host->devices[i]);
    }
    for (uint32_t i = 0; i < host->hook_count; i++) {
        if (host->hooks[i].call == hook && host->hooks[i].context == context) {
            host->hook_count--;
            memmove(&host->hooks[i], &host->hooks[i + 1],
                    (host->hook_count - i) * sizeof host->hooks[0]);
            break;
        }
    }
    for (uint32_t i = host->device_count; i > 0; i--) {
        halsim_device_unlock(host->devices[i - 1]);
    }
    pthread_mutex_unlock(&host->control);
}
