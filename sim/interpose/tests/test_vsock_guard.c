/* test_vsock_guard.c - that a driver cannot call whoever runs this machine.
 *
 * Every call here is made on a descriptor that there is not: were it to reach the kernel, the
 * answer would be EBADF. So EACCES is the guard's, and proof that no call was made; nothing is ever
 * connected, whatever the guard does.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above first */
#include "vsock_guard.h"
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define NO_DESCRIPTOR (-1)
#define MARK          "hal_lab.guest=0123456789abcdef0123456789abcdef"

static int errno_of_connect(const void *address, socklen_t size) {
    errno = 0;
    assert_int_equal(connect(NO_DESCRIPTOR, address, size), -1);
    return errno;
}

static int errno_of_cid(unsigned cid) {
    const struct sockaddr_vm address = {.svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = 5000};
    return errno_of_connect(&address, sizeof address);
}

static bool this_is_a_guest(void) {
    char text[4096] = "";
    FILE *file = fopen("/proc/cmdline", "r");
    if (file != NULL) {
        text[fread(text, 1, sizeof text - 1, file)] = '\0';
        (void)fclose(file);
    }
    return vsock_guard_has_mark(text);
}

static void outside_a_guest_of_ours_no_cid_but_1_reaches_the_kernel(void **state) {
    (void)state;
    if (this_is_a_guest()) {
        skip();
    }
    static const unsigned others[] = {0, 2, 3, 42, UINT32_MAX};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_int_equal(errno_of_cid(others[i]), EACCES);
    }
    const struct sockaddr_vm address = {.svm_family = AF_VSOCK, .svm_cid = 2};
    errno = 0;
    assert_int_equal(syscall(SYS_connect, NO_DESCRIPTOR, &address, sizeof address), -1);
    assert_int_equal(errno, EACCES);
}

static void the_local_cid_and_other_families_reach_it(void **state) {
    (void)state;
    const struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "nowhere"};
    assert_int_equal(errno_of_cid(1), EBADF);
    assert_int_equal(errno_of_connect(&local, sizeof local), EBADF);
    /* Too short for an address of this family: the kernel says so, with a descriptor. */
    const struct sockaddr_vm address = {.svm_family = AF_VSOCK, .svm_cid = 2};
    assert_int_equal(errno_of_connect(&address, sizeof address - 1), EBADF);
}

static void one_line_says_what_was_refused(void **state) {
    (void)state;
    if (this_is_a_guest()) {
        skip();
    }
    int ends[2];
    char line[512] = "";
    assert_int_equal(pipe(ends), 0);
    int kept = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    assert_int_equal(errno_of_cid(2), EACCES);
    dup2(kept, STDERR_FILENO);
    close(ends[1]);
    assert_true(read(ends[0], line, sizeof line - 1) > 0);
    close(ends[0]);
    close(kept);
    assert_non_null(strstr(line, "vsock 2:5000 is refused"));
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void the_word_is_a_word_of_its_own(void **state) {
    (void)state;
    static const char *const with[] = {MARK, "a " MARK " b", "a\t" MARK "\n"};
    static const char *const without[] = {"",
                                          " ",
                                          "hal_lab.guest=1",
                                          "x" MARK,
                                          MARK "0",
                                          "hal_lab.guest=0123456789abcdef0123456789abcdeG",
                                          "hal_lab.guest="};
    for (size_t i = 0; i < sizeof with / sizeof with[0]; i++) {
        assert_true(vsock_guard_has_mark(with[i]));
    }
    for (size_t i = 0; i < sizeof without / sizeof without[0]; i++) {
        assert_false(vsock_guard_has_mark(without[i]));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outside_a_guest_of_ours_no_cid_but_1_reaches_the_kernel),
        cmocka_unit_test(the_local_cid_and_other_families_reach_it),
        cmocka_unit_test(one_line_says_what_was_refused),
        cmocka_unit_test(the_word_is_a_word_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
