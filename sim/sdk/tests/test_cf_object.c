/* test_cf_object.c - life, death and misuse of objects. */
#include "cf_test.h"

#include <CoreFoundation/CFData.h>
#include <CoreFoundation/CFNumber.h>
#include <CoreFoundation/CFUUID.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static CFNumberRef number(int value) {
    return CFNumberCreate(NULL, kCFNumberIntType, &value);
}

static bool malloc_reuses_at_once(void) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return false; /* sanitizers have a quarantine of their own */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    return false;
#else
    return true;
#endif
#else
    return true;
#endif
}

/* ---- counting ----------------------------------------------------------------------------- */

static void a_new_object_has_one_reference(void **state) {
    (void)state;
    CFNumberRef object = number(1);
    assert_int_equal(CFGetRetainCount(object), 1);
    assert_ptr_equal(CFRetain(object), object);
    assert_int_equal(CFGetRetainCount(object), 2);
    CFRelease(object);
    assert_int_equal(CFGetRetainCount(object), 1);
    CFRelease(object);
}

static void the_last_release_frees(void **state) {
    (void)state;
    size_t before = halsdk_live_objects("CFNumber");
    CFNumberRef object = number(1);
    assert_int_equal(halsdk_live_objects("CFNumber"), before + 1);
    CFRetain(object);
    CFRelease(object);
    assert_int_equal(halsdk_live_objects("CFNumber"), before + 1);
    CFRelease(object);
    assert_int_equal(halsdk_live_objects("CFNumber"), before);
}

static void a_literal_survives_release(void **state) {
    (void)state;
    CFStringRef literal = CFSTR("a literal");
    for (int i = 0; i < 3; i++) {
        CFRelease(literal);
    }
    assert_text(literal, "a literal");
    assert_int_equal(CFGetRetainCount(literal), LONG_MAX);
    assert_ptr_equal(CFRetain(literal), literal);
}

static void constants_survive_release(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) {
        CFRelease(kCFBooleanTrue);
        CFRelease(kCFNull);
        CFRelease(kCFAllocatorSystemDefault);
        CFRelease(kCFNumberNaN);
    }
    assert_true(CFBooleanGetValue(kCFBooleanTrue));
    assert_int_equal(CFGetRetainCount(kCFNull), LONG_MAX);
}

static void constants_do_not_count_as_live(void **state) {
    (void)state;
    size_t before = halsdk_live_objects(NULL);
    assert_non_null(CFSTR("not seen before, not counted"));
    assert_non_null(
        CFUUIDGetConstantUUIDWithBytes(NULL, 9, 9, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1));
    assert_int_equal(halsdk_live_objects(NULL), before);
}

static void live_objects_are_counted_by_class(void **state) {
    (void)state;
    CFNumberRef one = number(1), two = number(2);
    CFDataRef data = CFDataCreate(NULL, (const UInt8 *)"x", 1);
    char text[64];
    assert_int_equal(halsdk_describe_live_objects(text, sizeof text), 3);
    assert_string_equal(text, "CFData 1, CFNumber 2");
    assert_int_equal(halsdk_live_objects("CFData"), 1);
    assert_int_equal(halsdk_live_objects("CFNoSuchThing"), 0);
    assert_int_equal(halsdk_live_objects(NULL), 3);

    /* Cut to the buffer, the count complete. */
    char small[9] = "xxxxxxxx";
    assert_int_equal(halsdk_describe_live_objects(small, sizeof small), 3);
    assert_string_equal(small, "CFData 1");
    assert_int_equal(halsdk_describe_live_objects(NULL, 0), 3);
    CFRelease(one);
    CFRelease(two);
    CFRelease(data);
}

/* ---- polymorphic functions ---------------------------------------------------------------- */

static void objects_know_their_type(void **state) {
    (void)state;
    CFNumberRef object = number(1);
    assert_int_equal(CFGetTypeID(object), CFNumberGetTypeID());
    assert_int_equal(CFGetTypeID(CFSTR("x")), CFStringGetTypeID());
    assert_int_equal(CFGetTypeID(kCFNull), CFNullGetTypeID());
    assert_int_equal(CFGetTypeID(kCFBooleanFalse), CFBooleanGetTypeID());
    assert_int_equal(CFGetTypeID(kCFAllocatorNull), CFAllocatorGetTypeID());
    assert_true(CFNumberGetTypeID() != CFBooleanGetTypeID());
    assert_text_and_release(CFCopyTypeIDDescription(CFNumberGetTypeID()), "CFNumber");
    assert_null(CFCopyTypeIDDescription(9999));
    CFRelease(object);
}

