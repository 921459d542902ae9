/* Does the dispatcher answer everything, and only carry out what makes sense? */
#include "rpc_session.h"

static void assert_error(struct halsim_rpc *rpc, const char *line, int code, const char *id) {
    yyjson_doc *doc = session_say(rpc, line);
    assert_non_null(doc);
    yyjson_val *root = yyjson_doc_get_root(doc);
    assert_int_equal(code_of(yyjson_obj_get(root, "error")), code);
    assert_null(yyjson_obj_get(root, "result"));
    char *text = yyjson_val_write(yyjson_obj_get(root, "id"), YYJSON_WRITE_NOFLAG, NULL);
    assert_string_equal(text, id);
    free(text);
    yyjson_doc_free(doc);
}

static void what_is_no_json_is_answered(void **state) {
    (void)state;
    struct halsim_rpc *rpc = session_open(NULL, NULL, NULL);
    assert_error(rpc, "", -32700, "null");
    assert_error(rpc, "hello", -32700, "null");
    assert_error(rpc, "{\"jsonrpc\": \"2.0\", \"id\": 1", -32700, "null");
    assert_error(rpc, "{\"id\": 1, \"method\": \"\xFF\"}", -32700, "null"); /* no UTF-8 */
    assert_error(rpc, "{} {}", -32700, "null");
    char *deep = malloc(1000001);
    memset(deep, '[', 1000000);
    deep[1000000] = '\0';
    assert_error(rpc, deep, -32700, "null");
    free(deep);
    session_call(rpc, "host.info", NULL); /* it lives on */
    session_close(rpc);
}

static void what_is_no_request_is_answered(void **state) {
    (void)state;
    struct halsim_rpc *rpc = session_open(NULL, NULL, NULL);
    assert_error(rpc, "5", -32600, "null");
    assert_error(rpc, "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"host.info\"}]", -32600, "null");
    assert_error(rpc, "{\"id\": 3, \"method\": \"host.info\"}", -32600, "3");
    assert_error(rpc, "{\"jsonrpc\": \"1.0\", \"id\": 3, \"method\": \"host.info\"}", -32600, "3");
    assert_error(rpc, "{\"jsonrpc\": \"2.0\", \"id\": 3}", -32600, "3");
    assert_error(rpc, "{\"jsonrpc\": \"2.0\", \"id\": 3, \"method\": 5}", -32600, "3");
    assert_error(rpc, "{\"jsonrpc\": \"2.0\", \"id\": {}, \"method\": \"host.info\"}", -32600,
                 "null");
    assert_error(rpc, "{\"jsonrpc\": \"2.0\", \"id\": \"x\", \"method\": \"host.inf\"}", -32601,
                 "\"x\"");
    assert_error(rpc,
                 "{\"jsonrpc\": \"2.0\", \"id\": 4, \"method\": \"host.info\", \"params\": [1]}",
                 -32602, "4");
    session_close(rpc);
}

static void the_id_comes_back_as_it_was(void **state) {
    (void)state;
    struct halsim_rpc *rpc = session_open(NULL, NULL, NULL);
    const char *ids[] = {"0", "-5", "18446744073709551615", "1.5", "\"a \\\" b\"", "null"};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        char line[256];
        (void)snprintf(line, sizeof line,
                       "{\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":\"host.info\"}", ids[i]);
        yyjson_doc *doc = session_say(rpc, line);
        char *text = yyjson_val_write(yyjson_obj_get(yyjson_doc_get_root(doc), "id"),
                                      YYJSON_WRITE_NOFLAG, NULL);
        assert_string_equal(text, ids[i]);
        free(text);
        yyjson_doc_free(doc);
    }
    session_close(rpc);
}

static void a_notification_is_carried_out_and_not_answered(void **state) {
    (void)state;
    struct halsim_rpc *rpc = session_with_loop(NULL, NULL, NULL);
    assert_null(session_say(rpc, "{\"jsonrpc\":\"2.0\",\"method\":\"device.set_rate\",\"params\":"
                                 "{\"device\":0,\"rate\":44100}}"));
    assert_null(session_say(rpc, "{\"jsonrpc\":\"2.0\",\"method\":\"no.such\"}"));
    yyjson_val *device = session_call(rpc, "device.info", "{\"device\": 0}");
    assert_true(yyjson_get_real(member(device, "nominal_rate")) == 44100);
    session_close(rpc);
}

