/* CFDictionary, and the hash table below it. */
#include "cf_test.h"

#include <CoreFoundation/CFDictionary.h>
#include <CoreFoundation/CFNumber.h>

static CFMutableDictionaryRef strings(void) {
    return CFDictionaryCreateMutable(NULL, 0, &kCFCopyStringDictionaryKeyCallBacks,
                                     &kCFTypeDictionaryValueCallBacks);
}

static void setting_adds_and_replaces(void **state) {
    (void)state;
    CFMutableDictionaryRef dict = strings();
    CFDictionarySetValue(dict, CFSTR("a"), CFSTR("1"));
    CFDictionarySetValue(dict, CFSTR("b"), CFSTR("2"));
    CFDictionarySetValue(dict, CFSTR("a"), CFSTR("3"));
    assert_int_equal(CFDictionaryGetCount(dict), 2);
    assert_text(CFDictionaryGetValue(dict, CFSTR("a")), "3");
    assert_null(CFDictionaryGetValue(dict, CFSTR("c")));
    CFRelease(dict);
}

static void adding_keeps_what_is_there_and_replacing_needs_it(void **state) {
    (void)state;
    CFMutableDictionaryRef dict = strings();
    CFDictionaryReplaceValue(dict, CFSTR("a"), CFSTR("0"));
    assert_false(CFDictionaryContainsKey(dict, CFSTR("a")));
    CFDictionaryAddValue(dict, CFSTR("a"), CFSTR("1"));
    CFDictionaryAddValue(dict, CFSTR("a"), CFSTR("2"));
    assert_text(CFDictionaryGetValue(dict, CFSTR("a")), "1");
    CFDictionaryReplaceValue(dict, CFSTR("a"), CFSTR("3"));
    assert_text(CFDictionaryGetValue(dict, CFSTR("a")), "3");
    CFRelease(dict);
}

static void a_null_value_differs_from_no_value(void **state) {
    (void)state;
    CFMutableDictionaryRef dict = CFDictionaryCreateMutable(NULL, 0, NULL, NULL);
    const void *value = "untouched";
    CFDictionarySetValue(dict, "key", NULL);
    assert_false(CFDictionaryGetValueIfPresent(dict, "other", &value));
    assert_string_equal(value, "untouched");
    assert_true(CFDictionaryGetValueIfPresent(dict, "key", &value));
    assert_null(value);
    assert_true(CFDictionaryGetValueIfPresent(dict, "key", NULL));
    assert_int_equal(CFDictionaryGetCountOfKey(dict, "key"), 1);
    CFRelease(dict);
}

static void removing_releases_key_and_value(void **state) {
    (void)state;
    double big = 1e100;
    CFNumberRef key = CFNumberCreate(NULL, kCFNumberDoubleType, &big);
    CFStringRef value = CFStringCreateWithCString(NULL, "value", kCFStringEncodingUTF8);
    CFMutableDictionaryRef dict = CFDictionaryCreateMutable(NULL, 0, &kCFTypeDictionaryKeyCallBacks,
                                                            &kCFTypeDictionaryValueCallBacks);
    CFDictionarySetValue(dict, key, value);
    CFDictionarySetValue(dict, key, value); /* the same value over itself */
    assert_int_equal(CFGetRetainCount(key), 2);
    assert_int_equal(CFGetRetainCount(value), 2);
    CFDictionaryRemoveValue(dict, key);
    CFDictionaryRemoveValue(dict, key); /* absent: nothing happens */
    assert_int_equal(CFGetRetainCount(key), 1);
    assert_int_equal(CFGetRetainCount(value), 1);
    CFDictionarySetValue(dict, key, value);
    CFDictionaryRemoveAllValues(dict);
    assert_int_equal(CFDictionaryGetCount(dict), 0);
    assert_int_equal(CFGetRetainCount(key), 1);
    assert_int_equal(CFGetRetainCount(value), 1);
    CFRelease(dict);
    CFRelease(key);
    CFRelease(value);
}

static void a_mutable_string_as_key_is_copied(void **state) {
    (void)state;
    CFMutableDictionaryRef dict = strings();
    CFMutableStringRef key = CFStringCreateMutable(NULL, 0);
    CFStringAppend(key, CFSTR("before"));
    CFDictionarySetValue(dict, key, kCFBooleanTrue);
    CFStringAppend(key, CFSTR(" and after"));
    assert_true(CFDictionaryContainsKey(dict, CFSTR("before")));
    assert_false(CFDictionaryContainsKey(dict, key));
    CFRelease(key);
    CFRelease(dict);
}

