/* property_types.h - which type each property of the contract has.
 *
 * Codes that several classes share ('tran', 'ltnc', 'nsrt', 'ctrl', ...) mean the same type in each
 * of them, so the selector alone decides.
 */
#ifndef HALSIM_PROPERTY_TYPES_H
#define HALSIM_PROPERTY_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum property_type {
    PROPERTY_HEX, /* raw bytes: what is not in the contract */
    PROPERTY_U32,
    PROPERTY_I32,
    PROPERTY_F32,
    PROPERTY_F64,
    PROPERTY_FOURCC,
    PROPERTY_STRING, /* CFString */
    PROPERTY_PLIST,  /* any CFPropertyList */
    PROPERTY_URL,    /* CFURL */
    PROPERTY_RANGE,  /* AudioValueRange */
    PROPERTY_FORMAT, /* AudioStreamBasicDescription */
    PROPERTY_U32_LIST,
    PROPERTY_FOURCC_LIST,
    PROPERTY_RANGE_LIST,
    PROPERTY_RANGED_FORMAT_LIST, /* AudioStreamRangedDescription */
    PROPERTY_CUSTOM_LIST,        /* AudioServerPlugInCustomPropertyInfo */
    PROPERTY_LAYOUT,             /* AudioChannelLayout */
    PROPERTY_TYPE_COUNT,
};

/* How a property is asked. */
enum property_trait {
    PROPERTY_BY_SCOPE = 1u << 0,     /* on devices: input and output answer on their own */
    PROPERTY_BY_ELEMENT = 1u << 1,   /* one answer per channel */
    PROPERTY_TAKES_STRING = 1u << 2, /* the qualifier is a CFString */
    PROPERTY_TAKES_ITEM = 1u << 3,   /* the qualifier is a UInt32 */
    PROPERTY_TAKES_INPUT = 1u << 4,  /* the data buffer carries the question */
};

struct property_contract {
    uint32_t selector;
    enum property_type type;
    uint32_t traits; /* enum property_trait */
};

/* All properties that a driver may be asked for, and their number. */
const struct property_contract *property_contracts(size_t *count);
/* NULL for a selector outside the contract. */
const struct property_contract *property_contract_find(uint32_t selector);

/* "u32", "fourcc[]", ...: the words of rpc.md. */
const char *property_type_name(enum property_type type);
/* All of them, separated by single spaces, in the order of enum property_type. */
const char *property_type_names(void);
/* Bytes of a value, or of one entry of a list; 0 when it has no fixed size. */
uint32_t property_type_size(enum property_type type);
bool property_type_is_list(enum property_type type);
/* The value is a CoreFoundation reference. */
bool property_type_is_reference(enum property_type type);

#endif
