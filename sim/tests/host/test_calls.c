/* Is a driver asked what docs/fidelity.md says, in that order, for that client, on that thread? */
#include "loop_host.h"

#include <CoreAudio/AudioServerPlugIn.h>

static const struct loop_call *calls;
static size_t call_count;

static void read_calls(void) {
    call_count = loop_calls(&calls);
}

static bool is_io(const struct loop_call *call) {
    return strstr(call->entry_point, "IOOperation") != NULL &&
           strcmp(call->entry_point, "WillDoIOOperation") != 0;
}

static size_t count_calls(const char *entry_point, const char *code, unsigned client) {
    size_t found = 0;
    for (size_t i = 0; i < call_count; i++) {
        found += strcmp(calls[i].entry_point, entry_point) == 0 &&
                 (code == NULL || strcmp(calls[i].code, code) == 0) && calls[i].client == client;
    }
    return found;
}

static void every_operation_is_asked_for_before_io_for_the_host_and_for_each_client(void **state) {
    (void)state;
    loop_record_begin();
    struct halsim_host *host = loop_host(NULL, NULL);
    uint32_t first = loop_client(host, NULL);
    uint32_t second = loop_client(host, NULL);
    assert_ok(halsim_io_start(host, 0, first, error));
    assert_ok(halsim_io_run_cycles(host, 0, 10, error));
    read_calls();
    assert_int_equal(count_calls("WillDoIOOperation", NULL, 0), 10);
    assert_int_equal(count_calls("WillDoIOOperation", NULL, first), 10);
    assert_int_equal(count_calls("WillDoIOOperation", NULL, second), 0);
    long start = loop_find_call("StartIO", NULL, 0);
    assert_true(start > loop_find_call("WillDoIOOperation", NULL, 19));
    assert_true(loop_find_call("BeginIOOperation", NULL, 0) > start);
    assert_true(loop_find_call("GetZeroTimeStamp", NULL, 0) > start);

    assert_ok(halsim_io_start(host, 0, second, error)); /* IO runs: the host need not ask again */
    assert_ok(halsim_io_run_cycles(host, 0, 10, error));
    read_calls();
    assert_int_equal(count_calls("WillDoIOOperation", NULL, 0), 10);
    assert_int_equal(count_calls("WillDoIOOperation", NULL, second), 10);
    start = loop_find_call("StartIO", NULL, 1);
    assert_true(start > loop_find_call("WillDoIOOperation", NULL, 29));
    assert_int_equal(count_calls("StartIO", NULL, first), 1);
    assert_int_equal(count_calls("StartIO", NULL, second), 1);
    halsim_host_destroy(host);
    loop_record_end();
}

static void an_operation_carries_its_client_or_the_host(void **state) {
    (void)state;
    static const char *const of_a_client[] = {"read", "cinp", "pinp", "pout"};
    static const char *const of_the_device[] = {"pmix", "cmix", "rite", "cycl", "thrd"};
    loop_record_begin();
    struct halsim_host *host = loop_host("process,convert,thread", NULL);
    uint32_t clients[2] = {loop_client(host, NULL), loop_client(host, NULL)};
    for (size_t i = 0; i < 2; i++) {
        assert_ok(halsim_io_start(host, 0, clients[i], error));
    }
    assert_ok(halsim_io_run_cycles(host, 0, 10, error));
    for (size_t i = 0; i < 2; i++) {
        assert_ok(halsim_io_stop(host, 0, clients[i], error));
    }
    halsim_host_destroy(host);
    read_calls();
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(count_calls("DoIOOperation", of_a_client[i], clients[0]), 10);
        assert_int_equal(count_calls("DoIOOperation", of_a_client[i], clients[1]), 10);
        assert_int_equal(count_calls("BeginIOOperation", of_a_client[i], 0), 0);
    }
    for (size_t i = 0; i < 5; i++) {
        size_t begins = count_calls("BeginIOOperation", of_the_device[i], 0);
        assert_int_equal(begins, i == 4 ? 1 : 10);
        assert_int_equal(count_calls("EndIOOperation", of_the_device[i], 0), begins);
        assert_int_equal(count_calls("BeginIOOperation", of_the_device[i], clients[0]), 0);
        assert_int_equal(count_calls("DoIOOperation", of_the_device[i], 0), i < 3 ? 10 : 0);
    }
    assert_int_equal(count_calls("GetZeroTimeStamp", NULL, 0), 11); /* once before the first */
    assert_int_equal(count_calls("GetZeroTimeStamp", NULL, clients[0]), 0);
    loop_record_end();
}

