/* cf_memory.h - the block of memory that an object lives in. Internal to cf_object.c and
 * cf_allocator.c.
 *
 * A block is a struct cf_block followed by the object: what the object does not show (where its
 * memory came from) sits in front of it. Constants and literals have no block.
 */
#ifndef HALSDK_CF_MEMORY_H
#define HALSDK_CF_MEMORY_H

#include "cf_runtime.h"

struct cf_block {
    CFAllocatorRef allocator; /* retained; NULL: malloc() */
    size_t size;              /* of the object, in bytes */
};

struct cf_allocator {
    struct cf_object base;
    CFAllocatorContext context;
};

static inline struct cf_block *cf_block_of(const struct cf_object *object) {
    return (struct cf_block *)(uintptr_t)object - 1;
}

/* NULL when the allocator's memory is malloc()'s, else the allocator itself. NULL stands for the
 * default of the calling thread. */
CFAllocatorRef cf_allocator_resolve(CFAllocatorRef allocator);

/* Puts a zeroed object of one reference into memory that `owner` gave, and counts it. */
void *cf_object_place(void *memory, CFAllocatorRef owner, const struct cf_class *cls, size_t size);

#endif
