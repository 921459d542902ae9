/* test_sched.c - threads of an unmodified plug-in (crew.c) in virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "crew.h"
#include "halinterpose/sched.h"
#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define S_NS  UINT64_C(1000000000)
#define MS_NS UINT64_C(1000000)
#define EPOCH (1700000000 * S_NS)

static void start(uint64_t seed) {
    const struct halsched_options options = {.seed = seed, .start_ns = S_NS, .epoch_ns = EPOCH};
    assert_true(halsched_start(&options));
    halsched_enter();
}

static void stop(void) {
    halsched_leave();
    assert_int_equal(halsched_stop(), 0);
}

static uint64_t real_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * S_NS + (uint64_t)now.tv_nsec;
}

static void a_day_of_sleep_passes_at_once(void **state) {
    (void)state;
    uint64_t real = real_ns();
    uint64_t before, after;
    start(0);
    crew_sleep(86400 * S_NS, &before, &after);
    stop();
    assert_true(before == S_NS);
    assert_true(after == S_NS + 86400 * S_NS);
    assert_true(real_ns() - real < 3600 * S_NS);
    /* and real time is back */
    assert_true(real_ns() != after);
}

static void a_condition_is_handed_to_and_fro(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        start(seed);
        assert_int_equal(crew_ping_pong(200), 400);
        stop();
    }
}

static uint64_t fingerprint_of(uint64_t seed) {
    struct halsched_counts counts;
    start(seed);
    crew_ping_pong(50);
    crew_racy_sum(3, 20);
    stop();
    halsched_count(&counts);
    return counts.fingerprint;
}

static void the_seed_decides_and_nothing_else(void **state) {
    (void)state;
    uint64_t different = 0, last = 0;
    for (uint64_t seed = 0; seed < 10; seed++) {
        uint64_t once = fingerprint_of(seed);
        for (int i = 0; i < 3; i++) {
            assert_true(fingerprint_of(seed) == once);
        }
        different += once != last;
        last = once;
    }
    assert_int_equal(different, 10);
}

/* So many that threads move from one processor to two and back, where the machine has them to
 * spare (sched_seat.c). */
static void where_threads_sit_does_not_show(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 2; seed++) {
        uint64_t fingerprints[2];
        for (int i = 0; i < 2; i++) {
            struct halsched_counts counts;
            start(seed);
            assert_int_equal(crew_ping_pong(20000), 40000);
            halsched_leave();
            halsched_enter();
            assert_int_equal(crew_ping_pong(20000), 40000);
            stop();
            halsched_count(&counts);
            assert_true(counts.switches > 79000);
            fingerprints[i] = counts.fingerprint;
        }
        assert_true(fingerprints[0] == fingerprints[1]);
    }
}

static void a_race_is_found_within_a_few_seeds(void **state) {
    (void)state;
    start(0);
    assert_int_equal(crew_racy_sum(2, 3), 6); /* a thread that runs until it waits meets none */
    stop();
    unsigned wrong = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        start(seed);
        wrong += crew_racy_sum(2, 3) != 6;
        stop();
    }
    assert_in_range(wrong, 5, 20);
}

static void sleepers_wake_in_the_order_of_their_deadlines(void **state) {
    (void)state;
    char order[17];
    start(0);
    crew_race_of_sleepers(order, 9);
    stop();
    assert_string_equal(order, "ghidefabc");
}

static void a_timed_wait_ends_at_its_deadline(void **state) {
    (void)state;
    for (int monotonic = 0; monotonic < 2; monotonic++) {
        start(3);
        assert_int_equal(crew_timed_out(7 * S_NS, monotonic), ETIMEDOUT);
        assert_true(halsched_now_ns() == 8 * S_NS);
        stop();
    }
}

static void semaphores_and_rwlocks_wait_and_wake(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        start(seed);
        assert_true(crew_semaphore_and_rwlock());
        stop();
    }
}

static void a_loop_that_asks_for_the_time_sees_it_pass(void **state) {
    (void)state;
    struct halsched_counts counts;
    start(0);
    uint64_t asked = crew_spin_on_the_clock(MS_NS);
    assert_true(halsched_now_ns() >= S_NS + MS_NS);
    assert_true(asked < 1000000);
    stop();
    halsched_count(&counts);
    assert_in_range(counts.clock_spins, 1, 1000);
}

static void a_sleeping_thread_can_be_cancelled(void **state) {
    (void)state;
    start(0);
    assert_true(crew_cancel());
    assert_true(halsched_now_ns() < 2 * S_NS);
    stop();
}

