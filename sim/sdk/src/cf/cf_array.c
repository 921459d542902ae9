/* cf_array.c - CFArray: a vector of pointers with callbacks. */
#include "cf_collection.h"

#include <CoreFoundation/CFArray.h>
#include <stdlib.h>
#include <string.h>

enum {
    ARRAY_MUTABLE = 1u
};

struct cf_array {
    struct cf_object base;
    CFArrayCallBacks callbacks;
    CFIndex count, capacity;
    uint64_t generation; /* counts changes */
    const void **values;
};

/* ---- callbacks ---------------------------------------------------------------------------- */

const CFArrayCallBacks kCFTypeArrayCallBacks = {0, cf_collection_retain, cf_collection_release,
                                                CFCopyDescription, CFEqual};

static const void *value_retain(const struct cf_array *array, const void *value) {
    return array->callbacks.retain ? array->callbacks.retain(kCFAllocatorSystemDefault, value)
                                   : value;
}

static void value_release(const struct cf_array *array, const void *value) {
    if (array->callbacks.release) {
        array->callbacks.release(kCFAllocatorSystemDefault, value);
    }
}

static bool value_equal(const struct cf_array *array, const void *value1, const void *value2) {
    return value1 == value2 || (array->callbacks.equal && array->callbacks.equal(value1, value2));
}

/* ---- checks ------------------------------------------------------------------------------- */

static struct cf_array *checked(CFTypeRef object, const char *function) {
    return cf_object_expect(object, &cf_array_class, function)
               ? (struct cf_array *)(uintptr_t)object
               : NULL;
}

static struct cf_array *checked_mutable(CFTypeRef object, const char *function) {
    struct cf_array *array = checked(object, function);
    if (array && !(array->base.flags & ARRAY_MUTABLE)) {
        cf_fault(object, "%s: the array is immutable", function);
        return NULL;
    }
    return array;
}

static bool index_ok(const struct cf_array *array, CFIndex index, const char *function) {
    if (index < 0 || index >= array->count) {
        cf_fault(array, "%s: index %ld is outside of the array, which has %ld values", function,
                 index, array->count);
        return false;
    }
    return true;
}

static bool range_ok(const struct cf_array *array, CFRange range, const char *function) {
    if (range.location < 0 || range.length < 0 || range.location > array->count ||
        range.length > array->count - range.location) {
        cf_fault(array, "%s: the range {%ld, %ld} is outside of the array, which has %ld values",
                 function, range.location, range.length, array->count);
        return false;
    }
    return true;
}

/* ---- changing ----------------------------------------------------------------------------- */

static bool reserve(struct cf_array *array, CFIndex count, const char *function) {
    if (count <= array->capacity) {
        return true;
    }
    CFIndex capacity = array->capacity > count / 2 ? array->capacity * 2 : count;
    const void **values = NULL;
    if ((size_t)capacity <= PTRDIFF_MAX / sizeof *values) {
        values = realloc(array->values, (size_t)capacity * sizeof *values);
    }
    if (!values) {
        cf_fault(array, "%s: no memory for %ld values", function, capacity);
        return false;
    }
    array->values = values;
    array->capacity = capacity;
    return true;
}

/* False, with nothing retained, when a callback has changed the array meanwhile. */
static bool retain_all(struct cf_array *array, const void *const *source, CFIndex count,
                       const void **retained, const char *function) {
    uint64_t generation = array->generation;
    if (count > 0) {
        memcpy(retained, source, (size_t)count * sizeof *source); /* it may be the array's own */
    }
    for (CFIndex i = 0; i < count; i++) {
        retained[i] = value_retain(array, retained[i]);
    }
    if (array->generation == generation) {
        return true;
    }
    cf_fault(array, "%s: the array was changed by its own retain callback", function);
    for (CFIndex i = 0; i < count; i++) {
        value_release(array, retained[i]);
    }
    return false;
}

/* The one way in which an array changes its length: `new_count` values of `source` take the place
 * of `range`. Callbacks may call back, so values are retained before and released after the change:
 * the last may let go of the array itself. One that changes the array while it retains makes
 * `range` another one: a fault.
 */
