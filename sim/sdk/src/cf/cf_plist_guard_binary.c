/* cf_plist_guard_binary.c - walks the object graph of a binary property list before libplist does.
 *
 * libplist follows references recursively and copies an object for each of them: a chain of arrays
 * overflows its stack, and ten arrays of ten references each to the next make ten thousand million
 * copies. So the walk here keeps its own stack, visits an object once, and adds up what the copies
 * would come to. And libplist asserts that no key holds a NUL.
 *
 * Layout: "bplist00", objects, table of their offsets, trailer of 32 bytes {5 unused, 1 sort
 * version, size of an offset, size of a reference, number of objects, index of the root, offset of
 * the table}; big-endian throughout. An object starts with a byte of type (high half) and size.
 */
#include "cf_plist_private.h"

#include <stdlib.h>
#include <string.h>

enum {
    HEADER_BYTES = 8,
    TRAILER_BYTES = 32
};

/* Strings and data are copied as often as values are. */
static const uint64_t MAX_COPIED_BYTES = 4 * (uint64_t)CF_PLIST_MAX_BYTES;

struct object {
    uint64_t values; /* it and all below, counted as often as referred to; 0: not visited yet */
    uint64_t bytes;  /* of strings and data, likewise */
    uint64_t first;  /* offset of the first reference */
    uint32_t references;
    uint16_t height; /* levels below */
    bool open;       /* the walk is inside of it */
    bool is_dictionary;
    bool has_nul; /* a string with a NUL character in it */
};

struct walk {
    const unsigned char *bytes;
    uint64_t count, root, table, offset_size, reference_size;
    struct object *objects;
    uint64_t scanned_bytes; /* of strings and data: they may overlap */
    struct cf_plist_reason *reason;
};

