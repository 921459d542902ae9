/* Macros.h - how the Core Audio headers spell enumerations, codes and layout checks.
 *
 * Core Audio's enumerations have a fixed type. C++ and clang can say so; gcc's C can only in C23,
 * so there the constants are of type int where they fit and unsigned where they do not.
 * UnsignedFlags.h repairs the ones that are combined as bits.
 */
#ifndef HALSDK_COREAUDIOTYPES_MACROS_H
#define HALSDK_COREAUDIOTYPES_MACROS_H

#include <MacTypes.h>
#include <stddef.h>

#if defined(__cplusplus) || defined(__clang__) ||                                                  \
    (defined(__STDC_VERSION__) && __STDC_VERSION__ > 201710L)
#define HALSDK_FIXED_ENUMS 1
#else
#define HALSDK_FIXED_ENUMS 0
#endif

/* Anonymous:  enum HALSDK_OF(UInt32) { ... };
 * Named:      enum HALSDK_NAMED(Name, UInt32) { ... };
 *             HALSDK_ENUM_TYPE(Name, UInt32); */
/* clang-format off */
#if HALSDK_FIXED_ENUMS
#define HALSDK_OF(type)              : type
#define HALSDK_NAMED(name, type)     name : type
#define HALSDK_ENUM_TYPE(name, type) typedef enum name name
#else
#define HALSDK_OF(type)
#define HALSDK_NAMED(name, type)
#define HALSDK_ENUM_TYPE(name, type) typedef type name
#endif
/* clang-format on */

/* A pointer that may be NULL. Says so to the reader only: compilers warn about a header that marks
 * some of its pointers and not all. */
#define HALSDK_NULLABLE

/* The host, the driver and the trace reader agree on memory, so each struct says what it is, under
 * the very options (packing, data model) that the including source is compiled with. */
#ifdef __cplusplus
#define HALSDK_STATIC_ASSERT(condition, text) static_assert(condition, text)
#else
#define HALSDK_STATIC_ASSERT(condition, text) _Static_assert(condition, text)
#endif
#define HALSDK_SIZE(type, bytes)                                                                   \
    HALSDK_STATIC_ASSERT(sizeof(type) == (bytes), "size of " #type " is not " #bytes)
#define HALSDK_OFFSET(type, field, bytes)                                                          \
    HALSDK_STATIC_ASSERT(offsetof(type, field) == (bytes),                                         \
                         "offset of " #type "." #field " is not " #bytes)

#endif
