/* test_cf_string.c - making strings, reading them, encodings, literals. */
#include "cf_test.h"

#include <CoreFoundation/CFArray.h>
#include <CoreFoundation/CFData.h>
#include <CoreFoundation/CFStringEncodingExt.h>
#include <limits.h>

static CFStringRef utf8(const char *text) {
    return CFStringCreateWithCString(NULL, text, kCFStringEncodingUTF8);
}

static CFStringRef bytes(const char *text, size_t size, CFStringEncoding encoding, bool external) {
    return CFStringCreateWithBytes(NULL, (const UInt8 *)text, (CFIndex)size, encoding, external);
}

/* ---- literals ----------------------------------------------------------------------------- */

static void equal_literals_are_equal_objects(void **state) {
    (void)state;
    CFStringRef a = CFSTR("Gecko Sink");
    CFStringRef b = __CFStringMakeConstantString("Gecko Sink");
    assert_true(CFEqual(a, b));
    assert_int_equal(CFHash(a), CFHash(b));
    assert_ptr_equal(b, __CFStringMakeConstantString("Gecko Sink"));
    assert_false(CFEqual(a, CFSTR("Gecko sink")));
}

/* What clang lays out for CFSTR(), whichever compiler builds this. */
struct literal {
    const void *isa;
    uint32_t flags;
    const void *contents;
    long length;
};

static void a_literal_as_clang_lays_it_out_is_a_string(void **state) {
    (void)state;
    static const struct literal narrow = {__CFConstantStringClassReference, 0x7C8, "abc", 3};
    static const UniChar units[] = {'g', 0xFC, 'n', 0};
    static const struct literal wide = {__CFConstantStringClassReference, 0x7D0, units, 3};
    CFStringRef abc = (CFStringRef)(const void *)&narrow;
    CFStringRef gruen = (CFStringRef)(const void *)&wide;
    assert_int_equal(CFGetTypeID(abc), CFStringGetTypeID());
    assert_text(abc, "abc");
    assert_text(gruen, "g\u00fcn");
    assert_int_equal(CFStringGetLength(gruen), 3);
    assert_true(CFEqual(abc, CFSTR("abc")));
    CFRelease(CFRetain(abc));
    CFRelease(gruen);
    CFRelease(gruen);
    assert_ptr_equal(CFStringCreateCopy(NULL, abc), abc);
    assert_ptr_equal(CFGetAllocator(abc), kCFAllocatorSystemDefault);
    assert_string_equal(CFStringGetCStringPtr(abc, kCFStringEncodingUTF8), "abc");
}

#if defined(__clang__)
static const CFStringRef at_file_scope = CFSTR("at file scope: \u20ac");

static void clang_takes_literals_at_file_scope(void **state) {
    (void)state;
    assert_text(at_file_scope, "at file scope: \u20ac");
}
#endif

static void a_literal_with_invalid_utf8_is_taken_as_mac_roman(void **state) {
    (void)state;
    assert_text(__CFStringMakeConstantString("\x8a"), "\u00e4");
}

/* ---- making ------------------------------------------------------------------------------- */

static void the_length_counts_utf16_units(void **state) {
    (void)state;
    const struct {
        const char *text;
        CFIndex length;
    } cases[] = {{"", 0}, {"abc", 3}, {"\u00e4", 1}, {"\u20ac", 1}, {"\U0001F98E", 2}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CFStringRef string = utf8(cases[i].text);
        assert_int_equal(CFStringGetLength(string), cases[i].length);
        assert_text_and_release(string, cases[i].text);
    }
}

static void invalid_utf8_makes_no_string(void **state) {
    (void)state;
    static const char *const cases[] = {
        "\x80",             /* a continuation alone */
        "a\xC3",            /* cut short */
        "\xC3(",            /* no continuation */
        "\xC0\xAF",         /* overlong */
        "\xE0\x80\xAF",     /* overlong */
        "\xF0\x80\x80\xAF", /* overlong */
        "\xED\xA0\x80",     /* a surrogate */
        "\xF4\x90\x80\x80", /* beyond U+10FFFF */
        "\xF8\x88\x80\x80\x80",
        "\xFF",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_null(utf8(cases[i]));
    }
    /* The neighbours of what is invalid. */
    assert_text_and_release(
        utf8("\xC2\x80\xE0\xA0\x80\xED\x9F\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"),
        "\xC2\x80\xE0\xA0\x80\xED\x9F\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF");
}

