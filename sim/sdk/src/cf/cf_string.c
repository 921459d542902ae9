/* cf_string.c - the class CFString: making strings, taking views of them, letting them go. */
#define _GNU_SOURCE /* vasprintf() */

#include "cf_intern.h"
#include "cf_string_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- views -------------------------------------------------------------------------------- */

bool cf_view_is_ascii(const struct cf_view *view) {
    for (CFIndex i = 0; view->wide && i < view->length; i++) {
        if (view->wide[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

void cf_view_copy_units(const struct cf_view *view, UniChar *units) {
    if (view->wide) {
        memmove(units, view->wide, (size_t)view->length * sizeof *units);
        return;
    }
    for (CFIndex i = 0; i < view->length; i++) {
        units[i] = view->narrow[i];
    }
}

bool cf_string_view(CFStringRef string, struct cf_view *view, const char *function) {
    if (!cf_object_expect(string, &cf_string_class, function)) {
        *view = (struct cf_view){(const uint8_t *)"", NULL, 0};
        return false;
    }
    const struct cf_string *body = (const void *)string;
    *view = (struct cf_view){.length = body->length};
    if (body->base.flags & CF_STRING_WIDE) {
        view->wide = body->contents;
    } else {
        view->narrow = body->contents;
    }
    return true;
}

bool cf_range_expect(const void *object, CFRange range, CFIndex length, const char *function) {
    if (range.location >= 0 && range.length >= 0 && range.location <= length &&
        range.length <= length - range.location) {
        return true;
    }
    cf_fault(object, "%s: range {%ld, %ld} is outside the length %ld", function, range.location,
             range.length, length);
    return false;
}

/* ---- making ------------------------------------------------------------------------------- */

/* An immutable string with room for its contents behind the header. */
static struct cf_string *create_inline(CFAllocatorRef allocator, CFIndex length, bool wide) {
    size_t unit = wide ? sizeof(UniChar) : 1;
    if ((size_t)length > PTRDIFF_MAX / 4) {
        return NULL;
    }
    struct cf_string *made =
        cf_object_create(allocator, &cf_string_class, sizeof *made + ((size_t)length + 1) * unit);
    if (made) {
        made->base.flags = wide ? CF_STRING_WIDE : 0;
        made->contents = made + 1; /* zeroed, so the NUL is there */
        made->length = length;
    }
    return made;
}

CFStringRef cf_string_create_from_view(CFAllocatorRef allocator, const struct cf_view *view) {
    bool wide = !cf_view_is_ascii(view);
    struct cf_string *made = create_inline(allocator, view->length, wide);
    if (!made) {
        return NULL;
    }
    if (wide) {
        cf_view_copy_units(view, (UniChar *)(made + 1));
    } else {
        uint8_t *bytes = (uint8_t *)(made + 1);
        for (CFIndex i = 0; i < view->length; i++) {
            bytes[i] = (uint8_t)cf_view_at(view, i);
        }
    }
    return (CFStringRef)(const void *)made;
}

static bool all_ascii(const UInt8 *bytes, CFIndex size) {
    UInt8 together = 0;
    for (CFIndex i = 0; i < size; i++) {
        together |= bytes[i];
    }
    return together < 0x80;
}

CFStringRef CFStringCreateWithBytes(CFAllocatorRef alloc, const UInt8 *bytes, CFIndex numBytes,
                                    CFStringEncoding encoding, Boolean isExternalRepresentation) {
    if (numBytes < 0 || (!bytes && numBytes > 0)) {
        cf_fault(bytes, "%s: %ld bytes at %p", __func__, numBytes, (const void *)bytes);
        return NULL;
    }
    if (cf_encoding_extends_ascii(encoding) && all_ascii(bytes, numBytes)) {
        struct cf_string *made = create_inline(alloc, numBytes, false);
        if (made && numBytes > 0) {
            memcpy(made + 1, bytes, (size_t)numBytes);
        }
        return (CFStringRef)(const void *)made;
    }
    /* No encoding needs more units than bytes. */
    UniChar *units = malloc(((size_t)numBytes + 1) * sizeof *units);
    CFIndex count =
        units ? cf_decode(encoding, bytes, numBytes, isExternalRepresentation, units) : -1;
    struct cf_view view = cf_view_of_units(units, count);
    CFStringRef made = count >= 0 ? cf_string_create_from_view(alloc, &view) : NULL;
    free(units);
    return made;
}

CFStringRef CFStringCreateWithCString(CFAllocatorRef alloc, const char *cStr,
                                      CFStringEncoding encoding) {
    if (!cStr) {
        cf_fault(cStr, "%s: the text is NULL", __func__);
        return NULL;
    }
    return CFStringCreateWithBytes(alloc, (const UInt8 *)cStr, (CFIndex)strlen(cStr), encoding,
                                   false);
}

CFStringRef CFStringCreateWithCharacters(CFAllocatorRef alloc, const UniChar *chars,
                                         CFIndex numChars) {
    if (numChars < 0 || (!chars && numChars > 0)) {
        cf_fault(chars, "%s: %ld characters at %p", __func__, numChars, (const void *)chars);
        return NULL;
    }
    static const UniChar none[1];
    struct cf_view view = cf_view_of_units(chars ? chars : none, numChars);
    return cf_string_create_from_view(alloc, &view);
}

CFStringRef CFStringCreateWithSubstring(CFAllocatorRef alloc, CFStringRef str, CFRange range) {
    struct cf_view view;
    if (!cf_string_view(str, &view, __func__) ||
        !cf_range_expect(str, range, view.length, __func__)) {
        return NULL;
    }
    view = cf_view_slice(view, range.location, range.length);
    return cf_string_create_from_view(alloc, &view);
}

CFStringRef CFStringCreateCopy(CFAllocatorRef alloc, CFStringRef theString) {
    struct cf_view view;
    if (!cf_string_view(theString, &view, __func__)) {
        return NULL;
    }
    /* What is external may go away as soon as its owner thinks the original is gone. */
    const struct cf_string *body = (const void *)theString;
    if (!(body->base.flags & (CF_STRING_MUTABLE | CF_STRING_EXTERNAL))) {
        return CFRetain(theString);
    }
    return cf_string_create_from_view(alloc, &view);
}

CFStringRef cf_string_create_printf(const char *format, ...) {
    va_list arguments;
    char *text = NULL;
    va_start(arguments, format);
    int size = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (size < 0) {
        return NULL;
    }
    CFStringRef made = CFStringCreateWithCString(NULL, text, kCFStringEncodingUTF8);
    free(text);
    return made;
}

/* ---- buffers of the caller's -------------------------------------------------------------- */

static CFStringRef create_external(CFAllocatorRef alloc, const void *contents, CFIndex length,
                                   bool wide, CFAllocatorRef deallocator) {
    struct cf_string_external *made = cf_object_create(alloc, &cf_string_class, sizeof *made);
    if (made) {
        made->string.base.flags = CF_STRING_EXTERNAL | (wide ? CF_STRING_WIDE : 0u);
        made->string.contents = contents;
        made->string.length = length;
        made->deallocator = CFRetain(deallocator ? deallocator : CFAllocatorGetDefault());
    }
    return (CFStringRef)(const void *)made;
}

/* `has_nul`: a NUL follows the bytes, so that they can serve CFStringGetCStringPtr(). */
static CFStringRef create_no_copy(CFAllocatorRef alloc, const UInt8 *bytes, CFIndex size,
                                  CFStringEncoding encoding, bool external, bool has_nul,
                                  CFAllocatorRef deallocator) {
    if (has_nul && cf_encoding_extends_ascii(encoding) && all_ascii(bytes, size)) {
        return create_external(alloc, bytes, size, false, deallocator);
    }
    CFStringRef made = CFStringCreateWithBytes(alloc, bytes, size, encoding, external);
    if (made) {
        CFAllocatorDeallocate(deallocator, (void *)(uintptr_t)bytes);
    }
    return made;
}

CFStringRef CFStringCreateWithBytesNoCopy(CFAllocatorRef alloc, const UInt8 *bytes,
                                          CFIndex numBytes, CFStringEncoding encoding,
                                          Boolean isExternalRepresentation,
                                          CFAllocatorRef contentsDeallocator) {
    return create_no_copy(alloc, bytes, numBytes, encoding, isExternalRepresentation, false,
                          contentsDeallocator);
}

CFStringRef CFStringCreateWithCStringNoCopy(CFAllocatorRef alloc, const char *cStr,
                                            CFStringEncoding encoding,
                                            CFAllocatorRef contentsDeallocator) {
    if (!cStr) {
        cf_fault(cStr, "%s: the text is NULL", __func__);
        return NULL;
    }
    return create_no_copy(alloc, (const UInt8 *)cStr, (CFIndex)strlen(cStr), encoding, false, true,
                          contentsDeallocator);
}

CFStringRef CFStringCreateWithCharactersNoCopy(CFAllocatorRef alloc, const UniChar *chars,
                                               CFIndex numChars,
                                               CFAllocatorRef contentsDeallocator) {
    if (numChars < 0 || !chars) {
        cf_fault(chars, "%s: %ld characters at %p", __func__, numChars, (const void *)chars);
        return NULL;
    }
    return create_external(alloc, chars, numChars, true, contentsDeallocator);
}

/* ---- literals ----------------------------------------------------------------------------- */

static CFTypeRef make_literal(const void *key, size_t size) {
    CFIndex length = (CFIndex)size;
    CFStringRef made =
        CFStringCreateWithBytes(kCFAllocatorMalloc, key, length, kCFStringEncodingUTF8, false);
    if (!made) { /* a literal is always something: take its bytes as they come */
        made = CFStringCreateWithBytes(kCFAllocatorMalloc, key, length, kCFStringEncodingMacRoman,
                                       false);
    }
    if (made) {
        cf_object_make_immortal(made);
    }
    return made;
}

CFStringRef __CFStringMakeConstantString(const char *cStr) {
    static struct cf_intern_table literals = CF_INTERN_TABLE(make_literal);
    return cf_intern(&literals, cStr, strlen(cStr));
}

/* ---- the class ---------------------------------------------------------------------------- */

CFTypeID CFStringGetTypeID(void) {
    return CF_TYPE_STRING;
}

static void string_finalize(CFTypeRef object) {
    const struct cf_string *body = object;
    void *contents = (void *)(uintptr_t)body->contents;
    if (body->base.flags & CF_STRING_MUTABLE) {
        if (((const struct cf_string_mutable *)object)->capacity > 0) {
            CFAllocatorDeallocate(CFGetAllocator(object), contents);
        }
    } else if (body->base.flags & CF_STRING_EXTERNAL) {
        CFAllocatorRef deallocator = ((const struct cf_string_external *)object)->deallocator;
        CFAllocatorDeallocate(deallocator, contents);
        CFRelease(deallocator);
    }
}

static CFStringRef string_copy_description(CFTypeRef object) {
    char *text = cf_string_copy_utf8(object, NULL);
    CFStringRef made =
        cf_string_create_printf("<CFString %p>{contents = \"%s\"}", object, text ? text : "");
    free(text);
    return made;
}

static CFStringRef string_copy_format(CFTypeRef object) {
    return CFStringCreateCopy(NULL, object);
}

const struct cf_class cf_string_class = {
    .name = "CFString",
    .type_id = CF_TYPE_STRING,
    .finalize = string_finalize,
    .equal = cf_string_equal,
    .hash = cf_string_hash,
    .copy_description = string_copy_description,
    .copy_format = string_copy_format,
};
