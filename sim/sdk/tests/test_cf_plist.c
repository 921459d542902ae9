/* CFPropertyList: reading, writing and copying what is well formed. */
#define _GNU_SOURCE /* memmem() */
#include "cf_test.h"

#include <CoreFoundation/CFArray.h>
#include <CoreFoundation/CFDate.h>
#include <CoreFoundation/CFDictionary.h>
#include <CoreFoundation/CFNumber.h>
#include <CoreFoundation/CFPropertyList.h>
#include <CoreFoundation/CFSet.h>
#include <CoreFoundation/CFURL.h>
#include <limits.h>
#include <locale.h>

static CFPropertyListRef read_options(const void *bytes, size_t length, CFOptionFlags options) {
    CFPropertyListFormat format = 0;
    CFErrorRef error = NULL;
    CFDataRef data = CFDataCreate(NULL, bytes, (CFIndex)length);
    CFPropertyListRef plist = CFPropertyListCreateWithData(NULL, data, options, &format, &error);
    CFRelease(data);
    if (error) {
        CFStringRef text = CFErrorCopyDescription(error);
        CFShow(text);
        CFRelease(text);
        CFRelease(error);
    }
    assert_non_null(plist);
    assert_null(error);
    return plist;
}

static CFPropertyListRef read_xml(const char *inner) {
    char xml[4096];
    snprintf(xml, sizeof xml, "<plist version=\"1.0\">%s</plist>", inner);
    return read_options(xml, strlen(xml), 0);
}

/* Writes and reads again. */
static CFPropertyListRef round_trip(CFPropertyListRef plist, CFPropertyListFormat format) {
    CFErrorRef error = NULL;
    CFPropertyListFormat found = 0;
    CFDataRef data = CFPropertyListCreateData(NULL, plist, format, 0, &error);
    assert_null(error);
    assert_non_null(data);
    CFPropertyListRef again = CFPropertyListCreateWithData(NULL, data, 0, &found, &error);
    assert_null(error);
    assert_int_equal(found, format);
    CFRelease(data);
    return again;
}

static void assert_survives(CFPropertyListRef plist) {
    CFPropertyListRef xml = round_trip(plist, kCFPropertyListXMLFormat_v1_0);
    CFPropertyListRef binary = round_trip(plist, kCFPropertyListBinaryFormat_v1_0);
    assert_true(CFEqual(xml, plist));
    assert_true(CFEqual(binary, plist));
    CFRelease(xml);
    CFRelease(binary);
}

static CFMutableDictionaryRef dictionary(void) {
    return CFDictionaryCreateMutable(NULL, 0, &kCFTypeDictionaryKeyCallBacks,
                                     &kCFTypeDictionaryValueCallBacks);
}

static CFNumberRef number(long long value) {
    return CFNumberCreate(NULL, kCFNumberLongLongType, &value);
}

static void set_and_release(CFMutableDictionaryRef dict, CFStringRef key, CFTypeRef value) {
    CFDictionarySetValue(dict, key, value);
    CFRelease(value);
}

/* ---- round trips -------------------------------------------------------------------------- */

static void every_kind_of_value_survives_both_formats(void **state) {
    (void)state;
    double real = -0.1;
    CFMutableDictionaryRef dict = dictionary(), inner = dictionary();
    CFMutableArrayRef array = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
    CFArrayAppendValue(array, CFSTR("first"));
    CFArrayAppendValue(array, kCFBooleanFalse);
    CFArrayAppendValue(array, inner);
    set_and_release(dict, CFSTR("text"),
                    CFStringCreateWithCString(NULL,
                                              "<Gr\xC3\xBC\xC3\x9F"
                                              "e> & \"\xF0\x9F\x94\x8A\"",
                                              kCFStringEncodingUTF8));
    set_and_release(dict, CFSTR("empty text"), CFRetain(CFSTR("")));
    set_and_release(dict, CFSTR(""), CFRetain(CFSTR("under the empty key")));
    set_and_release(dict, CFSTR("real"), CFNumberCreate(NULL, kCFNumberDoubleType, &real));
    set_and_release(dict, CFSTR("yes"), CFRetain(kCFBooleanTrue));
    set_and_release(dict, CFSTR("data"),
                    CFDataCreate(NULL,
                                 (const UInt8 *)"\0\xFF"
                                                "abc",
                                 5));
    set_and_release(dict, CFSTR("no data"), CFDataCreate(NULL, NULL, 0));
    set_and_release(dict, CFSTR("date"), CFDateCreate(NULL, 730000000));
    set_and_release(dict, CFSTR("old date"), CFDateCreate(NULL, -1000000001));
    set_and_release(dict, CFSTR("array"), array);
    CFRelease(inner);
    assert_survives(dict);
    CFRelease(dict);
}

