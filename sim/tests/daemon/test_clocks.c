/* Are clock models taken as they are written down, and timestamps told as they were? */
#include "rpc_session.h"

#include <math.h>

static struct halsim_rpc *playing(const char *fault) {
    struct halsim_rpc *rpc = session_with_loop(NULL, NULL, fault);
    session_call(rpc, "client.add", "{\"device\": 0}");
    session_call(rpc, "io.start", "{\"device\": 0, \"client\": 1}");
    return rpc;
}

static double rate_ppm(struct halsim_rpc *rpc, const char *of) {
    yyjson_val *report = session_call(rpc, "device.timestamps", "{\"device\": 0}");
    return yyjson_get_num(member(member(report, of), "rate_ppm"));
}

static void a_model_moves_what_the_host_sees_and_not_what_the_driver_said(void **state) {
    (void)state;
    struct halsim_rpc *rpc = playing(NULL);
    session_call(rpc, "device.set_clock",
                 "{\"device\": \"Loop A\", \"model\": ["
                 "{\"kind\": \"offset\", \"ppm\": 60}, "
                 "{\"kind\": \"step\", \"at_s\": 0, \"ppm\": 40}, "
                 "{\"kind\": \"step\", \"at_s\": 1, \"ns\": 100}, "
                 "{\"kind\": \"sine\", \"ppm\": 1, \"period_s\": 20, \"phase_turns\": 0.5}, "
                 "{\"kind\": \"random-walk\", \"ppm_per_sqrt_s\": 0, \"bound_ppm\": 1, \"seed\": "
                 "18446744073709551615}, "
                 "{\"kind\": \"jitter\", \"ns\": 10, \"distribution\": \"uniform\"}]}");
    session_call(rpc, "io.run", "{\"seconds\": 1000}");
    assert_true(fabs(rate_ppm(rpc, "driver")) < 0.01);
    assert_true(fabs(rate_ppm(rpc, "modeled") - 100.01) < 0.5);
    session_call(rpc, "host.set_clock", "{\"model\": []}");
    session_call(rpc, "host.set_clock", "{\"model\": [{\"kind\": \"offset\", \"ppm\": 60}]}");
    session_close(rpc);
}

static void a_model_that_is_none_is_refused_and_its_place_named(void **state) {
    (void)state;
    struct halsim_rpc *rpc = session_with_loop(NULL, NULL, NULL);
    const struct {
        const char *params, *says;
    } cases[] = {
        {"{\"device\": 0}", "\"model\" must be a list of at most 16 components, it is missing"},
        {"{\"device\": 0, \"model\": {}}", "\"model\" must be a list"},
        {"{\"device\": 0, \"model\": [1]}", "must hold objects only"},
        {"{\"device\": 0, \"model\": [{}]}", "\"model[0].kind\" must be one of: offset sine"},
        {"{\"device\": 0, \"model\": [{\"kind\": \"offset\", \"ppm\": 1}, {\"kind\": \"x\"}]}",
         "\"model[1].kind\""},
        {"{\"device\": 0, \"model\": [{\"kind\": \"offset\", \"ppm\": 5001}]}",
         "\"model[0].ppm\" must be a number from -5000 to 5000, it is 5001"},
        {"{\"device\": 0, \"model\": [{\"kind\": \"offset\", \"ppm\": 1, \"seed\": 1}]}",
         "unknown parameter \"model[0].seed\""},
        {"{\"device\": 0, \"model\": [{\"kind\": \"sine\", \"ppm\": 1}]}", "\"model[0].period_s\""},
        {"{\"device\": 0, \"model\": [{\"kind\": \"step\", \"at_s\": 1}]}", "one of the two"},
        {"{\"device\": 0, \"model\": [{\"kind\": \"step\", \"at_s\": 1, \"ppm\": 1, \"ns\": 1}]}",
         "one of the two"},
        {"{\"device\": 0, \"model\": [{\"kind\": \"random-walk\", \"ppm_per_sqrt_s\": -1}]}",
         "\"model[0].ppm_per_sqrt_s\" must be a number from 0"},
        {"{\"device\": 0, \"model\": [{\"kind\": \"jitter\", \"ns\": 1, \"distribution\": \"x\"}]}",
         "gaussian uniform"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        yyjson_val *error = session_error(rpc, "device.set_clock", cases[i].params);
        assert_int_equal(code_of(error), -32602);
        assert_contains(message_of(error), cases[i].says);
    }
    session_close(rpc);
}

static void in_real_time_the_clocks_are_what_they_are(void **state) {
    (void)state;
    struct halsim_rpc *rpc = session_with_loop("{\"clock\": \"realtime\"}", NULL, NULL);
    yyjson_val *error = session_error(rpc, "device.set_clock", "{\"device\": 0, \"model\": []}");
    assert_string_equal(status_of(error), "state");
    assert_contains(message_of(error), "use virtual time");
    error = session_error(rpc, "host.set_clock", "{\"model\": []}");
    assert_string_equal(status_of(error), "state");
    session_close(rpc);
}

static void a_violation_is_told_with_its_two_timestamps(void **state) {
    (void)state;
    struct halsim_rpc *rpc = playing("new-seed");
    session_call(rpc, "io.run", "{\"seconds\": 2}");
    yyjson_val *report =
        session_call(rpc, "device.timestamps", "{\"device\": 0, \"forget\": true}");
    assert_int_equal(number_at(report, "period_frames"), 16384);
    assert_int_equal(number_at(report, "new_seeds"), 1);
    assert_int_equal(yyjson_obj_size(member(report, "violations")), 1);
    yyjson_val *violation = member(member(report, "violations"), "new-seed-without-a-break");
    assert_int_equal(number_at(violation, "count"), 1);
    assert_int_equal(number_at(violation, "first_cycle"), 103); /* the fourth period */
    assert_true(yyjson_get_num(member(member(violation, "before"), "sample")) == 2 * 16384);
    assert_true(yyjson_get_num(member(member(violation, "after"), "sample")) == 3 * 16384);
    assert_int_equal(number_at(member(violation, "after"), "seed"),
                     number_at(member(violation, "before"), "seed") + 1);
    report = session_call(rpc, "device.timestamps", "{\"device\": 0}");
    assert_int_equal(yyjson_obj_size(member(report, "violations")), 0);
    assert_int_equal(number_at(report, "asked"), 0);
    session_close(rpc);
}

static void what_json_has_no_word_for_is_told(void **state) {
    (void)state;
    struct halsim_rpc *rpc = playing("timestamp-is-nan");
    session_call(rpc, "io.run", "{\"seconds\": 2}");
    yyjson_val *report = session_call(rpc, "device.timestamps", "{\"device\": 0}");
    yyjson_val *violation = member(member(report, "violations"), "impossible");
    assert_string_equal(yyjson_get_str(member(member(violation, "after"), "sample")), "nan");
    session_close(rpc);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_moves_what_the_host_sees_and_not_what_the_driver_said),
        cmocka_unit_test(a_model_that_is_none_is_refused_and_its_place_named),
        cmocka_unit_test(in_real_time_the_clocks_are_what_they_are),
        cmocka_unit_test(a_violation_is_told_with_its_two_timestamps),
        cmocka_unit_test(what_json_has_no_word_for_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
