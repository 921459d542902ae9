/* plist_fixture.h - reading documents that are to be refused, and building binary ones. */
#ifndef HALSDK_TESTS_PLIST_FIXTURE_H
#define HALSDK_TESTS_PLIST_FIXTURE_H

#include "../cf_test.h"

#include <CoreFoundation/CFPropertyList.h>

/* What the error says of these bytes; "" when they were read. In `message`. */
static char message[1024];
static CFIndex code;

static inline bool reads(const void *bytes, size_t length) {
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

static inline void assert_refused(const void *bytes, size_t length, const char *expected) {
    if (reads(bytes, length)) {
        fail_msg("read, instead of: %s", expected);
    }
    if (!strstr(message, expected)) {
        fail_msg("\"%s\" does not say \"%s\"", message, expected);
    }
    assert_true(code >= 3840 && code <= 3842);
}

static inline void assert_xml_refused(const char *xml, const char *expected) {
    assert_refused(xml, strlen(xml), expected);
}

/* A binary document being made: objects, then table and trailer by finish(). */
struct builder {
    unsigned char bytes[65536];
    size_t length;
    uint32_t offsets[8192];
    uint32_t count;
};

static inline void start(struct builder *builder) {
    memcpy(builder->bytes, "bplist00", 8);
    builder->length = 8;
    builder->count = 0;
}

static inline void put(struct builder *builder, uint64_t value, int size) {
    for (int i = size - 1; i >= 0; i--) {
        builder->bytes[builder->length++] = (unsigned char)(value >> (8 * i));
    }
}

static inline void object(struct builder *builder) {
    builder->offsets[builder->count++] = (uint32_t)builder->length;
}

/* An array of `size` references (2 bytes each), all to the same object. */
static inline void array_of(struct builder *builder, unsigned size, unsigned reference) {
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

static inline void ascii(struct builder *builder, const char *text) {
    object(builder);
    put(builder, 0x50u | strlen(text), 1);
    memcpy(builder->bytes + builder->length, text, strlen(text));
    builder->length += strlen(text);
}

static inline void finish(struct builder *builder) {
    uint64_t table = builder->length;
    for (uint32_t i = 0; i < builder->count; i++) {
        put(builder, builder->offsets[i], 4);
    }
    put(builder, 0x0402, 8); /* offsets of 4, references of 2 bytes */
    put(builder, builder->count, 8);
    put(builder, 0, 8);
    put(builder, table, 8);
}

static inline void assert_builder_refused(struct builder *builder, const char *expected) {
    finish(builder);
    assert_refused(builder->bytes, builder->length, expected);
}

#endif
