/* cf_intern.c - see cf_intern.h. Buckets are lists that grow at the head: a reader that follows one
 * sees a complete list, if perhaps not the newest, and then looks again under the lock. */
#include "cf_intern.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct cf_intern_node {
    struct cf_intern_node *next;
    CFTypeRef object;
    size_t size;
    unsigned char key[];
};

CFHashCode cf_hash_bytes(const void *bytes, size_t size) {
    const unsigned char *byte = bytes;
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ byte[i]) * 0x100000001b3u;
    }
    return (CFHashCode)hash;
}

static CFTypeRef find(_Atomic(struct cf_intern_node *) *bucket, const void *key, size_t size) {
    struct cf_intern_node *node = atomic_load_explicit(bucket, memory_order_acquire);
    for (; node; node = node->next) {
        if (node->size == size && memcmp(node->key, key, size) == 0) {
            return node->object;
        }
    }
    return NULL;
}

static CFTypeRef add(struct cf_intern_table *table, _Atomic(struct cf_intern_node *) *bucket,
                     const void *key, size_t size) {
    struct cf_intern_node *node = malloc(sizeof *node + size);
    CFTypeRef object = node ? table->make(key, size) : NULL;
    if (!object) {
        free(node);
        return NULL;
    }
    node->next = atomic_load_explicit(bucket, memory_order_relaxed);
    node->object = object;
    node->size = size;
    memcpy(node->key, key, size);
    atomic_store_explicit(bucket, node, memory_order_release);
    return object;
}

CFTypeRef cf_intern(struct cf_intern_table *table, const void *key, size_t size) {
    _Atomic(struct cf_intern_node *) *bucket =
        &table->buckets[cf_hash_bytes(key, size) % CF_INTERN_BUCKETS];
    CFTypeRef object = find(bucket, key, size);
    if (object) {
        return object;
    }
    pthread_mutex_lock(&table->lock);
    object = find(bucket, key, size);
    if (!object) {
        object = add(table, bucket, key, size);
    }
    pthread_mutex_unlock(&table->lock);
    return object;
}
