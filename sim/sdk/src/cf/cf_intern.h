/* cf_intern.h - a table of constants that only grows: readers take no lock. */
#ifndef HALSDK_CF_INTERN_H
#define HALSDK_CF_INTERN_H

#include <CoreFoundation/CFBase.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

enum {
    CF_INTERN_BUCKETS = 512
};

struct cf_intern_node;

/* Initialise with CF_INTERN_TABLE(make). */
struct cf_intern_table {
    pthread_mutex_t lock; /* for writers */
    /* Makes the object of a key not yet there; it lives for ever. NULL: there is no such object. */
    CFTypeRef (*make)(const void *key, size_t size);
    _Atomic(struct cf_intern_node *) buckets[CF_INTERN_BUCKETS];
};

#define CF_INTERN_TABLE(make_)                                                                     \
    { .lock = PTHREAD_MUTEX_INITIALIZER, .make = (make_) }

/* The object of this key, made at the first call: the same object for the same bytes on every
 * thread. */
CFTypeRef cf_intern(struct cf_intern_table *table, const void *key, size_t size);

/* FNV-1a. */
CFHashCode cf_hash_bytes(const void *bytes, size_t size);

#endif
