/* test_standard_properties.c - what devices, streams and controls answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above first */
#include "fixture.h"
#include <cmocka.h>
#include <math.h>
#include <string.h>

#define GLOBAL kAudioObjectPropertyScopeGlobal
#define INPUT  kAudioObjectPropertyScopeInput
#define OUTPUT kAudioObjectPropertyScopeOutput

static AudioServerPlugInDriverRef driver_of(void **state) {
    return ((struct fixture *)*state)->driver;
}

static bool has(AudioServerPlugInDriverRef driver, AudioObjectID object,
                AudioObjectPropertySelector selector, AudioObjectPropertyScope scope) {
    AudioObjectPropertyAddress address = address_of(selector, scope);
    return (*driver)->HasProperty(driver, object, 0, &address);
}

/* ---- device -------------------------------------------------------------------------------- */

static void a_device_answers_by_side(void **state) {
    AudioServerPlugInDriverRef driver = driver_of(state);
    AudioObjectID ids[4];
    const AudioObjectPropertySelector streams = kAudioDevicePropertyStreams;
    assert_int_equal(get_list(driver, FIXTURE_OUTPUT, streams, OUTPUT, ids, 4, 4), 1);
    assert_int_equal(ids[0], FIXTURE_OUTPUT_STREAM);
    assert_int_equal(get_list(driver, FIXTURE_OUTPUT, streams, INPUT, ids, 4, 4), 0);
    assert_int_equal(get_list(driver, FIXTURE_OUTPUT, streams, GLOBAL, ids, 4, 4), 1);
    assert_int_equal(
        get_list(driver, FIXTURE_OUTPUT, kAudioObjectPropertyControlList, GLOBAL, ids, 4, 4), 2);
    assert_int_equal(
        get_list(driver, FIXTURE_INPUT, kAudioObjectPropertyControlList, GLOBAL, ids, 4, 4), 0);
    assert_int_equal(get_u32_in(driver, FIXTURE_OUTPUT, kAudioDevicePropertyLatency, OUTPUT), 7);
    assert_int_equal(get_u32_in(driver, FIXTURE_OUTPUT, kAudioDevicePropertyLatency, INPUT), 0);
    assert_int_equal(get_u32_in(driver, FIXTURE_OUTPUT, kAudioDevicePropertySafetyOffset, OUTPUT),
                     9);
    const AudioObjectPropertySelector dflt = kAudioDevicePropertyDeviceCanBeDefaultDevice;
    assert_int_equal(get_u32_in(driver, FIXTURE_OUTPUT, dflt, OUTPUT), 1);
    assert_int_equal(get_u32_in(driver, FIXTURE_OUTPUT, dflt, INPUT), 0);
    assert_int_equal(get_u32_in(driver, FIXTURE_INPUT, dflt, INPUT), 1);
    assert_false(
        has(driver, FIXTURE_OUTPUT, kAudioDevicePropertyPreferredChannelsForStereo, INPUT));
    assert_false(has(driver, FIXTURE_INPUT, kAudioObjectPropertyCustomPropertyInfoList, GLOBAL));
}

