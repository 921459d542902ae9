/* test_ledger_ends.c - threads and children that a call makes, and the ends that it comes to; and
 * machines on which system calls cannot be watched.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "habits.h"
#include "ledger_child.h"
#include "ledger_row.h"
#include <cmocka.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

#define MS INT64_C(1000000)

/* ---- threads and children -------------------------------------------------------------------- */

static void a_thread_made_in_a_call_lives(void **state) {
    (void)state;
    for (int i = 0; i < 20; i++) {
        clear(HALLEDGER_UNLIMITED);
        halledger_begin(&row);
        habits_thread();
        halledger_end(1);
        assert_true(count_of(HALLEDGER_SYSTEM_CALL) > 0);
    }
    assert_true(is_watched());
}

static void the_watch_goes_on_with_the_next_allocation(void **state) {
    (void)state;
    clear(HALLEDGER_UNLIMITED);
    halledger_begin(&row);
    habits_thread();
    habits_allocate(1);
    (void)habits_raw_system_call();
    (void)habits_raw_system_call();
    (void)habits_raw_system_call();
    halledger_end(1);
    uint64_t with = count_of(HALLEDGER_SYSTEM_CALL);
    clear(HALLEDGER_UNLIMITED);
    halledger_begin(&row);
    habits_thread();
    halledger_end(1);
    assert_true(with >= count_of(HALLEDGER_SYSTEM_CALL) + 3);
}

static void a_child_of_any_kind_lives_and_ends(void **state) {
    (void)state;
    int (*const make[])(void) = {habits_fork, habits_vfork, habits_spawn, habits_clone};
    for (int i = 0; i < 4; i++) {
        clear(0);
        halledger_begin(&row);
        int status = make[i]();
        halledger_end(1);
        assert_int_equal(status, 7);
        assert_true(count_of(HALLEDGER_SYSTEM_CALL) > 0);
        assert_true(is_watched());
    }
}

static int fork_and_be_watched(void) {
    clear(0);
    halledger_begin(&row);
    pid_t child = fork();
    if (child == 0) {
        /* Not the row's any more, and a ledger of its own. */
        _exit(habits_raw_system_call() == getpid() && is_watched() ? 0 : 1);
    }
    int status = -1;
    pid_t waited = waitpid(child, &status, 0);
    halledger_end(1);
    EXPECT(waited == child);
    EXPECT(status == 0);
    EXPECT(count_of(HALLEDGER_SYSTEM_CALL) >= 2); /* fork and wait: it goes on behind a fork */
    EXPECT(is_watched());
    return 0;
}

static void a_forked_child_has_a_ledger_of_its_own(void **state) {
    (void)state;
    assert_int_equal(in_child(fork_and_be_watched), 0);
}

/* ---- ends ------------------------------------------------------------------------------------ */

static enum habits_end how_to_end;

static int end_in_a_row(void) {
    clear(0);
    halledger_begin(&row);
    habits_allocate(2);
    habits_end(how_to_end, 33);
}

static void a_process_may_end_in_a_row(void **state) {
    (void)state;
    for (int how = HABITS_EXIT; how <= HABITS_EXEC; how++) {
        how_to_end = (enum habits_end)how;
        int status = in_child(end_in_a_row);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 33);
    }
}

static void *end_thread_in_a_row(void *unused) {
    (void)unused;
    halledger_begin(&row);
    habits_allocate(2);
    habits_end(how_to_end, 0);
}

static void a_thread_may_end_in_a_row(void **state) {
    (void)state;
    for (int how = HABITS_PTHREAD_EXIT; how <= HABITS_RAW_EXIT; how++) {
        how_to_end = (enum habits_end)how;
        for (int i = 0; i < 20; i++) {
            pthread_t thread;
            clear(HALLEDGER_UNLIMITED);
            pthread_create(&thread, NULL, end_thread_in_a_row, NULL);
            pthread_join(thread, NULL);
            assert_int_equal(atomic_load(&row.abandoned), 1);
            assert_true(count_of(HALLEDGER_ALLOCATION) >= 2);
        }
    }
}

static void *sleep_in_a_row(void *unused) {
    const struct timespec length = {.tv_sec = 10};
    (void)unused;
    halledger_begin(&row);
    habits_sleep(&length, NULL);
    halledger_end(1);
    return NULL;
}

