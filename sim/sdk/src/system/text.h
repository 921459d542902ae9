/* text.h - a growing string. Short ones stay on the stack of the caller. Internal. */
#ifndef HALSDK_TEXT_H
#define HALSDK_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#define HALSDK_TEXT_LIMIT ((size_t)1 << 20)

struct text {
    char *bytes; /* always ends with a zero that `length` does not count */
    size_t length;
    size_t capacity;
    char inline_bytes[1024];
};

void text_init(struct text *text);
void text_free(struct text *text);

/* What goes beyond HALSDK_TEXT_LIMIT, the zero included, or finds no memory is cut, between two
 * characters. */
void text_append(struct text *text, const char *bytes, size_t length);
void text_append_string(struct text *text, const char *string);
void text_append_format(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
