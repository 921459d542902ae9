#include "host_internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct halsim_client *client_at(struct halsim_device *device, uint32_t id,
                                       struct halsim_error *error) {
    for (uint32_t i = 0; i < device->client_count; i++) {
        if (device->clients[i]->id == id) {
            return device->clients[i];
        }
    }
    (void)halsim_fail(error, HALSIM_ERROR_NOT_FOUND, "client %u: device \"%s\" has no such client",
                      (unsigned)id, device->info.name);
    return NULL;
}

/* A client and its device, with the control lock held until close_client(). */
struct found {
    struct halsim_host *host;
    struct halsim_device *device;
    struct halsim_client *client;
};

static bool open_client(struct found *found, struct halsim_host *host, uint32_t device,
                        uint32_t client, struct halsim_error *error) {
    pthread_mutex_lock(&host->control);
    found->host = host;
    found->device = halsim_device_at(host, device, error);
    found->client = found->device == NULL ? NULL : client_at(found->device, client, error);
    return found->client != NULL;
}

static bool close_client(struct found *found, bool result) {
    pthread_mutex_unlock(&found->host->control);
    return result;
}

static AudioServerPlugInClientInfo client_info(const struct halsim_client *client) {
    return (AudioServerPlugInClientInfo){
        .mClientID = client->id,
        .mProcessID = client->process_id,
        .mIsNativeEndian = true,
        .mBundleID = client->bundle_id_string,
    };
}

static struct halsim_client *client_create(struct halsim_device *device,
                                           const struct halsim_client_config *config) {
    struct halsim_client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        return NULL;
    }
    client->id = ++device->host->last_client_id; /* 0 is the host itself */
    client->process_id = config->process_id != 0 ? config->process_id : (int32_t)getpid();
    (void)snprintf(client->label, sizeof client->label,
                   config->name != NULL ? "client %u (%s)" : "client %u", (unsigned)client->id,
                   config->name);
    if (config->bundle_id != NULL) {
        (void)snprintf(client->bundle_id, sizeof client->bundle_id, "%s", config->bundle_id);
        client->bundle_id_string =
            CFStringCreateWithCString(NULL, config->bundle_id, kCFStringEncodingUTF8);
    }
    return client;
}

static void client_free(struct halsim_client *client) {
    for (uint32_t i = 0; i < HALSIM_MAX_STREAMS; i++) {
        halsim_source_destroy(client->sources[i]);
        halsim_sink_destroy(client->sinks[i]);
    }
    if (client->bundle_id_string != NULL) {
        CFRelease(client->bundle_id_string);
    }
    free(client);
}

static bool client_end(struct halsim_device *device, struct halsim_client *client,
                       struct halsim_error *error);

/* The end of a call that may have made the driver ask for a change. Without the lock: the change
 * takes it. In real time the worker performs it, and nobody waits. */
static bool settle(struct halsim_host *host, bool result) {
    if (!host->has_worker) {
        (void)halsim_change_settle(host);
    }
    return result;
}

bool halsim_client_add(struct halsim_host *host, uint32_t index,
                       const struct halsim_client_config *config, uint32_t *out_client,
                       struct halsim_error *error) {
    static const struct halsim_client_config defaults;
    pthread_mutex_lock(&host->control);
    struct halsim_device *device = halsim_device_at(host, index, error);
    struct halsim_client *client = NULL;
    bool ok = device != NULL;
    if (ok && device->client_count == HALSIM_MAX_CLIENTS) {
        ok = halsim_fail(error, HALSIM_ERROR_UNSUPPORTED, "device \"%s\": %d clients are the most",
                         device->info.name, HALSIM_MAX_CLIENTS);
    }
    if (ok) {
        client = client_create(device, config != NULL ? config : &defaults);
        ok = client != NULL || halsim_fail(error, HALSIM_ERROR_SYSTEM, "out of memory");
    }
    if (ok) {
        AudioServerPlugInClientInfo info = client_info(client);
        OSStatus status = 0;
        HALSIM_CALL(status =, device->plugin, device->object.id, client->id, 0, AddDeviceClient,
                    device->object.id, &info);
        if (status != 0) {
            ok = halsim_fail_driver(error, status, "AddDeviceClient of device \"%s\"",
                                    device->info.name);
            client_free(client);
        } else {
            halsim_device_lock(device);
            device->clients[device->client_count++] = client;
            halsim_device_unlock(device);
            *out_client = client->id;
        }
    }
    pthread_mutex_unlock(&host->control);
    return settle(host, ok);
}