static void keys_come_back_in_the_order_they_came(void **state) {
    (void)state;
    CFMutableDictionaryRef dict = strings();
    CFDictionarySetValue(dict, CFSTR("z"), CFSTR("1"));
    CFDictionarySetValue(dict, CFSTR("gone"), CFSTR("x"));
    CFDictionarySetValue(dict, CFSTR("a"), CFSTR("2"));
    CFDictionarySetValue(dict, CFSTR("m"), CFSTR("3"));
    CFDictionarySetValue(dict, CFSTR("z"), CFSTR("4")); /* keeps its place */
    CFDictionaryRemoveValue(dict, CFSTR("gone"));
    const void *keys[3], *values[3];
    CFDictionaryGetKeysAndValues(dict, keys, NULL);
    CFDictionaryGetKeysAndValues(dict, NULL, values);
    assert_text(keys[0], "z");
    assert_text(keys[1], "a");
    assert_text(keys[2], "m");
    assert_text(values[0], "4");
    assert_text(values[2], "3");
    assert_text_and_release(CFStringCreateWithFormat(NULL, NULL, CFSTR("%@"), dict),
                            "{z = 4; a = 2; m = 3;}");
    CFRelease(dict);
}

static void the_first_of_equal_keys_wins_at_creation(void **state) {
    (void)state;
    const void *keys[] = {CFSTR("a"), CFSTR("b"), CFSTR("a")};
    const void *values[] = {CFSTR("1"), CFSTR("2"), CFSTR("3")};
    CFDictionaryRef dict = CFDictionaryCreate(NULL, keys, values, 3, &kCFTypeDictionaryKeyCallBacks,
                                              &kCFTypeDictionaryValueCallBacks);
    assert_int_equal(CFDictionaryGetCount(dict), 2);
    assert_text(CFDictionaryGetValue(dict, CFSTR("a")), "1");
    CFRelease(dict);
}

/* ---- against a model ---------------------------------------------------------------------- */

enum {
    MODEL_KEYS = 500,
    MODEL_STEPS = 20000
};

static uint32_t next_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static CFHashCode all_alike(const void *value) {
    (void)value;
    return 42;
}

static CFHashCode by_last_digit(const void *value) {
    return (uintptr_t)value % 10;
}

/* Random changes, each checked against a plain array. */
static void compare_with_model(const CFDictionaryKeyCallBacks *callbacks, int steps) {
    CFMutableDictionaryRef dict = CFDictionaryCreateMutable(NULL, 0, callbacks, NULL);
    uintptr_t model[MODEL_KEYS] = {0}; /* value, or 0 for absent */
    CFIndex count = 0;
    uint32_t random = 1;
    for (int step = 0; step < steps; step++) {
        uintptr_t key = next_random(&random) % MODEL_KEYS;
        uintptr_t value = next_random(&random) % 1000 + 1;
        const void *found = NULL;
        bool present = CFDictionaryGetValueIfPresent(dict, (const void *)key, &found);
        assert_int_equal(present, model[key] != 0);
        assert_int_equal((uintptr_t)found, model[key]);
        if (next_random(&random) % 5 < 2) {
            CFDictionaryRemoveValue(dict, (const void *)key);
            count -= model[key] != 0;
            model[key] = 0;
        } else {
            CFDictionarySetValue(dict, (const void *)key, (const void *)value);
            count += model[key] == 0;
            model[key] = value;
        }
        assert_int_equal(CFDictionaryGetCount(dict), count);
    }
    const void *keys[MODEL_KEYS], *values[MODEL_KEYS];
    CFDictionaryGetKeysAndValues(dict, keys, values);
    for (CFIndex i = 0; i < count; i++) {
        assert_int_equal((uintptr_t)values[i], model[(uintptr_t)keys[i]]);
        model[(uintptr_t)keys[i]] = 0; /* each only once */
    }
    CFRelease(dict);
}

static void random_changes_agree_with_a_plain_array(void **state) {
    (void)state;
    compare_with_model(NULL, MODEL_STEPS);
}

static void keys_with_the_same_hash_stay_apart(void **state) {
    (void)state;
    const CFDictionaryKeyCallBacks alike = {.hash = all_alike};
    const CFDictionaryKeyCallBacks few = {.hash = by_last_digit};
    compare_with_model(&alike, 3000);
    compare_with_model(&few, MODEL_STEPS);
}

