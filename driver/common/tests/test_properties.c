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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
