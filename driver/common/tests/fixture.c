/* fixture.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above first */
#include "fixture.h"
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

struct fixture_counts fixture_counts;
OSStatus fixture_initialize_status;
OSStatus fixture_start_status;

static const UInt32 rates[] = {44100, 48000, 96000};

static const struct haldrv_plugin_info plugin_info = {
    .bundle_id = "test.fixture",
    .name = "Fixture",
    .manufacturer = "hal-lab",
};

static const AudioServerPlugInCustomPropertyInfo customs[] = {
    {'abcd', kAudioServerPlugInCustomPropertyDataTypeCFString,
     kAudioServerPlugInCustomPropertyDataTypeNone},
};

static const struct haldrv_device_info output_info = {
    .uid = "Output_UID",
    .model_uid = "Model_UID",
    .name = "Fixture Output",
    .model_name = "Fixture",
    .manufacturer = "hal-lab",
    .configuration_application = "com.apple.audio.AudioMIDISetup",
    .transport = kAudioDeviceTransportTypeVirtual,
    .clock_algorithm = kAudioDeviceClockAlgorithmRaw,
    .zero_period_frames = 16384,
    .rates = rates,
    .rate_count = 3,
    .output = {.can_be_default = true,
               .can_be_system_default = true,
               .latency_frames = 7,
               .safety_frames = 9,
               .channels = 2},
    .custom = customs,
    .custom_count = 1,
};

static const struct haldrv_device_info input_info = {
    .uid = "Input_UID",
    .model_uid = "Model_UID",
    .name = "Fixture Input",
    .model_name = "Fixture",
    .manufacturer = "hal-lab",
    .configuration_application = "com.apple.audio.AudioMIDISetup",
    .transport = kAudioDeviceTransportTypeVirtual,
    .clock_algorithm = kAudioDeviceClockAlgorithmRaw,
    .zero_period_frames = 16384,
    .rates = rates,
    .rate_count = 3,
    .input = {.can_be_default = true, .channels = 10},
};

struct driver {
    struct haldrv_plugin plugin;
    struct haldrv_device output, input;
    struct haldrv_stream output_stream, input_stream;
    struct haldrv_level level;
    struct haldrv_control volume, mute;
    struct haldrv_object objects[FIXTURE_OBJECTS];
};

static OSStatus start(struct haldrv_device *device) {
    (void)device;
    fixture_counts.started++;
    return fixture_start_status;
}

static void stop(struct haldrv_device *device) {
    (void)device;
    fixture_counts.stopped++;
}

static bool will_do(const struct haldrv_device *device, UInt32 operation) {
    return operation == (device->id == FIXTURE_OUTPUT ? kAudioServerPlugInIOOperationWriteMix
                                                      : kAudioServerPlugInIOOperationReadInput);
}

static OSStatus do_io(struct haldrv_device *device, AudioObjectID stream, UInt32 operation,
                      UInt32 frames, const AudioServerPlugInIOCycleInfo *cycle, void *buffer) {
    (void)device;
    (void)stream;
    (void)operation;
    (void)frames;
    (void)cycle;
    (void)buffer;
    fixture_counts.io++;
    return kAudioHardwareNoError;
}

static OSStatus perform(struct haldrv_device *device, UInt64 action, void *info,
                        struct haldrv_changes *changes) {
    if (action != HALDRV_CHANGE_RATE) {
        return kAudioHardwareIllegalOperationError;
    }
    haldrv_plugin_lock(device->plugin);
    haldrv_device_set_rate(device, (UInt32)(uintptr_t)info, changes);
    haldrv_plugin_unlock(device->plugin);
    return kAudioHardwareNoError;
}

static const struct haldrv_device_ops device_ops = {
    .start = start,
    .stop = stop,
    .will_do = will_do,
    .do_io = do_io,
    .perform = perform,
};

static OSStatus initialize(struct haldrv_plugin *plugin) {
    assert_non_null(plugin->host);
    return fixture_initialize_status;
}

static void destroy(struct haldrv_plugin *plugin) {
    fixture_counts.destroyed++;
    haldrv_plugin_destroy(plugin);
    free(plugin->context);
}

static const struct haldrv_plugin_ops plugin_ops = {.initialize = initialize, .destroy = destroy};

static void level_changed(void *context) {
    (void)context;
    fixture_counts.level_changed++;
}

