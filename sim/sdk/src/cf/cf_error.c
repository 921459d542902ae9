/* cf_error.c - CFError: domain, code and user info. */
#include "cf_error_private.h"
#include "cf_literal.h"

#include <CoreFoundation/CFError.h>
#include <stdlib.h>
#include <string.h>

CF_LITERAL(kCFErrorDomainPOSIX, "NSPOSIXErrorDomain");
CF_LITERAL(kCFErrorDomainOSStatus, "NSOSStatusErrorDomain");
CF_LITERAL(kCFErrorDomainMach, "NSMachErrorDomain");
CF_LITERAL(kCFErrorDomainCocoa, "NSCocoaErrorDomain");

CF_LITERAL(kCFErrorLocalizedDescriptionKey, "NSLocalizedDescription");
CF_LITERAL(kCFErrorLocalizedFailureKey, "NSLocalizedFailure");
CF_LITERAL(kCFErrorLocalizedFailureReasonKey, "NSLocalizedFailureReason");
CF_LITERAL(kCFErrorLocalizedRecoverySuggestionKey, "NSLocalizedRecoverySuggestion");
CF_LITERAL(kCFErrorDescriptionKey, "NSDescription");
CF_LITERAL(kCFErrorUnderlyingErrorKey, "NSUnderlyingError");
CF_LITERAL(kCFErrorURLKey, "NSURL");
CF_LITERAL(kCFErrorFilePathKey, "NSFilePath");

struct cf_error {
    struct cf_object base;
    CFStringRef domain;
    CFIndex code;
    CFDictionaryRef user_info; /* never NULL */
};

static const struct cf_error *checked(CFTypeRef object, const char *function) {
    return cf_object_expect(object, &cf_error_class, function) ? object : NULL;
}

/* ---- making ------------------------------------------------------------------------------- */

CFTypeID CFErrorGetTypeID(void) {
    return CF_TYPE_ERROR;
}

CFErrorRef CFErrorCreate(CFAllocatorRef allocator, CFErrorDomain domain, CFIndex code,
                         CFDictionaryRef userInfo) {
    if (!domain) {
        return NULL;
    }
    struct cf_error *error = cf_object_create(allocator, &cf_error_class, sizeof *error);
    if (!error) {
        return NULL;
    }
    error->domain = CFStringCreateCopy(allocator, domain);
    error->code = code;
    error->user_info = userInfo ? CFDictionaryCreateCopy(allocator, userInfo)
                                : CFDictionaryCreate(allocator, NULL, NULL, 0,
                                                     &kCFCopyStringDictionaryKeyCallBacks,
                                                     &kCFTypeDictionaryValueCallBacks);
    return (CFErrorRef)(void *)error;
}

CFErrorRef CFErrorCreateWithUserInfoKeysAndValues(CFAllocatorRef allocator, CFErrorDomain domain,
                                                  CFIndex code, const void *const *userInfoKeys,
                                                  const void *const *userInfoValues,
                                                  CFIndex numUserInfoValues) {
    CFDictionaryRef user_info = CFDictionaryCreate(
        allocator, (const void **)(uintptr_t)userInfoKeys, (const void **)(uintptr_t)userInfoValues,
        numUserInfoValues, &kCFCopyStringDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);
    if (!user_info) {
        return NULL;
    }
    CFErrorRef error = CFErrorCreate(allocator, domain, code, user_info);
    CFRelease(user_info);
    return error;
}

static CFStringRef create_lossy(const char *text) {
    CFStringRef string = CFStringCreateWithCString(NULL, text, kCFStringEncodingUTF8);
    char *ascii = string ? NULL : strdup(text);
    if (ascii) {
        for (char *c = ascii; *c; c++) {
            *c = (unsigned char)*c < 0x80 ? *c : '?';
        }
        string = CFStringCreateWithCString(NULL, ascii, kCFStringEncodingASCII);
        free(ascii);
    }
    return string;
}

CFErrorRef cf_error_create_cocoa(CFIndex code, const char *description, const char *reason,
                                 const char *file_path) {
    const CFStringRef known[] = {kCFErrorLocalizedDescriptionKey, kCFErrorLocalizedFailureReasonKey,
                                 kCFErrorFilePathKey};
    const char *const texts[] = {description, reason, file_path};
    const void *keys[3], *values[3];
    CFIndex count = 0;
    for (size_t i = 0; i < 3; i++) {
        CFStringRef value = texts[i] ? create_lossy(texts[i]) : NULL;
        if (value) {
            keys[count] = known[i];
            values[count++] = value;
        }
    }
    CFErrorRef error = CFErrorCreateWithUserInfoKeysAndValues(NULL, kCFErrorDomainCocoa, code, keys,
                                                              values, count);
    for (CFIndex i = 0; i < count; i++) {
        CFRelease(values[i]);
    }
    return error;
}

