/* test_ledger_signals.c - system calls that are watched meet signals, and waits that these
 * interrupt, as if nobody watched.
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
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

#define MS INT64_C(1000000)

/* ---- signals --------------------------------------------------------------------------------- */

static volatile sig_atomic_t handled;
static volatile long seen_in_handler;
static void *handler_stack[40];
static volatile int handler_depth;

static void on_signal(int number) {
    (void)number;
    int error = errno;
    handled = handled + 1;
    seen_in_handler = habits_raw_system_call();
    (void)habits_system_call();
    handler_depth = backtrace(handler_stack, 40);
    errno = error;
}

static void handle(int number, int flags) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags};
    sigfillset(&action.sa_mask); /* SIGSYS, too */
    assert_int_equal(sigaction(number, &action, NULL), 0);
    handled = 0;
}

static void a_signal_in_a_row_is_handled_and_its_system_calls_count(void **state) {
    (void)state;
    handle(SIGUSR1, 0);
    clear(HALLEDGER_UNLIMITED);
    halledger_begin(&row);
    for (int i = 0; i < 100; i++) {
        habits_raise(SIGUSR1);
    }
    halledger_end(1);
    uint64_t with = count_of(HALLEDGER_SYSTEM_CALL);
    assert_int_equal(handled, 100);
    assert_int_equal(seen_in_handler, getpid());

    signal(SIGUSR1, SIG_IGN);
    clear(HALLEDGER_UNLIMITED);
    halledger_begin(&row);
    for (int i = 0; i < 100; i++) {
        habits_raise(SIGUSR1);
    }
    halledger_end(1);
    assert_int_equal(with - count_of(HALLEDGER_SYSTEM_CALL), 200); /* the return is none */
    assert_true(is_watched());
}

struct sender {
    pthread_t to;
    int fd; /* to write to behind the signal; -1: none */
};

static void *send_after_a_while(void *argument) {
    const struct sender *sender = argument;
    const struct timespec while_ = {.tv_nsec = 20 * MS};
    nanosleep(&while_, NULL);
    pthread_kill(sender->to, SIGUSR1);
    if (sender->fd >= 0) {
        nanosleep(&while_, NULL);
        (void)!write(sender->fd, "x", 1);
    }
    return NULL;
}

static void a_sleep_that_a_signal_interrupts_says_so(void **state) {
    (void)state;
    handle(SIGUSR1, SA_RESTART);
    struct sender sender = {.to = pthread_self(), .fd = -1};
    pthread_t thread;
    const struct timespec length = {.tv_sec = 5};
    struct timespec left = {0};
    pthread_create(&thread, NULL, send_after_a_while, &sender);
    clear(HALLEDGER_UNLIMITED);
    halledger_begin(&row);
    int result = habits_sleep(&length, &left);
    int error = errno;
    halledger_end(1);
    pthread_join(thread, NULL);
    assert_int_equal(result, -1);
    assert_int_equal(error, EINTR);
    assert_int_equal(left.tv_sec, 4);
    assert_int_equal(handled, 1);
    assert_int_equal(count_of(HALLEDGER_SYSTEM_CALL), 3); /* with the handler's two */
}

static void a_read_that_a_signal_interrupts(int flags, ssize_t expected, int expected_error) {
    int ends[2];
    char byte = 0;
    handle(SIGUSR1, flags);
    assert_int_equal(pipe(ends), 0);
    struct sender sender = {.to = pthread_self(), .fd = ends[1]};
    pthread_t thread;
    pthread_create(&thread, NULL, send_after_a_while, &sender);
    clear(HALLEDGER_UNLIMITED);
    halledger_begin(&row);
    errno = 0;
    ssize_t result = habits_read(ends[0], &byte, 1);
    int error = errno;
    halledger_end(1);
    pthread_join(thread, NULL);
    assert_int_equal(result, expected);
    assert_int_equal(error, expected_error);
    assert_int_equal(handled, 1);
    assert_int_equal(count_of(HALLEDGER_SYSTEM_CALL), 3);
    close(ends[0]);
    close(ends[1]);
}

static void a_read_that_is_to_be_restarted_is(void **state) {
    (void)state;
    a_read_that_a_signal_interrupts(SA_RESTART, 1, 0);
}

