/* test_driver.c - Bunghole through its entry points, and what was wrong with the original: a test
 * each, by the number that docs/reference/bunghole-driver.md gives it.
 */
#include "unit.h"
/* after cmocka.h */
#include "bunghole_codec.h"
#include "fake_host.h"
#include "peer.h"
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GLOBAL kAudioObjectPropertyScopeGlobal
#define INPUT  kAudioObjectPropertyScopeInput
#define OUTPUT kAudioObjectPropertyScopeOutput

enum {
    OUT = 2,
    IN,
    OUT_STREAM,
    IN_STREAM,
    OUT_VOLUME,
    IN_VOLUME,
    OUT_MUTE,
    IN_MUTE
};

void *BungholeAudio_Create(CFAllocatorRef allocator, CFUUIDRef type);

struct test {
    struct fake_host host;
    AudioServerPlugInDriverRef driver;
    char folder[64];
    struct peer out, in;
    UInt64 cycle;
    Float64 sample_time;
};

static float audio[8192 * 2];

static void clear_environment(void) {
    static const char *const names[] = {"BUNGHOLE_CID",        "BUNGHOLE_OUTPUT_PORT",
                                        "BUNGHOLE_INPUT_PORT", "BUNGHOLE_UNIX",
                                        "BUNGHOLE_WIRE",       "BUNGHOLE_ZERO_PERIOD_FRAMES",
                                        "BUNGHOLE_BITRATE",    "BUNGHOLE_BACKOFF_MS"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        unsetenv(names[i]);
    }
}

static int set_up_early(void **state) {
    struct test *test = calloc(1, sizeof *test);
    clear_environment();
    peer_make_folder(test->folder, sizeof test->folder);
    peer_init(&test->out, test->folder, PEER_OUTPUT_PORT);
    peer_init(&test->in, test->folder, PEER_INPUT_PORT);
    setenv("BUNGHOLE_UNIX", test->folder, 1);
    setenv("BUNGHOLE_BACKOFF_MS", "5", 1);
    fake_host_init(&test->host);
    test->driver = BungholeAudio_Create(NULL, kAudioServerPlugInTypeUUID);
    assert_non_null(test->driver);
    *state = test;
    return 0;
}

static OSStatus initialize(struct test *test) {
    return (*test->driver)->Initialize(test->driver, fake_host_ref(&test->host));
}

static int set_up(void **state) {
    set_up_early(state);
    return initialize(*state);
}

static int tear_down(void **state) {
    struct test *test = *state;
    assert_int_equal((*test->driver)->Release(test->driver), 0);
    peer_destroy(&test->out);
    peer_destroy(&test->in);
    peer_forget_folder(test->folder);
    fake_host_destroy(&test->host);
    free(test);
    return 0;
}

static void start_io(struct test *test, AudioObjectID device, UInt32 client) {
    assert_int_equal((*test->driver)->StartIO(test->driver, device, client), 0);
}

static void stop_io(struct test *test, AudioObjectID device, UInt32 client) {
    assert_int_equal((*test->driver)->StopIO(test->driver, device, client), 0);
}

static OSStatus do_io(struct test *test, AudioObjectID device, UInt32 operation, UInt32 frames) {
    AudioServerPlugInIOCycleInfo cycle = {
        .mIOCycleCounter = ++test->cycle,
        .mCurrentTime = {.mHostTime = 1000 + test->cycle},
        .mOutputTime = {.mSampleTime = test->sample_time},
    };
    test->sample_time += frames;
    return (*test->driver)
        ->DoIOOperation(test->driver, device, device == OUT ? OUT_STREAM : IN_STREAM, 1, operation,
                        frames, &cycle, audio, NULL);
}

static void zero_time(struct test *test, AudioObjectID device, Float64 *sample, UInt64 *host,
                      UInt64 *seed) {
    assert_int_equal((*test->driver)->GetZeroTimeStamp(test->driver, device, 0, sample, host, seed),
                     0);
}