/* The calls of the second cycle, in which all is as always, against lines of words. */
static void assert_second_cycle(const char *const *expected, size_t count) {
    read_calls();
    long at = loop_find_call("GetZeroTimeStamp", NULL, 2); /* 0: before the first cycle */
    assert_true(at >= 0 && (size_t)at + count < call_count);
    for (size_t i = 0; i < count; i++) {
        const struct loop_call *call = &calls[(size_t)at + 1 + i];
        char line[64];
        (void)snprintf(line, sizeof line, "%.5s %s %u", call->entry_point, call->code,
                       call->object);
        assert_string_equal(line, expected[i]);
    }
    assert_string_equal(calls[(size_t)at + 1 + count].entry_point, "GetZeroTimeStamp");
}

static void each_operation_is_begun_once_for_all_streams(void **state) {
    (void)state;
    static const char *const expected[] = {
        "Begin read 2", "DoIOO read 3", "EndIO read 2", "Begin pinp 2", "DoIOO pinp 3",
        "EndIO pinp 2", "Begin pout 2", "DoIOO pout 4", "DoIOO pout 5", "EndIO pout 2",
        "Begin pmix 2", "DoIOO pmix 4", "DoIOO pmix 5", "EndIO pmix 2", "Begin rite 2",
        "DoIOO rite 4", "DoIOO rite 5", "EndIO rite 2",
    };
    loop_record_begin();
    struct halsim_host *host = loop_host("two-streams,process", NULL);
    (void)loop_started_client(host, NULL); /* plays into the first output alone */
    assert_ok(halsim_io_run_cycles(host, 0, 3, error));
    assert_second_cycle(expected, sizeof expected / sizeof expected[0]);
    halsim_host_destroy(host);
    loop_record_end();
}

static void mix_output_ends_the_output_of_a_cycle(void **state) {
    (void)state;
    static const char *const expected[] = {
        "Begin read 2", "DoIOO read 3", "EndIO read 2", "Begin pinp 2", "DoIOO pinp 3",
        "EndIO pinp 2", "Begin pout 2", "DoIOO pout 4", "DoIOO pout 5", "EndIO pout 2",
        "Begin mixo 2", "DoIOO mixo 4", "DoIOO mixo 5", "EndIO mixo 2",
    };
    loop_record_begin();
    struct halsim_host *host = loop_host("two-streams,process,mixes,writes-too", NULL);
    (void)loop_started_client(host, NULL);
    assert_non_null(strstr(loop_last_warning(), "both MixOutput and WriteMix"));
    assert_int_equal(loop_notices(HALSIM_NOTICE_WARNING), 1);
    assert_ok(halsim_io_run_cycles(host, 0, 3, error));
    assert_second_cycle(expected, sizeof expected / sizeof expected[0]);
    assert_int_equal(loop_notices(HALSIM_NOTICE_WARNING), 1);
    halsim_host_destroy(host);
    loop_record_end();
}

static void the_thread_is_begun_and_ended_on_the_io_thread(void **state) {
    (void)state;
    struct halsim_host_config config;
    halsim_host_config_init(&config);
    config.wait = HALSIM_WAIT_SLEEP;
    loop_record_begin();
    struct halsim_host *host = loop_host_with(&config, "thread", NULL);
    uint32_t client = loop_started_client(host, NULL);
    assert_ok(halsim_io_run_cycles(host, 0, 3, error));
    assert_ok(halsim_io_stop(host, 0, client, error));
    halsim_host_destroy(host);
    read_calls();
    long begin = loop_find_call("BeginIOOperation", "thrd", 0);
    long end = loop_find_call("EndIOOperation", "thrd", 0);
    long start = loop_find_call("StartIO", NULL, 0);
    assert_true(start < begin && begin < end && end < loop_find_call("StopIO", NULL, 0));
    assert_int_equal(loop_find_call("BeginIOOperation", "thrd", 1), -1);
    unsigned long io_thread = calls[begin].thread;
    assert_true(io_thread != calls[start].thread);
    size_t cycles = 0;
    for (long i = 0; i < (long)call_count; i++) {
        bool clock = strcmp(calls[i].entry_point, "GetZeroTimeStamp") == 0;
        if (is_io(&calls[i]) || clock) {
            assert_int_equal(calls[i].thread, io_thread);
            assert_true(i >= begin && i <= end);
            cycles += strcmp(calls[i].code, "rite") == 0;
        }
    }
    assert_true(cycles >= 9); /* Begin, Do, End in each of three */
    loop_record_end();
}

