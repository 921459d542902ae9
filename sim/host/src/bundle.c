#include "bundle.h"
#include "activation.h"
#include "host_internal.h"
#include <CoreAudio/AudioServerPlugIn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_PLIST_BYTES (1 << 20)

static bool to_utf8(CFTypeRef value, char *text, size_t size) {
    return value != NULL && CFGetTypeID(value) == CFStringGetTypeID() &&
           CFStringGetCString(value, text, (CFIndex)size, kCFStringEncodingUTF8);
}

static CFDictionaryRef read_plist(const char *path, struct halsim_error *error) {
    FILE *file = fopen(path, "rb");
    struct stat status;
    if (file == NULL || fstat(fileno(file), &status) != 0) {
        (void)halsim_fail(error, HALSIM_ERROR_BUNDLE, "%s: %s; a bundle needs Contents/Info.plist",
                          path, strerror(errno));
        if (file != NULL) {
            (void)fclose(file);
        }
        return NULL;
    }
    if (!S_ISREG(status.st_mode) || status.st_size > MAX_PLIST_BYTES) {
        (void)halsim_fail(error, HALSIM_ERROR_BUNDLE,
                          "%s: %lld bytes; a plist of more than %d bytes is not read", path,
                          (long long)status.st_size, MAX_PLIST_BYTES);
        (void)fclose(file);
        return NULL;
    }
    UInt8 *bytes = malloc((size_t)status.st_size + 1);
    size_t length = bytes == NULL ? 0 : fread(bytes, 1, (size_t)status.st_size, file);
    (void)fclose(file);
    CFDataRef data = bytes == NULL ? NULL : CFDataCreate(NULL, bytes, (CFIndex)length);
    free(bytes);
    CFErrorRef failure = NULL;
    CFPropertyListRef plist =
        data == NULL
            ? NULL
            : CFPropertyListCreateWithData(NULL, data, kCFPropertyListImmutable, NULL, &failure);
    if (data != NULL) {
        CFRelease(data);
    }
    if (plist == NULL) {
        char reason[256] = "not a property list";
        CFStringRef description = failure == NULL ? NULL : CFErrorCopyDescription(failure);
        (void)to_utf8(description, reason, sizeof reason);
        if (description != NULL) {
            CFRelease(description);
        }
        if (failure != NULL) {
            CFRelease(failure);
        }
        (void)halsim_fail(error, HALSIM_ERROR_BUNDLE, "%s: %s; check it with `plutil -lint`", path,
                          reason);
        return NULL;
    }
    if (CFGetTypeID(plist) != CFDictionaryGetTypeID()) {
        CFRelease(plist);
        (void)halsim_fail(error, HALSIM_ERROR_BUNDLE, "%s: the top of the plist is no dictionary",
                          path);
        return NULL;
    }
    return plist;
}

/* The value under a UUID key: upper, lower and mixed case are met in the field. */
static CFTypeRef value_of_uuid(CFDictionaryRef dictionary, const char *uuid) {
    CFIndex count = CFDictionaryGetCount(dictionary);
    const void **keys = calloc((size_t)count + 1, 2 * sizeof *keys);
    if (keys == NULL) {
        return NULL;
    }
    const void **values = keys + count;
    CFDictionaryGetKeysAndValues(dictionary, keys, values);
    CFTypeRef found = NULL;
    for (CFIndex i = 0; i < count && found == NULL; i++) {
        char text[64];
        if (to_utf8(keys[i], text, sizeof text) && strcasecmp(text, uuid) == 0) {
            found = values[i];
        }
    }
    free(keys);
    return found;
}

static CFDictionaryRef dictionary_of(CFDictionaryRef plist, CFStringRef key) {
    CFTypeRef value = CFDictionaryGetValue(plist, key);
    return value != NULL && CFGetTypeID(value) == CFDictionaryGetTypeID() ? value : NULL;
}

/* None of the types that are looked for is there: says what is, and who says what is looked for. */
static bool refuse_types(const struct halsim_profile *profile, CFDictionaryRef types,
                         const char *plist_path, struct halsim_error *error) {
    const char *wanted = halsim_profile_type(profile, 0);
    if (profile == NULL) {
        return halsim_fail(error, HALSIM_ERROR_BUNDLE,
                           "%s: CFPlugInTypes lacks %s, the type UUID of every AudioServerPlugIn",
                           plist_path, wanted);
    }
    char says[HALSIM_PROFILE_TEXT_MAX + 128], listed[64] = "nothing";
    halsim_profile_says(profile, "loading.plugin-type-uuids", profile->types.source, says,
                        sizeof says);
    CFIndex count = CFDictionaryGetCount(types);
    const void **keys = count > 0 ? calloc((size_t)count, sizeof *keys) : NULL;
    if (keys != NULL) {
        CFDictionaryGetKeysAndValues(types, keys, NULL);
        (void)to_utf8(keys[0], listed, sizeof listed);
    }
    free(keys);
    return halsim_fail(error, HALSIM_ERROR_BUNDLE,
                       "%s: CFPlugInTypes lacks %s, the type that is accepted%s; it lists %s%s: "
                       "add the accepted one beside it",
                       plist_path, wanted, says, listed, count > 1 ? " and others" : "");
}

