/* Is a modelled clock off by what the model says, and by the same nanoseconds everywhere? */
#include "unit.h"

#include "halsim/clock_model.h"
#include <math.h>

#define S UINT64_C(1000000000)

static struct halsim_clock_phase clock_of(struct halsim_clock_component component) {
    struct halsim_clock_model model = {.count = 1, .components = {component}};
    struct halsim_error error = {0};
    if (!halsim_clock_model_check(&model, &error)) {
        fail_msg("%s", error.message);
    }
    struct halsim_clock_phase phase;
    halsim_clock_phase_init(&phase, &model);
    return phase;
}

static void an_empty_model_is_a_perfect_clock(void **state) {
    (void)state;
    struct halsim_clock_model model = {0};
    assert_true(halsim_clock_model_check(&model, NULL));
    struct halsim_clock_phase phase;
    halsim_clock_phase_init(&phase, &model);
    assert_int_equal(halsim_clock_phase_ns(&phase, 0), 0);
    assert_int_equal(halsim_clock_phase_ns(&phase, 86400 * S), 0);
}

static void an_offset_gains_in_a_day_what_it_says(void **state) {
    (void)state;
    struct halsim_clock_phase phase =
        clock_of((struct halsim_clock_component){.kind = HALSIM_CLOCK_OFFSET, .ppm = 200});
    assert_int_equal(halsim_clock_phase_ns(&phase, S), 200000);
    assert_int_equal(halsim_clock_phase_ns(&phase, 86400 * S), INT64_C(17280000000));
    phase = clock_of((struct halsim_clock_component){.kind = HALSIM_CLOCK_OFFSET, .ppm = -0.5});
    assert_int_equal(halsim_clock_phase_ns(&phase, 86400 * S), -43200000);
}

static void a_sine_comes_back_and_swings_as_far_as_its_integral(void **state) {
    (void)state;
    struct halsim_clock_phase phase = clock_of(
        (struct halsim_clock_component){.kind = HALSIM_CLOCK_SINE, .ppm = 50, .period_s = 600});
    assert_int_equal(halsim_clock_phase_ns(&phase, 0), 0);
    assert_int_equal(halsim_clock_phase_ns(&phase, 600 * S), 0);
    assert_int_equal(halsim_clock_phase_ns(&phase, 86400 * S), 0);
    /* 50e-6 * 600e9 / pi */
    assert_int_equal(halsim_clock_phase_ns(&phase, 300 * S), 9549297);
    for (uint64_t t = 0; t < 1200; t += 7) {
        double expected = 50e-6 * 600e9 / (2 * M_PI) * (1 - cos(2 * M_PI * (double)t / 600));
        assert_true(fabs((double)halsim_clock_phase_ns(&phase, t * S) - expected) < 0.51);
    }
}

static void a_sine_may_begin_anywhere_in_its_turn(void **state) {
    (void)state;
    struct halsim_clock_phase phase = clock_of((struct halsim_clock_component){
        .kind = HALSIM_CLOCK_SINE, .ppm = 100, .period_s = 60, .phase_turns = 0.25});
    assert_int_equal(halsim_clock_phase_ns(&phase, 0), 0);
    /* its rate is at its highest: 100 ppm of the first ms */
    assert_int_equal(halsim_clock_phase_ns(&phase, 1000000), 100);
    assert_int_equal(halsim_clock_phase_ns(&phase, 15 * S), 954930);
    assert_int_equal(halsim_clock_phase_ns(&phase, 45 * S), -954930);
}

static void steps_begin_at_their_time(void **state) {
    (void)state;
    struct halsim_clock_phase phase = clock_of(
        (struct halsim_clock_component){.kind = HALSIM_CLOCK_RATE_STEP, .ppm = -20, .at_s = 3600});
    assert_int_equal(halsim_clock_phase_ns(&phase, 3600 * S), 0);
    assert_int_equal(halsim_clock_phase_ns(&phase, 3601 * S), -20000);
    phase = clock_of(
        (struct halsim_clock_component){.kind = HALSIM_CLOCK_PHASE_STEP, .ns = 250000, .at_s = 10});
    assert_int_equal(halsim_clock_phase_ns(&phase, 10 * S - 1), 0);
    assert_int_equal(halsim_clock_phase_ns(&phase, 10 * S), 250000);
}