static void replace(struct cf_array *array, CFRange range, const void *const *source,
                    CFIndex new_count, const char *function) {
    CFIndex count = array->count - range.length + new_count;
    const void **incoming = NULL, **outgoing = NULL;
    const void *one_in, *one_out; /* the usual case needs no memory */

    incoming = new_count <= 1 ? &one_in : malloc((size_t)new_count * sizeof *incoming);
    outgoing = range.length <= 1 ? &one_out : malloc((size_t)range.length * sizeof *outgoing);
    CFRetain(array);
    if (!incoming || !outgoing || !reserve(array, count, function)) {
        cf_fault(array, "%s: no memory to replace %ld values by %ld", function, range.length,
                 new_count);
    } else if (retain_all(array, source, new_count, incoming, function)) {
        const void **hole = array->values + range.location;
        size_t tail = (size_t)(array->count - range.location - range.length);
        if (range.length > 0) {
            memcpy(outgoing, hole, (size_t)range.length * sizeof *hole);
        }
        if (tail > 0) {
            memmove(hole + new_count, hole + range.length, tail * sizeof *hole);
        }
        if (new_count > 0) {
            memcpy(hole, incoming, (size_t)new_count * sizeof *hole);
        }
        array->count = count;
        array->generation++;
        for (CFIndex i = 0; i < range.length; i++) {
            value_release(array, outgoing[i]);
        }
    }
    CFRelease(array);
    if (incoming != &one_in) {
        free(incoming);
    }
    if (outgoing != &one_out) {
        free(outgoing);
    }
}

/* ---- making ------------------------------------------------------------------------------- */

static struct cf_array *create(CFAllocatorRef allocator, const void *const *values, CFIndex count,
                               const CFArrayCallBacks *callbacks, uint32_t flags,
                               const char *function) {
    if (count < 0 || (count > 0 && !values)) {
        cf_fault(values, "%s: %ld values", function, count);
        return NULL;
    }
    struct cf_array *array = cf_object_create(allocator, &cf_array_class, sizeof *array);
    if (!array) {
        return NULL;
    }
    array->base.flags = flags;
    if (callbacks) {
        array->callbacks = *callbacks;
    }
    if (count > 0) {
        replace(array, CFRangeMake(0, 0), values, count, function);
    }
    return array;
}

CFTypeID CFArrayGetTypeID(void) {
    return CF_TYPE_ARRAY;
}

CFArrayRef CFArrayCreate(CFAllocatorRef allocator, const void **values, CFIndex numValues,
                         const CFArrayCallBacks *callBacks) {
    return (CFArrayRef)(const void *)create(allocator, values, numValues, callBacks, 0, __func__);
}

CFArrayRef CFArrayCreateCopy(CFAllocatorRef allocator, CFArrayRef theArray) {
    const struct cf_array *array = checked(theArray, __func__);
    if (!array) {
        return NULL;
    }
    if (!(array->base.flags & ARRAY_MUTABLE)) {
        return CFRetain(theArray);
    }
    return (CFArrayRef)(const void *)create(allocator, array->values, array->count,
                                            &array->callbacks, 0, __func__);
}

CFMutableArrayRef CFArrayCreateMutable(CFAllocatorRef allocator, CFIndex capacity,
                                       const CFArrayCallBacks *callBacks) {
    (void)capacity;
    return (CFMutableArrayRef)(void *)create(allocator, NULL, 0, callBacks, ARRAY_MUTABLE,
                                             __func__);
}

CFMutableArrayRef CFArrayCreateMutableCopy(CFAllocatorRef allocator, CFIndex capacity,
                                           CFArrayRef theArray) {
    (void)capacity;
    const struct cf_array *array = checked(theArray, __func__);
    if (!array) {
        return NULL;
    }
    return (CFMutableArrayRef)(void *)create(allocator, array->values, array->count,
                                             &array->callbacks, ARRAY_MUTABLE, __func__);
}

/* ---- asking ------------------------------------------------------------------------------- */

CFIndex CFArrayGetCount(CFArrayRef theArray) {
    const struct cf_array *array = checked(theArray, __func__);
    return array ? array->count : 0;
}

const void *CFArrayGetValueAtIndex(CFArrayRef theArray, CFIndex idx) {
    const struct cf_array *array = checked(theArray, __func__);
    return array && index_ok(array, idx, __func__) ? array->values[idx] : NULL;
}

void CFArrayGetValues(CFArrayRef theArray, CFRange range, const void **values) {
    const struct cf_array *array = checked(theArray, __func__);
    if (array && range_ok(array, range, __func__) && range.length > 0) {
        memcpy(values, array->values + range.location, (size_t)range.length * sizeof *values);
    }
}

CFIndex CFArrayGetCountOfValue(CFArrayRef theArray, CFRange range, const void *value) {
    const struct cf_array *array = checked(theArray, __func__);
    CFIndex found = 0;
    if (array && range_ok(array, range, __func__)) {
        for (CFIndex i = range.location; i < range.location + range.length; i++) {
            found += value_equal(array, array->values[i], value);
        }
    }
    return found;
}

