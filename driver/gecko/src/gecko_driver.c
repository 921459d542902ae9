/* gecko_driver.c - "Gecko Sink": the objects, their birth and their end. */
#include "gecko_driver.h"
#include <mach/mach_time.h>
#include <stdlib.h>
#include <string.h>

/* Time stamps are computed, so the period is free above the 10,923 frames that hosts ask for. */
#define ZERO_PERIOD_FRAMES 16384
#define DEFAULT_RATE       48000

static const UInt32 rates[] = {44100, 48000, 88200, 96000};

static const struct haldrv_plugin_info plugin_info = {
    .bundle_id = "com.gecko.driver.AudioDevice",
    .name = "Gecko Audio Device",
    .manufacturer = "hal-lab",
};

static const struct haldrv_device_info device_info = {
    .uid = "GeckoSink_UID",
    .model_uid = "GeckoSink_ModelUID",
    .name = "Gecko Sink",
    .model_name = "Gecko Sink",
    .manufacturer = "hal-lab",
    .configuration_application = "com.apple.audio.AudioMIDISetup",
    .transport = kAudioDeviceTransportTypeVirtual,
    .clock_domain = 0, /* it shares its clock with no other device */
    /* The time stamps lie exactly on a line: nothing to filter. */
    .clock_algorithm = kAudioDeviceClockAlgorithmRaw,
    .zero_period_frames = ZERO_PERIOD_FRAMES,
    .rates = rates,
    .rate_count = sizeof rates / sizeof rates[0],
    .hidden = false,
    .input = {.channels = 0},
    .output =
        {
            .can_be_default = true,
            .can_be_system_default = true,
            /* A frame can be read by others as soon as WriteMix returns: no hardware buffers behind
             * it, and none that plays while it is written, so no margin either. */
            .latency_frames = 0,
            .safety_frames = 0,
            .channels = GECKO_DEFAULT_CHANNELS,
        },
};

static const struct haldrv_property_set *const device_sets[] = {
    &haldrv_object_properties,
    &haldrv_device_properties,
    &gecko_custom_properties,
    NULL,
};

static void list_objects(struct gecko *gecko) {
    const struct haldrv_object objects[] = {
        {.id = GECKO_PLUGIN,
         .class_id = kAudioPlugInClassID,
         .base_class = kAudioObjectClassID,
         .owner = kAudioObjectUnknown,
         .sets = haldrv_plugin_sets},
        {.id = GECKO_DEVICE,
         .class_id = kAudioDeviceClassID,
         .base_class = kAudioObjectClassID,
         .owner = GECKO_PLUGIN,
         .sets = device_sets,
         .state = &gecko->device},
        {.id = GECKO_STREAM,
         .class_id = kAudioStreamClassID,
         .base_class = kAudioObjectClassID,
         .owner = GECKO_DEVICE,
         .side = HALDRV_OUTPUT,
         .sets = haldrv_stream_sets,
         .state = &gecko->stream},
        {.id = GECKO_VOLUME,
         .class_id = kAudioVolumeControlClassID,
         .base_class = kAudioLevelControlClassID,
         .owner = GECKO_DEVICE,
         .side = HALDRV_OUTPUT,
         .sets = haldrv_volume_sets,
         .state = &gecko->volume},
        {.id = GECKO_MUTE,
         .class_id = kAudioMuteControlClassID,
         .base_class = kAudioBooleanControlClassID,
         .owner = GECKO_DEVICE,
         .side = HALDRV_OUTPUT,
         .sets = haldrv_mute_sets,
         .state = &gecko->mute},
    };
    _Static_assert(sizeof objects == sizeof gecko->objects, "an object is missing");
    memcpy(gecko->objects, objects, sizeof objects);
}

/* ---- life ---------------------------------------------------------------------------------- */

