/* test_ledger_evidence.c - what was over the budget is kept with its stack, and told in words.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "habits.h"
#include "ledger_row.h"
#include <cmocka.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- evidence -------------------------------------------------------------------------------- */

static void the_same_stack_is_kept_once(void **state) {
    (void)state;
    clear_but_sampled(0);
    row.budget[HALLEDGER_FREE] = HALLEDGER_UNLIMITED;
    for (int i = 0; i < 1000; i++) {
        halledger_begin(&row);
        habits_allocate(1);
        halledger_end(1);
    }
    assert_int_equal(atomic_load(&row.violations), 1000);
    assert_int_equal(atomic_load(&row.evidence_count), 1);
    assert_in_range(atomic_load(&row.evidence_looks), 64, 1000);
}

static const char *described(unsigned i) {
    static char text[4000];
    size_t length = halledger_describe(&row.evidence[i], text, sizeof text);
    assert_int_equal(length, strlen(text));
    return text;
}

static void assert_begins(const char *text, const char *prefix) {
    if (strncmp(text, prefix, strlen(prefix)) != 0) {
        fail_msg("\"%s\" does not begin with \"%s\"", text, prefix);
    }
}

static void evidence_in_words_begins_in_the_driver(void **state) {
    (void)state;
    int null = open("/dev/null", O_WRONLY);
    clear_but_sampled(0);
    halledger_begin(&row);
    habits_allocate(1);
    halledger_end(1);
    assert_begins(described(0),
                  "allocation of 100 bytes by malloc in libhabits.so!habits_allocate+0x");
    assert_non_null(strstr(described(0), " <- test_ledger"));
    assert_begins(described(1), "free by free in libhabits.so!habits_allocate+0x");

    clear_but_sampled(0);
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    halledger_begin(&row);
    habits_duplicate("word");
    habits_lock(&lock);
    halledger_end(1);
    assert_begins(described(0),
                  "allocation of 5 bytes by strdup in libhabits.so!habits_duplicate+0x");
    assert_begins(described(2), "lock by pthread_mutex_lock in libhabits.so!habits_lock+0x");

    char small[12];
    size_t whole = strlen(described(2));
    assert_int_equal(halledger_describe(&row.evidence[2], small, sizeof small), whole);
    assert_string_equal(small, "lock by pth");
    assert_int_equal(halledger_describe(&row.evidence[2], NULL, 0), whole);
    assert_int_equal(halledger_describe(&row.evidence[3], small, sizeof small), 0);
    assert_string_equal(small, "");

    if (halledger_sees(HALLEDGER_SYSTEM_CALL)) {
        clear_but_sampled(0);
        struct timespec none = {0};
        halledger_begin(&row);
        ssize_t wrote = habits_write(null, "x", 1);
        (void)habits_raw_system_call();
        habits_sleep(&none, NULL);
        long unknown = habits_unknown_system_call();
        halledger_end(1);
        assert_int_equal(wrote, 1);
        assert_int_equal(unknown, -ENOSYS);
        assert_begins(described(0), "system call write (1) in libhabits.so!habits_write+0x");
        assert_begins(described(1),
                      "system call getpid (39) in libhabits.so!habits_raw_system_call+0x");
        assert_begins(described(2), "system call clock_nanosleep (230) by nanosleep in "
                                    "libhabits.so!habits_sleep+0x");
        assert_begins(described(3),
                      "system call 100000 in libhabits.so!habits_unknown_system_call+0x");
        clear_but_sampled(0);
        halledger_begin(&row);
        (void)habits_system_call();
        halledger_end(1);
        /* the executable's syscall() and the C library's are passed over */
        assert_begins(described(0), "system call getpid (39) by syscall in "
                                    "libhabits.so!habits_system_call+0x");
    }
    close(null);
}

/* ---- bundles --------------------------------------------------------------------------------- */

static bool copy_file(const char *from, const char *to) {
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_EXCL, 0700);
    ssize_t copied = 0;
    while (in >= 0 && out >= 0 && (copied = sendfile(out, in, NULL, 1 << 20)) > 0) {
    }
    close(in);
    return close(out) == 0 && copied == 0;
}

static void a_driver_is_called_by_the_name_of_its_bundle(void **state) {
    (void)state;
    char folder[] = "./test_ledger.XXXXXX", path[4][120];
    static const char *const parts[] = {"", "/Gecko.driver", "/Gecko.driver/Contents",
                                        "/Gecko.driver/Contents/MacOS"};
    assert_non_null(mkdtemp(folder));
    for (int i = 0; i < 4; i++) {
        (void)snprintf(path[i], sizeof path[i], "%s%s", folder, parts[i]);
        (void)mkdir(path[i], 0700);
    }
    char executable[140];
    Dl_info info;
    (void)snprintf(executable, sizeof executable, "%s/Gecko", path[3]);
    assert_int_not_equal(dladdr((void *)(uintptr_t)habits_none, &info), 0);
    assert_true(copy_file(info.dli_fname, executable));
    void *driver = dlopen(executable, RTLD_NOW | RTLD_LOCAL);
    assert_non_null(driver);
    void (*allocate)(unsigned) = NULL;
    *(void **)&allocate = dlsym(driver, "habits_allocate");
    assert_true(allocate != habits_allocate);
    clear_but_sampled(0);
    halledger_begin(&row);
    allocate(1);
    halledger_end(1);
    assert_begins(described(0),
                  "allocation of 100 bytes by malloc in Gecko.driver!habits_allocate+");
    dlclose(driver);
    (void)unlink(executable);
    for (int i = 3; i >= 0; i--) {
        (void)rmdir(path[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_stack_is_kept_once),
        cmocka_unit_test(evidence_in_words_begins_in_the_driver),
        cmocka_unit_test(a_driver_is_called_by_the_name_of_its_bundle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
