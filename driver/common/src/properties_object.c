/* properties_object.c - what every object has, and the plug-in object. */
#include "haldrv/properties.h"
#include <string.h>

/* ---- every object -------------------------------------------------------------------------- */

static OSStatus get_base_class(const struct haldrv_query *query, UInt32 count, void *data) {
    (void)count;
    memcpy(data, &query->object->base_class, sizeof(AudioClassID));
    return kAudioHardwareNoError;
}

static OSStatus get_class(const struct haldrv_query *query, UInt32 count, void *data) {
    (void)count;
    memcpy(data, &query->object->class_id, sizeof(AudioClassID));
    return kAudioHardwareNoError;
}

static OSStatus get_owner(const struct haldrv_query *query, UInt32 count, void *data) {
    (void)count;
    memcpy(data, &query->object->owner, sizeof(AudioObjectID));
    return kAudioHardwareNoError;
}

static bool is_of_asked_class(const struct haldrv_query *query,
                              const struct haldrv_object *object) {
    const unsigned char *classes = query->qualifier;
    UInt32 count = query->qualifier_size / (UInt32)sizeof(AudioClassID);
    for (UInt32 i = 0; i < count; i++) {
        AudioClassID class_id;
        memcpy(&class_id, classes + i * sizeof class_id, sizeof class_id);
        if (haldrv_object_is_a(object, class_id)) {
            return true;
        }
    }
    return count == 0;
}

static bool is_owned(const struct haldrv_query *query, const struct haldrv_object *object) {
    return object->owner == query->object->id &&
           haldrv_side_is_in_scope(object->side, query->address.mScope) &&
           is_of_asked_class(query, object);
}

static OSStatus count_owned(const struct haldrv_query *query, UInt32 *count) {
    if (query->qualifier_size % sizeof(AudioClassID) != 0) {
        return kAudioHardwareBadPropertySizeError;
    }
    *count = haldrv_list_objects(query, is_owned, NULL, 0);
    return kAudioHardwareNoError;
}

static OSStatus get_owned(const struct haldrv_query *query, UInt32 count, void *data) {
    haldrv_list_objects(query, is_owned, data, count);
    return kAudioHardwareNoError;
}

static const struct haldrv_property object_table[] = {
    {.selector = kAudioObjectPropertyBaseClass,
     .scopes = HALDRV_ANY,
     .size = sizeof(AudioClassID),
     .get = get_base_class},
    {.selector = kAudioObjectPropertyClass,
     .scopes = HALDRV_ANY,
     .size = sizeof(AudioClassID),
     .get = get_class},
    {.selector = kAudioObjectPropertyOwner,
     .scopes = HALDRV_ANY,
     .size = sizeof(AudioObjectID),
     .get = get_owner},
    {.selector = kAudioObjectPropertyOwnedObjects,
     .scopes = HALDRV_ANY,
     .shape = HALDRV_LIST,
     .size = sizeof(AudioObjectID),
     .count = count_owned,
     .get = get_owned},
};
const struct haldrv_property_set haldrv_object_properties = HALDRV_PROPERTY_SET(object_table);

/* ---- the plug-in --------------------------------------------------------------------------- */

static OSStatus get_plugin_name(const struct haldrv_query *query, UInt32 count, void *data) {
    (void)count;
    return haldrv_get_string(query->plugin->info->name, data);
}

static OSStatus get_plugin_manufacturer(const struct haldrv_query *query, UInt32 count,
                                        void *data) {
    (void)count;
    return haldrv_get_string(query->plugin->info->manufacturer, data);
}

static OSStatus get_bundle_id(const struct haldrv_query *query, UInt32 count, void *data) {
    (void)count;
    return haldrv_get_string(query->plugin->info->bundle_id, data);
}

static OSStatus get_resource_bundle(const struct haldrv_query *query, UInt32 count, void *data) {
    (void)query;
    (void)count;
    return haldrv_get_string("", data); /* the plug-in's own bundle */
}

static bool is_device(const struct haldrv_query *query, const struct haldrv_object *object) {
    (void)query;
    return object->class_id == kAudioDeviceClassID;
}

static OSStatus count_devices(const struct haldrv_query *query, UInt32 *count) {
    *count = haldrv_list_objects(query, is_device, NULL, 0);
    return kAudioHardwareNoError;
}

