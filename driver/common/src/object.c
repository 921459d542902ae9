/* object.c - finding objects and properties, and the dispatcher. */
#include "haldrv/object.h"
#include "haldrv/plugin.h"
#include <assert.h>
#include <string.h>

/* ---- scopes and classes -------------------------------------------------------------------- */

UInt32 haldrv_scope_bit(AudioObjectPropertyScope scope) {
    switch (scope) {
    case kAudioObjectPropertyScopeGlobal:
        return HALDRV_GLOBAL;
    case kAudioObjectPropertyScopeInput:
        return HALDRV_INPUT;
    case kAudioObjectPropertyScopeOutput:
        return HALDRV_OUTPUT;
    default:
        return 0;
    }
}

bool haldrv_side_is_in_scope(UInt32 side, AudioObjectPropertyScope scope) {
    return scope == kAudioObjectPropertyScopeGlobal || side == haldrv_scope_bit(scope);
}

static AudioClassID parent_class(AudioClassID class_id) {
    switch (class_id) {
    case kAudioVolumeControlClassID:
        return kAudioLevelControlClassID;
    case kAudioMuteControlClassID:
        return kAudioBooleanControlClassID;
    case kAudioLevelControlClassID:
    case kAudioBooleanControlClassID:
    case kAudioSelectorControlClassID:
    case kAudioSliderControlClassID:
    case kAudioStereoPanControlClassID:
        return kAudioControlClassID;
    case kAudioObjectClassID:
        return 0;
    default:
        return kAudioObjectClassID;
    }
}

bool haldrv_object_is_a(const struct haldrv_object *object, AudioClassID class_id) {
    if (class_id == kAudioObjectClassIDWildcard || class_id == object->class_id) {
        return true;
    }
    for (AudioClassID at = object->base_class; at != 0; at = parent_class(at)) {
        if (at == class_id) {
            return true;
        }
    }
    return false;
}

/* ---- for get and set functions -------------------------------------------------------------- */

OSStatus haldrv_get_string(const char *text, void *data) {
    CFStringRef string = CFStringCreateWithCString(NULL, text, kCFStringEncodingUTF8);
    if (string == NULL) {
        return kAudioHardwareUnspecifiedError;
    }
    memcpy(data, &string, sizeof string);
    return kAudioHardwareNoError;
}

UInt32 haldrv_list_objects(const struct haldrv_query *query,
                           bool (*keep)(const struct haldrv_query *query,
                                        const struct haldrv_object *object),
                           AudioObjectID *ids, UInt32 most) {
    UInt32 count = 0;
    for (size_t i = 0; i < query->plugin->object_count; i++) {
        const struct haldrv_object *object = &query->plugin->objects[i];
        if (keep(query, object)) {
            if (ids != NULL && count < most) {
                ids[count] = object->id;
            }
            count++;
        }
    }
    return count;
}

void haldrv_changes_add(struct haldrv_changes *changes, AudioObjectID object,
                        AudioObjectPropertySelector selector, AudioObjectPropertyScope scope) {
    assert(changes->count < HALDRV_MAX_NOTICES);
    changes->notices[changes->count++] = (struct haldrv_notice){
        .object = object,
        .address = {selector, scope, kAudioObjectPropertyElementMain},
    };
}

void haldrv_changes_request(struct haldrv_changes *changes, AudioObjectID device, UInt64 action,
                            void *info) {
    changes->wants_configuration = true;
    changes->device = device;
    changes->action = action;
    changes->info = info;
}

void haldrv_changes_store(struct haldrv_changes *changes, const char *key, const char *text) {
    assert(strlen(text) < sizeof changes->store_text);
    changes->store_key = key;
    memcpy(changes->store_text, text, strlen(text) + 1);
}

/* ---- the dispatcher ------------------------------------------------------------------------ */

const struct haldrv_object *haldrv_object_find(const struct haldrv_plugin *plugin,
                                               AudioObjectID id) {
    if (id < 1 || id > plugin->object_count) {
        return NULL;
    }
    return &plugin->objects[id - 1];
}

static const struct haldrv_property *find_property(const struct haldrv_query *query) {
    UInt32 scope = haldrv_scope_bit(query->address.mScope);
    if (query->address.mElement != kAudioObjectPropertyElementMain) {
        return NULL;
    }
    for (const struct haldrv_property_set *const *set = query->object->sets; *set != NULL; set++) {
        for (size_t i = 0; i < (*set)->count; i++) {
            const struct haldrv_property *property = &(*set)->properties[i];
            if (property->selector == query->address.mSelector) {
                bool here = (property->scopes & scope) != 0 &&
                            (property->exists == NULL || property->exists(query));
                return here ? property : NULL;
            }
        }
    }
    return NULL;
}

/* Object, property and address, for all entry points. */
static OSStatus open_query(struct haldrv_plugin *plugin, AudioObjectID object, pid_t client,
                           const AudioObjectPropertyAddress *address, UInt32 qualifier_size,
                           const void *qualifier, struct haldrv_query *query,
                           const struct haldrv_property **property) {
    if (address == NULL) {
        return kAudioHardwareIllegalOperationError;
    }
    *query = (struct haldrv_query){
        .plugin = plugin,
        .object = haldrv_object_find(plugin, object),
        .address = *address,
        .client_pid = client,
        .qualifier_size = qualifier != NULL ? qualifier_size : 0,
        .qualifier = qualifier,
    };
    if (query->object == NULL) {
        return kAudioHardwareBadObjectError;
    }
    *property = find_property(query);
    return *property != NULL ? kAudioHardwareNoError : kAudioHardwareUnknownPropertyError;
}

