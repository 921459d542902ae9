/* test_driver_settings.c - what can be chosen about Gecko Sink before it starts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above first */
#include "driver_test.h"
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <halsdk/halsdk.h>
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

int main(void) {
    const struct CMUnitTest tests[] = {
        EARLY_TEST(without_settings_the_defaults_hold),
        EARLY_TEST(the_environment_comes_before_the_storage),
        EARLY_TEST(a_bad_variable_stops_the_driver_and_is_named),
        EARLY_TEST(a_bad_stored_value_is_named_and_passed_over),
        EARLY_TEST(a_ring_stored_for_another_layout_does_not_remove_the_device),
        EARLY_TEST(a_second_host_is_told_who_has_the_name),
    };
    return cmocka_run_group_tests(tests, catch_all_logs, NULL);
}
