/* Are parameters checked before anything is done with them, and is it said in words? */
#include "rpc_unit.h"

#include "json_params.h"
#include "json_values.h"

static struct rpc_failure failure;
static yyjson_doc *doc;

static struct params given(const char *json) {
    yyjson_doc_free(doc);
    doc = yyjson_read(json, strlen(json), YYJSON_READ_NOFLAG);
    assert_non_null(doc);
    memset(&failure, 0, sizeof failure);
    return (struct params){yyjson_doc_get_root(doc), "thing.do", "", &failure};
}

static void assert_refused(bool result, const char *part) {
    assert_false(result);
    assert_int_equal(failure.code, RPC_PARAMETERS);
    assert_contains(failure.error.message, "thing.do");
    assert_contains(failure.error.message, part);
}

static int teardown(void **state) {
    (void)state;
    yyjson_doc_free(doc);
    doc = NULL;
    return 0;
}

static void numbers_keep_to_their_range(void **state) {
    (void)state;
    uint32_t value = 9;
    struct params params =
        given("{\"a\": 16, \"b\": 15, \"c\": -1, \"d\": 1.5, \"e\": \"16\", \"f\": 4294967296}");
    assert_true(params_u32(&params, "a", PARAM_REQUIRED, 16, 20, &value));
    assert_int_equal(value, 16);
    assert_refused(params_u32(&params, "b", PARAM_REQUIRED, 16, 20, &value), "\"b\"");
    assert_refused(params_u32(&params, "b", PARAM_REQUIRED, 16, 20, &value), "16 to 20");
    assert_refused(params_u32(&params, "b", PARAM_REQUIRED, 16, 20, &value), "it is 15");
    assert_refused(params_u32(&params, "c", PARAM_REQUIRED, 0, 20, &value), "it is -1");
    assert_refused(params_u32(&params, "d", PARAM_REQUIRED, 0, 20, &value), "it is 1.5");
    assert_refused(params_u32(&params, "e", PARAM_REQUIRED, 0, 20, &value), "it is \"16\"");
    assert_refused(params_u32(&params, "f", PARAM_REQUIRED, 0, UINT32_MAX, &value), "4294967296");
    assert_int_equal(value, 16); /* what is refused is not taken */
}

static void a_signed_number_is_not_cut(void **state) {
    (void)state;
    int32_t value = 0;
    struct params params =
        given("{\"low\": -2147483648, \"lower\": -2147483649, \"big\": 18446744073709551615}");
    assert_true(params_i32(&params, "low", PARAM_REQUIRED, INT32_MIN, INT32_MAX, &value));
    assert_int_equal(value, INT32_MIN);
    assert_refused(params_i32(&params, "lower", PARAM_REQUIRED, INT32_MIN, INT32_MAX, &value),
                   "whole number");
    assert_refused(params_i32(&params, "big", PARAM_REQUIRED, INT32_MIN, INT32_MAX, &value),
                   "whole number");
}

static void an_optional_parameter_may_be_absent_or_null(void **state) {
    (void)state;
    uint32_t number = 7;
    bool flag = true;
    double real = 2.5;
    const char *text = "as it was";
    struct params params = given("{\"number\": null, \"flag\": null, \"real\": null}");
    assert_true(params_u32(&params, "number", PARAM_OPTIONAL, 0, 1, &number));
    assert_true(params_bool(&params, "flag", PARAM_OPTIONAL, &flag));
    assert_true(params_f64(&params, "real", PARAM_OPTIONAL, 0, 1, &real));
    assert_true(params_string(&params, "text", PARAM_OPTIONAL, &text));
    assert_int_equal(number, 7);
    assert_true(flag);
    assert_true(real == 2.5);
    assert_string_equal(text, "as it was");
    assert_refused(params_u32(&params, "number", PARAM_REQUIRED, 0, 1, &number), "it is null");
    assert_refused(params_string(&params, "text", PARAM_REQUIRED, &text), "it is missing");
}

static void a_string_has_no_nul_and_is_not_empty(void **state) {
    (void)state;
    const char *text = NULL;
    struct params params = given("{\"good\": \"a b\", \"empty\": \"\", \"nul\": \"a\\u0000b\"}");
    assert_true(params_string(&params, "good", PARAM_REQUIRED, &text));
    assert_string_equal(text, "a b");
    assert_refused(params_string(&params, "empty", PARAM_REQUIRED, &text), "not empty");
    assert_refused(params_string(&params, "nul", PARAM_REQUIRED, &text), "NUL");
}

static void an_unknown_name_is_named_with_those_that_are_known(void **state) {
    (void)state;
    struct params params = given("{\"device\": 0, \"frame\": 1}");
    assert_true(params_check_names(&params, "device frame frames"));
    assert_refused(params_check_names(&params, "device frames"), "\"frame\"");
    assert_refused(params_check_names(&params, "device frames"), "it takes device frames");
    params = given("{\"device frames\": 0}"); /* the list itself is no name */
    assert_refused(params_check_names(&params, "device frames"), "unknown");
    params = given("{\"\": 0}");
    assert_refused(params_check_names(&params, "device frames"), "unknown");
}

