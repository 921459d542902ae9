/* test_plugin.c - COM, life, IO and configuration changes, through the entry points. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above first */
#include "fixture.h"
#include <cmocka.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static CFUUIDBytes uuid_bytes(CFUUIDRef uuid) {
    return CFUUIDGetUUIDBytes(uuid);
}

/* ---- COM ----------------------------------------------------------------------------------- */

static void the_factory_makes_one_instance_for_the_right_type(void **state) {
    struct fixture *fixture = *state;
    assert_null(fixture_factory(NULL, kAudioServerPlugInDriverInterfaceUUID));
    assert_null(fixture_factory(NULL, NULL));
    void *again = fixture_factory(NULL, kAudioServerPlugInTypeUUID);
    assert_ptr_equal(again, fixture->driver);
    assert_int_equal(fixture_counts.created, 1);
    assert_int_equal((*fixture->driver)->Release(fixture->driver), 1);
    assert_int_equal(fixture_counts.destroyed, 0);
}

static void query_interface_knows_two_interfaces(void **state) {
    struct fixture *fixture = *state;
    AudioServerPlugInDriverRef driver = fixture->driver;
    void *out = NULL;
    assert_int_equal((*driver)->QueryInterface(driver, uuid_bytes(IUnknownUUID), &out), S_OK);
    assert_ptr_equal(out, driver);
    assert_int_equal(
        (*driver)->QueryInterface(driver, uuid_bytes(kAudioServerPlugInDriverInterfaceUUID), &out),
        S_OK);
    assert_ptr_equal(out, driver);
    assert_int_equal((*driver)->Release(driver), 2);
    assert_int_equal((*driver)->Release(driver), 1);
    out = driver;
    assert_int_equal(
        (*driver)->QueryInterface(driver, uuid_bytes(kAudioServerPlugInTypeUUID), &out),
        (HRESULT)E_NOINTERFACE);
    assert_null(out);
    assert_int_equal((*driver)->QueryInterface(driver, uuid_bytes(IUnknownUUID), NULL),
                     (HRESULT)E_POINTER);
    assert_int_equal((*driver)->AddRef(driver), 2);
    assert_int_equal((*driver)->Release(driver), 1);
}

static void the_last_release_destroys_and_the_next_factory_call_starts_anew(void **state) {
    (void)state;
    memset(&fixture_counts, 0, sizeof fixture_counts);
    AudioServerPlugInDriverRef driver = fixture_factory(NULL, kAudioServerPlugInTypeUUID);
    assert_int_equal((*driver)->Release(driver), 0);
    assert_int_equal(fixture_counts.destroyed, 1);
    driver = fixture_factory(NULL, kAudioServerPlugInTypeUUID);
    assert_int_equal(fixture_counts.created, 2);
    assert_int_equal((*driver)->Release(driver), 0);
}

static void a_pointer_that_is_no_driver_is_refused(void **state) {
    struct fixture *fixture = *state;
    AudioServerPlugInDriverRef driver = fixture->driver;
    struct AudioServerPlugInDriverInterface other, *other_pointer = &other;
    AudioObjectPropertyAddress address =
        address_of(kAudioObjectPropertyClass, kAudioObjectPropertyScopeGlobal);
    UInt32 size;
    assert_int_equal((*driver)->GetPropertyDataSize(&other_pointer, 1, 0, &address, 0, NULL, &size),
                     kAudioHardwareBadObjectError);
    assert_int_equal((*driver)->StartIO(&other_pointer, FIXTURE_OUTPUT, 1),
                     kAudioHardwareBadObjectError);
    assert_int_equal((*driver)->StartIO(NULL, FIXTURE_OUTPUT, 1), kAudioHardwareBadObjectError);
    assert_int_equal((*driver)->AddRef(NULL), 0);
}

/* ---- life ---------------------------------------------------------------------------------- */

