#include "system/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_init(struct text *text) {
    text->bytes = text->inline_bytes;
    text->length = 0;
    text->capacity = sizeof text->inline_bytes;
    text->bytes[0] = '\0';
}

void text_free(struct text *text) {
    if (text->bytes != text->inline_bytes)
        free(text->bytes);
}

/* Room for `length` more bytes and the zero. */
static bool reserve(struct text *text, size_t length) {
    size_t capacity = text->capacity;
    char *bytes;

    if (length >= HALSDK_TEXT_LIMIT - text->length)
        return false;
    while (capacity <= text->length + length)
        capacity *= 2;
    if (capacity == text->capacity)
        return true;
    bytes = malloc(capacity);
    if (!bytes)
        return false;
    memcpy(bytes, text->bytes, text->length + 1);
    text_free(text);
    text->bytes = bytes;
    text->capacity = capacity;
    return true;
}

void text_append(struct text *text, const char *bytes, size_t length) {
    if (!reserve(text, length)) {
        length = text->capacity - text->length - 1;
        if (length == 0)
            return;
    }
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length] = '\0';
}

void text_append_string(struct text *text, const char *string) {
    text_append(text, string, strlen(string));
}

void text_append_format(struct text *text, const char *format, ...) {
    va_list args, again;
    int length;

    va_start(args, format);
    va_copy(again, args);
    length = vsnprintf(NULL, 0, format, args);
    if (length > 0 && reserve(text, (size_t)length)) {
        vsnprintf(text->bytes + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
    va_end(args);
}
