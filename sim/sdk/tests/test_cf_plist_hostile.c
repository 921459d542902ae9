/* CFPropertyList: documents that are damaged, or made to hurt. None may crash, hang or pass for
 * something else, and each refusal says what and where. */
#include "cf_test.h"

#include <CoreFoundation/CFArray.h>
#include <CoreFoundation/CFDictionary.h>
#include <CoreFoundation/CFPropertyList.h>
#include <time.h>

/* What the error says of these bytes; "" when they were read. In `message`. */
static char message[1024];
static CFIndex code;

static bool reads(const void *bytes, size_t length) {
    CFErrorRef error = NULL;
    CFDataRef data = CFDataCreate(NULL, bytes, (CFIndex)length);
    CFPropertyListRef plist = CFPropertyListCreateWithData(NULL, data, 0, NULL, &error);
    CFRelease(data);
    message[0] = '\0';
    code = 0;
    assert_true((plist == NULL) == (error != NULL));
    if (error) {
        CFStringRef text = CFErrorCopyDescription(error);
        assert_true(CFStringGetCString(text, message, sizeof message, kCFStringEncodingUTF8));
        assert_true(strlen(message) > strlen("This is not a property list: "));
        assert_true(CFEqual(CFErrorGetDomain(error), kCFErrorDomainCocoa));
        code = CFErrorGetCode(error);
        CFRelease(text);
        CFRelease(error);
        return false;
    }
    CFRelease(plist);
    return true;
}

static void assert_refused(const void *bytes, size_t length, const char *expected) {
    if (reads(bytes, length)) {
        fail_msg("read, instead of: %s", expected);
    }
    if (!strstr(message, expected)) {
        fail_msg("\"%s\" does not say \"%s\"", message, expected);
    }
    assert_true(code >= 3840 && code <= 3842);
}

