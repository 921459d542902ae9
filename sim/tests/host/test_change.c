/* Are configuration changes carried out with IO stopped, and told of? And does storage keep what it
 * is given? */
#include "loop_host.h"

#include <sys/stat.h>
#include <unistd.h>

static struct halsim_check check;

/* Virtual; a change that has not come after 20 ms of real time is a timeout. */
static struct halsim_host *impatient_host(const char *shape, const char *fault) {
    struct halsim_host_config config = loop_config(HALSIM_CLOCK_VIRTUAL);
    config.change_limit_ms = 20;
    return loop_host_with(&config, shape, fault);
}

static void a_rate_change_stops_and_restarts_running_io(void **state) {
    (void)state;
    struct halsim_host *host = loop_host(NULL, NULL);
    (void)loop_started_client(host, NULL);
    assert_ok(halsim_io_run(host, 1000000000, error));
    assert_ok(halsim_device_set_rate(host, 0, 96000, error));
    struct halsim_device_info info;
    assert_ok(halsim_device_info(host, 0, &info, error));
    assert_true(info.nominal_rate == 96000.0);
    assert_true(info.streams[0].virtual_format.mSampleRate == 96000.0);
    assert_true(info.is_running);
    assert_int_equal(loop_notices(HALSIM_NOTICE_CONFIGURATION_REQUESTED), 1);
    assert_int_equal(loop_notices(HALSIM_NOTICE_CONFIGURATION_PERFORMED), 1);
    assert_int_equal(loop_notices(HALSIM_NOTICE_PROPERTIES_CHANGED), 1);
    assert_int_equal(loop_notices(HALSIM_NOTICE_WARNING), 0);
    struct halsim_io_stats before, after;
    assert_ok(halsim_io_stats(host, 0, &before, error));
    assert_ok(halsim_io_run(host, 1000000000, error));
    assert_ok(halsim_io_stats(host, 0, &after, error));
    assert_int_equal(after.cycles - before.cycles, 200); /* 480 frames at 96 kHz: 5 ms */
    halsim_host_destroy(host);
}

static void a_change_asked_for_from_a_thread_of_the_driver_works_too(void **state) {
    (void)state;
    const enum halsim_clock_kind kinds[] = {HALSIM_CLOCK_VIRTUAL, HALSIM_CLOCK_REALTIME};
    for (size_t i = 0; i < 2; i++) {
        struct halsim_host_config config = loop_config(kinds[i]);
        struct halsim_host *host = loop_host_with(&config, "async", NULL);
        (void)loop_started_client(host, NULL);
        assert_ok(halsim_device_set_rate(host, 0, 44100, error));
        assert_ok(halsim_io_run(host, 30000000, error));
        struct halsim_device_info info;
        assert_ok(halsim_device_info(host, 0, &info, error));
        assert_true(info.nominal_rate == 44100.0 && info.is_running);
        halsim_host_destroy(host);
    }
}

static void a_change_asked_for_from_the_main_queue_comes_in_its_own_time(void **state) {
    (void)state;
    struct halsim_host_config config = loop_config(HALSIM_CLOCK_VIRTUAL);
    config.change_limit_ms = 20; /* of real time, in which virtual time stands still */
    struct halsim_host *host = loop_host_with(&config, "queue", NULL);
    (void)loop_started_client(host, NULL);
    assert_false(halsim_device_set_rate(host, 0, 96000, NULL));
    struct halsim_device_info info;
    assert_ok(halsim_io_run(host, 40000000, error));
    assert_ok(halsim_device_info(host, 0, &info, error));
    assert_true(info.nominal_rate == 48000.0);
    assert_ok(halsim_io_run(host, 20000000, error)); /* past the 50 ms */
    assert_ok(halsim_device_info(host, 0, &info, error));
    assert_true(info.nominal_rate == 96000.0);
    halsim_host_destroy(host);

    config.clock = HALSIM_CLOCK_REALTIME;
    config.change_limit_ms = 2000;
    host = loop_host_with(&config, "queue", NULL);
    assert_ok(halsim_device_set_rate(host, 0, 96000, error));
    halsim_host_destroy(host);
}

static void a_change_that_never_comes_is_a_timeout(void **state) {
    (void)state;
    struct halsim_host *host = impatient_host(NULL, "change-never-asked");
    struct halsim_error failure = {0};
    assert_false(halsim_device_set_rate(host, 0, 44100, &failure));
    assert_int_equal(failure.status, HALSIM_ERROR_TIMEOUT);
    halsim_host_destroy(host);
}

