/* gecko_io.c - what Gecko Sink does when IO starts, runs, stops, and when its shape changes. */
#include "gecko_driver.h"
#include "haldrv/storage.h"
#include <mach/mach_time.h>
#include <math.h>
#include <string.h>

/* ---- the writer ---------------------------------------------------------------------------- */

/* What the header says besides its configuration. */
static void show_state(struct gecko *gecko) {
    gecko_shm_writer_set_muted(gecko->writer, gecko->level.muted);
    gecko_shm_writer_set_running(gecko->writer, haldrv_device_is_running(&gecko->device),
                                 mach_absolute_time());
}

bool gecko_open_writer(struct gecko *gecko) {
    struct gecko_shm_error error;
    if (!gecko_shm_writer_open(&gecko->config, mach_absolute_time(), &gecko->writer, &error)) {
        os_log_error(gecko->log, "Gecko Sink: %{public}s", error.text);
        return false;
    }
    show_state(gecko);
    return true;
}

/* What of the last time line counts no more. */
static void begin_time_line(struct gecko *gecko) {
    gecko->has_time = false;
    haldrv_gain_reset(&gecko->gain, &gecko->level);
    /* The first block must not be the one that meets a page fault. */
    memset(gecko->scratch, 0, sizeof gecko->scratch);
}

/* With the lock held. IO stands still, though a host need not have stopped it through us. */
static bool reconfigure(struct gecko *gecko, const struct gecko_shm_config *config) {
    struct gecko_shm_error error;
    bool was_lost = gecko_shm_writer_is_lost(gecko->writer);
    bool lost;
    bool changed =
        gecko_shm_writer_reconfigure(gecko->writer, config, mach_absolute_time(), &lost, &error);
    if (changed) {
        gecko->config = *config;
    } else {
        os_log_error(gecko->log, "Gecko Sink keeps its configuration: %{public}s", error.text);
    }
    if (lost) {
        os_log_error(gecko->log, "Gecko Sink has lost its shared memory; the next start of IO will "
                                 "try to make it again");
        atomic_store_explicit(&gecko->running, false, memory_order_release);
        return false;
    }
    show_state(gecko);
    if (was_lost && haldrv_device_is_running(&gecko->device)) {
        begin_time_line(gecko);
        atomic_store_explicit(&gecko->running, true, memory_order_release);
    }
    return changed;
}

/* ---- start and stop ------------------------------------------------------------------------ */

static OSStatus start(struct haldrv_device *device) {
    struct gecko *gecko = device->context;
    if (gecko_shm_writer_is_lost(gecko->writer)) {
        reconfigure(gecko, &gecko->config);
        if (gecko_shm_writer_is_lost(gecko->writer)) {
            return kAudioHardwareNotReadyError;
        }
    }
    begin_time_line(gecko);
    gecko_shm_writer_set_running(gecko->writer, true, mach_absolute_time());
    atomic_store_explicit(&gecko->running, true, memory_order_release);
    return kAudioHardwareNoError;
}

static void stop(struct haldrv_device *device) {
    struct gecko *gecko = device->context;
    atomic_store_explicit(&gecko->running, false, memory_order_release);
    gecko_shm_writer_set_running(gecko->writer, false, mach_absolute_time());
}

/* ---- the IO thread ------------------------------------------------------------------------- */

static bool will_do(const struct haldrv_device *device, UInt32 operation) {
    (void)device;
    return operation == kAudioServerPlugInIOOperationWriteMix;
}

/* The buffer is the host's and stays as it is, so gain goes through a piece of our own. */
static bool write_with_gain(struct gecko *gecko, const struct haldrv_ramp *ramp, const float *audio,
                            uint32_t frames, const struct gecko_shm_block *block) {
    if (!gecko_shm_writer_begin(gecko->writer, frames)) {
        return false;
    }
    uint32_t channels = gecko->config.channels;
    uint32_t piece = GECKO_SCRATCH_SAMPLES / channels;
    for (uint32_t at = 0; at < frames; at += piece) {
        uint32_t count = frames - at < piece ? frames - at : piece;
        haldrv_ramp_apply(ramp, at, gecko->scratch, audio + (size_t)at * channels, count, channels);
        gecko_shm_writer_put(gecko->writer, at, gecko->scratch, count);
    }
    gecko_shm_writer_commit(gecko->writer, block);
    return true;
}

/* A cycle that the host left out does not make a hole in the ring: frames stay contiguous, and the
 * block says that time has jumped. */
