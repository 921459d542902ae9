/* probe_storage.c - what drivers keep, as XML property lists. */
#include "probe_host.h"
#include <stdlib.h>

struct probe_storage {
    pthread_mutex_t lock;
    CFMutableDictionaryRef entries; /* copies of keys to CFData */
};

struct probe_storage *probe_storage_create(void) {
    struct probe_storage *storage = calloc(1, sizeof *storage);
    if (storage != NULL) {
        pthread_mutex_init(&storage->lock, NULL);
        storage->entries = CFDictionaryCreateMutable(NULL, 0, &kCFTypeDictionaryKeyCallBacks,
                                                     &kCFTypeDictionaryValueCallBacks);
    }
    return storage;
}

void probe_storage_destroy(struct probe_storage *storage) {
    if (storage != NULL) {
        CFRelease(storage->entries);
        pthread_mutex_destroy(&storage->lock);
        free(storage);
    }
}

/* A string of our own: a constant of the driver's would go with its code. */
static CFStringRef copy_key(CFStringRef key) {
    return CFStringCreateMutableCopy(NULL, 0, key);
}

bool probe_storage_write(struct probe_storage *storage, CFStringRef key, CFPropertyListRef value) {
    CFDataRef data = CFPropertyListCreateData(NULL, value, kCFPropertyListXMLFormat_v1_0, 0, NULL);
    if (data == NULL) {
        return false;
    }
    CFStringRef own = copy_key(key);
    pthread_mutex_lock(&storage->lock);
    /* Not replaced: the dictionary would keep the key that it has. */
    CFDictionaryRemoveValue(storage->entries, own);
    CFDictionarySetValue(storage->entries, own, data);
    pthread_mutex_unlock(&storage->lock);
    CFRelease(own);
    CFRelease(data);
    return true;
}

static CFPropertyListRef copy_value(CFDataRef data) {
    return CFPropertyListCreateWithData(NULL, data, kCFPropertyListImmutable, NULL, NULL);
}

CFPropertyListRef probe_storage_copy(struct probe_storage *storage, CFStringRef key) {
    pthread_mutex_lock(&storage->lock);
    CFDataRef data = CFDictionaryGetValue(storage->entries, key);
    CFPropertyListRef value = data == NULL ? NULL : copy_value(data);
    pthread_mutex_unlock(&storage->lock);
    return value;
}

bool probe_storage_delete(struct probe_storage *storage, CFStringRef key) {
    pthread_mutex_lock(&storage->lock);
    bool was_there = CFDictionaryContainsKey(storage->entries, key);
    CFDictionaryRemoveValue(storage->entries, key);
    pthread_mutex_unlock(&storage->lock);
    return was_there;
}

static void add_value(const void *key, const void *value, void *context) {
    CFPropertyListRef read = copy_value(value);
    if (read != NULL) {
        CFDictionarySetValue(context, key, read);
        CFRelease(read);
    }
}

CFDictionaryRef probe_storage_copy_all(struct probe_storage *storage) {
    CFMutableDictionaryRef all = CFDictionaryCreateMutable(NULL, 0, &kCFTypeDictionaryKeyCallBacks,
                                                           &kCFTypeDictionaryValueCallBacks);
    pthread_mutex_lock(&storage->lock);
    CFDictionaryApplyFunction(storage->entries, add_value, all);
    pthread_mutex_unlock(&storage->lock);
    return all;
}

void probe_storage_clear(struct probe_storage *storage) {
    pthread_mutex_lock(&storage->lock);
    CFDictionaryRemoveAllValues(storage->entries);
    pthread_mutex_unlock(&storage->lock);
}