static void an_error_of_perform_is_told(void **state) {
    (void)state;
    struct halsim_host *host = impatient_host(NULL, "error:PerformDeviceConfigurationChange");
    assert_false(halsim_device_set_rate(host, 0, 44100, NULL));
    assert_non_null(strstr(loop_last_warning(), "PerformDeviceConfigurationChange"));
    halsim_host_destroy(host);
}

static void a_refused_change_is_aborted_and_io_goes_on(void **state) {
    (void)state;
    struct halsim_host *host = impatient_host(NULL, NULL);
    (void)loop_started_client(host, &check);
    assert_ok(halsim_io_run(host, 100000000, error));
    assert_ok(halsim_device_refuse_changes(host, 0, 1, error));
    assert_false(halsim_device_set_rate(host, 0, 96000, NULL));
    assert_int_equal(loop_notices(HALSIM_NOTICE_CONFIGURATION_ABORTED), 1);
    assert_int_equal(loop_notices(HALSIM_NOTICE_CONFIGURATION_PERFORMED), 0);
    assert_ok(halsim_io_run(host, 100000000, error));
    assert_true(halsim_check_is_clean(&check)); /* not even a sample of it was disturbed */
    assert_ok(halsim_device_set_rate(host, 0, 96000, error));
    halsim_host_destroy(host);
}

static void a_format_is_set_when_the_stream_has_it(void **state) {
    (void)state;
    const enum halsim_clock_kind kinds[] = {HALSIM_CLOCK_VIRTUAL, HALSIM_CLOCK_REALTIME};
    for (size_t i = 0; i < 2; i++) {
        struct halsim_host_config config = loop_config(kinds[i]);
        struct halsim_host *host = loop_host_with(&config, "async", NULL);
        struct halsim_device_info info;
        assert_ok(halsim_device_set_format(host, 0, 4, &loop_int16, error));
        assert_ok(halsim_device_info(host, 0, &info, error));
        assert_int_equal(info.streams[1].physical_format.mBitsPerChannel, 16);
        assert_int_equal(info.streams[1].virtual_format.mBitsPerChannel, 32);
        halsim_host_destroy(host);
    }
}

static void a_format_that_does_not_come_is_a_timeout(void **state) {
    (void)state;
    struct halsim_host *host = impatient_host(NULL, NULL);
    struct halsim_error failure = {0};
    assert_ok(halsim_device_refuse_changes(host, 0, 1, error));
    assert_false(halsim_device_set_format(host, 0, 4, &loop_int16, &failure));
    assert_int_equal(failure.status, HALSIM_ERROR_TIMEOUT);
    assert_ok(halsim_device_set_format(host, 0, 4, &loop_int16, error));
    halsim_host_destroy(host);
}

static void a_change_asked_for_in_a_call_is_done_when_it_returns(void **state) {
    (void)state;
    static const char *const faults[] = {"change:AddDeviceClient", "change:StartIO",
                                         "change:StopIO", "change:RemoveDeviceClient"};
    for (size_t i = 0; i < 4; i++) {
        struct halsim_host *host = loop_host(NULL, faults[i]);
        struct halsim_device_info info;
        uint32_t client;
        for (size_t step = 0; step < 4; step++) {
            if (step == 0) {
                assert_ok(halsim_client_add(host, 0, NULL, &client, error));
            } else if (step == 1) {
                assert_ok(halsim_io_start(host, 0, client, error));
            } else if (step == 2) {
                assert_ok(halsim_io_stop(host, 0, client, error));
            } else {
                assert_ok(halsim_client_remove(host, 0, client, error));
            }
            assert_ok(halsim_device_info(host, 0, &info, error));
            assert_true(info.nominal_rate == (step < i ? 48000.0 : 96000.0));
            assert_int_equal(info.is_running, step == 1);
        }
        assert_int_equal(loop_notices(HALSIM_NOTICE_CONFIGURATION_PERFORMED), 1);
        halsim_host_destroy(host);
    }
}

/* A driver that is being unloaded is not told to perform. */
static void a_change_asked_for_during_unload_is_aborted(void **state) {
    (void)state;
    loop_record_begin();
    struct halsim_host *host = loop_host(NULL, "change:StopIO");
    (void)loop_started_client(host, NULL);
    assert_ok(halsim_plugin_unload(host, 0, error));
    const struct loop_call *calls;
    (void)loop_calls(&calls);
    assert_int_equal(loop_find_call("PerformDeviceConfigurationChange", NULL, 0), -1);
    assert_true(loop_find_call("AbortDeviceConfigurationChange", NULL, 0) >
                loop_find_call("RemoveDeviceClient", NULL, 0));
    halsim_host_destroy(host);
    loop_record_end();
}

