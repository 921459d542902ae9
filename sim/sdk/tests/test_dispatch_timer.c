#define _GNU_SOURCE /* sched_setaffinity() */
/* dispatch_after and timer sources, in real and in virtual time. */
#include "death.h"
#include <dispatch/dispatch.h>
#include <halsdk/halsdk.h>
#include <mach/mach_time.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#define SECOND      UINT64_C(1000000000)
#define MILLISECOND UINT64_C(1000000)

static _Atomic uint64_t fake_ns;
static dispatch_queue_t queue;

static uint64_t read_fake(void *unused) {
    (void)unused;
    return atomic_load(&fake_ns);
}

static void advance(uint64_t to_ns) {
    atomic_store(&fake_ns, to_ns);
    halsdk_run_timers_until(to_ns);
    assert_true(halsdk_wait_for_queues(5 * SECOND));
}

static int start_real(void **state) {
    (void)state;
    queue = dispatch_queue_create("timers", NULL);
    return 0;
}

static int start_virtual(void **state) {
    static const struct halsdk_time_source source = {read_fake, NULL};

    atomic_store(&fake_ns, SECOND);
    halsdk_set_time_source(&source);
    return start_real(state);
}

static int end_of_test(void **state) {
    struct halsdk_queue_counts counts;

    (void)state;
    dispatch_release(queue);
    if (!halsdk_stop_queues(5 * SECOND))
        return -1;
    halsdk_set_time_source(NULL);
    halsdk_count_queues(&counts);
    return counts.threads == 0 && counts.items == 0 && counts.timers == 0 ? 0 : -1;
}

static _Atomic uint64_t fired_at;

static void note_time(void *unused) {
    (void)unused;
    atomic_store(&fired_at, mach_absolute_time());
}

static void wait_for(_Atomic uint64_t *value) {
    for (int i = 0; i < 5000 && atomic_load(value) == 0; i++)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    assert_true(atomic_load(value) != 0);
}

static void after_runs_not_before_its_time(void **state) {
    uint64_t before = mach_absolute_time();

    (void)state;
    atomic_store(&fired_at, 0);
    dispatch_after_f(dispatch_time(DISPATCH_TIME_NOW, 5 * (int64_t)MILLISECOND), queue, NULL,
                     note_time);
    wait_for(&fired_at);
    assert_true(atomic_load(&fired_at) - before >= 5 * MILLISECOND);

    atomic_store(&fired_at, 0);
    dispatch_after_f(DISPATCH_TIME_NOW, queue, NULL, note_time);
    wait_for(&fired_at);
    atomic_store(&fired_at, 0);
    dispatch_after_f(dispatch_walltime(NULL, (int64_t)MILLISECOND), queue, NULL, note_time);
    wait_for(&fired_at);
}

static void an_earlier_after_overtakes_a_later_one(void **state) {
    (void)state;
    atomic_store(&fired_at, 0);
    dispatch_after_f(dispatch_time(DISPATCH_TIME_NOW, 3600 * (int64_t)SECOND), queue, NULL,
                     note_time);
    dispatch_after_f(dispatch_time(DISPATCH_TIME_NOW, (int64_t)MILLISECOND), queue, NULL,
                     note_time);
    wait_for(&fired_at);
}

struct ticker {
    dispatch_source_t source;
    _Atomic uint64_t calls, events, cancelled;
    uint64_t cancel_after;
};

static void tick(void *context) {
    struct ticker *ticker = context;

    atomic_fetch_add(&ticker->events, dispatch_source_get_data(ticker->source));
    if (atomic_fetch_add(&ticker->calls, 1) + 1 == ticker->cancel_after)
        dispatch_source_cancel(ticker->source);
}

static void note_cancel(void *context) {
    struct ticker *ticker = context;
    atomic_fetch_add(&ticker->cancelled, 1);
}

static void make_ticker(struct ticker *ticker, dispatch_time_t start, uint64_t interval) {
    *ticker =
        (struct ticker){.source = dispatch_source_create(DISPATCH_SOURCE_TYPE_TIMER, 0, 0, queue)};
    dispatch_set_context(ticker->source, ticker);
    dispatch_source_set_event_handler_f(ticker->source, tick);
    dispatch_source_set_cancel_handler_f(ticker->source, note_cancel);
    dispatch_source_set_timer(ticker->source, start, interval, 0);
    dispatch_resume(ticker->source);
}

