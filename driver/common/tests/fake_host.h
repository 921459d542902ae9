/* fake_host.h - the smallest host that a driver can be tested with: it remembers what it was told.
 *
 * A configuration change is answered only when the test says so, as a host may take its time.
 */
#ifndef FAKE_HOST_H
#define FAKE_HOST_H

#include <CoreAudio/AudioServerPlugIn.h>
#include <stdbool.h>

#define FAKE_HOST_MAX_NOTICES 64
#define FAKE_HOST_MAX_STORED  8

struct fake_host {
    AudioServerPlugInHostInterface interface; /* first */
    struct {
        AudioObjectID object;
        AudioObjectPropertyAddress address;
    } notices[FAKE_HOST_MAX_NOTICES];
    UInt32 notice_count;
    UInt32 notice_calls;
    struct {
        CFStringRef key;
        CFPropertyListRef value;
    } stored[FAKE_HOST_MAX_STORED];
    UInt32 stored_count;
    bool asked; /* for a configuration change */
    AudioObjectID asked_device;
    UInt64 asked_action;
    void *asked_info;
    /* When set, PropertiesChanged() asks the driver for the property again: would hang if the
     * driver called with its lock held. */
    AudioServerPlugInDriverRef ask_back;
};

void fake_host_init(struct fake_host *host);
void fake_host_destroy(struct fake_host *host);
AudioServerPlugInHostRef fake_host_ref(struct fake_host *host);

bool fake_host_was_told(const struct fake_host *host, AudioObjectID object,
                        AudioObjectPropertySelector selector);
void fake_host_forget_notices(struct fake_host *host);
void fake_host_store_string(struct fake_host *host, const char *key, const char *value);
void fake_host_store_integer(struct fake_host *host, const char *key, SInt64 value);
/* Not retained; NULL when there is none. */
CFPropertyListRef fake_host_stored(const struct fake_host *host, const char *key);

/* Grants the change that was asked for. */
OSStatus fake_host_grant(struct fake_host *host, AudioServerPlugInDriverRef driver);
/* Refuses it. */
OSStatus fake_host_deny(struct fake_host *host, AudioServerPlugInDriverRef driver);

/* ---- short ways to properties, for any driver ---------------------------------------------- */

AudioObjectPropertyAddress address_of(AudioObjectPropertySelector selector,
                                      AudioObjectPropertyScope scope);
/* Global scope; a failed call fails the test. */
UInt32 get_u32(AudioServerPlugInDriverRef driver, AudioObjectID object,
               AudioObjectPropertySelector selector);
UInt32 get_u32_in(AudioServerPlugInDriverRef driver, AudioObjectID object,
                  AudioObjectPropertySelector selector, AudioObjectPropertyScope scope);
Float32 get_f32(AudioServerPlugInDriverRef driver, AudioObjectID object,
                AudioObjectPropertySelector selector);
Float64 get_f64(AudioServerPlugInDriverRef driver, AudioObjectID object,
                AudioObjectPropertySelector selector);
/* As UTF-8 in `text`. */
const char *get_text(AudioServerPlugInDriverRef driver, AudioObjectID object,
                     AudioObjectPropertySelector selector, char *text, size_t size);
/* Returns the number of elements of `size` bytes; `list` has room for `most`. */
UInt32 get_list(AudioServerPlugInDriverRef driver, AudioObjectID object,
                AudioObjectPropertySelector selector, AudioObjectPropertyScope scope, void *list,
                UInt32 size, UInt32 most);
OSStatus set_value(AudioServerPlugInDriverRef driver, AudioObjectID object,
                   AudioObjectPropertySelector selector, const void *data, UInt32 size);

#endif