static void a_line_of_more_than_a_mebibyte_is_refused(void **state) {
    (void)state;
    struct halsim_rpc *rpc = session_open(NULL, NULL, NULL);
    size_t size = HALSIM_RPC_LINE_MAX + 2;
    char *line = malloc(size);
    memset(line, ' ', size);
    const char *request = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"host.info\"}";
    memcpy(line, request, strlen(request));
    line[size - 1] = '\0';
    assert_error(rpc, line, -32600, "null");
    line[size - 2] = '\0'; /* exactly one */
    yyjson_doc *doc = session_say(rpc, line);
    assert_non_null(yyjson_obj_get(yyjson_doc_get_root(doc), "result"));
    yyjson_doc_free(doc);
    free(line);
    session_close(rpc);
}

static void a_missing_or_unknown_parameter_is_named(void **state) {
    (void)state;
    struct halsim_rpc *rpc = session_with_loop(NULL, NULL, NULL);
    yyjson_val *error = session_error(rpc, "device.set_buffer_frames", "{\"device\": 0}");
    assert_int_equal(code_of(error), -32602);
    assert_contains(message_of(error), "device.set_buffer_frames");
    assert_contains(message_of(error), "\"frames\"");
    error = session_error(rpc, "device.info", "{\"device\": 0, \"verbose\": true}");
    assert_contains(message_of(error), "\"verbose\"");
    error = session_error(rpc, "device.info", "{\"device\": -1}");
    assert_contains(message_of(error), "index, the UID or the name");
    error =
        session_error(rpc, "property.get", "{\"object\": {\"plugin\": 0}, \"selector\": \"nsrt\"}");
    assert_contains(message_of(error), "\"object.id\"");
    session_close(rpc);
}

static void a_refusal_of_the_host_has_a_class_and_a_line(void **state) {
    (void)state;
    struct halsim_rpc *rpc = session_with_loop(NULL, NULL, NULL);
    yyjson_val *error = session_error(rpc, "device.info", "{\"device\": \"Gecko Sink\"}");
    assert_int_equal(code_of(error), -32000);
    assert_string_equal(status_of(error), "not-found");
    assert_contains(message_of(error), "Loop A"); /* what there is */
    error = session_error(rpc, "plugin.load", "{\"path\": \"no/such.driver\"}");
    assert_contains(message_of(error), "no/such.driver");
    error = session_error(rpc, "property.get",
                          "{\"object\": {\"plugin\": 0, \"id\": 2}, \"selector\": \"zzzz\"}");
    assert_true(yyjson_get_sint(member(member(error, "data"), "os_status")) == 'who?');
    assert_true(yyjson_equals_str(member(member(error, "data"), "os_status_text"), "'who?'"));
    session_close(rpc);
}

static void a_property_is_read_by_the_type_of_its_contract(void **state) {
    (void)state;
    struct halsim_rpc *rpc = session_with_loop(NULL, NULL, NULL);
#define ON_DEVICE(rest) "{\"object\": {\"plugin\": 0, \"id\": 2}, " rest "}"
    assert_true(
        yyjson_get_bool(session_call(rpc, "property.has", ON_DEVICE("\"selector\": \"nsrt\""))));
    assert_false(
        yyjson_get_bool(session_call(rpc, "property.has", ON_DEVICE("\"selector\": \"zzzz\""))));
    assert_int_equal(
        yyjson_get_uint(session_call(rpc, "property.size", ON_DEVICE("\"selector\": \"nsrt\""))),
        8);
    assert_true(yyjson_get_real(session_call(rpc, "property.get",
                                             ON_DEVICE("\"selector\": \"nsrt\""))) == 48000);
    assert_true(yyjson_equals_str(
        session_call(rpc, "property.get", ON_DEVICE("\"selector\": \"lnam\"")), "Loop A"));
    assert_true(yyjson_equals_str(
        session_call(rpc, "property.get", ON_DEVICE("\"selector\": \"clas\"")), "adev"));
    assert_true(yyjson_equals_str(
        session_call(rpc, "property.get", ON_DEVICE("\"selector\": \"clas\", \"type\": \"hex\"")),
        "76656461")); /* 'adev' on a little-endian machine */
    yyjson_val *error =
        session_error(rpc, "property.get", ON_DEVICE("\"selector\": \"clas\", \"type\": \"f64\""));
    assert_string_equal(status_of(error), "contract");
    session_call(rpc, "property.set", ON_DEVICE("\"selector\": \"nsrt\", \"value\": 44100"));
    assert_true(yyjson_get_real(session_call(rpc, "property.get",
                                             ON_DEVICE("\"selector\": \"nsrt\""))) == 44100);
    error = session_error(rpc, "property.set",
                          ON_DEVICE("\"selector\": \"nsrt\", \"value\": \"fast\""));
    assert_int_equal(code_of(error), -32602);
    session_close(rpc);
}

