/* entry_points.c - the 23 slots of AudioServerPlugInDriverInterface. */
#include "entry_points.h"
#include <mach/mach_time.h>
#include <string.h>

static struct haldrv_plugin *plugin_of(const void *driver) {
    const struct haldrv_plugin *plugin = driver;
    if (plugin == NULL || plugin->interface != &haldrv_interface) {
        return NULL;
    }
    return (struct haldrv_plugin *)(uintptr_t)driver;
}

static struct haldrv_device *device_of(const void *driver, AudioObjectID id) {
    const struct haldrv_plugin *plugin = plugin_of(driver);
    const struct haldrv_object *object = plugin != NULL ? haldrv_object_find(plugin, id) : NULL;
    if (object == NULL || object->class_id != kAudioDeviceClassID) {
        return NULL;
    }
    return object->state;
}

/* ---- IUnknown ------------------------------------------------------------------------------ */

static bool same_uuid(REFIID uuid, CFUUIDRef wanted) {
    CFUUIDBytes bytes = CFUUIDGetUUIDBytes(wanted);
    return memcmp(&uuid, &bytes, sizeof bytes) == 0;
}

static bool is_known_interface(const struct haldrv_plugin *plugin, REFIID uuid) {
    const CFUUIDBytes *also = plugin->info->also_known_as;
    return same_uuid(uuid, IUnknownUUID) ||
           same_uuid(uuid, kAudioServerPlugInDriverInterfaceUUID) ||
           (also != NULL && memcmp(&uuid, also, sizeof *also) == 0);
}

static HRESULT query_interface(void *driver, REFIID uuid, LPVOID *out) {
    struct haldrv_plugin *plugin = plugin_of(driver);
    if (out == NULL) {
        return (HRESULT)E_POINTER;
    }
    *out = NULL;
    if (plugin == NULL) {
        return (HRESULT)E_HANDLE;
    }
    if (!is_known_interface(plugin, uuid)) {
        return (HRESULT)E_NOINTERFACE;
    }
    plugin->interface->AddRef(driver);
    *out = driver;
    return S_OK;
}

static ULONG add_ref(void *driver) {
    struct haldrv_plugin *plugin = plugin_of(driver);
    if (plugin == NULL) {
        return 0;
    }
    pthread_mutex_lock(&plugin->factory->mutex);
    UInt32 references = ++plugin->references;
    pthread_mutex_unlock(&plugin->factory->mutex);
    return references;
}

static ULONG release(void *driver) {
    struct haldrv_plugin *plugin = plugin_of(driver);
    if (plugin == NULL) {
        return 0;
    }
    /* Held over destroy(): a factory call meanwhile waits and then makes a new instance. */
    struct haldrv_factory *factory = plugin->factory;
    pthread_mutex_lock(&factory->mutex);
    UInt32 references = --plugin->references;
    if (references == 0) {
        factory->instance = NULL;
        plugin->ops->destroy(plugin);
    }
    pthread_mutex_unlock(&factory->mutex);
    return references;
}

/* ---- life ---------------------------------------------------------------------------------- */

static OSStatus initialize(AudioServerPlugInDriverRef driver, AudioServerPlugInHostRef host) {
    struct haldrv_plugin *plugin = plugin_of(driver);
    if (plugin == NULL) {
        return kAudioHardwareBadObjectError;
    }
    if (host == NULL || atomic_load(&plugin->ready)) {
        return kAudioHardwareIllegalOperationError;
    }
    plugin->host = host;
    OSStatus status = plugin->ops->initialize(plugin);
    atomic_store(&plugin->ready, status == kAudioHardwareNoError);
    return status;
}

static OSStatus create_device(AudioServerPlugInDriverRef driver, CFDictionaryRef description,
                              const AudioServerPlugInClientInfo *client, AudioObjectID *device) {
    (void)driver;
    (void)description;
    (void)client;
    (void)device;
    return kAudioHardwareUnsupportedOperationError;
}

static OSStatus destroy_device(AudioServerPlugInDriverRef driver, AudioObjectID device) {
    (void)driver;
    (void)device;
    return kAudioHardwareUnsupportedOperationError;
}

static void stop_device(struct haldrv_device *device) {
    haldrv_clock_stop(&device->clock);
    device->ops->stop(device);
}

static OSStatus add_client(AudioServerPlugInDriverRef driver, AudioObjectID id,
                           const AudioServerPlugInClientInfo *client) {
    struct haldrv_device *device = device_of(driver, id);
    if (device == NULL) {
        return kAudioHardwareBadObjectError;
    }
    if (client == NULL) {
        return kAudioHardwareIllegalOperationError;
    }
    haldrv_plugin_lock(device->plugin);
    OSStatus status = haldrv_clients_add(&device->clients, client->mClientID);
    haldrv_plugin_unlock(device->plugin);
    return status;
}

