/* cf_runtime.h - the object model behind our CoreFoundation. Internal to sim/sdk.
 *
 * Every CFTypeRef points at a struct cf_object. Its first two words have the layout that clang
 * emits for CFSTR() literals ({isa, flags, characters, length} in section "cfstring"), so that one
 * test of `isa` tells a literal from an object of the heap.
 *
 * A class is a constant, declared below: all of them sit in one section of the library, so that two
 * comparisons tell whether an `isa` is one.
 */
#ifndef HALSDK_CF_RUNTIME_H
#define HALSDK_CF_RUNTIME_H

#include <CoreFoundation/CFBase.h>
#include <CoreFoundation/CFString.h>
#include <locale.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_class;

struct cf_object {
    const void *isa;           /* a struct cf_class, or &__CFConstantStringClassReference */
    uint32_t flags;            /* free for the class; 0x7C8 or 0x7D0 in a literal */
    _Atomic uint32_t refcount; /* CF_IMMORTAL is never released; padding in a literal */
};

#define CF_IMMORTAL UINT32_MAX
/* While its finalizer runs, an object may be retained and released to no effect. */
#define CF_DYING    (UINT32_MAX - 1)

/* What a class does. NULL members fall back to identity (equal, hash) or do nothing (finalize). */
struct cf_class {
    const char *name; /* "CFString" */
    CFTypeID type_id; /* CF_TYPE_* below */
    void (*finalize)(CFTypeRef object);
    Boolean (*equal)(CFTypeRef a, CFTypeRef b); /* both are of this class */
    CFHashCode (*hash)(CFTypeRef object);
    CFStringRef (*copy_description)(CFTypeRef object);
    CFStringRef (*copy_format)(CFTypeRef object); /* what %@ prints; NULL: the description */
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
    CF_TYPE_COUNT
};

/* The attribute carries over to the definition, which needs nothing of its own. */
#define CF_CLASS_SECTION __attribute__((section("cf_classes")))

extern const struct cf_class cf_allocator_class CF_CLASS_SECTION, cf_null_class CF_CLASS_SECTION,
    cf_dictionary_class CF_CLASS_SECTION, cf_array_class CF_CLASS_SECTION,
    cf_data_class CF_CLASS_SECTION, cf_boolean_class CF_CLASS_SECTION,
    cf_number_class CF_CLASS_SECTION, cf_set_class CF_CLASS_SECTION,
    cf_string_class CF_CLASS_SECTION, cf_url_class CF_CLASS_SECTION,
    cf_error_class CF_CLASS_SECTION, cf_bundle_class CF_CLASS_SECTION,
    cf_plugin_instance_class CF_CLASS_SECTION, cf_uuid_class CF_CLASS_SECTION,
    cf_locale_class CF_CLASS_SECTION, cf_date_class CF_CLASS_SECTION;

/* The symbol that clang's CFSTR() literals carry as isa. */
extern int __CFConstantStringClassReference[];

/* Zeroed object of `size` bytes (>= sizeof(struct cf_object)) with one reference, counted as live.
 * NULL only when memory is out. Memory comes from `allocator` (NULL: the default). */
void *cf_object_create(CFAllocatorRef allocator, const struct cf_class *cls, size_t size);

/* The class of any object, literals included; NULL reference or wild isa raises a fault, and the
 * result is NULL should the fault handler return. */
const struct cf_class *cf_object_class(CFTypeRef object);

/* Takes an object out of the live count and makes it immortal (constants made at run time). */
void cf_object_make_immortal(CFTypeRef object);

/* Is `object` of this class? If not, a fault says so in the name of `function` (use __func__), and
 * the result is false should the fault handler return. */
static inline bool cf_object_expect(CFTypeRef object, const struct cf_class *cls,
                                    const char *function);

/* What %@ and CFShow() print of an object; "(null)" for NULL. */
CFStringRef cf_object_copy_format(CFTypeRef object);

/* "CFString"; NULL for a number that is no type ID. */
const char *cf_type_name(CFTypeID type_id);

/* Live counts by type ID. */
void cf_live_count_add(CFTypeID type_id, ptrdiff_t delta);

/* Reports a misuse to the fault handler of halsdk.h. */
void cf_fault(const void *object, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* UTF-8 to be shown or escaped, free() it; NULL when memory is out. It may hold NULs: its length
 * goes to `length` (may be NULL). Half a surrogate pair becomes U+FFFD. */
char *cf_string_copy_utf8(CFStringRef string, size_t *length);

/* UTF-8 that names something, for C functions, free() it. NULL when C cannot hold exactly that
 * string: *flaw (may be NULL) becomes what is in the way, "a NUL character"; or when memory is out.
 */
char *cf_string_copy_name(CFStringRef string, const char **flaw);

/* "C" with UTF-8's encoding and case tables: what setlocale() says must not change what a driver
 * sees, nor what it writes. For uselocale(). */
locale_t cf_runtime_locale(void);

/* A string from printf's UTF-8 output; NULL only when memory is out. */
CFStringRef cf_string_create_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Static initialiser for a constant object. */
#define CF_STATIC_OBJECT(cls)                                                                      \
    { .isa = &(cls), .flags = 0, .refcount = CF_IMMORTAL }

/* The slow half of cf_object_expect(). */
bool cf_object_reject(CFTypeRef object, const struct cf_class *cls, const char *function);

static inline bool cf_object_expect(CFTypeRef object, const struct cf_class *cls,
                                    const char *function) {
    /* What is not aligned or lies in the first page is no address: do not even look. */
    uintptr_t address = (uintptr_t)object;
    if (address >= 4096 && address % sizeof(void *) == 0) {
        const void *isa = ((const struct cf_object *)object)->isa;
        if (isa == cls || (isa == __CFConstantStringClassReference && cls == &cf_string_class)) {
            return true;
        }
    }
    return cf_object_reject(object, cls, function);
}

#endif
