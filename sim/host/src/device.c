/* The devices of a host: found, listed, looked up, gone. */
#include "activation.h"
#include "host_internal.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct halsim_device *halsim_device_at(struct halsim_host *host, uint32_t index,
                                       struct halsim_error *error) {
    if (index >= host->device_count || !host->devices[index]->alive) {
        (void)halsim_fail(error, HALSIM_ERROR_NOT_FOUND, "device %u: there is no such device",
                          (unsigned)index);
        return NULL;
    }
    return host->devices[index];
}

struct halsim_device *halsim_device_of_object(struct halsim_host *host,
                                              struct halsim_object object) {
    uint32_t count = host->device_count;
    for (uint32_t i = 0; i < count; i++) {
        struct halsim_device *device = host->devices[i];
        if (device->alive && device->object.plugin == object.plugin &&
            device->object.id == object.id) {
            return device;
        }
    }
    return NULL;
}

static uint32_t count_alive(const struct halsim_host *host) {
    uint32_t alive = 0;
    for (uint32_t i = 0; i < host->device_count; i++) {
        alive += host->devices[i]->alive ? 1 : 0;
    }
    return alive;
}

/* The table grows by the dead, whose indexes stand in traces. */
static bool make_room(struct halsim_host *host, struct halsim_error *error) {
    if (host->device_count < host->device_room) {
        return true;
    }
    uint32_t room = host->device_room == 0 ? HALSIM_MAX_DEVICES : 2 * host->device_room;
    struct halsim_device **table = calloc(room, sizeof *table);
    if (table == NULL) {
        return halsim_fail(error, HALSIM_ERROR_SYSTEM, "out of memory");
    }
    if (host->device_room > 0) {
        memcpy(table, host->devices, host->device_count * sizeof *table);
        host->outgrown[host->outgrown_count++] = host->devices;
    }
    host->devices = table;
    host->device_room = room;
    return true;
}

