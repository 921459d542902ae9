/* cf_set.c - CFSet: cf_hashtable with keys only. */
#include "cf_collection.h"
#include "cf_hashtable.h"

#include <CoreFoundation/CFSet.h>
#include <stdlib.h>

enum {
    SET_MUTABLE = 1u
};

struct cf_set {
    struct cf_object base;
    CFSetCallBacks callbacks;
    struct cf_hashtable table; /* the value of an entry is not used */
};

/* ---- callbacks ---------------------------------------------------------------------------- */

static const void *string_copy(CFAllocatorRef allocator, const void *value) {
    return CFStringCreateCopy(allocator, value);
}

const CFSetCallBacks kCFTypeSetCallBacks = {
    0, cf_collection_retain, cf_collection_release, CFCopyDescription, CFEqual, CFHash};
const CFSetCallBacks kCFCopyStringSetCallBacks = {
    0, string_copy, cf_collection_release, CFCopyDescription, CFEqual, CFHash};

static const void *value_retain(const struct cf_set *set, const void *value) {
    return set->callbacks.retain ? set->callbacks.retain(kCFAllocatorSystemDefault, value) : value;
}

static void value_release(const struct cf_set *set, const void *value) {
    if (set->callbacks.release) {
        set->callbacks.release(kCFAllocatorSystemDefault, value);
    }
}

/* ---- checks ------------------------------------------------------------------------------- */

static struct cf_set *checked(CFTypeRef object, const char *function) {
    return cf_object_expect(object, &cf_set_class, function) ? (struct cf_set *)(uintptr_t)object
                                                             : NULL;
}

static struct cf_set *checked_mutable(CFTypeRef object, const char *function) {
    struct cf_set *set = checked(object, function);
    if (set && !(set->base.flags & SET_MUTABLE)) {
        cf_fault(object, "%s: the set is immutable", function);
        return NULL;
    }
    return set;
}

/* ---- making ------------------------------------------------------------------------------- */

/* A retain callback that changes the set leaves no place for what it retains. */
static bool is_unchanged(const struct cf_set *set, uint64_t generation, const char *function) {
    if (set->table.generation == generation) {
        return true;
    }
    cf_fault(set, "%s: the set was changed by its own retain callback", function);
    return false;
}

static void add(struct cf_set *set, const void *value, const char *function) {
    uint64_t generation = set->table.generation;
    const void *kept = value_retain(set, value);
    if (!is_unchanged(set, generation, function)) {
        value_release(set, kept);
    } else if (!cf_hashtable_insert(&set->table, kept, NULL)) {
        cf_fault(set, "%s: no memory for value %zu", function, set->table.count + 1);
        value_release(set, kept);
    }
}

static struct cf_set *create(CFAllocatorRef allocator, const CFSetCallBacks *callbacks,
                             uint32_t flags) {
    struct cf_set *set = cf_object_create(allocator, &cf_set_class, sizeof *set);
    if (!set) {
        return NULL;
    }
    set->base.flags = flags;
    if (callbacks) {
        set->callbacks = *callbacks;
    }
    cf_hashtable_init(&set->table, set->callbacks.hash, set->callbacks.equal);
    return set;
}

static struct cf_set *create_copy(CFAllocatorRef allocator, const struct cf_set *original,
                                  uint32_t flags, const char *function) {
    struct cf_set *set = create(allocator, &original->callbacks, flags);
    size_t cursor = 0;
    const struct cf_hash_entry *entry;
    while (set && (entry = cf_hashtable_next(&original->table, &cursor))) {
        add(set, entry->key, function);
    }
    return set;
}

CFTypeID CFSetGetTypeID(void) {
    return CF_TYPE_SET;
}

CFSetRef CFSetCreate(CFAllocatorRef allocator, const void **values, CFIndex numValues,
                     const CFSetCallBacks *callBacks) {
    if (numValues < 0 || (numValues > 0 && !values)) {
        cf_fault(values, "%s: %ld values", __func__, numValues);
        return NULL;
    }
    struct cf_set *set = create(allocator, callBacks, 0);
    for (CFIndex i = 0; set && i < numValues; i++) {
        if (!cf_hashtable_find(&set->table, values[i])) {
            add(set, values[i], __func__);
        }
    }
    return (CFSetRef)(const void *)set;
}