static void a_timer_ticks_until_it_is_cancelled(void **state) {
    struct ticker ticker;

    (void)state;
    make_ticker(&ticker, DISPATCH_TIME_FOREVER, MILLISECOND); /* not yet */
    ticker.cancel_after = 5;
    dispatch_source_set_timer(ticker.source, DISPATCH_TIME_NOW, MILLISECOND, 0);
    wait_for(&ticker.cancelled);
    assert_true(halsdk_wait_for_queues(5 * SECOND));
    assert_int_equal(atomic_load(&ticker.calls), 5);
    assert_true(atomic_load(&ticker.events) >= atomic_load(&ticker.calls));
    assert_int_equal(atomic_load(&ticker.cancelled), 1);
    assert_int_not_equal(dispatch_source_testcancel(ticker.source), 0);
    dispatch_release(ticker.source);
}

static void virtual_timers_wait_for_the_host(void **state) {
    (void)state;
    atomic_store(&fired_at, 0);
    dispatch_after_f(dispatch_time(DISPATCH_TIME_NOW, 10 * (int64_t)MILLISECOND), queue, NULL,
                     note_time);
    advance(SECOND + 10 * MILLISECOND - 1);
    assert_int_equal(atomic_load(&fired_at), 0);
    atomic_store(&fake_ns, SECOND + 20 * MILLISECOND);
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    assert_int_equal(atomic_load(&fired_at), 0); /* the clock alone does nothing */
    advance(SECOND + 20 * MILLISECOND);
    assert_int_equal(atomic_load(&fired_at), SECOND + 20 * MILLISECOND);
}

static int order[8];
static _Atomic int ordered;

static void append(void *value) {
    order[atomic_fetch_add(&ordered, 1)] = (int)(intptr_t)value;
}

static void due_timers_fire_in_the_order_of_their_deadlines(void **state) {
    (void)state;
    ordered = 0;
    dispatch_after_f(dispatch_time(DISPATCH_TIME_NOW, 300), queue, (void *)3, append);
    dispatch_after_f(dispatch_time(DISPATCH_TIME_NOW, 100), queue, (void *)1, append);
    dispatch_after_f(dispatch_time(DISPATCH_TIME_NOW, 200), queue, (void *)2, append);
    dispatch_after_f(dispatch_time(DISPATCH_TIME_NOW, 300), queue, (void *)4, append);
    atomic_store(&fake_ns, 2 * SECOND);
    assert_int_equal(halsdk_run_timers_until(2 * SECOND), 4);
    assert_int_equal(halsdk_run_timers_until(2 * SECOND), 0);
    assert_true(halsdk_wait_for_queues(5 * SECOND));
    for (int i = 0; i < 4; i++)
        assert_int_equal(order[i], i + 1);
}

static void a_virtual_timer_ticks_exactly_on_its_grid(void **state) {
    struct ticker ticker;

    (void)state;
    make_ticker(&ticker, dispatch_time(DISPATCH_TIME_NOW, 0), 10 * MILLISECOND);
    for (uint64_t i = 0; i < 100; i++) {
        advance(SECOND + i * 10 * MILLISECOND);
        assert_int_equal(atomic_load(&ticker.calls), i + 1);
    }
    advance(SECOND + 1000 * MILLISECOND - 1);
    assert_int_equal(atomic_load(&ticker.calls), 100);
    /* A jump over seven and a half periods is one call that says eight (99.0 to 107.5). */
    advance(SECOND + 1075 * MILLISECOND);
    assert_int_equal(atomic_load(&ticker.calls), 101);
    assert_int_equal(atomic_load(&ticker.events), 108);
    /* ... and the grid stays. */
    advance(SECOND + 1080 * MILLISECOND);
    assert_int_equal(atomic_load(&ticker.events), 109);
    dispatch_source_cancel(ticker.source);
    dispatch_source_cancel(ticker.source);
    assert_true(halsdk_wait_for_queues(5 * SECOND));
    assert_int_equal(atomic_load(&ticker.cancelled), 1);
    advance(3 * SECOND);
    assert_int_equal(atomic_load(&ticker.events), 109);
    dispatch_release(ticker.source);
}

static void a_timer_without_interval_fires_once(void **state) {
    struct ticker ticker;

    (void)state;
    make_ticker(&ticker, dispatch_time(DISPATCH_TIME_NOW, 10), DISPATCH_TIME_FOREVER);
    advance(2 * SECOND);
    advance(3 * SECOND);
    assert_int_equal(atomic_load(&ticker.events), 1);
    dispatch_source_set_timer(ticker.source, DISPATCH_TIME_NOW, DISPATCH_TIME_FOREVER, 0);
    advance(3 * SECOND);
    assert_int_equal(atomic_load(&ticker.events), 2);
    dispatch_release(ticker.source);
}

