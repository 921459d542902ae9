/* ledger_memory.c - malloc() and its family, counted and handed on.
 *
 * glibc exports its own under second names, so nothing has to be looked up: dlsym() allocates.
 * What glibc builds upon these (strdup, fopen, reallocarray) and operator new come by here.
 */
#define _GNU_SOURCE
#include "ledger_internal.h"
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

HALLEDGER_API void *malloc(size_t size) {
    LEDGER_COUNT(HALLEDGER_ALLOCATION, (long)size);
    return __libc_malloc(size);
}

HALLEDGER_API void *calloc(size_t count, size_t size) {
    LEDGER_COUNT(HALLEDGER_ALLOCATION, (long)(count * size));
    return __libc_calloc(count, size);
}

HALLEDGER_API void *realloc(void *memory, size_t size) {
    /* To nothing, it is glibc's free(). */
    LEDGER_COUNT(memory != NULL && size == 0 ? HALLEDGER_FREE : HALLEDGER_ALLOCATION, (long)size);
    return __libc_realloc(memory, size);
}

HALLEDGER_API void free(void *memory) {
    if (memory != NULL) {
        LEDGER_COUNT(HALLEDGER_FREE, 0);
    }
    __libc_free(memory);
}

HALLEDGER_API void *memalign(size_t alignment, size_t size) {
    LEDGER_COUNT(HALLEDGER_ALLOCATION, (long)size);
    return __libc_memalign(alignment, size);
}

HALLEDGER_API void *aligned_alloc(size_t alignment, size_t size) {
    LEDGER_COUNT(HALLEDGER_ALLOCATION, (long)size);
    return __libc_memalign(alignment, size);
}

static size_t page_size(void) {
    return (size_t)sysconf(_SC_PAGESIZE); /* glibc knows it without asking the kernel */
}

HALLEDGER_API void *valloc(size_t size) {
    LEDGER_COUNT(HALLEDGER_ALLOCATION, (long)size);
    return __libc_memalign(page_size(), size);
}

HALLEDGER_API void *pvalloc(size_t size) {
    size_t page = page_size();
    if (size > SIZE_MAX - page) {
        errno = ENOMEM;
        return NULL;
    }
    LEDGER_COUNT(HALLEDGER_ALLOCATION, (long)size);
    return __libc_memalign(page, (size + page - 1) & ~(page - 1));
}

HALLEDGER_API int posix_memalign(void **memory, size_t alignment, size_t size) {
    if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0) {
        return EINVAL;
    }
    LEDGER_COUNT(HALLEDGER_ALLOCATION, (long)size);
    int before = errno;
    void *made = __libc_memalign(alignment, size);
    errno = before;
    if (made == NULL) {
        return ENOMEM;
    }
    *memory = made;
    return 0;
}
