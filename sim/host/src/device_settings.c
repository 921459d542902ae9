/* What is set on a device: frames per cycle, rate, stream format. */
#include "format.h"
#include "host_internal.h"
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
