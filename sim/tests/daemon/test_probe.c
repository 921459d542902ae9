/* Does the probe hand over what it is told to, and does it see what a driver does wrong? */
#include "probe_session.h"

#include <CoreFoundation/CoreFoundation.h>

#define RATE                                                                                       \
    "\"function\": \"GetPropertyData\", \"object\": 2, \"address\": {\"selector\": \"nsrt\"}"
#define NAME                                                                                       \
    "\"function\": \"GetPropertyData\", \"object\": 2, \"address\": {\"selector\": \"lnam\"}"
#define SET                                                                                        \
    "\"function\": \"SetPropertyData\", \"object\": 2, \"address\": {\"selector\": \"nsrt\"}"
#define RENAME                                                                                     \
    "\"function\": \"SetPropertyData\", \"object\": 2, \"address\": {\"selector\": \"lnam\"}"
#define WRITE                                                                                      \
    "\"function\": \"DoIOOperation\", \"object\": 2, \"stream\": 3, \"client\": 1, "               \
    "\"operation\": \"rite\", \"frames\": 16"

static void a_bundle_is_opened_and_nothing_in_it_called(void **state) {
    (void)state;
    struct halsim_rpc *rpc = session_open(NULL, NULL, NULL);
    (void)unsetenv("RUDE");
    yyjson_val *opened = session_call(rpc, "probe.open", "{\"path\": \"" RUDE_DRIVER "\"}");
    yyjson_val *factory = yyjson_arr_get_first(member(opened, "factories"));
    assert_string_equal(yyjson_get_str(member(factory, "symbol")), "Rude_Create");
    assert_string_equal(yyjson_get_str(yyjson_arr_get_first(member(factory, "types"))),
                        "443ABAB8-E7B3-491A-B985-BEB9187030DB");
    assert_int_equal(yyjson_arr_size(member(opened, "symbols_missing")), 0);
    yyjson_val *error = session_error(rpc, "probe.open", "{\"path\": \"" LOOP_DRIVER "\"}");
    assert_string_equal(status_of(error), "state");
    yyjson_val *gone = session_call(rpc, "probe.unload", "{}");
    assert_true(is_true(gone, "unmapped"));
    assert_string_equal(status_of(session_error(rpc, "probe.unload", "{}")), "state");
    assert_string_equal(status_of(session_error(rpc, "probe.create", "{}")), "state");
    session_close(rpc);
}

static void what_is_no_bundle_is_refused(void **state) {
    (void)state;
    struct halsim_rpc *rpc = session_open(NULL, NULL, NULL);
    yyjson_val *error = session_error(rpc, "probe.open", "{\"path\": \"/nowhere.driver\"}");
    assert_string_equal(status_of(error), "not-found");
    error = session_error(rpc, "probe.open", "{\"path\": \"" RUDE_DRIVER "/Contents/Info.plist\"}");
    assert_string_equal(status_of(error), "bundle");
    error = session_error(rpc, "probe.open", "{\"path\": \"" RUDE_DRIVER "/Contents\"}");
    assert_string_equal(status_of(error), "bundle");
    session_close(rpc);
}

static void a_bundle_can_be_loaded_and_unloaded_a_hundred_times(void **state) {
    (void)state;
    (void)unsetenv("RUDE");
    struct halsim_rpc *rpc = session_open(NULL, NULL, NULL);
    for (uint32_t i = 0; i < 100; i++) {
        char params[64];
        session_call(rpc, "probe.open", "{\"path\": \"" RUDE_DRIVER "\"}");
        yyjson_val *made = session_call(rpc, "probe.create", "{}");
        assert_int_equal(number_at(made, "instance"), i);
        (void)snprintf(params, sizeof params, "{\"instance\": %u}", i);
        session_call(rpc, "probe.initialize", params);
        session_call(rpc, "probe.close", params);
        assert_true(is_true(session_call(rpc, "probe.unload", "{}"), "unmapped"));
    }
    session_close(rpc);
}

static void a_factory_is_asked_for_any_type(void **state) {
    (void)state;
    struct halsim_rpc *rpc = probe_session(NULL);
    yyjson_val *made =
        session_call(rpc, "probe.create", "{\"type\": \"00000000-0000-0000-C000-000000000046\"}");
    assert_true(yyjson_is_null(member(made, "instance")));
    assert_string_equal(status_of(session_error(rpc, "probe.create", "{\"factory\": \"Nobody\"}")),
                        "not-found");
    assert_int_equal(code_of(session_error(rpc, "probe.create", "{\"type\": \"x\"}")), -32602);
    probe_session_end(rpc);
}