static void components_add_up(void **state) {
    (void)state;
    struct halsim_clock_model model = {
        .count = 2,
        .components = {{.kind = HALSIM_CLOCK_OFFSET, .ppm = 100},
                       {.kind = HALSIM_CLOCK_PHASE_STEP, .ns = -1000, .at_s = 1}}};
    struct halsim_clock_phase phase;
    halsim_clock_phase_init(&phase, &model);
    assert_int_equal(halsim_clock_phase_ns(&phase, S), 100000 - 1000);
}

static void a_random_walk_spreads_with_the_root_of_time_and_stays_in_bounds(void **state) {
    (void)state;
    double squares = 0;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct halsim_clock_phase phase = clock_of((struct halsim_clock_component){
            .kind = HALSIM_CLOCK_RANDOM_WALK, .ppm = 0.1, .bound_ppm = 1000, .seed = seed});
        (void)halsim_clock_phase_ns(&phase, 400 * S);
        squares += phase.walks[0].ppm * phase.walks[0].ppm;
    }
    double deviation = sqrt(squares / 200);
    assert_true(deviation > 2.0 * 0.85 && deviation < 2.0 * 1.15); /* 0.1 * sqrt(400) */
    struct halsim_clock_phase bound = clock_of((struct halsim_clock_component){
        .kind = HALSIM_CLOCK_RANDOM_WALK, .ppm = 3, .bound_ppm = 5, .seed = 1});
    double widest = 0;
    for (uint64_t second = 0; second < 5000; second++) {
        (void)halsim_clock_phase_ns(&bound, second * S);
        widest = fmax(widest, fabs(bound.walks[0].ppm));
    }
    assert_true(widest <= 5 && widest > 4.5);
}

static void a_walk_that_is_asked_for_the_past_gives_what_it_gave(void **state) {
    (void)state;
    struct halsim_clock_phase phase = clock_of((struct halsim_clock_component){
        .kind = HALSIM_CLOCK_RANDOM_WALK, .ppm = 1, .bound_ppm = 100, .seed = 7});
    int64_t then = halsim_clock_phase_ns(&phase, 100 * S + 5);
    int64_t later = halsim_clock_phase_ns(&phase, 90000 * S);
    assert_int_equal(halsim_clock_phase_ns(&phase, 100 * S + 5), then);
    assert_int_equal(halsim_clock_phase_ns(&phase, 90000 * S), later);
}

static void jitter_has_its_deviation_no_mean_and_belongs_to_its_time(void **state) {
    (void)state;
    for (int d = 0; d < 2; d++) {
        struct halsim_clock_phase phase = clock_of(
            (struct halsim_clock_component){.kind = HALSIM_CLOCK_JITTER,
                                            .distribution = (enum halsim_clock_distribution)d,
                                            .ns = 1000,
                                            .seed = 3});
        double sum = 0, squares = 0, widest = 0;
        for (uint64_t i = 0; i < 20000; i++) {
            double ns = (double)halsim_clock_phase_ns(&phase, i * 341333333);
            sum += ns;
            squares += ns * ns;
            widest = fmax(widest, fabs(ns));
        }
        assert_true(fabs(sum / 20000) < 25); /* 3.5 standard deviations of the mean */
        assert_true(fabs(sqrt(squares / 20000) - 1000) < 20);
        assert_true(d == HALSIM_CLOCK_UNIFORM ? widest <= 1733 : widest > 3000);
        assert_int_equal(halsim_clock_phase_ns(&phase, 12345),
                         halsim_clock_phase_ns(&phase, 12345));
    }
}

