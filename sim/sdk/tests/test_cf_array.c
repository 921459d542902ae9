/* CFArray: order, ownership, ranges, sorting. */
#include "cf_test.h"

#include <CoreFoundation/CFArray.h>
#include <CoreFoundation/CFNumber.h>
#include <limits.h>

static CFNumberRef number(int value) {
    return CFNumberCreate(NULL, kCFNumberIntType, &value);
}

static int int_at(CFArrayRef array, CFIndex index) {
    int value = -1;
    CFNumberGetValue(CFArrayGetValueAtIndex(array, index), kCFNumberIntType, &value);
    return value;
}

/* A mutable array of CFNumbers. */
static CFMutableArrayRef numbers(int count, const int *values) {
    CFMutableArrayRef array = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
    for (int i = 0; i < count; i++) {
        CFNumberRef value = number(values[i]);
        CFArrayAppendValue(array, value);
        CFRelease(value);
    }
    return array;
}
#define NUMBERS(...)                                                                               \
    numbers((int)(sizeof((int[]){__VA_ARGS__}) / sizeof(int)), (int[]){__VA_ARGS__})

static void assert_numbers(CFArrayRef array, int count, const int *expected) {
    assert_int_equal(CFArrayGetCount(array), count);
    for (int i = 0; i < count; i++) {
        assert_int_equal(int_at(array, i), expected[i]);
    }
}
#define ASSERT_NUMBERS(array_, ...)                                                                \
    assert_numbers(array_, (int)(sizeof((int[]){__VA_ARGS__}) / sizeof(int)), (int[]){__VA_ARGS__})

static CFRange all(CFArrayRef array) {
    return CFRangeMake(0, CFArrayGetCount(array));
}

static CFComparisonResult by_value(const void *a, const void *b, void *context) {
    (void)context;
    return CFNumberCompare(a, b, NULL);
}

/* ---- ownership ---------------------------------------------------------------------------- */

static void an_array_retains_its_values_until_it_goes(void **state) {
    (void)state;
    CFNumberRef value = number(100000);
    const void *values[] = {value, value};
    CFArrayRef array = CFArrayCreate(NULL, values, 2, &kCFTypeArrayCallBacks);
    assert_int_equal(CFGetRetainCount(value), 3);
    CFRelease(array);
    assert_int_equal(CFGetRetainCount(value), 1);
    CFRelease(value);
}

static void every_way_out_of_an_array_releases(void **state) {
    (void)state;
    CFNumberRef value = number(100000), other = number(200000);
    CFMutableArrayRef array = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
    for (int i = 0; i < 5; i++) {
        CFArrayAppendValue(array, value);
    }
    CFArraySetValueAtIndex(array, 0, other);
    assert_int_equal(CFGetRetainCount(value), 5);
    CFArrayRemoveValueAtIndex(array, 1);
    assert_int_equal(CFGetRetainCount(value), 4);
    const void *one[] = {other};
    CFArrayReplaceValues(array, CFRangeMake(1, 2), one, 1);
    assert_int_equal(CFGetRetainCount(value), 2);
    assert_int_equal(CFGetRetainCount(other), 3);
    CFArrayRemoveAllValues(array);
    assert_int_equal(CFGetRetainCount(value), 1);
    assert_int_equal(CFGetRetainCount(other), 1);
    CFRelease(array);
    CFRelease(value);
    CFRelease(other);
}

static void a_value_may_be_set_over_itself(void **state) {
    (void)state;
    CFMutableArrayRef array = NUMBERS(100000);
    CFArraySetValueAtIndex(array, 0, CFArrayGetValueAtIndex(array, 0));
    ASSERT_NUMBERS(array, 100000);
    CFRelease(array);
}

static void without_callbacks_pointers_are_only_kept(void **state) {
    (void)state;
    int a = 1, b = 1;
    CFMutableArrayRef array = CFArrayCreateMutable(NULL, 0, NULL);
    CFArrayAppendValue(array, &a);
    CFArrayAppendValue(array, NULL);
    assert_ptr_equal(CFArrayGetValueAtIndex(array, 0), &a);
    assert_true(CFArrayContainsValue(array, all(array), &a));
    assert_true(CFArrayContainsValue(array, all(array), NULL));
    assert_false(CFArrayContainsValue(array, all(array), &b));
    CFRelease(array);
}

static CFMutableArrayRef watched;
static CFIndex count_seen_in_release;

