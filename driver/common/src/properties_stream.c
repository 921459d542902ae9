/* properties_stream.c - a stream of interleaved Float32. */
#include "haldrv/properties.h"
#include <math.h>
#include <string.h>

static struct haldrv_stream *stream_of(const struct haldrv_query *query) {
    return query->object->state;
}

static AudioStreamBasicDescription format_at(const struct haldrv_stream *stream, UInt32 rate) {
    UInt32 frame_bytes = stream->channels * (UInt32)sizeof(Float32);
    return (AudioStreamBasicDescription){
        .mSampleRate = rate,
        .mFormatID = kAudioFormatLinearPCM,
        .mFormatFlags =
            kAudioFormatFlagIsFloat | kAudioFormatFlagsNativeEndian | kAudioFormatFlagIsPacked,
        .mBytesPerPacket = frame_bytes,
        .mFramesPerPacket = 1,
        .mBytesPerFrame = frame_bytes,
        .mChannelsPerFrame = stream->channels,
        .mBitsPerChannel = 8 * (UInt32)sizeof(Float32),
    };
}

static OSStatus get_number(const struct haldrv_query *query, UInt32 count, void *data) {
    (void)count;
    const struct haldrv_stream *stream = stream_of(query);
    UInt32 value;
    switch (query->address.mSelector) {
    case kAudioStreamPropertyIsActive:
        value = stream->active;
        break;
    case kAudioStreamPropertyDirection:
        value = stream->is_input;
        break;
    case kAudioStreamPropertyTerminalType:
        value = stream->terminal;
        break;
    case kAudioStreamPropertyStartingChannel:
        value = stream->starting_channel;
        break;
    case kAudioStreamPropertyLatency:
        value = stream->latency_frames;
        break;
    default:
        return kAudioHardwareUnknownPropertyError;
    }
    memcpy(data, &value, sizeof value);
    return kAudioHardwareNoError;
}

static OSStatus set_active(const struct haldrv_query *query, const void *data,
                           struct haldrv_changes *changes) {
    UInt32 value;
    memcpy(&value, data, sizeof value);
    stream_of(query)->active = value != 0;
    haldrv_changes_add(changes, query->object->id, kAudioStreamPropertyIsActive,
                       kAudioObjectPropertyScopeGlobal);
    return kAudioHardwareNoError;
}

static OSStatus get_format(const struct haldrv_query *query, UInt32 count, void *data) {
    (void)count;
    const struct haldrv_stream *stream = stream_of(query);
    AudioStreamBasicDescription format = format_at(stream, stream->device->rate);
    memcpy(data, &format, sizeof format);
    return kAudioHardwareNoError;
}

/* Only the rate can differ. */
static OSStatus set_format(const struct haldrv_query *query, const void *data,
                           struct haldrv_changes *changes) {
    const struct haldrv_stream *stream = stream_of(query);
    const struct haldrv_device *device = stream->device;
    AudioStreamBasicDescription wanted;
    memcpy(&wanted, data, sizeof wanted);
    if (!haldrv_device_has_rate(device, wanted.mSampleRate)) {
        return kAudioDeviceUnsupportedFormatError;
    }
    UInt32 rate = (UInt32)lround(wanted.mSampleRate);
    AudioStreamBasicDescription offered = format_at(stream, rate);
    if (wanted.mFormatID != offered.mFormatID || wanted.mFormatFlags != offered.mFormatFlags ||
        wanted.mBytesPerPacket != offered.mBytesPerPacket ||
        wanted.mFramesPerPacket != offered.mFramesPerPacket ||
        wanted.mBytesPerFrame != offered.mBytesPerFrame ||
        wanted.mChannelsPerFrame != offered.mChannelsPerFrame ||
        wanted.mBitsPerChannel != offered.mBitsPerChannel) {
        return kAudioDeviceUnsupportedFormatError;
    }
    if (rate == device->rate) {
        haldrv_changes_add(changes, stream->id, query->address.mSelector,
                           kAudioObjectPropertyScopeGlobal);
    } else {
        haldrv_changes_request(changes, device->id, HALDRV_CHANGE_RATE, (void *)(uintptr_t)rate);
    }
    return kAudioHardwareNoError;
}

static OSStatus count_formats(const struct haldrv_query *query, UInt32 *count) {
    *count = stream_of(query)->device->info->rate_count;
    return kAudioHardwareNoError;
}

static OSStatus get_formats(const struct haldrv_query *query, UInt32 count, void *data) {
    const struct haldrv_stream *stream = stream_of(query);
    AudioStreamRangedDescription *formats = data;
    for (UInt32 i = 0; i < count; i++) {
        UInt32 rate = stream->device->info->rates[i];
        formats[i] = (AudioStreamRangedDescription){
            .mFormat = format_at(stream, rate),
            .mSampleRateRange = {.mMinimum = rate, .mMaximum = rate},
        };
    }
    return kAudioHardwareNoError;
}

#define NUMBER(name)                                                                               \
    { .selector = (name), .scopes = HALDRV_ANY, .size = sizeof(UInt32), .get = get_number }
#define FORMAT(name)                                                                               \
    {                                                                                              \
        .selector = (name), .scopes = HALDRV_ANY, .size = sizeof(AudioStreamBasicDescription),     \
        .get = get_format, .set = set_format                                                       \
    }
#define FORMATS(name)                                                                              \
    {                                                                                              \
        .selector = (name), .scopes = HALDRV_ANY, .shape = HALDRV_LIST,                            \
        .size = sizeof(AudioStreamRangedDescription), .count = count_formats, .get = get_formats   \
    }

static const struct haldrv_property stream_table[] = {
    {.selector = kAudioStreamPropertyIsActive,
     .scopes = HALDRV_ANY,
     .size = sizeof(UInt32),
     .get = get_number,
     .set = set_active},
    NUMBER(kAudioStreamPropertyDirection),
    NUMBER(kAudioStreamPropertyTerminalType),
    NUMBER(kAudioStreamPropertyStartingChannel),
    NUMBER(kAudioStreamPropertyLatency),
    FORMAT(kAudioStreamPropertyVirtualFormat),
    FORMAT(kAudioStreamPropertyPhysicalFormat),
    FORMATS(kAudioStreamPropertyAvailableVirtualFormats),
    FORMATS(kAudioStreamPropertyAvailablePhysicalFormats),
};
const struct haldrv_property_set haldrv_stream_properties = HALDRV_PROPERTY_SET(stream_table);

const struct haldrv_property_set *const haldrv_stream_sets[] = {
    &haldrv_object_properties,
    &haldrv_stream_properties,
    NULL,
};