static void adding_and_removing_for_long_loses_nothing(void **state) {
    (void)state;
    CFMutableDictionaryRef dict = CFDictionaryCreateMutable(NULL, 0, NULL, NULL);
    for (uintptr_t i = 0; i < 200000; i++) {
        CFDictionarySetValue(dict, (const void *)i, "x");
        if (i >= 4) {
            CFDictionaryRemoveValue(dict, (const void *)(i - 4));
        }
    }
    assert_int_equal(CFDictionaryGetCount(dict), 4);
    const void *keys[4];
    CFDictionaryGetKeysAndValues(dict, keys, NULL);
    assert_int_equal((uintptr_t)keys[0], 199996);
    CFRelease(dict);
}

/* ---- the rest ----------------------------------------------------------------------------- */

static void values_are_counted_by_equality(void **state) {
    (void)state;
    CFMutableDictionaryRef dict = strings();
    CFDictionarySetValue(dict, CFSTR("a"), CFSTR("same"));
    CFDictionarySetValue(dict, CFSTR("b"), CFSTR("same"));
    CFDictionarySetValue(dict, CFSTR("c"), kCFBooleanTrue);
    CFStringRef same = CFStringCreateWithFormat(NULL, NULL, CFSTR("sa%@"), CFSTR("me"));
    assert_int_equal(CFDictionaryGetCountOfValue(dict, same), 2);
    assert_true(CFDictionaryContainsValue(dict, kCFBooleanTrue));
    assert_false(CFDictionaryContainsValue(dict, kCFBooleanFalse));
    CFRelease(same);
    CFRelease(dict);
}

static void dictionaries_are_equal_whatever_the_order(void **state) {
    (void)state;
    CFMutableDictionaryRef a = strings(), b = strings();
    CFDictionarySetValue(a, CFSTR("x"), CFSTR("1"));
    CFDictionarySetValue(a, CFSTR("y"), CFSTR("2"));
    CFDictionarySetValue(b, CFSTR("y"), CFSTR("2"));
    assert_false(CFEqual(a, b));
    CFDictionarySetValue(b, CFSTR("x"), CFSTR("1"));
    assert_true(CFEqual(a, b));
    assert_int_equal(CFHash(a), CFHash(b));
    CFDictionarySetValue(b, CFSTR("x"), CFSTR("3"));
    assert_false(CFEqual(a, b));
    CFDictionaryRemoveValue(b, CFSTR("x"));
    CFDictionarySetValue(b, CFSTR("z"), CFSTR("1"));
    assert_false(CFEqual(a, b));
    CFRelease(a);
    CFRelease(b);
}

static void a_copy_does_not_follow_the_original(void **state) {
    (void)state;
    CFMutableDictionaryRef dict = strings();
    CFDictionarySetValue(dict, CFSTR("a"), CFSTR("1"));
    CFDictionaryRef copy = CFDictionaryCreateCopy(NULL, dict);
    CFMutableDictionaryRef mutable = CFDictionaryCreateMutableCopy(NULL, 0, copy);
    CFDictionaryRemoveAllValues(dict);
    CFDictionarySetValue(mutable, CFSTR("b"), CFSTR("2"));
    assert_int_equal(CFDictionaryGetCount(copy), 1);
    assert_int_equal(CFDictionaryGetCount(mutable), 2);
    assert_text(CFDictionaryGetValue(mutable, CFSTR("a")), "1");
    CFRelease(mutable);
    CFRelease(copy);
    CFRelease(dict);
}

static void sum(const void *key, const void *value, void *context) {
    *(uintptr_t *)context += (uintptr_t)key * (uintptr_t)value;
}

static void remove_key(const void *key, const void *value, void *dict) {
    (void)value;
    CFDictionaryRemoveValue(dict, key);
}

static void a_function_is_applied_to_every_pair(void **state) {
    (void)state;
    CFMutableDictionaryRef dict = CFDictionaryCreateMutable(NULL, 0, NULL, NULL);
    for (uintptr_t i = 1; i <= 10; i++) {
        CFDictionarySetValue(dict, (const void *)i, (const void *)(i * 2));
    }
    uintptr_t total = 0;
    CFDictionaryApplyFunction(dict, sum, &total);
    assert_int_equal(total, 770);
    CFDictionaryApplyFunction(dict, remove_key, dict);
    assert_fault("CFDictionaryApplyFunction: the dictionary was changed");
    assert_int_equal(CFDictionaryGetCount(dict), 9);
    CFRelease(dict);
}

static CFMutableDictionaryRef watched;
static bool is_adding;
static int releases;

