/* json_values.c - Core Audio structures. */
#include "json_values.h"
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define MAX_LAYOUT_CHANNELS 1024u

yyjson_mut_val *json_real(yyjson_mut_doc *doc, double value) {
    if (isnan(value)) {
        return yyjson_mut_str(doc, "nan");
    }
    if (isinf(value)) {
        return yyjson_mut_str(doc, value > 0 ? "inf" : "-inf");
    }
    return yyjson_mut_real(doc, value);
}

yyjson_mut_val *json_from_fourcc(yyjson_mut_doc *doc, uint32_t code) {
    char text[4];
    for (int i = 0; i < 4; i++) {
        unsigned char byte = (unsigned char)(code >> (24 - 8 * i));
        if (byte < 0x20 || byte > 0x7E) {
            return yyjson_mut_uint(doc, code);
        }
        text[i] = (char)byte;
    }
    return yyjson_mut_strncpy(doc, text, sizeof text);
}

/* Bytes of the UTF-8 sequence at `text`, 0 when it is none. */
static size_t utf8_length(const unsigned char *text) {
    unsigned char first = text[0];
    if (first < 0x80) {
        return 1;
    }
    size_t length = first >= 0xF0 && first <= 0xF4   ? 4
                    : first >= 0xE0 && first <= 0xEF ? 3
                    : first >= 0xC2 && first <= 0xDF ? 2
                                                     : 0;
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    /* Overlong forms, surrogates, beyond U+10FFFF. */
    if ((first == 0xE0 && text[1] < 0xA0) || (first == 0xED && text[1] > 0x9F) ||
        (first == 0xF0 && text[1] < 0x90) || (first == 0xF4 && text[1] > 0x8F)) {
        return 0;
    }
    return length;
}

yyjson_mut_val *json_text(yyjson_mut_doc *doc, const char *text) {
    if (text == NULL) {
        return yyjson_mut_null(doc);
    }
    char *clean = malloc(strlen(text) * 3 + 1);
    if (clean == NULL) {
        return NULL;
    }
    size_t length = 0;
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0';) {
        size_t step = utf8_length(at);
        if (step == 0) {
            memcpy(clean + length, "\xEF\xBF\xBD", 3);
            length += 3;
            at++;
        } else {
            memcpy(clean + length, at, step);
            length += step;
            at += step;
        }
    }
    yyjson_mut_val *value = yyjson_mut_strncpy(doc, clean, length);
    free(clean);
    return value;
}

yyjson_mut_val *json_from_range(yyjson_mut_doc *doc, const AudioValueRange *range) {
    yyjson_mut_val *array = yyjson_mut_arr(doc);
    yyjson_mut_arr_append(array, json_real(doc, range->mMinimum));
    yyjson_mut_arr_append(array, json_real(doc, range->mMaximum));
    return array;
}

yyjson_mut_val *json_from_format(yyjson_mut_doc *doc, const AudioStreamBasicDescription *format) {
    yyjson_mut_val *object = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_val(doc, object, "sample_rate", json_real(doc, format->mSampleRate));
    yyjson_mut_obj_add_val(doc, object, "format_id", json_from_fourcc(doc, format->mFormatID));
    yyjson_mut_obj_add_uint(doc, object, "flags", format->mFormatFlags);
    yyjson_mut_obj_add_uint(doc, object, "bytes_per_packet", format->mBytesPerPacket);
    yyjson_mut_obj_add_uint(doc, object, "frames_per_packet", format->mFramesPerPacket);
    yyjson_mut_obj_add_uint(doc, object, "bytes_per_frame", format->mBytesPerFrame);
    yyjson_mut_obj_add_uint(doc, object, "channels", format->mChannelsPerFrame);
    yyjson_mut_obj_add_uint(doc, object, "bits", format->mBitsPerChannel);
    return object;
}