static void objects_of_different_classes_are_not_equal(void **state) {
    (void)state;
    CFNumberRef one = number(1), also_one = number(1);
    assert_true(CFEqual(one, also_one));
    assert_int_equal(CFHash(one), CFHash(also_one));
    assert_false(CFEqual(one, kCFBooleanTrue));
    assert_false(CFEqual(one, CFSTR("1")));
    assert_false(CFEqual(kCFBooleanTrue, kCFBooleanFalse));
    assert_true(CFEqual(kCFNull, kCFNull));
    CFRelease(one);
    CFRelease(also_one);
}

static void descriptions_name_class_and_value(void **state) {
    (void)state;
    CFNumberRef object = number(42);
    char expected[128];
    snprintf(expected, sizeof expected, "<CFNumber %p>{value = +42, type = kCFNumberSInt32Type}",
             (const void *)object);
    assert_text_and_release(CFCopyDescription(object), expected);
    snprintf(expected, sizeof expected, "<CFString %p>{contents = \"abc\"}",
             (const void *)CFSTR("abc"));
    assert_text_and_release(CFCopyDescription(CFSTR("abc")), expected);
    CFRelease(object);
}

/* What `show` writes to stderr. */
static void capture_stderr(CFTypeRef object, char *text, size_t size) {
    FILE *file = tmpfile();
    assert_non_null(file);
    int saved = dup(STDERR_FILENO);
    fflush(stderr);
    dup2(fileno(file), STDERR_FILENO);
    CFShow(object);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
}

static void show_prints_one_line_on_stderr(void **state) {
    (void)state;
    char text[128];
    capture_stderr(CFSTR("gr\u00fc\u00dfe"), text, sizeof text);
    assert_string_equal(text, "gr\u00fc\u00dfe\n");
    capture_stderr(kCFBooleanTrue, text, sizeof text);
    assert_string_equal(text, "true\n");
    capture_stderr(NULL, text, sizeof text);
    assert_string_equal(text, "(null)\n");
}

/* ---- misuse ------------------------------------------------------------------------------- */

static void an_over_release_is_a_fault_that_names_the_class(void **state) {
    (void)state;
    CFNumberRef object = number(1);
    CFRelease(object);
    CFRelease(object);
    assert_fault("CFRelease: the CFNumber has been freed");
    assert_ptr_equal(cf_test.object, object);
}

static void the_use_of_a_freed_object_is_a_fault(void **state) {
    (void)state;
    CFStringRef object = CFStringCreateWithCString(NULL, "gone", kCFStringEncodingASCII);
    CFRelease(object);
    assert_int_equal(CFStringGetLength(object), 0);
    assert_fault("CFStringGetLength: the CFString has been freed");
    assert_ptr_equal(CFRetain(object), object);
    assert_fault("CFRetain: the CFString has been freed");
    assert_int_equal(CFGetTypeID(object), 0);
    assert_fault("has been freed");
    assert_false(CFEqual(object, CFSTR("gone")));
    assert_fault("has been freed");
}

static void a_freed_object_is_known_until_many_others_were_freed(void **state) {
    (void)state;
    CFNumberRef object = number(1);
    CFRelease(object);
    for (int i = 0; i < 1000; i++) {
        CFRelease(number(i));
    }
    CFRelease(object);
    assert_fault("has been freed");
}

static void the_quarantine_does_not_grow(void **state) {
    (void)state;
    /* With 1024 places, of any 1500 objects freed in turn some address must come back. */
    enum {
        COUNT = 1500
    };
    static CFNumberRef seen[COUNT];
    bool again = false;
    for (int i = 0; i < COUNT && !again; i++) {
        seen[i] = number(i);
        for (int j = 0; j < i && !again; j++) {
            again = seen[j] == seen[i];
        }
        CFRelease(seen[i]);
    }
    assert_true(again || !malloc_reuses_at_once());
}

