/* test_driver_settings.c - what can be chosen about Gecko Sink, before it starts and while it runs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above first */
#include "driver_test.h"
#include <cmocka.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <halsdk/halsdk.h>
#include <signal.h>
#include <sys/resource.h>
#endif

#define GLOBAL kAudioObjectPropertyScopeGlobal
#define DEVICE GECKO_TEST_DEVICE

static float audio[65536 * 2];

/* ---- what the driver logs -------------------------------------------------------------------- */

static char last_error[512];
static unsigned errors;

#ifdef __linux__
static void catch_log(const struct halsdk_log_record *record, void *context) {
    (void)context;
    if (strcmp(record->level, "error") == 0) {
        snprintf(last_error, sizeof last_error, "%s", record->message);
        errors++;
    }
}
#endif

static int catch_all_logs(void **state) {
    (void)state;
#ifdef __linux__
    halsdk_set_log_sink(catch_log, NULL);
#endif
    return 0;
}

/* Exactly one error since `before`, naming all of the words (where the log can be seen). */
static void assert_logged(unsigned before, const char *first, const char *second) {
#ifdef __linux__
    assert_int_equal(errors, before + 1);
    if (strstr(last_error, first) == NULL || strstr(last_error, second) == NULL) {
        fail_msg("\"%s\" does not name \"%s\" and \"%s\"", last_error, first, second);
    }
#else
    (void)before;
    (void)first;
    (void)second;
#endif
}

/* ---- helpers ------------------------------------------------------------------------------- */

static SInt64 get_number(AudioServerPlugInDriverRef driver, AudioObjectPropertySelector selector) {
    AudioObjectPropertyAddress address = address_of(selector, GLOBAL);
    CFNumberRef number;
    SInt64 value;
    UInt32 written;
    assert_int_equal((*driver)->GetPropertyData(driver, DEVICE, 0, &address, 0, NULL, sizeof number,
                                                &written, &number),
                     0);
    assert_true(CFNumberGetValue(number, kCFNumberSInt64Type, &value));
    CFRelease(number);
    return value;
}

static OSStatus set_number(AudioServerPlugInDriverRef driver, AudioObjectPropertySelector selector,
                           SInt64 value) {
    CFNumberRef number = CFNumberCreate(NULL, kCFNumberSInt64Type, &value);
    OSStatus status = set_value(driver, DEVICE, selector, &number, sizeof number);
    CFRelease(number);
    return status;
}

static OSStatus set_text(AudioServerPlugInDriverRef driver, AudioObjectPropertySelector selector,
                         const char *text) {
    CFStringRef string = CFStringCreateWithCString(NULL, text, kCFStringEncodingUTF8);
    OSStatus status = set_value(driver, DEVICE, selector, &string, sizeof string);
    CFRelease(string);
    return status;
}

static struct gecko_format format_of(const struct driver_test *test) {
    struct gecko_reader *reader;
    struct gecko_reader_error error;
    if (!gecko_reader_open(test->name, NULL, &reader, &error)) {
        fail_msg("%s", error.text);
    }
    struct gecko_format format = *gecko_reader_format(reader);
    gecko_reader_close(reader);
    return format;
}

/* ---- before the start ------------------------------------------------------------------------ */

static void without_settings_the_defaults_hold(void **state) {
    struct driver_test *test = *state;
    char text[8];
    assert_int_equal(driver_test_initialize(test), 0);
    struct gecko_format format = format_of(test);
    assert_int_equal(format.layout, 2);
    assert_int_equal(format.ring_frames, 16384);
    assert_int_equal(format.channels, 2);
    assert_int_equal(format.sample_rate, 48000);
    assert_int_equal(format.writer_pid, getpid());
    assert_string_equal(get_text(test->driver, DEVICE, 'glay', text, sizeof text), "v2");
    assert_int_equal(get_number(test->driver, 'gbuf'), 16384);
}