static struct gecko_shm_block describe_block(struct gecko *gecko, UInt32 frames,
                                             const AudioServerPlugInIOCycleInfo *cycle) {
    Float64 sample_time = cycle->mOutputTime.mSampleTime;
    bool follows = gecko->has_time && fabs(sample_time - gecko->next_sample_time) < 0.5;
    gecko->has_time = true;
    gecko->next_sample_time = sample_time + frames;
    return (struct gecko_shm_block){
        .host_time = cycle->mCurrentTime.mHostTime,
        .output_time = cycle->mOutputTime.mHostTime,
        .output_sample_time = sample_time,
        .cycle = cycle->mIOCycleCounter,
        .flags = follows ? 0 : GECKO_BLOCK_FLAG_DISCONTINUITY,
    };
}

static OSStatus write_mix(struct haldrv_device *device, AudioObjectID stream, UInt32 operation,
                          UInt32 frames, const AudioServerPlugInIOCycleInfo *cycle, void *buffer) {
    (void)stream;
    (void)operation;
    struct gecko *gecko = device->context;
    if (!atomic_load_explicit(&gecko->running, memory_order_acquire)) {
        return kAudioHardwareNotRunningError;
    }
    /* First of all: a block that is refused must leave no trace in ramp and time line. */
    if (frames - 1 >= gecko->config.ring_frames) {
        gecko_shm_writer_begin(gecko->writer, frames); /* counts the refusal */
        return kAudioHardwareIllegalOperationError;
    }
    struct haldrv_ramp ramp = haldrv_ramp_begin(&gecko->gain, &gecko->level, frames);
    struct gecko_shm_block block = describe_block(gecko, frames, cycle);
    bool written = haldrv_ramp_is_unity(&ramp)
                       ? gecko_shm_writer_write(gecko->writer, buffer, frames, &block)
                       : write_with_gain(gecko, &ramp, buffer, frames, &block);
    return written ? kAudioHardwareNoError : kAudioHardwareIllegalOperationError;
}

/* ---- configuration changes ----------------------------------------------------------------- */

/* What the action makes of the configuration; false when it is none of ours. */
static bool apply_action(const struct haldrv_device *device, UInt64 action, UInt64 value,
                         struct gecko_shm_config *config) {
    switch (action) {
    case HALDRV_CHANGE_RATE:
        config->sample_rate = (uint32_t)value;
        return value <= UINT32_MAX && haldrv_device_has_rate(device, (Float64)value);
    case GECKO_CHANGE_LAYOUT:
        config->layout = (enum gecko_layout)value;
        return value == GECKO_LAYOUT_V1 || value == GECKO_LAYOUT_V2;
    case GECKO_CHANGE_RING_FRAMES:
        config->ring_frames = value;
        return true;
    default:
        return false;
    }
}

/* So that the next start finds the choice again. A host that cannot store is no reason to fail. */
static void remember(struct gecko *gecko, UInt64 action, UInt64 value) {
    AudioServerPlugInHostRef host = gecko->plugin.host;
    OSStatus status = kAudioHardwareNoError;
    if (action == GECKO_CHANGE_LAYOUT) {
        status = haldrv_storage_set_string(host, GECKO_STORAGE_LAYOUT,
                                           gecko_layout_text((enum gecko_layout)value));
    } else if (action == GECKO_CHANGE_RING_FRAMES) {
        status = haldrv_storage_set_integer(host, GECKO_STORAGE_RING_FRAMES, (int64_t)value);
    }
    if (status != kAudioHardwareNoError) {
        os_log_error(gecko->log, "Gecko Sink: the host did not store the setting (%d)",
                     (int)status);
    }
}

static OSStatus perform(struct haldrv_device *device, UInt64 action, void *info,
                        struct haldrv_changes *changes) {
    struct gecko *gecko = device->context;
    UInt64 value = (UInt64)(uintptr_t)info;
    if (!atomic_load(&gecko->plugin.ready)) {
        return kAudioHardwareNotReadyError;
    }
    haldrv_plugin_lock(device->plugin);
    struct gecko_shm_config config = gecko->config;
    bool done = apply_action(device, action, value, &config) && reconfigure(gecko, &config);
    if (done) {
        if (action == HALDRV_CHANGE_RATE) {
            haldrv_device_set_rate(device, (UInt32)value, changes);
        } else {
            haldrv_changes_add(changes, device->id, (AudioObjectPropertySelector)action,
                               kAudioObjectPropertyScopeGlobal);
        }
    }
    haldrv_plugin_unlock(device->plugin);
    if (!done) {
        return kAudioHardwareIllegalOperationError;
    }
    remember(gecko, action, value);
    return kAudioHardwareNoError;
}

const struct haldrv_device_ops gecko_device_ops = {
    .start = start,
    .stop = stop,
    .will_do = will_do,
    .do_io = write_mix,
    .perform = perform,
};