static void a_suspended_timer_counts_and_tells_when_resumed(void **state) {
    struct ticker ticker;

    (void)state;
    make_ticker(&ticker, dispatch_time(DISPATCH_TIME_NOW, 10), 10);
    dispatch_suspend(ticker.source);
    advance(SECOND + 50);
    assert_int_equal(atomic_load(&ticker.calls), 0);
    dispatch_resume(ticker.source);
    assert_true(halsdk_wait_for_queues(5 * SECOND));
    assert_int_equal(atomic_load(&ticker.calls), 1);
    assert_int_equal(atomic_load(&ticker.events), 5);
    dispatch_release(ticker.source); /* ticks no more, and nobody reports it cancelled */
    advance(SECOND + 100);
    assert_int_equal(atomic_load(&ticker.events), 5);
    assert_int_equal(atomic_load(&ticker.cancelled), 0);
}

static void stopping_disarms_timers(void **state) {
    struct ticker ticker;
    struct halsdk_queue_counts counts;

    (void)state;
    make_ticker(&ticker, dispatch_time(DISPATCH_TIME_NOW, 10), 10);
    atomic_store(&fired_at, 0);
    dispatch_after_f(dispatch_time(DISPATCH_TIME_NOW, 10), queue, NULL, note_time);
    halsdk_count_queues(&counts);
    assert_int_equal(counts.timers, 2);
    assert_true(halsdk_stop_queues(5 * SECOND));
    halsdk_count_queues(&counts);
    assert_int_equal(counts.timers, 0);
    advance(2 * SECOND);
    assert_int_equal(atomic_load(&ticker.calls), 0);
    assert_int_equal(atomic_load(&fired_at), 0);
    dispatch_release(ticker.source);
}

static _Atomic int timed_out;

static void *wait_for_a_semaphore(void *semaphore) {
    dispatch_time_t limit = dispatch_time(DISPATCH_TIME_NOW, (int64_t)MILLISECOND);

    atomic_store(&timed_out, dispatch_semaphore_wait(semaphore, limit) != 0 ? 1 : 2);
    return NULL;
}

static void a_timed_wait_ends_in_virtual_time(void **state) {
    dispatch_semaphore_t semaphore = dispatch_semaphore_create(0);
    pthread_t thread;

    (void)state;
    atomic_store(&timed_out, 0);
    assert_int_equal(pthread_create(&thread, NULL, wait_for_a_semaphore, semaphore), 0);
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    assert_int_equal(atomic_load(&timed_out), 0);
    atomic_store(&fake_ns, 2 * SECOND);
    assert_int_equal(halsdk_run_timers_until(2 * SECOND), 1);
    pthread_join(thread, NULL);
    assert_int_equal(atomic_load(&timed_out), 1);
    dispatch_release(semaphore);
}

static void a_timer_of_virtual_time_fires_by_the_next_source(void **state) {
    (void)state;
    atomic_store(&fired_at, 0);
    dispatch_after_f(dispatch_time(DISPATCH_TIME_NOW, (int64_t)MILLISECOND), queue, NULL,
                     note_time);
    halsdk_set_time_source(NULL); /* by its clock a second has long passed */
    wait_for(&fired_at);
}

static void a_timed_wait_of_virtual_time_ends_by_the_next_source(void **state) {
    dispatch_semaphore_t semaphore = dispatch_semaphore_create(0);
    pthread_t thread;

    (void)state;
    atomic_store(&timed_out, 0);
    assert_int_equal(pthread_create(&thread, NULL, wait_for_a_semaphore, semaphore), 0);
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    halsdk_set_time_source(NULL);
    for (int i = 0; i < 5000 && atomic_load(&timed_out) == 0; i++)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    assert_int_equal(atomic_load(&timed_out), 1);
    pthread_join(thread, NULL);
    dispatch_release(semaphore);
}

static void setting_a_source_uses_no_queue(void **state) {
    (void)state;
    assert_false(halsdk_queues_were_used());
    halsdk_set_time_source(NULL);
    assert_false(halsdk_queues_were_used());
}

enum {
    WAITERS = 4
};

static void *wait_until(void *deadline) {
    mach_wait_until((uint64_t)(uintptr_t)deadline);
    append((void *)(uintptr_t)((uintptr_t)deadline - SECOND));
    return NULL;
}