/* The same for those that read or write a value, where a qualifier may be needed. */
static OSStatus open_value(struct haldrv_plugin *plugin, AudioObjectID object, pid_t client,
                           const AudioObjectPropertyAddress *address, UInt32 qualifier_size,
                           const void *qualifier, struct haldrv_query *query,
                           const struct haldrv_property **property) {
    OSStatus status =
        open_query(plugin, object, client, address, qualifier_size, qualifier, query, property);
    if (status == kAudioHardwareNoError && (*property)->qualifier_size != 0 &&
        (*property)->qualifier_size != query->qualifier_size) {
        status = kAudioHardwareBadPropertySizeError;
    }
    return status;
}

/* With the lock held. */
static OSStatus full_size(const struct haldrv_query *query, const struct haldrv_property *property,
                          UInt32 *count, UInt32 *size) {
    *count = 1;
    OSStatus status = kAudioHardwareNoError;
    if (property->shape != HALDRV_VALUE) {
        status = property->count(query, count);
    }
    *size = property->shape == HALDRV_BLOB ? *count : *count * property->size;
    return status;
}

Boolean haldrv_property_has(struct haldrv_plugin *plugin, AudioObjectID object, pid_t client,
                            const AudioObjectPropertyAddress *address) {
    struct haldrv_query query;
    const struct haldrv_property *property;
    return open_query(plugin, object, client, address, 0, NULL, &query, &property) ==
           kAudioHardwareNoError;
}

OSStatus haldrv_property_settable(struct haldrv_plugin *plugin, AudioObjectID object, pid_t client,
                                  const AudioObjectPropertyAddress *address, Boolean *settable) {
    struct haldrv_query query;
    const struct haldrv_property *property;
    if (settable == NULL) {
        return kAudioHardwareIllegalOperationError;
    }
    OSStatus status = open_query(plugin, object, client, address, 0, NULL, &query, &property);
    if (status == kAudioHardwareNoError) {
        *settable = property->set != NULL;
    }
    return status;
}

OSStatus haldrv_property_size(struct haldrv_plugin *plugin, AudioObjectID object, pid_t client,
                              const AudioObjectPropertyAddress *address, UInt32 qualifier_size,
                              const void *qualifier, UInt32 *size) {
    struct haldrv_query query;
    const struct haldrv_property *property;
    if (size == NULL) {
        return kAudioHardwareIllegalOperationError;
    }
    OSStatus status =
        open_value(plugin, object, client, address, qualifier_size, qualifier, &query, &property);
    if (status != kAudioHardwareNoError) {
        return status;
    }
    UInt32 count, bytes;
    haldrv_plugin_lock(plugin);
    status = full_size(&query, property, &count, &bytes);
    haldrv_plugin_unlock(plugin);
    if (status == kAudioHardwareNoError) {
        *size = bytes;
    }
    return status;
}

static OSStatus get_value(const struct haldrv_query *query, const struct haldrv_property *property,
                          UInt32 room, UInt32 *size, void *data) {
    UInt32 count, bytes;
    OSStatus status = full_size(query, property, &count, &bytes);
    if (status != kAudioHardwareNoError) {
        return status;
    }
    if (room < bytes) {
        if (property->shape != HALDRV_LIST) {
            return kAudioHardwareBadPropertySizeError;
        }
        count = room / property->size;
        bytes = count * property->size;
    }
    status = property->get(query, count, data);
    if (status == kAudioHardwareNoError) {
        *size = bytes;
    }
    return status;
}

OSStatus haldrv_property_get(struct haldrv_plugin *plugin, AudioObjectID object, pid_t client,
                             const AudioObjectPropertyAddress *address, UInt32 qualifier_size,
                             const void *qualifier, UInt32 room, UInt32 *size, void *data) {
    struct haldrv_query query;
    const struct haldrv_property *property;
    /* An empty list needs no buffer. */
    if (size == NULL || (data == NULL && room != 0)) {
        return kAudioHardwareIllegalOperationError;
    }
    OSStatus status =
        open_value(plugin, object, client, address, qualifier_size, qualifier, &query, &property);
    if (status != kAudioHardwareNoError) {
        return status;
    }
    haldrv_plugin_lock(plugin);
    status = get_value(&query, property, room, size, data);
    haldrv_plugin_unlock(plugin);
    return status;
}

OSStatus haldrv_property_set(struct haldrv_plugin *plugin, AudioObjectID object, pid_t client,
                             const AudioObjectPropertyAddress *address, UInt32 qualifier_size,
                             const void *qualifier, UInt32 size, const void *data) {
    struct haldrv_query query;
    const struct haldrv_property *property;
    if (data == NULL) {
        return kAudioHardwareIllegalOperationError;
    }
    OSStatus status =
        open_value(plugin, object, client, address, qualifier_size, qualifier, &query, &property);
    if (status != kAudioHardwareNoError) {
        return status;
    }
    if (property->set == NULL) {
        return kAudioHardwareUnsupportedOperationError;
    }
    if (size != property->size) {
        return kAudioHardwareBadPropertySizeError;
    }
    struct haldrv_changes changes = {.count = 0};
    haldrv_plugin_lock(plugin);
    status = property->set(&query, data, &changes);
    haldrv_plugin_unlock(plugin);
    if (status != kAudioHardwareNoError) {
        return status;
    }
    return haldrv_plugin_announce(plugin, &changes);
}
