/* cf_dictionary.c - CFDictionary: cf_hashtable with callbacks for keys and values. */
#include "cf_collection.h"
#include "cf_hashtable.h"

#include <CoreFoundation/CFDictionary.h>
#include <stdlib.h>

enum {
    DICTIONARY_MUTABLE = 1u
};

struct cf_dictionary {
    struct cf_object base;
    CFDictionaryKeyCallBacks key_callbacks;
    CFDictionaryValueCallBacks value_callbacks;
    struct cf_hashtable table;
};

/* ---- callbacks ---------------------------------------------------------------------------- */

static const void *string_copy(CFAllocatorRef allocator, const void *value) {
    return CFStringCreateCopy(allocator, value);
}

const CFDictionaryKeyCallBacks kCFTypeDictionaryKeyCallBacks = {
    0, cf_collection_retain, cf_collection_release, CFCopyDescription, CFEqual, CFHash};
const CFDictionaryKeyCallBacks kCFCopyStringDictionaryKeyCallBacks = {
    0, string_copy, cf_collection_release, CFCopyDescription, CFEqual, CFHash};
const CFDictionaryValueCallBacks kCFTypeDictionaryValueCallBacks = {
    0, cf_collection_retain, cf_collection_release, CFCopyDescription, CFEqual};

static const void *key_retain(const struct cf_dictionary *dict, const void *key) {
    return dict->key_callbacks.retain ? dict->key_callbacks.retain(kCFAllocatorSystemDefault, key)
                                      : key;
}

static void key_release(const struct cf_dictionary *dict, const void *key) {
    if (dict->key_callbacks.release) {
        dict->key_callbacks.release(kCFAllocatorSystemDefault, key);
    }
}

static const void *value_retain(const struct cf_dictionary *dict, const void *value) {
    return dict->value_callbacks.retain
               ? dict->value_callbacks.retain(kCFAllocatorSystemDefault, value)
               : value;
}

static void value_release(const struct cf_dictionary *dict, const void *value) {
    if (dict->value_callbacks.release) {
        dict->value_callbacks.release(kCFAllocatorSystemDefault, value);
    }
}

static bool value_equal(const struct cf_dictionary *dict, const void *value1, const void *value2) {
    return value1 == value2 ||
           (dict->value_callbacks.equal && dict->value_callbacks.equal(value1, value2));
}

/* ---- checks ------------------------------------------------------------------------------- */

static struct cf_dictionary *checked(CFTypeRef object, const char *function) {
    return cf_object_expect(object, &cf_dictionary_class, function)
               ? (struct cf_dictionary *)(uintptr_t)object
               : NULL;
}

static struct cf_dictionary *checked_mutable(CFTypeRef object, const char *function) {
    struct cf_dictionary *dict = checked(object, function);
    if (dict && !(dict->base.flags & DICTIONARY_MUTABLE)) {
        cf_fault(object, "%s: the dictionary is immutable", function);
        return NULL;
    }
    return dict;
}

/* ---- making ------------------------------------------------------------------------------- */

/* A retain callback that changes the dictionary leaves no place for what it retains. */
static bool is_unchanged(const struct cf_dictionary *dict, uint64_t generation,
                         const char *function) {
    if (dict->table.generation == generation) {
        return true;
    }
    cf_fault(dict, "%s: the dictionary was changed by its own retain callback", function);
    return false;
}

static void add(struct cf_dictionary *dict, const void *key, const void *value,
                const char *function) {
    uint64_t generation = dict->table.generation;
    const void *kept_key = key_retain(dict, key);
    const void *kept_value = value_retain(dict, value);
    bool is_kept = false;
    if (!is_unchanged(dict, generation, function)) {
    } else if (cf_hashtable_insert(&dict->table, kept_key, kept_value)) {
        is_kept = true;
    } else {
        cf_fault(dict, "%s: no memory for value %zu", function, dict->table.count + 1);
    }
    if (!is_kept) {
        key_release(dict, kept_key);
        value_release(dict, kept_value);
    }
}