static void a_device_has_its_texts_and_numbers(void **state) {
    AudioServerPlugInDriverRef driver = driver_of(state);
    const AudioObjectID id = FIXTURE_OUTPUT;
    char text[64];
    assert_string_equal(get_text(driver, id, kAudioDevicePropertyDeviceUID, text, 64),
                        "Output_UID");
    assert_string_equal(get_text(driver, id, kAudioDevicePropertyModelUID, text, 64), "Model_UID");
    assert_string_equal(get_text(driver, id, kAudioObjectPropertyName, text, 64), "Fixture Output");
    assert_string_equal(get_text(driver, id, kAudioObjectPropertyManufacturer, text, 64),
                        "hal-lab");
    assert_string_equal(
        get_text(driver, id, kAudioDevicePropertyConfigurationApplication, text, 64),
        "com.apple.audio.AudioMIDISetup");
    assert_string_equal(get_text(driver, 1, kAudioPlugInPropertyResourceBundle, text, 64), "");
    assert_string_equal(get_text(driver, 1, kAudioPlugInPropertyBundleID, text, 64),
                        "test.fixture");
    assert_int_equal(get_u32(driver, id, kAudioDevicePropertyTransportType), 'virt');
    assert_int_equal(get_u32(driver, id, kAudioDevicePropertyDeviceIsAlive), 1);
    assert_int_equal(get_u32(driver, id, kAudioDevicePropertyZeroTimeStampPeriod), 16384);
    assert_int_equal(get_u32(driver, id, kAudioDevicePropertyClockAlgorithm), 'raww');
    AudioObjectID related[2];
    assert_int_equal(
        get_list(driver, id, kAudioDevicePropertyRelatedDevices, GLOBAL, related, 4, 2), 1);
    assert_int_equal(related[0], id);
    AudioValueRange ranges[4];
    assert_int_equal(get_list(driver, id, kAudioDevicePropertyAvailableNominalSampleRates, GLOBAL,
                              ranges, sizeof ranges[0], 4),
                     3);
    assert_true(fabs(ranges[2].mMinimum - 96000) < 1e-9 && fabs(ranges[2].mMaximum - 96000) < 1e-9);
    AudioServerPlugInCustomPropertyInfo custom;
    assert_int_equal(get_list(driver, id, kAudioObjectPropertyCustomPropertyInfoList, GLOBAL,
                              &custom, sizeof custom, 1),
                     1);
    assert_int_equal(custom.mSelector, 'abcd');
}

static void channels_have_labels(void **state) {
    AudioServerPlugInDriverRef driver = driver_of(state);
    _Alignas(8) unsigned char data[512];
    const AudioChannelLayout *layout = (const AudioChannelLayout *)(const void *)data;
    AudioObjectPropertyAddress address =
        address_of(kAudioDevicePropertyPreferredChannelLayout, OUTPUT);
    UInt32 written;
    assert_int_equal((*driver)->GetPropertyData(driver, FIXTURE_OUTPUT, 0, &address, 0, NULL, 512,
                                                &written, data),
                     0);
    assert_int_equal(written, 12 + 2 * 20);
    assert_int_equal(layout->mChannelLayoutTag, kAudioChannelLayoutTag_UseChannelDescriptions);
    assert_int_equal(layout->mNumberChannelDescriptions, 2);
    assert_int_equal(layout->mChannelDescriptions[0].mChannelLabel, kAudioChannelLabel_Left);
    assert_int_equal(layout->mChannelDescriptions[1].mChannelLabel, kAudioChannelLabel_Right);
    address.mScope = INPUT;
    assert_int_equal((*driver)->GetPropertyData(driver, FIXTURE_INPUT, 0, &address, 0, NULL, 512,
                                                &written, data),
                     0);
    assert_int_equal(written, 12 + 10 * 20);
    assert_int_equal(layout->mChannelDescriptions[9].mChannelLabel,
                     kAudioChannelLabel_Discrete_0 | 9);
    UInt32 pair[2];
    address = address_of(kAudioDevicePropertyPreferredChannelsForStereo, OUTPUT);
    assert_int_equal(
        (*driver)->GetPropertyData(driver, FIXTURE_OUTPUT, 0, &address, 0, NULL, 8, &written, pair),
        0);
    assert_true(pair[0] == 1 && pair[1] == 2);
}

/* ---- stream -------------------------------------------------------------------------------- */

static AudioStreamBasicDescription format_of(AudioServerPlugInDriverRef driver, AudioObjectID id) {
    AudioStreamBasicDescription format;
    AudioObjectPropertyAddress address = address_of(kAudioStreamPropertyVirtualFormat, GLOBAL);
    UInt32 written;
    assert_int_equal((*driver)->GetPropertyData(driver, id, 0, &address, 0, NULL, sizeof format,
                                                &written, &format),
                     0);
    return format;
}

