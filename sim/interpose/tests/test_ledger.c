/* test_ledger.c - what a plug-in does in a call (habits.c) is counted, and nothing else.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "habits.h"
#include "halinterpose/sched.h"
#include "ledger_row.h"
#include <cmocka.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static bool is_in_stack(const struct halledger_evidence *evidence, const char *function) {
    for (int i = 0; i < evidence->depth; i++) {
        Dl_info info;
        if (dladdr((char *)evidence->stack[i] - 1, &info) != 0 && info.dli_sname != NULL &&
            strcmp(info.dli_sname, function) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void nothing_done_is_nothing_counted(void **state) {
    (void)state;
    clear(0);
    for (int i = 0; i < 300; i++) {
        halledger_begin(&row);
        habits_none();
        halledger_end(5);
        habits_allocate(1); /* outside */
        (void)getppid();
    }
    assert_int_equal(atomic_load(&row.calls), 300);
    assert_int_equal(atomic_load(&row.sampled), 17);
    for (int kind = 0; kind < HALLEDGER_PAGE_FAULT; kind++) {
        assert_int_equal(count_of((enum halledger_kind)kind), 0);
    }
    assert_int_equal(atomic_load(&row.worst_ns), 5);
    assert_int_equal(atomic_load(&row.abandoned), 0);
}

static void the_worst_call_is_remembered(void **state) {
    (void)state;
    static const unsigned blocks[] = {1, 4, 2};
    clear(HALLEDGER_UNLIMITED);
    for (unsigned i = 0; i < 3; i++) {
        halledger_begin(&row);
        habits_allocate(blocks[i]);
        halledger_end(100 * blocks[i]);
    }
    assert_int_equal(count_of(HALLEDGER_ALLOCATION), 7);
    assert_int_equal(atomic_load(&row.worst[HALLEDGER_ALLOCATION]), 4);
    assert_int_equal(atomic_load(&row.worst_ns), 400);
    assert_int_equal(atomic_load(&row.violations), 0);
    assert_int_equal(atomic_load(&row.evidence_count), 0);
}

static void *call_often(void *unused) {
    (void)unused;
    for (int i = 0; i < 20000; i++) {
        halledger_begin(&row);
        halledger_note(HALLEDGER_LOCK);
        halledger_end(1);
    }
    return NULL;
}

static void a_shared_row_loses_no_call(void **state) {
    (void)state;
    clear(HALLEDGER_UNLIMITED);
    row.shared = true;
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
        pthread_create(&threads[i], NULL, call_often, NULL);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(atomic_load(&row.calls), 60000);
    assert_int_equal(count_of(HALLEDGER_LOCK), 60000);
}

static void what_the_host_does_in_between_is_not_counted(void **state) {
    (void)state;
    clear_but_sampled(0);
    halledger_begin(&row);
    halledger_pause();
    habits_allocate(1);
    halledger_pause();
    (void)syscall(SYS_getpid);
    halledger_resume();
    (void)syscall(SYS_getpid);
    halledger_resume();
    halledger_end(1);
    assert_int_equal(atomic_load(&row.violations), 0);
    halledger_begin(&row);
    halledger_pause();
    halledger_resume();
    habits_allocate(1);
    halledger_end(1);
    assert_int_equal(atomic_load(&row.violations), 1);
}

static void an_end_without_a_beginning_is_nothing(void **state) {
    (void)state;
    clear(0);
    halledger_end(9);
    halledger_abandon();
    halledger_pause();
    halledger_resume();
    halledger_note(HALLEDGER_LOCK);
    halledger_begin(&row);
    halledger_end(1);
    halledger_end(9);
    assert_int_equal(atomic_load(&row.worst_ns), 1);
    assert_int_equal(count_of(HALLEDGER_LOCK), 0);
    halledger_begin(&row);
    halledger_resume();
    halledger_pause();
    habits_allocate(1);
    halledger_resume();
    halledger_end(1);
    assert_int_equal(count_of(HALLEDGER_ALLOCATION), 0);
}

static void a_row_that_another_replaces_is_abandoned(void **state) {
    (void)state;
    static struct halledger_row other;
    clear(HALLEDGER_UNLIMITED);
    memset(&other, 0, sizeof other);
    halledger_begin(&row);
    habits_allocate(2);
    halledger_pause();
    halledger_begin(&other);
    habits_allocate(3);
    halledger_end(1);
    assert_int_equal(atomic_load(&row.abandoned), 1);
    assert_int_equal(count_of(HALLEDGER_ALLOCATION), 2);
    assert_int_equal(atomic_load(&other.counts[HALLEDGER_ALLOCATION]), 3);
}

/* ---- kinds ----------------------------------------------------------------------------------- */

