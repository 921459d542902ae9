/* fake_host.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above first */
#include "fake_host.h"
#include <cmocka.h>
#include <string.h>

static struct fake_host *host_of(AudioServerPlugInHostRef reference) {
    return (struct fake_host *)(uintptr_t)reference;
}

static OSStatus properties_changed(AudioServerPlugInHostRef reference, AudioObjectID object,
                                   UInt32 count, const AudioObjectPropertyAddress *addresses) {
    struct fake_host *host = host_of(reference);
    assert_true(count >= 1);
    host->notice_calls++;
    for (UInt32 i = 0; i < count; i++) {
        assert_true(host->notice_count < FAKE_HOST_MAX_NOTICES);
        host->notices[host->notice_count].object = object;
        host->notices[host->notice_count].address = addresses[i];
        host->notice_count++;
        if (host->ask_back != NULL) {
            UInt32 size;
            assert_int_equal(
                (*host->ask_back)
                    ->GetPropertyDataSize(host->ask_back, object, 0, &addresses[i], 0, NULL, &size),
                0);
        }
    }
    return kAudioHardwareNoError;
}

static int find(const struct fake_host *host, CFStringRef key) {
    for (UInt32 i = 0; i < host->stored_count; i++) {
        if (CFEqual(host->stored[i].key, key)) {
            return (int)i;
        }
    }
    return -1;
}

static OSStatus copy_from_storage(AudioServerPlugInHostRef reference, CFStringRef key,
                                  CFPropertyListRef *data) {
    const struct fake_host *host = host_of(reference);
    int at = find(host, key);
    *data = at < 0 ? NULL : CFRetain(host->stored[at].value);
    return kAudioHardwareNoError;
}

static OSStatus write_to_storage(AudioServerPlugInHostRef reference, CFStringRef key,
                                 CFPropertyListRef data) {
    struct fake_host *host = host_of(reference);
    int at = find(host, key);
    CFRetain(data);
    if (at >= 0) {
        CFRelease(host->stored[at].value);
        host->stored[at].value = data;
        return kAudioHardwareNoError;
    }
    assert_true(host->stored_count < FAKE_HOST_MAX_STORED);
    host->stored[host->stored_count].key = CFRetain(key);
    host->stored[host->stored_count].value = data;
    host->stored_count++;
    return kAudioHardwareNoError;
}

static OSStatus delete_from_storage(AudioServerPlugInHostRef reference, CFStringRef key) {
    (void)reference;
    (void)key;
    return kAudioHardwareUnsupportedOperationError;
}

static OSStatus request_change(AudioServerPlugInHostRef reference, AudioObjectID device,
                               UInt64 action, void *info) {
    struct fake_host *host = host_of(reference);
    assert_false(host->asked);
    host->asked = true;
    host->asked_device = device;
    host->asked_action = action;
    host->asked_info = info;
    return kAudioHardwareNoError;
}

void fake_host_init(struct fake_host *host) {
    memset(host, 0, sizeof *host);
    host->interface = (AudioServerPlugInHostInterface){
        .PropertiesChanged = properties_changed,
        .CopyFromStorage = copy_from_storage,
        .WriteToStorage = write_to_storage,
        .DeleteFromStorage = delete_from_storage,
        .RequestDeviceConfigurationChange = request_change,
    };
}

void fake_host_destroy(struct fake_host *host) {
    for (UInt32 i = 0; i < host->stored_count; i++) {
        CFRelease(host->stored[i].key);
        CFRelease(host->stored[i].value);
    }
    host->stored_count = 0;
}

AudioServerPlugInHostRef fake_host_ref(struct fake_host *host) {
    return &host->interface;
}

bool fake_host_was_told(const struct fake_host *host, AudioObjectID object,
                        AudioObjectPropertySelector selector) {
    for (UInt32 i = 0; i < host->notice_count; i++) {
        if (host->notices[i].object == object && host->notices[i].address.mSelector == selector) {
            return true;
        }
    }
    return false;
}

void fake_host_forget_notices(struct fake_host *host) {
    host->notice_count = 0;
    host->notice_calls = 0;
}

static void store(struct fake_host *host, const char *key, CFPropertyListRef value) {
    CFStringRef name = CFStringCreateWithCString(NULL, key, kCFStringEncodingUTF8);
    write_to_storage(fake_host_ref(host), name, value);
    CFRelease(name);
    CFRelease(value);
}

void fake_host_store_string(struct fake_host *host, const char *key, const char *value) {
    store(host, key, CFStringCreateWithCString(NULL, value, kCFStringEncodingUTF8));
}

