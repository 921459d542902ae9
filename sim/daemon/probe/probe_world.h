/* probe_world.h - what a random sequence knows of a driver: its objects, and in which state its
 * devices are, so that it asks for what a host could ask for.
 */
#ifndef PROBE_WORLD_H
#define PROBE_WORLD_H

#include "probe_call.h"

#define PROBE_OBJECTS_MAX 256
#define PROBE_DEVICES_MAX 8
#define PROBE_STREAMS_MAX 8
#define PROBE_CLIENTS_MAX 3
#define PROBE_KNOWN_MAX   64

struct probe_device {
    AudioObjectID id;
    AudioObjectID streams[PROBE_STREAMS_MAX];
    bool is_input[PROBE_STREAMS_MAX];
    size_t stream_count;
    bool is_added[PROBE_CLIENTS_MAX], is_started[PROBE_CLIENTS_MAX]; /* clients 1, 2, ... */
};

struct probe_world {
    AudioServerPlugInDriverRef driver;
    struct probe_host *host;
    AudioObjectID objects[PROBE_OBJECTS_MAX]; /* the plug-in and what it owns, directly or not */
    size_t object_count;
    /* What each of them has in the global scope: places in property_contracts(). */
    uint16_t known[PROBE_OBJECTS_MAX][PROBE_KNOWN_MAX];
    uint32_t known_count[PROBE_OBJECTS_MAX];
    struct probe_device devices[PROBE_DEVICES_MAX];
    size_t device_count;
};

/* Asks the driver; devices that were known keep their clients. */
void probe_world_look(struct probe_world *world);
bool probe_world_runs(const struct probe_device *device);

/* What a property has: at most `size` bytes, in the global scope. Returns how many; 0: it has it
 * not. */
uint32_t probe_world_get(const struct probe_world *world, AudioObjectID object,
                         AudioObjectPropertySelector selector, void *bytes, uint32_t size);
/* Bytes of a frame in a stream's virtual or physical format, whichever is more; 0: unknown. */
uint32_t probe_world_frame_bytes(const struct probe_world *world, AudioObjectID stream);

#endif
