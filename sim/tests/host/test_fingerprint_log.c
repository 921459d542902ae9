/* Are the log and the checkpoints of a fingerprint those of the run, and is what cannot be refused?
 */
#include "script_run.h"

#include <fcntl.h>
#include <unistd.h>

static void the_log_is_whole_and_ends_with_the_hash(void **state) {
    (void)state;
    const struct script script = {.log = script_path};
    const struct halsim_fingerprint_state *end = script_run(&script, 0);
    struct halsim_observation *events = script_read_log();
    assert_true(script_log_header.magic == HALSIM_EVENT_LOG_MAGIC);
    assert_int_equal(script_log_header.version, HALSIM_EVENT_LOG_VERSION);
    assert_int_equal(script_log_header.dropped, 0);
    assert_int_equal(script_log_header.start_ns, 1000000000);
    /* the driver is released after the reading */
    assert_true(script_log_header.written > end->events);
    assert_true(events[end->events - 1].hash == end->hash);
    assert_int_equal(events[0].kind, HALSIM_OBSERVED_Factory);
    assert_int_equal(events[0].cycle, 0);
    for (uint64_t i = 0; i < script_log_header.written; i++) {
        assert_int_equal(events[i].sequence, i + 1);
        assert_true(i == 0 || events[i].time_ns >= events[i - 1].time_ns);
        assert_true(i == 0 || events[i].cycle >= events[i - 1].cycle);
    }
    free(events);
}

static void a_window_has_the_events_of_its_cycles(void **state) {
    (void)state;
    const struct script script = {.log = script_path, .first_cycle = 10, .last_cycle = 11};
    (void)script_run(&script, 0);
    struct halsim_observation *events = script_read_log();
    assert_true(script_log_header.written > 10);
    assert_int_equal(events[0].kind, HALSIM_OBSERVED_CYCLE);
    assert_int_equal(events[0].cycle, 10);
    assert_int_equal(events[script_log_header.written - 1].cycle, 11);
    assert_int_equal(events[script_log_header.written - 1].sequence,
                     events[0].sequence + script_log_header.written - 1);
    free(events);
}

static void a_log_that_is_full_counts_what_it_drops(void **state) {
    (void)state;
    const struct script script = {.log = script_path, .capacity = 7};
    (void)script_run(&script, 0);
    free(script_read_log());
    assert_int_equal(script_log_header.written, 7);
    assert_true(script_log_header.dropped > 100);
}

static void a_log_is_readable_while_it_is_written(void **state) {
    (void)state;
    const struct script script = {.log = script_path};
    struct halsim_host *host = script_begin(&script);
    script_play(host, &script);
    assert_ok(halsim_fingerprint_read(host, &script_states[0], error));
    int fd = open(script_path, O_RDONLY);
    assert_int_equal(read(fd, &script_log_header, sizeof script_log_header),
                     sizeof script_log_header);
    (void)close(fd);
    assert_int_equal(script_log_header.written, script_states[0].events);
    halsim_host_destroy(host);
}

/* ---- checkpoints --------------------------------------------------------------------------- */

static void checkpoints_are_those_of_the_run(void **state) {
    (void)state;
    const struct script plain = {0}, later = {.fault = "wrong-sample"};
    const struct halsim_fingerprint_state *a = script_run(&plain, 0);
    const struct halsim_fingerprint_state *b = script_run(&later, 1);
    assert_int_equal(a->cycles, SCRIPT_CYCLES);
    assert_int_equal(a->every, 1);
    assert_int_equal(a->checkpoint_count, SCRIPT_CYCLES);
    for (uint32_t i = 0; i < SCRIPT_CYCLES; i++) {
        assert_int_equal(a->checkpoints[i].cycle, i + 1);
        assert_true((a->checkpoints[i].hash == b->checkpoints[i].hash) == (i + 1 < 50));
    }
}

static void checkpoints_become_rarer_and_stay_true(void **state) {
    (void)state;
    const struct script script = {0};
    struct halsim_host *host = script_begin(&script);
    uint32_t plugin;
    assert_ok(halsim_plugin_load(host, LOOP_DRIVER, &plugin, error));
    (void)loop_started_client(host, NULL);
    assert_ok(halsim_io_run_cycles(host, 0, 4096, error));
    assert_ok(halsim_fingerprint_read(host, &script_states[0], error));
    assert_int_equal(script_states[0].every, 1);
    assert_int_equal(script_states[0].checkpoint_count, 4096);
    assert_ok(halsim_io_run_cycles(host, 0, 8192 - 4096 + 2, error));
    assert_ok(halsim_fingerprint_read(host, &script_states[1], error));
    assert_int_equal(script_states[1].cycles, 8194);
    assert_int_equal(script_states[1].every, 4);
    assert_int_equal(script_states[1].checkpoint_count, 2048);
    for (uint32_t i = 0; i < script_states[1].checkpoint_count; i++) {
        uint64_t cycle = script_states[1].checkpoints[i].cycle;
        assert_int_equal(cycle, 4 * (i + 1));
        assert_true(cycle > 4096 || script_states[0].checkpoints[cycle - 1].hash ==
                                        script_states[1].checkpoints[i].hash);
    }
    halsim_host_destroy(host);
}

static void a_new_beginning_forgets_the_old_one(void **state) {
    (void)state;
    const struct script script = {0};
    uint64_t hash = script_run(&script, 0)->hash;
    struct halsim_host *host = script_begin(&script);
    /* what came before does not count */
    assert_ok(halsim_fingerprint_read(host, &script_states[0], error));
    uint64_t nothing = script_states[0].hash;
    assert_int_equal(script_states[0].events, 0);
    script_play(host, &script);
    assert_ok(halsim_fingerprint_read(host, &script_states[0], error));
    assert_true(script_states[0].hash == hash);
    assert_ok(halsim_fingerprint_begin(host, error));
    assert_ok(halsim_fingerprint_read(host, &script_states[0], error));
    assert_true(script_states[0].hash == nothing);
    assert_int_equal(script_states[0].cycles, 0);
    halsim_host_destroy(host);
}

