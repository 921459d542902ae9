/* The buffers that a cycle works in, and what the driver wants done in it. Prepared before IO
 * starts: a cycle allocates nothing. */
#include "format.h"
#include "host_internal.h"
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 64 /* a cache line, and wide enough for any vector instruction of a driver */

static size_t buffer_bytes(const struct halsim_stream_info *stream, uint32_t frames) {
    size_t canonical = (size_t)frames * stream->virtual_format.mChannelsPerFrame * sizeof(float);
    size_t native = (size_t)frames * stream->physical_format.mBytesPerFrame;
    size_t bytes = canonical > native ? canonical : native;
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static bool check_conversion(const struct halsim_stream_info *stream, struct halsim_error *error) {
    char text[96];
    if (halsim_format_is_supported(&stream->physical_format)) {
        return true;
    }
    halsim_format_text(&stream->physical_format, text, sizeof text);
    return halsim_fail(
        error, HALSIM_ERROR_UNSUPPORTED,
        "stream %u: physical format %s; the host cannot convert it and the driver does not",
        (unsigned)stream->id, text);
}

static bool check_formats(const struct halsim_device *device, struct halsim_error *error) {
    char text[96];
    for (uint32_t i = 0; i < device->info.stream_count; i++) {
        const struct halsim_stream_info *stream = &device->info.streams[i];
        if (!halsim_format_is_canonical(&stream->virtual_format)) {
            halsim_format_text(&stream->virtual_format, text, sizeof text);
            return halsim_fail(error, HALSIM_ERROR_UNSUPPORTED,
                               "stream %u: virtual format %s; the host mixes Float32 only",
                               (unsigned)stream->id, text);
        }
        if (stream->virtual_format.mSampleRate != device->info.nominal_rate) {
            return halsim_fail(error, HALSIM_ERROR_CONTRACT,
                               "stream %u: its format has %.10g Hz, its device %.10g Hz",
                               (unsigned)stream->id, stream->virtual_format.mSampleRate,
                               device->info.nominal_rate);
        }
        if (stream->physical_format.mChannelsPerFrame != stream->virtual_format.mChannelsPerFrame) {
            return halsim_fail(error, HALSIM_ERROR_CONTRACT,
                               "stream %u: %u channels in its virtual format, %u in its physical",
                               (unsigned)stream->id,
                               (unsigned)stream->virtual_format.mChannelsPerFrame,
                               (unsigned)stream->physical_format.mChannelsPerFrame);
        }
        if (!stream->is_input && !device->will.will_do[HALSIM_OP_CONVERT_MIX] &&
            !check_conversion(stream, error)) {
            return false;
        }
    }
    return true;
}

/* Each client reads the inputs for itself, by the driver's answers for that client. */
bool halsim_buffers_suit(const struct halsim_device *device, const struct halsim_client *client,
                         struct halsim_error *error) {
    for (uint32_t i = 0; i < device->input_count; i++) {
        if (!client->will.will_do[HALSIM_OP_CONVERT_INPUT] &&
            !check_conversion(&device->info.streams[i], error)) {
            return false;
        }
    }
    return true;
}

static void free_one(struct halsim_stream_buffers *buffers) {
    free(buffers->mix);
    free(buffers->spare);
    *buffers = (struct halsim_stream_buffers){0};
}

static bool prepare_one(struct halsim_stream_buffers *buffers, size_t bytes) {
    buffers->bytes = bytes;
    buffers->mix = aligned_alloc(ALIGNMENT, bytes);
    buffers->spare = aligned_alloc(ALIGNMENT, bytes);
    if (buffers->mix == NULL || buffers->spare == NULL) {
        return false;
    }
    memset(buffers->mix, 0, bytes);
    memset(buffers->spare, 0, bytes);
    return true;
}

void halsim_buffers_free(struct halsim_device *device) {
    for (uint32_t i = 0; i < 2 * HALSIM_MAX_STREAMS; i++) {
        free_one(&device->buffers[i]);
    }
    for (uint32_t i = 0; i < HALSIM_MAX_STREAMS; i++) {
        free_one(&device->blocks[i]);
    }
}

bool halsim_buffers_prepare(struct halsim_device *device, struct halsim_error *error) {
    if (!check_formats(device, error)) {
        return false;
    }
    halsim_buffers_free(device);
    bool ok = true;
    for (uint32_t i = 0; i < device->info.stream_count && ok; i++) {
        ok = prepare_one(&device->buffers[i],
                         buffer_bytes(&device->info.streams[i], device->info.buffer_frames));
    }
    for (uint32_t i = 0; i < device->output_count && ok; i++) {
        ok = prepare_one(&device->blocks[i], device->buffers[device->input_count + i].bytes);
    }
    if (!ok) {
        halsim_buffers_free(device);
        return halsim_fail(error, HALSIM_ERROR_SYSTEM, "IO buffers: out of memory");
    }
    return true;
}