static void integers_keep_64_bits_and_their_sign(void **state) {
    (void)state;
    const long long values[] = {
        0,     1,       -1,      127,       128,          -128,      255,       256,       -32769,
        65536, INT_MAX, INT_MIN, 1LL << 40, -(1LL << 40), LLONG_MAX, LLONG_MIN, -LLONG_MAX};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        CFNumberRef value = number(values[i]);
        assert_survives(value);
        CFPropertyListRef again = round_trip(value, kCFPropertyListXMLFormat_v1_0);
        long long got = 0;
        assert_true(CFNumberGetValue(again, kCFNumberLongLongType, &got));
        assert_true(got == values[i]);
        CFRelease(again);
        CFRelease(value);
    }
}

static void reals_keep_every_bit(void **state) {
    (void)state;
    const double values[] = {0.1, 1e300, -2.2250738585072014e-308, 3.0, 1.0 / 3.0, 5e-324};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        CFNumberRef value = CFNumberCreate(NULL, kCFNumberDoubleType, &values[i]);
        assert_survives(value);
        CFRelease(value);
    }
}

static void dates_keep_microseconds_in_binary_and_seconds_in_xml(void **state) {
    (void)state;
    const double times[] = {0, 1.25, 730000000.5, -1.75, -0.75, 2147483646};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        CFDateRef date = CFDateCreate(NULL, times[i]);
        CFDateRef binary = round_trip(date, kCFPropertyListBinaryFormat_v1_0);
        CFDateRef xml = round_trip(date, kCFPropertyListXMLFormat_v1_0);
        assert_true(CFDateGetAbsoluteTime(binary) == times[i]);
        assert_true(CFDateGetAbsoluteTime(xml) == (double)(long long)times[i]);
        CFRelease(xml);
        CFRelease(binary);
        CFRelease(date);
    }
    CFDateRef date = read_xml("<date>2001-01-01T00:00:01Z</date>");
    assert_true(CFDateGetAbsoluteTime(date) == 1);
    CFRelease(date);
}

static void reals_ignore_the_decimal_comma_of_a_locale(void **state) {
    (void)state;
    if (!setlocale(LC_NUMERIC, "de_DE.UTF-8") && !setlocale(LC_NUMERIC, "fr_FR.UTF-8")) {
        skip(); /* no such locale on this machine */
    }
    CFNumberRef value = read_xml("<real>1.5</real>");
    double real = 0;
    CFNumberGetValue(value, kCFNumberDoubleType, &real);
    CFDataRef data = CFPropertyListCreateData(NULL, value, kCFPropertyListXMLFormat_v1_0, 0, NULL);
    bool has_point = memmem(CFDataGetBytePtr(data), (size_t)CFDataGetLength(data), "1.5", 3);
    char printed[8];
    snprintf(printed, sizeof printed, "%.1f", 1.5);
    setlocale(LC_NUMERIC, "C");
    assert_true(real == 1.5);
    assert_true(has_point);
    assert_string_equal(printed, "1,5"); /* the locale came back */
    CFRelease(data);
    CFRelease(value);
}

/* ---- documents of others ------------------------------------------------------------------- */

