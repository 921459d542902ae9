/* Do time without cycles, late wakes and lost cycles cost what they must, and nothing else? */
#include "loop_host.h"

#define MS_TO_NS UINT64_C(1000000)

static struct halsim_check check;

static struct halsim_host *playing(void) {
    struct halsim_host *host = loop_host(NULL, NULL);
    (void)loop_started_client(host, &check);
    assert_ok(halsim_io_run_cycles(host, 0, 100, error));
    return host;
}

static struct halsim_io_stats stats_of(struct halsim_host *host) {
    struct halsim_io_stats stats;
    assert_ok(halsim_io_stats(host, 0, &stats, error));
    return stats;
}

static uint64_t now_ns(struct halsim_host *host) {
    return halsim_clock_now_ns(halsim_host_clock(host));
}

static void time_that_passes_without_a_cycle_makes_the_next_late_and_skips_the_rest(void **state) {
    (void)state;
    struct halsim_host *host = playing();
    uint64_t before = now_ns(host);
    assert_ok(halsim_host_advance(host, 100 * MS_TO_NS, error));
    assert_int_equal(now_ns(host) - before, 100 * MS_TO_NS);
    assert_int_equal(stats_of(host).cycles, 100); /* none ran */
    assert_ok(halsim_io_run_cycles(host, 0, 10, error));
    struct halsim_io_stats stats = stats_of(host);
    assert_int_equal(stats.cycles, 110);
    /* Due every 10 ms: the one that is 90 ms late runs; of those behind it, all but the one that is
     * due now are too late by a period or more. */
    assert_int_equal(stats.skipped_cycles, 8);
    assert_int_equal(stats.late_wakes, 1);
    assert_int_equal(stats.timestamp_jumps + stats.seed_changes + stats.driver_errors, 0);
    halsim_host_destroy(host);
}

static void time_passes_as_well_while_no_io_runs(void **state) {
    (void)state;
    struct halsim_host *host = loop_host(NULL, NULL);
    uint64_t before = now_ns(host);
    assert_ok(halsim_host_advance(host, 3600000 * MS_TO_NS, error));
    assert_int_equal(now_ns(host) - before, 3600000 * MS_TO_NS);
    (void)loop_started_client(host, &check);
    assert_ok(halsim_io_run_cycles(host, 0, 100, error));
    assert_int_equal(stats_of(host).skipped_cycles, 0);
    assert_true(halsim_check_is_clean(&check));
    halsim_host_destroy(host);
}

static void a_late_wake_is_as_late_as_it_was_asked_to_be(void **state) {
    (void)state;
    const struct {
        uint64_t late_ms;
        uint64_t skipped, late;
    } cases[] = {{0, 0, 0}, {4, 0, 1}, {10, 0, 2}, {25, 1, 2}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct halsim_host *host = playing();
        uint64_t due = now_ns(host) + 10 * MS_TO_NS;
        assert_ok(halsim_device_wake_late(host, 0, cases[i].late_ms * MS_TO_NS, error));
        assert_in_range(now_ns(host) - due, cases[i].late_ms * MS_TO_NS,
                        cases[i].late_ms * MS_TO_NS + 1);
        assert_ok(halsim_io_run_cycles(host, 0, 10, error));
        struct halsim_io_stats stats = stats_of(host);
        assert_in_range(stats.skipped_cycles, cases[i].skipped, cases[i].skipped + 1);
        assert_in_range(stats.late_wakes, cases[i].late > 0, cases[i].late);
        halsim_host_destroy(host);
    }
}

static void lost_cycles_are_counted_and_the_next_is_on_time(void **state) {
    (void)state;
    struct halsim_host *host = playing();
    uint64_t before = now_ns(host);
    assert_ok(halsim_device_lose_cycles(host, 0, 7, error));
    assert_int_equal(now_ns(host), before);
    assert_ok(halsim_io_run_cycles(host, 0, 1, error));
    assert_in_range(now_ns(host) - before, 80 * MS_TO_NS - 1, 80 * MS_TO_NS + 1);
    struct halsim_io_stats stats = stats_of(host);
    assert_int_equal(stats.skipped_cycles, 7);
    assert_int_equal(stats.late_wakes, 0);
    assert_int_equal(stats.cycles, 101);
    halsim_host_destroy(host);
}

/* The bad case: what is lost on the way of a driver whose ring goes by time can be heard. */
static void lost_cycles_can_be_heard_behind_a_ring_that_goes_by_time(void **state) {
    (void)state;
    struct halsim_host *host = playing();
    assert_true(halsim_check_is_clean(&check));
    assert_ok(halsim_device_lose_cycles(host, 0, 7, error));
    assert_ok(halsim_io_run_cycles(host, 0, 20, error));
    assert_false(halsim_check_is_clean(&check));
    halsim_host_destroy(host);
}

static void a_device_that_does_not_run_has_no_cycle_to_lose(void **state) {
    (void)state;
    struct halsim_host *host = loop_host(NULL, NULL);
    struct halsim_error error;
    assert_false(halsim_device_lose_cycles(host, 0, 1, &error));
    assert_int_equal(error.status, HALSIM_ERROR_STATE);
    assert_false(halsim_device_wake_late(host, 0, 1, &error));
    assert_int_equal(error.status, HALSIM_ERROR_STATE);
    assert_false(halsim_device_lose_cycles(host, 9, 1, &error));
    assert_int_equal(error.status, HALSIM_ERROR_NOT_FOUND);
    halsim_host_destroy(host);
}

static void real_time_is_not_moved(void **state) {
    (void)state;
    struct halsim_host_config config = loop_config(HALSIM_CLOCK_REALTIME);
    config.realtime_priority = false;
    struct halsim_host *host = loop_host_with(&config, NULL, NULL);
    struct halsim_error error;
    assert_false(halsim_host_advance(host, 1, &error));
    assert_int_equal(error.status, HALSIM_ERROR_UNSUPPORTED);
    assert_false(halsim_device_wake_late(host, 0, 1, &error));
    assert_int_equal(error.status, HALSIM_ERROR_UNSUPPORTED);
    assert_false(halsim_device_lose_cycles(host, 0, 1, &error));
    assert_int_equal(error.status, HALSIM_ERROR_UNSUPPORTED);
    halsim_host_destroy(host);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_that_passes_without_a_cycle_makes_the_next_late_and_skips_the_rest),
        cmocka_unit_test(time_passes_as_well_while_no_io_runs),
        cmocka_unit_test(a_late_wake_is_as_late_as_it_was_asked_to_be),
        cmocka_unit_test(lost_cycles_are_counted_and_the_next_is_on_time),
        cmocka_unit_test(lost_cycles_can_be_heard_behind_a_ring_that_goes_by_time),
        cmocka_unit_test(a_device_that_does_not_run_has_no_cycle_to_lose),
        cmocka_unit_test(real_time_is_not_moved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