static void a_table_with_empty_slots_is_told(void **state) {
    (void)state;
    struct halsim_rpc *rpc = session_open(NULL, NULL, NULL);
    session_call(rpc, "probe.open", "{\"path\": \"" ODD_DRIVER "\"}");
    yyjson_val *missing = member(session_call(rpc, "probe.create", "{}"), "slots_missing");
    assert_int_equal(yyjson_arr_size(missing), 13);
    assert_string_equal(yyjson_get_str(yyjson_arr_get_first(missing)), "CreateDevice");
    assert_string_equal(yyjson_get_str(yyjson_arr_get_last(missing)), "EndIOOperation");
    session_call(rpc, "probe.close", "{\"instance\": 0}");
    session_close(rpc); /* not unloaded: what Odd never frees would be a leak of this test */
    rpc = probe_session(NULL);
    missing = member(session_call(rpc, "probe.create", "{}"), "slots_missing");
    assert_int_equal(yyjson_arr_size(missing), 0);
    session_call(rpc, "probe.close", "{\"instance\": 1}");
    probe_session_end(rpc);
}

static void references_are_counted_and_given_back(void **state) {
    (void)state;
    struct halsim_rpc *rpc = probe_session(NULL);
    const char *driver = "{\"instance\": 0, \"uuid\": \"EEA5773D-CC43-49F1-8E00-8F96E7D23B17\"}";
    assert_string_equal(
        yyjson_get_str(member(session_call(rpc, "probe.query", driver), "interface")), "same");
    yyjson_val *refused =
        session_call(rpc, "probe.query",
                     "{\"instance\": 0, \"uuid\": \"EEA5773D-CC43-49F1-8E00-8F96E7D23B18\"}");
    assert_int_equal(yyjson_get_int(member(refused, "hresult")), (int)0x80000004);
    assert_true(yyjson_is_null(member(refused, "interface")));
    refused = session_call(
        rpc, "probe.query",
        "{\"instance\": 0, \"uuid\": \"EEA5773D-CC43-49F1-8E00-8F96E7D23B17\", \"out\": false}");
    assert_true(yyjson_get_int(member(refused, "hresult")) < 0);
    assert_int_equal(number_at(session_call(rpc, "probe.add_ref", "{\"instance\": 0}"), "count"),
                     3);
    yyjson_val *closed = session_call(rpc, "probe.close", "{\"instance\": 0}");
    assert_int_equal(number_at(closed, "held"), 3);
    yyjson_val *counts = member(closed, "counts");
    assert_int_equal(yyjson_arr_size(counts), 3);
    assert_int_equal(yyjson_get_uint(yyjson_arr_get_last(counts)), 0);
    assert_string_equal(status_of(session_error(rpc, "probe.release", "{\"instance\": 0}")),
                        "state");
    assert_string_equal(status_of(session_error(rpc, "probe.release", "{\"instance\": 1}")),
                        "not-found");
    session_call(rpc, "probe.unload", "{}");
    session_close(rpc);
}

static void a_count_that_is_off_and_another_interface_show(void **state) {
    (void)state;
    struct halsim_rpc *rpc = probe_session("count-off");
    assert_int_equal(number_at(session_call(rpc, "probe.add_ref", "{\"instance\": 0}"), "count"),
                     1);
    probe_session_end(rpc);
    rpc = probe_session("other-interface");
    yyjson_val *other =
        session_call(rpc, "probe.query",
                     "{\"instance\": 0, \"uuid\": \"EEA5773D-CC43-49F1-8E00-8F96E7D23B17\"}");
    assert_string_equal(yyjson_get_str(member(other, "interface")), "other");
    assert_int_equal(number_at(session_call(rpc, "probe.close", "{\"instance\": 0}"), "others"), 1);
    session_call(rpc, "probe.unload", "{}");
    session_close(rpc);
}

