/* test_coreaudio_headers.c - what drivers read in the Core Audio headers is what the Mac would say.
 *
 * Sizes and offsets are asserted in the headers themselves. Here: codes spelled out, the two tables
 * of functions as memory and as calls, and the inline functions. (tests/test_sdk_constants.py
 * compares every constant with a second source.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <CoreAudio/AudioServerPlugIn.h>
#include <CoreAudio/CoreAudio.h>
#include <CoreServices/CoreServices.h>
#include <string.h>

#define IS_OF_TYPE(value, type) _Generic((value), type : 1, default : 0)
#define COUNT_OF(array)         (sizeof(array) / sizeof((array)[0]))

/* ---- scalars and codes ---------------------------------------------------------------------- */

static void scalars_have_the_types_of_a_64_bit_mac(void **state) {
    (void)state;
    assert_true(IS_OF_TYPE((UInt64)0, unsigned long long));
    assert_true(IS_OF_TYPE((SInt64)0, long long));
    assert_true(IS_OF_TYPE((UInt32)0, unsigned int));
    assert_true(IS_OF_TYPE((OSStatus)0, int));
    assert_true(IS_OF_TYPE((Boolean)0, unsigned char));
    assert_true(IS_OF_TYPE((Float32)0, float));
    assert_true(IS_OF_TYPE((Float64)0, double));
    assert_int_equal(sizeof(OSErr), 2);
    assert_int_equal(sizeof(ItemCount), 8);
    assert_int_equal(noErr, kAudioHardwareNoError);
    assert_int_equal(paramErr, kAudio_ParamError);
    assert_int_equal(memFullErr, kAudio_MemFullError);
}

static uint32_t code_of(const char *text) {
    assert_int_equal(strlen(text), 4);
    return (uint32_t)text[0] << 24 | (uint32_t)text[1] << 16 | (uint32_t)text[2] << 8 |
           (uint32_t)text[3];
}

