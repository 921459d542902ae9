/* bunghole_driver.c - "Bunghole Output" and "Bunghole Input": the objects, their birth and their
 * end.
 */
#include "bunghole_driver.h"
#include <stdlib.h>
#include <string.h>

static const UInt32 rates[] = {BUNGHOLE_RATE};

/* EEA5773D-CC43-49F1-8E00-8F9635872532: what the original calls the interface of older systems. No
 * header of Apple's has it. */
static const CFUUIDBytes old_interface = {0xEE, 0xA5, 0x77, 0x3D, 0xCC, 0x43, 0x49, 0xF1,
                                          0x8E, 0x00, 0x8F, 0x96, 0x35, 0x87, 0x25, 0x32};
/* 443ABEB8-E7B0-48D3-B2A0-381E2D0BB556: the same for the type. Info.plist does not list it. */
static const CFUUIDBytes old_type = {0x44, 0x3A, 0xBE, 0xB8, 0xE7, 0xB0, 0x48, 0xD3,
                                     0xB2, 0xA0, 0x38, 0x1E, 0x2D, 0x0B, 0xB5, 0x56};

static const struct haldrv_plugin_info plugin_info = {
    .bundle_id = "com.bunghole.audio",
    .name = "Bunghole Audio",
    .manufacturer = "Bunghole",
    .also_known_as = &old_interface,
};

static const struct haldrv_device_info common_info = {
    .model_uid = "BungholeAudio_ModelUID",
    .manufacturer = "Bunghole",
    .configuration_application = "com.apple.audio.AudioMIDISetup",
    .transport = kAudioDeviceTransportTypeVirtual,
    /* Both devices follow the host's clock, exactly: what plays on one and is recorded on the other
     * does not drift. */
    .clock_domain = 'bung',
    .clock_algorithm = kAudioDeviceClockAlgorithmRaw,
    .zero_period_frames = BUNGHOLE_DEFAULT_ZERO_PERIOD,
    .rates = rates,
    .rate_count = 1,
    .hidden = false,
};

static const struct haldrv_property_set *const device_sets[] = {
    &haldrv_object_properties,
    &haldrv_device_properties,
    &bunghole_custom_properties,
    NULL,
};

/* ---- objects --------------------------------------------------------------------------------- */

static struct haldrv_object device_object(AudioObjectID id, struct bunghole_side *side) {
    return (struct haldrv_object){
        .id = id,
        .class_id = kAudioDeviceClassID,
        .base_class = kAudioObjectClassID,
        .owner = BUNGHOLE_PLUGIN,
        .sets = device_sets,
        .state = &side->device,
    };
}

static struct haldrv_object stream_object(AudioObjectID id, struct bunghole_side *side) {
    return (struct haldrv_object){
        .id = id,
        .class_id = kAudioStreamClassID,
        .base_class = kAudioObjectClassID,
        .owner = side->device.id,
        .side = side->stream.is_input ? HALDRV_INPUT : HALDRV_OUTPUT,
        .sets = haldrv_stream_sets,
        .state = &side->stream,
    };
}

static struct haldrv_object volume_object(AudioObjectID id, struct bunghole_side *side) {
    struct haldrv_object object = stream_object(id, side);
    object.class_id = kAudioVolumeControlClassID;
    object.base_class = kAudioLevelControlClassID;
    object.sets = haldrv_volume_sets;
    object.state = &side->volume;
    return object;
}

static struct haldrv_object mute_object(AudioObjectID id, struct bunghole_side *side) {
    struct haldrv_object object = stream_object(id, side);
    object.class_id = kAudioMuteControlClassID;
    object.base_class = kAudioBooleanControlClassID;
    object.sets = haldrv_mute_sets;
    object.state = &side->mute;
    return object;
}