CFSetRef CFSetCreateCopy(CFAllocatorRef allocator, CFSetRef theSet) {
    const struct cf_set *set = checked(theSet, __func__);
    if (!set) {
        return NULL;
    }
    if (!(set->base.flags & SET_MUTABLE)) {
        return CFRetain(theSet);
    }
    return (CFSetRef)(const void *)create_copy(allocator, set, 0, __func__);
}

CFMutableSetRef CFSetCreateMutable(CFAllocatorRef allocator, CFIndex capacity,
                                   const CFSetCallBacks *callBacks) {
    (void)capacity;
    return (CFMutableSetRef)(void *)create(allocator, callBacks, SET_MUTABLE);
}

CFMutableSetRef CFSetCreateMutableCopy(CFAllocatorRef allocator, CFIndex capacity,
                                       CFSetRef theSet) {
    (void)capacity;
    const struct cf_set *set = checked(theSet, __func__);
    return set ? (CFMutableSetRef)(void *)create_copy(allocator, set, SET_MUTABLE, __func__) : NULL;
}

/* ---- asking ------------------------------------------------------------------------------- */

CFIndex CFSetGetCount(CFSetRef theSet) {
    const struct cf_set *set = checked(theSet, __func__);
    return set ? (CFIndex)set->table.count : 0;
}

static const struct cf_hash_entry *find(CFSetRef object, const void *value, const char *function) {
    const struct cf_set *set = checked(object, function);
    return set ? cf_hashtable_find(&set->table, value) : NULL;
}

CFIndex CFSetGetCountOfValue(CFSetRef theSet, const void *value) {
    return find(theSet, value, __func__) != NULL;
}

Boolean CFSetContainsValue(CFSetRef theSet, const void *value) {
    return find(theSet, value, __func__) != NULL;
}

const void *CFSetGetValue(CFSetRef theSet, const void *value) {
    const struct cf_hash_entry *entry = find(theSet, value, __func__);
    return entry ? entry->key : NULL;
}

Boolean CFSetGetValueIfPresent(CFSetRef theSet, const void *candidate, const void **value) {
    const struct cf_hash_entry *entry = find(theSet, candidate, __func__);
    if (entry && value) {
        *value = entry->key;
    }
    return entry != NULL;
}

void CFSetGetValues(CFSetRef theSet, const void **values) {
    const struct cf_set *set = checked(theSet, __func__);
    size_t cursor = 0, i = 0;
    const struct cf_hash_entry *entry;
    while (set && (entry = cf_hashtable_next(&set->table, &cursor))) {
        values[i++] = entry->key;
    }
}

void CFSetApplyFunction(CFSetRef theSet, CFSetApplierFunction applier, void *context) {
    const struct cf_set *set = checked(theSet, __func__);
    if (!set) {
        return;
    }
    uint64_t generation = set->table.generation;
    size_t cursor = 0;
    const struct cf_hash_entry *entry;
    while ((entry = cf_hashtable_next(&set->table, &cursor))) {
        applier(entry->key, context);
        if (set->table.generation != generation) {
            cf_fault(set, "%s: the set was changed by the function applied to it", __func__);
            return;
        }
    }
}

/* ---- changing ----------------------------------------------------------------------------- */

/* The new value is equal to the old one: same hash, same place. */
static void replace(struct cf_set *set, struct cf_hash_entry *entry, const void *value,
                    const char *function) {
    uint64_t generation = set->table.generation;
    const void *gone = value_retain(set, value);
    if (is_unchanged(set, generation, function)) {
        const void *old = entry->key;
        entry->key = gone;
        set->table.generation++;
        gone = old;
    }
    value_release(set, gone);
}

void CFSetAddValue(CFMutableSetRef theSet, const void *value) {
    struct cf_set *set = checked_mutable(theSet, __func__);
    if (set && !cf_hashtable_find(&set->table, value)) {
        add(set, value, __func__);
    }
}

