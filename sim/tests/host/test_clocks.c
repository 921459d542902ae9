/* Does the host follow a modelled clock, with a driver that knows nothing of it; and does a model
 * neither hide nor make a fault of the driver's timestamps? */
#include "loop_host.h"

#include <math.h>

#define S_TO_NS UINT64_C(1000000000)

static struct halsim_check check;

static struct halsim_host *
running(const char *fault, const struct halsim_clock_component *component, uint32_t *client) {
    struct halsim_host *host = loop_host(NULL, fault);
    if (component != NULL) {
        const struct halsim_clock_model model = {.count = 1, .components = {*component}};
        assert_ok(halsim_device_set_clock_model(host, 0, &model, error));
    }
    *client = loop_started_client(host, &check);
    return host;
}

static struct halsim_io_stats run(struct halsim_host *host, uint64_t seconds) {
    struct halsim_io_stats stats;
    assert_ok(halsim_io_run(host, seconds * S_TO_NS, error));
    assert_ok(halsim_io_stats(host, 0, &stats, error));
    return stats;
}

static struct halsim_timestamp_report timestamps(struct halsim_host *host) {
    struct halsim_timestamp_report report;
    assert_ok(halsim_device_timestamps(host, 0, &report, error));
    return report;
}

static void assert_found(struct halsim_host *host, uint32_t faults) {
    struct halsim_timestamp_report report = timestamps(host);
    for (uint32_t i = 0; i < HALSIM_TIMESTAMP_FAULTS; i++) {
        if ((report.violations[i].count > 0) != (faults >> i & 1)) {
            fail_msg("LOOP_FAULT=%s: %s %u times", getenv("LOOP_FAULT"),
                     halsim_timestamp_fault_name((enum halsim_timestamp_fault)i),
                     (unsigned)report.violations[i].count);
        }
    }
}

static void cycles_run_at_the_rate_of_the_model_for_an_hour(void **state) {
    (void)state;
    for (double ppm = -200; ppm <= 200; ppm += 400) {
        uint32_t client;
        struct halsim_host *host =
            running(NULL, &(struct halsim_clock_component){.kind = HALSIM_CLOCK_OFFSET, .ppm = ppm},
                    &client);
        struct halsim_io_stats stats = run(host, 3600);
        double expected = 360000 / (1 - ppm * 1e-6);
        assert_true(fabs((double)stats.cycles - expected) < 3);
        assert_int_equal(stats.timestamp_jumps + stats.seed_changes + stats.driver_errors, 0);
        assert_int_equal(stats.skipped_cycles, 0);
        assert_true(halsim_check_is_clean(&check));
        assert_found(host, 0);
        struct halsim_timestamp_report report = timestamps(host);
        assert_true(fabs(report.driver.rate_ppm) < 1e-3);
        assert_true(fabs(report.modeled.rate_ppm - (1e6 / (1 - ppm * 1e-6) - 1e6)) < 1e-3);
        halsim_host_destroy(host);
    }
}

static void a_fast_host_is_a_slow_device(void **state) {
    (void)state;
    const struct halsim_clock_model model = {
        .count = 1, .components = {{.kind = HALSIM_CLOCK_OFFSET, .ppm = 100}}};
    uint32_t client;
    struct halsim_host *host = running(NULL, NULL, &client);
    assert_ok(halsim_host_set_clock_model(host, &model, error));
    (void)run(host, 1000);
    assert_true(fabs(timestamps(host).modeled.rate_ppm + 100) < 0.1);
    /* The same error in both: nobody can see it. */
    assert_ok(halsim_device_set_clock_model(host, 0, &model, error));
    assert_ok(halsim_io_stop(host, 0, client, error));
    assert_ok(halsim_device_forget_timestamps(host, 0, error));
    assert_ok(halsim_io_start(host, 0, client, error));
    (void)run(host, 1000);
    assert_true(fabs(timestamps(host).modeled.rate_ppm) < 1e-3);
    halsim_host_destroy(host);
}

