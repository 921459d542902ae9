/* What a driver keeps beyond its own life: one property list per plug-in. */
#include "host_internal.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct halsim_storage {
    pthread_mutex_t lock;
    CFMutableDictionaryRef values;
    char path[PATH_MAX]; /* empty: in memory only */
};

static CFPropertyListRef read_file(const char *path, struct halsim_error *error, bool *failed) {
    *failed = false;
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        *failed = errno != ENOENT;
        if (*failed) {
            (void)halsim_fail(error, HALSIM_ERROR_SYSTEM, "storage %s: %s", path, strerror(errno));
        }
        return NULL;
    }
    CFMutableDataRef data = CFDataCreateMutable(NULL, 0);
    UInt8 block[4096];
    size_t length;
    while ((length = fread(block, 1, sizeof block, file)) > 0) {
        CFDataAppendBytes(data, block, (CFIndex)length);
    }
    (void)fclose(file);
    CFPropertyListRef plist =
        CFPropertyListCreateWithData(NULL, data, kCFPropertyListImmutable, NULL, NULL);
    CFRelease(data);
    if (plist == NULL || CFGetTypeID(plist) != CFDictionaryGetTypeID()) {
        if (plist != NULL) {
            CFRelease(plist);
        }
        *failed = true;
        (void)halsim_fail(error, HALSIM_ERROR_SYSTEM,
                          "storage %s: not a property list with a dictionary; move it away", path);
        return NULL;
    }
    return plist;
}

struct halsim_storage *halsim_storage_open(const char *folder, const char *bundle_id,
                                           struct halsim_error *error) {
    struct halsim_storage *storage = calloc(1, sizeof *storage);
    if (storage == NULL) {
        (void)halsim_fail(error, HALSIM_ERROR_SYSTEM, "storage: out of memory");
        return NULL;
    }
    CFDictionaryRef stored = NULL;
    if (folder != NULL) {
        if (strchr(bundle_id, '/') != NULL || bundle_id[0] == '.') {
            (void)halsim_fail(error, HALSIM_ERROR_BUNDLE,
                              "bundle identifier \"%s\": not usable as a file name", bundle_id);
            free(storage);
            return NULL;
        }
        int length =
            snprintf(storage->path, sizeof storage->path, "%s/%s.plist", folder, bundle_id);
        bool failed = length < 0 || (size_t)length >= sizeof storage->path;
        if (failed) {
            (void)halsim_fail(error, HALSIM_ERROR_ARGUMENT, "storage folder %s: path too long",
                              folder);
        } else if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
            failed = true;
            (void)halsim_fail(error, HALSIM_ERROR_SYSTEM, "storage folder %s: %s", folder,
                              strerror(errno));
        } else {
            stored = read_file(storage->path, error, &failed);
        }
        if (failed) {
            free(storage);
            return NULL;
        }
    }
    storage->values = stored == NULL
                          ? CFDictionaryCreateMutable(NULL, 0, &kCFTypeDictionaryKeyCallBacks,
                                                      &kCFTypeDictionaryValueCallBacks)
                          : CFDictionaryCreateMutableCopy(NULL, 0, stored);
    if (stored != NULL) {
        CFRelease(stored);
    }
    pthread_mutex_init(&storage->lock, NULL);
    return storage;
}

void halsim_storage_close(struct halsim_storage *storage) {
    if (storage != NULL) {
        CFRelease(storage->values);
        pthread_mutex_destroy(&storage->lock);
        free(storage);
    }
}

/* Whole or not at all: a crash between two writes leaves the older file. */
static bool save(struct halsim_storage *storage) {
    if (storage->path[0] == '\0') {
        return true;
    }
    CFDataRef data =
        CFPropertyListCreateData(NULL, storage->values, kCFPropertyListXMLFormat_v1_0, 0, NULL);
    if (data == NULL) {
        return false;
    }
    char temporary[PATH_MAX + 8];
    (void)snprintf(temporary, sizeof temporary, "%s.new", storage->path);
    FILE *file = fopen(temporary, "wb");
    size_t length = (size_t)CFDataGetLength(data);
    bool ok = file != NULL && fwrite(CFDataGetBytePtr(data), 1, length, file) == length;
    ok = file != NULL && fclose(file) == 0 && ok;
    ok = ok && rename(temporary, storage->path) == 0;
    if (!ok) {
        (void)unlink(temporary);
    }
    CFRelease(data);
    return ok;
}

CFPropertyListRef halsim_storage_copy(struct halsim_storage *storage, CFStringRef key) {
    pthread_mutex_lock(&storage->lock);
    CFPropertyListRef value = CFDictionaryGetValue(storage->values, key);
    CFPropertyListRef copy =
        value == NULL ? NULL : CFPropertyListCreateDeepCopy(NULL, value, kCFPropertyListImmutable);
    pthread_mutex_unlock(&storage->lock);
    return copy;
}

bool halsim_storage_write(struct halsim_storage *storage, CFStringRef key,
                          CFPropertyListRef value) {
    if (!CFPropertyListIsValid(value, kCFPropertyListXMLFormat_v1_0)) {
        return false;
    }
    CFPropertyListRef copy = CFPropertyListCreateDeepCopy(NULL, value, kCFPropertyListImmutable);
    if (copy == NULL) {
        return false;
    }
    pthread_mutex_lock(&storage->lock);
    CFDictionarySetValue(storage->values, key, copy);
    bool ok = save(storage);
    pthread_mutex_unlock(&storage->lock);
    CFRelease(copy);
    return ok;
}

bool halsim_storage_delete(struct halsim_storage *storage, CFStringRef key) {
    pthread_mutex_lock(&storage->lock);
    CFDictionaryRemoveValue(storage->values, key);
    bool ok = save(storage);
    pthread_mutex_unlock(&storage->lock);
    return ok;
}