static void once_means_once(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        start(seed);
        assert_int_equal(crew_once(), 1);
        stop();
    }
}

static void *write_soon(void *argument) {
    const struct timespec moment = {.tv_nsec = 20000000};
    nanosleep(&moment, NULL); /* real: this thread is not managed */
    const char byte = 'x';
    assert_int_equal(write(*(int *)argument, &byte, 1), 1);
    return NULL;
}

static void what_is_real_does_not_hold_the_others_up(void **state) {
    (void)state;
    int pipes[2];
    pthread_t real;
    unsigned seconds;
    struct halsched_counts counts;
    assert_int_equal(pipe(pipes), 0);
    start(0);
    assert_int_equal(halsched_create_unmanaged(&real, NULL, write_soon, &pipes[1]), 0);
    assert_int_equal(crew_read(pipes[0], &seconds), 'x');
    stop();
    assert_true(seconds > 100); /* in 20 ms */
    halsched_count(&counts);
    assert_int_equal(counts.outside, 1);
    pthread_join(real, NULL);
    close(pipes[0]);
    close(pipes[1]);
}

static void poll_waits_in_virtual_time(void **state) {
    (void)state;
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    start(0);
    assert_int_equal(crew_poll(pipes[0], 3600000), 0);
    assert_true(halsched_now_ns() == S_NS + 3600 * S_NS);
    assert_int_equal(write(pipes[1], "x", 1), 1);
    assert_int_equal(crew_poll(pipes[0], 3600000), 1);
    assert_true(halsched_now_ns() == S_NS + 3600 * S_NS);
    stop();
    close(pipes[0]);
    close(pipes[1]);
}

static void time_stands_still_while_the_host_is_outside(void **state) {
    (void)state;
    start(0);
    crew_start_ticker();
    halsched_leave();
    uint64_t then = halsched_now_ns();
    const struct timespec moment = {.tv_nsec = 20000000};
    nanosleep(&moment, NULL);
    assert_true(halsched_now_ns() == then);
    halsched_enter();
    assert_true(halsched_sleep_until_ns(S_NS + 105 * MS_NS) == S_NS + 105 * MS_NS);
    assert_int_equal(crew_stop_ticker(), 11);
    stop();
}

