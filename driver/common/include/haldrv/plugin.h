/* plugin.h - the COM object that the host talks to, and the devices behind it.
 *
 * A driver makes one struct haldrv_plugin with its objects and devices, and a factory function that
 * hands it out. All 23 entry points are here; the driver supplies what is its own: what to do when
 * IO starts, in an IO operation, in a configuration change.
 *
 * Threads: the plug-in's lock is taken by everything except IO (GetZeroTimeStamp, WillDo-, Begin-,
 * Do- and EndIOOperation), which takes none. The host is never called with the lock held.
 */
#ifndef HALDRV_PLUGIN_H
#define HALDRV_PLUGIN_H

#include "haldrv/clients.h"
#include "haldrv/clock.h"
#include "haldrv/object.h"
#include <CoreAudio/AudioServerPlugIn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct haldrv_device;

/* ---- devices ------------------------------------------------------------------------------- */

struct haldrv_side_info {
    bool can_be_default;
    bool can_be_system_default;
    UInt32 latency_frames; /* of the device, without the stream's */
    UInt32 safety_frames;
    UInt32 channels; /* most that there are on this side; 0: no streams there */
};

/* What never changes. Texts are UTF-8. */
struct haldrv_device_info {
    const char *uid;
    const char *model_uid;
    const char *name;
    const char *model_name;
    const char *manufacturer;
    const char *configuration_application; /* bundle ID */
    UInt32 transport;
    UInt32 clock_domain;
    UInt32 clock_algorithm;
    UInt32 zero_period_frames;
    const UInt32 *rates; /* Hz */
    UInt32 rate_count;
    bool hidden;
    struct haldrv_side_info input;
    struct haldrv_side_info output;
    const AudioServerPlugInCustomPropertyInfo *custom;
    UInt32 custom_count;
};

struct haldrv_device_ops {
    /* The first client starts IO, the last has stopped it. With the lock held; no time stamp has
     * been given yet, none will be asked for any more. */
    OSStatus (*start)(struct haldrv_device *device);
    void (*stop)(struct haldrv_device *device);
    /* Which operations of which the device takes part in; all are done in place. */
    bool (*will_do)(const struct haldrv_device *device, UInt32 operation);
    /* An operation that will_do() accepts, on the IO thread. */
    OSStatus (*do_io)(struct haldrv_device *device, AudioObjectID stream, UInt32 operation,
                      UInt32 frames, const AudioServerPlugInIOCycleInfo *cycle, void *buffer);
    /* A configuration change that the host has granted; without the lock. IO stands still. */
    OSStatus (*perform)(struct haldrv_device *device, UInt64 action, void *info,
                        struct haldrv_changes *changes);
};

struct haldrv_device {
    AudioObjectID id;
    const struct haldrv_device_info *info;
    const struct haldrv_device_ops *ops;
    void *context;
    struct haldrv_plugin *plugin;

    UInt32 rate;                   /* Hz; under the lock */
    struct haldrv_clients clients; /* under the lock */
    struct haldrv_clock clock;
};

/* Configuration change that the standard properties ask for; info is the rate in Hz. */
#define HALDRV_CHANGE_RATE ((UInt64)kAudioDevicePropertyNominalSampleRate)

bool haldrv_device_has_rate(const struct haldrv_device *device, Float64 rate);
/* For perform(): a rate that the device has, with the lock held. Notes what changed with it. */
void haldrv_device_set_rate(struct haldrv_device *device, UInt32 rate,
                            struct haldrv_changes *changes);
/* With the lock held. */
bool haldrv_device_is_running(const struct haldrv_device *device);

/* ---- the plug-in --------------------------------------------------------------------------- */

struct haldrv_plugin_info {
    const char *bundle_id;
    const char *name;
    const char *manufacturer;
    /* One more name that QueryInterface() answers to with the same interface; NULL: none. */
    const CFUUIDBytes *also_known_as;
};

struct haldrv_plugin_ops {
    /* The host is known; without the lock. A driver that fails here is not used. */
    OSStatus (*initialize)(struct haldrv_plugin *plugin);
    /* The last reference is gone: stop everything and free the plug-in. */
    void (*destroy)(struct haldrv_plugin *plugin);
};

/* One per driver, static: makes the instance unique. */
struct haldrv_factory {
    pthread_mutex_t mutex;
    struct haldrv_plugin *instance;
};
#define HALDRV_FACTORY_INITIALIZER                                                                 \
    { PTHREAD_MUTEX_INITIALIZER, NULL }

struct haldrv_plugin {
    /* First: an AudioServerPlugInDriverRef points here. */
    struct AudioServerPlugInDriverInterface *interface;
    struct haldrv_factory *factory;
    UInt32 references; /* under the factory's mutex */

    const struct haldrv_plugin_info *info;
    const struct haldrv_plugin_ops *ops;
    const struct haldrv_object *objects;
    size_t object_count;
    void *context;

    pthread_mutex_t mutex;
    AudioServerPlugInHostRef host; /* NULL before Initialize() */
    _Atomic bool ready;            /* initialize() has succeeded */
};

/* Fills `plugin`, `device->plugin` of all devices, and their clocks at rate `device->rate`. The
 * lists must outlive it. */
void haldrv_plugin_init(struct haldrv_plugin *plugin, const struct haldrv_plugin_info *info,
                        const struct haldrv_plugin_ops *ops, const struct haldrv_object *objects,
                        size_t object_count, void *context);
/* Frees what haldrv_plugin_init() and the entry points allocated, not the plug-in itself. */
void haldrv_plugin_destroy(struct haldrv_plugin *plugin);

/* The body of a factory function: one more reference to the one instance, which create() makes when
 * there is none. NULL for other types than kAudioServerPlugInTypeUUID. */
void *haldrv_factory_get(struct haldrv_factory *factory, CFUUIDRef type,
                         struct haldrv_plugin *(*create)(void));

void haldrv_plugin_lock(struct haldrv_plugin *plugin);
void haldrv_plugin_unlock(struct haldrv_plugin *plugin);

/* Tells the host what changed and asks for the configuration change, if any. Without the lock. */
OSStatus haldrv_plugin_announce(struct haldrv_plugin *plugin, const struct haldrv_changes *changes);

#endif