static void a_property_is_read_into_a_guarded_room(void **state) {
    (void)state;
    struct halsim_rpc *rpc = probe_session(NULL);
    yyjson_val *got = probe_ask(rpc, RATE ", \"size\": 12");
    assert_int_equal(number_at(got, "status"), 0);
    assert_int_equal(number_at(got, "size"), 8);
    assert_int_equal(number_at(got, "touched"), 8);
    assert_string_equal(yyjson_get_str(member(got, "data")), "000000000070e740");
    assert_true(is_true(got, "guard_intact"));
    got = probe_ask(rpc, RATE ", \"size\": 4");
    assert_string_equal(yyjson_get_str(member(got, "status_text")), "'!siz'");
    assert_int_equal(number_at(got, "touched"), 0);
    assert_true(yyjson_is_null(member(got, "size")));
    assert_true(number_at(probe_ask(rpc, RATE ", \"size\": 8, \"null_data\": true"), "status") !=
                0);
    assert_true(number_at(probe_ask(rpc, RATE ", \"size\": 8, \"null_size\": true"), "status") !=
                0);
    probe_session_end(rpc);
}

static void what_is_written_out_of_bounds_is_seen(void **state) {
    (void)state;
    struct halsim_rpc *rpc = probe_session("writes-beyond");
    yyjson_val *got = probe_ask(rpc, RATE ", \"size\": 8");
    assert_false(is_true(got, "guard_intact"));
    assert_int_equal(number_at(got, "wrote_beyond"), 4);
    assert_int_equal(number_at(got, "wrote_before"), 0);
    probe_session_end(rpc);
    rpc = probe_session("writes-before");
    got = probe_ask(rpc, RATE ", \"size\": 8");
    assert_false(is_true(got, "guard_intact"));
    assert_int_equal(number_at(got, "wrote_before"), 1);
    probe_session_end(rpc);
    rpc = probe_session("io-beyond");
    got = member(probe_ask(rpc, WRITE), "main");
    assert_int_equal(number_at(got, "wrote_beyond"), 8);
    probe_session_end(rpc);
}

static void an_out_parameter_that_nobody_wrote_is_null(void **state) {
    (void)state;
    static const struct {
        const char *call, *out;
    } calls[] = {
        {RATE ", \"size\": 8", "size"},
        {"\"function\": \"GetPropertyDataSize\", \"object\": 2, "
         "\"address\": {\"selector\": \"nsrt\"}",
         "size"},
        {"\"function\": \"IsPropertySettable\", \"object\": 2, "
         "\"address\": {\"selector\": \"nsrt\"}",
         "settable"},
        {"\"function\": \"GetZeroTimeStamp\", \"object\": 2, \"client\": 1", "seed"},
        {"\"function\": \"WillDoIOOperation\", \"object\": 2, \"client\": 1, "
         "\"operation\": \"rite\"",
         "in_place"},
    };
    for (size_t wrong = 0; wrong < 2; wrong++) {
        struct halsim_rpc *rpc = probe_session(wrong ? "leaves-outs" : NULL);
        for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
            yyjson_val *answer = probe_ask(rpc, calls[i].call);
            assert_int_equal(number_at(answer, "status"), 0);
            assert_int_equal(yyjson_is_null(member(answer, calls[i].out)), wrong == 1);
        }
        probe_session_end(rpc);
    }
}

static void a_null_pointer_goes_where_one_is_asked_for(void **state) {
    (void)state;
    static const char *const calls[] = {
        "\"function\": \"HasProperty\", \"object\": 2, \"address\": null",
        "\"function\": \"GetPropertyDataSize\", \"object\": 2, \"address\": null",
        "\"function\": \"GetPropertyData\", \"object\": 2, \"address\": null, \"size\": 8",
        SET ", \"data\": null, \"size\": 8",
        "\"function\": \"AddDeviceClient\", \"object\": 2, \"client\": 1, \"null_info\": true",
        "\"function\": \"CreateDevice\", \"description\": null, \"null_out\": true",
        "\"function\": \"GetZeroTimeStamp\", \"object\": 2, \"client\": 1, \"null_outs\": true",
        "\"function\": \"WillDoIOOperation\", \"object\": 2, \"client\": 1, "
        "\"operation\": \"rite\", \"null_outs\": true",
        "\"function\": \"BeginIOOperation\", \"object\": 2, \"client\": 1, "
        "\"operation\": \"rite\", \"cycle\": null",
        WRITE ", \"main\": null",
        WRITE ", \"cycle\": null",
    };
    struct halsim_rpc *rpc = probe_session(NULL);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        yyjson_val *answer = probe_ask(rpc, calls[i]);
        bool has = strstr(calls[i], "HasProperty") != NULL;
        assert_int_equal(number_at(answer, "status") == 0, has); /* which has it not */
    }
    probe_session_end(rpc);
}

