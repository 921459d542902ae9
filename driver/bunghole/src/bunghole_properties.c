/* bunghole_properties.c - the custom properties of the devices. */
#include "bunghole_driver.h"
#include <stdio.h>
#include <string.h>

static struct bunghole *bunghole_of(const struct haldrv_query *query) {
    return query->plugin->context;
}

static bool is_input(const struct haldrv_query *query) {
    return query->object->id == BUNGHOLE_INPUT;
}

static OSStatus put_reference(CFTypeRef reference, void *data) {
    if (reference == NULL) {
        return kAudioHardwareUnspecifiedError;
    }
    memcpy(data, &reference, sizeof reference);
    return kAudioHardwareNoError;
}

static bool take_text(const void *data, char *text, CFIndex size) {
    CFTypeRef value;
    memcpy(&value, data, sizeof value);
    return value != NULL && CFGetTypeID(value) == CFStringGetTypeID() &&
           CFStringGetCString((CFStringRef)value, text, size, kCFStringEncodingUTF8);
}

static void reconfigure(struct bunghole *bunghole, bool input) {
    struct bunghole_link_config config = bunghole_link_of(bunghole, input);
    if (input && bunghole->receiver != NULL) {
        bunghole_receiver_configure(bunghole->receiver, &config);
    } else if (!input && bunghole->sender != NULL) {
        bunghole_sender_configure(bunghole->sender, &config);
    }
}

/* ---- endpoint -------------------------------------------------------------------------------- */

static OSStatus get_endpoint(const struct haldrv_query *query, UInt32 count, void *data) {
    (void)count;
    char text[BUNGHOLE_ENDPOINT_TEXT];
    const struct bunghole_settings *settings = &bunghole_of(query)->settings;
    bunghole_endpoint_text(is_input(query) ? &settings->input : &settings->output, text,
                           sizeof text);
    return haldrv_get_string(text, data);
}

static OSStatus set_endpoint(const struct haldrv_query *query, const void *data,
                             struct haldrv_changes *changes) {
    struct bunghole *bunghole = bunghole_of(query);
    struct bunghole_settings *settings = &bunghole->settings;
    bool input = is_input(query);
    char text[64];
    struct bunghole_endpoint wanted;
    if (!take_text(data, text, sizeof text) || !bunghole_endpoint_parse(text, &wanted)) {
        return kAudioHardwareIllegalOperationError;
    }
    if (input ? settings->input_is_fixed : settings->output_is_fixed) {
        os_log_error(bunghole->log, "Bunghole keeps its endpoint: the environment has set it");
        return kAudioHardwareIllegalOperationError;
    }
    *(input ? &settings->input : &settings->output) = wanted;
    reconfigure(bunghole, input);
    haldrv_changes_store(changes, input ? BUNGHOLE_STORAGE_INPUT : BUNGHOLE_STORAGE_OUTPUT, text);
    haldrv_changes_add(changes, query->object->id, BUNGHOLE_PROPERTY_ENDPOINT,
                       kAudioObjectPropertyScopeGlobal);
    return kAudioHardwareNoError;
}

/* ---- wire ------------------------------------------------------------------------------------ */

static OSStatus get_wire(const struct haldrv_query *query, UInt32 count, void *data) {
    (void)count;
    return haldrv_get_string(bunghole_wire_text(bunghole_of(query)->settings.only_v1), data);
}

/* One wire for both directions, as for the environment. */
static OSStatus set_wire(const struct haldrv_query *query, const void *data,
                         struct haldrv_changes *changes) {
    struct bunghole *bunghole = bunghole_of(query);
    char text[16];
    bool only_v1;
    if (!take_text(data, text, sizeof text) || !bunghole_wire_parse(text, &only_v1)) {
        return kAudioHardwareIllegalOperationError;
    }
    if (bunghole->settings.wire_is_fixed) {
        os_log_error(bunghole->log, "Bunghole keeps its wire: the environment has set it");
        return kAudioHardwareIllegalOperationError;
    }
    bunghole->settings.only_v1 = only_v1;
    reconfigure(bunghole, false);
    reconfigure(bunghole, true);
    haldrv_changes_store(changes, BUNGHOLE_STORAGE_WIRE, text);
    haldrv_changes_add(changes, BUNGHOLE_OUTPUT, BUNGHOLE_PROPERTY_WIRE,
                       kAudioObjectPropertyScopeGlobal);
    haldrv_changes_add(changes, BUNGHOLE_INPUT, BUNGHOLE_PROPERTY_WIRE,
                       kAudioObjectPropertyScopeGlobal);
    return kAudioHardwareNoError;
}

/* ---- the connection -------------------------------------------------------------------------- */

static OSStatus get_link(const struct haldrv_query *query, UInt32 count, void *data) {
    (void)count;
    const struct bunghole *bunghole = bunghole_of(query);
    const struct bunghole_connection *connection = NULL;
    if (is_input(query) && bunghole->receiver != NULL) {
        connection = &bunghole->receiver->connection;
    } else if (!is_input(query) && bunghole->sender != NULL) {
        connection = &bunghole->sender->connection;
    }
    uint32_t shown = connection != NULL
                         ? atomic_load_explicit(&connection->shown, memory_order_acquire)
                         : BUNGHOLE_WAITING * 256u;
    char text[16];
    switch (shown / 256) {
    case BUNGHOLE_CONNECTED:
        snprintf(text, sizeof text, "wire v%u", shown % 256);
        return haldrv_get_string(text, data);
    case BUNGHOLE_DIALLING:
        return haldrv_get_string("dialling", data);
    case BUNGHOLE_REFUSED:
        return haldrv_get_string("refused", data);
    default:
        return haldrv_get_string("waiting", data);
    }
}

