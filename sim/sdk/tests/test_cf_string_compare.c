/* test_cf_string_compare.c - order, equality and search. */
#include "cf_test.h"

static CFStringRef utf8(const char *text) {
    return CFStringCreateWithCString(NULL, text, kCFStringEncodingUTF8);
}

static CFComparisonResult compare(const char *left, const char *right, CFOptionFlags options) {
    CFStringRef a = utf8(left), b = utf8(right);
    CFComparisonResult result = CFStringCompare(a, b, options);
    /* Whatever the order, it must be the opposite the other way round. */
    assert_int_equal(CFStringCompare(b, a, options), -result);
    CFRelease(a);
    CFRelease(b);
    return result;
}

static void strings_order_by_unit_and_length(void **state) {
    (void)state;
    assert_int_equal(compare("abc", "abc", 0), kCFCompareEqualTo);
    assert_int_equal(compare("abc", "abd", 0), kCFCompareLessThan);
    assert_int_equal(compare("ab", "abc", 0), kCFCompareLessThan);
    assert_int_equal(compare("", "a", 0), kCFCompareLessThan);
    assert_int_equal(compare("a", "B", 0), kCFCompareGreaterThan);
    assert_int_equal(compare("z", "\u00e4", 0), kCFCompareLessThan);
}

static void case_can_be_ignored(void **state) {
    (void)state;
    assert_int_equal(compare("BlackHole", "blackhole", kCFCompareCaseInsensitive),
                     kCFCompareEqualTo);
    assert_int_equal(compare("\u00c4\u03a9", "\u00e4\u03c9", kCFCompareCaseInsensitive),
                     kCFCompareEqualTo);
    assert_int_equal(compare("a", "B", kCFCompareCaseInsensitive), kCFCompareLessThan);
    assert_int_equal(compare("a", "A", kCFCompareCaseInsensitive | kCFCompareForcedOrdering),
                     kCFCompareGreaterThan);
}

static void numbers_can_order_by_value(void **state) {
    (void)state;
    assert_int_equal(compare("take 9", "take 10", 0), kCFCompareGreaterThan);
    assert_int_equal(compare("take 9", "take 10", kCFCompareNumerically), kCFCompareLessThan);
    assert_int_equal(compare("v1.010", "v1.10", kCFCompareNumerically), kCFCompareEqualTo);
    assert_int_equal(compare("a2b3", "a2b12", kCFCompareNumerically), kCFCompareLessThan);
    assert_int_equal(
        compare("99999999999999999999998", "99999999999999999999999", kCFCompareNumerically),
        kCFCompareLessThan);
    assert_int_equal(compare("1", "x", kCFCompareNumerically), kCFCompareLessThan);
    assert_int_equal(compare("7", "7a", kCFCompareNumerically), kCFCompareLessThan);
}

static void a_part_can_be_compared(void **state) {
    (void)state;
    assert_int_equal(
        CFStringCompareWithOptions(CFSTR("a device"), CFSTR("device"), CFRangeMake(2, 6), 0),
        kCFCompareEqualTo);
    assert_int_equal(
        CFStringCompareWithOptions(CFSTR("a device"), CFSTR("device"), CFRangeMake(2, 5), 0),
        kCFCompareLessThan);
    CFStringCompareWithOptions(CFSTR("abc"), CFSTR("abc"), CFRangeMake(2, 5), 0);
    assert_fault("CFStringCompareWithOptions: range {2, 5} is outside the length 3");
}

static void equal_texts_hash_alike_however_stored(void **state) {
    (void)state;
    static const UniChar units[] = {'a', 'b', 'c'};
    /* Kept as UTF-16, because the buffer is the caller's. */
    CFStringRef wide = CFStringCreateWithCharactersNoCopy(NULL, units, 3, kCFAllocatorNull);
    assert_non_null(CFStringGetCharactersPtr(wide));
    assert_true(CFEqual(wide, CFSTR("abc")));
    assert_true(CFEqual(CFSTR("abc"), wide));
    assert_int_equal(CFHash(wide), CFHash(CFSTR("abc")));
    assert_false(CFEqual(wide, CFSTR("abd")));
    assert_true(CFHash(wide) != CFHash(CFSTR("abd")));
    CFRelease(wide);
}

