/* What does the host make of a bundle, good or bad? */
#include "loop_host.h"

#include <sys/stat.h>
#include <unistd.h>

static void a_good_driver_shows_its_devices_as_they_are(void **state) {
    (void)state;
    struct halsim_host *host = loop_host("two-devices", NULL);
    assert_int_equal(halsim_device_count(host), 2);
    struct halsim_device_info info;
    assert_ok(halsim_device_info(host, 1, &info, error));
    assert_string_equal(info.name, "Loop B");
    assert_string_equal(info.uid, "Loop_B_UID");
    assert_true(info.nominal_rate == 48000.0);
    assert_int_equal(info.buffer_frames, 480);
    assert_int_equal(info.stream_count, 2);
    assert_true(info.streams[0].is_input);
    assert_false(info.streams[1].is_input);
    assert_int_equal(info.streams[1].id, 14);
    uint32_t found;
    assert_ok(halsim_device_find(host, "Loop A", &found, error));
    assert_int_equal(found, 0);
    assert_ok(halsim_device_find(host, "Loop_B_UID", &found, error));
    assert_int_equal(found, 1);
    struct halsim_error failure;
    assert_false(halsim_device_find(host, "Lop A", &found, &failure));
    assert_non_null(strstr(failure.message, "\"Loop A\" (Loop_A_UID)"));
    halsim_host_destroy(host);
}

static void what_the_driver_refuses_is_said_in_one_line(void **state) {
    (void)state;
    const struct {
        const char *fault;
        enum halsim_status status;
        const char *words;
    } cases[] = {
        {"factory-null", HALSIM_ERROR_FACTORY, "Loop_Create() returned NULL"},
        {"no-driver-interface", HALSIM_ERROR_FACTORY, "EEA5773D-CC43-49F1-8E00-8F96E7D23B17"},
        {"error:Initialize", HALSIM_ERROR_FACTORY, "Initialize answered 'what'"},
        {"error:GetPropertyData", HALSIM_ERROR_DRIVER, "'dev#'"},
        {"claims-too-much", HALSIM_ERROR_CONTRACT, "bytes written where"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct halsim_error failure = {0};
        assert_null(loop_host_try(NULL, cases[i].fault, &failure));
        assert_int_equal(failure.status, cases[i].status);
        if (strstr(failure.message, cases[i].words) == NULL) {
            fail_msg("%s: \"%s\" does not say \"%s\"", cases[i].fault, failure.message,
                     cases[i].words);
        }
        assert_null(strchr(failure.message, '\n'));
    }
}

/* ---- bundles that are broken on disk ------------------------------------------------------- */

static char folder[128];

static void write_file(const char *name, const char *text) {
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    (void)fclose(file);
}

static int make_bundle(void **state) {
    (void)state;
    (void)snprintf(folder, sizeof folder, "load-test-%d.driver", (int)getpid());
    char contents[160], macos[192];
    (void)snprintf(contents, sizeof contents, "%s/Contents", folder);
    (void)snprintf(macos, sizeof macos, "%s/MacOS", contents);
    return mkdir(folder, 0700) != 0 || mkdir(contents, 0700) != 0 || mkdir(macos, 0700) != 0;
}

static int remove_bundle(void **state) {
    (void)state;
    const char *names[] = {"Contents/MacOS/X", "Contents/Info.plist", "Contents/MacOS", "Contents",
                           ""};
    for (size_t i = 0; i < 5; i++) {
        char path[256];
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)remove(path);
    }
    return 0;
}

#define HEAD       "<?xml version=\"1.0\"?><plist version=\"1.0\"><dict>"
#define TAIL       "</dict></plist>"
#define EXECUTABLE "<key>CFBundleExecutable</key><string>X</string>"
#define TYPE       "443abab8-e7b3-491a-b985-beb9187030db"
#define FACTORY    "11111111-2222-3333-4444-555555555555"
#define TYPES                                                                                      \
    "<key>CFPlugInTypes</key><dict><key>" TYPE "</key><array><string>" FACTORY                     \
    "</string></array></dict>"
#define FACTORIES                                                                                  \
    "<key>CFPlugInFactories</key><dict><key>" FACTORY "</key><string>Make</string></dict>"