static void xml_as_people_write_it_is_read(void **state) {
    (void)state;
    static const char xml[] =
        "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\""
        " \"PropertyList-1.0.dtd\">\n"
        "<!-- made by hand -->\n"
        "<plist version=\"1.0\">\n<dict>\n"
        "  <key>CFBundleName</key> <!-- &, <array> --> <string>A &amp; B &#x20AC;</string>\n"
        "  <key>raw</key><string><![CDATA[<&>]]></string>\n"
        "  <key>list</key>\r\n<array>\t<true/><integer> 42 </integer><data>\n  "
        "AAEC\n</data></array>\n"
        "  <key>twice</key><string>1</string><key>twice</key><string>2</string>\n"
        "</dict>\n</plist>\n";
    CFDictionaryRef dict = read_options(xml, sizeof xml - 1, 0);
    assert_int_equal(CFDictionaryGetCount(dict), 4);
    assert_text(CFDictionaryGetValue(dict, CFSTR("CFBundleName")), "A & B \xE2\x82\xAC");
    assert_text(CFDictionaryGetValue(dict, CFSTR("raw")), "<&>");
    assert_text(CFDictionaryGetValue(dict, CFSTR("twice")), "2");
    CFArrayRef list = CFDictionaryGetValue(dict, CFSTR("list"));
    int value = 0;
    assert_ptr_equal(CFArrayGetValueAtIndex(list, 0), kCFBooleanTrue);
    assert_true(CFNumberGetValue(CFArrayGetValueAtIndex(list, 1), kCFNumberIntType, &value));
    assert_int_equal(value, 42);
    CFDataRef data = CFArrayGetValueAtIndex(list, 2);
    assert_int_equal(CFDataGetLength(data), 3);
    assert_memory_equal(CFDataGetBytePtr(data), "\0\1\2", 3);
    CFRelease(dict);
}

/* Written by Python's plistlib: {name: "Grüße €", int: -5, big: 2^63-1, real: 2.5, yes, no, data,
 * date: 2024-02-29 12:30:45, list: [1, "two", []], dict: {empty: {}}, ascii: "plain"}. */
static const unsigned char of_python[] = {
    0x62, 0x70, 0x6c, 0x69, 0x73, 0x74, 0x30, 0x30, 0xdb, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07,
    0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x14, 0x18, 0x1b, 0x54,
    0x6e, 0x61, 0x6d, 0x65, 0x53, 0x69, 0x6e, 0x74, 0x53, 0x62, 0x69, 0x67, 0x54, 0x72, 0x65, 0x61,
    0x6c, 0x53, 0x79, 0x65, 0x73, 0x52, 0x6e, 0x6f, 0x54, 0x64, 0x61, 0x74, 0x61, 0x54, 0x64, 0x61,
    0x74, 0x65, 0x54, 0x6c, 0x69, 0x73, 0x74, 0x54, 0x64, 0x69, 0x63, 0x74, 0x55, 0x61, 0x73, 0x63,
    0x69, 0x69, 0x67, 0x00, 0x47, 0x00, 0x72, 0x00, 0xfc, 0x00, 0xdf, 0x00, 0x65, 0x00, 0x20, 0x20,
    0xac, 0x13, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfb, 0x13, 0x7f, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0x23, 0x40, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x09, 0x08, 0x43, 0x00,
    0x01, 0xff, 0x33, 0x41, 0xc5, 0xc8, 0x58, 0x3a, 0x80, 0x00, 0x00, 0xa3, 0x15, 0x16, 0x17, 0x10,
    0x01, 0x53, 0x74, 0x77, 0x6f, 0xa0, 0xd1, 0x19, 0x1a, 0x55, 0x65, 0x6d, 0x70, 0x74, 0x79, 0xd0,
    0x55, 0x70, 0x6c, 0x61, 0x69, 0x6e, 0x08, 0x1f, 0x24, 0x28, 0x2c, 0x31, 0x35, 0x38, 0x3d, 0x42,
    0x47, 0x4c, 0x52, 0x61, 0x6a, 0x73, 0x7c, 0x7d, 0x7e, 0x82, 0x8b, 0x8f, 0x91, 0x95, 0x96, 0x99,
    0x9f, 0xa0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x1c, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0xa6,
};

