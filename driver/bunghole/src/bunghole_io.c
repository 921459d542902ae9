/* bunghole_io.c - what the two devices do when IO starts, runs and stops. */
#include "bunghole_driver.h"
#include <math.h>

/* ---- start and stop -------------------------------------------------------------------------- */

static OSStatus start_output(struct haldrv_device *device) {
    struct bunghole *bunghole = device->context;
    bunghole->begins = true;
    bunghole_sender_run(bunghole->sender, true);
    atomic_store_explicit(&bunghole->output_runs, true, memory_order_release);
    return kAudioHardwareNoError;
}

static void stop_output(struct haldrv_device *device) {
    struct bunghole *bunghole = device->context;
    atomic_store_explicit(&bunghole->output_runs, false, memory_order_release);
    bunghole_sender_run(bunghole->sender, false);
}

static OSStatus start_input(struct haldrv_device *device) {
    struct bunghole *bunghole = device->context;
    haldrv_gain_reset(&bunghole->input_gain, &bunghole->input.level);
    bunghole_receiver_run(bunghole->receiver, true);
    atomic_store_explicit(&bunghole->input_runs, true, memory_order_release);
    return kAudioHardwareNoError;
}

static void stop_input(struct haldrv_device *device) {
    struct bunghole *bunghole = device->context;
    atomic_store_explicit(&bunghole->input_runs, false, memory_order_release);
    bunghole_receiver_run(bunghole->receiver, false);
}

/* ---- the IO threads -------------------------------------------------------------------------- */

static bool output_will_do(const struct haldrv_device *device, UInt32 operation) {
    (void)device;
    return operation == kAudioServerPlugInIOOperationWriteMix;
}

static bool input_will_do(const struct haldrv_device *device, UInt32 operation) {
    (void)device;
    return operation == kAudioServerPlugInIOOperationReadInput;
}

static uint64_t nanoseconds_of(const struct bunghole *bunghole, uint64_t ticks) {
    if (bunghole->timebase.numer == bunghole->timebase.denom) {
        return ticks;
    }
    __extension__ typedef unsigned __int128 wide;
    return (uint64_t)((wide)ticks * bunghole->timebase.numer / bunghole->timebase.denom);
}

static uint32_t flags_of_block(struct bunghole *bunghole, UInt32 frames, Float64 sample_time) {
    uint32_t flags = 0;
    if (bunghole->begins) {
        flags = BUNGHOLE_BLOCK_BEGINS;
    } else if (fabs(sample_time - bunghole->next_sample_time) >= 0.5) {
        flags = BUNGHOLE_BLOCK_JUMPS;
    }
    bunghole->begins = false;
    bunghole->next_sample_time = sample_time + frames;
    return flags;
}

/* Frames that do not fit are counted, and the host's cycle is none the worse for it. */
static OSStatus write_mix(struct haldrv_device *device, AudioObjectID stream, UInt32 operation,
                          UInt32 frames, const AudioServerPlugInIOCycleInfo *cycle, void *buffer) {
    (void)stream;
    (void)operation;
    struct bunghole *bunghole = device->context;
    if (!atomic_load_explicit(&bunghole->output_runs, memory_order_acquire)) {
        return kAudioHardwareNotRunningError;
    }
    uint32_t flags = flags_of_block(bunghole, frames, cycle->mOutputTime.mSampleTime);
    bunghole_sender_write(bunghole->sender, buffer, frames,
                          nanoseconds_of(bunghole, cycle->mCurrentTime.mHostTime), flags);
    return kAudioHardwareNoError;
}

static OSStatus read_input(struct haldrv_device *device, AudioObjectID stream, UInt32 operation,
                           UInt32 frames, const AudioServerPlugInIOCycleInfo *cycle, void *buffer) {
    (void)stream;
    (void)operation;
    (void)cycle;
    struct bunghole *bunghole = device->context;
    if (!atomic_load_explicit(&bunghole->input_runs, memory_order_acquire)) {
        return kAudioHardwareNotRunningError;
    }
    if (frames == 0) {
        return kAudioHardwareIllegalOperationError;
    }
    bunghole_receiver_read(bunghole->receiver, buffer, frames);
    struct haldrv_ramp ramp =
        haldrv_ramp_begin(&bunghole->input_gain, &bunghole->input.level, frames);
    if (!haldrv_ramp_is_unity(&ramp)) {
        haldrv_ramp_apply(&ramp, 0, buffer, buffer, frames, BUNGHOLE_CHANNELS);
    }
    return kAudioHardwareNoError;
}

/* ---- configuration changes ------------------------------------------------------------------- */

/* There is one format, and what can be set takes effect at once. */
static OSStatus perform(struct haldrv_device *device, UInt64 action, void *info,
                        struct haldrv_changes *changes) {
    (void)device;
    (void)action;
    (void)info;
    (void)changes;
    return kAudioHardwareIllegalOperationError;
}

const struct haldrv_device_ops bunghole_output_ops = {
    .start = start_output,
    .stop = stop_output,
    .will_do = output_will_do,
    .do_io = write_mix,
    .perform = perform,
};

const struct haldrv_device_ops bunghole_input_ops = {
    .start = start_input,
    .stop = stop_input,
    .will_do = input_will_do,
    .do_io = read_input,
    .perform = perform,
};
