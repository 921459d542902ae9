/* utf8.h - well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing beyond
 * U+10FFFF). Internal. */
#ifndef HALSDK_UTF8_H
#define HALSDK_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Length of the sequence that the `size` bytes begin with, its character in *character (may be
 * NULL). 0 when they begin with none. */
size_t halsdk_utf8_next(const void *bytes, size_t size, uint32_t *character);

/* `length` without the bytes of a sequence that goes on behind it: where text may be cut. */
size_t halsdk_utf8_cut(const char *text, size_t length);

#endif