static void a_binary_document_of_another_writer_is_read(void **state) {
    (void)state;
    CFDictionaryRef dict = read_options(of_python, sizeof of_python, 0);
    assert_int_equal(CFDictionaryGetCount(dict), 11);
    assert_text(CFDictionaryGetValue(dict, CFSTR("name")), "Gr\xC3\xBC\xC3\x9F"
                                                           "e \xE2\x82\xAC");
    assert_text(CFDictionaryGetValue(dict, CFSTR("ascii")), "plain");
    long long value = 0;
    double real = 0;
    CFNumberGetValue(CFDictionaryGetValue(dict, CFSTR("int")), kCFNumberLongLongType, &value);
    assert_true(value == -5);
    CFNumberGetValue(CFDictionaryGetValue(dict, CFSTR("big")), kCFNumberLongLongType, &value);
    assert_true(value == LLONG_MAX);
    CFNumberGetValue(CFDictionaryGetValue(dict, CFSTR("real")), kCFNumberDoubleType, &real);
    assert_true(real == 2.5);
    assert_ptr_equal(CFDictionaryGetValue(dict, CFSTR("yes")), kCFBooleanTrue);
    assert_ptr_equal(CFDictionaryGetValue(dict, CFSTR("no")), kCFBooleanFalse);
    assert_int_equal(CFDataGetLength(CFDictionaryGetValue(dict, CFSTR("data"))), 3);
    assert_true(CFDateGetAbsoluteTime(CFDictionaryGetValue(dict, CFSTR("date"))) == 730902645);
    CFArrayRef list = CFDictionaryGetValue(dict, CFSTR("list"));
    assert_int_equal(CFArrayGetCount(list), 3);
    assert_int_equal(CFArrayGetCount(CFArrayGetValueAtIndex(list, 2)), 0);
    CFDictionaryRef inner = CFDictionaryGetValue(dict, CFSTR("dict"));
    assert_int_equal(CFDictionaryGetCount(CFDictionaryGetValue(inner, CFSTR("empty"))), 0);
    const void *keys[11];
    CFDictionaryGetKeysAndValues(dict, keys, NULL);
    assert_text(keys[0], "name");
    assert_text(keys[10], "ascii");
    CFRelease(dict);
}

static void openstep_text_is_read_when_libplist_can(void **state) {
    (void)state;
    static const char *const texts[] = {"{ list = (a, \"b c\"); }",
                                        "/* strings */ \"list\" = (a, \"b c\");"};
    for (size_t i = 0; i < 2; i++) {
        CFErrorRef error = NULL;
        CFPropertyListFormat format = 0;
        CFDataRef data = CFDataCreate(NULL, (const UInt8 *)texts[i], (CFIndex)strlen(texts[i]));
        CFPropertyListRef dict = CFPropertyListCreateWithData(NULL, data, 0, &format, &error);
        CFRelease(data);
        if (error) {
            CFStringRef text = CFErrorCopyDescription(error);
            CFRange found = CFStringFind(text, CFSTR("would need libplist 2.3 or later"), 0);
            assert_true(found.location != kCFNotFound);
            CFRelease(text);
            CFRelease(error);
            continue;
        }
        assert_int_equal(format, kCFPropertyListOpenStepFormat);
        CFArrayRef list = CFDictionaryGetValue(dict, CFSTR("list"));
        assert_text(CFArrayGetValueAtIndex(list, 0), "a");
        assert_text(CFArrayGetValueAtIndex(list, 1), "b c");
        CFRelease(dict);
    }
}

/* ---- mutability --------------------------------------------------------------------------- */

static void options_decide_what_is_mutable(void **state) {
    (void)state;
    static const char xml[] = "<plist><array><string>a</string><data>AAAA</data></array></plist>";
    for (CFOptionFlags options = 0; options <= 2; options++) {
        CFMutableArrayRef array =
            (CFMutableArrayRef)(uintptr_t)read_options(xml, sizeof xml - 1, options);
        CFMutableStringRef text = (CFMutableStringRef)(uintptr_t)CFArrayGetValueAtIndex(array, 0);
        CFMutableDataRef data = (CFMutableDataRef)(uintptr_t)CFArrayGetValueAtIndex(array, 1);
        CFStringAppend(text, CFSTR("b"));
        if (options < kCFPropertyListMutableContainersAndLeaves) {
            assert_fault("CFStringAppend");
        }
        CFDataSetLength(data, 10);
        if (options < kCFPropertyListMutableContainersAndLeaves) {
            assert_fault("CFDataSetLength");
        }
        CFArrayRemoveAllValues(array);
        if (options == kCFPropertyListImmutable) {
            assert_fault("CFArrayRemoveAllValues");
        }
        CFRelease(array);
    }
}

