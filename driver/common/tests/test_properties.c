/* test_properties.c - the rules of properties, through the entry points. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above first */
#include "fixture.h"
#include <cmocka.h>
#include <math.h>
#include <string.h>

#define GLOBAL kAudioObjectPropertyScopeGlobal
#define INPUT  kAudioObjectPropertyScopeInput
#define OUTPUT kAudioObjectPropertyScopeOutput

static AudioServerPlugInDriverRef driver_of(void **state) {
    return ((struct fixture *)*state)->driver;
}

static OSStatus get_status(AudioServerPlugInDriverRef driver, AudioObjectID object,
                           AudioObjectPropertyAddress address, UInt32 room) {
    unsigned char data[1024];
    UInt32 written;
    assert_true(room <= sizeof data);
    return (*driver)->GetPropertyData(driver, object, 0, &address, 0, NULL, room, &written, data);
}

static bool has(AudioServerPlugInDriverRef driver, AudioObjectID object,
                AudioObjectPropertySelector selector, AudioObjectPropertyScope scope) {
    AudioObjectPropertyAddress address = address_of(selector, scope);
    return (*driver)->HasProperty(driver, object, 0, &address);
}

/* ---- addresses ----------------------------------------------------------------------------- */

static void an_unknown_object_has_no_property_at_all(void **state) {
    AudioServerPlugInDriverRef driver = driver_of(state);
    static const AudioObjectID ids[] = {0, FIXTURE_OBJECTS + 1, 999, UINT32_MAX};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        AudioObjectPropertyAddress address = address_of(kAudioObjectPropertyClass, GLOBAL);
        UInt32 size, value = 0;
        Boolean settable;
        assert_false((*driver)->HasProperty(driver, ids[i], 0, &address));
        assert_int_equal((*driver)->IsPropertySettable(driver, ids[i], 0, &address, &settable),
                         kAudioHardwareBadObjectError);
        assert_int_equal(
            (*driver)->GetPropertyDataSize(driver, ids[i], 0, &address, 0, NULL, &size),
            kAudioHardwareBadObjectError);
        assert_int_equal(get_status(driver, ids[i], address, 4), kAudioHardwareBadObjectError);
        assert_int_equal(
            (*driver)->SetPropertyData(driver, ids[i], 0, &address, 0, NULL, 4, &value),
            kAudioHardwareBadObjectError);
    }
}

static void an_unknown_selector_is_refused_by_every_entry_point(void **state) {
    AudioServerPlugInDriverRef driver = driver_of(state);
    for (AudioObjectID id = 1; id <= FIXTURE_OBJECTS; id++) {
        AudioObjectPropertyAddress address = address_of('nono', GLOBAL);
        UInt32 size, value = 0;
        Boolean settable;
        assert_false((*driver)->HasProperty(driver, id, 0, &address));
        assert_int_equal((*driver)->IsPropertySettable(driver, id, 0, &address, &settable),
                         kAudioHardwareUnknownPropertyError);
        assert_int_equal((*driver)->GetPropertyDataSize(driver, id, 0, &address, 0, NULL, &size),
                         kAudioHardwareUnknownPropertyError);
        assert_int_equal(get_status(driver, id, address, 4), kAudioHardwareUnknownPropertyError);
        assert_int_equal((*driver)->SetPropertyData(driver, id, 0, &address, 0, NULL, 4, &value),
                         kAudioHardwareUnknownPropertyError);
    }
}

