/* os/base.h - the attribute macros that Apple's system headers are written in. */
#ifndef OS_BASE_H
#define OS_BASE_H

#include <sys/cdefs.h>

#define OS_EXPORT                         extern __attribute__((__visibility__("default")))
#define OS_EXTERN                         extern
#define OS_INLINE                         static inline __attribute__((__unused__))

#define OS_NORETURN                       __attribute__((__noreturn__))
#define OS_NOTHROW                        __attribute__((__nothrow__))
#define OS_NONNULL_ALL                    __attribute__((__nonnull__))
#define OS_NONNULL1                       __attribute__((__nonnull__(1)))
#define OS_NONNULL2                       __attribute__((__nonnull__(2)))
#define OS_NONNULL3                       __attribute__((__nonnull__(3)))
#define OS_WARN_RESULT                    __attribute__((__warn_unused_result__))
#define OS_MALLOC                         __attribute__((__malloc__))
#define OS_USED                           __attribute__((__used__))
#define OS_UNUSED                         __attribute__((__unused__))
#define OS_COLD                           __attribute__((__cold__))
#define OS_PURE                           __attribute__((__pure__))
#define OS_CONST                          __attribute__((__const__))
#define OS_SENTINEL                       __attribute__((__sentinel__))
#define OS_ALWAYS_INLINE                  __attribute__((__always_inline__))
#define OS_NOINLINE                       __attribute__((__noinline__))
#define OS_TRANSPARENT_UNION              __attribute__((__transparent_union__))
#define OS_ALIGNED(n_)                    __attribute__((__aligned__((n_))))
#define OS_FORMAT_PRINTF(format_, first_) __attribute__((__format__(printf, format_, first_)))

#if defined(__clang__)
#define OS_NOESCAPE             __attribute__((__noescape__))
#define OS_ASSUME_NONNULL_BEGIN _Pragma("clang assume_nonnull begin")
#define OS_ASSUME_NONNULL_END   _Pragma("clang assume_nonnull end")
#else
#define OS_NOESCAPE
#define OS_ASSUME_NONNULL_BEGIN
#define OS_ASSUME_NONNULL_END
#endif

#define OS_ENUM(name_, type_, ...)                                                                 \
    typedef type_ name_##_t;                                                                       \
    enum {                                                                                         \
        __VA_ARGS__                                                                                \
    }

#define OS_STRINGIFY(text_) #text_
#define os_likely(x_)       __builtin_expect(!!(x_), 1)
#define os_unlikely(x_)     __builtin_expect(!!(x_), 0)

#endif
