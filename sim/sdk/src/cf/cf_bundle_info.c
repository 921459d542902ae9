/* cf_bundle_info.c - a bundle's Info.plist, and the files around it. */
#include "cf_bundle_private.h"
#include "cf_literal.h"

#include <CoreFoundation/CFPropertyList.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

CF_LITERAL(kCFBundleInfoDictionaryVersionKey, "CFBundleInfoDictionaryVersion");
CF_LITERAL(kCFBundleExecutableKey, "CFBundleExecutable");
CF_LITERAL(kCFBundleIdentifierKey, "CFBundleIdentifier");
CF_LITERAL(kCFBundleVersionKey, "CFBundleVersion");
CF_LITERAL(kCFBundleDevelopmentRegionKey, "CFBundleDevelopmentRegion");
CF_LITERAL(kCFBundleNameKey, "CFBundleName");
CF_LITERAL(kCFBundleLocalizationsKey, "CFBundleLocalizations");

/* ---- files -------------------------------------------------------------------------------- */

char *cf_bundle_copy_path(const struct cf_bundle *bundle, const char *part, ...) {
    char *path = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&path, &size);
    if (!stream) {
        return NULL;
    }
    fprintf(stream, "%s/%s", bundle->path, bundle->flat ? "" : "Contents/");
    va_list parts;
    va_start(parts, part);
    for (; part; part = va_arg(parts, const char *)) {
        fputs(part, stream);
    }
    va_end(parts);
    return fclose(stream) == 0 ? path : NULL;
}

CFDataRef cf_bundle_copy_file(const char *path) {
    enum {
        LIMIT = 16 * 1024 * 1024 + 1,
        CHUNK = 64 * 1024
    };
    /* Not blocking: somebody may have put a FIFO there. */
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) {
        return NULL;
    }
    CFMutableDataRef data = CFDataCreateMutable(NULL, 0);
    ssize_t got = 1;
    while (got > 0 && CFDataGetLength(data) < LIMIT) {
        UInt8 chunk[CHUNK];
        got = read(file, chunk, sizeof chunk);
        if (got > 0) {
            CFDataAppendBytes(data, chunk, got);
        } else if (got < 0 && errno == EINTR) {
            got = 1;
        }
    }
    int problem = errno;
    close(file);
    if (got < 0) {
        CFRelease(data);
        errno = problem;
        return NULL;
    }
    return data;
}

CFURLRef cf_bundle_copy_url_of_file(const char *path) {
    struct stat status;
    if (stat(path, &status) != 0) {
        return NULL;
    }
    return CFURLCreateFromFileSystemRepresentation(NULL, (const UInt8 *)path, (CFIndex)strlen(path),
                                                   S_ISDIR(status.st_mode));
}

/* ---- Info.plist --------------------------------------------------------------------------- */

/* The dictionary, or NULL with `problem` set. */
static CFDictionaryRef copy_info(const char *path, char **problem) {
    CFDataRef data = cf_bundle_copy_file(path);
    if (!data) {
        *problem = strdup(strerror(errno));
        return NULL;
    }
    CFErrorRef error = NULL;
    CFTypeRef plist =
        CFPropertyListCreateWithData(NULL, data, kCFPropertyListImmutable, NULL, &error);
    CFRelease(data);
    if (!plist) {
        CFStringRef text = CFErrorCopyDescription(error);
        *problem = cf_string_copy_utf8(text, NULL);
        CFRelease(text);
        CFRelease(error);
        return NULL;
    }
    if (CFGetTypeID(plist) != CFDictionaryGetTypeID()) {
        *problem = strdup("the property list is not a dictionary");
        CFRelease(plist);
        return NULL;
    }
    return plist;
}

void cf_bundle_read_info(struct cf_bundle *bundle) {
    char *path = cf_bundle_copy_path(bundle, "Info.plist", NULL);
    bundle->info = path ? copy_info(path, &bundle->info_problem) : NULL;
    free(path);
    if (!bundle->info) {
        bundle->info = CFDictionaryCreate(NULL, NULL, NULL, 0, &kCFTypeDictionaryKeyCallBacks,
                                          &kCFTypeDictionaryValueCallBacks);
    }
}

static CFTypeRef info_value(const struct cf_bundle *bundle, CFStringRef key, CFTypeID type) {
    CFTypeRef value = CFDictionaryGetValue(bundle->info, key);
    return value && CFGetTypeID(value) == type ? value : NULL;
}

CFStringRef cf_bundle_info_string(const struct cf_bundle *bundle, CFStringRef key) {
    return info_value(bundle, key, CFStringGetTypeID());
}