static void what_is_no_object_is_a_fault(void **state) {
    (void)state;
    static const uint64_t zeros[4];
    static const uint64_t junk[4] = {0x4141414141414141, 1, 2, 3};
    CFRelease(NULL);
    assert_fault("CFRelease: the object is NULL");
    CFRelease(zeros);
    assert_fault("CFRelease: this is not an object");
    CFRetain(junk);
    assert_fault("CFRetain: this is not an object");
    CFRelease((CFTypeRef)(uintptr_t)0x10);
    assert_fault("this is not an object");
    CFRelease((const char *)junk + 3);
    assert_fault("this is not an object");
    assert_int_equal(CFHash(NULL), 0);
    assert_fault("is NULL");
}

static void an_object_of_the_wrong_class_is_a_fault(void **state) {
    (void)state;
    CFNumberRef object = number(1);
    assert_int_equal(CFStringGetLength((CFStringRef)(const void *)object), 0);
    assert_fault("CFStringGetLength: wants a CFString, was given a CFNumber");
    assert_false(CFBooleanGetValue((CFBooleanRef)(const void *)object));
    assert_fault("CFBooleanGetValue: wants a CFBoolean, was given a CFNumber");
    assert_int_equal(CFDataGetLength((CFDataRef)(const void *)CFSTR("text")), 0);
    assert_fault("wants a CFData, was given a CFString");
    CFRelease(object);
}

static jmp_buf out_of_fault;

static void jump(const char *what, const void *object, void *context) {
    (void)what, (void)object;
    *(int *)context += 1;
    longjmp(out_of_fault, 1);
}

static void a_fault_handler_may_jump_away(void **state) {
    (void)state;
    int faults = 0;
    halsdk_set_fault_handler(jump, &faults);
    for (int i = 0; i < 2; i++) {
        if (setjmp(out_of_fault) == 0) {
            CFRelease(NULL);
            fail_msg("the handler did not jump");
        }
    }
    assert_int_equal(faults, 2);
}

static void without_a_handler_a_fault_aborts_with_a_line(void **state) {
    (void)state;
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(pipes[1], STDERR_FILENO);
        signal(SIGABRT, SIG_DFL); /* cmocka catches it */
        halsdk_set_fault_handler(NULL, NULL);
        CFNumberRef object = number(1);
        CFRelease(object);
        CFRelease(object);
        _exit(0);
    }
    close(pipes[1]);
    char text[256];
    ssize_t size = read(pipes[0], text, sizeof text - 1);
    close(pipes[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_true(size > 0);
    text[size] = '\0';
    assert_non_null(strstr(text, "halsdk: fault: CFRelease: the CFNumber has been freed"));
}

/* ---- autorelease -------------------------------------------------------------------------- */

static void a_pool_releases_when_it_is_popped(void **state) {
    (void)state;
    size_t before = halsdk_live_objects("CFNumber");
    size_t outer = halsdk_autorelease_push();
    CFNumberRef kept = number(0);
    assert_ptr_equal(CFAutorelease(kept), kept);
    size_t inner = halsdk_autorelease_push();
    for (int i = 0; i < 40; i++) {
        CFAutorelease(number(i));
    }
    assert_int_equal(halsdk_live_objects("CFNumber"), before + 41);
    halsdk_autorelease_pop(inner);
    assert_int_equal(halsdk_live_objects("CFNumber"), before + 1);
    halsdk_autorelease_pop(outer);
    assert_int_equal(halsdk_live_objects("CFNumber"), before);
}

static void the_pop_of_an_outer_pool_ends_those_within_it(void **state) {
    (void)state;
    size_t before = halsdk_live_objects("CFNumber");
    size_t outer = halsdk_autorelease_push();
    CFAutorelease(number(1));
    size_t inner = halsdk_autorelease_push();
    CFAutorelease(number(2));
    halsdk_autorelease_pop(outer);
    assert_int_equal(halsdk_live_objects("CFNumber"), before);
    halsdk_autorelease_pop(inner); /* too late: nothing is released twice */
    size_t next = halsdk_autorelease_push();
    assert_int_equal(next, outer);
    CFAutorelease(number(3));
    assert_int_equal(halsdk_live_objects("CFNumber"), before + 1);
    halsdk_autorelease_pop(next);
    assert_int_equal(halsdk_live_objects("CFNumber"), before);
}

static void *autorelease_without_a_pool(void *count) {
    CFAutorelease(number(1));
    *(size_t *)count = halsdk_live_objects("CFNumber");
    return NULL;
}

static void the_end_of_a_thread_releases_what_it_autoreleased(void **state) {
    (void)state;
    size_t before = halsdk_live_objects("CFNumber"), meanwhile = 0;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, autorelease_without_a_pool, &meanwhile), 0);
    pthread_join(thread, NULL);
    assert_int_equal(meanwhile, before + 1);
    assert_int_equal(halsdk_live_objects("CFNumber"), before);
}

