/* Does the same host keep its promises on real threads? Nothing here judges how fast this machine
 * is. */
#include "loop_host.h"

#include <dirent.h>
#include <sched.h>
#include <time.h>

static struct halsim_check check;

static struct halsim_host *realtime_host(const char *shape, const char *fault) {
    struct halsim_host_config config = loop_config(HALSIM_CLOCK_REALTIME);
    config.wait = HALSIM_WAIT_SLEEP;
    return loop_host_with(&config, shape, fault);
}

static void cycles_follow_the_clock(void **state) {
    (void)state;
    struct halsim_host *host = realtime_host("thread", NULL);
    assert_ok(halsim_host_trace(host, "realtime-test.trace", 1024, error));
    uint32_t client = loop_started_client(host, &check);
    assert_ok(halsim_io_run(host, 300000000, error));
    assert_ok(halsim_io_stop(host, 0, client, error));
    struct halsim_io_stats stats;
    assert_ok(halsim_io_stats(host, 0, &stats, error));
    /* A stalled machine runs fewer cycles and says so; together they are what time has passed. */
    assert_in_range(stats.cycles + stats.skipped_cycles, 29, 60);
    if (stats.skipped_cycles == 0) {
        assert_true(halsim_check_is_clean(&check));
    }
    halsim_host_destroy(host);

    FILE *file = fopen("realtime-test.trace", "rb");
    struct halsim_trace_header header;
    struct halsim_trace_record record, before = {0};
    assert_int_equal(fread(&header, sizeof header, 1, file), 1);
    assert_int_equal(header.written, stats.cycles);
    for (uint64_t i = 0; i < stats.cycles; i++) {
        assert_int_equal(fread(&record, sizeof record, 1, file), 1);
        assert_int_equal(record.sequence, i + 1);
        assert_true(record.woke_ns >= record.scheduled_ns);
        assert_true(record.done_ns >= record.woke_ns);
        assert_true(record.op_ns[HALSIM_OP_WRITE_MIX] > 0);
        assert_int_equal(record.op_ns[HALSIM_OP_PROCESS_MIX], 0); /* the driver does not do it */
        if (i > 0) {
            uint64_t step = record.scheduled_ns - before.scheduled_ns;
            uint64_t expected = UINT64_C(10000000) * (1 + record.skipped_cycles);
            assert_in_range(step, expected - 1000, expected + 1000);
        }
        before = record;
    }
    (void)fclose(file);
    (void)remove("realtime-test.trace");
}

static void a_slow_driver_is_over_budget_and_over_loaded(void **state) {
    (void)state;
    /* 5 ms in each of two calls, in a cycle of 10 ms. */
    struct halsim_host *host = realtime_host(NULL, "slow:DoIOOperation");
    (void)loop_started_client(host, NULL);
    assert_ok(halsim_io_run(host, 300000000, error));
    struct halsim_io_stats stats;
    assert_ok(halsim_io_stats(host, 0, &stats, error));
    assert_true(stats.over_budget > 5);
    assert_true(stats.overloads > 5);
    assert_true(stats.driver_ns > 5 * stats.host_ns);
    assert_true(loop_notices(HALSIM_NOTICE_OVERLOAD) > 0);
    halsim_host_destroy(host);
}

static void clients_come_and_go_while_io_runs(void **state) {
    (void)state;
    struct halsim_host *host = realtime_host("two-devices", NULL);
    uint32_t first = loop_client(host, &check);
    assert_ok(halsim_device_set_buffer_frames(host, 0, 64, error));
    assert_ok(halsim_io_start(host, 0, first, error));
    for (int i = 0; i < 50; i++) {
        uint32_t other;
        assert_ok(halsim_client_add(host, 0, NULL, &other, error));
        assert_ok(
            halsim_client_set_source(host, 0, other, 0, halsim_source_create_silence(), error));
        assert_ok(halsim_io_start(host, 0, other, error));
        struct timespec pause = {.tv_nsec = 1000000};
        (void)nanosleep(&pause, NULL);
        assert_ok(halsim_client_remove(host, 0, other, error));
    }
    struct halsim_io_stats stats;
    assert_ok(halsim_io_stats(host, 0, &stats, error));
    if (stats.skipped_cycles == 0) {
        assert_true(halsim_check_is_clean(&check));
    }
    assert_int_equal(stats.timestamp_jumps + stats.seed_changes, 0);
    halsim_host_destroy(host);
}

