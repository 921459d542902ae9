/* cf_hashtable.c - open addressing over entries kept in order of insertion. */
#include "cf_hashtable.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    SMALLEST = 8
};

/* Marks in the slot array. A removed slot does not end a probe, an empty one does. */
#define SLOT_EMPTY   UINT32_MAX
#define SLOT_REMOVED (UINT32_MAX - 1)

/* Three quarters: every probe meets an empty slot, since removed entries count as used. */
static size_t capacity(size_t slot_count) {
    return slot_count / 4 * 3;
}

static CFHashCode hash_of(const struct cf_hashtable *table, const void *key) {
    return table->hash ? table->hash(key) : (CFHashCode)((uintptr_t)key >> 4);
}

static bool same_key(const struct cf_hashtable *table, const void *key1, const void *key2) {
    return key1 == key2 || (table->equal && table->equal(key1, key2));
}

/* Spreads hashes whose low bits are alike (small numbers, aligned addresses). */
static size_t first_slot(const struct cf_hashtable *table, CFHashCode hash) {
    uint64_t mixed = (uint64_t)hash * UINT64_C(0x9E3779B97F4A7C15);
    return (size_t)(mixed ^ (mixed >> 32)) & (table->slot_count - 1);
}

static void slot_store(struct cf_hashtable *table, CFHashCode hash, uint32_t index) {
    size_t slot = first_slot(table, hash);
    while (table->slots[slot] < SLOT_REMOVED) {
        slot = (slot + 1) & (table->slot_count - 1);
    }
    table->slots[slot] = index;
}

/* Makes room for one more entry and squeezes out the removed ones. */
static bool rebuild(struct cf_hashtable *table) {
    size_t slot_count = SMALLEST;
    while (capacity(slot_count) < (table->count + 1) * 4 / 3) {
        slot_count *= 2;
    }
    if (slot_count > SLOT_REMOVED) {
        return false;
    }
    struct cf_hash_entry *entries = calloc(capacity(slot_count), sizeof *entries);
    uint32_t *slots = malloc(slot_count * sizeof *slots);
    if (!entries || !slots) {
        free(entries);
        free(slots);
        return false;
    }
    memset(slots, 0xFF, slot_count * sizeof *slots); /* SLOT_EMPTY */

    size_t used = 0;
    for (size_t i = 0; i < table->used; i++) {
        if (table->entries[i].live) {
            entries[used++] = table->entries[i];
        }
    }
    assert(used == table->count);
    free(table->entries);
    free(table->slots);
    table->entries = entries;
    table->slots = slots;
    table->slot_count = slot_count;
    table->used = used;
    for (size_t i = 0; i < used; i++) {
        slot_store(table, entries[i].hash, (uint32_t)i);
    }
    return true;
}

void cf_hashtable_init(struct cf_hashtable *table, CFHashCode (*hash)(const void *),
                       Boolean (*equal)(const void *, const void *)) {
    *table = (struct cf_hashtable){.hash = hash, .equal = equal};
}

void cf_hashtable_reset(struct cf_hashtable *table) {
    free(table->entries);
    free(table->slots);
    table->entries = NULL;
    table->slots = NULL;
    table->slot_count = table->used = table->count = 0;
    table->generation++;
}

/* The slot of `key`, or -1. */
static ptrdiff_t find_slot(const struct cf_hashtable *table, const void *key) {
    if (table->count == 0) {
        return -1;
    }
    CFHashCode hash = hash_of(table, key);
    size_t slot = first_slot(table, hash);
    while (table->slots[slot] != SLOT_EMPTY) {
        if (table->slots[slot] != SLOT_REMOVED) {
            const struct cf_hash_entry *entry = &table->entries[table->slots[slot]];
            if (entry->hash == hash && same_key(table, entry->key, key)) {
                return (ptrdiff_t)slot;
            }
        }
        slot = (slot + 1) & (table->slot_count - 1);
    }
    return -1;
}

struct cf_hash_entry *cf_hashtable_find(const struct cf_hashtable *table, const void *key) {
    ptrdiff_t slot = find_slot(table, key);
    return slot < 0 ? NULL : &table->entries[table->slots[slot]];
}

bool cf_hashtable_insert(struct cf_hashtable *table, const void *key, const void *value) {
    CFHashCode hash = hash_of(table, key); /* first: it may call back, and change the table */
    if (table->used == capacity(table->slot_count) && !rebuild(table)) {
        return false;
    }
    table->entries[table->used] =
        (struct cf_hash_entry){.key = key, .value = value, .hash = hash, .live = true};
    slot_store(table, hash, (uint32_t)table->used);
    table->used++;
    table->count++;
    table->generation++;
    return true;
}

void cf_hashtable_remove(struct cf_hashtable *table, struct cf_hash_entry *entry) {
    uint32_t index = (uint32_t)(entry - table->entries);
    assert(index < table->used && entry->live);
    size_t slot = first_slot(table, entry->hash);
    while (table->slots[slot] != index) {
        slot = (slot + 1) & (table->slot_count - 1);
    }
    table->slots[slot] = SLOT_REMOVED;
    entry->live = false;
    entry->key = entry->value = NULL;
    table->count--;
    table->generation++;
}

struct cf_hash_entry *cf_hashtable_next(const struct cf_hashtable *table, size_t *cursor) {
    while (*cursor < table->used) {
        struct cf_hash_entry *entry = &table->entries[(*cursor)++];
        if (entry->live) {
            return entry;
        }
    }
    return NULL;
}
