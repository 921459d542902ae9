/* os/log.h for cross-compiling to macOS without an SDK: the compilers that bring Darwin's headers
 * do not bring this one. Same names as Apple's; the message is laid out by clang's own
 * __builtin_os_log_format(), which is what the call into libSystem takes.
 */
#ifndef HAL_LAB_DARWIN_OS_LOG_H
#define HAL_LAB_DARWIN_OS_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/cdefs.h>

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

extern struct os_log_s _os_log_default;
extern struct os_log_s _os_log_disabled;
#define OS_LOG_DEFAULT  (&_os_log_default)
#define OS_LOG_DISABLED (&_os_log_disabled)

extern os_log_t os_log_create(const char *subsystem, const char *category);
extern bool os_log_type_enabled(os_log_t log, os_log_type_t type);
extern void _os_log_impl(void *image, os_log_t log, os_log_type_t type, const char *format,
                         uint8_t *buffer, uint32_t size);
extern char __dso_handle;

#define HAL_LAB_OS_LOG_(log_, type_, format_, ...)                                                 \
    __extension__({                                                                                \
        os_log_t hal_lab_log_ = (log_);                                                            \
        os_log_type_t hal_lab_type_ = (type_);                                                     \
        if (os_log_type_enabled(hal_lab_log_, hal_lab_type_)) {                                    \
            static const char hal_lab_format_[]                                                    \
                __attribute__((section("__TEXT,__oslogstring,cstring_literals"))) = format_;       \
            __attribute__((aligned(16)))                                                           \
            uint8_t hal_lab_buffer_[__builtin_os_log_format_buffer_size(format_, ##__VA_ARGS__)];  \
            _os_log_impl(                                                                          \
                &__dso_handle, hal_lab_log_, hal_lab_type_, hal_lab_format_,                       \
                (uint8_t *)__builtin_os_log_format(hal_lab_buffer_, format_, ##__VA_ARGS__),       \
                (uint32_t)sizeof hal_lab_buffer_);                                                 \
        }                                                                                          \
    })
#define os_log_with_type(log_, type_, ...) HAL_LAB_OS_LOG_(log_, type_, __VA_ARGS__)
#define os_log(log_, ...)                  os_log_with_type(log_, OS_LOG_TYPE_DEFAULT, __VA_ARGS__)
#define os_log_info(log_, ...)             os_log_with_type(log_, OS_LOG_TYPE_INFO, __VA_ARGS__)
#define os_log_debug(log_, ...)            os_log_with_type(log_, OS_LOG_TYPE_DEBUG, __VA_ARGS__)
#define os_log_error(log_, ...)            os_log_with_type(log_, OS_LOG_TYPE_ERROR, __VA_ARGS__)
#define os_log_fault(log_, ...)            os_log_with_type(log_, OS_LOG_TYPE_FAULT, __VA_ARGS__)

__END_DECLS

#endif