yyjson_mut_val *json_from_ranged_format(yyjson_mut_doc *doc,
                                        const AudioStreamRangedDescription *format) {
    yyjson_mut_val *object = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_val(doc, object, "format", json_from_format(doc, &format->mFormat));
    yyjson_mut_obj_add_val(doc, object, "rates", json_from_range(doc, &format->mSampleRateRange));
    return object;
}

yyjson_mut_val *json_from_layout(yyjson_mut_doc *doc, const AudioChannelLayout *layout,
                                 uint32_t size) {
    const uint32_t head = offsetof(AudioChannelLayout, mChannelDescriptions);
    if (size < head || layout->mNumberChannelDescriptions >
                           (size - head) / (uint32_t)sizeof(AudioChannelDescription)) {
        return NULL;
    }
    yyjson_mut_val *object = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_uint(doc, object, "tag", layout->mChannelLayoutTag);
    yyjson_mut_obj_add_uint(doc, object, "bitmap", layout->mChannelBitmap);
    yyjson_mut_val *channels = yyjson_mut_obj_add_arr(doc, object, "channels");
    for (uint32_t i = 0; i < layout->mNumberChannelDescriptions; i++) {
        AudioChannelDescription channel;
        memcpy(&channel, (const char *)layout + head + i * sizeof channel, sizeof channel);
        yyjson_mut_val *entry = yyjson_mut_arr_add_obj(doc, channels);
        yyjson_mut_obj_add_uint(doc, entry, "label", channel.mChannelLabel);
        yyjson_mut_obj_add_uint(doc, entry, "flags", channel.mChannelFlags);
        yyjson_mut_val *coordinates = yyjson_mut_obj_add_arr(doc, entry, "coordinates");
        for (int axis = 0; axis < 3; axis++) {
            yyjson_mut_arr_append(coordinates, json_real(doc, (double)channel.mCoordinates[axis]));
        }
    }
    return object;
}

bool params_to_format(const struct params *params, AudioStreamBasicDescription *format) {
    uint32_t id = kAudioFormatLinearPCM, bits = 32, frames = 1, channels = 0;
    double rate = 0;
    if (!params_check_names(params, "sample_rate format_id flags bytes_per_packet "
                                    "frames_per_packet bytes_per_frame channels bits") ||
        !params_f64(params, "sample_rate", PARAM_REQUIRED, 0, 1e9, &rate) ||
        !params_u32(params, "channels", PARAM_REQUIRED, 0, UINT32_MAX, &channels) ||
        !params_fourcc(params, "format_id", PARAM_OPTIONAL, &id) ||
        !params_u32(params, "bits", PARAM_OPTIONAL, 0, UINT32_MAX, &bits) ||
        !params_u32(params, "frames_per_packet", PARAM_OPTIONAL, 0, UINT32_MAX, &frames)) {
        return false;
    }
    uint32_t flags = bits >= 32 ? kAudioFormatFlagIsFloat | kAudioFormatFlagIsPacked
                                : kAudioFormatFlagIsSignedInteger | kAudioFormatFlagIsPacked;
    if (!params_u32(params, "flags", PARAM_OPTIONAL, 0, UINT32_MAX, &flags)) {
        return false;
    }
    uint32_t in_frame = (flags & kAudioFormatFlagIsNonInterleaved) != 0 ? 1 : channels;
    uint32_t frame_bytes = in_frame * (bits / 8); /* wraps only for nonsense, which is refused */
    if (!params_u32(params, "bytes_per_frame", PARAM_OPTIONAL, 0, UINT32_MAX, &frame_bytes)) {
        return false;
    }
    uint32_t packet_bytes = frame_bytes * frames;
    if (!params_u32(params, "bytes_per_packet", PARAM_OPTIONAL, 0, UINT32_MAX, &packet_bytes)) {
        return false;
    }
    *format = (AudioStreamBasicDescription){.mSampleRate = rate,
                                            .mFormatID = id,
                                            .mFormatFlags = flags,
                                            .mBytesPerPacket = packet_bytes,
                                            .mFramesPerPacket = frames,
                                            .mBytesPerFrame = frame_bytes,
                                            .mChannelsPerFrame = channels,
                                            .mBitsPerChannel = bits};
    return true;
}

