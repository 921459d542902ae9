/* test_cf_string_mutable.c - strings that change. */
#include "cf_test.h"

static CFMutableStringRef mutable_of(const char *text) {
    CFStringRef string = CFStringCreateWithCString(NULL, text, kCFStringEncodingUTF8);
    CFMutableStringRef copy = CFStringCreateMutableCopy(NULL, 0, string);
    CFRelease(string);
    return copy;
}

static void appending_grows_the_string(void **state) {
    (void)state;
    CFMutableStringRef string = CFStringCreateMutable(NULL, 0);
    assert_int_equal(CFStringGetLength(string), 0);
    assert_text(string, "");
    CFStringAppend(string, CFSTR("Bung"));
    CFStringAppendCString(string, "hole", kCFStringEncodingASCII);
    static const UniChar euro[] = {' ', 0x20AC};
    CFStringAppendCharacters(string, euro, 2);
    CFStringAppendFormat(string, NULL, CFSTR(" %d%%"), 5);
    assert_text_and_release(string, "Bunghole \u20ac 5%");
}

static void a_thousand_appends_keep_every_character(void **state) {
    (void)state;
    CFMutableStringRef string = CFStringCreateMutable(NULL, 0);
    for (int i = 0; i < 1000; i++) {
        UniChar unit = (UniChar)(i < 500 ? 'a' + i % 26 : 0x4E00 + i);
        CFStringAppendCharacters(string, &unit, 1);
    }
    assert_int_equal(CFStringGetLength(string), 1000);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(CFStringGetCharacterAtIndex(string, i),
                         i < 500 ? 'a' + i % 26 : 0x4E00 + i);
    }
    CFRelease(string);
}

static void parts_can_be_inserted_deleted_and_replaced(void **state) {
    (void)state;
    CFMutableStringRef string = mutable_of("device");
    CFStringInsert(string, 0, CFSTR("my "));
    assert_text(string, "my device");
    CFStringReplace(string, CFRangeMake(0, 2), CFSTR("your"));
    assert_text(string, "your device");
    CFStringDelete(string, CFRangeMake(4, 7));
    assert_text(string, "your");
    CFStringInsert(string, 4, CFSTR("s"));
    assert_text(string, "yours");
    CFStringReplaceAll(string, CFSTR("gone"));
    assert_text(string, "gone");
    CFStringDelete(string, CFRangeMake(0, 4));
    assert_text_and_release(string, "");
}

static void widening_keeps_what_is_there(void **state) {
    (void)state;
    CFMutableStringRef string = mutable_of("ac");
    CFStringRef b = CFStringCreateWithCString(NULL, "\u20ac", kCFStringEncodingUTF8);
    CFStringInsert(string, 1, b);
    assert_text(string, "a\u20acc");
    CFStringInsert(string, 1, CFSTR("-"));
    assert_text(string, "a-\u20acc");
    CFRelease(b);
    CFRelease(string);
}

static void a_string_can_be_put_into_itself(void **state) {
    (void)state;
    CFMutableStringRef string = mutable_of("ab");
    CFStringAppend(string, string);
    assert_text(string, "abab");
    CFStringInsert(string, 1, string);
    assert_text(string, "aababbab");
    CFStringReplace(string, CFRangeMake(0, 7), string);
    assert_text(string, "aababbabb");
    CFStringAppendFormat(string, NULL, CFSTR("<%@>"), string);
    assert_text(string, "aababbabb<aababbabb>");
    assert_int_equal(CFStringFindAndReplace(string, CFSTR("<"), string, CFRangeMake(0, 20), 0), 1);
    assert_text_and_release(string, "aababbabbaababbabb<aababbabb>aababbabb>");
}

static void a_change_to_an_immutable_string_is_a_fault(void **state) {
    (void)state;
    CFStringRef string = CFStringCreateWithCString(NULL, "fixed", kCFStringEncodingUTF8);
    CFMutableStringRef cast = (CFMutableStringRef)(uintptr_t)string;
    CFStringAppend(cast, CFSTR("!"));
    assert_fault("CFStringAppend: the string is immutable");
    CFStringTrimWhitespace(cast);
    assert_fault("CFStringTrimWhitespace: the string is immutable");
    CFStringUppercase((CFMutableStringRef)(uintptr_t)CFSTR("literal"), NULL);
    assert_fault("CFStringUppercase: the string is immutable");
    assert_text_and_release(string, "fixed");
}