static SInt64 statistic(struct test *test, AudioObjectID device, const char *name) {
    AudioObjectPropertyAddress address = address_of('stat', GLOBAL);
    CFDictionaryRef dictionary;
    UInt32 size;
    SInt64 value;
    assert_int_equal((*test->driver)
                         ->GetPropertyData(test->driver, device, 0, &address, 0, NULL,
                                           sizeof dictionary, &size, &dictionary),
                     0);
    CFStringRef key = CFStringCreateWithCString(NULL, name, kCFStringEncodingUTF8);
    CFNumberRef number = CFDictionaryGetValue(dictionary, key);
    assert_non_null(number);
    assert_true(CFNumberGetValue(number, kCFNumberSInt64Type, &value));
    CFRelease(key);
    CFRelease(dictionary);
    return value;
}

static OSStatus set_text(struct test *test, AudioObjectID device,
                         AudioObjectPropertySelector selector, const char *text) {
    CFStringRef string = CFStringCreateWithCString(NULL, text, kCFStringEncodingUTF8);
    OSStatus status = set_value(test->driver, device, selector, &string, sizeof string);
    CFRelease(string);
    return status;
}

static void assert_text(struct test *test, AudioObjectID object,
                        AudioObjectPropertySelector selector, const char *wanted) {
    char text[128];
    assert_string_equal(get_text(test->driver, object, selector, text, sizeof text), wanted);
}

/* ---- identity -------------------------------------------------------------------------------- */

static void the_objects_are_those_of_the_original_and_two_mutes(void **state) {
    struct test *test = *state;
    AudioObjectID ids[8];
    assert_int_equal(get_list(test->driver, 1, kAudioPlugInPropertyDeviceList, GLOBAL, ids, 4, 8),
                     2);
    assert_true(ids[0] == OUT && ids[1] == IN);
    assert_text(test, 1, kAudioPlugInPropertyBundleID, "com.bunghole.audio");
    assert_text(test, OUT, kAudioObjectPropertyName, "Bunghole Output");
    assert_text(test, IN, kAudioObjectPropertyName, "Bunghole Input");
    assert_text(test, OUT, kAudioDevicePropertyDeviceUID, "BungholeOutput_UID");
    assert_text(test, IN, kAudioDevicePropertyDeviceUID, "BungholeInput_UID");
    assert_text(test, OUT, kAudioDevicePropertyModelUID, "BungholeAudio_ModelUID");
    assert_text(test, IN, kAudioDevicePropertyModelUID, "BungholeAudio_ModelUID");
    AudioStreamBasicDescription format;
    AudioObjectPropertyAddress address = address_of(kAudioStreamPropertyVirtualFormat, GLOBAL);
    UInt32 size;
    assert_int_equal((*test->driver)
                         ->GetPropertyData(test->driver, IN_STREAM, 0, &address, 0, NULL,
                                           sizeof format, &size, &format),
                     0);
    assert_true(format.mSampleRate > 47999 && format.mSampleRate < 48001);
    assert_int_equal(format.mChannelsPerFrame, 2);
    assert_int_equal(format.mBitsPerChannel, 32);
    assert_int_equal(format.mFormatFlags, 9);
}

static void both_type_names_give_the_one_driver_and_both_interfaces(void **state) {
    struct test *test = *state;
    CFUUIDRef old = CFUUIDCreateFromString(NULL, CFSTR("443ABEB8-E7B0-48D3-B2A0-381E2D0BB556"));
    assert_ptr_equal(BungholeAudio_Create(NULL, old), test->driver);
    CFRelease(old);
    assert_null(BungholeAudio_Create(NULL, kAudioServerPlugInDriverInterfaceUUID));
    assert_null(BungholeAudio_Create(NULL, NULL));
    static const CFUUIDBytes old_interface = {0xEE, 0xA5, 0x77, 0x3D, 0xCC, 0x43, 0x49, 0xF1,
                                              0x8E, 0x00, 0x8F, 0x96, 0x35, 0x87, 0x25, 0x32};
    void *found;
    assert_int_equal((*test->driver)->QueryInterface(test->driver, old_interface, &found), S_OK);
    assert_ptr_equal(found, test->driver);
    assert_int_equal((*test->driver)->Release(test->driver), 2);
    assert_int_equal((*test->driver)->Release(test->driver), 1);
}

/* ---- the eighteen defects of the original ---------------------------------------------------- */