static void scopes_and_elements_that_do_not_exist_are_refused(void **state) {
    AudioServerPlugInDriverRef driver = driver_of(state);
    assert_true(has(driver, FIXTURE_OUTPUT, kAudioDevicePropertyDeviceUID, GLOBAL));
    assert_true(has(driver, FIXTURE_OUTPUT, kAudioDevicePropertyDeviceUID, OUTPUT));
    assert_false(has(driver, FIXTURE_OUTPUT, kAudioDevicePropertyDeviceUID,
                     kAudioObjectPropertyScopePlayThrough));
    assert_false(has(driver, FIXTURE_OUTPUT, kAudioDevicePropertyDeviceUID, 0));
    AudioObjectPropertyAddress address = address_of(kAudioDevicePropertyDeviceUID, GLOBAL);
    address.mElement = 1;
    assert_false((*driver)->HasProperty(driver, FIXTURE_OUTPUT, 0, &address));
    assert_int_equal(get_status(driver, FIXTURE_OUTPUT, address, 8),
                     kAudioHardwareUnknownPropertyError);
    /* These belong to a side of the device, not to the device. */
    static const AudioObjectPropertySelector sided[] = {
        kAudioDevicePropertyLatency,
        kAudioDevicePropertySafetyOffset,
        kAudioDevicePropertyDeviceCanBeDefaultDevice,
        kAudioDevicePropertyDeviceCanBeDefaultSystemDevice,
        kAudioDevicePropertyPreferredChannelsForStereo,
        kAudioDevicePropertyPreferredChannelLayout,
    };
    for (size_t i = 0; i < sizeof sided / sizeof sided[0]; i++) {
        assert_false(has(driver, FIXTURE_OUTPUT, sided[i], GLOBAL));
        assert_true(has(driver, FIXTURE_OUTPUT, sided[i], OUTPUT));
    }
}

static void missing_pointers_are_refused(void **state) {
    AudioServerPlugInDriverRef driver = driver_of(state);
    AudioObjectPropertyAddress address = address_of(kAudioObjectPropertyClass, GLOBAL);
    UInt32 size;
    unsigned char data[8];
    const OSStatus nope = kAudioHardwareIllegalOperationError;
    assert_false((*driver)->HasProperty(driver, 1, 0, NULL));
    assert_int_equal((*driver)->IsPropertySettable(driver, 1, 0, &address, NULL), nope);
    assert_int_equal((*driver)->GetPropertyDataSize(driver, 1, 0, &address, 0, NULL, NULL), nope);
    assert_int_equal((*driver)->GetPropertyData(driver, 1, 0, &address, 0, NULL, 8, NULL, data),
                     nope);
    assert_int_equal((*driver)->GetPropertyData(driver, 1, 0, &address, 0, NULL, 8, &size, NULL),
                     nope);
    assert_int_equal((*driver)->SetPropertyData(driver, 1, 0, &address, 0, NULL, 4, NULL), nope);
    assert_int_equal((*driver)->GetPropertyDataSize(driver, 1, 0, NULL, 0, NULL, &size), nope);
}

/* ---- sizes --------------------------------------------------------------------------------- */

static void a_value_needs_all_of_its_room(void **state) {
    AudioServerPlugInDriverRef driver = driver_of(state);
    AudioObjectPropertyAddress rate = address_of(kAudioDevicePropertyNominalSampleRate, GLOBAL);
    assert_int_equal(get_status(driver, FIXTURE_OUTPUT, rate, 7),
                     kAudioHardwareBadPropertySizeError);
    assert_int_equal(get_status(driver, FIXTURE_OUTPUT, rate, 8), 0);
    AudioObjectPropertyAddress layout =
        address_of(kAudioDevicePropertyPreferredChannelLayout, OUTPUT);
    assert_int_equal(get_status(driver, FIXTURE_OUTPUT, layout, 12 + 2 * 20 - 1),
                     kAudioHardwareBadPropertySizeError);
    assert_int_equal(get_status(driver, FIXTURE_OUTPUT, layout, 12 + 2 * 20), 0);
}

static void a_short_buffer_gets_as_much_of_a_list_as_fits(void **state) {
    AudioServerPlugInDriverRef driver = driver_of(state);
    AudioObjectPropertyAddress address = address_of(kAudioObjectPropertyOwnedObjects, GLOBAL);
    AudioObjectID ids[4] = {77, 77, 77, 77};
    UInt32 written;
    assert_int_equal(
        (*driver)->GetPropertyData(driver, FIXTURE_OUTPUT, 0, &address, 0, NULL, 11, &written, ids),
        0);
    assert_int_equal(written, 8);
    assert_int_equal(ids[0], FIXTURE_OUTPUT_STREAM);
    assert_int_equal(ids[1], FIXTURE_VOLUME);
    assert_int_equal(ids[2], 77);
    assert_int_equal(
        (*driver)->GetPropertyData(driver, FIXTURE_OUTPUT, 0, &address, 0, NULL, 0, &written, NULL),
        0);
    assert_int_equal(written, 0);
}