static void a_host_s_clock_holds_for_devices_that_come_later(void **state) {
    (void)state;
    struct halsim_host_config config = loop_config(HALSIM_CLOCK_VIRTUAL);
    struct halsim_host *host = halsim_host_create(&config, NULL);
    const struct halsim_clock_model model = {
        .count = 1, .components = {{.kind = HALSIM_CLOCK_OFFSET, .ppm = -100}}};
    assert_ok(halsim_host_set_clock_model(host, &model, error));
    uint32_t plugin;
    assert_ok(halsim_plugin_load(host, LOOP_DRIVER, &plugin, error));
    (void)loop_started_client(host, NULL);
    (void)run(host, 1000);
    assert_true(fabs(timestamps(host).modeled.rate_ppm - 100) < 0.1);
    halsim_host_destroy(host);
}

static void a_model_that_is_set_while_io_runs_goes_on_from_there(void **state) {
    (void)state;
    uint32_t client;
    struct halsim_host *host = running(
        NULL, &(struct halsim_clock_component){.kind = HALSIM_CLOCK_OFFSET, .ppm = 100}, &client);
    uint64_t cycles = run(host, 1000).cycles;
    const struct halsim_clock_model slow = {
        .count = 1, .components = {{.kind = HALSIM_CLOCK_OFFSET, .ppm = -300}}};
    assert_ok(halsim_device_set_clock_model(host, 0, &slow, error));
    struct halsim_io_stats stats = run(host, 1000);
    assert_in_range(stats.cycles - cycles, 99969, 99971);
    cycles = stats.cycles;
    const struct halsim_clock_model none = {0};
    assert_ok(halsim_device_set_clock_model(host, 0, &none, error));
    stats = run(host, 1000);
    assert_in_range(stats.cycles - cycles, 99999, 100001);
    assert_int_equal(stats.timestamp_jumps, 0);
    assert_true(halsim_check_is_clean(&check));
    halsim_host_destroy(host);
}

static void a_large_step_is_a_jump_for_the_host_and_no_fault_of_the_driver(void **state) {
    (void)state;
    for (double ns = 4e6; ns <= 20e6; ns += 16e6) {
        uint32_t client;
        struct halsim_host *host = running(
            NULL,
            &(struct halsim_clock_component){.kind = HALSIM_CLOCK_PHASE_STEP, .ns = ns, .at_s = 5},
            &client);
        struct halsim_io_stats stats = run(host, 10);
        assert_int_equal(stats.timestamp_jumps, ns > 5e6 ? 1 : 0);
        assert_int_equal(stats.clock_steps, stats.timestamp_jumps);
        assert_found(host, 0);
        halsim_host_destroy(host);
    }
}

static void a_jump_of_the_driver_is_its_own_whatever_model_there_is(void **state) {
    (void)state;
    const struct halsim_clock_component models[] = {
        {.kind = HALSIM_CLOCK_SINE, .ppm = 200, .period_s = 10},
        {.kind = HALSIM_CLOCK_JITTER, .ns = 1000, .seed = 1},
        /* The driver jumps in its fourth period, 1.024 s after its start: so does the model. */
        {.kind = HALSIM_CLOCK_PHASE_STEP, .ns = 50e6, .at_s = 1.0},
    };
    static const char *const faults[] = {"timestamp-jumps", "timestamp-goes-back",
                                         "timestamp-follows-now"};
    for (size_t i = 0; i < 9; i++) {
        uint32_t client;
        struct halsim_host *host = running(faults[i / 3], &models[i % 3], &client);
        struct halsim_io_stats stats = run(host, 5);
        assert_true(stats.timestamp_jumps > stats.clock_steps);
        /* A driver that goes back meets the step a second time, on its own. */
        assert_int_equal(stats.clock_steps, i == 5 ? 1 : 0);
        halsim_host_destroy(host);
    }
}

static void a_step_of_the_host_s_clock_is_the_model_s_as_well(void **state) {
    (void)state;
    for (double ns = -400e6; ns <= 400e6; ns += 800e6) { /* also back, behind the last timestamp */
        const struct halsim_clock_model model = {
            .count = 1, .components = {{.kind = HALSIM_CLOCK_PHASE_STEP, .ns = ns, .at_s = 2}}};
        uint32_t client;
        struct halsim_host *host = running(NULL, NULL, &client);
        assert_ok(halsim_host_set_clock_model(host, &model, error));
        struct halsim_io_stats stats = run(host, 10);
        assert_int_equal(stats.timestamp_jumps, 1);
        assert_int_equal(stats.clock_steps, 1);
        halsim_host_destroy(host);
    }
}