static OSStatus initialize(struct haldrv_plugin *plugin) {
    struct gecko *gecko = plugin->context;
    struct gecko_shm_error error;
    struct gecko_shm_config config = gecko->config;
    if (!gecko_settings_load(plugin->host, gecko->log, &config, &error)) {
        os_log_error(gecko->log, "Gecko Sink does not start: %{public}s", error.text);
        return kAudioHardwareIllegalOperationError;
    }
    haldrv_plugin_lock(plugin);
    gecko->config = config;
    gecko->stream.channels = config.channels;
    gecko->device_info.output.channels = config.channels;
    bool good = gecko_open_writer(gecko);
    haldrv_plugin_unlock(plugin);
    return good ? kAudioHardwareNoError : kAudioHardwareIllegalOperationError;
}

static void destroy(struct haldrv_plugin *plugin) {
    struct gecko *gecko = plugin->context;
    gecko_shm_writer_close(gecko->writer);
    haldrv_plugin_destroy(plugin);
    free(gecko);
}

static const struct haldrv_plugin_ops plugin_ops = {
    .initialize = initialize,
    .destroy = destroy,
};

/* After a set of the mute control, with the lock held. */
static void mute_changed(void *context) {
    struct gecko *gecko = context;
    if (gecko->writer != NULL) {
        gecko_shm_writer_set_muted(gecko->writer, gecko->level.muted);
    }
}

static struct haldrv_plugin *create(void) {
    struct gecko *gecko = calloc(1, sizeof *gecko);
    if (gecko == NULL) {
        return NULL;
    }
    gecko->log = os_log_create("com.gecko.driver.AudioDevice", "driver");
    mach_timebase_info_data_t timebase = {.numer = 1, .denom = 1};
    mach_timebase_info(&timebase);
    gecko->config = (struct gecko_shm_config){
        .name = GECKO_SHM_NAME_DEFAULT,
        .layout = GECKO_LAYOUT_V2,
        .mode = GECKO_DEFAULT_MODE,
        .ring_frames = GECKO_DEFAULT_RING_FRAMES,
        .channels = GECKO_DEFAULT_CHANNELS,
        .sample_rate = DEFAULT_RATE,
        .timebase_numer = timebase.numer,
        .timebase_denom = timebase.denom,
        .safety_offset = device_info.output.safety_frames,
        .reported_latency = device_info.output.latency_frames,
    };
    gecko->device_info = device_info;
    gecko->device_info.custom = gecko_custom_infos;
    gecko->device_info.custom_count = gecko_custom_info_count;
    gecko->device.id = GECKO_DEVICE;
    gecko->device.info = &gecko->device_info;
    gecko->device.ops = &gecko_device_ops;
    gecko->device.context = gecko;
    gecko->device.rate = DEFAULT_RATE;
    gecko->stream = (struct haldrv_stream){
        .id = GECKO_STREAM,
        .device = &gecko->device,
        .is_input = false,
        .terminal = kAudioStreamTerminalTypeLine,
        .starting_channel = 1,
        .channels = GECKO_DEFAULT_CHANNELS,
        .latency_frames = 0,
        .active = true,
    };
    haldrv_level_init(&gecko->level, HALDRV_CURVE_SQUARED, 1.0f, false);
    gecko->volume = (struct haldrv_control){
        .scope = kAudioObjectPropertyScopeOutput,
        .element = kAudioObjectPropertyElementMain,
        .level = &gecko->level,
    };
    gecko->mute = gecko->volume;
    gecko->mute.changed = mute_changed;
    gecko->mute.context = gecko;
    list_objects(gecko);
    haldrv_plugin_init(&gecko->plugin, &plugin_info, &plugin_ops, gecko->objects, GECKO_LAST_OBJECT,
                       gecko);
    return &gecko->plugin;
}

static struct haldrv_factory factory = HALDRV_FACTORY_INITIALIZER;

/* Named in Info.plist. */
__attribute__((visibility("default"))) void *GeckoAudio_Create(CFAllocatorRef allocator,
                                                               CFUUIDRef type);

void *GeckoAudio_Create(CFAllocatorRef allocator, CFUUIDRef type) {
    (void)allocator;
    return haldrv_factory_get(&factory, type, create);
}