static void a_set_takes_exactly_the_size_and_only_what_is_settable(void **state) {
    AudioServerPlugInDriverRef driver = driver_of(state);
    const unsigned char data[64] = {0};
    assert_int_equal(set_value(driver, FIXTURE_MUTE, kAudioBooleanControlPropertyValue, data, 3),
                     kAudioHardwareBadPropertySizeError);
    assert_int_equal(set_value(driver, FIXTURE_MUTE, kAudioBooleanControlPropertyValue, data, 8),
                     kAudioHardwareBadPropertySizeError);
    assert_int_equal(set_value(driver, FIXTURE_MUTE, kAudioObjectPropertyClass, data, 4),
                     kAudioHardwareUnsupportedOperationError);
    Boolean settable;
    AudioObjectPropertyAddress address = address_of(kAudioObjectPropertyClass, GLOBAL);
    assert_int_equal((*driver)->IsPropertySettable(driver, 1, 0, &address, &settable), 0);
    assert_false(settable);
    address = address_of(kAudioBooleanControlPropertyValue, GLOBAL);
    assert_int_equal((*driver)->IsPropertySettable(driver, FIXTURE_MUTE, 0, &address, &settable),
                     0);
    assert_true(settable);
}

static bool is_text(AudioObjectPropertySelector selector) {
    static const AudioObjectPropertySelector texts[] = {'lnam', 'lmod', 'lmak', 'piid',
                                                        'rsrc', 'capp', 'uid ', 'muid'};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (texts[i] == selector) {
            return true;
        }
    }
    return false;
}

/* All selectors of the interface: whatever an object has must answer all questions about it alike.
 */
static void has_size_and_data_agree_for_every_property(void **state) {
    static const char selectors[] = "bcls clas stdv lnam lmod lmak lchn lccn lcnn ownd iden snum "
                                    "fwvn cust piid dev# uidd box# uidb clk# uidc rsrc capp uid  "
                                    "muid tran akin clkd livn goin dflt sflt ltnc stm# ctrl saft "
                                    "nsrt nsr# icon hidn dch2 srnd ring clok cstb sact sdir term "
                                    "schn sfmt sfma pft  pfta cscp celm lcsv lcdv lcdr lcsd lcds "
                                    "bcvl scci sdrv spcv";
    static const AudioObjectPropertyScope scopes[] = {GLOBAL, INPUT, OUTPUT};
    static const CFStringRef no_string;
    AudioServerPlugInDriverRef driver = driver_of(state);
    unsigned found = 0;
    for (const char *at = selectors; *at != '\0'; at += at[4] == ' ' ? 5 : 4) {
        AudioObjectPropertySelector selector =
            (UInt32)at[0] << 24 | (UInt32)at[1] << 16 | (UInt32)at[2] << 8 | (UInt32)at[3];
        bool translates = selector == 'uidd' || selector == 'uidb' || selector == 'uidc';
        for (AudioObjectID id = 1; !translates && id <= FIXTURE_OBJECTS; id++) {
            for (size_t s = 0; s < 3; s++) {
                AudioObjectPropertyAddress address = address_of(selector, scopes[s]);
                _Alignas(16) unsigned char data[1024];
                UInt32 size = 0, written = 0;
                OSStatus sized =
                    (*driver)->GetPropertyDataSize(driver, id, 0, &address, 0, &no_string, &size);
                bool there = (*driver)->HasProperty(driver, id, 0, &address);
                assert_int_equal(sized, there ? 0 : kAudioHardwareUnknownPropertyError);
                if (!there) {
                    continue;
                }
                found++;
                assert_true(size + 16 <= sizeof data);
                memset(data, 0xA5, sizeof data);
                assert_int_equal((*driver)->GetPropertyData(driver, id, 0, &address, 0, NULL, size,
                                                            &written, data),
                                 0);
                assert_int_equal(written, size);
                for (size_t i = size; i < size + 16; i++) {
                    assert_int_equal(data[i], 0xA5);
                }
                if (is_text(selector)) {
                    CFStringRef text;
                    memcpy(&text, data, sizeof text);
                    assert_int_equal(CFGetTypeID(text), CFStringGetTypeID());
                    CFRelease(text);
                }
            }
        }
    }
    assert_true(found > 200);
}

/* ---- objects ------------------------------------------------------------------------------- */

