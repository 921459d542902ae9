#include "format.h"
#include "host_internal.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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
        if (device->alive && device->info.object.plugin == object.plugin &&
            device->info.object.id == object.id) {
            return device;
        }
    }
    return NULL;
}

/* ---- reading a device --------------------------------------------------------------------- */

static uint32_t optional_u32(struct halsim_host *host, struct halsim_object object,
                             AudioObjectPropertySelector selector, AudioObjectPropertyScope scope,
                             uint32_t otherwise) {
    const AudioObjectPropertyAddress *address = HALSIM_ADDRESS(selector, scope);
    uint32_t value;
    if (halsim_property_has(host, object, address) &&
        halsim_property_get_u32(host, object, address, &value, NULL)) {
        return value;
    }
    return otherwise;
}

static bool read_string(struct halsim_host *host, struct halsim_object object,
                        AudioObjectPropertySelector selector, char *text, size_t size,
                        struct halsim_error *error) {
    char *value = halsim_property_get_string(
        host, object, HALSIM_ADDRESS(selector, kAudioObjectPropertyScopeGlobal), error);
    if (value == NULL) {
        return false;
    }
    (void)snprintf(text, size, "%s", value);
    free(value);
    return true;
}

static bool read_format(struct halsim_host *host, struct halsim_object stream,
                        AudioObjectPropertySelector selector, AudioStreamBasicDescription *format,
                        struct halsim_error *error) {
    uint32_t size = sizeof *format;
    if (!halsim_property_get(host, stream,
                             HALSIM_ADDRESS(selector, kAudioObjectPropertyScopeGlobal), 0, NULL,
                             &size, format, error)) {
        return false;
    }
    if (size != sizeof *format || format->mChannelsPerFrame == 0 ||
        format->mChannelsPerFrame > 1024 || !(format->mSampleRate > 0)) {
        return halsim_fail(error, HALSIM_ERROR_CONTRACT,
                           "stream %u: its format makes no sense (%u bytes, %u channels, %g Hz)",
                           (unsigned)stream.id, (unsigned)size, (unsigned)format->mChannelsPerFrame,
                           format->mSampleRate);
    }
    return true;
}

static bool read_stream(struct halsim_host *host, struct halsim_object object, bool is_input,
                        struct halsim_stream_info *stream, struct halsim_error *error) {
    memset(stream, 0, sizeof *stream);
    stream->id = object.id;
    stream->is_input = is_input;
    AudioObjectPropertyScope global = kAudioObjectPropertyScopeGlobal;
    stream->starting_channel =
        optional_u32(host, object, kAudioStreamPropertyStartingChannel, global, 1);
    stream->latency_frames = optional_u32(host, object, kAudioStreamPropertyLatency, global, 0);
    if (!read_format(host, object, kAudioStreamPropertyVirtualFormat, &stream->virtual_format,
                     error)) {
        return false;
    }
    stream->physical_format = stream->virtual_format;
    const AudioObjectPropertyAddress *physical =
        HALSIM_ADDRESS(kAudioStreamPropertyPhysicalFormat, global);
    return !halsim_property_has(host, object, physical) ||
           read_format(host, object, kAudioStreamPropertyPhysicalFormat, &stream->physical_format,
                       error);
}

static bool read_streams(struct halsim_host *host, struct halsim_object object, bool is_input,
                         struct halsim_device_info *info, struct halsim_error *error) {
    AudioObjectPropertyScope scope =
        is_input ? kAudioObjectPropertyScopeInput : kAudioObjectPropertyScopeOutput;
    uint32_t count;
    AudioObjectID *ids =
        halsim_property_get_list(host, object, HALSIM_ADDRESS(kAudioDevicePropertyStreams, scope),
                                 sizeof *ids, &count, error);
    if (ids == NULL) {
        return count == 0 && (error == NULL || error->status == HALSIM_OK);
    }
    bool ok = true;
    uint32_t taken = 0;
    for (uint32_t i = 0; i < count && ok; i++) {
        struct halsim_object stream = {.plugin = object.plugin, .id = ids[i]};
        /* A driver that ignores the scope lists a stream on both sides: its direction decides. */
        uint32_t direction = optional_u32(host, stream, kAudioStreamPropertyDirection,
                                          kAudioObjectPropertyScopeGlobal, is_input ? 1 : 0);
        if ((direction == 1) != is_input) {
            halsim_warn(host->plugins[object.plugin], object.id,
                        "stream %u is listed under the %s scope but its direction is %s",
                        (unsigned)ids[i], is_input ? "input" : "output",
                        direction == 1 ? "input" : "output");
            continue;
        }
        if (taken == HALSIM_MAX_STREAMS) {
            ok = halsim_fail(error, HALSIM_ERROR_UNSUPPORTED,
                             "device %u: more than %d streams in one direction",
                             (unsigned)object.id, HALSIM_MAX_STREAMS);
            break;
        }
        ok = read_stream(host, stream, is_input, &info->streams[info->stream_count], error);
        info->stream_count++;
        taken++;
    }
    free(ids);
    return ok;
}

