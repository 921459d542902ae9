/* cf_object.c - life and death of objects: creation, counting, and the quarantine that catches
 * the use of an object after its last release. */
#include "cf_memory.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define CF_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CF_ASAN 1
#endif
#endif
#if defined(CF_ASAN)
#include <sanitizer/asan_interface.h>
#define POISON(address, size)   ASAN_POISON_MEMORY_REGION(address, size)
#define UNPOISON(address, size) ASAN_UNPOISON_MEMORY_REGION(address, size)
#else
#define POISON(address, size)   ((void)(address), (void)(size))
#define UNPOISON(address, size) ((void)(address), (void)(size))
#endif

/* The linker puts these around the section of the classes. */
extern const struct cf_class __start_cf_classes[] __attribute__((visibility("hidden")));
extern const struct cf_class __stop_cf_classes[] __attribute__((visibility("hidden")));

/* isa of an object that has been freed; its flags then hold the type ID it had. */
static const char freed_isa[] = "freed";

int __CFConstantStringClassReference[24];

/* ---- telling objects from other things ---------------------------------------------------- */

static inline bool is_class(const void *isa) {
    uintptr_t start = (uintptr_t)__start_cf_classes;
    return (uintptr_t)isa - start < (uintptr_t)__stop_cf_classes - start;
}

static inline bool is_literal(const struct cf_object *object) {
    return object->isa == __CFConstantStringClassReference;
}

static inline bool is_address(CFTypeRef object) {
    return (uintptr_t)object >= 4096 && (uintptr_t)object % sizeof(void *) == 0;
}

/* Says what `object` is instead of an object. */
static void fault_no_object(const struct cf_object *object, const char *function) {
    if (!object) {
        cf_fault(object, "%s: the object is NULL", function);
    } else if (is_address(object) && object->isa == freed_isa) {
        cf_fault(object, "%s: the %s has been freed, its last reference was released before",
                 function, cf_type_name(object->flags));
    } else {
        cf_fault(object, "%s: this is not an object", function);
    }
}

const struct cf_class *cf_object_class(CFTypeRef reference) {
    const struct cf_object *object = reference;
    if (is_address(object)) {
        if (is_literal(object)) {
            return &cf_string_class;
        }
        if (is_class(object->isa)) {
            return object->isa;
        }
    }
    fault_no_object(object, __func__);
    return NULL;
}

bool cf_object_reject(CFTypeRef reference, const struct cf_class *cls, const char *function) {
    const struct cf_object *object = reference;
    if (is_address(object) && (is_literal(object) || is_class(object->isa))) {
        cf_fault(object, "%s: wants a %s, was given a %s", function, cls->name,
                 cf_object_class(object)->name);
    } else {
        fault_no_object(object, function);
    }
    return false;
}

/* The object if its references are to be counted, NULL if it is a constant, dying, or no object
 * (that is a fault). */
static inline struct cf_object *counted(CFTypeRef reference, const char *function) {
    struct cf_object *object = (struct cf_object *)(uintptr_t)reference;
    if (!is_address(object)) {
        fault_no_object(object, function);
        return NULL;
    }
    if (is_literal(object)) {
        return NULL;
    }
    if (!is_class(object->isa)) {
        fault_no_object(object, function);
        return NULL;
    }
    uint32_t count = atomic_load_explicit(&object->refcount, memory_order_relaxed);
    return count >= CF_DYING ? NULL : object;
}

/* ---- quarantine --------------------------------------------------------------------------- */

/* Freed objects stay in memory, marked as freed, until this many others have followed: a late
 * CFRelease() then finds the mark, not whatever malloc() put there since. */
enum {
    QUARANTINE_OBJECTS = 1024,
    QUARANTINE_LARGEST = 1024 /* bytes, so 1 MiB in all */
};

static _Atomic(struct cf_block *) quarantine[QUARANTINE_OBJECTS];
static _Atomic unsigned quarantine_next;

static bool quarantine_on(void) {
    static _Atomic int state; /* 0: not asked yet, 1: on, -1: off */
    int known = atomic_load_explicit(&state, memory_order_relaxed);
    if (known == 0) {
        const char *setting = getenv("HALSDK_QUARANTINE");
        known = setting && strcmp(setting, "0") == 0 ? -1 : 1;
        atomic_store_explicit(&state, known, memory_order_relaxed);
    }
    return known > 0;
}