static void objects_know_class_base_and_owner(void **state) {
    static const struct {
        AudioObjectID id;
        AudioClassID class_id, base_class;
        AudioObjectID owner;
    } wanted[] = {
        {FIXTURE_PLUGIN, 'aplg', 'aobj', 0},
        {FIXTURE_OUTPUT, 'adev', 'aobj', FIXTURE_PLUGIN},
        {FIXTURE_OUTPUT_STREAM, 'astr', 'aobj', FIXTURE_OUTPUT},
        {FIXTURE_VOLUME, 'vlme', 'levl', FIXTURE_OUTPUT},
        {FIXTURE_MUTE, 'mute', 'togl', FIXTURE_OUTPUT},
        {FIXTURE_INPUT_STREAM, 'astr', 'aobj', FIXTURE_INPUT},
    };
    AudioServerPlugInDriverRef driver = driver_of(state);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        AudioObjectID id = wanted[i].id;
        assert_int_equal(get_u32(driver, id, kAudioObjectPropertyClass), wanted[i].class_id);
        assert_int_equal(get_u32(driver, id, kAudioObjectPropertyBaseClass), wanted[i].base_class);
        assert_int_equal(get_u32(driver, id, kAudioObjectPropertyOwner), wanted[i].owner);
    }
}

static void owned_objects_follow_the_scope(void **state) {
    AudioServerPlugInDriverRef driver = driver_of(state);
    const AudioObjectPropertySelector owned = kAudioObjectPropertyOwnedObjects;
    AudioObjectID ids[8];
    assert_int_equal(get_list(driver, FIXTURE_PLUGIN, owned, GLOBAL, ids, 4, 8), 2);
    assert_int_equal(get_list(driver, FIXTURE_OUTPUT, owned, GLOBAL, ids, 4, 8), 3);
    assert_int_equal(get_list(driver, FIXTURE_OUTPUT, owned, OUTPUT, ids, 4, 8), 3);
    assert_int_equal(get_list(driver, FIXTURE_OUTPUT, owned, INPUT, ids, 4, 8), 0);
    assert_int_equal(get_list(driver, FIXTURE_INPUT, owned, INPUT, ids, 4, 8), 1);
    assert_int_equal(get_list(driver, FIXTURE_VOLUME, owned, GLOBAL, ids, 4, 8), 0);
}

static UInt32 owned_of_classes(AudioServerPlugInDriverRef driver, AudioObjectID object,
                               const AudioClassID *classes, UInt32 count) {
    AudioObjectPropertyAddress address = address_of(kAudioObjectPropertyOwnedObjects, GLOBAL);
    UInt32 size;
    assert_int_equal(
        (*driver)->GetPropertyDataSize(driver, object, 0, &address, 4 * count, classes, &size), 0);
    return size / 4;
}

static void owned_objects_are_filtered_by_class_and_subclass(void **state) {
    AudioServerPlugInDriverRef driver = driver_of(state);
    const AudioClassID streams = 'astr', levels = 'levl', controls = 'actl', all = 'aobj',
                       any = '****', none = 'abox';
    const AudioClassID two[] = {'astr', 'mute'};
    assert_int_equal(owned_of_classes(driver, FIXTURE_OUTPUT, &streams, 1), 1);
    assert_int_equal(owned_of_classes(driver, FIXTURE_OUTPUT, &levels, 1), 1);
    assert_int_equal(owned_of_classes(driver, FIXTURE_OUTPUT, &controls, 1), 2);
    assert_int_equal(owned_of_classes(driver, FIXTURE_OUTPUT, &all, 1), 3);
    assert_int_equal(owned_of_classes(driver, FIXTURE_OUTPUT, &any, 1), 3);
    assert_int_equal(owned_of_classes(driver, FIXTURE_OUTPUT, &none, 1), 0);
    assert_int_equal(owned_of_classes(driver, FIXTURE_OUTPUT, two, 2), 2);
    AudioObjectPropertyAddress address = address_of(kAudioObjectPropertyOwnedObjects, GLOBAL);
    UInt32 size;
    assert_int_equal(
        (*driver)->GetPropertyDataSize(driver, FIXTURE_OUTPUT, 0, &address, 3, &streams, &size),
        kAudioHardwareBadPropertySizeError);
}