CFIndex CFArrayGetFirstIndexOfValue(CFArrayRef theArray, CFRange range, const void *value) {
    const struct cf_array *array = checked(theArray, __func__);
    if (array && range_ok(array, range, __func__)) {
        for (CFIndex i = range.location; i < range.location + range.length; i++) {
            if (value_equal(array, array->values[i], value)) {
                return i;
            }
        }
    }
    return kCFNotFound;
}

CFIndex CFArrayGetLastIndexOfValue(CFArrayRef theArray, CFRange range, const void *value) {
    const struct cf_array *array = checked(theArray, __func__);
    if (array && range_ok(array, range, __func__)) {
        for (CFIndex i = range.location + range.length - 1; i >= range.location; i--) {
            if (value_equal(array, array->values[i], value)) {
                return i;
            }
        }
    }
    return kCFNotFound;
}

Boolean CFArrayContainsValue(CFArrayRef theArray, CFRange range, const void *value) {
    return CFArrayGetFirstIndexOfValue(theArray, range, value) != kCFNotFound;
}

void CFArrayApplyFunction(CFArrayRef theArray, CFRange range, CFArrayApplierFunction applier,
                          void *context) {
    const struct cf_array *array = checked(theArray, __func__);
    if (!array || !range_ok(array, range, __func__)) {
        return;
    }
    uint64_t generation = array->generation;
    for (CFIndex i = range.location; i < range.location + range.length; i++) {
        applier(array->values[i], context);
        if (array->generation != generation) {
            cf_fault(array, "%s: the array was changed by the function applied to it", __func__);
            return;
        }
    }
}