static void defect_1_write_mix_is_in_place(void **state) {
    struct test *test = *state;
    for (AudioObjectID device = OUT; device <= IN; device++) {
        UInt32 own = device == OUT ? kAudioServerPlugInIOOperationWriteMix
                                   : kAudioServerPlugInIOOperationReadInput;
        UInt32 other = device == OUT ? kAudioServerPlugInIOOperationReadInput
                                     : kAudioServerPlugInIOOperationWriteMix;
        Boolean will, in_place;
        (*test->driver)->WillDoIOOperation(test->driver, device, 0, own, &will, &in_place);
        assert_true(will && in_place);
        (*test->driver)->WillDoIOOperation(test->driver, device, 0, other, &will, &in_place);
        assert_false(will);
    }
}

static void defect_2_a_second_client_keeps_the_time_line(void **state) {
    struct test *test = *state;
    Float64 sample, sample_after;
    UInt64 host, host_after, seed, seed_after;
    start_io(test, OUT, 1);
    zero_time(test, OUT, &sample, &host, &seed);
    start_io(test, OUT, 2);
    zero_time(test, OUT, &sample_after, &host_after, &seed_after);
    assert_true(seed == seed_after && host_after >= host && sample_after >= sample);
    stop_io(test, OUT, 1);
    stop_io(test, OUT, 2);
    start_io(test, OUT, 1);
    zero_time(test, OUT, &sample_after, &host_after, &seed_after);
    assert_true(seed_after != seed); /* a new time line has a new seed */
    stop_io(test, OUT, 1);
}

static void defect_3_the_first_stop_leaves_the_other_client_running(void **state) {
    struct test *test = *state;
    start_io(test, OUT, 1);
    start_io(test, OUT, 2);
    stop_io(test, OUT, 1);
    assert_int_equal(get_u32(test->driver, OUT, kAudioDevicePropertyDeviceIsRunning), 1);
    assert_int_equal(do_io(test, OUT, kAudioServerPlugInIOOperationWriteMix, 480), 0);
    stop_io(test, OUT, 2);
    assert_int_equal(get_u32(test->driver, OUT, kAudioDevicePropertyDeviceIsRunning), 0);
    assert_int_not_equal(do_io(test, OUT, kAudioServerPlugInIOOperationWriteMix, 480), 0);
}

static void defect_4_the_zero_timestamp_period_is_one_that_is_allowed(void **state) {
    struct test *test = *state;
    for (AudioObjectID device = OUT; device <= IN; device++) {
        UInt32 period = get_u32(test->driver, device, kAudioDevicePropertyZeroTimeStampPeriod);
        assert_int_equal(period, 24000);
        assert_true(period >= 10923);
    }
}

static void defect_5_each_side_lists_its_own_only(void **state) {
    struct test *test = *state;
    AudioObjectID ids[8];
    for (AudioObjectID device = OUT; device <= IN; device++) {
        AudioObjectPropertyScope mine = device == OUT ? OUTPUT : INPUT;
        AudioObjectPropertyScope not_mine = device == OUT ? INPUT : OUTPUT;
        assert_int_equal(
            get_list(test->driver, device, kAudioDevicePropertyStreams, mine, ids, 4, 8), 1);
        assert_int_equal(ids[0], device == OUT ? OUT_STREAM : IN_STREAM);
        assert_int_equal(
            get_list(test->driver, device, kAudioDevicePropertyStreams, not_mine, ids, 4, 8), 0);
        assert_int_equal(
            get_list(test->driver, device, kAudioObjectPropertyControlList, not_mine, ids, 4, 8),
            0);
        assert_int_equal(
            get_list(test->driver, device, kAudioObjectPropertyControlList, GLOBAL, ids, 4, 8), 2);
        assert_int_equal(get_u32_in(test->driver, device,
                                    kAudioDevicePropertyDeviceCanBeDefaultDevice, not_mine),
                         0);
        assert_int_equal(get_u32_in(test->driver, device, kAudioDevicePropertyLatency, not_mine),
                         0);
    }
}

