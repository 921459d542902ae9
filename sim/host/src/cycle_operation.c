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

void halsim_cycle_begin_operation(struct cycle *cycle, uint32_t client,
                                  enum halsim_operation operation) {
    struct halsim_device *device = cycle->device;
    AudioObjectID id = device->info.object.id;
    UInt32 code = halsim_operation_codes[operation];
    OSStatus status = 0;
    HALSIM_CALL(status =, device->plugin, id, client, code, BeginIOOperation, id, client, code,
                cycle->frames, &device->cycle_info);
    if (status != 0) {
        halsim_cycle_driver_failed(cycle, code, status);
    }
}

void halsim_cycle_end_operation(struct cycle *cycle, uint32_t client,
                                enum halsim_operation operation) {
    struct halsim_device *device = cycle->device;
    AudioObjectID id = device->info.object.id;
    UInt32 code = halsim_operation_codes[operation];
    OSStatus status = 0;
    HALSIM_CALL(status =, device->plugin, id, client, code, EndIOOperation, id, client, code,
                cycle->frames, &device->cycle_info);
    if (status != 0) {
        halsim_cycle_driver_failed(cycle, code, status);
    }
}

/* True when the driver did it. */
bool halsim_cycle_do_operation(struct cycle *cycle, AudioObjectID stream, uint32_t client,
                               enum halsim_operation operation, void *main, void *secondary) {
    struct halsim_device *device = cycle->device;
    AudioObjectID id = device->info.object.id;
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

/* An operation over some streams of the device, in place or from `mix` to `spare`; the result is in
 * `mix`. */
void halsim_cycle_operate(struct cycle *cycle, const struct halsim_will_do *will, uint32_t client,
                          enum halsim_operation operation, uint32_t first_stream,
                          uint32_t stream_count) {
    if (!will->will_do[operation]) {
        return;
    }
    struct halsim_device *device = cycle->device;
    cycle->host_ticks += lap(cycle);
    halsim_cycle_begin_operation(cycle, client, operation);
    for (uint32_t i = first_stream; i < first_stream + stream_count; i++) {
        struct halsim_stream_buffers *buffers = &device->buffers[i];
        AudioObjectID stream = device->info.streams[i].id;
        if (will->in_place[operation]) {
            (void)halsim_cycle_do_operation(cycle, stream, client, operation, buffers->mix, NULL);
        } else if (halsim_cycle_do_operation(cycle, stream, client, operation, buffers->mix,
                                             buffers->spare)) {
            halsim_buffers_swap(buffers);
        }
    }
    halsim_cycle_end_operation(cycle, client, operation);
    cycle->driver_ticks[operation] += lap(cycle);
}

void halsim_cycle_operate_on_nothing(struct cycle *cycle, enum halsim_operation operation,
                                     bool begin) {
    if (cycle->device->will.will_do[operation]) {
        cycle->host_ticks += lap(cycle);
        if (begin) {
            halsim_cycle_begin_operation(cycle, kAudioServerPlugInHostClientID, operation);
        } else {
            halsim_cycle_end_operation(cycle, kAudioServerPlugInHostClientID, operation);
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