/* On one processor, threads of one real-time priority run in the order in which they were woken:
 * unless they wait for one another in the sanitizer. */
#if defined(__SANITIZE_THREAD__)
#define UNORDERED_THREADS
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNORDERED_THREADS
#endif
#endif
static void waits_end_in_the_order_of_their_deadlines(void **state) {
    static const uint64_t deadlines[WAITERS] = {SECOND + 3, SECOND + 1, SECOND + 4, SECOND + 2};
    struct sched_param priority = {.sched_priority = 1}, ordinary = {0};
    pthread_t threads[WAITERS];
    cpu_set_t all, first;
    bool is_allowed;

    (void)state;
    CPU_ZERO(&first);
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    for (size_t i = 0; CPU_COUNT(&first) == 0; i++) {
        if (CPU_ISSET(i, &all))
            CPU_SET(i, &first);
    }
#if defined(UNORDERED_THREADS)
    skip();
#endif
    is_allowed = sched_setaffinity(0, sizeof first, &first) == 0 &&
                 pthread_setschedparam(pthread_self(), SCHED_FIFO, &priority) == 0;
    if (is_allowed) {
        ordered = 0;
        for (int i = 0; i < WAITERS; i++) {
            assert_int_equal(
                pthread_create(&threads[i], NULL, wait_until, (void *)(uintptr_t)deadlines[i]), 0);
            nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        }
        assert_int_equal(ordered, 0);
        atomic_store(&fake_ns, 2 * SECOND);
        assert_int_equal(halsdk_run_timers_until(2 * SECOND), WAITERS);
        for (int i = 0; i < WAITERS; i++)
            pthread_join(threads[i], NULL);
        for (int i = 0; i < WAITERS; i++)
            assert_int_equal(order[i], i + 1);
    }
    pthread_setschedparam(pthread_self(), SCHED_OTHER, &ordinary);
    sched_setaffinity(0, sizeof all, &all);
    if (!is_allowed)
        skip();
}

static void run_timers_until_does_nothing_in_real_time(void **state) {
    (void)state;
    atomic_store(&fired_at, 0);
    dispatch_after_f(dispatch_time(DISPATCH_TIME_NOW, 3600 * (int64_t)SECOND), queue, NULL,
                     note_time);
    assert_int_equal(halsdk_run_timers_until(UINT64_MAX), 0);
    assert_true(halsdk_wait_for_queues(5 * SECOND));
    assert_int_equal(atomic_load(&fired_at), 0);
}

static int errors;

static void count_errors(const struct halsdk_log_record *record, void *context) {
    (void)context;
    if (strcmp(record->level, "error") == 0 && strcmp(record->category, "read") == 0)
        errors++;
}

static void other_sources_are_refused_with_a_log_line(void **state) {
    (void)state;
    halsdk_set_log_sink(count_errors, NULL);
    assert_null(dispatch_source_create(DISPATCH_SOURCE_TYPE_READ, 0, 0, queue));
    halsdk_set_log_sink(NULL, NULL);
    assert_int_equal(errors, 1);
}

#define REAL(test_)    cmocka_unit_test_setup_teardown(test_, start_real, end_of_test)
#define VIRTUAL(test_) cmocka_unit_test_setup_teardown(test_, start_virtual, end_of_test)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setting_a_source_uses_no_queue), /* before anything else does */
        REAL(after_runs_not_before_its_time),
        REAL(an_earlier_after_overtakes_a_later_one),
        REAL(a_timer_ticks_until_it_is_cancelled),
        REAL(run_timers_until_does_nothing_in_real_time),
        REAL(other_sources_are_refused_with_a_log_line),
        VIRTUAL(virtual_timers_wait_for_the_host),
        VIRTUAL(due_timers_fire_in_the_order_of_their_deadlines),
        VIRTUAL(a_virtual_timer_ticks_exactly_on_its_grid),
        VIRTUAL(a_timer_without_interval_fires_once),
        VIRTUAL(a_suspended_timer_counts_and_tells_when_resumed),
        VIRTUAL(stopping_disarms_timers),
        VIRTUAL(a_timed_wait_ends_in_virtual_time),
        VIRTUAL(a_timer_of_virtual_time_fires_by_the_next_source),
        VIRTUAL(a_timed_wait_of_virtual_time_ends_by_the_next_source),
        VIRTUAL(waits_end_in_the_order_of_their_deadlines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
