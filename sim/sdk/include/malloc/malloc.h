/* malloc/malloc.h - the size of a block. Zones are not offered. */
#ifndef MALLOC_MALLOC_H
#define MALLOC_MALLOC_H

#include <malloc.h>
#include <os/base.h>
#include <stdint.h>

OS_INLINE size_t malloc_size(const void *block) {
    return malloc_usable_size((void *)(uintptr_t)block);
}

#endif
