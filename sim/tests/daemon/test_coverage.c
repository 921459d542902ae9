/* Coverage: is every call counted once, under its own name, and told apart when it is refused? */
#include "rpc_session.h"

#include "halsim/call_around.h"
#include "halsim/coverage.h"
#include <pthread.h>

/* Calls are counted for the life of the process: each test has objects of its own. */
static struct halsim_covered_call counted(const char *entry_point, uint32_t object, uint32_t code) {
    size_t count;
    uint64_t lost;
    struct halsim_covered_call *rows = halsim_coverage_read(&count, &lost);
    struct halsim_covered_call found = {0};
    assert_non_null(rows);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].entry_point, entry_point) == 0 && rows[i].object == object &&
            rows[i].code == code) {
            assert_null(found.entry_point); /* one row each */
            found = rows[i];
        }
    }
    free(rows);
    return found;
}

static uint64_t lost_so_far(void) {
    size_t count;
    uint64_t lost;
    free(halsim_coverage_read(&count, &lost));
    return lost;
}

static void call_once(const char *entry_point, uint32_t object, uint32_t code, int32_t status) {
    struct halsim_call_info about = {
        .entry_point = entry_point, .plugin = 1, .object = object, .code = code};
    (void)halsim_call_end(halsim_call_begin(&about), &status);
}

static void nothing_is_counted_before_it_is_asked_for_nor_after_it_ends(void **state) {
    (void)state;
    halsim_coverage_end();
    call_once("StartIO", 100, 0, 0);
    assert_int_equal(counted("StartIO", 100, 0).calls, 0);
    assert_true(halsim_coverage_begin());
    call_once("StartIO", 100, 0, 0);
    halsim_coverage_end();
    call_once("StartIO", 100, 0, 0);
    assert_int_equal(counted("StartIO", 100, 0).calls, 1);
    assert_true(halsim_coverage_begin());
    call_once("StartIO", 100, 0, 0);
    assert_int_equal(counted("StartIO", 100, 0).calls, 2); /* on top of what was there */
}

static void a_call_is_counted_by_entry_point_object_and_code(void **state) {
    (void)state;
    assert_true(halsim_coverage_begin());
    call_once("GetPropertyData", 200, 1, 0);
    call_once("GetPropertyData", 200, 1, 0);
    call_once("GetPropertyData", 200, 2, 0);
    call_once("GetPropertyData", 201, 1, 0);
    call_once("SetPropertyData", 200, 1, 0);
    assert_int_equal(counted("GetPropertyData", 200, 1).calls, 2);
    assert_int_equal(counted("GetPropertyData", 200, 2).calls, 1);
    assert_int_equal(counted("GetPropertyData", 201, 1).calls, 1);
    assert_int_equal(counted("SetPropertyData", 200, 1).calls, 1);
    assert_int_equal(counted("SetPropertyData", 200, 1).plugin, 1);
}

static void what_is_refused_is_told_apart(void **state) {
    (void)state;
    assert_true(halsim_coverage_begin());
    call_once("GetPropertyData", 300, 1, 0);
    call_once("GetPropertyData", 300, 1, 2003332927);
    assert_int_equal(counted("GetPropertyData", 300, 1).calls, 2);
    assert_int_equal(counted("GetPropertyData", 300, 1).refused, 1);
    call_once("HasProperty", 300, 1, 1); /* it answers no status: 1 is yes */
    assert_int_equal(counted("HasProperty", 300, 1).refused, 0);
    call_once("HasProperty", 300, 1, 0);
    assert_int_equal(counted("HasProperty", 300, 1).refused, 1);
    call_once("WillDoIOOperation", 300, 1, 0);
    halsim_coverage_said_no();
    halsim_coverage_said_no(); /* once a call */
    assert_int_equal(counted("WillDoIOOperation", 300, 1).refused, 1);
}

static void a_call_that_does_not_return_is_counted(void **state) {
    (void)state;
    assert_true(halsim_coverage_begin());
    struct halsim_call_info about = {.entry_point = "StopIO", .object = 400};
    uint64_t began = halsim_call_begin(&about);
    assert_int_equal(counted("StopIO", 400, 0).calls, 1);
    assert_int_equal(counted("StopIO", 400, 0).refused, 0);
    (void)halsim_call_end(began, NULL);
    halsim_call_begin_inspection(&about); /* no call of its own */
    halsim_call_end_inspection();
    assert_int_equal(counted("StopIO", 400, 0).calls, 1);
}

#define EACH 20000

static void *call_often(void *argument) {
    (void)argument;
    for (uint32_t i = 0; i < EACH; i++) {
        call_once("DoIOOperation", 500, 1 + i % 7, i % 2 == 0 ? 0 : -50);
    }
    return NULL;
}

static void threads_lose_no_call_while_others_read(void **state) {
    (void)state;
    assert_true(halsim_coverage_begin());
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, NULL), 0);
    }
    for (int round = 0; round < 50; round++) {
        struct halsim_covered_call found = counted("DoIOOperation", 500, 1);
        assert_true(found.calls <= 3 * EACH);
        assert_true(halsim_coverage_begin()); /* while others take their slots */
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    uint64_t calls = 0, refused = 0;
    for (uint32_t code = 1; code <= 7; code++) {
        calls += counted("DoIOOperation", 500, code).calls;
        refused += counted("DoIOOperation", 500, code).refused;
    }
    assert_int_equal(calls, 3 * EACH);
    assert_int_equal(refused, 3 * EACH / 2);
}