static const struct haldrv_property_set *const device_sets[] = {&haldrv_object_properties,
                                                                &haldrv_device_properties, NULL};

static struct haldrv_device make_device(AudioObjectID id, const struct haldrv_device_info *info) {
    return (struct haldrv_device){.id = id, .info = info, .ops = &device_ops, .rate = 48000};
}

static struct haldrv_plugin *create(void) {
    struct driver *driver = calloc(1, sizeof *driver);
    assert_non_null(driver);
    fixture_counts.created++;
    driver->output = make_device(FIXTURE_OUTPUT, &output_info);
    driver->input = make_device(FIXTURE_INPUT, &input_info);
    driver->output_stream = (struct haldrv_stream){.id = FIXTURE_OUTPUT_STREAM,
                                                   .device = &driver->output,
                                                   .terminal = kAudioStreamTerminalTypeLine,
                                                   .starting_channel = 1,
                                                   .channels = 2,
                                                   .latency_frames = 3,
                                                   .active = true};
    driver->input_stream = (struct haldrv_stream){.id = FIXTURE_INPUT_STREAM,
                                                  .device = &driver->input,
                                                  .is_input = true,
                                                  .terminal = kAudioStreamTerminalTypeMicrophone,
                                                  .starting_channel = 1,
                                                  .channels = 10,
                                                  .active = true};
    haldrv_level_init(&driver->level, HALDRV_CURVE_SQUARED, 1.0f, false);
    driver->volume = (struct haldrv_control){.scope = kAudioObjectPropertyScopeOutput,
                                             .level = &driver->level,
                                             .changed = level_changed};
    driver->mute = driver->volume;
    const struct haldrv_object objects[] = {
        {FIXTURE_PLUGIN, kAudioPlugInClassID, kAudioObjectClassID, 0, 0, haldrv_plugin_sets, NULL},
        {FIXTURE_OUTPUT, kAudioDeviceClassID, kAudioObjectClassID, FIXTURE_PLUGIN, 0, device_sets,
         &driver->output},
        {FIXTURE_INPUT, kAudioDeviceClassID, kAudioObjectClassID, FIXTURE_PLUGIN, 0, device_sets,
         &driver->input},
        {FIXTURE_OUTPUT_STREAM, kAudioStreamClassID, kAudioObjectClassID, FIXTURE_OUTPUT,
         HALDRV_OUTPUT, haldrv_stream_sets, &driver->output_stream},
        {FIXTURE_VOLUME, kAudioVolumeControlClassID, kAudioLevelControlClassID, FIXTURE_OUTPUT,
         HALDRV_OUTPUT, haldrv_volume_sets, &driver->volume},
        {FIXTURE_MUTE, kAudioMuteControlClassID, kAudioBooleanControlClassID, FIXTURE_OUTPUT,
         HALDRV_OUTPUT, haldrv_mute_sets, &driver->mute},
        {FIXTURE_INPUT_STREAM, kAudioStreamClassID, kAudioObjectClassID, FIXTURE_INPUT,
         HALDRV_INPUT, haldrv_stream_sets, &driver->input_stream},
    };
    memcpy(driver->objects, objects, sizeof objects);
    haldrv_plugin_init(&driver->plugin, &plugin_info, &plugin_ops, driver->objects, FIXTURE_OBJECTS,
                       driver);
    return &driver->plugin;
}

static struct haldrv_factory factory = HALDRV_FACTORY_INITIALIZER;

void *fixture_factory(CFAllocatorRef allocator, CFUUIDRef type) {
    (void)allocator;
    return haldrv_factory_get(&factory, type, create);
}

int fixture_set_up(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    memset(&fixture_counts, 0, sizeof fixture_counts);
    fixture_initialize_status = kAudioHardwareNoError;
    fixture_start_status = kAudioHardwareNoError;
    fake_host_init(&fixture->host);
    fixture->driver = fixture_factory(NULL, kAudioServerPlugInTypeUUID);
    assert_non_null(fixture->driver);
    *state = fixture;
    return (*fixture->driver)->Initialize(fixture->driver, fake_host_ref(&fixture->host));
}

int fixture_tear_down(void **state) {
    struct fixture *fixture = *state;
    (*fixture->driver)->Release(fixture->driver);
    fake_host_destroy(&fixture->host);
    free(fixture);
    return 0;
}
