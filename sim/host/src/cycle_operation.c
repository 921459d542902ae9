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

void halsim_cycle_perform(struct cycle *cycle, const struct halsim_will_do *will, uint32_t client,
                          enum halsim_operation operation, const struct halsim_stream_info *streams,
                          struct halsim_stream_buffers *buffers, uint32_t count) {
    cycle->host_ticks += lap(cycle);
    begin_operation(cycle, client, operation);
    for (uint32_t i = 0; i < count; i++) {
        if (will->in_place[operation]) {
            (void)do_operation(cycle, streams[i].id, client, operation, buffers[i].mix, NULL);
        } else if (do_operation(cycle, streams[i].id, client, operation, buffers[i].mix,
                                buffers[i].spare)) {
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
