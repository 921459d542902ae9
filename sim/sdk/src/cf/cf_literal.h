/* cf_literal.h - constant strings at file scope, for compilers with and without CFSTR() there.
 *
 * gcc cannot lay out a CFSTR() at compile time, so a global such as kCFErrorDomainPOSIX spells out
 * what clang would emit (the layout is described in cf_runtime.h).
 */
#ifndef HALSDK_CF_LITERAL_H
#define HALSDK_CF_LITERAL_H

#include "cf_runtime.h"

struct cf_literal {
    const void *isa;
    uint32_t flags;
    const char *bytes;
    long length;
};

/* Defines the global CFStringRef `name` with the ASCII text `text`. */
#define CF_LITERAL(name, text)                                                                     \
    static const struct cf_literal name##_literal = {                                              \
        __CFConstantStringClassReference,                                                          \
        0x7C8,                                                                                     \
        text,                                                                                      \
        sizeof(text) - 1,                                                                          \
    };                                                                                             \
    const CFStringRef name = (CFStringRef)(const void *)&name##_literal

#endif