static void a_change_outside_the_string_is_a_fault(void **state) {
    (void)state;
    CFMutableStringRef string = mutable_of("abc");
    CFStringDelete(string, CFRangeMake(1, 3));
    assert_fault("CFStringDelete: range {1, 3} is outside the length 3");
    CFStringInsert(string, 4, CFSTR("x"));
    assert_fault("CFStringInsert: range {4, 0}");
    CFStringReplace(string, CFRangeMake(0, -1), CFSTR("x"));
    assert_fault("CFStringReplace: range {0, -1}");
    assert_text_and_release(string, "abc");
}

static void text_that_is_not_valid_is_not_appended(void **state) {
    (void)state;
    CFMutableStringRef string = mutable_of("abc");
    CFStringAppendCString(string, "\xFF", kCFStringEncodingUTF8);
    assert_text_and_release(string, "abc");
}

static void find_and_replace_counts(void **state) {
    (void)state;
    CFMutableStringRef string = mutable_of("a.b.c.d");
    assert_int_equal(CFStringFindAndReplace(string, CFSTR("."), CFSTR(".."), CFRangeMake(0, 7), 0),
                     3);
    assert_text(string, "a..b..c..d");
    assert_int_equal(CFStringFindAndReplace(string, CFSTR(".."), CFSTR(""), CFRangeMake(2, 5), 0),
                     1);
    assert_text(string, "a..bc..d");
    assert_int_equal(CFStringFindAndReplace(string, CFSTR("A"), CFSTR("x"), CFRangeMake(0, 8),
                                            kCFCompareCaseInsensitive | kCFCompareAnchored),
                     1);
    assert_text_and_release(string, "x..bc..d");
}

static void padding_repeats_or_cuts(void **state) {
    (void)state;
    CFMutableStringRef string = mutable_of("abc");
    CFStringPad(string, CFSTR("12345"), 10, 2);
    assert_text(string, "abc3451234");
    CFStringPad(string, NULL, 2, 0);
    assert_text_and_release(string, "ab");
}

static void trimming_takes_both_ends(void **state) {
    (void)state;
    CFMutableStringRef string = mutable_of("\u00a0 \t a b\r\n\u2003");
    CFStringTrimWhitespace(string);
    assert_text_and_release(string, "a b");
    string = mutable_of("--a--b----");
    CFStringTrim(string, CFSTR("--"));
    assert_text_and_release(string, "a--b");
    string = mutable_of(" \n ");
    CFStringTrimWhitespace(string);
    assert_text_and_release(string, "");
    string = mutable_of("xxxx");
    CFStringTrim(string, CFSTR("x"));
    assert_text_and_release(string, "");
}

static void case_changes_beyond_ascii(void **state) {
    (void)state;
    CFMutableStringRef string = mutable_of("Stra\u00dfe \u00e4\u03c9\u0436 \U0001F98E");
    CFStringUppercase(string, NULL);
    assert_text(string, "STRASSE \u00c4\u03a9\u0416 \U0001F98E");
    CFStringLowercase(string, NULL);
    assert_text(string, "strasse \u00e4\u03c9\u0436 \U0001F98E");
    CFStringCapitalize(string, NULL);
    assert_text_and_release(string, "Strasse \u00c4\u03c9\u0436 \U0001F98E");
    string = mutable_of("don't 'quote' ME");
    CFStringCapitalize(string, NULL);
    assert_text_and_release(string, "Don't 'Quote' Me");
}

static void a_narrow_mutable_string_still_gives_a_pointer(void **state) {
    (void)state;
    CFMutableStringRef string = mutable_of("abc");
    assert_string_equal(CFStringGetCStringPtr(string, kCFStringEncodingUTF8), "abc");
    CFStringDelete(string, CFRangeMake(1, 2));
    assert_string_equal(CFStringGetCStringPtr(string, kCFStringEncodingUTF8), "a");
    CFRelease(string);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CF_TEST(appending_grows_the_string),
        CF_TEST(a_thousand_appends_keep_every_character),
        CF_TEST(parts_can_be_inserted_deleted_and_replaced),
        CF_TEST(widening_keeps_what_is_there),
        CF_TEST(a_string_can_be_put_into_itself),
        CF_TEST(a_change_to_an_immutable_string_is_a_fault),
        CF_TEST(a_change_outside_the_string_is_a_fault),
        CF_TEST(text_that_is_not_valid_is_not_appended),
        CF_TEST(find_and_replace_counts),
        CF_TEST(padding_repeats_or_cuts),
        CF_TEST(trimming_takes_both_ends),
        CF_TEST(case_changes_beyond_ascii),
        CF_TEST(a_narrow_mutable_string_still_gives_a_pointer),
    };
    return cmocka_run_group_tests_name("cf_string_mutable", tests, NULL, NULL);
}
