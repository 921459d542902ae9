/* properties_device.c - what every device has. */
#include "haldrv/properties.h"
#include <mach/mach_time.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

static const struct haldrv_device *device_of(const struct haldrv_query *query) {
    return query->object->state;
}

static const struct haldrv_side_info *side_of(const struct haldrv_query *query) {
    const struct haldrv_device_info *info = device_of(query)->info;
    return query->address.mScope == kAudioObjectPropertyScopeInput ? &info->input : &info->output;
}

static OSStatus put_u32(void *data, UInt32 value) {
    memcpy(data, &value, sizeof value);
    return kAudioHardwareNoError;
}

/* ---- state --------------------------------------------------------------------------------- */

bool haldrv_device_is_running(const struct haldrv_device *device) {
    return device->clients.starts != 0;
}

bool haldrv_device_has_rate(const struct haldrv_device *device, Float64 rate) {
    for (UInt32 i = 0; i < device->info->rate_count; i++) {
        if (fabs(rate - (Float64)device->info->rates[i]) < 0.5) {
            return true;
        }
    }
    return false;
}

void haldrv_device_set_rate(struct haldrv_device *device, UInt32 rate,
                            struct haldrv_changes *changes) {
    device->rate = rate;
    haldrv_clock_set_rate(&device->clock, rate, mach_absolute_time());
    haldrv_changes_add(changes, device->id, kAudioDevicePropertyNominalSampleRate,
                       kAudioObjectPropertyScopeGlobal);
    for (size_t i = 0; i < device->plugin->object_count; i++) {
        const struct haldrv_object *object = &device->plugin->objects[i];
        if (object->owner == device->id && object->class_id == kAudioStreamClassID) {
            haldrv_changes_add(changes, object->id, kAudioStreamPropertyVirtualFormat,
                               kAudioObjectPropertyScopeGlobal);
            haldrv_changes_add(changes, object->id, kAudioStreamPropertyPhysicalFormat,
                               kAudioObjectPropertyScopeGlobal);
        }
    }
}

/* ---- texts --------------------------------------------------------------------------------- */

/* Which text of struct haldrv_device_info a selector asks for. */
static OSStatus get_text(const struct haldrv_query *query, UInt32 count, void *data) {
    (void)count;
    const struct haldrv_device_info *info = device_of(query)->info;
    switch (query->address.mSelector) {
    case kAudioObjectPropertyName:
        return haldrv_get_string(info->name, data);
    case kAudioObjectPropertyModelName:
        return haldrv_get_string(info->model_name, data);
    case kAudioObjectPropertyManufacturer:
        return haldrv_get_string(info->manufacturer, data);
    case kAudioDevicePropertyDeviceUID:
        return haldrv_get_string(info->uid, data);
    case kAudioDevicePropertyModelUID:
        return haldrv_get_string(info->model_uid, data);
    default:
        return haldrv_get_string(info->configuration_application, data);
    }
}

/* ---- numbers ------------------------------------------------------------------------------- */

static OSStatus get_number(const struct haldrv_query *query, UInt32 count, void *data) {
    (void)count;
    const struct haldrv_device *device = device_of(query);
    const struct haldrv_side_info *side = side_of(query);
    switch (query->address.mSelector) {
    case kAudioDevicePropertyTransportType:
        return put_u32(data, device->info->transport);
    case kAudioDevicePropertyClockDomain:
        return put_u32(data, device->info->clock_domain);
    case kAudioDevicePropertyDeviceIsAlive:
        return put_u32(data, 1);
    case kAudioDevicePropertyDeviceIsRunning:
        return put_u32(data, haldrv_device_is_running(device));
    case kAudioDevicePropertyIsHidden:
        return put_u32(data, device->info->hidden);
    case kAudioDevicePropertyZeroTimeStampPeriod:
        return put_u32(data, device->info->zero_period_frames);
    case kAudioDevicePropertyClockAlgorithm:
        return put_u32(data, device->info->clock_algorithm);
    case kAudioDevicePropertyClockIsStable:
        return put_u32(data, 1);
    case kAudioDevicePropertyDeviceCanBeDefaultDevice:
        return put_u32(data, side->can_be_default);
    case kAudioDevicePropertyDeviceCanBeDefaultSystemDevice:
        return put_u32(data, side->can_be_system_default);
    case kAudioDevicePropertyLatency:
        return put_u32(data, side->latency_frames);
    case kAudioDevicePropertySafetyOffset:
        return put_u32(data, side->safety_frames);
    default:
        return kAudioHardwareUnknownPropertyError;
    }
}

static OSStatus get_rate(const struct haldrv_query *query, UInt32 count, void *data) {
    (void)count;
    Float64 rate = device_of(query)->rate;
    memcpy(data, &rate, sizeof rate);
    return kAudioHardwareNoError;
}

