/* cf_uuid.c - UUIDs. */
#include "cf_intern.h"
#include "cf_runtime.h"

#include <CoreFoundation/CFUUID.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct cf_uuid {
    struct cf_object base;
    CFUUIDBytes bytes;
};

_Static_assert(sizeof(CFUUIDBytes) == 16, "passed by value in two registers");

CFTypeID CFUUIDGetTypeID(void) {
    return CF_TYPE_UUID;
}

CFUUIDRef CFUUIDCreateFromUUIDBytes(CFAllocatorRef alloc, CFUUIDBytes bytes) {
    struct cf_uuid *made = cf_object_create(alloc, &cf_uuid_class, sizeof *made);
    if (made) {
        made->bytes = bytes;
    }
    return (CFUUIDRef)(const void *)made;
}

CFUUIDRef CFUUIDCreate(CFAllocatorRef alloc) {
    CFUUIDBytes bytes;
    ssize_t got;
    do {
        got = getrandom(&bytes, sizeof bytes, 0);
    } while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof bytes) {
        return NULL;
    }
    bytes.byte6 = (UInt8)(0x40 | (bytes.byte6 & 0x0F)); /* version 4: random */
    bytes.byte8 = (UInt8)(0x80 | (bytes.byte8 & 0x3F)); /* the variant of RFC 4122 */
    return CFUUIDCreateFromUUIDBytes(alloc, bytes);
}

CFUUIDBytes CFUUIDGetUUIDBytes(CFUUIDRef uuid) {
    static const CFUUIDBytes none;
    return cf_object_expect(uuid, &cf_uuid_class, __func__)
               ? ((const struct cf_uuid *)(const void *)uuid)->bytes
               : none;
}

/* ---- text --------------------------------------------------------------------------------- */

static int hex_value(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static bool parse(const char *text, CFUUIDBytes *uuid) {
    UInt8 bytes[sizeof *uuid] = {0};
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (strlen(text) != sizeof shape - 1) {
        return false;
    }
    int digits = 0;
    for (size_t i = 0; i < sizeof shape - 1; i++) {
        int value = hex_value(text[i]);
        if (shape[i] == '-' ? text[i] != '-' : value < 0) {
            return false;
        }
        if (shape[i] == 'x') {
            bytes[digits / 2] = (UInt8)(bytes[digits / 2] << 4 | value);
            digits++;
        }
    }
    memcpy(uuid, bytes, sizeof bytes);
    return true;
}

CFUUIDRef CFUUIDCreateFromString(CFAllocatorRef alloc, CFStringRef uuidStr) {
    if (!uuidStr) {
        return NULL;
    }
    CFUUIDBytes bytes;
    char *text = cf_string_copy_name(uuidStr, NULL);
    bool valid = text && parse(text, &bytes);
    free(text);
    return valid ? CFUUIDCreateFromUUIDBytes(alloc, bytes) : NULL;
}

CFStringRef CFUUIDCreateString(CFAllocatorRef alloc, CFUUIDRef uuid) {
    CFUUIDBytes b = CFUUIDGetUUIDBytes(uuid);
    return CFStringCreateWithFormat(
        alloc, NULL, CFSTR("%02X%02X%02X%02X-%02X%02X-%02X%02X-%02X%02X-%02X%02X%02X%02X%02X%02X"),
        b.byte0, b.byte1, b.byte2, b.byte3, b.byte4, b.byte5, b.byte6, b.byte7, b.byte8, b.byte9,
        b.byte10, b.byte11, b.byte12, b.byte13, b.byte14, b.byte15);
}

/* ---- from sixteen arguments --------------------------------------------------------------- */

#define SIXTEEN_BYTES                                                                              \
    UInt8 byte0, UInt8 byte1, UInt8 byte2, UInt8 byte3, UInt8 byte4, UInt8 byte5, UInt8 byte6,     \
        UInt8 byte7, UInt8 byte8, UInt8 byte9, UInt8 byte10, UInt8 byte11, UInt8 byte12,           \
        UInt8 byte13, UInt8 byte14, UInt8 byte15
#define THE_BYTES                                                                                  \
    {                                                                                              \
        byte0, byte1, byte2, byte3, byte4, byte5, byte6, byte7, byte8, byte9, byte10, byte11,      \
            byte12, byte13, byte14, byte15                                                         \
    }

CFUUIDRef CFUUIDCreateWithBytes(CFAllocatorRef alloc, SIXTEEN_BYTES) {
    CFUUIDBytes bytes = THE_BYTES;
    return CFUUIDCreateFromUUIDBytes(alloc, bytes);
}

static CFTypeRef make_constant(const void *key, size_t size) {
    CFUUIDBytes bytes;
    memcpy(&bytes, key, size);
    CFUUIDRef made = CFUUIDCreateFromUUIDBytes(kCFAllocatorMalloc, bytes);
    if (made) {
        cf_object_make_immortal(made);
    }
    return made;
}

CFUUIDRef CFUUIDGetConstantUUIDWithBytes(CFAllocatorRef alloc, SIXTEEN_BYTES) {
    (void)alloc; /* a constant outlives any allocator of a driver's */
    static struct cf_intern_table constants = CF_INTERN_TABLE(make_constant);
    CFUUIDBytes bytes = THE_BYTES;
    return cf_intern(&constants, &bytes, sizeof bytes);
}

/* ---- the class ---------------------------------------------------------------------------- */

static Boolean uuid_equal(CFTypeRef a, CFTypeRef b) {
    return memcmp(&((const struct cf_uuid *)a)->bytes, &((const struct cf_uuid *)b)->bytes, 16) ==
           0;
}

static CFHashCode uuid_hash(CFTypeRef object) {
    return cf_hash_bytes(&((const struct cf_uuid *)object)->bytes, 16);
}

static CFStringRef uuid_copy_description(CFTypeRef object) {
    CFStringRef digits = CFUUIDCreateString(NULL, object);
    CFStringRef text =
        CFStringCreateWithFormat(NULL, NULL, CFSTR("<CFUUID %p> %@"), object, digits);
    if (digits) {
        CFRelease(digits);
    }
    return text;
}

const struct cf_class cf_uuid_class = {
    .name = "CFUUID",
    .type_id = CF_TYPE_UUID,
    .equal = uuid_equal,
    .hash = uuid_hash,
    .copy_description = uuid_copy_description,
};