static void each_flaw_of_a_bundle_has_its_own_line(void **state) {
    (void)state;
    const struct {
        const char *plist; /* NULL: no file */
        const char *executable;
        enum halsim_status status;
        const char *words;
    } cases[] = {
        {NULL, NULL, HALSIM_ERROR_BUNDLE, "Contents/Info.plist: No such file"},
        {"{ this is \x01 no plist", NULL, HALSIM_ERROR_BUNDLE, "Info.plist"},
        {"", NULL, HALSIM_ERROR_BUNDLE, "Info.plist"},
        {HEAD TAIL, NULL, HALSIM_ERROR_BUNDLE, "no dictionary CFPlugInTypes"},
        {HEAD EXECUTABLE FACTORIES
         "<key>CFPlugInTypes</key><dict><key>443ABEB8-E7B0-48D3-B2A0-381E2D0BB556</key><array/></"
         "dict>" TAIL,
         NULL, HALSIM_ERROR_BUNDLE, "CFPlugInTypes lacks 443ABAB8"},
        {HEAD EXECUTABLE FACTORIES "<key>CFPlugInTypes</key><dict><key>" TYPE
                                   "</key><array/></dict>" TAIL,
         NULL, HALSIM_ERROR_BUNDLE, "names no factory UUID"},
        {HEAD EXECUTABLE TYPES TAIL, NULL, HALSIM_ERROR_BUNDLE, "CFPlugInFactories"},
        {HEAD TYPES FACTORIES TAIL, NULL, HALSIM_ERROR_BUNDLE, "CFBundleExecutable"},
        {HEAD "<key>CFBundleExecutable</key><string>../../evil</string>" TYPES FACTORIES TAIL, NULL,
         HALSIM_ERROR_BUNDLE, "no file name"},
        {HEAD EXECUTABLE TYPES FACTORIES TAIL, NULL, HALSIM_ERROR_BUNDLE, "MacOS/X"},
        {HEAD EXECUTABLE TYPES FACTORIES TAIL, "#!/bin/sh\n", HALSIM_ERROR_LOAD, "MacOS/X"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(make_bundle(NULL), 0);
        if (cases[i].plist != NULL) {
            write_file("Contents/Info.plist", cases[i].plist);
        }
        if (cases[i].executable != NULL) {
            write_file("Contents/MacOS/X", cases[i].executable);
        }
        struct halsim_host_config config = loop_config(HALSIM_CLOCK_VIRTUAL);
        struct halsim_error failure = {0};
        struct halsim_host *host = halsim_host_create(&config, &failure);
        uint32_t plugin;
        bool loaded = halsim_plugin_load(host, folder, &plugin, &failure);
        halsim_host_destroy(host);
        (void)remove_bundle(NULL);
        assert_false(loaded);
        if (failure.status != cases[i].status || strstr(failure.message, cases[i].words) == NULL ||
            strchr(failure.message, '\n') != NULL) {
            fail_msg("case %zu: %s: %s", i, halsim_status_name(failure.status), failure.message);
        }
    }
}

static void a_path_that_is_not_there_and_a_file_are_refused(void **state) {
    (void)state;
    struct halsim_host_config config = loop_config(HALSIM_CLOCK_VIRTUAL);
    struct halsim_error failure = {0};
    struct halsim_host *host = halsim_host_create(&config, &failure);
    uint32_t plugin;
    assert_false(halsim_plugin_load(host, "no/such.driver", &plugin, &failure));
    assert_int_equal(failure.status, HALSIM_ERROR_NOT_FOUND);
    assert_false(halsim_plugin_load(host, "/dev/null", &plugin, &failure));
    assert_int_equal(failure.status, HALSIM_ERROR_BUNDLE);
    halsim_host_destroy(host);
}

static void a_driver_can_be_unloaded_and_loaded_again_but_not_twice(void **state) {
    (void)state;
    struct halsim_host *host = loop_host(NULL, NULL);
    uint32_t plugin;
    struct halsim_error failure;
    assert_false(halsim_plugin_load(host, LOOP_DRIVER, &plugin, &failure));
    assert_int_equal(failure.status, HALSIM_ERROR_STATE);
    (void)loop_client(host, NULL);
    for (uint32_t i = 0; i < 5; i++) {
        assert_ok(halsim_plugin_unload(host, i, error));
        uint32_t found;
        assert_false(halsim_device_find(host, "Loop A", &found, NULL));
        assert_ok(halsim_plugin_load(host, LOOP_DRIVER, &plugin, error));
        assert_int_equal(plugin, i + 1);
        assert_ok(halsim_device_find(host, "Loop A", &found, error));
    }
    halsim_host_destroy(host);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_driver_shows_its_devices_as_they_are),
        cmocka_unit_test(what_the_driver_refuses_is_said_in_one_line),
        cmocka_unit_test(each_flaw_of_a_bundle_has_its_own_line),
        cmocka_unit_test(a_path_that_is_not_there_and_a_file_are_refused),
        cmocka_unit_test(a_driver_can_be_unloaded_and_loaded_again_but_not_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
