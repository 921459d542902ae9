/* base64.c */
#include "base64.h"
#include <stdlib.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_encode(const uint8_t *bytes, size_t length) {
    char *text = malloc((length + 2) / 3 * 4 + 1);
    if (text == NULL) {
        return NULL;
    }
    char *out = text;
    for (size_t i = 0; i < length; i += 3) {
        size_t left = length - i;
        uint32_t group = (uint32_t)bytes[i] << 16;
        group |= left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0;
        group |= left > 2 ? (uint32_t)bytes[i + 2] : 0;
        *out++ = alphabet[group >> 18];
        *out++ = alphabet[group >> 12 & 63];
        *out++ = left > 1 ? alphabet[group >> 6 & 63] : '=';
        *out++ = left > 2 ? alphabet[group & 63] : '=';
    }
    *out = '\0';
    return text;
}

static int digit_of(char c) {
    const char *at = c != '\0' ? strchr(alphabet, c) : NULL;
    return at != NULL ? (int)(at - alphabet) : -1;
}

uint8_t *base64_decode(const char *text, size_t length, size_t *out_length) {
    if (length % 4 != 0) {
        return NULL;
    }
    uint8_t *bytes = malloc(length / 4 * 3 + 1);
    if (bytes == NULL) {
        return NULL;
    }
    size_t count = 0;
    for (size_t i = 0; i < length; i += 4) {
        size_t padding = 0;
        if (i + 4 == length) {
            padding = text[i + 2] == '=' && text[i + 3] == '=' ? 2 : text[i + 3] == '=' ? 1 : 0;
        }
        uint32_t group = 0;
        for (size_t k = 0; k < 4; k++) {
            int digit = k >= 4 - padding ? 0 : digit_of(text[i + k]);
            if (digit < 0) {
                free(bytes);
                return NULL;
            }
            group = group << 6 | (uint32_t)digit;
        }
        for (size_t k = 0; k < 3 - padding; k++) {
            bytes[count++] = (uint8_t)(group >> (16 - 8 * k));
        }
    }
    *out_length = count;
    return bytes;
}
