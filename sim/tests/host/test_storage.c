/* How long does stored data live, and whose is it? */
#include "loop_bundle.h"
#include "loop_host.h"

#include <unistd.h>

static struct halsim_host *make_host(const char *folder) {
    struct halsim_host_config config = loop_config(HALSIM_CLOCK_VIRTUAL);
    config.storage_folder = folder;
    (void)setenv("LOOP_SHAPE", "counts-loads", 1);
    (void)unsetenv("LOOP_FAULT");
    struct halsim_host *host = NULL;
    assert_ok((host = halsim_host_create(&config, error)) != NULL);
    return host;
}

static uint32_t load(struct halsim_host *host, const char *path) {
    uint32_t plugin = 0;
    assert_ok(halsim_plugin_load(host, path, &plugin, error));
    return plugin;
}

/* Loop shows the number of its loads, which only storage can know, as its model name. */
static int loads_of(struct halsim_host *host, uint32_t plugin) {
    char *loads = halsim_property_get_string(
        host, (struct halsim_object){plugin, 2},
        &(AudioObjectPropertyAddress){kAudioObjectPropertyModelName,
                                      kAudioObjectPropertyScopeGlobal, 0},
        NULL);
    assert_non_null(loads);
    int count = atoi(loads);
    free(loads);
    return count;
}

static void values_in_memory_live_as_long_as_the_host(void **state) {
    (void)state;
    struct halsim_host *host = make_host(NULL);
    for (int run = 1; run <= 3; run++) {
        uint32_t plugin = load(host, LOOP_DRIVER);
        assert_int_equal(loads_of(host, plugin), run);
        assert_ok(halsim_plugin_unload(host, plugin, error));
    }
    halsim_host_destroy(host);
    host = make_host(NULL);
    assert_int_equal(loads_of(host, load(host, LOOP_DRIVER)), 1);
    halsim_host_destroy(host);
}

static void each_load_reads_the_file_as_it_is_then(void **state) {
    (void)state;
    char folder[] = "storage-test-XXXXXX", path[128];
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/org.hal-lab.fixture.loop.plist", folder);
    struct halsim_host *host = make_host(folder);
    uint32_t plugin = load(host, LOOP_DRIVER);
    assert_ok(halsim_plugin_unload(host, plugin, error));
    plugin = load(host, LOOP_DRIVER);
    assert_int_equal(loads_of(host, plugin), 2);
    assert_ok(halsim_plugin_unload(host, plugin, error));
    assert_int_equal(unlink(path), 0); /* as a user who wants to begin afresh does */
    plugin = load(host, LOOP_DRIVER);
    assert_int_equal(loads_of(host, plugin), 1);
    halsim_host_destroy(host);
    (void)unlink(path);
    assert_int_equal(rmdir(folder), 0);
}

static void one_identifier_is_loaded_once_at_a_time(void **state) {
    (void)state;
    char copy[64];
    (void)snprintf(copy, sizeof copy, "storage-copy-%d.driver", (int)getpid());
    loop_bundle_make(copy, "org.hal-lab.fixture.loop");
    struct halsim_host *host = make_host(NULL);
    uint32_t first = load(host, LOOP_DRIVER), second;
    struct halsim_error failure = {0};
    assert_false(halsim_plugin_load(host, copy, &second, &failure));
    assert_int_equal(failure.status, HALSIM_ERROR_STATE);
    assert_non_null(strstr(failure.message, "org.hal-lab.fixture.loop"));
    assert_non_null(strstr(failure.message, LOOP_DRIVER));
    assert_ok(halsim_plugin_unload(host, first, error));
    second = load(host, copy);
    assert_int_equal(loads_of(host, second), 2); /* it is the same store */
    halsim_host_destroy(host);
    loop_bundle_remove(copy);
}

static void bundles_without_an_identifier_have_a_store_each(void **state) {
    (void)state;
    char folder[] = "storage-test-XXXXXX", bundle[2][64], file[2][160];
    assert_non_null(mkdtemp(folder));
    for (int i = 0; i < 2; i++) {
        (void)snprintf(bundle[i], sizeof bundle[i], "%s/%c.driver", folder, 'a' + i);
        (void)snprintf(file[i], sizeof file[i], "%s/no-identifier-%c.driver.plist", folder,
                       'a' + i);
        loop_bundle_make(bundle[i], NULL);
    }
    struct halsim_host *host = make_host(folder);
    assert_int_equal(loads_of(host, load(host, bundle[0])), 1);
    assert_int_equal(loads_of(host, load(host, bundle[1])), 1);
    halsim_host_destroy(host);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(unlink(file[i]), 0);
        loop_bundle_remove(bundle[i]);
    }
    assert_int_equal(rmdir(folder), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_in_memory_live_as_long_as_the_host),
        cmocka_unit_test(each_load_reads_the_file_as_it_is_then),
        cmocka_unit_test(one_identifier_is_loaded_once_at_a_time),
        cmocka_unit_test(bundles_without_an_identifier_have_a_store_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