static void a_stream_tells_its_format(void **state) {
    AudioServerPlugInDriverRef driver = driver_of(state);
    AudioStreamBasicDescription format = format_of(driver, FIXTURE_OUTPUT_STREAM);
    const AudioStreamBasicDescription wanted = {48000.0, 'lpcm', 0x9, 8, 1, 8, 2, 32, 0};
    assert_memory_equal(&format, &wanted, sizeof wanted);
    AudioStreamRangedDescription formats[4];
    assert_int_equal(get_list(driver, FIXTURE_OUTPUT_STREAM,
                              kAudioStreamPropertyAvailablePhysicalFormats, GLOBAL, formats,
                              sizeof formats[0], 4),
                     3);
    assert_true(fabs(formats[0].mFormat.mSampleRate - 44100) < 1e-9);
    assert_true(fabs(formats[0].mSampleRateRange.mMaximum - 44100) < 1e-9);
    assert_int_equal(get_u32(driver, FIXTURE_OUTPUT_STREAM, kAudioStreamPropertyDirection), 0);
    assert_int_equal(get_u32(driver, FIXTURE_INPUT_STREAM, kAudioStreamPropertyDirection), 1);
    assert_int_equal(get_u32(driver, FIXTURE_OUTPUT_STREAM, kAudioStreamPropertyLatency), 3);
}

static void a_format_that_differs_in_anything_but_rate_is_refused(void **state) {
    struct fixture *fixture = *state;
    AudioServerPlugInDriverRef driver = fixture->driver;
    const AudioStreamBasicDescription good = format_of(driver, FIXTURE_OUTPUT_STREAM);
    AudioStreamBasicDescription bad[9];
    for (size_t i = 0; i < 9; i++) {
        bad[i] = good;
    }
    bad[0].mSampleRate = 22050;
    bad[1].mSampleRate = NAN;
    bad[2].mFormatID = 'ac-3';
    bad[3].mFormatFlags = 0xC;
    bad[4].mBytesPerPacket = 4;
    bad[5].mFramesPerPacket = 2;
    bad[6].mBytesPerFrame = 4;
    bad[7].mChannelsPerFrame = 1;
    bad[8].mBitsPerChannel = 16;
    for (size_t i = 0; i < 9; i++) {
        assert_int_equal(set_value(driver, FIXTURE_OUTPUT_STREAM,
                                   kAudioStreamPropertyPhysicalFormat, &bad[i], sizeof bad[i]),
                         kAudioDeviceUnsupportedFormatError);
    }
    assert_false(fixture->host.asked);
    assert_int_equal(fixture->host.notice_count, 0);
}

/* ---- controls ------------------------------------------------------------------------------ */

static void a_volume_set_is_told_in_both_units(void **state) {
    struct fixture *fixture = *state;
    AudioServerPlugInDriverRef driver = fixture->driver;
    Float32 scalar = 0.5f, decibels = -6.0f, nan = NAN;
    fixture->host.ask_back = driver;
    assert_int_equal(
        set_value(driver, FIXTURE_VOLUME, kAudioLevelControlPropertyScalarValue, &scalar, 4), 0);
    assert_true(fake_host_was_told(&fixture->host, FIXTURE_VOLUME, 'lcsv'));
    assert_true(fake_host_was_told(&fixture->host, FIXTURE_VOLUME, 'lcdv'));
    assert_int_equal(fixture->host.notice_calls, 1);
    assert_int_equal(fixture_counts.level_changed, 1);
    assert_true(fabsf(get_f32(driver, FIXTURE_VOLUME, 'lcsv') - 0.5f) < 1e-6f);
    assert_true(fabsf(get_f32(driver, FIXTURE_VOLUME, 'lcdv') + 24.0f) < 1e-4f);
    fake_host_forget_notices(&fixture->host);
    assert_int_equal(
        set_value(driver, FIXTURE_VOLUME, kAudioLevelControlPropertyDecibelValue, &decibels, 4), 0);
    assert_true(fabsf(get_f32(driver, FIXTURE_VOLUME, 'lcdv') + 6.0f) < 1e-4f);
    assert_true(fake_host_was_told(&fixture->host, FIXTURE_VOLUME, 'lcsv'));
    fake_host_forget_notices(&fixture->host);
    assert_int_equal(
        set_value(driver, FIXTURE_VOLUME, kAudioLevelControlPropertyScalarValue, &nan, 4),
        kAudioHardwareIllegalOperationError);
    assert_int_equal(fixture->host.notice_count, 0);
    /* The same value again: whoever set it still waits for the answer. */
    assert_int_equal(
        set_value(driver, FIXTURE_VOLUME, kAudioLevelControlPropertyDecibelValue, &decibels, 4), 0);
    assert_int_equal(fixture->host.notice_calls, 1);
}

