#include "system/text.h"

#include "system/utf8.h"
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

/* Makes room for `length` more bytes and the zero, or for as many as may come. Returns how many. */
static size_t reserve(struct text *text, size_t length) {
    size_t capacity = text->capacity, room = HALSDK_TEXT_LIMIT - 1 - text->length;
    char *bytes;

    if (length > room)
        length = room;
    while (capacity <= text->length + length)
        capacity *= 2;
    if (capacity == text->capacity)
        return length;
    bytes = malloc(capacity);
    if (!bytes)
        return text->capacity - 1 - text->length;
    memcpy(bytes, text->bytes, text->length + 1);
    text_free(text);
    text->bytes = bytes;
    text->capacity = capacity;
    return length;
}

void text_append(struct text *text, const char *bytes, size_t length) {
    size_t fitting = reserve(text, length);

    if (fitting < length)
        fitting = halsdk_utf8_cut(bytes, fitting);
    memcpy(text->bytes + text->length, bytes, fitting);
    text->length += fitting;
    text->bytes[text->length] = '\0';
}

void text_append_string(struct text *text, const char *string) {
    text_append(text, string, strlen(string));
}

void text_append_format(struct text *text, const char *format, ...) {
    va_list args, again;
    int printed;

    va_start(args, format);
    va_copy(again, args);
    printed = vsnprintf(NULL, 0, format, args);
    if (printed > 0) {
        size_t length = (size_t)printed, fitting = reserve(text, length);
        char *end = text->bytes + text->length;

        vsnprintf(end, fitting + 1, format, again);
        if (fitting < length)
            fitting = halsdk_utf8_cut(end, fitting);
        text->length += fitting;
        text->bytes[text->length] = '\0';
    }
    va_end(again);
    va_end(args);
}