static void ascii_takes_no_high_bytes(void **state) {
    (void)state;
    assert_null(bytes("a\xE4", 2, kCFStringEncodingASCII, false));
    assert_text_and_release(bytes("a\xE4", 2, kCFStringEncodingISOLatin1, false), "a\u00e4");
    assert_text_and_release(bytes("a\x8A\xDB", 3, kCFStringEncodingMacRoman, false),
                            "a\u00e4\u20ac");
    assert_text_and_release(bytes("a\xE4\x80", 3, kCFStringEncodingWindowsLatin1, false),
                            "a\u00e4\u20ac");
    assert_null(bytes("\x81", 1, kCFStringEncodingWindowsLatin1, false));
}

static void an_unknown_encoding_makes_no_string(void **state) {
    (void)state;
    assert_null(bytes("abc", 3, kCFStringEncodingShiftJIS, false));
    assert_null(bytes("abc", 3, kCFStringEncodingInvalidId, false));
    assert_false(CFStringIsEncodingAvailable(kCFStringEncodingShiftJIS));
    assert_true(CFStringIsEncodingAvailable(kCFStringEncodingUTF32LE));
}

static void byte_order_comes_from_name_or_mark(void **state) {
    (void)state;
    assert_text_and_release(bytes("\x20\xAC", 2, kCFStringEncodingUTF16BE, false), "\u20ac");
    assert_text_and_release(bytes("\xAC\x20", 2, kCFStringEncodingUTF16LE, false), "\u20ac");
    assert_text_and_release(bytes("\xFE\xFF\x20\xAC", 4, kCFStringEncodingUTF16, true), "\u20ac");
    assert_text_and_release(bytes("\xFF\xFE\xAC\x20", 4, kCFStringEncodingUTF16, true), "\u20ac");
    assert_text_and_release(bytes("\x20\xAC", 2, kCFStringEncodingUTF16, true), "\u20ac");
    const UniChar euro = 0x20AC; /* native without a mark, when it is not external */
    assert_text_and_release(bytes((const char *)&euro, 2, kCFStringEncodingUTF16, false), "\u20ac");
    assert_text_and_release(bytes("\0\1\xF9\x8E", 4, kCFStringEncodingUTF32BE, false),
                            "\U0001F98E");
    assert_text_and_release(bytes("\xFF\xFE\0\0\x8E\xF9\1\0", 8, kCFStringEncodingUTF32, true),
                            "\U0001F98E");
    assert_null(bytes("\0\x11\0\0", 4, kCFStringEncodingUTF32BE, false));
    assert_null(bytes("\0\0\xD8\0", 4, kCFStringEncodingUTF32BE, false));
    assert_text_and_release(bytes("\xEF\xBB\xBFx", 4, kCFStringEncodingUTF8, true), "x");
    assert_text_and_release(bytes("\xEF\xBB\xBFx", 4, kCFStringEncodingUTF8, false), "\uFEFFx");
}

static void unpaired_surrogates_are_kept_but_have_no_utf8(void **state) {
    (void)state;
    const UniChar units[] = {'a', 0xD83E, 'b'};
    CFStringRef string = CFStringCreateWithCharacters(NULL, units, 3);
    assert_int_equal(CFStringGetLength(string), 3);
    assert_int_equal(CFStringGetCharacterAtIndex(string, 1), 0xD83E);
    char text[16];
    assert_false(CFStringGetCString(string, text, sizeof text, kCFStringEncodingUTF8));
    UInt8 utf16[6];
    CFIndex used;
    assert_int_equal(CFStringGetBytes(string, CFRangeMake(0, 3), kCFStringEncodingUTF16BE, 0, false,
                                      utf16, sizeof utf16, &used),
                     3);
    assert_memory_equal(utf16, "\0a\xD8\x3E\0b", 6);
    CFRelease(string);
}