static void *call_too_many(void *argument) {
    (void)argument;
    for (uint32_t i = 0; i < HALSIM_COVERAGE_CALLS_MAX + 100; i++) {
        call_once("IsPropertySettable", 600, i + 1, 0);
    }
    call_once("IsPropertySettable", 600, 1, 0);
    return NULL;
}

/* The last test: the thread's table is taken over by later ones. */
static void what_has_no_room_is_counted_as_lost(void **state) {
    (void)state;
    assert_true(halsim_coverage_begin());
    uint64_t before = lost_so_far();
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, call_too_many, NULL), 0);
    pthread_join(thread, NULL);
    uint64_t kept = 0;
    for (uint32_t i = 0; i < HALSIM_COVERAGE_CALLS_MAX + 100; i += 10) {
        kept += counted("IsPropertySettable", 600, i + 1).calls > 0;
    }
    assert_true(kept > HALSIM_COVERAGE_CALLS_MAX / 10 - 10);
    assert_int_equal(counted("IsPropertySettable", 600, 1).calls,
                     2); /* what has a place keeps it */
    uint64_t lost = lost_so_far() - before;
    /* The thread's table was another one's before: some places of it were taken. */
    assert_true(lost >= 100 && lost < 150);
}

/* ---- over the protocol --------------------------------------------------------------------- */

static yyjson_val *row_of(yyjson_val *rows, const char *entry_point, uint64_t object,
                          const char *code) {
    yyjson_val *row;
    size_t i, count;
    yyjson_arr_foreach(rows, i, count, row) {
        const char *has = yyjson_get_str(member(row, "code"));
        if (strcmp(yyjson_get_str(member(row, "entry_point")), entry_point) == 0 &&
            yyjson_get_uint(member(row, "plugin")) == 0 && number_at(row, "object") == object &&
            (code == NULL ? has == NULL : has != NULL && strcmp(has, code) == 0)) {
            return row;
        }
    }
    return NULL;
}

static void a_host_tells_what_it_asked_a_plug_in(void **state) {
    (void)state;
    halsim_coverage_end();
    struct halsim_rpc *rpc = session_open(NULL, NULL, NULL);
    assert_false(yyjson_get_bool(member(session_call(rpc, "host.coverage", NULL), "on")));
    assert_true(
        yyjson_get_bool(member(session_call(rpc, "host.coverage", "{\"on\": true}"), "on")));
    session_call(rpc, "plugin.load", "{\"path\": \"" LOOP_DRIVER "\"}");
    session_error(rpc, "property.get",
                  "{\"object\": {\"plugin\": 0, \"id\": 2}, \"selector\": \"zzzz\"}");
    session_call(rpc, "client.add", "{\"device\": 0}");
    session_call(rpc, "io.start", "{\"device\": 0, \"client\": 1}");
    session_call(rpc, "io.run", "{\"device\": 0, \"cycles\": 25}");
    yyjson_val *rows = member(session_call(rpc, "host.coverage", NULL), "rows");
    assert_int_equal(number_at(row_of(rows, "GetPropertyDataSize", 2, "zzzz"), "refused"), 1);
    assert_int_equal(number_at(row_of(rows, "StartIO", 2, NULL), "calls"), 1);
    assert_int_equal(number_at(row_of(rows, "DoIOOperation", 2, "rite"), "calls"), 25);
    assert_int_equal(number_at(row_of(rows, "DoIOOperation", 2, "rite"), "refused"), 0);
    assert_true(number_at(row_of(rows, "WillDoIOOperation", 2, "pmix"), "refused") > 0);
    assert_int_equal(number_at(row_of(rows, "WillDoIOOperation", 2, "rite"), "refused"), 0);
    const char *before = "";
    for (size_t i = 0; i < yyjson_arr_size(rows); i++) { /* of one plug-in: by entry point */
        yyjson_val *row = yyjson_arr_get(rows, i);
        if (yyjson_is_uint(member(row, "plugin")) && number_at(row, "plugin") == 0) {
            assert_true(strcmp(before, yyjson_get_str(member(row, "entry_point"))) <= 0);
            before = yyjson_get_str(member(row, "entry_point"));
        }
    }
    session_call(rpc, "host.coverage", "{\"on\": false}");
    session_call(rpc, "io.run", "{\"device\": 0, \"cycles\": 25}");
    rows = member(session_call(rpc, "host.coverage", NULL), "rows");
    assert_int_equal(number_at(row_of(rows, "DoIOOperation", 2, "rite"), "calls"), 25);
    assert_contains(message_of(session_error(rpc, "host.coverage", "{\"on\": 1}")), "on");
    session_close(rpc);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_counted_before_it_is_asked_for_nor_after_it_ends),
        cmocka_unit_test(a_call_is_counted_by_entry_point_object_and_code),
        cmocka_unit_test(what_is_refused_is_told_apart),
        cmocka_unit_test(a_call_that_does_not_return_is_counted),
        cmocka_unit_test(threads_lose_no_call_while_others_read),
        cmocka_unit_test(a_host_tells_what_it_asked_a_plug_in),
        cmocka_unit_test(what_has_no_room_is_counted_as_lost),
    };
    return cmocka_run_group_tests_name("daemon.coverage", tests, NULL, NULL);
}
