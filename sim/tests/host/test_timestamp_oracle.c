/* Does the oracle see each fault of a zero timestamp, none where there is none, and measure what is
 * there? */
#include "unit.h"

#include "timestamp_oracle.h"
#include <math.h>

#define RATE   48000.0
#define PERIOD 16384u
#define CYCLE  480u
#define NS     (1e9 / RATE)
#define START  UINT64_C(1000000000000)

static struct halsim_timestamp_oracle oracle;
static uint64_t cycle_count;

static uint64_t host_at(double sample, double ppm) {
    return START + (uint64_t)llround(sample * NS / (1.0 + ppm * 1e-6));
}

/* A driver that is asked `late_ns` after its timestamp. */
static void say(double sample, uint64_t host_ns, uint64_t seed, uint64_t late_ns) {
    const struct halsim_timestamp stamp = {sample, host_ns, seed};
    const struct halsim_moment moment = {host_ns + late_ns, cycle_count++};
    if (halsim_oracle_knows(&oracle, sample, host_ns, seed)) {
        halsim_oracle_check_age(&oracle, &moment);
    } else {
        halsim_oracle_take(&oracle, &stamp, host_ns, &moment);
    }
}

static void say_all(uint32_t first, uint32_t last, double ppm, uint64_t seed) {
    for (uint32_t i = first; i <= last; i++) {
        double sample = (double)i * PERIOD;
        say(sample, host_at(sample, ppm), seed, 5000000);
    }
}

static int begin(void **state) {
    (void)state;
    memset(&oracle, 0, sizeof oracle);
    cycle_count = 0;
    halsim_oracle_begin(&oracle, RATE, PERIOD, CYCLE);
    return 0;
}

static struct halsim_timestamp_report report(void) {
    struct halsim_timestamp_report result;
    halsim_oracle_report(&oracle, &result);
    return result;
}

/* Exactly these were violated, each once. */
static void assert_found(uint32_t bits) {
    struct halsim_timestamp_report found = report();
    for (uint32_t i = 0; i < HALSIM_TIMESTAMP_FAULTS; i++) {
        if (found.violations[i].count != (bits >> i & 1)) {
            fail_msg("%s: %u times", halsim_timestamp_fault_name((enum halsim_timestamp_fault)i),
                     (unsigned)found.violations[i].count);
        }
    }
}

static void a_good_clock_is_found_good(void **state) {
    (void)state;
    for (double ppm = -500; ppm <= 500; ppm += 250) {
        (void)begin(NULL);
        say_all(0, 2000, ppm, 1);
        assert_found(0);
        struct halsim_timestamp_report found = report();
        assert_int_equal(found.asked, 2001);
        assert_int_equal(found.different, 2001);
        assert_int_equal(found.time_lines, 1);
        assert_int_equal(found.largest_advance_periods, 1);
        assert_int_equal(found.driver.points, 2001);
        assert_true(fabs(found.driver.rate_ppm - ppm) < 1e-4);
        assert_true(found.driver.jitter_max_ns <= 2); /* whole nanoseconds */
        assert_true(found.driver.step_max_ns < 2);
    }
}

static void a_day_is_measured_as_well_as_a_minute(void **state) {
    (void)state;
    const uint32_t day = 253125; /* periods */
    for (uint32_t i = 0; i <= day; i++) {
        double sample = (double)i * PERIOD;
        int64_t jitter = (int64_t)((uint64_t)i * 7919 % 2001) - 1000;
        say(sample, host_at(sample, 123.456) + (uint64_t)jitter, 1, 5000000);
    }
    assert_found(0);
    struct halsim_time_fit fit = report().driver;
    assert_true(fabs(fit.rate_ppm - 123.456) < 1e-5);
    assert_true(fabs(fit.rms_ns - 577.6) < 0.2); /* 2000 / sqrt(12) */
    assert_in_range(fit.jitter_p99_ns, 980, 1007);
    assert_in_range(fit.jitter_p50_ns, 495, 510);
}

