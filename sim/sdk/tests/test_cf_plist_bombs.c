/* CFPropertyList: documents made to hurt. None may overflow the stack, fill the memory or take for
 * ever. */
#include "data/plist_fixture.h"

#include <time.h>

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
