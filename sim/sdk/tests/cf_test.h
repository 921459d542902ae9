/* cf_test.h - what the CoreFoundation tests share: every test must leave as many objects as it
 * found, and faults are recorded instead of aborting.
 *
 *   static void a_sentence(void **state) { ... }
 *   int main(void) { const struct CMUnitTest tests[] = {CF_TEST(a_sentence)}; ... }
 */
#ifndef HALSDK_TESTS_CF_TEST_H
#define HALSDK_TESTS_CF_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CoreFoundation/CFBase.h>
#include <CoreFoundation/CFString.h>
#include <cmocka.h>
#include <halsdk/halsdk.h>

static struct {
    int count;
    char last[256];
    const void *object;
    size_t live_before;
} cf_test;

static void cf_test_record(const char *what, const void *object, void *context) {
    (void)context;
    cf_test.count++;
    cf_test.object = object;
    snprintf(cf_test.last, sizeof cf_test.last, "%s", what);
}

static int cf_test_setup(void **state) {
    (void)state;
    cf_test.count = 0;
    cf_test.last[0] = '\0';
    cf_test.live_before = halsdk_live_objects(NULL);
    halsdk_set_fault_handler(cf_test_record, NULL);
    return 0;
}

static int cf_test_teardown(void **state) {
    (void)state;
    halsdk_set_fault_handler(NULL, NULL);
    if (cf_test.count != 0) {
        fprintf(stderr, "unexpected fault: %s\n", cf_test.last);
        return -1;
    }
    if (halsdk_live_objects(NULL) != cf_test.live_before) {
        char what[256];
        halsdk_describe_live_objects(what, sizeof what);
        fprintf(stderr, "leaked objects: %zu before, now %s\n", cf_test.live_before, what);
        return -1;
    }
    return 0;
}

#define CF_TEST(function_)                                                                         \
    cmocka_unit_test_setup_teardown(function_, cf_test_setup, cf_test_teardown)

/* Exactly one fault so far, whose line contains `part`; forgets it. */
#define assert_fault(part_)                                                                        \
    do {                                                                                           \
        assert_int_equal(cf_test.count, 1);                                                        \
        if (!strstr(cf_test.last, part_)) {                                                        \
            fail_msg("the fault says \"%s\", not \"%s\"", cf_test.last, part_);                    \
        }                                                                                          \
        cf_test.count = 0;                                                                         \
    } while (0)

/* The string reads `utf8`. */
#define assert_text(string_, utf8_)                                                                \
    do {                                                                                           \
        char text_[512] = "(not converted)";                                                       \
        CFStringGetCString(string_, text_, sizeof text_, kCFStringEncodingUTF8);                   \
        assert_string_equal(text_, utf8_);                                                         \
    } while (0)

/* The same, of a string that the caller owns and gives away. */
#define assert_text_and_release(string_, utf8_)                                                    \
    do {                                                                                           \
        CFStringRef owned_ = (string_);                                                            \
        assert_non_null(owned_);                                                                   \
        assert_text(owned_, utf8_);                                                                \
        CFRelease(owned_);                                                                         \
    } while (0)

#endif