static AudioObjectID translate(AudioServerPlugInDriverRef driver, const char *uid) {
    AudioObjectPropertyAddress address =
        address_of(kAudioPlugInPropertyTranslateUIDToDevice, GLOBAL);
    CFStringRef string = CFStringCreateWithCString(NULL, uid, kCFStringEncodingUTF8);
    AudioObjectID id = 77;
    UInt32 written;
    assert_int_equal((*driver)->GetPropertyData(driver, FIXTURE_PLUGIN, 0, &address, sizeof string,
                                                &string, 4, &written, &id),
                     0);
    CFRelease(string);
    return id;
}

static void a_uid_leads_to_its_device_and_others_to_none(void **state) {
    AudioServerPlugInDriverRef driver = driver_of(state);
    assert_int_equal(translate(driver, "Output_UID"), FIXTURE_OUTPUT);
    assert_int_equal(translate(driver, "Input_UID"), FIXTURE_INPUT);
    assert_int_equal(translate(driver, "output_uid"), kAudioObjectUnknown);
    AudioObjectPropertyAddress address =
        address_of(kAudioPlugInPropertyTranslateUIDToDevice, GLOBAL);
    assert_int_equal(get_status(driver, FIXTURE_PLUGIN, address, 4),
                     kAudioHardwareBadPropertySizeError);
    UInt32 written, id;
    CFStringRef none = NULL;
    assert_int_equal((*driver)->GetPropertyData(driver, FIXTURE_PLUGIN, 0, &address, sizeof none,
                                                &none, 4, &written, &id),
                     kAudioHardwareIllegalOperationError);
}

/* ---- device -------------------------------------------------------------------------------- */

static void a_device_answers_by_side(void **state) {
    AudioServerPlugInDriverRef driver = driver_of(state);
    AudioObjectID ids[4];
    const AudioObjectPropertySelector streams = kAudioDevicePropertyStreams;
    assert_int_equal(get_list(driver, FIXTURE_OUTPUT, streams, OUTPUT, ids, 4, 4), 1);
    assert_int_equal(ids[0], FIXTURE_OUTPUT_STREAM);
    assert_int_equal(get_list(driver, FIXTURE_OUTPUT, streams, INPUT, ids, 4, 4), 0);
    assert_int_equal(get_list(driver, FIXTURE_OUTPUT, streams, GLOBAL, ids, 4, 4), 1);
    assert_int_equal(
        get_list(driver, FIXTURE_OUTPUT, kAudioObjectPropertyControlList, GLOBAL, ids, 4, 4), 2);
    assert_int_equal(
        get_list(driver, FIXTURE_INPUT, kAudioObjectPropertyControlList, GLOBAL, ids, 4, 4), 0);
    assert_int_equal(get_u32_in(driver, FIXTURE_OUTPUT, kAudioDevicePropertyLatency, OUTPUT), 7);
    assert_int_equal(get_u32_in(driver, FIXTURE_OUTPUT, kAudioDevicePropertyLatency, INPUT), 0);
    assert_int_equal(get_u32_in(driver, FIXTURE_OUTPUT, kAudioDevicePropertySafetyOffset, OUTPUT),
                     9);
    const AudioObjectPropertySelector dflt = kAudioDevicePropertyDeviceCanBeDefaultDevice;
    assert_int_equal(get_u32_in(driver, FIXTURE_OUTPUT, dflt, OUTPUT), 1);
    assert_int_equal(get_u32_in(driver, FIXTURE_OUTPUT, dflt, INPUT), 0);
    assert_int_equal(get_u32_in(driver, FIXTURE_INPUT, dflt, INPUT), 1);
    assert_false(
        has(driver, FIXTURE_OUTPUT, kAudioDevicePropertyPreferredChannelsForStereo, INPUT));
    assert_false(has(driver, FIXTURE_INPUT, kAudioObjectPropertyCustomPropertyInfoList, GLOBAL));
}

