/* Storms and random sequences: do they call what they say, the same each time, and tell what came?
 */
#include "probe_session.h"

#define RATE                                                                                       \
    "{\"function\": \"GetPropertyData\", \"object\": 2, \"address\": {\"selector\": \"nsrt\"}, "   \
    "\"size\": 8}"
#define START "{\"function\": \"StartIO\", \"object\": 2, \"client\": 1}"

static void a_storm_counts_what_each_call_answered(void **state) {
    (void)state;
    struct halsim_rpc *rpc = probe_session(NULL);
    yyjson_val *storm =
        session_call(rpc, "probe.storm",
                     "{\"instance\": 0, \"threads\": 4, \"times\": 50, \"calls\": [" RATE ", " START
                     ", {\"function\": \"StartIO\", \"object\": 9}]}");
    yyjson_val *calls = member(storm, "calls");
    assert_int_equal(yyjson_arr_size(calls), 3);
    for (size_t i = 0; i < 3; i++) {
        yyjson_val *statuses = member(yyjson_arr_get(calls, i), "statuses");
        assert_int_equal(yyjson_obj_size(statuses), 1);
        assert_int_equal(number_at(statuses, i < 2 ? "0" : "'!dev'"), 200);
    }
    probe_session_end(rpc);
}

static void a_storm_finds_a_call_that_two_threads_may_not_make_at_once(void **state) {
    (void)state;
    struct halsim_rpc *rpc = probe_session("races");
    const char *storm = "{\"instance\": 0, \"threads\": %d, \"times\": 5, \"calls\": [" START "]}";
    char params[256];
    (void)snprintf(params, sizeof params, storm, 4);
    yyjson_val *calls = member(session_call(rpc, "probe.storm", params), "calls");
    assert_non_null(yyjson_obj_get(member(yyjson_arr_get_first(calls), "statuses"), "'what'"));
    (void)snprintf(params, sizeof params, storm, 1);
    calls = member(session_call(rpc, "probe.storm", params), "calls");
    assert_null(yyjson_obj_get(member(yyjson_arr_get_first(calls), "statuses"), "'what'"));
    probe_session_end(rpc);
}

static void storms_and_sequences_find_what_is_written_out_of_bounds(void **state) {
    (void)state;
    struct halsim_rpc *rpc = probe_session("writes-beyond");
    yyjson_val *storm =
        session_call(rpc, "probe.storm",
                     "{\"instance\": 0, \"threads\": 2, \"times\": 3, \"calls\": [" RATE "]}");
    yyjson_val *call = yyjson_arr_get_first(member(storm, "calls"));
    assert_int_equal(number_at(call, "violations"), 6);
    assert_contains(yyjson_get_str(yyjson_arr_get_first(member(call, "violation_texts"))),
                    "GetPropertyData 'nsrt' of object 2 wrote 4 bytes beyond 8");
    yyjson_val *run =
        session_call(rpc, "probe.random", "{\"instance\": 0, \"seed\": 1, \"count\": 2000}");
    assert_true(number_at(run, "violations") > 0);
    probe_session_end(rpc);
}

static void copy_hash(yyjson_val *run, char hash[20]) {
    (void)snprintf(hash, 20, "%s", yyjson_get_str(member(run, "hash")));
}

static void a_sequence_is_the_same_for_the_same_seed(void **state) {
    (void)state;
    char hashes[3][20];
    for (int i = 0; i < 3; i++) {
        struct halsim_rpc *rpc = probe_session(NULL);
        /* As another one, Rude is not asked for what it has stored. */
        session_call(rpc, "probe.configure", "{\"instance\": 0, \"stored\": {}}");
        char params[128];
        (void)snprintf(params, sizeof params, "{\"instance\": 0, \"seed\": %d, \"count\": 3000}",
                       i < 2 ? 5 : 6);
        yyjson_val *run = session_call(rpc, "probe.random", params);
        assert_true(number_at(run, "calls") >= 3000);
        assert_int_equal(number_at(run, "violations"), 0);
        copy_hash(run, hashes[i]);
        probe_session_end(rpc);
    }
    assert_string_equal(hashes[0], hashes[1]);
    assert_string_not_equal(hashes[0], hashes[2]);
}

