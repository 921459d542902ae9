/* Does every argument that is a value change what is observed, and nothing else? One call after the
 * other, with one thing changed at a time. */
#include "unit.h"

#include "observe.h"
#include <CoreFoundation/CoreFoundation.h>

/* What the functions under test need of the fingerprint. */
static struct halsim_customs *customs;
static struct halsim_observation observed;

struct halsim_customs *halsim_fingerprint_customs(struct halsim_fingerprint *fingerprint) {
    (void)fingerprint;
    return customs;
}

void halsim_observe(struct halsim_fingerprint *fingerprint, struct halsim_observation *seen) {
    (void)fingerprint;
    observed = *seen;
}

static int make_customs(void **state) {
    (void)state;
    customs = halsim_customs_create();
    return customs == NULL ? -1 : 0;
}

static int drop_customs(void **state) {
    (void)state;
    halsim_customs_destroy(customs);
    return 0;
}

/* data and detail, as one number, of a call that was answered with `answer`. */
#define SEEN(entry, selector, answer, ...)                                                         \
    ({                                                                                             \
        struct halsim_observation seen_ = {.code = (selector), .status = (answer), .object = 2};   \
        halsim_observe_##entry(NULL, &seen_, __VA_ARGS__);                                         \
        seen_.data + seen_.detail *UINT64_C(31);                                                   \
    })

static void differ(const uint64_t *values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (values[i] == values[j]) {
                fail_msg("%zu and %zu are the same", j, i);
            }
        }
    }
}

#define assert_all_differ(values) differ((values), sizeof(values) / sizeof(values)[0])

static void a_client_is_its_identity_and_not_its_process(void **state) {
    (void)state;
    AudioServerPlugInClientInfo a = {.mClientID = 1, .mProcessID = 10, .mIsNativeEndian = true};
    AudioServerPlugInClientInfo other_process = a, other_id = a, other_endian = a, named = a;
    other_process.mProcessID = 11;
    other_id.mClientID = 2;
    other_endian.mIsNativeEndian = false;
    named.mBundleID = CFSTR("org.example");
    const uint64_t values[] = {
        SEEN(AddDeviceClient, 0, 0, 2, &a),
        SEEN(AddDeviceClient, 0, 0, 2, &other_id),
        SEEN(AddDeviceClient, 0, 0, 2, &other_endian),
        SEEN(AddDeviceClient, 0, 0, 2, &named),
    };
    assert_all_differ(values);
    assert_true(SEEN(AddDeviceClient, 0, 0, 2, &other_process) == values[0]);
    assert_true(SEEN(RemoveDeviceClient, 0, 0, 2, &other_process) == values[0]);
    assert_true(SEEN(RemoveDeviceClient, 0, 0, 2, &named) == values[3]);
}

static void a_change_is_its_action_and_not_its_address(void **state) {
    (void)state;
    int here, there;
    const uint64_t values[] = {
        SEEN(PerformDeviceConfigurationChange, 0, 0, 2, 1, NULL),
        SEEN(PerformDeviceConfigurationChange, 0, 0, 2, 2, NULL),
        SEEN(PerformDeviceConfigurationChange, 0, 0, 2, 1, &here),
    };
    assert_all_differ(values);
    assert_true(SEEN(PerformDeviceConfigurationChange, 0, 0, 2, 1, &there) == values[2]);
    assert_true(SEEN(AbortDeviceConfigurationChange, 0, 0, 2, 2, NULL) == values[1]);
}

static void a_zero_timestamp_is_its_three_numbers(void **state) {
    (void)state;
    const Float64 samples[] = {0.0, 512.0};
    const UInt64 numbers[] = {7, 8};
    const uint64_t values[] = {
        SEEN(GetZeroTimeStamp, 0, 0, 2, 0, &samples[0], &numbers[0], &numbers[0]),
        SEEN(GetZeroTimeStamp, 0, 0, 2, 0, &samples[1], &numbers[0], &numbers[0]),
        SEEN(GetZeroTimeStamp, 0, 0, 2, 0, &samples[0], &numbers[1], &numbers[0]),
        SEEN(GetZeroTimeStamp, 0, 0, 2, 0, &samples[0], &numbers[0], &numbers[1]),
    };
    assert_all_differ(values);
    /* nobody says that they were written when the call fails */
    assert_true(SEEN(GetZeroTimeStamp, 0, -1, 2, 0, &samples[0], &numbers[0], &numbers[0]) ==
                SEEN(GetZeroTimeStamp, 0, -1, 2, 0, &samples[1], &numbers[1], &numbers[1]));
}

