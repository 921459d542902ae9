/* test_clock.c - zero time stamps against arithmetic with 128 bits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above first */
#include "haldrv/clock.h"
#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

typedef unsigned __int128 u128;

#define PERIOD 16384u

struct machine {
    uint32_t numer;
    uint32_t denom;
};
static const struct machine machines[] = {{1, 1}, {125, 3}};
static const uint32_t rates[] = {8000, 44100, 48000, 48001, 88200, 96000, 768000};

static uint64_t ticks_of(uint64_t frame, uint32_t rate, struct machine machine) {
    return (uint64_t)((u128)frame * 1000000000u * machine.denom / ((u128)rate * machine.numer));
}

/* The last multiple of the period that is due at or before `elapsed`, by search. */
static uint64_t last_frame(uint64_t elapsed, uint32_t rate, struct machine machine) {
    uint64_t low = 0, high = UINT64_C(1) << 32;
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        if (ticks_of(middle * PERIOD, rate, machine) <= elapsed) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low * PERIOD;
}

static void check_at(const struct haldrv_clock *clock, uint64_t anchor, uint64_t elapsed,
                     uint32_t rate, struct machine machine) {
    struct haldrv_zero_time zero;
    assert_true(haldrv_clock_read(clock, anchor + elapsed, &zero));
    uint64_t frame = last_frame(elapsed, rate, machine);
    assert_int_equal((uint64_t)zero.sample_time, frame);
    assert_int_equal(zero.host_time, anchor + ticks_of(frame, rate, machine));
}

static void a_clock_that_does_not_run_gives_no_time(void **state) {
    (void)state;
    struct haldrv_clock clock = {0};
    struct haldrv_zero_time zero;
    haldrv_clock_init(&clock, 48000, PERIOD, 1, 1);
    assert_false(haldrv_clock_read(&clock, 1000, &zero));
    haldrv_clock_start(&clock, 1000);
    assert_true(haldrv_clock_read(&clock, 1000, &zero));
    haldrv_clock_stop(&clock);
    assert_false(haldrv_clock_read(&clock, 2000, &zero));
}

static void zero_times_lie_on_an_exact_line_for_years(void **state) {
    (void)state;
    srand(1);
    for (size_t m = 0; m < sizeof machines / sizeof machines[0]; m++) {
        for (size_t r = 0; r < sizeof rates / sizeof rates[0]; r++) {
            struct haldrv_clock clock = {0};
            uint64_t anchor = 123456789;
            haldrv_clock_init(&clock, rates[r], PERIOD, machines[m].numer, machines[m].denom);
            haldrv_clock_start(&clock, anchor);
            for (int i = 0; i < 300; i++) {
                uint64_t period = (uint64_t)rand() >> (i % 31); /* 2^31 periods: twenty years */
                uint64_t edge = ticks_of(period * PERIOD, rates[r], machines[m]);
                check_at(&clock, anchor, edge, rates[r], machines[m]);
                check_at(&clock, anchor, edge + 1, rates[r], machines[m]);
                check_at(&clock, anchor, edge == 0 ? 0 : edge - 1, rates[r], machines[m]);
                check_at(&clock, anchor, edge + (uint64_t)rand() % 300000000u, rates[r],
                         machines[m]);
            }
        }
    }
}

static void each_start_begins_a_time_line_with_a_seed_of_its_own(void **state) {
    (void)state;
    struct haldrv_clock clock = {0};
    struct haldrv_zero_time first, second;
    haldrv_clock_init(&clock, 48000, PERIOD, 1, 1);
    haldrv_clock_start(&clock, 5000);
    assert_true(haldrv_clock_read(&clock, 1000005000, &first));
    haldrv_clock_stop(&clock);
    haldrv_clock_start(&clock, 2000000000);
    assert_true(haldrv_clock_read(&clock, 2000000000, &second));
    assert_true(first.seed != 0 && second.seed != first.seed);
    assert_true(first.sample_time > 0);
    assert_true(second.sample_time <= 0 && second.host_time == 2000000000);
}

