/* Host time: the source, the timebase, and waiting for a tick. */
#include "death.h"
#include <halsdk/halsdk.h>
#include <mach/mach.h>
#include <mach/mach_time.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

static _Atomic uint64_t fake_ns;

static uint64_t read_fake(void *context) {
    (void)context;
    return atomic_load(&fake_ns);
}

static const struct halsdk_time_source fake_source = {read_fake, NULL};

static int set_up(void **state) {
    (void)state;
    atomic_store(&fake_ns, 0);
    halsdk_set_time_source(&fake_source);
    return halsdk_set_timebase(1, 1) ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    halsdk_set_time_source(NULL);
    return halsdk_set_timebase(1, 1) ? 0 : -1;
}

static uint64_t monotonic_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void the_default_source_is_clock_monotonic(void **state) {
    uint64_t before, now, after;

    (void)state;
    halsdk_set_time_source(NULL);
    before = monotonic_ns();
    now = mach_absolute_time();
    after = monotonic_ns();
    assert_in_range(now, before, after);
}

static void a_source_of_the_host_is_what_drivers_read(void **state) {
    (void)state;
    atomic_store(&fake_ns, 123456789);
    assert_int_equal(mach_absolute_time(), 123456789);
    assert_int_equal(mach_approximate_time(), 123456789);
    assert_int_equal(mach_continuous_time(), 123456789);
}

static void apple_silicon_counts_24_ticks_a_microsecond(void **state) {
    mach_timebase_info_data_t info;

    (void)state;
    assert_true(halsdk_set_timebase(125, 3));
    assert_int_equal(mach_timebase_info(&info), KERN_SUCCESS);
    assert_int_equal(info.numer, 125);
    assert_int_equal(info.denom, 3);
    atomic_store(&fake_ns, 1000);
    assert_int_equal(mach_absolute_time(), 24);
    atomic_store(&fake_ns, 1000000000);
    assert_int_equal(mach_absolute_time(), 24000000);
    /* 41.67 ns a tick: rounded down. */
    atomic_store(&fake_ns, 41);
    assert_int_equal(mach_absolute_time(), 0);
    atomic_store(&fake_ns, 42);
    assert_int_equal(mach_absolute_time(), 1);
}

static void centuries_of_uptime_convert_exactly(void **state) {
    const uint64_t century_ns = 3155760000000000000u; /* 100 years of 365.25 days */
    const uint64_t ticks = UINT64_C(7573824000000000000);

    (void)state;
    assert_true(halsdk_set_timebase(125, 3));
    /* ns * 3 would not fit into 64 bits for the second, ticks * 125 not for either. */
    assert_int_equal(halsdk_ticks_from_ns(century_ns), century_ns / 125 * 3);
    assert_int_equal(halsdk_ticks_from_ns(UINT64_MAX), UINT64_C(442721857769029238));
    assert_int_equal(halsdk_ns_from_ticks(century_ns / 125 * 3), century_ns);
    assert_int_equal(halsdk_ns_from_ticks(24), 1000);
    assert_int_equal(halsdk_ns_from_ticks(ticks), UINT64_MAX); /* does not fit */
}

static void a_timebase_of_zero_is_refused(void **state) {
    mach_timebase_info_data_t info;

    (void)state;
    assert_false(halsdk_set_timebase(0, 1));
    assert_false(halsdk_set_timebase(1, 0));
    mach_timebase_info(&info);
    assert_int_equal(info.numer, 1);
    assert_int_equal(info.denom, 1);
    assert_int_equal(mach_timebase_info(NULL), KERN_INVALID_ARGUMENT);
}

static void waiting_ends_at_the_tick_and_not_before(void **state) {
    (void)state;
    halsdk_set_time_source(NULL);
    assert_true(halsdk_set_timebase(125, 3));
    for (int i = 0; i < 200; i++) {
        uint64_t deadline = mach_absolute_time() + 240; /* 10 us */

        assert_int_equal(mach_wait_until(deadline), KERN_SUCCESS);
        assert_true(mach_absolute_time() >= deadline);
    }
    assert_int_equal(mach_wait_until(0), KERN_SUCCESS); /* passed long ago */
}

struct sleeper {
    uint64_t deadline;
    _Atomic bool is_awake;
};