static void block_free(struct cf_block *block) {
    /* Only blocks of malloc() wait: an allocator of the driver's may be gone by then. */
    if (!block->allocator && block->size <= QUARANTINE_LARGEST && quarantine_on()) {
        POISON((char *)(block + 1) + sizeof(struct cf_object),
               block->size - sizeof(struct cf_object));
        unsigned slot = atomic_fetch_add_explicit(&quarantine_next, 1, memory_order_relaxed);
        block = atomic_exchange_explicit(&quarantine[slot % QUARANTINE_OBJECTS], block,
                                         memory_order_acq_rel);
        if (!block) {
            return;
        }
        UNPOISON(block, sizeof *block + block->size);
    }
    CFAllocatorRef owner = block->allocator;
    if (owner) {
        CFAllocatorDeallocate(owner, block);
        CFRelease(owner);
    } else {
        free(block);
    }
}

/* ---- life --------------------------------------------------------------------------------- */

void *cf_object_place(void *memory, CFAllocatorRef owner, const struct cf_class *cls, size_t size) {
    struct cf_block *block = memory;
    block->allocator = owner;
    block->size = size;
    struct cf_object *object = (struct cf_object *)(block + 1);
    memset(object, 0, size);
    object->isa = cls;
    atomic_init(&object->refcount, 1);
    cf_live_count_add(cls->type_id, 1);
    return object;
}

void *cf_object_create(CFAllocatorRef allocator, const struct cf_class *cls, size_t size) {
    CFAllocatorRef owner = cf_allocator_resolve(allocator);
    size_t total = sizeof(struct cf_block) + size;
    if (total < size || total > PTRDIFF_MAX) {
        return NULL;
    }
    void *memory = owner ? CFAllocatorAllocate(owner, (CFIndex)total, 0) : malloc(total);
    if (!memory) {
        return NULL;
    }
    if (owner) {
        CFRetain(owner);
    }
    return cf_object_place(memory, owner, cls, size);
}

static void destroy(struct cf_object *object) {
    const struct cf_class *cls = object->isa;
    struct cf_block *block = cf_block_of(object);

    /* An allocator may live in memory of its own making: keep the way to free it. */
    bool own_memory = block->allocator == (CFAllocatorRef)object;
    CFAllocatorContext context = {0};
    if (own_memory) {
        context = ((const struct cf_allocator *)(const void *)object)->context;
    }

    atomic_store_explicit(&object->refcount, CF_DYING, memory_order_relaxed);
    if (cls->finalize && !own_memory) {
        cls->finalize(object);
    }
    cf_live_count_add(cls->type_id, -1);
    object->flags = (uint32_t)cls->type_id;
    object->isa = freed_isa;

    if (!own_memory) {
        block_free(block);
        return;
    }
    if (context.deallocate) {
        context.deallocate(block, context.info);
    }
    if (context.release) {
        context.release(context.info);
    }
}

/* A count that no thread may meet: counted() has just seen a living object. */
static inline bool is_past_life(uint32_t count) {
    return count == 0 || count >= CF_DYING;
}

CFTypeRef CFRetain(CFTypeRef cf) {
    struct cf_object *object = counted(cf, __func__);
    if (object) {
        uint32_t before = atomic_fetch_add_explicit(&object->refcount, 1, memory_order_relaxed);
        if (is_past_life(before)) {
            cf_fault(object, "%s: another thread releases the last reference meanwhile", __func__);
        }
    }
    return cf;
}

void CFRelease(CFTypeRef cf) {
    struct cf_object *object = counted(cf, __func__);
    if (!object) {
        return;
    }
    /* Acquire and release: the thread that destroys must see what the others did before they let
     * go. */
    uint32_t before = atomic_fetch_sub_explicit(&object->refcount, 1, memory_order_acq_rel);
    if (before == 1) {
        destroy(object);
    } else if (is_past_life(before)) {
        cf_fault(object, "%s: another thread released the last reference meanwhile", __func__);
    }
}

CFIndex CFGetRetainCount(CFTypeRef cf) {
    if (!cf_object_class(cf)) {
        return 0;
    }
    const struct cf_object *object = counted(cf, __func__);
    return object ? (CFIndex)atomic_load_explicit(&object->refcount, memory_order_relaxed)
                  : LONG_MAX;
}

void cf_object_make_immortal(CFTypeRef cf) {
    struct cf_object *object = counted(cf, __func__);
    if (object) {
        atomic_store_explicit(&object->refcount, CF_IMMORTAL, memory_order_relaxed);
        cf_live_count_add(((const struct cf_class *)object->isa)->type_id, -1);
    }
}

CFAllocatorRef CFGetAllocator(CFTypeRef cf) {
    if (!cf_object_class(cf)) {
        return NULL;
    }
    const struct cf_object *object = cf;
    /* Constants have no block; what dies still has its own, and finalizers ask. */
    if (is_literal(object) ||
        atomic_load_explicit(&object->refcount, memory_order_relaxed) == CF_IMMORTAL) {
        return kCFAllocatorSystemDefault;
    }
    CFAllocatorRef owner = cf_block_of(object)->allocator;
    return owner ? owner : kCFAllocatorSystemDefault;
}