static void an_answer_of_will_do_is_two_words(void **state) {
    (void)state;
    const Boolean yes = 1, no = 0, also_yes = 3;
    const uint64_t values[] = {
        SEEN(WillDoIOOperation, 0, 0, 2, 0, 'rite', &yes, &yes),
        SEEN(WillDoIOOperation, 0, 0, 2, 0, 'rite', &yes, &no),
        SEEN(WillDoIOOperation, 0, 0, 2, 0, 'rite', &no, &yes),
        SEEN(WillDoIOOperation, 0, 0, 2, 0, 'rite', &no, &no),
    };
    assert_all_differ(values);
    assert_true(SEEN(WillDoIOOperation, 0, 0, 2, 0, 'rite', &also_yes, &yes) == values[0]);
}

/* Every field that the host fills; two copies at two addresses, with other rubbish between. */
static void an_operation_is_all_of_its_cycle_info(void **state) {
    (void)state;
    static AudioServerPlugInIOCycleInfo infos[17];
    memset(infos, 0xA5, sizeof infos); /* the padding, and what the host does not fill */
    for (size_t i = 0; i < 17; i++) {
        AudioServerPlugInIOCycleInfo *info = &infos[i];
        AudioTimeStamp *stamps[] = {&info->mCurrentTime, &info->mInputTime, &info->mOutputTime};
        info->mIOCycleCounter = i == 0;
        info->mNominalIOBufferFrameSize = i == 1;
        info->mMainHostTicksPerFrame = i == 2;
        info->mDeviceHostTicksPerFrame = i == 3;
        for (size_t j = 0; j < 3; j++) {
            stamps[j]->mSampleTime = i == 4 + 4 * j;
            stamps[j]->mHostTime = i == 5 + 4 * j;
            stamps[j]->mRateScalar = i == 6 + 4 * j;
            stamps[j]->mFlags = i == 7 + 4 * j;
            stamps[j]->mWordClockTime = i; /* not filled */
        }
    }
    uint64_t begins[18], dos[20], ends[18];
    int main_block, spare;
    for (size_t i = 0; i < 17; i++) {
        begins[i] = SEEN(BeginIOOperation, 'rite', 0, 2, 0, 'rite', 480, &infos[i]);
        dos[i] = SEEN(DoIOOperation, 'rite', 0, 2, 4, 0, 'rite', 480, &infos[i], &main_block, NULL);
        ends[i] = SEEN(EndIOOperation, 'rite', 0, 2, 0, 'rite', 480, &infos[i]);
    }
    begins[17] = SEEN(BeginIOOperation, 'rite', 0, 2, 0, 'rite', 481, &infos[0]);
    ends[17] = SEEN(EndIOOperation, 'rite', 0, 2, 0, 'rite', 481, &infos[0]);
    dos[17] = SEEN(DoIOOperation, 'rite', 0, 2, 4, 0, 'rite', 481, &infos[0], &main_block, NULL);
    dos[18] = SEEN(DoIOOperation, 'rite', 0, 2, 5, 0, 'rite', 480, &infos[0], &main_block, NULL);
    dos[19] = SEEN(DoIOOperation, 'rite', 0, 2, 4, 0, 'rite', 480, &infos[0], &main_block, &spare);
    assert_all_differ(begins);
    assert_all_differ(dos);
    assert_all_differ(ends);
    infos[1] = infos[0];
    infos[1].mCurrentTime.mWordClockTime = 99;
    assert_true(SEEN(DoIOOperation, 'rite', 0, 2, 4, 0, 'rite', 480, &infos[1], &spare, NULL) ==
                dos[0]);
}

static const AudioObjectPropertyAddress name = {kAudioObjectPropertyName, 'glob', 0};
static const AudioObjectPropertyAddress input_name = {kAudioObjectPropertyName, 'inpt', 0};
static const AudioObjectPropertyAddress first_name = {kAudioObjectPropertyName, 'glob', 1};
static const AudioObjectPropertyAddress rate = {kAudioDevicePropertyNominalSampleRate, 'glob', 0};

static void questions_about_properties_are_address_and_answer(void **state) {
    (void)state;
    const Boolean yes = 1, no = 0;
    const UInt32 four = 4, eight = 8;
    const UInt32 item = 1, other_item = 2;
    const uint64_t has[] = {
        SEEN(HasProperty, 'lnam', 1, 2, 0, &name),
        SEEN(HasProperty, 'lnam', 1, 2, 0, &input_name),
        SEEN(HasProperty, 'lnam', 1, 2, 0, &first_name),
    };
    const uint64_t settable[] = {
        SEEN(IsPropertySettable, 'lnam', 0, 2, 0, &name, &yes),
        SEEN(IsPropertySettable, 'lnam', 0, 2, 0, &name, &no),
        SEEN(IsPropertySettable, 'lnam', 0, 2, 0, &input_name, &no),
    };
    const uint64_t size[] = {
        SEEN(GetPropertyDataSize, 'lnam', 0, 2, 0, &name, 0, NULL, &four),
        SEEN(GetPropertyDataSize, 'lnam', 0, 2, 0, &name, 0, NULL, &eight),
        SEEN(GetPropertyDataSize, 'lnam', 0, 2, 0, &first_name, 0, NULL, &eight),
        SEEN(GetPropertyDataSize, 'scin', 0, 2, 0, &name, 4, &item, &four),
        SEEN(GetPropertyDataSize, 'scin', 0, 2, 0, &name, 4, &other_item, &four),
    };
    assert_all_differ(has);
    assert_all_differ(settable);
    assert_all_differ(size);
    struct halsim_observation yes_of_77 = {.code = 'lnam', .status = 77};
    halsim_observe_HasProperty(NULL, &yes_of_77, 2, 0, &name);
    assert_int_equal(yes_of_77.status, 1); /* any answer but 0 is yes */
}

