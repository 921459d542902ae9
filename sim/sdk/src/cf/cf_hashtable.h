/* cf_hashtable.h - the table behind CFDictionary and CFSet.
 *
 * Entries lie in one array in the order in which they came; a second array of slots, open
 * addressing with linear probing, finds them by hash. So enumeration needs no hash, and does not
 * depend on where the keys happen to lie in memory.
 *
 * The table neither retains nor releases: its owner does.
 */
#ifndef HALSDK_CF_HASHTABLE_H
#define HALSDK_CF_HASHTABLE_H

#include "cf_runtime.h"

struct cf_hash_entry {
    const void *key;
    const void *value;
    CFHashCode hash;
    bool live; /* false: removed, to be squeezed out when the table is rebuilt */
};

struct cf_hashtable {
    CFHashCode (*hash)(const void *key);                  /* NULL: by address */
    Boolean (*equal)(const void *key1, const void *key2); /* NULL: by address */
    struct cf_hash_entry *entries;
    uint32_t *slots;   /* indices of entries, or a mark */
    size_t slot_count; /* 0 or a power of two */
    size_t used;       /* entries in use, removed ones included */
    size_t count;      /* entries that live */
    uint64_t
        generation; /* counts changes: what enumerates can tell that it was pulled from under */
};

void cf_hashtable_init(struct cf_hashtable *table, CFHashCode (*hash)(const void *),
                       Boolean (*equal)(const void *, const void *));

/* Frees the table's own memory and leaves it empty. */
void cf_hashtable_reset(struct cf_hashtable *table);

/* NULL when the key is absent. The pointer is good until the next change. */
struct cf_hash_entry *cf_hashtable_find(const struct cf_hashtable *table, const void *key);

/* `key` must be absent. False when memory is out. */
bool cf_hashtable_insert(struct cf_hashtable *table, const void *key, const void *value);

/* `entry` comes from find() or next(). */
void cf_hashtable_remove(struct cf_hashtable *table, struct cf_hash_entry *entry);

/* Enumerates: start with a cursor of 0, until NULL. */
struct cf_hash_entry *cf_hashtable_next(const struct cf_hashtable *table, size_t *cursor);

#endif
