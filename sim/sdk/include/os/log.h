/* os/log.h - unified logging.
 *
 * Messages go to the sink of the host (halsdk_set_log_sink), by default one JSON line on stderr.
 * Formats are those of os_log: printf's conversions, %@ for an object, %m for errno, and an
 * annotation in braces: %{public}s, %{private}d, %{errno}d, %{bool}d, %{uuid_t}.16P.
 *
 * Without an annotation numbers show. Text (%s, %S, %@, %P) shows when it lies in the image of a
 * program or library, as a literal does; text made at run time is <private>. %{private} shows when
 * the host wants it (halsdk_set_log_reveals_private), %{sensitive} never. %@ prints what it prints
 * in CFStringCreateWithFormat(); numbers are those of the C locale.
 *
 * All types are enabled, but not in OS_LOG_DISABLED. What is longer than 1 MiB, the message or the
 * JSON line, is cut between two characters; the line stays JSON.
 */
#ifndef OS_LOG_H
#define OS_LOG_H

#include <os/base.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

__BEGIN_DECLS

typedef struct os_log_s *os_log_t;
typedef uint8_t os_log_type_t;

enum {
    OS_LOG_TYPE_DEFAULT = 0x00,
    OS_LOG_TYPE_INFO = 0x01,
    OS_LOG_TYPE_DEBUG = 0x02,
    OS_LOG_TYPE_ERROR = 0x10,
    OS_LOG_TYPE_FAULT = 0x11,
};

OS_EXPORT struct os_log_s _os_log_default;
OS_EXPORT struct os_log_s _os_log_disabled;
#define OS_LOG_DEFAULT  (&_os_log_default)
#define OS_LOG_DISABLED (&_os_log_disabled)

/* The same object for the same pair of names; it lives as long as the process. */
OS_EXPORT os_log_t os_log_create(const char *subsystem, const char *category);
OS_EXPORT bool os_log_type_enabled(os_log_t log, os_log_type_t type);

/* What the macros below call; not for direct use. */
OS_EXPORT void halsdk_os_log(os_log_t log, os_log_type_t type, const char *format, ...)
#if defined(__clang__)
    __attribute__((__format__(os_log, 3, 4)))
#endif
    ;
OS_EXPORT void halsdk_os_logv(os_log_t log, os_log_type_t type, const char *format, va_list args);

/* Arguments are evaluated only when the type is enabled. The format must be a literal, as on a Mac:
 * the concatenation with "" makes anything else a syntax error. */
#define os_log_with_type(log_, type_, ...)                                                         \
    __extension__({                                                                                \
        os_log_t halsdk_log_ = (log_);                                                             \
        os_log_type_t halsdk_type_ = (type_);                                                      \
        if (os_log_type_enabled(halsdk_log_, halsdk_type_))                                        \
            halsdk_os_log(halsdk_log_, halsdk_type_, "" __VA_ARGS__);                              \
    })
#define os_log(log_, ...)          os_log_with_type(log_, OS_LOG_TYPE_DEFAULT, __VA_ARGS__)
#define os_log_info(log_, ...)     os_log_with_type(log_, OS_LOG_TYPE_INFO, __VA_ARGS__)
#define os_log_debug(log_, ...)    os_log_with_type(log_, OS_LOG_TYPE_DEBUG, __VA_ARGS__)
#define os_log_error(log_, ...)    os_log_with_type(log_, OS_LOG_TYPE_ERROR, __VA_ARGS__)
#define os_log_fault(log_, ...)    os_log_with_type(log_, OS_LOG_TYPE_FAULT, __VA_ARGS__)

#define os_log_info_enabled(log_)  os_log_type_enabled(log_, OS_LOG_TYPE_INFO)
#define os_log_debug_enabled(log_) os_log_type_enabled(log_, OS_LOG_TYPE_DEBUG)

__END_DECLS

#endif
