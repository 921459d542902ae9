/* plugin.c - making the one instance, and telling the host what changed. */
#include "haldrv/plugin.h"
#include "entry_points.h"
#include "haldrv/storage.h"
#include <assert.h>
#include <mach/mach_time.h>
#include <string.h>

void haldrv_plugin_init(struct haldrv_plugin *plugin, const struct haldrv_plugin_info *info,
                        const struct haldrv_plugin_ops *ops, const struct haldrv_object *objects,
                        size_t object_count, void *context) {
    plugin->interface = &haldrv_interface;
    plugin->factory = NULL;
    plugin->references = 0;
    plugin->info = info;
    plugin->ops = ops;
    plugin->objects = objects;
    plugin->object_count = object_count;
    plugin->context = context;
    plugin->host = NULL;
    atomic_init(&plugin->ready, false);
    int status = pthread_mutex_init(&plugin->mutex, NULL);
    assert(status == 0);
    (void)status;

    mach_timebase_info_data_t timebase = {.numer = 1, .denom = 1};
    mach_timebase_info(&timebase);
    for (size_t i = 0; i < object_count; i++) {
        assert(objects[i].id == i + 1);
        if (objects[i].class_id == kAudioDeviceClassID) {
            struct haldrv_device *device = objects[i].state;
            device->plugin = plugin;
            haldrv_clock_init(&device->clock, device->rate, device->info->zero_period_frames,
                              timebase.numer, timebase.denom);
        }
    }
}

void haldrv_plugin_destroy(struct haldrv_plugin *plugin) {
    for (size_t i = 0; i < plugin->object_count; i++) {
        if (plugin->objects[i].class_id == kAudioDeviceClassID) {
            struct haldrv_device *device = plugin->objects[i].state;
            haldrv_clients_destroy(&device->clients);
        }
    }
    pthread_mutex_destroy(&plugin->mutex);
}

bool haldrv_is_type(CFUUIDRef type, CFUUIDRef wanted) {
    return type != NULL && CFEqual(type, wanted);
}

void *haldrv_factory_get(struct haldrv_factory *factory, CFUUIDRef type,
                         struct haldrv_plugin *(*create)(void)) {
    if (!haldrv_is_type(type, kAudioServerPlugInTypeUUID)) {
        return NULL;
    }
    pthread_mutex_lock(&factory->mutex);
    if (factory->instance == NULL) {
        factory->instance = create();
        if (factory->instance != NULL) {
            factory->instance->factory = factory;
        }
    }
    struct haldrv_plugin *plugin = factory->instance;
    if (plugin != NULL) {
        plugin->references++;
    }
    pthread_mutex_unlock(&factory->mutex);
    return plugin != NULL ? &plugin->interface : NULL;
}

void haldrv_plugin_lock(struct haldrv_plugin *plugin) {
    int status = pthread_mutex_lock(&plugin->mutex);
    assert(status == 0);
    (void)status;
}

void haldrv_plugin_unlock(struct haldrv_plugin *plugin) {
    int status = pthread_mutex_unlock(&plugin->mutex);
    assert(status == 0);
    (void)status;
}

OSStatus haldrv_plugin_announce(struct haldrv_plugin *plugin,
                                const struct haldrv_changes *changes) {
    AudioServerPlugInHostRef host = plugin->host;
    if (host == NULL) {
        return changes->wants_configuration ? kAudioHardwareNotReadyError : kAudioHardwareNoError;
    }
    if (changes->store_key != NULL) {
        (void)haldrv_storage_set_string(host, changes->store_key, changes->store_text);
    }
    /* One call for the changes of one object that follow each other. */
    UInt32 at = 0;
    while (at < changes->count) {
        AudioObjectPropertyAddress addresses[HALDRV_MAX_NOTICES];
        AudioObjectID object = changes->notices[at].object;
        UInt32 count = 0;
        while (at < changes->count && changes->notices[at].object == object) {
            addresses[count++] = changes->notices[at++].address;
        }
        host->PropertiesChanged(host, object, count, addresses);
    }
    if (changes->wants_configuration) {
        return host->RequestDeviceConfigurationChange(host, changes->device, changes->action,
                                                      changes->info);
    }
    return kAudioHardwareNoError;
}