static void each_fault_has_its_name(void **state) {
    (void)state;
    const double at = 10 * PERIOD;
    const uint64_t host = host_at(at, 0);
    const struct {
        double sample;
        uint64_t host_ns, seed, late_ns;
        uint32_t faults;
    } cases[] = {
        {at, host, 1, 0, 0},
        {at, host_at(9 * PERIOD, 0), 1, 5000000,
         1u << HALSIM_TIMESTAMP_HOST_NOT_INCREASING | 1u << HALSIM_TIMESTAMP_BREAK_WITHOUT_SEED},
        {9 * PERIOD, host_at(9 * PERIOD, 0) + 1, 1, 0, 1u << HALSIM_TIMESTAMP_HOST_MOVED_ALONE},
        {at + 1, host, 1, 0,
         1u << HALSIM_TIMESTAMP_NOT_A_MULTIPLE | 1u << HALSIM_TIMESTAMP_ODD_ADVANCE},
        {at, host + 5000001, 1, 0, 1u << HALSIM_TIMESTAMP_BREAK_WITHOUT_SEED},
        {at, host + 4999990, 1, 0, 0},
        {0, host, 1, 0, 1u << HALSIM_TIMESTAMP_BREAK_WITHOUT_SEED},
        {0, host, 2, 0, 0},
        {at, host, 2, 0, 1u << HALSIM_TIMESTAMP_SEED_WITHOUT_BREAK},
        {9 * PERIOD, host_at(9 * PERIOD, 0), 2, 0, 1u << HALSIM_TIMESTAMP_SEED_WITHOUT_BREAK},
        {at, host + HALSIM_SEED_JUMP_NS + 10, 2, 0, 0},
        {at, host, 1, 692666666 + 10, 1u << HALSIM_TIMESTAMP_STALE},
        {at, host, 1, 692666666 - 10, 0},
        {at, host, 1, (uint64_t)-HALSIM_FUTURE_NS, 0},
        {at, host, 1, (uint64_t)-HALSIM_FUTURE_NS - 1, 1u << HALSIM_TIMESTAMP_IN_THE_FUTURE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)begin(NULL);
        say_all(0, 9, 0, 1);
        say(cases[i].sample, cases[i].host_ns, cases[i].seed, cases[i].late_ns);
        assert_found(cases[i].faults);
    }
}

static void what_the_host_cannot_take_is_counted_and_nothing_else(void **state) {
    (void)state;
    say_all(0, 9, 0, 1);
    halsim_oracle_take_impossible(&oracle, &(struct halsim_timestamp){NAN, START, 1},
                                  &(struct halsim_moment){START, 10});
    say_all(10, 20, 0, 1);
    assert_found(1u << HALSIM_TIMESTAMP_IMPOSSIBLE);
    assert_true(isnan(report().violations[HALSIM_TIMESTAMP_IMPOSSIBLE].after.sample));
}

static void the_first_of_a_kind_is_kept_with_what_came_before_it(void **state) {
    (void)state;
    say_all(0, 9, 0, 1);
    for (uint32_t i = 1; i <= 3; i++) {
        say(0, host_at(10 * PERIOD, 0) + i * UINT64_C(100000000), 1, 0);
        say(PERIOD, host_at(11 * PERIOD, 0) + i * UINT64_C(100000000), 1, 0);
    }
    const struct halsim_timestamp_violation *violation =
        &report().violations[HALSIM_TIMESTAMP_BREAK_WITHOUT_SEED];
    assert_int_equal(violation->count, 3);
    assert_int_equal(violation->cycle, 10);
    assert_int_equal(violation->asked_ns, host_at(10 * PERIOD, 0) + 100000000);
    assert_true(violation->has_before);
    assert_true(violation->before.sample == 9 * PERIOD && violation->after.sample == 0);
    /* ten periods back at a host time 100 ms late */
    assert_true(fabs(violation->jump_ns - (10 * PERIOD * NS + 1e8)) < 10);
}

static void an_old_timestamp_is_told_of_once(void **state) {
    (void)state;
    say_all(0, 9, 0, 1);
    for (uint64_t late = 0; late < 3000; late += 10) {
        say(9 * PERIOD, host_at(9 * PERIOD, 0), 1, late * 1000000);
    }
    assert_found(1u << HALSIM_TIMESTAMP_STALE);
}