static void look_at_array(CFAllocatorRef allocator, const void *value) {
    (void)allocator, (void)value;
    count_seen_in_release = CFArrayGetCount(watched);
}

static void a_release_callback_sees_the_array_without_the_value(void **state) {
    (void)state;
    const CFArrayCallBacks callbacks = {.release = look_at_array};
    watched = CFArrayCreateMutable(NULL, 0, &callbacks);
    CFArrayAppendValue(watched, "a");
    CFArrayAppendValue(watched, "b");
    CFArrayRemoveValueAtIndex(watched, 0);
    assert_int_equal(count_seen_in_release, 1);
    CFArrayRemoveAllValues(watched);
    assert_int_equal(count_seen_in_release, 0);
    CFRelease(watched);
}

static CFIndex releases;

static void count_and_empty(CFAllocatorRef allocator, const void *value) {
    (void)allocator, (void)value;
    releases++;
    CFArrayRemoveAllValues(watched);
}

static void a_release_callback_may_empty_an_array_that_goes(void **state) {
    (void)state;
    const CFArrayCallBacks callbacks = {.release = count_and_empty};
    watched = CFArrayCreateMutable(NULL, 0, &callbacks);
    for (int i = 0; i < 5; i++) {
        CFArrayAppendValue(watched, "a");
    }
    releases = 0;
    CFRelease(watched);
    assert_int_equal(releases, 5); /* each once */
}

static void let_go_of_the_array(CFAllocatorRef allocator, const void *value) {
    (void)allocator, (void)value;
    if (releases++ == 0) {
        CFRelease(watched);
    }
}

static void a_release_callback_may_let_go_of_the_array(void **state) {
    (void)state;
    const CFArrayCallBacks callbacks = {.release = let_go_of_the_array};
    for (int all_at_once = 0; all_at_once < 2; all_at_once++) {
        watched = CFArrayCreateMutable(NULL, 0, &callbacks);
        for (int i = 0; i < 3; i++) {
            CFArrayAppendValue(watched, "a");
        }
        releases = 0;
        if (all_at_once) {
            CFArrayRemoveAllValues(watched);
        } else {
            CFArrayRemoveValueAtIndex(watched, 1);
        }
        assert_int_equal(releases, 3);
    }
}

/* ---- faults ------------------------------------------------------------------------------- */

static bool is_adding;

static const void *add_more(CFAllocatorRef allocator, const void *value) {
    (void)allocator;
    if (!is_adding) {
        is_adding = true;
        for (int i = 0; i < 100; i++) {
            CFArrayAppendValue(watched, "more");
        }
        is_adding = false;
    }
    return value;
}

static void a_change_by_the_retain_callback_is_a_fault(void **state) {
    (void)state;
    const CFArrayCallBacks callbacks = {.retain = add_more, .release = look_at_array};
    watched = CFArrayCreateMutable(NULL, 0, &callbacks);
    CFArrayAppendValue(watched, "a");
    assert_fault("CFArrayAppendValue: the array was changed by its own retain callback");
    assert_int_equal(CFArrayGetCount(watched), 100);
    CFArraySetValueAtIndex(watched, 50, "b");
    assert_fault("CFArraySetValueAtIndex: the array was changed");
    assert_int_equal(CFArrayGetCount(watched), 200);
    CFArrayAppendArray(watched, watched, all(watched));
    assert_fault("CFArrayAppendArray: the array was changed");
    assert_int_equal(CFArrayGetCount(watched), 200 + 200 * 100);
    for (CFIndex i = 0; i < 20200; i++) {
        assert_string_equal(CFArrayGetValueAtIndex(watched, i), "more");
    }
    CFRelease(watched);
}

static void an_index_outside_is_a_fault(void **state) {
    (void)state;
    CFMutableArrayRef array = NUMBERS(1, 2, 3);
    assert_null(CFArrayGetValueAtIndex(array, 3));
    assert_fault("CFArrayGetValueAtIndex: index 3 is outside of the array, which has 3 values");
    assert_null(CFArrayGetValueAtIndex(array, -1));
    assert_fault("index -1");
    CFArrayRemoveValueAtIndex(array, 3);
    assert_fault("CFArrayRemoveValueAtIndex");
    CFArrayInsertValueAtIndex(array, 4, kCFBooleanTrue);
    assert_fault("CFArrayInsertValueAtIndex");
    CFArraySetValueAtIndex(array, 4, kCFBooleanTrue);
    assert_fault("CFArraySetValueAtIndex");
    CFArrayExchangeValuesAtIndices(array, 0, 3);
    assert_fault("CFArrayExchangeValuesAtIndices");
    ASSERT_NUMBERS(array, 1, 2, 3);
    CFRelease(array);
}