static OSStatus set_rate(const struct haldrv_query *query, const void *data,
                         struct haldrv_changes *changes) {
    const struct haldrv_device *device = device_of(query);
    Float64 rate;
    memcpy(&rate, data, sizeof rate);
    if (!haldrv_device_has_rate(device, rate)) {
        return kAudioHardwareIllegalOperationError;
    }
    UInt32 hertz = (UInt32)lround(rate);
    if (hertz == device->rate) {
        haldrv_changes_add(changes, device->id, kAudioDevicePropertyNominalSampleRate,
                           kAudioObjectPropertyScopeGlobal);
    } else {
        haldrv_changes_request(changes, device->id, HALDRV_CHANGE_RATE, (void *)(uintptr_t)hertz);
    }
    return kAudioHardwareNoError;
}

/* ---- lists --------------------------------------------------------------------------------- */

static OSStatus count_rates(const struct haldrv_query *query, UInt32 *count) {
    *count = device_of(query)->info->rate_count;
    return kAudioHardwareNoError;
}

static OSStatus get_rates(const struct haldrv_query *query, UInt32 count, void *data) {
    AudioValueRange *ranges = data;
    for (UInt32 i = 0; i < count; i++) {
        ranges[i].mMinimum = device_of(query)->info->rates[i];
        ranges[i].mMaximum = device_of(query)->info->rates[i];
    }
    return kAudioHardwareNoError;
}

static bool is_stream(const struct haldrv_query *query, const struct haldrv_object *object) {
    return object->owner == query->object->id && object->class_id == kAudioStreamClassID &&
           haldrv_side_is_in_scope(object->side, query->address.mScope);
}

static bool is_control(const struct haldrv_query *query, const struct haldrv_object *object) {
    return object->owner == query->object->id && haldrv_object_is_a(object, kAudioControlClassID) &&
           haldrv_side_is_in_scope(object->side, query->address.mScope);
}

/* Devices in the same box or on the same clock: here, the device alone. */
static bool is_related(const struct haldrv_query *query, const struct haldrv_object *object) {
    return object->id == query->object->id;
}

static OSStatus count_streams(const struct haldrv_query *query, UInt32 *count) {
    *count = haldrv_list_objects(query, is_stream, NULL, 0);
    return kAudioHardwareNoError;
}

static OSStatus get_streams(const struct haldrv_query *query, UInt32 count, void *data) {
    haldrv_list_objects(query, is_stream, data, count);
    return kAudioHardwareNoError;
}

static OSStatus count_controls(const struct haldrv_query *query, UInt32 *count) {
    *count = haldrv_list_objects(query, is_control, NULL, 0);
    return kAudioHardwareNoError;
}

static OSStatus get_controls(const struct haldrv_query *query, UInt32 count, void *data) {
    haldrv_list_objects(query, is_control, data, count);
    return kAudioHardwareNoError;
}

static OSStatus count_related(const struct haldrv_query *query, UInt32 *count) {
    *count = haldrv_list_objects(query, is_related, NULL, 0);
    return kAudioHardwareNoError;
}

static OSStatus get_related(const struct haldrv_query *query, UInt32 count, void *data) {
    haldrv_list_objects(query, is_related, data, count);
    return kAudioHardwareNoError;
}

static OSStatus count_custom(const struct haldrv_query *query, UInt32 *count) {
    *count = device_of(query)->info->custom_count;
    return kAudioHardwareNoError;
}

static OSStatus get_custom(const struct haldrv_query *query, UInt32 count, void *data) {
    memcpy(data, device_of(query)->info->custom,
           count * sizeof(AudioServerPlugInCustomPropertyInfo));
    return kAudioHardwareNoError;
}

static bool has_custom(const struct haldrv_query *query) {
    return device_of(query)->info->custom_count != 0;
}

/* ---- channels ------------------------------------------------------------------------------ */

static bool has_channels(const struct haldrv_query *query) {
    return side_of(query)->channels != 0;
}

static OSStatus get_stereo_pair(const struct haldrv_query *query, UInt32 count, void *data) {
    (void)count;
    UInt32 pair[2] = {1, side_of(query)->channels > 1 ? 2 : 1};
    memcpy(data, pair, sizeof pair);
    return kAudioHardwareNoError;
}

static AudioChannelLabel label_of(UInt32 channel, UInt32 channels) {
    if (channels == 1) {
        return kAudioChannelLabel_Mono;
    }
    /* Left, Right, Center, LFE, Ls, Rs, Lc, Rc are labels 1 to 8. */
    return channels <= 8 ? kAudioChannelLabel_Left + channel
                         : kAudioChannelLabel_Discrete_0 | channel;
}

