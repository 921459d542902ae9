/* cf_data.c - bytes, fixed or growing. */
#include "cf_intern.h"
#include "cf_runtime.h"

#include <CoreFoundation/CFData.h>
#include <stdlib.h>
#include <string.h>

enum {
    DATA_MUTABLE = 0x1,  /* bytes come from the object's allocator, if capacity > 0 */
    DATA_EXTERNAL = 0x2, /* bytes go to the deallocator */
};

struct cf_data {
    struct cf_object base;
    UInt8 *bytes;
    CFIndex length;
    CFIndex capacity;
    CFAllocatorRef deallocator;
};

static UInt8 no_bytes[1]; /* so that an empty data still has an address */

static const struct cf_data *data_body(CFDataRef data, const char *function) {
    static const struct cf_data empty = {CF_STATIC_OBJECT(cf_data_class), no_bytes, 0, 0, NULL};
    return cf_object_expect(data, &cf_data_class, function) ? (const void *)data : &empty;
}

/* NULL, after a fault, if the data cannot be changed. */
static struct cf_data *mutable_body(CFMutableDataRef data, const char *function) {
    if (!cf_object_expect(data, &cf_data_class, function)) {
        return NULL;
    }
    struct cf_data *body = (void *)data;
    if (!(body->base.flags & DATA_MUTABLE)) {
        cf_fault(data, "%s: the data is immutable", function);
        return NULL;
    }
    return body;
}

static bool range_expect(const struct cf_data *body, CFRange range, const char *function) {
    if (range.location >= 0 && range.length >= 0 && range.location <= body->length &&
        range.length <= body->length - range.location) {
        return true;
    }
    cf_fault(body, "%s: range {%ld, %ld} is outside the length %ld", function, range.location,
             range.length, body->length);
    return false;
}

/* ---- making ------------------------------------------------------------------------------- */

CFTypeID CFDataGetTypeID(void) {
    return CF_TYPE_DATA;
}

CFDataRef CFDataCreate(CFAllocatorRef allocator, const UInt8 *bytes, CFIndex length) {
    if (length < 0 || (!bytes && length > 0)) {
        cf_fault(bytes, "%s: %ld bytes at %p", __func__, length, (const void *)bytes);
        return NULL;
    }
    struct cf_data *made =
        cf_object_create(allocator, &cf_data_class, sizeof *made + (size_t)length);
    if (made) {
        made->bytes = (UInt8 *)(made + 1);
        made->length = length;
        if (length > 0) {
            memcpy(made->bytes, bytes, (size_t)length);
        }
    }
    return (CFDataRef)(const void *)made;
}

CFDataRef CFDataCreateWithBytesNoCopy(CFAllocatorRef allocator, const UInt8 *bytes, CFIndex length,
                                      CFAllocatorRef bytesDeallocator) {
    if (length < 0 || (!bytes && length > 0)) {
        cf_fault(bytes, "%s: %ld bytes at %p", __func__, length, (const void *)bytes);
        return NULL;
    }
    struct cf_data *made = cf_object_create(allocator, &cf_data_class, sizeof *made);
    if (made) {
        made->base.flags = DATA_EXTERNAL;
        made->bytes = (UInt8 *)(uintptr_t)bytes;
        made->length = length;
        made->deallocator = CFRetain(bytesDeallocator ? bytesDeallocator : CFAllocatorGetDefault());
    }
    return (CFDataRef)(const void *)made;
}

CFDataRef CFDataCreateCopy(CFAllocatorRef allocator, CFDataRef theData) {
    const struct cf_data *body = data_body(theData, __func__);
    if ((const void *)body == theData && !(body->base.flags & (DATA_MUTABLE | DATA_EXTERNAL))) {
        return CFRetain(theData);
    }
    return CFDataCreate(allocator, body->bytes, body->length);
}

CFMutableDataRef CFDataCreateMutable(CFAllocatorRef allocator, CFIndex capacity) {
    (void)capacity;
    struct cf_data *made = cf_object_create(allocator, &cf_data_class, sizeof *made);
    if (made) {
        made->base.flags = DATA_MUTABLE;
        made->bytes = no_bytes;
    }
    return (CFMutableDataRef)(void *)made;
}

