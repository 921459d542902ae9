/* The five functions that a driver may call back. They may come from any thread, while any call
 * into the driver is under way: they take leaf locks only. */
#include "host_internal.h"
#include <string.h>

/* NULL when the host has gone and a thread of the driver has not noticed. */
static struct halsim_plugin *plugin_of(AudioServerPlugInHostRef host) {
    struct halsim_plugin *plugin = (struct halsim_plugin *)(uintptr_t)host; /* its first member */
    return plugin == NULL || atomic_load(&plugin->host) == NULL ? NULL : plugin;
}

/* A change of one of these may mean that what the host knows of its devices is old. */
static bool concerns_host(AudioObjectPropertySelector selector) {
    switch (selector) {
    case kAudioPlugInPropertyDeviceList:
    case kAudioObjectPropertyOwnedObjects:
    case kAudioDevicePropertyNominalSampleRate:
    case kAudioDevicePropertyStreams:
    case kAudioDevicePropertyLatency:
    case kAudioDevicePropertySafetyOffset:
    case kAudioDevicePropertyZeroTimeStampPeriod:
    case kAudioDevicePropertyIsHidden:
    case kAudioDevicePropertyDeviceIsAlive:
    case kAudioObjectPropertyName:
    case kAudioStreamPropertyVirtualFormat:
    case kAudioStreamPropertyPhysicalFormat:
    case kAudioObjectPropertySelectorWildcard:
        return true;
    default:
        return false;
    }
}

static OSStatus properties_changed(AudioServerPlugInHostRef host, AudioObjectID object,
                                   UInt32 count, const AudioObjectPropertyAddress *addresses) {
    struct halsim_plugin *plugin = plugin_of(host);
    if (plugin == NULL || (count > 0 && addresses == NULL)) {
        return kAudioHardwareIllegalOperationError;
    }
    struct halsim_notice notice = {
        .kind = HALSIM_NOTICE_PROPERTIES_CHANGED,
        .plugin = plugin->index,
        .object = object,
        .addresses = addresses,
        .address_count = count,
    };
    halsim_notify(plugin->host, &notice);
    for (UInt32 i = 0; i < count; i++) {
        if (concerns_host(addresses[i].mSelector)) {
            halsim_change_objects(plugin->host);
            break;
        }
    }
    return kAudioHardwareNoError;
}

static OSStatus copy_from_storage(AudioServerPlugInHostRef host, CFStringRef key,
                                  CFPropertyListRef *data) {
    struct halsim_plugin *plugin = plugin_of(host);
    if (plugin == NULL || key == NULL || data == NULL) {
        return kAudioHardwareIllegalOperationError;
    }
    *data = halsim_storage_copy(plugin->storage, key);
    return kAudioHardwareNoError;
}

static OSStatus write_to_storage(AudioServerPlugInHostRef host, CFStringRef key,
                                 CFPropertyListRef data) {
    if (key == NULL || data == NULL || !halsim_storage_write(plugin_of(host)->storage, key, data)) {
        return kAudioHardwareIllegalOperationError;
    }
    return kAudioHardwareNoError;
}

static OSStatus delete_from_storage(AudioServerPlugInHostRef host, CFStringRef key) {
    struct halsim_plugin *plugin = plugin_of(host);
    if (plugin == NULL || key == NULL || !halsim_storage_delete(plugin->storage, key)) {
        return kAudioHardwareIllegalOperationError;
    }
    return kAudioHardwareNoError;
}

static OSStatus request_change(AudioServerPlugInHostRef host, AudioObjectID object, UInt64 action,
                               void *info) {
    struct halsim_plugin *plugin = plugin_of(host);
    if (plugin == NULL) {
        return kAudioHardwareNotReadyError;
    }
    struct halsim_device *device = halsim_device_of_object(
        plugin->host, (struct halsim_object){.plugin = plugin->index, .id = object});
    if (device == NULL) {
        halsim_warn(plugin, object,
                    "RequestDeviceConfigurationChange for object %u, which is no device",
                    (unsigned)object);
        return kAudioHardwareBadDeviceError;
    }
    struct halsim_notice notice = {
        .kind = HALSIM_NOTICE_CONFIGURATION_REQUESTED,
        .plugin = plugin->index,
        .object = object,
        .change_action = action,
    };
    halsim_notify(plugin->host, &notice);
    return halsim_change_request(device, action, info) ? kAudioHardwareNoError
                                                       : kAudioHardwareUnspecifiedError;
}

void halsim_plugin_interface_init(struct halsim_plugin *plugin) {
    AudioServerPlugInHostInterface interface = {
        .PropertiesChanged = properties_changed,
        .CopyFromStorage = copy_from_storage,
        .WriteToStorage = write_to_storage,
        .DeleteFromStorage = delete_from_storage,
        .RequestDeviceConfigurationChange = request_change,
    };
    memcpy(&plugin->interface, &interface, sizeof interface);
}