#define GET(selector, address, size, value)                                                        \
    SEEN(GetPropertyData, selector, 0, 2, 0, address, 0, NULL, 64, size, value)

static void property_data_are_bytes_or_what_a_reference_leads_to(void **state) {
    (void)state;
    const UInt32 eight = 8, four = 4, too_much = 100;
    const double rates[] = {44100.0, 48000.0};
    CFStringRef a = CFStringCreateWithCString(NULL, "Gecko Sink", kCFStringEncodingUTF8);
    CFMutableStringRef b = CFStringCreateMutable(NULL, 0);
    CFStringAppend(b, CFSTR("Gecko Sink"));
    CFStringRef other = CFSTR("Gecko Sunk");
    assert_ptr_not_equal(a, b);
    const CFStringRef none = NULL;
    const uint64_t values[] = {
        GET('nsrt', &rate, &eight, &rates[0]),  GET('nsrt', &rate, &eight, &rates[1]),
        GET('nsrt', &rate, &four, &rates[1]),   GET('lnam', &name, &eight, &a),
        GET('lnam', &name, &eight, &other),     GET('lnam', &name, &eight, &none),
        GET('lnam', &input_name, &eight, &none)};
    assert_all_differ(values);
    assert_true(GET('lnam', &name, &eight, &b) == values[3]);
    /* a claim of more than there is room for is not read */
    (void)GET('nsrt', &rate, &too_much, &rates[0]);
    /* setting */
    const uint64_t sets[] = {
        SEEN(SetPropertyData, 'nsrt', 0, 2, 0, &rate, 0, NULL, 8, &rates[0]),
        SEEN(SetPropertyData, 'nsrt', 0, 2, 0, &rate, 0, NULL, 8, &rates[1]),
        SEEN(SetPropertyData, 'nsrt', 0, 2, 0, &rate, 0, NULL, 4, &rates[1]),
        SEEN(SetPropertyData, 'lnam', 0, 2, 0, &name, 0, NULL, 8, &a),
        SEEN(SetPropertyData, 'lnam', 0, 2, 0, &name, 0, NULL, 8, &other),
    };
    assert_all_differ(sets);
    assert_true(SEEN(SetPropertyData, 'lnam', 0, 2, 0, &name, 0, NULL, 8, &b) == sets[3]);
    /* a qualifier that is a string */
    const uint64_t qualified[] = {
        SEEN(GetPropertyData, 'uidd', 0, 1, 0, &name, 8, &a, 4, &four, &four),
        SEEN(GetPropertyData, 'uidd', 0, 1, 0, &name, 8, &other, 4, &four, &four),
    };
    assert_all_differ(qualified);
    assert_true(SEEN(GetPropertyData, 'uidd', 0, 1, 0, &name, 8, &b, 4, &four, &four) ==
                qualified[0]);
    CFRelease(a);
    CFRelease(b);
}