/* ---- statistics ------------------------------------------------------------------------------ */

static void put_number(CFMutableDictionaryRef dictionary, const char *key, uint64_t number) {
    SInt64 value = (SInt64)number;
    CFStringRef name = CFStringCreateWithCString(NULL, key, kCFStringEncodingUTF8);
    CFNumberRef object = CFNumberCreate(NULL, kCFNumberSInt64Type, &value);
    CFDictionarySetValue(dictionary, name, object);
    CFRelease(object);
    CFRelease(name);
}

#define PUT(field, text) put_number(dictionary, text, bunghole_counted(&statistics->field));

static void put_output(CFMutableDictionaryRef dictionary, const struct bunghole_sender *sender) {
    const struct bunghole_statistics *statistics = &sender->statistics;
    BUNGHOLE_CONNECTION_COUNTERS(PUT)
    BUNGHOLE_SENDER_COUNTERS(PUT)
    put_number(dictionary, "frames ring full", bunghole_counted(&sender->ring.lost));
    put_number(dictionary, "ring frames", bunghole_ring_fill(&sender->ring));
}

static void put_input(CFMutableDictionaryRef dictionary, const struct bunghole_receiver *receiver) {
    const struct bunghole_statistics *statistics = &receiver->statistics;
    const struct bunghole_playout *playout = &receiver->playout;
    BUNGHOLE_CONNECTION_COUNTERS(PUT)
    BUNGHOLE_RECEIVER_COUNTERS(PUT)
    put_number(dictionary, "underflows", bunghole_counted(&playout->underflows));
    put_number(dictionary, "frames silent", bunghole_counted(&playout->silent));
    put_number(dictionary, "latency cuts", bunghole_counted(&playout->cuts));
    put_number(dictionary, "frames cut", bunghole_counted(&playout->cut_frames));
    put_number(dictionary, "frames overflow", bunghole_counted(&playout->overflow));
    put_number(dictionary, "frames unwanted", bunghole_counted(&playout->unwanted));
    put_number(dictionary, "playout frames", bunghole_playout_fill(playout));
}

static OSStatus get_statistics(const struct haldrv_query *query, UInt32 count, void *data) {
    (void)count;
    const struct bunghole *bunghole = bunghole_of(query);
    CFMutableDictionaryRef dictionary = CFDictionaryCreateMutable(
        NULL, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);
    if (dictionary != NULL && is_input(query) && bunghole->receiver != NULL) {
        put_input(dictionary, bunghole->receiver);
    } else if (dictionary != NULL && !is_input(query) && bunghole->sender != NULL) {
        put_output(dictionary, bunghole->sender);
    }
    return put_reference(dictionary, data);
}

/* ---- the tables ------------------------------------------------------------------------------ */

static const struct haldrv_property custom_table[] = {
    {.selector = BUNGHOLE_PROPERTY_ENDPOINT,
     .scopes = HALDRV_GLOBAL,
     .size = sizeof(CFStringRef),
     .get = get_endpoint,
     .set = set_endpoint},
    {.selector = BUNGHOLE_PROPERTY_WIRE,
     .scopes = HALDRV_GLOBAL,
     .size = sizeof(CFStringRef),
     .get = get_wire,
     .set = set_wire},
    {.selector = BUNGHOLE_PROPERTY_LINK,
     .scopes = HALDRV_GLOBAL,
     .size = sizeof(CFStringRef),
     .get = get_link},
    {.selector = BUNGHOLE_PROPERTY_STATISTICS,
     .scopes = HALDRV_GLOBAL,
     .size = sizeof(CFPropertyListRef),
     .get = get_statistics},
};
const struct haldrv_property_set bunghole_custom_properties = HALDRV_PROPERTY_SET(custom_table);

const AudioServerPlugInCustomPropertyInfo bunghole_custom_infos[] = {
    {BUNGHOLE_PROPERTY_ENDPOINT, kAudioServerPlugInCustomPropertyDataTypeCFString,
     kAudioServerPlugInCustomPropertyDataTypeNone},
    {BUNGHOLE_PROPERTY_WIRE, kAudioServerPlugInCustomPropertyDataTypeCFString,
     kAudioServerPlugInCustomPropertyDataTypeNone},
    {BUNGHOLE_PROPERTY_LINK, kAudioServerPlugInCustomPropertyDataTypeCFString,
     kAudioServerPlugInCustomPropertyDataTypeNone},
    {BUNGHOLE_PROPERTY_STATISTICS, kAudioServerPlugInCustomPropertyDataTypeCFPropertyList,
     kAudioServerPlugInCustomPropertyDataTypeNone},
};
const UInt32 bunghole_custom_info_count =
    sizeof bunghole_custom_infos / sizeof bunghole_custom_infos[0];
