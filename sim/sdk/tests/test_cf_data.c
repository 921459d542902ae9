/* test_cf_data.c - bytes. */
#include "cf_test.h"

#include <CoreFoundation/CFData.h>

#define BYTES(text_) (const UInt8 *)(text_), (CFIndex)(sizeof(text_) - 1)

#define assert_bytes(data_, text_)                                                                 \
    do {                                                                                           \
        assert_int_equal(CFDataGetLength(data_), sizeof(text_) - 1);                               \
        assert_memory_equal(CFDataGetBytePtr(data_), text_, sizeof(text_) - 1);                    \
    } while (0)

static void data_holds_a_copy(void **state) {
    (void)state;
    UInt8 bytes[] = {1, 2, 3};
    CFDataRef data = CFDataCreate(NULL, bytes, 3);
    bytes[0] = 9;
    assert_bytes(data, "\1\2\3");
    UInt8 part[2];
    CFDataGetBytes(data, CFRangeMake(1, 2), part);
    assert_memory_equal(part, "\2\3", 2);
    CFDataGetBytes(data, CFRangeMake(2, 2), part);
    assert_fault("CFDataGetBytes: range {2, 2} is outside the length 3");
    CFRelease(data);
}

static void empty_data_is_data(void **state) {
    (void)state;
    CFDataRef data = CFDataCreate(NULL, NULL, 0);
    assert_int_equal(CFDataGetLength(data), 0);
    assert_non_null(CFDataGetBytePtr(data));
    CFMutableDataRef changing = CFDataCreateMutable(NULL, 0);
    assert_true(CFEqual(data, changing));
    assert_int_equal(CFHash(data), CFHash(changing));
    CFRelease(data);
    CFRelease(changing);
    assert_null(CFDataCreate(NULL, NULL, 1));
    assert_fault("CFDataCreate: 1 bytes");
}

static void data_can_be_edited(void **state) {
    (void)state;
    CFMutableDataRef data = CFDataCreateMutable(NULL, 0);
    CFDataAppendBytes(data, BYTES("hello"));
    CFDataReplaceBytes(data, CFRangeMake(1, 3), BYTES("appy hipp"));
    assert_bytes(data, "happy hippo");
    CFDataDeleteBytes(data, CFRangeMake(5, 6));
    assert_bytes(data, "happy");
    CFDataSetLength(data, 7);
    assert_bytes(data, "happy\0\0");
    CFDataIncreaseLength(data, 1);
    assert_bytes(data, "happy\0\0\0");
    CFDataSetLength(data, 2);
    assert_bytes(data, "ha");
    CFDataSetLength(data, 4); /* what was cut off does not come back */
    assert_bytes(data, "ha\0\0");
    CFDataGetMutableBytePtr(data)[3] = '!';
    assert_bytes(data, "ha\0!");
    CFDataReplaceBytes(data, CFRangeMake(4, 1), BYTES("x"));
    assert_fault("CFDataReplaceBytes: range {4, 1} is outside the length 4");
    CFDataAppendBytes(data, (const UInt8 *)"", -1);
    assert_fault("CFDataAppendBytes");
    CFRelease(data);
}

static void data_can_be_put_into_itself(void **state) {
    (void)state;
    CFMutableDataRef data = CFDataCreateMutable(NULL, 0);
    CFDataAppendBytes(data, BYTES("0123456789"));
    for (int i = 0; i < 3; i++) {
        CFDataAppendBytes(data, CFDataGetBytePtr(data), CFDataGetLength(data));
    }
    assert_int_equal(CFDataGetLength(data), 80);
    for (int i = 0; i < 80; i++) {
        assert_int_equal(CFDataGetBytePtr(data)[i], '0' + i % 10);
    }
    CFDataSetLength(data, 4);
    CFDataReplaceBytes(data, CFRangeMake(1, 1), CFDataGetBytePtr(data), 4);
    assert_bytes(data, "0012323");
    CFRelease(data);
}

static void a_change_to_immutable_data_is_a_fault(void **state) {
    (void)state;
    CFDataRef data = CFDataCreate(NULL, BYTES("abc"));
    CFMutableDataRef cast = (CFMutableDataRef)(uintptr_t)data;
    CFDataAppendBytes(cast, BYTES("d"));
    assert_fault("CFDataAppendBytes: the data is immutable");
    assert_null(CFDataGetMutableBytePtr(cast));
    assert_fault("CFDataGetMutableBytePtr: the data is immutable");
    assert_bytes(data, "abc");
    CFRelease(data);
}

static void copies(void **state) {
    (void)state;
    CFDataRef data = CFDataCreate(NULL, BYTES("abc"));
    CFDataRef same = CFDataCreateCopy(NULL, data);
    assert_ptr_equal(same, data);
    CFMutableDataRef changing = CFDataCreateMutableCopy(NULL, 0, data);
    CFDataRef frozen = CFDataCreateCopy(NULL, changing);
    assert_true(CFEqual(changing, data));
    CFDataAppendBytes(changing, BYTES("d"));
    assert_bytes(frozen, "abc");
    assert_false(CFEqual(changing, data));
    CFRelease(data);
    CFRelease(same);
    CFRelease(changing);
    CFRelease(frozen);
}

static void a_buffer_given_away_is_freed_with_the_data(void **state) {
    (void)state;
    UInt8 *bytes = malloc(3);
    memcpy(bytes, "abc", 3);
    CFDataRef data = CFDataCreateWithBytesNoCopy(NULL, bytes, 3, kCFAllocatorMalloc);
    assert_ptr_equal(CFDataGetBytePtr(data), bytes);
    CFRelease(data);
    static const UInt8 fixed[] = {1};
    data = CFDataCreateWithBytesNoCopy(NULL, fixed, 1, kCFAllocatorNull);
    CFRelease(data);
}

static void bytes_can_be_found(void **state) {
    (void)state;
    CFDataRef data = CFDataCreate(NULL, BYTES("abcabc")), bc = CFDataCreate(NULL, BYTES("bc"));
    CFRange all = CFRangeMake(0, 6);
    assert_int_equal(CFDataFind(data, bc, all, 0).location, 1);
    assert_int_equal(CFDataFind(data, bc, all, kCFDataSearchBackwards).location, 4);
    assert_int_equal(CFDataFind(data, bc, all, kCFDataSearchAnchored).location, kCFNotFound);
    assert_int_equal(CFDataFind(data, bc, CFRangeMake(2, 3), 0).location, kCFNotFound);
    CFRelease(data);
    CFRelease(bc);
}

static void long_data_is_described_in_short(void **state) {
    (void)state;
    UInt8 bytes[100];
    for (int i = 0; i < 100; i++) {
        bytes[i] = (UInt8)i;
    }
    CFDataRef data = CFDataCreate(NULL, bytes, 100);
    CFStringRef text = CFStringCreateWithFormat(NULL, NULL, CFSTR("%@"), data);
    assert_text_and_release(text, "{length = 100, bytes = 0x000102030405060708090a0b0c0d0e0f ... "
                                  "5c5d5e5f60616263}");
    CFRelease(data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CF_TEST(data_holds_a_copy),
        CF_TEST(empty_data_is_data),
        CF_TEST(data_can_be_edited),
        CF_TEST(data_can_be_put_into_itself),
        CF_TEST(a_change_to_immutable_data_is_a_fault),
        CF_TEST(copies),
        CF_TEST(a_buffer_given_away_is_freed_with_the_data),
        CF_TEST(bytes_can_be_found),
        CF_TEST(long_data_is_described_in_short),
    };
    return cmocka_run_group_tests_name("cf_data", tests, NULL, NULL);
}