static void defect_6_a_set_is_followed_by_its_notification(void **state) {
    struct test *test = *state;
    Float32 half = 0.5f;
    UInt32 on = 1;
    assert_int_equal(set_value(test->driver, OUT_VOLUME, kAudioLevelControlPropertyScalarValue,
                               &half, sizeof half),
                     0);
    assert_true(fake_host_was_told(&test->host, OUT_VOLUME, kAudioLevelControlPropertyScalarValue));
    assert_true(
        fake_host_was_told(&test->host, OUT_VOLUME, kAudioLevelControlPropertyDecibelValue));
    assert_int_equal(
        set_value(test->driver, IN_MUTE, kAudioBooleanControlPropertyValue, &on, sizeof on), 0);
    assert_true(fake_host_was_told(&test->host, IN_MUTE, kAudioBooleanControlPropertyValue));
}

static void defect_7_the_volume_is_a_volume_control(void **state) {
    struct test *test = *state;
    assert_int_equal(get_u32(test->driver, OUT_VOLUME, kAudioObjectPropertyClass), 'vlme');
    assert_int_equal(get_u32(test->driver, IN_VOLUME, kAudioObjectPropertyBaseClass), 'levl');
    assert_int_equal(get_u32(test->driver, OUT_MUTE, kAudioObjectPropertyClass), 'mute');
}

static void defect_8_an_object_that_is_not_there_has_no_properties(void **state) {
    struct test *test = *state;
    AudioObjectPropertyAddress address = address_of(kAudioObjectPropertyClass, GLOBAL);
    UInt32 size;
    assert_false((*test->driver)->HasProperty(test->driver, 999, 0, &address));
    assert_int_equal(
        (*test->driver)->GetPropertyDataSize(test->driver, 999, 0, &address, 0, NULL, &size),
        kAudioHardwareBadObjectError);
}

static void defect_9_the_factory_makes_one_instance(void **state) {
    struct test *test = *state;
    for (int i = 0; i < 3; i++) {
        assert_ptr_equal(BungholeAudio_Create(NULL, kAudioServerPlugInTypeUUID), test->driver);
    }
    for (ULONG left = 3; left >= 1; left--) {
        assert_int_equal((*test->driver)->Release(test->driver), left);
    }
}

static bool two_connections(void *context) {
    struct test *test = context;
    do_io(test, OUT, kAudioServerPlugInIOOperationWriteMix, 480);
    return statistic(test, OUT, "connections") >= 2;
}

static void defect_10_a_host_that_hangs_up_raises_no_sigpipe(void **state) {
    struct test *test = *state; /* SIGPIPE has its default action: it would end the test */
    peer_listen(&test->out);
    peer_accept(&test->out);
    start_io(test, OUT, 1);
    peer_hang_up(&test->out);
    assert_true(peer_eventually(two_connections, test));
    stop_io(test, OUT, 1);
}

static bool has_unwanted(void *context) {
    return statistic(context, IN, "frames unwanted") >= 10 * 960;
}

static void defect_11_input_that_came_before_io_is_not_kept(void **state) {
    struct test *test = *state;
    static const uint8_t frame[] = {0, 1, 0xfc}; /* 20 ms of nothing */
    peer_listen(&test->in);
    peer_accept(&test->in);
    for (int i = 0; i < 10; i++) {
        peer_write(&test->in, frame, sizeof frame);
    }
    assert_true(peer_eventually(has_unwanted, test));
    start_io(test, IN, 1);
    assert_int_equal(statistic(test, IN, "playout frames"), 0);
    stop_io(test, IN, 1);
}

static void defect_12_latency_is_what_there_is(void **state) {
    struct test *test = *state;
    /* A packet and the encoder's look-ahead; for the input the playout buffer too. */
    assert_int_equal(get_u32_in(test->driver, OUT, kAudioDevicePropertyLatency, OUTPUT), 960 + 312);
    assert_int_equal(get_u32_in(test->driver, IN, kAudioDevicePropertyLatency, INPUT),
                     1920 + 960 + 312);
}

static int count_threads(void) {
    int count = 0;
    FILE *status = fopen("/proc/self/status", "r");
    char line[128];
    while (status != NULL && fgets(line, sizeof line, status) != NULL) {
        (void)sscanf(line, "Threads: %d", &count);
    }
    if (status != NULL) {
        fclose(status);
    }
    return count;
}

static void defect_13_the_threads_end_with_the_driver(void **state) {
    struct test *test = *state;
    int with = count_threads();
    assert_int_equal((*test->driver)->Release(test->driver), 0);
    int without = count_threads();
    assert_int_equal(with == 0 ? 2 : with - without, 2);
    test->driver = BungholeAudio_Create(NULL, kAudioServerPlugInTypeUUID);
}