static void a_read_that_is_not_to_be_restarted_fails(void **state) {
    (void)state;
    a_read_that_a_signal_interrupts(0, -1, EINTR);
}

/* A report of a driver that hangs in a system call must name it. */
static void the_stack_of_a_waiting_call_can_be_walked(void **state) {
    (void)state;
    a_read_that_a_signal_interrupts(SA_RESTART, 1, 0);
    bool driver = false, test = false;
    for (int i = 0; i < handler_depth; i++) {
        Dl_info info;
        if (dladdr((char *)handler_stack[i] - 1, &info) != 0 && info.dli_sname != NULL) {
            driver = driver || strcmp(info.dli_sname, "habits_read") == 0;
            test = test || (driver && strcmp(info.dli_sname, "_start") == 0);
        }
    }
    assert_true(driver);
    assert_true(test);
}

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 * MS + now.tv_nsec;
}

static void on_signal_of_the_host(int number) {
    halledger_pause();
    on_signal(number);
    halledger_resume();
}

static atomic_bool enough;

static void *send_signals(void *to) {
    while (!atomic_load(&enough)) {
        for (volatile int i = 0; i < 2000; i++) {
        }
        pthread_kill(*(pthread_t *)to, SIGUSR1);
        pthread_kill(*(pthread_t *)to, SIGUSR2);
    }
    return NULL;
}

static void signals_at_any_moment_do_no_harm(void **state) {
    (void)state;
    static struct halledger_row no_budget, no_limit;
    memset(&no_budget, 0, sizeof no_budget);
    clear(HALLEDGER_UNLIMITED);
    no_limit = row;
    handle(SIGUSR1, SA_RESTART);
    struct sigaction action = {.sa_handler = on_signal_of_the_host}, before;
    sigaction(SIGUSR2, &action, &before);
    pthread_t self = pthread_self(), sender;
    atomic_store(&enough, false);
    pthread_create(&sender, NULL, send_signals, &self);
    int64_t until = now_ns() + 300 * MS;
    uint64_t calls = 0, wrong = 0;
    for (; now_ns() < until || handled < 100; calls++) {
        memset(&no_budget.evidence_count, 0, sizeof no_budget.evidence_count);
        halledger_begin(calls % 2 == 0 ? &no_budget : &no_limit);
        wrong += habits_raw_system_call() != getpid();
        habits_allocate(1);
        wrong += !habits_keep_registers();
        halledger_end(1);
    }
    atomic_store(&enough, true);
    pthread_join(sender, NULL);
    sigaction(SIGUSR2, &before, NULL);
    assert_int_equal(wrong, 0);
    assert_int_equal(atomic_load(&no_budget.calls) + atomic_load(&no_limit.calls), calls);
    assert_int_equal(atomic_load(&no_limit.counts[HALLEDGER_ALLOCATION]), calls / 2);
    assert_true(atomic_load(&no_limit.counts[HALLEDGER_SYSTEM_CALL]) >= calls / 2 * 2);
    assert_int_equal(atomic_load(&no_limit.violations), 0);
    assert_true(is_watched());
}

static int sleep_while_stopped(void) {
    const struct timespec length = {.tv_nsec = 100 * MS};
    clear(HALLEDGER_UNLIMITED);
    int64_t before = now_ns();
    halledger_begin(&row);
    int result = habits_sleep(&length, NULL);
    halledger_end(1);
    EXPECT(result == 0);
    EXPECT(now_ns() - before >= 100 * MS);
    EXPECT(is_watched());
    return 0;
}