static void a_device_has_its_texts_and_numbers(void **state) {
    AudioServerPlugInDriverRef driver = driver_of(state);
    const AudioObjectID id = FIXTURE_OUTPUT;
    char text[64];
    assert_string_equal(get_text(driver, id, kAudioDevicePropertyDeviceUID, text, 64),
                        "Output_UID");
    assert_string_equal(get_text(driver, id, kAudioDevicePropertyModelUID, text, 64), "Model_UID");
    assert_string_equal(get_text(driver, id, kAudioObjectPropertyName, text, 64), "Fixture Output");
    assert_string_equal(get_text(driver, id, kAudioObjectPropertyManufacturer, text, 64),
                        "hal-lab");
    assert_string_equal(
        get_text(driver, id, kAudioDevicePropertyConfigurationApplication, text, 64),
        "com.apple.audio.AudioMIDISetup");
    assert_string_equal(get_text(driver, 1, kAudioPlugInPropertyResourceBundle, text, 64), "");
    assert_string_equal(get_text(driver, 1, kAudioPlugInPropertyBundleID, text, 64),
                        "test.fixture");
    assert_int_equal(get_u32(driver, id, kAudioDevicePropertyTransportType), 'virt');
    assert_int_equal(get_u32(driver, id, kAudioDevicePropertyDeviceIsAlive), 1);
    assert_int_equal(get_u32(driver, id, kAudioDevicePropertyZeroTimeStampPeriod), 16384);
    assert_int_equal(get_u32(driver, id, kAudioDevicePropertyClockAlgorithm), 'raww');
    AudioObjectID related[2];
    assert_int_equal(
        get_list(driver, id, kAudioDevicePropertyRelatedDevices, GLOBAL, related, 4, 2), 1);
    assert_int_equal(related[0], id);
    AudioValueRange ranges[4];
    assert_int_equal(get_list(driver, id, kAudioDevicePropertyAvailableNominalSampleRates, GLOBAL,
                              ranges, sizeof ranges[0], 4),
                     3);
    assert_true(fabs(ranges[2].mMinimum - 96000) < 1e-9 && fabs(ranges[2].mMaximum - 96000) < 1e-9);
    AudioServerPlugInCustomPropertyInfo custom;
    assert_int_equal(get_list(driver, id, kAudioObjectPropertyCustomPropertyInfoList, GLOBAL,
                              &custom, sizeof custom, 1),
                     1);
    assert_int_equal(custom.mSelector, 'abcd');
}

static void channels_have_labels(void **state) {
    AudioServerPlugInDriverRef driver = driver_of(state);
    _Alignas(8) unsigned char data[512];
    const AudioChannelLayout *layout = (const AudioChannelLayout *)(const void *)data;
    AudioObjectPropertyAddress address =
        address_of(kAudioDevicePropertyPreferredChannelLayout, OUTPUT);
    UInt32 written;
    assert_int_equal((*driver)->GetPropertyData(driver, FIXTURE_OUTPUT, 0, &address, 0, NULL, 512,
                                                &written, data),
                     0);
    assert_int_equal(written, 12 + 2 * 20);
    assert_int_equal(layout->mChannelLayoutTag, kAudioChannelLayoutTag_UseChannelDescriptions);
    assert_int_equal(layout->mNumberChannelDescriptions, 2);
    assert_int_equal(layout->mChannelDescriptions[0].mChannelLabel, kAudioChannelLabel_Left);
    assert_int_equal(layout->mChannelDescriptions[1].mChannelLabel, kAudioChannelLabel_Right);
    address.mScope = INPUT;
    assert_int_equal((*driver)->GetPropertyData(driver, FIXTURE_INPUT, 0, &address, 0, NULL, 512,
                                                &written, data),
                     0);
    assert_int_equal(written, 12 + 10 * 20);
    assert_int_equal(layout->mChannelDescriptions[9].mChannelLabel,
                     kAudioChannelLabel_Discrete_0 | 9);
    UInt32 pair[2];
    address = address_of(kAudioDevicePropertyPreferredChannelsForStereo, OUTPUT);
    assert_int_equal(
        (*driver)->GetPropertyData(driver, FIXTURE_OUTPUT, 0, &address, 0, NULL, 8, &written, pair),
        0);
    assert_true(pair[0] == 1 && pair[1] == 2);
}

/* ---- stream -------------------------------------------------------------------------------- */

static AudioStreamBasicDescription format_of(AudioServerPlugInDriverRef driver, AudioObjectID id) {
    AudioStreamBasicDescription format;
    AudioObjectPropertyAddress address = address_of(kAudioStreamPropertyVirtualFormat, GLOBAL);
    UInt32 written;
    assert_int_equal((*driver)->GetPropertyData(driver, id, 0, &address, 0, NULL, sizeof format,
                                                &written, &format),
                     0);
    return format;
}