/* TSan sees what is wrong here, if anything is. */
static void *ask_for_time(void *context) {
    struct test *test = context;
    for (int i = 0; i < 2000; i++) {
        Float64 sample;
        UInt64 host, seed;
        (void)(*test->driver)->GetZeroTimeStamp(test->driver, OUT, 0, &sample, &host, &seed);
    }
    return NULL;
}

static void defect_14_time_is_read_while_io_starts(void **state) {
    struct test *test = *state;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, ask_for_time, test), 0);
    for (int i = 0; i < 200; i++) {
        start_io(test, OUT, 1);
        stop_io(test, OUT, 1);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void defect_15_both_devices_are_in_one_clock_domain(void **state) {
    struct test *test = *state;
    UInt32 domain = get_u32(test->driver, OUT, kAudioDevicePropertyClockDomain);
    assert_int_not_equal(domain, 0);
    assert_int_equal(get_u32(test->driver, IN, kAudioDevicePropertyClockDomain), domain);
}

static void defect_16_the_bundle_asks_for_the_network(void **state) {
    (void)state;
    FILE *file = fopen(BUNGHOLE_INFO_PLIST, "r");
    char text[8192];
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    const char *key = strstr(text, "<key>AudioServerPlugIn_Network</key>");
    assert_non_null(key);
    assert_non_null(strstr(key, "<true/>"));
    assert_true(strstr(key, "<true/>") - key < 60);
}

/* 17 is unused code: there is nothing to test. */

static void defect_18_there_is_no_time_before_io(void **state) {
    struct test *test = *state;
    Float64 sample;
    UInt64 host, seed;
    assert_int_equal((*test->driver)->GetZeroTimeStamp(test->driver, OUT, 0, &sample, &host, &seed),
                     kAudioHardwareNotRunningError);
}

/* ---- audio ----------------------------------------------------------------------------------- */

static bool is_link(struct test *test, const char *wanted) {
    char text[32];
    return strcmp(get_text(test->driver, OUT, 'vlnk', text, sizeof text), wanted) == 0;
}

static void connect_output(struct test *test) {
    peer_listen(&test->out);
    peer_accept(&test->out);
    start_io(test, OUT, 1);
    /* The driver may not have seen yet that it is connected: then this goes nowhere. */
    assert_int_equal(do_io(test, OUT, kAudioServerPlugInIOOperationWriteMix, 960), 0);
    stop_io(test, OUT, 1);
    while (!is_link(test, "wire v1") || statistic(test, OUT, "ring frames") > 0) {
        poll(NULL, 0, 1);
    }
}

/* Plays half a second of a tone of amplitude 0.5; returns the effective value of the last packet,
 * as the host decodes it. */
static double play_and_hear(struct test *test) {
    struct bunghole_decoder *decoder = bunghole_decoder_create();
    static float heard[BUNGHOLE_DECODE_MAX * 2];
    double sum = 0;
    start_io(test, OUT, 1);
    for (int packet = 0; packet < 25; packet++) {
        struct bunghole_item item;
        for (int half = 0; half < 2; half++) {
            for (int i = 0; i < 480; i++) {
                audio[2 * i] = audio[2 * i + 1] = 0.5f * sinf(6.2831853f * (float)i / 48.0f);
            }
            assert_int_equal(do_io(test, OUT, kAudioServerPlugInIOOperationWriteMix, 480), 0);
        }
        assert_true(peer_read(&test->out, &item));
        assert_int_equal(bunghole_decode(decoder, item.packet, item.size, heard), 960);
    }
    stop_io(test, OUT, 1);
    bunghole_decoder_destroy(decoder);
    for (int i = 0; i < 960 * 2; i++) {
        sum += (double)heard[i] * (double)heard[i];
    }
    return sqrt(sum / 1920);
}

static void what_is_played_reaches_the_host(void **state) {
    struct test *test = *state;
    connect_output(test);
    assert_true(fabs(play_and_hear(test) - 0.3536) < 0.02);
    assert_text(test, OUT, 'vlnk', "wire v1");
}

static Float32 convert(struct test *test, AudioObjectID volume,
                       AudioObjectPropertySelector selector, Float32 value) {
    AudioObjectPropertyAddress address = address_of(selector, GLOBAL);
    UInt32 size;
    assert_int_equal(
        (*test->driver)
            ->GetPropertyData(test->driver, volume, 0, &address, 0, NULL, 4, &size, &value),
        0);
    return value;
}

static void assert_near(double value, double wanted) {
    if (!(fabs(value - wanted) <= 1e-4)) {
        fail_msg("%.7g is not %.7g", value, wanted);
    }
}

static void volume_is_linear_as_in_the_original(void **state) {
    struct test *test = *state;
    static const struct {
        Float32 scalar, decibels;
    } pairs[] = {{1, 0}, {0.5f, -6.0206f}, {0.1f, -20}, {0.001f, -60}, {0, -96}};
    for (AudioObjectID volume = OUT_VOLUME; volume <= IN_VOLUME; volume++) {
        assert_near(convert(test, volume, 'lcsv', NAN), 1);
        for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
            Float32 scalar = pairs[i].scalar, decibels = pairs[i].decibels;
            assert_near(convert(test, volume, 'lcsd', scalar), decibels);
            assert_near(convert(test, volume, 'lcds', decibels), scalar);
            assert_int_equal(set_value(test->driver, volume, 'lcsv', &scalar, sizeof scalar), 0);
            assert_near(convert(test, volume, 'lcdv', NAN), decibels);
            assert_int_equal(set_value(test->driver, volume, 'lcdv', &decibels, sizeof decibels),
                             0);
            assert_near(convert(test, volume, 'lcsv', NAN), scalar);
        }
    }
}

