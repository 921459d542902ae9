/* cf_locale.c - an identifier, and nothing that depends on it. */
#include "cf_runtime.h"

#include <CoreFoundation/CFLocale.h>
#include <pthread.h>
#include <stdlib.h>

struct cf_locale {
    struct cf_object base;
    CFStringRef identifier; /* an own copy */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CFLocaleRef system_locale;

CFTypeID CFLocaleGetTypeID(void) {
    return CF_TYPE_LOCALE;
}

CFLocaleRef CFLocaleCreate(CFAllocatorRef allocator, CFLocaleIdentifier localeIdentifier) {
    CFStringRef identifier = CFStringCreateCopy(allocator, localeIdentifier);
    struct cf_locale *made =
        identifier ? cf_object_create(allocator, &cf_locale_class, sizeof *made) : NULL;
    if (made) {
        made->identifier = identifier;
    } else if (identifier) {
        CFRelease(identifier);
    }
    return (CFLocaleRef)(const void *)made;
}

static void make_system_locale(void) {
    system_locale = CFLocaleCreate(kCFAllocatorMalloc, CFSTR(""));
    if (!system_locale) {
        abort();
    }
    cf_object_make_immortal(system_locale);
}

CFLocaleRef CFLocaleGetSystem(void) {
    pthread_once(&once, make_system_locale);
    return system_locale;
}

CFLocaleRef CFLocaleCopyCurrent(void) {
    return CFLocaleCreate(NULL, CFSTR("en_US"));
}

CFLocaleIdentifier CFLocaleGetIdentifier(CFLocaleRef locale) {
    return cf_object_expect(locale, &cf_locale_class, __func__)
               ? ((const struct cf_locale *)(const void *)locale)->identifier
               : NULL;
}

static void locale_finalize(CFTypeRef object) {
    CFRelease(((const struct cf_locale *)object)->identifier);
}

static Boolean locale_equal(CFTypeRef a, CFTypeRef b) {
    return CFEqual(((const struct cf_locale *)a)->identifier,
                   ((const struct cf_locale *)b)->identifier);
}

static CFHashCode locale_hash(CFTypeRef object) {
    return CFHash(((const struct cf_locale *)object)->identifier);
}

const struct cf_class cf_locale_class = {
    .name = "CFLocale",
    .type_id = CF_TYPE_LOCALE,
    .finalize = locale_finalize,
    .equal = locale_equal,
    .hash = locale_hash,
};
