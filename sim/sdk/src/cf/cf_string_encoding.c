/* cf_string_encoding.c - bytes to UTF-16 units and back. */
#include "cf_string_private.h"
#include "system/utf8.h"

#include <string.h>

/* The upper halves of the two code pages that are not simply Latin-1; 0 is undefined. */
static const UniChar mac_roman[128] = {
    0x00C4, 0x00C5, 0x00C7, 0x00C9, 0x00D1, 0x00D6, 0x00DC, 0x00E1, 0x00E0, 0x00E2, 0x00E4, 0x00E3,
    0x00E5, 0x00E7, 0x00E9, 0x00E8, 0x00EA, 0x00EB, 0x00ED, 0x00EC, 0x00EE, 0x00EF, 0x00F1, 0x00F3,
    0x00F2, 0x00F4, 0x00F6, 0x00F5, 0x00FA, 0x00F9, 0x00FB, 0x00FC, 0x2020, 0x00B0, 0x00A2, 0x00A3,
    0x00A7, 0x2022, 0x00B6, 0x00DF, 0x00AE, 0x00A9, 0x2122, 0x00B4, 0x00A8, 0x2260, 0x00C6, 0x00D8,
    0x221E, 0x00B1, 0x2264, 0x2265, 0x00A5, 0x00B5, 0x2202, 0x2211, 0x220F, 0x03C0, 0x222B, 0x00AA,
    0x00BA, 0x03A9, 0x00E6, 0x00F8, 0x00BF, 0x00A1, 0x00AC, 0x221A, 0x0192, 0x2248, 0x2206, 0x00AB,
    0x00BB, 0x2026, 0x00A0, 0x00C0, 0x00C3, 0x00D5, 0x0152, 0x0153, 0x2013, 0x2014, 0x201C, 0x201D,
    0x2018, 0x2019, 0x00F7, 0x25CA, 0x00FF, 0x0178, 0x2044, 0x20AC, 0x2039, 0x203A, 0xFB01, 0xFB02,
    0x2021, 0x00B7, 0x201A, 0x201E, 0x2030, 0x00C2, 0x00CA, 0x00C1, 0x00CB, 0x00C8, 0x00CD, 0x00CE,
    0x00CF, 0x00CC, 0x00D3, 0x00D4, 0xF8FF, 0x00D2, 0x00DA, 0x00DB, 0x00D9, 0x0131, 0x02C6, 0x02DC,
    0x00AF, 0x02D8, 0x02D9, 0x02DA, 0x00B8, 0x02DD, 0x02DB, 0x02C7,
};

static const UniChar windows_latin1[32] = {
    0x20AC, 0x0000, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x0000, 0x017D, 0x0000, 0x0000, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x0000, 0x017E, 0x0178,
};

static bool is_surrogate(uint32_t character) {
    return (character & 0xFFFFF800u) == 0xD800u;
}

bool cf_encoding_extends_ascii(CFStringEncoding encoding) {
    switch (encoding) {
    case kCFStringEncodingUTF8:
    case kCFStringEncodingASCII:
    case kCFStringEncodingMacRoman:
    case kCFStringEncodingISOLatin1:
    case kCFStringEncodingWindowsLatin1:
        return true;
    default:
        return false;
    }
}

/* ---- decoding ----------------------------------------------------------------------------- */

static CFIndex put(UniChar *units, CFIndex count, uint32_t character) {
    return count + (CFStringGetSurrogatePairForLongCharacter(character, units + count) ? 2 : 1);
}

static CFIndex decode_utf8(const uint8_t *bytes, CFIndex size, bool external, UniChar *units) {
    CFIndex count = 0, at = 0;
    if (external && size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) {
        at = 3;
    }
    while (at < size) {
        uint32_t character;
        size_t length = halsdk_utf8_next(bytes + at, (size_t)(size - at), &character);
        if (length == 0) {
            return -1;
        }
        count = put(units, count, character);
        at += (CFIndex)length;
    }
    return count;
}

static CFIndex decode_8bit(CFStringEncoding encoding, const uint8_t *bytes, CFIndex size,
                           UniChar *units) {
    for (CFIndex i = 0; i < size; i++) {
        uint8_t byte = bytes[i];
        units[i] = byte;
        if (byte < 0x80) {
            continue;
        }
        if (encoding == kCFStringEncodingASCII) {
            return -1;
        }
        if (encoding == kCFStringEncodingMacRoman) {
            units[i] = mac_roman[byte - 0x80];
        } else if (encoding == kCFStringEncodingWindowsLatin1 && byte < 0xA0) {
            units[i] = windows_latin1[byte - 0x80];
        }
        if (units[i] == 0) {
            return -1;
        }
    }
    return size;
}

static uint32_t load(const uint8_t *bytes, int width, bool big_endian) {
    uint32_t value = 0;
    for (int i = 0; i < width; i++) {
        value = value << 8 | bytes[big_endian ? i : width - 1 - i];
    }
    return value;
}

static const bool host_is_big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;

