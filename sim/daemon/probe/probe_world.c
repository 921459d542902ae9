/* probe_world.c */
#include "probe_world.h"
#include "property_types.h"
#include <string.h>

uint32_t probe_world_get(const struct probe_world *world, AudioObjectID object,
                         AudioObjectPropertySelector selector, void *bytes, uint32_t size) {
    struct probe_call call = {
        .function = PROBE_GET_DATA,
        .object = object,
        .address = {selector, kAudioObjectPropertyScopeGlobal, 0},
        .size = size,
    };
    struct probe_outcome outcome;
    probe_call_perform(world->driver, world->host, &call, &outcome);
    uint32_t given = 0;
    if (outcome.has_memory && outcome.status == 0 && outcome.size <= size) {
        given = outcome.size;
        memcpy(bytes, outcome.data.bytes, given);
    }
    probe_outcome_free(&call, &outcome);
    return given;
}

uint32_t probe_world_frame_bytes(const struct probe_world *world, AudioObjectID stream) {
    uint32_t most = 0;
    const AudioObjectPropertySelector selectors[] = {kAudioStreamPropertyVirtualFormat,
                                                     kAudioStreamPropertyPhysicalFormat};
    for (size_t i = 0; i < 2; i++) {
        AudioStreamBasicDescription format = {0};
        if (probe_world_get(world, stream, selectors[i], &format, sizeof format) == sizeof format) {
            uint32_t canonical = format.mChannelsPerFrame * (uint32_t)sizeof(Float32);
            most = format.mBytesPerFrame > most ? format.mBytesPerFrame : most;
            most = canonical > most ? canonical : most;
        }
    }
    return most;
}

static bool knows(const struct probe_world *world, AudioObjectID object) {
    for (size_t i = 0; i < world->object_count; i++) {
        if (world->objects[i] == object) {
            return true;
        }
    }
    return false;
}

static void look_at_object(struct probe_world *world, size_t place) {
    size_t count;
    const struct property_contract *contracts = property_contracts(&count);
    world->known_count[place] = 0;
    for (size_t i = 0; i < count && world->known_count[place] < PROBE_KNOWN_MAX; i++) {
        struct probe_call call = {
            .function = PROBE_HAS_PROPERTY,
            .object = world->objects[place],
            .address = {contracts[i].selector, kAudioObjectPropertyScopeGlobal, 0},
        };
        struct probe_outcome outcome;
        probe_call_perform(world->driver, world->host, &call, &outcome);
        if (outcome.has_memory && outcome.status != 0) {
            world->known[place][world->known_count[place]++] = (uint16_t)i;
        }
        probe_outcome_free(&call, &outcome);
    }
}

static uint32_t list_of(const struct probe_world *world, AudioObjectID object,
                        AudioObjectPropertySelector selector, AudioObjectID *ids, size_t most) {
    uint32_t room = (uint32_t)(most * sizeof *ids);
    return probe_world_get(world, object, selector, ids, room) / (uint32_t)sizeof *ids;
}

static void look_at_device(struct probe_world *world, struct probe_device *device) {
    device->stream_count =
        list_of(world, device->id, kAudioDevicePropertyStreams, device->streams, PROBE_STREAMS_MAX);
    for (size_t i = 0; i < device->stream_count; i++) {
        UInt32 direction = 0;
        (void)probe_world_get(world, device->streams[i], kAudioStreamPropertyDirection, &direction,
                              sizeof direction);
        device->is_input[i] = direction == 1;
    }
}

void probe_world_look(struct probe_world *world) {
    world->objects[0] = kAudioObjectPlugInObject;
    world->object_count = 1;
    for (size_t i = 0; i < world->object_count; i++) {
        AudioObjectID owned[64];
        look_at_object(world, i);
        uint32_t count =
            list_of(world, world->objects[i], kAudioObjectPropertyOwnedObjects, owned, 64);
        for (uint32_t k = 0; k < count && world->object_count < PROBE_OBJECTS_MAX; k++) {
            if (!knows(world, owned[k])) {
                world->objects[world->object_count++] = owned[k];
            }
        }
    }
    AudioObjectID ids[PROBE_DEVICES_MAX];
    uint32_t count = list_of(world, kAudioObjectPlugInObject, kAudioPlugInPropertyDeviceList, ids,
                             PROBE_DEVICES_MAX);
    struct probe_device before[PROBE_DEVICES_MAX];
    size_t before_count = world->device_count;
    memcpy(before, world->devices, sizeof before);
    for (uint32_t i = 0; i < count; i++) {
        world->devices[i] = (struct probe_device){.id = ids[i]};
        for (size_t k = 0; k < before_count; k++) {
            if (before[k].id == ids[i]) {
                world->devices[i] = before[k];
            }
        }
        look_at_device(world, &world->devices[i]);
    }
    world->device_count = count;
}

bool probe_world_runs(const struct probe_device *device) {
    for (size_t i = 0; i < PROBE_CLIENTS_MAX; i++) {
        if (device->is_started[i]) {
            return true;
        }
    }
    return false;
}
