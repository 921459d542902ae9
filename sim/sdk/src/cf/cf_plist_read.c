/* cf_plist_read.c - from libplist's nodes to objects. */
#include "cf_plist_private.h"

#include <CoreFoundation/CFArray.h>
#include <CoreFoundation/CFDate.h>
#include <CoreFoundation/CFDictionary.h>
#include <CoreFoundation/CFNumber.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    CFAllocatorRef allocator;
    CFOptionFlags options;
    struct cf_plist_reason *reason;
};

static CFTypeRef read_node(struct reader *reader, plist_t node, const struct cf_plist_path *path);

#define FAIL_AT(reader, path, ...)                                                                 \
    cf_plist_fail_at((reader)->reason, path, kCFPropertyListReadCorruptError, __VA_ARGS__)

/* ---- scalars ------------------------------------------------------------------------------ */

/* libplist hands out the 64 bits of an integer; whether the highest is a sign it tells, in the
 * versions that we support alike, only when it prints the node. */
static bool is_negative(plist_t node) {
    char *xml = NULL;
    uint32_t length = 0;
    plist_to_xml(node, &xml, &length);
    bool negative = xml && strstr(xml, "<integer>-");
    free(xml);
    return negative;
}

static CFTypeRef read_integer(struct reader *reader, plist_t node,
                              const struct cf_plist_path *path) {
    uint64_t bits = 0;
    plist_get_uint_val(node, &bits);
    if (bits > INT64_MAX && !is_negative(node)) {
        FAIL_AT(reader, path, "the integer %llu needs more than 64 bits with a sign",
                (unsigned long long)bits);
        return NULL;
    }
    int64_t value;
    memcpy(&value, &bits, sizeof value);
    return CFNumberCreate(reader->allocator, kCFNumberSInt64Type, &value);
}

/* Within a second before 2001 the whole seconds are 0 and have no sign. As a binary document the
 * node is a header of 8 bytes, a mark, and the time as a big-endian double. */
static bool is_before_2001(plist_t node) {
    char *binary = NULL;
    uint32_t length = 0;
    plist_to_bin(node, &binary, &length);
    bool before = binary && length > 9 && binary[8] == 0x33 && (binary[9] & 0x80);
    free(binary);
    return before;
}

static CFTypeRef read_date(struct reader *reader, plist_t node, const struct cf_plist_path *path) {
    int32_t seconds = 0, microseconds = 0;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations" /* 2.7; its successor is not in 2.2 */
    plist_get_date_val(node, &seconds, &microseconds);
#pragma GCC diagnostic pop
    /* What a conversion that overflowed leaves, on x86 and on ARM. */
    if (seconds == INT32_MIN || seconds == INT32_MAX) {
        FAIL_AT(reader, path, "the date is before 1932-12-14 or after 2069-01-19");
        return NULL;
    }
    /* The microseconds have no sign of their own. */
    double fraction = microseconds / 1e6;
    bool before = seconds < 0 || (seconds == 0 && microseconds > 0 && is_before_2001(node));
    return CFDateCreate(reader->allocator, before ? seconds - fraction : seconds + fraction);
}

static CFTypeRef read_string(struct reader *reader, plist_t node,
                             const struct cf_plist_path *path) {
    uint64_t length = 0;
    const char *text = plist_get_string_ptr(node, &length);
    CFStringRef string =
        CFStringCreateWithBytes(reader->allocator, (const UInt8 *)text, text ? (CFIndex)length : 0,
                                kCFStringEncodingUTF8, false);
    if (!string) {
        FAIL_AT(reader, path, "the string is not valid UTF-8");
    } else if (reader->options & kCFPropertyListMutableContainersAndLeaves) {
        CFStringRef copy = CFStringCreateMutableCopy(reader->allocator, 0, string);
        CFRelease(string);
        string = copy;
    }
    return string;
}

static CFTypeRef read_data(struct reader *reader, plist_t node) {
    uint64_t length = 0;
    const void *bytes = plist_get_data_ptr(node, &length); /* to char or uint8_t, by version */
    CFDataRef data = CFDataCreate(reader->allocator, bytes, bytes ? (CFIndex)length : 0);
    if (data && reader->options & kCFPropertyListMutableContainersAndLeaves) {
        CFDataRef copy = CFDataCreateMutableCopy(reader->allocator, 0, data);
        CFRelease(data);
        data = copy;
    }
    return data;
}

/* ---- containers --------------------------------------------------------------------------- */