static void a_range_outside_is_a_fault(void **state) {
    (void)state;
    CFMutableArrayRef array = NUMBERS(1, 2, 3);
    const void *values[4];
    CFArrayGetValues(array, CFRangeMake(1, 3), values);
    assert_fault("the range {1, 3}");
    CFArrayGetValues(array, CFRangeMake(LONG_MAX, LONG_MAX), values);
    assert_fault("outside of the array");
    assert_int_equal(CFArrayGetFirstIndexOfValue(array, CFRangeMake(-1, 2), kCFBooleanTrue),
                     kCFNotFound);
    assert_fault("the range {-1, 2}");
    CFArraySortValues(array, CFRangeMake(0, 4), by_value, NULL);
    assert_fault("CFArraySortValues");
    CFArrayReplaceValues(array, CFRangeMake(4, 0), NULL, 0);
    assert_fault("CFArrayReplaceValues");
    CFRelease(array);
}

static void changing_an_immutable_array_is_a_fault(void **state) {
    (void)state;
    CFArrayRef array = CFArrayCreate(NULL, NULL, 0, &kCFTypeArrayCallBacks);
    CFArrayAppendValue((CFMutableArrayRef)(uintptr_t)array, kCFBooleanTrue);
    assert_fault("CFArrayAppendValue: the array is immutable");
    assert_int_equal(CFArrayGetCount(array), 0);
    CFRelease(array);
}

static void an_object_of_another_class_is_a_fault(void **state) {
    (void)state;
    assert_int_equal(CFArrayGetCount((CFArrayRef)(const void *)CFSTR("text")), 0);
    assert_fault("CFArrayGetCount: wants a CFArray, was given a CFString");
    assert_int_equal(CFArrayGetCount(NULL), 0);
    assert_fault("NULL");
    assert_null(CFArrayCreate(NULL, NULL, 2, NULL));
    assert_fault("CFArrayCreate: 2 values");
}

static void append_another(const void *value, void *array) {
    CFArrayAppendValue(array, value);
}

static void changing_an_array_while_it_is_applied_is_a_fault(void **state) {
    (void)state;
    CFMutableArrayRef array = NUMBERS(1, 2, 3);
    CFArrayApplyFunction(array, all(array), append_another, array);
    assert_fault("was changed by the function applied to it");
    assert_int_equal(CFArrayGetCount(array), 4);
    CFRelease(array);
}

/* ---- order -------------------------------------------------------------------------------- */

static void values_go_where_they_are_put(void **state) {
    (void)state;
    CFMutableArrayRef array = NUMBERS(10, 20, 30);
    CFNumberRef five = number(5);
    CFArrayInsertValueAtIndex(array, 0, five);
    CFArrayInsertValueAtIndex(array, 4, five);
    CFArrayInsertValueAtIndex(array, 2, five);
    ASSERT_NUMBERS(array, 5, 10, 5, 20, 30, 5);
    CFArraySetValueAtIndex(array, 6, five); /* at the end: appends */
    CFArraySetValueAtIndex(array, 4, five);
    ASSERT_NUMBERS(array, 5, 10, 5, 20, 5, 5, 5);
    CFArrayRemoveValueAtIndex(array, 0);
    CFArrayRemoveValueAtIndex(array, 5);
    CFArrayExchangeValuesAtIndices(array, 0, 2);
    ASSERT_NUMBERS(array, 20, 5, 10, 5, 5);
    CFRelease(five);
    CFRelease(array);
}

static void replacing_grows_shrinks_and_inserts(void **state) {
    (void)state;
    CFMutableArrayRef array = NUMBERS(1, 2, 3, 4), source = NUMBERS(7, 8, 9);
    const void *values[3];
    CFArrayGetValues(source, CFRangeMake(0, 3), values);
    CFArrayReplaceValues(array, CFRangeMake(1, 2), values, 3);
    ASSERT_NUMBERS(array, 1, 7, 8, 9, 4);
    CFArrayReplaceValues(array, CFRangeMake(0, 4), values + 2, 1);
    ASSERT_NUMBERS(array, 9, 4);
    CFArrayReplaceValues(array, CFRangeMake(2, 0), values, 2);
    ASSERT_NUMBERS(array, 9, 4, 7, 8);
    CFArrayReplaceValues(array, CFRangeMake(0, 2), NULL, 0);
    ASSERT_NUMBERS(array, 7, 8);
    CFRelease(source);
    CFRelease(array);
}

