/* cf_bundle_resource.c - files below Resources/, and localized strings. */
#include "cf_bundle_private.h"

#include <CoreFoundation/CFPropertyList.h>
#include <stdlib.h>

static const char *resources(const struct cf_bundle *bundle) {
    return bundle->flat ? "" : "Resources/";
}

CFURLRef CFBundleCopyResourcesDirectoryURL(CFBundleRef object) {
    const struct cf_bundle *bundle = cf_bundle_checked(object, __func__);
    char *path = bundle ? cf_bundle_copy_path(bundle, resources(bundle), NULL) : NULL;
    CFURLRef url = path ? cf_bundle_copy_url_of_file(path) : NULL;
    free(path);
    return url;
}

/* The file in one place: Resources/<localization>.lproj/<directory>/<name>.<type>, of which all but
 * the name may be empty. */
static CFURLRef copy_url(const struct cf_bundle *bundle, const char *localization,
                         const char *directory, const char *name, const char *type) {
    char *path = cf_bundle_copy_path(bundle, resources(bundle), localization,
                                     localization[0] ? ".lproj/" : "", directory,
                                     directory[0] ? "/" : "", name, type[0] ? "." : "", type, NULL);
    CFURLRef url = path ? cf_bundle_copy_url_of_file(path) : NULL;
    free(path);
    return url;
}

static char *copy_text(CFStringRef string) {
    return cf_string_copy_name(string ? string : CFSTR(""), NULL);
}

CFURLRef CFBundleCopyResourceURL(CFBundleRef object, CFStringRef resourceName,
                                 CFStringRef resourceType, CFStringRef subDirName) {
    const struct cf_bundle *bundle = cf_bundle_checked(object, __func__);
    if (!bundle || !resourceName) {
        return NULL;
    }
    char *name = copy_text(resourceName);
    char *type = copy_text(resourceType);
    char *directory = copy_text(subDirName);
    char *region = copy_text(cf_bundle_info_string(bundle, kCFBundleDevelopmentRegionKey));
    CFURLRef url = NULL;
    if (name && type && directory && region && name[0]) {
        const char *const localizations[] = {"", "en", "English", "Base", region};
        const char *extension = type[0] == '.' ? type + 1 : type;
        for (size_t i = 0; !url && i < sizeof localizations / sizeof *localizations; i++) {
            url = copy_url(bundle, localizations[i], directory, name, extension);
        }
    }
    free(region);
    free(directory);
    free(type);
    free(name);
    return url;
}

/* The table as a dictionary, NULL when there is none that can be read. */
static CFDictionaryRef copy_table(CFBundleRef bundle, CFStringRef name) {
    CFURLRef url = CFBundleCopyResourceURL(bundle, name, CFSTR("strings"), NULL);
    CFStringRef path = url ? CFURLCopyFileSystemPath(url, kCFURLPOSIXPathStyle) : NULL;
    char *file = path ? cf_string_copy_name(path, NULL) : NULL;
    CFDataRef data = file ? cf_bundle_copy_file(file) : NULL;
    CFTypeRef table = data ? CFPropertyListCreateWithData(NULL, data, 0, NULL, NULL) : NULL;
    if (table && CFGetTypeID(table) != CFDictionaryGetTypeID()) {
        CFRelease(table);
        table = NULL;
    }
    if (data) {
        CFRelease(data);
    }
    free(file);
    if (path) {
        CFRelease(path);
    }
    if (url) {
        CFRelease(url);
    }
    return table;
}

CFStringRef CFBundleCopyLocalizedString(CFBundleRef object, CFStringRef key, CFStringRef value,
                                        CFStringRef tableName) {
    if (!cf_bundle_checked(object, __func__)) {
        return NULL;
    }
    CFStringRef result = NULL;
    bool named = tableName && CFStringGetLength(tableName) > 0;
    CFDictionaryRef table =
        key ? copy_table(object, named ? tableName : CFSTR("Localizable")) : NULL;
    if (table) {
        CFTypeRef found = CFDictionaryGetValue(table, key);
        if (found && CFGetTypeID(found) == CFStringGetTypeID()) {
            result = CFRetain(found);
        }
        CFRelease(table);
    }
    if (!result && value && (CFStringGetLength(value) > 0 || !key)) {
        result = CFRetain(value);
    }
    if (!result) {
        result = key ? CFRetain(key) : CFRetain(CFSTR(""));
    }
    return result;
}
