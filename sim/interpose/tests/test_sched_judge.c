/* test_sched_judge.c - when two threads sit apart, by numbers alone (src/sched_judge.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "../src/sched_judge.h"
#include <cmocka.h>

#define US 1000.0

/* What threads do, and what the machine gives them. */
struct machine {
    double together_ns, apart_ns; /* a switch takes */
    double had_together;          /* of one processor, 1 at most */
    double had_apart;             /* of two, 2 at most */
    double returns;               /* of all switches */
    uint32_t miss_every;          /* while apart, a switch in so many; 0: none */
};

static const struct machine quiet = {
    .together_ns = 4.6 * US, .apart_ns = 3.1 * US, .had_together = 1, .had_apart = 2, .returns = 1};

struct tally {
    double apart_ns, together_ns;
    unsigned trials;
};

/* One window; it ends early when misses end it. */
static double let_pass(struct sched_judge *judge, const struct machine *on) {
    bool apart = judge->is_apart;
    double ns = apart ? on->apart_ns : on->together_ns;
    uint32_t length = sched_judge_length(judge);
    for (uint32_t i = 1; i <= length; i++) {
        sched_judge_switch(judge, on->miss_every != 0 && i % on->miss_every == 0);
        if (apart && !judge->is_apart) {
            return ns * i;
        }
    }
    double real_ns = ns * length;
    struct sched_window window = {
        .switches = length,
        .returns = (uint32_t)(on->returns * length),
        .real_ns = (uint64_t)real_ns,
        .own_ns = (uint64_t)(real_ns * (apart ? on->had_apart : on->had_together)),
    };
    sched_judge_look(judge, &window);
    return real_ns;
}

static struct tally let_pass_ns(struct sched_judge *judge, const struct machine *on, double ns) {
    struct tally tally = {0};
    while (tally.apart_ns + tally.together_ns < ns) {
        bool was_apart = judge->is_apart, was_on_trial = judge->on_trial;
        double passed = let_pass(judge, on);
        *(was_apart ? &tally.apart_ns : &tally.together_ns) += passed;
        tally.trials += was_apart && was_on_trial;
    }
    return tally;
}

#define SECONDS 1e9

static void on_a_quiet_machine_the_two_sit_apart_nearly_all_the_time(void **state) {
    (void)state;
    struct sched_judge judge;
    sched_judge_begin(&judge);
    struct tally tally = let_pass_ns(&judge, &quiet, 10 * SECONDS);
    assert_true(tally.apart_ns > 0.98 * 10 * SECONDS);
    /* and they are compared now and then */
    assert_true(tally.trials > 1);
}

static void they_go_apart_within_the_first_looks(void **state) {
    (void)state;
    struct sched_judge judge;
    sched_judge_begin(&judge);
    assert_false(judge.is_apart);
    (void)let_pass(&judge, &quiet);
    assert_true(judge.is_apart && judge.on_trial);
    (void)let_pass(&judge, &quiet);
    assert_true(judge.is_apart && !judge.on_trial);
}

/* Trials take less than one part in a hundred of the time, when it has gone on for a while. */
static void assert_stays_together(const struct machine *on) {
    struct sched_judge judge;
    sched_judge_begin(&judge);
    (void)let_pass_ns(&judge, on, 20 * SECONDS);
    struct tally tally = let_pass_ns(&judge, on, 20 * SECONDS);
    assert_true(tally.apart_ns < 0.01 * 20 * SECONDS);
}

static void a_hand_over_that_takes_longer_is_not_worth_it(void **state) {
    (void)state;
    struct machine far = quiet; /* what one thread has written is slow to come to the other */
    far.apart_ns = 7.2 * US;
    assert_stays_together(&far);
}

static void a_fifth_less_time_is_not_worth_a_second_processor(void **state) {
    (void)state;
    struct machine heavy = quiet;
    heavy.apart_ns = 0.8 * heavy.together_ns;
    assert_stays_together(&heavy);
}

static void a_second_processor_that_another_uses_half_is_left_to_it(void **state) {
    (void)state;
    struct machine shared = quiet; /* even where that was quicker */
    shared.had_apart = 1.5;
    struct sched_judge judge;
    sched_judge_begin(&judge);
    (void)let_pass_ns(&judge, &shared, 20 * SECONDS);
    struct tally tally = let_pass_ns(&judge, &shared, 20 * SECONDS);
    /* a tenth of a second now and then, as the kernel counts in ticks */
    assert_true(tally.apart_ns < 0.08 * 20 * SECONDS);
    shared.had_apart = 1.9;
    sched_judge_begin(&judge);
    tally = let_pass_ns(&judge, &shared, 10 * SECONDS);
    assert_true(tally.apart_ns > 0.98 * 10 * SECONDS);
}

