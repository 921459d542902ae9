/* CFPropertyList: documents that are damaged. None may crash or pass for something else, and each
 * refusal says what and where. */
#include "data/plist_fixture.h"

/* ---- damaged XML -------------------------------------------------------------------------- */

static void damaged_xml_is_explained_by_line(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"", "there are no bytes"},
        {"<plist>\n<dict>\n<key>a</key>\n", "the <dict> of line 2 is never closed"},
        {"<plist>\n<array>\n</dict>\n</plist>", "line 3: </dict> where the <array> of line 2"},
        {"<plist>\n<dict>\n<string>a</string>\n</dict></plist>",
         "line 3: <string> where the <dict> of line 2 needs a <key>"},
        {"<plist>\n<array>\n\n<foo/></array></plist>", "line 4: <foo> is not an element"},
        {"<plist><string>a\n", "the <string> of line 1 is never closed"},
        {"<plist><array>\n<!-- never\n</array></plist>", "line 2: a comment has no end"},
        {"<plist><array>\n<string", "line 2: a tag has no \">\""},
        {"<plist><array>\nwords</array></plist>", "line 2: text between the elements"},
        {"<plist><string><array/></string></plist>", "<array> within the <string> of line 1"},
        {"<plist><string>&nonsense;</string></plist>", "unknown &entity;"},
        {"<plist></plist>", "empty <plist>"},
        {"<?xml version=\"1.0\"?>\n<html><body/></html>", "line 2: <html> is not an element"},
        {"</plist>", "neither XML nor binary"},
        {"hello world, this is a text", "neither XML nor binary"},
        {"\xFF\xFE<\0p\0", "UTF-16"},
        {"<plist><array><string>fine</string><string>gr\xFC\xDF</string></array></plist>",
         "the string is not valid UTF-8 (at [1])"},
        {"<plist><dict><key>\xFF</key><true/></dict></plist>", "a key is not valid UTF-8"},
        {"<plist><dict><key>big</key><integer>9223372036854775808</integer></dict></plist>",
         "the integer 9223372036854775808 needs more than 64 bits with a sign (at big)"},
        {"<plist><array><date>1900-01-01T00:00:00Z</date></array></plist>",
         "the date is before 1932-12-14 or after 2069-01-19 (at [0])"},
        {"<plist><date>2100-01-01T00:00:00Z</date></plist>", "(at the top level)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_xml_refused(cases[i][0], cases[i][1]);
        assert_int_equal(code, kCFPropertyListReadCorruptError);
    }
}