/* UTF-16 (width 2) and UTF-32 (width 4). `fixed`: the encoding names its byte order. */
static CFIndex decode_wide(int width, bool fixed, bool big_endian, const uint8_t *bytes,
                           CFIndex size, bool external, UniChar *units) {
    CFIndex at = 0, count = 0;
    if (!fixed) {
        big_endian = host_is_big_endian;
        if (external) {
            bool marked_big = size >= width && load(bytes, width, true) == 0xFEFF;
            bool marked_little = size >= width && load(bytes, width, false) == 0xFEFF;
            big_endian = !marked_little;
            at = marked_big || marked_little ? width : 0;
        }
    }
    /* A cut-off last unit is ignored. */
    for (; at + width <= size; at += width) {
        uint32_t value = load(bytes + at, width, big_endian);
        if (width == 4 && (value > 0x10FFFF || is_surrogate(value))) {
            return -1;
        }
        count = put(units, count, value);
    }
    return count;
}

CFIndex cf_decode(CFStringEncoding encoding, const uint8_t *bytes, CFIndex size, bool external,
                  UniChar *units) {
    switch (encoding) {
    case kCFStringEncodingUTF8:
        return decode_utf8(bytes, size, external, units);
    case kCFStringEncodingASCII:
    case kCFStringEncodingMacRoman:
    case kCFStringEncodingISOLatin1:
    case kCFStringEncodingWindowsLatin1:
        return decode_8bit(encoding, bytes, size, units);
    case kCFStringEncodingUTF16:
        return decode_wide(2, false, false, bytes, size, external, units);
    case kCFStringEncodingUTF16BE:
        return decode_wide(2, true, true, bytes, size, external, units);
    case kCFStringEncodingUTF16LE:
        return decode_wide(2, true, false, bytes, size, external, units);
    case kCFStringEncodingUTF32:
        return decode_wide(4, false, false, bytes, size, external, units);
    case kCFStringEncodingUTF32BE:
        return decode_wide(4, true, true, bytes, size, external, units);
    case kCFStringEncodingUTF32LE:
        return decode_wide(4, true, false, bytes, size, external, units);
    default:
        return -1;
    }
}

/* ---- encoding ----------------------------------------------------------------------------- */

static int encode_utf8(uint32_t character, uint8_t bytes[4]) {
    if (character < 0x80) {
        bytes[0] = (uint8_t)character;
        return 1;
    }
    if (is_surrogate(character)) {
        return 0;
    }
    int more = character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
    static const uint8_t lead[] = {0, 0xC0, 0xE0, 0xF0};
    bytes[0] = (uint8_t)(lead[more] | character >> (6 * more));
    for (int i = 1; i <= more; i++) {
        bytes[i] = (uint8_t)(0x80u | (character >> (6 * (more - i)) & 0x3Fu));
    }
    return more + 1;
}

/* The byte that `table` has for the character, whose first entry stands for byte 0x80; 0: none. */
static int encode_by_table(const UniChar *table, int size, uint32_t character, uint8_t *byte) {
    for (int i = 0; i < size; i++) {
        if (table[i] == character) {
            *byte = (uint8_t)(0x80 + i);
            return 1;
        }
    }
    return 0;
}

static void store(uint8_t *bytes, int width, bool big_endian, uint32_t value) {
    for (int i = 0; i < width; i++) {
        bytes[big_endian ? width - 1 - i : i] = (uint8_t)(value >> (8 * i));
    }
}

static int encode_utf16(uint32_t character, bool big_endian, uint8_t bytes[4]) {
    UniChar units[2];
    int count = CFStringGetSurrogatePairForLongCharacter(character, units) ? 2 : 1;
    for (int i = 0; i < count; i++) {
        store(bytes + 2 * i, 2, big_endian, units[i]);
    }
    return 2 * count;
}

static int encode_utf32(uint32_t character, bool big_endian, uint8_t bytes[4]) {
    if (is_surrogate(character)) {
        return 0;
    }
    store(bytes, 4, big_endian, character);
    return 4;
}

int cf_encode(CFStringEncoding encoding, uint32_t character, uint8_t bytes[4]) {
    if (cf_encoding_extends_ascii(encoding) && character < 0x80) {
        bytes[0] = (uint8_t)character;
        return 1;
    }
    switch (encoding) {
    case kCFStringEncodingUTF8:
        return encode_utf8(character, bytes);
    case kCFStringEncodingMacRoman:
        return encode_by_table(mac_roman, 128, character, bytes);
    case kCFStringEncodingWindowsLatin1:
        if (character < 0xA0 || character > 0xFF) {
            return encode_by_table(windows_latin1, 32, character, bytes);
        }
        bytes[0] = (uint8_t)character;
        return 1;
    case kCFStringEncodingISOLatin1:
        bytes[0] = (uint8_t)character;
        return character <= 0xFF;
    case kCFStringEncodingUTF16:
        return encode_utf16(character, host_is_big_endian, bytes);
    case kCFStringEncodingUTF16BE:
        return encode_utf16(character, true, bytes);
    case kCFStringEncodingUTF16LE:
        return encode_utf16(character, false, bytes);
    case kCFStringEncodingUTF32:
        return encode_utf32(character, host_is_big_endian, bytes);
    case kCFStringEncodingUTF32BE:
        return encode_utf32(character, true, bytes);
    case kCFStringEncodingUTF32LE:
        return encode_utf32(character, false, bytes);
    default:
        return 0;
    }
}

uint32_t cf_view_next_character(const struct cf_view *view, CFIndex *index) {
    UniChar unit = cf_view_at(view, (*index)++);
    if (CFStringIsSurrogateHighCharacter(unit) && *index < view->length) {
        UniChar low = cf_view_at(view, *index);
        if (CFStringIsSurrogateLowCharacter(low)) {
            (*index)++;
            return CFStringGetLongCharacterForSurrogatePair(unit, low);
        }
    }
    return unit;
}
