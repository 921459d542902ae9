/* Do notifications come in their order, and is it said when some had to go? */
#include "rpc_unit.h"

#include "notices.h"

static struct notices *notices;

static int setup(void **state) {
    (void)state;
    notices = notices_create();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    notices_destroy(notices);
    return 0;
}

static void add_change(uint64_t action) {
    const struct halsim_notice notice = {.kind = HALSIM_NOTICE_CONFIGURATION_REQUESTED,
                                         .plugin = 1,
                                         .object = 3,
                                         .change_action = action};
    notices_add(&notice, notices);
}

static yyjson_doc *take(void) {
    char *line = notices_take(notices);
    if (line == NULL) {
        return NULL;
    }
    yyjson_doc *doc = yyjson_read(line, strlen(line), YYJSON_READ_NOFLAG);
    assert_non_null(doc);
    free(line);
    return doc;
}

static yyjson_val *params_of(yyjson_doc *doc) {
    yyjson_val *root = yyjson_doc_get_root(doc);
    assert_true(yyjson_equals_str(yyjson_obj_get(root, "method"), "notice"));
    assert_null(yyjson_obj_get(root, "id"));
    return yyjson_obj_get(root, "params");
}

static void changed_properties_are_listed(void **state) {
    (void)state;
    const AudioObjectPropertyAddress addresses[2] = {{'nsrt', 'glob', 0}, {'****', '****', ~0u}};
    const struct halsim_notice notice = {.kind = HALSIM_NOTICE_PROPERTIES_CHANGED,
                                         .object = 2,
                                         .addresses = addresses,
                                         .address_count = 2};
    notices_add(&notice, notices);
    char *line = notices_take(notices);
    assert_string_equal(
        line,
        "{\"jsonrpc\":\"2.0\",\"method\":\"notice\",\"params\":{\"kind\":\"properties-changed\","
        "\"plugin\":0,\"object\":2,\"addresses\":[{\"selector\":\"nsrt\",\"scope\":\"glob\","
        "\"element\":0},{\"selector\":\"****\",\"scope\":\"****\",\"element\":4294967295}]}}");
    free(line);
}

static void a_text_with_anything_in_it_stays_one_line_of_json(void **state) {
    (void)state;
    const struct halsim_notice notice = {.kind = HALSIM_NOTICE_WARNING,
                                         .text = "two\nlines, \"quotes\" and \xFF"};
    notices_add(&notice, notices);
    char *line = notices_take(notices);
    assert_null(strchr(line, '\n'));
    free(line);
    notices_add(&notice, notices);
    yyjson_doc *doc = take();
    assert_true(yyjson_equals_str(yyjson_obj_get(params_of(doc), "text"),
                                  "two\nlines, \"quotes\" and \xEF\xBF\xBD"));
    yyjson_doc_free(doc);
}

static void they_come_in_their_order_and_the_lost_ones_are_counted(void **state) {
    (void)state;
    for (uint64_t i = 0; i < NOTICES_MAX + 10; i++) {
        add_change(i);
    }
    for (uint64_t i = 0; i < NOTICES_MAX; i++) {
        yyjson_doc *doc = take();
        assert_int_equal(yyjson_get_uint(yyjson_obj_get(params_of(doc), "change_action")), i);
        yyjson_doc_free(doc);
    }
    yyjson_doc *doc = take();
    assert_true(yyjson_equals_str(yyjson_obj_get(params_of(doc), "kind"), "notices-dropped"));
    assert_int_equal(yyjson_get_uint(yyjson_obj_get(params_of(doc), "count")), 10);
    yyjson_doc_free(doc);
    assert_null(take());
}

static void count_wakeup(void *context) {
    ++*(int *)context;
}

static void whoever_waits_is_woken(void **state) {
    (void)state;
    int woken = 0;
    notices_set_wakeup(notices, count_wakeup, &woken);
    add_change(1);
    add_change(2);
    assert_int_equal(woken, 2);
    notices_set_wakeup(notices, NULL, NULL);
    add_change(3);
    assert_int_equal(woken, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(changed_properties_are_listed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_text_with_anything_in_it_stays_one_line_of_json, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(they_come_in_their_order_and_the_lost_ones_are_counted,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(whoever_waits_is_woken, setup, teardown),
    };
    return cmocka_run_group_tests_name("daemon.notices", tests, NULL, NULL);
}
