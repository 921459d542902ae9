/* What becomes of the work that drivers put into dispatch queues? */
#include "loop_host.h"

#include <stdatomic.h>
#include <time.h>

static uint64_t now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void a_block_that_never_ends_is_waited_for_once(void **state) {
    (void)state;
    struct halsim_host *host = loop_host("listens", NULL);
    (void)loop_started_client(host, NULL);
    uint64_t began_ms = now_ms();
    assert_ok(halsim_io_run_cycles(host, 0, 500, error));
    assert_true(now_ms() - began_ms < 5000); /* 20 ms a cycle would be 10 s */
    halsim_host_destroy(host);
}

static atomic_uint hangs;
static char hung_in[64];
static uint32_t hung_plugin;

static void on_hang(const struct halsim_call_info *call, uint64_t elapsed_ns, void *context) {
    (void)elapsed_ns, (void)context;
    if (atomic_fetch_add(&hangs, 1) == 0) {
        (void)snprintf(hung_in, sizeof hung_in, "%s", call->entry_point);
        hung_plugin = call->plugin;
    }
}

/* The block stalls for 500 ms: longer than the limit, but it ends, and so does the test. */
static void a_block_of_the_main_queue_is_watched(void **state) {
    (void)state;
    const enum halsim_clock_kind kinds[] = {HALSIM_CLOCK_VIRTUAL, HALSIM_CLOCK_REALTIME};
    for (size_t i = 0; i < 2; i++) {
        struct halsim_host_config config = loop_config(kinds[i]);
        config.call_limit_ms = 100;
        config.change_limit_ms = kinds[i] == HALSIM_CLOCK_VIRTUAL ? 20 : 2000;
        config.on_hang = on_hang;
        atomic_store(&hangs, 0);
        hung_in[0] = '\0';
        struct halsim_host *host = loop_host_with(&config, "queue", "stall:MainQueue");
        (void)loop_started_client(host, NULL);
        bool done = halsim_device_set_rate(host, 0, 96000, NULL);
        assert_int_equal(done, kinds[i] == HALSIM_CLOCK_REALTIME);
        assert_ok(halsim_io_run(host, 100000000, error));
        halsim_host_destroy(host);
        assert_int_equal(atomic_load(&hangs), 1);
        assert_string_equal(hung_in, "MainQueue");
        assert_int_equal(hung_plugin, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_that_never_ends_is_waited_for_once),
        cmocka_unit_test(a_block_of_the_main_queue_is_watched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