static bool read_factory(CFDictionaryRef plist, const char *plist_path,
                         const struct halsim_profile *profile, struct halsim_bundle *bundle,
                         struct halsim_error *error) {
    CFDictionaryRef types = dictionary_of(plist, CFSTR("CFPlugInTypes"));
    if (types == NULL) {
        return halsim_fail(error, HALSIM_ERROR_BUNDLE,
                           "%s: no dictionary CFPlugInTypes; it maps %s to factory UUIDs",
                           plist_path, halsim_profile_type(profile, 0));
    }
    CFTypeRef factories_of_type = NULL;
    for (uint32_t i = 0; i < halsim_profile_type_count(profile) && factories_of_type == NULL; i++) {
        const char *type = halsim_profile_type(profile, i);
        factories_of_type = value_of_uuid(types, type);
        (void)snprintf(bundle->type_uuid, sizeof bundle->type_uuid, "%s", type);
    }
    if (factories_of_type == NULL) {
        return refuse_types(profile, types, plist_path, error);
    }
    CFTypeRef first = factories_of_type;
    if (CFGetTypeID(factories_of_type) == CFArrayGetTypeID()) {
        first = CFArrayGetCount(factories_of_type) > 0
                    ? CFArrayGetValueAtIndex(factories_of_type, 0)
                    : NULL;
    }
    if (!to_utf8(first, bundle->factory_uuid, sizeof bundle->factory_uuid)) {
        return halsim_fail(error, HALSIM_ERROR_BUNDLE,
                           "%s: CFPlugInTypes/%s names no factory UUID (an array of strings)",
                           plist_path, bundle->type_uuid);
    }
    CFDictionaryRef factories = dictionary_of(plist, CFSTR("CFPlugInFactories"));
    CFTypeRef symbol = factories == NULL ? NULL : value_of_uuid(factories, bundle->factory_uuid);
    if (!to_utf8(symbol, bundle->factory_symbol, sizeof bundle->factory_symbol)) {
        return halsim_fail(error, HALSIM_ERROR_BUNDLE,
                           "%s: CFPlugInFactories has no function name for factory %s", plist_path,
                           bundle->factory_uuid);
    }
    return true;
}

/* A name that stays inside its folder. */
static bool is_plain_name(const char *name) {
    return name[0] != '\0' && strchr(name, '/') == NULL && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0;
}

bool halsim_bundle_read(const char *path, const struct halsim_profile *profile,
                        struct halsim_bundle *bundle, struct halsim_error *error) {
    memset(bundle, 0, sizeof *bundle);
    if (realpath(path, bundle->path) == NULL) {
        return halsim_fail(error, HALSIM_ERROR_NOT_FOUND,
                           "%s: %s; give the path of a .driver bundle", path, strerror(errno));
    }
    struct stat status;
    if (stat(bundle->path, &status) != 0 || !S_ISDIR(status.st_mode)) {
        return halsim_fail(error, HALSIM_ERROR_BUNDLE,
                           "%s: not a folder; a bundle is one, with Contents/Info.plist inside",
                           path);
    }
    char plist_path[PATH_MAX + 32];
    (void)snprintf(plist_path, sizeof plist_path, "%s/Contents/Info.plist", bundle->path);
    CFDictionaryRef plist = read_plist(plist_path, error);
    if (plist == NULL) {
        return false;
    }
    char name[256] = "";
    bool ok = read_factory(plist, plist_path, profile, bundle, error);
    if (ok &&
        (!to_utf8(CFDictionaryGetValue(plist, CFSTR("CFBundleExecutable")), name, sizeof name) ||
         !is_plain_name(name))) {
        ok = halsim_fail(error, HALSIM_ERROR_BUNDLE,
                         "%s: CFBundleExecutable is missing or no file name", plist_path);
    }
    if (ok) {
        (void)to_utf8(CFDictionaryGetValue(plist, CFSTR("CFBundleIdentifier")), bundle->identifier,
                      sizeof bundle->identifier);
        int length = snprintf(bundle->executable, sizeof bundle->executable, "%s/Contents/MacOS/%s",
                              bundle->path, name);
        if (length < 0 || (size_t)length >= sizeof bundle->executable) {
            ok = halsim_fail(error, HALSIM_ERROR_BUNDLE,
                             "%s: the path of the executable is too long", plist_path);
        } else if (access(bundle->executable, R_OK) != 0) {
            ok = halsim_fail(error, HALSIM_ERROR_BUNDLE,
                             "%s: %s; CFBundleExecutable names a file that cannot be read",
                             bundle->executable, strerror(errno));
        }
    }
    CFRelease(plist);
    return ok;
}

bool halsim_bundle_look(const char *path, const struct halsim_profile *profile,
                        struct halsim_bundle_info *info, struct halsim_error *error) {
    struct halsim_bundle *bundle = calloc(1, sizeof *bundle);
    if (bundle == NULL) {
        return halsim_fail(error, HALSIM_ERROR_SYSTEM, "%s: out of memory", path);
    }
    bool ok = halsim_bundle_read(path, profile, bundle, error);
    if (ok) {
        memcpy(info->path, bundle->path, sizeof info->path);
        memcpy(info->bundle_id, bundle->identifier, sizeof info->bundle_id);
    }
    free(bundle);
    return ok;
}
