/* gecko_driver.h - one Gecko Sink. Private to the driver. */
#ifndef GECKO_DRIVER_H
#define GECKO_DRIVER_H

#include "gecko_settings.h"
#include "gecko_shm_writer.h"
#include "haldrv/level.h"
#include "haldrv/plugin.h"
#include "haldrv/properties.h"
#include <os/log.h>

enum gecko_object_id {
    GECKO_PLUGIN = kAudioObjectPlugInObject,
    GECKO_DEVICE,
    GECKO_STREAM,
    GECKO_VOLUME,
    GECKO_MUTE,
    GECKO_LAST_OBJECT = GECKO_MUTE,
};

/* Custom properties of the device. */
#define GECKO_PROPERTY_SHM_NAME    ((AudioObjectPropertySelector)'gshm') /* CFString, read only */
#define GECKO_PROPERTY_LAYOUT      ((AudioObjectPropertySelector)'glay') /* CFString "v1", "v2" */
#define GECKO_PROPERTY_RING_FRAMES ((AudioObjectPropertySelector)'gbuf') /* CFNumber */
#define GECKO_PROPERTY_STATISTICS                                                                  \
    ((AudioObjectPropertySelector)'gsta') /* CFDictionary, read only */

/* Configuration changes besides HALDRV_CHANGE_RATE; info is the new value. */
#define GECKO_CHANGE_LAYOUT      ((UInt64)GECKO_PROPERTY_LAYOUT)
#define GECKO_CHANGE_RING_FRAMES ((UInt64)GECKO_PROPERTY_RING_FRAMES)

/* Gain other than 1 is applied in pieces that stay in the first-level cache. */
#define GECKO_SCRATCH_SAMPLES    2048

struct gecko {
    struct haldrv_plugin plugin;
    struct haldrv_object objects[GECKO_LAST_OBJECT];
    struct haldrv_device_info device_info;
    struct haldrv_device device;
    struct haldrv_stream stream;
    struct haldrv_level level;
    struct haldrv_control volume;
    struct haldrv_control mute;
    os_log_t log;

    struct gecko_shm_config config;  /* under the lock */
    struct gecko_shm_writer *writer; /* the same from Initialize() on; the IO thread uses it too */

    /* Of the IO thread, set up before it starts. */
    _Atomic bool running;
    bool has_time; /* next_sample_time is known */
    Float64 next_sample_time;
    struct haldrv_gain gain;
    float scratch[GECKO_SCRATCH_SAMPLES];
};

extern const struct haldrv_property_set gecko_custom_properties;
extern const AudioServerPlugInCustomPropertyInfo gecko_custom_infos[];
extern const UInt32 gecko_custom_info_count;

/* gecko_io.c */
extern const struct haldrv_device_ops gecko_device_ops;
/* Opens the writer for gecko->config; with the lock held. Logs why when it cannot. */
bool gecko_open_writer(struct gecko *gecko);

#endif