static const char sample_xml[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- c --><plist version=\"1.0\"><dict>"
    "<key>a&amp;b</key><array><string>x<![CDATA[y]]></string><integer>-1</integer><real>1.5</real>"
    "<date>2024-01-01T00:00:00Z</date><data>AAECAw==</data><true/></array></dict></plist>\n";

static void xml_cut_off_anywhere_is_refused(void **state) {
    (void)state;
    const char *complete = strstr(sample_xml, "</plist>"); /* libplist needs no more */
    assert_true(reads(sample_xml, sizeof sample_xml - 1));
    for (size_t length = 0; length < (size_t)(complete - sample_xml); length++) {
        if (reads(sample_xml, length)) {
            fail_msg("the first %zu bytes were read", length);
        }
    }
}

static void xml_with_any_byte_changed_is_read_or_refused(void **state) {
    (void)state;
    static const char replacements[] = "<>&/\"\0 a\xFF";
    char xml[sizeof sample_xml];
    for (size_t at = 0; at < sizeof sample_xml - 1; at++) {
        for (size_t i = 0; i < sizeof replacements - 1; i++) {
            memcpy(xml, sample_xml, sizeof xml);
            xml[at] = replacements[i];
            reads(xml, sizeof xml - 1);
        }
    }
}

/* ---- damaged binary ----------------------------------------------------------------------- */

static void the_builder_of_these_tests_makes_valid_documents(void **state) {
    (void)state;
    static struct builder b;
    start(&b);
    array_of(&b, 2, 1);
    ascii(&b, "text");
    finish(&b);
    assert_true(reads(b.bytes, b.length));
}

static void damaged_binary_is_explained_by_object(void **state) {
    (void)state;
    static struct builder b;
    static const struct {
        unsigned char bytes[12];
        int length;
        const char *expected;
    } cases[] = {
        {{0x00}, 1, "object 0 at byte 8 is neither true nor false (0x00)"},
        {{0x0F}, 1, "neither true nor false"},
        {{0x80, 1}, 2, "object 0 at byte 8 is a UID"},
        {{0x70}, 1, "object 0 at byte 8 has the unknown type 0x7"},
        {{0xC0}, 1, "unknown type 0xc"},
        {{0x15}, 1, "a number of 2^5 bytes"},
        {{0x21, 0, 0}, 3, "a number of 2^1 bytes"},
        {{0x32, 0, 0, 0, 0}, 5, "a number of 2^2 bytes"},
        {{0x13, 0, 0}, 3, "object 0 at byte 8 reaches beyond the objects"},
        {{0x54, 'a'}, 2, "reaches beyond the objects"},
        {{0x62, 0, 'a', 0}, 4, "reaches beyond the objects"},
        {{0xA1}, 1, "reaches beyond the objects"},
        {{0xD1, 0, 0}, 3, "reaches beyond the objects"},
        {{0x5F}, 1, "has no proper size"},
        {{0x5F, 0x23}, 2, "has no proper size"},
        {{0x5F, 0x14}, 2, "has no proper size"},
        {{0x5F, 0x13, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, 10, "reaches beyond"},
        {{0x6F, 0x13, 0x80, 0, 0, 0, 0, 0, 0, 1}, 10, "reaches beyond"},
        {{0xDF, 0x13, 0x40, 0, 0, 0, 0, 0, 0, 0}, 10, "reaches beyond"},
        {{0xA1, 0, 1}, 3, "object 0 refers to object 1 of 1"},
        {{0xA1, 0, 0}, 3, "object 0 contains itself"},
        {{0xD1, 0, 0, 0, 0}, 5, "object 0 contains itself"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        start(&b);
        object(&b);
        memcpy(b.bytes + b.length, cases[i].bytes, (size_t)cases[i].length);
        b.length += (size_t)cases[i].length;
        assert_builder_refused(&b, cases[i].expected);
    }
}

static void a_key_with_a_nul_is_refused_and_a_value_is_not(void **state) {
    (void)state;
    static struct builder b;
    for (int wide = 0; wide < 2; wide++) {
        for (int as_key = 0; as_key < 2; as_key++) {
            start(&b);
            object(&b);
            put(&b, 0xD1, 1);
            put(&b, as_key ? 2 : 1, 2);
            put(&b, as_key ? 1 : 2, 2);
            ascii(&b, "fine");
            object(&b);
            put(&b, wide ? 0x6300410000004200 : 0x5361006200000000, 8);
            b.length -= wide ? 1 : 4; /* 'A' NUL 'B' as UTF-16, or as ASCII */
            finish(&b);
            if (as_key) {
                assert_refused(b.bytes, b.length, "object 2 is a key that holds a NUL character");
            } else {
                assert_true(reads(b.bytes, b.length));
            }
        }
    }
}

static void a_damaged_trailer_is_explained(void **state) {
    (void)state;
    static struct builder b;
    static const struct {
        size_t from_end;
        unsigned char value;
        const char *expected;
    } cases[] = {
        {26, 0, "offsets of 0"},       {26, 9, "offsets of 9"},    {25, 0, "references of 0"},
        {17, 0, "table of 0 offsets"}, {24, 0xFF, "does not fit"}, {9, 3, "the root is object 3"},
        {1, 1, "does not fit"},        {8, 0x80, "does not fit"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        start(&b);
        ascii(&b, "text");
        finish(&b);
        assert_true(reads(b.bytes, b.length));
        b.bytes[b.length - cases[i].from_end] = cases[i].value;
        assert_refused(b.bytes, b.length, cases[i].expected);
    }
    start(&b);
    ascii(&b, "text");
    b.offsets[0] = 7; /* in the header */
    assert_builder_refused(&b, "object 0 is at byte 7, outside of the objects");
    assert_refused("bplist00", 8, "too few");
    assert_refused("bplist01xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 40, "version \"01\"");
    assert_int_equal(code, kCFPropertyListReadUnknownVersionError);
    assert_refused("bplist", 6, "version \"\"");
}

/* One of each kind, with references shared. */
static void build_sample(struct builder *b) {
    start(b);
    object(b);
    put(b, 0xD3, 1);
    const unsigned references[] = {1, 2, 3, 4, 5, 6};
    for (int i = 0; i < 6; i++) {
        put(b, references[i], 2);
    }
    ascii(b, "one");
    ascii(b, "two");
    ascii(b, "three");
    array_of(b, 3, 6);
    object(b);
    put(b, 0x33, 1);
    put(b, 0x41C0000000000000, 8);
    object(b);
    put(b, 0x4F, 1); /* data with a size of its own */
    put(b, 0x1010, 2);
    put(b, 0, 8);
    put(b, 0, 8);
    finish(b);
}

static void binary_cut_off_anywhere_is_refused(void **state) {
    (void)state;
    static struct builder b;
    build_sample(&b);
    assert_true(reads(b.bytes, b.length));
    for (size_t length = 0; length < b.length; length++) {
        if (reads(b.bytes, length)) {
            fail_msg("the first %zu bytes were read", length);
        }
    }
}

static void binary_with_any_byte_changed_is_read_or_refused(void **state) {
    (void)state;
    static struct builder b;
    build_sample(&b);
    for (size_t at = 0; at < b.length; at++) {
        unsigned char before = b.bytes[at];
        for (int value = 0; value < 256; value++) {
            b.bytes[at] = (unsigned char)value;
            reads(b.bytes, b.length);
        }
        b.bytes[at] = before;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CF_TEST(damaged_xml_is_explained_by_line),
        CF_TEST(xml_cut_off_anywhere_is_refused),
        CF_TEST(xml_with_any_byte_changed_is_read_or_refused),
        CF_TEST(the_builder_of_these_tests_makes_valid_documents),
        CF_TEST(damaged_binary_is_explained_by_object),
        CF_TEST(a_key_with_a_nul_is_refused_and_a_value_is_not),
        CF_TEST(a_damaged_trailer_is_explained),
        CF_TEST(binary_cut_off_anywhere_is_refused),
        CF_TEST(binary_with_any_byte_changed_is_read_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
