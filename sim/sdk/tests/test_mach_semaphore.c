/* Mach semaphores. */
#include "death.h"
#include <halsdk/halsdk.h>
#include <mach/mach.h>
#include <mach/mach_time.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

static semaphore_t create(int value) {
    semaphore_t semaphore = SEMAPHORE_NULL;

    assert_int_equal(semaphore_create(mach_task_self(), &semaphore, SYNC_POLICY_FIFO, value),
                     KERN_SUCCESS);
    assert_true(MACH_PORT_VALID(semaphore));
    return semaphore;
}

static const mach_timespec_t no_time = {0, 0}, short_time = {0, 5000000};

static void signals_are_counted(void **state) {
    semaphore_t semaphore = create(1);

    (void)state;
    assert_int_equal(semaphore_signal(semaphore), KERN_SUCCESS);
    assert_int_equal(semaphore_wait(semaphore), KERN_SUCCESS);
    assert_int_equal(semaphore_wait(semaphore), KERN_SUCCESS);
    assert_int_equal(semaphore_timedwait(semaphore, no_time), KERN_OPERATION_TIMED_OUT);
    semaphore_destroy(mach_task_self(), semaphore);
}

static void a_timed_wait_lasts_as_long_as_it_says(void **state) {
    semaphore_t semaphore = create(0);
    uint64_t before = mach_absolute_time();

    (void)state;
    assert_int_equal(semaphore_timedwait(semaphore, short_time), KERN_OPERATION_TIMED_OUT);
    assert_true(mach_absolute_time() - before >= 5000000);
    assert_int_equal(semaphore_timedwait(semaphore, (mach_timespec_t){0, 1000000000}),
                     KERN_INVALID_VALUE);
    semaphore_destroy(mach_task_self(), semaphore);
}

static void a_wrong_name_or_value_is_refused(void **state) {
    semaphore_t semaphore = create(0), other;

    (void)state;
    assert_int_equal(semaphore_create(mach_task_self(), &other, SYNC_POLICY_FIFO, -1),
                     KERN_INVALID_ARGUMENT);
    assert_int_equal(semaphore_create(mach_task_self(), &other, 17, 0), KERN_INVALID_ARGUMENT);
    assert_int_equal(semaphore_signal(SEMAPHORE_NULL), KERN_INVALID_NAME);
    assert_int_equal(semaphore_destroy(mach_task_self(), semaphore), KERN_SUCCESS);
    assert_int_equal(semaphore_signal(semaphore), KERN_INVALID_NAME);
    assert_int_equal(semaphore_wait(semaphore), KERN_INVALID_NAME);
    assert_int_equal(semaphore_destroy(mach_task_self(), semaphore), KERN_INVALID_NAME);
}

static void the_name_of_a_destroyed_semaphore_stays_invalid(void **state) {
    semaphore_t old = create(0), one_more;
    semaphore_t all[4096];
    size_t count = 0;

    (void)state;
    semaphore_destroy(mach_task_self(), old);
    /* Whatever slot it had is used again. */
    while (count < 4096 &&
           semaphore_create(mach_task_self(), &all[count], SYNC_POLICY_FIFO, 0) == KERN_SUCCESS)
        count++;
    assert_int_equal(count, 4096);
    assert_int_equal(semaphore_create(mach_task_self(), &one_more, SYNC_POLICY_FIFO, 0),
                     KERN_RESOURCE_SHORTAGE);
    assert_int_equal(semaphore_signal(old), KERN_INVALID_NAME);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(semaphore_destroy(mach_task_self(), all[i]), KERN_SUCCESS);
}

struct waiting {
    semaphore_t semaphore;
    _Atomic int started, woken;
    _Atomic kern_return_t result;
};

static void *wait_for_it(void *argument) {
    struct waiting *waiting = argument;

    atomic_fetch_add(&waiting->started, 1);
    atomic_store(&waiting->result, semaphore_wait(waiting->semaphore));
    atomic_fetch_add(&waiting->woken, 1);
    return NULL;
}

static void start(struct waiting *waiting, pthread_t *threads, int count) {
    for (int i = 0; i < count; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, wait_for_it, waiting), 0);
    while (atomic_load(&waiting->started) < count)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    nanosleep(&(struct timespec){.tv_nsec = 30000000}, NULL); /* into the wait itself */
}

static void signal_all_wakes_all_and_leaves_no_count(void **state) {
    struct waiting waiting = {.semaphore = create(0)};
    pthread_t threads[3];

    (void)state;
    start(&waiting, threads, 3);
    assert_int_equal(atomic_load(&waiting.woken), 0);
    assert_int_equal(semaphore_signal_all(waiting.semaphore), KERN_SUCCESS);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(waiting.result, KERN_SUCCESS);
    assert_int_equal(semaphore_timedwait(waiting.semaphore, no_time), KERN_OPERATION_TIMED_OUT);
    semaphore_destroy(mach_task_self(), waiting.semaphore);
}

static void destroying_ends_the_wait_with_terminated(void **state) {
    struct waiting waiting = {.semaphore = create(0)};
    pthread_t threads[2];

    (void)state;
    start(&waiting, threads, 2);
    assert_int_equal(semaphore_destroy(mach_task_self(), waiting.semaphore), KERN_SUCCESS);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(waiting.result, KERN_TERMINATED);
}

struct ping_pong {
    semaphore_t ping, pong;
    int plain; /* guarded by the semaphores alone */
};

static void *answer(void *argument) {
    struct ping_pong *game = argument;

    for (int i = 0; i < 2000; i++) {
        semaphore_wait(game->ping);
        game->plain++;
        semaphore_signal(game->pong);
    }
    return NULL;
}

static void two_threads_take_turns(void **state) {
    struct ping_pong game = {create(0), create(0), 0};
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, answer, &game), 0);
    for (int i = 0; i < 2000; i++) {
        assert_int_equal(game.plain, i);
        assert_int_equal(semaphore_wait_signal(game.pong, game.ping), KERN_SUCCESS);
    }
    pthread_join(thread, NULL);
    assert_int_equal(game.plain, 2000);
    semaphore_destroy(mach_task_self(), game.ping);
    semaphore_destroy(mach_task_self(), game.pong);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signals_are_counted),
        cmocka_unit_test(a_timed_wait_lasts_as_long_as_it_says),
        cmocka_unit_test(a_wrong_name_or_value_is_refused),
        cmocka_unit_test(the_name_of_a_destroyed_semaphore_stays_invalid),
        cmocka_unit_test(signal_all_wakes_all_and_leaves_no_count),
        cmocka_unit_test(destroying_ends_the_wait_with_terminated),
        cmocka_unit_test(two_threads_take_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