static void nothing_runs_before_initialize_has_succeeded(void **state) {
    (void)state;
    struct fake_host host;
    memset(&fixture_counts, 0, sizeof fixture_counts);
    fake_host_init(&host);
    AudioServerPlugInDriverRef driver = fixture_factory(NULL, kAudioServerPlugInTypeUUID);
    assert_int_equal((*driver)->StartIO(driver, FIXTURE_OUTPUT, 1), kAudioHardwareNotReadyError);
    assert_int_equal((*driver)->Initialize(driver, NULL), kAudioHardwareIllegalOperationError);
    fixture_initialize_status = kAudioHardwareIllegalOperationError;
    assert_int_equal((*driver)->Initialize(driver, fake_host_ref(&host)),
                     kAudioHardwareIllegalOperationError);
    assert_int_equal((*driver)->StartIO(driver, FIXTURE_OUTPUT, 1), kAudioHardwareNotReadyError);
    fixture_initialize_status = kAudioHardwareNoError;
    assert_int_equal((*driver)->Initialize(driver, fake_host_ref(&host)), 0);
    assert_int_equal((*driver)->Initialize(driver, fake_host_ref(&host)),
                     kAudioHardwareIllegalOperationError);
    assert_int_equal((*driver)->StartIO(driver, FIXTURE_OUTPUT, 1), 0);
    assert_int_equal((*driver)->StopIO(driver, FIXTURE_OUTPUT, 1), 0);
    (*driver)->Release(driver);
}

static void devices_are_not_made_on_request(void **state) {
    struct fixture *fixture = *state;
    AudioObjectID id;
    assert_int_equal((*fixture->driver)->CreateDevice(fixture->driver, NULL, NULL, &id),
                     kAudioHardwareUnsupportedOperationError);
    assert_int_equal((*fixture->driver)->DestroyDevice(fixture->driver, FIXTURE_OUTPUT),
                     kAudioHardwareUnsupportedOperationError);
}

/* ---- IO ------------------------------------------------------------------------------------ */

struct zero {
    Float64 sample;
    UInt64 host;
    UInt64 seed;
};

static struct zero zero_time(AudioServerPlugInDriverRef driver) {
    struct zero zero;
    assert_int_equal((*driver)->GetZeroTimeStamp(driver, FIXTURE_OUTPUT, 1, &zero.sample,
                                                 &zero.host, &zero.seed),
                     0);
    return zero;
}

static void a_second_start_leaves_the_time_line_alone(void **state) {
    struct fixture *fixture = *state;
    AudioServerPlugInDriverRef driver = fixture->driver;
    assert_int_equal((*driver)->StartIO(driver, FIXTURE_OUTPUT, 1), 0);
    struct zero first = zero_time(driver);
    assert_int_equal((*driver)->StartIO(driver, FIXTURE_OUTPUT, 2), 0);
    struct zero second = zero_time(driver);
    assert_int_equal(second.seed, first.seed);
    assert_true(second.host >= first.host);
    assert_int_equal(fixture_counts.started, 1);
    assert_int_equal((*driver)->StopIO(driver, FIXTURE_OUTPUT, 1), 0);
    assert_int_equal(fixture_counts.stopped, 0);
    assert_int_equal(get_u32(driver, FIXTURE_OUTPUT, kAudioDevicePropertyDeviceIsRunning), 1);
    assert_int_equal(zero_time(driver).seed, first.seed);
    assert_int_equal((*driver)->StopIO(driver, FIXTURE_OUTPUT, 2), 0);
    assert_int_equal(fixture_counts.stopped, 1);
    assert_int_equal(get_u32(driver, FIXTURE_OUTPUT, kAudioDevicePropertyDeviceIsRunning), 0);
    assert_int_equal((*driver)->StartIO(driver, FIXTURE_OUTPUT, 1), 0);
    assert_true(zero_time(driver).seed != first.seed);
    assert_int_equal((*driver)->StopIO(driver, FIXTURE_OUTPUT, 1), 0);
}

static void there_is_no_time_without_io(void **state) {
    struct fixture *fixture = *state;
    AudioServerPlugInDriverRef driver = fixture->driver;
    Float64 sample;
    UInt64 host, seed;
    assert_int_equal((*driver)->GetZeroTimeStamp(driver, FIXTURE_OUTPUT, 1, &sample, &host, &seed),
                     kAudioHardwareNotRunningError);
    assert_int_equal((*driver)->GetZeroTimeStamp(driver, FIXTURE_OUTPUT, 1, NULL, &host, &seed),
                     kAudioHardwareIllegalOperationError);
    assert_int_equal((*driver)->GetZeroTimeStamp(driver, FIXTURE_VOLUME, 1, &sample, &host, &seed),
                     kAudioHardwareBadObjectError);
}