static void the_environment_comes_before_the_storage(void **state) {
    struct driver_test *test = *state;
    fake_host_store_string(&test->host, "shm layout", "v1");
    fake_host_store_integer(&test->host, "ring frames", 3000);
    assert_int_equal(driver_test_initialize(test), 0);
    struct gecko_format format = format_of(test);
    assert_int_equal(format.layout, 1);
    assert_int_equal(format.ring_frames, 3000);
    driver_test_restart(test);
    setenv("GECKO_SHM_LAYOUT", "v2", 1);
    setenv("GECKO_SHM_RING_FRAMES", "1024", 1);
    setenv("GECKO_SHM_CHANNELS", "6", 1);
    setenv("GECKO_SHM_MODE", "600", 1);
    setenv("GECKO_SHM_START_FRAME", "4294967000", 1);
    assert_int_equal(driver_test_initialize(test), 0);
    format = format_of(test);
    assert_int_equal(format.layout, 2);
    assert_int_equal(format.ring_frames, 1024);
    assert_int_equal(format.channels, 6);
    struct stat info;
    int fd = shm_open(test->name, O_RDONLY, 0);
    assert_int_equal(fstat(fd, &info), 0);
    close(fd);
    assert_int_equal(info.st_mode & 0777, 0600);
    /* The stream follows the channels, and frames are counted from the start frame. */
    AudioStreamBasicDescription asbd;
    AudioObjectPropertyAddress address = address_of(kAudioStreamPropertyPhysicalFormat, GLOBAL);
    UInt32 written;
    assert_int_equal((*test->driver)
                         ->GetPropertyData(test->driver, GECKO_TEST_STREAM, 0, &address, 0, NULL,
                                           sizeof asbd, &written, &asbd),
                     0);
    assert_int_equal(asbd.mChannelsPerFrame, 6);
    assert_int_equal(asbd.mBytesPerFrame, 24);
    struct gecko_reader *reader;
    assert_true(gecko_reader_open(test->name, NULL, &reader, NULL));
    driver_test_start(test);
    uint64_t first = 4294967000;
    for (int i = 0; i < 3; i++) {
        struct gecko_read read;
        shm_test_fill(audio, first, 480, 6);
        assert_int_equal(driver_test_write(test, audio, 480), 0);
        assert_int_equal(gecko_reader_read(reader, audio, 480 * 6, &read), 480);
        assert_true(read.first_frame == first);
        shm_test_check(audio, first, 480, 6);
        first += 480;
    }
    gecko_reader_close(reader);
    driver_test_stop(test);
    setenv("GECKO_SHM_LAYOUT", "", 1); /* empty is none */
    setenv("GECKO_SHM_RING_FRAMES", "", 1);
    driver_test_restart(test);
    assert_int_equal(driver_test_initialize(test), 0);
    assert_int_equal(format_of(test).layout, 1);
}