static const void *add_more(CFAllocatorRef allocator, const void *value) {
    (void)allocator;
    if (!is_adding) {
        is_adding = true;
        for (uintptr_t i = 1; i <= 100; i++) {
            CFDictionarySetValue(watched, (const void *)(i + 1000), "more");
        }
        is_adding = false;
    }
    return value;
}

static void count_release(CFAllocatorRef allocator, const void *value) {
    (void)allocator, (void)value;
    releases++;
}

static void a_change_by_the_retain_callback_is_a_fault(void **state) {
    (void)state;
    const CFDictionaryValueCallBacks callbacks = {.retain = add_more, .release = count_release};
    watched = CFDictionaryCreateMutable(NULL, 0, NULL, &callbacks);
    is_adding = true;
    CFDictionarySetValue(watched, "key", "first");
    is_adding = false;
    releases = 0;
    CFDictionarySetValue(watched, "key", "second"); /* the table grows meanwhile */
    assert_fault("CFDictionarySetValue: the dictionary was changed by its own retain callback");
    assert_string_equal(CFDictionaryGetValue(watched, "key"), "first");
    assert_int_equal(releases, 1); /* of the second */
    CFDictionaryAddValue(watched, "other", "third");
    assert_fault("CFDictionaryAddValue: the dictionary was changed");
    assert_false(CFDictionaryContainsKey(watched, "other"));
    assert_int_equal(CFDictionaryGetCount(watched), 101);
    releases = 0;
    CFRelease(watched);
    assert_int_equal(releases, 101);
}

static void let_go_of_the_dictionary(CFAllocatorRef allocator, const void *value) {
    (void)allocator, (void)value;
    if (releases++ == 0) {
        CFRelease(watched);
    }
}

static void a_release_callback_may_let_go_of_the_dictionary(void **state) {
    (void)state;
    const CFDictionaryKeyCallBacks keys = {.release = let_go_of_the_dictionary};
    const CFDictionaryValueCallBacks values = {.release = let_go_of_the_dictionary};
    for (int way = 0; way < 3; way++) {
        watched = CFDictionaryCreateMutable(NULL, 0, &keys, &values);
        CFDictionarySetValue(watched, "a", "1");
        CFDictionarySetValue(watched, "b", "2");
        releases = 0;
        if (way == 0) {
            CFDictionaryRemoveValue(watched, "a");
        } else if (way == 1) {
            CFDictionaryRemoveAllValues(watched);
        } else {
            CFDictionarySetValue(watched, "b", "3");
        }
        assert_int_equal(releases, way == 2 ? 5 : 4);
    }
}

static void misuse_is_a_fault(void **state) {
    (void)state;
    CFDictionaryRef dict = CFDictionaryCreate(NULL, NULL, NULL, 0, NULL, NULL);
    CFDictionarySetValue((CFMutableDictionaryRef)(uintptr_t)dict, "a", "b");
    assert_fault("CFDictionarySetValue: the dictionary is immutable");
    CFDictionaryRemoveAllValues((CFMutableDictionaryRef)(uintptr_t)dict);
    assert_fault("immutable");
    assert_int_equal(CFDictionaryGetCount(dict), 0);
    CFRelease(dict);
    assert_null(CFDictionaryGetValue((CFDictionaryRef)(const void *)CFSTR("x"), "a"));
    assert_fault("CFDictionaryGetValue: wants a CFDictionary, was given a CFString");
    assert_null(CFDictionaryCreate(NULL, NULL, NULL, -1, NULL, NULL));
    assert_fault("CFDictionaryCreate: -1 values");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CF_TEST(setting_adds_and_replaces),
        CF_TEST(adding_keeps_what_is_there_and_replacing_needs_it),
        CF_TEST(a_null_value_differs_from_no_value),
        CF_TEST(removing_releases_key_and_value),
        CF_TEST(a_mutable_string_as_key_is_copied),
        CF_TEST(keys_come_back_in_the_order_they_came),
        CF_TEST(the_first_of_equal_keys_wins_at_creation),
        CF_TEST(random_changes_agree_with_a_plain_array),
        CF_TEST(keys_with_the_same_hash_stay_apart),
        CF_TEST(adding_and_removing_for_long_loses_nothing),
        CF_TEST(values_are_counted_by_equality),
        CF_TEST(dictionaries_are_equal_whatever_the_order),
        CF_TEST(a_copy_does_not_follow_the_original),
        CF_TEST(a_function_is_applied_to_every_pair),
        CF_TEST(a_change_by_the_retain_callback_is_a_fault),
        CF_TEST(a_release_callback_may_let_go_of_the_dictionary),
        CF_TEST(misuse_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
