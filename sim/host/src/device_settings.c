/* What is set on a device: frames per cycle, rate, stream format. */
#include "format.h"
#include "host_internal.h"
#include "stopwatch.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

/* ---- what the driver must have done before a setting counts --------------------------------- */

struct wish {
    uint32_t device;
    double rate;
    AudioObjectID stream; /* 0: the rate is wished for, not a format */
    bool is_physical;     /* the stream's physical format, or the virtual one */
    const AudioStreamBasicDescription *format;
};

static bool same_format(const AudioStreamBasicDescription *a,
                        const AudioStreamBasicDescription *b) {
    UInt32 flags = ~(UInt32)kAudioFormatFlagIsNonMixable; /* how it is used, not what it is */
    return a->mSampleRate == b->mSampleRate && a->mFormatID == b->mFormatID &&
           (a->mFormatFlags & flags) == (b->mFormatFlags & flags) &&
           a->mBytesPerFrame == b->mBytesPerFrame && a->mChannelsPerFrame == b->mChannelsPerFrame &&
           a->mBitsPerChannel == b->mBitsPerChannel;
}

static bool is_fulfilled(struct halsim_host *host, const struct wish *wish) {
    pthread_mutex_lock(&host->control);
    const struct halsim_device_info *info = &host->devices[wish->device]->info;
    bool done = wish->stream == 0 && info->nominal_rate == wish->rate;
    for (uint32_t i = 0; i < info->stream_count && wish->stream != 0; i++) {
        const struct halsim_stream_info *stream = &info->streams[i];
        done |= stream->id == wish->stream &&
                same_format(wish->is_physical ? &stream->physical_format : &stream->virtual_format,
                            wish->format);
    }
    pthread_mutex_unlock(&host->control);
    return done;
}

/* A driver may ask for its configuration change from a thread of its own, after the setter has
 * returned. */
static bool wait_for(struct halsim_host *host, const struct wish *wish) {
    struct timespec step = {.tv_nsec = 1000000};
    uint64_t end_ns = halsim_monotonic_ns() + (uint64_t)host->config.change_limit_ms * 1000000u;
    for (;;) {
        (void)halsim_change_settle(host);
        if (is_fulfilled(host, wish)) {
            return true;
        }
        if (halsim_monotonic_ns() >= end_ns) {
            return false;
        }
        (void)nanosleep(&step, NULL);
    }
}

bool halsim_device_set_rate(struct halsim_host *host, uint32_t index, double rate,
                            struct halsim_error *error) {
    pthread_mutex_lock(&host->control);
    struct halsim_device *device = halsim_device_at(host, index, error);
    struct halsim_object object = {0};
    bool same = false;
    if (device != NULL) {
        object = device->object;
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
    if (!wait_for(host, &(struct wish){.device = index, .rate = rate})) {
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
        object.plugin = device->object.plugin;
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
    struct wish wish = {
        .device = index, .stream = stream, .is_physical = has_physical, .format = format};
    if (!wait_for(host, &wish)) {
        halsim_format_text(format, text, sizeof text);
        return halsim_fail(error, HALSIM_ERROR_TIMEOUT,
                           "stream %u: the driver took %s but its format is still another after "
                           "%u ms",
                           (unsigned)stream, text, (unsigned)host->config.change_limit_ms);
    }
    return true;
}