CFMutableDataRef CFDataCreateMutableCopy(CFAllocatorRef allocator, CFIndex capacity,
                                         CFDataRef theData) {
    const struct cf_data *body = data_body(theData, __func__);
    CFMutableDataRef made = CFDataCreateMutable(allocator, capacity);
    if (made) {
        CFDataAppendBytes(made, body->bytes, body->length);
    }
    return made;
}

/* ---- reading ------------------------------------------------------------------------------ */

CFIndex CFDataGetLength(CFDataRef theData) {
    return data_body(theData, __func__)->length;
}

const UInt8 *CFDataGetBytePtr(CFDataRef theData) {
    return data_body(theData, __func__)->bytes;
}

UInt8 *CFDataGetMutableBytePtr(CFMutableDataRef theData) {
    struct cf_data *body = mutable_body(theData, __func__);
    return body ? body->bytes : NULL;
}

void CFDataGetBytes(CFDataRef theData, CFRange range, UInt8 *buffer) {
    const struct cf_data *body = data_body(theData, __func__);
    if (range_expect(body, range, __func__) && range.length > 0) {
        memcpy(buffer, body->bytes + range.location, (size_t)range.length);
    }
}

CFRange CFDataFind(CFDataRef theData, CFDataRef dataToFind, CFRange searchRange,
                   CFDataSearchFlags compareOptions) {
    const struct cf_data *body = data_body(theData, __func__);
    const struct cf_data *find = data_body(dataToFind, __func__);
    CFRange none = CFRangeMake(kCFNotFound, 0);
    if (!range_expect(body, searchRange, __func__) || find->length == 0 ||
        find->length > searchRange.length) {
        return none;
    }
    bool backwards = compareOptions & kCFDataSearchBackwards;
    CFIndex first = searchRange.location;
    CFIndex last = first + searchRange.length - find->length;
    CFIndex at = backwards ? last : first;
    CFIndex places = compareOptions & kCFDataSearchAnchored ? 1 : last - first + 1;
    for (; places > 0; places--, at += backwards ? -1 : 1) {
        if (memcmp(body->bytes + at, find->bytes, (size_t)find->length) == 0) {
            return CFRangeMake(at, find->length);
        }
    }
    return none;
}

/* ---- changing ----------------------------------------------------------------------------- */

/* Room for `length` bytes; false, after a fault, without memory. */
static bool reserve(struct cf_data *body, CFIndex length, const char *function) {
    if (length <= body->capacity) {
        return true;
    }
    CFIndex capacity = length > 2 * body->capacity ? length : 2 * body->capacity;
    capacity = capacity > 32 ? capacity : 32;
    UInt8 *bytes = CFAllocatorReallocate(CFGetAllocator(body), body->capacity ? body->bytes : NULL,
                                         capacity, 0);
    if (!bytes) {
        cf_fault(body, "%s: no memory for %ld bytes", function, capacity);
        return false;
    }
    body->bytes = bytes;
    body->capacity = capacity;
    return true;
}

/* `bytes` NULL: zeros. */
static void replace(CFMutableDataRef data, CFRange range, const UInt8 *bytes, CFIndex length,
                    const char *function) {
    struct cf_data *body = mutable_body(data, function);
    if (!body || !range_expect(body, range, function)) {
        return;
    }
    CFIndex new_length;
    if (length < 0 || __builtin_add_overflow(body->length - range.length, length, &new_length)) {
        cf_fault(data, "%s: %ld bytes", function, length);
        return;
    }
    /* The new bytes may be the data's own, which are about to move. */
    UInt8 *copy = NULL;
    if (bytes && (uintptr_t)bytes - (uintptr_t)body->bytes < (size_t)body->length && length > 0) {
        copy = malloc((size_t)length);
        if (!copy) {
            cf_fault(data, "%s: no memory for %ld bytes", function, length);
            return;
        }
        bytes = memcpy(copy, bytes, (size_t)length);
    }
    if (reserve(body, new_length, function)) {
        UInt8 *at = body->bytes + range.location;
        memmove(at + length, at + range.length,
                (size_t)(body->length - range.location - range.length));
        if (bytes && length > 0) {
            memcpy(at, bytes, (size_t)length);
        } else {
            memset(at, 0, (size_t)length);
        }
        body->length = new_length;
    }
    free(copy);
}

