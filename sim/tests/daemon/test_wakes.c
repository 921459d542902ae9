/* Are the percentiles of the wake-up error those of the cycles? */
#include "rpc_unit.h"

#include "wakes.h"

static struct wakes wakes;

static void cycle(uint64_t late_ns) {
    const struct halsim_trace_record record = {.scheduled_ns = 1000000,
                                               .woke_ns = 1000000 + late_ns};
    wakes_after_cycle(0, &record, &wakes);
}

static void percentiles_are_upper_edges_of_microseconds(void **state) {
    (void)state;
    memset(&wakes, 0, sizeof wakes);
    assert_true(wakes_percentile_us(&wakes, 50) == 0);
    for (uint64_t i = 0; i < 100; i++) {
        cycle(i * 1000 + 500); /* 0.5 us to 99.5 us */
    }
    assert_true(wakes_percentile_us(&wakes, 50) == 50);
    assert_true(wakes_percentile_us(&wakes, 99) == 99);
    assert_true(wakes_percentile_us(&wakes, 100) == 100);
    assert_true(wakes_percentile_us(&wakes, 0) == 1);
    assert_int_equal(wakes.max_ns, 99500);
}

static void what_is_very_late_still_counts(void **state) {
    (void)state;
    memset(&wakes, 0, sizeof wakes);
    cycle(5000000000u);
    assert_int_equal(wakes.max_ns, 5000000000u);
    assert_true(wakes_percentile_us(&wakes, 50) == WAKES_BUCKETS);
    const struct halsim_trace_record early = {.scheduled_ns = 10, .woke_ns = 5};
    wakes_after_cycle(0, &early, &wakes); /* never early, but then: not late */
    assert_int_equal(wakes.buckets[0], 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percentiles_are_upper_edges_of_microseconds),
        cmocka_unit_test(what_is_very_late_still_counts),
    };
    return cmocka_run_group_tests_name("daemon.wakes", tests, NULL, NULL);
}
