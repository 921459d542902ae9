/* Do the requests that disturb a host on purpose do so, and refuse what makes no sense? */
#include "rpc_session.h"

static struct halsim_rpc *playing(void) {
    struct halsim_rpc *rpc = session_with_loop(NULL, NULL, NULL);
    session_call(rpc, "client.add", "{\"device\": 0}");
    session_call(rpc, "io.start", "{\"device\": 0, \"client\": 1}");
    session_call(rpc, "io.run", "{\"device\": 0, \"cycles\": 10}");
    return rpc;
}

static uint64_t counter(struct halsim_rpc *rpc, const char *name) {
    return number_at(session_call(rpc, "io.stats", "{\"device\": 0}"), name);
}

static void time_is_moved_on(void **state) {
    (void)state;
    struct halsim_rpc *rpc = playing();
    uint64_t before = number_at(session_call(rpc, "host.info", NULL), "now_ns");
    session_call(rpc, "host.advance", "{\"ns\": 50000000}");
    assert_int_equal(number_at(session_call(rpc, "host.info", NULL), "now_ns"), before + 50000000);
    session_call(rpc, "io.run", "{\"device\": 0, \"cycles\": 5}");
    assert_true(counter(rpc, "skipped_cycles") > 0);
    session_close(rpc);
}

static void a_wake_up_is_made_late(void **state) {
    (void)state;
    struct halsim_rpc *rpc = playing();
    session_call(rpc, "device.wake_late", "{\"device\": 0, \"ns\": 3000000}");
    session_call(rpc, "io.run", "{\"device\": 0, \"cycles\": 5}");
    assert_int_equal(counter(rpc, "late_wakes"), 1);
    assert_int_equal(counter(rpc, "skipped_cycles"), 0);
    session_close(rpc);
}

static void cycles_are_lost(void **state) {
    (void)state;
    struct halsim_rpc *rpc = playing();
    session_call(rpc, "device.lose_cycles", "{\"device\": 0, \"count\": 4}");
    assert_int_equal(counter(rpc, "skipped_cycles"), 4);
    session_close(rpc);
}

static void memory_is_told(void **state) {
    (void)state;
    struct halsim_rpc *rpc = playing();
    yyjson_val *result = session_call(rpc, "host.resources", NULL);
    (void)member(result, "allocated_bytes");
    (void)member(result, "cf_objects");
#if defined(__linux__)
    assert_true(number_at(result, "resident_bytes") > 0);
    assert_true(number_at(result, "descriptors") > 2);
    assert_true(number_at(result, "threads") > 0);
#endif
    session_close(rpc);
}

static void what_makes_no_sense_is_refused(void **state) {
    (void)state;
    struct halsim_rpc *rpc = session_with_loop(NULL, NULL, NULL);
    assert_int_equal(code_of(session_error(rpc, "host.advance", "{}")), -32602);
    assert_int_equal(code_of(session_error(rpc, "host.advance", "{\"ns\": -1}")), -32602);
    assert_int_equal(code_of(session_error(rpc, "host.advance", "{\"ns\": 1000000000000000}")),
                     -32602);
    assert_string_equal(
        status_of(session_error(rpc, "device.lose_cycles", "{\"device\": 0, \"count\": 1}")),
        "state");
    assert_string_equal(
        status_of(session_error(rpc, "device.wake_late", "{\"device\": 0, \"ns\": 1}")), "state");
    assert_string_equal(
        status_of(session_error(rpc, "farend.stall", "{\"farend\": 0, \"cycles\": 1}")),
        "not-found");
    session_close(rpc);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_is_moved_on),
        cmocka_unit_test(a_wake_up_is_made_late),
        cmocka_unit_test(cycles_are_lost),
        cmocka_unit_test(memory_is_told),
        cmocka_unit_test(what_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
