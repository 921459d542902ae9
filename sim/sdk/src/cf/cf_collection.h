/* cf_collection.h - what CFArray, CFDictionary and CFSet have in common: the callbacks for
 * CoreFoundation objects, and how a member shows in a description. */
#ifndef HALSDK_CF_COLLECTION_H
#define HALSDK_CF_COLLECTION_H

#include "cf_runtime.h"

static inline const void *cf_collection_retain(CFAllocatorRef allocator, const void *value) {
    (void)allocator;
    return CFRetain(value);
}

static inline void cf_collection_release(CFAllocatorRef allocator, const void *value) {
    (void)allocator;
    CFRelease(value);
}

/* Objects show as %@ shows them, so that equal collections look alike; bare pointers as addresses.
 */
static inline void cf_collection_describe(CFMutableStringRef text, const void *value,
                                          CFStringRef (*copy_description)(const void *value)) {
    CFStringRef part;
    if (copy_description == CFCopyDescription) {
        part = cf_object_copy_format(value);
    } else if (copy_description) {
        part = copy_description(value);
    } else {
        part = cf_string_create_printf("%p", value);
    }
    if (part) {
        CFStringAppend(text, part);
        CFRelease(part);
    }
}

/* "<CFArray 0x55d0>{type = mutable, count = 2, values = (one, two)}"; consumes `members`. */
static inline CFStringRef cf_collection_copy_description(CFTypeRef object, const char *class_name,
                                                         bool is_mutable, size_t count,
                                                         CFStringRef members) {
    CFMutableStringRef text = CFStringCreateMutable(NULL, 0);
    CFStringRef head =
        cf_string_create_printf("<%s %p>{type = %s, count = %zu, values = ", class_name, object,
                                is_mutable ? "mutable" : "immutable", count);
    CFStringAppend(text, head);
    CFStringAppend(text, members);
    CFStringAppendCString(text, "}", kCFStringEncodingASCII);
    CFRelease(head);
    CFRelease(members);
    return text;
}

#endif
