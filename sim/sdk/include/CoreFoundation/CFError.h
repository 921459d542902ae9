/* CFError.h - what went wrong: a domain, a code, and a dictionary for people.
 *
 * Functions that take a `CFErrorRef *error` set it only when they fail; the caller releases it.
 */
#ifndef COREFOUNDATION_CFERROR_H
#define COREFOUNDATION_CFERROR_H

#include <CoreFoundation/CFBase.h>
#include <CoreFoundation/CFDictionary.h>

CF_EXTERN_C_BEGIN

typedef struct __CFError *CFErrorRef;
typedef CFStringRef CFErrorDomain;

CF_EXPORT CFTypeID CFErrorGetTypeID(void);

CF_EXPORT const CFErrorDomain kCFErrorDomainPOSIX;    /* codes are errno values */
CF_EXPORT const CFErrorDomain kCFErrorDomainOSStatus; /* OSStatus values */
CF_EXPORT const CFErrorDomain kCFErrorDomainMach;     /* kern_return_t values */
CF_EXPORT const CFErrorDomain kCFErrorDomainCocoa;    /* e.g. 3840: property list corrupt */

CF_EXPORT const CFStringRef kCFErrorLocalizedDescriptionKey; /* string: the whole story */
CF_EXPORT const CFStringRef kCFErrorLocalizedFailureKey;     /* string: what failed */
CF_EXPORT const CFStringRef kCFErrorLocalizedFailureReasonKey;
CF_EXPORT const CFStringRef kCFErrorLocalizedRecoverySuggestionKey;
CF_EXPORT const CFStringRef kCFErrorDescriptionKey;     /* string: the reason, not for people */
CF_EXPORT const CFStringRef kCFErrorUnderlyingErrorKey; /* CFErrorRef */
CF_EXPORT const CFStringRef kCFErrorURLKey;             /* CFURLRef */
CF_EXPORT const CFStringRef kCFErrorFilePathKey;        /* string */

/* NULL when `domain` is NULL. `userInfo` may be NULL. */
CF_EXPORT CFErrorRef CFErrorCreate(CFAllocatorRef allocator, CFErrorDomain domain, CFIndex code,
                                   CFDictionaryRef userInfo);
CF_EXPORT CFErrorRef CFErrorCreateWithUserInfoKeysAndValues(CFAllocatorRef allocator,
                                                            CFErrorDomain domain, CFIndex code,
                                                            const void *const *userInfoKeys,
                                                            const void *const *userInfoValues,
                                                            CFIndex numUserInfoValues);

CF_EXPORT CFErrorDomain CFErrorGetDomain(CFErrorRef err);
CF_EXPORT CFIndex CFErrorGetCode(CFErrorRef err);

/* Never NULL: an empty dictionary when there is none. */
CF_EXPORT CFDictionaryRef CFErrorCopyUserInfo(CFErrorRef err);

/* Never NULL: the localized description, else one made of failure, reason, domain and code. */
CF_EXPORT CFStringRef CFErrorCopyDescription(CFErrorRef err);

/* From the dictionary; in the POSIX domain else strerror(). NULL when neither says anything. */
CF_EXPORT CFStringRef CFErrorCopyFailureReason(CFErrorRef err);
CF_EXPORT CFStringRef CFErrorCopyRecoverySuggestion(CFErrorRef err);

CF_EXTERN_C_END

#endif