/* The kernel restarts it by another system call. */
static void a_sleep_that_is_stopped_and_continued_goes_on(void **state) {
    (void)state;
    const struct timespec moment = {.tv_nsec = 30 * MS};
    pid_t child = fork();
    if (child == 0) {
        alarm(10);
        _exit(sleep_while_stopped());
    }
    int status;
    nanosleep(&moment, NULL);
    kill(child, SIGSTOP);
    assert_int_equal(waitpid(child, &status, WUNTRACED), child);
    assert_true(WIFSTOPPED(status));
    kill(child, SIGCONT);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void signals_run_on_the_stack_that_was_set(void **state) {
    (void)state;
    static char memory[16384];
    const stack_t stack = {.ss_sp = memory, .ss_size = sizeof memory};
    stack_t off = {.ss_flags = SS_DISABLE}, now = {0};
    clear(0);
    halledger_begin(&row);
    int set = sigaltstack(&stack, NULL);
    int asked = sigaltstack(NULL, &now);
    handle(SIGUSR1, SA_ONSTACK);
    habits_raise(SIGUSR1);
    int cleared = sigaltstack(&off, NULL);
    halledger_end(1);
    assert_int_equal(set, 0);
    assert_int_equal(asked, 0);
    assert_ptr_equal(now.ss_sp, memory);
    assert_int_equal(now.ss_flags, 0);
    assert_int_equal(handled, 1);
    assert_int_equal(cleared, 0);
}

static void registers_and_what_is_below_the_stack_stay(void **state) {
    (void)state;
    assert_true(habits_keep_registers());
    clear(0);
    halledger_begin(&row);
    bool kept = habits_keep_registers(); /* with its stack written down */
    bool kept_again = habits_keep_registers();
    halledger_end(1);
    assert_true(kept && kept_again);
    assert_int_equal(count_of(HALLEDGER_SYSTEM_CALL), 2);
}

/* ---- masks ----------------------------------------------------------------------------------- */

static bool blocks(int number) {
    sigset_t now;
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    return sigismember(&now, number) == 1;
}

static void all_signals_blocked_leave_the_watch_alone(void **state) {
    (void)state;
    sigset_t before;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    for (int raw = 0; raw < 2; raw++) {
        for (int within = 0; within < 2; within++) {
            if (raw && !within) {
                continue; /* a raw call outside a row is not seen */
            }
            clear(0);
            if (within) {
                halledger_begin(&row);
            }
            int error = habits_block_signals(raw != 0);
            if (within) {
                (void)habits_raw_system_call();
                halledger_end(1);
                assert_int_equal(count_of(HALLEDGER_SYSTEM_CALL), 2);
            }
            assert_int_equal(error, 0);
            assert_true(blocks(SIGUSR1));
            assert_true(blocks(SIGTERM));
            assert_false(blocks(SIGSYS));
            assert_true(is_watched());
            pthread_sigmask(SIG_SETMASK, &before, NULL);
            assert_false(blocks(SIGUSR1));
        }
    }
}

static void masks_that_are_asked_for_and_wrong_ones_are_as_ever(void **state) {
    (void)state;
    sigset_t one, old, last, before;
    sigemptyset(&one);
    sigaddset(&one, SIGUSR2);
    sigemptyset(&old);
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    clear(0);
    halledger_begin(&row);
    int block = sigprocmask(SIG_BLOCK, &one, NULL);
    int ask = sigprocmask(SIG_BLOCK, NULL, &old);
    long wrong_how = syscall(SYS_rt_sigprocmask, 77, &one, NULL, 8);
    int wrong_how_error = errno;
    long wrong_address = syscall(SYS_rt_sigprocmask, SIG_BLOCK, (void *)8, NULL, 8);
    int wrong_address_error = errno;
    int unblock = sigprocmask(SIG_UNBLOCK, &one, &last);
    halledger_end(1);
    assert_int_equal(block + ask + unblock, 0);
    assert_true(sigismember(&old, SIGUSR2) == 1 && sigismember(&last, SIGUSR2) == 1);
    assert_false(sigismember(&old, SIGSYS) == 1);
    assert_int_equal(wrong_how, -1);
    assert_int_equal(wrong_how_error, EINVAL);
    assert_int_equal(wrong_address, -1);
    assert_int_equal(wrong_address_error, EFAULT);
    assert_false(blocks(SIGUSR2));
    assert_int_equal(count_of(HALLEDGER_SYSTEM_CALL), 5);
}

/* In a process that has no ledger yet. */
static int raise_what_was_set_up_before(void) {
    handle(SIGUSR1, 0);
    clear(HALLEDGER_UNLIMITED);
    halledger_begin(&row);
    habits_raise(SIGUSR1);
    halledger_end(1);
    EXPECT(handled == 1);
    return 0;
}

static void a_handler_that_was_set_up_before_the_first_row_works_in_it(void **state) {
    (void)state;
    assert_int_equal(in_child(raise_what_was_set_up_before), 0);
}

static int block_before_the_first_row(void) {
    sigset_t all;
    sigfillset(&all);
    /* The parent has a ledger; a raw call goes past it. */
    EXPECT(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, 8) == 0);
    EXPECT(blocks(SIGSYS));
    EXPECT(is_watched());
    EXPECT(!blocks(SIGSYS) && blocks(SIGUSR1));
    return 0;
}