static void a_reference_is_described_and_released_once(void **state) {
    (void)state;
    struct halsim_rpc *rpc = probe_session(NULL);
    uint64_t before = number_at(session_call(rpc, "host.resources", NULL), "cf_objects");
    for (int i = 0; i < 10; i++) {
        yyjson_val *reference =
            member(probe_ask(rpc, NAME ", \"size\": 8, \"cf\": true"), "reference");
        assert_string_equal(yyjson_get_str(member(reference, "type")), "CFString");
        assert_string_equal(yyjson_get_str(member(reference, "value")), "Rude");
        assert_int_equal(number_at(reference, "retain_count"), 1);
    }
    assert_int_equal(number_at(session_call(rpc, "host.resources", NULL), "cf_objects"), before);
    const char *address =
        yyjson_get_str(member(probe_ask(rpc, NAME ", \"size\": 8"), "data")); /* nobody takes it */
    CFTypeRef left = NULL;
    for (size_t i = 0; i < sizeof left; i++) {
        unsigned byte;
        assert_int_equal(sscanf(address + 2 * i, "%2x", &byte), 1);
        ((uint8_t *)&left)[i] = (uint8_t)byte;
    }
    assert_int_equal(number_at(session_call(rpc, "host.resources", NULL), "cf_objects"),
                     before + 1);
    CFRelease(left);
    probe_session_end(rpc);
}

static void what_a_driver_does_with_a_value_is_seen(void **state) {
    (void)state;
    static const struct {
        const char *rude;
        int64_t after;
    } cases[] = {{NULL, 1}, {"keeps-value", 2}, {"drops-value", 0}};
    for (size_t i = 0; i < 3; i++) {
        struct halsim_rpc *rpc = probe_session(cases[i].rude);
        yyjson_val *counts =
            member(probe_ask(rpc, RENAME ", \"data\": {\"type\": \"string\", \"value\": \"a name "
                                         "that is an object of its own\"}"),
                   "retain_counts");
        assert_int_equal(yyjson_get_sint(yyjson_arr_get_first(counts)), 1);
        assert_int_equal(yyjson_get_sint(yyjson_arr_get_last(counts)), cases[i].after);
        probe_session_end(rpc);
    }
    struct halsim_rpc *rpc = probe_session("spoils-value");
    const char *rate = SET ", \"data\": {\"type\": \"f64\", \"value\": 44100}";
    assert_true(is_true(probe_ask(rpc, rate), "changed"));
    probe_session_end(rpc);
    rpc = probe_session(NULL);
    assert_false(is_true(probe_ask(rpc, rate), "changed"));
    probe_session_end(rpc);
}

static void calls_of_the_host_are_written_down(void **state) {
    (void)state;
    struct halsim_rpc *rpc = probe_session(NULL);
    yyjson_val *calls = member(
        probe_ask(rpc, SET ", \"data\": {\"type\": \"f64\", \"value\": 44100}"), "host_calls");
    assert_int_equal(yyjson_arr_size(calls), 2);
    yyjson_val *write = yyjson_arr_get(calls, 0), *request = yyjson_arr_get(calls, 1);
    assert_string_equal(yyjson_get_str(member(write, "function")), "WriteToStorage");
    assert_string_equal(yyjson_get_str(member(write, "key")), "rate");
    assert_string_equal(yyjson_get_str(member(write, "data_type")), "CFNumber");
    assert_string_equal(yyjson_get_str(member(request, "during")), "SetPropertyData");
    assert_string_equal(yyjson_get_str(member(request, "thread")), "caller");
    assert_int_equal(number_at(request, "action"), 7);
    assert_true(is_true(request, "has_info"));
    /* The info comes back with the change, unless it shall not. */
    const char *perform = "\"function\": \"PerformDeviceConfigurationChange\", \"object\": 2, "
                          "\"action\": 7";
    assert_int_equal(number_at(probe_ask(rpc, perform), "status"), 0);
    char without[256];
    (void)snprintf(without, sizeof without, "%s, \"null_info\": true", perform);
    assert_true(number_at(probe_ask(rpc, without), "status") != 0);
    /* All since the last time: those of Initialize, too. */
    yyjson_val *all = session_call(rpc, "probe.host_calls", "{\"instance\": 0}");
    assert_int_equal(yyjson_arr_size(member(all, "host_calls")), 3);
    all = session_call(rpc, "probe.host_calls", "{\"instance\": 0}");
    assert_int_equal(yyjson_arr_size(member(all, "host_calls")), 0);
    probe_session_end(rpc);
}

