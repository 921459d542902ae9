/* bunghole_driver.h - one Bunghole: two devices and the transport behind them. Private to the
 * driver.
 */
#ifndef BUNGHOLE_DRIVER_H
#define BUNGHOLE_DRIVER_H

#include "bunghole_receiver.h"
#include "bunghole_sender.h"
#include "bunghole_settings.h"
#include "haldrv/level.h"
#include "haldrv/plugin.h"
#include "haldrv/properties.h"
#include <mach/mach_time.h>
#include <os/log.h>

enum bunghole_object_id {
    BUNGHOLE_PLUGIN = kAudioObjectPlugInObject,
    BUNGHOLE_OUTPUT,
    BUNGHOLE_INPUT,
    BUNGHOLE_OUTPUT_STREAM,
    BUNGHOLE_INPUT_STREAM,
    BUNGHOLE_OUTPUT_VOLUME,
    BUNGHOLE_INPUT_VOLUME,
    BUNGHOLE_OUTPUT_MUTE,
    BUNGHOLE_INPUT_MUTE,
    BUNGHOLE_LAST_OBJECT = BUNGHOLE_INPUT_MUTE,
};

/* Custom properties of each device, for its own direction. */
#define BUNGHOLE_PROPERTY_ENDPOINT ((AudioObjectPropertySelector)'vend') /* CFString */
#define BUNGHOLE_PROPERTY_WIRE     ((AudioObjectPropertySelector)'vwir') /* CFString "auto", "v1" */
#define BUNGHOLE_PROPERTY_LINK     ((AudioObjectPropertySelector)'vlnk') /* CFString, read only */
#define BUNGHOLE_PROPERTY_STATISTICS                                                               \
    ((AudioObjectPropertySelector)'stat') /* CFDictionary, the same */

/* Packets are 20 ms, the encoder holds 6.5 ms back: a frame leaves the driver that much later. */
#define BUNGHOLE_OUTPUT_LATENCY (BUNGHOLE_PACKET_FRAMES + BUNGHOLE_LOOK_AHEAD)
/* The same at the host's end, and the playout buffer at ours. */
#define BUNGHOLE_INPUT_LATENCY                                                                     \
    (BUNGHOLE_PLAYOUT_TARGET + BUNGHOLE_PACKET_FRAMES + BUNGHOLE_LOOK_AHEAD)

/* One device with what belongs to it. */
struct bunghole_side {
    struct haldrv_device_info info;
    struct haldrv_device device;
    struct haldrv_stream stream;
    struct haldrv_level level;
    struct haldrv_control volume;
    struct haldrv_control mute;
};

struct bunghole {
    struct haldrv_plugin plugin;
    struct haldrv_object objects[BUNGHOLE_LAST_OBJECT];
    struct bunghole_side output;
    struct bunghole_side input;
    os_log_t log;
    mach_timebase_info_data_t timebase;

    struct bunghole_settings settings; /* under the lock */
    /* From Initialize() on, until the end; the IO threads use them too. */
    struct bunghole_sender *sender;
    struct bunghole_receiver *receiver;

    /* Of the IO thread of the output, set up before it starts. */
    _Atomic bool output_runs;
    bool begins; /* the next block is the first */
    Float64 next_sample_time;
    /* Of that of the input. */
    _Atomic bool input_runs;
    struct haldrv_gain input_gain;
};

extern const struct haldrv_property_set bunghole_custom_properties;
extern const AudioServerPlugInCustomPropertyInfo bunghole_custom_infos[];
extern const UInt32 bunghole_custom_info_count;

/* bunghole_io.c */
extern const struct haldrv_device_ops bunghole_output_ops;
extern const struct haldrv_device_ops bunghole_input_ops;

/* bunghole_driver.c: what the settings say about one direction; with the lock held. */
struct bunghole_link_config bunghole_link_of(struct bunghole *bunghole, bool is_input);

#endif