static uint64_t now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void io_stops_whatever_time_the_driver_tells(void **state) {
    (void)state;
    static const char *const faults[] = {"timestamp-is-nan", "timestamp-is-infinite",
                                         "timestamp-is-huge", "timestamp-is-far"};
    for (size_t i = 0; i < 4; i++) {
        struct halsim_host *host = realtime_host(NULL, NULL);
        assert_ok(halsim_device_set_rate(host, 0, 768000, error)); /* four periods in 64 ms */
        uint32_t client = loop_client(host, NULL);
        (void)setenv("LOOP_FAULT", faults[i], 1);
        assert_ok(halsim_io_start(host, 0, client, error));
        assert_ok(halsim_io_run(host, 150000000, error));
        uint64_t began_ms = now_ms();
        assert_ok(halsim_io_stop(host, 0, client, error));
        assert_true(now_ms() - began_ms < 5000);
        struct halsim_io_stats stats;
        assert_ok(halsim_io_stats(host, 0, &stats, error));
        assert_true(stats.driver_errors > 0);
        halsim_host_destroy(host);
    }
}

static void stopping_does_not_wait_for_a_long_period(void **state) {
    (void)state;
    struct halsim_host *host = realtime_host(NULL, NULL);
    assert_ok(halsim_device_set_rate(host, 0, 8000, error));
    assert_ok(halsim_device_set_buffer_frames(host, 0, 8192, error)); /* 1.024 s */
    uint32_t client = loop_started_client(host, NULL);
    assert_ok(halsim_io_run_cycles(host, 0, 1, error));
    uint64_t began_ms = now_ms();
    assert_ok(halsim_io_stop(host, 0, client, error));
    assert_true(now_ms() - began_ms < 800);
    halsim_host_destroy(host);
}

#ifdef __linux__
static size_t count_open_files(void) {
    DIR *folder = opendir("/proc/self/fd");
    size_t count = 0;
    assert_non_null(folder);
    while (readdir(folder) != NULL) {
        count++;
    }
    (void)closedir(folder);
    return count;
}
#endif

static void starting_and_stopping_leaves_no_file_open(void **state) {
    (void)state;
#ifdef __linux__
    struct halsim_host *host = realtime_host(NULL, NULL);
    uint32_t client = loop_client(host, NULL);
    size_t before = count_open_files();
    for (int i = 0; i < 10; i++) {
        assert_ok(halsim_io_start(host, 0, client, error));
        assert_ok(halsim_io_stop(host, 0, client, error));
    }
    assert_int_equal(count_open_files(), before);
    halsim_host_destroy(host);
#endif
}

static uint64_t hung_ns;
static char hung_in[64];

static void on_hang(const struct halsim_call_info *call, uint64_t elapsed_ns, void *context) {
    (void)context;
    (void)snprintf(hung_in, sizeof hung_in, "%s", call->entry_point);
    hung_ns = elapsed_ns;
}

static void a_call_that_takes_too_long_is_told_by_name(void **state) {
    (void)state;
    struct halsim_host_config config;
    halsim_host_config_init(&config);
    config.call_limit_ms = 100;
    config.on_hang = on_hang;
    struct halsim_host *host = loop_host_with(&config, NULL, "stall:StopIO");
    uint32_t client = loop_started_client(host, NULL);
    assert_ok(halsim_io_stop(host, 0, client, error)); /* 500 ms */
    halsim_host_destroy(host);
    assert_string_equal(hung_in, "StopIO");
    assert_true(hung_ns >= 100000000);
}

static void a_run_can_be_interrupted(void **state) {
    (void)state;
    struct halsim_host *host = realtime_host(NULL, NULL);
    (void)loop_started_client(host, NULL);
    halsim_io_interrupt(host);
    struct timespec before, after;
    (void)clock_gettime(CLOCK_MONOTONIC, &before);
    assert_ok(halsim_io_run(host, UINT64_C(60000000000), error));
    (void)clock_gettime(CLOCK_MONOTONIC, &after);
    assert_true(after.tv_sec - before.tv_sec < 30);
    halsim_host_destroy(host);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cycles_follow_the_clock),
        cmocka_unit_test(a_slow_driver_is_over_budget_and_over_loaded),
        cmocka_unit_test(clients_come_and_go_while_io_runs),
        cmocka_unit_test(io_stops_whatever_time_the_driver_tells),
        cmocka_unit_test(stopping_does_not_wait_for_a_long_period),
        cmocka_unit_test(starting_and_stopping_leaves_no_file_open),
        cmocka_unit_test(a_call_that_takes_too_long_is_told_by_name),
        cmocka_unit_test(a_run_can_be_interrupted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