/* ---- refusals ------------------------------------------------------------------------------ */

static void real_time_has_no_fingerprint(void **state) {
    (void)state;
    struct halsim_host_config config;
    struct halsim_error error;
    halsim_host_config_init(&config);
    struct halsim_host *host = halsim_host_create(&config, NULL);
    assert_false(halsim_fingerprint_begin(host, &error));
    assert_int_equal(error.status, HALSIM_ERROR_STATE);
    assert_non_null(strstr(error.message, "virtual clock"));
    halsim_host_destroy(host);
}

/* A block of the counter, 480 frames of stereo: 60 pieces of 64 bytes. */
static void samples_follow_their_event_in_pieces(void **state) {
    (void)state;
    struct script script = {.log = script_path, .first_cycle = 3, .last_cycle = 3, .frames = 480};
    uint64_t hash = script_run(&script, 0)->hash;
    free(script_read_log());
    uint64_t plain = script_log_header.written;
    script.samples = true;
    assert_true(script_run(&script, 0)->hash == hash); /* of the run, not of the log */
    struct halsim_observation *events = script_read_log();
    assert_true(script_log_header.written > plain);
    uint64_t at = 0, others = 0;
    while (events[at].kind != HALSIM_OBSERVED_HANDED_IN) {
        at++;
    }
    const struct halsim_observation *block = &events[at];
    assert_int_equal(block->values[0], 480 * 2 * sizeof(float));
    float samples[960];
    for (uint32_t i = 0; i < 60; i++) {
        const struct halsim_observation *piece = &block[1 + i];
        assert_int_equal(piece->kind, HALSIM_OBSERVED_CONTENT);
        assert_int_equal(piece->sequence, block->sequence);
        assert_int_equal(piece->object, i);
        assert_int_equal(piece->detail, 64);
        memcpy((char *)samples + (size_t)i * 64, piece->values, 64);
    }
    assert_int_not_equal(block[61].kind, HALSIM_OBSERVED_CONTENT);
    for (size_t i = 1; i < 960; i++) { /* one code after the other */
        assert_true((samples[i] - samples[i - 1]) * (1 << 23) == 1.0f);
    }
    for (uint64_t i = 0; i < script_log_header.written; i++) {
        others += events[i].kind != HALSIM_OBSERVED_CONTENT;
    }
    assert_int_equal(others, plain);
    free(events);
}

static void what_cannot_be_is_refused(void **state) {
    (void)state;
    struct halsim_host_config config;
    struct halsim_error error;
    (void)unlink(script_path);
    halsim_host_config_init(&config);
    config.clock = HALSIM_CLOCK_VIRTUAL;
    struct halsim_host *host = halsim_host_create(&config, NULL);
    assert_false(halsim_fingerprint_read(host, &script_states[0], &error));
    assert_int_equal(error.status, HALSIM_ERROR_STATE);
    assert_false(halsim_fingerprint_log(host, script_path, 0, 1, 1, &error));
    assert_int_equal(error.status, HALSIM_ERROR_STATE);
    assert_false(halsim_fingerprint_log_samples(host, true, &error));
    assert_int_equal(error.status, HALSIM_ERROR_STATE);
    assert_true(halsim_fingerprint_begin(host, &error));
    assert_true(halsim_fingerprint_log_samples(host, true, &error)); /* of no log: nothing to do */
    assert_false(halsim_fingerprint_log(host, "no/such/folder/x.events", 0, 1, 1, &error));
    assert_int_equal(error.status, HALSIM_ERROR_SYSTEM);
    assert_non_null(strstr(error.message, "event log no/such/folder/x.events"));
    assert_false(halsim_fingerprint_log(host, ".", 0, 1, 1, &error));
    assert_int_equal(error.status, HALSIM_ERROR_ARGUMENT);
    assert_false(halsim_fingerprint_log(host, script_path, 2, 1, 1, &error));
    assert_int_equal(error.status, HALSIM_ERROR_ARGUMENT);
    assert_false(halsim_fingerprint_log(host, script_path, 0, 1, 0, &error));
    assert_int_equal(error.status, HALSIM_ERROR_ARGUMENT);
    assert_int_equal(access(script_path, F_OK), -1); /* nothing was made */
    /* and one that is open stays open */
    assert_true(halsim_fingerprint_log(host, script_path, 0, 1, 5, &error));
    assert_false(halsim_fingerprint_log(host, script_path, 2, 1, 1, &error));
    assert_int_equal(access(script_path, F_OK), 0);
    assert_true(halsim_fingerprint_log(host, NULL, 0, 0, 0, &error));
    halsim_host_destroy(host);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_log_is_whole_and_ends_with_the_hash),
        cmocka_unit_test(a_window_has_the_events_of_its_cycles),
        cmocka_unit_test(a_log_that_is_full_counts_what_it_drops),
        cmocka_unit_test(samples_follow_their_event_in_pieces),
        cmocka_unit_test(a_log_is_readable_while_it_is_written),
        cmocka_unit_test(checkpoints_are_those_of_the_run),
        cmocka_unit_test(checkpoints_become_rarer_and_stay_true),
        cmocka_unit_test(a_new_beginning_forgets_the_old_one),
        cmocka_unit_test(real_time_has_no_fingerprint),
        cmocka_unit_test(what_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, script_make_path, script_remove_path);
}