CFIndex CFArrayBSearchValues(CFArrayRef theArray, CFRange range, const void *value,
                             CFComparatorFunction comparator, void *context) {
    const struct cf_array *array = checked(theArray, __func__);
    if (!array || !range_ok(array, range, __func__)) {
        return 0;
    }
    CFIndex low = range.location, high = range.location + range.length;
    while (low < high) {
        CFIndex middle = low + (high - low) / 2;
        if (comparator(array->values[middle], value, context) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* ---- changing, in public ------------------------------------------------------------------ */

void CFArrayAppendValue(CFMutableArrayRef theArray, const void *value) {
    struct cf_array *array = checked_mutable(theArray, __func__);
    if (array) {
        replace(array, CFRangeMake(array->count, 0), &value, 1, __func__);
    }
}

void CFArrayAppendArray(CFMutableArrayRef theArray, CFArrayRef otherArray, CFRange otherRange) {
    struct cf_array *array = checked_mutable(theArray, __func__);
    const struct cf_array *other = checked(otherArray, __func__);
    if (!array || !other || !range_ok(other, otherRange, __func__) || otherRange.length == 0) {
        return;
    }
    /* An array may be appended to itself: its values move when it grows, so make room first. */
    if (reserve(array, array->count + otherRange.length, __func__)) {
        replace(array, CFRangeMake(array->count, 0), other->values + otherRange.location,
                otherRange.length, __func__);
    }
}

void CFArrayInsertValueAtIndex(CFMutableArrayRef theArray, CFIndex idx, const void *value) {
    struct cf_array *array = checked_mutable(theArray, __func__);
    if (array && range_ok(array, CFRangeMake(idx, 0), __func__)) {
        replace(array, CFRangeMake(idx, 0), &value, 1, __func__);
    }
}

void CFArraySetValueAtIndex(CFMutableArrayRef theArray, CFIndex idx, const void *value) {
    struct cf_array *array = checked_mutable(theArray, __func__);
    if (array && range_ok(array, CFRangeMake(idx, 0), __func__)) {
        replace(array, CFRangeMake(idx, idx < array->count), &value, 1, __func__);
    }
}

void CFArrayRemoveValueAtIndex(CFMutableArrayRef theArray, CFIndex idx) {
    struct cf_array *array = checked_mutable(theArray, __func__);
    if (array && index_ok(array, idx, __func__)) {
        replace(array, CFRangeMake(idx, 1), NULL, 0, __func__);
    }
}

void CFArrayRemoveAllValues(CFMutableArrayRef theArray) {
    struct cf_array *array = checked_mutable(theArray, __func__);
    if (array) {
        replace(array, CFRangeMake(0, array->count), NULL, 0, __func__);
    }
}

void CFArrayReplaceValues(CFMutableArrayRef theArray, CFRange range, const void **newValues,
                          CFIndex newCount) {
    struct cf_array *array = checked_mutable(theArray, __func__);
    if (!array || !range_ok(array, range, __func__)) {
        return;
    }
    if (newCount < 0 || (newCount > 0 && !newValues)) {
        cf_fault(array, "%s: %ld new values", __func__, newCount);
        return;
    }
    replace(array, range, newValues, newCount, __func__);
}

void CFArrayExchangeValuesAtIndices(CFMutableArrayRef theArray, CFIndex idx1, CFIndex idx2) {
    struct cf_array *array = checked_mutable(theArray, __func__);
    if (array && index_ok(array, idx1, __func__) && index_ok(array, idx2, __func__)) {
        const void *value = array->values[idx1];
        array->values[idx1] = array->values[idx2];
        array->values[idx2] = value;
        array->generation++;
    }
}

/* Merge sort: stable, and safe with a comparator that contradicts itself. Sorts `values` by way of
 * `spare`, which has the same length. */
static void merge_sort(const void **values, const void **spare, CFIndex count,
                       CFComparatorFunction comparator, void *context) {
    if (count < 2) {
        return;
    }
    CFIndex middle = count / 2;
    merge_sort(values, spare, middle, comparator, context);
    merge_sort(values + middle, spare, count - middle, comparator, context);
    memcpy(spare, values, (size_t)count * sizeof *values);
    CFIndex left = 0, right = middle;
    for (CFIndex i = 0; i < count; i++) {
        bool take_right =
            left == middle || (right < count && comparator(spare[left], spare[right], context) > 0);
        values[i] = take_right ? spare[right++] : spare[left++];
    }
}

void CFArraySortValues(CFMutableArrayRef theArray, CFRange range, CFComparatorFunction comparator,
                       void *context) {
    struct cf_array *array = checked_mutable(theArray, __func__);
    if (!array || !range_ok(array, range, __func__) || range.length < 2) {
        return;
    }
    size_t size = (size_t)range.length * sizeof *array->values;
    const void **copy = malloc(2 * size);
    if (!copy) {
        cf_fault(array, "%s: no memory to sort %ld values", __func__, range.length);
        return;
    }
    /* On a copy: should the comparator change the array, that is a fault and not a mess. */
    uint64_t generation = array->generation;
    memcpy(copy, array->values + range.location, size);
    merge_sort(copy, copy + range.length, range.length, comparator, context);
    if (array->generation != generation) {
        cf_fault(array, "%s: the array was changed by the comparator", __func__);
    } else {
        memcpy(array->values + range.location, copy, size);
        array->generation++;
    }
    free(copy);
}

/* ---- the class ---------------------------------------------------------------------------- */

static void array_finalize(CFTypeRef object) {
    struct cf_array *array = (struct cf_array *)(uintptr_t)object;
    const void **values = array->values;
    CFIndex count = array->count;
    /* Out of sight first: releases may call back. What they add to an array that goes is lost. */
    array->values = NULL;
    array->count = array->capacity = 0;
    for (CFIndex i = 0; i < count; i++) {
        value_release(array, values[i]);
    }
    free(values);
    free(array->values);
}

static Boolean array_equal(CFTypeRef a, CFTypeRef b) {
    const struct cf_array *array1 = a, *array2 = b;
    if (array1->count != array2->count || array1->callbacks.equal != array2->callbacks.equal) {
        return false;
    }
    for (CFIndex i = 0; i < array1->count; i++) {
        if (!value_equal(array1, array1->values[i], array2->values[i])) {
            return false;
        }
    }
    return true;
}

/* Equal arrays have equal counts; values may change under a hash made of theirs. */
static CFHashCode array_hash(CFTypeRef object) {
    return (CFHashCode)((const struct cf_array *)object)->count;
}

/* "(one, two)", without addresses where values can do without. */
static CFStringRef array_copy_format(CFTypeRef object) {
    const struct cf_array *array = object;
    CFMutableStringRef text = CFStringCreateMutable(NULL, 0);
    CFStringAppendCString(text, "(", kCFStringEncodingASCII);
    for (CFIndex i = 0; i < array->count; i++) {
        if (i > 0) {
            CFStringAppendCString(text, ", ", kCFStringEncodingASCII);
        }
        cf_collection_describe(text, array->values[i], array->callbacks.copyDescription);
    }
    CFStringAppendCString(text, ")", kCFStringEncodingASCII);
    return text;
}

static CFStringRef array_copy_description(CFTypeRef object) {
    const struct cf_array *array = object;
    return cf_collection_copy_description(object, "CFArray", array->base.flags & ARRAY_MUTABLE,
                                          (size_t)array->count, array_copy_format(object));
}

const struct cf_class cf_array_class = {
    .name = "CFArray",
    .type_id = CF_TYPE_ARRAY,
    .finalize = array_finalize,
    .equal = array_equal,
    .hash = array_hash,
    .copy_description = array_copy_description,
    .copy_format = array_copy_format,
};
