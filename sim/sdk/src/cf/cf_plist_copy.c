/* cf_plist_copy.c - deep copies and validity: the parts of CFPropertyList that need no libplist. */
#include "cf_plist_private.h"

#include <CoreFoundation/CFArray.h>
#include <CoreFoundation/CFDictionary.h>
#include <stdlib.h>

/* ---- deep copy ---------------------------------------------------------------------------- */

static CFTypeRef copy_value(CFAllocatorRef allocator, CFTypeRef value, CFOptionFlags options,
                            unsigned depth);

static CFTypeRef copy_array(CFAllocatorRef allocator, CFArrayRef array, CFOptionFlags options,
                            unsigned depth) {
    CFMutableArrayRef copy = CFArrayCreateMutable(allocator, 0, &kCFTypeArrayCallBacks);
    CFIndex count = CFArrayGetCount(array);
    for (CFIndex i = 0; i < count; i++) {
        CFTypeRef value =
            copy_value(allocator, CFArrayGetValueAtIndex(array, i), options, depth + 1);
        if (!value) {
            CFRelease(copy);
            return NULL;
        }
        CFArrayAppendValue(copy, value);
        CFRelease(value);
    }
    if (options != kCFPropertyListImmutable) {
        return copy;
    }
    CFArrayRef immutable = CFArrayCreateCopy(allocator, copy);
    CFRelease(copy);
    return immutable;
}

static CFTypeRef copy_dictionary(CFAllocatorRef allocator, CFDictionaryRef dict,
                                 CFOptionFlags options, unsigned depth) {
    size_t count = (size_t)CFDictionaryGetCount(dict);
    const void **keys = malloc((2 * count + 1) * sizeof *keys);
    if (!keys) {
        return NULL;
    }
    CFDictionaryGetKeysAndValues(dict, keys, keys + count);
    CFMutableDictionaryRef copy = CFDictionaryCreateMutable(
        allocator, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++) {
        bool named = keys[i] && CFGetTypeID(keys[i]) == CFStringGetTypeID();
        CFStringRef key = named ? CFStringCreateCopy(allocator, keys[i]) : NULL;
        CFTypeRef value = key ? copy_value(allocator, keys[count + i], options, depth + 1) : NULL;
        ok = value != NULL;
        if (ok) {
            CFDictionarySetValue(copy, key, value);
            CFRelease(value);
        }
        if (key) {
            CFRelease(key);
        }
    }
    free(keys);
    CFDictionaryRef result = copy;
    if (!ok) {
        result = NULL;
    } else if (options == kCFPropertyListImmutable) {
        result = CFDictionaryCreateCopy(allocator, copy);
    }
    if (result != copy) {
        CFRelease(copy);
    }
    return result;
}

static CFTypeRef copy_value(CFAllocatorRef allocator, CFTypeRef value, CFOptionFlags options,
                            unsigned depth) {
    bool mutable_leaves = options & kCFPropertyListMutableContainersAndLeaves;
    if (!value || depth > CF_PLIST_MAX_DEPTH) {
        return NULL;
    }
    switch (CFGetTypeID(value)) {
    case CF_TYPE_STRING:
        return mutable_leaves ? (CFTypeRef)CFStringCreateMutableCopy(allocator, 0, value)
                              : (CFTypeRef)CFStringCreateCopy(allocator, value);
    case CF_TYPE_DATA:
        return mutable_leaves ? (CFTypeRef)CFDataCreateMutableCopy(allocator, 0, value)
                              : (CFTypeRef)CFDataCreateCopy(allocator, value);
    case CF_TYPE_BOOLEAN:
    case CF_TYPE_NUMBER:
    case CF_TYPE_DATE:
        return CFRetain(value); /* never mutable */
    case CF_TYPE_ARRAY:
        return copy_array(allocator, value, options, depth);
    case CF_TYPE_DICTIONARY:
        return copy_dictionary(allocator, value, options, depth);
    default:
        return NULL;
    }
}

CFPropertyListRef CFPropertyListCreateDeepCopy(CFAllocatorRef allocator,
                                               CFPropertyListRef propertyList,
                                               CFOptionFlags mutabilityOption) {
    return copy_value(allocator, propertyList, mutabilityOption, 0);
}

/* ---- validity ----------------------------------------------------------------------------- */

static bool is_valid(CFTypeRef value, CFPropertyListFormat format, unsigned depth) {
    bool ok = true;
    if (!value || depth > CF_PLIST_MAX_DEPTH) {
        return false;
    }
    switch (CFGetTypeID(value)) {
    case CF_TYPE_STRING:
    case CF_TYPE_DATA:
        return true;
    case CF_TYPE_BOOLEAN:
    case CF_TYPE_NUMBER:
    case CF_TYPE_DATE:
        return format != kCFPropertyListOpenStepFormat;
    case CF_TYPE_ARRAY:
        for (CFIndex i = CFArrayGetCount(value); ok && i-- > 0;) {
            ok = is_valid(CFArrayGetValueAtIndex(value, i), format, depth + 1);
        }
        return ok;
    case CF_TYPE_DICTIONARY: {
        size_t count = (size_t)CFDictionaryGetCount(value);
        const void **keys = malloc((2 * count + 1) * sizeof *keys);
        if (!keys) {
            return false;
        }
        CFDictionaryGetKeysAndValues(value, keys, keys + count);
        for (size_t i = 0; ok && i < count; i++) {
            ok = keys[i] && CFGetTypeID(keys[i]) == CFStringGetTypeID() &&
                 is_valid(keys[count + i], format, depth + 1);
        }
        free(keys);
        return ok;
    }
    default:
        return false;
    }
}

Boolean CFPropertyListIsValid(CFPropertyListRef plist, CFPropertyListFormat format) {
    return is_valid(plist, format, 0);
}