static void half_the_volume_is_half_the_audio(void **state) {
    struct test *test = *state;
    Float32 half = 0.5f;
    connect_output(test);
    assert_int_equal(set_value(test->driver, OUT_VOLUME, 'lcsv', &half, sizeof half), 0);
    assert_true(fabs(play_and_hear(test) - 0.3536 / 2) < 0.01);
}

static void the_hosts_buffer_is_left_alone(void **state) {
    struct test *test = *state;
    Float32 half = 0.5f;
    set_value(test->driver, OUT_VOLUME, kAudioLevelControlPropertyScalarValue, &half, sizeof half);
    start_io(test, OUT, 1);
    for (int i = 0; i < 8192 * 2; i++) {
        audio[i] = (float)i;
    }
    assert_int_equal(do_io(test, OUT, kAudioServerPlugInIOOperationWriteMix, 8192), 0);
    for (int i = 0; i < 8192 * 2; i++) {
        assert_int_equal((int)audio[i], i);
    }
    stop_io(test, OUT, 1);
}

static void input_without_a_host_is_silence_and_counted(void **state) {
    struct test *test = *state;
    start_io(test, IN, 1);
    memset(audio, 0x3f, sizeof audio);
    assert_int_equal(do_io(test, IN, kAudioServerPlugInIOOperationReadInput, 512), 0);
    for (int i = 0; i < 512 * 2; i++) {
        assert_true(audio[i] <= 0 && audio[i] >= 0);
    }
    assert_int_equal(statistic(test, IN, "frames silent"), 512);
    stop_io(test, IN, 1);
}

/* ---- settings and properties ----------------------------------------------------------------- */

static void assert_refused(struct test *test, const char *key, const char *value) {
    const char *before = getenv(key);
    char kept[128] = "";
    snprintf(kept, sizeof kept, "%s", before != NULL ? before : "");
    setenv(key, value, 1);
    assert_int_not_equal(initialize(test), 0);
    setenv(key, kept, 1);
}

static void a_variable_that_is_not_allowed_is_no_device(void **state) {
    struct test *test = *state;
    assert_refused(test, "BUNGHOLE_CID", "0");
    assert_refused(test, "BUNGHOLE_CID", "4294967295");
    assert_refused(test, "BUNGHOLE_CID", "two");
    assert_refused(test, "BUNGHOLE_OUTPUT_PORT", "-1");
    assert_refused(test, "BUNGHOLE_INPUT_PORT", "5001 ");
    assert_refused(test, "BUNGHOLE_UNIX", "/nowhere/at/all");
    assert_refused(test, "BUNGHOLE_UNIX",
                   "/a23456789/b23456789/c23456789/d23456789/e23456789/f23456789/g23456789/"
                   "h23456789/");
    assert_refused(test, "BUNGHOLE_WIRE", "v2");
    assert_refused(test, "BUNGHOLE_ZERO_PERIOD_FRAMES", "479");
    assert_refused(test, "BUNGHOLE_ZERO_PERIOD_FRAMES", "192001");
    assert_refused(test, "BUNGHOLE_BITRATE", "5999");
    assert_refused(test, "BUNGHOLE_BACKOFF_MS", "0");
    assert_int_equal(initialize(test), 0);
}

