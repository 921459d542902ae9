/* Do property lists keep their shape, and does nonsense end in an error? */
#include "rpc_unit.h"

#include "base64.h"
#include "json_plist.h"

static struct rpc_failure failure;

static CFTypeRef plist_of(const char *json) {
    yyjson_doc *doc = yyjson_read(json, strlen(json), YYJSON_READ_NOFLAG);
    assert_non_null(doc);
    memset(&failure, 0, sizeof failure);
    CFTypeRef value = json_to_plist(yyjson_doc_get_root(doc), &failure);
    yyjson_doc_free(doc);
    return value;
}

static void assert_json(CFTypeRef value, const char *json) {
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_doc_set_root(doc, json_from_plist(doc, value));
    char *text = yyjson_mut_write(doc, YYJSON_WRITE_NOFLAG, NULL);
    assert_string_equal(text, json);
    free(text);
    yyjson_mut_doc_free(doc);
}

static void each_kind_of_value_comes_back(void **state) {
    (void)state;
    const char *values[] = {
        "\"text\"",
        "true",
        "false",
        "-9223372036854775808",
        "0.25",
        "[]",
        "{}",
        "[1,[2,[3]]]",
        "{\"key\":{\"inner\":[true]}}",
        "{\"$data\":\"AP9h\"}",
        "{\"$date\":12.5}",
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        CFTypeRef value = plist_of(values[i]);
        assert_non_null(value);
        assert_json(value, values[i]);
        CFRelease(value);
    }
}

static void an_integer_and_a_real_stay_what_they_are(void **state) {
    (void)state;
    CFTypeRef integer = plist_of("2"), real = plist_of("2.0");
    assert_false(CFNumberIsFloatType(integer));
    assert_true(CFNumberIsFloatType(real));
    CFRelease(integer);
    CFRelease(real);
}

static void null_has_no_place_in_a_property_list(void **state) {
    (void)state;
    assert_null(plist_of("[1, null]"));
    assert_int_equal(failure.code, RPC_PARAMETERS);
    assert_null(plist_of("{\"a\": {\"b\": null}}"));
    assert_contains(failure.error.message, "null");
}

static void data_has_to_be_base64(void **state) {
    (void)state;
    assert_null(plist_of("{\"$data\": \"AP9\"}"));
    assert_contains(failure.error.message, "base64");
    assert_null(plist_of("{\"$data\": 5}"));
    assert_null(plist_of("{\"$date\": \"now\"}"));
    CFTypeRef plain = plist_of("{\"$data\": \"AP9h\", \"other\": 1}"); /* just a dictionary */
    assert_int_equal(CFGetTypeID(plain), CFDictionaryGetTypeID());
    CFRelease(plain);
}

static char *nested(int levels) {
    char *json = malloc((size_t)levels * 2 + 2);
    memset(json, '[', (size_t)levels);
    memset(json + levels, ']', (size_t)levels);
    json[2 * levels] = '\0';
    return json;
}

static void depth_is_limited_both_ways(void **state) {
    (void)state;
    char *good = nested(RPC_PLIST_DEPTH_MAX), *deep = nested(RPC_PLIST_DEPTH_MAX + 1),
         *abyss = nested(200000);
    CFTypeRef value = plist_of(good);
    assert_non_null(value);
    assert_json(value, good);
    assert_null(plist_of(deep));
    assert_contains(failure.error.message, "nested");
    assert_null(plist_of(abyss)); /* and the stack is still there */

    CFMutableArrayRef outer = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
    CFArrayAppendValue(outer, value); /* one more than JSON is made of */
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_doc_set_root(doc, json_from_plist(doc, outer));
    char *text = yyjson_mut_write(doc, YYJSON_WRITE_NOFLAG, NULL);
    assert_contains(text, "{\"$type\":\"too deep\"}");
    free(text);
    yyjson_mut_doc_free(doc);
    CFRelease(outer);
    CFRelease(value);
    free(good);
    free(deep);
    free(abyss);
}

static void base64_is_that_of_rfc_4648(void **state) {
    (void)state;
    const char *cases[][2] = {{"", ""},
                              {"f", "Zg=="},
                              {"fo", "Zm8="},
                              {"foo", "Zm9v"},
                              {"foob", "Zm9vYg=="},
                              {"fooba", "Zm9vYmE="},
                              {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = base64_encode((const uint8_t *)cases[i][0], strlen(cases[i][0]));
        assert_string_equal(text, cases[i][1]);
        size_t length = 99;
        uint8_t *bytes = base64_decode(text, strlen(text), &length);
        assert_int_equal(length, strlen(cases[i][0]));
        assert_memory_equal(bytes, cases[i][0], length);
        free(bytes);
        free(text);
    }
    const char *bad[] = {"Z", "Zg", "Zg=", "Z===", "Zg==Zg==", "Z g=", "=Zg=", "Zg=a"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        size_t length;
        if (base64_decode(bad[i], strlen(bad[i]), &length) != NULL) {
            fail_msg("\"%s\" was taken as base64", bad[i]);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_value_comes_back),
        cmocka_unit_test(an_integer_and_a_real_stay_what_they_are),
        cmocka_unit_test(null_has_no_place_in_a_property_list),
        cmocka_unit_test(data_has_to_be_base64),
        cmocka_unit_test(depth_is_limited_both_ways),
        cmocka_unit_test(base64_is_that_of_rfc_4648),
    };
    return cmocka_run_group_tests_name("daemon.plist", tests, NULL, NULL);
}
