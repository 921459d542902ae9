#define _GNU_SOURCE /* RTLD_NEXT */
/* What must hold while work runs and things end around it: stopping, a drain of the main queue,
 * pools for what is autoreleased, cancelled threads, threads that are being started. */
#include "death.h"
#include <CoreFoundation/CoreFoundation.h>
#include <dispatch/dispatch.h>
#include <dlfcn.h>
#include <halsdk/halsdk.h>
#include <mach/mach_init.h>
#include <mach/semaphore.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#define SECOND      UINT64_C(1000000000)
#define MILLISECOND UINT64_C(1000000)

static void pause_ms(long ms) {
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

static size_t armed_timers(void) {
    struct halsdk_queue_counts counts;
    halsdk_count_queues(&counts);
    return counts.timers;
}

static int start_of_test(void **state) {
    (void)state;
    alarm(60); /* a lock that is left behind shows as a test that hangs */
    return 0;
}

static int end_of_test(void **state) {
    struct halsdk_queue_counts counts;

    (void)state;
    alarm(0);
    if (!halsdk_stop_queues(5 * SECOND))
        return -1;
    halsdk_set_time_source(NULL);
    halsdk_count_queues(&counts);
    return counts.threads == 0 && counts.items == 0 && counts.timers == 0 ? 0 : -1;
}

static _Atomic int ran;

static void count_run(void *unused) {
    (void)unused;
    atomic_fetch_add(&ran, 1);
}

static void nothing(void *unused) {
    (void)unused;
}

/* Tells that it runs, then waits. */
static void meet_twice(void *barrier) {
    pthread_barrier_wait(barrier);
    pthread_barrier_wait(barrier);
}

/* ---- stopping ------------------------------------------------------------------------------- */

static dispatch_source_t ticker;

/* Work that is still running when the runtime is stopped, and leaves something for later. */
static void arm_during_the_stop(void *barrier) {
    pthread_barrier_wait(barrier);
    while (armed_timers() > 0)
        pause_ms(1);
    dispatch_after_f(dispatch_time(DISPATCH_TIME_NOW, (int64_t)MILLISECOND),
                     dispatch_get_global_queue(0, 0), NULL, count_run);
    dispatch_source_set_timer(ticker, dispatch_time(DISPATCH_TIME_NOW, (int64_t)MILLISECOND),
                              MILLISECOND, 0);
    dispatch_async_f(dispatch_get_main_queue(), NULL, count_run);
}

static void stop_under_work_that_arms(void) {
    struct halsdk_queue_counts counts;
    pthread_barrier_t barrier;

    atomic_store(&ran, 0);
    pthread_barrier_init(&barrier, NULL, 2);
    ticker = dispatch_source_create(DISPATCH_SOURCE_TYPE_TIMER, 0, 0, NULL);
    dispatch_source_set_event_handler_f(ticker, count_run);
    dispatch_source_set_timer(ticker, dispatch_time(DISPATCH_TIME_NOW, 3600 * (int64_t)SECOND),
                              SECOND, 0);
    dispatch_resume(ticker);
    dispatch_async_f(dispatch_get_global_queue(0, 0), &barrier, arm_during_the_stop);
    pthread_barrier_wait(&barrier);
    assert_true(halsdk_stop_queues(5 * SECOND));
    halsdk_count_queues(&counts);
    assert_int_equal(counts.timers, 0);
    assert_int_equal(counts.items, 0);
    assert_int_equal(counts.threads, 0);
    pthread_barrier_destroy(&barrier);
}

static void what_running_work_arms_during_a_stop_never_fires(void **state) {
    (void)state;
    stop_under_work_that_arms();
    pause_ms(10);
    halsdk_drain_main_queue();
    assert_true(halsdk_wait_for_queues(5 * SECOND));
    assert_int_equal(atomic_load(&ran), 0);
    dispatch_release(ticker);
}

static uint64_t read_a_second(void *unused) {
    (void)unused;
    return SECOND;
}

static void what_it_arms_in_virtual_time_does_not_fire_in_the_next_host(void **state) {
    static const struct halsdk_time_source source = {read_a_second, NULL};

    (void)state;
    halsdk_set_time_source(&source);
    stop_under_work_that_arms();
    halsdk_set_time_source(NULL);
    halsdk_set_time_source(&source);
    assert_int_equal(halsdk_run_timers_until(2 * SECOND), 0);
    assert_true(halsdk_wait_for_queues(5 * SECOND));
    assert_int_equal(atomic_load(&ran), 0);
    dispatch_release(ticker);
}

static void a_stop_that_gives_up_still_drops_what_waits(void **state) {
    dispatch_queue_t queue = dispatch_queue_create("stuck", NULL);
    dispatch_queue_t suspended = dispatch_queue_create("suspended", NULL);
    dispatch_group_t group = dispatch_group_create();
    pthread_barrier_t barrier;

    (void)state;
    atomic_store(&ran, 0);
    pthread_barrier_init(&barrier, NULL, 2);
    dispatch_suspend(suspended);
    dispatch_group_async_f(group, queue, &barrier, meet_twice);
    dispatch_async_f(queue, NULL, count_run);
    dispatch_async_f(suspended, NULL, count_run);
    dispatch_group_notify_f(group, queue, NULL, count_run);
    pthread_barrier_wait(&barrier);
    assert_false(halsdk_stop_queues(20 * MILLISECOND));
    pthread_barrier_wait(&barrier); /* what waited has its turn now */
    dispatch_resume(suspended);
    dispatch_sync_f(suspended, NULL, nothing);
    dispatch_sync_f(queue, NULL, nothing);
    assert_true(halsdk_wait_for_queues(5 * SECOND));
    assert_int_equal(atomic_load(&ran), 0);

    dispatch_async_f(queue, NULL, count_run); /* new work is not concerned */
    dispatch_sync_f(queue, NULL, nothing);
    assert_int_equal(atomic_load(&ran), 1);
    pthread_barrier_destroy(&barrier);
    dispatch_release(group);
    dispatch_release(suspended);
    dispatch_release(queue);
}

/* Work that needs the main queue's turn after the stop has begun. */
static void ask_main_during_the_stop(void *barrier) {
    pthread_barrier_wait(barrier);
    while (armed_timers() > 0)
        pause_ms(1);
    pause_ms(20);
    dispatch_sync_f(dispatch_get_main_queue(), NULL, count_run);
    dispatch_sync_f(dispatch_get_main_queue(), NULL, count_run);
}

static void a_stop_serves_the_main_queue_for_work_that_waits_for_it(void **state) {
    pthread_barrier_t barrier;

    (void)state;
    atomic_store(&ran, 0);
    pthread_barrier_init(&barrier, NULL, 2);
    dispatch_after_f(dispatch_time(DISPATCH_TIME_NOW, 3600 * (int64_t)SECOND),
                     dispatch_get_global_queue(0, 0), NULL, nothing);
    dispatch_async_f(dispatch_get_global_queue(0, 0), &barrier, ask_main_during_the_stop);
    pthread_barrier_wait(&barrier);
    assert_true(halsdk_stop_queues(5 * SECOND));
    assert_int_equal(atomic_load(&ran), 2);
    pthread_barrier_destroy(&barrier);
}

static _Atomic bool is_enough;

/* A finalizer is called while work is dropped, too: this one leaves another in the main queue. */
static void make_another(void *unused) {
    dispatch_queue_t queue;

    (void)unused;
    if (atomic_load(&is_enough))
        return;
    queue = dispatch_queue_create_with_target("another", NULL, dispatch_get_main_queue());
    dispatch_set_context(queue, &is_enough);
    dispatch_set_finalizer_f(queue, make_another);
    dispatch_release(queue);
}

static void a_stop_ends_in_time_whatever_comes_meanwhile(void **state) {
    (void)state;
    atomic_store(&is_enough, false);
    make_another(NULL);
    assert_false(halsdk_stop_queues(50 * MILLISECOND));
    atomic_store(&is_enough, true);
    assert_true(halsdk_stop_queues(5 * SECOND));
}

static _Atomic uint64_t virtual_ns;

static uint64_t read_virtual(void *unused) {
    (void)unused;
    return atomic_load(&virtual_ns);
}

static dispatch_source_t suspended_once(dispatch_function_t event, dispatch_function_t cancel) {
    dispatch_source_t source = dispatch_source_create(DISPATCH_SOURCE_TYPE_TIMER, 0, 0, NULL);

    dispatch_source_set_event_handler_f(source, event);
    dispatch_source_set_cancel_handler_f(source, cancel);
    dispatch_source_set_timer(source, dispatch_time(DISPATCH_TIME_NOW, 1), DISPATCH_TIME_FOREVER,
                              0);
    dispatch_resume(source);
    dispatch_suspend(source);
    return source;
}

static void what_a_suspended_source_owes_is_forgotten_by_a_stop(void **state) {
    static const struct halsdk_time_source time = {read_virtual, NULL};
    dispatch_source_t fired, cancelled;

    (void)state;
    atomic_store(&ran, 0);
    atomic_store(&virtual_ns, SECOND);
    halsdk_set_time_source(&time);
    fired = suspended_once(count_run, nothing);
    cancelled = suspended_once(nothing, count_run);
    dispatch_source_cancel(cancelled);
    atomic_store(&virtual_ns, 2 * SECOND);
    assert_int_equal(halsdk_run_timers_until(2 * SECOND), 1);
    assert_true(halsdk_stop_queues(5 * SECOND));
    dispatch_resume(fired);
    dispatch_resume(cancelled);
    assert_true(halsdk_wait_for_queues(5 * SECOND));
    assert_int_equal(atomic_load(&ran), 0);

    dispatch_source_set_timer(fired, DISPATCH_TIME_NOW, DISPATCH_TIME_FOREVER, 0);
    assert_int_equal(halsdk_run_timers_until(2 * SECOND), 1); /* new events are not concerned */
    assert_true(halsdk_wait_for_queues(5 * SECOND));
    assert_int_equal(atomic_load(&ran), 1);
    dispatch_release(fired);
    dispatch_release(cancelled);
}

/* ---- queues --------------------------------------------------------------------------------- */

/* The address sanitizer sees it if the old target is looked at again. */
static void a_queue_may_leave_a_target_that_only_it_holds(void **state) {
    dispatch_queue_t target = dispatch_queue_create("target", NULL);
    dispatch_queue_t queue = dispatch_queue_create_with_target("queue", NULL, target);
    pthread_barrier_t barrier;

    (void)state;
    atomic_store(&ran, 0);
    pthread_barrier_init(&barrier, NULL, 2);
    dispatch_set_context(target, &ran);
    dispatch_set_finalizer_f(target, count_run);
    dispatch_release(target);
    dispatch_async_f(queue, &barrier, meet_twice);
    pthread_barrier_wait(&barrier);
    dispatch_set_target_queue(queue, dispatch_get_global_queue(0, 0));
    assert_int_equal(atomic_load(&ran), 0);
    pthread_barrier_wait(&barrier);
    dispatch_sync_f(queue, NULL, nothing);
    assert_true(halsdk_wait_for_queues(5 * SECOND));
    assert_int_equal(atomic_load(&ran), 1);
    pthread_barrier_destroy(&barrier);
    dispatch_release(queue);
}

static void add_to_main(void *unused) {
    (void)unused;
    dispatch_async_f(dispatch_get_main_queue(), NULL, count_run);
}

static void a_drain_takes_all_that_stands_in_queues_before_the_main_queue(void **state) {
    dispatch_queue_t queue =
        dispatch_queue_create_with_target("before main", NULL, dispatch_get_main_queue());

    (void)state;
    atomic_store(&ran, 0);
    for (int i = 0; i < 5; i++)
        dispatch_async_f(queue, NULL, count_run);
    dispatch_async_f(queue, NULL, add_to_main);
    assert_int_equal(halsdk_drain_main_queue(), 6);
    assert_int_equal(atomic_load(&ran), 5); /* what this work adds waits for the next call */
    assert_int_equal(halsdk_drain_main_queue(), 1);
    assert_int_equal(atomic_load(&ran), 6);
    dispatch_release(queue);
}

static size_t drained_within;

static void drain_within(void *unused) {
    (void)unused;
    drained_within = halsdk_drain_main_queue();
    drained_within += (size_t)atomic_load(&ran);
}

static void a_drain_within_work_of_the_main_queue_runs_nothing(void **state) {
    (void)state;
    atomic_store(&ran, 0);
    drained_within = 7;
    dispatch_async_f(dispatch_get_main_queue(), NULL, drain_within);
    dispatch_async_f(dispatch_get_main_queue(), NULL, count_run);
    assert_int_equal(halsdk_drain_main_queue(), 2);
    assert_int_equal(drained_within, 0); /* the queue is serial: the second waits for the first */
    assert_int_equal(atomic_load(&ran), 1);
}

/* ---- what is autoreleased ------------------------------------------------------------------- */

static void autorelease_a_number(void *place) {
    int value = 4711;
    CFNumberRef number = CFNumberCreate(NULL, kCFNumberIntType, &value);

    *(CFNumberRef *)place = CFAutorelease(number);
}

static void work_has_a_pool_of_its_own(void **state) {
    size_t before = halsdk_live_objects("CFNumber");
    CFNumberRef number;

    (void)state;
    dispatch_async_f(dispatch_get_global_queue(0, 0), &number, autorelease_a_number);
    assert_true(halsdk_wait_for_queues(5 * SECOND));
    assert_int_equal(halsdk_live_objects("CFNumber"), before);
    dispatch_async_f(dispatch_get_main_queue(), &number, autorelease_a_number);
    halsdk_drain_main_queue();
    assert_int_equal(halsdk_live_objects("CFNumber"), before);
}

static void a_sync_may_hand_its_caller_an_autoreleased_object(void **state) {
    size_t before = halsdk_live_objects("CFNumber");
    size_t pool = halsdk_autorelease_push();
    CFNumberRef number = NULL;
    int value = 0;

    (void)state;
    dispatch_sync_f(dispatch_get_global_queue(0, 0), &number, autorelease_a_number);
    assert_true(CFNumberGetValue(number, kCFNumberIntType, &value));
    assert_int_equal(value, 4711);
    halsdk_autorelease_pop(pool);
    assert_int_equal(halsdk_live_objects("CFNumber"), before);
}

/* ---- threads -------------------------------------------------------------------------------- */

static void *wait_while_cancelled(void *unused) {
    dispatch_semaphore_t semaphore = dispatch_semaphore_create(0);
    dispatch_time_t soon = dispatch_time(DISPATCH_TIME_NOW, 5 * (int64_t)MILLISECOND);
    semaphore_t mach_semaphore;

    (void)unused;
    assert_int_equal(semaphore_create(mach_task_self(), &mach_semaphore, SYNC_POLICY_FIFO, 0), 0);
    pthread_cancel(pthread_self());
    dispatch_semaphore_wait(semaphore, soon);
    semaphore_timedwait(mach_semaphore, (mach_timespec_t){0, 5000000});
    dispatch_release(semaphore);
    semaphore_destroy(mach_task_self(), mach_semaphore);
    atomic_fetch_add(&ran, 1);
    pthread_testcancel();
    return NULL;
}

static void a_thread_that_is_cancelled_in_a_wait_leaves_no_lock_behind(void **state) {
    pthread_t thread;
    void *result;

    (void)state;
    atomic_store(&ran, 0);
    assert_int_equal(pthread_create(&thread, NULL, wait_while_cancelled, NULL), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, PTHREAD_CANCELED);
    assert_int_equal(atomic_load(&ran), 1); /* no wait is a cancellation point */
    assert_int_equal(armed_timers(), 0);    /* takes the lock */
}

static void *stop_while_cancelled(void *unused) {
    (void)unused;
    pthread_cancel(pthread_self());
    halsdk_stop_queues(5 * SECOND);
    atomic_fetch_add(&ran, 1);
    pthread_testcancel();
    return NULL;
}

static void a_thread_that_is_cancelled_stops_the_runtime_to_the_end(void **state) {
    pthread_t thread;

    (void)state;
    atomic_store(&ran, 0);
    dispatch_async_f(dispatch_get_global_queue(0, 0), NULL, nothing);
    assert_int_equal(pthread_create(&thread, NULL, stop_while_cancelled, NULL), 0);
    pthread_join(thread, NULL);
    assert_int_equal(atomic_load(&ran), 1);
    assert_true(halsdk_stop_queues(5 * SECOND)); /* takes its lock */
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OWN_PTHREAD_CREATE 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define OWN_PTHREAD_CREATE 0
#endif
#endif
#if !defined(OWN_PTHREAD_CREATE)
static _Atomic bool is_watched;
static _Atomic int created, held;

static void *take_the_lock(void *unused) {
    (void)unused;
    armed_timers();
    return NULL;
}

/* Stands before the C library's in the whole process. */
__attribute__((visibility("default"))) int pthread_create(pthread_t *thread,
                                                          const pthread_attr_t *attributes,
                                                          void *(*run)(void *), void *context) {
    int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    void *found = dlsym(RTLD_NEXT, "pthread_create");
    struct timespec until;
    pthread_t other;

    memcpy(&next, &found, sizeof next);
    if (atomic_load(&is_watched)) {
        atomic_fetch_add(&created, 1);
        assert_int_equal(next(&other, NULL, take_the_lock, NULL), 0);
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += 2;
        if (pthread_timedjoin_np(other, NULL, &until) != 0)
            atomic_fetch_add(&held, 1);
    }
    return next(thread, attributes, run, context);
}

static void threads_are_started_without_the_lock(void **state) {
    dispatch_queue_t queue = dispatch_queue_create("q", NULL);

    (void)state;
    atomic_store(&is_watched, true);
    dispatch_async_f(queue, queue, nothing);
    dispatch_after_f(dispatch_time(DISPATCH_TIME_NOW, (int64_t)MILLISECOND), queue, NULL, nothing);
    atomic_store(&is_watched, false);
    assert_int_equal(atomic_load(&created), 2);
    assert_int_equal(atomic_load(&held), 0);
    dispatch_release(queue);
}
#endif

#define TEST(test_) cmocka_unit_test_setup_teardown(test_, start_of_test, end_of_test)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_running_work_arms_during_a_stop_never_fires),
        TEST(what_it_arms_in_virtual_time_does_not_fire_in_the_next_host),
        TEST(a_stop_that_gives_up_still_drops_what_waits),
        TEST(a_stop_serves_the_main_queue_for_work_that_waits_for_it),
        TEST(a_stop_ends_in_time_whatever_comes_meanwhile),
        TEST(what_a_suspended_source_owes_is_forgotten_by_a_stop),
        TEST(a_queue_may_leave_a_target_that_only_it_holds),
        TEST(a_drain_takes_all_that_stands_in_queues_before_the_main_queue),
        TEST(a_drain_within_work_of_the_main_queue_runs_nothing),
        TEST(work_has_a_pool_of_its_own),
        TEST(a_sync_may_hand_its_caller_an_autoreleased_object),
        TEST(a_thread_that_is_cancelled_in_a_wait_leaves_no_lock_behind),
        TEST(a_thread_that_is_cancelled_stops_the_runtime_to_the_end),
#if !defined(OWN_PTHREAD_CREATE)
        TEST(threads_are_started_without_the_lock),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
