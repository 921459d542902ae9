/* test_driver.c - Gecko Sink through its entry points: objects, audio, volume, time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above first */
#include "driver_test.h"
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GLOBAL kAudioObjectPropertyScopeGlobal
#define INPUT  kAudioObjectPropertyScopeInput
#define OUTPUT kAudioObjectPropertyScopeOutput

static float audio[65536 * 2];
static float got[65536 * 2];

static struct gecko_reader *open_reader(const struct driver_test *test) {
    struct gecko_reader *reader;
    struct gecko_reader_error error;
    if (!gecko_reader_open(test->name, NULL, &reader, &error)) {
        fail_msg("%s", error.text);
    }
    return reader;
}

/* ---- identity ------------------------------------------------------------------------------ */

static void the_device_is_what_the_design_names(void **state) {
    struct driver_test *test = *state;
    AudioServerPlugInDriverRef driver = test->driver;
    const AudioObjectID device = GECKO_TEST_DEVICE;
    char text[64];
    AudioObjectID ids[4];
    assert_int_equal(get_list(driver, 1, kAudioPlugInPropertyDeviceList, GLOBAL, ids, 4, 4), 1);
    assert_int_equal(ids[0], device);
    assert_string_equal(get_text(driver, 1, kAudioPlugInPropertyBundleID, text, 64),
                        "com.gecko.driver.AudioDevice");
    assert_string_equal(get_text(driver, device, kAudioObjectPropertyName, text, 64), "Gecko Sink");
    assert_string_equal(get_text(driver, device, kAudioDevicePropertyDeviceUID, text, 64),
                        "GeckoSink_UID");
    assert_int_equal(get_u32(driver, device, kAudioDevicePropertyTransportType), 'virt');
    assert_int_equal(get_u32(driver, device, kAudioDevicePropertyIsHidden), 0);
    assert_int_equal(get_u32(driver, device, kAudioDevicePropertyClockDomain), 0);
    assert_int_equal(get_u32(driver, device, kAudioDevicePropertyDeviceIsRunning), 0);
    assert_true(get_u32(driver, device, kAudioDevicePropertyZeroTimeStampPeriod) >= 10923);
    const AudioObjectPropertySelector dflt = kAudioDevicePropertyDeviceCanBeDefaultDevice;
    const AudioObjectPropertySelector sflt = kAudioDevicePropertyDeviceCanBeDefaultSystemDevice;
    assert_int_equal(get_u32_in(driver, device, dflt, OUTPUT), 1);
    assert_int_equal(get_u32_in(driver, device, dflt, INPUT), 0);
    assert_int_equal(get_u32_in(driver, device, sflt, OUTPUT), 1);
    assert_int_equal(get_u32_in(driver, device, sflt, INPUT), 0);
    assert_true(fabs(get_f64(driver, device, 'nsrt') - 48000) < 1e-9);
    AudioObjectPropertyAddress icon = address_of(kAudioDevicePropertyIcon, GLOBAL);
    assert_false((*driver)->HasProperty(driver, device, 0, &icon));
}

static void the_rates_are_four(void **state) {
    struct driver_test *test = *state;
    static const Float64 wanted[] = {44100, 48000, 88200, 96000};
    AudioValueRange ranges[8];
    assert_int_equal(
        get_list(test->driver, GECKO_TEST_DEVICE, 'nsr#', GLOBAL, ranges, sizeof ranges[0], 8), 4);
    for (size_t i = 0; i < 4; i++) {
        assert_true(fabs(ranges[i].mMinimum - wanted[i]) < 1e-9);
        assert_true(fabs(ranges[i].mMaximum - wanted[i]) < 1e-9);
    }
}