static struct halsim_rpc *session_with_odd(void) {
    struct halsim_rpc *rpc = session_open(NULL, NULL, NULL);
    session_call(rpc, "plugin.load", "{\"path\": \"" ODD_DRIVER "\"}");
    return rpc;
}

#define OF_ODD(rest) "{\"object\": {\"plugin\": 0, \"id\": 1}, " rest "}"

static void bytes_that_are_no_reference_are_not_taken_for_one(void **state) {
    (void)state;
    struct halsim_rpc *rpc = session_with_odd();
    const char *types[] = {"string", "plist", "url"};
    for (size_t i = 0; i < 3; i++) {
        char params[256];
        /* Eight bytes that lead nowhere, and a selector of the contract that holds a number. */
        const char *selectors[] = {"oddp", "clas"};
        for (size_t k = 0; k < 2; k++) {
            (void)snprintf(params, sizeof params, OF_ODD("\"selector\": \"%s\", \"type\": \"%s\""),
                           selectors[k], types[i]);
            yyjson_val *error = session_error(rpc, "property.get", params);
            assert_string_equal(status_of(error), "contract");
            assert_contains(message_of(error), selectors[k]);
            assert_contains(message_of(error), types[i]);
        }
    }
    yyjson_val *error =
        session_error(rpc, "property.set",
                      OF_ODD("\"selector\": \"clas\", \"type\": \"string\", \"value\": \"x\""));
    assert_string_equal(status_of(error), "contract");
    assert_true(yyjson_equals_str(
        session_call(rpc, "property.get", OF_ODD("\"selector\": \"oddp\"")), "4041414141414141"));
    session_close(rpc);
}

static uint64_t references(struct halsim_rpc *rpc) {
    return yyjson_get_uint(
        session_call(rpc, "property.get", OF_ODD("\"selector\": \"oddn\", \"type\": \"u32\"")));
}

static void a_reference_that_is_read_as_something_else_is_released(void **state) {
    (void)state;
    struct halsim_rpc *rpc = session_with_odd();
    uint64_t before = references(rpc);
    session_call(rpc, "property.get", OF_ODD("\"selector\": \"lmak\""));
    session_call(rpc, "property.get", OF_ODD("\"selector\": \"odds\""));
    session_call(rpc, "property.get", OF_ODD("\"selector\": \"odds\", \"type\": \"plist\""));
    session_call(rpc, "property.get", OF_ODD("\"selector\": \"lmak\", \"type\": \"hex\""));
    session_call(rpc, "property.get", OF_ODD("\"selector\": \"odds\", \"type\": \"hex\""));
    session_call(rpc, "property.get", OF_ODD("\"selector\": \"lmak\", \"type\": \"u32[]\""));
    session_error(rpc, "property.get", OF_ODD("\"selector\": \"lmak\", \"type\": \"u32\""));
    session_error(rpc, "property.get", OF_ODD("\"selector\": \"lmak\", \"type\": \"url\""));
    assert_int_equal(references(rpc), before);
    session_close(rpc);
}