/* Copies of a container that was built mutable, unless it may stay so. */
static CFTypeRef finish(struct reader *reader, CFTypeRef built, bool ok) {
    if (ok && (reader->options &
               (kCFPropertyListMutableContainers | kCFPropertyListMutableContainersAndLeaves))) {
        return built;
    }
    CFTypeRef result = NULL;
    if (ok) {
        result = CFGetTypeID(built) == CFArrayGetTypeID()
                     ? (CFTypeRef)CFArrayCreateCopy(reader->allocator, built)
                     : (CFTypeRef)CFDictionaryCreateCopy(reader->allocator, built);
    }
    CFRelease(built);
    return result;
}

static CFTypeRef read_array(struct reader *reader, plist_t node, const struct cf_plist_path *path) {
    CFMutableArrayRef array = CFArrayCreateMutable(reader->allocator, 0, &kCFTypeArrayCallBacks);
    plist_array_iter iter = NULL;
    plist_t item = NULL;
    bool ok = true;
    plist_array_new_iter(node, &iter);
    for (CFIndex i = 0; ok; i++) {
        plist_array_next_item(node, iter, &item);
        if (!item) {
            break;
        }
        struct cf_plist_path here = cf_plist_path_index(path, i);
        CFTypeRef value = read_node(reader, item, &here);
        ok = value != NULL;
        if (ok) {
            CFArrayAppendValue(array, value);
            CFRelease(value);
        }
    }
    free(iter);
    return finish(reader, array, ok);
}

static bool read_entry(struct reader *reader, CFMutableDictionaryRef dict, const char *key,
                       plist_t item, const struct cf_plist_path *path) {
    struct cf_plist_path here = cf_plist_path_key(path, key);
    CFStringRef name = CFStringCreateWithCString(reader->allocator, key, kCFStringEncodingUTF8);
    if (!name) {
        return FAIL_AT(reader, path, "a key is not valid UTF-8");
    }
    CFTypeRef value = read_node(reader, item, &here);
    if (value) {
        CFDictionarySetValue(dict, name, value);
        CFRelease(value);
    }
    CFRelease(name);
    return value != NULL;
}

static CFTypeRef read_dictionary(struct reader *reader, plist_t node,
                                 const struct cf_plist_path *path) {
    CFMutableDictionaryRef dict = CFDictionaryCreateMutable(
        reader->allocator, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);
    plist_dict_iter iter = NULL;
    bool ok = true;
    plist_dict_new_iter(node, &iter);
    while (ok) {
        char *key = NULL;
        plist_t item = NULL;
        plist_dict_next_item(node, iter, &key, &item);
        if (!item) {
            free(key);
            break;
        }
        ok = read_entry(reader, dict, key ? key : "", item, path);
        free(key);
    }
    free(iter);
    return finish(reader, dict, ok);
}

/* ---- any ---------------------------------------------------------------------------------- */

static CFTypeRef read_node(struct reader *reader, plist_t node, const struct cf_plist_path *path) {
    if (path && path->depth > CF_PLIST_MAX_DEPTH) {
        FAIL_AT(reader, path, "more than %d levels", CF_PLIST_MAX_DEPTH);
        return NULL;
    }
    uint8_t truth = 0;
    double real = 0;
    switch (plist_get_node_type(node)) {
    case PLIST_BOOLEAN:
        plist_get_bool_val(node, &truth);
        return truth ? kCFBooleanTrue : kCFBooleanFalse;
    case PLIST_UINT:
        return read_integer(reader, node, path);
    case PLIST_REAL:
        plist_get_real_val(node, &real);
        return CFNumberCreate(reader->allocator, kCFNumberFloat64Type, &real);
    case PLIST_STRING:
        return read_string(reader, node, path);
    case PLIST_DATE:
        return read_date(reader, node, path);
    case PLIST_DATA:
        return read_data(reader, node);
    case PLIST_ARRAY:
        return read_array(reader, node, path);
    case PLIST_DICT:
        return read_dictionary(reader, node, path);
    case PLIST_UID:
        FAIL_AT(reader, path, "a UID (of a keyed archive)");
        return NULL;
    default:
        FAIL_AT(reader, path, "a node that is no property list value");
        return NULL;
    }
}

CFTypeRef cf_plist_read(CFAllocatorRef allocator, plist_t node, CFOptionFlags options,
                        struct cf_plist_reason *reason) {
    struct reader reader = {allocator, options, reason};
    CFTypeRef value = read_node(&reader, node, NULL);
    if (!value) {
        cf_plist_fail(reason, kCFPropertyListReadCorruptError, "no memory");
    }
    return value;
}