static void a_custom_property_holds_what_the_driver_says(void **state) {
    (void)state;
    const UInt32 eight = 8;
    const AudioObjectPropertyAddress cust = {'cust', 'glob', 0}, mine = {'mine', 'glob', 0};
    CFStringRef a = CFStringCreateWithCString(NULL, "x", kCFStringEncodingUTF8);
    CFMutableStringRef b = CFStringCreateMutable(NULL, 0);
    CFStringAppend(b, CFSTR("x"));
    const CFStringRef other = CFSTR("y");
    /* nobody knows: what may be an address does not count, small numbers and reals do */
    const double reals[] = {1.5, 2.5};
    const uint64_t integers[] = {1, 2};
    assert_true(GET('mine', &mine, &eight, &a) == GET('mine', &mine, &eight, &other));
    assert_true(GET('mine', &mine, &eight, &reals[0]) != GET('mine', &mine, &eight, &reals[1]));
    assert_true(GET('mine', &mine, &eight, &integers[0]) !=
                GET('mine', &mine, &eight, &integers[1]));
    AudioServerPlugInCustomPropertyInfo info = {
        .mSelector = 'mine',
        .mPropertyDataType = kAudioServerPlugInCustomPropertyDataTypeCFPropertyList,
        .mQualifierDataType = kAudioServerPlugInCustomPropertyDataTypeCFString,
    };
    const UInt32 size = sizeof info;
    (void)GET('cust', &cust, &size, &info);
    assert_true(GET('mine', &mine, &eight, &a) == GET('mine', &mine, &eight, &b));
    assert_true(GET('mine', &mine, &eight, &a) != GET('mine', &mine, &eight, &other));
    assert_true(SEEN(GetPropertyDataSize, 'mine', 0, 2, 0, &mine, 8, &a, &eight) !=
                SEEN(GetPropertyDataSize, 'mine', 0, 2, 0, &mine, 8, &other, &eight));
    /* or bytes, as it says later: then every number counts */
    info.mPropertyDataType = kAudioServerPlugInCustomPropertyDataTypeNone;
    (void)GET('cust', &cust, &size, &info);
    const uint64_t like_addresses[] = {UINT64_C(0x7f0000000000), UINT64_C(0x7f0000000001)};
    assert_true(GET('mine', &mine, &eight, &like_addresses[0]) !=
                GET('mine', &mine, &eight, &like_addresses[1]));
    CFRelease(a);
    CFRelease(b);
}

static void calls_without_values_are_told_by_kind_and_result(void **state) {
    (void)state;
    halsim_observe_call(NULL, HALSIM_OBSERVED_Factory, 3, -1);
    assert_int_equal(observed.kind, HALSIM_OBSERVED_Factory);
    assert_int_equal(observed.plugin, 3);
    assert_int_equal(observed.status, -1);
}

/* What a log shows: the values themselves, behind how long they are. */
static void values_are_kept_as_they_were(void **state) {
    (void)state;
    const Float64 sample = 1024.5;
    const UInt64 host_time = 77, seed = 5;
    struct halsim_observation stamp = {.object = 2};
    halsim_observe_GetZeroTimeStamp(NULL, &stamp, 2, 0, &sample, &host_time, &seed);
    assert_memory_equal(&stamp.values[0], &sample, sizeof sample);
    assert_int_equal(stamp.values[1], 77);
    assert_int_equal(stamp.values[2], 5);
    struct halsim_observation failed = {.object = 2, .status = -1};
    halsim_observe_GetZeroTimeStamp(NULL, &failed, 2, 0, &sample, &host_time, &seed);
    assert_int_equal(failed.values[1], 0); /* nobody says that it was written */

    const AudioObjectPropertyAddress address = {.mSelector = 'tran'};
    const UInt32 number = 'virt', size = sizeof number;
    struct halsim_observation property = {.code = 'tran', .object = 2};
    halsim_observe_GetPropertyData(NULL, &property, 2, 0, &address, 0, NULL, size, &size, &number);
    assert_int_equal(property.values[0], 4);
    assert_int_equal(property.values[1], 'virt');

    const CFStringRef gecko = CFSTR("Gecko");
    const UInt32 reference = sizeof gecko;
    struct halsim_observation text = {.code = 'lnam', .object = 2};
    halsim_observe_GetPropertyData(NULL, &text, 2, 0, &address, 0, NULL, reference, &reference,
                                   &gecko);
    assert_true(text.values[0] == (HALSIM_OBSERVED_TEXT | 5));
    assert_memory_equal(&text.values[1], "Gecko\0\0", 8);

    /* Longer ones are cut, and none is read behind its end. */
    unsigned char many[64];
    memset(many, 0xAB, sizeof many);
    const UInt32 long_size = sizeof many;
    struct halsim_observation bytes = {.code = 'stm#', .object = 2};
    halsim_observe_SetPropertyData(NULL, &bytes, 2, 0, &address, 0, NULL, long_size, many);
    assert_int_equal(bytes.values[0], 64);
    assert_memory_equal(&bytes.values[1], many, 56);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_is_its_identity_and_not_its_process),
        cmocka_unit_test(a_change_is_its_action_and_not_its_address),
        cmocka_unit_test(a_zero_timestamp_is_its_three_numbers),
        cmocka_unit_test(an_answer_of_will_do_is_two_words),
        cmocka_unit_test(an_operation_is_all_of_its_cycle_info),
        cmocka_unit_test_setup_teardown(questions_about_properties_are_address_and_answer,
                                        make_customs, drop_customs),
        cmocka_unit_test_setup_teardown(property_data_are_bytes_or_what_a_reference_leads_to,
                                        make_customs, drop_customs),
        cmocka_unit_test_setup_teardown(a_custom_property_holds_what_the_driver_says, make_customs,
                                        drop_customs),
        cmocka_unit_test(calls_without_values_are_told_by_kind_and_result),
        cmocka_unit_test(values_are_kept_as_they_were),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