static void list_objects(struct bunghole *bunghole) {
    const struct haldrv_object objects[] = {
        {.id = BUNGHOLE_PLUGIN,
         .class_id = kAudioPlugInClassID,
         .base_class = kAudioObjectClassID,
         .owner = kAudioObjectUnknown,
         .sets = haldrv_plugin_sets},
        device_object(BUNGHOLE_OUTPUT, &bunghole->output),
        device_object(BUNGHOLE_INPUT, &bunghole->input),
        stream_object(BUNGHOLE_OUTPUT_STREAM, &bunghole->output),
        stream_object(BUNGHOLE_INPUT_STREAM, &bunghole->input),
        volume_object(BUNGHOLE_OUTPUT_VOLUME, &bunghole->output),
        volume_object(BUNGHOLE_INPUT_VOLUME, &bunghole->input),
        mute_object(BUNGHOLE_OUTPUT_MUTE, &bunghole->output),
        mute_object(BUNGHOLE_INPUT_MUTE, &bunghole->input),
    };
    _Static_assert(sizeof objects == sizeof bunghole->objects, "an object is missing");
    memcpy(bunghole->objects, objects, sizeof objects);
}

static void make_side(struct bunghole *bunghole, bool is_input, struct bunghole_side *side) {
    const struct haldrv_side_info own = {
        .can_be_default = true,
        .can_be_system_default = true,
        .latency_frames = is_input ? BUNGHOLE_INPUT_LATENCY : BUNGHOLE_OUTPUT_LATENCY,
        /* Rings of memory: no hardware reads or writes while the IO thread does. */
        .safety_frames = 0,
        .channels = BUNGHOLE_CHANNELS,
    };
    side->info = common_info;
    side->info.uid = is_input ? "BungholeInput_UID" : "BungholeOutput_UID";
    side->info.name = is_input ? "Bunghole Input" : "Bunghole Output";
    side->info.model_name = side->info.name;
    *(is_input ? &side->info.input : &side->info.output) = own;
    side->info.custom = bunghole_custom_infos;
    side->info.custom_count = bunghole_custom_info_count;
    side->device.id = is_input ? BUNGHOLE_INPUT : BUNGHOLE_OUTPUT;
    side->device.info = &side->info;
    side->device.ops = is_input ? &bunghole_input_ops : &bunghole_output_ops;
    side->device.context = bunghole;
    side->device.rate = BUNGHOLE_RATE;
    side->stream = (struct haldrv_stream){
        .id = is_input ? BUNGHOLE_INPUT_STREAM : BUNGHOLE_OUTPUT_STREAM,
        .device = &side->device,
        .is_input = is_input,
        .terminal = is_input ? kAudioStreamTerminalTypeMicrophone : kAudioStreamTerminalTypeLine,
        .starting_channel = 1,
        .channels = BUNGHOLE_CHANNELS,
        .latency_frames = 0,
        .active = true,
    };
    haldrv_level_init(&side->level, HALDRV_CURVE_LINEAR, 1.0f, false);
    side->volume = (struct haldrv_control){
        .scope = is_input ? kAudioObjectPropertyScopeInput : kAudioObjectPropertyScopeOutput,
        .element = kAudioObjectPropertyElementMain,
        .level = &side->level,
    };
    side->mute = side->volume;
}

/* ---- life ------------------------------------------------------------------------------------ */

/* What the transport has to tell, from its threads. */
static void say(void *context, bool error, const char *text) {
    struct bunghole *bunghole = context;
    if (error) {
        os_log_error(bunghole->log, "%{public}s", text);
    } else {
        os_log_info(bunghole->log, "%{public}s", text);
    }
}

struct bunghole_link_config bunghole_link_of(struct bunghole *bunghole, bool is_input) {
    const struct bunghole_settings *settings = &bunghole->settings;
    return (struct bunghole_link_config){
        .endpoint = is_input ? settings->input : settings->output,
        .only_v1 = settings->only_v1,
        .backoff_ms = settings->backoff_ms,
        .bitrate = settings->bitrate,
        .calls = &bunghole_dial_system,
        .say = say,
        .context = bunghole,
    };
}