static bool read_device(struct halsim_host *host, struct halsim_object object,
                        struct halsim_device_info *info, uint32_t *input_count,
                        struct halsim_error *error) {
    AudioObjectPropertyScope global = kAudioObjectPropertyScopeGlobal;
    AudioObjectPropertyScope input = kAudioObjectPropertyScopeInput;
    AudioObjectPropertyScope output = kAudioObjectPropertyScopeOutput;
    memset(info, 0, sizeof *info);
    info->object = object;
    if (!read_string(host, object, kAudioDevicePropertyDeviceUID, info->uid, sizeof info->uid,
                     error) ||
        !read_string(host, object, kAudioObjectPropertyName, info->name, sizeof info->name,
                     error) ||
        !halsim_property_get_f64(host, object,
                                 HALSIM_ADDRESS(kAudioDevicePropertyNominalSampleRate, global),
                                 &info->nominal_rate, error)) {
        return false;
    }
    if (!(info->nominal_rate >= 1.0 && info->nominal_rate <= 10e6)) {
        return halsim_fail(error, HALSIM_ERROR_CONTRACT, "device \"%s\": a nominal rate of %g Hz",
                           info->name, info->nominal_rate);
    }
    info->zero_period_frames =
        optional_u32(host, object, kAudioDevicePropertyZeroTimeStampPeriod, global, 0);
    info->clock_algorithm = optional_u32(host, object, kAudioDevicePropertyClockAlgorithm, global,
                                         kAudioDeviceClockAlgorithmSimpleIIR);
    info->input_latency_frames = optional_u32(host, object, kAudioDevicePropertyLatency, input, 0);
    info->output_latency_frames =
        optional_u32(host, object, kAudioDevicePropertyLatency, output, 0);
    info->input_safety_frames =
        optional_u32(host, object, kAudioDevicePropertySafetyOffset, input, 0);
    info->output_safety_frames =
        optional_u32(host, object, kAudioDevicePropertySafetyOffset, output, 0);
    info->is_hidden = optional_u32(host, object, kAudioDevicePropertyIsHidden, global, 0) != 0;
    if (!read_streams(host, object, true, info, error)) {
        return false;
    }
    *input_count = info->stream_count;
    return read_streams(host, object, false, info, error);
}

/* What a running cycle depends on. */
static bool same_io(const struct halsim_device_info *a, const struct halsim_device_info *b) {
    return a->nominal_rate == b->nominal_rate && a->zero_period_frames == b->zero_period_frames &&
           a->input_safety_frames == b->input_safety_frames &&
           a->output_safety_frames == b->output_safety_frames &&
           a->clock_algorithm == b->clock_algorithm && a->stream_count == b->stream_count &&
           memcmp(a->streams, b->streams, a->stream_count * sizeof a->streams[0]) == 0;
}