static void an_output_device_has_nothing_on_its_input_side(void **state) {
    struct driver_test *test = *state;
    AudioServerPlugInDriverRef driver = test->driver;
    const AudioObjectID device = GECKO_TEST_DEVICE;
    AudioObjectID ids[4];
    assert_int_equal(get_list(driver, device, kAudioDevicePropertyStreams, OUTPUT, ids, 4, 4), 1);
    assert_int_equal(ids[0], GECKO_TEST_STREAM);
    assert_int_equal(get_list(driver, device, kAudioDevicePropertyStreams, INPUT, ids, 4, 4), 0);
    assert_int_equal(get_list(driver, device, kAudioObjectPropertyControlList, INPUT, ids, 4, 4),
                     0);
    assert_int_equal(get_list(driver, device, kAudioObjectPropertyControlList, OUTPUT, ids, 4, 4),
                     2);
    assert_int_equal(get_u32(driver, GECKO_TEST_VOLUME, kAudioObjectPropertyClass), 'vlme');
    assert_int_equal(get_u32(driver, GECKO_TEST_MUTE, kAudioObjectPropertyClass), 'mute');
    assert_int_equal(get_u32_in(driver, device, kAudioDevicePropertyLatency, INPUT), 0);
    AudioObjectPropertyAddress pair =
        address_of(kAudioDevicePropertyPreferredChannelsForStereo, INPUT);
    assert_false((*driver)->HasProperty(driver, device, 0, &pair));
    pair.mScope = OUTPUT;
    assert_true((*driver)->HasProperty(driver, device, 0, &pair));
}

static void custom_properties_are_listed_with_their_types(void **state) {
    struct driver_test *test = *state;
    AudioServerPlugInCustomPropertyInfo infos[8];
    static const AudioServerPlugInCustomPropertyInfo wanted[] = {
        {'gshm', 'cfst', 0},
        {'glay', 'cfst', 0},
        {'gbuf', 'plst', 0},
        {'gsta', 'plst', 0},
    };
    assert_int_equal(
        get_list(test->driver, GECKO_TEST_DEVICE, 'cust', GLOBAL, infos, sizeof infos[0], 8), 4);
    assert_memory_equal(infos, wanted, sizeof wanted);
    static const bool settable[] = {false, true, true, false};
    for (size_t i = 0; i < 4; i++) {
        AudioObjectPropertyAddress address = address_of(wanted[i].mSelector, GLOBAL);
        Boolean is;
        assert_true((*test->driver)->HasProperty(test->driver, GECKO_TEST_DEVICE, 0, &address));
        assert_int_equal(
            (*test->driver)->IsPropertySettable(test->driver, GECKO_TEST_DEVICE, 0, &address, &is),
            0);
        assert_int_equal(is, settable[i]);
    }
    char text[64];
    assert_string_equal(get_text(test->driver, GECKO_TEST_DEVICE, 'gshm', text, 64), test->name);
}

static void two_factory_calls_give_one_driver(void **state) {
    struct driver_test *test = *state;
    assert_ptr_equal(GeckoAudio_Create(NULL, kAudioServerPlugInTypeUUID), test->driver);
    assert_int_equal((*test->driver)->Release(test->driver), 1);
    assert_null(GeckoAudio_Create(NULL, kAudioServerPlugInDriverInterfaceUUID));
}

/* ---- audio --------------------------------------------------------------------------------- */

static void what_is_written_is_read_bit_for_bit(void **state) {
    struct driver_test *test = *state;
    static const UInt32 sizes[] = {16, 480, 512, 4096, 16384, 7};
    struct gecko_reader *reader = open_reader(test);
    struct gecko_read info;
    driver_test_start(test);
    uint64_t frame = 0;
    for (int round = 0; round < 20; round++) {
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            shm_test_fill(audio, frame, sizes[i], 2);
            assert_int_equal(driver_test_write(test, audio, sizes[i]), 0);
            shm_test_check(audio, frame, sizes[i], 2); /* the host's buffer is left alone */
            assert_int_equal(gecko_reader_read(reader, got, sizeof got / 4, &info), sizes[i]);
            assert_int_equal(info.first_frame, frame);
            assert_int_equal(info.state, GECKO_STATE_RUNNING);
            shm_test_check(got, frame, sizes[i], 2);
            frame += sizes[i];
        }
    }
    driver_test_stop(test);
    assert_int_equal(gecko_reader_read(reader, got, sizeof got / 4, &info), 0);
    assert_int_equal(info.state, GECKO_STATE_IDLE);
    assert_int_equal(gecko_reader_lost(reader), 0);
    gecko_reader_close(reader);
}