static void a_driver_is_not_given_an_address_that_leads_nowhere(void **state) {
    (void)state;
    struct halsim_rpc *rpc = session_with_odd();
    yyjson_val *error = session_error(rpc, "property.set",
                                      OF_ODD("\"selector\": \"odds\", \"type\": \"hex\", "
                                             "\"value\": \"4041414141414141\""));
    assert_string_equal(status_of(error), "contract");
    error = session_error(rpc, "property.get",
                          OF_ODD("\"selector\": \"oddq\", \"type\": \"u32\", \"qualifier\": "
                                 "{\"type\": \"fourcc[]\", \"value\": [\"abcd\", \"efgh\"]}"));
    assert_string_equal(status_of(error), "contract");
    assert_contains(message_of(error), "qualifier");
    /* What a driver has to cope with still reaches it: nothing at all, and too little of it. */
    error = session_error(rpc, "property.set",
                          OF_ODD("\"selector\": \"odds\", \"type\": \"hex\", "
                                 "\"value\": \"0000000000000000\""));
    assert_true(yyjson_equals_str(member(member(error, "data"), "os_status_text"), "'nope'"));
    error = session_error(rpc, "property.set",
                          OF_ODD("\"selector\": \"odds\", \"type\": \"hex\", \"value\": \"41\""));
    assert_true(yyjson_equals_str(member(member(error, "data"), "os_status_text"), "'!siz'"));
    assert_int_equal(yyjson_get_uint(session_call(
                         rpc, "property.get",
                         OF_ODD("\"selector\": \"oddq\", \"type\": \"u32\", \"qualifier\": "
                                "{\"type\": \"string\", \"value\": \"seven !\"}"))),
                     7);
    session_call(rpc, "property.set", OF_ODD("\"selector\": \"odds\", \"value\": \"new\""));
    assert_true(yyjson_equals_str(
        session_call(rpc, "property.get", OF_ODD("\"selector\": \"lmak\"")), "new"));
    session_close(rpc);
}

/* Nodes below and including `node`. */
static uint64_t count_nodes(yyjson_val *node) {
    uint64_t count = 1;
    size_t index, size;
    yyjson_val *child;
    yyjson_arr_foreach(yyjson_obj_get(node, "owned"), index, size, child) {
        count += count_nodes(child);
    }
    return count;
}

static void a_tree_without_end_is_cut(void **state) {
    (void)state;
    struct halsim_rpc *rpc = session_with_odd();
    yyjson_val *tree = session_call(rpc, "object.tree", "{\"plugin\": 0}");
    uint64_t nodes = count_nodes(tree);
    assert_true(nodes > 4096 && nodes <= 4096 + 16); /* each list that is cut says so */
    yyjson_val *first = yyjson_arr_get_first(member(tree, "owned"));
    assert_true(yyjson_get_bool(member(first, "repeated"))); /* it owns itself */
    yyjson_val *last = yyjson_arr_get_last(member(tree, "owned"));
    assert_true(yyjson_get_bool(member(last, "cut")));
    session_close(rpc);
}

static void a_tree_shows_who_owns_whom(void **state) {
    (void)state;
    struct halsim_rpc *rpc = session_with_loop(NULL, "two-devices", NULL);
    yyjson_val *tree = session_call(rpc, "object.tree", "{\"plugin\": 0}");
    assert_int_equal(number_at(tree, "id"), 1);
    assert_true(yyjson_equals_str(member(tree, "class"), "aplg"));
    yyjson_val *devices = member(tree, "owned");
    assert_int_equal(yyjson_arr_size(devices), 2);
    yyjson_val *second = yyjson_arr_get(devices, 1);
    assert_true(yyjson_equals_str(member(second, "class"), "adev"));
    assert_int_equal(yyjson_arr_size(member(second, "owned")), 2);
    assert_contains(message_of(session_error(rpc, "object.tree", "{\"plugin\": 5}")), "5");
    session_close(rpc);
}

static void a_dump_holds_each_property_with_its_value(void **state) {
    (void)state;
    struct halsim_rpc *rpc = session_with_loop(NULL, NULL, NULL);
    yyjson_val *dump = session_call(rpc, "object.dump", "{\"object\": {\"plugin\": 0, \"id\": 2}}");
    yyjson_val *rate = member(dump, "nsrt/glob/0");
    assert_true(yyjson_get_real(member(rate, "value")) == 48000);
    assert_int_equal(number_at(rate, "size"), 8);
    assert_true(yyjson_get_bool(member(rate, "settable")));
    assert_int_equal(yyjson_arr_size(member(member(dump, "stm#/inpt/0"), "value")), 1);
    assert_null(yyjson_obj_get(dump, "lcsv/glob/0")); /* a device has no volume of its own */
    yyjson_val *error =
        session_error(rpc, "object.dump", "{\"object\": {\"plugin\": 0, \"id\": 99}}");
    assert_string_equal(status_of(error), "not-found");
    session_close(rpc);
}

