/* Does the host learn the device's true clock from its zero timestamps, and notice when it lies? */
#include "unit.h"

#include "device_clock.h"
#include <math.h>

#define RATE   48000.0
#define PERIOD 16384.0
#define START  UINT64_C(1000000000000)

static uint64_t host_at(double sample, double ppm) {
    return START + (uint64_t)llround(sample * 1e9 / (RATE * (1.0 + ppm * 1e-6)));
}

static void a_perfect_clock_is_known_to_the_nanosecond(void **state) {
    (void)state;
    struct halsim_device_clock clock;
    halsim_device_clock_init(&clock, RATE, HALSIM_ALGORITHM_SIMPLE_IIR);
    for (int i = 0; i < 100000; i++) { /* nine hours */
        double sample = i * PERIOD;
        enum halsim_clock_event event =
            halsim_device_clock_update(&clock, sample, host_at(sample, 0), 1, 1e6);
        assert_int_equal(event, HALSIM_CLOCK_ADVANCED);
    }
    double ahead = 100000 * PERIOD;
    int64_t error = (int64_t)(halsim_device_clock_host_ns(&clock, ahead) - host_at(ahead, 0));
    assert_in_range(error + 2, 0, 4);
}

static void a_clock_that_is_off_is_followed(void **state) {
    (void)state;
    const enum halsim_clock_algorithm algorithms[] = {
        HALSIM_ALGORITHM_RAW, HALSIM_ALGORITHM_SIMPLE_IIR, HALSIM_ALGORITHM_MOVING_AVERAGE_12};
    for (size_t a = 0; a < 3; a++) {
        for (double ppm = -500; ppm <= 500; ppm += 250) {
            struct halsim_device_clock clock;
            halsim_device_clock_init(&clock, RATE, algorithms[a]);
            for (int i = 0; i < 100; i++) {
                double sample = i * PERIOD;
                (void)halsim_device_clock_update(&clock, sample, host_at(sample, ppm), 1, 5e6);
            }
            double scalar = halsim_device_clock_rate_scalar(&clock);
            assert_true(fabs((scalar - 1.0) * 1e6 - ppm) < 0.5);
        }
    }
}

static void jitter_is_smoothed_by_the_filter(void **state) {
    (void)state;
    struct halsim_device_clock raw, filtered;
    halsim_device_clock_init(&raw, RATE, HALSIM_ALGORITHM_RAW);
    halsim_device_clock_init(&filtered, RATE, HALSIM_ALGORITHM_SIMPLE_IIR);
    double worst_raw = 0, worst_filtered = 0;
    for (int i = 0; i < 1000; i++) {
        double sample = i * PERIOD;
        int64_t jitter = (i * 7919 % 2001) - 1000; /* within 1 us, no pattern in it */
        uint64_t host = host_at(sample, 0) + (uint64_t)jitter;
        (void)halsim_device_clock_update(&raw, sample, host, 1, 5e6);
        (void)halsim_device_clock_update(&filtered, sample, host, 1, 5e6);
        if (i > 50) {
            double next = sample + PERIOD;
            double true_ns = (double)(host_at(next, 0) - START);
            worst_raw =
                fmax(worst_raw,
                     fabs((double)(halsim_device_clock_host_ns(&raw, next) - START) - true_ns));
            worst_filtered = fmax(
                worst_filtered,
                fabs((double)(halsim_device_clock_host_ns(&filtered, next) - START) - true_ns));
        }
    }
    assert_true(worst_filtered < worst_raw / 2);
}

static void the_same_timestamp_again_changes_nothing(void **state) {
    (void)state;
    struct halsim_device_clock clock, before;
    halsim_device_clock_init(&clock, RATE, HALSIM_ALGORITHM_SIMPLE_IIR);
    (void)halsim_device_clock_update(&clock, 0, START, 1, 5e6);
    before = clock;
    assert_int_equal(halsim_device_clock_update(&clock, 0, START, 1, 5e6), HALSIM_CLOCK_SAME);
    assert_memory_equal(&clock, &before, sizeof clock);
}

static void a_jump_a_step_back_and_a_new_seed_are_told_apart(void **state) {
    (void)state;
    struct halsim_device_clock clock;
    halsim_device_clock_init(&clock, RATE, HALSIM_ALGORITHM_SIMPLE_IIR);
    (void)halsim_device_clock_update(&clock, 0, START, 1, 5e6);
    (void)halsim_device_clock_update(&clock, PERIOD, host_at(PERIOD, 0), 1, 5e6);
    uint64_t late = host_at(2 * PERIOD, 0) + 6000000;
    assert_int_equal(halsim_device_clock_update(&clock, 2 * PERIOD, late, 1, 5e6),
                     HALSIM_CLOCK_JUMPED);
    assert_int_equal(halsim_device_clock_update(&clock, 0, START, 1, 5e6), HALSIM_CLOCK_WENT_BACK);
    assert_int_equal(halsim_device_clock_update(&clock, 0, START + 5, 2, 5e6),
                     HALSIM_CLOCK_NEW_SEED);
}

static void sample_and_host_time_are_inverse(void **state) {
    (void)state;
    struct halsim_device_clock clock;
    halsim_device_clock_init(&clock, 44100.0, HALSIM_ALGORITHM_RAW);
    (void)halsim_device_clock_update(&clock, 12345, START, 1, 5e6);
    for (double sample = 0; sample < 1e7; sample += 99991) {
        double back =
            halsim_device_clock_sample(&clock, halsim_device_clock_host_ns(&clock, sample));
        assert_true(fabs(back - sample) < 1e-4);
    }
}

static void what_no_clock_can_say_is_not_accepted(void **state) {
    (void)state;
    const uint64_t limit = UINT64_C(10000000000);
    const double samples[] = {NAN, INFINITY, -INFINITY, -1.0, 1e300, 4503599627370496.0};
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        assert_false(halsim_device_clock_accepts(samples[i], START, START, limit));
    }
    assert_true(halsim_device_clock_accepts(0.0, START, START, limit));
    assert_true(halsim_device_clock_accepts(4503599627370495.0, START, START, limit));
    assert_true(halsim_device_clock_accepts(0.0, START + limit, START, limit));
    assert_true(halsim_device_clock_accepts(0.0, START - limit, START, limit));
    assert_false(halsim_device_clock_accepts(0.0, START + limit + 1, START, limit));
    assert_false(halsim_device_clock_accepts(0.0, START - limit - 1, START, limit));
    assert_false(halsim_device_clock_accepts(0.0, UINT64_MAX, START, limit));
    assert_false(halsim_device_clock_accepts(0.0, START + (UINT64_C(1) << 63), START, limit));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_perfect_clock_is_known_to_the_nanosecond),
        cmocka_unit_test(a_clock_that_is_off_is_followed),
        cmocka_unit_test(jitter_is_smoothed_by_the_filter),
        cmocka_unit_test(the_same_timestamp_again_changes_nothing),
        cmocka_unit_test(a_jump_a_step_back_and_a_new_seed_are_told_apart),
        cmocka_unit_test(sample_and_host_time_are_inverse),
        cmocka_unit_test(what_no_clock_can_say_is_not_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