static void a_start_that_fails_counts_for_nothing(void **state) {
    struct fixture *fixture = *state;
    AudioServerPlugInDriverRef driver = fixture->driver;
    fixture_start_status = kAudioHardwareNotReadyError;
    assert_int_equal((*driver)->StartIO(driver, FIXTURE_OUTPUT, 1), kAudioHardwareNotReadyError);
    assert_int_equal(get_u32(driver, FIXTURE_OUTPUT, kAudioDevicePropertyDeviceIsRunning), 0);
    assert_int_equal((*driver)->StopIO(driver, FIXTURE_OUTPUT, 1),
                     kAudioHardwareIllegalOperationError);
    fixture_start_status = kAudioHardwareNoError;
    assert_int_equal((*driver)->StartIO(driver, FIXTURE_OUTPUT, 1), 0);
    assert_int_equal((*driver)->StopIO(driver, FIXTURE_OUTPUT, 1), 0);
}

static void a_client_that_is_removed_no_longer_keeps_io_running(void **state) {
    struct fixture *fixture = *state;
    AudioServerPlugInDriverRef driver = fixture->driver;
    const AudioServerPlugInClientInfo client = {.mClientID = 4, .mProcessID = 100};
    assert_int_equal((*driver)->AddDeviceClient(driver, FIXTURE_OUTPUT, &client), 0);
    assert_int_equal((*driver)->StartIO(driver, FIXTURE_OUTPUT, 4), 0);
    assert_int_equal((*driver)->RemoveDeviceClient(driver, FIXTURE_OUTPUT, &client), 0);
    assert_int_equal(fixture_counts.stopped, 1);
    assert_int_equal((*driver)->AddDeviceClient(driver, FIXTURE_OUTPUT, NULL),
                     kAudioHardwareIllegalOperationError);
    assert_int_equal((*driver)->AddDeviceClient(driver, FIXTURE_VOLUME, &client),
                     kAudioHardwareBadObjectError);
}

static void operations_are_answered_in_place_and_only_where_they_belong(void **state) {
    struct fixture *fixture = *state;
    AudioServerPlugInDriverRef driver = fixture->driver;
    static const UInt32 operations[] = {'thrd', 'cycl', 'read', 'cinp', 'pinp',
                                        'pout', 'mixo', 'pmix', 'cmix', 'rite'};
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        Boolean will = 7, in_place = 7;
        assert_int_equal((*driver)->WillDoIOOperation(driver, FIXTURE_OUTPUT, 1, operations[i],
                                                      &will, &in_place),
                         0);
        assert_int_equal(will, operations[i] == 'rite');
        assert_int_equal(in_place, 1);
        assert_int_equal(
            (*driver)->WillDoIOOperation(driver, FIXTURE_INPUT, 1, operations[i], &will, &in_place),
            0);
        assert_int_equal(will, operations[i] == 'read');
    }
}

static void an_operation_needs_the_right_stream_and_its_pointers(void **state) {
    struct fixture *fixture = *state;
    AudioServerPlugInDriverRef driver = fixture->driver;
    AudioServerPlugInIOCycleInfo cycle = {.mIOCycleCounter = 1};
    float buffer[32] = {0};
    const UInt32 rite = kAudioServerPlugInIOOperationWriteMix;
#define DO(device, stream, operation, cycle, main)                                                 \
    (*driver)->DoIOOperation(driver, device, stream, 1, operation, 16, cycle, main, NULL)
    assert_int_equal(DO(FIXTURE_OUTPUT, FIXTURE_OUTPUT_STREAM, rite, &cycle, buffer), 0);
    assert_int_equal(fixture_counts.io, 1);
    assert_int_equal(DO(FIXTURE_VOLUME, FIXTURE_OUTPUT_STREAM, rite, &cycle, buffer),
                     kAudioHardwareBadObjectError);
    assert_int_equal(DO(FIXTURE_OUTPUT, FIXTURE_INPUT_STREAM, rite, &cycle, buffer),
                     kAudioHardwareBadStreamError);
    assert_int_equal(DO(FIXTURE_OUTPUT, FIXTURE_VOLUME, rite, &cycle, buffer),
                     kAudioHardwareBadStreamError);
    assert_int_equal(DO(FIXTURE_OUTPUT, FIXTURE_OUTPUT_STREAM, 'read', &cycle, buffer),
                     kAudioHardwareUnsupportedOperationError);
    assert_int_equal(DO(FIXTURE_OUTPUT, FIXTURE_OUTPUT_STREAM, rite, NULL, buffer),
                     kAudioHardwareIllegalOperationError);
    assert_int_equal(DO(FIXTURE_OUTPUT, FIXTURE_OUTPUT_STREAM, rite, &cycle, NULL),
                     kAudioHardwareIllegalOperationError);
#undef DO
    assert_int_equal(fixture_counts.io, 1);
    assert_int_equal((*driver)->BeginIOOperation(driver, FIXTURE_OUTPUT, 1, rite, 16, &cycle), 0);
    assert_int_equal((*driver)->EndIOOperation(driver, 99, 1, rite, 16, &cycle),
                     kAudioHardwareBadObjectError);
}