static void the_size_of_a_list_is_asked_before_its_data(void **state) {
    (void)state;
    loop_record_begin();
    struct halsim_host *host = loop_host(NULL, NULL);
    halsim_host_destroy(host);
    read_calls();
    static const char *const lists[] = {"dev#", "stm#"};
    for (size_t i = 0; i < 2; i++) {
        long size = loop_find_call("GetPropertyDataSize", lists[i], 0);
        assert_true(size >= 0);
        assert_int_equal(loop_find_call("GetPropertyData", lists[i], 0), size + 1);
    }
    /* What has one size by contract is read at once. */
    assert_true(loop_find_call("GetPropertyData", "nsrt", 0) >= 0);
    assert_int_equal(loop_find_call("GetPropertyDataSize", "nsrt", 0), -1);
    loop_record_end();
}

static void the_host_asks_for_properties_as_client_process_0(void **state) {
    (void)state;
    loop_record_begin();
    struct halsim_host *host = loop_host(NULL, NULL);
    uint32_t client;
    struct halsim_client_config config = {.process_id = 1234};
    assert_ok(halsim_client_add(host, 0, &config, &client, error));
    assert_ok(halsim_device_set_rate(host, 0, 44100, error));
    bool settable;
    assert_ok(halsim_property_is_settable(
        host, (struct halsim_object){0, 2},
        &(AudioObjectPropertyAddress){kAudioDevicePropertyNominalSampleRate,
                                      kAudioObjectPropertyScopeGlobal, 0},
        &settable, error));
    halsim_host_destroy(host);
    read_calls();
    static const char *const entry_points[] = {"HasProperty", "IsPropertySettable",
                                               "GetPropertyDataSize", "GetPropertyData",
                                               "SetPropertyData"};
    for (size_t e = 0; e < 5; e++) {
        assert_true(loop_find_call(entry_points[e], NULL, 0) >= 0);
    }
    for (size_t i = 0; i < call_count; i++) {
        if (strstr(calls[i].entry_point, "Property") != NULL) {
            assert_int_equal(calls[i].client, 0);
        }
    }
    loop_record_end();
}

static void an_absent_key_of_storage_is_success_and_nothing(void **state) {
    (void)state;
    loop_record_begin();
    struct halsim_host *host = loop_host("counts-loads", NULL);
    halsim_host_destroy(host);
    read_calls();
    long copy = loop_find_call("CopyFromStorage", NULL, 0);
    assert_true(copy >= 0);
    assert_string_equal(calls[copy].code, "----"); /* 0: no error */
    assert_string_equal(calls[copy].more, "nothing");
    loop_record_end();
}

static void a_device_is_its_own_main_clock(void **state) {
    (void)state;
    loop_record_begin();
    (void)setenv("LOOP_PPM", "1000", 1);
    struct halsim_host *host = loop_host("thread", NULL);
    (void)unsetenv("LOOP_PPM");
    (void)loop_started_client(host, NULL);
    assert_ok(halsim_io_run(host, UINT64_C(20000000000), error)); /* the rate is known by then */
    halsim_host_destroy(host);
    read_calls();
    double first_ticks = 0, main_ticks = 0, device_ticks = 0;
    for (size_t i = 0; i < call_count; i++) {
        if (strcmp(calls[i].entry_point, "BeginIOOperation") != 0 ||
            strcmp(calls[i].code, "cycl") != 0) {
            continue;
        }
        assert_int_equal(
            sscanf(calls[i].more, "main-ticks=%lf device-ticks=%lf", &main_ticks, &device_ticks),
            2);
        assert_true(main_ticks == device_ticks);
        first_ticks = first_ticks == 0 ? main_ticks : first_ticks;
    }
    assert_true(first_ticks > 1e9 / 48000 - 1e-3 && first_ticks < 1e9 / 48000 + 1e-3);
    double true_ticks = 1e9 / 48048;
    assert_true(main_ticks > true_ticks - 0.1 && main_ticks < true_ticks + 0.1);
    loop_record_end();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_is_asked_for_before_io_for_the_host_and_for_each_client),
        cmocka_unit_test(an_operation_carries_its_client_or_the_host),
        cmocka_unit_test(each_operation_is_begun_once_for_all_streams),
        cmocka_unit_test(mix_output_ends_the_output_of_a_cycle),
        cmocka_unit_test(the_thread_is_begun_and_ended_on_the_io_thread),
        cmocka_unit_test(the_size_of_a_list_is_asked_before_its_data),
        cmocka_unit_test(the_host_asks_for_properties_as_client_process_0),
        cmocka_unit_test(an_absent_key_of_storage_is_success_and_nothing),
        cmocka_unit_test(a_device_is_its_own_main_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
