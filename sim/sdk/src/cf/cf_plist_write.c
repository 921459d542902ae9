/* cf_plist_write.c - from objects to libplist's nodes. */
#include "cf_plist_private.h"

#include <CoreFoundation/CFArray.h>
#include <CoreFoundation/CFDate.h>
#include <CoreFoundation/CFDictionary.h>
#include <CoreFoundation/CFNumber.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static plist_t write_value(CFTypeRef value, const struct cf_plist_path *path,
                           struct cf_plist_reason *reason);

#define FAIL_AT(reason, path, ...)                                                                 \
    cf_plist_fail_at(reason, path, kCFPropertyListWriteStreamError, __VA_ARGS__)

/* UTF-8 of a string that C can hold, free() it; NULL with a reason. */
static char *copy_text(CFStringRef string, const struct cf_plist_path *path, const char *what,
                       struct cf_plist_reason *reason) {
    const char *flaw = NULL;
    char *text = cf_string_copy_name(string, &flaw);
    if (flaw) {
        FAIL_AT(reason, path, "%s holds %s", what, flaw);
    } else if (!text) {
        FAIL_AT(reason, path, "no memory");
    }
    return text;
}

static plist_t write_string(CFStringRef string, const struct cf_plist_path *path,
                            struct cf_plist_reason *reason) {
    char *text = copy_text(string, path, "the string", reason);
    plist_t node = text ? plist_new_string(text) : NULL;
    free(text);
    return node;
}

static plist_t write_number(CFNumberRef number) {
    if (CFNumberIsFloatType(number)) {
        double real = 0;
        CFNumberGetValue(number, kCFNumberFloat64Type, &real);
        return plist_new_real(real);
    }
    int64_t value = 0;
    CFNumberGetValue(number, kCFNumberSInt64Type, &value);
#if defined(PLIST_UINT) /* a macro since libplist 2.3, where "uint" also came to mean it */
    return plist_new_int(value);
#else
    return plist_new_uint((uint64_t)value);
#endif
}

static plist_t write_date(CFDateRef date, const struct cf_plist_path *path,
                          struct cf_plist_reason *reason) {
    double time = CFDateGetAbsoluteTime(date);
    double seconds = floor(time);
    /* The ends stay out: they are what an overflow reads as. */
    if (!(seconds > INT32_MIN && seconds < INT32_MAX)) {
        FAIL_AT(reason, path, "the date is before 1932-12-14 or after 2069-01-19");
        return NULL;
    }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations" /* 2.7; its successor is not in 2.2 */
    return plist_new_date((int32_t)seconds, (int32_t)((time - seconds) * 1e6));
#pragma GCC diagnostic pop
}

static plist_t write_array(CFArrayRef array, const struct cf_plist_path *path,
                           struct cf_plist_reason *reason) {
    plist_t node = plist_new_array();
    CFIndex count = CFArrayGetCount(array);
    for (CFIndex i = 0; i < count; i++) {
        struct cf_plist_path here = cf_plist_path_index(path, i);
        plist_t item = write_value(CFArrayGetValueAtIndex(array, i), &here, reason);
        if (!item) {
            plist_free(node);
            return NULL;
        }
        plist_array_append_item(node, item);
    }
    return node;
}

static bool write_entry(plist_t node, CFTypeRef key, CFTypeRef value,
                        const struct cf_plist_path *path, struct cf_plist_reason *reason) {
    if (!key || CFGetTypeID(key) != CFStringGetTypeID()) {
        return FAIL_AT(reason, path, "a key is a %s, not a string",
                       key ? cf_object_class(key)->name : "NULL");
    }
    char *text = copy_text(key, path, "a key", reason);
    if (!text) {
        return false;
    }
    struct cf_plist_path here = cf_plist_path_key(path, text);
    plist_t item = write_value(value, &here, reason);
    if (item) {
        plist_dict_set_item(node, text, item);
    }
    free(text);
    return item != NULL;
}

static plist_t write_dictionary(CFDictionaryRef dict, const struct cf_plist_path *path,
                                struct cf_plist_reason *reason) {
    size_t count = (size_t)CFDictionaryGetCount(dict);
    const void **keys = malloc((2 * count + 1) * sizeof *keys);
    if (!keys) {
        FAIL_AT(reason, path, "no memory");
        return NULL;
    }
    CFDictionaryGetKeysAndValues(dict, keys, keys + count);
    plist_t node = plist_new_dict();
    for (size_t i = 0; i < count; i++) {
        if (!write_entry(node, keys[i], keys[count + i], path, reason)) {
            plist_free(node);
            node = NULL;
            break;
        }
    }
    free(keys);
    return node;
}

static plist_t write_value(CFTypeRef value, const struct cf_plist_path *path,
                           struct cf_plist_reason *reason) {
    if (path && path->depth > CF_PLIST_MAX_DEPTH) {
        FAIL_AT(reason, path, "more than %d levels, or a container within itself",
                CF_PLIST_MAX_DEPTH);
        return NULL;
    }
    if (!value) {
        FAIL_AT(reason, path, "NULL is no property list value");
        return NULL;
    }
    switch (CFGetTypeID(value)) {
    case CF_TYPE_STRING:
        return write_string(value, path, reason);
    case CF_TYPE_BOOLEAN:
        return plist_new_bool(CFBooleanGetValue(value));
    case CF_TYPE_NUMBER:
        return write_number(value);
    case CF_TYPE_DATE:
        return write_date(value, path, reason);
    case CF_TYPE_DATA: {
        const void *bytes = CFDataGetBytePtr(value); /* as char or uint8_t, by version */
        return plist_new_data(bytes, (uint64_t)CFDataGetLength(value));
    }
    case CF_TYPE_ARRAY:
        return write_array(value, path, reason);
    case CF_TYPE_DICTIONARY:
        return write_dictionary(value, path, reason);
    default: {
        const struct cf_class *cls = cf_object_class(value);
        FAIL_AT(reason, path, "a %s is no property list value", cls ? cls->name : "wild pointer");
        return NULL;
    }
    }
}

plist_t cf_plist_write(CFTypeRef value, struct cf_plist_reason *reason) {
    return write_value(value, NULL, reason);
}