static void a_stream_tells_its_format(void **state) {
    AudioServerPlugInDriverRef driver = driver_of(state);
    AudioStreamBasicDescription format = format_of(driver, FIXTURE_OUTPUT_STREAM);
    const AudioStreamBasicDescription wanted = {48000.0, 'lpcm', 0x9, 8, 1, 8, 2, 32, 0};
    assert_memory_equal(&format, &wanted, sizeof wanted);
    AudioStreamRangedDescription formats[4];
    assert_int_equal(get_list(driver, FIXTURE_OUTPUT_STREAM,
                              kAudioStreamPropertyAvailablePhysicalFormats, GLOBAL, formats,
                              sizeof formats[0], 4),
                     3);
    assert_true(fabs(formats[0].mFormat.mSampleRate - 44100) < 1e-9);
    assert_true(fabs(formats[0].mSampleRateRange.mMaximum - 44100) < 1e-9);
    assert_int_equal(get_u32(driver, FIXTURE_OUTPUT_STREAM, kAudioStreamPropertyDirection), 0);
    assert_int_equal(get_u32(driver, FIXTURE_INPUT_STREAM, kAudioStreamPropertyDirection), 1);
    assert_int_equal(get_u32(driver, FIXTURE_OUTPUT_STREAM, kAudioStreamPropertyLatency), 3);
}

static void a_format_that_differs_in_anything_but_rate_is_refused(void **state) {
    struct fixture *fixture = *state;
    AudioServerPlugInDriverRef driver = fixture->driver;
    const AudioStreamBasicDescription good = format_of(driver, FIXTURE_OUTPUT_STREAM);
    AudioStreamBasicDescription bad[9];
    for (size_t i = 0; i < 9; i++) {
        bad[i] = good;
    }
    bad[0].mSampleRate = 22050;
    bad[1].mSampleRate = NAN;
    bad[2].mFormatID = 'ac-3';
    bad[3].mFormatFlags = 0xC;
    bad[4].mBytesPerPacket = 4;
    bad[5].mFramesPerPacket = 2;
    bad[6].mBytesPerFrame = 4;
    bad[7].mChannelsPerFrame = 1;
    bad[8].mBitsPerChannel = 16;
    for (size_t i = 0; i < 9; i++) {
        assert_int_equal(set_value(driver, FIXTURE_OUTPUT_STREAM,
                                   kAudioStreamPropertyPhysicalFormat, &bad[i], sizeof bad[i]),
                         kAudioDeviceUnsupportedFormatError);
    }
    assert_false(fixture->host.asked);
    assert_int_equal(fixture->host.notice_count, 0);
}

/* ---- controls ------------------------------------------------------------------------------ */

static void a_volume_set_is_told_in_both_units(void **state) {
    struct fixture *fixture = *state;
    AudioServerPlugInDriverRef driver = fixture->driver;
    Float32 scalar = 0.5f, decibels = -6.0f, nan = NAN;
    fixture->host.ask_back = driver;
    assert_int_equal(
        set_value(driver, FIXTURE_VOLUME, kAudioLevelControlPropertyScalarValue, &scalar, 4), 0);
    assert_true(fake_host_was_told(&fixture->host, FIXTURE_VOLUME, 'lcsv'));
    assert_true(fake_host_was_told(&fixture->host, FIXTURE_VOLUME, 'lcdv'));
    assert_int_equal(fixture->host.notice_calls, 1);
    assert_int_equal(fixture_counts.level_changed, 1);
    assert_true(fabsf(get_f32(driver, FIXTURE_VOLUME, 'lcsv') - 0.5f) < 1e-6f);
    assert_true(fabsf(get_f32(driver, FIXTURE_VOLUME, 'lcdv') + 24.0f) < 1e-4f);
    fake_host_forget_notices(&fixture->host);
    assert_int_equal(
        set_value(driver, FIXTURE_VOLUME, kAudioLevelControlPropertyDecibelValue, &decibels, 4), 0);
    assert_true(fabsf(get_f32(driver, FIXTURE_VOLUME, 'lcdv') + 6.0f) < 1e-4f);
    assert_true(fake_host_was_told(&fixture->host, FIXTURE_VOLUME, 'lcsv'));
    fake_host_forget_notices(&fixture->host);
    assert_int_equal(
        set_value(driver, FIXTURE_VOLUME, kAudioLevelControlPropertyScalarValue, &nan, 4),
        kAudioHardwareIllegalOperationError);
    assert_int_equal(fixture->host.notice_count, 0);
    /* The same value again: whoever set it still waits for the answer. */
    assert_int_equal(
        set_value(driver, FIXTURE_VOLUME, kAudioLevelControlPropertyDecibelValue, &decibels, 4), 0);
    assert_int_equal(fixture->host.notice_calls, 1);
}

