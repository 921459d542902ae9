/* CFLocale.h - just enough to pass a locale around; nothing here depends on one. */
#ifndef COREFOUNDATION_CFLOCALE_H
#define COREFOUNDATION_CFLOCALE_H

#include <CoreFoundation/CFBase.h>

CF_EXTERN_C_BEGIN

typedef const struct __CFLocale *CFLocaleRef;
typedef CFStringRef CFLocaleIdentifier;

CF_EXPORT CFTypeID CFLocaleGetTypeID(void);
/* The locale of no place, identifier "". Borrowed. */
CF_EXPORT CFLocaleRef CFLocaleGetSystem(void);
/* "en_US", whatever LANG says: a driver in coreaudiod sees no user's language. */
CF_EXPORT CFLocaleRef CFLocaleCopyCurrent(void);
CF_EXPORT CFLocaleRef CFLocaleCreate(CFAllocatorRef allocator, CFLocaleIdentifier localeIdentifier);
CF_EXPORT CFLocaleIdentifier CFLocaleGetIdentifier(CFLocaleRef locale);

CF_EXTERN_C_END

#endif
