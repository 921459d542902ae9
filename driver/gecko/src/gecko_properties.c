/* gecko_properties.c - the custom properties of the device. */
#include "gecko_driver.h"
#include <string.h>

static struct gecko *gecko_of(const struct haldrv_query *query) {
    return query->plugin->context;
}

static OSStatus put_reference(CFTypeRef reference, void *data) {
    if (reference == NULL) {
        return kAudioHardwareUnspecifiedError;
    }
    memcpy(data, &reference, sizeof reference);
    return kAudioHardwareNoError;
}

static CFTypeRef take_reference(const void *data) {
    CFTypeRef reference;
    memcpy(&reference, data, sizeof reference);
    return reference;
}

/* A setting that would be the same needs no change, but whoever set it waits to hear of it. */
static OSStatus request(const struct haldrv_query *query, bool same, UInt64 value,
                        struct haldrv_changes *changes) {
    AudioObjectPropertySelector selector = query->address.mSelector;
    if (same) {
        haldrv_changes_add(changes, query->object->id, selector, kAudioObjectPropertyScopeGlobal);
    } else {
        haldrv_changes_request(changes, query->object->id, selector, (void *)(uintptr_t)value);
    }
    return kAudioHardwareNoError;
}

/* ---- name, layout, ring -------------------------------------------------------------------- */

static OSStatus get_name(const struct haldrv_query *query, UInt32 count, void *data) {
    (void)count;
    return haldrv_get_string(gecko_of(query)->config.name, data);
}

static OSStatus get_layout(const struct haldrv_query *query, UInt32 count, void *data) {
    (void)count;
    return haldrv_get_string(gecko_layout_text(gecko_of(query)->config.layout), data);
}

static OSStatus set_layout(const struct haldrv_query *query, const void *data,
                           struct haldrv_changes *changes) {
    const struct gecko *gecko = gecko_of(query);
    CFTypeRef value = take_reference(data);
    char text[16];
    struct gecko_shm_config wanted = gecko->config;
    struct gecko_shm_error error;
    if (value == NULL || CFGetTypeID(value) != CFStringGetTypeID() ||
        !CFStringGetCString((CFStringRef)value, text, sizeof text, kCFStringEncodingUTF8) ||
        !gecko_layout_parse(text, &wanted.layout)) {
        return kAudioHardwareIllegalOperationError;
    }
    if (!gecko_shm_config_check(&wanted, &error)) {
        os_log_error(gecko->log, "Gecko Sink stays with layout %{public}s: %{public}s",
                     gecko_layout_text(gecko->config.layout), error.text);
        return kAudioHardwareIllegalOperationError;
    }
    return request(query, wanted.layout == gecko->config.layout, wanted.layout, changes);
}

static OSStatus get_ring(const struct haldrv_query *query, UInt32 count, void *data) {
    (void)count;
    SInt64 frames = (SInt64)gecko_of(query)->config.ring_frames;
    return put_reference(CFNumberCreate(NULL, kCFNumberSInt64Type, &frames), data);
}

static OSStatus set_ring(const struct haldrv_query *query, const void *data,
                         struct haldrv_changes *changes) {
    const struct gecko *gecko = gecko_of(query);
    CFTypeRef value = take_reference(data);
    SInt64 frames;
    struct gecko_shm_config wanted = gecko->config;
    struct gecko_shm_error error;
    if (value == NULL || CFGetTypeID(value) != CFNumberGetTypeID() ||
        !CFNumberGetValue((CFNumberRef)value, kCFNumberSInt64Type, &frames) || frames < 0) {
        return kAudioHardwareIllegalOperationError;
    }
    wanted.ring_frames = (uint64_t)frames;
    if (!gecko_shm_config_check(&wanted, &error)) {
        os_log_error(gecko->log, "Gecko Sink stays with %llu ring frames: %{public}s",
                     (unsigned long long)gecko->config.ring_frames, error.text);
        return kAudioHardwareIllegalOperationError;
    }
    return request(query, wanted.ring_frames == gecko->config.ring_frames, wanted.ring_frames,
                   changes);
}

/* ---- statistics ---------------------------------------------------------------------------- */