static void a_deep_copy_shares_no_container_with_the_original(void **state) {
    (void)state;
    CFMutableDictionaryRef original = dictionary();
    CFMutableArrayRef list = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
    CFMutableStringRef text = CFStringCreateMutable(NULL, 0);
    CFStringAppend(text, CFSTR("text"));
    CFArrayAppendValue(list, text);
    set_and_release(original, CFSTR("list"), list);
    CFMutableDictionaryRef frozen = (CFMutableDictionaryRef)(uintptr_t)CFPropertyListCreateDeepCopy(
        NULL, original, kCFPropertyListImmutable);
    CFMutableDictionaryRef loose = (CFMutableDictionaryRef)(uintptr_t)CFPropertyListCreateDeepCopy(
        NULL, original, kCFPropertyListMutableContainersAndLeaves);
    assert_true(CFEqual(frozen, original));
    assert_true(CFEqual(loose, original));

    CFStringAppend(text, CFSTR(" changed"));
    CFArrayAppendValue(list, kCFBooleanTrue);
    CFArrayRef frozen_list = CFDictionaryGetValue(frozen, CFSTR("list"));
    CFMutableArrayRef loose_list =
        (CFMutableArrayRef)(uintptr_t)CFDictionaryGetValue(loose, CFSTR("list"));
    assert_int_equal(CFArrayGetCount(frozen_list), 1);
    assert_text(CFArrayGetValueAtIndex(frozen_list, 0), "text");
    CFArrayAppendValue((CFMutableArrayRef)(uintptr_t)frozen_list, kCFBooleanTrue);
    assert_fault("immutable");
    CFStringAppend((CFMutableStringRef)(uintptr_t)CFArrayGetValueAtIndex(loose_list, 0),
                   CFSTR(" too"));
    assert_text(CFArrayGetValueAtIndex(loose_list, 0), "text too");

    CFRelease(text);
    CFRelease(frozen);
    CFRelease(loose);
    CFRelease(original);
}

/* ---- what cannot be written ----------------------------------------------------------------- */

static void assert_not_written(CFTypeRef value, CFPropertyListFormat format, const char *expected) {
    CFErrorRef error = NULL;
    char text[1024];
    assert_null(CFPropertyListCreateData(NULL, value, format, 0, NULL)); /* without error, too */
    assert_null(CFPropertyListCreateData(NULL, value, format, 0, &error));
    assert_non_null(error);
    assert_true(CFEqual(CFErrorGetDomain(error), kCFErrorDomainCocoa));
    assert_int_equal(CFErrorGetCode(error), kCFPropertyListWriteStreamError);
    CFStringRef description = CFErrorCopyDescription(error);
    CFStringGetCString(description, text, sizeof text, kCFStringEncodingUTF8);
    if (!strstr(text, expected)) {
        fail_msg("\"%s\" does not say \"%s\"", text, expected);
    }
    CFRelease(description);
    CFRelease(error);
}

static void what_is_no_property_list_is_refused_with_its_place(void **state) {
    (void)state;
    CFSetRef set = CFSetCreate(NULL, NULL, 0, NULL);
    CFMutableDictionaryRef dict = dictionary(), inner = dictionary();
    CFMutableArrayRef list = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
    CFArrayAppendValue(list, CFSTR("fine"));
    CFArrayAppendValue(list, set);
    CFDictionarySetValue(inner, CFSTR("list"), list);
    CFDictionarySetValue(dict, CFSTR("outer"), inner);
    assert_not_written(dict, kCFPropertyListXMLFormat_v1_0,
                       "a CFSet is no property list value (at outer > list > [1])");
    assert_not_written(set, kCFPropertyListBinaryFormat_v1_0, "(at the top level)");
    assert_not_written(kCFNull, kCFPropertyListXMLFormat_v1_0, "a CFNull");
    assert_not_written(NULL, kCFPropertyListXMLFormat_v1_0, "NULL");
    assert_false(CFPropertyListIsValid(dict, kCFPropertyListXMLFormat_v1_0));
    assert_null(CFPropertyListCreateDeepCopy(NULL, dict, 0));

    CFArrayRemoveValueAtIndex(list, 1);
    assert_true(CFPropertyListIsValid(dict, kCFPropertyListXMLFormat_v1_0));
    CFDictionarySetValue(inner, kCFBooleanTrue, CFSTR("x"));
    assert_not_written(dict, kCFPropertyListXMLFormat_v1_0,
                       "a key is a CFBoolean, not a string (at outer)");
    assert_false(CFPropertyListIsValid(dict, kCFPropertyListXMLFormat_v1_0));
    assert_null(CFPropertyListCreateDeepCopy(NULL, dict, 0));
    CFRelease(list);
    CFRelease(inner);
    CFRelease(dict);
    CFRelease(set);
}