static void a_reader_may_come_before_io_and_after(void **state) {
    struct driver_test *test = *state;
    struct gecko_reader *early = open_reader(test);
    struct gecko_read info;
    assert_int_equal(gecko_reader_read(early, got, 1000, &info), 0);
    driver_test_start(test);
    shm_test_fill(audio, 0, 100, 2);
    assert_int_equal(driver_test_write(test, audio, 100), 0);
    driver_test_stop(test);
    driver_test_start(test);
    shm_test_fill(audio, 100, 100, 2);
    assert_int_equal(driver_test_write(test, audio, 100), 0);
    assert_int_equal(gecko_reader_read(early, got, 1000, &info), 200);
    shm_test_check(got, 0, 200, 2);
    driver_test_stop(test);
    gecko_reader_close(early);
}

static void a_missed_cycle_shows_as_a_discontinuity(void **state) {
    struct driver_test *test = *state;
    struct gecko_reader *reader = open_reader(test);
    struct gecko_block block;
    driver_test_start(test);
    test->sample_time = 960;
    for (uint64_t i = 0; i < 6; i++) {
        if (i == 3) {
            test->sample_time += 480; /* the host left one out */
        }
        if (i == 5) {
            test->sample_time += 0.25; /* rounding, no gap */
        }
        shm_test_fill(audio, 480 * i, 480, 2);
        assert_int_equal(driver_test_write(test, audio, 480), 0);
        assert_true(gecko_reader_find_block(reader, 480 * i, &block));
        assert_int_equal(block.flags, i == 0 || i == 3 ? GECKO_BLOCK_FLAG_DISCONTINUITY : 0);
        assert_int_equal(block.frames, 480);
        assert_int_equal(block.cycle, i + 1);
        assert_int_equal(block.host_time, 1001 + i);
        assert_int_equal(block.output_time, 2001 + i);
        assert_true(
            fabs(block.output_sample_time - (960 + 480.0 * (double)i + (i >= 3 ? 480 : 0))) < 0.5);
    }
    /* Frames stay contiguous all the same. */
    assert_int_equal(gecko_reader_read(reader, got, sizeof got / 4, NULL), 6 * 480);
    shm_test_check(got, 0, 6 * 480, 2);
    driver_test_stop(test);
    /* A new time line is one too, even if its numbers go on where the old one ended. */
    driver_test_start(test);
    assert_int_equal(driver_test_write(test, audio, 480), 0);
    assert_true(gecko_reader_find_block(reader, 6 * 480, &block));
    assert_int_equal(block.flags, GECKO_BLOCK_FLAG_DISCONTINUITY);
    driver_test_stop(test);
    gecko_reader_close(reader);
}

static void what_does_not_fit_or_does_not_run_is_refused(void **state) {
    struct driver_test *test = *state;
    assert_int_equal(driver_test_write(test, audio, 480), kAudioHardwareNotRunningError);
    driver_test_start(test);
    assert_int_equal(driver_test_write(test, audio, 16385), kAudioHardwareIllegalOperationError);
    assert_int_equal(driver_test_write(test, audio, 0), kAudioHardwareIllegalOperationError);
    assert_int_equal(driver_test_write(test, audio, 16384), 0);
    driver_test_stop(test);
    assert_int_equal(driver_test_write(test, audio, 480), kAudioHardwareNotRunningError);
}

/* A block that is refused has not happened: the next one follows the last, and the volume still has
 * its way to go. */