/* ---- configuration changes ------------------------------------------------------------------ */

static void a_rate_is_asked_for_then_performed_then_told(void **state) {
    struct fixture *fixture = *state;
    AudioServerPlugInDriverRef driver = fixture->driver;
    Float64 rate = 96000;
    assert_int_equal(
        set_value(driver, FIXTURE_OUTPUT, kAudioDevicePropertyNominalSampleRate, &rate, 8), 0);
    assert_true(fixture->host.asked);
    assert_int_equal(fixture->host.asked_device, FIXTURE_OUTPUT);
    assert_true(fabs(get_f64(driver, FIXTURE_OUTPUT, 'nsrt') - 48000) < 1e-9);
    assert_int_equal(fixture->host.notice_count, 0);
    fixture->host.ask_back = driver;
    assert_int_equal(fake_host_grant(&fixture->host, driver), 0);
    assert_true(fabs(get_f64(driver, FIXTURE_OUTPUT, 'nsrt') - 96000) < 1e-9);
    assert_true(fake_host_was_told(&fixture->host, FIXTURE_OUTPUT, 'nsrt'));
    assert_true(fake_host_was_told(&fixture->host, FIXTURE_OUTPUT_STREAM, 'sfmt'));
    assert_true(fake_host_was_told(&fixture->host, FIXTURE_OUTPUT_STREAM, 'pft '));
    assert_false(fake_host_was_told(&fixture->host, FIXTURE_INPUT_STREAM, 'pft '));
    assert_true(fabs(get_f64(driver, FIXTURE_INPUT, 'nsrt') - 48000) < 1e-9);
}

static void a_rate_that_is_denied_changes_nothing(void **state) {
    struct fixture *fixture = *state;
    AudioServerPlugInDriverRef driver = fixture->driver;
    Float64 rate = 44100, bad = 32000, same = 48000;
    assert_int_equal(set_value(driver, FIXTURE_OUTPUT, 'nsrt', &rate, 8), 0);
    assert_int_equal(fake_host_deny(&fixture->host, driver), 0);
    assert_true(fabs(get_f64(driver, FIXTURE_OUTPUT, 'nsrt') - 48000) < 1e-9);
    assert_int_equal(fixture->host.notice_count, 0);
    assert_int_equal(set_value(driver, FIXTURE_OUTPUT, 'nsrt', &bad, 8),
                     kAudioHardwareIllegalOperationError);
    assert_false(fixture->host.asked);
    /* The rate it has already needs no change, but an answer. */
    assert_int_equal(set_value(driver, FIXTURE_OUTPUT, 'nsrt', &same, 8), 0);
    assert_false(fixture->host.asked);
    assert_true(fake_host_was_told(&fixture->host, FIXTURE_OUTPUT, 'nsrt'));
    assert_int_equal((*driver)->PerformDeviceConfigurationChange(driver, FIXTURE_OUTPUT, 1, NULL),
                     kAudioHardwareIllegalOperationError);
    assert_int_equal((*driver)->PerformDeviceConfigurationChange(driver, 99, 'nsrt', NULL),
                     kAudioHardwareBadObjectError);
    assert_int_equal((*driver)->AbortDeviceConfigurationChange(driver, 99, 'nsrt', NULL),
                     kAudioHardwareBadObjectError);
}