static OSStatus get_devices(const struct haldrv_query *query, UInt32 count, void *data) {
    haldrv_list_objects(query, is_device, data, count);
    return kAudioHardwareNoError;
}

static OSStatus count_nothing(const struct haldrv_query *query, UInt32 *count) {
    (void)query;
    *count = 0;
    return kAudioHardwareNoError;
}

static OSStatus get_nothing(const struct haldrv_query *query, UInt32 count, void *data) {
    (void)query;
    (void)count;
    (void)data;
    return kAudioHardwareNoError;
}

/* The qualifier is a CFStringRef; the dispatcher has checked its size. */
static OSStatus get_device_of_uid(const struct haldrv_query *query, UInt32 count, void *data) {
    (void)count;
    CFStringRef wanted;
    memcpy(&wanted, query->qualifier, sizeof wanted);
    if (wanted == NULL) {
        return kAudioHardwareIllegalOperationError;
    }
    AudioObjectID found = kAudioObjectUnknown;
    for (size_t i = 0; i < query->plugin->object_count; i++) {
        const struct haldrv_object *object = &query->plugin->objects[i];
        if (is_device(query, object)) {
            const struct haldrv_device *device = object->state;
            CFStringRef uid;
            OSStatus status = haldrv_get_string(device->info->uid, &uid);
            if (status != kAudioHardwareNoError) {
                return status;
            }
            if (CFEqual(uid, wanted)) {
                found = object->id;
            }
            CFRelease(uid);
        }
    }
    memcpy(data, &found, sizeof found);
    return kAudioHardwareNoError;
}

static OSStatus get_no_object(const struct haldrv_query *query, UInt32 count, void *data) {
    (void)query;
    (void)count;
    AudioObjectID none = kAudioObjectUnknown;
    memcpy(data, &none, sizeof none);
    return kAudioHardwareNoError;
}

static const struct haldrv_property plugin_table[] = {
    {.selector = kAudioObjectPropertyName,
     .scopes = HALDRV_ANY,
     .size = sizeof(CFStringRef),
     .get = get_plugin_name},
    {.selector = kAudioObjectPropertyManufacturer,
     .scopes = HALDRV_ANY,
     .size = sizeof(CFStringRef),
     .get = get_plugin_manufacturer},
    {.selector = kAudioPlugInPropertyBundleID,
     .scopes = HALDRV_ANY,
     .size = sizeof(CFStringRef),
     .get = get_bundle_id},
    {.selector = kAudioPlugInPropertyResourceBundle,
     .scopes = HALDRV_ANY,
     .size = sizeof(CFStringRef),
     .get = get_resource_bundle},
    {.selector = kAudioPlugInPropertyDeviceList,
     .scopes = HALDRV_ANY,
     .shape = HALDRV_LIST,
     .size = sizeof(AudioObjectID),
     .count = count_devices,
     .get = get_devices},
    {.selector = kAudioPlugInPropertyTranslateUIDToDevice,
     .scopes = HALDRV_ANY,
     .size = sizeof(AudioObjectID),
     .qualifier_size = sizeof(CFStringRef),
     .get = get_device_of_uid},
    {.selector = kAudioPlugInPropertyBoxList,
     .scopes = HALDRV_ANY,
     .shape = HALDRV_LIST,
     .size = sizeof(AudioObjectID),
     .count = count_nothing,
     .get = get_nothing},
    {.selector = kAudioPlugInPropertyTranslateUIDToBox,
     .scopes = HALDRV_ANY,
     .size = sizeof(AudioObjectID),
     .qualifier_size = sizeof(CFStringRef),
     .get = get_no_object},
    {.selector = kAudioPlugInPropertyClockDeviceList,
     .scopes = HALDRV_ANY,
     .shape = HALDRV_LIST,
     .size = sizeof(AudioObjectID),
     .count = count_nothing,
     .get = get_nothing},
    {.selector = kAudioPlugInPropertyTranslateUIDToClockDevice,
     .scopes = HALDRV_ANY,
     .size = sizeof(AudioObjectID),
     .qualifier_size = sizeof(CFStringRef),
     .get = get_no_object},
};
const struct haldrv_property_set haldrv_plugin_properties = HALDRV_PROPERTY_SET(plugin_table);

const struct haldrv_property_set *const haldrv_plugin_sets[] = {
    &haldrv_object_properties,
    &haldrv_plugin_properties,
    NULL,
};
