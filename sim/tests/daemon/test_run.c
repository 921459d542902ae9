/* Does io.run run as long as it was asked to, and does an interrupt end that run and no other? */
#include "rpc_session.h"

#include <pthread.h>
#include <time.h>

static struct halsim_rpc *playing(const char *options) {
    struct halsim_rpc *rpc = session_with_loop(options, NULL, NULL);
    session_call(rpc, "client.add", "{\"device\": 0}");
    session_call(rpc, "client.set_source",
                 "{\"device\": 0, \"client\": 1, \"source\": {\"kind\": \"counter\"}}");
    session_call(rpc, "io.start", "{\"device\": 0, \"client\": 1}");
    return rpc;
}

static void a_run_lasts_as_long_as_it_was_asked_to(void **state) {
    (void)state;
    struct halsim_rpc *rpc = playing(NULL);
    yyjson_val *result = session_call(rpc, "io.run", "{\"seconds\": 1.5}");
    assert_true(number_at(result, "elapsed_ns") >= 1500000000);
    assert_true(number_at(result, "elapsed_ns") < 1520000000);
    assert_false(yyjson_get_bool(member(result, "interrupted")));
    uint64_t before = number_at(session_call(rpc, "io.stats", "{\"device\": 0}"), "cycles");
    assert_true(before >= 150 && before <= 151);
    session_call(rpc, "io.run", "{\"device\": 0, \"cycles\": 7}");
    assert_int_equal(number_at(session_call(rpc, "io.stats", "{\"device\": 0}"), "cycles"),
                     before + 7);
    result = session_call(rpc, "io.run", "{\"duration_ns\": 0}");
    assert_int_equal(number_at(result, "elapsed_ns"), 0);
    session_close(rpc);
}

static void a_run_wants_exactly_one_measure(void **state) {
    (void)state;
    struct halsim_rpc *rpc = playing(NULL);
    const char *bad[] = {
        "{}",
        "{\"seconds\": 1, \"duration_ns\": 1}",
        "{\"cycles\": 1}",
        "{\"device\": 0}",
        "{\"seconds\": 1, \"device\": 0}",
        "{\"seconds\": -1}",
        "{\"device\": 0, \"cycles\": 0}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(code_of(session_error(rpc, "io.run", bad[i])), -32602);
    }
    session_close(rpc);
}

static void nothing_can_run_when_no_device_does(void **state) {
    (void)state;
    struct halsim_rpc *rpc = session_with_loop(NULL, NULL, NULL);
    yyjson_val *error = session_error(rpc, "io.run", "{\"seconds\": 1}");
    assert_string_equal(status_of(error), "state");
    session_close(rpc);
}

struct long_run {
    struct halsim_rpc *rpc;
    char *answer;
};

static void *run_long(void *argument) {
    struct long_run *run = argument;
    const char *line = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"io.run\",\"params\":{"
                       "\"seconds\":1000000}}";
    run->answer = halsim_rpc_handle(run->rpc, line, strlen(line));
    return NULL;
}

static void an_interrupt_ends_the_run_of_another_thread(void **state) {
    (void)state;
    struct long_run run = {.rpc = playing(NULL)};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run_long, &run), 0);
    const struct timespec moment = {0, 20000000};
    nanosleep(&moment, NULL);
    yyjson_val *result = session_call(run.rpc, "io.interrupt", NULL); /* at once, in between */
    assert_true(yyjson_get_bool(member(result, "interrupted")));
    pthread_join(thread, NULL);
    assert_contains(run.answer, "\"interrupted\":true");
    halsim_rpc_free(run.answer);
    /* and the next one is left alone */
    result = session_call(run.rpc, "io.run", "{\"seconds\": 1}");
    assert_false(yyjson_get_bool(member(result, "interrupted")));
    assert_true(number_at(result, "elapsed_ns") >= 1000000000);
    session_close(run.rpc);
}

