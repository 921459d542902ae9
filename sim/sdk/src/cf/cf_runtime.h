/* cf_runtime.h - the object model behind our CoreFoundation. Internal to sim/sdk.
 *
 * Every CFTypeRef points at a struct cf_object. Its first two words have the layout that clang emits
 * for CFSTR() literals ({isa, flags, characters, length} in section "cfstring"), so that one test
 * of `isa` tells a literal from an object of the heap.
 */
#ifndef HALSDK_CF_RUNTIME_H
#define HALSDK_CF_RUNTIME_H

#include <CoreFoundation/CFBase.h>
#include <CoreFoundation/CFString.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_class;

struct cf_object {
    const void *isa;         /* a struct cf_class, or &__CFConstantStringClassReference */
    uint32_t flags;          /* free for the class; 0x7C8 or 0x7D0 in a literal */
    _Atomic uint32_t refcount; /* CF_IMMORTAL is never released; padding in a literal */
};

#define CF_IMMORTAL UINT32_MAX

/* What a class does. NULL members fall back to identity (equal, hash) or do nothing (finalize). */
struct cf_class {
    const char *name; /* "CFString" */
    CFTypeID type_id; /* CF_TYPE_* below */
    void (*finalize)(CFTypeRef object);
    Boolean (*equal)(CFTypeRef a, CFTypeRef b); /* both are of this class */
    CFHashCode (*hash)(CFTypeRef object);
    CFStringRef (*copy_description)(CFTypeRef object);
};

/* Type IDs are fixed: a log or a test can name them. Toll-free kinds share one. */
enum cf_type_id {
    CF_TYPE_ALLOCATOR = 2,
    CF_TYPE_NULL = 16,
    CF_TYPE_DICTIONARY = 18,
    CF_TYPE_ARRAY = 19,
    CF_TYPE_DATA = 20,
    CF_TYPE_BOOLEAN = 21,
    CF_TYPE_NUMBER = 22,
    CF_TYPE_SET = 17,
    CF_TYPE_STRING = 7,
    CF_TYPE_URL = 29,
    CF_TYPE_ERROR = 27,
    CF_TYPE_BUNDLE = 30,
    CF_TYPE_PLUGIN = 31,
    CF_TYPE_PLUGIN_INSTANCE = 32,
    CF_TYPE_UUID = 33,
    CF_TYPE_LOCALE = 34,
    CF_TYPE_DATE = 42,
};

extern const struct cf_class cf_allocator_class, cf_null_class, cf_dictionary_class, cf_array_class,
    cf_data_class, cf_boolean_class, cf_number_class, cf_set_class, cf_string_class, cf_url_class,
    cf_error_class, cf_bundle_class, cf_plugin_instance_class, cf_uuid_class, cf_locale_class,
    cf_date_class;

/* The symbol that clang's CFSTR() literals carry as isa. */
extern int __CFConstantStringClassReference[];

/* Zeroed object of `size` bytes (>= sizeof(struct cf_object)) with one reference, counted as live.
 * NULL only when memory is out. Memory comes from `allocator` (NULL: the default). */
void *cf_object_create(CFAllocatorRef allocator, const struct cf_class *cls, size_t size);

/* The class of any object, literals included; NULL reference or wild isa raises a fault. */
const struct cf_class *cf_object_class(CFTypeRef object);

/* Takes an object out of the live count and makes it immortal (constants made at run time). */
void cf_object_make_immortal(CFTypeRef object);

/* Reports a misuse to the fault handler of halsdk.h. */
void cf_fault(const void *object, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Shared by the property list writer, descriptions and os_log: UTF-8 copy, free() it. */
char *cf_string_copy_utf8(CFStringRef string);

/* Static initialiser for a constant object. */
#define CF_STATIC_OBJECT(cls)                                                                      \
    {                                                                                              \
        .isa = &(cls), .flags = 0, .refcount = CF_IMMORTAL                                         \
    }

#endif
