/* driver_test.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above first */
#include "driver_test.h"
#include <cmocka.h>
#include <stdlib.h>

static void clear_environment(void) {
    static const char *const names[] = {"GECKO_SHM_NAME",        "GECKO_SHM_LAYOUT",
                                        "GECKO_SHM_RING_FRAMES", "GECKO_SHM_CHANNELS",
                                        "GECKO_SHM_MODE",        "GECKO_SHM_START_FRAME"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        unsetenv(names[i]);
    }
}

int driver_test_set_up_early(void **state) {
    struct driver_test *test = calloc(1, sizeof *test);
    clear_environment();
    test->name = shm_test_name();
    setenv("GECKO_SHM_NAME", test->name, 1);
    fake_host_init(&test->host);
    test->driver = GeckoAudio_Create(NULL, kAudioServerPlugInTypeUUID);
    assert_non_null(test->driver);
    *state = test;
    return 0;
}

int driver_test_set_up(void **state) {
    driver_test_set_up_early(state);
    return driver_test_initialize(*state);
}

int driver_test_tear_down(void **state) {
    struct driver_test *test = *state;
    assert_int_equal((*test->driver)->Release(test->driver), 0);
    fake_host_destroy(&test->host);
    free(test);
    return 0;
}

OSStatus driver_test_initialize(struct driver_test *test) {
    return (*test->driver)->Initialize(test->driver, fake_host_ref(&test->host));
}

void driver_test_restart(struct driver_test *test) {
    assert_int_equal((*test->driver)->Release(test->driver), 0);
    test->driver = GeckoAudio_Create(NULL, kAudioServerPlugInTypeUUID);
    assert_non_null(test->driver);
}

void driver_test_start(struct driver_test *test) {
    assert_int_equal((*test->driver)->StartIO(test->driver, GECKO_TEST_DEVICE, 1), 0);
}

void driver_test_stop(struct driver_test *test) {
    assert_int_equal((*test->driver)->StopIO(test->driver, GECKO_TEST_DEVICE, 1), 0);
}

OSStatus driver_test_write(struct driver_test *test, float *audio, UInt32 frames) {
    AudioServerPlugInIOCycleInfo cycle = {
        .mIOCycleCounter = ++test->cycle,
        .mNominalIOBufferFrameSize = frames,
        .mCurrentTime = {.mHostTime = 1000 + test->cycle},
        .mOutputTime = {.mSampleTime = test->sample_time, .mHostTime = 2000 + test->cycle},
    };
    test->sample_time += frames;
    return (*test->driver)
        ->DoIOOperation(test->driver, GECKO_TEST_DEVICE, GECKO_TEST_STREAM, 1,
                        kAudioServerPlugInIOOperationWriteMix, frames, &cycle, audio, NULL);
}

SInt64 get_number(AudioServerPlugInDriverRef driver, AudioObjectPropertySelector selector) {
    AudioObjectPropertyAddress address = address_of(selector, kAudioObjectPropertyScopeGlobal);
    CFNumberRef number;
    SInt64 value;
    UInt32 written;
    assert_int_equal((*driver)->GetPropertyData(driver, GECKO_TEST_DEVICE, 0, &address, 0, NULL,
                                                sizeof number, &written, &number),
                     0);
    assert_true(CFNumberGetValue(number, kCFNumberSInt64Type, &value));
    CFRelease(number);
    return value;
}

OSStatus set_number(AudioServerPlugInDriverRef driver, AudioObjectPropertySelector selector,
                    SInt64 value) {
    CFNumberRef number = CFNumberCreate(NULL, kCFNumberSInt64Type, &value);
    OSStatus status = set_value(driver, GECKO_TEST_DEVICE, selector, &number, sizeof number);
    CFRelease(number);
    return status;
}

OSStatus set_text(AudioServerPlugInDriverRef driver, AudioObjectPropertySelector selector,
                  const char *text) {
    CFStringRef string = CFStringCreateWithCString(NULL, text, kCFStringEncodingUTF8);
    OSStatus status = set_value(driver, GECKO_TEST_DEVICE, selector, &string, sizeof string);
    CFRelease(string);
    return status;
}

struct gecko_format format_of(const struct driver_test *test) {
    struct gecko_reader *reader;
    struct gecko_reader_error error;
    if (!gecko_reader_open(test->name, NULL, &reader, &error)) {
        fail_msg("%s", error.text);
    }
    struct gecko_format format = *gecko_reader_format(reader);
    gecko_reader_close(reader);
    return format;
}