static void an_interrupt_without_a_run_does_nothing(void **state) {
    (void)state;
    struct halsim_rpc *rpc = playing(NULL);
    yyjson_val *result = session_call(rpc, "io.interrupt", NULL);
    assert_false(yyjson_get_bool(member(result, "interrupted")));
    assert_false(halsim_rpc_interrupt(rpc));
    result = session_call(rpc, "io.run", "{\"seconds\": 1}");
    assert_false(yyjson_get_bool(member(result, "interrupted")));
    assert_true(number_at(result, "elapsed_ns") >= 1000000000);
    session_close(rpc);
}

static void an_interrupt_reaches_a_run_that_has_not_begun(void **state) {
    (void)state;
    struct halsim_rpc *rpc = playing(NULL);
    const char *line = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"io.run\",\"params\":{"
                       "\"seconds\":1}}";
    struct halsim_rpc_request *request = halsim_rpc_parse(rpc, line, strlen(line));
    assert_false(halsim_rpc_request_is_urgent(request));
    assert_true(halsim_rpc_interrupt(rpc)); /* it waits in a server's queue */
    char *answer = halsim_rpc_dispatch(rpc, request);
    assert_contains(answer, "\"elapsed_ns\":0");
    assert_contains(answer, "\"interrupted\":true");
    halsim_rpc_free(answer);
    session_close(rpc);
}

static void a_run_that_was_given_up_leaves_nothing_behind(void **state) {
    (void)state;
    struct halsim_rpc *rpc = playing(NULL);
    const char *line = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"io.run\",\"params\":{"
                       "\"seconds\":1}}";
    struct halsim_rpc_request *request = halsim_rpc_parse(rpc, line, strlen(line));
    assert_true(halsim_rpc_interrupt(rpc));
    halsim_rpc_discard(rpc, request);
    assert_false(halsim_rpc_interrupt(rpc));
    yyjson_val *result = session_call(rpc, "io.run", "{\"seconds\": 1}");
    assert_false(yyjson_get_bool(member(result, "interrupted")));
    session_close(rpc);
}

static void a_flag_left_in_the_host_does_not_cut_the_next_run(void **state) {
    (void)state;
    /* As when an interrupt arrives in the moment in which a run ends by itself. */
    struct long_run run = {.rpc = playing(NULL)};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run_long, &run), 0);
    const struct timespec moment = {0, 20000000};
    nanosleep(&moment, NULL);
    halsim_rpc_interrupt(run.rpc);
    pthread_join(thread, NULL);
    halsim_rpc_free(run.answer);
    halsim_io_interrupt(halsim_rpc_host(run.rpc));
    yyjson_val *result = session_call(run.rpc, "io.run", "{\"seconds\": 1}");
    assert_false(yyjson_get_bool(member(result, "interrupted")));
    assert_true(number_at(result, "elapsed_ns") >= 1000000000);
    session_close(run.rpc);
}

static void after_a_stop_every_run_ends_at_once(void **state) {
    (void)state;
    struct halsim_rpc *rpc = playing(NULL);
    halsim_rpc_stop(rpc);
    for (int i = 0; i < 2; i++) {
        yyjson_val *result = session_call(rpc, "io.run", "{\"seconds\": 1000000}");
        assert_true(yyjson_get_bool(member(result, "interrupted")));
    }
    session_close(rpc);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_lasts_as_long_as_it_was_asked_to),
        cmocka_unit_test(a_run_wants_exactly_one_measure),
        cmocka_unit_test(nothing_can_run_when_no_device_does),
        cmocka_unit_test(an_interrupt_ends_the_run_of_another_thread),
        cmocka_unit_test(an_interrupt_without_a_run_does_nothing),
        cmocka_unit_test(an_interrupt_reaches_a_run_that_has_not_begun),
        cmocka_unit_test(a_run_that_was_given_up_leaves_nothing_behind),
        cmocka_unit_test(a_flag_left_in_the_host_does_not_cut_the_next_run),
        cmocka_unit_test(after_a_stop_every_run_ends_at_once),
    };
    return cmocka_run_group_tests_name("daemon.run", tests, NULL, NULL);
}
