/* CFBase.h - the ground of CoreFoundation on Linux: scalar types, the object functions, allocators.
 *
 * Names, values and behaviour are those of macOS as documented; the code behind them is our own.
 * Ownership follows Apple's rule: a function with Create or Copy in its name returns a reference
 * that the caller releases; any other reference is borrowed.
 *
 * What a Mac answers with a crash (a NULL or freed object, an object of the wrong kind) is a
 * *fault* here: one line that says what happened, then abort(), unless the host took over with
 * halsdk_set_fault_handler().
 */
#ifndef COREFOUNDATION_CFBASE_H
#define COREFOUNDATION_CFBASE_H

#include <MacTypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <CoreFoundation/CFAvailability.h>

#if defined(__cplusplus)
#define CF_EXTERN_C_BEGIN extern "C" {
#define CF_EXTERN_C_END   }
#else
#define CF_EXTERN_C_BEGIN
#define CF_EXTERN_C_END
#endif

#define CF_EXPORT extern __attribute__((visibility("default")))
#define CF_INLINE static inline __attribute__((always_inline, unused))

/* clang has nullability as keywords, gcc does not. (__nonnull is a macro of glibc: not ours.) */
#if !defined(__clang__)
#if !defined(_Nonnull)
#define _Nonnull
#endif
#if !defined(_Nullable)
#define _Nullable
#endif
#if !defined(_Null_unspecified)
#define _Null_unspecified
#endif
#endif
#if !defined(__nullable)
#define __nullable _Nullable
#endif

#if defined(__clang__)
#define CF_ASSUME_NONNULL_BEGIN _Pragma("clang assume_nonnull begin")
#define CF_ASSUME_NONNULL_END   _Pragma("clang assume_nonnull end")
#define CF_RETURNS_RETAINED     __attribute__((cf_returns_retained))
#define CF_RETURNS_NOT_RETAINED __attribute__((cf_returns_not_retained))
#define CF_CONSUMED             __attribute__((cf_consumed))
#else
#define CF_ASSUME_NONNULL_BEGIN
#define CF_ASSUME_NONNULL_END
#define CF_RETURNS_RETAINED
#define CF_RETURNS_NOT_RETAINED
#define CF_CONSUMED
#endif
#define CF_RELEASES_ARGUMENT  CF_CONSUMED
#define CF_WARN_UNUSED_RESULT __attribute__((warn_unused_result))
/* Format strings are CFStringRef: no compiler checks them outside Apple's targets. */
#define CF_FORMAT_FUNCTION(format_, first_)
#define CF_FORMAT_ARGUMENT(format_)

CF_EXTERN_C_BEGIN

/* ---- scalars ------------------------------------------------------------------------------ */

typedef unsigned long CFTypeID;
typedef unsigned long CFOptionFlags;
typedef unsigned long CFHashCode;
typedef signed long CFIndex;

enum {
    kCFNotFound = -1
};

typedef CF_CLOSED_ENUM(CFIndex, CFComparisonResult) {
    kCFCompareLessThan = -1L,
    kCFCompareEqualTo = 0,
    kCFCompareGreaterThan = 1,
};

typedef CFComparisonResult (*CFComparatorFunction)(const void *val1, const void *val2,
                                                   void *context);

typedef struct {
    CFIndex location;
    CFIndex length;
} CFRange;

CF_INLINE CFRange CFRangeMake(CFIndex location, CFIndex length) {
    CFRange range;
    range.location = location;
    range.length = length;
    return range;
}

/* The CoreFoundation of macOS 14.0 to 14.x, whose constants this SDK carries. */
CF_EXPORT double kCFCoreFoundationVersionNumber;

/* ---- references --------------------------------------------------------------------------- */

typedef const void *CFTypeRef;
typedef CFTypeRef CFPropertyListRef;
typedef const struct __CFString *CFStringRef;
typedef struct __CFString *CFMutableStringRef;
typedef const struct __CFAllocator *CFAllocatorRef;
typedef const struct __CFNull *CFNullRef;

/* ---- objects ------------------------------------------------------------------------------ */

/* Counting is atomic. CFSTR() literals and constants such as kCFNull are not counted. */
CF_EXPORT CFTypeRef CFRetain(CFTypeRef cf);
CF_EXPORT void CFRelease(CFTypeRef cf);

/* Releases later: when the innermost pool of this thread is popped, which is up to who calls into
 * the driver, or when the thread ends. */
CF_EXPORT CFTypeRef CFAutorelease(CFTypeRef CF_RELEASES_ARGUMENT arg);

