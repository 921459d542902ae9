/* The five functions that a driver may call back. They may come from any thread, while any call
 * into the driver is under way: they take leaf locks only. */
#include "digest.h"
#include "host_internal.h"
#include <string.h>
#include <time.h>

static struct halsim_plugin *plugin_of(AudioServerPlugInHostRef reference) {
    return (struct halsim_plugin *)(uintptr_t)reference; /* its first member */
}

/* The host answers under locks and allocates: no thread with a deadline may ask. */
static void warn_of_io_thread(struct halsim_plugin *plugin, const char *function) {
    const struct halsim_call_info *call = halsim_call_current();
    if (call == NULL || strstr(call->entry_point, "IOOperation") == NULL ||
        strcmp(call->entry_point, "WillDoIOOperation") == 0 ||
        atomic_exchange(&plugin->has_called_in_io, true)) {
        return;
    }
    char operation[16];
    halsim_warn(plugin, call->object,
                "the driver calls %s() in %s of %s: an IO thread may not wait", function,
                call->entry_point, halsim_fourcc_text(call->code, operation));
}

/* The host, which stays until leave(). NULL when it has gone and a thread of the driver has not
 * noticed; then there is nothing to leave. */
static struct halsim_host *enter(struct halsim_plugin *plugin, const char *function) {
    if (plugin == NULL) {
        return NULL;
    }
    /* Counted before the look, as detach looks at the count after it has taken the host away. */
    atomic_fetch_add(&plugin->inside, 1);
    struct halsim_host *host = atomic_load(&plugin->host);
    if (host == NULL) {
        atomic_fetch_sub(&plugin->inside, 1);
    } else {
        warn_of_io_thread(plugin, function);
    }
    return host;
}

static void leave(struct halsim_plugin *plugin) {
    atomic_fetch_sub(&plugin->inside, 1);
}

void halsim_plugin_detach(struct halsim_plugin *plugin) {
    atomic_store(&plugin->host, NULL);
    const struct timespec step = {.tv_nsec = 100000};
    while (atomic_load(&plugin->inside) > 0) {
        (void)nanosleep(&step, NULL);
    }
}

/* NULL when nobody observes. Of the host that enter() returned: the plug-in may be losing it. */
static struct halsim_fingerprint *observer_of(struct halsim_host *host) {
    return atomic_load_explicit(&host->fingerprint, memory_order_acquire);
}

/* A call of the host's interface that is about to return. */
static void observe(struct halsim_host *host, struct halsim_plugin *plugin,
                    enum halsim_observed kind, AudioObjectID object, uint64_t data,
                    OSStatus status) {
    struct halsim_observation seen = {
        .kind = (uint16_t)kind,
        .plugin = (uint16_t)plugin->index,
        .object = object,
        .data = data,
        .status = status,
    };
    halsim_observe(observer_of(host), &seen);
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

static OSStatus properties_changed(AudioServerPlugInHostRef reference, AudioObjectID object,
                                   UInt32 count, const AudioObjectPropertyAddress *addresses) {
    struct halsim_plugin *plugin = plugin_of(reference);
    struct halsim_host *host =
        count > 0 && addresses == NULL ? NULL : enter(plugin, "PropertiesChanged");
    if (host == NULL) {
        return kAudioHardwareIllegalOperationError;
    }
    struct halsim_notice notice = {
        .kind = HALSIM_NOTICE_PROPERTIES_CHANGED,
        .plugin = plugin->index,
        .object = object,
        .addresses = addresses,
        .address_count = count,
    };
    halsim_notify(host, &notice);
    for (UInt32 i = 0; i < count; i++) {
        if (concerns_host(addresses[i].mSelector)) {
            halsim_change_objects(host);
            break;
        }
    }
    if (observer_of(host) != NULL) {
        observe(host, plugin, HALSIM_OBSERVED_PropertiesChanged, object,
                halsim_digest_addresses(0, count, addresses), kAudioHardwareNoError);
    }
    leave(plugin);
    return kAudioHardwareNoError;
}

static OSStatus copy_from_storage(AudioServerPlugInHostRef reference, CFStringRef key,
                                  CFPropertyListRef *data) {
    struct halsim_plugin *plugin = plugin_of(reference);
    struct halsim_host *host =
        key == NULL || data == NULL ? NULL : enter(plugin, "CopyFromStorage");
    if (host == NULL) {
        return kAudioHardwareIllegalOperationError;
    }
    *data = halsim_storage_copy(plugin->storage, key);
    if (observer_of(host) != NULL) {
        observe(host, plugin, HALSIM_OBSERVED_CopyFromStorage, 0,
                halsim_digest_plist(halsim_digest_plist(0, key), *data), kAudioHardwareNoError);
    }
    leave(plugin);
    return kAudioHardwareNoError;
}

static OSStatus write_to_storage(AudioServerPlugInHostRef reference, CFStringRef key,
                                 CFPropertyListRef data) {
    struct halsim_plugin *plugin = plugin_of(reference);
    struct halsim_host *host = key == NULL || data == NULL ? NULL : enter(plugin, "WriteToStorage");
    if (host == NULL) {
        return kAudioHardwareIllegalOperationError;
    }
    bool ok = halsim_storage_write(plugin->storage, key, data);
    OSStatus status = ok ? kAudioHardwareNoError : kAudioHardwareIllegalOperationError;
    if (observer_of(host) != NULL) {
        observe(host, plugin, HALSIM_OBSERVED_WriteToStorage, 0,
                halsim_digest_plist(halsim_digest_plist(0, key), data), status);
    }
    leave(plugin);
    return status;
}

static OSStatus delete_from_storage(AudioServerPlugInHostRef reference, CFStringRef key) {
    struct halsim_plugin *plugin = plugin_of(reference);
    struct halsim_host *host = key == NULL ? NULL : enter(plugin, "DeleteFromStorage");
    if (host == NULL) {
        return kAudioHardwareIllegalOperationError;
    }
    bool ok = halsim_storage_delete(plugin->storage, key);
    OSStatus status = ok ? kAudioHardwareNoError : kAudioHardwareIllegalOperationError;
    if (observer_of(host) != NULL) {
        observe(host, plugin, HALSIM_OBSERVED_DeleteFromStorage, 0, halsim_digest_plist(0, key),
                status);
    }
    leave(plugin);
    return status;
}

static OSStatus ask_for_change(struct halsim_host *host, struct halsim_plugin *plugin,
                               AudioObjectID object, UInt64 action, void *info) {
    struct halsim_device *device = halsim_device_of_object(
        host, (struct halsim_object){.plugin = plugin->index, .id = object});
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
    halsim_notify(host, &notice);
    return halsim_change_request(device, action, info) ? kAudioHardwareNoError
                                                       : kAudioHardwareUnspecifiedError;
}

static OSStatus request_change(AudioServerPlugInHostRef reference, AudioObjectID object,
                               UInt64 action, void *info) {
    struct halsim_plugin *plugin = plugin_of(reference);
    struct halsim_host *host = enter(plugin, "RequestDeviceConfigurationChange");
    if (host == NULL) {
        return kAudioHardwareNotReadyError;
    }
    OSStatus status = ask_for_change(host, plugin, object, action, info);
    if (observer_of(host) != NULL) {
        observe(host, plugin, HALSIM_OBSERVED_RequestDeviceConfigurationChange, object,
                halsim_digest_word(action, info != NULL ? 1 : 0), status);
    }
    leave(plugin);
    return status;
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