static void what_was_blocked_before_is_unblocked(void **state) {
    (void)state;
    assert_int_equal(in_child(block_before_the_first_row), 0);
}

static void *be_watched(void *result) {
    *(bool *)result = is_watched();
    return NULL;
}

static void a_thread_that_began_with_all_blocked_is_watched(void **state) {
    (void)state;
    sigset_t all;
    sigfillset(&all);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setsigmask_np(&attributes, &all);
    pthread_t thread;
    bool watched = false;
    pthread_create(&thread, &attributes, be_watched, &watched);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    assert_true(watched);
}

static void who_wants_sigsys_gets_what_is_not_the_ledgers(void **state) {
    (void)state;
    struct sigaction action = {.sa_handler = on_signal}, ours, before;
    assert_true(is_watched());
    assert_int_equal(sigaction(SIGSYS, &action, &before), 0);
    assert_int_equal(sigaction(SIGSYS, NULL, &ours), 0);
    assert_ptr_equal(ours.sa_handler, on_signal);
    handled = 0;
    assert_true(is_watched());
    assert_int_equal(handled, 0);
    raise(SIGSYS);
    assert_int_equal(handled, 1);
    clear(0);
    halledger_begin(&row);
    habits_raise(SIGSYS);
    halledger_end(1);
    assert_int_equal(handled, 2);
    assert_ptr_equal(signal(SIGSYS, SIG_IGN), on_signal);
    raise(SIGSYS);
    assert_int_equal(handled, 2);
    sigaction(SIGSYS, &before, NULL);
    assert_true(is_watched());
}

static int die_of_sigsys(void) {
    bool watched = is_watched();
    signal(SIGSYS, SIG_DFL); /* cmocka wants it */
    raise(SIGSYS);
    return watched ? 1 : 2;
}

static void nobody_wants_sigsys_so_it_kills(void **state) {
    (void)state;
    int status = in_child(die_of_sigsys);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSYS);
}

int main(void) {
    /* Before this process has a ledger. */
    const struct CMUnitTest everywhere[] = {
        cmocka_unit_test(a_handler_that_was_set_up_before_the_first_row_works_in_it),
    };
    const struct CMUnitTest watched[] = {
        cmocka_unit_test(a_signal_in_a_row_is_handled_and_its_system_calls_count),
        cmocka_unit_test(a_sleep_that_a_signal_interrupts_says_so),
        cmocka_unit_test(a_read_that_is_to_be_restarted_is),
        cmocka_unit_test(a_read_that_is_not_to_be_restarted_fails),
        cmocka_unit_test(the_stack_of_a_waiting_call_can_be_walked),
        cmocka_unit_test(signals_at_any_moment_do_no_harm),
        cmocka_unit_test(a_sleep_that_is_stopped_and_continued_goes_on),
        cmocka_unit_test(signals_run_on_the_stack_that_was_set),
        cmocka_unit_test(registers_and_what_is_below_the_stack_stay),
        cmocka_unit_test(all_signals_blocked_leave_the_watch_alone),
        cmocka_unit_test(masks_that_are_asked_for_and_wrong_ones_are_as_ever),
        cmocka_unit_test(what_was_blocked_before_is_unblocked),
        cmocka_unit_test(a_thread_that_began_with_all_blocked_is_watched),
        cmocka_unit_test(who_wants_sigsys_gets_what_is_not_the_ledgers),
        cmocka_unit_test(nobody_wants_sigsys_so_it_kills),
    };
    int failed = cmocka_run_group_tests_name("everywhere", everywhere, NULL, NULL);
    if (halledger_sees(HALLEDGER_SYSTEM_CALL)) {
        failed += cmocka_run_group_tests_name("watched", watched, NULL, NULL);
    }
    return failed;
}
