/* Does a host go in peace while threads of its drivers live on? */
#include "loop_host.h"

#include <stdatomic.h>
#include <time.h>

static void sleep_ms(long ms) {
    (void)nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

/* The fixture's threads call everything that a host offers, all the time, and end by themselves
 * when it has refused them often enough. A use of freed memory is a matter of luck without a
 * sanitizer; a call that is not refused at all is none. */
static void threads_that_a_driver_forgot_find_no_host(void **state) {
    (void)state;
    for (int i = 0; i < 40; i++) {
        struct halsim_host_config config =
            loop_config(i % 2 == 0 ? HALSIM_CLOCK_VIRTUAL : HALSIM_CLOCK_REALTIME);
        struct halsim_host *host = loop_host_with(&config, "lingers", NULL);
        sleep_ms(i % 5);
        halsim_host_destroy(host);
    }
    sleep_ms(50); /* the last ones look once more */
}

static atomic_bool in_notice, notice_done;

/* A notice that takes its time, on the driver's own thread. */
static void slow_notice(const struct halsim_notice *notice, void *context) {
    (void)notice;
    (void)context;
    if (!atomic_exchange(&in_notice, true)) {
        sleep_ms(200);
        atomic_store(&notice_done, true);
    }
}

static void a_call_that_is_under_way_is_waited_for(void **state) {
    (void)state;
    struct halsim_host_config config = loop_config(HALSIM_CLOCK_VIRTUAL);
    config.on_notice = slow_notice;
    (void)setenv("LOOP_SHAPE", "lingers", 1);
    (void)unsetenv("LOOP_FAULT");
    struct halsim_host *host = NULL;
    uint32_t plugin;
    assert_ok((host = halsim_host_create(&config, error)) != NULL);
    assert_ok(halsim_plugin_load(host, LOOP_DRIVER, &plugin, error));
    while (!atomic_load(&in_notice)) {
        sleep_ms(1);
    }
    halsim_host_destroy(host);
    assert_true(atomic_load(&notice_done));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_that_a_driver_forgot_find_no_host),
        cmocka_unit_test(a_call_that_is_under_way_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