static void the_period_of_the_original_is_a_variant(void **state) {
    struct test *test = *state;
    setenv("BUNGHOLE_ZERO_PERIOD_FRAMES", "480", 1);
    assert_int_equal(initialize(test), 0);
    assert_int_equal(get_u32(test->driver, OUT, kAudioDevicePropertyZeroTimeStampPeriod), 480);
    assert_int_equal(get_u32(test->driver, IN, kAudioDevicePropertyZeroTimeStampPeriod), 480);
}

/* A CID of 1 is this machine: dialling it harms nobody. */
static void stored_values_come_after_the_environment_and_before_the_default(void **state) {
    struct test *test = *state;
    unsetenv("BUNGHOLE_UNIX");
    setenv("BUNGHOLE_CID", "1", 1);
    fake_host_store_string(&test->host, "output endpoint", "vsock 7:1234");
    fake_host_store_string(&test->host, "input endpoint", "nonsense");
    fake_host_store_string(&test->host, "wire", "v1");
    fake_host_store_integer(&test->host, "zero period frames", 48000);
    assert_int_equal(initialize(test), 0);
    assert_text(test, OUT, 'vend', "vsock 1:1234");
    assert_text(test, IN, 'vend', "vsock 1:5001");
    assert_text(test, OUT, 'vwir', "v1");
    assert_int_equal(get_u32(test->driver, OUT, kAudioDevicePropertyZeroTimeStampPeriod), 48000);
}

static void stored_values_that_are_not_allowed_are_passed_over(void **state) {
    struct test *test = *state;
    fake_host_store_integer(&test->host, "output endpoint", 5);
    fake_host_store_string(&test->host, "wire", "v3");
    fake_host_store_integer(&test->host, "zero period frames", -1);
    assert_int_equal(initialize(test), 0);
    assert_text(test, OUT, 'vwir', "auto");
    assert_int_equal(get_u32(test->driver, OUT, kAudioDevicePropertyZeroTimeStampPeriod), 24000);
}

static void an_endpoint_that_is_set_is_stored_and_told_of(void **state) {
    struct test *test = *state;
    unsetenv("BUNGHOLE_UNIX");
    fake_host_store_string(&test->host, "output endpoint", "vsock 1:1111");
    fake_host_store_string(&test->host, "input endpoint", "vsock 1:1112");
    assert_int_equal(initialize(test), 0);
    test->host.ask_back = test->driver; /* hangs if the host is called with the lock held */
    assert_int_equal(set_text(test, OUT, 'vend', "vsock 1:6000"), 0);
    assert_text(test, OUT, 'vend', "vsock 1:6000");
    assert_text(test, IN, 'vend', "vsock 1:1112");
    assert_true(fake_host_was_told(&test->host, OUT, 'vend'));
    assert_true(CFEqual(fake_host_stored(&test->host, "output endpoint"), CFSTR("vsock 1:6000")));
    assert_int_not_equal(set_text(test, OUT, 'vend', "vsock 1"), 0);
    assert_int_not_equal(set_text(test, OUT, 'vend', "unix /x/1.sock"), 0);
    assert_int_equal(set_text(test, IN, 'vwir', "v1"), 0);
    assert_text(test, OUT, 'vwir', "v1");
    assert_true(fake_host_was_told(&test->host, OUT, 'vwir'));
    assert_true(fake_host_was_told(&test->host, IN, 'vwir'));
    assert_true(CFEqual(fake_host_stored(&test->host, "wire"), CFSTR("v1")));
    assert_int_not_equal(set_text(test, OUT, 'vwir', "v2"), 0);
}