static CFDictionaryRef make_dictionary(const char *const *keys, const uint64_t *numbers,
                                       CFIndex count, const char *extra_key, CFTypeRef extra) {
    CFMutableDictionaryRef dictionary = CFDictionaryCreateMutable(
        NULL, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);
    for (CFIndex i = 0; dictionary != NULL && i < count; i++) {
        SInt64 value = (SInt64)numbers[i];
        CFStringRef key = CFStringCreateWithCString(NULL, keys[i], kCFStringEncodingUTF8);
        CFNumberRef number = CFNumberCreate(NULL, kCFNumberSInt64Type, &value);
        CFDictionarySetValue(dictionary, key, number);
        CFRelease(number);
        CFRelease(key);
    }
    if (dictionary != NULL && extra != NULL) {
        CFStringRef key = CFStringCreateWithCString(NULL, extra_key, kCFStringEncodingUTF8);
        CFDictionarySetValue(dictionary, key, extra);
        CFRelease(key);
    }
    return dictionary;
}

static CFArrayRef make_readers(const struct gecko *gecko) {
    static const char *const keys[] = {"pid", "position", "lost", "generation"};
    struct gecko_shm_reader_slot slots[GECKO_READERS_SLOT_COUNT_VALUE];
    uint32_t count = gecko->writer != NULL ? gecko_shm_writer_readers(gecko->writer, slots) : 0;
    CFMutableArrayRef readers = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
    for (uint32_t i = 0; readers != NULL && i < count; i++) {
        const uint64_t numbers[] = {slots[i].owner_pid, slots[i].read_head, slots[i].lost_frames,
                                    slots[i].generation};
        CFDictionaryRef reader = make_dictionary(keys, numbers, 4, NULL, NULL);
        CFArrayAppendValue(readers, reader);
        CFRelease(reader);
    }
    return readers;
}

/* What readers say about themselves is shown as they say it. */
static OSStatus get_statistics(const struct haldrv_query *query, UInt32 count, void *data) {
    (void)count;
    static const char *const keys[] = {"frames written", "blocks refused", "continued"};
    const struct gecko *gecko = gecko_of(query);
    uint64_t numbers[3] = {0, 0, 0};
    if (gecko->writer != NULL) {
        numbers[0] = gecko_shm_writer_written(gecko->writer);
        numbers[1] = gecko_shm_writer_refused(gecko->writer);
        numbers[2] = gecko_shm_writer_continued(gecko->writer);
    }
    CFArrayRef readers = make_readers(gecko);
    CFDictionaryRef statistics = make_dictionary(keys, numbers, 3, "readers", readers);
    if (readers != NULL) {
        CFRelease(readers);
    }
    return put_reference(statistics, data);
}

/* ---- the tables ---------------------------------------------------------------------------- */

static const struct haldrv_property custom_table[] = {
    {.selector = GECKO_PROPERTY_SHM_NAME,
     .scopes = HALDRV_GLOBAL,
     .size = sizeof(CFStringRef),
     .get = get_name},
    {.selector = GECKO_PROPERTY_LAYOUT,
     .scopes = HALDRV_GLOBAL,
     .size = sizeof(CFStringRef),
     .get = get_layout,
     .set = set_layout},
    {.selector = GECKO_PROPERTY_RING_FRAMES,
     .scopes = HALDRV_GLOBAL,
     .size = sizeof(CFPropertyListRef),
     .get = get_ring,
     .set = set_ring},
    {.selector = GECKO_PROPERTY_STATISTICS,
     .scopes = HALDRV_GLOBAL,
     .size = sizeof(CFPropertyListRef),
     .get = get_statistics},
};
const struct haldrv_property_set gecko_custom_properties = HALDRV_PROPERTY_SET(custom_table);

const AudioServerPlugInCustomPropertyInfo gecko_custom_infos[] = {
    {GECKO_PROPERTY_SHM_NAME, kAudioServerPlugInCustomPropertyDataTypeCFString,
     kAudioServerPlugInCustomPropertyDataTypeNone},
    {GECKO_PROPERTY_LAYOUT, kAudioServerPlugInCustomPropertyDataTypeCFString,
     kAudioServerPlugInCustomPropertyDataTypeNone},
    {GECKO_PROPERTY_RING_FRAMES, kAudioServerPlugInCustomPropertyDataTypeCFPropertyList,
     kAudioServerPlugInCustomPropertyDataTypeNone},
    {GECKO_PROPERTY_STATISTICS, kAudioServerPlugInCustomPropertyDataTypeCFPropertyList,
     kAudioServerPlugInCustomPropertyDataTypeNone},
};
const UInt32 gecko_custom_info_count = sizeof gecko_custom_infos / sizeof gecko_custom_infos[0];
