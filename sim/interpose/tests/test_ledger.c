/* test_ledger.c - what a plug-in does in a call (habits.c) comes to the ledger, and nothing else.
 */
#define _GNU_SOURCE /* dladdr() */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "habits.h"
#include "halinterpose/ledger.h"
#include <cmocka.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static struct halledger_row row;

static void clear(uint32_t budget) {
    memset(&row, 0, sizeof row);
    for (int kind = 0; kind < HALLEDGER_KIND_COUNT; kind++) {
        row.budget[kind] = budget;
    }
}

static uint64_t count_of(enum halledger_kind kind) {
    return atomic_load(&row.counts[kind]);
}

static void nothing_done_is_nothing_counted(void **state) {
    (void)state;
    clear(0);
    for (int i = 0; i < 100; i++) {
        halledger_begin(&row);
        habits_none();
        halledger_end(5);
        free(malloc(10)); /* outside */
        (void)getppid();
    }
    assert_int_equal(atomic_load(&row.calls), 100);
    assert_int_equal(atomic_load(&row.sampled), 7);
    for (int kind = 0; kind < HALLEDGER_PAGE_FAULT; kind++) {
        assert_int_equal(count_of((enum halledger_kind)kind), 0);
    }
    assert_int_equal(atomic_load(&row.worst_ns), 5);
}

static void allocations_are_counted_and_shown(void **state) {
    (void)state;
    clear(2);
    halledger_begin(&row);
    habits_allocate(2);
    halledger_end(1);
    assert_int_equal(atomic_load(&row.violations), 0);
    halledger_begin(&row);
    habits_allocate(3);
    halledger_end(1);
    assert_int_equal(atomic_load(&row.violations), 1);
    assert_int_equal(count_of(HALLEDGER_ALLOCATION), 5);
    assert_int_equal(count_of(HALLEDGER_FREE), 5);
    assert_int_equal(atomic_load(&row.worst[HALLEDGER_ALLOCATION]), 3);
    /* the third allocation, then the third free */
    assert_int_equal(atomic_load(&row.evidence_count), 2);
    assert_int_equal(row.evidence[0].kind, HALLEDGER_ALLOCATION);
    assert_int_equal(row.evidence[0].number, 102);
    assert_int_equal(row.evidence[1].kind, HALLEDGER_FREE);
    bool named = false;
    for (int i = 0; i < row.evidence[0].depth; i++) {
        Dl_info info;
        named = named || (dladdr(row.evidence[0].stack[i], &info) != 0 && info.dli_sname != NULL &&
                          strcmp(info.dli_sname, "habits_allocate") == 0);
    }
    assert_true(named);
}

struct held {
    pthread_mutex_t lock;
    pthread_barrier_t taken;
};

static void *hold_for_a_moment(void *argument) {
    struct held *held = argument;
    const struct timespec moment = {.tv_nsec = 20000000};
    pthread_mutex_lock(&held->lock);
    pthread_barrier_wait(&held->taken);
    nanosleep(&moment, NULL);
    pthread_mutex_unlock(&held->lock);
    return NULL;
}

static void a_lock_that_had_to_be_waited_for_is_told_apart(void **state) {
    (void)state;
    struct held held = {.lock = PTHREAD_MUTEX_INITIALIZER};
    pthread_barrier_init(&held.taken, NULL, 2);
    clear(HALLEDGER_UNLIMITED);
    halledger_begin(&row);
    habits_lock(&held.lock);
    halledger_end(1);
    assert_int_equal(count_of(HALLEDGER_LOCK), 1);
    assert_int_equal(count_of(HALLEDGER_CONTENDED), 0);

    pthread_t holder;
    pthread_create(&holder, NULL, hold_for_a_moment, &held);
    pthread_barrier_wait(&held.taken);
    halledger_begin(&row);
    habits_lock(&held.lock);
    halledger_end(1);
    pthread_join(holder, NULL);
    assert_int_equal(count_of(HALLEDGER_LOCK), 1);
    assert_int_equal(count_of(HALLEDGER_CONTENDED), 1);
    pthread_barrier_destroy(&held.taken);
}

static void system_calls_are_counted_raw_ones_too(void **state) {
    (void)state;
    if (!halledger_sees(HALLEDGER_SYSTEM_CALL)) {
        skip();
    }
    clear(0);
    for (int i = 0; i < 3; i++) {
        halledger_begin(&row);
        long first = habits_system_call();
        long second = habits_raw_system_call();
        halledger_end(1);
        assert_int_equal(first, getpid()); /* they still do what they should */
        assert_int_equal(second, getpid());
    }
    assert_int_equal(count_of(HALLEDGER_SYSTEM_CALL), 6);
    assert_int_equal(atomic_load(&row.violations), 3);
    assert_int_equal(row.evidence[1].number, SYS_getpid);
    Dl_info info;
    bool named = false;
    for (int i = 0; i < row.evidence[1].depth; i++) {
        named = named || (dladdr(row.evidence[1].stack[i], &info) != 0 && info.dli_sname != NULL &&
                          strcmp(info.dli_sname, "habits_raw_system_call") == 0);
    }
    assert_true(named);
}

static void a_thread_made_in_a_call_lives(void **state) {
    (void)state;
    clear(HALLEDGER_UNLIMITED);
    halledger_begin(&row);
    habits_thread();
    halledger_end(1);
    assert_true(!halledger_sees(HALLEDGER_SYSTEM_CALL) || count_of(HALLEDGER_SYSTEM_CALL) > 0);
}

static void page_faults_are_counted_in_sampled_calls(void **state) {
    (void)state;
    clear(HALLEDGER_UNLIMITED);
    for (int i = 0; i < 17; i++) {
        halledger_begin(&row);
        habits_page_faults(100);
        halledger_end(1);
    }
    assert_int_equal(atomic_load(&row.sampled), 2);
    assert_in_range(count_of(HALLEDGER_PAGE_FAULT), 200, 260);
}

static void what_the_host_does_in_between_is_not_counted(void **state) {
    (void)state;
    clear(0);
    halledger_begin(&row);
    halledger_pause();
    free(malloc(10));
    halledger_pause();
    (void)syscall(SYS_getpid);
    halledger_resume();
    (void)syscall(SYS_getpid);
    halledger_resume();
    halledger_end(1);
    assert_int_equal(atomic_load(&row.violations), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_done_is_nothing_counted),
        cmocka_unit_test(allocations_are_counted_and_shown),
        cmocka_unit_test(a_lock_that_had_to_be_waited_for_is_told_apart),
        cmocka_unit_test(system_calls_are_counted_raw_ones_too),
        cmocka_unit_test(a_thread_made_in_a_call_lives),
        cmocka_unit_test(page_faults_are_counted_in_sampled_calls),
        cmocka_unit_test(what_the_host_does_in_between_is_not_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