static void what_the_environment_has_set_no_property_changes(void **state) {
    struct test *test = *state;
    setenv("BUNGHOLE_WIRE", "auto", 1);
    assert_int_equal(initialize(test), 0);
    assert_int_not_equal(set_text(test, OUT, 'vend', "vsock 1:6000"), 0);
    assert_int_not_equal(set_text(test, OUT, 'vwir', "v1"), 0);
    assert_text(test, OUT, 'vwir', "auto");
}

static void custom_properties_are_listed_and_typed(void **state) {
    struct test *test = *state;
    static const AudioServerPlugInCustomPropertyInfo wanted[] = {
        {'vend', 'cfst', 0}, {'vwir', 'cfst', 0}, {'vlnk', 'cfst', 0}, {'stat', 'plst', 0}};
    AudioServerPlugInCustomPropertyInfo infos[8];
    for (AudioObjectID device = OUT; device <= IN; device++) {
        assert_int_equal(get_list(test->driver, device, 'cust', GLOBAL, infos, sizeof infos[0], 8),
                         4);
        assert_memory_equal(infos, wanted, sizeof wanted);
        assert_int_equal(statistic(test, device, "protocol errors"), 0);
    }
}

static void it_is_unloaded_while_connected_and_loaded_again(void **state) {
    struct test *test = *state;
    peer_listen(&test->out);
    peer_listen(&test->in);
    for (int i = 0; i < 10; i++) {
        peer_accept(&test->out);
        peer_accept(&test->in);
        start_io(test, OUT, 1);
        start_io(test, IN, 1);
        do_io(test, OUT, kAudioServerPlugInIOOperationWriteMix, 4096);
        stop_io(test, OUT, 1);
        stop_io(test, IN, 1);
        assert_int_equal((*test->driver)->Release(test->driver), 0);
        assert_true(peer_is_left(&test->out));
        assert_true(peer_is_left(&test->in));
        test->driver = BungholeAudio_Create(NULL, kAudioServerPlugInTypeUUID);
        assert_int_equal(initialize(test), 0);
    }
}

int main(void) {
#define TEST(name)  cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define EARLY(name) cmocka_unit_test_setup_teardown(name, set_up_early, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_objects_are_those_of_the_original_and_two_mutes),
        TEST(both_type_names_give_the_one_driver_and_both_interfaces),
        TEST(defect_1_write_mix_is_in_place),
        TEST(defect_2_a_second_client_keeps_the_time_line),
        TEST(defect_3_the_first_stop_leaves_the_other_client_running),
        TEST(defect_4_the_zero_timestamp_period_is_one_that_is_allowed),
        TEST(defect_5_each_side_lists_its_own_only),
        TEST(defect_6_a_set_is_followed_by_its_notification),
        TEST(defect_7_the_volume_is_a_volume_control),
        TEST(defect_8_an_object_that_is_not_there_has_no_properties),
        TEST(defect_9_the_factory_makes_one_instance),
        TEST(defect_10_a_host_that_hangs_up_raises_no_sigpipe),
        TEST(defect_11_input_that_came_before_io_is_not_kept),
        TEST(defect_12_latency_is_what_there_is),
        TEST(defect_13_the_threads_end_with_the_driver),
        TEST(defect_14_time_is_read_while_io_starts),
        TEST(defect_15_both_devices_are_in_one_clock_domain),
        TEST(defect_16_the_bundle_asks_for_the_network),
        TEST(defect_18_there_is_no_time_before_io),
        TEST(what_is_played_reaches_the_host),
        TEST(volume_is_linear_as_in_the_original),
        TEST(half_the_volume_is_half_the_audio),
        TEST(the_hosts_buffer_is_left_alone),
        TEST(input_without_a_host_is_silence_and_counted),
        EARLY(a_variable_that_is_not_allowed_is_no_device),
        EARLY(the_period_of_the_original_is_a_variant),
        EARLY(stored_values_come_after_the_environment_and_before_the_default),
        EARLY(stored_values_that_are_not_allowed_are_passed_over),
        EARLY(an_endpoint_that_is_set_is_stored_and_told_of),
        EARLY(what_the_environment_has_set_no_property_changes),
        TEST(custom_properties_are_listed_and_typed),
        TEST(it_is_unloaded_while_connected_and_loaded_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
