/* test_cf_uuid.c - UUIDs. */
#include "cf_test.h"

#include <CoreFoundation/CFUUID.h>

/* kAudioServerPlugInTypeUUID, as a driver spells it. */
#define PLUGIN_TYPE                                                                                \
    0x44, 0x3A, 0xBA, 0xB8, 0xE7, 0xB3, 0x49, 0x1A, 0xB9, 0x85, 0xBE, 0xB9, 0x18, 0x70, 0x30, 0xDB
static const char plugin_type[] = "443ABAB8-E7B3-491A-B985-BEB9187030DB";

static CFUUIDRef from_text(const char *text) {
    CFStringRef string = CFStringCreateWithCString(NULL, text, kCFStringEncodingUTF8);
    CFUUIDRef uuid = CFUUIDCreateFromString(NULL, string);
    CFRelease(string);
    return uuid;
}

static void bytes_are_in_the_order_in_which_they_are_written(void **state) {
    (void)state;
    CFUUIDRef uuid = CFUUIDCreateWithBytes(NULL, PLUGIN_TYPE);
    assert_text_and_release(CFUUIDCreateString(NULL, uuid), plugin_type);
    CFUUIDBytes bytes = CFUUIDGetUUIDBytes(uuid);
    assert_int_equal(bytes.byte0, 0x44);
    assert_int_equal(bytes.byte15, 0xDB);
    CFUUIDRef same = CFUUIDCreateFromUUIDBytes(NULL, bytes);
    assert_true(CFEqual(uuid, same));
    assert_int_equal(CFHash(uuid), CFHash(same));
    CFRelease(uuid);
    CFRelease(same);
}

static void text_is_read_in_either_case(void **state) {
    (void)state;
    CFUUIDRef upper = from_text(plugin_type);
    CFUUIDRef lower = from_text("443abab8-e7b3-491a-b985-beb9187030db");
    assert_true(CFEqual(upper, lower));
    assert_text_and_release(CFUUIDCreateString(NULL, lower), plugin_type);
    CFRelease(upper);
    CFRelease(lower);
}

static void text_of_another_shape_is_no_uuid(void **state) {
    (void)state;
    static const char *const cases[] = {
        "",
        "443ABAB8-E7B3-491A-B985-BEB9187030D",
        "443ABAB8-E7B3-491A-B985-BEB9187030DB0",
        "{443ABAB8-E7B3-491A-B985-BEB9187030DB}",
        " 443ABAB8-E7B3-491A-B985-BEB9187030DB",
        "443ABAB8E7B3491AB985BEB9187030DB",
        "443ABAB8-E7B3-491A-B985-BEB9187030DG",
        "443ABAB8-E7B3-491A-B985BEB-9187030DB",
        "443ABAB8+E7B3-491A-B985-BEB9187030DB",
        "${DRIVER_UID}",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_null(from_text(cases[i]));
    }
    assert_null(CFUUIDCreateFromString(NULL, NULL));
}

static void a_constant_is_one_object_for_ever(void **state) {
    (void)state;
    CFUUIDRef uuid = CFUUIDGetConstantUUIDWithBytes(NULL, PLUGIN_TYPE);
    CFRelease(uuid);
    CFRelease(uuid);
    assert_ptr_equal(CFUUIDGetConstantUUIDWithBytes(NULL, PLUGIN_TYPE), uuid);
    assert_ptr_not_equal(
        CFUUIDGetConstantUUIDWithBytes(NULL, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), uuid);
    CFUUIDRef made = CFUUIDCreateWithBytes(NULL, PLUGIN_TYPE);
    assert_true(CFEqual(made, uuid));
    CFRelease(made);
    assert_text_and_release(CFUUIDCreateString(NULL, uuid), plugin_type);
}

/* On a Mac it is the constant, so that a release too many goes unseen until much later. */
static void a_created_uuid_is_counted_apart_from_the_constant(void **state) {
    (void)state;
    CFUUIDRef constant = CFUUIDGetConstantUUIDWithBytes(NULL, PLUGIN_TYPE);
    CFUUIDRef made = CFUUIDCreateFromUUIDBytes(NULL, CFUUIDGetUUIDBytes(constant));
    assert_ptr_not_equal(made, constant);
    assert_true(CFEqual(made, constant));
    CFRelease(made);
    CFRelease(made);
    assert_fault("CFRelease: the CFUUID has been freed");
}

static void text_with_a_nul_is_no_uuid(void **state) {
    (void)state;
    CFStringRef string = CFStringCreateWithBytes(NULL, (const UInt8 *)plugin_type,
                                                 sizeof plugin_type, kCFStringEncodingUTF8, false);
    assert_int_equal(CFStringGetLength(string), 37);
    assert_null(CFUUIDCreateFromString(NULL, string));
    CFRelease(string);
}

static void many_constants_stay_distinct(void **state) {
    (void)state;
    enum {
        COUNT = 2000
    };
    static CFUUIDRef seen[COUNT];
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < COUNT; i++) {
            CFUUIDRef uuid = CFUUIDGetConstantUUIDWithBytes(NULL, (UInt8)(i >> 8), (UInt8)i, 7, 7,
                                                            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
            if (pass == 0) {
                seen[i] = uuid;
            }
            assert_ptr_equal(uuid, seen[i]);
            assert_int_equal(CFUUIDGetUUIDBytes(uuid).byte1, (UInt8)i);
        }
    }
    assert_ptr_not_equal(seen[0], seen[256]);
}

static void random_uuids_differ_and_are_of_version_4(void **state) {
    (void)state;
    CFUUIDRef one = CFUUIDCreate(NULL), two = CFUUIDCreate(NULL);
    assert_false(CFEqual(one, two));
    CFUUIDBytes bytes = CFUUIDGetUUIDBytes(one);
    assert_int_equal(bytes.byte6 >> 4, 4);
    assert_int_equal(bytes.byte8 >> 6, 2);
    CFRelease(one);
    CFRelease(two);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CF_TEST(bytes_are_in_the_order_in_which_they_are_written),
        CF_TEST(text_is_read_in_either_case),
        CF_TEST(text_of_another_shape_is_no_uuid),
        CF_TEST(a_constant_is_one_object_for_ever),
        CF_TEST(a_created_uuid_is_counted_apart_from_the_constant),
        CF_TEST(text_with_a_nul_is_no_uuid),
        CF_TEST(many_constants_stay_distinct),
        CF_TEST(random_uuids_differ_and_are_of_version_4),
    };
    return cmocka_run_group_tests_name("cf_uuid", tests, NULL, NULL);
}