void CFDataSetLength(CFMutableDataRef theData, CFIndex length) {
    CFIndex have = data_body(theData, __func__)->length;
    if (length < have) {
        replace(theData, CFRangeMake(length, have - length), NULL, 0, __func__);
    } else {
        replace(theData, CFRangeMake(have, 0), NULL, length - have, __func__);
    }
}

void CFDataIncreaseLength(CFMutableDataRef theData, CFIndex extraLength) {
    CFIndex have = data_body(theData, __func__)->length;
    replace(theData, CFRangeMake(have, 0), NULL, extraLength, __func__);
}

void CFDataAppendBytes(CFMutableDataRef theData, const UInt8 *bytes, CFIndex length) {
    CFIndex have = data_body(theData, __func__)->length;
    replace(theData, CFRangeMake(have, 0), bytes, length, __func__);
}

void CFDataReplaceBytes(CFMutableDataRef theData, CFRange range, const UInt8 *newBytes,
                        CFIndex newLength) {
    replace(theData, range, newBytes, newLength, __func__);
}

void CFDataDeleteBytes(CFMutableDataRef theData, CFRange range) {
    replace(theData, range, NULL, 0, __func__);
}

/* ---- the class ---------------------------------------------------------------------------- */

static void data_finalize(CFTypeRef object) {
    const struct cf_data *body = object;
    if (body->base.flags & DATA_MUTABLE) {
        if (body->capacity > 0) {
            CFAllocatorDeallocate(CFGetAllocator(object), body->bytes);
        }
    } else if (body->base.flags & DATA_EXTERNAL) {
        CFAllocatorDeallocate(body->deallocator, body->bytes);
        CFRelease(body->deallocator);
    }
}

static Boolean data_equal(CFTypeRef a, CFTypeRef b) {
    const struct cf_data *left = a, *right = b;
    return left->length == right->length &&
           (left->length == 0 || memcmp(left->bytes, right->bytes, (size_t)left->length) == 0);
}

static CFHashCode data_hash(CFTypeRef object) {
    const struct cf_data *body = object;
    return cf_hash_bytes(body->bytes, (size_t)body->length);
}

/* {length = 5, bytes = 0x0102030405}, of long data the first 16 and the last 8 bytes. */
static CFStringRef data_copy_format(CFTypeRef object) {
    static const CFIndex head = 16, tail = 8;
    const struct cf_data *body = object;
    CFMutableStringRef text = CFStringCreateMutable(NULL, 0);
    if (!text) {
        return NULL;
    }
    CFStringAppendFormat(text, NULL, CFSTR("{length = %ld, bytes = 0x"), body->length);
    for (CFIndex i = 0; i < body->length; i++) {
        if (body->length > head + tail && i == head) {
            CFStringAppend(text, CFSTR(" ... "));
            i = body->length - tail;
        }
        CFStringAppendFormat(text, NULL, CFSTR("%02x"), body->bytes[i]);
    }
    CFStringAppend(text, CFSTR("}"));
    return text;
}

static CFStringRef data_copy_description(CFTypeRef object) {
    CFStringRef contents = data_copy_format(object);
    CFStringRef text =
        CFStringCreateWithFormat(NULL, NULL, CFSTR("<CFData %p>%@"), object, contents);
    if (contents) {
        CFRelease(contents);
    }
    return text;
}

const struct cf_class cf_data_class = {
    .name = "CFData",
    .type_id = CF_TYPE_DATA,
    .finalize = data_finalize,
    .equal = data_equal,
    .hash = data_hash,
    .copy_description = data_copy_description,
    .copy_format = data_copy_format,
};