static void a_copy_of_an_immutable_string_is_the_string(void **state) {
    (void)state;
    CFStringRef string = utf8("copy");
    CFStringRef copy = CFStringCreateCopy(NULL, string);
    assert_ptr_equal(copy, string);
    assert_int_equal(CFGetRetainCount(string), 2);
    CFRelease(copy);
    CFRelease(string);

    CFMutableStringRef changing = CFStringCreateMutableCopy(NULL, 0, CFSTR("copy"));
    copy = CFStringCreateCopy(NULL, changing);
    assert_ptr_not_equal(copy, changing);
    CFStringAppend(changing, CFSTR("!"));
    assert_text_and_release(copy, "copy");
    CFRelease(changing);
}

static void a_substring_is_a_part(void **state) {
    (void)state;
    assert_text_and_release(
        CFStringCreateWithSubstring(NULL, CFSTR("BlackHole 2ch"), CFRangeMake(10, 3)), "2ch");
    assert_text_and_release(CFStringCreateWithSubstring(NULL, CFSTR("x"), CFRangeMake(1, 0)), "");
    CFStringRef wide = utf8("\u00e4\u20acb");
    assert_text_and_release(CFStringCreateWithSubstring(NULL, wide, CFRangeMake(1, 2)), "\u20acb");
    assert_null(CFStringCreateWithSubstring(NULL, wide, CFRangeMake(2, 2)));
    assert_fault("range {2, 2} is outside the length 3");
    assert_null(CFStringCreateWithSubstring(NULL, wide, CFRangeMake(-1, 1)));
    assert_fault("range {-1, 1}");
    assert_null(CFStringCreateWithSubstring(NULL, wide, CFRangeMake(1, LONG_MAX)));
    assert_fault("is outside the length 3");
    CFRelease(wide);
}

static void a_buffer_given_away_is_freed_with_the_string(void **state) {
    (void)state;
    /* Under AddressSanitizer, a buffer kept would be a leak, a buffer freed twice an error. */
    CFStringRef string = CFStringCreateWithCStringNoCopy(NULL, strdup("mine"),
                                                         kCFStringEncodingUTF8, kCFAllocatorMalloc);
    assert_text_and_release(string, "mine");
    string =
        CFStringCreateWithCStringNoCopy(NULL, strdup("m\u00efne"), kCFStringEncodingUTF8, NULL);
    assert_text_and_release(string, "m\u00efne");
    UniChar *units = malloc(2 * sizeof *units);
    units[0] = 0x20AC;
    units[1] = 'x';
    assert_text_and_release(CFStringCreateWithCharactersNoCopy(NULL, units, 2, NULL), "\u20acx");

    static char buffer[] = "static";
    string =
        CFStringCreateWithCStringNoCopy(NULL, buffer, kCFStringEncodingASCII, kCFAllocatorNull);
    assert_ptr_equal(CFStringGetCStringPtr(string, kCFStringEncodingASCII), buffer);
    CFStringRef copy = CFStringCreateCopy(NULL, string);
    assert_text_and_release(string, "static");
    buffer[0] = 'S';
    assert_text_and_release(copy, "static");
}

static void null_text_is_a_fault(void **state) {
    (void)state;
    const char *none = NULL;
    assert_null(CFStringCreateWithCString(NULL, none, kCFStringEncodingUTF8));
    assert_fault("CFStringCreateWithCString: the text is NULL");
    assert_null(CFStringCreateWithBytes(NULL, NULL, 3, kCFStringEncodingUTF8, false));
    assert_fault("CFStringCreateWithBytes: 3 bytes");
    assert_text_and_release(CFStringCreateWithBytes(NULL, NULL, 0, kCFStringEncodingUTF8, false),
                            "");
    assert_text_and_release(CFStringCreateWithCharacters(NULL, NULL, 0), "");
}

/* ---- reading ------------------------------------------------------------------------------ */

static void characters_can_be_read_one_by_one_or_in_a_range(void **state) {
    (void)state;
    CFStringRef string = utf8("a\u20ac\U0001F98E");
    static const UniChar expected[] = {'a', 0x20AC, 0xD83E, 0xDD8E};
    UniChar units[4];
    CFStringGetCharacters(string, CFRangeMake(0, 4), units);
    assert_memory_equal(units, expected, sizeof expected);
    for (CFIndex i = 0; i < 4; i++) {
        assert_int_equal(CFStringGetCharacterAtIndex(string, i), expected[i]);
    }
    assert_int_equal(CFStringGetCharacterAtIndex(string, 4), 0);
    assert_fault("CFStringGetCharacterAtIndex: range {4, 1} is outside the length 4");
    CFStringGetCharacters(CFSTR("xyz"), CFRangeMake(1, 2), units);
    assert_int_equal(units[0], 'y');
    CFStringGetCharacters(string, CFRangeMake(3, 2), units);
    assert_fault("CFStringGetCharacters");
    CFRelease(string);
}