bool halsim_device_refresh(struct halsim_device *device, struct halsim_error *error) {
    struct halsim_device_info *fresh = calloc(1, sizeof *fresh);
    if (fresh == NULL) {
        return halsim_fail(error, HALSIM_ERROR_SYSTEM, "out of memory");
    }
    uint32_t input_count = 0;
    bool ok = read_device(device->host, device->info.object, fresh, &input_count, error);
    if (ok) {
        fresh->device = device->info.device;
        fresh->buffer_frames = device->info.buffer_frames;
        bool restart = device->running && !same_io(&device->info, fresh);
        if (restart) {
            halsim_warn(
                device->plugin, device->info.object.id,
                "device \"%s\" changed its rate, formats, offsets or streams while IO ran, without "
                "a configuration change",
                fresh->name);
            (void)halsim_device_suspend_io(device);
        }
        if (device->running) {
            halsim_device_lock(device);
        }
        device->info = *fresh;
        device->input_count = input_count;
        device->output_count = fresh->stream_count - input_count;
        if (device->running) {
            halsim_device_unlock(device);
        }
        ok = !restart || halsim_device_resume_io(device, error);
    }
    free(fresh);
    return ok;
}

/* ---- the list of devices ------------------------------------------------------------------ */

static bool add_device(struct halsim_plugin *plugin, AudioObjectID id, struct halsim_error *error) {
    struct halsim_host *host = plugin->host;
    if (host->device_count == HALSIM_MAX_DEVICES) {
        return halsim_fail(error, HALSIM_ERROR_UNSUPPORTED, "%d devices are the most",
                           HALSIM_MAX_DEVICES);
    }
    struct halsim_device *device = calloc(1, sizeof *device);
    if (device == NULL) {
        return halsim_fail(error, HALSIM_ERROR_SYSTEM, "out of memory");
    }
    device->host = host;
    device->plugin = plugin;
    device->alive = true;
    device->schedstat_fd = -1;
    device->info.object = (struct halsim_object){.plugin = plugin->index, .id = id};
    device->info.device = host->device_count;
    if (!halsim_device_refresh(device, error)) {
        free(device);
        return false;
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
    while (device->client_count > 0) {
        (void)halsim_client_remove(device->host, device->info.device, device->clients[0]->id, NULL);
    }
    device->alive = false;
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
            listed = listed || ids[j] == device->info.object.id;
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

void halsim_device_free(struct halsim_device *device) {
    halsim_buffers_free(device);
    if (device->schedstat_fd >= 0) {
        (void)close(device->schedstat_fd);
    }
    pthread_mutex_destroy(&device->cycle_lock);
    free(device);
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

/* ---- settings ----------------------------------------------------------------------------- */

bool halsim_device_set_buffer_frames(struct halsim_host *host, uint32_t index, uint32_t frames,
                                     struct halsim_error *error) {
    if (frames < HALSIM_MIN_FRAMES || frames > HALSIM_MAX_FRAMES) {
        return halsim_fail(error, HALSIM_ERROR_ARGUMENT, "buffer of %u frames: use %d to %d",
                           (unsigned)frames, HALSIM_MIN_FRAMES, HALSIM_MAX_FRAMES);
    }
    pthread_mutex_lock(&host->control);
    struct halsim_device *device = halsim_device_at(host, index, error);
    bool ok = device != NULL;
    if (ok && device->info.buffer_frames != frames) {
        uint32_t running = halsim_device_suspend_io(device);
        device->info.buffer_frames = frames;
        ok = running == 0 || halsim_device_resume_io(device, error);
    }
    pthread_mutex_unlock(&host->control);
    return ok;
}

static bool rate_is_available(struct halsim_host *host, struct halsim_object object, double rate,
                              struct halsim_error *error) {
    uint32_t count;
    AudioValueRange *ranges =
        halsim_property_get_list(host, object,
                                 HALSIM_ADDRESS(kAudioDevicePropertyAvailableNominalSampleRates,
                                                kAudioObjectPropertyScopeGlobal),
                                 sizeof *ranges, &count, error);
    char text[256] = "";
    for (uint32_t i = 0; i < count; i++) {
        if (rate >= ranges[i].mMinimum && rate <= ranges[i].mMaximum) {
            free(ranges);
            return true;
        }
        size_t used = strlen(text);
        if (ranges[i].mMinimum == ranges[i].mMaximum) {
            (void)snprintf(text + used, sizeof text - used, "%s%.10g", used > 0 ? ", " : "",
                           ranges[i].mMinimum);
        } else {
            (void)snprintf(text + used, sizeof text - used, "%s%.10g to %.10g",
                           used > 0 ? ", " : "", ranges[i].mMinimum, ranges[i].mMaximum);
        }
    }
    free(ranges);
    return halsim_fail(error, HALSIM_ERROR_UNSUPPORTED,
                       "rate of %.10g Hz: the device does not offer it; it has %s", rate,
                       text[0] == '\0' ? "none" : text);
}

/* A driver may ask for its configuration change from a thread of its own, after the setter has
 * returned. */
static bool wait_for_rate(struct halsim_host *host, uint32_t index, double rate) {
    struct timespec step = {.tv_nsec = 1000000};
    for (uint32_t waited_ms = 0; waited_ms <= host->config.change_limit_ms; waited_ms++) {
        (void)halsim_change_settle(host);
        pthread_mutex_lock(&host->control);
        bool done = host->devices[index]->info.nominal_rate == rate;
        pthread_mutex_unlock(&host->control);
        if (done) {
            return true;
        }
        (void)nanosleep(&step, NULL);
    }
    return false;
}

bool halsim_device_set_rate(struct halsim_host *host, uint32_t index, double rate,
                            struct halsim_error *error) {
    pthread_mutex_lock(&host->control);
    struct halsim_device *device = halsim_device_at(host, index, error);
    struct halsim_object object = {0};
    bool same = false;
    if (device != NULL) {
        object = device->info.object;
        same = device->info.nominal_rate == rate;
    }
    pthread_mutex_unlock(&host->control);
    if (device == NULL) {
        return false;
    }
    if (same) {
        return true;
    }
    const AudioObjectPropertyAddress *address =
        HALSIM_ADDRESS(kAudioDevicePropertyNominalSampleRate, kAudioObjectPropertyScopeGlobal);
    if (!rate_is_available(host, object, rate, error) ||
        !halsim_property_set(host, object, address, 0, NULL, sizeof rate, &rate, error)) {
        return false;
    }
    if (!wait_for_rate(host, index, rate)) {
        return halsim_fail(
            error, HALSIM_ERROR_TIMEOUT,
            "rate of %.10g Hz: the driver took it but its nominal rate is still another "
            "after %u ms",
            rate, (unsigned)host->config.change_limit_ms);
    }
    return true;
}

bool halsim_device_set_format(struct halsim_host *host, uint32_t index, AudioObjectID stream,
                              const AudioStreamBasicDescription *format,
                              struct halsim_error *error) {
    pthread_mutex_lock(&host->control);
    struct halsim_device *device = halsim_device_at(host, index, error);
    bool known = false;
    struct halsim_object object = {.id = stream};
    if (device != NULL) {
        object.plugin = device->info.object.plugin;
        for (uint32_t i = 0; i < device->info.stream_count; i++) {
            known = known || device->info.streams[i].id == stream;
        }
    }
    pthread_mutex_unlock(&host->control);
    if (device == NULL) {
        return false;
    }
    char text[96];
    if (!known) {
        return halsim_fail(error, HALSIM_ERROR_NOT_FOUND, "stream %u: not a stream of device %u",
                           (unsigned)stream, (unsigned)index);
    }
    const AudioObjectPropertyAddress *physical =
        HALSIM_ADDRESS(kAudioStreamPropertyPhysicalFormat, kAudioObjectPropertyScopeGlobal);
    const AudioObjectPropertyAddress *virtual_address =
        HALSIM_ADDRESS(kAudioStreamPropertyVirtualFormat, kAudioObjectPropertyScopeGlobal);
    bool has_physical = halsim_property_has(host, object, physical);
    struct halsim_error failure = {0};
    if (!halsim_property_set(host, object, has_physical ? physical : virtual_address, 0, NULL,
                             sizeof *format, format, &failure)) {
        if (error != NULL) {
            *error = failure;
            if (failure.os_status == kAudioDeviceUnsupportedFormatError) {
                halsim_format_text(format, text, sizeof text);
                (void)halsim_fail(error, HALSIM_ERROR_UNSUPPORTED,
                                  "stream %u: the driver does not take %s", (unsigned)stream, text);
                error->os_status = failure.os_status;
            }
        }
        return false;
    }
    return true;
}
