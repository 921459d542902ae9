#include "format.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static uint32_t bytes_per_sample(const AudioStreamBasicDescription *format) {
    return format->mChannelsPerFrame == 0 ? 0 : format->mBytesPerFrame / format->mChannelsPerFrame;
}

bool halsim_format_is_canonical(const AudioStreamBasicDescription *format) {
    return format->mFormatID == kAudioFormatLinearPCM &&
           (format->mFormatFlags & ~(UInt32)kAudioFormatFlagIsNonMixable) ==
               kAudioFormatFlagsNativeFloatPacked &&
           format->mBitsPerChannel == 32 && bytes_per_sample(format) == 4;
}

bool halsim_format_is_supported(const AudioStreamBasicDescription *format) {
    uint32_t bytes = bytes_per_sample(format);
    uint32_t bits = format->mBitsPerChannel;
    if (format->mFormatID != kAudioFormatLinearPCM || format->mChannelsPerFrame == 0 ||
        (format->mFormatFlags & kAudioFormatFlagIsNonInterleaved) != 0 ||
        bytes * format->mChannelsPerFrame != format->mBytesPerFrame) {
        return false;
    }
    if ((format->mFormatFlags & kAudioFormatFlagIsFloat) != 0) {
        return (bits == 32 && bytes == 4) || (bits == 64 && bytes == 8);
    }
    if ((format->mFormatFlags & kAudioFormatFlagIsSignedInteger) == 0) {
        return false;
    }
    return bits >= 8 && bits <= 32 && bytes >= 1 && bytes <= 4 && bits <= bytes * 8;
}

void halsim_format_text(const AudioStreamBasicDescription *format, char *text, size_t size) {
    const char *kind = (format->mFormatFlags & kAudioFormatFlagIsFloat) != 0           ? "Float"
                       : (format->mFormatFlags & kAudioFormatFlagIsSignedInteger) != 0 ? "Int"
                                                                                       : "UInt";
    (void)snprintf(text, size, "%.10g Hz, %u ch, %s%u%s", format->mSampleRate,
                   (unsigned)format->mChannelsPerFrame, kind, (unsigned)format->mBitsPerChannel,
                   (format->mFormatFlags & kAudioFormatFlagIsBigEndian) != 0 ? " big-endian" : "");
}

/* How far the value's bits stand from the low end of its container. */
static uint32_t alignment_shift(const AudioStreamBasicDescription *format, uint32_t bytes) {
    bool high = (format->mFormatFlags & kAudioFormatFlagIsAlignedHigh) != 0;
    return high ? bytes * 8 - format->mBitsPerChannel : 0;
}

static void put_bytes(uint8_t *to, uint64_t value, uint32_t bytes, bool big_endian) {
    for (uint32_t i = 0; i < bytes; i++) {
        uint32_t place = big_endian ? bytes - 1 - i : i;
        to[place] = (uint8_t)(value >> (8 * i));
    }
}

static uint64_t get_bytes(const uint8_t *from, uint32_t bytes, bool big_endian) {
    uint64_t value = 0;
    for (uint32_t i = 0; i < bytes; i++) {
        uint32_t place = big_endian ? bytes - 1 - i : i;
        value |= (uint64_t)from[place] << (8 * i);
    }
    return value;
}

void halsim_format_from_canonical(const AudioStreamBasicDescription *format, const float *from,
                                  void *to, uint32_t samples) {
    uint32_t bytes = bytes_per_sample(format);
    bool big_endian = (format->mFormatFlags & kAudioFormatFlagIsBigEndian) != 0;
    uint8_t *out = to;
    if ((format->mFormatFlags & kAudioFormatFlagIsFloat) != 0) {
        for (uint32_t i = 0; i < samples; i++, out += bytes) {
            uint64_t word = 0;
            if (bytes == 8) {
                double value = from[i];
                memcpy(&word, &value, sizeof value);
            } else {
                memcpy(&word, &from[i], sizeof from[i]);
            }
            put_bytes(out, word, bytes, big_endian);
        }
        return;
    }
    uint32_t shift = alignment_shift(format, bytes);
    double scale = ldexp(1.0, (int)format->mBitsPerChannel - 1);
    for (uint32_t i = 0; i < samples; i++, out += bytes) {
        double value = rint((double)from[i] * scale);
        /* The negated comparison also catches NaN, which becomes silence. */
        if (!(value >= -scale)) {
            value = from[i] < 0 ? -scale : 0.0;
        } else if (value > scale - 1) {
            value = scale - 1;
        }
        put_bytes(out, (uint64_t)(int64_t)value << shift, bytes, big_endian);
    }
}

void halsim_format_to_canonical(const AudioStreamBasicDescription *format, const void *from,
                                float *to, uint32_t samples) {
    uint32_t bytes = bytes_per_sample(format);
    bool big_endian = (format->mFormatFlags & kAudioFormatFlagIsBigEndian) != 0;
    const uint8_t *in = from;
    if ((format->mFormatFlags & kAudioFormatFlagIsFloat) != 0) {
        for (uint32_t i = 0; i < samples; i++, in += bytes) {
            uint64_t word = get_bytes(in, bytes, big_endian);
            if (bytes == 8) {
                double value;
                memcpy(&value, &word, sizeof value);
                to[i] = (float)value;
            } else {
                uint32_t low = (uint32_t)word;
                memcpy(&to[i], &low, sizeof to[i]);
            }
        }
        return;
    }
    uint32_t shift = alignment_shift(format, bytes);
    uint32_t bits = format->mBitsPerChannel;
    double scale = ldexp(1.0, 1 - (int)bits);
    for (uint32_t i = 0; i < samples; i++, in += bytes) {
        uint64_t word = get_bytes(in, bytes, big_endian) >> shift;
        int64_t value = (int64_t)(word << (64 - bits)) >> (64 - bits); /* sign of the top bit */
        to[i] = (float)((double)value * scale);
    }
}
