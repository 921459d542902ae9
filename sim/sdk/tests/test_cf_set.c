/* CFSet: members by equality, in the order they came. */
#include "cf_test.h"

#include <CoreFoundation/CFNumber.h>
#include <CoreFoundation/CFSet.h>

static CFStringRef fresh(const char *text) {
    return CFStringCreateWithCString(NULL, text, kCFStringEncodingUTF8);
}

static void equal_values_are_one_member(void **state) {
    (void)state;
    CFStringRef a = fresh("same"), b = fresh("same");
    CFMutableSetRef set = CFSetCreateMutable(NULL, 0, &kCFTypeSetCallBacks);
    CFSetAddValue(set, a);
    CFSetAddValue(set, b);
    assert_int_equal(CFSetGetCount(set), 1);
    assert_ptr_equal(CFSetGetValue(set, b), a); /* the first stays */
    assert_int_equal(CFGetRetainCount(b), 1);
    CFSetSetValue(set, b);
    assert_ptr_equal(CFSetGetValue(set, a), b); /* now the other is in */
    assert_int_equal(CFGetRetainCount(a), 1);
    CFRelease(set);
    CFRelease(a);
    CFRelease(b);
}

static void replacing_needs_a_member_to_replace(void **state) {
    (void)state;
    CFStringRef a = fresh("same"), b = fresh("same");
    CFMutableSetRef set = CFSetCreateMutable(NULL, 0, &kCFTypeSetCallBacks);
    CFSetReplaceValue(set, a);
    assert_int_equal(CFSetGetCount(set), 0);
    CFSetAddValue(set, a);
    CFSetReplaceValue(set, b);
    assert_ptr_equal(CFSetGetValue(set, CFSTR("same")), b);
    CFRelease(set);
    CFRelease(a);
    CFRelease(b);
}

static void a_member_is_found_with_its_identity(void **state) {
    (void)state;
    CFStringRef a = fresh("member");
    const void *values[] = {a};
    const void *found = NULL;
    CFSetRef set = CFSetCreate(NULL, values, 1, &kCFTypeSetCallBacks);
    assert_true(CFSetGetValueIfPresent(set, CFSTR("member"), &found));
    assert_ptr_equal(found, a);
    assert_false(CFSetGetValueIfPresent(set, CFSTR("stranger"), &found));
    assert_true(CFSetContainsValue(set, CFSTR("member")));
    assert_int_equal(CFSetGetCountOfValue(set, CFSTR("stranger")), 0);
    assert_null(CFSetGetValue(set, CFSTR("stranger")));
    CFRelease(set);
    CFRelease(a);
}

static void removing_releases(void **state) {
    (void)state;
    CFStringRef a = fresh("a"), b = fresh("b");
    CFMutableSetRef set = CFSetCreateMutable(NULL, 0, &kCFTypeSetCallBacks);
    CFSetAddValue(set, a);
    CFSetAddValue(set, b);
    CFSetRemoveValue(set, CFSTR("a"));
    CFSetRemoveValue(set, CFSTR("a"));
    assert_int_equal(CFGetRetainCount(a), 1);
    assert_int_equal(CFSetGetCount(set), 1);
    CFSetRemoveAllValues(set);
    assert_int_equal(CFGetRetainCount(b), 1);
    CFRelease(set);
    CFRelease(a);
    CFRelease(b);
}

static void strings_can_be_copied_on_the_way_in(void **state) {
    (void)state;
    CFMutableSetRef set = CFSetCreateMutable(NULL, 0, &kCFCopyStringSetCallBacks);
    CFMutableStringRef text = CFStringCreateMutable(NULL, 0);
    CFStringAppend(text, CFSTR("before"));
    CFSetAddValue(set, text);
    CFStringAppend(text, CFSTR(" and after"));
    assert_true(CFSetContainsValue(set, CFSTR("before")));
    CFRelease(text);
    CFRelease(set);
}

static void count_up(const void *value, void *context) {
    *(uintptr_t *)context = *(uintptr_t *)context * 10 + (uintptr_t)value;
}

static void members_come_back_in_the_order_they_came(void **state) {
    (void)state;
    const void *values[] = {(void *)3, (void *)1, (void *)3, (void *)2};
    CFSetRef set = CFSetCreate(NULL, values, 4, NULL);
    const void *got[3];
    uintptr_t digits = 0;
    CFSetGetValues(set, got);
    assert_ptr_equal(got[0], (void *)3);
    assert_ptr_equal(got[2], (void *)2);
    CFSetApplyFunction(set, count_up, &digits);
    assert_int_equal(digits, 312);
    CFRelease(set);
}