static void io_that_does_not_come_back_is_told_of(void **state) {
    (void)state;
    /* The first StartIO is the client's; the second comes after the change, asked for or not. */
    static const char *const shapes[] = {NULL, "at-once"};
    for (size_t i = 0; i < 2; i++) {
        struct halsim_host *host = loop_host(shapes[i], "error:StartIO:2");
        struct halsim_client_config config = {.name = "player"};
        uint32_t client;
        assert_ok(halsim_client_add(host, 0, &config, &client, error));
        assert_ok(halsim_io_start(host, 0, client, error));
        assert_ok(halsim_device_set_rate(host, 0, 96000, error));
        assert_int_equal(loop_notices(HALSIM_NOTICE_IO_STOPPED_ABNORMALLY), 1);
        assert_non_null(strstr(loop_last_text(HALSIM_NOTICE_IO_STOPPED_ABNORMALLY),
                               "(player) does not start again: StartIO"));
        struct halsim_device_info info;
        assert_ok(halsim_device_info(host, 0, &info, error));
        assert_false(info.is_running);
        halsim_host_destroy(host);
    }
}

static void starts_of_one_client_nest(void **state) {
    (void)state;
    struct halsim_host *host = loop_host(NULL, NULL);
    uint32_t client = loop_client(host, &check);
    struct halsim_device_info info;
    for (int i = 0; i < 3; i++) {
        assert_ok(halsim_io_start(host, 0, client, error));
    }
    for (int i = 0; i < 3; i++) {
        assert_ok(halsim_device_info(host, 0, &info, error));
        assert_true(info.is_running);
        assert_ok(halsim_io_stop(host, 0, client, error));
    }
    assert_ok(halsim_device_info(host, 0, &info, error));
    assert_false(info.is_running);
    assert_false(halsim_io_stop(host, 0, client, NULL));
    halsim_host_destroy(host);
}

/* ---- storage ----------------------------------------------------------------------------- */

static void stored_values_outlive_the_host(void **state) {
    (void)state;
    char folder[] = "storage-test-XXXXXX";
    assert_non_null(mkdtemp(folder));
    for (int run = 1; run <= 3; run++) {
        struct halsim_host_config config = loop_config(HALSIM_CLOCK_VIRTUAL);
        config.storage_folder = folder;
        struct halsim_host *host = loop_host_with(&config, "counts-loads", NULL);
        /* Loop shows the number of its loads, which only storage can know, as its model name. */
        char *loads = halsim_property_get_string(
            host, (struct halsim_object){0, 2},
            &(AudioObjectPropertyAddress){kAudioObjectPropertyModelName,
                                          kAudioObjectPropertyScopeGlobal, 0},
            NULL);
        assert_non_null(loads);
        assert_int_equal(atoi(loads), run);
        free(loads);
        halsim_host_destroy(host);
    }
    char path[128];
    (void)snprintf(path, sizeof path, "%s/org.hal-lab.fixture.loop.plist", folder);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    FILE *file = fopen(path, "wb");
    (void)fputs("garbage", file);
    (void)fclose(file);
    struct halsim_host_config config = loop_config(HALSIM_CLOCK_VIRTUAL);
    config.storage_folder = folder;
    struct halsim_error failure = {0};
    struct halsim_host *host = halsim_host_create(&config, &failure);
    uint32_t plugin;
    assert_false(halsim_plugin_load(host, LOOP_DRIVER, &plugin, &failure));
    assert_non_null(strstr(failure.message, path));
    halsim_host_destroy(host);
    (void)remove(path);
    (void)remove(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rate_change_stops_and_restarts_running_io),
        cmocka_unit_test(a_change_asked_for_from_a_thread_of_the_driver_works_too),
        cmocka_unit_test(a_change_asked_for_from_the_main_queue_comes_in_its_own_time),
        cmocka_unit_test(a_change_that_never_comes_is_a_timeout),
        cmocka_unit_test(an_error_of_perform_is_told),
        cmocka_unit_test(a_refused_change_is_aborted_and_io_goes_on),
        cmocka_unit_test(a_format_is_set_when_the_stream_has_it),
        cmocka_unit_test(a_format_that_does_not_come_is_a_timeout),
        cmocka_unit_test(a_change_asked_for_in_a_call_is_done_when_it_returns),
        cmocka_unit_test(a_change_asked_for_during_unload_is_aborted),
        cmocka_unit_test(io_that_does_not_come_back_is_told_of),
        cmocka_unit_test(starts_of_one_client_nest),
        cmocka_unit_test(stored_values_outlive_the_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
