/* Configuration changes: a driver asks, the host stops IO, lets it perform, starts IO again. */
#include "host_internal.h"
#include "stopwatch.h"

#define QUEUE_LENGTH   (sizeof((struct halsim_host *)0)->changes / sizeof(struct halsim_change))
/* A driver that asks for a change inside each change never comes to rest. */
#define MAX_ROUNDS     1000
/* How long work in the main queue, and the news of an overload, may wait. */
#define WORKER_STEP_NS 10000000u

static void tell(struct halsim_device *device, enum halsim_notice_kind kind, uint64_t action) {
    struct halsim_notice notice = {
        .kind = kind,
        .plugin = device->plugin->index,
        .object = device->object.id,
        .change_action = action,
    };
    halsim_notify(device->host, &notice);
}

/* With control held. */
static void abort_change(const struct halsim_change *change) {
    struct halsim_device *device = change->device;
    OSStatus status = 0;
    HALSIM_CALL(status =, device->plugin, device->object.id, 0, 0, AbortDeviceConfigurationChange,
                device->object.id, change->action, change->info);
    if (status != 0) {
        char text[16];
        halsim_warn(device->plugin, device->object.id,
                    "AbortDeviceConfigurationChange (action %llu) answered %s",
                    (unsigned long long)change->action, halsim_fourcc_text((uint32_t)status, text));
    }
    tell(device, HALSIM_NOTICE_CONFIGURATION_ABORTED, change->action);
}

/* With control held. */
static void perform_change(const struct halsim_change *change) {
    struct halsim_device *device = change->device;
    AudioObjectID id = device->object.id;
    uint32_t running = halsim_device_suspend_io(device);
    OSStatus status = 0;
    HALSIM_CALL(status =, device->plugin, id, 0, 0, PerformDeviceConfigurationChange, id,
                change->action, change->info);
    if (status != 0) {
        char text[16];
        halsim_warn(device->plugin, id,
                    "PerformDeviceConfigurationChange (action %llu) answered %s",
                    (unsigned long long)change->action, halsim_fourcc_text((uint32_t)status, text));
    }
    struct halsim_error error = {0};
    if (!halsim_device_refresh(device, &error)) {
        halsim_warn(device->plugin, id, "after a configuration change: %s", error.message);
    }
    if (running > 0) {
        (void)halsim_device_resume_io(device, NULL);
    }
    tell(device, HALSIM_NOTICE_CONFIGURATION_PERFORMED, change->action);
}

static void carry_out(struct halsim_host *host, const struct halsim_change *change) {
    pthread_mutex_lock(&host->control);
    struct halsim_device *device = change->device;
    if (!device->plugin->loaded) {
        /* Nobody is left to be told. */
    } else if (!device->alive || device->refuse_changes > 0) {
        device->refuse_changes -= device->refuse_changes > 0 ? 1 : 0;
        abort_change(change);
    } else {
        perform_change(change);
    }
    pthread_mutex_unlock(&host->control);
}

/* Changes that a plug-in still waits for when it is unloaded. */
void halsim_change_abort_all(struct halsim_plugin *plugin, struct halsim_host *host) {
    struct halsim_change taken[QUEUE_LENGTH];
    uint32_t count = 0;
    pthread_mutex_lock(&host->change_lock);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < host->change_count; i++) {
        if (host->changes[i].device->plugin == plugin) {
            taken[count++] = host->changes[i];
        } else {
            host->changes[kept++] = host->changes[i];
        }
    }
    host->change_count = kept;
    pthread_mutex_unlock(&host->change_lock);
    for (uint32_t i = 0; i < count; i++) {
        abort_change(&taken[i]);
    }
}

bool halsim_device_refuse_changes(struct halsim_host *host, uint32_t index, uint32_t count,
                                  struct halsim_error *error) {
    pthread_mutex_lock(&host->control);
    struct halsim_device *device = halsim_device_at(host, index, error);
    if (device != NULL) {
        device->refuse_changes = count;
    }
    pthread_mutex_unlock(&host->control);
    return device != NULL;
}

static void look_at_objects(struct halsim_host *host) {
    pthread_mutex_lock(&host->control);
    for (uint32_t i = 0; i < host->plugin_count; i++) {
        struct halsim_plugin *plugin = host->plugins[i];
        struct halsim_error error = {0};
        if (plugin->loaded && !halsim_devices_scan(plugin, &error)) {
            halsim_warn(plugin, kAudioObjectPlugInObject, "%s", error.message);
        }
    }
    pthread_mutex_unlock(&host->control);
}

/* Does the next thing that waits. False when nothing does. With change_lock held; releases it
 * meanwhile. */