static void the_zero_time_stamp_follows_a_change_of_rate(void **state) {
    struct fixture *fixture = *state;
    AudioServerPlugInDriverRef driver = fixture->driver;
    Float64 rate = 96000;
    assert_int_equal((*driver)->StartIO(driver, FIXTURE_OUTPUT, 1), 0);
    UInt64 seed = zero_time(driver).seed;
    assert_int_equal(set_value(driver, FIXTURE_OUTPUT, 'nsrt', &rate, 8), 0);
    assert_int_equal(fake_host_grant(&fixture->host, driver), 0);
    assert_true(zero_time(driver).seed != seed);
    assert_int_equal((*driver)->StopIO(driver, FIXTURE_OUTPUT, 1), 0);
}

/* ---- threads ------------------------------------------------------------------------------- */

struct race {
    AudioServerPlugInDriverRef driver;
    _Atomic bool over;
};

static void *ask_all_the_time(void *argument) {
    struct race *race = argument;
    AudioServerPlugInDriverRef driver = race->driver;
    while (!atomic_load(&race->over)) {
        Float64 sample;
        UInt64 host, seed;
        Boolean will, in_place;
        (*driver)->GetZeroTimeStamp(driver, FIXTURE_OUTPUT, 1, &sample, &host, &seed);
        (*driver)->WillDoIOOperation(driver, FIXTURE_OUTPUT, 1, 'rite', &will, &in_place);
        get_u32(driver, FIXTURE_OUTPUT, kAudioDevicePropertyDeviceIsRunning);
        get_f32(driver, FIXTURE_VOLUME, kAudioLevelControlPropertyScalarValue);
    }
    return NULL;
}

/* For ThreadSanitizer: questions from one thread while another starts, stops and sets. */
static void questions_may_come_at_any_time(void **state) {
    struct fixture *fixture = *state;
    AudioServerPlugInDriverRef driver = fixture->driver;
    struct race race = {.driver = driver};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, ask_all_the_time, &race), 0);
    for (UInt32 i = 0; i < 2000; i++) {
        Float32 volume = (Float32)(i % 100) / 100.0f;
        assert_int_equal((*driver)->StartIO(driver, FIXTURE_OUTPUT, 1 + i % 3), 0);
        set_value(driver, FIXTURE_VOLUME, kAudioLevelControlPropertyScalarValue, &volume, 4);
        fake_host_forget_notices(&fixture->host);
        assert_int_equal((*driver)->StopIO(driver, FIXTURE_OUTPUT, 1 + i % 3), 0);
    }
    atomic_store(&race.over, true);
    pthread_join(thread, NULL);
    assert_int_equal(fixture_counts.started, 2000);
    assert_int_equal(fixture_counts.stopped, 2000);
}

#define PLUGIN_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        PLUGIN_TEST(the_factory_makes_one_instance_for_the_right_type),
        PLUGIN_TEST(query_interface_knows_two_interfaces),
        cmocka_unit_test(the_last_release_destroys_and_the_next_factory_call_starts_anew),
        PLUGIN_TEST(a_pointer_that_is_no_driver_is_refused),
        cmocka_unit_test(nothing_runs_before_initialize_has_succeeded),
        PLUGIN_TEST(devices_are_not_made_on_request),
        PLUGIN_TEST(a_second_start_leaves_the_time_line_alone),
        PLUGIN_TEST(there_is_no_time_without_io),
        PLUGIN_TEST(a_start_that_fails_counts_for_nothing),
        PLUGIN_TEST(a_client_that_is_removed_no_longer_keeps_io_running),
        PLUGIN_TEST(operations_are_answered_in_place_and_only_where_they_belong),
        PLUGIN_TEST(an_operation_needs_the_right_stream_and_its_pointers),
        PLUGIN_TEST(a_rate_is_asked_for_then_performed_then_told),
        PLUGIN_TEST(a_rate_that_is_denied_changes_nothing),
        PLUGIN_TEST(the_zero_time_stamp_follows_a_change_of_rate),
        PLUGIN_TEST(questions_may_come_at_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
