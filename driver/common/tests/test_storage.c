/* test_storage.c - typed access to the host's storage, and numbers from text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above first */
#include "fake_host.h"
#include "haldrv/storage.h"
#include <cmocka.h>

static int set_up(void **state) {
    static struct fake_host host;
    fake_host_init(&host);
    *state = &host;
    return 0;
}

static int tear_down(void **state) {
    fake_host_destroy(*state);
    return 0;
}

static void what_was_written_comes_back(void **state) {
    struct fake_host *host = *state;
    AudioServerPlugInHostRef ref = fake_host_ref(host);
    char text[16];
    int64_t number;
    assert_int_equal(haldrv_storage_set_string(ref, "word", "h\xC3\xA9"), 0);
    assert_int_equal(haldrv_storage_set_integer(ref, "number", -5000000000), 0);
    assert_int_equal(haldrv_storage_string(ref, "word", text, sizeof text), HALDRV_STORED_VALUE);
    assert_string_equal(text, "h\xC3\xA9");
    assert_int_equal(haldrv_storage_integer(ref, "number", &number), HALDRV_STORED_VALUE);
    assert_true(number == -5000000000);
}

static void nothing_stored_is_told_from_the_wrong_type(void **state) {
    struct fake_host *host = *state;
    AudioServerPlugInHostRef ref = fake_host_ref(host);
    char text[16], narrow[3];
    int64_t number;
    fake_host_store_string(host, "word", "abc");
    fake_host_store_integer(host, "number", 1);
    assert_int_equal(haldrv_storage_string(ref, "none", text, sizeof text), HALDRV_STORED_NOTHING);
    assert_int_equal(haldrv_storage_string(ref, "number", text, sizeof text), HALDRV_STORED_OTHER);
    assert_int_equal(haldrv_storage_integer(ref, "word", &number), HALDRV_STORED_OTHER);
    assert_int_equal(haldrv_storage_string(ref, "word", narrow, sizeof narrow),
                     HALDRV_STORED_OTHER);
}

static void a_stored_fraction_is_no_integer(void **state) {
    struct fake_host *host = *state;
    double half = 0.5;
    int64_t number;
    CFStringRef key = CFStringCreateWithCString(NULL, "half", kCFStringEncodingUTF8);
    CFNumberRef value = CFNumberCreate(NULL, kCFNumberFloat64Type, &half);
    host->interface.WriteToStorage(fake_host_ref(host), key, value);
    CFRelease(value);
    CFRelease(key);
    assert_int_equal(haldrv_storage_integer(fake_host_ref(host), "half", &number),
                     HALDRV_STORED_OTHER);
}

static void text_is_a_number_only_as_a_whole(void **state) {
    (void)state;
    uint64_t number;
    assert_true(haldrv_parse_unsigned("16384", 10, 256, 65536, &number));
    assert_int_equal(number, 16384);
    assert_true(haldrv_parse_unsigned("0644", 8, 0, 0777, &number));
    assert_int_equal(number, 0644);
    assert_true(haldrv_parse_unsigned("18446744073709551615", 10, 0, UINT64_MAX, &number));
    assert_true(number == UINT64_MAX);
    static const char *const bad[] = {"",   " 1", "1 ", "-1", "+1",
                                      "1x", "x",  "/",  ":",  "18446744073709551616"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(haldrv_parse_unsigned(bad[i], 10, 0, UINT64_MAX, &number));
    }
    assert_false(haldrv_parse_unsigned("0648", 8, 0, 0777, &number));
    assert_false(haldrv_parse_unsigned("255", 10, 256, 65536, &number));
    assert_false(haldrv_parse_unsigned("65537", 10, 256, 65536, &number));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_written_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_stored_is_told_from_the_wrong_type, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_stored_fraction_is_no_integer, set_up, tear_down),
        cmocka_unit_test(text_is_a_number_only_as_a_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