static void assert_range(CFRange range, CFIndex location, CFIndex length) {
    assert_int_equal(range.location, location);
    assert_int_equal(range.length, length);
}

static void a_search_finds_the_first_or_the_last(void **state) {
    (void)state;
    assert_range(CFStringFind(CFSTR("abcabc"), CFSTR("bc"), 0), 1, 2);
    assert_range(CFStringFind(CFSTR("abcabc"), CFSTR("bc"), kCFCompareBackwards), 4, 2);
    assert_range(CFStringFind(CFSTR("abcabc"), CFSTR("BC"), 0), kCFNotFound, 0);
    assert_range(CFStringFind(CFSTR("abcabc"), CFSTR("BC"), kCFCompareCaseInsensitive), 1, 2);
    assert_range(CFStringFind(CFSTR("abc"), CFSTR("abcd"), 0), kCFNotFound, 0);
    assert_range(CFStringFind(CFSTR("abc"), CFSTR(""), 0), kCFNotFound, 0);
    assert_range(CFStringFind(CFSTR(""), CFSTR("a"), 0), kCFNotFound, 0);
}

static void an_anchored_search_looks_at_one_place(void **state) {
    (void)state;
    assert_range(CFStringFind(CFSTR("xab"), CFSTR("ab"), kCFCompareAnchored), kCFNotFound, 0);
    assert_range(CFStringFind(CFSTR("xab"), CFSTR("ab"), kCFCompareAnchored | kCFCompareBackwards),
                 1, 2);
}

static void a_search_stays_in_its_range(void **state) {
    (void)state;
    CFRange found = CFRangeMake(77, 77);
    assert_false(
        CFStringFindWithOptions(CFSTR("abcabc"), CFSTR("bc"), CFRangeMake(2, 3), 0, &found));
    assert_range(found, 77, 77);
    assert_true(
        CFStringFindWithOptions(CFSTR("abcabc"), CFSTR("bc"), CFRangeMake(2, 4), 0, &found));
    assert_range(found, 4, 2);
    assert_true(CFStringFindWithOptions(CFSTR("abc"), CFSTR("c"), CFRangeMake(0, 3), 0, NULL));
    assert_false(CFStringFindWithOptions(CFSTR("abc"), CFSTR("c"), CFRangeMake(1, 3), 0, NULL));
    assert_fault("CFStringFindWithOptions: range {1, 3}");
}

static void prefix_and_suffix(void **state) {
    (void)state;
    assert_true(CFStringHasPrefix(CFSTR("Bunghole Output"), CFSTR("Bunghole")));
    assert_false(CFStringHasPrefix(CFSTR("Bunghole Output"), CFSTR("bunghole")));
    assert_false(CFStringHasPrefix(CFSTR("Bung"), CFSTR("Bunghole")));
    assert_true(CFStringHasSuffix(CFSTR("Bunghole Output"), CFSTR("Output")));
    assert_false(CFStringHasSuffix(CFSTR("Output"), CFSTR("utpu")));
    assert_false(CFStringHasPrefix(CFSTR("x"), CFSTR("")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CF_TEST(strings_order_by_unit_and_length),
        CF_TEST(case_can_be_ignored),
        CF_TEST(numbers_can_order_by_value),
        CF_TEST(a_part_can_be_compared),
        CF_TEST(equal_texts_hash_alike_however_stored),
        CF_TEST(a_search_finds_the_first_or_the_last),
        CF_TEST(an_anchored_search_looks_at_one_place),
        CF_TEST(a_search_stays_in_its_range),
        CF_TEST(prefix_and_suffix),
    };
    return cmocka_run_group_tests_name("cf_string_compare", tests, NULL, NULL);
}
