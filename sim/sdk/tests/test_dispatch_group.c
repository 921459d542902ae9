/* Groups, semaphores, once, and points in time. */
#include "death.h"
#include <dispatch/dispatch.h>
#include <halsdk/halsdk.h>
#include <mach/mach_time.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#define SECOND UINT64_C(1000000000)

static int end_of_test(void **state) {
    (void)state;
    halsdk_set_time_source(NULL);
    return halsdk_set_timebase(1, 1) && halsdk_stop_queues(5 * SECOND) ? 0 : -1;
}

static _Atomic int count;

static void add_one(void *unused) {
    (void)unused;
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    atomic_fetch_add(&count, 1);
}

static void a_group_is_waited_for(void **state) {
    dispatch_group_t group = dispatch_group_create();

    (void)state;
    atomic_store(&count, 0);
    assert_int_equal(dispatch_group_wait(group, DISPATCH_TIME_NOW), 0); /* empty */
    for (int i = 0; i < 20; i++)
        dispatch_group_async_f(group, dispatch_get_global_queue(0, 0), NULL, add_one);
    assert_int_equal(dispatch_group_wait(group, DISPATCH_TIME_FOREVER), 0);
    assert_int_equal(atomic_load(&count), 20);
    dispatch_release(group);
}

static void waiting_for_a_group_ends_at_the_deadline(void **state) {
    dispatch_group_t group = dispatch_group_create();
    uint64_t before = mach_absolute_time();

    (void)state;
    dispatch_group_enter(group);
    assert_int_not_equal(dispatch_group_wait(group, dispatch_time(DISPATCH_TIME_NOW, 5000000)), 0);
    assert_true(mach_absolute_time() - before >= 5000000);
    assert_int_not_equal(dispatch_group_wait(group, DISPATCH_TIME_NOW), 0);
    assert_int_not_equal(dispatch_group_wait(group, dispatch_walltime(NULL, 1000000)), 0);
    dispatch_group_leave(group);
    assert_int_equal(dispatch_group_wait(group, DISPATCH_TIME_NOW), 0);
    dispatch_release(group);
}

static int seen_by_notice; /* plain: the notice comes after all of the group */

static void take_count(void *unused) {
    (void)unused;
    seen_by_notice = atomic_load(&count);
}

static void a_notice_comes_when_the_group_is_empty(void **state) {
    dispatch_group_t group = dispatch_group_create();
    dispatch_queue_t queue = dispatch_queue_create("notices", NULL);

    (void)state;
    atomic_store(&count, 0);
    seen_by_notice = -1;
    for (int i = 0; i < 5; i++)
        dispatch_group_async_f(group, dispatch_get_global_queue(0, 0), NULL, add_one);
    dispatch_group_notify_f(group, queue, NULL, take_count);
    dispatch_release(group); /* it holds itself until then */
    assert_true(halsdk_wait_for_queues(5 * SECOND));
    assert_int_equal(seen_by_notice, 5);

    group = dispatch_group_create();
    seen_by_notice = -1;
    dispatch_group_notify_f(group, queue, NULL, take_count); /* empty: at once */
    dispatch_sync_f(queue, NULL, add_one);
    assert_int_equal(seen_by_notice, 5);
    dispatch_release(group);
    dispatch_release(queue);
}

static void a_semaphore_counts(void **state) {
    dispatch_semaphore_t semaphore = dispatch_semaphore_create(2);

    (void)state;
    assert_null(dispatch_semaphore_create(-1));
    assert_int_equal(dispatch_semaphore_wait(semaphore, DISPATCH_TIME_NOW), 0);
    assert_int_equal(dispatch_semaphore_wait(semaphore, DISPATCH_TIME_FOREVER), 0);
    assert_int_not_equal(dispatch_semaphore_wait(semaphore, DISPATCH_TIME_NOW), 0);
    assert_int_equal(dispatch_semaphore_signal(semaphore), 0); /* nobody waits */
    assert_int_equal(dispatch_semaphore_wait(semaphore, DISPATCH_TIME_NOW), 0);
    dispatch_semaphore_signal(semaphore);
    dispatch_semaphore_signal(semaphore);
    dispatch_release(semaphore);
}

static int handed_over; /* plain: the semaphore orders it */

static void *hand_over(void *semaphores) {
    dispatch_semaphore_t *pair = semaphores;

    for (int i = 1; i <= 1000; i++) {
        handed_over = i;
        dispatch_semaphore_signal(pair[0]);
        dispatch_semaphore_wait(pair[1], DISPATCH_TIME_FOREVER);
    }
    return NULL;
}

static void a_semaphore_hands_over_between_threads(void **state) {
    dispatch_semaphore_t pair[2] = {dispatch_semaphore_create(0), dispatch_semaphore_create(0)};
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, hand_over, pair), 0);
    for (int i = 1; i <= 1000; i++) {
        assert_int_equal(dispatch_semaphore_wait(pair[0], DISPATCH_TIME_FOREVER), 0);
        assert_int_equal(handed_over, i);
        dispatch_semaphore_signal(pair[1]);
    }
    pthread_join(thread, NULL);
    dispatch_release(pair[0]);
    dispatch_release(pair[1]);
}

static _Atomic int got;

static _Atomic bool ends;

enum {
    SIGNALS = 10000
}; /* of each of two threads */

static void *send_signals(void *semaphore) {
    for (int i = 0; i < SIGNALS; i++)
        dispatch_semaphore_signal(semaphore);
    return NULL;
}