static void codes_pack_their_first_character_highest(void **state) {
    static const struct {
        UInt32 value;
        const char *text;
    } rows[] = {
        {kAudioObjectPropertyBaseClass, "bcls"},
        {kAudioObjectPropertyOwner, "stdv"},
        {kAudioObjectPropertyScopeGlobal, "glob"},
        {kAudioObjectPropertySelectorWildcard, "****"},
        {kAudioPlugInClassID, "aplg"},
        {kAudioPlugInPropertyTranslateUIDToDevice, "uidd"},
        {kAudioBoxPropertyAcquired, "bxon"},
        {kAudioDevicePropertyDeviceUID, "uid "},
        {kAudioDevicePropertyStreams, "stm#"},
        {kAudioDevicePropertyZeroTimeStampPeriod, "ring"},
        {kAudioDeviceTransportTypeFireWire, "1394"},
        {kAudioStreamPropertyPhysicalFormat, "pft "},
        {kAudioStreamPropertyLatency, "ltnc"},
        {kAudioStreamTerminalTypeTTY, "tty_"},
        {kAudioVolumeControlClassID, "vlme"},
        {kAudioSelectorControlPropertyItemKind, "clkk"},
        {kAudioProcessPropertyIsRunning, "pir?"},
        {kAudioDevicePropertyVoiceActivityDetectionEnable, "vAd+"},
        {kAudioFormatLinearPCM, "lpcm"},
        {(UInt32)kAudioHardwareUnknownPropertyError, "who?"},
        {(UInt32)kAudioHardwareBadObjectError, "!obj"},
        {kAudioServerPlugInIOOperationWriteMix, "rite"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (rows[i].value != code_of(rows[i].text)) {
            fail_msg("0x%08X is not '%s'", rows[i].value, rows[i].text);
        }
    }
    assert_int_not_equal(kAudioObjectPropertyName, code_of("manl")); /* the wrong way round */
}

static void deprecated_names_have_the_values_of_the_new(void **state) {
    (void)state;
    assert_int_equal(kAudioObjectPropertyElementMaster, kAudioObjectPropertyElementMain);
    assert_int_equal(kAudioDevicePropertyDeviceNameCFString, kAudioObjectPropertyName);
    assert_int_equal(kAudioDevicePropertyScopeInput, kAudioObjectPropertyScopeInput);
    assert_int_equal(kAudioPropertyWildcardChannel, kAudioObjectPropertyElementWildcard);
    assert_int_equal(kAudioAggregateDevicePropertyMasterSubDevice,
                     kAudioAggregateDevicePropertyMainSubDevice);
    assert_int_equal(kLinearPCMFormatFlagIsPacked, kAudioFormatFlagIsPacked);
    assert_string_equal(kAudioEndPointDeviceMasterEndPointKey, "master");
}

/* gcc's enumerations cannot have a type; a flag that is an int would make ~flag a sign conversion.
 */
static void flags_are_unsigned_in_every_compiler(void **state) {
    AudioStreamBasicDescription format = {.mFormatFlags = 0xFFu};

    (void)state;
    assert_true(IS_OF_TYPE(kAudioFormatFlagIsFloat, UInt32));
    assert_true(IS_OF_TYPE(kLinearPCMFormatFlagIsNonMixable, UInt32));
    assert_true(IS_OF_TYPE(kAudioTimeStampHostTimeValid, UInt32));
    assert_true(IS_OF_TYPE(kSMPTETimeRunning, UInt32));
    assert_true(IS_OF_TYPE(kAudioChannelBit_Left, UInt32));
    format.mFormatFlags &=
        ~kAudioFormatFlagIsNonMixable; /* no cast: this file knows -Wconversion */
    assert_int_equal(format.mFormatFlags, 0xBF);
    assert_true(kAudioObjectPropertyElementWildcard > 0);
    assert_true(kAudio_UnimplementedError < 0);
    assert_true(kAudioHardwareUnspecifiedError > 0);
}

/* At file scope, as drivers have their property tables. */
static const AudioObjectPropertyAddress name_address = {
    kAudioObjectPropertyName,
    kAudioObjectPropertyScopeGlobal,
    kAudioObjectPropertyElementMain,
};

static int kind_of(AudioObjectPropertySelector selector) {
    switch (selector) {
    case kAudioObjectPropertyName:
        return 1;
    case kAudioDevicePropertyDeviceUID:
        return 2;
    case kAudioObjectPropertyElementWildcard: /* above INT_MAX */
        return 3;
    default:
        return 0;
    }
}

static void constants_serve_as_case_labels_and_static_initialisers(void **state) {
    (void)state;
    assert_int_equal(kind_of(name_address.mSelector), 1);
    assert_int_equal(kind_of(code_of("uid ")), 2);
    assert_int_equal(kind_of(UINT32_MAX), 3);
    assert_int_equal(kind_of(0), 0);
}

/* ---- COM ------------------------------------------------------------------------------------ */

static void failures_of_com_have_the_macs_numbers(void **state) {
    (void)state;
    assert_int_equal((uint32_t)E_UNEXPECTED, 0x8000FFFFu);
    assert_int_equal((uint32_t)E_NOINTERFACE, 0x80000004u); /* 0x80004002 on Windows */
    assert_int_equal((uint32_t)E_ACCESSDENIED, 0x80000009u);
    assert_true(FAILED(E_NOINTERFACE));
    assert_true(SUCCEEDED(S_FALSE));
    assert_false(FAILED(S_OK));
    assert_int_equal(sizeof(IUnknownVTbl), 32);
    assert_int_equal(offsetof(IUnknownVTbl, Release), 24);
}

static void uuids_are_those_the_mac_asks_for(void **state) {
    static const UInt8 type[16] = {0x44, 0x3A, 0xBA, 0xB8, 0xE7, 0xB3, 0x49, 0x1A,
                                   0xB9, 0x85, 0xBE, 0xB9, 0x18, 0x70, 0x30, 0xDB};
    static const UInt8 interface[16] = {0xEE, 0xA5, 0x77, 0x3D, 0xCC, 0x43, 0x49, 0xF1,
                                        0x8E, 0x00, 0x8F, 0x96, 0xE7, 0xD2, 0x3B, 0x17};
    static const UInt8 unknown[16] = {[8] = 0xC0, [15] = 0x46};
    CFUUIDBytes bytes;

    (void)state;
    bytes = CFUUIDGetUUIDBytes(kAudioServerPlugInTypeUUID);
    assert_memory_equal(&bytes, type, sizeof(type));
    bytes = CFUUIDGetUUIDBytes(kAudioServerPlugInDriverInterfaceUUID);
    assert_memory_equal(&bytes, interface, sizeof(interface));
    bytes = CFUUIDGetUUIDBytes(IUnknownUUID);
    assert_memory_equal(&bytes, unknown, sizeof(unknown));
    assert_ptr_equal(IUnknownUUID, IUnknownUUID);
}

/* ---- the two tables: functions written in plain C types, as an ABI would ----------------------
 */

typedef AudioServerPlugInDriverRef driver_ref;
typedef AudioServerPlugInHostRef host_ref;

static int32_t query_interface(void *d, CFUUIDBytes uuid, void **out) {
    *out = d;
    return uuid.byte0 == 1 && uuid.byte7 == 8 && uuid.byte8 == 9 && uuid.byte15 == 16 ? 0 : -1;
}
static uint32_t add_ref(void *d) {
    return d ? 2 : 0;
}
static uint32_t release(void *d) {
    return d ? 1 : 0;
}
static int32_t initialize(driver_ref d, host_ref h) {
    return d && h ? 4 : 0;
}
static int32_t create_device(driver_ref d, CFDictionaryRef description,
                             const AudioServerPlugInClientInfo *client, uint32_t *out) {
    (void)description;
    *out = client->mClientID;
    return d ? 5 : 0;
}
static int32_t destroy_device(driver_ref d, uint32_t device) {
    return d && device ? 6 : 0;
}
static int32_t add_client(driver_ref d, uint32_t device,
                          const AudioServerPlugInClientInfo *client) {
    return d && device && client ? 7 : 0;
}
static int32_t remove_client(driver_ref d, uint32_t device,
                             const AudioServerPlugInClientInfo *client) {
    return d && device && client ? 8 : 0;
}
static int32_t perform_change(driver_ref d, uint32_t device, unsigned long long action,
                              void *info) {
    return d && device && action && info ? 9 : 0;
}
static int32_t abort_change(driver_ref d, uint32_t device, unsigned long long action, void *info) {
    return d && device && action && info ? 10 : 0;
}
static unsigned char has_property(driver_ref d, uint32_t object, int32_t pid,
                                  const AudioObjectPropertyAddress *address) {
    return d && object && pid && address ? 11 : 0;
}
static int32_t is_settable(driver_ref d, uint32_t object, int32_t pid,
                           const AudioObjectPropertyAddress *address, unsigned char *out) {
    *out = 1;
    return d && object && pid && address ? 12 : 0;
}
static int32_t get_size(driver_ref d, uint32_t object, int32_t pid,
                        const AudioObjectPropertyAddress *address, uint32_t qualifier_size,
                        const void *qualifier, uint32_t *out) {
    *out = qualifier_size;
    return d && object && pid && address && qualifier ? 13 : 0;
}
static int32_t get_data(driver_ref d, uint32_t object, int32_t pid,
                        const AudioObjectPropertyAddress *address, uint32_t qualifier_size,
                        const void *qualifier, uint32_t size, uint32_t *out_size, void *data) {
    *out_size = size;
    memset(data, 0x5A, size);
    return d && object && pid && address && qualifier && qualifier_size ? 14 : 0;
}
static int32_t set_data(driver_ref d, uint32_t object, int32_t pid,
                        const AudioObjectPropertyAddress *address, uint32_t qualifier_size,
                        const void *qualifier, uint32_t size, const void *data) {
    return d && object && pid && address && qualifier && qualifier_size && size && data ? 15 : 0;
}
static int32_t start_io(driver_ref d, uint32_t device, uint32_t client) {
    return d && device && client ? 16 : 0;
}
static int32_t stop_io(driver_ref d, uint32_t device, uint32_t client) {
    return d && device && client ? 17 : 0;
}
static int32_t zero_time_stamp(driver_ref d, uint32_t device, uint32_t client, double *sample,
                               unsigned long long *host_time, unsigned long long *seed) {
    *sample = 1.5;
    *host_time = 1ull << 40;
    *seed = client;
    return d && device ? 18 : 0;
}
static int32_t will_do(driver_ref d, uint32_t device, uint32_t client, uint32_t operation,
                       unsigned char *does, unsigned char *in_place) {
    *does = 1;
    *in_place = 0;
    return d && device && client && operation ? 19 : 0;
}
static int32_t begin_io(driver_ref d, uint32_t device, uint32_t client, uint32_t operation,
                        uint32_t frames, const AudioServerPlugInIOCycleInfo *cycle) {
    return d && device && client && operation && frames && cycle ? 20 : 0;
}
static int32_t do_io(driver_ref d, uint32_t device, uint32_t stream, uint32_t client,
                     uint32_t operation, uint32_t frames, const AudioServerPlugInIOCycleInfo *cycle,
                     void *main_buffer, void *secondary_buffer) {
    *(uint32_t *)main_buffer = stream + frames;
    *(double *)secondary_buffer = cycle->mMasterHostTicksPerFrame;
    return d && device && client && operation ? 21 : 0;
}
static int32_t end_io(driver_ref d, uint32_t device, uint32_t client, uint32_t operation,
                      uint32_t frames, const AudioServerPlugInIOCycleInfo *cycle) {
    return d && device && client && operation && frames && cycle ? 22 : 0;
}

/* No casts: a parameter of another type is a compile error. In the order of the slots. */
static AudioServerPlugInDriverInterface driver_table = {
    NULL,          query_interface, add_ref,     release,         initialize,
    create_device, destroy_device,  add_client,  remove_client,   perform_change,
    abort_change,  has_property,    is_settable, get_size,        get_data,
    set_data,      start_io,        stop_io,     zero_time_stamp, will_do,
    begin_io,      do_io,           end_io,
};
static AudioServerPlugInDriverInterface *driver_instance = &driver_table;

static void a_call_of_the_driver_reaches_the_function_of_its_slot(void **state) {
    const driver_ref d = &driver_instance;
    const AudioServerPlugInClientInfo client = {.mClientID = 77, .mProcessID = 1};
    const AudioServerPlugInIOCycleInfo cycle = {.mMainHostTicksPerFrame = 500.25};
    const CFUUIDBytes uuid = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    const AudioServerPlugInDriverInterface *const i = *d;
    const AudioObjectPropertyAddress *const a = &name_address;
    const host_ref h = (host_ref)(const void *)&client; /* never called */
    char info, qualifier, data[8];
    void *out = NULL;
    UInt32 number = 0;
    Boolean does = 0, in_place = 1;
    Float64 sample = 0;
    UInt64 host_time = 0, seed = 0;

    (void)state;
    assert_int_equal(sizeof(driver_table), 23 * sizeof(void *));
    assert_null(i->_reserved);
    assert_int_equal(i->QueryInterface(d, uuid, &out), S_OK);
    assert_ptr_equal(out, d);
    assert_int_equal(i->AddRef(d), 2);
    assert_int_equal(i->Release(d), 1);
    assert_int_equal(i->Initialize(d, h), 4);
    assert_int_equal(i->CreateDevice(d, NULL, &client, &number), 5);
    assert_int_equal(number, 77);
    assert_int_equal(i->DestroyDevice(d, 2), 6);
    assert_int_equal(i->AddDeviceClient(d, 2, &client), 7);
    assert_int_equal(i->RemoveDeviceClient(d, 2, &client), 8);
    assert_int_equal(i->PerformDeviceConfigurationChange(d, 2, 1ull << 32, &info), 9);
    assert_int_equal(i->AbortDeviceConfigurationChange(d, 2, 1ull << 32, &info), 10);
    assert_int_equal(i->HasProperty(d, 2, 1, a), 11);
    assert_int_equal(i->IsPropertySettable(d, 2, 1, a, &does), 12);
    assert_int_equal(i->GetPropertyDataSize(d, 2, 1, a, 1, &qualifier, &number), 13);
    assert_int_equal(i->GetPropertyData(d, 2, 1, a, 1, &qualifier, sizeof(data), &number, data),
                     14);
    assert_int_equal(number, sizeof(data));
    assert_int_equal(data[7], 0x5A);
    assert_int_equal(i->SetPropertyData(d, 2, 1, a, 1, &qualifier, sizeof(data), data), 15);
    assert_int_equal(i->StartIO(d, 2, 77), 16);
    assert_int_equal(i->StopIO(d, 2, 77), 17);
    assert_int_equal(i->GetZeroTimeStamp(d, 2, 77, &sample, &host_time, &seed), 18);
    assert_true(sample >= 1.5 && sample <= 1.5 && host_time == 1ull << 40 && seed == 77);
    assert_int_equal(i->WillDoIOOperation(d, 2, 77, code_of("rite"), &does, &in_place), 19);
    assert_true(does && !in_place);
    assert_int_equal(i->BeginIOOperation(d, 2, 77, code_of("rite"), 512, &cycle), 20);
    assert_int_equal(i->DoIOOperation(d, 2, 3, 77, code_of("rite"), 512, &cycle, &number, &sample),
                     21);
    assert_int_equal(number, 515);
    assert_true(sample >= 500.25 && sample <= 500.25); /* through the deprecated name */
    assert_int_equal(i->EndIOOperation(d, 2, 77, code_of("rite"), 512, &cycle), 22);
}

static int32_t properties_changed(host_ref h, uint32_t object, uint32_t count,
                                  const AudioObjectPropertyAddress *addresses) {
    return h && object && addresses ? (int32_t)count : 0;
}
static int32_t copy_from_storage(host_ref h, CFStringRef key, CFPropertyListRef *out) {
    (void)key;
    *out = h;
    return 1;
}
static int32_t write_to_storage(host_ref h, CFStringRef key, CFPropertyListRef value) {
    (void)key;
    return h == value ? 2 : 0;
}
static int32_t delete_from_storage(host_ref h, CFStringRef key) {
    return h && !key ? 3 : 0;
}
static int32_t request_change(host_ref h, uint32_t device, unsigned long long action, void *info) {
    return h && device && action && info ? 4 : 0;
}

static void the_hosts_table_begins_with_properties_changed(void **state) {
    static const AudioServerPlugInHostInterface table = {
        properties_changed,  copy_from_storage, write_to_storage,
        delete_from_storage, request_change,
    };
    const host_ref h = &table;
    CFPropertyListRef value = NULL;
    char info;

    (void)state;
    assert_int_equal(sizeof(table), 5 * sizeof(void *)); /* no IUnknown in front */
    assert_int_equal(h->PropertiesChanged(h, 1, 9, &name_address), 9);
    assert_int_equal(h->CopyFromStorage(h, NULL, &value), 1);
    assert_ptr_equal(value, h);
    assert_int_equal(h->WriteToStorage(h, NULL, h), 2);
    assert_int_equal(h->DeleteFromStorage(h, NULL), 3);
    assert_int_equal(h->RequestDeviceConfigurationChange(h, 2, 1ull << 32, &info), 4);
}

/* ---- inline functions ----------------------------------------------------------------------- */

static void a_description_of_native_floats_is_the_canonical_one(void **state) {
    const AudioStreamBasicDescription expected = {
        48000.0, kAudioFormatLinearPCM, 0x9, 8, 1, 8, 2, 32, 0,
    };
    AudioStreamBasicDescription format;

    (void)state;
    memset(&format, 0xFF, sizeof(format));
    FillOutASBDForLPCM(&format, 48000, 2, 32, 32, true, false, false);
    assert_memory_equal(&format, &expected, sizeof(format));
    assert_int_equal(format.mFormatFlags, kAudioFormatFlagsNativeFloatPacked);
}

static void a_description_counts_the_bytes_of_the_container(void **state) {
    AudioStreamBasicDescription format;

    (void)state;
    /* 24 bits in 32, big-endian, a buffer per channel */
    FillOutASBDForLPCM(&format, 44100, 6, 24, 32, false, true, true);
    assert_int_equal(format.mFormatFlags,
                     kAudioFormatFlagIsSignedInteger | kAudioFormatFlagIsAlignedHigh |
                         kAudioFormatFlagIsBigEndian | kAudioFormatFlagIsNonInterleaved);
    assert_int_equal(format.mBytesPerFrame, 4);
    assert_int_equal(format.mBytesPerPacket, 4);
    assert_int_equal(format.mBitsPerChannel, 24);
    assert_false(IsAudioFormatNativeEndian(&format));
    format.mFormatFlags &= ~kAudioFormatFlagIsBigEndian;
    assert_true(IsAudioFormatNativeEndian(&format));
    format.mFormatID = kAudioFormat60958AC3;
    assert_false(IsAudioFormatNativeEndian(&format));
}

static void a_layout_tag_knows_its_number_of_channels(void **state) {
    (void)state;
    assert_int_equal(AudioChannelLayoutTag_GetNumberOfChannels(kAudioChannelLayoutTag_Mono), 1);
    assert_int_equal(AudioChannelLayoutTag_GetNumberOfChannels(kAudioChannelLayoutTag_MPEG_7_1_C),
                     8);
    assert_int_equal(
        AudioChannelLayoutTag_GetNumberOfChannels(kAudioChannelLayoutTag_DiscreteInOrder | 32), 32);
}

static void a_time_stamp_is_valid_only_where_it_was_filled(void **state) {
    AudioTimeStamp stamp;

    (void)state;
    memset(&stamp, 0xFF, sizeof(stamp));
    FillOutAudioTimeStampWithHostTime(&stamp, 42);
    assert_int_equal(stamp.mHostTime, 42);
    assert_int_equal(stamp.mFlags, kAudioTimeStampHostTimeValid);
    assert_int_equal(stamp.mSMPTETime.mFrames, 0);
    FillOutAudioTimeStampWithSampleTime(&stamp, 7.0);
    assert_int_equal(stamp.mHostTime, 0);
    assert_int_equal(stamp.mFlags, kAudioTimeStampSampleTimeValid);
    FillOutAudioTimeStampWithSampleAndHostTime(&stamp, 7.0, 42);
    assert_int_equal(stamp.mFlags, 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars_have_the_types_of_a_64_bit_mac),
        cmocka_unit_test(codes_pack_their_first_character_highest),
        cmocka_unit_test(deprecated_names_have_the_values_of_the_new),
        cmocka_unit_test(flags_are_unsigned_in_every_compiler),
        cmocka_unit_test(constants_serve_as_case_labels_and_static_initialisers),
        cmocka_unit_test(failures_of_com_have_the_macs_numbers),
        cmocka_unit_test(uuids_are_those_the_mac_asks_for),
        cmocka_unit_test(a_call_of_the_driver_reaches_the_function_of_its_slot),
        cmocka_unit_test(the_hosts_table_begins_with_properties_changed),
        cmocka_unit_test(a_description_of_native_floats_is_the_canonical_one),
        cmocka_unit_test(a_description_counts_the_bytes_of_the_container),
        cmocka_unit_test(a_layout_tag_knows_its_number_of_channels),
        cmocka_unit_test(a_time_stamp_is_valid_only_where_it_was_filled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
