/* test_cf_number.c - numbers: what goes in, what comes out, and what is lost on the way. */
#include "cf_test.h"

#include <CoreFoundation/CFNumber.h>
#include <limits.h>
#include <math.h>

static CFNumberRef integer(SInt64 value) {
    return CFNumberCreate(NULL, kCFNumberSInt64Type, &value);
}

static CFNumberRef real(double value) {
    return CFNumberCreate(NULL, kCFNumberDoubleType, &value);
}

static CFNumberRef release_later[64];
static int release_count;

/* A number that finish() releases. */
static CFNumberRef keep(CFNumberRef number) {
    release_later[release_count++] = number;
    return number;
}

static void finish(void) {
    while (release_count > 0) {
        CFRelease(release_later[--release_count]);
    }
}

static void a_type_is_reported_by_its_size(void **state) {
    (void)state;
    const struct {
        CFNumberType given, reported;
        CFIndex size;
        bool is_float;
    } cases[] = {
        {kCFNumberSInt8Type, kCFNumberSInt8Type, 1, false},
        {kCFNumberSInt16Type, kCFNumberSInt16Type, 2, false},
        {kCFNumberSInt32Type, kCFNumberSInt32Type, 4, false},
        {kCFNumberSInt64Type, kCFNumberSInt64Type, 8, false},
        {kCFNumberFloat32Type, kCFNumberFloat32Type, 4, true},
        {kCFNumberFloat64Type, kCFNumberFloat64Type, 8, true},
        {kCFNumberCharType, kCFNumberSInt8Type, 1, false},
        {kCFNumberShortType, kCFNumberSInt16Type, 2, false},
        {kCFNumberIntType, kCFNumberSInt32Type, 4, false},
        {kCFNumberLongType, kCFNumberSInt64Type, 8, false},
        {kCFNumberLongLongType, kCFNumberSInt64Type, 8, false},
        {kCFNumberFloatType, kCFNumberFloat32Type, 4, true},
        {kCFNumberDoubleType, kCFNumberFloat64Type, 8, true},
        {kCFNumberCFIndexType, kCFNumberSInt64Type, 8, false},
        {kCFNumberNSIntegerType, kCFNumberSInt64Type, 8, false},
        {kCFNumberCGFloatType, kCFNumberFloat64Type, 8, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        UInt8 bytes[8] = {0}, back[8] = {0};
        memset(bytes, 0x3F, (size_t)cases[i].size);
        CFNumberRef number = CFNumberCreate(NULL, cases[i].given, bytes);
        assert_int_equal(CFNumberGetType(number), cases[i].reported);
        assert_int_equal(CFNumberGetByteSize(number), cases[i].size);
        assert_int_equal(CFNumberIsFloatType(number), cases[i].is_float);
        assert_true(CFNumberGetValue(number, cases[i].given, back));
        assert_memory_equal(bytes, back, sizeof bytes);
        CFRelease(number);
    }
}

static void an_integer_too_big_is_stored_cut_and_reported(void **state) {
    (void)state;
    CFNumberRef number = integer(0x123456789);
    SInt32 i32 = 0;
    SInt16 i16 = 0;
    SInt8 i8 = 0;
    SInt64 i64 = 0;
    assert_false(CFNumberGetValue(number, kCFNumberSInt32Type, &i32));
    assert_int_equal(i32, 0x23456789);
    assert_false(CFNumberGetValue(number, kCFNumberSInt16Type, &i16));
    assert_int_equal(i16, 0x6789);
    assert_false(CFNumberGetValue(number, kCFNumberCharType, &i8));
    assert_int_equal(i8, (SInt8)0x89);
    assert_true(CFNumberGetValue(number, kCFNumberLongType, &i64));
    assert_int_equal(i64, 0x123456789);
    CFRelease(number);
    number = integer(-128);
    assert_true(CFNumberGetValue(number, kCFNumberSInt8Type, &i8));
    assert_int_equal(i8, -128);
    CFRelease(number);
}

static void a_fraction_is_lost_in_an_integer(void **state) {
    (void)state;
    int value = 0;
    assert_false(CFNumberGetValue(keep(real(2.5)), kCFNumberIntType, &value));
    assert_int_equal(value, 2);
    assert_false(CFNumberGetValue(keep(real(-2.5)), kCFNumberIntType, &value));
    assert_int_equal(value, -2);
    assert_true(CFNumberGetValue(keep(real(44100)), kCFNumberIntType, &value));
    assert_int_equal(value, 44100);
    assert_false(CFNumberGetValue(keep(real(1e10)), kCFNumberIntType, &value));
    assert_int_equal(value, INT_MAX);
    assert_false(CFNumberGetValue(keep(real(-1e300)), kCFNumberIntType, &value));
    assert_int_equal(value, INT_MIN);
    assert_false(CFNumberGetValue(kCFNumberNaN, kCFNumberIntType, &value));
    assert_int_equal(value, 0);
    finish();
}

static void a_float_must_hold_the_number_exactly(void **state) {
    (void)state;
    float single = 0;
    double twice = 0;
    assert_true(CFNumberGetValue(keep(real(0.5)), kCFNumberFloatType, &single));
    assert_true(single == 0.5f);
    assert_false(CFNumberGetValue(keep(real(0.1)), kCFNumberFloatType, &single));
    assert_true(single == 0.1f);
    assert_false(CFNumberGetValue(keep(real(1e300)), kCFNumberFloatType, &single));
    assert_true(isinf(single) && single > 0);
    assert_false(CFNumberGetValue(keep(real(-1e300)), kCFNumberFloatType, &single));
    assert_true(isinf(single) && single < 0);
    assert_true(CFNumberGetValue(kCFNumberPositiveInfinity, kCFNumberFloatType, &single));
    assert_true(isinf(single));
    assert_true(CFNumberGetValue(kCFNumberNaN, kCFNumberFloatType, &single));
    assert_true(isnan(single));
    assert_true(CFNumberGetValue(keep(integer(1 << 24)), kCFNumberFloatType, &single));
    assert_false(CFNumberGetValue(keep(integer((1 << 24) + 1)), kCFNumberFloatType, &single));
    assert_true(CFNumberGetValue(keep(integer(1LL << 53)), kCFNumberDoubleType, &twice));
    assert_false(CFNumberGetValue(keep(integer((1LL << 53) + 1)), kCFNumberDoubleType, &twice));
    assert_false(CFNumberGetValue(keep(integer(LLONG_MAX)), kCFNumberDoubleType, &twice));
    finish();
}

static void the_value_may_be_unaligned(void **state) {
    (void)state;
    UInt8 buffer[16] = {0};
    double value = 48000, back = 0;
    memcpy(buffer + 1, &value, sizeof value);
    CFNumberRef number = CFNumberCreate(NULL, kCFNumberDoubleType, buffer + 1);
    memset(buffer, 0, sizeof buffer);
    assert_true(CFNumberGetValue(number, kCFNumberDoubleType, buffer + 3));
    memcpy(&back, buffer + 3, sizeof back);
    assert_true(back == value);
    CFRelease(number);
}

static void a_type_that_does_not_exist_is_a_fault(void **state) {
    (void)state;
    int value = 1;
    assert_null(CFNumberCreate(NULL, 0, &value));
    assert_fault("CFNumberCreate: type 0");
    assert_null(CFNumberCreate(NULL, 17, &value));
    assert_fault("CFNumberCreate: type 17");
    CFNumberRef number = integer(1);
    assert_false(CFNumberGetValue(number, -1, &value));
    assert_fault("CFNumberGetValue: type -1");
    CFRelease(number);
}

static void numbers_order_by_value_across_types(void **state) {
    (void)state;
    /* Ascending; NaN stands between the negative numbers and 0. */
    CFNumberRef ascending[] = {
        kCFNumberNegativeInfinity,
        keep(real(-1e19)),
        keep(integer(LLONG_MIN)),
        keep(real(-1.5)),
        keep(integer(-1)),
        kCFNumberNaN,
        keep(integer(0)),
        keep(real(0.5)),
        keep(integer(1)),
        keep(real(1.5)),
        keep(integer((1LL << 53) - 1)),
        keep(real(0x1p53)),
        keep(integer((1LL << 53) + 1)),
        keep(integer(LLONG_MAX)),
        keep(real(0x1p63)),
        kCFNumberPositiveInfinity,
    };
    enum {
        COUNT = sizeof ascending / sizeof ascending[0]
    };
    for (int i = 0; i < COUNT; i++) {
        for (int j = 0; j < COUNT; j++) {
            CFComparisonResult expected = (i > j) - (i < j);
            if (CFNumberCompare(ascending[i], ascending[j], NULL) != expected) {
                fail_msg("numbers %d and %d compare wrongly", i, j);
            }
            assert_int_equal(CFEqual(ascending[i], ascending[j]), i == j);
        }
    }
    finish();
}

static void equal_numbers_hash_alike(void **state) {
    (void)state;
    SInt8 small = 5;
    float single = 5;
    CFNumberRef numbers[] = {keep(integer(5)), keep(real(5)),
                             keep(CFNumberCreate(NULL, kCFNumberSInt8Type, &small)),
                             keep(CFNumberCreate(NULL, kCFNumberFloatType, &single))};
    for (size_t i = 1; i < sizeof numbers / sizeof numbers[0]; i++) {
        assert_true(CFEqual(numbers[0], numbers[i]));
        assert_int_equal(CFHash(numbers[0]), CFHash(numbers[i]));
    }
    assert_true(CFEqual(keep(real(0.0)), keep(real(-0.0))));
    assert_int_equal(CFHash(release_later[4]), CFHash(release_later[5]));
    assert_true(CFEqual(keep(real((double)NAN)), kCFNumberNaN));
    assert_int_equal(CFHash(release_later[6]), CFHash(kCFNumberNaN));
    assert_true(CFHash(keep(real(0.25))) != CFHash(keep(real(0.75))));
    finish();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CF_TEST(a_type_is_reported_by_its_size),
        CF_TEST(an_integer_too_big_is_stored_cut_and_reported),
        CF_TEST(a_fraction_is_lost_in_an_integer),
        CF_TEST(a_float_must_hold_the_number_exactly),
        CF_TEST(the_value_may_be_unaligned),
        CF_TEST(a_type_that_does_not_exist_is_a_fault),
        CF_TEST(numbers_order_by_value_across_types),
        CF_TEST(equal_numbers_hash_alike),
    };
    return cmocka_run_group_tests_name("cf_number", tests, NULL, NULL);
}
