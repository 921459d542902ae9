/* Does property data survive the way to JSON and back, and is nonsense from a driver found? */
#include "rpc_unit.h"

#include "json_values.h"
#include "property_codec.h"
#include <CoreAudio/AudioServerPlugIn.h>

static struct rpc_failure failure;
static yyjson_mut_doc *out;

static int setup(void **state) {
    (void)state;
    memset(&failure, 0, sizeof failure);
    out = yyjson_mut_doc_new(NULL);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    yyjson_mut_doc_free(out);
    return 0;
}

/* JSON text -> bytes -> JSON text. */
static void assert_round_trip(enum property_type type, const char *json, uint32_t size) {
    char line[1024];
    (void)snprintf(line, sizeof line, "{\"value\":%s}", json);
    yyjson_doc *doc = yyjson_read(line, strlen(line), YYJSON_READ_NOFLAG);
    assert_non_null(doc);
    struct params params = {yyjson_doc_get_root(doc), "property.set", "", &failure};
    struct property_data data;
    if (!property_decode(&params, "value", type, &data)) {
        fail_msg("%s: %s", json, failure.error.message);
    }
    assert_int_equal(data.size, size);
    if (data.reference != NULL) {
        CFRetain(data.reference); /* encoding consumes one, as from a driver */
    }
    yyjson_mut_val *value = property_encode(out, type, data.bytes, data.size, &failure);
    assert_non_null(value);
    yyjson_mut_doc_set_root(out, value);
    char *text = yyjson_mut_write(out, YYJSON_WRITE_NOFLAG, NULL);
    assert_string_equal(text, json);
    free(text);
    property_data_free(&data);
    yyjson_doc_free(doc);
}

static void every_type_survives_the_way_there_and_back(void **state) {
    (void)state;
    assert_round_trip(PROPERTY_HEX, "\"00ff7a\"", 3);
    assert_round_trip(PROPERTY_HEX, "\"\"", 0);
    assert_round_trip(PROPERTY_U32, "4294967295", 4);
    assert_round_trip(PROPERTY_I32, "-2147483648", 4);
    assert_round_trip(PROPERTY_F32, "0.5", 4);
    assert_round_trip(PROPERTY_F64, "44100.1", 8);
    assert_round_trip(PROPERTY_FOURCC, "\"virt\"", 4);
    assert_round_trip(PROPERTY_FOURCC, "769", 4); /* a USB terminal type: does not print */
    assert_round_trip(PROPERTY_STRING, "\"Gecko \xC3\xA4 \xF0\x9F\xA6\x8E\"", 8);
    assert_round_trip(PROPERTY_STRING, "\"\"", 8);
    assert_round_trip(PROPERTY_PLIST, "{\"a\":[1,-2.5,true,\"x\"]}", 8);
    assert_round_trip(PROPERTY_URL, "\"file:///a/b.icns\"", 8);
    assert_round_trip(PROPERTY_RANGE, "[-96.0,0.0]", 16);
    assert_round_trip(PROPERTY_FORMAT,
                      "{\"sample_rate\":48000.0,\"format_id\":\"lpcm\",\"flags\":9,"
                      "\"bytes_per_packet\":8,\"frames_per_packet\":1,\"bytes_per_frame\":8,"
                      "\"channels\":2,\"bits\":32}",
                      40);
    assert_round_trip(PROPERTY_U32_LIST, "[1,2,4294967295]", 12);
    assert_round_trip(PROPERTY_U32_LIST, "[]", 0);
    assert_round_trip(PROPERTY_FOURCC_LIST, "[\"adev\",\"astr\"]", 8);
    assert_round_trip(PROPERTY_RANGE_LIST, "[[8000.0,8000.0],[44100.0,96000.0]]", 32);
    assert_round_trip(PROPERTY_LAYOUT,
                      "{\"tag\":0,\"bitmap\":0,\"channels\":[{\"label\":1,\"flags\":0,"
                      "\"coordinates\":[0.0,0.0,0.0]},{\"label\":2,\"flags\":1,\"coordinates\":"
                      "[0.5,-1.0,2.0]}]}",
                      52);
}

static void a_value_of_the_wrong_size_breaks_the_contract(void **state) {
    (void)state;
    const char bytes[64] = {0};
    const struct {
        enum property_type type;
        uint32_t size;
    } cases[] = {
        {PROPERTY_U32, 0},        {PROPERTY_U32, 8},     {PROPERTY_F64, 4},
        {PROPERTY_STRING, 4},     {PROPERTY_FORMAT, 39}, {PROPERTY_U32_LIST, 6},
        {PROPERTY_RANGE_LIST, 8}, {PROPERTY_LAYOUT, 8},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memset(&failure, 0, sizeof failure);
        assert_null(property_encode(out, cases[i].type, bytes, cases[i].size, &failure));
        assert_int_equal(failure.code, RPC_FAILED);
        assert_int_equal(failure.error.status, HALSIM_ERROR_CONTRACT);
        assert_contains(failure.error.message, property_type_name(cases[i].type));
    }
}