static void a_call_from_another_thread_or_with_another_host_is_told(void **state) {
    (void)state;
    static const char *const rude[] = {"other-thread", "wrong-host"};
    for (size_t i = 0; i < 2; i++) {
        struct halsim_rpc *rpc = probe_session(rude[i]);
        yyjson_val *all = session_call(rpc, "probe.host_calls", "{\"instance\": 0}");
        yyjson_val *call = yyjson_arr_get_last(member(all, "host_calls"));
        assert_string_equal(yyjson_get_str(member(call, "function")), "PropertiesChanged");
        assert_string_equal(yyjson_get_str(member(call, "during")), "Initialize");
        assert_string_equal(yyjson_get_str(member(call, "thread")), i == 0 ? "other" : "caller");
        assert_int_equal(is_true(call, "wrong_host"), i == 1);
        assert_int_equal(number_at(call, "status") == 0, i == 0);
        probe_session_end(rpc);
    }
}

static void the_host_refuses_what_it_is_told_to(void **state) {
    (void)state;
    struct halsim_rpc *rpc = probe_session(NULL);
    const char *set = SET ", \"data\": {\"type\": \"f64\", \"value\": 44100}";
    session_call(rpc, "probe.configure",
                 "{\"instance\": 0, \"refuse_changes\": true, \"storage\": \"fails\"}");
    yyjson_val *answer = probe_ask(rpc, set);
    assert_string_equal(yyjson_get_str(member(answer, "status_text")), "'what'");
    assert_true(number_at(yyjson_arr_get_first(member(answer, "host_calls")), "status") != 0);
    yyjson_val *now = session_call(rpc, "probe.configure",
                                   "{\"instance\": 0, \"refuse_changes\": false, \"storage\": "
                                   "\"ok\", \"stored\": {\"a\": 1}}");
    assert_int_equal(yyjson_obj_size(member(now, "stored")), 1);
    assert_int_equal(number_at(probe_ask(rpc, set), "status"), 0);
    now = session_call(rpc, "probe.configure", "{\"instance\": 0}");
    assert_true(yyjson_get_num(member(member(now, "stored"), "rate")) == 44100);
    probe_session_end(rpc);
}

static void what_was_stored_is_there_for_the_next_instance_after_an_unload(void **state) {
    (void)state;
    struct halsim_rpc *rpc = probe_session(NULL);
    probe_ask(rpc, SET ", \"data\": {\"type\": \"f64\", \"value\": 88200}");
    session_call(rpc, "probe.close", "{\"instance\": 0}");
    session_call(rpc, "probe.unload", "{}");
    session_call(rpc, "probe.open", "{\"path\": \"" RUDE_DRIVER "\"}");
    session_call(rpc, "probe.create", "{}");
    session_call(rpc, "probe.initialize", "{\"instance\": 1}");
    yyjson_val *got = session_call(rpc, "probe.call", "{\"instance\": 1, " RATE ", \"size\": 8}");
    assert_string_equal(yyjson_get_str(member(got, "data")), "000000008088f540");
    session_call(rpc, "probe.close", "{\"instance\": 1}");
    session_call(rpc, "probe.unload", "{}");
    session_close(rpc);
}

static void an_operation_tells_what_became_of_the_samples(void **state) {
    (void)state;
    struct halsim_rpc *rpc = probe_session(NULL);
    yyjson_val *main = member(probe_ask(rpc, WRITE ", \"main\": {\"fill\": \"sine\"}"), "main");
    assert_int_equal(number_at(main, "samples"), 32);
    assert_false(is_true(main, "changed"));
    assert_false(is_true(main, "all_zero"));
    yyjson_val *answer = probe_ask(rpc, WRITE ", \"main\": \"0000803f000000c0\", \"secondary\": "
                                              "{\"fill\": \"nan\"}, \"give_data\": true");
    assert_string_equal(yyjson_get_str(member(member(answer, "main"), "data")), "0000803f000000c0");
    assert_true(yyjson_get_num(member(member(answer, "main"), "peak")) == 2.0);
    assert_int_equal(number_at(member(answer, "secondary"), "non_finite"), 32);
    probe_session_end(rpc);
    rpc = probe_session("nan");
    main = member(probe_ask(rpc, WRITE), "main");
    assert_true(is_true(main, "changed"));
    assert_int_equal(number_at(main, "non_finite"), 1);
    probe_session_end(rpc);
}

