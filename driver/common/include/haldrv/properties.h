/* properties.h - the properties that objects of a class have, ready to be listed in an object. */
#ifndef HALDRV_PROPERTIES_H
#define HALDRV_PROPERTIES_H

#include "haldrv/level.h"
#include "haldrv/object.h"
#include "haldrv/plugin.h"

/* Class, base class, owner, owned objects: for every object. */
extern const struct haldrv_property_set haldrv_object_properties;

/* kAudioPlugInClassID; state: none. */
extern const struct haldrv_property_set haldrv_plugin_properties;

/* kAudioDeviceClassID; state: struct haldrv_device. */
extern const struct haldrv_property_set haldrv_device_properties;

/* kAudioStreamClassID; state: struct haldrv_stream. Float32, interleaved, packed; the virtual
 * format is the physical one. A format is set by changing the rate of the device. */
struct haldrv_stream {
    AudioObjectID id;
    struct haldrv_device *device;
    bool is_input;
    UInt32 terminal;
    UInt32 starting_channel;
    UInt32 channels;
    UInt32 latency_frames;
    bool active; /* under the lock */
};
extern const struct haldrv_property_set haldrv_stream_properties;

/* kAudioVolumeControlClassID ('vlme', base 'levl') and kAudioMuteControlClassID ('mute', base
 * 'togl'); state: struct haldrv_control. A volume and a mute control may share a level. */
struct haldrv_control {
    AudioObjectPropertyScope scope;
    AudioObjectPropertyElement element;
    struct haldrv_level *level;
    /* With the lock held, after a set; NULL: none. */
    void (*changed)(void *context);
    void *context;
};
extern const struct haldrv_property_set haldrv_volume_properties;
extern const struct haldrv_property_set haldrv_mute_properties;

/* For `sets` of an object that has these and those of every object. A driver with properties of its
 * own, which devices have as a rule, lists them itself. */
extern const struct haldrv_property_set *const haldrv_plugin_sets[];
extern const struct haldrv_property_set *const haldrv_stream_sets[];
extern const struct haldrv_property_set *const haldrv_volume_sets[];
extern const struct haldrv_property_set *const haldrv_mute_sets[];

#endif