CFDictionaryRef cf_bundle_info_dictionary(const struct cf_bundle *bundle, CFStringRef key) {
    return info_value(bundle, key, CFDictionaryGetTypeID());
}

CFDictionaryRef CFBundleGetInfoDictionary(CFBundleRef object) {
    const struct cf_bundle *bundle = cf_bundle_checked(object, __func__);
    return bundle ? bundle->info : NULL;
}

CFTypeRef CFBundleGetValueForInfoDictionaryKey(CFBundleRef object, CFStringRef key) {
    const struct cf_bundle *bundle = cf_bundle_checked(object, __func__);
    return bundle && key ? CFDictionaryGetValue(bundle->info, key) : NULL;
}

CFStringRef CFBundleGetIdentifier(CFBundleRef object) {
    const struct cf_bundle *bundle = cf_bundle_checked(object, __func__);
    return bundle ? cf_bundle_info_string(bundle, kCFBundleIdentifierKey) : NULL;
}

CFStringRef CFBundleGetDevelopmentRegion(CFBundleRef object) {
    const struct cf_bundle *bundle = cf_bundle_checked(object, __func__);
    return bundle ? cf_bundle_info_string(bundle, kCFBundleDevelopmentRegionKey) : NULL;
}

/* ---- versions ----------------------------------------------------------------------------- */

/* A number of at most `digits` digits; moves past it. False when there is none. */
static bool take_number(const char **text, unsigned limit, unsigned *value) {
    const char *at = *text;
    *value = 0;
    while (*at >= '0' && *at <= '9' && *value <= limit) {
        *value = *value * 10 + (unsigned)(*at++ - '0');
    }
    bool ok = at > *text && *value <= limit;
    *text = at;
    return ok;
}

static UInt32 bcd(unsigned value) {
    return value / 10 << 4 | value % 10;
}

/* major[.minor[.fix]][{d|a|b|f}build]: two BCD digits of the major version, one each of the next
 * two, then the stage and the build. */
static UInt32 parse_version(const char *text) {
    unsigned major = 0, minor = 0, fix = 0, build = 0;
    UInt32 stage = 0x80; /* final */
    if (!take_number(&text, 99, &major)) {
        return 0;
    }
    if (*text == '.') {
        text++;
        if (!take_number(&text, 9, &minor)) {
            return 0;
        }
        if (*text == '.') {
            text++;
            if (!take_number(&text, 9, &fix)) {
                return 0;
            }
        }
    }
    switch (*text) {
    case 'd':
        stage = 0x20;
        break;
    case 'a':
        stage = 0x40;
        break;
    case 'b':
        stage = 0x60;
        break;
    case 'f':
        break;
    case '\0':
        return bcd(major) << 24 | minor << 20 | fix << 16 | stage << 8;
    default:
        return 0;
    }
    text++;
    if (!take_number(&text, 255, &build) || *text != '\0') {
        return 0;
    }
    return bcd(major) << 24 | minor << 20 | fix << 16 | stage << 8 | build;
}

UInt32 CFBundleGetVersionNumber(CFBundleRef object) {
    const struct cf_bundle *bundle = cf_bundle_checked(object, __func__);
    CFStringRef version = bundle ? cf_bundle_info_string(bundle, kCFBundleVersionKey) : NULL;
    char text[32];
    return version && CFStringGetCString(version, text, sizeof text, kCFStringEncodingASCII)
               ? parse_version(text)
               : 0;
}

static UInt32 four_characters(const struct cf_bundle *bundle, CFStringRef key, const char *other) {
    CFStringRef value = cf_bundle_info_string(bundle, key);
    char text[5];
    if (!value || CFStringGetLength(value) != 4 ||
        !CFStringGetCString(value, text, sizeof text, kCFStringEncodingMacRoman)) {
        memcpy(text, other, sizeof text);
    }
    UInt32 code = 0;
    for (int i = 0; i < 4; i++) {
        code = code << 8 | (UInt8)text[i];
    }
    return code;
}

void CFBundleGetPackageInfo(CFBundleRef object, UInt32 *packageType, UInt32 *packageCreator) {
    const struct cf_bundle *bundle = cf_bundle_checked(object, __func__);
    if (bundle && packageType) {
        *packageType = four_characters(bundle, CFSTR("CFBundlePackageType"), "BNDL");
    }
    if (bundle && packageCreator) {
        *packageCreator = four_characters(bundle, CFSTR("CFBundleSignature"), "????");
    }
}