static void a_new_time_line_begins_where_the_driver_says(void **state) {
    (void)state;
    uint32_t client, second;
    struct halsim_host *host =
        running("start-resets-clock",
                &(struct halsim_clock_component){.kind = HALSIM_CLOCK_OFFSET, .ppm = 200}, &client);
    (void)run(host, 1500); /* 300 ms by now */
    assert_ok(halsim_client_add(host, 0, NULL, &second, error));
    assert_ok(halsim_io_start(host, 0, second, error));
    struct halsim_io_stats stats = run(host, 200);
    assert_int_equal(stats.clock_steps, 0);
    assert_int_equal(stats.timestamp_jumps, 1); /* and none for what the model had gathered */
    assert_found(host, 1u << HALSIM_TIMESTAMP_BREAK_WITHOUT_SEED);
    halsim_host_destroy(host);
}

static void the_same_model_gives_the_same_cycles(void **state) {
    (void)state;
    uint64_t cycles[2];
    double rates[2];
    for (size_t i = 0; i < 2; i++) {
        uint32_t client;
        struct halsim_host *host =
            running(NULL,
                    &(struct halsim_clock_component){
                        .kind = HALSIM_CLOCK_RANDOM_WALK, .ppm = 1, .bound_ppm = 100, .seed = 11},
                    &client);
        cycles[i] = run(host, 500).cycles;
        rates[i] = timestamps(host).modeled.rate_ppm;
        assert_true(halsim_check_is_clean(&check));
        halsim_host_destroy(host);
    }
    assert_int_equal(cycles[0], cycles[1]);
    assert_true(rates[0] == rates[1] && rates[0] != 0);
}

static void each_planted_fault_is_found_under_a_model_and_without(void **state) {
    (void)state;
    const struct {
        const char *fault;
        uint32_t found;
    } cases[] = {
        {NULL, 0},
        {"timestamp-goes-back", 1u << HALSIM_TIMESTAMP_HOST_NOT_INCREASING |
                                    1u << HALSIM_TIMESTAMP_BREAK_WITHOUT_SEED |
                                    1u << HALSIM_TIMESTAMP_STALE},
        {"timestamp-jumps",
         1u << HALSIM_TIMESTAMP_BREAK_WITHOUT_SEED | 1u << HALSIM_TIMESTAMP_IN_THE_FUTURE},
        {"new-seed", 1u << HALSIM_TIMESTAMP_SEED_WITHOUT_BREAK},
        {"timestamp-follows-now",
         1u << HALSIM_TIMESTAMP_HOST_MOVED_ALONE | 1u << HALSIM_TIMESTAMP_BREAK_WITHOUT_SEED},
        {"timestamp-off-by-a-frame", 1u << HALSIM_TIMESTAMP_NOT_A_MULTIPLE},
        {"timestamp-odd-period",
         1u << HALSIM_TIMESTAMP_NOT_A_MULTIPLE | 1u << HALSIM_TIMESTAMP_ODD_ADVANCE},
        {"timestamp-stands-still", 1u << HALSIM_TIMESTAMP_STALE},
        {"timestamp-in-the-future", 1u << HALSIM_TIMESTAMP_IN_THE_FUTURE},
        {"timestamp-is-nan", 1u << HALSIM_TIMESTAMP_IMPOSSIBLE},
        {"timestamp-is-far", 1u << HALSIM_TIMESTAMP_IMPOSSIBLE},
    };
    const struct halsim_clock_component wander = {
        .kind = HALSIM_CLOCK_SINE, .ppm = 200, .period_s = 10};
    for (size_t i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
        uint32_t client;
        struct halsim_host *host =
            running(cases[i / 2].fault, i % 2 == 0 ? NULL : &wander, &client);
        (void)run(host, 5);
        assert_found(host, cases[i / 2].found);
        halsim_host_destroy(host);
    }
}