static void a_bad_variable_stops_the_driver_and_is_named(void **state) {
    struct driver_test *test = *state;
    static const struct {
        const char *key;
        const char *value;
    } bad[] = {
        {"GECKO_SHM_LAYOUT", "v3"},           {"GECKO_SHM_LAYOUT", "V2"},
        {"GECKO_SHM_RING_FRAMES", "0"},       {"GECKO_SHM_RING_FRAMES", "255"},
        {"GECKO_SHM_RING_FRAMES", "3000"}, /* v2 wants a power of two */
        {"GECKO_SHM_RING_FRAMES", "8388608"}, {"GECKO_SHM_RING_FRAMES", "-1024"},
        {"GECKO_SHM_RING_FRAMES", "1024 "},   {"GECKO_SHM_RING_FRAMES", "99999999999999999999999"},
        {"GECKO_SHM_CHANNELS", "0"},          {"GECKO_SHM_CHANNELS", "9"},
        {"GECKO_SHM_MODE", "0444"},           {"GECKO_SHM_MODE", "0777"},
        {"GECKO_SHM_MODE", "0650"},           {"GECKO_SHM_MODE", "0688"},
        {"GECKO_SHM_MODE", "rw-r--r--"},      {"GECKO_SHM_START_FRAME", "4611686018427387905"},
        {"GECKO_SHM_START_FRAME", "-1"},      {"GECKO_SHM_NAME", "GeckoAudioShm"},
        {"GECKO_SHM_NAME", "/a/b"},           {"GECKO_SHM_NAME", "/1234567890123456789012345678"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        setenv(bad[i].key, bad[i].value, 1);
        unsigned before = errors;
        assert_int_equal(driver_test_initialize(test), kAudioHardwareIllegalOperationError);
        assert_logged(before, bad[i].key, bad[i].value);
        assert_int_equal((*test->driver)->StartIO(test->driver, DEVICE, 1),
                         kAudioHardwareNotReadyError);
        unsetenv(bad[i].key);
        setenv("GECKO_SHM_NAME", test->name, 1);
        assert_false(shm_test_exists(test->name));
    }
    assert_int_equal(driver_test_initialize(test), 0);
}

/* Whoever stored it could take it back only through the device, so the device has to be there. */
static void a_bad_stored_value_is_named_and_passed_over(void **state) {
    struct driver_test *test = *state;
    static const struct {
        const char *layout; /* NULL: a number */
        const char *ring;   /* NULL: the number behind it */
        int64_t frames;
        const char *key;
        const char *value;
        uint32_t got_layout;
        uint64_t got_frames;
    } bad[] = {
        {"v9", NULL, 1024, "shm layout", "v9", 2, 1024},
        {"v1 and more than it can be", NULL, 1024, "shm layout", "(no", 2, 1024},
        {NULL, NULL, 1024, "shm layout", "(no", 2, 1024},
        {"v2", NULL, -5, "ring frames", "-5", 2, 16384},
        {"v2", NULL, 3000, "ring frames", "3000", 2, 16384},
        {"v1", NULL, 8388608, "ring frames", "8388608", 1, 16384},
        {"v2", "1024", 0, "ring frames", "(no", 2, 16384},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        unsigned before = errors;
        if (bad[i].layout != NULL) {
            fake_host_store_string(&test->host, "shm layout", bad[i].layout);
        } else {
            fake_host_store_integer(&test->host, "shm layout", 2);
        }
        if (bad[i].ring != NULL) {
            fake_host_store_string(&test->host, "ring frames", bad[i].ring);
        } else {
            fake_host_store_integer(&test->host, "ring frames", bad[i].frames);
        }
        assert_int_equal(driver_test_initialize(test), 0);
        assert_logged(before, bad[i].key, bad[i].value);
        assert_int_equal(format_of(test).layout, bad[i].got_layout);
        assert_int_equal(format_of(test).ring_frames, bad[i].got_frames);
        driver_test_restart(test);
    }
}

/* Stored by the device itself, while the variable was set. */
static void a_ring_stored_for_another_layout_does_not_remove_the_device(void **state) {
    struct driver_test *test = *state;
    setenv("GECKO_SHM_LAYOUT", "v1", 1);
    assert_int_equal(driver_test_initialize(test), 0);
    assert_int_equal(set_number(test->driver, 'gbuf', 3000), 0);
    assert_int_equal(fake_host_grant(&test->host, test->driver), 0);
    driver_test_restart(test);
    unsetenv("GECKO_SHM_LAYOUT");
    unsigned before = errors;
    assert_int_equal(driver_test_initialize(test), 0);
    assert_logged(before, "ring frames", "3000");
    assert_int_equal(format_of(test).layout, 2);
    assert_int_equal(format_of(test).ring_frames, 16384);
    /* and it can be set right */
    assert_int_equal(set_number(test->driver, 'gbuf', 1024), 0);
    assert_int_equal(fake_host_grant(&test->host, test->driver), 0);
    driver_test_restart(test);
    assert_int_equal(driver_test_initialize(test), 0);
    assert_int_equal(format_of(test).ring_frames, 1024);
}

static void open_and_stay(const void *argument) {
    shm_test_open(argument);
}

static void a_second_host_is_told_who_has_the_name(void **state) {
    struct driver_test *test = *state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 256);
    struct shm_test_child child = shm_test_start_child(open_and_stay, &config);
    char pid[16];
    unsigned before = errors;
    snprintf(pid, sizeof pid, "%d", (int)child.pid);
    setenv("GECKO_SHM_NAME", config.name, 1);
    assert_int_equal(driver_test_initialize(test), kAudioHardwareIllegalOperationError);
    assert_logged(before, pid, config.name);
    shm_test_kill(child);
    assert_int_equal(driver_test_initialize(test), 0);
}

/* ---- while it runs --------------------------------------------------------------------------- */

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

#define EARLY_TEST(name)                                                                           \
    cmocka_unit_test_setup_teardown(name, driver_test_set_up_early, driver_test_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        EARLY_TEST(without_settings_the_defaults_hold),
        EARLY_TEST(the_environment_comes_before_the_storage),
        EARLY_TEST(a_bad_variable_stops_the_driver_and_is_named),
        EARLY_TEST(a_bad_stored_value_is_named_and_passed_over),
        EARLY_TEST(a_ring_stored_for_another_layout_does_not_remove_the_device),
        EARLY_TEST(a_second_host_is_told_who_has_the_name),
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
    return cmocka_run_group_tests(tests, catch_all_logs, NULL);
}