static void *wait_shortly(void *semaphore) {
    while (!atomic_load(&ends)) {
        if (dispatch_semaphore_wait(semaphore, dispatch_time(DISPATCH_TIME_NOW, 2000)) == 0)
            atomic_fetch_add(&got, 1);
    }
    return NULL;
}

static void no_signal_is_lost_or_doubled_when_waits_time_out(void **state) {
    dispatch_semaphore_t semaphore = dispatch_semaphore_create(0);
    pthread_t waiters[3], senders[2];
    int left = 0;

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&waiters[i], NULL, wait_shortly, semaphore), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&senders[i], NULL, send_signals, semaphore), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(senders[i], NULL);
    atomic_store(&ends, true);
    for (int i = 0; i < 3; i++)
        pthread_join(waiters[i], NULL);
    while (dispatch_semaphore_wait(semaphore, DISPATCH_TIME_NOW) == 0)
        left++;
    assert_int_equal(atomic_load(&got) + left, 2 * SIGNALS);
    dispatch_release(semaphore);
}

/* A clock that is asked by a waiter which is about to give up, with the lock of dispatch held: the
 * signal is counted meanwhile, and its sender stands before the lock. */
static _Atomic bool is_about_to_give_up, is_signal_sent;

static uint64_t read_late(void *unused) {
    (void)unused;
    if (atomic_exchange(&is_about_to_give_up, false)) {
        atomic_store(&is_signal_sent, true);
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
    return 1000;
}

static void *send_at_that_moment(void *semaphore) {
    while (!atomic_load(&is_signal_sent))
        ;
    dispatch_semaphore_signal(semaphore);
    return NULL;
}

static void a_signal_that_meets_a_timeout_is_taken(void **state) {
    static const struct halsdk_time_source source = {read_late, NULL};
    dispatch_semaphore_t semaphore = dispatch_semaphore_create(0);
    pthread_t thread;

    (void)state;
    halsdk_set_time_source(&source);
    assert_int_equal(pthread_create(&thread, NULL, send_at_that_moment, semaphore), 0);
    atomic_store(&is_about_to_give_up, true);
    assert_int_equal(dispatch_semaphore_wait(semaphore, 500), 0);
    pthread_join(thread, NULL);
    assert_int_not_equal(dispatch_semaphore_wait(semaphore, 500), 0);
    dispatch_release(semaphore);
}

static dispatch_once_t once;
static int done; /* plain */

static void do_once(void *unused) {
    (void)unused;
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    done++;
}

static void *ask_for_once(void *unused) {
    (void)unused;
    dispatch_once_f(&once, NULL, do_once);
    return done == 1 ? NULL : &done;
}

static void once_is_done_once_and_seen_by_all(void **state) {
    pthread_t threads[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_for_once, NULL), 0);
    for (int i = 0; i < 4; i++) {
        void *wrong;
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
    assert_int_equal(once, ~(intptr_t)0);
}

static _Atomic uint64_t fake_ns;

static uint64_t read_fake(void *unused) {
    (void)unused;
    return atomic_load(&fake_ns);
}

static const struct halsdk_time_source fake_source = {read_fake, NULL};

static void times_are_ticks_of_host_time(void **state) {
    (void)state;
    atomic_store(&fake_ns, 1000000);
    halsdk_set_time_source(&fake_source);
    assert_int_equal(dispatch_time(DISPATCH_TIME_NOW, 500), 1000500);
    assert_true(halsdk_set_timebase(125, 3));
    assert_int_equal(dispatch_time(DISPATCH_TIME_NOW, 1000), 24000 + 24);
    assert_int_equal(dispatch_time(48, -1000), 24);
    assert_int_equal(dispatch_time(DISPATCH_TIME_FOREVER, -1000), DISPATCH_TIME_FOREVER);
    assert_int_equal(dispatch_time(24, -9000000000), 1);
    assert_int_equal(dispatch_time(INT64_MAX, INT64_MAX), DISPATCH_TIME_FOREVER);
}

static void calendar_times_move_with_the_clock_of_the_host(void **state) {
    const struct timespec moment = {1000, 5};
    dispatch_time_t now, later;

    (void)state;
    assert_int_equal(dispatch_walltime(&moment, 10), -(uint64_t)1000000000015);
    assert_int_equal(dispatch_time(dispatch_walltime(&moment, 0), -5), -(uint64_t)1000000000000);
    assert_int_equal(dispatch_walltime(&moment, INT64_MIN), -(uint64_t)3);
    assert_int_equal(dispatch_walltime(&moment, INT64_MAX), DISPATCH_TIME_FOREVER);
    assert_int_equal(dispatch_time(DISPATCH_WALLTIME_NOW, 0) / SECOND,
                     dispatch_walltime(NULL, 0) / SECOND);
    atomic_store(&fake_ns, 0);
    halsdk_set_time_source(&fake_source);
    now = dispatch_walltime(NULL, 0);
    atomic_store(&fake_ns, 3600 * SECOND);
    later = dispatch_walltime(NULL, 0);
    assert_int_equal(now - later, 3600 * SECOND); /* negative nanoseconds */
}

#define TEST(test_) cmocka_unit_test_teardown(test_, end_of_test)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_group_is_waited_for),
        TEST(waiting_for_a_group_ends_at_the_deadline),
        TEST(a_notice_comes_when_the_group_is_empty),
        TEST(a_semaphore_counts),
        TEST(a_semaphore_hands_over_between_threads),
        TEST(no_signal_is_lost_or_doubled_when_waits_time_out),
        TEST(a_signal_that_meets_a_timeout_is_taken),
        TEST(once_is_done_once_and_seen_by_all),
        TEST(times_are_ticks_of_host_time),
        TEST(calendar_times_move_with_the_clock_of_the_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