void CFSetReplaceValue(CFMutableSetRef theSet, const void *value) {
    struct cf_set *set = checked_mutable(theSet, __func__);
    struct cf_hash_entry *entry = set ? cf_hashtable_find(&set->table, value) : NULL;
    if (entry) {
        replace(set, entry, value, __func__);
    }
}

void CFSetSetValue(CFMutableSetRef theSet, const void *value) {
    struct cf_set *set = checked_mutable(theSet, __func__);
    if (!set) {
        return;
    }
    struct cf_hash_entry *entry = cf_hashtable_find(&set->table, value);
    if (entry) {
        replace(set, entry, value, __func__);
    } else {
        add(set, value, __func__);
    }
}

void CFSetRemoveValue(CFMutableSetRef theSet, const void *value) {
    struct cf_set *set = checked_mutable(theSet, __func__);
    struct cf_hash_entry *entry = set ? cf_hashtable_find(&set->table, value) : NULL;
    if (entry) {
        const void *gone = entry->key;
        cf_hashtable_remove(&set->table, entry);
        value_release(set, gone);
    }
}

static void remove_all(struct cf_set *set) {
    /* Out of sight first: releases may call back. */
    struct cf_hashtable gone = set->table;
    cf_hashtable_init(&set->table, gone.hash, gone.equal);
    set->table.generation = gone.generation + 1;

    size_t cursor = 0;
    const struct cf_hash_entry *entry;
    while ((entry = cf_hashtable_next(&gone, &cursor))) {
        value_release(set, entry->key);
    }
    cf_hashtable_reset(&gone);
}

void CFSetRemoveAllValues(CFMutableSetRef theSet) {
    struct cf_set *set = checked_mutable(theSet, __func__);
    if (set) {
        CFRetain(set); /* a release may let go of it */
        remove_all(set);
        CFRelease(set);
    }
}

/* ---- the class ---------------------------------------------------------------------------- */

static void set_finalize(CFTypeRef object) {
    struct cf_set *set = (struct cf_set *)(uintptr_t)object;
    remove_all(set);
    cf_hashtable_reset(&set->table); /* what a release added to a set that goes is lost */
}

static Boolean set_equal(CFTypeRef a, CFTypeRef b) {
    const struct cf_set *set1 = a, *set2 = b;
    if (set1->table.count != set2->table.count || set1->table.equal != set2->table.equal) {
        return false;
    }
    size_t cursor = 0;
    const struct cf_hash_entry *entry;
    while ((entry = cf_hashtable_next(&set1->table, &cursor))) {
        if (!cf_hashtable_find(&set2->table, entry->key)) {
            return false;
        }
    }
    return true;
}

static CFHashCode set_hash(CFTypeRef object) {
    return (CFHashCode)((const struct cf_set *)object)->table.count;
}

/* "{(one, two)}" */
static CFStringRef set_copy_format(CFTypeRef object) {
    const struct cf_set *set = object;
    CFMutableStringRef text = CFStringCreateMutable(NULL, 0);
    size_t cursor = 0;
    const struct cf_hash_entry *entry;
    const char *separator = "{(";
    while ((entry = cf_hashtable_next(&set->table, &cursor))) {
        CFStringAppendCString(text, separator, kCFStringEncodingASCII);
        cf_collection_describe(text, entry->key, set->callbacks.copyDescription);
        separator = ", ";
    }
    CFStringAppendCString(text, set->table.count > 0 ? ")}" : "{()}", kCFStringEncodingASCII);
    return text;
}

static CFStringRef set_copy_description(CFTypeRef object) {
    const struct cf_set *set = object;
    return cf_collection_copy_description(object, "CFSet", set->base.flags & SET_MUTABLE,
                                          set->table.count, set_copy_format(object));
}

const struct cf_class cf_set_class = {
    .name = "CFSet",
    .type_id = CF_TYPE_SET,
    .finalize = set_finalize,
    .equal = set_equal,
    .hash = set_hash,
    .copy_description = set_copy_description,
    .copy_format = set_copy_format,
};