bool json_to_range(yyjson_val *value, AudioValueRange *range) {
    yyjson_val *low = yyjson_arr_get(value, 0);
    yyjson_val *high = yyjson_arr_get(value, 1);
    if (yyjson_arr_size(value) != 2 || !yyjson_is_num(low) || !yyjson_is_num(high)) {
        return false;
    }
    *range = (AudioValueRange){yyjson_get_num(low), yyjson_get_num(high)};
    return true;
}

static bool channel_from_params(const struct params *params, AudioChannelDescription *channel) {
    uint32_t label = 0, flags = 0;
    *channel = (AudioChannelDescription){0};
    if (!params_check_names(params, "label flags coordinates") ||
        !params_u32(params, "label", PARAM_REQUIRED, 0, UINT32_MAX, &label) ||
        !params_u32(params, "flags", PARAM_OPTIONAL, 0, UINT32_MAX, &flags)) {
        return false;
    }
    channel->mChannelLabel = label;
    channel->mChannelFlags = flags;
    yyjson_val *coordinates = params_get(params, "coordinates");
    if (coordinates == NULL) {
        return true;
    }
    for (size_t axis = 0; axis < 3; axis++) {
        yyjson_val *number = yyjson_arr_get(coordinates, axis);
        if (yyjson_arr_size(coordinates) != 3 || !yyjson_is_num(number)) {
            return params_fail(params, "coordinates", "must be three numbers");
        }
        channel->mCoordinates[axis] = (Float32)yyjson_get_num(number);
    }
    return true;
}

AudioChannelLayout *params_to_layout(const struct params *params, uint32_t *size) {
    uint32_t tag = 0, bitmap = 0;
    if (!params_check_names(params, "tag bitmap channels") ||
        !params_u32(params, "tag", PARAM_OPTIONAL, 0, UINT32_MAX, &tag) ||
        !params_u32(params, "bitmap", PARAM_OPTIONAL, 0, UINT32_MAX, &bitmap)) {
        return NULL;
    }
    yyjson_val *channels = params_get(params, "channels");
    size_t count = yyjson_arr_size(channels);
    if ((channels != NULL && !yyjson_is_arr(channels)) || count > MAX_LAYOUT_CHANNELS) {
        params_fail(params, "channels", "must be an array of at most %u objects",
                    MAX_LAYOUT_CHANNELS);
        return NULL;
    }
    const size_t head = offsetof(AudioChannelLayout, mChannelDescriptions);
    size_t bytes = head + count * sizeof(AudioChannelDescription);
    AudioChannelLayout *layout =
        calloc(1, bytes > sizeof(AudioChannelLayout) ? bytes : sizeof(AudioChannelLayout));
    if (layout == NULL) {
        rpc_fail_status(params->failure, HALSIM_ERROR_SYSTEM, "out of memory");
        return NULL;
    }
    layout->mChannelLayoutTag = tag;
    layout->mChannelBitmap = bitmap;
    layout->mNumberChannelDescriptions = (UInt32)count;
    for (size_t i = 0; i < count; i++) {
        yyjson_val *entry = yyjson_arr_get(channels, i);
        struct params inner = {entry, params->where, "value.channels.", params->failure};
        AudioChannelDescription channel;
        if (!yyjson_is_obj(entry) || !channel_from_params(&inner, &channel)) {
            if (params->failure->code == 0) {
                params_fail(params, "channels", "must be an array of objects");
            }
            free(layout);
            return NULL;
        }
        memcpy((char *)layout + head + i * sizeof channel, &channel, sizeof channel);
    }
    *size = (uint32_t)bytes;
    return layout;
}
