/* cf_string_private.h - how strings are stored. Internal to cf_string*.c.
 *
 * A string holds either ASCII bytes ("narrow") or UTF-16 units ("wide"), always followed by a
 * NUL that the length does not count. The first 32 bytes are those of a clang literal.
 */
#ifndef HALSDK_CF_STRING_PRIVATE_H
#define HALSDK_CF_STRING_PRIVATE_H

#include "cf_runtime.h"

enum {
    CF_STRING_MUTABLE = 0x1,  /* a struct cf_string_mutable */
    CF_STRING_EXTERNAL = 0x2, /* a struct cf_string_external */
    CF_STRING_WIDE = 0x10,    /* as in the flags of a literal */
};

struct cf_string {
    struct cf_object base;
    const void *contents;
    CFIndex length; /* units */
};

struct cf_string_mutable {
    struct cf_string string;
    CFIndex capacity; /* units, without the NUL; contents come from the object's allocator */
};

struct cf_string_external {
    struct cf_string string;
    CFAllocatorRef deallocator; /* retained; NULL: the default */
};

/* A borrowed run of units: of a string, or of part of one. One of the pointers is NULL. */
struct cf_view {
    const uint8_t *narrow; /* ASCII only */
    const UniChar *wide;
    CFIndex length;
};

static inline struct cf_view cf_view_of_units(const UniChar *units, CFIndex length) {
    return (struct cf_view){NULL, units, length};
}

static inline UniChar cf_view_at(const struct cf_view *view, CFIndex index) {
    return view->wide ? view->wide[index] : view->narrow[index];
}

static inline struct cf_view cf_view_slice(struct cf_view view, CFIndex start, CFIndex length) {
    if (view.wide) {
        view.wide += start;
    } else {
        view.narrow += start;
    }
    view.length = length;
    return view;
}

bool cf_view_is_ascii(const struct cf_view *view);
void cf_view_copy_units(const struct cf_view *view, UniChar *units);

/* False, after a fault, when `string` is none; *view is then empty. */
bool cf_string_view(CFStringRef string, struct cf_view *view, const char *function);

/* Can `string` be changed? If not, a fault, and false. */
bool cf_string_expect_mutable(CFMutableStringRef string, const char *function);

/* False, after a fault, when the range does not lie within `length`. */
bool cf_range_expect(const void *object, CFRange range, CFIndex length, const char *function);

CFStringRef cf_string_create_from_view(CFAllocatorRef allocator, const struct cf_view *view);

/* Replaces a range of a mutable string (the caller has checked both). `insert` may lie in the
 * string itself. Without memory a fault, and no change. */
void cf_string_splice(CFMutableStringRef string, CFRange range, struct cf_view insert,
                      const char *function);

/* ---- encodings (cf_string_encoding.c) ----------------------------------------------------- */

/* Units that `size` bytes decode to, into `units` (room for `size` units, plus 1); -1 when they are
 * not valid in the encoding or the encoding is not known. */
CFIndex cf_decode(CFStringEncoding encoding, const uint8_t *bytes, CFIndex size, bool external,
                  UniChar *units);

/* Bytes of one character (a scalar, or a surrogate on its own) in the encoding; 0: it has none. */
int cf_encode(CFStringEncoding encoding, uint32_t character, uint8_t bytes[4]);

/* Are ASCII bytes the same in this encoding? */
bool cf_encoding_extends_ascii(CFStringEncoding encoding);

/* The character at *index, which moves past it; an unpaired surrogate is returned as it is. */
uint32_t cf_view_next_character(const struct cf_view *view, CFIndex *index);

/* ---- case (cf_string_case.c) -------------------------------------------------------------- */

UniChar cf_unit_to_lower(UniChar unit);
UniChar cf_unit_to_upper(UniChar unit);

/* ---- comparing (cf_string_compare.c) ------------------------------------------------------ */

Boolean cf_string_equal(CFTypeRef a, CFTypeRef b);
CFHashCode cf_string_hash(CFTypeRef string);

#endif