static void an_array_can_be_appended_to_itself(void **state) {
    (void)state;
    CFMutableArrayRef array = NUMBERS(1, 2, 3);
    CFArrayAppendArray(array, array, CFRangeMake(1, 2));
    ASSERT_NUMBERS(array, 1, 2, 3, 2, 3);
    CFArrayAppendArray(array, array, all(array));
    ASSERT_NUMBERS(array, 1, 2, 3, 2, 3, 1, 2, 3, 2, 3);
    for (int i = 0; i < 14; i++) { /* until its memory has moved, more than once */
        CFArrayAppendArray(array, array, all(array));
    }
    CFIndex count = CFArrayGetCount(array);
    assert_int_equal(count, 10 << 14);
    assert_int_equal(int_at(array, count - 10), 1);
    assert_int_equal(int_at(array, count - 1), 3);
    CFRelease(array);
}

static void many_values_keep_their_order(void **state) {
    (void)state;
    CFMutableArrayRef array = CFArrayCreateMutable(NULL, 3, NULL); /* 3 is only a hint */
    for (uintptr_t i = 0; i < 10000; i++) {
        CFArrayAppendValue(array, (const void *)i);
    }
    for (uintptr_t i = 0; i < 10000; i++) {
        assert_ptr_equal(CFArrayGetValueAtIndex(array, (CFIndex)i), (const void *)i);
    }
    CFRelease(array);
}

/* ---- finding and sorting ------------------------------------------------------------------ */

static void values_are_found_by_equality_within_the_range(void **state) {
    (void)state;
    CFMutableArrayRef array = NUMBERS(5, 6, 5, 7, 5);
    CFNumberRef five = number(5), six = number(6);
    assert_int_equal(CFArrayGetFirstIndexOfValue(array, CFRangeMake(1, 4), five), 2);
    assert_int_equal(CFArrayGetLastIndexOfValue(array, CFRangeMake(0, 4), five), 2);
    assert_int_equal(CFArrayGetCountOfValue(array, CFRangeMake(0, 5), five), 3);
    assert_int_equal(CFArrayGetCountOfValue(array, CFRangeMake(1, 1), five), 0);
    assert_int_equal(CFArrayGetFirstIndexOfValue(array, CFRangeMake(2, 3), six), kCFNotFound);
    assert_int_equal(CFArrayGetLastIndexOfValue(array, CFRangeMake(2, 3), six), kCFNotFound);
    assert_true(CFArrayContainsValue(array, CFRangeMake(1, 1), six));
    assert_false(CFArrayContainsValue(array, CFRangeMake(1, 0), six));
    CFRelease(five);
    CFRelease(six);
    CFRelease(array);
}

static CFComparisonResult by_tens(const void *a, const void *b, void *calls) {
    ++*(int *)calls;
    intptr_t x = (intptr_t)a / 10, y = (intptr_t)b / 10;
    return x < y ? kCFCompareLessThan : x > y ? kCFCompareGreaterThan : kCFCompareEqualTo;
}

static void sorting_is_stable_and_stays_within_the_range(void **state) {
    (void)state;
    const intptr_t given[] = {99, 31, 12, 35, 11, 30, 13, 1};
    const intptr_t sorted[] = {99, 12, 11, 13, 31, 35, 30, 1};
    CFMutableArrayRef array = CFArrayCreateMutable(NULL, 0, NULL);
    for (size_t i = 0; i < 8; i++) {
        CFArrayAppendValue(array, (const void *)given[i]);
    }
    int calls = 0;
    CFArraySortValues(array, CFRangeMake(1, 6), by_tens, &calls);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal((intptr_t)CFArrayGetValueAtIndex(array, (CFIndex)i), sorted[i]);
    }
    assert_true(calls > 0 && calls <= 18);
    CFRelease(array);
}

static CFComparisonResult never_sure(const void *a, const void *b, void *context) {
    (void)a, (void)b, (void)context;
    return kCFCompareGreaterThan;
}

static void a_comparator_that_contradicts_itself_loses_no_value(void **state) {
    (void)state;
    CFMutableArrayRef array = CFArrayCreateMutable(NULL, 0, NULL);
    for (uintptr_t i = 0; i < 100; i++) {
        CFArrayAppendValue(array, (const void *)i);
    }
    CFArraySortValues(array, all(array), never_sure, NULL);
    for (uintptr_t i = 0; i < 100; i++) {
        assert_int_equal(CFArrayGetCountOfValue(array, all(array), (const void *)i), 1);
    }
    CFRelease(array);
}

