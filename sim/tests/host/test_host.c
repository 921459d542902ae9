/* What belongs to the host as a whole: its trace, its places for plug-ins, its first
 * cycle, its autorelease pools. */
#include "loop_bundle.h"
#include "loop_host.h"

#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include "halsdk/halsdk.h"
#endif

static char path[64];

static int make_path(void **state) {
    (void)state;
    (void)snprintf(path, sizeof path, "host-test-%d.trace", (int)getpid());
    return 0;
}

static int remove_path(void **state) {
    (void)state;
    (void)unlink(path);
    return 0;
}

/* ---- trace ------------------------------------------------------------------------------- */

static struct halsim_trace_header read_header(void) {
    struct halsim_trace_header header;
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(&header, sizeof header, 1, file), 1);
    (void)fclose(file);
    return header;
}

static void run_cycles(struct halsim_host *host, uint32_t client, uint64_t cycles) {
    assert_ok(halsim_io_start(host, 0, client, error));
    assert_ok(halsim_io_run_cycles(host, 0, cycles, error));
    assert_ok(halsim_io_stop(host, 0, client, error));
}

static void a_trace_that_cannot_be_opened_leaves_the_open_one(void **state) {
    (void)state;
    struct halsim_host *host = loop_host(NULL, NULL);
    uint32_t client = loop_client(host, NULL);
    assert_ok(halsim_host_trace(host, path, 64, error));
    run_cycles(host, client, 5);
    struct halsim_error failure = {0};
    assert_false(halsim_host_trace(host, "no/such/folder/x.trace", 64, &failure));
    assert_int_equal(failure.status, HALSIM_ERROR_SYSTEM);
    run_cycles(host, client, 5);
    assert_int_equal(read_header().written, 10);
    halsim_host_destroy(host);
}

static void a_trace_of_the_same_name_begins_afresh(void **state) {
    (void)state;
    struct halsim_host *host = loop_host(NULL, NULL);
    uint32_t client = loop_client(host, NULL);
    assert_ok(halsim_host_trace(host, path, 4096, error));
    run_cycles(host, client, 5);
    assert_ok(halsim_host_trace(host, path, 64, error));
    assert_int_equal(read_header().written, 0);
    run_cycles(host, client, 7);
    assert_int_equal(read_header().written, 7);
    assert_int_equal(read_header().capacity, 64);
    halsim_host_destroy(host);
}

/* ---- the first cycle ----------------------------------------------------------------------- */

/* In a child: no assertion may bring it back into the other tests. */
static bool first_cycle_is_quick(struct halsim_host *host, uint32_t client) {
    struct halsim_io_stats stats;
    return halsim_io_start(host, 0, client, NULL) && halsim_io_run_cycles(host, 0, 1, NULL) &&
           halsim_io_stats(host, 0, &stats, NULL) && stats.host_ns < 1500000u;
}

static void the_first_cycle_of_a_process_measures_no_processor(void **state) {
    (void)state;
    struct halsim_host *host = loop_host(NULL, NULL);
    uint32_t client = loop_client(host, NULL);
    /* No cycle has run yet in this process: each child has its own first one. A machine that takes
     * the processor away in the wrong place does not do so five times. */
    bool quick = false;
    for (int attempt = 0; attempt < 5 && !quick; attempt++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            _exit(first_cycle_is_quick(host, client) ? 0 : 1);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        quick = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    assert_true(quick);
    halsim_host_destroy(host);
}

/* ---- places for plug-ins ------------------------------------------------------------------- */

static void loads_that_failed_or_ended_take_no_place(void **state) {
    (void)state;
    struct halsim_host *host = loop_host(NULL, NULL);
    assert_ok(halsim_plugin_unload(host, 0, error));
    uint32_t plugin;
    (void)setenv("LOOP_FAULT", "error:Initialize", 1);
    for (uint32_t i = 0; i < 100; i++) {
        struct halsim_error failure = {0};
        assert_false(halsim_plugin_load(host, LOOP_DRIVER, &plugin, &failure));
        assert_int_equal(failure.status, HALSIM_ERROR_FACTORY);
    }
    (void)unsetenv("LOOP_FAULT");
    for (uint32_t i = 0; i < 100; i++) {
        assert_ok(halsim_plugin_load(host, LOOP_DRIVER, &plugin, error));
        assert_int_equal(plugin, 101 + i); /* an index is never given twice */
        assert_ok(halsim_plugin_unload(host, plugin, error));
    }
    halsim_host_destroy(host);
}

#define PLACES 64

static void a_plugin_too_many_is_refused_until_one_goes(void **state) {
    (void)state;
    struct halsim_host *host = loop_host(NULL, NULL);
    assert_ok(halsim_plugin_unload(host, 0, error));
    char folder[] = "host-test-XXXXXX", bundle[PLACES + 1][64];
    assert_non_null(mkdtemp(folder));
    uint32_t plugin;
    for (int i = 0; i <= PLACES; i++) {
        (void)snprintf(bundle[i], sizeof bundle[i], "%s/%d.driver", folder, i);
        loop_bundle_make(bundle[i], NULL);
    }
    for (int i = 0; i < PLACES; i++) {
        assert_ok(halsim_plugin_load(host, bundle[i], &plugin, error));
    }
    struct halsim_error failure = {0};
    assert_false(halsim_plugin_load(host, bundle[PLACES], &plugin, &failure));
    assert_int_equal(failure.status, HALSIM_ERROR_UNSUPPORTED);
    assert_ok(halsim_plugin_unload(host, 7, error));
    assert_ok(halsim_plugin_load(host, bundle[PLACES], &plugin, error));
    halsim_host_destroy(host);
    for (int i = 0; i <= PLACES; i++) {
        loop_bundle_remove(bundle[i]);
    }
    assert_int_equal(rmdir(folder), 0);
}

/* ---- autorelease --------------------------------------------------------------------------- */

#ifdef __linux__
static void what_a_driver_autoreleases_goes_with_its_call(void **state) {
    (void)state;
    struct halsim_host *host = loop_host("autoreleases", NULL);
    const AudioObjectPropertyAddress address = {kAudioObjectPropertyName,
                                                kAudioObjectPropertyScopeGlobal, 0};
    size_t before = halsdk_live_objects("CFString");
    for (int i = 0; i < 100; i++) {
        assert_true(halsim_property_has(host, (struct halsim_object){0, 2}, &address));
    }
    assert_int_equal(halsdk_live_objects("CFString"), before);
    halsim_host_destroy(host);
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_cycle_of_a_process_measures_no_processor), /* first */
        cmocka_unit_test_setup_teardown(a_trace_that_cannot_be_opened_leaves_the_open_one,
                                        make_path, remove_path),
        cmocka_unit_test_setup_teardown(a_trace_of_the_same_name_begins_afresh, make_path,
                                        remove_path),
        cmocka_unit_test(loads_that_failed_or_ended_take_no_place),
        cmocka_unit_test(a_plugin_too_many_is_refused_until_one_goes),
#ifdef __linux__
        cmocka_unit_test(what_a_driver_autoreleases_goes_with_its_call),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