static struct cf_dictionary *create(CFAllocatorRef allocator,
                                    const CFDictionaryKeyCallBacks *key_callbacks,
                                    const CFDictionaryValueCallBacks *value_callbacks,
                                    uint32_t flags) {
    struct cf_dictionary *dict = cf_object_create(allocator, &cf_dictionary_class, sizeof *dict);
    if (!dict) {
        return NULL;
    }
    dict->base.flags = flags;
    if (key_callbacks) {
        dict->key_callbacks = *key_callbacks;
    }
    if (value_callbacks) {
        dict->value_callbacks = *value_callbacks;
    }
    cf_hashtable_init(&dict->table, dict->key_callbacks.hash, dict->key_callbacks.equal);
    return dict;
}

static struct cf_dictionary *create_copy(CFAllocatorRef allocator,
                                         const struct cf_dictionary *original, uint32_t flags,
                                         const char *function) {
    struct cf_dictionary *dict =
        create(allocator, &original->key_callbacks, &original->value_callbacks, flags);
    size_t cursor = 0;
    const struct cf_hash_entry *entry;
    while (dict && (entry = cf_hashtable_next(&original->table, &cursor))) {
        add(dict, entry->key, entry->value, function);
    }
    return dict;
}

CFTypeID CFDictionaryGetTypeID(void) {
    return CF_TYPE_DICTIONARY;
}

CFDictionaryRef CFDictionaryCreate(CFAllocatorRef allocator, const void **keys, const void **values,
                                   CFIndex numValues, const CFDictionaryKeyCallBacks *keyCallBacks,
                                   const CFDictionaryValueCallBacks *valueCallBacks) {
    if (numValues < 0 || (numValues > 0 && (!keys || !values))) {
        cf_fault(keys, "%s: %ld values", __func__, numValues);
        return NULL;
    }
    struct cf_dictionary *dict = create(allocator, keyCallBacks, valueCallBacks, 0);
    for (CFIndex i = 0; dict && i < numValues; i++) {
        if (!cf_hashtable_find(&dict->table, keys[i])) {
            add(dict, keys[i], values[i], __func__);
        }
    }
    return (CFDictionaryRef)(const void *)dict;
}

CFDictionaryRef CFDictionaryCreateCopy(CFAllocatorRef allocator, CFDictionaryRef theDict) {
    const struct cf_dictionary *dict = checked(theDict, __func__);
    if (!dict) {
        return NULL;
    }
    if (!(dict->base.flags & DICTIONARY_MUTABLE)) {
        return CFRetain(theDict);
    }
    return (CFDictionaryRef)(const void *)create_copy(allocator, dict, 0, __func__);
}

CFMutableDictionaryRef CFDictionaryCreateMutable(CFAllocatorRef allocator, CFIndex capacity,
                                                 const CFDictionaryKeyCallBacks *keyCallBacks,
                                                 const CFDictionaryValueCallBacks *valueCallBacks) {
    (void)capacity;
    return (CFMutableDictionaryRef)(void *)create(allocator, keyCallBacks, valueCallBacks,
                                                  DICTIONARY_MUTABLE);
}

CFMutableDictionaryRef CFDictionaryCreateMutableCopy(CFAllocatorRef allocator, CFIndex capacity,
                                                     CFDictionaryRef theDict) {
    (void)capacity;
    const struct cf_dictionary *dict = checked(theDict, __func__);
    return dict ? (CFMutableDictionaryRef)(void *)create_copy(allocator, dict, DICTIONARY_MUTABLE,
                                                              __func__)
                : NULL;
}

/* ---- asking ------------------------------------------------------------------------------- */

CFIndex CFDictionaryGetCount(CFDictionaryRef theDict) {
    const struct cf_dictionary *dict = checked(theDict, __func__);
    return dict ? (CFIndex)dict->table.count : 0;
}

static const struct cf_hash_entry *find(CFDictionaryRef object, const void *key,
                                        const char *function) {
    const struct cf_dictionary *dict = checked(object, function);
    return dict ? cf_hashtable_find(&dict->table, key) : NULL;
}

CFIndex CFDictionaryGetCountOfKey(CFDictionaryRef theDict, const void *key) {
    return find(theDict, key, __func__) != NULL;
}

