/* Do samples survive the way through a stream's own format? */
#include "unit.h"

#include "format.h"
#include <math.h>

static AudioStreamBasicDescription pcm(UInt32 flags, UInt32 bits, UInt32 bytes) {
    return (AudioStreamBasicDescription){
        .mSampleRate = 48000,
        .mFormatID = kAudioFormatLinearPCM,
        .mFormatFlags = flags,
        .mBytesPerPacket = bytes,
        .mFramesPerPacket = 1,
        .mBytesPerFrame = bytes,
        .mChannelsPerFrame = 1,
        .mBitsPerChannel = bits,
    };
}

static const UInt32 packed_integer = kAudioFormatFlagIsSignedInteger | kAudioFormatFlagIsPacked;
static const UInt32 high_integer = kAudioFormatFlagIsSignedInteger | kAudioFormatFlagIsAlignedHigh;

static void every_code_of_an_integer_format_returns_unchanged(void **state) {
    (void)state;
    const AudioStreamBasicDescription formats[] = {
        pcm(packed_integer, 8, 1),
        pcm(packed_integer, 16, 2),
        pcm(packed_integer | kAudioFormatFlagIsBigEndian, 16, 2),
        pcm(packed_integer, 24, 3),
        pcm(packed_integer | kAudioFormatFlagIsBigEndian, 24, 3),
        pcm(high_integer, 24, 4),
        pcm(kAudioFormatFlagIsSignedInteger, 24, 4),
    };
    for (size_t f = 0; f < sizeof formats / sizeof formats[0]; f++) {
        assert_true(halsim_format_is_supported(&formats[f]));
        double scale = ldexp(1.0, (int)formats[f].mBitsPerChannel - 1);
        long step = formats[f].mBitsPerChannel == 24 ? 997 : 1;
        for (long code = -(long)scale; code < (long)scale; code += step) {
            float sample = (float)((double)code / scale);
            uint8_t bytes[8] = {0};
            float back = NAN;
            halsim_format_from_canonical(&formats[f], &sample, bytes, 1);
            halsim_format_to_canonical(&formats[f], bytes, &back, 1);
            assert_true(back == sample);
        }
    }
}

static void bytes_lie_where_the_flags_say(void **state) {
    (void)state;
    float half = 0.5f;
    uint8_t bytes[4] = {0};
    AudioStreamBasicDescription format = pcm(packed_integer, 16, 2);
    halsim_format_from_canonical(&format, &half, bytes, 1);
    assert_memory_equal(bytes, ((uint8_t[]){0x00, 0x40}), 2);
    format = pcm(packed_integer | kAudioFormatFlagIsBigEndian, 16, 2);
    halsim_format_from_canonical(&format, &half, bytes, 1);
    assert_memory_equal(bytes, ((uint8_t[]){0x40, 0x00}), 2);
    format = pcm(high_integer, 24, 4);
    halsim_format_from_canonical(&format, &half, bytes, 1);
    assert_memory_equal(bytes, ((uint8_t[]){0x00, 0x00, 0x00, 0x40}), 4);
    format = pcm(kAudioFormatFlagIsSignedInteger, 24, 4);
    halsim_format_from_canonical(&format, &half, bytes, 1);
    assert_memory_equal(bytes, ((uint8_t[]){0x00, 0x00, 0x40, 0x00}), 4);
}

static void too_loud_is_clipped_and_nan_is_silence(void **state) {
    (void)state;
    const float loud[] = {1.0f, 2.0f, -1.0f, -2.0f, INFINITY, -INFINITY, NAN};
    const int16_t expected[] = {32767, 32767, -32768, -32768, 32767, -32768, 0};
    int16_t codes[7];
    AudioStreamBasicDescription format = pcm(packed_integer, 16, 2);
    halsim_format_from_canonical(&format, loud, codes, 7);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(codes[i], expected[i]);
    }
}

static void float64_and_big_endian_float_return_unchanged(void **state) {
    (void)state;
    const AudioStreamBasicDescription formats[] = {
        pcm(kAudioFormatFlagIsFloat | kAudioFormatFlagIsPacked, 64, 8),
        pcm(kAudioFormatFlagIsFloat | kAudioFormatFlagIsPacked | kAudioFormatFlagIsBigEndian, 32,
            4),
    };
    const float samples[] = {0.0f, -0.123456789f, 1e-30f, 0.99999994f};
    for (size_t f = 0; f < 2; f++) {
        uint8_t bytes[32];
        float back[4];
        halsim_format_from_canonical(&formats[f], samples, bytes, 4);
        halsim_format_to_canonical(&formats[f], bytes, back, 4);
        assert_memory_equal(samples, back, sizeof back);
        assert_false(halsim_format_is_canonical(&formats[f]));
    }
}

static void what_cannot_be_converted_is_refused(void **state) {
    (void)state;
    AudioStreamBasicDescription format = pcm(packed_integer, 16, 2);
    format.mFormatID = kAudioFormatAC3;
    assert_false(halsim_format_is_supported(&format));
    format = pcm(kAudioFormatFlagIsPacked, 16, 2); /* unsigned */
    assert_false(halsim_format_is_supported(&format));
    format = pcm(packed_integer | kAudioFormatFlagIsNonInterleaved, 16, 2);
    assert_false(halsim_format_is_supported(&format));
    format = pcm(packed_integer, 24, 2);
    assert_false(halsim_format_is_supported(&format));
    format = pcm(packed_integer, 16, 2);
    format.mChannelsPerFrame = 0;
    assert_false(halsim_format_is_supported(&format));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_of_an_integer_format_returns_unchanged),
        cmocka_unit_test(bytes_lie_where_the_flags_say),
        cmocka_unit_test(too_loud_is_clipped_and_nan_is_silence),
        cmocka_unit_test(float64_and_big_endian_float_return_unchanged),
        cmocka_unit_test(what_cannot_be_converted_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