/* An object whose end autoreleases another one, ten deep. */
static void release_and_autorelease_again(const void *info);

static void autorelease_chain(int depth) {
    CFAllocatorContext context = {.info = (void *)(intptr_t)depth,
                                  .release = release_and_autorelease_again};
    CFAutorelease(CFAllocatorCreate(NULL, &context));
}

static void release_and_autorelease_again(const void *info) {
    int depth = (int)(intptr_t)info;
    if (depth > 0) {
        autorelease_chain(depth - 1);
    }
}

static void *autorelease_a_chain(void *unused) {
    autorelease_chain(10);
    return unused;
}

static void what_is_autoreleased_while_a_thread_ends_is_released_too(void **state) {
    (void)state;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, autorelease_a_chain, NULL), 0);
    pthread_join(thread, NULL);
    assert_int_equal(halsdk_live_objects("CFAllocator"), 0);
}

/* ---- the quarantine's switch -------------------------------------------------------------- */

/* In a process of its own: the switch is read once. Frees one object and says whether its memory is
 * given out again at once, as malloc() does with what was freed last. */
static int child_without_quarantine(void) {
    CFNumberRef object = number(1);
    uintptr_t address = (uintptr_t)object;
    CFRelease(object);
    CFNumberRef next = number(2);
    int reused = (uintptr_t)next == address;
    CFRelease(next);
    return reused ? 10 : 11;
}

static int run_child(const char *setting) {
    pid_t child = fork();
    if (child == 0) {
        setenv("HALSDK_QUARANTINE", setting, 1);
        execl("/proc/self/exe", "test", "--child", (char *)NULL);
        _exit(99);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void the_environment_switches_the_quarantine_off(void **state) {
    (void)state;
    assert_int_equal(run_child("1"), 11);
    if (malloc_reuses_at_once()) {
        assert_int_equal(run_child("0"), 10);
    }
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--child") == 0) {
        return child_without_quarantine();
    }
    const struct CMUnitTest tests[] = {
        CF_TEST(a_new_object_has_one_reference),
        CF_TEST(the_last_release_frees),
        CF_TEST(a_literal_survives_release),
        CF_TEST(constants_survive_release),
        CF_TEST(constants_do_not_count_as_live),
        CF_TEST(live_objects_are_counted_by_class),
        CF_TEST(objects_know_their_type),
        CF_TEST(objects_of_different_classes_are_not_equal),
        CF_TEST(descriptions_name_class_and_value),
        CF_TEST(show_prints_one_line_on_stderr),
        CF_TEST(an_over_release_is_a_fault_that_names_the_class),
        CF_TEST(the_use_of_a_freed_object_is_a_fault),
        CF_TEST(a_freed_object_is_known_until_many_others_were_freed),
        CF_TEST(the_quarantine_does_not_grow),
        CF_TEST(what_is_no_object_is_a_fault),
        CF_TEST(an_object_of_the_wrong_class_is_a_fault),
        CF_TEST(a_fault_handler_may_jump_away),
        CF_TEST(without_a_handler_a_fault_aborts_with_a_line),
        CF_TEST(a_pool_releases_when_it_is_popped),
        CF_TEST(the_pop_of_an_outer_pool_ends_those_within_it),
        CF_TEST(the_end_of_a_thread_releases_what_it_autoreleased),
        CF_TEST(what_is_autoreleased_while_a_thread_ends_is_released_too),
        CF_TEST(the_environment_switches_the_quarantine_off),
    };
    return cmocka_run_group_tests_name("cf_object", tests, NULL, NULL);
}