static void a_choice_is_one_of_its_words(void **state) {
    (void)state;
    uint32_t index = 99;
    struct params params = given("{\"a\": \"sweep\", \"b\": \"swee\", \"c\": \"sine sweep\"}");
    assert_true(params_choice(&params, "a", PARAM_REQUIRED, "sine sweep noise", &index));
    assert_int_equal(index, 1);
    assert_refused(params_choice(&params, "b", PARAM_REQUIRED, "sine sweep noise", &index),
                   "sine sweep noise");
    assert_refused(params_choice(&params, "c", PARAM_REQUIRED, "sine sweep noise", &index),
                   "one of");
}

static void a_code_is_four_bytes_or_a_number(void **state) {
    (void)state;
    uint32_t code = 0;
    struct params params = given("{\"a\": \"nsrt\", \"b\": 1853059700, \"c\": \"nsr\", \"d\": "
                                 "\"n\\u00e4t\", \"e\": 4294967296}");
    assert_true(params_fourcc(&params, "a", PARAM_REQUIRED, &code));
    assert_int_equal(code, 'nsrt');
    assert_true(params_fourcc(&params, "b", PARAM_REQUIRED, &code));
    assert_int_equal(code, 'nsrt');
    assert_refused(params_fourcc(&params, "c", PARAM_REQUIRED, &code), "four-character");
    assert_true(params_fourcc(&params, "d", PARAM_REQUIRED, &code)); /* four bytes of UTF-8 */
    assert_refused(params_fourcc(&params, "e", PARAM_REQUIRED, &code), "four-character");
}

static void a_long_value_is_cut_and_stays_on_one_line(void **state) {
    (void)state;
    uint32_t value = 0;
    char json[4096] = "{\"a\": \"line\\nbreak ";
    for (int i = 0; i < 300; i++) {
        strcat(json, "\xC3\xA4"); /* two bytes each: the cut must not tear one */
    }
    strcat(json, "\"}");
    struct params params = given(json);
    assert_refused(params_u32(&params, "a", PARAM_REQUIRED, 0, 1, &value), "line\\nbreak");
    assert_null(strchr(failure.error.message, '\n'));
    assert_true(strlen(failure.error.message) < 200);
    yyjson_mut_doc *answer = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *text = json_text(answer, failure.error.message);
    assert_null(strstr(yyjson_mut_get_str(text), "\xEF\xBF\xBD"));
    yyjson_mut_doc_free(answer);
}

static void what_is_no_utf8_is_replaced(void **state) {
    (void)state;
    yyjson_mut_doc *answer = yyjson_mut_doc_new(NULL);
    const struct {
        const char *in, *out;
    } cases[] = {
        {"plain", "plain"},
        {"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"},
        {"a\xFFz", "a\xEF\xBF\xBDz"},
        {"cut\xC3", "cut\xEF\xBF\xBD"},
        {"\xC0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD"},                 /* overlong */
        {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"}, /* a surrogate */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        yyjson_mut_val *text = json_text(answer, cases[i].in);
        assert_string_equal(yyjson_mut_get_str(text), cases[i].out);
    }
    assert_true(yyjson_mut_is_null(json_text(answer, NULL)));
    yyjson_mut_doc_free(answer);
}

static void a_format_is_filled_up_from_what_is_known(void **state) {
    (void)state;
    AudioStreamBasicDescription format;
    struct params params = given("{\"sample_rate\": 48000, \"channels\": 2}");
    assert_true(params_to_format(&params, &format));
    assert_int_equal(format.mFormatID, 'lpcm');
    assert_int_equal(format.mFormatFlags, 9);
    assert_int_equal(format.mBitsPerChannel, 32);
    assert_int_equal(format.mBytesPerFrame, 8);
    assert_int_equal(format.mBytesPerPacket, 8);
    params = given("{\"sample_rate\": 44100, \"channels\": 6, \"bits\": 24}");
    assert_true(params_to_format(&params, &format));
    assert_int_equal(format.mFormatFlags, 12); /* signed integer, packed */
    assert_int_equal(format.mBytesPerFrame, 18);
    params = given("{\"sample_rate\": 48000}");
    assert_refused(params_to_format(&params, &format), "channels");
    params = given("{\"sample_rate\": 48000, \"channels\": 2, \"bit\": 16}");
    assert_refused(params_to_format(&params, &format), "\"bit\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(numbers_keep_to_their_range, teardown),
        cmocka_unit_test_teardown(a_signed_number_is_not_cut, teardown),
        cmocka_unit_test_teardown(an_optional_parameter_may_be_absent_or_null, teardown),
        cmocka_unit_test_teardown(a_string_has_no_nul_and_is_not_empty, teardown),
        cmocka_unit_test_teardown(an_unknown_name_is_named_with_those_that_are_known, teardown),
        cmocka_unit_test_teardown(a_choice_is_one_of_its_words, teardown),
        cmocka_unit_test_teardown(a_code_is_four_bytes_or_a_number, teardown),
        cmocka_unit_test_teardown(a_long_value_is_cut_and_stays_on_one_line, teardown),
        cmocka_unit_test(what_is_no_utf8_is_replaced),
        cmocka_unit_test_teardown(a_format_is_filled_up_from_what_is_known, teardown),
    };
    return cmocka_run_group_tests_name("daemon.params", tests, NULL, NULL);
}
