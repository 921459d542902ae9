/* test_dial.c - who is called, who is not, and that "not" means no call of the system. */
#include "unit.h"
/* after cmocka.h */
#include "bunghole_dial.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#ifdef __linux__
#include <linux/vm_sockets.h>
#endif

#define MARK "hal_lab.guest=0123456789abcdef0123456789abcdef"

static int sockets;
static int binds;
static int bind_error;
static int connects;
static const char *command_line;
static struct sockaddr_storage called;

static int count_socket(int family, int type, int protocol) {
    (void)family;
    (void)type;
    (void)protocol;
    sockets++;
    return socket(AF_UNIX, SOCK_STREAM, 0); /* whatever is done with it harms nobody */
}

static int count_bind(int fd, const struct sockaddr *own, socklen_t size) {
    (void)fd;
    (void)size;
    binds++;
#ifdef __linux__
    assert_int_equal(((const struct sockaddr_vm *)(const void *)own)->svm_cid, 1);
#endif
    errno = bind_error;
    return bind_error == 0 ? 0 : -1;
}

static int count_connect(int fd, const struct sockaddr *to, socklen_t size) {
    (void)fd;
    connects++;
    memcpy(&called, to, size);
    errno = ECONNREFUSED;
    return -1;
}

static bool give_command_line(char *text, size_t size) {
    if (command_line == NULL) {
        return false;
    }
    snprintf(text, size, "%s", command_line);
    return true;
}

static const struct bunghole_dial_calls calls = {count_socket, count_bind, count_connect,
                                                 give_command_line};

static enum bunghole_dialled dial(uint32_t cid, const char *line) {
    const struct bunghole_endpoint endpoint = {.cid = cid, .port = 5000};
    int fd, error;
    sockets = binds = connects = 0;
    command_line = line;
    enum bunghole_dialled result = bunghole_dial(&calls, &endpoint, &fd, &error);
    assert_int_equal(fd, -1);
    return result;
}

#ifdef __linux__
static void outside_a_guest_of_ours_only_cid_1_is_called(void **state) {
    (void)state;
    static const uint32_t others[] = {2, 3, 0, 4294967294u};
    static const char *const lines[] = {
        NULL,
        "",
        "quiet",
        "hal_lab.guest=1",
        "x" MARK,
        MARK "0 root=/dev/vda",
        "hal_lab.guest=0123456789abcdef0123456789abcde root=/dev/vda",
        "hal_lab.guest=0123456789abcdef0123456789abcdeg",
        "hal_lab.guest=",
        "hal_lab.guest"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        for (size_t j = 0; j < sizeof lines / sizeof lines[0]; j++) {
            assert_int_equal(dial(others[i], lines[j]), BUNGHOLE_DIAL_REFUSED);
            assert_int_equal(sockets, 0);
            assert_int_equal(connects, 0);
        }
    }
    assert_int_equal(dial(1, NULL), BUNGHOLE_DIAL_FAILED);
    assert_int_equal(binds, 1);
    assert_int_equal(connects, 1);
}

static void where_there_is_no_loopback_cid_1_is_not_called_either(void **state) {
    (void)state;
    bind_error = EADDRNOTAVAIL;
    assert_int_equal(dial(1, NULL), BUNGHOLE_DIAL_FAILED);
    bind_error = 0;
    assert_int_equal(binds, 1);
    assert_int_equal(connects, 0);
}

static void in_a_guest_of_ours_the_host_is_called(void **state) {
    (void)state;
    static const char *const lines[] = {MARK, "root=x " MARK "\n", "a " MARK " b"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        assert_int_equal(dial(2, lines[i]), BUNGHOLE_DIAL_FAILED);
        assert_int_equal(sockets, 1);
        assert_int_equal(connects, 1);
        const struct sockaddr_vm *address = (const struct sockaddr_vm *)&called;
        assert_int_equal(address->svm_family, AF_VSOCK);
        assert_int_equal(address->svm_cid, 2);
        assert_int_equal(address->svm_port, 5000);
    }
}

/* This machine's own, whatever it is: the test runs in guests too. */
static void the_system_is_asked_by_the_kernels_command_line(void **state) {
    (void)state;
    char text[4096];
    assert_true(bunghole_dial_system.command_line(text, sizeof text));
    const struct bunghole_endpoint endpoint = {.cid = 2, .port = 5000};
    command_line = text;
    assert_int_equal(bunghole_dial_is_allowed(&bunghole_dial_system, &endpoint),
                     bunghole_dial_is_allowed(&calls, &endpoint));
}
#endif

static void an_endpoint_is_what_its_text_says(void **state) {
    (void)state;
    struct bunghole_endpoint endpoint;
    char text[BUNGHOLE_ENDPOINT_TEXT];
    assert_true(bunghole_endpoint_parse("vsock 2:5000", &endpoint));
    assert_int_equal(endpoint.cid, 2);
    assert_int_equal(endpoint.port, 5000);
    bunghole_endpoint_text(&endpoint, text, sizeof text);
    assert_string_equal(text, "vsock 2:5000");
    assert_true(bunghole_endpoint_parse("vsock 4294967294:4294967294", &endpoint));
    snprintf(endpoint.folder, sizeof endpoint.folder, "/somewhere");
    endpoint.port = 5001;
    bunghole_endpoint_text(&endpoint, text, sizeof text);
    assert_string_equal(text, "unix /somewhere/5001.sock");
    static const char *const wrong[] = {"",
                                        "vsock",
                                        "vsock ",
                                        "vsock 2",
                                        "vsock 2:",
                                        "vsock :5000",
                                        "vsock 0:5000",
                                        "vsock 2:0",
                                        "vsock 4294967295:5000",
                                        "vsock 99999999999999999999:1",
                                        "vsock 2:5000 ",
                                        "vsock  2:5000",
                                        "vsock -2:5000",
                                        "unix /x:5000",
                                        "2:5000"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(bunghole_endpoint_parse(wrong[i], &endpoint));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
#ifdef __linux__
        cmocka_unit_test(outside_a_guest_of_ours_only_cid_1_is_called),
        cmocka_unit_test(where_there_is_no_loopback_cid_1_is_not_called_either),
        cmocka_unit_test(in_a_guest_of_ours_the_host_is_called),
        cmocka_unit_test(the_system_is_asked_by_the_kernels_command_line),
#endif
        cmocka_unit_test(an_endpoint_is_what_its_text_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