static uint64_t big_endian(const unsigned char *at, uint64_t size) {
    uint64_t value = 0;
    for (uint64_t i = 0; i < size; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

#define FAIL(walk, ...) cf_plist_fail((walk)->reason, kCFPropertyListReadCorruptError, __VA_ARGS__)

static bool read_trailer(struct walk *walk, size_t length) {
    if (length < HEADER_BYTES + TRAILER_BYTES) {
        return FAIL(walk, "%zu bytes are too few for a binary property list", length);
    }
    uint64_t end = length - TRAILER_BYTES;
    const unsigned char *trailer = walk->bytes + end;
    walk->offset_size = trailer[6];
    walk->reference_size = trailer[7];
    walk->count = big_endian(trailer + 8, 8);
    walk->root = big_endian(trailer + 16, 8);
    walk->table = big_endian(trailer + 24, 8);
    if (walk->offset_size < 1 || walk->offset_size > 8 || walk->reference_size < 1 ||
        walk->reference_size > 8) {
        return FAIL(
            walk, "the trailer speaks of offsets of %llu and references of %llu bytes (truncated?)",
            (unsigned long long)walk->offset_size, (unsigned long long)walk->reference_size);
    }
    if (walk->table < HEADER_BYTES || walk->table > end || walk->count < 1 ||
        walk->count > (end - walk->table) / walk->offset_size) {
        return FAIL(walk, "the table of %llu offsets at byte %llu does not fit (truncated?)",
                    (unsigned long long)walk->count, (unsigned long long)walk->table);
    }
    if (walk->count > CF_PLIST_MAX_VALUES) {
        return FAIL(walk, "%llu objects are more than the %d that are read",
                    (unsigned long long)walk->count, CF_PLIST_MAX_VALUES);
    }
    if (walk->root >= walk->count) {
        return FAIL(walk, "the root is object %llu of %llu", (unsigned long long)walk->root,
                    (unsigned long long)walk->count);
    }
    return true;
}

/* The size of an object, which may follow as an integer object of its own. Moves `at` past it. */
static bool read_size(struct walk *walk, uint64_t index, uint64_t *at, uint64_t *size) {
    *size = walk->bytes[*at] & 0xFu;
    *at += 1;
    if (*size < 0xF) {
        return true;
    }
    unsigned marker = *at < walk->table ? walk->bytes[*at] : 0;
    uint64_t width = UINT64_C(1) << (marker & 0xFu);
    if (marker >> 4 != 1 || width > 8 || width > walk->table - *at - 1) {
        return FAIL(walk, "object %llu at byte %llu has no proper size", (unsigned long long)index,
                    (unsigned long long)*at);
    }
    *size = big_endian(walk->bytes + *at + 1, width);
    *at += 1 + width;
    return true;
}

static bool has_nul(const unsigned char *bytes, uint64_t size, uint64_t unit) {
    for (uint64_t i = 0; i < size; i++) {
        if (unit == 1 ? bytes[i] == 0 : bytes[2 * i] == 0 && bytes[2 * i + 1] == 0) {
            return true;
        }
    }
    return false;
}

/* Checks the extent of an object and notes its references. */
static bool enter(struct walk *walk, uint64_t index) {
    struct object *object = &walk->objects[index];
    uint64_t at =
        big_endian(walk->bytes + walk->table + index * walk->offset_size, walk->offset_size);
    if (at < HEADER_BYTES || at >= walk->table) {
        return FAIL(walk, "object %llu is at byte %llu, outside of the objects",
                    (unsigned long long)index, (unsigned long long)at);
    }
    unsigned type = walk->bytes[at] >> 4;
    unsigned low = walk->bytes[at] & 0xFu;
    uint64_t start = at, size = 0, unit = 1;
    bool copied = false;

    switch (type) {
    case 0x0: /* false, true; null and fill bytes have no place in a property list */
        if (low != 8 && low != 9) {
            return FAIL(walk, "object %llu at byte %llu is neither true nor false (0x0%x)",
                        (unsigned long long)index, (unsigned long long)at, low);
        }
        at++;
        break;
    case 0x1: /* integer of 1 to 16 bytes */
    case 0x2: /* real of 4 or 8 */
    case 0x3: /* date of 8 */
        if (type == 0x1 ? low > 4 : type == 0x2 ? low != 2 && low != 3 : low != 3) {
            return FAIL(walk, "object %llu at byte %llu is a number of 2^%u bytes",
                        (unsigned long long)index, (unsigned long long)at, low);
        }
        at++;
        size = UINT64_C(1) << low;
        break;
    case 0x4: /* data */
    case 0x5: /* ASCII */
    case 0x6: /* UTF-16 */
        copied = true;
        unit = type == 0x6 ? 2 : 1;
        if (!read_size(walk, index, &at, &size)) {
            return false;
        }
        break;
    case 0x8:
        return FAIL(walk, "object %llu at byte %llu is a UID (of a keyed archive)",
                    (unsigned long long)index, (unsigned long long)at);
    case 0xA: /* array: references */
    case 0xD: /* dictionary: references of keys, then of values */
        unit = walk->reference_size * (type == 0xD ? 2 : 1);
        if (!read_size(walk, index, &at, &size)) {
            return false;
        }
        break;
    default:
        return FAIL(walk, "object %llu at byte %llu has the unknown type 0x%x",
                    (unsigned long long)index, (unsigned long long)at, type);
    }
    if (size > (walk->table - at) / unit) {
        return FAIL(walk, "object %llu at byte %llu reaches beyond the objects (truncated?)",
                    (unsigned long long)index, (unsigned long long)start);
    }
    object->values = 1;
    if (copied) {
        object->bytes = size * unit;
        walk->scanned_bytes += object->bytes;
        if (walk->scanned_bytes > MAX_COPIED_BYTES) {
            return FAIL(walk, "strings and data overlap");
        }
        object->has_nul = type != 0x4 && has_nul(walk->bytes + at, size, unit);
    } else if (type >= 0xA) {
        uint64_t references = size * (type == 0xD ? 2 : 1);
        object->first = at;
        object->references = (uint32_t)references;
        object->open = true;
        object->is_dictionary = type == 0xD;
    }
    return true;
}

/* A child whose sums are known. `depth` is that of `object`; the top level has 0. */
static bool add_child(struct walk *walk, struct object *object, const struct object *child,
                      unsigned depth) {
    object->values += child->values;
    object->bytes += child->bytes;
    if (object->height <= child->height) {
        object->height = (uint16_t)(child->height + 1);
    }
    if (depth + object->height > CF_PLIST_MAX_DEPTH) {
        return FAIL(walk, "more than %d levels", CF_PLIST_MAX_DEPTH);
    }
    if (object->values > CF_PLIST_MAX_VALUES || object->bytes > MAX_COPIED_BYTES) {
        return FAIL(walk,
                    "shared objects add up to more than the %d values or %llu bytes that are "
                    "read",
                    CF_PLIST_MAX_VALUES, (unsigned long long)MAX_COPIED_BYTES);
    }
    return true;
}

/* Depth first. */
static bool walk_objects(struct walk *walk) {
    struct {
        uint64_t index;
        uint32_t next; /* reference to follow */
    } stack[CF_PLIST_MAX_DEPTH + 1];
    unsigned depth = 0;

    if (!enter(walk, walk->root)) {
        return false;
    }
    stack[depth].index = walk->root;
    stack[depth].next = 0;
    for (;;) {
        struct object *object = &walk->objects[stack[depth].index];
        if (stack[depth].next == object->references) {
            object->open = false;
            if (depth == 0) {
                return true;
            }
            depth--;
            stack[depth].next++;
            if (!add_child(walk, &walk->objects[stack[depth].index], object, depth)) {
                return false;
            }
        } else {
            uint64_t at = object->first + stack[depth].next * walk->reference_size;
            uint64_t index = big_endian(walk->bytes + at, walk->reference_size);
            if (index >= walk->count) {
                return FAIL(walk, "object %llu refers to object %llu of %llu",
                            (unsigned long long)stack[depth].index, (unsigned long long)index,
                            (unsigned long long)walk->count);
            }
            struct object *child = &walk->objects[index];
            if (child->open) {
                return FAIL(walk, "object %llu contains itself", (unsigned long long)index);
            }
            if (child->values == 0 && !enter(walk, index)) {
                return false;
            }
            if (child->has_nul && object->is_dictionary &&
                stack[depth].next < object->references / 2) {
                return FAIL(walk, "object %llu is a key that holds a NUL character",
                            (unsigned long long)index);
            }
            if (!child->open) {
                stack[depth].next++;
                if (!add_child(walk, object, child, depth)) {
                    return false;
                }
            } else if (depth == CF_PLIST_MAX_DEPTH) {
                return FAIL(walk, "more than %d levels", CF_PLIST_MAX_DEPTH);
            } else {
                depth++;
                stack[depth].index = index;
                stack[depth].next = 0;
            }
        }
    }
}

bool cf_plist_guard_binary(const char *bytes, size_t length, struct cf_plist_reason *reason) {
    struct walk walk = {.bytes = (const unsigned char *)bytes, .reason = reason};
    if (!read_trailer(&walk, length)) {
        return false;
    }
    walk.objects = calloc(walk.count, sizeof *walk.objects);
    bool ok = walk.objects ? walk_objects(&walk) : FAIL(&walk, "no memory");
    free(walk.objects);
    return ok;
}