static void assert_xml_refused(const char *xml, const char *expected) {
    assert_refused(xml, strlen(xml), expected);
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* "a" many times. */
static char *repeat(const char *text, size_t times, size_t *length) {
    size_t size = strlen(text);
    char *result = malloc(size * times + 1);
    assert_non_null(result);
    for (size_t i = 0; i < times; i++) {
        memcpy(result + i * size, text, size);
    }
    result[size * times] = '\0';
    *length = size * times;
    return result;
}

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

/* A binary document being made: objects, then table and trailer by finish(). */
struct builder {
    unsigned char bytes[65536];
    size_t length;
    uint32_t offsets[8192];
    uint32_t count;
};

static void start(struct builder *builder) {
    memcpy(builder->bytes, "bplist00", 8);
    builder->length = 8;
    builder->count = 0;
}

static void put(struct builder *builder, uint64_t value, int size) {
    for (int i = size - 1; i >= 0; i--) {
        builder->bytes[builder->length++] = (unsigned char)(value >> (8 * i));
    }
}

static void object(struct builder *builder) {
    builder->offsets[builder->count++] = (uint32_t)builder->length;
}

/* An array of `size` references (2 bytes each), all to the same object. */
static void array_of(struct builder *builder, unsigned size, unsigned reference) {
    object(builder);
    if (size < 15) {
        put(builder, 0xA0u | size, 1);
    } else {
        put(builder, 0xAF11, 2);
        put(builder, size, 2);
    }
    for (unsigned i = 0; i < size; i++) {
        put(builder, reference, 2);
    }
}

static void ascii(struct builder *builder, const char *text) {
    object(builder);
    put(builder, 0x50u | strlen(text), 1);
    memcpy(builder->bytes + builder->length, text, strlen(text));
    builder->length += strlen(text);
}

static void finish(struct builder *builder) {
    uint64_t table = builder->length;
    for (uint32_t i = 0; i < builder->count; i++) {
        put(builder, builder->offsets[i], 4);
    }
    put(builder, 0x0402, 8); /* offsets of 4, references of 2 bytes */
    put(builder, builder->count, 8);
    put(builder, 0, 8);
    put(builder, table, 8);
}

static void assert_builder_refused(struct builder *builder, const char *expected) {
    finish(builder);
    assert_refused(builder->bytes, builder->length, expected);
}

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

/* ---- bombs -------------------------------------------------------------------------------- */

static bool reads_nested_xml(size_t depth) {
    size_t half, all;
    char *open = repeat("<array>", depth, &half), *close = repeat("</array>", depth, &all);
    char *xml = malloc(half + all + 16);
    sprintf(xml, "<plist>%s%s", open, close);
    bool ok = reads(xml, strlen(xml));
    free(xml);
    free(open);
    free(close);
    return ok;
}

static void nesting_in_xml_ends_at_512_levels(void **state) {
    (void)state;
    assert_true(reads_nested_xml(513)); /* the top level and 512 below it */
    assert_false(reads_nested_xml(514));
    assert_non_null(strstr(message, "more than 512 levels (at [0] > [0] > "));
    assert_non_null(strstr(message, "... 513 levels down)"));
    assert_false(reads_nested_xml(16384));
    assert_false(reads_nested_xml(16385));
    assert_non_null(strstr(message, "16385 arrays and dictionaries are more than"));
    assert_false(reads_nested_xml(500000));
}

static void nesting_cannot_hide_behind_closing_tags_that_are_none(void **state) {
    (void)state;
    static const char *const disguises[] = {
        "<array a=\"</array>\">",
        "<array><!-- </array> -->",
        "<array><?x </array> ?>",
        "<array><string><![CDATA[</array>]]></string>",
    };
    for (size_t i = 0; i < sizeof disguises / sizeof *disguises; i++) {
        size_t length;
        char *xml = repeat(disguises[i], 200000, &length);
        assert_false(reads(xml, length));
        free(xml);
    }
}

/* Arrays in a chain, each in the one before. */
static void build_chain(struct builder *b, unsigned depth) {
    start(b);
    for (unsigned i = 0; i < depth; i++) {
        array_of(b, 1, i + 1);
    }
    array_of(b, 0, 0);
    finish(b);
}

static void nesting_in_binary_ends_at_512_levels(void **state) {
    (void)state;
    static struct builder b;
    build_chain(&b, 512);
    assert_true(reads(b.bytes, b.length));
    build_chain(&b, 513);
    assert_refused(b.bytes, b.length, "more than 512 levels");
    build_chain(&b, 8000);
    assert_refused(b.bytes, b.length, "more than 512 levels");
}

static void levels_of_shared_objects_add_up(void **state) {
    (void)state;
    /* Objects 1 to 600 are a chain. The root holds 301 and 1: seen from it, 301 is the top of 300
     * levels; from the end of 300 it is their continuation. */
    static struct builder b;
    for (int swap = 0; swap < 2; swap++) {
        start(&b);
        object(&b);
        put(&b, 0xA2, 1);
        put(&b, swap ? 301 : 1, 2);
        put(&b, swap ? 1 : 301, 2);
        for (unsigned i = 1; i < 600; i++) {
            array_of(&b, 1, i + 1);
        }
        array_of(&b, 0, 0);
        assert_builder_refused(&b, "more than 512 levels");
        assert_null(strstr(message, "(at")); /* known before anything was read */
    }
}

static void a_few_objects_cannot_grow_into_billions(void **state) {
    (void)state;
    static struct builder b;
    double before = seconds();
    start(&b);
    for (unsigned i = 0; i < 60; i++) {
        array_of(&b, 10, i + 1);
    }
    object(&b);
    put(&b, 0x09, 1); /* true */
    assert_builder_refused(&b, "shared objects add up to more than the 262144 values");

    /* One long text, referred to often. */
    start(&b);
    array_of(&b, 3000, 1);
    object(&b);
    put(&b, 0x5F11, 2);
    put(&b, 40000, 2);
    memset(b.bytes + b.length, 'x', 40000);
    b.length += 40000;
    assert_builder_refused(&b, "67108864 bytes that are read");
    assert_true(seconds() - before < 5);
}

static void brackets_in_text_cannot_nest_without_end(void **state) {
    (void)state;
    size_t length;
    for (size_t depth = 1000; depth <= 1000000; depth *= 10) {
        char *text = repeat("(", depth, &length);
        assert_false(reads(text, length));
        free(text);
    }
}

static void objects_that_overlap_cannot_multiply_work(void **state) {
    (void)state;
    /* Six strings are the same 15 MiB; each of a chain of arrays holds one of them. */
    static struct builder b;
    const size_t size = 15 * 1024 * 1024;
    start(&b);
    for (unsigned i = 0; i < 6; i++) {
        object(&b);
        put(&b, 0xA2, 1);
        put(&b, 6 + i, 2);
        put(&b, i < 5 ? i + 1 : 6, 2);
    }
    for (unsigned i = 0; i < 6; i++) {
        object(&b);
    }
    put(&b, 0x4F12, 2);
    put(&b, size, 4);
    size_t head = b.length;
    finish(&b);

    unsigned char *document = calloc(1, b.length + size);
    memcpy(document, b.bytes, head);
    memcpy(document + head + size, b.bytes + head, b.length - head);
    uint64_t table = head + size;
    for (unsigned i = 0; i < 8; i++) {
        document[b.length + size - 1 - i] = (unsigned char)(table >> (8 * i));
    }
    double before = seconds();
    assert_refused(document, b.length + size, "strings and data overlap");
    assert_true(seconds() - before < 5);
    free(document);
}

static void entities_cannot_make_the_reader_slow(void **state) {
    (void)state;
    size_t length;
    double before = seconds();
    char *text = repeat("&lt;", 1000000, &length);
    char *xml = malloc(length + 64);
    sprintf(xml, "<plist><string>%s</string></plist>", text);
    assert_xml_refused(xml, "too many entities");
    text[4 * 10000] = '\0'; /* 10 000 of them are no harm */
    sprintf(xml, "<plist><string>%s</string></plist>", text);
    assert_true(reads(xml, strlen(xml)));
    free(xml);
    free(text);
    assert_true(seconds() - before < 10);
}

static void keys_cannot_make_the_reader_slow(void **state) {
    (void)state;
    /* libplist walks the list for each key that was there before. */
    size_t length = 0, capacity = 64 * 10000;
    char *xml = malloc(capacity);
    double before = seconds();
    length += (size_t)sprintf(xml, "<plist><dict>");
    for (int i = 0; i < 8192; i++) {
        length += (size_t)sprintf(xml + length, "<key>k%d</key><true/>", i < 4096 ? i : 4095);
    }
    size_t end = length;
    length += (size_t)sprintf(xml + length, "</dict></plist>");
    assert_true(reads(xml, length));
    sprintf(xml + end, "<key>k</key><true/></dict></plist>");
    assert_xml_refused(xml, "8193 keys are more than the 8192");
    assert_true(seconds() - before < 30);
    free(xml);
}

static void documents_have_a_largest_size(void **state) {
    (void)state;
    size_t length = 16 * 1024 * 1024;
    char *xml = malloc(length + 1);
    memset(xml, ' ', length + 1);
    memcpy(xml, "<plist><true/></plist>", 22);
    assert_true(reads(xml, length));
    assert_refused(xml, length + 1, "more than the 16777216 bytes");
    free(xml);
    char *many = repeat("<true/>", 262145, &length);
    assert_refused(many, length, "262145 elements are more than the 262144");
    free(many);
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
        CF_TEST(nesting_in_xml_ends_at_512_levels),
        CF_TEST(nesting_cannot_hide_behind_closing_tags_that_are_none),
        CF_TEST(nesting_in_binary_ends_at_512_levels),
        CF_TEST(levels_of_shared_objects_add_up),
        CF_TEST(a_few_objects_cannot_grow_into_billions),
        CF_TEST(brackets_in_text_cannot_nest_without_end),
        CF_TEST(objects_that_overlap_cannot_multiply_work),
        CF_TEST(entities_cannot_make_the_reader_slow),
        CF_TEST(keys_cannot_make_the_reader_slow),
        CF_TEST(documents_have_a_largest_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