static OSStatus remove_client(AudioServerPlugInDriverRef driver, AudioObjectID id,
                              const AudioServerPlugInClientInfo *client) {
    struct haldrv_device *device = device_of(driver, id);
    if (device == NULL) {
        return kAudioHardwareBadObjectError;
    }
    if (client == NULL) {
        return kAudioHardwareIllegalOperationError;
    }
    bool last;
    haldrv_plugin_lock(device->plugin);
    OSStatus status = haldrv_clients_remove(&device->clients, client->mClientID, &last);
    if (last) {
        stop_device(device);
    }
    haldrv_plugin_unlock(device->plugin);
    return status;
}

static OSStatus perform_change(AudioServerPlugInDriverRef driver, AudioObjectID id, UInt64 action,
                               void *info) {
    struct haldrv_device *device = device_of(driver, id);
    if (device == NULL) {
        return kAudioHardwareBadObjectError;
    }
    struct haldrv_changes changes = {.count = 0};
    OSStatus status = device->ops->perform(device, action, info, &changes);
    if (status != kAudioHardwareNoError) {
        return status;
    }
    return haldrv_plugin_announce(device->plugin, &changes);
}

static OSStatus abort_change(AudioServerPlugInDriverRef driver, AudioObjectID id, UInt64 action,
                             void *info) {
    /* Nothing is kept between request and answer, so there is nothing to undo. */
    (void)action;
    (void)info;
    return device_of(driver, id) != NULL ? kAudioHardwareNoError : kAudioHardwareBadObjectError;
}

/* ---- properties ---------------------------------------------------------------------------- */

static Boolean has_property(AudioServerPlugInDriverRef driver, AudioObjectID object, pid_t client,
                            const AudioObjectPropertyAddress *address) {
    struct haldrv_plugin *plugin = plugin_of(driver);
    return plugin != NULL && haldrv_property_has(plugin, object, client, address);
}

static OSStatus is_settable(AudioServerPlugInDriverRef driver, AudioObjectID object, pid_t client,
                            const AudioObjectPropertyAddress *address, Boolean *settable) {
    struct haldrv_plugin *plugin = plugin_of(driver);
    if (plugin == NULL) {
        return kAudioHardwareBadObjectError;
    }
    return haldrv_property_settable(plugin, object, client, address, settable);
}

static OSStatus get_size(AudioServerPlugInDriverRef driver, AudioObjectID object, pid_t client,
                         const AudioObjectPropertyAddress *address, UInt32 qualifier_size,
                         const void *qualifier, UInt32 *size) {
    struct haldrv_plugin *plugin = plugin_of(driver);
    if (plugin == NULL) {
        return kAudioHardwareBadObjectError;
    }
    return haldrv_property_size(plugin, object, client, address, qualifier_size, qualifier, size);
}

static OSStatus get_data(AudioServerPlugInDriverRef driver, AudioObjectID object, pid_t client,
                         const AudioObjectPropertyAddress *address, UInt32 qualifier_size,
                         const void *qualifier, UInt32 room, UInt32 *size, void *data) {
    struct haldrv_plugin *plugin = plugin_of(driver);
    if (plugin == NULL) {
        return kAudioHardwareBadObjectError;
    }
    return haldrv_property_get(plugin, object, client, address, qualifier_size, qualifier, room,
                               size, data);
}

static OSStatus set_data(AudioServerPlugInDriverRef driver, AudioObjectID object, pid_t client,
                         const AudioObjectPropertyAddress *address, UInt32 qualifier_size,
                         const void *qualifier, UInt32 size, const void *data) {
    struct haldrv_plugin *plugin = plugin_of(driver);
    if (plugin == NULL) {
        return kAudioHardwareBadObjectError;
    }
    return haldrv_property_set(plugin, object, client, address, qualifier_size, qualifier, size,
                               data);
}

/* ---- IO ------------------------------------------------------------------------------------ */

static OSStatus start_io(AudioServerPlugInDriverRef driver, AudioObjectID id, UInt32 client) {
    struct haldrv_device *device = device_of(driver, id);
    if (device == NULL) {
        return kAudioHardwareBadObjectError;
    }
    if (!atomic_load(&device->plugin->ready)) {
        return kAudioHardwareNotReadyError;
    }
    bool first, last;
    haldrv_plugin_lock(device->plugin);
    OSStatus status = haldrv_clients_start(&device->clients, client, &first);
    if (status == kAudioHardwareNoError && first) {
        status = device->ops->start(device);
        if (status == kAudioHardwareNoError) {
            haldrv_clock_start(&device->clock, mach_absolute_time());
        } else {
            haldrv_clients_stop(&device->clients, client, &last);
        }
    }
    haldrv_plugin_unlock(device->plugin);
    return status;
}