void fake_host_store_integer(struct fake_host *host, const char *key, SInt64 value) {
    store(host, key, CFNumberCreate(NULL, kCFNumberSInt64Type, &value));
}

CFPropertyListRef fake_host_stored(const struct fake_host *host, const char *key) {
    CFStringRef name = CFStringCreateWithCString(NULL, key, kCFStringEncodingUTF8);
    int at = find(host, name);
    CFRelease(name);
    return at < 0 ? NULL : host->stored[at].value;
}

OSStatus fake_host_grant(struct fake_host *host, AudioServerPlugInDriverRef driver) {
    assert_true(host->asked);
    host->asked = false;
    return (*driver)->PerformDeviceConfigurationChange(driver, host->asked_device,
                                                       host->asked_action, host->asked_info);
}

OSStatus fake_host_deny(struct fake_host *host, AudioServerPlugInDriverRef driver) {
    assert_true(host->asked);
    host->asked = false;
    return (*driver)->AbortDeviceConfigurationChange(driver, host->asked_device, host->asked_action,
                                                     host->asked_info);
}

/* ---- properties ---------------------------------------------------------------------------- */

AudioObjectPropertyAddress address_of(AudioObjectPropertySelector selector,
                                      AudioObjectPropertyScope scope) {
    return (AudioObjectPropertyAddress){selector, scope, kAudioObjectPropertyElementMain};
}

static void get(AudioServerPlugInDriverRef driver, AudioObjectID object,
                AudioObjectPropertySelector selector, AudioObjectPropertyScope scope, void *data,
                UInt32 size) {
    AudioObjectPropertyAddress address = address_of(selector, scope);
    UInt32 written = 0;
    assert_int_equal(
        (*driver)->GetPropertyData(driver, object, 0, &address, 0, NULL, size, &written, data),
        kAudioHardwareNoError);
    assert_int_equal(written, size);
}

UInt32 get_u32_in(AudioServerPlugInDriverRef driver, AudioObjectID object,
                  AudioObjectPropertySelector selector, AudioObjectPropertyScope scope) {
    UInt32 value;
    get(driver, object, selector, scope, &value, sizeof value);
    return value;
}

UInt32 get_u32(AudioServerPlugInDriverRef driver, AudioObjectID object,
               AudioObjectPropertySelector selector) {
    return get_u32_in(driver, object, selector, kAudioObjectPropertyScopeGlobal);
}

Float32 get_f32(AudioServerPlugInDriverRef driver, AudioObjectID object,
                AudioObjectPropertySelector selector) {
    Float32 value;
    get(driver, object, selector, kAudioObjectPropertyScopeGlobal, &value, sizeof value);
    return value;
}

Float64 get_f64(AudioServerPlugInDriverRef driver, AudioObjectID object,
                AudioObjectPropertySelector selector) {
    Float64 value;
    get(driver, object, selector, kAudioObjectPropertyScopeGlobal, &value, sizeof value);
    return value;
}

const char *get_text(AudioServerPlugInDriverRef driver, AudioObjectID object,
                     AudioObjectPropertySelector selector, char *text, size_t size) {
    CFStringRef string;
    get(driver, object, selector, kAudioObjectPropertyScopeGlobal, &string, sizeof string);
    assert_true(CFStringGetCString(string, text, (CFIndex)size, kCFStringEncodingUTF8));
    CFRelease(string);
    return text;
}

UInt32 get_list(AudioServerPlugInDriverRef driver, AudioObjectID object,
                AudioObjectPropertySelector selector, AudioObjectPropertyScope scope, void *list,
                UInt32 size, UInt32 most) {
    AudioObjectPropertyAddress address = address_of(selector, scope);
    UInt32 bytes, written;
    assert_int_equal((*driver)->GetPropertyDataSize(driver, object, 0, &address, 0, NULL, &bytes),
                     0);
    assert_true(bytes % size == 0 && bytes <= size * most);
    assert_int_equal((*driver)->GetPropertyData(driver, object, 0, &address, 0, NULL, size * most,
                                                &written, list),
                     0);
    assert_int_equal(written, bytes);
    return bytes / size;
}

OSStatus set_value(AudioServerPlugInDriverRef driver, AudioObjectID object,
                   AudioObjectPropertySelector selector, const void *data, UInt32 size) {
    AudioObjectPropertyAddress address = address_of(selector, kAudioObjectPropertyScopeGlobal);
    return (*driver)->SetPropertyData(driver, object, 0, &address, 0, NULL, size, data);
}