static void a_volume_control_converts_in_place(void **state) {
    AudioServerPlugInDriverRef driver = driver_of(state);
    AudioObjectPropertyAddress address =
        address_of(kAudioLevelControlPropertyConvertScalarToDecibels, GLOBAL);
    Float32 value = 0.5f;
    UInt32 written;
    assert_int_equal((*driver)->GetPropertyData(driver, FIXTURE_VOLUME, 0, &address, 0, NULL, 4,
                                                &written, &value),
                     0);
    assert_true(fabsf(value + 24.0f) < 1e-4f);
    address.mSelector = kAudioLevelControlPropertyConvertDecibelsToScalar;
    assert_int_equal((*driver)->GetPropertyData(driver, FIXTURE_VOLUME, 0, &address, 0, NULL, 4,
                                                &written, &value),
                     0);
    assert_true(fabsf(value - 0.5f) < 1e-6f);
    AudioValueRange range;
    address.mSelector = kAudioLevelControlPropertyDecibelRange;
    assert_int_equal((*driver)->GetPropertyData(driver, FIXTURE_VOLUME, 0, &address, 0, NULL, 16,
                                                &written, &range),
                     0);
    assert_true(fabs(range.mMinimum + 96) < 1e-9 && fabs(range.mMaximum) < 1e-9);
    assert_int_equal(get_u32(driver, FIXTURE_VOLUME, kAudioControlPropertyScope), 'outp');
    assert_int_equal(get_u32(driver, FIXTURE_VOLUME, kAudioControlPropertyElement), 0);
}

static void mute_is_set_told_and_read_back(void **state) {
    struct fixture *fixture = *state;
    UInt32 on = 5;
    assert_int_equal(get_u32(fixture->driver, FIXTURE_MUTE, 'bcvl'), 0);
    assert_int_equal(set_value(fixture->driver, FIXTURE_MUTE, 'bcvl', &on, 4), 0);
    assert_int_equal(get_u32(fixture->driver, FIXTURE_MUTE, 'bcvl'), 1);
    assert_true(fake_host_was_told(&fixture->host, FIXTURE_MUTE, 'bcvl'));
    /* Not the volume, which is another object. */
    assert_true(fabsf(get_f32(fixture->driver, FIXTURE_VOLUME, 'lcsv') - 1.0f) < 1e-6f);
}

#define PROPERTY_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        PROPERTY_TEST(an_unknown_object_has_no_property_at_all),
        PROPERTY_TEST(an_unknown_selector_is_refused_by_every_entry_point),
        PROPERTY_TEST(scopes_and_elements_that_do_not_exist_are_refused),
        PROPERTY_TEST(missing_pointers_are_refused),
        PROPERTY_TEST(a_value_needs_all_of_its_room),
        PROPERTY_TEST(a_short_buffer_gets_as_much_of_a_list_as_fits),
        PROPERTY_TEST(a_set_takes_exactly_the_size_and_only_what_is_settable),
        PROPERTY_TEST(has_size_and_data_agree_for_every_property),
        PROPERTY_TEST(objects_know_class_base_and_owner),
        PROPERTY_TEST(owned_objects_follow_the_scope),
        PROPERTY_TEST(owned_objects_are_filtered_by_class_and_subclass),
        PROPERTY_TEST(a_uid_leads_to_its_device_and_others_to_none),
        PROPERTY_TEST(a_device_answers_by_side),
        PROPERTY_TEST(a_device_has_its_texts_and_numbers),
        PROPERTY_TEST(channels_have_labels),
        PROPERTY_TEST(a_stream_tells_its_format),
        PROPERTY_TEST(a_format_that_differs_in_anything_but_rate_is_refused),
        PROPERTY_TEST(a_volume_set_is_told_in_both_units),
        PROPERTY_TEST(a_volume_control_converts_in_place),
        PROPERTY_TEST(mute_is_set_told_and_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