static void what_is_off_in_the_driver_itself_is_measured(void **state) {
    (void)state;
    uint32_t client;
    (void)setenv("LOOP_PPM", "400", 1);
    struct halsim_host *host = running("timestamp-jitters", NULL, &client);
    (void)unsetenv("LOOP_PPM");
    (void)run(host, 1000);
    assert_found(host, 0);
    struct halsim_timestamp_report report = timestamps(host);
    assert_true(fabs(report.driver.rate_ppm - 400) < 0.1);
    assert_in_range(report.driver.jitter_p99_ns, 48000, 52000);
    assert_in_range((uint64_t)report.driver.step_max_ns, 90000, 101000);
    halsim_host_destroy(host);
    host = running("timestamp-skips", NULL, &client);
    (void)run(host, 100);
    assert_found(host, 0);
    assert_int_equal(timestamps(host).largest_advance_periods, 2);
    halsim_host_destroy(host);
}

static void models_are_refused_in_real_time_and_when_they_make_no_sense(void **state) {
    (void)state;
    const struct halsim_clock_model model = {
        .count = 1, .components = {{.kind = HALSIM_CLOCK_OFFSET, .ppm = 1}}};
    const struct halsim_clock_model bad = {
        .count = 1, .components = {{.kind = HALSIM_CLOCK_OFFSET, .ppm = 1e9}}};
    struct halsim_error failure = {0};
    struct halsim_host *host = loop_host(NULL, NULL);
    assert_false(halsim_device_set_clock_model(host, 0, &bad, &failure));
    assert_int_equal(failure.status, HALSIM_ERROR_ARGUMENT);
    assert_false(halsim_host_set_clock_model(host, &bad, &failure));
    assert_int_equal(failure.status, HALSIM_ERROR_ARGUMENT);
    assert_false(halsim_device_set_clock_model(host, 9, &model, &failure));
    assert_int_equal(failure.status, HALSIM_ERROR_NOT_FOUND);
    struct halsim_timestamp_report report;
    assert_false(halsim_device_timestamps(host, 9, &report, &failure));
    assert_false(halsim_device_forget_timestamps(host, 9, &failure));
    halsim_host_destroy(host);
    struct halsim_host_config config;
    halsim_host_config_init(&config);
    host = loop_host_with(&config, NULL, NULL);
    assert_false(halsim_device_set_clock_model(host, 0, &model, &failure));
    assert_int_equal(failure.status, HALSIM_ERROR_STATE);
    assert_false(halsim_host_set_clock_model(host, &model, &failure));
    assert_int_equal(failure.status, HALSIM_ERROR_STATE);
    halsim_host_destroy(host);
}

/* Time goes on while the driver answers: what it says is then later than the cycle began. */
static void a_good_driver_is_found_good_in_real_time(void **state) {
    (void)state;
    struct halsim_host_config config;
    halsim_host_config_init(&config);
    struct halsim_host *host = loop_host_with(&config, NULL, NULL);
    assert_ok(halsim_device_set_buffer_frames(host, 0, 64, error));
    (void)loop_started_client(host, NULL);
    assert_ok(halsim_io_run(host, 1500000000, error)); /* four periods */
    struct halsim_timestamp_report report = timestamps(host);
    assert_int_equal(report.violations[HALSIM_TIMESTAMP_IN_THE_FUTURE].count, 0);
    assert_int_equal(report.violations[HALSIM_TIMESTAMP_STALE].count, 0);
    assert_true(report.asked > 0 && report.driver.points > 0);
    halsim_host_destroy(host);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cycles_run_at_the_rate_of_the_model_for_an_hour),
        cmocka_unit_test(a_fast_host_is_a_slow_device),
        cmocka_unit_test(a_host_s_clock_holds_for_devices_that_come_later),
        cmocka_unit_test(a_model_that_is_set_while_io_runs_goes_on_from_there),
        cmocka_unit_test(a_large_step_is_a_jump_for_the_host_and_no_fault_of_the_driver),
        cmocka_unit_test(a_jump_of_the_driver_is_its_own_whatever_model_there_is),
        cmocka_unit_test(a_step_of_the_host_s_clock_is_the_model_s_as_well),
        cmocka_unit_test(a_new_time_line_begins_where_the_driver_says),
        cmocka_unit_test(the_same_model_gives_the_same_cycles),
        cmocka_unit_test(each_planted_fault_is_found_under_a_model_and_without),
        cmocka_unit_test(what_is_off_in_the_driver_itself_is_measured),
        cmocka_unit_test(a_good_driver_is_found_good_in_real_time),
        cmocka_unit_test(models_are_refused_in_real_time_and_when_they_make_no_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