Boolean CFDictionaryContainsKey(CFDictionaryRef theDict, const void *key) {
    return find(theDict, key, __func__) != NULL;
}

const void *CFDictionaryGetValue(CFDictionaryRef theDict, const void *key) {
    const struct cf_hash_entry *entry = find(theDict, key, __func__);
    return entry ? entry->value : NULL;
}

Boolean CFDictionaryGetValueIfPresent(CFDictionaryRef theDict, const void *key,
                                      const void **value) {
    const struct cf_hash_entry *entry = find(theDict, key, __func__);
    if (entry && value) {
        *value = entry->value;
    }
    return entry != NULL;
}

CFIndex CFDictionaryGetCountOfValue(CFDictionaryRef theDict, const void *value) {
    const struct cf_dictionary *dict = checked(theDict, __func__);
    CFIndex found = 0;
    size_t cursor = 0;
    const struct cf_hash_entry *entry;
    while (dict && (entry = cf_hashtable_next(&dict->table, &cursor))) {
        found += value_equal(dict, entry->value, value);
    }
    return found;
}

Boolean CFDictionaryContainsValue(CFDictionaryRef theDict, const void *value) {
    return CFDictionaryGetCountOfValue(theDict, value) > 0;
}

void CFDictionaryGetKeysAndValues(CFDictionaryRef theDict, const void **keys, const void **values) {
    const struct cf_dictionary *dict = checked(theDict, __func__);
    size_t cursor = 0, i = 0;
    const struct cf_hash_entry *entry;
    while (dict && (entry = cf_hashtable_next(&dict->table, &cursor))) {
        if (keys) {
            keys[i] = entry->key;
        }
        if (values) {
            values[i] = entry->value;
        }
        i++;
    }
}

void CFDictionaryApplyFunction(CFDictionaryRef theDict, CFDictionaryApplierFunction applier,
                               void *context) {
    const struct cf_dictionary *dict = checked(theDict, __func__);
    if (!dict) {
        return;
    }
    uint64_t generation = dict->table.generation;
    size_t cursor = 0;
    const struct cf_hash_entry *entry;
    while ((entry = cf_hashtable_next(&dict->table, &cursor))) {
        applier(entry->key, entry->value, context);
        if (dict->table.generation != generation) {
            cf_fault(dict, "%s: the dictionary was changed by the function applied to it",
                     __func__);
            return;
        }
    }
}

/* ---- changing ----------------------------------------------------------------------------- */

/* The old value goes last: its release may call back, and let go of the dictionary itself. */
static void replace(struct cf_dictionary *dict, struct cf_hash_entry *entry, const void *value,
                    const char *function) {
    uint64_t generation = dict->table.generation;
    const void *gone = value_retain(dict, value);
    if (is_unchanged(dict, generation, function)) {
        const void *old = entry->value;
        entry->value = gone;
        dict->table.generation++;
        gone = old;
    }
    value_release(dict, gone);
}

void CFDictionaryAddValue(CFMutableDictionaryRef theDict, const void *key, const void *value) {
    struct cf_dictionary *dict = checked_mutable(theDict, __func__);
    if (dict && !cf_hashtable_find(&dict->table, key)) {
        add(dict, key, value, __func__);
    }
}

void CFDictionarySetValue(CFMutableDictionaryRef theDict, const void *key, const void *value) {
    struct cf_dictionary *dict = checked_mutable(theDict, __func__);
    if (!dict) {
        return;
    }
    struct cf_hash_entry *entry = cf_hashtable_find(&dict->table, key);
    if (entry) {
        replace(dict, entry, value, __func__);
    } else {
        add(dict, key, value, __func__);
    }
}

void CFDictionaryReplaceValue(CFMutableDictionaryRef theDict, const void *key, const void *value) {
    struct cf_dictionary *dict = checked_mutable(theDict, __func__);
    struct cf_hash_entry *entry = dict ? cf_hashtable_find(&dict->table, key) : NULL;
    if (entry) {
        replace(dict, entry, value, __func__);
    }
}