static OSStatus stop_io(AudioServerPlugInDriverRef driver, AudioObjectID id, UInt32 client) {
    struct haldrv_device *device = device_of(driver, id);
    if (device == NULL) {
        return kAudioHardwareBadObjectError;
    }
    bool last;
    haldrv_plugin_lock(device->plugin);
    OSStatus status = haldrv_clients_stop(&device->clients, client, &last);
    if (last) {
        stop_device(device);
    }
    haldrv_plugin_unlock(device->plugin);
    return status;
}

static OSStatus zero_time_stamp(AudioServerPlugInDriverRef driver, AudioObjectID id, UInt32 client,
                                Float64 *sample_time, UInt64 *host_time, UInt64 *seed) {
    (void)client;
    const struct haldrv_device *device = device_of(driver, id);
    if (device == NULL) {
        return kAudioHardwareBadObjectError;
    }
    if (sample_time == NULL || host_time == NULL || seed == NULL) {
        return kAudioHardwareIllegalOperationError;
    }
    struct haldrv_zero_time zero;
    if (!haldrv_clock_read(&device->clock, mach_absolute_time(), &zero)) {
        return kAudioHardwareNotRunningError;
    }
    *sample_time = zero.sample_time;
    *host_time = zero.host_time;
    *seed = zero.seed;
    return kAudioHardwareNoError;
}

static OSStatus will_do(AudioServerPlugInDriverRef driver, AudioObjectID id, UInt32 client,
                        UInt32 operation, Boolean *will, Boolean *in_place) {
    (void)client;
    const struct haldrv_device *device = device_of(driver, id);
    if (device == NULL) {
        return kAudioHardwareBadObjectError;
    }
    if (will != NULL) {
        *will = device->ops->will_do(device, operation);
    }
    if (in_place != NULL) {
        *in_place = true;
    }
    return kAudioHardwareNoError;
}

static OSStatus begin_or_end(AudioServerPlugInDriverRef driver, AudioObjectID id, UInt32 client,
                             UInt32 operation, UInt32 frames,
                             const AudioServerPlugInIOCycleInfo *cycle) {
    (void)client;
    (void)operation;
    (void)frames;
    (void)cycle;
    return device_of(driver, id) != NULL ? kAudioHardwareNoError : kAudioHardwareBadObjectError;
}

static OSStatus do_io(AudioServerPlugInDriverRef driver, AudioObjectID id, AudioObjectID stream,
                      UInt32 client, UInt32 operation, UInt32 frames,
                      const AudioServerPlugInIOCycleInfo *cycle, void *main, void *secondary) {
    (void)client;
    (void)secondary;
    struct haldrv_device *device = device_of(driver, id);
    if (device == NULL) {
        return kAudioHardwareBadObjectError;
    }
    const struct haldrv_object *object = haldrv_object_find(device->plugin, stream);
    if (object == NULL || object->class_id != kAudioStreamClassID || object->owner != id) {
        return kAudioHardwareBadStreamError;
    }
    if (!device->ops->will_do(device, operation)) {
        return kAudioHardwareUnsupportedOperationError;
    }
    if (cycle == NULL || main == NULL) {
        return kAudioHardwareIllegalOperationError;
    }
    return device->ops->do_io(device, stream, operation, frames, cycle, main);
}

struct AudioServerPlugInDriverInterface haldrv_interface = {
    ._reserved = NULL,
    .QueryInterface = query_interface,
    .AddRef = add_ref,
    .Release = release,
    .Initialize = initialize,
    .CreateDevice = create_device,
    .DestroyDevice = destroy_device,
    .AddDeviceClient = add_client,
    .RemoveDeviceClient = remove_client,
    .PerformDeviceConfigurationChange = perform_change,
    .AbortDeviceConfigurationChange = abort_change,
    .HasProperty = has_property,
    .IsPropertySettable = is_settable,
    .GetPropertyDataSize = get_size,
    .GetPropertyData = get_data,
    .SetPropertyData = set_data,
    .StartIO = start_io,
    .StopIO = stop_io,
    .GetZeroTimeStamp = zero_time_stamp,
    .WillDoIOOperation = will_do,
    .BeginIOOperation = begin_or_end,
    .DoIOOperation = do_io,
    .EndIOOperation = begin_or_end,
};
