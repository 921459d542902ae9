/* The last calls into drivers: are they all there, in order, and no more than a hundred? */
#include "rpc_session.h"

#include "halsim/call_around.h"
#include "halsim/last_calls.h"
#include <pthread.h>

static void the_calls_of_a_plug_in_are_kept_with_what_they_answered(void **state) {
    (void)state;
    struct halsim_rpc *rpc = session_with_loop(NULL, NULL, NULL);
    session_call(rpc, "property.get",
                 "{\"object\": {\"plugin\": 0, \"id\": 2}, \"selector\": \"nsrt\"}");
    session_error(rpc, "property.get",
                  "{\"object\": {\"plugin\": 0, \"id\": 2}, \"selector\": \"zzzz\"}");
    yyjson_val *calls = session_call(rpc, "host.last_calls", NULL);
    size_t count = yyjson_arr_size(calls);
    assert_true(count > 2 && count <= HALSIM_LAST_CALLS_MAX);
    yyjson_val *last = yyjson_arr_get(calls, count - 1);
    assert_string_equal(yyjson_get_str(member(last, "code")), "'zzzz'");
    assert_string_equal(yyjson_get_str(member(last, "status")), "'who?'");
    assert_int_equal(number_at(last, "object"), 2);
    for (size_t i = 1; i < count; i++) {
        assert_int_equal(number_at(yyjson_arr_get(calls, i), "number"),
                         number_at(yyjson_arr_get(calls, i - 1), "number") + 1);
    }
    session_close(rpc);
}

static const struct halsim_call_info about = {.entry_point = "StartIO", .object = 5, .client = 6};

static void a_call_under_way_has_no_status(void **state) {
    (void)state;
    struct halsim_last_call call;
    halsim_last_calls_keep();
    uint64_t began = halsim_call_begin(&about);
    assert_int_equal(halsim_last_calls(&call, 1), 1);
    assert_string_equal(call.entry_point, "StartIO");
    assert_false(call.has_returned);
    (void)halsim_call_end(began, NULL);
    assert_int_equal(halsim_last_calls(&call, 1), 1);
    assert_true(call.has_returned);
    assert_false(call.has_status);
    int32_t status = -50;
    (void)halsim_call_end(halsim_call_begin(&about), &status);
    assert_int_equal(halsim_last_calls(&call, 1), 1);
    assert_true(call.has_status);
    assert_int_equal(call.status, -50);
    halsim_call_begin_inspection(&about); /* no call of its own */
    halsim_call_end_inspection();
    struct halsim_last_call after;
    assert_int_equal(halsim_last_calls(&after, 1), 1);
    assert_int_equal(after.number, call.number);
}

static void of_many_calls_the_last_hundred_are_there_in_order(void **state) {
    (void)state;
    struct halsim_last_call calls[HALSIM_LAST_CALLS_MAX + 1];
    halsim_last_calls_keep();
    for (int32_t i = 0; i < 333; i++) {
        (void)halsim_call_end(halsim_call_begin(&about), &i);
    }
    assert_int_equal(halsim_last_calls(calls, HALSIM_LAST_CALLS_MAX + 1), HALSIM_LAST_CALLS_MAX);
    for (int32_t i = 0; i < HALSIM_LAST_CALLS_MAX; i++) {
        assert_int_equal(calls[i].status, 333 - HALSIM_LAST_CALLS_MAX + i);
    }
    assert_int_equal(halsim_last_calls(calls, 3), 3);
    assert_int_equal(calls[0].status, 330);
    assert_int_equal(halsim_last_calls(calls, 0), 0);
}

static void *call_often(void *argument) {
    (void)argument;
    for (int32_t i = 0; i < 20000; i++) {
        (void)halsim_call_end(halsim_call_begin(&about), &i);
    }
    return NULL;
}

static void who_reads_while_others_call_sees_whole_calls(void **state) {
    (void)state;
    pthread_t threads[2];
    struct halsim_last_call calls[HALSIM_LAST_CALLS_MAX];
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, NULL), 0);
    }
    for (int round = 0; round < 2000; round++) {
        size_t count = halsim_last_calls(calls, HALSIM_LAST_CALLS_MAX);
        for (size_t i = 0; i < count; i++) {
            assert_non_null(calls[i].entry_point);
            assert_true(i == 0 || calls[i].number >= calls[i - 1].number);
            assert_int_equal(calls[i].object, 5);
            assert_true(!calls[i].has_status || calls[i].status < 20000);
        }
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(halsim_last_calls(calls, HALSIM_LAST_CALLS_MAX), HALSIM_LAST_CALLS_MAX);
    assert_int_equal(calls[HALSIM_LAST_CALLS_MAX - 1].status, 19999);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_calls_of_a_plug_in_are_kept_with_what_they_answered),
        cmocka_unit_test(a_call_under_way_has_no_status),
        cmocka_unit_test(of_many_calls_the_last_hundred_are_there_in_order),
        cmocka_unit_test(who_reads_while_others_call_sees_whole_calls),
    };
    return cmocka_run_group_tests_name("daemon.last_calls", tests, NULL, NULL);
}
