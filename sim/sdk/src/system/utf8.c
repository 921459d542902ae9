#include "system/utf8.h"

#include <stdbool.h>

static bool continues(uint8_t byte) {
    return (byte & 0xC0) == 0x80;
}

/* As the first byte says. */
static size_t sequence_length(uint8_t first) {
    return first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
}

size_t halsdk_utf8_next(const void *memory, size_t size, uint32_t *character) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const uint8_t *bytes = memory;
    size_t length;
    uint32_t value;

    if (size == 0)
        return 0;
    if (bytes[0] < 0x80) {
        length = 1;
        value = bytes[0];
    } else {
        length = sequence_length(bytes[0]);
        if (bytes[0] < 0xC2 || bytes[0] > 0xF4 || size < length)
            return 0;
        value = bytes[0] & (0x7Fu >> length);
        for (size_t i = 1; i < length; i++) {
            if (!continues(bytes[i]))
                return 0;
            value = value << 6 | (bytes[i] & 0x3Fu);
        }
        if (value < least[length] || value > 0x10FFFF || (value & 0xFFFFF800u) == 0xD800u)
            return 0;
    }
    if (character)
        *character = value;
    return length;
}

size_t halsdk_utf8_cut(const char *text, size_t length) {
    const uint8_t *bytes = (const uint8_t *)text;
    size_t behind = 0; /* bytes that may belong to a sequence which begins before them */

    while (behind < 3 && behind < length && continues(bytes[length - 1 - behind]))
        behind++;
    if (behind < length && sequence_length(bytes[length - 1 - behind]) > behind + 1)
        return length - 1 - behind;
    return length;
}
