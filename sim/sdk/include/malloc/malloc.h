/* malloc/malloc.h - the size of a block. Zones are not offered. */
#ifndef MALLOC_MALLOC_H
#define MALLOC_MALLOC_H

#include <malloc.h>
#include <os/base.h>
#include <stdint.h>

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 11
/* Else gcc takes a pointer to const for one that is read through, and warns of a new block. */
__attribute__((access(none, 1))) OS_INLINE size_t malloc_size(const void *block);
#endif
OS_INLINE size_t malloc_size(const void *block) {
    return malloc_usable_size((void *)(uintptr_t)block);
}

#endif
