/* test_cf_scalars.c - dates, locales, truth values, byte order, ranges. */
#include "cf_test.h"

#include <CoreFoundation/CFByteOrder.h>
#include <CoreFoundation/CFDate.h>
#include <CoreFoundation/CFLocale.h>
#include <CoreFoundation/CFNumber.h>
#include <math.h>
#include <time.h>

static void absolute_time_counts_from_2001(void **state) {
    (void)state;
    assert_true(kCFAbsoluteTimeIntervalSince1970 == 978307200.0);
    double before = (double)time(NULL);
    double now = CFAbsoluteTimeGetCurrent() + kCFAbsoluteTimeIntervalSince1970;
    assert_true(now >= before && now < before + 60);
}

static void dates_compare_and_subtract(void **state) {
    (void)state;
    CFDateRef early = CFDateCreate(NULL, -10.5), late = CFDateCreate(NULL, 4);
    CFDateRef again = CFDateCreate(NULL, 4);
    assert_int_equal(CFDateCompare(early, late, NULL), kCFCompareLessThan);
    assert_int_equal(CFDateCompare(late, early, NULL), kCFCompareGreaterThan);
    assert_int_equal(CFDateCompare(late, again, NULL), kCFCompareEqualTo);
    assert_true(CFEqual(late, again));
    assert_int_equal(CFHash(late), CFHash(again));
    assert_false(CFEqual(early, late));
    assert_true(CFDateGetTimeIntervalSinceDate(late, early) == 14.5);
    assert_true(CFDateGetAbsoluteTime(early) == -10.5);
    CFRelease(early);
    CFRelease(late);
    CFRelease(again);
}

static void a_date_prints_in_utc(void **state) {
    (void)state;
    const struct {
        double at;
        const char *text;
    } cases[] = {{0, "2001-01-01 00:00:00 +0000"},
                 {-0.5, "2000-12-31 23:59:59 +0000"},
                 {725846400.25, "2024-01-02 00:00:00 +0000"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CFDateRef date = CFDateCreate(NULL, cases[i].at);
        assert_text_and_release(CFStringCreateWithFormat(NULL, NULL, CFSTR("%@"), date),
                                cases[i].text);
        CFRelease(date);
    }
    CFDateRef never = CFDateCreate(NULL, (double)NAN);
    CFStringRef text = CFStringCreateWithFormat(NULL, NULL, CFSTR("%@"), never);
    assert_true(CFStringHasPrefix(text, CFSTR("<CFDate ")));
    CFRelease(text);
    CFRelease(never);
}

static void a_locale_is_its_identifier(void **state) {
    (void)state;
    CFLocaleRef locale = CFLocaleCreate(NULL, CFSTR("de_DE"));
    CFLocaleRef current = CFLocaleCopyCurrent();
    assert_text(CFLocaleGetIdentifier(locale), "de_DE");
    assert_text(CFLocaleGetIdentifier(current), "en_US");
    assert_text(CFLocaleGetIdentifier(CFLocaleGetSystem()), "");
    assert_false(CFEqual(locale, current));
    CFRelease(CFLocaleGetSystem());
    assert_ptr_equal(CFLocaleGetSystem(), CFLocaleGetSystem());
    CFRelease(locale);
    CFRelease(current);
}

static void truth_values_are_two_constants(void **state) {
    (void)state;
    assert_true(CFBooleanGetValue(kCFBooleanTrue));
    assert_false(CFBooleanGetValue(kCFBooleanFalse));
    assert_ptr_not_equal(kCFBooleanTrue, kCFBooleanFalse);
    assert_true(CFHash(kCFBooleanTrue) != CFHash(kCFBooleanFalse));
    assert_false(CFBooleanGetValue(NULL));
    assert_fault("CFBooleanGetValue: the object is NULL");
}

static void bytes_can_be_swapped(void **state) {
    (void)state;
    assert_int_equal(CFSwapInt16(0x1234), 0x3412);
    assert_int_equal(CFSwapInt32(0x12345678), 0x78563412);
    assert_true(CFSwapInt64(0x0102030405060708) == 0x0807060504030201);
    const UInt8 big[] = {0x12, 0x34, 0x56, 0x78};
    UInt32 raw;
    memcpy(&raw, big, sizeof raw);
    assert_int_equal(CFSwapInt32BigToHost(raw), 0x12345678);
    assert_int_equal(CFSwapInt32LittleToHost(raw), 0x78563412);
    assert_int_equal(CFSwapInt32HostToBig(0x12345678), raw);
    assert_true(CFConvertFloat64SwappedToHost(CFConvertFloat64HostToSwapped(-2.5)) == -2.5);
    CFSwappedFloat32 one = CFConvertFloat32HostToSwapped(1.0f);
    assert_memory_equal(&one, "\x3F\x80\0\0", 4);
    assert_true(CFConvertFloat32SwappedToHost(one) == 1.0f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CF_TEST(absolute_time_counts_from_2001), CF_TEST(dates_compare_and_subtract),
        CF_TEST(a_date_prints_in_utc),           CF_TEST(a_locale_is_its_identifier),
        CF_TEST(truth_values_are_two_constants), CF_TEST(bytes_can_be_swapped),
    };
    return cmocka_run_group_tests_name("cf_scalars", tests, NULL, NULL);
}