void CFDictionaryRemoveValue(CFMutableDictionaryRef theDict, const void *key) {
    struct cf_dictionary *dict = checked_mutable(theDict, __func__);
    struct cf_hash_entry *entry = dict ? cf_hashtable_find(&dict->table, key) : NULL;
    if (entry) {
        struct cf_hash_entry gone = *entry;
        cf_hashtable_remove(&dict->table, entry);
        CFRetain(dict); /* the first release may let go of it */
        key_release(dict, gone.key);
        value_release(dict, gone.value);
        CFRelease(dict);
    }
}

static void remove_all(struct cf_dictionary *dict) {
    /* Out of sight first: releases may call back. */
    struct cf_hashtable gone = dict->table;
    cf_hashtable_init(&dict->table, gone.hash, gone.equal);
    dict->table.generation = gone.generation + 1;

    size_t cursor = 0;
    const struct cf_hash_entry *entry;
    while ((entry = cf_hashtable_next(&gone, &cursor))) {
        key_release(dict, entry->key);
        value_release(dict, entry->value);
    }
    cf_hashtable_reset(&gone);
}

void CFDictionaryRemoveAllValues(CFMutableDictionaryRef theDict) {
    struct cf_dictionary *dict = checked_mutable(theDict, __func__);
    if (dict) {
        CFRetain(dict); /* a release may let go of it */
        remove_all(dict);
        CFRelease(dict);
    }
}

/* ---- the class ---------------------------------------------------------------------------- */

static void dictionary_finalize(CFTypeRef object) {
    struct cf_dictionary *dict = (struct cf_dictionary *)(uintptr_t)object;
    remove_all(dict);
    cf_hashtable_reset(&dict->table); /* what a release added to a dictionary that goes is lost */
}

static Boolean dictionary_equal(CFTypeRef a, CFTypeRef b) {
    const struct cf_dictionary *dict1 = a, *dict2 = b;
    if (dict1->table.count != dict2->table.count || dict1->table.equal != dict2->table.equal ||
        dict1->value_callbacks.equal != dict2->value_callbacks.equal) {
        return false;
    }
    size_t cursor = 0;
    const struct cf_hash_entry *entry;
    while ((entry = cf_hashtable_next(&dict1->table, &cursor))) {
        const struct cf_hash_entry *other = cf_hashtable_find(&dict2->table, entry->key);
        if (!other || !value_equal(dict1, entry->value, other->value)) {
            return false;
        }
    }
    return true;
}

static CFHashCode dictionary_hash(CFTypeRef object) {
    return (CFHashCode)((const struct cf_dictionary *)object)->table.count;
}

/* "{one = 1; two = 2;}" */
static CFStringRef dictionary_copy_format(CFTypeRef object) {
    const struct cf_dictionary *dict = object;
    CFMutableStringRef text = CFStringCreateMutable(NULL, 0);
    CFStringAppendCString(text, "{", kCFStringEncodingASCII);
    size_t cursor = 0;
    const struct cf_hash_entry *entry;
    const char *separator = "";
    while ((entry = cf_hashtable_next(&dict->table, &cursor))) {
        CFStringAppendCString(text, separator, kCFStringEncodingASCII);
        cf_collection_describe(text, entry->key, dict->key_callbacks.copyDescription);
        CFStringAppendCString(text, " = ", kCFStringEncodingASCII);
        cf_collection_describe(text, entry->value, dict->value_callbacks.copyDescription);
        separator = "; ";
    }
    CFStringAppendCString(text, dict->table.count > 0 ? ";}" : "}", kCFStringEncodingASCII);
    return text;
}

static CFStringRef dictionary_copy_description(CFTypeRef object) {
    const struct cf_dictionary *dict = object;
    return cf_collection_copy_description(object, "CFDictionary",
                                          dict->base.flags & DICTIONARY_MUTABLE, dict->table.count,
                                          dictionary_copy_format(object));
}

const struct cf_class cf_dictionary_class = {
    .name = "CFDictionary",
    .type_id = CF_TYPE_DICTIONARY,
    .finalize = dictionary_finalize,
    .equal = dictionary_equal,
    .hash = dictionary_hash,
    .copy_description = dictionary_copy_description,
    .copy_format = dictionary_copy_format,
};