static void a_thread_may_be_cancelled_in_a_row(void **state) {
    (void)state;
    const struct timespec moment = {.tv_nsec = 20 * MS};
    void *value = NULL;
    pthread_t thread;
    clear(0);
    pthread_create(&thread, NULL, sleep_in_a_row, NULL);
    nanosleep(&moment, NULL);
    pthread_cancel(thread);
    pthread_join(thread, &value);
    assert_ptr_equal(value, PTHREAD_CANCELED);
    assert_int_equal(atomic_load(&row.abandoned), 1);
}

static sigjmp_buf way_out;

static void on_crash(int number) {
    halledger_abandon();
    siglongjmp(way_out, number);
}

static void a_crash_that_is_jumped_out_of_leaves_the_thread_as_it_was(void **state) {
    (void)state;
    struct sigaction action = {.sa_handler = on_crash}, before;
    sigaction(SIGSEGV, &action, &before);
    for (int i = 0; i < 10; i++) {
        clear(HALLEDGER_UNLIMITED);
        if (sigsetjmp(way_out, 1) == 0) {
            halledger_begin(&row);
            (void)habits_raw_system_call();
            habits_crash();
            halledger_end(1);
        }
        (void)habits_raw_system_call();
        habits_allocate(3);
        halledger_resume(); /* of a pause within the call */
        assert_int_equal(atomic_load(&row.abandoned), 1);
        assert_int_equal(count_of(HALLEDGER_ALLOCATION), 1);
        assert_int_equal(count_of(HALLEDGER_SYSTEM_CALL), 1);
        assert_true(is_watched());
    }
    sigaction(SIGSEGV, &before, NULL);
}

/* ---- machines that cannot -------------------------------------------------------------------- */

/* As a container or an older kernel would: prctl(PR_SET_SYSCALL_USER_DISPATCH) is refused. */
static bool refuse_dispatch(void) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 59, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static int count_without_dispatch(void) {
    EXPECT(refuse_dispatch());
    EXPECT(!halledger_sees(HALLEDGER_SYSTEM_CALL));
    EXPECT(halledger_sees(HALLEDGER_ALLOCATION) && halledger_sees(HALLEDGER_PAGE_FAULT));
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    clear(0);
    halledger_begin(&row);
    habits_allocate(2);
    habits_lock(&lock);
    habits_page_faults(100);
    long self = habits_raw_system_call();
    halledger_end(1);
    EXPECT(self == getpid());
    EXPECT(count_of(HALLEDGER_ALLOCATION) == 2 && count_of(HALLEDGER_FREE) == 2);
    EXPECT(count_of(HALLEDGER_LOCK) == 1);
    EXPECT(count_of(HALLEDGER_PAGE_FAULT) >= 100);
    EXPECT(count_of(HALLEDGER_SYSTEM_CALL) == 0);
    return 0;
}

static void where_the_kernel_refuses_all_else_counts(void **state) {
    (void)state;
    assert_int_equal(in_child(count_without_dispatch), 0);
}

int main(void) {
    /* Before this process has a ledger. */
    const struct CMUnitTest everywhere[] = {
        cmocka_unit_test(where_the_kernel_refuses_all_else_counts),
        cmocka_unit_test(a_process_may_end_in_a_row),
    };
    const struct CMUnitTest watched[] = {
        cmocka_unit_test(a_thread_made_in_a_call_lives),
        cmocka_unit_test(the_watch_goes_on_with_the_next_allocation),
        cmocka_unit_test(a_child_of_any_kind_lives_and_ends),
        cmocka_unit_test(a_forked_child_has_a_ledger_of_its_own),
        cmocka_unit_test(a_thread_may_end_in_a_row),
        cmocka_unit_test(a_thread_may_be_cancelled_in_a_row),
        cmocka_unit_test(a_crash_that_is_jumped_out_of_leaves_the_thread_as_it_was),
    };
    int failed = cmocka_run_group_tests_name("everywhere", everywhere, NULL, NULL);
    if (halledger_sees(HALLEDGER_SYSTEM_CALL)) {
        failed += cmocka_run_group_tests_name("watched", watched, NULL, NULL);
    }
    return failed;
}
