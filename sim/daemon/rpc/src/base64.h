/* base64.h - RFC 4648, with padding. */
#ifndef HALRPC_BASE64_H
#define HALRPC_BASE64_H

#include <stddef.h>
#include <stdint.h>

/* Returns a NUL-terminated string for free(), NULL when memory is out. */
char *base64_encode(const uint8_t *bytes, size_t length);
/* Returns the bytes for free() (never NULL for an empty text), NULL when the text is not base64. */
uint8_t *base64_decode(const char *text, size_t length, size_t *out_length);

#endif