static void a_new_run_of_io_has_nothing_before_it(void **state) {
    (void)state;
    say_all(0, 30, 0, 1);
    halsim_oracle_begin(&oracle, RATE, PERIOD, CYCLE);
    say(0, host_at(100 * PERIOD, 0), 1, 0);
    assert_found(0);
    assert_int_equal(report().time_lines, 2);
    assert_int_equal(report().driver.points, 31); /* the longest */
    assert_int_equal(report().modeled.points, 31);
}

static void periods_that_are_left_out_are_counted(void **state) {
    (void)state;
    for (uint32_t i = 0; i < 30; i += 3) {
        say_all(i, i, 0, 1);
    }
    assert_found(0);
    assert_int_equal(report().largest_advance_periods, 3);
}

static void a_device_without_a_period_is_not_held_to_one(void **state) {
    (void)state;
    halsim_oracle_begin(&oracle, RATE, 0, CYCLE);
    for (uint32_t i = 0; i < 100; i++) {
        say(i * 479.0 + 7, host_at(i * 479.0 + 7, 0), 1, UINT64_C(3000000000));
    }
    assert_found(0);
}

static void what_is_forgotten_is_counted_anew(void **state) {
    (void)state;
    say_all(0, 30, 0, 1);
    say(0, host_at(31 * PERIOD, 0), 1, 0);
    halsim_oracle_forget(&oracle);
    assert_found(0);
    assert_int_equal(report().asked, 0);
    assert_int_equal(report().driver.points, 0);
    say_all(40, 60, 50, 1);
    assert_found(0);
    assert_int_equal(report().driver.points, 21);
    assert_true(fabs(report().driver.rate_ppm - 50) < 1e-3);
}

static void nothing_asked_is_nothing_measured(void **state) {
    (void)state;
    memset(&oracle, 0, sizeof oracle);
    struct halsim_timestamp_report found = report();
    assert_true(found.driver.rate_ppm == 0 && found.driver.ns_per_frame == 0);
    assert_int_equal(found.driver.jitter_p99_ns, 0);
}

/* Percentiles are buckets' tops: never too low, and at most 1/64 too high. */
static void a_percentile_is_off_by_a_64th_at_most(void **state) {
    (void)state;
    static struct halsim_fit fit;
    for (double size = 3; size < 1e11; size *= 7) {
        halsim_fit_begin(&fit, NS);
        for (uint32_t i = 0; i < 2000; i++) {
            double sample = (double)i * PERIOD * 100;
            uint64_t away = i % 2 == 0 ? 0 : (uint64_t)size;
            halsim_fit_add(&fit, sample, START + (uint64_t)llround(sample * NS) + away, i);
        }
        struct halsim_time_fit found;
        halsim_fit_report(&fit, &found);
        /* A line through the middle: each point is half the size away, the early ones more. */
        double half = floor(size) / 2;
        assert_true((double)found.jitter_p50_ns >= half * 0.99 - 2);
        assert_true((double)found.jitter_p50_ns <= half * (1 + 1.0 / 64) * 1.01 + 2);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_good_clock_is_found_good, begin),
        cmocka_unit_test_setup(a_day_is_measured_as_well_as_a_minute, begin),
        cmocka_unit_test_setup(each_fault_has_its_name, begin),
        cmocka_unit_test_setup(what_the_host_cannot_take_is_counted_and_nothing_else, begin),
        cmocka_unit_test_setup(the_first_of_a_kind_is_kept_with_what_came_before_it, begin),
        cmocka_unit_test_setup(an_old_timestamp_is_told_of_once, begin),
        cmocka_unit_test_setup(a_new_run_of_io_has_nothing_before_it, begin),
        cmocka_unit_test_setup(periods_that_are_left_out_are_counted, begin),
        cmocka_unit_test_setup(a_device_without_a_period_is_not_held_to_one, begin),
        cmocka_unit_test_setup(what_is_forgotten_is_counted_anew, begin),
        cmocka_unit_test_setup(nothing_asked_is_nothing_measured, begin),
        cmocka_unit_test_setup(a_percentile_is_off_by_a_64th_at_most, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