static void allocations_are_counted_and_shown(void **state) {
    (void)state;
    clear_but_sampled(2);
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
    assert_string_equal(row.evidence[0].function, "malloc");
    assert_int_equal(row.evidence[1].kind, HALLEDGER_FREE);
    Dl_info info;
    assert_int_not_equal(dladdr(row.evidence[0].stack[0], &info), 0);
    assert_string_equal(info.dli_sname, "habits_allocate");
}

static void every_way_to_allocate_is_counted(void **state) {
    (void)state;
    void *volatile blocks[10];
    void *aligned = NULL;
    clear(HALLEDGER_UNLIMITED);
    halledger_begin(&row);
    blocks[0] = malloc(1);
    blocks[1] = calloc(2, 3);
    blocks[2] = realloc(NULL, 10);
    blocks[2] = realloc(blocks[2], 20000);
    blocks[3] = aligned_alloc(64, 128);
    int error = posix_memalign(&aligned, 128, 5);
    blocks[4] = aligned;
    blocks[5] = strdup("text");
    blocks[6] = reallocarray(NULL, 3, 5);
    halledger_end(1);
    assert_int_equal(error, 0);
    assert_int_equal(((uintptr_t)blocks[4] % 128) + ((uintptr_t)blocks[3] % 64), 0);
    assert_int_equal(count_of(HALLEDGER_ALLOCATION), 8);
    assert_int_equal(count_of(HALLEDGER_FREE), 0);
    halledger_begin(&row);
    for (int i = 0; i < 7; i++) {
        free(blocks[i]);
    }
    free(NULL);
    halledger_end(1);
    assert_int_equal(count_of(HALLEDGER_FREE), 7);
}

struct held {
    enum held_kind {
        MUTEX,
        READ,
        WRITE,
        SPIN,
        SEMAPHORE,
        HELD_KINDS
    } kind;
    pthread_mutex_t mutex;
    pthread_rwlock_t rwlock;
    pthread_spinlock_t spin;
    sem_t semaphore;
    pthread_barrier_t taken;
};

static void take(struct held *held) {
    switch (held->kind) {
    case MUTEX:
        habits_lock(&held->mutex);
        break;
    case READ:
        habits_read_lock(&held->rwlock);
        break;
    case WRITE:
        habits_write_lock(&held->rwlock);
        break;
    case SPIN:
        habits_spin_lock(&held->spin);
        break;
    case SEMAPHORE:
        habits_semaphore(&held->semaphore);
        break;
    case HELD_KINDS:
        break;
    }
}

static void *hold_all_for_a_moment(void *argument) {
    struct held *held = argument;
    const struct timespec moment = {.tv_nsec = 30000000};
    pthread_mutex_lock(&held->mutex);
    pthread_rwlock_wrlock(&held->rwlock);
    pthread_spin_lock(&held->spin);
    sem_wait(&held->semaphore);
    pthread_barrier_wait(&held->taken);
    nanosleep(&moment, NULL);
    pthread_mutex_unlock(&held->mutex);
    pthread_rwlock_unlock(&held->rwlock);
    pthread_spin_unlock(&held->spin);
    sem_post(&held->semaphore);
    return NULL;
}

static void a_lock_that_had_to_be_waited_for_is_told_apart(void **state) {
    (void)state;
    struct held held = {.mutex = PTHREAD_MUTEX_INITIALIZER, .rwlock = PTHREAD_RWLOCK_INITIALIZER};
    pthread_spin_init(&held.spin, PTHREAD_PROCESS_PRIVATE);
    sem_init(&held.semaphore, 0, 1);
    pthread_barrier_init(&held.taken, NULL, 2);
    for (int kind = 0; kind < HELD_KINDS; kind++) {
        held.kind = (enum held_kind)kind;
        clear(HALLEDGER_UNLIMITED);
        halledger_begin(&row);
        take(&held);
        halledger_end(1);
        assert_int_equal(count_of(HALLEDGER_LOCK), 1);
        assert_int_equal(count_of(HALLEDGER_CONTENDED), 0);
        assert_int_equal(count_of(HALLEDGER_SYSTEM_CALL), 0);

        pthread_t holder;
        pthread_create(&holder, NULL, hold_all_for_a_moment, &held);
        pthread_barrier_wait(&held.taken);
        halledger_begin(&row);
        take(&held);
        halledger_end(1);
        pthread_join(holder, NULL);
        assert_int_equal(count_of(HALLEDGER_LOCK), 1);
        assert_int_equal(count_of(HALLEDGER_CONTENDED), 1);
    }
    pthread_barrier_destroy(&held.taken);
}

static void a_wait_for_a_condition_is_contended(void **state) {
    (void)state;
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec -= 1;
    clear(HALLEDGER_UNLIMITED);
    halledger_begin(&row);
    int error = habits_condition(&until);
    halledger_end(1);
    assert_int_equal(error, ETIMEDOUT);
    assert_int_equal(count_of(HALLEDGER_LOCK), 1); /* its mutex */
    assert_int_equal(count_of(HALLEDGER_CONTENDED), 1);
}

