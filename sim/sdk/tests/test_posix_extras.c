/* What macOS adds to POSIX: thread names and IDs, sysctlbyname, malloc_size, an empty IOKit. */
#define _GNU_SOURCE
#include "death.h"
#include <IOKit/IOKitLib.h>
#include <IOKit/hidsystem/IOHIDParameter.h>
#include <IOKit/hidsystem/IOHIDShared.h>
#include <errno.h>
#include <malloc/malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/sysctl.h>

static void assert_own_name(const char *expected) {
    char name[16];

    assert_int_equal(pthread_getname_np(pthread_self(), name, sizeof name), 0);
    assert_string_equal(name, expected);
}

static void a_thread_is_named_in_the_form_of_either_system(void **state) {
    (void)state;
    assert_int_equal(pthread_setname_np("darwin form"), 0);
    assert_own_name("darwin form");
    assert_int_equal(pthread_setname_np(pthread_self(), "linux form"), 0);
    assert_own_name("linux form");
}

static void a_long_name_is_cut_at_a_character(void **state) {
    char endless[65];

    (void)state;
    assert_int_equal(pthread_setname_np("com.example.driver.io"), 0);
    assert_own_name("com.example.dri");
    assert_int_equal(pthread_setname_np("fourteen bytes\xc3\xa4"), 0);
    assert_own_name("fourteen bytes");
    memset(endless, 'x', 64);
    endless[64] = '\0';
    assert_int_equal(pthread_setname_np(endless), ENAMETOOLONG);
    endless[63] = '\0';
    assert_int_equal(pthread_setname_np(endless), 0);
}

struct identity {
    pthread_barrier_t asked;
    uint64_t own;
    int is_main;
};

static void *tell_id(void *argument) {
    struct identity *identity = argument;

    pthread_threadid_np(NULL, &identity->own);
    identity->is_main = pthread_main_np();
    pthread_barrier_wait(&identity->asked);
    pthread_barrier_wait(&identity->asked);
    return NULL;
}

static void thread_ids_agree_whoever_asks(void **state) {
    struct identity identity;
    uint64_t seen = 0, mine = 0;
    pthread_t thread;

    (void)state;
    pthread_barrier_init(&identity.asked, NULL, 2);
    assert_int_equal(pthread_create(&thread, NULL, tell_id, &identity), 0);
    pthread_barrier_wait(&identity.asked);
    assert_int_equal(pthread_threadid_np(thread, &seen), 0);
    assert_int_equal(seen, identity.own);
    assert_int_equal(pthread_mach_thread_np(thread), identity.own);
    assert_false(identity.is_main);
    pthread_barrier_wait(&identity.asked);
    pthread_join(thread, NULL);
    assert_int_equal(pthread_threadid_np(pthread_self(), &mine), 0);
    assert_int_equal(mine, getpid());
    assert_int_equal(pthread_main_np(), 1);
    assert_int_not_equal(mine, seen);
    assert_int_equal(pthread_threadid_np(NULL, NULL), EINVAL);
    pthread_barrier_destroy(&identity.asked);
}

static void sysctlbyname_knows_the_machine(void **state) {
    int processors = 0;
    uint64_t memory = 0;
    size_t size = sizeof processors;

    (void)state;
    assert_int_equal(sysctlbyname("hw.ncpu", &processors, &size, NULL, 0), 0);
    assert_int_equal(size, sizeof processors);
    assert_int_equal(processors, sysconf(_SC_NPROCESSORS_ONLN));
    size = sizeof memory;
    assert_int_equal(sysctlbyname("hw.memsize", &memory, &size, NULL, 0), 0);
    assert_true(memory > 1 << 20);
}

static void assert_release(const char *macos, const char *darwin) {
    char text[32] = "";
    size_t size = sizeof text;

    if (macos)
        setenv("HALSDK_MACOS_VERSION", macos, 1);
    else
        unsetenv("HALSDK_MACOS_VERSION");
    assert_int_equal(sysctlbyname("kern.osrelease", text, &size, NULL, 0), 0);
    assert_string_equal(text, darwin);
    assert_int_equal(size, strlen(darwin) + 1);
}

static void the_release_is_the_one_that_the_host_plays(void **state) {
    char text[4];
    size_t size = 0;

    (void)state;
    assert_release("10.15", "19.0.0");
    assert_release("11.5", "20.5.0");
    assert_release("15.0", "24.0.0");
    assert_release("26.1", "25.1.0");
    assert_release(NULL, "24.0.0");
    assert_int_equal(sysctlbyname("kern.osproductversion", NULL, &size, NULL, 0), 0);
    assert_int_equal(size, 5);
    size = sizeof text;
    assert_int_equal(sysctlbyname("kern.osproductversion", text, &size, NULL, 0), -1);
    assert_int_equal(errno, ENOMEM);
    assert_memory_equal(text, "15.0", 4);
}

static void unknown_names_and_writing_are_refused(void **state) {
    int value = 1;
    size_t size = sizeof value;

    (void)state;
    assert_int_equal(sysctlbyname("hw.unicorns", &value, &size, NULL, 0), -1);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(sysctlbyname("hw.ncpu", NULL, NULL, &value, sizeof value), -1);
    assert_int_equal(errno, EPERM);
}

static void malloc_size_is_at_least_what_was_asked_for(void **state) {
    void *block = malloc(100);

    (void)state;
    assert_true(malloc_size(block) >= 100);
    assert_int_equal(malloc_size(NULL), 0);
    free(block);
}

static void the_io_registry_is_empty(void **state) {
    io_iterator_t iterator = 7;
    mach_port_t port = 7;
    CFMutableDictionaryRef properties = (CFMutableDictionaryRef)&port;

    (void)state;
    assert_int_equal((unsigned)kIOReturnUnsupported, 0xE00002C7u);
    assert_int_equal(IOMasterPort(MACH_PORT_NULL, &port), kIOReturnUnsupported);
    assert_int_equal(port, MACH_PORT_NULL);
    assert_int_equal(
        IOServiceGetMatchingServices(port, IOServiceMatching(kIOHIDSystemClass), &iterator),
        kIOReturnUnsupported);
    assert_int_equal(iterator, IO_OBJECT_NULL);
    assert_int_equal(IOIteratorNext(iterator), IO_OBJECT_NULL);
    assert_int_equal(IORegistryEntryCreateCFProperties(0, &properties, NULL, 0),
                     kIOReturnUnsupported);
    assert_null(properties);
    assert_int_equal(IOObjectRelease(iterator), kIOReturnUnsupported);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_is_named_in_the_form_of_either_system),
        cmocka_unit_test(a_long_name_is_cut_at_a_character),
        cmocka_unit_test(thread_ids_agree_whoever_asks),
        cmocka_unit_test(sysctlbyname_knows_the_machine),
        cmocka_unit_test(the_release_is_the_one_that_the_host_plays),
        cmocka_unit_test(unknown_names_and_writing_are_refused),
        cmocka_unit_test(malloc_size_is_at_least_what_was_asked_for),
        cmocka_unit_test(the_io_registry_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
