/* cf_allocator.c - where memory comes from. Nearly everything uses malloc() directly; allocators of
 * a driver's own making are honoured to the letter of their context. */
#include "cf_memory.h"

#include <stdlib.h>

/* ---- the allocators there are ------------------------------------------------------------- */

static void *system_allocate(CFIndex size, CFOptionFlags hint, void *info) {
    (void)hint, (void)info;
    return malloc((size_t)size);
}

static void *system_reallocate(void *memory, CFIndex size, CFOptionFlags hint, void *info) {
    (void)hint, (void)info;
    return realloc(memory, (size_t)size);
}

static void system_deallocate(void *memory, void *info) {
    (void)info;
    free(memory);
}

static void *null_allocate(CFIndex size, CFOptionFlags hint, void *info) {
    (void)size, (void)hint, (void)info;
    return NULL;
}

static void null_deallocate(void *memory, void *info) {
    (void)memory, (void)info;
}

#define SYSTEM_CONTEXT                                                                             \
    {                                                                                              \
        .allocate = system_allocate, .reallocate = system_reallocate,                              \
        .deallocate = system_deallocate                                                            \
    }

static const struct cf_allocator system_allocator = {CF_STATIC_OBJECT(cf_allocator_class),
                                                     SYSTEM_CONTEXT};
static const struct cf_allocator malloc_allocator = {CF_STATIC_OBJECT(cf_allocator_class),
                                                     SYSTEM_CONTEXT};
static const struct cf_allocator null_allocator = {
    CF_STATIC_OBJECT(cf_allocator_class),
    {.allocate = null_allocate, .deallocate = null_deallocate}};
/* Only its address counts. */
static const struct cf_allocator use_context_marker = {CF_STATIC_OBJECT(cf_allocator_class),
                                                       {.allocate = null_allocate}};

const CFAllocatorRef kCFAllocatorDefault = NULL;
const CFAllocatorRef kCFAllocatorSystemDefault = (CFAllocatorRef)(const void *)&system_allocator;
const CFAllocatorRef kCFAllocatorMalloc = (CFAllocatorRef)(const void *)&malloc_allocator;
const CFAllocatorRef kCFAllocatorMallocZone = (CFAllocatorRef)(const void *)&malloc_allocator;
const CFAllocatorRef kCFAllocatorNull = (CFAllocatorRef)(const void *)&null_allocator;
const CFAllocatorRef kCFAllocatorUseContext = (CFAllocatorRef)(const void *)&use_context_marker;

static _Thread_local CFAllocatorRef default_allocator;

void CFAllocatorSetDefault(CFAllocatorRef allocator) {
    if (!allocator || !cf_object_expect(allocator, &cf_allocator_class, __func__)) {
        return;
    }
    /* Never released: objects made meanwhile may be asked for their allocator at any time. */
    default_allocator = (CFAllocatorRef)CFRetain(allocator);
}

CFAllocatorRef CFAllocatorGetDefault(void) {
    return default_allocator ? default_allocator : kCFAllocatorSystemDefault;
}

CFAllocatorRef cf_allocator_resolve(CFAllocatorRef allocator) {
    if (!allocator) {
        allocator = default_allocator;
    }
    if (!allocator || allocator == kCFAllocatorSystemDefault || allocator == kCFAllocatorMalloc) {
        return NULL;
    }
    return allocator;
}

/* The context to use; malloc()'s for something that is no allocator (a fault). */
static const CFAllocatorContext *context_of(CFAllocatorRef allocator, const char *function) {
    if (!allocator) {
        allocator = CFAllocatorGetDefault();
    }
    if (!cf_object_expect(allocator, &cf_allocator_class, function)) {
        allocator = kCFAllocatorSystemDefault;
    }
    return &((const struct cf_allocator *)(const void *)allocator)->context;
}

/* ---- using them --------------------------------------------------------------------------- */

void *CFAllocatorAllocate(CFAllocatorRef allocator, CFIndex size, CFOptionFlags hint) {
    const CFAllocatorContext *context = context_of(allocator, __func__);
    return size > 0 && context->allocate ? context->allocate(size, hint, context->info) : NULL;
}

void *CFAllocatorReallocate(CFAllocatorRef allocator, void *ptr, CFIndex newsize,
                            CFOptionFlags hint) {
    const CFAllocatorContext *context = context_of(allocator, __func__);
    if (!ptr) {
        return CFAllocatorAllocate(allocator, newsize, hint);
    }
    if (newsize <= 0) {
        CFAllocatorDeallocate(allocator, ptr);
        return NULL;
    }
    return context->reallocate ? context->reallocate(ptr, newsize, hint, context->info) : NULL;
}

void CFAllocatorDeallocate(CFAllocatorRef allocator, void *ptr) {
    const CFAllocatorContext *context = context_of(allocator, __func__);
    if (ptr && context->deallocate) {
        context->deallocate(ptr, context->info);
    }
}

CFIndex CFAllocatorGetPreferredSizeForSize(CFAllocatorRef allocator, CFIndex size,
                                           CFOptionFlags hint) {
    const CFAllocatorContext *context = context_of(allocator, __func__);
    CFIndex preferred =
        size > 0 && context->preferredSize ? context->preferredSize(size, hint, context->info) : 0;
    return preferred > size ? preferred : size;
}

void CFAllocatorGetContext(CFAllocatorRef allocator, CFAllocatorContext *context) {
    *context = *context_of(allocator, __func__);
}

/* ---- making one --------------------------------------------------------------------------- */

CFAllocatorRef CFAllocatorCreate(CFAllocatorRef allocator, CFAllocatorContext *context) {
    struct cf_allocator *made;
    CFAllocatorContext own = *context;
    if (own.retain) {
        own.info = (void *)(uintptr_t)own.retain(own.info);
    }
    if (allocator == kCFAllocatorUseContext) {
        size_t size = sizeof(struct cf_block) + sizeof *made;
        void *memory = own.allocate ? own.allocate((CFIndex)size, 0, own.info) : NULL;
        made = memory ? cf_object_place(memory, NULL, &cf_allocator_class, sizeof *made) : NULL;
        if (made) { /* it lives in memory of its own making */
            cf_block_of(&made->base)->allocator = (CFAllocatorRef)(const void *)made;
        }
    } else {
        made = cf_object_create(allocator, &cf_allocator_class, sizeof *made);
    }
    if (made) {
        made->context = own;
    } else if (own.release) {
        own.release(own.info);
    }
    return (CFAllocatorRef)(const void *)made;
}

CFTypeID CFAllocatorGetTypeID(void) {
    return CF_TYPE_ALLOCATOR;
}

static void allocator_finalize(CFTypeRef object) {
    const CFAllocatorContext *context = &((const struct cf_allocator *)object)->context;
    if (context->release) {
        context->release(context->info);
    }
}

static CFStringRef allocator_copy_description(CFTypeRef object) {
    const CFAllocatorContext *context = &((const struct cf_allocator *)object)->context;
    CFStringRef of_info = context->copyDescription ? context->copyDescription(context->info) : NULL;
    char *text = of_info ? cf_string_copy_utf8(of_info, NULL) : NULL;
    CFStringRef description =
        cf_string_create_printf("<CFAllocator %p>{info = %p%s%s}", object, context->info,
                                text ? " " : "", text ? text : "");
    free(text);
    if (of_info) {
        CFRelease(of_info);
    }
    return description;
}

const struct cf_class cf_allocator_class = {
    .name = "CFAllocator",
    .type_id = CF_TYPE_ALLOCATOR,
    .finalize = allocator_finalize,
    .copy_description = allocator_copy_description,
};
