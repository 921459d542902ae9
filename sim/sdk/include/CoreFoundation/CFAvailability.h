/* CFAvailability.h - CF_ENUM, CF_OPTIONS and the availability marks of Apple's headers.
 *
 * Availability means nothing on Linux: whatever is declared is there. The marks exist so that
 * driver sources which carry them compile.
 */
#ifndef COREFOUNDATION_CFAVAILABILITY_H
#define COREFOUNDATION_CFAVAILABILITY_H

#if defined(__has_include)
#if __has_include(<TargetConditionals.h>)
#include <TargetConditionals.h>
#endif
#if __has_include(<Availability.h>)
#include <Availability.h>
#endif
#endif

/* typedef CF_ENUM(UInt32, Name) { ... };   a named integer type, and its constants
 * CF_ENUM(UInt32) { ... };                 only constants of that type
 *
 * The name is a typedef of the integer, not of the enum: so its size is exact in every language,
 * and brace initialisation of a UInt32 from a constant does not narrow in C++. gcc knows no fixed
 * type in C; there the constants are int (or unsigned when they do not fit). */
#if defined(__cplusplus) || defined(__clang__)
#define CF_ENUM_OF_TYPE_(type_) enum : type_
#else
#define CF_ENUM_OF_TYPE_(type_) enum
#endif
#define CF_ENUM_NAMED_(type_, name_)                                                               \
    type_ name_;                                                                                   \
    CF_ENUM_OF_TYPE_(type_)
#define CF_ENUM_PICK_(one_, two_, macro_, ...) macro_
#define CF_ENUM(...)                           CF_ENUM_PICK_(__VA_ARGS__, CF_ENUM_NAMED_, CF_ENUM_OF_TYPE_, )(__VA_ARGS__)
#define CF_CLOSED_ENUM(...)                    CF_ENUM(__VA_ARGS__)
#define CF_OPTIONS(type_, name_)               CF_ENUM_NAMED_(type_, name_)

#define CF_STRING_ENUM
#define CF_EXTENSIBLE_STRING_ENUM
#define CF_TYPED_ENUM
#define CF_TYPED_EXTENSIBLE_ENUM

#define CF_AVAILABLE(mac_, ios_)
#define CF_AVAILABLE_MAC(mac_)
#define CF_AVAILABLE_IOS(ios_)
#define CF_DEPRECATED(...)
#define CF_DEPRECATED_MAC(...)
#define CF_DEPRECATED_IOS(...)
#define CF_ENUM_AVAILABLE(mac_, ios_)
#define CF_ENUM_AVAILABLE_MAC(mac_)
#define CF_ENUM_DEPRECATED(...)
#define CF_ENUM_DEPRECATED_MAC(...)
#define CF_EXTENSION_UNAVAILABLE(message_)
#define CF_SWIFT_UNAVAILABLE(message_)
#define CF_SWIFT_NAME(name_)
#define CF_REFINED_FOR_SWIFT
#define CF_NOESCAPE
#define CF_NO_TAIL_CALL
#define CF_BRIDGED_TYPE(type_)
#define CF_BRIDGED_MUTABLE_TYPE(type_)
#define CF_RELATED_TYPE(type_, class_, instance_)
#define CF_IMPLICIT_BRIDGING_ENABLED
#define CF_IMPLICIT_BRIDGING_DISABLED

#endif
