/* ledger_memory.c - malloc() and its family, counted and handed on.
 *
 * glibc exports its own under second names, so nothing has to be looked up: dlsym() allocates.
 * What glibc builds upon these (strdup, fopen, reallocarray) and operator new come by here.
 */
#define _GNU_SOURCE
#include "ledger_internal.h"
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

/* ---- memory that runs out ------------------------------------------------------------------ */

static atomic_ullong until_failure; /* allocations; 0: none fails */
static atomic_ullong failures;

void halledger_fail_allocation(uint64_t nth) {
    atomic_store(&until_failure, nth);
}

uint64_t halledger_failed_allocations(void) {
    return atomic_load(&failures);
}

static bool is_of_a_driver(const void *caller) {
    Dl_info info;
    return dladdr(caller, &info) != 0 && info.dli_fname != NULL &&
           strstr(info.dli_fname, "/Contents/MacOS/") != NULL;
}

static bool fails(const void *caller) {
    if (!ledger_is_open() || atomic_load_explicit(&until_failure, memory_order_relaxed) == 0 ||
        !is_of_a_driver(caller) || atomic_fetch_sub(&until_failure, 1) != 1) {
        return false;
    }
    atomic_fetch_add(&failures, 1);
    errno = ENOMEM;
    return true;
}

#define FAILS() (ledger_is_open() && fails(__builtin_return_address(0)))

/* ---- malloc() and its family ----------------------------------------------------------------- */

HALLEDGER_API void *malloc(size_t size) {
    LEDGER_COUNT(HALLEDGER_ALLOCATION, (long)size);
    return FAILS() ? NULL : __libc_malloc(size);
}

HALLEDGER_API void *calloc(size_t count, size_t size) {
    LEDGER_COUNT(HALLEDGER_ALLOCATION, (long)(count * size));
    return FAILS() ? NULL : __libc_calloc(count, size);
}

HALLEDGER_API void *realloc(void *memory, size_t size) {
    /* To nothing, it is glibc's free(). */
    LEDGER_COUNT(memory != NULL && size == 0 ? HALLEDGER_FREE : HALLEDGER_ALLOCATION, (long)size);
    return size != 0 && FAILS() ? NULL : __libc_realloc(memory, size);
}

HALLEDGER_API void free(void *memory) {
    if (memory != NULL) {
        LEDGER_COUNT(HALLEDGER_FREE, 0);
    }
    __libc_free(memory);
}

HALLEDGER_API void *memalign(size_t alignment, size_t size) {
    LEDGER_COUNT(HALLEDGER_ALLOCATION, (long)size);
    return FAILS() ? NULL : __libc_memalign(alignment, size);
}

HALLEDGER_API void *aligned_alloc(size_t alignment, size_t size) {
    LEDGER_COUNT(HALLEDGER_ALLOCATION, (long)size);
    return FAILS() ? NULL : __libc_memalign(alignment, size);
}

static size_t page_size(void) {
    return (size_t)sysconf(_SC_PAGESIZE); /* glibc knows it without asking the kernel */
}

HALLEDGER_API void *valloc(size_t size) {
    LEDGER_COUNT(HALLEDGER_ALLOCATION, (long)size);
    return FAILS() ? NULL : __libc_memalign(page_size(), size);
}

HALLEDGER_API void *pvalloc(size_t size) {
    size_t page = page_size();
    if (size > SIZE_MAX - page) {
        errno = ENOMEM;
        return NULL;
    }
    LEDGER_COUNT(HALLEDGER_ALLOCATION, (long)size);
    return FAILS() ? NULL : __libc_memalign(page, (size + page - 1) & ~(page - 1));
}

HALLEDGER_API int posix_memalign(void **memory, size_t alignment, size_t size) {
    if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0) {
        return EINVAL;
    }
    LEDGER_COUNT(HALLEDGER_ALLOCATION, (long)size);
    int before = errno;
    void *made = FAILS() ? NULL : __libc_memalign(alignment, size);
    errno = before;
    if (made == NULL) {
        return ENOMEM;
    }
    *memory = made;
    return 0;
}