static void a_call_on_another_thread_gives_the_same(void **state) {
    (void)state;
    struct halsim_rpc *rpc = probe_session(NULL);
    yyjson_val *got = probe_ask(rpc, RATE ", \"size\": 8, \"thread\": \"other\"");
    assert_int_equal(number_at(got, "size"), 8);
    got = probe_ask(rpc, SET ", \"data\": {\"type\": \"f64\", \"value\": 44100}, \"thread\": "
                             "\"other\"");
    yyjson_val *call = yyjson_arr_get_first(member(got, "host_calls"));
    assert_string_equal(yyjson_get_str(member(call, "thread")), "caller");
    probe_session_end(rpc);
}

static void what_makes_no_sense_is_refused_before_the_driver_is_called(void **state) {
    (void)state;
    static const char *const calls[] = {
        "{\"instance\": 0}",
        "{\"instance\": 0, \"function\": \"Initialize\"}",
        "{\"instance\": 0, \"function\": \"StartIO\"}",
        "{\"instance\": 0, \"function\": \"StartIO\", \"object\": 2, \"frames\": 5}",
        "{\"instance\": 0, \"function\": \"StartIO\", \"object\": -1}",
        "{\"instance\": 0, \"function\": \"StartIO\", \"object\": 2, \"thread\": \"third\"}",
        "{\"instance\": 0, \"function\": \"HasProperty\", \"object\": 2}",
        "{\"instance\": 0, \"function\": \"HasProperty\", \"object\": 2, \"address\": {}}",
        "{\"instance\": 0, " RATE "}",
        "{\"instance\": 0, " RATE ", \"size\": 1048577}",
        "{\"instance\": 0, " SET "}",
        "{\"instance\": 0, " SET ", \"data\": \"0\"}",
        "{\"instance\": 0, " SET ", \"data\": {\"type\": \"f65\", \"value\": 1}}",
        "{\"instance\": 0, " WRITE ", \"main\": {\"fill\": \"noise\"}}",
        "{\"instance\": 0, \"function\": \"EndIOOperation\", \"object\": 2, \"operation\": "
        "\"rite\", "
        "\"frames\": 65537}",
        "{\"instance\": 0, " WRITE ", \"channels\": 0}",
        "{\"instance\": 0, " WRITE ", \"cycle\": {\"current\": {\"sample_time\": \"x\"}}}",
        "{\"instance\": 0, \"function\": \"CreateDevice\", \"description\": [1]}",
    };
    struct halsim_rpc *rpc = probe_session(NULL);
    session_call(rpc, "probe.host_calls", "{\"instance\": 0}");
    yyjson_val *before = session_call(rpc, "host.last_calls", NULL);
    uint64_t last = number_at(yyjson_arr_get_last(before), "number");
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        yyjson_val *error = session_error(rpc, "probe.call", calls[i]);
        assert_int_equal(code_of(error), -32602);
    }
    yyjson_val *after = session_call(rpc, "host.last_calls", NULL);
    assert_int_equal(number_at(yyjson_arr_get_last(after), "number"), last);
    probe_session_end(rpc);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bundle_is_opened_and_nothing_in_it_called),
        cmocka_unit_test(what_is_no_bundle_is_refused),
        cmocka_unit_test(a_bundle_can_be_loaded_and_unloaded_a_hundred_times),
        cmocka_unit_test(a_factory_is_asked_for_any_type),
        cmocka_unit_test(a_table_with_empty_slots_is_told),
        cmocka_unit_test(references_are_counted_and_given_back),
        cmocka_unit_test(a_count_that_is_off_and_another_interface_show),
        cmocka_unit_test(a_property_is_read_into_a_guarded_room),
        cmocka_unit_test(what_is_written_out_of_bounds_is_seen),
        cmocka_unit_test(an_out_parameter_that_nobody_wrote_is_null),
        cmocka_unit_test(a_null_pointer_goes_where_one_is_asked_for),
        cmocka_unit_test(a_reference_is_described_and_released_once),
        cmocka_unit_test(what_a_driver_does_with_a_value_is_seen),
        cmocka_unit_test(calls_of_the_host_are_written_down),
        cmocka_unit_test(a_call_from_another_thread_or_with_another_host_is_told),
        cmocka_unit_test(the_host_refuses_what_it_is_told_to),
        cmocka_unit_test(what_was_stored_is_there_for_the_next_instance_after_an_unload),
        cmocka_unit_test(an_operation_tells_what_became_of_the_samples),
        cmocka_unit_test(a_call_on_another_thread_gives_the_same),
        cmocka_unit_test(what_makes_no_sense_is_refused_before_the_driver_is_called),
    };
    return cmocka_run_group_tests_name("daemon.probe", tests, NULL, NULL);
}
