/* Is a report JSON, whatever goes into it? */
#include "rpc_unit.h"

#include "report.h"
#include <signal.h>
#include <unistd.h>

static struct report report;

/* What report_send() writes to stderr, parsed. */
static yyjson_doc *sent(void) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    fflush(stderr);
    int before = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    report_send(&report);
    dup2(before, STDERR_FILENO);
    close(before);
    close(ends[1]);
    static char line[REPORT_BYTES + 1];
    size_t length = 0;
    for (ssize_t got; (got = read(ends[0], line + length, sizeof line - length)) > 0;) {
        length += (size_t)got;
    }
    close(ends[0]);
    assert_true(length > 0 && line[length - 1] == '\n');
    assert_ptr_equal(memchr(line, '\n', length), line + length - 1);
    yyjson_doc *doc = yyjson_read(line, length, YYJSON_READ_NOFLAG);
    assert_non_null(doc);
    return doc;
}

static void every_kind_of_member_is_json(void **state) {
    (void)state;
    const char *const parts[] = {"Loop + ", "0x12", " (\"x\")"};
    report_begin(&report, "driver-crashed");
    report_string(&report, "text", "tab\there \"quoted\" back\\slash \xC3\xA4");
    report_string(&report, "none", NULL);
    report_number(&report, "number", UINT64_MAX);
    report_number(&report, "zero", 0);
    report_hex(&report, "address", 0xdeadbeef);
    report_begin_list(&report, "list");
    report_entry(&report, parts, 3);
    report_entry(&report, parts, 1);
    report_end_list(&report);
    report_begin_list(&report, "empty");
    report_end_list(&report);
    report_raw(&report, "raw", "[1]");
    yyjson_doc *doc = sent();
    yyjson_val *root = yyjson_doc_get_root(doc);
    assert_true(yyjson_equals_str(yyjson_obj_get(root, "event"), "driver-crashed"));
    assert_true(yyjson_equals_str(yyjson_obj_get(root, "text"),
                                  "tab?here \"quoted\" back\\slash \xC3\xA4"));
    assert_true(yyjson_is_null(yyjson_obj_get(root, "none")));
    assert_int_equal(yyjson_get_uint(yyjson_obj_get(root, "number")), UINT64_MAX);
    assert_int_equal(yyjson_get_uint(yyjson_obj_get(root, "zero")), 0);
    assert_true(yyjson_equals_str(yyjson_obj_get(root, "address"), "0xdeadbeef"));
    yyjson_val *list = yyjson_obj_get(root, "list");
    assert_int_equal(yyjson_arr_size(list), 2);
    assert_true(yyjson_equals_str(yyjson_arr_get(list, 0), "Loop + 0x12 (\"x\")"));
    assert_int_equal(yyjson_arr_size(yyjson_obj_get(root, "empty")), 0);
    assert_int_equal(yyjson_arr_size(yyjson_obj_get(root, "raw")), 1);
    yyjson_doc_free(doc);
}

static void a_list_that_is_too_long_loses_its_end_only(void **state) {
    (void)state;
    char frame[200];
    memset(frame, 'f', sizeof frame - 1);
    frame[sizeof frame - 1] = '\0';
    const char *const parts[] = {frame};
    report_begin(&report, "driver-crashed");
    report_begin_list(&report, "backtrace");
    for (int i = 0; i < 1000; i++) {
        report_entry(&report, parts, 1);
    }
    report_end_list(&report);
    yyjson_doc *doc = sent();
    size_t kept = yyjson_arr_size(yyjson_obj_get(yyjson_doc_get_root(doc), "backtrace"));
    assert_true(kept > 30 && kept < 1000);
    yyjson_doc_free(doc);
}

static void signals_have_their_names(void **state) {
    (void)state;
    assert_string_equal(report_signal_name(SIGSEGV), "SIGSEGV");
    assert_string_equal(report_signal_name(SIGPIPE), "SIGPIPE");
    assert_string_equal(report_signal_name(63), "signal");
}

static void a_list_of_objects_is_json_and_ends_where_the_room_does(void **state) {
    (void)state;
    report_begin(&report, "driver-crashed");
    report_begin_list(&report, "last_calls");
    size_t added = 0;
    for (; report_room(&report) > 64; added++) {
        report_begin_item(&report);
        report_number(&report, "number", added);
        report_string(&report, "code", added % 2 == 0 ? "'nsrt'" : NULL);
        report_end_item(&report);
    }
    report_end_list(&report);
    report_raw(&report, "after", "1");
    yyjson_doc *doc = sent();
    yyjson_val *list = yyjson_obj_get(yyjson_doc_get_root(doc), "last_calls");
    assert_true(added > 500);
    assert_int_equal(yyjson_arr_size(list), added);
    yyjson_val *last = yyjson_arr_get_last(list);
    assert_int_equal(yyjson_get_uint(yyjson_obj_get(last, "number")), added - 1);
    assert_non_null(yyjson_obj_get(yyjson_doc_get_root(doc), "after"));
    yyjson_doc_free(doc);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_member_is_json),
        cmocka_unit_test(a_list_that_is_too_long_loses_its_end_only),
        cmocka_unit_test(signals_have_their_names),
        cmocka_unit_test(a_list_of_objects_is_json_and_ends_where_the_room_does),
    };
    return cmocka_run_group_tests_name("daemon.report", tests, NULL, NULL);
}
