#include "cycle.h"
#include "operation.h"
#include <string.h>

void halsim_cycle_driver_failed(struct cycle *cycle, uint32_t operation_code, OSStatus status) {
    struct halsim_device *device = cycle->device;
    cycle->flags |= HALSIM_CYCLE_DRIVER_ERROR;
    device->stats.driver_errors++;
    device->stats.last_driver_error = status;
    device->stats.last_driver_error_operation = operation_code;
}

static void begin_operation(struct cycle *cycle, uint32_t client, enum halsim_operation operation) {
    struct halsim_device *device = cycle->device;
    AudioObjectID id = device->object.id;
    UInt32 code = halsim_operation_codes[operation];
    OSStatus status = 0;
    HALSIM_CALL(status =, device->plugin, id, client, code, BeginIOOperation, id, client, code,
                cycle->frames, &device->cycle_info);
    if (status != 0) {
        halsim_cycle_driver_failed(cycle, code, status);
    }
}

static void end_operation(struct cycle *cycle, uint32_t client, enum halsim_operation operation) {
    struct halsim_device *device = cycle->device;
    AudioObjectID id = device->object.id;
    UInt32 code = halsim_operation_codes[operation];
    OSStatus status = 0;
    HALSIM_CALL(status =, device->plugin, id, client, code, EndIOOperation, id, client, code,
                cycle->frames, &device->cycle_info);
    if (status != 0) {
        halsim_cycle_driver_failed(cycle, code, status);
    }
}

/* Bytes of a block before and after an operation: native up to and from the conversion. */
struct extent {
    size_t in, out;
};

static struct extent extent_of(const struct cycle *cycle, const struct halsim_stream_info *stream,
                               enum halsim_operation operation) {
    size_t canonical = (size_t)cycle->frames * stream->virtual_format.mChannelsPerFrame;
    canonical *= sizeof(float);
    size_t native = (size_t)cycle->frames * stream->physical_format.mBytesPerFrame;
    switch (operation) {
    case HALSIM_OP_READ_INPUT:
        return (struct extent){0, native}; /* what is in the buffer before means nothing */
    case HALSIM_OP_CONVERT_INPUT:
        return (struct extent){native, canonical};
    case HALSIM_OP_CONVERT_MIX:
        return (struct extent){canonical, native};
    case HALSIM_OP_WRITE_MIX:
        return (struct extent){native, native};
    default:
        return (struct extent){canonical, canonical};
    }
}

static void observe_samples(struct halsim_device *device, enum halsim_observed kind,
                            AudioObjectID stream, uint32_t client, uint32_t code,
                            const void *samples, size_t bytes) {
    struct halsim_fingerprint *fingerprint = halsim_fingerprint_of(device->plugin);
    struct halsim_observation seen = {
        .kind = (uint16_t)kind,
        .plugin = (uint16_t)device->plugin->index,
        .object = device->object.id,
        .client = client,
        .code = code,
        .detail = stream,
        .data = halsim_observe_block(fingerprint, samples, bytes),
        .values = {bytes},
    };
    halsim_observe(fingerprint, &seen);
    halsim_observe_content(fingerprint, &seen, samples, bytes);
}

/* True when the driver did it. */
static bool do_operation(struct cycle *cycle, AudioObjectID stream, uint32_t client,
                         enum halsim_operation operation, void *main, void *secondary) {
    struct halsim_device *device = cycle->device;
    AudioObjectID id = device->object.id;
    UInt32 code = halsim_operation_codes[operation];
    OSStatus status = 0;
    HALSIM_CALL(status =, device->plugin, id, client, code, DoIOOperation, id, stream, client, code,
                cycle->frames, &device->cycle_info, main, secondary);
    if (status != 0) {
        halsim_cycle_driver_failed(cycle, code, status);
        return false;
    }
    return true;
}

/* The same, with the samples of before and after observed. What an operation apart leaves in `main`
 * is nobody's any more. */
static bool do_observed(struct cycle *cycle, const struct halsim_stream_info *stream,
                        uint32_t client, enum halsim_operation operation, void *main,
                        void *secondary) {
    struct halsim_device *device = cycle->device;
    UInt32 code = halsim_operation_codes[operation];
    struct extent extent = extent_of(cycle, stream, operation);
    if (extent.in > 0) {
        observe_samples(device, HALSIM_OBSERVED_HANDED_IN, stream->id, client, code, main,
                        extent.in);
    }
    bool done = do_operation(cycle, stream->id, client, operation, main, secondary);
    observe_samples(device, HALSIM_OBSERVED_HANDED_BACK, stream->id, client, code,
                    secondary != NULL ? secondary : main, extent.out);
    return done;
}

void halsim_cycle_perform(struct cycle *cycle, const struct halsim_will_do *will, uint32_t client,
                          enum halsim_operation operation, const struct halsim_stream_info *streams,
                          struct halsim_stream_buffers *buffers, uint32_t count) {
    bool observed = halsim_fingerprint_of(cycle->device->plugin) != NULL;
    cycle->host_ticks += lap(cycle);
    begin_operation(cycle, client, operation);
    for (uint32_t i = 0; i < count; i++) {
        void *spare = will->in_place[operation] ? NULL : buffers[i].spare;
        bool done =
            __builtin_expect(observed, 0)
                ? do_observed(cycle, &streams[i], client, operation, buffers[i].mix, spare)
                : do_operation(cycle, streams[i].id, client, operation, buffers[i].mix, spare);
        if (done && spare != NULL) {
            halsim_buffers_swap(&buffers[i]);
        }
    }
    end_operation(cycle, client, operation);
    cycle->driver_ticks[operation] += lap(cycle);
}

void halsim_cycle_operate_on_nothing(struct cycle *cycle, enum halsim_operation operation,
                                     bool begin) {
    if (cycle->device->will.will_do[operation]) {
        cycle->host_ticks += lap(cycle);
        if (begin) {
            begin_operation(cycle, kAudioServerPlugInHostClientID, operation);
        } else {
            end_operation(cycle, kAudioServerPlugInHostClientID, operation);
        }
        cycle->driver_ticks[operation] += lap(cycle);
    }
}

void halsim_cycle_thread_operation(struct halsim_device *device, bool begin) {
    if (device->will.will_do[HALSIM_OP_THREAD]) {
        struct cycle cycle = {.device = device, .frames = device->info.buffer_frames};
        memset(&device->cycle_info, 0, sizeof device->cycle_info);
        device->cycle_info.mNominalIOBufferFrameSize = device->info.buffer_frames;
        halsim_cycle_operate_on_nothing(&cycle, HALSIM_OP_THREAD, begin);
    }
}
