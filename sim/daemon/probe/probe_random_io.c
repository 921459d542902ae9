/* probe_random_io.c - random clients, IO and operations. */
#include "halsim/signal.h"
#include "probe_random_private.h"
#include <mach/mach_time.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES_MAX 1024u

static const struct {
    uint32_t operation;
    bool has_do, is_input;
} operations[] = {
    {kAudioServerPlugInIOOperationThread, false, false},
    {kAudioServerPlugInIOOperationCycle, false, false},
    {kAudioServerPlugInIOOperationReadInput, true, true},
    {kAudioServerPlugInIOOperationConvertInput, true, true},
    {kAudioServerPlugInIOOperationProcessInput, true, true},
    {kAudioServerPlugInIOOperationProcessOutput, true, false},
    {kAudioServerPlugInIOOperationMixOutput, true, false},
    {kAudioServerPlugInIOOperationProcessMix, true, false},
    {kAudioServerPlugInIOOperationConvertMix, true, false},
    {kAudioServerPlugInIOOperationWriteMix, true, false},
};
#define OPERATION_COUNT ((uint32_t)(sizeof operations / sizeof operations[0]))

static AudioServerPlugInIOCycleInfo next_cycle(struct probe_run *run, uint32_t frames) {
    AudioTimeStamp now = {
        .mSampleTime = (Float64)(run->cycle * FRAMES_MAX),
        .mHostTime = mach_absolute_time(),
        .mRateScalar = 1,
        .mFlags = kAudioTimeStampSampleTimeValid | kAudioTimeStampHostTimeValid |
                  kAudioTimeStampRateScalarValid,
    };
    run->cycle++;
    return (AudioServerPlugInIOCycleInfo){
        .mIOCycleCounter = run->cycle,
        .mNominalIOBufferFrameSize = frames,
        .mCurrentTime = now,
        .mInputTime = now,
        .mOutputTime = now,
        .mMainHostTicksPerFrame = 1e9 / 48000,
        .mDeviceHostTicksPerFrame = 1e9 / 48000,
    };
}

/* Room for as many frames as the stream says that they take, and samples in it. */
static void add_blocks(struct probe_run *run, struct probe_call *call, bool both) {
    uint32_t frame = probe_world_frame_bytes(&run->world, call->stream);
    call->main_size = (size_t)call->frames * (frame == 0 ? 256 : frame);
    size_t samples = call->main_size / sizeof(float);
    call->main = malloc(call->main_size + sizeof(float));
    if (call->main == NULL) {
        call->main_size = 0;
        return;
    }
    enum probe_signal signal = (enum probe_signal)probe_run_below(run, PROBE_LOUD + 1);
    probe_signal_render(signal, (float *)(void *)call->main, (uint32_t)samples, 1, run->cycle);
    memset(call->main + samples * sizeof(float), 0, call->main_size - samples * sizeof(float));
    if (both) {
        call->secondary = calloc(1, call->main_size + 1);
        call->secondary_size = call->secondary != NULL ? call->main_size : 0;
    }
}

/* Begin, Do with each stream of that direction, End, if the driver says that it does it. */
static void operate(struct probe_run *run, const struct probe_device *device, uint32_t client) {
    uint32_t which = probe_run_below(run, OPERATION_COUNT);
    uint32_t operation = operations[which].operation;
    struct probe_call will = {
        .function = PROBE_WILL_DO, .object = device->id, .client = client, .operation = operation};
    struct probe_outcome outcome;
    probe_call_perform(run->world.driver, run->world.host, &will, &outcome);
    bool does = outcome.status == 0 && outcome.will_do == 1;
    bool in_place = outcome.in_place == 1;
    probe_outcome_free(&will, &outcome);
    (void)probe_run_make(run, &will);
    if (!does) {
        return;
    }
    struct probe_call call = {.function = PROBE_BEGIN_OPERATION,
                              .object = device->id,
                              .client = client,
                              .operation = operation,
                              .frames = 1 + probe_run_below(run, FRAMES_MAX)};
    call.cycle = next_cycle(run, call.frames);
    struct probe_call begin = call, end = call;
    (void)probe_run_make(run, &begin);
    for (size_t i = 0; operations[which].has_do && i < device->stream_count; i++) {
        if (device->is_input[i] == operations[which].is_input) {
            struct probe_call work = call;
            work.function = PROBE_DO_OPERATION;
            work.stream = device->streams[i];
            add_blocks(run, &work, !in_place);
            (void)probe_run_make(run, &work);
        }
    }
    end.function = PROBE_END_OPERATION;
    (void)probe_run_make(run, &end);
}