static void a_c_string_needs_room_for_its_nul(void **state) {
    (void)state;
    char text[5];
    assert_true(CFStringGetCString(CFSTR("four"), text, 5, kCFStringEncodingUTF8));
    assert_string_equal(text, "four");
    assert_false(CFStringGetCString(CFSTR("four"), text, 4, kCFStringEncodingUTF8));
    assert_false(CFStringGetCString(CFSTR(""), text, 0, kCFStringEncodingUTF8));
    CFStringRef euro = utf8("\u20ac");
    assert_true(CFStringGetCString(euro, text, 4, kCFStringEncodingUTF8));
    assert_false(CFStringGetCString(euro, text, 3, kCFStringEncodingUTF8));
    assert_false(CFStringGetCString(euro, text, 5, kCFStringEncodingASCII));
    assert_false(CFStringGetCString(euro, text, 5, kCFStringEncodingISOLatin1));
    assert_true(CFStringGetCString(euro, text, 5, kCFStringEncodingMacRoman));
    assert_string_equal(text, "\xDB");
    CFRelease(euro);
}

static void a_pointer_is_given_only_if_no_conversion_is_needed(void **state) {
    (void)state;
    CFStringRef wide = utf8("\u20ac");
    assert_string_equal(CFStringGetCStringPtr(CFSTR("abc"), kCFStringEncodingMacRoman), "abc");
    assert_null(CFStringGetCStringPtr(CFSTR("abc"), kCFStringEncodingUTF16));
    assert_null(CFStringGetCStringPtr(wide, kCFStringEncodingUTF8));
    assert_null(CFStringGetCharactersPtr(CFSTR("abc")));
    assert_int_equal(CFStringGetCharactersPtr(wide)[0], 0x20AC);
    CFRelease(wide);
}

static CFIndex get(CFStringRef string, CFStringEncoding encoding, UInt8 loss, UInt8 *buffer,
                   CFIndex size, CFIndex *used) {
    return CFStringGetBytes(string, CFRangeMake(0, CFStringGetLength(string)), encoding, loss,
                            false, buffer, size, used);
}

static void bytes_stop_at_the_end_of_the_buffer_between_characters(void **state) {
    (void)state;
    CFStringRef string = utf8("a\U0001F98Eb");
    UInt8 buffer[8];
    CFIndex used;
    assert_int_equal(get(string, kCFStringEncodingUTF8, 0, buffer, 4, &used), 1);
    assert_int_equal(used, 1);
    assert_int_equal(get(string, kCFStringEncodingUTF8, 0, buffer, 5, &used), 3);
    assert_int_equal(used, 5);
    assert_int_equal(get(string, kCFStringEncodingUTF8, 0, NULL, 0, &used), 4);
    assert_int_equal(used, 6);
    assert_int_equal(get(string, kCFStringEncodingUTF8, 0, NULL, 0, NULL), 4);
    CFRelease(string);
}

static void what_an_encoding_lacks_stops_or_is_replaced(void **state) {
    (void)state;
    CFStringRef string = utf8("a\u4e00\U0001F98Eb");
    UInt8 buffer[8];
    CFIndex used;
    assert_int_equal(get(string, kCFStringEncodingASCII, 0, buffer, 8, &used), 1);
    assert_int_equal(used, 1);
    assert_int_equal(get(string, kCFStringEncodingASCII, '?', buffer, 8, &used), 5);
    assert_int_equal(used, 4);
    assert_memory_equal(buffer, "a?\?b", 4);
    CFRelease(string);
}