static void a_layout_cannot_claim_more_channels_than_it_has(void **state) {
    (void)state;
    AudioChannelLayout layout = {.mNumberChannelDescriptions = 0xFFFFFFFF};
    assert_null(property_encode(out, PROPERTY_LAYOUT, &layout, sizeof layout, &failure));
    assert_int_equal(failure.error.status, HALSIM_ERROR_CONTRACT);
    layout.mNumberChannelDescriptions = 1;
    assert_non_null(property_encode(out, PROPERTY_LAYOUT, &layout, sizeof layout, &failure));
}

static void a_number_where_a_string_is_due_is_found(void **state) {
    (void)state;
    int value = 5;
    CFTypeRef number = CFNumberCreate(kCFAllocatorDefault, kCFNumberIntType, &value);
    assert_null(property_encode(out, PROPERTY_STRING, &number, sizeof number, &failure));
    assert_int_equal(failure.error.status, HALSIM_ERROR_CONTRACT);
    assert_contains(failure.error.message, "CFString");
    CFTypeRef nothing = NULL;
    assert_true(yyjson_mut_is_null(
        property_encode(out, PROPERTY_STRING, &nothing, sizeof nothing, &failure)));
}

static void what_json_cannot_say_is_said_in_words(void **state) {
    (void)state;
    const Float64 numbers[3] = {(Float64)NAN, (Float64)INFINITY, -(Float64)INFINITY};
    const char *words[3] = {"nan", "inf", "-inf"};
    for (int i = 0; i < 3; i++) {
        yyjson_mut_val *value = property_encode(out, PROPERTY_F64, &numbers[i], 8, &failure);
        assert_string_equal(yyjson_mut_get_str(value), words[i]);
    }
}

static void a_value_that_does_not_fit_its_type_is_refused(void **state) {
    (void)state;
    const struct {
        enum property_type type;
        const char *json;
    } cases[] = {
        {PROPERTY_U32, "-1"},
        {PROPERTY_U32, "4294967296"},
        {PROPERTY_U32, "1.0"},
        {PROPERTY_U32, "true"},
        {PROPERTY_I32, "18446744073709551615"},
        {PROPERTY_F64, "\"48000\""},
        {PROPERTY_FOURCC, "\"abc\""},
        {PROPERTY_STRING, "5"},
        {PROPERTY_RANGE, "[1]"},
        {PROPERTY_RANGE, "[1, \"2\"]"},
        {PROPERTY_U32_LIST, "5"},
        {PROPERTY_U32_LIST, "[1, -1]"},
        {PROPERTY_HEX, "\"0\""},
        {PROPERTY_HEX, "\"0g\""},
        {PROPERTY_HEX, "\"00\\u0000\""},
        {PROPERTY_FORMAT, "{\"channels\": 2}"},
        {PROPERTY_LAYOUT, "{\"channels\": [1]}"},
        {PROPERTY_LAYOUT, "{\"channels\": [{\"label\": 1, \"coordinates\": [1]}]}"},
        {PROPERTY_RANGED_FORMAT_LIST, "[]"},
        {PROPERTY_U32, "null"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char line[256];
        (void)snprintf(line, sizeof line, "{\"value\":%s}", cases[i].json);
        yyjson_doc *doc = yyjson_read(line, strlen(line), YYJSON_READ_NOFLAG);
        struct params params = {yyjson_doc_get_root(doc), "property.set", "", &failure};
        struct property_data data;
        memset(&failure, 0, sizeof failure);
        if (property_decode(&params, "value", cases[i].type, &data)) {
            fail_msg("%s was taken as %s", cases[i].json, property_type_name(cases[i].type));
        }
        property_data_free(&data);
        assert_int_equal(failure.code, RPC_PARAMETERS);
        yyjson_doc_free(doc);
    }
}

static void the_contract_names_each_selector_once(void **state) {
    (void)state;
    size_t count = 0;
    const struct property_contract *contracts = property_contracts(&count);
    assert_true(count > 70);
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(property_contract_find(contracts[i].selector), &contracts[i]);
    }
    assert_int_equal(property_contract_find('nsrt')->type, PROPERTY_F64);
    assert_int_equal(property_contract_find('lcsv')->type, PROPERTY_F32);
    assert_null(property_contract_find('zzzz'));
}

static void the_words_for_types_are_in_the_order_of_the_types(void **state) {
    (void)state;
    char words[512];
    (void)snprintf(words, sizeof words, "%s", property_type_names());
    int index = 0;
    for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " ")) {
        assert_true(index < PROPERTY_TYPE_COUNT);
        assert_string_equal(word, property_type_name((enum property_type)index));
        index++;
    }
    assert_int_equal(index, PROPERTY_TYPE_COUNT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_type_survives_the_way_there_and_back, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_value_of_the_wrong_size_breaks_the_contract, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_layout_cannot_claim_more_channels_than_it_has, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_number_where_a_string_is_due_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(what_json_cannot_say_is_said_in_words, setup, teardown),
        cmocka_unit_test_setup_teardown(a_value_that_does_not_fit_its_type_is_refused, setup,
                                        teardown),
        cmocka_unit_test(the_contract_names_each_selector_once),
        cmocka_unit_test(the_words_for_types_are_in_the_order_of_the_types),
    };
    return cmocka_run_group_tests_name("daemon.property", tests, NULL, NULL);
}