static bool do_next(struct halsim_host *host) {
    if (host->change_count > 0) {
        struct halsim_change change = host->changes[0];
        host->change_count--;
        for (uint32_t i = 0; i < host->change_count; i++) {
            host->changes[i] = host->changes[i + 1];
        }
        host->change_busy = true;
        pthread_mutex_unlock(&host->change_lock);
        carry_out(host, &change);
        pthread_mutex_lock(&host->change_lock);
    } else if (host->objects_changed) {
        host->objects_changed = false;
        host->change_busy = true;
        pthread_mutex_unlock(&host->change_lock);
        look_at_objects(host);
        pthread_mutex_lock(&host->change_lock);
    } else {
        return false;
    }
    host->change_busy = false;
    pthread_cond_broadcast(&host->change_cond);
    return true;
}

static void publish_waiting(struct halsim_host *host) {
    atomic_store_explicit(&host->change_waiting, host->change_count > 0 || host->objects_changed,
                          memory_order_relaxed);
}

bool halsim_change_request(struct halsim_device *device, uint64_t action, void *info) {
    struct halsim_host *host = device->host;
    pthread_mutex_lock(&host->change_lock);
    bool ok = host->change_count < QUEUE_LENGTH;
    if (ok) {
        host->changes[host->change_count++] =
            (struct halsim_change){.device = device, .action = action, .info = info};
        publish_waiting(host);
        pthread_cond_broadcast(&host->change_cond);
    }
    pthread_mutex_unlock(&host->change_lock);
    return ok;
}

void halsim_change_objects(struct halsim_host *host) {
    pthread_mutex_lock(&host->change_lock);
    host->objects_changed = true;
    publish_waiting(host);
    pthread_cond_broadcast(&host->change_cond);
    pthread_mutex_unlock(&host->change_lock);
}

bool halsim_change_settle(struct halsim_host *host) {
    if (!host->has_worker) {
        halsim_platform_run_queues(host); /* a driver may ask for its change from a queue */
    }
    pthread_mutex_lock(&host->change_lock);
    bool settled = true;
    if (host->has_worker) {
        struct timespec until =
            halsim_wall_time_in((uint64_t)host->config.change_limit_ms * 1000000u);
        while (settled && (host->change_count > 0 || host->objects_changed || host->change_busy)) {
            settled = pthread_cond_timedwait(&host->change_cond, &host->change_lock, &until) == 0;
        }
    } else {
        int rounds = 0;
        while (rounds < MAX_ROUNDS && do_next(host)) {
            rounds++;
        }
        settled = rounds < MAX_ROUNDS;
    }
    publish_waiting(host);
    pthread_mutex_unlock(&host->change_lock);
    return settled;
}

static void tell_overloads(struct halsim_host *host) {
    for (uint32_t i = 0; i < host->device_count; i++) {
        struct halsim_device *device = host->devices[i];
        if (atomic_exchange(&device->overload_untold, false)) {
            struct halsim_notice notice = {
                .kind = HALSIM_NOTICE_OVERLOAD,
                .plugin = device->object.plugin,
                .object = device->object.id,
            };
            halsim_notify(host, &notice);
        }
    }
}

static void *worker_main(void *argument) {
    struct halsim_host *host = argument;
    halsim_platform_thread_name("halsim worker");
    pthread_mutex_lock(&host->change_lock);
    while (!host->worker_stop) {
        if (!do_next(host)) {
            publish_waiting(host);
            struct timespec until = halsim_wall_time_in(WORKER_STEP_NS);
            (void)pthread_cond_timedwait(&host->change_cond, &host->change_lock, &until);
            pthread_mutex_unlock(&host->change_lock);
            halsim_platform_run_queues(host);
            tell_overloads(host);
            pthread_mutex_lock(&host->change_lock);
        }
    }
    pthread_mutex_unlock(&host->change_lock);
    return NULL;
}

bool halsim_change_start(struct halsim_host *host, struct halsim_error *error) {
    pthread_mutex_init(&host->change_lock, NULL);
    pthread_cond_init(&host->change_cond, NULL);
    if (host->clock->kind == HALSIM_CLOCK_REALTIME) {
        if (pthread_create(&host->worker, NULL, worker_main, host) != 0) {
            return halsim_fail(error, HALSIM_ERROR_SYSTEM, "host: cannot start a thread");
        }
        host->has_worker = true;
    }
    return true;
}

void halsim_change_stop(struct halsim_host *host) {
    if (host->has_worker) {
        pthread_mutex_lock(&host->change_lock);
        host->worker_stop = true;
        pthread_cond_broadcast(&host->change_cond);
        pthread_mutex_unlock(&host->change_lock);
        pthread_join(host->worker, NULL);
        host->has_worker = false;
    }
    pthread_cond_destroy(&host->change_cond);
    pthread_mutex_destroy(&host->change_lock);
}