static void a_sorted_array_is_searched_by_halves(void **state) {
    (void)state;
    CFMutableArrayRef array = NUMBERS(10, 20, 20, 30);
    const int wanted[] = {5, 10, 15, 20, 25, 30, 35};
    const CFIndex found[] = {0, 0, 1, 1, 3, 3, 4};
    for (int i = 0; i < 7; i++) {
        CFNumberRef value = number(wanted[i]);
        assert_int_equal(CFArrayBSearchValues(array, all(array), value, by_value, NULL), found[i]);
        CFRelease(value);
    }
    CFRelease(array);
}

/* ---- copies, equality, text ---------------------------------------------------------------- */

static void a_copy_does_not_follow_the_original(void **state) {
    (void)state;
    CFMutableArrayRef array = NUMBERS(1, 2);
    CFArrayRef copy = CFArrayCreateCopy(NULL, array);
    CFMutableArrayRef mutable = CFArrayCreateMutableCopy(NULL, 0, copy);
    CFArrayRemoveAllValues(array);
    CFArrayRemoveValueAtIndex(mutable, 0);
    ASSERT_NUMBERS(copy, 1, 2);
    ASSERT_NUMBERS(mutable, 2);
    CFArrayRef same = CFArrayCreateCopy(NULL, copy);
    assert_ptr_equal(same, copy); /* immutable: nothing to copy */
    CFRelease(same);
    CFRelease(mutable);
    CFRelease(copy);
    CFRelease(array);
}

static void arrays_are_equal_when_their_values_are(void **state) {
    (void)state;
    CFMutableArrayRef a = NUMBERS(1, 2), b = NUMBERS(1, 2), c = NUMBERS(2, 1), d = NUMBERS(1);
    assert_true(CFEqual(a, b));
    assert_int_equal(CFHash(a), CFHash(b));
    assert_false(CFEqual(a, c));
    assert_false(CFEqual(a, d));
    assert_false(CFEqual(a, CFSTR("(1, 2)")));
    CFRelease(a);
    CFRelease(b);
    CFRelease(c);
    CFRelease(d);
}

static void an_array_shows_its_values(void **state) {
    (void)state;
    CFMutableArrayRef array = NUMBERS(1, 2);
    CFArrayAppendValue(array, CFSTR("three"));
    assert_text_and_release(CFStringCreateWithFormat(NULL, NULL, CFSTR("%@"), array),
                            "(1, 2, three)");
    CFStringRef description = CFCopyDescription(array);
    assert_true(CFStringHasPrefix(description, CFSTR("<CFArray 0x")));
    assert_true(CFStringHasSuffix(description,
                                  CFSTR("{type = mutable, count = 3, values = (1, 2, three)}")));
    CFRelease(description);
    CFRelease(array);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CF_TEST(an_array_retains_its_values_until_it_goes),
        CF_TEST(every_way_out_of_an_array_releases),
        CF_TEST(a_value_may_be_set_over_itself),
        CF_TEST(without_callbacks_pointers_are_only_kept),
        CF_TEST(a_release_callback_sees_the_array_without_the_value),
        CF_TEST(a_release_callback_may_empty_an_array_that_goes),
        CF_TEST(a_release_callback_may_let_go_of_the_array),
        CF_TEST(a_change_by_the_retain_callback_is_a_fault),
        CF_TEST(an_index_outside_is_a_fault),
        CF_TEST(a_range_outside_is_a_fault),
        CF_TEST(changing_an_immutable_array_is_a_fault),
        CF_TEST(an_object_of_another_class_is_a_fault),
        CF_TEST(changing_an_array_while_it_is_applied_is_a_fault),
        CF_TEST(values_go_where_they_are_put),
        CF_TEST(replacing_grows_shrinks_and_inserts),
        CF_TEST(an_array_can_be_appended_to_itself),
        CF_TEST(many_values_keep_their_order),
        CF_TEST(values_are_found_by_equality_within_the_range),
        CF_TEST(sorting_is_stable_and_stays_within_the_range),
        CF_TEST(a_comparator_that_contradicts_itself_loses_no_value),
        CF_TEST(a_sorted_array_is_searched_by_halves),
        CF_TEST(a_copy_does_not_follow_the_original),
        CF_TEST(arrays_are_equal_when_their_values_are),
        CF_TEST(an_array_shows_its_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
