/* test_waits.c - whatever a thread of an unmodified plug-in (waits*.c) waits in, others go on, and
 * its timeouts follow virtual time. Each in several orders of the threads. With the name of a test,
 * only that one.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "halinterpose/sched.h"
#include "waits.h"
#include <cmocka.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define S_NS  UINT64_C(1000000000)
#define SEEDS 8

static void tell_problem(enum halsched_problem problem, void *context) {
    (void)context;
    struct halsched_thread_info infos[8];
    size_t count = halsched_threads(infos, 8);
    fprintf(stderr, "problem %d:", (int)problem);
    for (size_t i = 0; i < count && i < 8; i++) {
        fprintf(stderr, " %u:%s:%s", infos[i].number, infos[i].state,
                infos[i].operation == NULL ? "-" : infos[i].operation);
    }
    fprintf(stderr, "\n");
    _exit(3);
}

static void simulate(bool (*body)(void), uint64_t seed) {
    const struct halsched_options options = {
        .seed = seed,
        .start_ns = S_NS,
        .epoch_ns = 1700000000 * S_NS,
        .spin_limit_ns = 5 * S_NS, /* a call that keeps the turn for itself */
        .on_problem = tell_problem,
    };
    assert_true(halsched_start(&options));
    halsched_enter();
    bool right = body();
    halsched_leave();
    assert_int_equal(halsched_stop(), 0);
    if (!right) {
        fail_msg("wrong with seed %llu", (unsigned long long)seed);
    }
}

#define IN_EVERY_ORDER(body)                                                                       \
    static void body##_in_every_order(void **state) {                                              \
        (void)state;                                                                               \
        for (uint64_t seed = 0; seed < SEEDS; seed++) {                                            \
            simulate(body, seed);                                                                  \
        }                                                                                          \
    }

IN_EVERY_ORDER(waits_at_a_barrier)
IN_EVERY_ORDER(waits_for_rwlocks_until)
IN_EVERY_ORDER(waits_for_ends_until)
IN_EVERY_ORDER(waits_for_a_spin_lock)
IN_EVERY_ORDER(waits_by_c11)
IN_EVERY_ORDER(asks_for_the_time_by_c11)
IN_EVERY_ORDER(waits_for_semaphores_until)
IN_EVERY_ORDER(waits_for_a_named_semaphore)
IN_EVERY_ORDER(waits_in_destructors)
IN_EVERY_ORDER(cancels_at_every_wait)
IN_EVERY_ORDER(cancels_not_while_disabled)
IN_EVERY_ORDER(cancels_not_in_a_lock)
IN_EVERY_ORDER(sends_signals_to_waiting_threads)
IN_EVERY_ORDER(waits_for_a_signal)
IN_EVERY_ORDER(waits_for_a_signal_until)
IN_EVERY_ORDER(waits_for_descriptors_until)
IN_EVERY_ORDER(waits_for_a_timer)
IN_EVERY_ORDER(waits_for_a_timer_among_descriptors)
IN_EVERY_ORDER(waits_for_a_full_pipe)
IN_EVERY_ORDER(waits_for_a_connection)
IN_EVERY_ORDER(waits_not_when_asked_not_to)
IN_EVERY_ORDER(waits_for_locked_files)
IN_EVERY_ORDER(waits_for_a_child)
IN_EVERY_ORDER(forks_a_child_with_real_time)
IN_EVERY_ORDER(leaves_all_processors_to_children)
#ifdef WAITS_BY_CXX
IN_EVERY_ORDER(waits_by_cxx)
#endif

static int processors(void) {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
}

static void *count_processors(void *count) {
    *(int *)count = processors();
    return NULL;
}

static void the_host_has_all_processors_outside(void **state) {
    (void)state;
    const struct halsched_options options = {.start_ns = S_NS};
    int before = processors(), of_other = 0;
    pthread_t other;
    assert_true(halsched_start(&options));
    halsched_enter();
    assert_true(waits_at_a_barrier());
    assert_int_equal(processors(), 1);
    assert_int_equal(halsched_create_unmanaged(&other, NULL, count_processors, &of_other), 0);
    halsched_leave();
    assert_int_equal(processors(), before);
    assert_int_equal(halsched_stop(), 0);
    pthread_join(other, NULL);
    assert_int_equal(of_other, before);
}

static bool uses_alarms(void) {
    uses_an_alarm();
    uses_an_alarm();
    return true;
}

static void a_timer_of_real_time_is_reported_once(void **state) {
    (void)state;
    char text[512] = "";
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    int before = dup(2);
    dup2(pipes[1], 2);
    simulate(uses_alarms, 0);
    dup2(before, 2);
    close(before);
    close(pipes[1]);
    assert_true(read(pipes[0], text, sizeof text - 1) > 0);
    close(pipes[0]);
    assert_string_equal(text, "virtual time: a driver uses alarm(), a timer of real time, which is "
                              "not supported\n");
}

int main(int count, char **arguments) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_at_a_barrier_in_every_order),
        cmocka_unit_test(waits_for_rwlocks_until_in_every_order),
        cmocka_unit_test(waits_for_ends_until_in_every_order),
        cmocka_unit_test(waits_for_a_spin_lock_in_every_order),
        cmocka_unit_test(waits_by_c11_in_every_order),
        cmocka_unit_test(asks_for_the_time_by_c11_in_every_order),
        cmocka_unit_test(waits_for_semaphores_until_in_every_order),
        cmocka_unit_test(waits_for_a_named_semaphore_in_every_order),
        cmocka_unit_test(waits_in_destructors_in_every_order),
        cmocka_unit_test(cancels_at_every_wait_in_every_order),
        cmocka_unit_test(cancels_not_while_disabled_in_every_order),
        cmocka_unit_test(cancels_not_in_a_lock_in_every_order),
        cmocka_unit_test(sends_signals_to_waiting_threads_in_every_order),
        cmocka_unit_test(waits_for_a_signal_in_every_order),
        cmocka_unit_test(waits_for_a_signal_until_in_every_order),
        cmocka_unit_test(waits_for_descriptors_until_in_every_order),
        cmocka_unit_test(waits_for_a_timer_in_every_order),
        cmocka_unit_test(waits_for_a_timer_among_descriptors_in_every_order),
        cmocka_unit_test(waits_for_a_full_pipe_in_every_order),
        cmocka_unit_test(waits_for_a_connection_in_every_order),
        cmocka_unit_test(waits_not_when_asked_not_to_in_every_order),
        cmocka_unit_test(waits_for_locked_files_in_every_order),
        cmocka_unit_test(waits_for_a_child_in_every_order),
        cmocka_unit_test(forks_a_child_with_real_time_in_every_order),
        cmocka_unit_test(leaves_all_processors_to_children_in_every_order),
        cmocka_unit_test(the_host_has_all_processors_outside),
        cmocka_unit_test(a_timer_of_real_time_is_reported_once),
#ifdef WAITS_BY_CXX
        cmocka_unit_test(waits_by_cxx_in_every_order),
#endif
    };
    if (count > 1) {
        cmocka_set_test_filter(arguments[1]);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
