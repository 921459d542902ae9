/* test_sandbox_rules.c - what rules of a sandbox allow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above first */
#include "halinterpose/sandbox.h"
#include <cmocka.h>
#include <string.h>

static struct halsandbox_rules rules;
static const struct halsandbox_places places = {
    .bundle = "/Library/Audio/Plug-Ins/HAL/X.driver",
    .temporary = "/var/folders/T",
};

static int nothing_is_said(void **state) {
    (void)state;
    memset(&rules, 0, sizeof rules);
    return 0;
}

static void say(enum halsandbox_kind kind, const char *rule) {
    assert_null(halsandbox_rule_complaint(kind, rule));
    assert_true(halsandbox_rule_add(&rules.lists[kind], rule));
}

static bool may_read(const char *path) {
    return halsandbox_allows_file(&rules, &places, path, false);
}

static bool may_write(const char *path) {
    return halsandbox_allows_file(&rules, &places, path, true);
}

static void what_nobody_knows_is_allowed(void **state) {
    (void)state;
    assert_true(may_write("/etc/passwd"));
    assert_true(halsandbox_allows_shared_memory(&rules, "/x"));
    assert_true(halsandbox_allows_socket(&rules, "inet:10.0.0.1:80"));
}

static void an_empty_list_allows_nothing(void **state) {
    (void)state;
    for (int kind = 0; kind < HALSANDBOX_KIND_COUNT; kind++) {
        rules.lists[kind].known = true;
    }
    assert_false(may_read("/etc/passwd"));
    assert_false(halsandbox_allows_shared_memory(&rules, "/x"));
    assert_false(halsandbox_allows_socket(&rules, "unix:/x"));
}

static void one_kind_that_is_known_says_nothing_of_another(void **state) {
    (void)state;
    say(HALSANDBOX_FILES, "read:@bundle");
    assert_false(may_read("/etc/passwd"));
    assert_true(halsandbox_allows_shared_memory(&rules, "/x"));
}

static void a_place_is_itself_and_what_lies_below_it(void **state) {
    (void)state;
    say(HALSANDBOX_FILES, "read:/opt/mine/");
    assert_true(may_read("/opt/mine"));
    assert_true(may_read("/opt/mine/a/b"));
    assert_false(may_read("/opt/mine2"));
    assert_false(may_read("/opt"));
    assert_false(may_write("/opt/mine/a"));
    say(HALSANDBOX_FILES, "write:/opt/mine/log");
    assert_true(may_write("/opt/mine/log"));
    assert_true(may_read("/opt/mine/log"));
    assert_false(may_write("/opt/mine/log.1"));
    say(HALSANDBOX_FILES, "read:/");
    assert_true(may_read("/etc/passwd"));
}

static void a_bundle_is_read_and_a_temporary_folder_written(void **state) {
    (void)state;
    say(HALSANDBOX_FILES, "read:@bundle");
    say(HALSANDBOX_FILES, "write:@temporary");
    assert_true(may_read("/Library/Audio/Plug-Ins/HAL/X.driver/Contents/Info.plist"));
    assert_false(may_write("/Library/Audio/Plug-Ins/HAL/X.driver/Contents/Info.plist"));
    assert_false(may_read("/Library/Audio/Plug-Ins/HAL/Y.driver/Contents/Info.plist"));
    assert_true(may_write("/var/folders/T/x"));
}

static void a_place_that_there_is_not_is_nowhere(void **state) {
    (void)state;
    say(HALSANDBOX_FILES, "write:@cache");
    assert_false(may_read("/"));
    assert_false(may_read("/var/folders/T/x"));
}

static void the_system_is_read_and_its_empty_devices_are_written(void **state) {
    (void)state;
    say(HALSANDBOX_FILES, "read:@system");
    assert_true(may_read("/usr/lib/libSystem.dylib"));
    assert_false(may_write("/usr/lib/libSystem.dylib"));
    assert_true(may_write("/dev/null"));
    assert_true(may_read("/dev/urandom"));
    assert_false(may_read("/dev/sda"));
    assert_false(may_read("/dev/shm/x"));
    assert_false(may_read("/etc/passwd"));
    assert_false(may_read("/usr/local/lib/x"));
}

