/* test_driver_change.c - what can be changed about Gecko Sink while it runs, and what it tells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above first */
#include "driver_test.h"
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>
#ifdef __linux__
#include <halsdk/halsdk.h>
#include <signal.h>
#include <sys/resource.h>
#endif

#define GLOBAL kAudioObjectPropertyScopeGlobal
#define DEVICE GECKO_TEST_DEVICE

static float audio[65536 * 2];

static void another_rate_is_a_generation_for_readers(void **state) {
    struct driver_test *test = *state;
    struct gecko_reader *reader;
    struct gecko_read info;
    Float64 rate = 96000;
    assert_int_equal(driver_test_initialize(test), 0);
    assert_true(gecko_reader_open(test->name, NULL, &reader, NULL));
    driver_test_start(test);
    assert_int_equal(driver_test_write(test, audio, 480), 0);
    driver_test_stop(test);
    assert_int_equal(set_value(test->driver, DEVICE, 'nsrt', &rate, 8), 0);
    assert_int_equal(fake_host_grant(&test->host, test->driver), 0);
    assert_true(fabs(get_f64(test->driver, DEVICE, 'nsrt') - 96000) < 1e-9);
    assert_true(fake_host_was_told(&test->host, DEVICE, 'nsrt'));
    assert_int_equal(gecko_reader_read(reader, audio, 10, &info), 0);
    assert_true((info.events & GECKO_READ_GENERATION) != 0);
    assert_int_equal(gecko_reader_format(reader)->sample_rate, 96000);
    driver_test_start(test);
    assert_int_equal(driver_test_write(test, audio, 480), 0);
    assert_int_equal(gecko_reader_read(reader, audio, 960, &info), 480);
    driver_test_stop(test);
    gecko_reader_close(reader);
}

static void another_ring_is_asked_for_performed_and_stored(void **state) {
    struct driver_test *test = *state;
    assert_int_equal(driver_test_initialize(test), 0);
    assert_int_equal(set_number(test->driver, 'gbuf', 1000), kAudioHardwareIllegalOperationError);
    assert_int_equal(set_number(test->driver, 'gbuf', -1), kAudioHardwareIllegalOperationError);
    assert_int_equal(set_text(test->driver, 'gbuf', "1024"), kAudioHardwareIllegalOperationError);
    assert_false(test->host.asked);
    assert_int_equal(set_number(test->driver, 'gbuf', 65536), 0);
    assert_int_equal(get_number(test->driver, 'gbuf'), 16384);
    test->host.ask_back = test->driver;
    assert_int_equal(fake_host_grant(&test->host, test->driver), 0);
    assert_true(fake_host_was_told(&test->host, DEVICE, 'gbuf'));
    assert_int_equal(get_number(test->driver, 'gbuf'), 65536);
    assert_int_equal(format_of(test).ring_frames, 65536);
    SInt64 stored = 0;
    assert_true(CFNumberGetValue((CFNumberRef)fake_host_stored(&test->host, "ring frames"),
                                 kCFNumberSInt64Type, &stored));
    assert_int_equal(stored, 65536);
    driver_test_restart(test);
    assert_int_equal(driver_test_initialize(test), 0);
    assert_int_equal(format_of(test).ring_frames, 65536);
}