static void a_shutdown_is_answered_first(void **state) {
    (void)state;
    struct halsim_rpc *rpc = session_open(NULL, NULL, NULL);
    assert_false(halsim_rpc_wants_shutdown(rpc));
    session_call(rpc, "host.shutdown", NULL);
    assert_true(halsim_rpc_wants_shutdown(rpc));
    session_close(rpc);
}

static void options_in_json_are_checked(void **state) {
    (void)state;
    const char *bad[] = {"[]",
                         "{",
                         "{\"clok\": \"virtual\"}",
                         "{\"clock\": \"lunar\"}",
                         "{\"timebase\": [1, 0]}",
                         "{\"timebase\": [125]}",
                         "{\"spin_us\": -1}",
                         "{\"driver_budget_percent\": 101}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char message[256] = "";
        if (halsim_rpc_create_json(bad[i], message, sizeof message) != NULL) {
            fail_msg("%s was taken", bad[i]);
        }
        assert_true(strlen(message) > 10);
    }
    struct halsim_rpc *rpc = session_open(
        "{\"clock\": \"virtual\", \"seed\": 18446744073709551615, \"timebase\": [125, 3]}", NULL,
        NULL);
    yyjson_val *info = session_call(rpc, "host.info", NULL);
    assert_int_equal(number_at(info, "seed"), UINT64_MAX);
    assert_true(yyjson_equals_str(member(info, "clock"), "virtual"));
    assert_int_equal(yyjson_get_uint(yyjson_arr_get(member(info, "timebase"), 0)), 125);
    session_close(rpc);
    rpc = halsim_rpc_create_json(NULL, NULL, 0);
    assert_non_null(rpc);
    session_close(rpc);
}

static void a_call_that_takes_too_long_is_told_in_a_notice(void **state) {
    (void)state;
    struct halsim_rpc *rpc =
        session_open("{\"clock\": \"virtual\", \"call_limit_ms\": 50}", NULL, "stall:Initialize");
    session_call(rpc, "plugin.load", "{\"path\": \"" LOOP_DRIVER "\"}");
    bool told = false;
    for (char *line; (line = halsim_rpc_next_notice(rpc)) != NULL;) {
        told |= strstr(line, "\"warning\"") != NULL &&
                strstr(line, "Initialize has not returned for") != NULL;
        halsim_rpc_free(line);
    }
    assert_true(told);
    session_close(rpc);
}

static void notices_of_a_request_are_there_with_its_answer(void **state) {
    (void)state;
    struct halsim_rpc *rpc = session_with_loop(NULL, NULL, NULL);
    for (char *line; (line = halsim_rpc_next_notice(rpc)) != NULL;) {
        halsim_rpc_free(line);
    }
    session_call(rpc, "device.set_rate", "{\"device\": 0, \"rate\": 96000}");
    char *line = halsim_rpc_next_notice(rpc);
    assert_non_null(line);
    assert_contains(line, "\"configuration-requested\"");
    halsim_rpc_free(line);
    session_close(rpc);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_json_is_answered),
        cmocka_unit_test(what_is_no_request_is_answered),
        cmocka_unit_test(the_id_comes_back_as_it_was),
        cmocka_unit_test(a_notification_is_carried_out_and_not_answered),
        cmocka_unit_test(a_line_of_more_than_a_mebibyte_is_refused),
        cmocka_unit_test(a_missing_or_unknown_parameter_is_named),
        cmocka_unit_test(a_refusal_of_the_host_has_a_class_and_a_line),
        cmocka_unit_test(a_property_is_read_by_the_type_of_its_contract),
        cmocka_unit_test(bytes_that_are_no_reference_are_not_taken_for_one),
        cmocka_unit_test(a_reference_that_is_read_as_something_else_is_released),
        cmocka_unit_test(a_driver_is_not_given_an_address_that_leads_nowhere),
        cmocka_unit_test(a_tree_without_end_is_cut),
        cmocka_unit_test(a_tree_shows_who_owns_whom),
        cmocka_unit_test(a_dump_holds_each_property_with_its_value),
        cmocka_unit_test(a_shutdown_is_answered_first),
        cmocka_unit_test(options_in_json_are_checked),
        cmocka_unit_test(a_call_that_takes_too_long_is_told_in_a_notice),
        cmocka_unit_test(notices_of_a_request_are_there_with_its_answer),
    };
    return cmocka_run_group_tests_name("daemon.dispatch", tests, NULL, NULL);
}