static void a_thread_that_stays_is_counted(void **state) {
    (void)state;
    pid_t child = fork(); /* its threads end with it */
    if (child == 0) {
        start(0);
        crew_start_ticker();
        halsched_leave();
        struct halsched_thread_info infos[4];
        bool named = halsched_threads(infos, 4) == 2 &&
                     strcmp(infos[1].operation, "clock_nanosleep") == 0 &&
                     infos[1].deadline_ns == S_NS + 10 * MS_NS;
        _exit(halsched_stop() == 1 && named ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* ---- problems ------------------------------------------------------------------------------ */

static void tell_problem(enum halsched_problem problem, void *context) {
    static const char *const names[] = {"deadlock", "livelock", "spin", "starved"};
    struct halsched_thread_info infos[8];
    size_t count = halsched_threads(infos, 8);
    FILE *to = fdopen(*(int *)context, "w");
    fprintf(to, "%s", names[problem]);
    for (size_t i = 0; i < count; i++) {
        fprintf(to, " %u:%s:%s", infos[i].number, infos[i].state,
                infos[i].operation == NULL ? "-" : infos[i].operation);
        if (infos[i].holder != UINT32_MAX) {
            fprintf(to, "<%u", infos[i].holder);
        }
        if (infos[i].depth > 2) {
            fprintf(to, "*");
        }
    }
    fclose(to);
    _exit(3);
}

static const char *problem_of(void (*body)(void), uint64_t seed) {
    static char text[512];
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        alarm(30);
        const struct halsched_options options = {
            .seed = seed,
            .livelock_calls = 10000,
            .spin_limit_ns = 300 * MS_NS,
            .starved_limit_ns = 60 * S_NS,
            .on_problem = tell_problem,
            .context = &pipes[1],
        };
        if (halsched_start(&options)) {
            halsched_enter();
            body();
        }
        _exit(0);
    }
    close(pipes[1]);
    ssize_t length = 0, got;
    while ((got = read(pipes[0], text + length, sizeof text - 1 - (size_t)length)) > 0) {
        length += got;
    }
    text[length] = '\0';
    close(pipes[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 3) {
        snprintf(text, sizeof text, "status %d", status);
    }
    return text;
}

static void a_deadlock_is_reported_with_who_waits_for_whom(void **state) {
    (void)state;
    assert_string_equal(problem_of(crew_lock_inversion, 0),
                        "deadlock 0:waiting:pthread_join* 1:waiting:pthread_mutex_lock<2* "
                        "2:waiting:pthread_mutex_lock<1*");
}

static void a_thread_that_spins_is_reported(void **state) {
    (void)state;
    assert_string_equal(problem_of(crew_spin_for_ever, 0),
                        "spin 0:waiting:pthread_join* 1:running:-*");
}

static void threads_that_keep_each_other_busy_are_reported(void **state) {
    (void)state;
    const char *text = problem_of(crew_yield_for_ever, 0);
    assert_true(strncmp(text, "livelock 0:waiting:pthread_join* 1:", 35) == 0);
}

static void wait_for_nothing(void) {
    crew_start_ticker(); /* time goes on */
    crew_lock_inversion();
}

static void a_host_that_waits_for_ever_is_reported_though_time_passes(void **state) {
    (void)state;
    assert_true(strncmp(problem_of(wait_for_nothing, 0), "starved 0:waiting:pthread_join*", 31) ==
                0);
}

struct outsider {
    pthread_mutex_t mutex;
    pthread_rwlock_t rwlock;
    pthread_barrier_t holds;
    pthread_t thread;
};

static void *hold_both_for_a_while(void *argument) {
    struct outsider *outsider = argument;
    const struct timespec while_ = {.tv_nsec = 20000000};
    pthread_mutex_lock(&outsider->mutex);
    pthread_rwlock_wrlock(&outsider->rwlock);
    pthread_barrier_wait(&outsider->holds);
    nanosleep(&while_, NULL); /* real */
    pthread_mutex_unlock(&outsider->mutex);
    nanosleep(&while_, NULL);
    pthread_rwlock_unlock(&outsider->rwlock);
    return NULL;
}

/* Such as the thread that reads requests: it lets go by itself, and no time passes meanwhile. */
static void a_lock_that_is_held_outside_is_no_deadlock(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 3; seed++) {
        struct outsider outsider = {.mutex = PTHREAD_MUTEX_INITIALIZER,
                                    .rwlock = PTHREAD_RWLOCK_INITIALIZER};
        pthread_barrier_init(&outsider.holds, NULL, 2);
        const struct halsched_options options = {.seed = seed, .start_ns = S_NS};
        assert_true(halsched_start(&options));
        assert_int_equal(
            halsched_create_unmanaged(&outsider.thread, NULL, hold_both_for_a_while, &outsider), 0);
        pthread_barrier_wait(&outsider.holds);
        halsched_enter();
        assert_int_equal(pthread_mutex_lock(&outsider.mutex), 0);
        assert_int_equal(pthread_mutex_unlock(&outsider.mutex), 0);
        assert_int_equal(pthread_rwlock_rdlock(&outsider.rwlock), 0);
        assert_int_equal(pthread_rwlock_unlock(&outsider.rwlock), 0);
        assert_true(halsched_now_ns() == S_NS);
        stop();
        assert_int_equal(pthread_join(outsider.thread, NULL), 0);
        pthread_barrier_destroy(&outsider.holds);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_of_sleep_passes_at_once),
        cmocka_unit_test(a_condition_is_handed_to_and_fro),
        cmocka_unit_test(the_seed_decides_and_nothing_else),
        cmocka_unit_test(where_threads_sit_does_not_show),
        cmocka_unit_test(a_race_is_found_within_a_few_seeds),
        cmocka_unit_test(sleepers_wake_in_the_order_of_their_deadlines),
        cmocka_unit_test(a_timed_wait_ends_at_its_deadline),
        cmocka_unit_test(semaphores_and_rwlocks_wait_and_wake),
        cmocka_unit_test(a_loop_that_asks_for_the_time_sees_it_pass),
        cmocka_unit_test(a_sleeping_thread_can_be_cancelled),
        cmocka_unit_test(once_means_once),
        cmocka_unit_test(what_is_real_does_not_hold_the_others_up),
        cmocka_unit_test(poll_waits_in_virtual_time),
        cmocka_unit_test(time_stands_still_while_the_host_is_outside),
        cmocka_unit_test(a_thread_that_stays_is_counted),
        cmocka_unit_test(a_deadlock_is_reported_with_who_waits_for_whom),
        cmocka_unit_test(a_lock_that_is_held_outside_is_no_deadlock),
        cmocka_unit_test(a_thread_that_spins_is_reported),
        cmocka_unit_test(threads_that_keep_each_other_busy_are_reported),
        cmocka_unit_test(a_host_that_waits_for_ever_is_reported_though_time_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
