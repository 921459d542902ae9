/* test_cf_format.c - CFStringCreateWithFormat(). */
#include "cf_test.h"

#include <CoreFoundation/CFData.h>
#include <CoreFoundation/CFDate.h>
#include <CoreFoundation/CFNumber.h>
#include <CoreFoundation/CFUUID.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <wchar.h>

/* The text that a format makes. */
static const char *format(const char *text, ...) {
    static char result[4096];
    CFStringRef string = CFStringCreateWithCString(NULL, text, kCFStringEncodingUTF8);
    va_list arguments;
    va_start(arguments, text);
    CFStringRef made = CFStringCreateWithFormatAndArguments(NULL, NULL, string, arguments);
    va_end(arguments);
    assert_non_null(made);
    assert_true(CFStringGetCString(made, result, sizeof result, kCFStringEncodingUTF8));
    CFRelease(string);
    CFRelease(made);
    return result;
}

static void text_without_directives_is_copied(void **state) {
    (void)state;
    assert_string_equal(format("plain \u20ac text"), "plain \u20ac text");
    assert_string_equal(format(""), "");
    assert_string_equal(format("100%%"), "100%");
}

static void integers_of_all_lengths(void **state) {
    (void)state;
    assert_string_equal(format("%d %i %u", -1, 42, UINT_MAX), "-1 42 4294967295");
    assert_string_equal(format("%x %X %o %#x", 0xBEEFu, 0xBEEFu, 8u, 255u), "beef BEEF 10 0xff");
    assert_string_equal(format("%ld %lu", LONG_MIN, ULONG_MAX),
                        "-9223372036854775808 18446744073709551615");
    assert_string_equal(format("%lld %llx %qd", LLONG_MAX, ULLONG_MAX, LLONG_MIN),
                        "9223372036854775807 ffffffffffffffff -9223372036854775808");
    assert_string_equal(format("%hhd %hhu %hd %hu", 300, 300, 70000, 70000), "44 44 4464 4464");
    assert_string_equal(
        format("%zu %zd %td %jd", (size_t)1, (ssize_t)-2, (ptrdiff_t)-3, (intmax_t)4), "1 -2 -3 4");
    assert_string_equal(format("%D %U %O", -1L, 2L, 8L), "-1 2 10");
}

static void floats(void **state) {
    (void)state;
    assert_string_equal(format("%f %.2f %e %g", 0.5, 3.14159, 12345.678, 1e-10),
                        "0.500000 3.14 1.234568e+04 1e-10");
    assert_string_equal(format("%G %E %F %.0f", 1e-10, 1.5, 2.5, 0.4),
                        "1E-10 1.500000E+00 2.500000 0");
    assert_string_equal(format("%a", 1.0), "0x1p+0");
    assert_string_equal(format("%Lf %.1f", 1.25L, 2.0), "1.250000 2.0");
    assert_string_equal(format("%f %f", (double)INFINITY, -(double)INFINITY), "inf -inf");
}

static void width_precision_and_flags(void **state) {
    (void)state;
    assert_string_equal(format("[%5d|%-5d|%05d|%+d|% d]", 42, 42, 42, 42, 42),
                        "[   42|42   |00042|+42| 42]");
    assert_string_equal(format("[%8.3f|%-8.3f|%08.3f]", 3.14159, 3.14159, -3.14159),
                        "[   3.142|3.142   |-003.142]");
    assert_string_equal(format("[%.3d|%.0d|%.d]", 5, 0, 0), "[005||]");
    assert_string_equal(format("[%*d|%-*d|%*d]", 4, 7, 4, 7, -4, 7), "[   7|7   |7   ]");
    assert_string_equal(format("[%.*f|%.*f]", 1, 2.55, -1, 2.5), "[2.5|2.500000]");
    assert_string_equal(format("[%6@|%-6@|%.2@]", CFSTR("abc"), CFSTR("abc"), CFSTR("abc")),
                        "[   abc|abc   |ab]");
    assert_string_equal(format("[%4s|%-4s|%.1s]", "ab", "ab", "ab"), "[  ab|ab  |a]");
    assert_string_equal(format("[%3c|%-3c]", 'x', 'y'), "[  x|y  ]");
}

static void a_wide_field_is_not_cut(void **state) {
    (void)state;
    const char *text = format("%300d|%.300f", 1, 1.0);
    assert_int_equal(strlen(text), 300 + 1 + 302);
    assert_int_equal(text[299], '1');
    assert_int_equal(text[301], '1');
}

static void objects_print_their_value(void **state) {
    (void)state;
    int forty_two = 42;
    double tenth = 0.1, quarter = -0.25;
    float third = 1.0f / 3;
    CFNumberRef integer = CFNumberCreate(NULL, kCFNumberIntType, &forty_two);
    CFNumberRef real = CFNumberCreate(NULL, kCFNumberDoubleType, &tenth);
    CFNumberRef negative = CFNumberCreate(NULL, kCFNumberDoubleType, &quarter);
    CFNumberRef single = CFNumberCreate(NULL, kCFNumberFloatType, &third);
    assert_string_equal(format("%@ %@ %@ %@", integer, real, negative, single),
                        "42 0.1 -0.25 0.33333334");
    assert_string_equal(format("%@ %@", kCFBooleanTrue, kCFBooleanFalse), "true false");
    assert_string_equal(format("%@ %@", NULL, kCFNull), "(null) <null>");
    assert_string_equal(format("%@ %@", kCFNumberNaN, kCFNumberNegativeInfinity), "nan -inf");
    CFDataRef data = CFDataCreate(NULL, (const UInt8 *)"\x01\xAB", 2);
    assert_string_equal(format("%@", data), "{length = 2, bytes = 0x01ab}");
    CFDateRef date = CFDateCreate(NULL, 86400.5);
    assert_string_equal(format("%@", date), "2001-01-02 00:00:00 +0000");
    CFStringRef umlaut = CFStringCreateWithCString(NULL, "\u00e4", kCFStringEncodingUTF8);
    assert_string_equal(format("%@-%@", umlaut, CFSTR("x")), "\u00e4-x");
    CFUUIDRef uuid =
        CFUUIDGetConstantUUIDWithBytes(NULL, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    assert_non_null(strstr(format("%@", uuid), "> 00010203-0405-0607-0809-0A0B0C0D0E0F"));
    CFTypeRef all[] = {integer, real, negative, single, data, date, umlaut};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        CFRelease(all[i]);
    }
}