static void set_zero_period(struct bunghole *bunghole, struct bunghole_side *side) {
    side->info.zero_period_frames = bunghole->settings.zero_period_frames;
    haldrv_clock_init(&side->device.clock, BUNGHOLE_RATE, side->info.zero_period_frames,
                      bunghole->timebase.numer, bunghole->timebase.denom);
}

/* With the lock held. */
static bool start_transport(struct bunghole *bunghole) {
    struct bunghole_link_config output = bunghole_link_of(bunghole, false);
    struct bunghole_link_config input = bunghole_link_of(bunghole, true);
    bunghole->sender = bunghole_sender_create(&output, &bunghole->output.level, 0);
    bunghole->receiver = bunghole_receiver_create(&input);
    if (bunghole->sender == NULL || bunghole->receiver == NULL) {
        os_log_error(bunghole->log, "Bunghole does not start: no memory, or no thread to be had");
        return false;
    }
    return true;
}

static void stop_transport(struct bunghole *bunghole) {
    bunghole_sender_destroy(bunghole->sender);
    bunghole_receiver_destroy(bunghole->receiver);
    bunghole->sender = NULL;
    bunghole->receiver = NULL;
}

static OSStatus initialize(struct haldrv_plugin *plugin) {
    struct bunghole *bunghole = plugin->context;
    struct bunghole_settings settings;
    char error[256];
    if (!bunghole_settings_load(plugin->host, bunghole->log, &settings, error, sizeof error)) {
        os_log_error(bunghole->log, "Bunghole does not start: %{public}s", error);
        return kAudioHardwareIllegalOperationError;
    }
    haldrv_plugin_lock(plugin);
    bunghole->settings = settings;
    set_zero_period(bunghole, &bunghole->output);
    set_zero_period(bunghole, &bunghole->input);
    bool good = start_transport(bunghole);
    if (!good) {
        stop_transport(bunghole);
    }
    haldrv_plugin_unlock(plugin);
    return good ? kAudioHardwareNoError : kAudioHardwareUnspecifiedError;
}

static void destroy(struct haldrv_plugin *plugin) {
    struct bunghole *bunghole = plugin->context;
    stop_transport(bunghole);
    haldrv_plugin_destroy(plugin);
    free(bunghole);
}

static const struct haldrv_plugin_ops plugin_ops = {
    .initialize = initialize,
    .destroy = destroy,
};

static struct haldrv_plugin *create(void) {
    struct bunghole *bunghole = calloc(1, sizeof *bunghole);
    if (bunghole == NULL) {
        return NULL;
    }
    bunghole->log = os_log_create("com.bunghole.audio", "driver");
    bunghole->timebase = (mach_timebase_info_data_t){.numer = 1, .denom = 1};
    mach_timebase_info(&bunghole->timebase);
    make_side(bunghole, false, &bunghole->output);
    make_side(bunghole, true, &bunghole->input);
    list_objects(bunghole);
    haldrv_plugin_init(&bunghole->plugin, &plugin_info, &plugin_ops, bunghole->objects,
                       BUNGHOLE_LAST_OBJECT, bunghole);
    return &bunghole->plugin;
}

static struct haldrv_factory factory = HALDRV_FACTORY_INITIALIZER;

static bool is_old_type(CFUUIDRef type) {
    if (type == NULL) {
        return false;
    }
    CFUUIDBytes bytes = CFUUIDGetUUIDBytes(type);
    return memcmp(&bytes, &old_type, sizeof bytes) == 0;
}

/* Named in Info.plist. */
__attribute__((visibility("default"))) void *BungholeAudio_Create(CFAllocatorRef allocator,
                                                                  CFUUIDRef type);

void *BungholeAudio_Create(CFAllocatorRef allocator, CFUUIDRef type) {
    (void)allocator;
    return haldrv_factory_get(&factory, is_old_type(type) ? kAudioServerPlugInTypeUUID : type,
                              create);
}
