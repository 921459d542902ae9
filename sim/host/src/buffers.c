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
        enum halsim_operation convert =
            stream->is_input ? HALSIM_OP_CONVERT_INPUT : HALSIM_OP_CONVERT_MIX;
        if (!device->will.will_do[convert] &&
            !halsim_format_is_supported(&stream->physical_format)) {
            halsim_format_text(&stream->physical_format, text, sizeof text);
            return halsim_fail(
                error, HALSIM_ERROR_UNSUPPORTED,
                "stream %u: physical format %s; the host cannot convert it and the driver "
                "does not",
                (unsigned)stream->id, text);
        }
    }
    return true;
}

void halsim_buffers_free(struct halsim_device *device) {
    for (uint32_t i = 0; i < 2 * HALSIM_MAX_STREAMS; i++) {
        free(device->buffers[i].mix);
        free(device->buffers[i].spare);
        device->buffers[i] = (struct halsim_stream_buffers){0};
    }
}

bool halsim_buffers_prepare(struct halsim_device *device, struct halsim_error *error) {
    if (!check_formats(device, error)) {
        return false;
    }
    halsim_buffers_free(device);
    for (uint32_t i = 0; i < device->info.stream_count; i++) {
        struct halsim_stream_buffers *buffers = &device->buffers[i];
        buffers->bytes = buffer_bytes(&device->info.streams[i], device->info.buffer_frames);
        buffers->mix = aligned_alloc(ALIGNMENT, buffers->bytes);
        buffers->spare = aligned_alloc(ALIGNMENT, buffers->bytes);
        if (buffers->mix == NULL || buffers->spare == NULL) {
            halsim_buffers_free(device);
            return halsim_fail(error, HALSIM_ERROR_SYSTEM, "IO buffers: out of memory");
        }
        memset(buffers->mix, 0, buffers->bytes);
        memset(buffers->spare, 0, buffers->bytes);
    }
    return true;
}