/* ---- asking ------------------------------------------------------------------------------- */

CFErrorDomain CFErrorGetDomain(CFErrorRef err) {
    const struct cf_error *error = checked(err, __func__);
    return error ? error->domain : NULL;
}

CFIndex CFErrorGetCode(CFErrorRef err) {
    const struct cf_error *error = checked(err, __func__);
    return error ? error->code : 0;
}

CFDictionaryRef CFErrorCopyUserInfo(CFErrorRef err) {
    const struct cf_error *error = checked(err, __func__);
    return error ? CFRetain(error->user_info) : NULL;
}

/* A new reference, or NULL: whoever made the dictionary may have put anything in it. */
static CFStringRef copy_string(const struct cf_error *error, CFStringRef key) {
    CFTypeRef value = CFDictionaryGetValue(error->user_info, key);
    return value && CFGetTypeID(value) == CFStringGetTypeID() ? CFRetain(value) : NULL;
}

static CFStringRef copy_reason(const struct cf_error *error) {
    CFStringRef reason = copy_string(error, kCFErrorLocalizedFailureReasonKey);
    if (!reason && CFEqual(error->domain, kCFErrorDomainPOSIX)) {
        char text[128];
        if (strerror_r((int)error->code, text, sizeof text) == 0) {
            reason = cf_string_create_printf("%s", text);
        }
    }
    return reason;
}

static CFStringRef copy_text(const struct cf_error *error) {
    CFStringRef text = copy_string(error, kCFErrorLocalizedDescriptionKey);
    if (text) {
        return text;
    }
    CFMutableStringRef built = CFStringCreateMutable(NULL, 0);
    CFStringRef failure = copy_string(error, kCFErrorLocalizedFailureKey);
    if (failure) {
        CFStringAppend(built, failure);
        CFRelease(failure);
    } else {
        CFStringAppend(built, CFSTR("The operation couldn't be completed."));
    }
    CFStringRef reason = copy_reason(error);
    if (reason) {
        CFStringAppendFormat(built, NULL, CFSTR(" %@"), reason);
        CFRelease(reason);
        return built;
    }
    CFStringRef detail = copy_string(error, kCFErrorDescriptionKey);
    if (detail) {
        CFStringAppendFormat(built, NULL, CFSTR(" (%@ error %ld: %@)"), error->domain, error->code,
                             detail);
        CFRelease(detail);
    } else {
        CFStringAppendFormat(built, NULL, CFSTR(" (%@ error %ld)"), error->domain, error->code);
    }
    return built;
}

CFStringRef CFErrorCopyDescription(CFErrorRef err) {
    const struct cf_error *error = checked(err, __func__);
    return error ? copy_text(error) : NULL;
}

CFStringRef CFErrorCopyFailureReason(CFErrorRef err) {
    const struct cf_error *error = checked(err, __func__);
    return error ? copy_reason(error) : NULL;
}

CFStringRef CFErrorCopyRecoverySuggestion(CFErrorRef err) {
    const struct cf_error *error = checked(err, __func__);
    return error ? copy_string(error, kCFErrorLocalizedRecoverySuggestionKey) : NULL;
}

/* ---- the class ---------------------------------------------------------------------------- */

static void error_finalize(CFTypeRef object) {
    const struct cf_error *error = object;
    CFRelease(error->domain);
    CFRelease(error->user_info);
}

static Boolean error_equal(CFTypeRef a, CFTypeRef b) {
    const struct cf_error *error1 = a, *error2 = b;
    return error1->code == error2->code && CFEqual(error1->domain, error2->domain) &&
           CFEqual(error1->user_info, error2->user_info);
}

static CFHashCode error_hash(CFTypeRef object) {
    const struct cf_error *error = object;
    return CFHash(error->domain) + (CFHashCode)error->code;
}

/* Error Domain=NSPOSIXErrorDomain Code=2 "No such file or directory" */
static CFStringRef error_copy_description(CFTypeRef object) {
    const struct cf_error *error = object;
    CFStringRef text = copy_text(error);
    CFStringRef description = CFStringCreateWithFormat(
        NULL, NULL, CFSTR("Error Domain=%@ Code=%ld \"%@\""), error->domain, error->code, text);
    CFRelease(text);
    return description;
}

const struct cf_class cf_error_class = {
    .name = "CFError",
    .type_id = CF_TYPE_ERROR,
    .finalize = error_finalize,
    .equal = error_equal,
    .hash = error_hash,
    .copy_description = error_copy_description,
};