static void a_sequence_goes_over_the_whole_interface(void **state) {
    (void)state;
    struct halsim_rpc *rpc = probe_session(NULL);
    yyjson_val *statuses =
        member(session_call(rpc, "probe.random",
                            "{\"instance\": 0, \"seed\": 2, \"count\": 5000, \"order\": \"any\"}"),
               "statuses");
    assert_int_equal(yyjson_obj_size(statuses), 18);
    yyjson_val *run = session_call(
        rpc, "probe.random",
        "{\"instance\": 0, \"seed\": 2, \"count\": 5000, \"avoid\": [\"SetPropertyData\"]}");
    statuses = member(run, "statuses");
    assert_null(yyjson_obj_get(statuses, "SetPropertyData"));
    assert_null(yyjson_obj_get(statuses, "CreateDevice"));
    assert_non_null(yyjson_obj_get(statuses, "DoIOOperation"));
    /* In an order that a host could have: what was started was stopped, and so on. */
    static const char *const pairs[][2] = {{"StartIO", "StopIO"},
                                           {"AddDeviceClient", "RemoveDeviceClient"},
                                           {"BeginIOOperation", "EndIOOperation"}};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(number_at(member(statuses, pairs[i][0]), "0"),
                         number_at(member(statuses, pairs[i][1]), "0"));
    }
    assert_true(yyjson_arr_size(member(run, "last")) == 100);
    probe_session_end(rpc);
}

static void a_legal_sequence_answers_every_change_that_was_asked_for(void **state) {
    (void)state;
    struct halsim_rpc *rpc = probe_session(NULL);
    yyjson_val *run =
        session_call(rpc, "probe.random", "{\"instance\": 0, \"seed\": 3, \"count\": 20000}");
    yyjson_val *statuses = member(run, "statuses");
    uint64_t answered = number_at(member(statuses, "PerformDeviceConfigurationChange"), "0") +
                        number_at(member(statuses, "AbortDeviceConfigurationChange"), "0");
    /* Each that was asked for wrote to storage as well. */
    assert_int_equal(number_at(run, "host_calls"), 2 * answered);
    assert_true(answered > 10);
    probe_session_end(rpc);
}

static void what_makes_no_sense_is_refused(void **state) {
    (void)state;
    struct halsim_rpc *rpc = probe_session(NULL);
    static const char *const storms[] = {
        "{\"instance\": 0}",
        "{\"instance\": 0, \"calls\": []}",
        "{\"instance\": 0, \"calls\": [5]}",
        "{\"instance\": 0, \"calls\": [" START "], \"threads\": 65}",
        "{\"instance\": 0, \"calls\": [" START ", {\"function\": \"StartIO\", \"object\": \"x\"}]}",
    };
    for (size_t i = 0; i < sizeof storms / sizeof storms[0]; i++) {
        assert_int_equal(code_of(session_error(rpc, "probe.storm", storms[i])), -32602);
    }
    assert_int_equal(
        code_of(session_error(rpc, "probe.random", "{\"instance\": 0, \"avoid\": [\"StartIIO\"]}")),
        -32602);
    session_call(rpc, "probe.create", "{}");
    assert_string_equal(status_of(session_error(rpc, "probe.random", "{\"instance\": 1}")),
                        "state");
    session_call(rpc, "probe.close", "{\"instance\": 1}");
    probe_session_end(rpc);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_storm_counts_what_each_call_answered),
        cmocka_unit_test(a_storm_finds_a_call_that_two_threads_may_not_make_at_once),
        cmocka_unit_test(storms_and_sequences_find_what_is_written_out_of_bounds),
        cmocka_unit_test(a_sequence_is_the_same_for_the_same_seed),
        cmocka_unit_test(a_sequence_goes_over_the_whole_interface),
        cmocka_unit_test(a_legal_sequence_answers_every_change_that_was_asked_for),
        cmocka_unit_test(what_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests_name("daemon.probe_many", tests, NULL, NULL);
}