void probe_step_io_legal(struct probe_run *run) {
    if (run->world.device_count == 0) {
        probe_step_property(run);
        return;
    }
    uint32_t which = probe_run_below(run, (uint32_t)run->world.device_count);
    struct probe_device *device = &run->world.devices[which];
    uint32_t client = probe_run_below(run, PROBE_CLIENTS_MAX);
    struct probe_call call = {.object = device->id, .client = client + 1, .process_id = 4711};
    if (!device->is_added[client]) {
        call.function = PROBE_ADD_CLIENT;
        device->is_added[client] = probe_run_make(run, &call) == 0;
    } else if (!device->is_started[client]) {
        bool starts = probe_run_chance(run, 70);
        call.function = starts ? PROBE_START_IO : PROBE_REMOVE_CLIENT;
        bool ok = probe_run_make(run, &call) == 0;
        device->is_started[client] = starts && ok;
        device->is_added[client] = starts || !ok;
    } else if (probe_run_chance(run, 10)) {
        call.function = PROBE_STOP_IO;
        (void)probe_run_make(run, &call);
        device->is_started[client] = false;
    } else if (probe_run_chance(run, 25)) {
        call.function = PROBE_ZERO_TIMESTAMP;
        (void)probe_run_make(run, &call);
    } else {
        operate(run, device, client + 1);
    }
}

void probe_step_io_any(struct probe_run *run) {
    size_t place;
    static const enum probe_function functions[] = {
        PROBE_CREATE_DEVICE,  PROBE_DESTROY_DEVICE, PROBE_ADD_CLIENT,      PROBE_REMOVE_CLIENT,
        PROBE_PERFORM_CHANGE, PROBE_ABORT_CHANGE,   PROBE_START_IO,        PROBE_STOP_IO,
        PROBE_ZERO_TIMESTAMP, PROBE_WILL_DO,        PROBE_BEGIN_OPERATION, PROBE_DO_OPERATION,
        PROBE_END_OPERATION,
    };
    struct probe_call call = {
        .function = functions[probe_run_below(run, sizeof functions / sizeof functions[0])],
        .object = probe_run_object(run, &place),
        .stream = probe_run_object(run, &place),
        .client = probe_run_below(run, 4),
        .process_id = 4711,
        .action = probe_run_below(run, 8),
        .null_change_info = true,
        .operation = probe_run_chance(run, 90)
                         ? operations[probe_run_below(run, OPERATION_COUNT)].operation
                         : (uint32_t)probe_run_draw(run),
        .frames = probe_run_below(run, FRAMES_MAX + 1),
    };
    call.cycle = next_cycle(run, call.frames);
    if (call.function == PROBE_CREATE_DEVICE) {
        call.description = CFDictionaryCreate(NULL, NULL, NULL, 0, &kCFTypeDictionaryKeyCallBacks,
                                              &kCFTypeDictionaryValueCallBacks);
    } else if (call.function == PROBE_DO_OPERATION) {
        add_blocks(run, &call, true);
    }
    (void)probe_run_make(run, &call);
}

void probe_step_end(struct probe_run *run) {
    for (size_t i = 0; i < run->world.device_count; i++) {
        struct probe_device *device = &run->world.devices[i];
        for (uint32_t client = 0; client < PROBE_CLIENTS_MAX; client++) {
            struct probe_call stop = {
                .function = PROBE_STOP_IO, .object = device->id, .client = client + 1};
            struct probe_call remove = {
                .function = PROBE_REMOVE_CLIENT, .object = device->id, .client = client + 1};
            if (device->is_started[client]) {
                (void)probe_run_make(run, &stop);
            }
            if (device->is_added[client]) {
                (void)probe_run_make(run, &remove);
            }
        }
    }
}