/* With control held. */
static bool remove_client(struct halsim_device *device, struct halsim_client *client,
                          struct halsim_error *error) {
    if (client->start_count > 0) {
        client->start_count = 0;
        (void)client_end(device, client, NULL);
    }
    halsim_device_lock(device);
    for (uint32_t i = 0; i < device->client_count; i++) {
        if (device->clients[i] == client) {
            device->client_count--;
            memmove(&device->clients[i], &device->clients[i + 1],
                    (device->client_count - i) * sizeof device->clients[0]);
            break;
        }
    }
    halsim_device_unlock(device);
    AudioServerPlugInClientInfo info = client_info(client);
    OSStatus status = 0;
    HALSIM_CALL(status =, device->plugin, device->object.id, client->id, 0, RemoveDeviceClient,
                device->object.id, &info);
    client_free(client);
    return status == 0 || halsim_fail_driver(error, status, "RemoveDeviceClient of device \"%s\"",
                                             device->info.name);
}

bool halsim_client_remove(struct halsim_host *host, uint32_t index, uint32_t id,
                          struct halsim_error *error) {
    struct found found;
    bool ok = open_client(&found, host, index, id, error) &&
              remove_client(found.device, found.client, error);
    return settle(host, close_client(&found, ok));
}

void halsim_device_remove_clients(struct halsim_device *device) {
    while (device->client_count > 0) {
        (void)remove_client(device, device->clients[0], NULL);
    }
}

static bool has_stream(const struct halsim_device *device, uint32_t index, bool is_input,
                       struct halsim_error *error) {
    uint32_t count = is_input ? device->input_count : device->output_count;
    const char *direction = is_input ? "input" : "output";
    return index < count ||
           halsim_fail(error, HALSIM_ERROR_NOT_FOUND,
                       "%s stream %u: device \"%s\" has %u %s streams", direction, (unsigned)index,
                       device->info.name, (unsigned)count, direction);
}

bool halsim_client_set_source(struct halsim_host *host, uint32_t index, uint32_t id,
                              uint32_t output, struct halsim_source *source,
                              struct halsim_error *error) {
    struct found found;
    struct halsim_source *unused = source;
    bool ok = open_client(&found, host, index, id, error) &&
              has_stream(found.device, output, false, error);
    if (ok) {
        halsim_device_lock(found.device);
        unused = found.client->sources[output];
        found.client->sources[output] = source;
        found.client->source_from[output] = found.client->position;
        halsim_device_unlock(found.device);
    }
    halsim_source_destroy(unused);
    return close_client(&found, ok);
}

bool halsim_client_set_sink(struct halsim_host *host, uint32_t index, uint32_t id, uint32_t input,
                            struct halsim_sink *sink, struct halsim_error *error) {
    struct found found;
    struct halsim_sink *unused = sink;
    bool ok =
        open_client(&found, host, index, id, error) && has_stream(found.device, input, true, error);
    if (ok) {
        halsim_device_lock(found.device);
        unused = found.client->sinks[input];
        found.client->sinks[input] = sink;
        found.client->sink_from[input] = found.client->position;
        halsim_device_unlock(found.device);
    }
    halsim_sink_destroy(unused);
    return close_client(&found, ok);
}

bool halsim_client_position(struct halsim_host *host, uint32_t index, uint32_t id, uint64_t *frames,
                            struct halsim_error *error) {
    struct found found;
    bool ok = open_client(&found, host, index, id, error);
    if (ok) {
        halsim_device_lock(found.device);
        *frames = found.client->position;
        halsim_device_unlock(found.device);
    }
    return close_client(&found, ok);
}

bool halsim_client_is_running(struct halsim_host *host, uint32_t index, uint32_t id) {
    struct found found;
    bool runs = open_client(&found, host, index, id, NULL) && found.client->start_count > 0;
    return close_client(&found, runs);
}

/* ---- start and stop ----------------------------------------------------------------------- */

/* The cycle must not meet a client that StartIO has not accepted, nor one that StopIO has left. */
static void set_in_cycle(struct halsim_device *device, struct halsim_client *client, bool in) {
    halsim_device_lock(device);
    client->in_cycle = in;
    halsim_device_unlock(device);
}