/* Another compiler or processor that rounds otherwise is found here. */
static void the_numbers_are_these_on_every_machine(void **state) {
    (void)state;
    struct halsim_clock_model model = {
        .count = 6,
        .components = {
            {.kind = HALSIM_CLOCK_OFFSET, .ppm = 37.3},
            {.kind = HALSIM_CLOCK_SINE, .ppm = 11.1, .period_s = 997, .phase_turns = 0.3},
            {.kind = HALSIM_CLOCK_RATE_STEP, .ppm = -3.7, .at_s = 1000.5},
            {.kind = HALSIM_CLOCK_RANDOM_WALK, .ppm = 0.02, .bound_ppm = 5, .seed = 42},
            {.kind = HALSIM_CLOCK_JITTER, .ns = 500, .seed = 43},
            {.kind = HALSIM_CLOCK_JITTER,
             .ns = 500,
             .distribution = HALSIM_CLOCK_UNIFORM,
             .seed = 44},
        }};
    struct halsim_clock_phase phase;
    halsim_clock_phase_init(&phase, &model);
    const struct {
        uint64_t t;
        int64_t ns;
    } known[] = {{0, -292},
                 {1, 527},
                 {341333333, 15904},
                 {1000000000, 47291},
                 {UINT64_C(999000000007), 37775096},
                 {UINT64_C(3600000000000), 127473439},
                 {UINT64_C(86400000000000), INT64_C(2810941422)},
                 {UINT64_C(2628000000000000), INT64_C(85690759439)}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        assert_int_equal(halsim_clock_phase_ns(&phase, known[i].t), known[i].ns);
    }
}

static void what_makes_no_sense_is_refused_in_one_line(void **state) {
    (void)state;
    const struct {
        struct halsim_clock_component component;
        const char *says;
    } cases[] = {
        {{.kind = HALSIM_CLOCK_OFFSET, .ppm = 5001}, "component 0 (offset): ppm of 5001"},
        {{.kind = HALSIM_CLOCK_OFFSET, .ppm = NAN}, "(offset): ppm of nan"},
        {{.kind = HALSIM_CLOCK_SINE, .ppm = 1}, "(sine): period_s of 0; use 1 to"},
        {{.kind = HALSIM_CLOCK_SINE, .ppm = 1, .period_s = 1, .phase_turns = 2},
         "phase_turns of 2"},
        {{.kind = HALSIM_CLOCK_RATE_STEP, .ppm = 1, .at_s = -1}, "(rate step): at_s of -1"},
        {{.kind = HALSIM_CLOCK_PHASE_STEP, .ns = 2e9}, "(phase step): ns of 2e+09"},
        {{.kind = HALSIM_CLOCK_RANDOM_WALK, .ppm = -1}, "(random walk): ppm of -1; use 0 to 5000"},
        {{.kind = HALSIM_CLOCK_RANDOM_WALK, .bound_ppm = -1}, "bound_ppm of -1"},
        {{.kind = HALSIM_CLOCK_JITTER, .ns = 1e8}, "(jitter): ns of 1e+08"},
        {{.kind = (enum halsim_clock_component_kind)9}, "component 0 is of no kind"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct halsim_clock_model model = {.count = 1, .components = {cases[i].component}};
        struct halsim_error error = {0};
        assert_false(halsim_clock_model_check(&model, &error));
        assert_int_equal(error.status, HALSIM_ERROR_ARGUMENT);
        if (strstr(error.message, cases[i].says) == NULL) {
            fail_msg("\"%s\" is not in \"%s\"", cases[i].says, error.message);
        }
    }
    struct halsim_clock_model long_one = {.count = HALSIM_CLOCK_COMPONENTS + 1};
    assert_false(halsim_clock_model_check(&long_one, NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_model_is_a_perfect_clock),
        cmocka_unit_test(an_offset_gains_in_a_day_what_it_says),
        cmocka_unit_test(a_sine_comes_back_and_swings_as_far_as_its_integral),
        cmocka_unit_test(a_sine_may_begin_anywhere_in_its_turn),
        cmocka_unit_test(steps_begin_at_their_time),
        cmocka_unit_test(components_add_up),
        cmocka_unit_test(a_random_walk_spreads_with_the_root_of_time_and_stays_in_bounds),
        cmocka_unit_test(a_walk_that_is_asked_for_the_past_gives_what_it_gave),
        cmocka_unit_test(jitter_has_its_deviation_no_mean_and_belongs_to_its_time),
        cmocka_unit_test(the_numbers_are_these_on_every_machine),
        cmocka_unit_test(what_makes_no_sense_is_refused_in_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