static void a_volume_control_converts_in_place(void **state) {
    AudioServerPlugInDriverRef driver = driver_of(state);
    AudioObjectPropertyAddress address =
        address_of(kAudioLevelControlPropertyConvertScalarToDecibels, GLOBAL);
    Float32 value = 0.5f;
    UInt32 written;
    assert_int_equal((*driver)->GetPropertyData(driver, FIXTURE_VOLUME, 0, &address, 0, NULL, 4,
                                                &written, &value),
                     0);
    assert_true(fabsf(value + 24.0f) < 1e-4f);
    address.mSelector = kAudioLevelControlPropertyConvertDecibelsToScalar;
    assert_int_equal((*driver)->GetPropertyData(driver, FIXTURE_VOLUME, 0, &address, 0, NULL, 4,
                                                &written, &value),
                     0);
    assert_true(fabsf(value - 0.5f) < 1e-6f);
    AudioValueRange range;
    address.mSelector = kAudioLevelControlPropertyDecibelRange;
    assert_int_equal((*driver)->GetPropertyData(driver, FIXTURE_VOLUME, 0, &address, 0, NULL, 16,
                                                &written, &range),
                     0);
    assert_true(fabs(range.mMinimum + 96) < 1e-9 && fabs(range.mMaximum) < 1e-9);
    assert_int_equal(get_u32(driver, FIXTURE_VOLUME, kAudioControlPropertyScope), 'outp');
    assert_int_equal(get_u32(driver, FIXTURE_VOLUME, kAudioControlPropertyElement), 0);
}

static void mute_is_set_told_and_read_back(void **state) {
    struct fixture *fixture = *state;
    UInt32 on = 5;
    assert_int_equal(get_u32(fixture->driver, FIXTURE_MUTE, 'bcvl'), 0);
    assert_int_equal(set_value(fixture->driver, FIXTURE_MUTE, 'bcvl', &on, 4), 0);
    assert_int_equal(get_u32(fixture->driver, FIXTURE_MUTE, 'bcvl'), 1);
    assert_true(fake_host_was_told(&fixture->host, FIXTURE_MUTE, 'bcvl'));
    /* Not the volume, which is another object. */
    assert_true(fabsf(get_f32(fixture->driver, FIXTURE_VOLUME, 'lcsv') - 1.0f) < 1e-6f);
}

#define PROPERTY_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        PROPERTY_TEST(a_device_answers_by_side),
        PROPERTY_TEST(a_device_has_its_texts_and_numbers),
        PROPERTY_TEST(channels_have_labels),
        PROPERTY_TEST(a_stream_tells_its_format),
        PROPERTY_TEST(a_format_that_differs_in_anything_but_rate_is_refused),
        PROPERTY_TEST(a_volume_set_is_told_in_both_units),
        PROPERTY_TEST(a_volume_control_converts_in_place),
        PROPERTY_TEST(mute_is_set_told_and_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