static bool driver_start(struct halsim_device *device, struct halsim_client *client,
                         struct halsim_error *error) {
    OSStatus status = 0;
    HALSIM_CALL(status =, device->plugin, device->object.id, client->id, 0, StartIO,
                device->object.id, client->id);
    return status == 0 ||
           halsim_fail_driver(error, status, "StartIO of device \"%s\"", device->info.name);
}

static bool driver_stop(struct halsim_device *device, struct halsim_client *client,
                        struct halsim_error *error) {
    OSStatus status = 0;
    HALSIM_CALL(status =, device->plugin, device->object.id, client->id, 0, StopIO,
                device->object.id, client->id);
    return status == 0 ||
           halsim_fail_driver(error, status, "StopIO of device \"%s\"", device->info.name);
}

static bool any_in_cycle(const struct halsim_device *device) {
    for (uint32_t i = 0; i < device->client_count; i++) {
        if (device->clients[i]->in_cycle) {
            return true;
        }
    }
    return false;
}

/* What the driver will do, StartIO, the client's place in the cycle, and the cycles themselves if
 * it is the first. */
static bool client_begin(struct halsim_device *device, struct halsim_client *client,
                         struct halsim_error *error) {
    if (!device->running && !halsim_device_prepare_io(device, error)) {
        return false;
    }
    halsim_ask_will_do(device, client->id, &client->will);
    if (!halsim_buffers_suit(device, client, error) || !driver_start(device, client, error)) {
        return false;
    }
    set_in_cycle(device, client, true);
    if (device->running || halsim_device_begin_io(device, error)) {
        return true;
    }
    set_in_cycle(device, client, false);
    (void)driver_stop(device, client, NULL);
    return false;
}

/* The cycles if it was the last, and StopIO. */
static bool client_end(struct halsim_device *device, struct halsim_client *client,
                       struct halsim_error *error) {
    set_in_cycle(device, client, false);
    if (!any_in_cycle(device)) {
        halsim_device_end_io(device);
    }
    return driver_stop(device, client, error);
}

bool halsim_io_start(struct halsim_host *host, uint32_t index, uint32_t id,
                     struct halsim_error *error) {
    struct found found;
    bool ok = open_client(&found, host, index, id, error);
    if (ok && found.client->start_count == 0) {
        ok = client_begin(found.device, found.client, error);
    }
    if (ok) {
        found.client->start_count++;
    }
    return settle(host, close_client(&found, ok));
}

bool halsim_io_stop(struct halsim_host *host, uint32_t index, uint32_t id,
                    struct halsim_error *error) {
    struct found found;
    bool ok = open_client(&found, host, index, id, error);
    if (ok && found.client->start_count == 0) {
        ok = halsim_fail(error, HALSIM_ERROR_STATE, "client %u: its IO does not run", (unsigned)id);
    } else if (ok && --found.client->start_count == 0) {
        ok = client_end(found.device, found.client, error);
    }
    return settle(host, close_client(&found, ok));
}

uint32_t halsim_device_suspend_io(struct halsim_device *device) {
    uint32_t count = 0;
    if (!device->running) {
        return 0;
    }
    halsim_device_end_io(device);
    for (uint32_t i = 0; i < device->client_count; i++) {
        struct halsim_client *client = device->clients[i];
        if (client->start_count > 0) {
            client->in_cycle = false;
            (void)driver_stop(device, client, NULL);
            count++;
        }
    }
    return count;
}

static void tell_of_lost_io(struct halsim_device *device, const struct halsim_client *client,
                            const char *why) {
    char text[HALSIM_MESSAGE_MAX + sizeof client->label + 64];
    (void)snprintf(text, sizeof text, "IO of %s does not start again: %s", client->label, why);
    struct halsim_notice notice = {
        .kind = HALSIM_NOTICE_IO_STOPPED_ABNORMALLY,
        .plugin = device->plugin->index,
        .object = device->object.id,
        .text = text,
    };
    halsim_notify(device->host, &notice);
}

bool halsim_device_resume_io(struct halsim_device *device, struct halsim_error *error) {
    bool ok = true;
    for (uint32_t i = 0; i < device->client_count; i++) {
        struct halsim_client *client = device->clients[i];
        struct halsim_error failure = {0};
        if (client->start_count > 0 && !client_begin(device, client, &failure)) {
            client->start_count = 0;
            tell_of_lost_io(device, client, failure.message);
            if (ok && error != NULL) {
                *error = failure;
            }
            ok = false;
        }
    }
    return ok;
}
