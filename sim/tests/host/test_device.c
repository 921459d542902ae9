/* Are the devices of a plug-in found, counted, named and read as they are? */
#include "loop_host.h"

#include "halsdk/halsdk.h"
#include <setjmp.h>

static void only_living_devices_count_against_the_limit(void **state) {
    (void)state;
    struct halsim_host *host = loop_host("two-devices", NULL);
    uint32_t plugin = 0;
    for (uint32_t round = 1; round <= 40; round++) { /* 80 devices, two of them at a time */
        assert_ok(halsim_plugin_unload(host, plugin, error));
        assert_ok(halsim_plugin_load(host, LOOP_DRIVER, &plugin, error));
        uint32_t device;
        assert_ok(halsim_device_find(host, "Loop B", &device, error));
        assert_int_equal(device, 2 * round + 1);
    }
    assert_int_equal(halsim_device_count(host), 82);
    /* The old indexes are nobody's; the new ones work. */
    struct halsim_device_info info;
    struct halsim_error failure = {0};
    assert_false(halsim_device_info(host, 79, &info, &failure));
    assert_int_equal(failure.status, HALSIM_ERROR_NOT_FOUND);
    uint32_t client;
    assert_ok(halsim_client_add(host, 81, NULL, &client, error));
    assert_ok(halsim_io_start(host, 81, client, error));
    assert_ok(halsim_io_run_cycles(host, 81, 10, error));
    assert_ok(halsim_device_info(host, 81, &info, error));
    assert_int_equal(info.device, 81);
    assert_int_equal(info.object.id, 12);
    halsim_host_destroy(host);
}

static void a_driver_that_does_not_say_its_streams_is_refused(void **state) {
    (void)state;
    struct halsim_error failure = {0};
    assert_null(loop_host_try(NULL, "no-stream-list", &failure));
    assert_non_null(strstr(failure.message, "'stm#'"));
    /* Also when nobody wants to know why. */
    assert_null(loop_host_try(NULL, "no-stream-list", NULL));
}

#ifdef __linux__ /* a Mac's CoreFoundation does not tell: it crashes */

static jmp_buf out_of_the_fault;
static struct halsim_call_info blamed;

static void on_fault(const char *what, const void *object, void *context) {
    (void)what, (void)object, (void)context;
    const struct halsim_call_info *call = halsim_call_current();
    blamed = call != NULL ? *call : (struct halsim_call_info){0};
    longjmp(out_of_the_fault, 1);
}

static void a_string_that_is_no_object_is_blamed_on_its_getter(void **state) {
    (void)state;
    static const struct halsim_object device = {0, 2};
    static const AudioObjectPropertyAddress manufacturer = {kAudioObjectPropertyManufacturer,
                                                            kAudioObjectPropertyScopeGlobal, 0};
    static struct halsim_host *host; /* static: the jump leaves it alone */
    host = loop_host(NULL, "no-object");
    memset(&blamed, 0, sizeof blamed);
    halsdk_set_fault_handler(on_fault, NULL);
    if (setjmp(out_of_the_fault) == 0) {
        free(halsim_property_get_string(host, device, &manufacturer, NULL));
        fail_msg("the runtime took characters for an object");
    }
    halsim_property_end_inspection(); /* where the jump led out of */
    halsdk_set_fault_handler(NULL, NULL);
    assert_string_equal(blamed.entry_point, "GetPropertyData");
    assert_int_equal(blamed.object, 2);
    assert_int_equal(blamed.code, kAudioObjectPropertyManufacturer);
    assert_null(halsim_call_current());
    halsim_host_destroy(host);
}

#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_living_devices_count_against_the_limit),
        cmocka_unit_test(a_driver_that_does_not_say_its_streams_is_refused),
#ifdef __linux__
        cmocka_unit_test(a_string_that_is_no_object_is_blamed_on_its_getter),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
