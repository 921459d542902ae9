/* Does the hash see every bit, and does it look at content and at nothing else? */
#include "unit.h"

#include "digest.h"
#include "observe.h"
#include <CoreFoundation/CoreFoundation.h>

static void it_is_the_same_number_everywhere(void **state) {
    (void)state;
    unsigned char bytes[300];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (unsigned char)(i * 7);
    }
    /* Reckoned apart from this code, in Python: a machine that finds others is not comparable. */
    assert_true(halsim_digest_word(0, 1) == UINT64_C(0x388231582EF02552));
    assert_true(halsim_digest_bytes(1, bytes, sizeof bytes) == UINT64_C(0x69FC92E3B302AEAD));
}

static void each_bit_of_a_block_counts(void **state) {
    (void)state;
    unsigned char bytes[217] = {0};
    for (size_t length = 0; length <= sizeof bytes; length += 31) {
        uint64_t whole = halsim_digest_bytes(0, bytes, length);
        for (size_t bit = 0; bit < 8 * length; bit++) {
            bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
            assert_true(halsim_digest_bytes(0, bytes, length) != whole);
            bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        }
        assert_true(halsim_digest_bytes(0, bytes, length) == whole);
    }
}

/* What a weak hash forgives: signs flipped together, blocks in another order, silence that is
 * longer. */
static void mistakes_of_audio_do_not_cancel_out(void **state) {
    (void)state;
    float block[960], other[960];
    for (size_t i = 0; i < 960; i++) {
        block[i] = other[i] = (float)i / 1000.0f;
    }
    uint64_t whole = halsim_digest_bytes(0, block, sizeof block);
    for (size_t i = 1; i < 960; i += 2) {
        other[i] = -other[i];
    }
    assert_true(halsim_digest_bytes(0, other, sizeof other) != whole);
    for (size_t rows = 1; rows < 60; rows++) { /* 64 bytes, 128, ... */
        memcpy(other, block, sizeof block);
        memcpy(other, block + 16 * rows, 16 * sizeof block[0]);
        memcpy(other + 16 * rows, block, 16 * sizeof block[0]);
        assert_true(halsim_digest_bytes(0, other, sizeof other) != whole);
    }
    const float zeros[96] = {0};
    for (size_t samples = 1; samples < 96; samples++) {
        assert_true(halsim_digest_bytes(0, zeros, samples * sizeof(float)) !=
                    halsim_digest_bytes(0, zeros, (samples - 1) * sizeof(float)));
    }
}

static CFMutableDictionaryRef dictionary(void) {
    return CFDictionaryCreateMutable(NULL, 0, &kCFTypeDictionaryKeyCallBacks,
                                     &kCFTypeDictionaryValueCallBacks);
}

static void a_property_list_is_its_content(void **state) {
    (void)state;
    /* made at different addresses, in another order */
    CFMutableDictionaryRef a = dictionary();
    CFMutableDictionaryRef b = dictionary();
    CFStringRef one = CFStringCreateWithCString(NULL, "one", kCFStringEncodingUTF8);
    CFMutableStringRef same = CFStringCreateMutable(NULL, 0);
    CFStringAppend(same, CFSTR("on"));
    CFStringAppend(same, CFSTR("e"));
    CFDictionarySetValue(a, CFSTR("x"), one);
    CFDictionarySetValue(a, CFSTR("y"), kCFBooleanTrue);
    CFDictionarySetValue(b, CFSTR("y"), kCFBooleanTrue);
    CFDictionarySetValue(b, CFSTR("x"), same);
    assert_true(halsim_digest_plist(0, a) == halsim_digest_plist(0, b));
    /* swapped */
    CFDictionarySetValue(b, CFSTR("y"), same);
    CFDictionarySetValue(b, CFSTR("x"), kCFBooleanTrue);
    assert_true(halsim_digest_plist(0, a) != halsim_digest_plist(0, b));
    CFRelease(a);
    CFRelease(b);
    CFRelease(one);
    CFRelease(same);
}

static void every_type_and_value_is_its_own(void **state) {
    (void)state;
    const SInt32 integer = 1;
    const SInt64 wide = 1, two = 2;
    const double real = 1.0;
    const UInt8 bytes[] = {'1'};
    const void *const ones[] = {CFSTR("1"), CFSTR("1")};
    const CFTypeRef values[] = {
        NULL,
        CFSTR(""),
        CFSTR("1"),
        CFSTR("11"),
        CFNumberCreate(NULL, kCFNumberSInt32Type, &integer),
        CFNumberCreate(NULL, kCFNumberSInt64Type, &two),
        CFNumberCreate(NULL, kCFNumberDoubleType, &real),
        kCFBooleanTrue,
        kCFBooleanFalse,
        CFDataCreate(NULL, bytes, 1),
        CFDateCreate(NULL, 1.0),
        CFArrayCreate(NULL, NULL, 0, &kCFTypeArrayCallBacks),
        CFArrayCreate(NULL, (const void **)(uintptr_t)ones, 1, &kCFTypeArrayCallBacks),
        CFArrayCreate(NULL, (const void **)(uintptr_t)ones, 2, &kCFTypeArrayCallBacks),
        dictionary(),
    };
    const size_t count = sizeof values / sizeof values[0];
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_true(halsim_digest_plist(0, values[i]) != halsim_digest_plist(0, values[j]));
        }
    }
    /* how wide a number is stored is no content */
    CFNumberRef same = CFNumberCreate(NULL, kCFNumberSInt64Type, &wide);
    assert_true(halsim_digest_plist(0, same) == halsim_digest_plist(0, values[4]));
    CFRelease(same);
    for (size_t i = 0; i < count; i++) {
        if (values[i] != NULL) {
            CFRelease(values[i]);
        }
    }
}

static CFURLRef file(const char *path) {
    return CFURLCreateFromFileSystemRepresentation(NULL, (const UInt8 *)path, (CFIndex)strlen(path),
                                                   false);
}

static void a_url_counts_without_its_folder(void **state) {
    (void)state;
    CFURLRef here = file("/here/icon.icns"), there = file("/there/icon.icns");
    CFURLRef other = file("/here/other.icns");
    assert_true(halsim_digest_plist(0, here) == halsim_digest_plist(0, there));
    assert_true(halsim_digest_plist(0, here) != halsim_digest_plist(0, other));
    CFRelease(here);
    CFRelease(there);
    CFRelease(other);
}

static void a_list_that_contains_itself_has_an_end(void **state) {
    (void)state;
    CFMutableArrayRef array = CFArrayCreateMutable(NULL, 0, NULL);
    CFArrayAppendValue(array, array);
    assert_true(halsim_digest_plist(0, array) == halsim_digest_plist(0, array));
    CFRelease(array);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_the_same_number_everywhere),
        cmocka_unit_test(each_bit_of_a_block_counts),
        cmocka_unit_test(mistakes_of_audio_do_not_cancel_out),
        cmocka_unit_test(a_property_list_is_its_content),
        cmocka_unit_test(every_type_and_value_is_its_own),
        cmocka_unit_test(a_url_counts_without_its_folder),
        cmocka_unit_test(a_list_that_contains_itself_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
