/* Queues: order, exclusion, barriers, targets, suspension, who runs where. */
#include "death.h"
#include <dispatch/dispatch.h>
#include <halsdk/halsdk.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define SECOND UINT64_C(1000000000)

static void pause_ms(long ms) {
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

static int end_of_test(void **state) {
    struct halsdk_queue_counts counts;

    (void)state;
    if (!halsdk_stop_queues(5 * SECOND))
        return -1;
    halsdk_count_queues(&counts);
    return counts.threads == 0 && counts.items == 0 && counts.timers == 0 ? 0 : -1;
}

static int order[1000]; /* plain on purpose: the queues must order the accesses */
static int ordered;

static void append(void *value) {
    order[ordered++] = (int)(intptr_t)value;
}

static void nothing(void *unused) {
    (void)unused;
}

static void a_serial_queue_runs_one_after_the_other_in_order(void **state) {
    dispatch_queue_t queue = dispatch_queue_create("serial", DISPATCH_QUEUE_SERIAL);

    (void)state;
    ordered = 0;
    for (intptr_t i = 0; i < 1000; i++)
        dispatch_async_f(queue, (void *)i, append);
    dispatch_sync_f(queue, NULL, nothing);
    assert_int_equal(ordered, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(order[i], i);
    dispatch_release(queue);
}

static pthread_t ran_on;

static void note_thread(void *unused) {
    (void)unused;
    ran_on = pthread_self();
}

static void sync_runs_on_the_calling_thread(void **state) {
    dispatch_queue_t queue = dispatch_queue_create("serial", NULL);

    (void)state;
    dispatch_async_f(queue, NULL, nothing);
    dispatch_sync_f(queue, NULL, note_thread);
    assert_true(pthread_equal(ran_on, pthread_self()));
    dispatch_sync_f(dispatch_get_global_queue(0, 0), NULL, note_thread);
    assert_true(pthread_equal(ran_on, pthread_self()));
    dispatch_release(queue);
}

/* Everybody must be inside at once. */
static void meet(void *barrier) {
    pthread_barrier_wait(barrier);
}

/* Tells that it runs, then waits. */
static void meet_twice(void *barrier) {
    pthread_barrier_wait(barrier);
    pthread_barrier_wait(barrier);
}

static void a_concurrent_and_a_global_queue_run_at_once(void **state) {
    dispatch_queue_t concurrent = dispatch_queue_create("c", DISPATCH_QUEUE_CONCURRENT);
    pthread_barrier_t barrier;

    (void)state;
    pthread_barrier_init(&barrier, NULL, 11);
    for (int i = 0; i < 5; i++) {
        dispatch_async_f(concurrent, &barrier, meet);
        dispatch_async_f(dispatch_get_global_queue(QOS_CLASS_UTILITY, 0), &barrier, meet);
    }
    pthread_barrier_wait(&barrier);
    assert_true(halsdk_wait_for_queues(5 * SECOND));
    pthread_barrier_destroy(&barrier);
    dispatch_release(concurrent);
}

static _Atomic int inside;
static _Atomic bool overlapped;
static int barriers_done;

static void be_inside(void *unused) {
    (void)unused;
    atomic_fetch_add(&inside, 1);
    pause_ms(1);
    atomic_fetch_sub(&inside, 1);
}

static void be_alone(void *unused) {
    (void)unused;
    if (atomic_fetch_add(&inside, 1) != 0)
        atomic_store(&overlapped, true);
    pause_ms(1);
    if (atomic_fetch_sub(&inside, 1) != 1)
        atomic_store(&overlapped, true);
    barriers_done++;
}

static void a_barrier_is_alone_on_its_queue(void **state) {
    dispatch_queue_t queue = dispatch_queue_create("c", DISPATCH_QUEUE_CONCURRENT);

    (void)state;
    for (int i = 0; i < 40; i++) {
        if (i % 4 == 3)
            dispatch_barrier_async_f(queue, NULL, be_alone);
        else
            dispatch_async_f(queue, NULL, be_inside);
    }
    dispatch_barrier_sync_f(queue, NULL, be_alone);
    assert_false(atomic_load(&overlapped));
    assert_int_equal(barriers_done, 11);
    dispatch_release(queue);
}

static void two_queues_with_one_serial_target_exclude_each_other(void **state) {
    dispatch_queue_t target = dispatch_queue_create("target", NULL);
    dispatch_queue_t a = dispatch_queue_create_with_target("a", NULL, target);
    dispatch_queue_t b = dispatch_queue_create("b", DISPATCH_QUEUE_CONCURRENT);

    (void)state;
    dispatch_set_target_queue(b, target);
    dispatch_release(target); /* its queues hold it */
    atomic_store(&overlapped, false);
    for (int i = 0; i < 20; i++) {
        dispatch_async_f(a, NULL, be_alone);
        dispatch_async_f(b, NULL, be_alone);
    }
    dispatch_sync_f(a, NULL, be_alone);
    dispatch_sync_f(b, NULL, be_alone);
    assert_true(halsdk_wait_for_queues(5 * SECOND));
    assert_false(atomic_load(&overlapped));
    dispatch_release(a);
    dispatch_release(b);
}

static void a_target_given_to_a_busy_queue_waits_until_it_is_idle(void **state) {
    dispatch_queue_t target = dispatch_queue_create("target", NULL);
    dispatch_queue_t queue = dispatch_queue_create("busy", DISPATCH_QUEUE_CONCURRENT);
    pthread_barrier_t barrier;

    (void)state;
    pthread_barrier_init(&barrier, NULL, 2);
    dispatch_async_f(queue, &barrier, meet);
    dispatch_set_target_queue(queue, target);
    atomic_store(&overlapped, false);
    for (int i = 0; i < 5; i++)
        dispatch_async_f(queue, NULL, be_alone);
    pthread_barrier_wait(&barrier);
    assert_true(halsdk_wait_for_queues(5 * SECOND));
    assert_false(atomic_load(&overlapped));
    pthread_barrier_destroy(&barrier);
    dispatch_release(queue);
    dispatch_release(target);
}

static void a_suspended_queue_starts_nothing(void **state) {
    dispatch_queue_t queue = dispatch_queue_create("s", NULL);

    (void)state;
    ordered = 0;
    dispatch_suspend(queue);
    dispatch_suspend(queue);
    dispatch_async_f(queue, (void *)1, append);
    assert_true(halsdk_wait_for_queues(5 * SECOND));
    dispatch_resume(queue);
    assert_true(halsdk_wait_for_queues(5 * SECOND));
    assert_int_equal(ordered, 0);
    dispatch_resume(queue);
    dispatch_sync_f(queue, NULL, nothing);
    assert_int_equal(ordered, 1);
    dispatch_release(queue);
}

static void an_inactive_queue_starts_when_it_is_activated(void **state) {
    dispatch_queue_t queue = dispatch_queue_create("i", DISPATCH_QUEUE_SERIAL_INACTIVE);

    (void)state;
    ordered = 0;
    dispatch_async_f(queue, (void *)1, append);
    assert_true(halsdk_wait_for_queues(5 * SECOND));
    assert_int_equal(ordered, 0);
    dispatch_activate(queue);
    dispatch_activate(queue); /* without effect */
    dispatch_sync_f(queue, NULL, nothing);
    assert_int_equal(ordered, 1);
    dispatch_release(queue);
}

static void add_to_main(void *unused) {
    (void)unused;
    ordered++;
    dispatch_async_f(dispatch_get_main_queue(), NULL, add_to_main);
}

static void *sync_to_main(void *unused) {
    (void)unused;
    dispatch_sync_f(dispatch_get_main_queue(), NULL, note_thread);
    return NULL;
}

static void the_main_queue_runs_when_the_host_drains_it(void **state) {
    struct halsdk_queue_counts counts;
    pthread_t thread;

    (void)state;
    ordered = 0;
    assert_int_equal(halsdk_drain_main_queue(), 0);
    dispatch_async_f(dispatch_get_main_queue(), (void *)1, append);
    dispatch_async_f(dispatch_get_main_queue(), (void *)2, append);
    assert_int_equal(ordered, 0);
    assert_int_equal(halsdk_drain_main_queue(), 2);
    assert_int_equal(order[1], 2);

    ordered = 0;
    dispatch_async_f(dispatch_get_main_queue(), NULL, add_to_main);
    assert_int_equal(halsdk_drain_main_queue(), 1); /* what it adds waits for the next call */
    assert_int_equal(halsdk_drain_main_queue(), 1);
    assert_int_equal(ordered, 2);
    halsdk_count_queues(&counts);
    assert_int_equal(counts.items, 1);
    assert_true(halsdk_stop_queues(SECOND)); /* drops it */

    assert_int_equal(pthread_create(&thread, NULL, sync_to_main, NULL), 0);
    while (halsdk_drain_main_queue() == 0)
        pause_ms(1);
    pthread_join(thread, NULL);
    assert_true(pthread_equal(ran_on, pthread_self()));
}

static const char key_a, key_b;
static void *found_a, *found_b;
static const char *found_label;

static void look_up(void *queue) {
    found_a = dispatch_get_specific(&key_a);
    found_b = dispatch_get_specific(&key_b);
    found_label = dispatch_queue_get_label(DISPATCH_CURRENT_QUEUE_LABEL);
    dispatch_assert_queue(queue);
    dispatch_assert_queue_not(dispatch_get_main_queue());
}

static _Atomic int destroyed;

static void count_destroyed(void *value) {
    atomic_fetch_add(&destroyed, (int)(intptr_t)value);
}

static void work_finds_the_values_of_its_queue_and_targets(void **state) {
    dispatch_queue_t target = dispatch_queue_create("target", NULL);
    dispatch_queue_t queue = dispatch_queue_create_with_target("inner", NULL, target);

    (void)state;
    dispatch_queue_set_specific(target, &key_a, (void *)1, count_destroyed);
    dispatch_queue_set_specific(queue, &key_b, (void *)10, count_destroyed);
    dispatch_async_f(queue, target, look_up);
    dispatch_sync_f(queue, NULL, nothing);
    assert_ptr_equal(found_a, (void *)1);
    assert_ptr_equal(found_b, (void *)10);
    assert_string_equal(found_label, "inner");
    assert_null(dispatch_get_specific(&key_a)); /* we run on no queue */
    assert_ptr_equal(dispatch_queue_get_specific(target, &key_a), (void *)1);
    assert_string_equal(dispatch_queue_get_label(target), "target");
    assert_string_equal(dispatch_queue_get_label(DISPATCH_CURRENT_QUEUE_LABEL), "");
    dispatch_release(target);
    dispatch_release(queue);
    assert_true(halsdk_wait_for_queues(5 * SECOND));
    assert_int_equal(atomic_load(&destroyed), 11);
}

static _Atomic int finalized;

static void finalize(void *context) {
    atomic_fetch_add(&finalized, 100 + (int)(intptr_t)context);
}

static void the_finalizer_gets_the_context_when_the_last_work_is_done(void **state) {
    dispatch_queue_t queue = dispatch_queue_create("f", NULL);
    dispatch_queue_t other = dispatch_queue_create("without context", NULL);
    pthread_barrier_t barrier;

    (void)state;
    pthread_barrier_init(&barrier, NULL, 2);
    dispatch_set_context(queue, (void *)5);
    assert_ptr_equal(dispatch_get_context(queue), (void *)5);
    dispatch_set_finalizer_f(queue, finalize);
    dispatch_set_finalizer_f(other, finalize);
    dispatch_async_f(queue, &barrier, meet);
    dispatch_retain(queue);
    dispatch_release(queue);
    dispatch_release(queue);
    dispatch_release(other);
    pause_ms(5);
    assert_int_equal(atomic_load(&finalized), 0);
    pthread_barrier_wait(&barrier);
    assert_true(halsdk_wait_for_queues(5 * SECOND));
    assert_int_equal(atomic_load(&finalized), 105); /* once, not for the other */
    pthread_barrier_destroy(&barrier);
}

static void count_iteration(void *context, size_t iteration) {
    size_t *sum = context;
    *sum += iteration;
}

static void apply_does_all_iterations_before_it_returns(void **state) {
    dispatch_queue_t queue = dispatch_queue_create("serial", NULL);
    size_t sum = 0;

    (void)state;
    dispatch_apply_f(101, queue, &sum, count_iteration);
    assert_int_equal(sum, 5050);
    dispatch_apply_f(101, DISPATCH_APPLY_AUTO, &sum, count_iteration);
    dispatch_apply_f(0, queue, &sum, count_iteration);
    assert_int_equal(sum, 10100);
    dispatch_release(queue);
}

static int policy;

static void note_policy(void *unused) {
    struct sched_param parameters;

    (void)unused;
    pthread_getschedparam(pthread_self(), &policy, &parameters);
}

static void the_pool_does_not_inherit_a_real_time_policy(void **state) {
    struct sched_param real_time = {.sched_priority = 1}, ordinary = {.sched_priority = 0};

    (void)state;
    if (pthread_setschedparam(pthread_self(), SCHED_FIFO, &real_time) != 0)
        skip(); /* only with the right to */
    policy = -1;
    dispatch_async_f(dispatch_get_global_queue(0, 0), NULL, note_policy);
    pthread_setschedparam(pthread_self(), SCHED_OTHER, &ordinary);
    assert_true(halsdk_wait_for_queues(5 * SECOND));
    assert_int_equal(policy, SCHED_OTHER);
}

static void global_queues_answer_to_priorities_and_classes(void **state) {
    (void)state;
    assert_ptr_equal(dispatch_get_global_queue(DISPATCH_QUEUE_PRIORITY_DEFAULT, 0),
                     dispatch_get_global_queue(QOS_CLASS_DEFAULT, 0));
    assert_ptr_equal(dispatch_get_global_queue(DISPATCH_QUEUE_PRIORITY_HIGH, 0),
                     dispatch_get_global_queue(QOS_CLASS_USER_INITIATED, 0));
    assert_ptr_not_equal(dispatch_get_global_queue(DISPATCH_QUEUE_PRIORITY_BACKGROUND, 0),
                         dispatch_get_global_queue(DISPATCH_QUEUE_PRIORITY_LOW, 0));
    assert_null(dispatch_get_global_queue(77, 0));
    assert_null(dispatch_get_global_queue(0, 1));
    assert_string_equal(dispatch_queue_get_label(dispatch_get_main_queue()),
                        "com.apple.main-thread");
}

static void waiting_for_a_stuck_queue_ends_at_the_limit(void **state) {
    struct halsdk_queue_counts counts;
    pthread_barrier_t barrier;

    (void)state;
    pthread_barrier_init(&barrier, NULL, 2);
    dispatch_async_f(dispatch_get_global_queue(0, 0), &barrier, meet_twice);
    pthread_barrier_wait(&barrier);
    assert_false(halsdk_wait_for_queues(10000000));
    assert_false(halsdk_stop_queues(10000000));
    halsdk_count_queues(&counts);
    assert_int_equal(counts.items, 1);
    assert_true(counts.threads >= 1);
    pthread_barrier_wait(&barrier);
    assert_true(halsdk_stop_queues(5 * SECOND));
    halsdk_count_queues(&counts);
    assert_int_equal(counts.threads, 0);
    pthread_barrier_destroy(&barrier);
}

static void sleep_and_count(void *counter) {
    const struct timespec pause = {.tv_nsec = 20000000};

    nanosleep(&pause, NULL);
    atomic_fetch_add((atomic_int *)counter, 1);
}

static void work_that_was_waited_for_in_vain_is_not_waited_for_again(void **state) {
    atomic_int done = 0;
    pthread_barrier_t barrier;

    (void)state;
    pthread_barrier_init(&barrier, NULL, 2);
    dispatch_async_f(dispatch_get_global_queue(0, 0), &barrier, meet_twice);
    pthread_barrier_wait(&barrier);
    assert_false(halsdk_wait_for_queues(10000000));
    assert_true(halsdk_wait_for_queues(10000000));
    /* New work is, although the old still runs. */
    dispatch_async_f(dispatch_get_global_queue(0, 0), &done, sleep_and_count);
    assert_true(halsdk_wait_for_queues(5 * SECOND));
    assert_int_equal(atomic_load(&done), 1);
    assert_false(halsdk_stop_queues(10000000)); /* ending the threads is another matter */
    pthread_barrier_wait(&barrier);
    assert_true(halsdk_stop_queues(5 * SECOND));
    dispatch_async_f(dispatch_get_global_queue(0, 0), &done, sleep_and_count);
    assert_true(halsdk_wait_for_queues(5 * SECOND));
    assert_int_equal(atomic_load(&done), 2);
    pthread_barrier_destroy(&barrier);
}

static void stopping_drops_what_waits_and_work_starts_again_afterwards(void **state) {
    dispatch_queue_t queue = dispatch_queue_create("d", NULL);
    pthread_barrier_t barrier;

    (void)state;
    ordered = 0;
    pthread_barrier_init(&barrier, NULL, 2);
    dispatch_async_f(queue, &barrier, meet_twice);
    pthread_barrier_wait(&barrier);
    dispatch_async_f(dispatch_get_main_queue(), (void *)1, append);
    assert_false(halsdk_stop_queues(10000000)); /* the first still runs */
    pthread_barrier_wait(&barrier);
    assert_true(halsdk_stop_queues(5 * SECOND));
    assert_int_equal(halsdk_drain_main_queue(), 0);
    assert_int_equal(ordered, 0);
    dispatch_async_f(queue, (void *)1, append);
    dispatch_sync_f(queue, NULL, nothing);
    assert_int_equal(ordered, 1);
    pthread_barrier_destroy(&barrier);
    dispatch_release(queue);
}

/* Many threads, many queues, everything at once: for the sanitizers. */
static _Atomic int sum;

static void add_one(void *unused) {
    (void)unused;
    atomic_fetch_add(&sum, 1);
}

static void *submit_many(void *argument) {
    dispatch_queue_t *queues = argument;

    for (int i = 0; i < 300; i++) {
        dispatch_async_f(queues[i % 3], NULL, add_one);
        dispatch_sync_f(queues[(i + 1) % 3], NULL, add_one);
        dispatch_barrier_async_f(queues[2], NULL, add_one);
    }
    return NULL;
}

static void nothing_is_lost_under_load(void **state) {
    dispatch_queue_t target = dispatch_queue_create("t", NULL);
    dispatch_queue_t queues[3] = {dispatch_queue_create("a", NULL),
                                  dispatch_queue_create_with_target("b", NULL, target),
                                  dispatch_queue_create("c", DISPATCH_QUEUE_CONCURRENT)};
    pthread_t threads[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, submit_many, queues), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 3; i++)
        dispatch_release(queues[i]);
    dispatch_release(target);
    assert_true(halsdk_wait_for_queues(20 * SECOND));
    assert_int_equal(atomic_load(&sum), 4 * 300 * 3);
}

#define TEST(test_) cmocka_unit_test_teardown(test_, end_of_test)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_serial_queue_runs_one_after_the_other_in_order),
        TEST(sync_runs_on_the_calling_thread),
        TEST(a_concurrent_and_a_global_queue_run_at_once),
        TEST(a_barrier_is_alone_on_its_queue),
        TEST(two_queues_with_one_serial_target_exclude_each_other),
        TEST(a_target_given_to_a_busy_queue_waits_until_it_is_idle),
        TEST(a_suspended_queue_starts_nothing),
        TEST(an_inactive_queue_starts_when_it_is_activated),
        TEST(the_main_queue_runs_when_the_host_drains_it),
        TEST(work_finds_the_values_of_its_queue_and_targets),
        TEST(the_finalizer_gets_the_context_when_the_last_work_is_done),
        TEST(apply_does_all_iterations_before_it_returns),
        TEST(the_pool_does_not_inherit_a_real_time_policy),
        TEST(global_queues_answer_to_priorities_and_classes),
        TEST(waiting_for_a_stuck_queue_ends_at_the_limit),
        TEST(work_that_was_waited_for_in_vain_is_not_waited_for_again),
        TEST(stopping_drops_what_waits_and_work_starts_again_afterwards),
        TEST(nothing_is_lost_under_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