static void sets_are_equal_whatever_the_order(void **state) {
    (void)state;
    const void *one[] = {CFSTR("a"), CFSTR("b")}, *two[] = {CFSTR("b"), CFSTR("a")};
    CFSetRef a = CFSetCreate(NULL, one, 2, &kCFTypeSetCallBacks);
    CFSetRef b = CFSetCreate(NULL, two, 2, &kCFTypeSetCallBacks);
    CFMutableSetRef c = CFSetCreateMutableCopy(NULL, 0, a);
    CFSetRef d = CFSetCreateCopy(NULL, c);
    assert_true(CFEqual(a, b));
    assert_int_equal(CFHash(a), CFHash(b));
    assert_true(CFEqual(a, c));
    CFSetRemoveValue(c, CFSTR("a"));
    assert_false(CFEqual(a, c));
    CFSetAddValue(c, CFSTR("z"));
    assert_false(CFEqual(a, c));
    assert_true(CFEqual(a, d)); /* the copy did not follow */
    assert_text_and_release(CFStringCreateWithFormat(NULL, NULL, CFSTR("%@"), c), "{(b, z)}");
    CFRelease(a);
    CFRelease(b);
    CFRelease(c);
    CFRelease(d);
}

static void remove_it(const void *value, void *set) {
    CFSetRemoveValue(set, value);
}

static CFMutableSetRef watched;
static bool is_adding;
static int releases;

static const void *add_more(CFAllocatorRef allocator, const void *value) {
    (void)allocator;
    if (!is_adding) {
        is_adding = true;
        for (uintptr_t i = 1; i <= 100; i++) {
            CFSetAddValue(watched, (const void *)(i + 1000));
        }
        is_adding = false;
    }
    return value;
}

static void let_go_of_the_set(CFAllocatorRef allocator, const void *value) {
    (void)allocator, (void)value;
    if (releases++ == 0) {
        CFRelease(watched);
    }
}

static void a_change_by_the_retain_callback_is_a_fault(void **state) {
    (void)state;
    const CFSetCallBacks callbacks = {.retain = add_more};
    watched = CFSetCreateMutable(NULL, 0, &callbacks);
    is_adding = true;
    CFSetAddValue(watched, "a");
    is_adding = false;
    CFSetSetValue(watched, "a"); /* the table grows meanwhile */
    assert_fault("CFSetSetValue: the set was changed by its own retain callback");
    CFSetRemoveAllValues(watched);
    CFSetAddValue(watched, "b");
    assert_fault("CFSetAddValue: the set was changed");
    assert_false(CFSetContainsValue(watched, "b"));
    assert_int_equal(CFSetGetCount(watched), 100);
    CFRelease(watched);
}

static void a_release_callback_may_let_go_of_the_set(void **state) {
    (void)state;
    const CFSetCallBacks callbacks = {.release = let_go_of_the_set};
    for (int all_at_once = 0; all_at_once < 2; all_at_once++) {
        watched = CFSetCreateMutable(NULL, 0, &callbacks);
        CFSetAddValue(watched, "a");
        CFSetAddValue(watched, "b");
        releases = 0;
        if (all_at_once) {
            CFSetRemoveAllValues(watched);
        } else {
            CFSetRemoveValue(watched, "a");
        }
        assert_int_equal(releases, 2);
    }
}

static void misuse_is_a_fault(void **state) {
    (void)state;
    CFSetRef set = CFSetCreate(NULL, NULL, 0, NULL);
    CFSetAddValue((CFMutableSetRef)(uintptr_t)set, "a");
    assert_fault("CFSetAddValue: the set is immutable");
    CFRelease(set);
    assert_int_equal(CFSetGetCount((CFSetRef)(const void *)kCFBooleanTrue), 0);
    assert_fault("CFSetGetCount: wants a CFSet, was given a CFBoolean");
    CFMutableSetRef changing = CFSetCreateMutable(NULL, 0, NULL);
    CFSetAddValue(changing, "a");
    CFSetAddValue(changing, "b");
    CFSetApplyFunction(changing, remove_it, changing);
    assert_fault("CFSetApplyFunction: the set was changed");
    CFRelease(changing);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CF_TEST(equal_values_are_one_member),
        CF_TEST(replacing_needs_a_member_to_replace),
        CF_TEST(a_member_is_found_with_its_identity),
        CF_TEST(removing_releases),
        CF_TEST(strings_can_be_copied_on_the_way_in),
        CF_TEST(members_come_back_in_the_order_they_came),
        CF_TEST(sets_are_equal_whatever_the_order),
        CF_TEST(a_change_by_the_retain_callback_is_a_fault),
        CF_TEST(a_release_callback_may_let_go_of_the_set),
        CF_TEST(misuse_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