static OSStatus count_layout(const struct haldrv_query *query, UInt32 *bytes) {
    *bytes = (UInt32)(offsetof(AudioChannelLayout, mChannelDescriptions) +
                      side_of(query)->channels * sizeof(AudioChannelDescription));
    return kAudioHardwareNoError;
}

static OSStatus get_layout(const struct haldrv_query *query, UInt32 bytes, void *data) {
    UInt32 channels = side_of(query)->channels;
    AudioChannelLayout *layout = data;
    memset(data, 0, bytes);
    layout->mChannelLayoutTag = kAudioChannelLayoutTag_UseChannelDescriptions;
    layout->mNumberChannelDescriptions = channels;
    for (UInt32 i = 0; i < channels; i++) {
        layout->mChannelDescriptions[i].mChannelLabel = label_of(i, channels);
    }
    return kAudioHardwareNoError;
}

/* ---- the table ----------------------------------------------------------------------------- */

#define TEXT(name)                                                                                 \
    { .selector = (name), .scopes = HALDRV_ANY, .size = sizeof(CFStringRef), .get = get_text }
#define NUMBER(name, where)                                                                        \
    { .selector = (name), .scopes = (where), .size = sizeof(UInt32), .get = get_number }
#define OBJECTS(name, counter, getter)                                                             \
    {                                                                                              \
        .selector = (name), .scopes = HALDRV_ANY, .shape = HALDRV_LIST,                            \
        .size = sizeof(AudioObjectID), .count = (counter), .get = (getter)                         \
    }

static const struct haldrv_property device_table[] = {
    TEXT(kAudioObjectPropertyName),
    TEXT(kAudioObjectPropertyModelName),
    TEXT(kAudioObjectPropertyManufacturer),
    TEXT(kAudioDevicePropertyDeviceUID),
    TEXT(kAudioDevicePropertyModelUID),
    TEXT(kAudioDevicePropertyConfigurationApplication),
    NUMBER(kAudioDevicePropertyTransportType, HALDRV_ANY),
    NUMBER(kAudioDevicePropertyClockDomain, HALDRV_ANY),
    NUMBER(kAudioDevicePropertyDeviceIsAlive, HALDRV_ANY),
    NUMBER(kAudioDevicePropertyDeviceIsRunning, HALDRV_ANY),
    NUMBER(kAudioDevicePropertyIsHidden, HALDRV_ANY),
    NUMBER(kAudioDevicePropertyZeroTimeStampPeriod, HALDRV_ANY),
    NUMBER(kAudioDevicePropertyClockAlgorithm, HALDRV_ANY),
    NUMBER(kAudioDevicePropertyClockIsStable, HALDRV_ANY),
    NUMBER(kAudioDevicePropertyDeviceCanBeDefaultDevice, HALDRV_SIDES),
    NUMBER(kAudioDevicePropertyDeviceCanBeDefaultSystemDevice, HALDRV_SIDES),
    NUMBER(kAudioDevicePropertyLatency, HALDRV_SIDES),
    NUMBER(kAudioDevicePropertySafetyOffset, HALDRV_SIDES),
    OBJECTS(kAudioDevicePropertyStreams, count_streams, get_streams),
    OBJECTS(kAudioObjectPropertyControlList, count_controls, get_controls),
    OBJECTS(kAudioDevicePropertyRelatedDevices, count_related, get_related),
    {.selector = kAudioDevicePropertyNominalSampleRate,
     .scopes = HALDRV_ANY,
     .size = sizeof(Float64),
     .get = get_rate,
     .set = set_rate},
    {.selector = kAudioDevicePropertyAvailableNominalSampleRates,
     .scopes = HALDRV_ANY,
     .shape = HALDRV_LIST,
     .size = sizeof(AudioValueRange),
     .count = count_rates,
     .get = get_rates},
    {.selector = kAudioDevicePropertyPreferredChannelsForStereo,
     .scopes = HALDRV_SIDES,
     .size = 2 * sizeof(UInt32),
     .exists = has_channels,
     .get = get_stereo_pair},
    {.selector = kAudioDevicePropertyPreferredChannelLayout,
     .scopes = HALDRV_SIDES,
     .shape = HALDRV_BLOB,
     .size = 1,
     .exists = has_channels,
     .count = count_layout,
     .get = get_layout},
    {.selector = kAudioObjectPropertyCustomPropertyInfoList,
     .scopes = HALDRV_ANY,
     .shape = HALDRV_LIST,
     .size = sizeof(AudioServerPlugInCustomPropertyInfo),
     .exists = has_custom,
     .count = count_custom,
     .get = get_custom},
};
const struct haldrv_property_set haldrv_device_properties = HALDRV_PROPERTY_SET(device_table);
