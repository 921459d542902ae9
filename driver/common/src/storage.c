/* storage.c - typed access to the host's storage. */
#include "haldrv/storage.h"
#include <stdlib.h>
#include <string.h>

static CFStringRef make_string(const char *text) {
    return CFStringCreateWithCString(NULL, text, kCFStringEncodingUTF8);
}

/* NULL when there is nothing. */
static CFPropertyListRef copy(AudioServerPlugInHostRef host, const char *key) {
    CFPropertyListRef value = NULL;
    CFStringRef name = make_string(key);
    if (name == NULL) {
        return NULL;
    }
    OSStatus status = host->CopyFromStorage(host, name, &value);
    CFRelease(name);
    return status == kAudioHardwareNoError ? value : NULL;
}

enum haldrv_stored haldrv_storage_string(AudioServerPlugInHostRef host, const char *key,
                                         char *value, size_t size) {
    CFPropertyListRef stored = copy(host, key);
    if (stored == NULL) {
        return HALDRV_STORED_NOTHING;
    }
    bool good =
        CFGetTypeID(stored) == CFStringGetTypeID() &&
        CFStringGetCString((CFStringRef)stored, value, (CFIndex)size, kCFStringEncodingUTF8);
    CFRelease(stored);
    return good ? HALDRV_STORED_VALUE : HALDRV_STORED_OTHER;
}

enum haldrv_stored haldrv_storage_integer(AudioServerPlugInHostRef host, const char *key,
                                          int64_t *value) {
    CFPropertyListRef stored = copy(host, key);
    if (stored == NULL) {
        return HALDRV_STORED_NOTHING;
    }
    /* False also for a number that is no integer. */
    bool good = CFGetTypeID(stored) == CFNumberGetTypeID() &&
                CFNumberGetValue((CFNumberRef)stored, kCFNumberSInt64Type, value);
    CFRelease(stored);
    return good ? HALDRV_STORED_VALUE : HALDRV_STORED_OTHER;
}

/* Takes over `value`. */
static OSStatus write(AudioServerPlugInHostRef host, const char *key, CFPropertyListRef value) {
    CFStringRef name = make_string(key);
    OSStatus status = kAudioHardwareUnspecifiedError;
    if (name != NULL && value != NULL) {
        status = host->WriteToStorage(host, name, value);
    }
    if (name != NULL) {
        CFRelease(name);
    }
    if (value != NULL) {
        CFRelease(value);
    }
    return status;
}

OSStatus haldrv_storage_set_string(AudioServerPlugInHostRef host, const char *key,
                                   const char *value) {
    return write(host, key, make_string(value));
}

OSStatus haldrv_storage_set_integer(AudioServerPlugInHostRef host, const char *key, int64_t value) {
    return write(host, key, CFNumberCreate(NULL, kCFNumberSInt64Type, &value));
}

bool haldrv_parse_unsigned(const char *text, unsigned base, uint64_t min, uint64_t max,
                           uint64_t *value) {
    uint64_t number = 0;
    if (*text == '\0') {
        return false;
    }
    for (; *text != '\0'; text++) {
        unsigned digit = (unsigned)(unsigned char)*text - '0';
        if (digit >= base || number > (UINT64_MAX - digit) / base) {
            return false;
        }
        number = number * base + digit;
    }
    *value = number;
    return number >= min && number <= max;
}
