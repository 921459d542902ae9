/* What a driver keeps beyond its own life: one property list per bundle identifier. */
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
    char name[HALSIM_STORAGE_NAME_MAX];
    char path[PATH_MAX]; /* empty: in memory only */
    struct halsim_storage *next;
};

static CFMutableDictionaryRef empty(void) {
    return CFDictionaryCreateMutable(NULL, 0, &kCFTypeDictionaryKeyCallBacks,
                                     &kCFTypeDictionaryValueCallBacks);
}

/* NULL and no error when there is no such file. */
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

/* Its folder, if need be, and its path there. */
static bool find_path(struct halsim_storage *storage, const char *folder,
                      struct halsim_error *error) {
    if (strchr(storage->name, '/') != NULL || storage->name[0] == '.') {
        return halsim_fail(error, HALSIM_ERROR_BUNDLE,
                           "bundle identifier \"%s\": not usable as a file name", storage->name);
    }
    int length =
        snprintf(storage->path, sizeof storage->path, "%s/%s.plist", folder, storage->name);
    if (length < 0 || (size_t)length >= sizeof storage->path) {
        return halsim_fail(error, HALSIM_ERROR_ARGUMENT, "storage folder %s: path too long",
                           folder);
    }
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        return halsim_fail(error, HALSIM_ERROR_SYSTEM, "storage folder %s: %s", folder,
                           strerror(errno));
    }
    return true;
}

/* The values as the file has them: someone may have changed it while no plug-in used it. */
static bool read_values(struct halsim_storage *storage, struct halsim_error *error) {
    bool failed;
    CFPropertyListRef stored = read_file(storage->path, error, &failed);
    if (failed) {
        return false;
    }
    CFMutableDictionaryRef values =
        stored == NULL ? empty() : CFDictionaryCreateMutableCopy(NULL, 0, stored);
    if (stored != NULL) {
        CFRelease(stored);
    }
    pthread_mutex_lock(&storage->lock);
    CFRelease(storage->values);
    storage->values = values;
    pthread_mutex_unlock(&storage->lock);
    return true;
}

static void destroy(struct halsim_storage *storage) {
    CFRelease(storage->values);
    pthread_mutex_destroy(&storage->lock);
    free(storage);
}

struct halsim_storage *halsim_storage_open(struct halsim_host *host, const char *name,
                                           struct halsim_error *error) {
    struct halsim_storage *storage = host->storages;
    while (storage != NULL && strcmp(storage->name, name) != 0) {
        storage = storage->next;
    }
    if (storage != NULL) {
        return storage->path[0] == '\0' || read_values(storage, error) ? storage : NULL;
    }
    storage = calloc(1, sizeof *storage);
    if (storage == NULL) {
        (void)halsim_fail(error, HALSIM_ERROR_SYSTEM, "storage: out of memory");
        return NULL;
    }
    pthread_mutex_init(&storage->lock, NULL);
    storage->values = empty();
    (void)snprintf(storage->name, sizeof storage->name, "%s", name);
    if (host->storage_folder != NULL &&
        (!find_path(storage, host->storage_folder, error) || !read_values(storage, error))) {
        destroy(storage);
        return NULL;
    }
    storage->next = host->storages;
    host->storages = storage;
    return storage;
}

void halsim_storage_close_all(struct halsim_host *host) {
    while (host->storages != NULL) {
        struct halsim_storage *storage = host->storages;
        host->storages = storage->next;
        destroy(storage);
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