static void a_library_notes_a_lock_of_its_own(void **state) {
    (void)state;
    clear(0);
    habits_own_lock();
    halledger_begin(&row);
    habits_own_lock();
    halledger_end(1);
    assert_int_equal(count_of(HALLEDGER_LOCK), 1);
    assert_true(is_in_stack(&row.evidence[0], "habits_own_lock"));
}

static void system_calls_are_counted_raw_ones_too(void **state) {
    (void)state;
    if (!halledger_sees(HALLEDGER_SYSTEM_CALL)) {
        skip();
    }
    clear_but_sampled(0);
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
    assert_int_equal(row.evidence[0].number, SYS_getpid);
    assert_int_equal(row.evidence[1].number, SYS_getpid);
    assert_true(is_in_stack(&row.evidence[1], "habits_raw_system_call"));
}

static void page_faults_are_counted_in_sampled_calls(void **state) {
    (void)state;
    clear(HALLEDGER_UNLIMITED);
    row.budget[HALLEDGER_PAGE_FAULT] = 50;
    for (int i = 0; i < 20; i++) {
        halledger_begin(&row);
        habits_page_faults(100);
        halledger_end(1);
    }
    assert_int_equal(atomic_load(&row.sampled), 16);
    assert_in_range(count_of(HALLEDGER_PAGE_FAULT), 1600, 1700);
    assert_int_equal(atomic_load(&row.violations), 16);
    assert_int_equal(atomic_load(&row.evidence_count), 1);
    assert_int_equal(row.evidence[0].kind, HALLEDGER_PAGE_FAULT);
    assert_in_range(row.evidence[0].number, 100, 200);
}

static void context_switches_are_counted_in_sampled_calls(void **state) {
    (void)state;
    const struct timespec moment = {.tv_nsec = 1000000};
    clear(HALLEDGER_UNLIMITED);
    for (int i = 0; i < 4; i++) {
        halledger_begin(&row);
        habits_sleep(&moment, NULL);
        halledger_end(1);
    }
    assert_in_range(count_of(HALLEDGER_CONTEXT_SWITCH), 4, 40);
}

static void errno_is_the_drivers(void **state) {
    (void)state;
    clear(0);
    halledger_begin(&row);
    errno = 77;
    habits_allocate(1);
    (void)habits_system_call();
    (void)habits_raw_system_call();
    int kept = errno;
    ssize_t result = habits_write(-1, "", 1);
    int set = errno;
    halledger_end(1);
    assert_int_equal(kept, 77);
    assert_int_equal(result, -1);
    assert_int_equal(set, EBADF);
}

/* What the scheduler does for a wait in virtual time is not the driver's. */
static void virtual_time_counts_the_same(void **state) {
    (void)state;
    const struct halsched_options options = {.epoch_ns = 1000000000000};
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
    sem_t semaphore;
    sem_init(&semaphore, 0, 1);
    clear(HALLEDGER_UNLIMITED);
    assert_true(halsched_start(&options));
    halsched_enter();
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 60;
    halledger_begin(&row);
    habits_lock(&mutex);
    habits_read_lock(&rwlock);
    habits_write_lock(&rwlock);
    habits_semaphore(&semaphore);
    int error = habits_condition(&until);
    halledger_end(1);
    halsched_leave();
    halsched_stop();
    assert_int_equal(error, ETIMEDOUT);
    assert_int_equal(count_of(HALLEDGER_LOCK), 5); /* with the condition's mutex */
    assert_int_equal(count_of(HALLEDGER_CONTENDED), 1);
    assert_int_equal(count_of(HALLEDGER_SYSTEM_CALL), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_done_is_nothing_counted),
        cmocka_unit_test(the_worst_call_is_remembered),
        cmocka_unit_test(a_shared_row_loses_no_call),
        cmocka_unit_test(what_the_host_does_in_between_is_not_counted),
        cmocka_unit_test(an_end_without_a_beginning_is_nothing),
        cmocka_unit_test(a_row_that_another_replaces_is_abandoned),
        cmocka_unit_test(allocations_are_counted_and_shown),
        cmocka_unit_test(every_way_to_allocate_is_counted),
        cmocka_unit_test(a_lock_that_had_to_be_waited_for_is_told_apart),
        cmocka_unit_test(a_wait_for_a_condition_is_contended),
        cmocka_unit_test(virtual_time_counts_the_same),
        cmocka_unit_test(a_library_notes_a_lock_of_its_own),
        cmocka_unit_test(system_calls_are_counted_raw_ones_too),
        cmocka_unit_test(page_faults_are_counted_in_sampled_calls),
        cmocka_unit_test(context_switches_are_counted_in_sampled_calls),
        cmocka_unit_test(errno_is_the_drivers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