static void on_a_processor_that_is_shared_already_a_second_is_not_tried(void **state) {
    (void)state;
    struct machine busy = quiet;
    busy.had_together = 0.8;
    struct sched_judge judge;
    sched_judge_begin(&judge);
    assert_int_equal(let_pass_ns(&judge, &busy, 20 * SECONDS).trials, 0);
}

static void three_in_a_circle_are_not_tried(void **state) {
    (void)state;
    struct machine circle = quiet;
    circle.returns = 0;
    struct sched_judge judge;
    sched_judge_begin(&judge);
    assert_int_equal(let_pass_ns(&judge, &circle, 20 * SECONDS).trials, 0);
    circle.returns = 0.9; /* a third now and then */
    assert_int_equal(let_pass_ns(&judge, &circle, 20 * SECONDS).trials, 0);
    circle.returns = 0.95;
    assert_true(let_pass_ns(&judge, &circle, SECONDS).trials > 0);
}

static void sleeps_end_it_at_once(void **state) {
    (void)state;
    struct machine asleep = quiet;
    asleep.miss_every = 1;
    struct sched_judge judge;
    sched_judge_begin(&judge);
    (void)let_pass(&judge, &asleep);
    assert_true(judge.is_apart);
    assert_true(let_pass(&judge, &asleep) < 5.5 * asleep.apart_ns);
    assert_false(judge.is_apart);
    asleep.miss_every = 50;
    assert_stays_together(&asleep);
}

static void a_rare_sleep_does_not(void **state) {
    (void)state;
    struct machine rare = quiet;
    rare.miss_every = 100;
    struct sched_judge judge;
    sched_judge_begin(&judge);
    struct tally tally = let_pass_ns(&judge, &rare, 10 * SECONDS);
    assert_true(tally.apart_ns > 0.98 * 10 * SECONDS);
}

static void what_changes_is_noticed(void **state) {
    (void)state;
    struct machine now = quiet;
    struct sched_judge judge;
    sched_judge_begin(&judge);
    (void)let_pass_ns(&judge, &now, 5 * SECONDS);
    assert_true(judge.is_apart || judge.on_trial);
    now.apart_ns = 20 * US; /* it got busy */
    (void)let_pass_ns(&judge, &now, 0.2 * SECONDS);
    assert_false(judge.is_apart && !judge.on_trial);
    (void)let_pass_ns(&judge, &now, 60 * SECONDS);
    struct tally tally = let_pass_ns(&judge, &quiet, 10 * SECONDS); /* and quiet again */
    assert_true(tally.apart_ns > 0.45 * 10 * SECONDS);
    /* What costs a switch together is measured anew, too. */
    struct machine light = quiet;
    light.together_ns = 3.5 * US;
    (void)let_pass_ns(&judge, &light, 5 * SECONDS);
    tally = let_pass_ns(&judge, &light, 20 * SECONDS);
    assert_true(tally.apart_ns < 0.1 * 20 * SECONDS);
}

static void a_moment_of_noise_is_forgotten(void **state) {
    (void)state;
    struct machine noisy = quiet;
    noisy.miss_every = 1;
    struct sched_judge judge;
    sched_judge_begin(&judge);
    (void)let_pass_ns(&judge, &noisy, 5 * SECONDS); /* rests are long now */
    (void)let_pass_ns(&judge, &quiet, 20 * SECONDS);
    (void)let_pass_ns(&judge, &noisy, 0.01 * SECONDS);
    struct tally tally = let_pass_ns(&judge, &quiet, SECONDS);
    assert_true(tally.apart_ns > 0.9 * SECONDS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_a_quiet_machine_the_two_sit_apart_nearly_all_the_time),
        cmocka_unit_test(they_go_apart_within_the_first_looks),
        cmocka_unit_test(a_hand_over_that_takes_longer_is_not_worth_it),
        cmocka_unit_test(a_fifth_less_time_is_not_worth_a_second_processor),
        cmocka_unit_test(a_second_processor_that_another_uses_half_is_left_to_it),
        cmocka_unit_test(on_a_processor_that_is_shared_already_a_second_is_not_tried),
        cmocka_unit_test(three_in_a_circle_are_not_tried),
        cmocka_unit_test(sleeps_end_it_at_once),
        cmocka_unit_test(a_rare_sleep_does_not),
        cmocka_unit_test(what_changes_is_noticed),
        cmocka_unit_test(a_moment_of_noise_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