static void *sleep_until(void *argument) {
    struct sleeper *sleeper = argument;

    mach_wait_until(sleeper->deadline);
    atomic_store(&sleeper->is_awake, true);
    return NULL;
}

static void in_virtual_time_waiting_ends_when_the_host_says_so(void **state) {
    struct sleeper sleeper = {.deadline = 24000}; /* 1 ms */
    pthread_t thread;

    (void)state;
    assert_true(halsdk_set_timebase(125, 3));
    assert_int_equal(pthread_create(&thread, NULL, sleep_until, &sleeper), 0);
    atomic_store(&fake_ns, 999999);
    halsdk_run_timers_until(999999);
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    assert_false(atomic_load(&sleeper.is_awake));
    atomic_store(&fake_ns, 1000000);
    halsdk_run_timers_until(1000000);
    pthread_join(thread, NULL);
    assert_true(atomic_load(&sleeper.is_awake));
}

static uint64_t read_constant(void *context) {
    return *(const uint64_t *)context;
}

static void *read_many(void *argument) {
    _Atomic bool *ends = argument;

    while (!atomic_load(ends)) {
        uint64_t now = mach_absolute_time();
        if (now != 7 && now != 9)
            return (void *)1;
    }
    return NULL;
}

static void a_reader_never_sees_half_of_a_new_source(void **state) {
    static uint64_t seven = 7, nine = 9;
    const struct halsdk_time_source first = {read_constant, &seven},
                                    second = {read_constant, &nine};
    _Atomic bool ends = false;
    pthread_t thread;
    void *failed;

    (void)state;
    halsdk_set_time_source(&first);
    assert_int_equal(pthread_create(&thread, NULL, read_many, &ends), 0);
    for (int i = 0; i < 20000; i++)
        halsdk_set_time_source(i % 2 ? &first : &second);
    atomic_store(&ends, true);
    pthread_join(thread, &failed);
    assert_null(failed);
}

static void error_numbers_have_names(void **state) {
    (void)state;
    assert_string_equal(mach_error_string(KERN_SUCCESS), "(os/kern) successful");
    assert_string_equal(mach_error_string(KERN_OPERATION_TIMED_OUT),
                        "(os/kern) operation timed out");
    assert_string_equal(mach_error_string(12345), "unknown error code");
    assert_string_equal(mach_error_string(-1), "unknown error code");
    assert_string_equal(mach_error_type(KERN_FAILURE), "os/kern");
    assert_int_equal(err_get_system(err_local | 5), 0x3e);
    assert_int_equal(err_get_code(err_local | 5), 5);
}

static void thread_policies_are_accepted(void **state) {
    thread_time_constraint_policy_data_t policy = {240000, 1000, 240000, 1};

    (void)state;
    assert_int_equal(THREAD_TIME_CONSTRAINT_POLICY_COUNT, 4);
    assert_int_equal(thread_policy_set(mach_thread_self(), THREAD_TIME_CONSTRAINT_POLICY,
                                       (thread_policy_t)&policy,
                                       THREAD_TIME_CONSTRAINT_POLICY_COUNT),
                     KERN_SUCCESS);
    assert_int_equal(thread_policy_set(mach_thread_self(), THREAD_PRECEDENCE_POLICY, NULL, 1),
                     KERN_INVALID_ARGUMENT);
    assert_int_equal(mach_port_deallocate(mach_task_self(), mach_thread_self()), KERN_SUCCESS);
    assert_int_equal(
        mach_port_mod_refs(mach_task_self(), mach_thread_self(), MACH_PORT_RIGHT_SEND, -1),
        KERN_SUCCESS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_default_source_is_clock_monotonic, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_source_of_the_host_is_what_drivers_read, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(apple_silicon_counts_24_ticks_a_microsecond, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(centuries_of_uptime_convert_exactly, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_timebase_of_zero_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(waiting_ends_at_the_tick_and_not_before, set_up, tear_down),
        cmocka_unit_test_setup_teardown(in_virtual_time_waiting_ends_when_the_host_says_so, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_reader_never_sees_half_of_a_new_source, set_up,
                                        tear_down),
        cmocka_unit_test(error_numbers_have_names),
        cmocka_unit_test(thread_policies_are_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