static void an_external_representation_begins_with_a_mark(void **state) {
    (void)state;
    CFDataRef data =
        CFStringCreateExternalRepresentation(NULL, CFSTR("hi"), kCFStringEncodingUTF16, 0);
    assert_int_equal(CFDataGetLength(data), 6);
    UniChar mark;
    memcpy(&mark, CFDataGetBytePtr(data), sizeof mark);
    assert_int_equal(mark, 0xFEFF);
    assert_text_and_release(
        CFStringCreateFromExternalRepresentation(NULL, data, kCFStringEncodingUTF16), "hi");
    CFRelease(data);
    data = CFStringCreateExternalRepresentation(NULL, CFSTR("hi"), kCFStringEncodingUTF8, 0);
    assert_int_equal(CFDataGetLength(data), 2);
    CFRelease(data);
    CFStringRef euro = utf8("\u20ac");
    assert_null(CFStringCreateExternalRepresentation(NULL, euro, kCFStringEncodingASCII, 0));
    CFRelease(euro);
}

static void every_byte_of_mac_roman_comes_back(void **state) {
    (void)state;
    UInt8 all[256], back[256];
    for (int i = 0; i < 256; i++) {
        all[i] = (UInt8)i;
    }
    CFStringRef string = CFStringCreateWithBytes(NULL, all, 256, kCFStringEncodingMacRoman, false);
    CFIndex used;
    assert_int_equal(CFStringGetLength(string), 256);
    assert_int_equal(get(string, kCFStringEncodingMacRoman, 0, back, 256, &used), 256);
    assert_memory_equal(all, back, 256);
    CFRelease(string);
}

static void maximum_sizes_suffice(void **state) {
    (void)state;
    assert_int_equal(CFStringGetMaximumSizeForEncoding(10, kCFStringEncodingASCII), 10);
    assert_int_equal(CFStringGetMaximumSizeForEncoding(10, kCFStringEncodingUTF8), 30);
    assert_int_equal(CFStringGetMaximumSizeForEncoding(10, kCFStringEncodingUTF16), 20);
    assert_int_equal(CFStringGetMaximumSizeForEncoding(10, kCFStringEncodingUTF32BE), 40);
    assert_int_equal(CFStringGetMaximumSizeForEncoding(LONG_MAX, kCFStringEncodingUTF8),
                     kCFNotFound);
    assert_int_equal(CFStringGetMaximumSizeOfFileSystemRepresentation(CFSTR("abc")), 10);
    char path[16];
    CFStringRef name = CFStringCreateWithFileSystemRepresentation(NULL, "\u00e9.wav");
    CFMutableStringRef with_nul = CFStringCreateMutableCopy(NULL, 0, name);
    CFStringAppendCharacters(with_nul, (const UniChar[]){0, 'x'}, 2);
    assert_false(CFStringGetFileSystemRepresentation(with_nul, path, sizeof path));
    CFRelease(with_nul);
    assert_true(CFStringGetFileSystemRepresentation(name, path, sizeof path));
    assert_string_equal(path, "\u00e9.wav");
    CFRelease(name);
}

/* ---- values ------------------------------------------------------------------------------- */

static void an_integer_is_read_from_the_start(void **state) {
    (void)state;
    assert_int_equal(CFStringGetIntValue(CFSTR("42")), 42);
    assert_int_equal(CFStringGetIntValue(CFSTR(" \t-17 dB")), -17);
    assert_int_equal(CFStringGetIntValue(CFSTR("+8")), 8);
    assert_int_equal(CFStringGetIntValue(CFSTR("3.9")), 3);
    assert_int_equal(CFStringGetIntValue(CFSTR("x1")), 0);
    assert_int_equal(CFStringGetIntValue(CFSTR("")), 0);
    assert_int_equal(CFStringGetIntValue(CFSTR("2147483647")), INT_MAX);
    assert_int_equal(CFStringGetIntValue(CFSTR("2147483648")), INT_MAX);
    assert_int_equal(CFStringGetIntValue(CFSTR("-2147483648")), INT_MIN);
    assert_int_equal(CFStringGetIntValue(CFSTR("-99999999999999999999999")), INT_MIN);
}