static void names_of_shared_memory_may_have_stars(void **state) {
    (void)state;
    say(HALSANDBOX_SHARED_MEMORY, "/Gecko*Shm");
    assert_true(halsandbox_allows_shared_memory(&rules, "/GeckoShm"));
    assert_true(halsandbox_allows_shared_memory(&rules, "/GeckoShmAudioShm"));
    assert_false(halsandbox_allows_shared_memory(&rules, "/GeckoShm2"));
    assert_false(halsandbox_allows_shared_memory(&rules, "/Other"));
    say(HALSANDBOX_SHARED_MEMORY, "/*");
    assert_true(halsandbox_allows_shared_memory(&rules, "/Other"));
}

static void sockets_are_allowed_up_to_a_colon_or_by_a_pattern(void **state) {
    (void)state;
    say(HALSANDBOX_SOCKETS, "inet");
    say(HALSANDBOX_SOCKETS, "unix:/var/run/mine*");
    say(HALSANDBOX_SOCKETS, "vsock:2");
    assert_true(halsandbox_allows_socket(&rules, "inet:127.0.0.1:80"));
    assert_true(halsandbox_allows_socket(&rules, "inet:[::1]:80"));
    assert_true(halsandbox_allows_socket(&rules, "unix:/var/run/mine.sock"));
    assert_false(halsandbox_allows_socket(&rules, "unix:/var/run/other"));
    assert_true(halsandbox_allows_socket(&rules, "vsock:2:5000"));
    assert_false(halsandbox_allows_socket(&rules, "vsock:22:5000"));
    assert_false(halsandbox_allows_socket(&rules, "family:17"));
}

static void what_is_no_rule_is_told(void **state) {
    (void)state;
    char long_rule[HALSANDBOX_RULE_MAX + 8];
    memset(long_rule, 'x', sizeof long_rule - 1);
    long_rule[sizeof long_rule - 1] = '\0';
    memcpy(long_rule, "read:/", 6);
    static const char *const files[] = {"/etc", "read:", "read:etc", "write:@home", "execute:/x"};
    static const char *const names[] = {"", "/", "Gecko"};
    static const char *const sockets[] = {"", "tcp:x", "unix:", "inets", ":x"};
    assert_non_null(halsandbox_rule_complaint(HALSANDBOX_FILES, long_rule));
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        assert_non_null(halsandbox_rule_complaint(HALSANDBOX_FILES, files[i]));
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_non_null(halsandbox_rule_complaint(HALSANDBOX_SHARED_MEMORY, names[i]));
    }
    for (size_t i = 0; i < sizeof sockets / sizeof sockets[0]; i++) {
        assert_non_null(halsandbox_rule_complaint(HALSANDBOX_SOCKETS, sockets[i]));
    }
}

static void there_is_room_for_so_many_and_no_more(void **state) {
    (void)state;
    for (int i = 0; i < HALSANDBOX_RULES_MAX; i++) {
        say(HALSANDBOX_SOCKETS, "inet");
    }
    assert_false(halsandbox_rule_add(&rules.lists[HALSANDBOX_SOCKETS], "unix"));
    assert_false(halsandbox_allows_socket(&rules, "unix:/x"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_nobody_knows_is_allowed, nothing_is_said),
        cmocka_unit_test_setup(an_empty_list_allows_nothing, nothing_is_said),
        cmocka_unit_test_setup(one_kind_that_is_known_says_nothing_of_another, nothing_is_said),
        cmocka_unit_test_setup(a_place_is_itself_and_what_lies_below_it, nothing_is_said),
        cmocka_unit_test_setup(a_bundle_is_read_and_a_temporary_folder_written, nothing_is_said),
        cmocka_unit_test_setup(a_place_that_there_is_not_is_nowhere, nothing_is_said),
        cmocka_unit_test_setup(the_system_is_read_and_its_empty_devices_are_written,
                               nothing_is_said),
        cmocka_unit_test_setup(names_of_shared_memory_may_have_stars, nothing_is_said),
        cmocka_unit_test_setup(sockets_are_allowed_up_to_a_colon_or_by_a_pattern, nothing_is_said),
        cmocka_unit_test_setup(what_is_no_rule_is_told, nothing_is_said),
        cmocka_unit_test_setup(there_is_room_for_so_many_and_no_more, nothing_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
