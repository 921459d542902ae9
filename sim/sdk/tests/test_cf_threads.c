/* test_cf_threads.c - what several threads may do at once. Worth most under ThreadSanitizer. */
#include "cf_test.h"

#include <CoreFoundation/CFNumber.h>
#include <CoreFoundation/CFUUID.h>
#include <pthread.h>

enum {
    THREADS = 4,
    ROUNDS = 2000,
    NAMES = 200
};

static pthread_barrier_t start;

static void run(void *(*body)(void *), void *arguments[THREADS]) {
    pthread_t threads[THREADS];
    pthread_barrier_init(&start, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, body, arguments[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    pthread_barrier_destroy(&start);
}

static void *retain_and_release(void *object) {
    pthread_barrier_wait(&start);
    for (int i = 0; i < ROUNDS; i++) {
        CFRetain(object);
        CFRelease(object);
    }
    return NULL;
}

static void counting_loses_nothing(void **state) {
    (void)state;
    CFStringRef object = CFStringCreateWithCString(NULL, "shared", kCFStringEncodingUTF8);
    void *shared = (void *)(uintptr_t)object;
    run(retain_and_release, (void *[]){shared, shared, shared, shared});
    assert_int_equal(CFGetRetainCount(object), 1);
    CFRelease(object);
}

static void *write_and_let_go(void *object) {
    pthread_barrier_wait(&start);
    /* What this thread reads must have happened before whichever thread frees. */
    assert_int_equal(CFStringGetLength(object), 6);
    CFRelease(object);
    return NULL;
}

static void the_last_of_many_threads_frees(void **state) {
    (void)state;
    for (int round = 0; round < 50; round++) {
        CFMutableStringRef object = CFStringCreateMutable(NULL, 0);
        CFStringAppend(object, CFSTR("shared"));
        void *arguments[THREADS];
        for (int i = 0; i < THREADS; i++) {
            arguments[i] = (void *)(uintptr_t)CFRetain(object);
        }
        CFRelease(object);
        run(write_and_let_go, arguments);
    }
}

static void *make_and_free(void *unused) {
    (void)unused;
    pthread_barrier_wait(&start);
    for (int i = 0; i < ROUNDS; i++) {
        CFRelease(CFNumberCreate(NULL, kCFNumberIntType, &i));
    }
    return NULL;
}

static void freeing_through_the_quarantine_is_safe(void **state) {
    (void)state;
    run(make_and_free, (void *[THREADS]){0});
}

struct seen {
    CFTypeRef objects[NAMES];
};

static void *intern(void *argument) {
    struct seen *seen = argument;
    pthread_barrier_wait(&start);
    for (int i = 0; i < NAMES; i++) {
        char name[32];
        snprintf(name, sizeof name, "interned by threads %d", i);
        seen->objects[i] = __CFStringMakeConstantString(name);
    }
    return NULL;
}

static void *unique(void *argument) {
    struct seen *seen = argument;
    pthread_barrier_wait(&start);
    for (int i = 0; i < NAMES; i++) {
        seen->objects[i] = CFUUIDGetConstantUUIDWithBytes(NULL, (UInt8)i, 3, 3, 3, 3, 3, 3, 3, 3, 3,
                                                          3, 3, 3, 3, 3, 3);
    }
    return NULL;
}

static void assert_all_threads_see_the_same(void *(*body)(void *)) {
    static struct seen seen[THREADS];
    run(body, (void *[]){&seen[0], &seen[1], &seen[2], &seen[3]});
    for (int i = 0; i < NAMES; i++) {
        for (int thread = 1; thread < THREADS; thread++) {
            assert_ptr_equal(seen[thread].objects[i], seen[0].objects[i]);
        }
        assert_true(i == 0 || seen[0].objects[i] != seen[0].objects[i - 1]);
    }
}

static void literals_are_one_object_on_all_threads(void **state) {
    (void)state;
    assert_all_threads_see_the_same(intern);
}

static void constant_uuids_are_one_object_on_all_threads(void **state) {
    (void)state;
    assert_all_threads_see_the_same(unique);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CF_TEST(counting_loses_nothing),
        CF_TEST(the_last_of_many_threads_frees),
        CF_TEST(freeing_through_the_quarantine_is_safe),
        CF_TEST(literals_are_one_object_on_all_threads),
        CF_TEST(constant_uuids_are_one_object_on_all_threads),
    };
    return cmocka_run_group_tests_name("cf_threads", tests, NULL, NULL);
}