/* True also when the device is not to be shown: the plug-in has done nothing that ends it. */
static bool add_device(struct halsim_plugin *plugin, AudioObjectID id, struct halsim_error *error) {
    struct halsim_host *host = plugin->host;
    if (count_alive(host) == HALSIM_MAX_DEVICES) {
        return halsim_fail(error, HALSIM_ERROR_UNSUPPORTED, "%d devices are the most",
                           HALSIM_MAX_DEVICES);
    }
    if (!make_room(host, error)) {
        return false;
    }
    struct halsim_device *device = calloc(1, sizeof *device);
    if (device == NULL) {
        return halsim_fail(error, HALSIM_ERROR_SYSTEM, "out of memory");
    }
    device->host = host;
    device->plugin = plugin;
    device->alive = true;
    device->schedstat_fd = -1;
    device->object = (struct halsim_object){.plugin = plugin->index, .id = id};
    device->info.device = host->device_count;
    if (host->clock_model.count > 0) {
        halsim_device_phase_set_host(&device->phase, &host->clock_model,
                                     host->clock_model_begin_ns);
    }
    if (!halsim_device_refresh(device, error)) {
        free(device);
        return false;
    }
    if (!halsim_activation_allows(device)) {
        free(device);
        return true;
    }
    /* 10 ms, within the limits. */
    double frames = floor(device->info.nominal_rate / 100.0);
    device->info.buffer_frames = frames < HALSIM_MIN_FRAMES   ? HALSIM_MIN_FRAMES
                                 : frames > HALSIM_MAX_FRAMES ? HALSIM_MAX_FRAMES
                                                              : (uint32_t)frames;
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    (void)pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
    pthread_mutex_init(&device->cycle_lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
    host->devices[host->device_count] = device;
    host->device_count++;
    return true;
}

static void remove_device(struct halsim_device *device) {
    halsim_device_remove_clients(device);
    halsim_buffers_free(device);
    device->alive = false;
}

void halsim_devices_remove(struct halsim_plugin *plugin) {
    for (uint32_t i = 0; i < plugin->host->device_count; i++) {
        if (plugin->host->devices[i]->plugin == plugin && plugin->host->devices[i]->alive) {
            remove_device(plugin->host->devices[i]);
        }
    }
}

bool halsim_devices_scan(struct halsim_plugin *plugin, struct halsim_error *error) {
    struct halsim_host *host = plugin->host;
    struct halsim_object object = {.plugin = plugin->index, .id = kAudioObjectPlugInObject};
    uint32_t count;
    struct halsim_error failure = {0};
    AudioObjectID *ids = halsim_property_get_list(
        host, object,
        HALSIM_ADDRESS(kAudioPlugInPropertyDeviceList, kAudioObjectPropertyScopeGlobal),
        sizeof *ids, &count, &failure);
    if (ids == NULL && failure.status != HALSIM_OK) {
        if (error != NULL) {
            *error = failure;
        }
        return false;
    }
    bool ok = true;
    for (uint32_t i = 0; i < host->device_count; i++) {
        struct halsim_device *device = host->devices[i];
        bool listed = false;
        for (uint32_t j = 0; j < count; j++) {
            listed = listed || ids[j] == device->object.id;
        }
        if (device->plugin == plugin && device->alive && !listed) {
            remove_device(device);
        }
    }
    for (uint32_t j = 0; j < count && ok; j++) {
        struct halsim_object id = {.plugin = plugin->index, .id = ids[j]};
        struct halsim_device *known = halsim_device_of_object(host, id);
        ok =
            known != NULL ? halsim_device_refresh(known, error) : add_device(plugin, ids[j], error);
    }
    free(ids);
    return ok;
}

void halsim_devices_free(struct halsim_host *host) {
    for (uint32_t i = 0; i < host->device_count; i++) {
        struct halsim_device *device = host->devices[i];
        halsim_buffers_free(device);
        pthread_mutex_destroy(&device->cycle_lock);
        free(device);
    }
    for (uint32_t i = 0; i < host->outgrown_count; i++) {
        free(host->outgrown[i]);
    }
    free(host->devices);
    host->devices = NULL;
    host->device_count = 0;
}

uint32_t halsim_device_count(struct halsim_host *host) {
    return host->device_count;
}

bool halsim_device_info(struct halsim_host *host, uint32_t index, struct halsim_device_info *info,
                        struct halsim_error *error) {
    pthread_mutex_lock(&host->control);
    struct halsim_device *device = halsim_device_at(host, index, error);
    if (device != NULL) {
        *info = device->info;
        info->is_running = device->running;
        info->client_count = device->client_count;
    }
    pthread_mutex_unlock(&host->control);
    return device != NULL;
}

bool halsim_device_find(struct halsim_host *host, const char *uid_or_name, uint32_t *found,
                        struct halsim_error *error) {
    pthread_mutex_lock(&host->control);
    uint32_t by_name = 0;
    bool ok = false;
    char known[512] = "";
    for (uint32_t i = 0; i < host->device_count && !ok; i++) {
        struct halsim_device *device = host->devices[i];
        if (!device->alive) {
            continue;
        }
        size_t used = strlen(known);
        (void)snprintf(known + used, sizeof known - used, "%s\"%.100s\" (%.100s)",
                       used > 0 ? ", " : "", device->info.name, device->info.uid);
        if (strcmp(device->info.uid, uid_or_name) == 0) {
            *found = i;
            ok = true;
        } else if (strcmp(device->info.name, uid_or_name) == 0) {
            *found = i;
            by_name++;
        }
    }
    if (!ok && by_name > 1) {
        (void)halsim_fail(error, HALSIM_ERROR_ARGUMENT,
                          "device \"%s\": %u devices have this name; use a UID: %s", uid_or_name,
                          (unsigned)by_name, known);
    } else if (!ok && by_name == 1) {
        ok = true;
    } else if (!ok) {
        (void)halsim_fail(error, HALSIM_ERROR_NOT_FOUND, "device \"%s\": not found; there is %s",
                          uid_or_name, known[0] == '\0' ? "none" : known);
    }
    pthread_mutex_unlock(&host->control);
    return ok;
}
