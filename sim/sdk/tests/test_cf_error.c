/* CFError: what it says, and from where it has it. */
#include "cf_test.h"

#include <CoreFoundation/CFError.h>
#include <errno.h>

/* An error of "MyDomain" 7 with these pairs, ended by NULL. */
static CFErrorRef error_with(const void *const *pairs) {
    const void *keys[8], *values[8];
    CFIndex count = 0;
    for (; pairs[2 * count]; count++) {
        keys[count] = pairs[2 * count];
        values[count] = pairs[2 * count + 1];
    }
    return CFErrorCreateWithUserInfoKeysAndValues(NULL, CFSTR("MyDomain"), 7, keys, values, count);
}
#define ERROR_WITH(...) error_with((const void *const[]){__VA_ARGS__, NULL})

static void an_error_keeps_what_it_is_made_of(void **state) {
    (void)state;
    CFErrorRef error = ERROR_WITH(kCFErrorLocalizedDescriptionKey, CFSTR("All is lost."));
    assert_text(CFErrorGetDomain(error), "MyDomain");
    assert_int_equal(CFErrorGetCode(error), 7);
    assert_text_and_release(CFErrorCopyDescription(error), "All is lost.");
    CFDictionaryRef info = CFErrorCopyUserInfo(error);
    assert_int_equal(CFDictionaryGetCount(info), 1);
    CFRelease(info);
    CFRelease(error);
}

static void without_user_info_there_is_an_empty_one_and_a_description(void **state) {
    (void)state;
    CFErrorRef error = CFErrorCreate(NULL, kCFErrorDomainOSStatus, -50, NULL);
    CFDictionaryRef info = CFErrorCopyUserInfo(error);
    assert_int_equal(CFDictionaryGetCount(info), 0);
    assert_text_and_release(CFErrorCopyDescription(error), "The operation couldn't be completed. "
                                                           "(NSOSStatusErrorDomain error -50)");
    assert_null(CFErrorCopyFailureReason(error));
    assert_null(CFErrorCopyRecoverySuggestion(error));
    CFRelease(info);
    CFRelease(error);
}

static void errno_values_explain_themselves(void **state) {
    (void)state;
    CFErrorRef error = CFErrorCreate(NULL, kCFErrorDomainPOSIX, ENOENT, NULL);
    assert_text_and_release(CFErrorCopyFailureReason(error), "No such file or directory");
    assert_text_and_release(CFErrorCopyDescription(error),
                            "The operation couldn't be completed. No such file or directory");
    assert_text_and_release(CFCopyDescription(error),
                            "Error Domain=NSPOSIXErrorDomain Code=2 \"The operation couldn't be "
                            "completed. No such file or directory\"");
    CFRelease(error);
}

static void a_description_is_made_of_failure_and_reason(void **state) {
    (void)state;
    CFErrorRef both = ERROR_WITH(kCFErrorLocalizedFailureKey, CFSTR("No sound."),
                                 kCFErrorLocalizedFailureReasonKey, CFSTR("The ring is empty."),
                                 kCFErrorLocalizedRecoverySuggestionKey, CFSTR("Fill it."));
    assert_text_and_release(CFErrorCopyDescription(both), "No sound. The ring is empty.");
    assert_text_and_release(CFErrorCopyFailureReason(both), "The ring is empty.");
    assert_text_and_release(CFErrorCopyRecoverySuggestion(both), "Fill it.");
    CFErrorRef plain = ERROR_WITH(kCFErrorDescriptionKey, CFSTR("ring empty"));
    assert_text_and_release(CFErrorCopyDescription(plain),
                            "The operation couldn't be completed. (MyDomain error 7: ring empty)");
    CFRelease(both);
    CFRelease(plain);
}

static void a_description_that_is_no_string_is_not_used(void **state) {
    (void)state;
    CFErrorRef error = ERROR_WITH(kCFErrorLocalizedDescriptionKey, kCFNull);
    assert_text_and_release(CFErrorCopyDescription(error),
                            "The operation couldn't be completed. (MyDomain error 7)");
    CFRelease(error);
}

static void errors_are_equal_when_all_of_it_is(void **state) {
    (void)state;
    CFErrorRef a = ERROR_WITH(kCFErrorDescriptionKey, CFSTR("x"));
    CFErrorRef b = ERROR_WITH(kCFErrorDescriptionKey, CFSTR("x"));
    CFErrorRef c = ERROR_WITH(kCFErrorDescriptionKey, CFSTR("y"));
    CFErrorRef d = CFErrorCreate(NULL, CFSTR("MyDomain"), 8, NULL);
    assert_true(CFEqual(a, b));
    assert_int_equal(CFHash(a), CFHash(b));
    assert_false(CFEqual(a, c));
    assert_false(CFEqual(a, d));
    CFRelease(a);
    CFRelease(b);
    CFRelease(c);
    CFRelease(d);
}

static void user_info_does_not_change_after_creation(void **state) {
    (void)state;
    CFMutableDictionaryRef info = CFDictionaryCreateMutable(NULL, 0, &kCFTypeDictionaryKeyCallBacks,
                                                            &kCFTypeDictionaryValueCallBacks);
    CFErrorRef error = CFErrorCreate(NULL, kCFErrorDomainMach, 5, info);
    CFDictionarySetValue(info, kCFErrorLocalizedDescriptionKey, CFSTR("later"));
    CFDictionaryRef kept = CFErrorCopyUserInfo(error);
    assert_int_equal(CFDictionaryGetCount(kept), 0);
    CFRelease(kept);
    CFRelease(info);
    CFRelease(error);
}

static void an_error_needs_a_domain(void **state) {
    (void)state;
    assert_null(CFErrorCreate(NULL, NULL, 1, NULL));
    assert_int_equal(CFErrorGetCode((CFErrorRef)(uintptr_t)CFSTR("x")), 0);
    assert_fault("CFErrorGetCode: wants a CFError, was given a CFString");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CF_TEST(an_error_keeps_what_it_is_made_of),
        CF_TEST(without_user_info_there_is_an_empty_one_and_a_description),
        CF_TEST(errno_values_explain_themselves),
        CF_TEST(a_description_is_made_of_failure_and_reason),
        CF_TEST(a_description_that_is_no_string_is_not_used),
        CF_TEST(errors_are_equal_when_all_of_it_is),
        CF_TEST(user_info_does_not_change_after_creation),
        CF_TEST(an_error_needs_a_domain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