static void a_rate_set_while_running_begins_a_new_time_line(void **state) {
    (void)state;
    struct haldrv_clock clock = {0};
    struct haldrv_zero_time before, after;
    haldrv_clock_init(&clock, 48000, PERIOD, 1, 1);
    haldrv_clock_start(&clock, 0);
    assert_true(haldrv_clock_read(&clock, 1000000000, &before));
    haldrv_clock_set_rate(&clock, 96000, 1000000000);
    assert_true(haldrv_clock_read(&clock, 2000000000, &after));
    assert_true(after.seed != before.seed);
    assert_int_equal((uint64_t)after.sample_time, 96000 / PERIOD * PERIOD);
}

static void a_rate_set_while_stopped_counts_from_the_next_start(void **state) {
    (void)state;
    struct haldrv_clock clock = {0};
    struct haldrv_zero_time zero;
    haldrv_clock_init(&clock, 48000, PERIOD, 1, 1);
    haldrv_clock_set_rate(&clock, 44100, 77);
    assert_false(haldrv_clock_read(&clock, 100, &zero));
    haldrv_clock_start(&clock, 0);
    assert_true(haldrv_clock_read(&clock, UINT64_C(1000000000), &zero));
    assert_int_equal((uint64_t)zero.sample_time, 44100 / PERIOD * PERIOD);
}

static void time_before_the_anchor_gives_the_first_time_stamp(void **state) {
    (void)state;
    struct haldrv_clock clock = {0};
    struct haldrv_zero_time zero;
    haldrv_clock_init(&clock, 48000, PERIOD, 1, 1);
    haldrv_clock_start(&clock, 1000);
    assert_true(haldrv_clock_read(&clock, 10, &zero));
    assert_true(zero.sample_time <= 0 && zero.host_time == 1000);
}

/* Line n starts at n * STEP, so seed and host time belong together. */
#define STEP     UINT64_C(1000000)
#define RESTARTS 3000000

static void *restart_often(void *argument) {
    struct haldrv_clock *clock = argument;
    for (uint64_t i = 2; i < RESTARTS; i++) {
        haldrv_clock_start(clock, i * STEP);
    }
    return NULL;
}

static void a_reader_never_sees_half_a_time_line(void **state) {
    (void)state;
    struct haldrv_clock clock = {0};
    haldrv_clock_init(&clock, 48000, PERIOD, 1, 1);
    haldrv_clock_start(&clock, STEP); /* seed 1 */
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, restart_often, &clock), 0);
    uint64_t seed = 0;
    while (seed < RESTARTS - 1) {
        struct haldrv_zero_time zero;
        assert_true(haldrv_clock_read(&clock, 0, &zero));
        assert_int_equal(zero.host_time, zero.seed * STEP);
        assert_true(zero.seed >= seed);
        seed = zero.seed;
    }
    pthread_join(thread, NULL);
}

/* As if its thread had lost the processor for good. A reader that waited would be ended by the
 * alarm. */
static void a_change_that_is_never_finished_keeps_no_reader_waiting(void **state) {
    (void)state;
    struct haldrv_clock clock = {0};
    haldrv_clock_init(&clock, 48000, PERIOD, 1, 1);
    haldrv_clock_start(&clock, 5000);
    struct haldrv_clock_line *next = &clock.lines[(clock.count + 1) % 2];
    atomic_store(&next->anchor, 999);
    atomic_store(&next->frames, 0);
    alarm(10);
    struct haldrv_zero_time zero;
    assert_true(haldrv_clock_read(&clock, 6000, &zero));
    assert_int_equal(zero.host_time, 5000);
    assert_int_equal(zero.seed, 1);
    alarm(0);
    haldrv_clock_start(&clock, 7000); /* the next change begins it anew */
    assert_true(haldrv_clock_read(&clock, 7000, &zero));
    assert_int_equal(zero.host_time, 7000);
    assert_int_equal(zero.seed, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_that_does_not_run_gives_no_time),
        cmocka_unit_test(zero_times_lie_on_an_exact_line_for_years),
        cmocka_unit_test(each_start_begins_a_time_line_with_a_seed_of_its_own),
        cmocka_unit_test(a_rate_set_while_running_begins_a_new_time_line),
        cmocka_unit_test(a_rate_set_while_stopped_counts_from_the_next_start),
        cmocka_unit_test(time_before_the_anchor_gives_the_first_time_stamp),
        cmocka_unit_test(a_reader_never_sees_half_a_time_line),
        cmocka_unit_test(a_change_that_is_never_finished_keeps_no_reader_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