static void a_block_that_is_refused_leaves_no_trace(void **state) {
    struct driver_test *test = *state;
    static const UInt32 refused[] = {16385, 0, 60000};
    struct gecko_reader *reader = open_reader(test);
    struct gecko_block block;
    const UInt32 frames = 480;
    for (size_t i = 0; i < 2 * (size_t)frames; i++) {
        audio[i] = 1.0f;
    }
    driver_test_start(test);
    assert_int_equal(driver_test_write(test, audio, frames), 0);
    Float32 decibels = -6.0f;
    assert_int_equal(set_value(test->driver, GECKO_TEST_VOLUME, 'lcdv', &decibels, 4), 0);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_int_equal(driver_test_write(test, audio, refused[i]),
                         kAudioHardwareIllegalOperationError);
        test->sample_time -= refused[i];
    }
    assert_int_equal(driver_test_write(test, audio, frames), 0);
    assert_true(gecko_reader_find_block(reader, frames, &block));
    assert_int_equal(block.flags, 0);
    assert_int_equal(gecko_reader_read(reader, got, sizeof got / 4, NULL), 2 * frames);
    assert_true(got[2 * frames] > 0.99f); /* the first step down, not the last */
    driver_test_stop(test);
    gecko_reader_close(reader);
}

/* ---- volume and mute ------------------------------------------------------------------------ */

static void fill_with_ones(UInt32 frames) {
    for (size_t i = 0; i < 2 * (size_t)frames; i++) {
        audio[i] = 1.0f;
    }
}

static void volume_ramps_over_one_block_and_then_stands(void **state) {
    struct driver_test *test = *state;
    struct gecko_reader *reader = open_reader(test);
    const UInt32 frames = 2000; /* more than the driver's piece */
    Float32 decibels = -6.0f;
    fill_with_ones(frames);
    driver_test_start(test);
    assert_int_equal(driver_test_write(test, audio, frames), 0);
    assert_int_equal(set_value(test->driver, GECKO_TEST_VOLUME, 'lcdv', &decibels, 4), 0);
    assert_int_equal(driver_test_write(test, audio, frames), 0);
    assert_int_equal(driver_test_write(test, audio, frames), 0);
    assert_int_equal(gecko_reader_read(reader, got, sizeof got / 4, NULL), 3 * frames);
    const double end = pow(10, -6.0 / 20);
    for (UInt32 i = 0; i < frames; i++) {
        double ramp = 1 + (end - 1) * (i + 1) / frames;
        for (UInt32 channel = 0; channel < 2; channel++) {
            assert_true(got[2 * i + channel] >= 1.0f && got[2 * i + channel] <= 1.0f);
            assert_true(fabs((double)got[2 * (frames + i) + channel] - ramp) < 1e-5);
            assert_true(fabs((double)got[2 * (2 * frames + i) + channel] - end) < 1e-6);
        }
    }
    shm_test_fill(audio, 0, frames, 2);
    driver_test_stop(test);
    gecko_reader_close(reader);
}

static void mute_is_silence_and_shows_in_the_header(void **state) {
    struct driver_test *test = *state;
    struct gecko_reader *reader = open_reader(test);
    struct gecko_read info;
    static const float zeros[2 * 480];
    UInt32 on = 1, off = 0;
    fill_with_ones(480);
    assert_int_equal(set_value(test->driver, GECKO_TEST_MUTE, 'bcvl', &on, 4), 0);
    driver_test_start(test); /* muted from the start: no ramp down from nothing */
    assert_int_equal(driver_test_write(test, audio, 480), 0);
    assert_int_equal(gecko_reader_read(reader, got, sizeof got / 4, &info), 480);
    assert_memory_equal(got, zeros, sizeof zeros);
    assert_int_equal(info.flags, GECKO_FLAG_MUTED);
    assert_int_equal(set_value(test->driver, GECKO_TEST_MUTE, 'bcvl', &off, 4), 0);
    assert_int_equal(driver_test_write(test, audio, 480), 0);
    assert_int_equal(driver_test_write(test, audio, 480), 0);
    assert_int_equal(gecko_reader_read(reader, got, sizeof got / 4, &info), 960);
    assert_true(got[0] > 0 && got[0] < 0.01f);
    assert_memory_equal(got + 2 * 480, audio, sizeof zeros);
    assert_int_equal(info.flags, 0);
    driver_test_stop(test);
    gecko_reader_close(reader);
}