/* A snapshot, for tests. LONG_MAX for constants. */
CF_EXPORT CFIndex CFGetRetainCount(CFTypeRef cf);

CF_EXPORT CFTypeID CFGetTypeID(CFTypeRef cf);
CF_EXPORT CFStringRef CFCopyTypeIDDescription(CFTypeID type_id);
CF_EXPORT Boolean CFEqual(CFTypeRef cf1, CFTypeRef cf2);
CF_EXPORT CFHashCode CFHash(CFTypeRef cf);

/* For people: "<CFNumber 0x55d0c8a0>{value = +42, type = kCFNumberSInt32Type}". */
CF_EXPORT CFStringRef CFCopyDescription(CFTypeRef cf);

/* One line on stderr: a string as it is, "(null)" for NULL, everything else as "%@" shows it. */
CF_EXPORT void CFShow(CFTypeRef obj);

CF_EXPORT CFAllocatorRef CFGetAllocator(CFTypeRef cf);

/* There is no garbage collection: returns its argument. */
CF_EXPORT CFTypeRef CFMakeCollectable(CFTypeRef cf);

/* The only instance of CFNull. */
CF_EXPORT const CFNullRef kCFNull;
CF_EXPORT CFTypeID CFNullGetTypeID(void);

/* ---- allocators --------------------------------------------------------------------------- */

typedef const void *(*CFAllocatorRetainCallBack)(const void *info);
typedef void (*CFAllocatorReleaseCallBack)(const void *info);
typedef CFStringRef (*CFAllocatorCopyDescriptionCallBack)(const void *info);
typedef void *(*CFAllocatorAllocateCallBack)(CFIndex allocSize, CFOptionFlags hint, void *info);
typedef void *(*CFAllocatorReallocateCallBack)(void *ptr, CFIndex newsize, CFOptionFlags hint,
                                               void *info);
typedef void (*CFAllocatorDeallocateCallBack)(void *ptr, void *info);
typedef CFIndex (*CFAllocatorPreferredSizeCallBack)(CFIndex size, CFOptionFlags hint, void *info);

typedef struct {
    CFIndex version; /* 0 */
    void *info;
    CFAllocatorRetainCallBack retain;
    CFAllocatorReleaseCallBack release;
    CFAllocatorCopyDescriptionCallBack copyDescription;
    CFAllocatorAllocateCallBack allocate;
    CFAllocatorReallocateCallBack reallocate;
    CFAllocatorDeallocateCallBack deallocate;
    CFAllocatorPreferredSizeCallBack preferredSize;
} CFAllocatorContext;

CF_EXPORT const CFAllocatorRef kCFAllocatorDefault; /* NULL: the thread's default allocator */
CF_EXPORT const CFAllocatorRef kCFAllocatorSystemDefault;
CF_EXPORT const CFAllocatorRef kCFAllocatorMalloc;
CF_EXPORT const CFAllocatorRef kCFAllocatorMallocZone; /* malloc too: Linux has no zones */
CF_EXPORT const CFAllocatorRef kCFAllocatorNull;       /* allocates nothing, frees nothing */
CF_EXPORT const CFAllocatorRef kCFAllocatorUseContext; /* only for CFAllocatorCreate() */

CF_EXPORT CFTypeID CFAllocatorGetTypeID(void);

/* The default allocator of the calling thread; kCFAllocatorSystemDefault until it is set. */
CF_EXPORT void CFAllocatorSetDefault(CFAllocatorRef allocator);
CF_EXPORT CFAllocatorRef CFAllocatorGetDefault(void);

/* The context is copied and its info retained. NULL when `allocator` gives no memory. */
CF_EXPORT CFAllocatorRef CFAllocatorCreate(CFAllocatorRef allocator, CFAllocatorContext *context);
CF_EXPORT void CFAllocatorGetContext(CFAllocatorRef allocator, CFAllocatorContext *context);

/* NULL for a size of 0 or less. Reallocating to 0 frees and returns NULL. */
CF_EXPORT void *CFAllocatorAllocate(CFAllocatorRef allocator, CFIndex size, CFOptionFlags hint);
CF_EXPORT void *CFAllocatorReallocate(CFAllocatorRef allocator, void *ptr, CFIndex newsize,
                                      CFOptionFlags hint);
CF_EXPORT void CFAllocatorDeallocate(CFAllocatorRef allocator, void *ptr);
CF_EXPORT CFIndex CFAllocatorGetPreferredSizeForSize(CFAllocatorRef allocator, CFIndex size,
                                                     CFOptionFlags hint);

CF_EXTERN_C_END

#endif