#ifdef __linux__
/* A host that changes the device without stopping it first, and no memory to be had. */
static void memory_that_is_lost_stops_io_until_there_is_some_again(void **state) {
    struct driver_test *test = *state;
    struct gecko_reader *reader;
    struct gecko_read info;
    struct rlimit before, small;
    setenv("GECKO_SHM_RING_FRAMES", "1024", 1);
    assert_int_equal(driver_test_initialize(test), 0);
    assert_true(gecko_reader_open(test->name, NULL, &reader, NULL));
    driver_test_start(test);
    shm_test_fill(audio, 0, 480, 2);
    assert_int_equal(driver_test_write(test, audio, 480), 0);
    assert_int_equal(set_number(test->driver, 'gbuf', 65536), 0);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 4096;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    OSStatus granted = fake_host_grant(&test->host, test->driver);
    OSStatus written = driver_test_write(test, audio, 480);
    UInt32 on = 1, off = 0;
    OSStatus muted = set_value(test->driver, GECKO_TEST_MUTE, 'bcvl', &on, 4);
    SInt64 ring = get_number(test->driver, 'gbuf');
    OSStatus stopped = (*test->driver)->StopIO(test->driver, DEVICE, 1);
    OSStatus started = (*test->driver)->StartIO(test->driver, DEVICE, 1);
    bool exists = shm_test_exists(test->name);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(granted, kAudioHardwareIllegalOperationError);
    assert_int_equal(written, kAudioHardwareNotRunningError);
    assert_int_equal(muted, 0);
    assert_int_equal(ring, 1024);
    assert_int_equal(stopped, 0);
    assert_int_equal(started, kAudioHardwareNotReadyError);
    assert_false(exists);

    /* Frames, generations and their reader go on. */
    assert_int_equal(set_value(test->driver, GECKO_TEST_MUTE, 'bcvl', &off, 4), 0);
    driver_test_start(test);
    shm_test_fill(audio, 480, 480, 2);
    assert_int_equal(driver_test_write(test, audio, 480), 0);
    static float got[2 * 1000];
    assert_int_equal(gecko_reader_read(reader, got, 2000, &info), 480);
    assert_int_equal(info.events, GECKO_READ_RETIRED);
    assert_true(gecko_reader_reopen(reader, NULL));
    assert_int_equal(gecko_reader_format(reader)->generation, 4);
    assert_int_equal(gecko_reader_read(reader, got, 2000, &info), 480);
    assert_int_equal(info.first_frame, 480);
    assert_int_equal(info.flags, 0);
    shm_test_check(got, 480, 480, 2);
    assert_int_equal(gecko_reader_lost(reader), 0);

    /* And where the host changes once more instead of starting again. */
    assert_int_equal(set_number(test->driver, 'gbuf', 65536), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    granted = fake_host_grant(&test->host, test->driver);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(granted, kAudioHardwareIllegalOperationError);
    assert_int_equal(driver_test_write(test, audio, 480), kAudioHardwareNotRunningError);
    assert_int_equal(set_number(test->driver, 'gbuf', 2048), 0);
    assert_int_equal(fake_host_grant(&test->host, test->driver), 0);
    assert_int_equal(driver_test_write(test, audio, 480), 0);
    assert_int_equal(format_of(test).ring_frames, 2048);
    driver_test_stop(test);
    gecko_reader_close(reader);
}
#endif

static void another_layout_is_asked_for_performed_and_stored(void **state) {
    struct driver_test *test = *state;
    struct gecko_reader *reader;
    struct gecko_read info;
    char text[8];
    assert_int_equal(driver_test_initialize(test), 0);
    assert_true(gecko_reader_open(test->name, NULL, &reader, NULL));
    assert_int_equal(set_text(test->driver, 'glay', "v3"), kAudioHardwareIllegalOperationError);
    assert_int_equal(set_number(test->driver, 'glay', 1), kAudioHardwareIllegalOperationError);
    CFStringRef none = NULL;
    assert_int_equal(set_value(test->driver, DEVICE, 'glay', &none, sizeof none),
                     kAudioHardwareIllegalOperationError);
    assert_int_equal(set_text(test->driver, 'glay', "v2"), 0);
    assert_false(test->host.asked); /* it is v2 already */
    assert_true(fake_host_was_told(&test->host, DEVICE, 'glay'));
    assert_int_equal(set_text(test->driver, 'glay', "v1"), 0);
    assert_int_equal(fake_host_deny(&test->host, test->driver), 0);
    assert_string_equal(get_text(test->driver, DEVICE, 'glay', text, sizeof text), "v2");
    assert_int_equal(set_text(test->driver, 'glay', "v1"), 0);
    assert_int_equal(fake_host_grant(&test->host, test->driver), 0);
    assert_string_equal(get_text(test->driver, DEVICE, 'glay', text, sizeof text), "v1");
    gecko_reader_read(reader, audio, 10, &info);
    assert_int_equal(info.state, GECKO_STATE_RETIRED);
    assert_true(gecko_reader_reopen(reader, NULL));
    driver_test_start(test);
    shm_test_fill(audio, 0, 480, 2);
    assert_int_equal(driver_test_write(test, audio, 480), 0);
    assert_int_equal(gecko_reader_read(reader, audio, 1000, &info), 480);
    shm_test_check(audio, 0, 480, 2);
    driver_test_stop(test);
    gecko_reader_close(reader);
    /* A ring that v2 cannot have keeps the layout. */
    assert_int_equal(set_number(test->driver, 'gbuf', 3000), 0);
    assert_int_equal(fake_host_grant(&test->host, test->driver), 0);
    assert_int_equal(set_text(test->driver, 'glay', "v2"), kAudioHardwareIllegalOperationError);
    driver_test_restart(test);
    assert_int_equal(driver_test_initialize(test), 0);
    assert_int_equal(format_of(test).layout, 1);
}

static void a_change_that_was_never_asked_for_is_refused(void **state) {
    struct driver_test *test = *state;
    AudioServerPlugInDriverRef driver = test->driver;
    assert_int_equal((*driver)->PerformDeviceConfigurationChange(driver, DEVICE, 'gbuf',
                                                                 (void *)(uintptr_t)1024),
                     kAudioHardwareNotReadyError);
    assert_int_equal(driver_test_initialize(test), 0);
    static const struct {
        UInt64 action;
        uintptr_t value;
    } bad[] = {{'nsrt', 12345}, {'nsrt', 0}, {'gbuf', 1000}, {'gbuf', 0},
               {'glay', 3},     {'glay', 0}, {'oops', 1},    {0, 0}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal((*driver)->PerformDeviceConfigurationChange(driver, DEVICE, bad[i].action,
                                                                     (void *)bad[i].value),
                         kAudioHardwareIllegalOperationError);
    }
    assert_int_equal(test->host.notice_count, 0);
    assert_int_equal(format_of(test).ring_frames, 16384);
    assert_int_equal(test->host.stored_count, 0);
}

static SInt64 number_in(CFDictionaryRef dictionary, const char *key) {
    CFStringRef name = CFStringCreateWithCString(NULL, key, kCFStringEncodingUTF8);
    SInt64 value = -1;
    CFNumberRef number = CFDictionaryGetValue(dictionary, name);
    CFRelease(name);
    assert_non_null(number);
    assert_true(CFNumberGetValue(number, kCFNumberSInt64Type, &value));
    return value;
}

static void statistics_count_frames_and_readers(void **state) {
    struct driver_test *test = *state;
    setenv("GECKO_SHM_START_FRAME", "5000", 1);
    assert_int_equal(driver_test_initialize(test), 0);
    struct gecko_reader *reader;
    assert_true(gecko_reader_open(test->name, NULL, &reader, NULL));
    driver_test_start(test);
    assert_int_equal(driver_test_write(test, audio, 480), 0);
    driver_test_write(test, audio, 20000);
    driver_test_stop(test);
    assert_int_equal(gecko_reader_read(reader, audio, 200, NULL), 100);
    AudioObjectPropertyAddress address = address_of('gsta', GLOBAL);
    CFDictionaryRef statistics;
    UInt32 written;
    assert_int_equal((*test->driver)
                         ->GetPropertyData(test->driver, DEVICE, 0, &address, 0, NULL,
                                           sizeof statistics, &written, &statistics),
                     0);
    assert_int_equal(number_in(statistics, "frames written"), 480);
    assert_int_equal(number_in(statistics, "blocks refused"), 1);
    assert_int_equal(number_in(statistics, "continued"), 0);
    CFStringRef key = CFStringCreateWithCString(NULL, "readers", kCFStringEncodingUTF8);
    CFArrayRef readers = CFDictionaryGetValue(statistics, key);
    CFRelease(key);
    assert_int_equal(CFArrayGetCount(readers), 1);
    CFDictionaryRef first = CFArrayGetValueAtIndex(readers, 0);
    assert_int_equal(number_in(first, "pid"), getpid());
    assert_int_equal(number_in(first, "position"), 5100);
    assert_int_equal(number_in(first, "lost"), 0);
    CFRelease(statistics);
    gecko_reader_close(reader);
}

#ifdef __linux__
static void a_life_leaves_no_object_behind(void **state) {
    struct driver_test *test = *state;
    char text[64];
    driver_test_restart(test);
    size_t before = halsdk_live_objects(NULL);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(driver_test_initialize(test), 0);
        get_text(test->driver, DEVICE, 'gshm', text, sizeof text);
        AudioObjectPropertyAddress address = address_of('gsta', GLOBAL);
        CFTypeRef statistics;
        UInt32 written;
        assert_int_equal((*test->driver)
                             ->GetPropertyData(test->driver, DEVICE, 0, &address, 0, NULL,
                                               sizeof statistics, &written, &statistics),
                         0);
        CFRelease(statistics);
        set_number(test->driver, 'gbuf', 1000);
        driver_test_restart(test);
    }
    assert_int_equal(halsdk_live_objects(NULL), before);
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        EARLY_TEST(another_rate_is_a_generation_for_readers),
        EARLY_TEST(another_ring_is_asked_for_performed_and_stored),
#ifdef __linux__
        EARLY_TEST(memory_that_is_lost_stops_io_until_there_is_some_again),
#endif
        EARLY_TEST(another_layout_is_asked_for_performed_and_stored),
        EARLY_TEST(a_change_that_was_never_asked_for_is_refused),
        EARLY_TEST(statistics_count_frames_and_readers),
#ifdef __linux__
        EARLY_TEST(a_life_leaves_no_object_behind),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