/* ---- clients ------------------------------------------------------------------------------- */

static void two_clients_share_one_time_line(void **state) {
    struct driver_test *test = *state;
    AudioServerPlugInDriverRef driver = test->driver;
    Float64 sample;
    UInt64 host, first, second;
    struct gecko_reader *reader = open_reader(test);
    struct gecko_read info;
    assert_int_equal((*driver)->StartIO(driver, GECKO_TEST_DEVICE, 1), 0);
    assert_int_equal(
        (*driver)->GetZeroTimeStamp(driver, GECKO_TEST_DEVICE, 1, &sample, &host, &first), 0);
    assert_int_equal((*driver)->StartIO(driver, GECKO_TEST_DEVICE, 2), 0);
    assert_int_equal(
        (*driver)->GetZeroTimeStamp(driver, GECKO_TEST_DEVICE, 2, &sample, &host, &second), 0);
    assert_int_equal(first, second);
    assert_int_equal((*driver)->StopIO(driver, GECKO_TEST_DEVICE, 1), 0);
    assert_int_equal(driver_test_write(test, audio, 480), 0);
    gecko_reader_read(reader, got, 1000, &info);
    assert_int_equal(info.state, GECKO_STATE_RUNNING);
    assert_int_equal((*driver)->StopIO(driver, GECKO_TEST_DEVICE, 2), 0);
    assert_int_equal((*driver)->StopIO(driver, GECKO_TEST_DEVICE, 2),
                     kAudioHardwareIllegalOperationError);
    gecko_reader_close(reader);
}

/* ---- the end ------------------------------------------------------------------------------- */

static void the_last_release_leaves_nothing(void **state) {
    struct driver_test *test = *state;
    struct gecko_reader *reader = open_reader(test);
    struct gecko_read info;
    driver_test_start(test); /* and not stopped */
    driver_test_restart(test);
    assert_int_equal(gecko_reader_read(reader, got, 1000, &info), 0);
    assert_int_equal(info.state, GECKO_STATE_CLOSED);
    assert_false(shm_test_exists(test->name));
    assert_false(shm_test_exists(shm_test_readers_name(test->name)));
    gecko_reader_close(reader);
    assert_int_equal(driver_test_initialize(test), 0);
    assert_true(shm_test_exists(test->name));
}

#define DRIVER_TEST(name)                                                                          \
    cmocka_unit_test_setup_teardown(name, driver_test_set_up, driver_test_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        DRIVER_TEST(the_device_is_what_the_design_names),
        DRIVER_TEST(the_rates_are_four),
        DRIVER_TEST(an_output_device_has_nothing_on_its_input_side),
        DRIVER_TEST(custom_properties_are_listed_with_their_types),
        DRIVER_TEST(two_factory_calls_give_one_driver),
        DRIVER_TEST(what_is_written_is_read_bit_for_bit),
        DRIVER_TEST(a_reader_may_come_before_io_and_after),
        DRIVER_TEST(a_missed_cycle_shows_as_a_discontinuity),
        DRIVER_TEST(what_does_not_fit_or_does_not_run_is_refused),
        DRIVER_TEST(a_block_that_is_refused_leaves_no_trace),
        DRIVER_TEST(volume_ramps_over_one_block_and_then_stands),
        DRIVER_TEST(mute_is_silence_and_shows_in_the_header),
        DRIVER_TEST(two_clients_share_one_time_line),
        DRIVER_TEST(the_last_release_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
