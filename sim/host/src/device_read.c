/* What a device says of itself, read through its properties. */
#include "host_internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    struct halsim_error failure = {0};
    AudioObjectID *ids =
        halsim_property_get_list(host, object, HALSIM_ADDRESS(kAudioDevicePropertyStreams, scope),
                                 sizeof *ids, &count, &failure);
    if (ids == NULL) {
        if (failure.status != HALSIM_OK && error != NULL) {
            *error = failure;
        }
        return failure.status == HALSIM_OK;
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
    bool ok = read_device(device->host, device->object, fresh, &input_count, error);
    if (ok) {
        fresh->device = device->info.device;
        fresh->buffer_frames = device->info.buffer_frames;
        bool restart = device->running && !same_io(&device->info, fresh);
        if (restart) {
            halsim_warn(
                device->plugin, device->object.id,
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