static void a_double_is_read_from_the_start(void **state) {
    (void)state;
    assert_true(CFStringGetDoubleValue(CFSTR("44100")) == 44100);
    assert_true(CFStringGetDoubleValue(CFSTR("  -0.5e1x")) == -5);
    assert_true(CFStringGetDoubleValue(CFSTR("2e")) == 2);
    assert_true(CFStringGetDoubleValue(CFSTR(".25")) == 0.25);
    assert_true(CFStringGetDoubleValue(CFSTR("0x10")) == 0);
    assert_true(CFStringGetDoubleValue(CFSTR("inf")) == 0);
    assert_true(CFStringGetDoubleValue(CFSTR("")) == 0);
}

/* ---- names -------------------------------------------------------------------------------- */

static void encodings_have_names(void **state) {
    (void)state;
    assert_int_equal(CFStringGetSystemEncoding(), kCFStringEncodingMacRoman);
    assert_text(CFStringConvertEncodingToIANACharSetName(kCFStringEncodingUTF8), "utf-8");
    assert_int_equal(CFStringConvertIANACharSetNameToEncoding(CFSTR("UTF-8")),
                     kCFStringEncodingUTF8);
    assert_int_equal(CFStringConvertIANACharSetNameToEncoding(CFSTR("klingon")),
                     kCFStringEncodingInvalidId);
    assert_int_equal(CFStringConvertEncodingToNSStringEncoding(kCFStringEncodingUTF8), 4);
    assert_int_equal(CFStringConvertNSStringEncodingToEncoding(4), kCFStringEncodingUTF8);
    assert_null(CFStringGetNameOfEncoding(kCFStringEncodingBig5));
}

/* ---- arrays ------------------------------------------------------------------------------- */

static void a_string_can_be_split_and_joined(void **state) {
    (void)state;
    CFArrayRef parts = CFStringCreateArrayBySeparatingStrings(NULL, CFSTR("a//b"), CFSTR("/"));
    assert_int_equal(CFArrayGetCount(parts), 3);
    assert_text(CFArrayGetValueAtIndex(parts, 0), "a");
    assert_text(CFArrayGetValueAtIndex(parts, 1), "");
    assert_text(CFArrayGetValueAtIndex(parts, 2), "b");
    assert_text_and_release(CFStringCreateByCombiningStrings(NULL, parts, CFSTR(", ")), "a, , b");
    CFRelease(parts);
    parts = CFStringCreateArrayBySeparatingStrings(NULL, CFSTR("whole"), CFSTR("/"));
    assert_int_equal(CFArrayGetCount(parts), 1);
    CFRelease(parts);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CF_TEST(equal_literals_are_equal_objects),
        CF_TEST(a_literal_as_clang_lays_it_out_is_a_string),
#if defined(__clang__)
        CF_TEST(clang_takes_literals_at_file_scope),
#endif
        CF_TEST(a_literal_with_invalid_utf8_is_taken_as_mac_roman),
        CF_TEST(the_length_counts_utf16_units),
        CF_TEST(invalid_utf8_makes_no_string),
        CF_TEST(ascii_takes_no_high_bytes),
        CF_TEST(an_unknown_encoding_makes_no_string),
        CF_TEST(byte_order_comes_from_name_or_mark),
        CF_TEST(unpaired_surrogates_are_kept_but_have_no_utf8),
        CF_TEST(a_copy_of_an_immutable_string_is_the_string),
        CF_TEST(a_substring_is_a_part),
        CF_TEST(a_buffer_given_away_is_freed_with_the_string),
        CF_TEST(null_text_is_a_fault),
        CF_TEST(characters_can_be_read_one_by_one_or_in_a_range),
        CF_TEST(a_c_string_needs_room_for_its_nul),
        CF_TEST(a_pointer_is_given_only_if_no_conversion_is_needed),
        CF_TEST(bytes_stop_at_the_end_of_the_buffer_between_characters),
        CF_TEST(what_an_encoding_lacks_stops_or_is_replaced),
        CF_TEST(an_external_representation_begins_with_a_mark),
        CF_TEST(every_byte_of_mac_roman_comes_back),
        CF_TEST(maximum_sizes_suffice),
        CF_TEST(an_integer_is_read_from_the_start),
        CF_TEST(a_double_is_read_from_the_start),
        CF_TEST(encodings_have_names),
        CF_TEST(a_string_can_be_split_and_joined),
    };
    return cmocka_run_group_tests_name("cf_string", tests, NULL, NULL);
}