static void a_container_within_itself_is_refused(void **state) {
    (void)state;
    CFMutableArrayRef array = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
    CFArrayAppendValue(array, array);
    assert_not_written(array, kCFPropertyListBinaryFormat_v1_0, "a container within itself");
    assert_false(CFPropertyListIsValid(array, kCFPropertyListBinaryFormat_v1_0));
    assert_null(CFPropertyListCreateDeepCopy(NULL, array, 0));
    CFArrayRemoveAllValues(array);
    CFRelease(array);
}

static void text_that_c_or_utf8_cannot_hold_is_refused(void **state) {
    (void)state;
    const UniChar nul[] = {'a', 0, 'b'}, half[] = {'a', 0xD800};
    CFStringRef with_nul = CFStringCreateWithCharacters(NULL, nul, 3);
    CFStringRef with_half = CFStringCreateWithCharacters(NULL, half, 2);
    assert_not_written(with_nul, kCFPropertyListXMLFormat_v1_0, "the string holds a NUL");
    assert_not_written(with_half, kCFPropertyListXMLFormat_v1_0, "half of a surrogate pair");
    CFMutableDictionaryRef dict = dictionary();
    CFDictionarySetValue(dict, with_nul, CFSTR("x"));
    assert_not_written(dict, kCFPropertyListBinaryFormat_v1_0, "a key holds a NUL");
    CFRelease(dict);
    CFRelease(with_nul);
    CFRelease(with_half);
}

static void dates_out_of_reach_are_refused(void **state) {
    (void)state;
    const double times[] = {2147483647, -2147483648.0, 1e300, -1e300, __builtin_nan("")};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        CFDateRef date = CFDateCreate(NULL, times[i]);
        assert_not_written(date, kCFPropertyListXMLFormat_v1_0, "the date is before 1932");
        CFRelease(date);
    }
}

static void other_formats_are_refused(void **state) {
    (void)state;
    assert_not_written(CFSTR("x"), kCFPropertyListOpenStepFormat, "format 1 is neither");
    assert_true(CFPropertyListIsValid(CFSTR("x"), kCFPropertyListOpenStepFormat));
    assert_false(CFPropertyListIsValid(kCFBooleanTrue, kCFPropertyListOpenStepFormat));
    assert_false(CFPropertyListIsValid(NULL, kCFPropertyListXMLFormat_v1_0));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CF_TEST(every_kind_of_value_survives_both_formats),
        CF_TEST(integers_keep_64_bits_and_their_sign),
        CF_TEST(reals_keep_every_bit),
        CF_TEST(dates_keep_microseconds_in_binary_and_seconds_in_xml),
        CF_TEST(reals_ignore_the_decimal_comma_of_a_locale),
        CF_TEST(xml_as_people_write_it_is_read),
        CF_TEST(a_binary_document_of_another_writer_is_read),
        CF_TEST(openstep_text_is_read_when_libplist_can),
        CF_TEST(options_decide_what_is_mutable),
        CF_TEST(a_deep_copy_shares_no_container_with_the_original),
        CF_TEST(what_is_no_property_list_is_refused_with_its_place),
        CF_TEST(a_container_within_itself_is_refused),
        CF_TEST(text_that_c_or_utf8_cannot_hold_is_refused),
        CF_TEST(dates_out_of_reach_are_refused),
        CF_TEST(other_formats_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
