/* ledger_memory.c - malloc() and its family, counted and handed on.
 *
 * glibc exports its own under second names, so nothing has to be looked up: dlsym() allocates.
 */
#define _GNU_SOURCE
#include "interpose.h"
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

EXPORTED void *malloc(size_t size) {
    ledger_count(HALLEDGER_ALLOCATION, (long)size);
    return __libc_malloc(size);
}

EXPORTED void *calloc(size_t count, size_t size) {
    ledger_count(HALLEDGER_ALLOCATION, (long)(count * size));
    return __libc_calloc(count, size);
}

EXPORTED void *realloc(void *memory, size_t size) {
    ledger_count(HALLEDGER_ALLOCATION, (long)size);
    return __libc_realloc(memory, size);
}

EXPORTED void free(void *memory) {
    if (memory != NULL) {
        ledger_count(HALLEDGER_FREE, 0);
    }
    __libc_free(memory);
}

EXPORTED void *memalign(size_t alignment, size_t size) {
    ledger_count(HALLEDGER_ALLOCATION, (long)size);
    return __libc_memalign(alignment, size);
}

EXPORTED void *aligned_alloc(size_t alignment, size_t size) {
    return memalign(alignment, size);
}

EXPORTED void *valloc(size_t size) {
    return memalign((size_t)sysconf(_SC_PAGESIZE), size);
}

EXPORTED int posix_memalign(void **memory, size_t alignment, size_t size) {
    if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0) {
        return EINVAL;
    }
    int before = errno;
    void *made = memalign(alignment, size);
    errno = before;
    if (made == NULL) {
        return ENOMEM;
    }
    *memory = made;
    return 0;
}