static void characters_and_c_strings(void **state) {
    (void)state;
    static const UniChar units[] = {0x20AC, 'u', 0};
    assert_string_equal(format("%c%C%C", 'a', 0x20AC, 0x1F98E), "a\u20ac\U0001F98E");
    assert_string_equal(format("%s|%S|%.1S", "text", units, units), "text|\u20acu|\u20ac");
    assert_string_equal(format("%s|%S", NULL, NULL), "(null)|(null)");
    assert_string_equal(format("%ls|%lc", L"w\u00efde", (wint_t)0x20AC), "w\u00efde|\u20ac");
    static const char open_ended[] = {'a', 'b', 'c'};
    assert_string_equal(format("%.3s", open_ended), "abc");
}

static void percent_s_reads_mac_roman_as_on_a_mac(void **state) {
    (void)state;
    assert_string_equal(format("%s", "\x8a"), "\u00e4");
    assert_string_equal(format("%s", "\u00e4"), "\u221a\u00a7");
    assert_string_equal(format("%c", 0x8a), "\u00e4");
}

static void pointers(void **state) {
    (void)state;
    assert_string_equal(format("%p %p", (void *)0x1234, NULL), "0x1234 0x0");
    assert_string_equal(format("[%8p]", (void *)0x12), "[    0x12]");
}

static void positions_pick_arguments(void **state) {
    (void)state;
    assert_string_equal(format("%2$@ %1$d %2$@", 7, CFSTR("b")), "b 7 b");
    assert_string_equal(format("%3$s %1$.1f %2$lld", 1.5, 2LL, "c"), "c 1.5 2");
    assert_string_equal(format("[%1$*2$d]", 7, 4), "[   7]");
    assert_string_equal(format("%2$d", 1, 2), "2"); /* a gap is an int */
}

static void what_is_not_understood_stays(void **state) {
    (void)state;
    assert_string_equal(format("%y %d", 1), "%y 1");
    assert_string_equal(format("50%"), "50%");
    assert_string_equal(format("%-5"), "%-5");
    assert_string_equal(format("%\u20ac"), "%\u20ac");
    assert_string_equal(format("%0$d %200$d"), "%0$d %200$d");
    assert_string_equal(format("%99999999999999$d"), "%99999999999999$d");
}

static void percent_n_writes_nothing(void **state) {
    (void)state;
    int written = 77;
    assert_string_equal(format("ab%n%d", &written, 5), "ab5");
    assert_int_equal(written, 77);
}

static void the_process_locale_does_not_matter(void **state) {
    (void)state;
    /* Any locale with a decimal comma that this machine has; most build machines have none. */
    static const char *const commas[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "nl_NL.UTF-8"};
    for (size_t i = 0; i < sizeof commas / sizeof commas[0]; i++) {
        if (setlocale(LC_ALL, commas[i])) {
            break;
        }
    }
    assert_string_equal(format("%.1f", 0.5), "0.5");
    assert_true(CFStringGetDoubleValue(CFSTR("0.5")) == 0.5);
    setlocale(LC_ALL, "C");
}

static void many_arguments(void **state) {
    (void)state;
    assert_string_equal(format("%d%d%d%d%d%d%d%d %g%g%g%g%g%g%g%g%g %@", 1, 2, 3, 4, 5, 6, 7, 8, 1.,
                               2., 3., 4., 5., 6., 7., 8., 9., CFSTR("end")),
                        "12345678 123456789 end");
}

static void a_missing_format_is_a_fault(void **state) {
    (void)state;
    assert_null(CFStringCreateWithFormat(NULL, NULL, NULL));
    assert_fault("CFStringCreateWithFormatAndArguments: the object is NULL");
}

static void an_object_that_is_none_is_a_fault(void **state) {
    (void)state;
    static const uint64_t junk[4] = {1, 2, 3, 4};
    assert_string_equal(format("<%@>", junk), "<>");
    assert_fault("this is not an object");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CF_TEST(text_without_directives_is_copied),
        CF_TEST(integers_of_all_lengths),
        CF_TEST(floats),
        CF_TEST(width_precision_and_flags),
        CF_TEST(a_wide_field_is_not_cut),
        CF_TEST(objects_print_their_value),
        CF_TEST(characters_and_c_strings),
        CF_TEST(percent_s_reads_mac_roman_as_on_a_mac),
        CF_TEST(pointers),
        CF_TEST(positions_pick_arguments),
        CF_TEST(what_is_not_understood_stays),
        CF_TEST(percent_n_writes_nothing),
        CF_TEST(the_process_locale_does_not_matter),
        CF_TEST(many_arguments),
        CF_TEST(a_missing_format_is_a_fault),
        CF_TEST(an_object_that_is_none_is_a_fault),
    };
    return cmocka_run_group_tests_name("cf_format", tests, NULL, NULL);
}
