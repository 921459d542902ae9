/* properties_control.c - volume and mute controls. */
#include "haldrv/properties.h"
#include <math.h>
#include <string.h>

static const struct haldrv_control *control_of(const struct haldrv_query *query) {
    return query->object->state;
}

static void tell(const struct haldrv_control *control) {
    if (control->changed != NULL) {
        control->changed(control->context);
    }
}

/* ---- both ---------------------------------------------------------------------------------- */

static OSStatus get_scope(const struct haldrv_query *query, UInt32 count, void *data) {
    (void)count;
    memcpy(data, &control_of(query)->scope, sizeof(AudioObjectPropertyScope));
    return kAudioHardwareNoError;
}

static OSStatus get_element(const struct haldrv_query *query, UInt32 count, void *data) {
    (void)count;
    memcpy(data, &control_of(query)->element, sizeof(AudioObjectPropertyElement));
    return kAudioHardwareNoError;
}

#define WHERE_THE_CONTROL_SITS                                                                     \
    {.selector = kAudioControlPropertyScope,                                                       \
     .scopes = HALDRV_ANY,                                                                         \
     .size = sizeof(AudioObjectPropertyScope),                                                     \
     .get = get_scope},                                                                            \
    {                                                                                              \
        .selector = kAudioControlPropertyElement, .scopes = HALDRV_ANY,                            \
        .size = sizeof(AudioObjectPropertyElement), .get = get_element                             \
    }

/* ---- volume -------------------------------------------------------------------------------- */

static OSStatus put_float(void *data, Float32 value) {
    memcpy(data, &value, sizeof value);
    return kAudioHardwareNoError;
}

static Float32 take_float(const void *data) {
    Float32 value;
    memcpy(&value, data, sizeof value);
    return value;
}

static enum haldrv_curve curve_of(const struct haldrv_query *query) {
    return control_of(query)->level->curve;
}

static OSStatus get_scalar(const struct haldrv_query *query, UInt32 count, void *data) {
    (void)count;
    return put_float(data, control_of(query)->level->scalar);
}

static OSStatus get_decibels(const struct haldrv_query *query, UInt32 count, void *data) {
    (void)count;
    const struct haldrv_level *level = control_of(query)->level;
    return put_float(data, haldrv_decibels_from_scalar(level->curve, level->scalar));
}

static OSStatus get_range(const struct haldrv_query *query, UInt32 count, void *data) {
    (void)query;
    (void)count;
    AudioValueRange range = {
        .mMinimum = (Float64)HALDRV_MIN_DECIBELS,
        .mMaximum = (Float64)HALDRV_MAX_DECIBELS,
    };
    memcpy(data, &range, sizeof range);
    return kAudioHardwareNoError;
}

/* The value to convert comes in the buffer for the result. */
static OSStatus convert_to_decibels(const struct haldrv_query *query, UInt32 count, void *data) {
    (void)count;
    return put_float(data, haldrv_decibels_from_scalar(curve_of(query), take_float(data)));
}

static OSStatus convert_to_scalar(const struct haldrv_query *query, UInt32 count, void *data) {
    (void)count;
    return put_float(data, haldrv_scalar_from_decibels(curve_of(query), take_float(data)));
}

static OSStatus set_volume(const struct haldrv_query *query, Float32 scalar,
                           struct haldrv_changes *changes) {
    const struct haldrv_control *control = control_of(query);
    haldrv_level_set_scalar(control->level, scalar);
    tell(control);
    haldrv_changes_add(changes, query->object->id, kAudioLevelControlPropertyScalarValue,
                       kAudioObjectPropertyScopeGlobal);
    haldrv_changes_add(changes, query->object->id, kAudioLevelControlPropertyDecibelValue,
                       kAudioObjectPropertyScopeGlobal);
    return kAudioHardwareNoError;
}

static OSStatus set_scalar(const struct haldrv_query *query, const void *data,
                           struct haldrv_changes *changes) {
    Float32 value = take_float(data);
    return isnan(value) ? kAudioHardwareIllegalOperationError : set_volume(query, value, changes);
}

static OSStatus set_decibels(const struct haldrv_query *query, const void *data,
                             struct haldrv_changes *changes) {
    Float32 value = take_float(data);
    return isnan(value)
               ? kAudioHardwareIllegalOperationError
               : set_volume(query, haldrv_scalar_from_decibels(curve_of(query), value), changes);
}

static const struct haldrv_property volume_table[] = {
    WHERE_THE_CONTROL_SITS,
    {.selector = kAudioLevelControlPropertyScalarValue,
     .scopes = HALDRV_ANY,
     .size = sizeof(Float32),
     .get = get_scalar,
     .set = set_scalar},
    {.selector = kAudioLevelControlPropertyDecibelValue,
     .scopes = HALDRV_ANY,
     .size = sizeof(Float32),
     .get = get_decibels,
     .set = set_decibels},
    {.selector = kAudioLevelControlPropertyDecibelRange,
     .scopes = HALDRV_ANY,
     .size = sizeof(AudioValueRange),
     .get = get_range},
    {.selector = kAudioLevelControlPropertyConvertScalarToDecibels,
     .scopes = HALDRV_ANY,
     .size = sizeof(Float32),
     .get = convert_to_decibels},
    {.selector = kAudioLevelControlPropertyConvertDecibelsToScalar,
     .scopes = HALDRV_ANY,
     .size = sizeof(Float32),
     .get = convert_to_scalar},
};
const struct haldrv_property_set haldrv_volume_properties = HALDRV_PROPERTY_SET(volume_table);

const struct haldrv_property_set *const haldrv_volume_sets[] = {
    &haldrv_object_properties,
    &haldrv_volume_properties,
    NULL,
};

/* ---- mute ---------------------------------------------------------------------------------- */

static OSStatus get_muted(const struct haldrv_query *query, UInt32 count, void *data) {
    (void)count;
    UInt32 value = control_of(query)->level->muted;
    memcpy(data, &value, sizeof value);
    return kAudioHardwareNoError;
}

static OSStatus set_muted(const struct haldrv_query *query, const void *data,
                          struct haldrv_changes *changes) {
    const struct haldrv_control *control = control_of(query);
    UInt32 value;
    memcpy(&value, data, sizeof value);
    haldrv_level_set_muted(control->level, value != 0);
    tell(control);
    haldrv_changes_add(changes, query->object->id, kAudioBooleanControlPropertyValue,
                       kAudioObjectPropertyScopeGlobal);
    return kAudioHardwareNoError;
}

static const struct haldrv_property mute_table[] = {
    WHERE_THE_CONTROL_SITS,
    {.selector = kAudioBooleanControlPropertyValue,
     .scopes = HALDRV_ANY,
     .size = sizeof(UInt32),
     .get = get_muted,
     .set = set_muted},
};
const struct haldrv_property_set haldrv_mute_properties = HALDRV_PROPERTY_SET(mute_table);

const struct haldrv_property_set *const haldrv_mute_sets[] = {
    &haldrv_object_properties,
    &haldrv_mute_properties,
    NULL,
};
