/* Do samples go through the operations as they should, in virtual time? */
#include "loop_host.h"

#include <unistd.h>

#define S_TO_NS UINT64_C(1000000000)

static struct halsim_check check;

static struct halsim_io_stats run(struct halsim_host *host, uint64_t seconds) {
    assert_ok(halsim_io_run(host, seconds * S_TO_NS, error));
    struct halsim_io_stats stats;
    assert_ok(halsim_io_stats(host, 0, &stats, error));
    return stats;
}

/* Starts a client whose first `frames` are kept in a new file; `path` ends in XXXXXX and becomes
 * its name. */
static void start_into_file(struct halsim_host *host, uint32_t client, char *path,
                            uint64_t frames) {
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    (void)close(fd);
    assert_ok(halsim_client_set_sink(host, 0, client, 0,
                                     halsim_sink_create_file(path, frames, 2, error), error));
    assert_ok(halsim_io_start(host, 0, client, error));
}

/* Removes that client and its file, of which all `frames` must be there. */
static void end_into_file(struct halsim_host *host, uint32_t client, const char *path, float *heard,
                          size_t frames) {
    assert_ok(halsim_client_remove(host, 0, client, error));
    FILE *file = fopen(path, "rb");
    assert_int_equal(fread(heard, 8, frames, file), frames);
    (void)fclose(file);
    (void)remove(path);
}

static void what_is_played_is_heard_sample_by_sample(void **state) {
    (void)state;
    struct halsim_host *host = loop_host(NULL, NULL);
    (void)loop_started_client(host, &check);
    struct halsim_io_stats stats = run(host, 10);
    assert_int_equal(stats.cycles, 1000);
    assert_int_equal(stats.frames, 480000);
    assert_int_equal(stats.timestamp_jumps + stats.seed_changes + stats.driver_errors, 0);
    assert_true(halsim_check_is_clean(&check));
    /* Written at +480, read at -480: two periods on the way. */
    assert_int_equal(check.leading_silence, 960);
    assert_int_equal(check.correct, 480000 - 960);
    halsim_host_destroy(host);
}

static void a_frame_that_the_driver_drops_is_found(void **state) {
    (void)state;
    struct halsim_host *host = loop_host(NULL, "drops-a-frame");
    (void)loop_started_client(host, &check);
    (void)run(host, 1);
    assert_false(halsim_check_is_clean(&check));
    assert_true(check.event_count > 0);
    halsim_host_destroy(host);
}

static void every_buffer_size_and_rate_carries_every_sample(void **state) {
    (void)state;
    const double rates[] = {8000, 44100, 48000, 96000, 768000};
    const uint32_t frames[] = {16, 17, 480, 511, 4096, 8192};
    for (size_t r = 0; r < 5; r++) {
        for (size_t f = 0; f < 6; f++) {
            struct halsim_host *host = loop_host(NULL, NULL);
            assert_ok(halsim_device_set_rate(host, 0, rates[r], error));
            assert_ok(halsim_device_set_buffer_frames(host, 0, frames[f], error));
            (void)loop_started_client(host, &check);
            assert_ok(halsim_io_run_cycles(host, 0, 60, error));
            assert_true(halsim_check_is_clean(&check));
            assert_int_equal(check.leading_silence, 2 * frames[f]);
            assert_int_equal(check.received, 60 * frames[f]);
            halsim_host_destroy(host);
        }
    }
}

static void integer_streams_are_converted_by_the_host_and_by_the_driver(void **state) {
    (void)state;
    const char *shapes[] = {NULL, "convert"};
    for (size_t s = 0; s < 2; s++) {
        struct halsim_host *host = loop_host(shapes[s], NULL);
        assert_ok(halsim_device_set_format(host, 0, 4, &loop_int16, error));
        struct halsim_device_info info;
        assert_ok(halsim_device_info(host, 0, &info, error));
        assert_int_equal(info.streams[1].physical_format.mBitsPerChannel, 16);
        uint32_t client;
        assert_ok(halsim_client_add(host, 0, NULL, &client, error));
        assert_ok(halsim_client_set_source(host, 0, client, 0,
                                           halsim_source_create_sine(997, 0.5, 48000), error));
        char path[] = "io-test-XXXXXX";
        start_into_file(host, client, path, 48000);
        (void)run(host, 1);
        static float played[48000 * 2], heard[48000 * 2];
        end_into_file(host, client, path, heard, 48000);
        struct halsim_source *source = halsim_source_create_sine(997, 0.5, 48000);
        source->render(source, played, 48000, 2, 0);
        halsim_source_destroy(source);
        double worst = 0;
        for (uint32_t i = 0; i < (48000 - 960) * 2; i++) {
            double difference = (double)heard[i + 1920] - (double)played[i];
            worst = difference > worst ? difference : -difference > worst ? -difference : worst;
        }
        assert_true(worst > 1e-6);           /* it did go through 16 bits */
        assert_true(worst < 1.01 / 32768.0); /* and lost no more than one step there */
        halsim_host_destroy(host);
    }
}

static void a_format_that_nobody_converts_is_refused_before_start_io(void **state) {
    (void)state;
    const struct {
        const char *shape, *fault;
        bool starts;
    } cases[] = {
        {"odd-format", NULL, false},
        {"odd-format,convert", NULL, true},
        /* The driver's answer for this client counts, not the one for the host. */
        {"odd-format,convert", "converts-for-host-only", false},
    };
    for (size_t i = 0; i < 3; i++) {
        loop_record_begin();
        struct halsim_host *host = loop_host(cases[i].shape, cases[i].fault);
        uint32_t client = loop_client(host, &check);
        struct halsim_error failure = {0};
        bool started = halsim_io_start(host, 0, client, &failure);
        assert_int_equal(started, cases[i].starts);
        if (started) {
            (void)run(host, 1);
            assert_true(halsim_check_is_clean(&check));
        } else {
            const struct loop_call *calls;
            assert_int_equal(failure.status, HALSIM_ERROR_UNSUPPORTED);
            assert_non_null(strstr(failure.message, "UInt32"));
            (void)loop_calls(&calls);
            assert_int_equal(loop_find_call("StartIO", NULL, 0), -1);
        }
        halsim_host_destroy(host);
        loop_record_end();
    }
}

static void a_format_that_the_driver_lacks_is_refused_by_name(void **state) {
    (void)state;
    struct halsim_host *host = loop_host(NULL, NULL);
    AudioStreamBasicDescription format = {
        .mSampleRate = 48000,
        .mFormatID = kAudioFormatLinearPCM,
        .mFormatFlags = kAudioFormatFlagIsSignedInteger | kAudioFormatFlagIsPacked,
        .mBytesPerPacket = 2,
        .mFramesPerPacket = 1,
        .mBytesPerFrame = 2,
        .mChannelsPerFrame = 2,
        .mBitsPerChannel = 8,
    };
    struct halsim_error failure = {0};
    assert_false(halsim_device_set_format(host, 0, 4, &format, &failure));
    assert_int_equal(failure.status, HALSIM_ERROR_UNSUPPORTED);
    assert_non_null(strstr(failure.message, "Int8"));
    assert_false(halsim_device_set_rate(host, 0, 1000, &failure));
    assert_non_null(strstr(failure.message, "8000 to 768000"));
    assert_false(halsim_device_set_buffer_frames(host, 0, 15, &failure));
    assert_false(halsim_device_set_buffer_frames(host, 0, 8193, &failure));
    halsim_host_destroy(host);
}

static void two_clients_are_mixed(void **state) {
    (void)state;
    struct halsim_host *host = loop_host(NULL, NULL);
    uint32_t listener = loop_client(host, &check);
    uint32_t other;
    assert_ok(halsim_client_add(host, 0, NULL, &other, error));
    /* The left channel of the numbers comes from one client, the right one from the other. */
    assert_ok(halsim_client_set_source(
        host, 0, listener, 0, halsim_source_create_channel(halsim_source_create_counter(0), 0),
        error));
    assert_ok(halsim_client_set_source(
        host, 0, other, 0, halsim_source_create_channel(halsim_source_create_counter(0), 1),
        error));
    assert_ok(halsim_io_start(host, 0, listener, error));
    assert_ok(halsim_io_start(host, 0, other, error));
    (void)run(host, 2);
    assert_true(halsim_check_is_clean(&check));
    assert_ok(halsim_io_stop(host, 0, other, error)); /* the other's half is missing from here on */
    (void)run(host, 1);
    assert_false(halsim_check_is_clean(&check));
    assert_true(check.corrupt > 47000);
    halsim_host_destroy(host);
}

static void a_driver_that_mixes_itself_gets_each_client(void **state) {
    (void)state;
    struct halsim_host *host = loop_host("mixes", NULL);
    (void)loop_started_client(host, &check);
    (void)run(host, 1);
    assert_true(check.correct > 0);
    assert_int_equal(check.corrupt, 0);
    halsim_host_destroy(host);
}

static void processing_operations_are_called_in_their_order(void **state) {
    (void)state;
    struct halsim_host *host = loop_host("process,thread", NULL);
    uint32_t client = loop_client(host, NULL);
    char path[] = "io-test-XXXXXX";
    start_into_file(host, client, path, 48000);
    (void)run(host, 1);
    static float heard[48000 * 2];
    end_into_file(host, client, path, heard, 48000);
    /* ProcessOutput, ProcessMix and ProcessInput halve it once each: 0 is numbered -1. */
    assert_true(heard[1920] == -0.125f);
    halsim_host_destroy(host);
}

static void the_result_of_an_operation_apart_is_what_the_next_gets(void **state) {
    (void)state;
    /* Alone, and as the second to be mixed, whose blocks lie elsewhere. */
    for (int silent_clients = 0; silent_clients < 2; silent_clients++) {
        struct halsim_host *host = loop_host("process,apart", NULL);
        uint32_t silent;
        if (silent_clients > 0) {
            assert_ok(halsim_client_add(host, 0, NULL, &silent, error));
            assert_ok(halsim_client_set_source(host, 0, silent, 0, halsim_source_create_silence(),
                                               error));
            assert_ok(halsim_io_start(host, 0, silent, error));
        }
        uint32_t client = loop_client(host, NULL);
        char path[] = "io-test-XXXXXX";
        start_into_file(host, client, path, 4800);
        assert_ok(halsim_io_run_cycles(host, 0, 10, error));
        static float heard[4800 * 2];
        end_into_file(host, client, path, heard, 4800);
        assert_true(heard[1920] == -0.125f);
        for (size_t i = 1920; i < 4800 * 2; i++) {
            assert_true(heard[i] < 0); /* no NaN of the buffer that the driver spoiled */
        }
        halsim_host_destroy(host);
    }
}

static void a_source_set_on_one_stream_leaves_the_others_alone(void **state) {
    (void)state;
    struct halsim_host *host = loop_host("two-streams", NULL);
    uint32_t client = loop_started_client(host, &check);
    (void)run(host, 1);
    assert_ok(halsim_client_set_source(host, 0, client, 1, halsim_source_create_counter(0), error));
    (void)run(host, 1);
    assert_true(halsim_check_is_clean(&check));
    uint64_t position;
    assert_ok(halsim_client_position(host, 0, client, &position, error));
    assert_int_equal(position, 96000);
    /* A new source of the same stream begins anew. */
    assert_ok(halsim_client_set_source(host, 0, client, 0, halsim_source_create_counter(0), error));
    (void)run(host, 1);
    assert_int_equal(check.duplicated, 48000 - 960);
    assert_int_equal(check.lost, 0);
    halsim_host_destroy(host);
}

struct noting_sink {
    struct halsim_sink sink;
    uint64_t *first;
};

static void note_position(struct halsim_sink *sink, const float *block, uint32_t frames,
                          uint32_t channels, uint64_t position) {
    (void)block, (void)frames, (void)channels;
    struct noting_sink *self = (struct noting_sink *)sink;
    if (*self->first == UINT64_MAX) {
        *self->first = position;
    }
}

static void noting_destroy(struct halsim_sink *sink) {
    free(sink);
}

static void a_sink_is_told_positions_from_0(void **state) {
    (void)state;
    struct halsim_host *host = loop_host(NULL, NULL);
    uint32_t client = loop_started_client(host, NULL);
    (void)run(host, 1);
    uint64_t first = UINT64_MAX;
    struct noting_sink *sink = calloc(1, sizeof *sink);
    *sink = (struct noting_sink){{.take = note_position, .destroy = noting_destroy}, &first};
    assert_ok(halsim_client_set_sink(host, 0, client, 0, &sink->sink, error));
    (void)run(host, 1);
    assert_int_equal(first, 0);
    halsim_host_destroy(host);
}

static void two_devices_run_side_by_side(void **state) {
    (void)state;
    struct halsim_host *host = loop_host("two-devices", NULL);
    uint32_t first = loop_client(host, &check);
    uint32_t second;
    static struct halsim_check other;
    halsim_check_init(&other, 2);
    assert_ok(halsim_device_set_rate(host, 1, 44100, error));
    assert_ok(halsim_client_add(host, 1, NULL, &second, error));
    assert_ok(halsim_client_set_source(host, 1, second, 0, halsim_source_create_counter(0), error));
    assert_ok(halsim_client_set_sink(host, 1, second, 0, halsim_sink_create_check(&other), error));
    assert_ok(halsim_io_start(host, 0, first, error));
    assert_ok(halsim_io_start(host, 1, second, error));
    struct halsim_io_stats stats = run(host, 10);
    assert_int_equal(stats.cycles, 1000);
    assert_ok(halsim_io_stats(host, 1, &stats, error));
    assert_in_range(stats.cycles, 918, 920); /* 441000 / 480 */
    assert_true(halsim_check_is_clean(&check));
    assert_true(halsim_check_is_clean(&other));
    halsim_host_destroy(host);
}

static void a_device_clock_that_is_off_moves_the_cycles(void **state) {
    (void)state;
    (void)setenv("LOOP_PPM", "1000", 1);
    struct halsim_host *host = loop_host(NULL, NULL);
    (void)unsetenv("LOOP_PPM");
    (void)loop_started_client(host, &check);
    struct halsim_io_stats stats = run(host, 100);
    assert_in_range(stats.cycles, 10009, 10011); /* a thousandth more than 10000 */
    assert_int_equal(stats.timestamp_jumps, 0);
    assert_true(halsim_check_is_clean(&check));
    halsim_host_destroy(host);
}

static void a_time_line_that_breaks_is_counted_by_kind(void **state) {
    (void)state;
    const struct {
        const char *fault;
        uint64_t jumps, seeds;
    } cases[] = {{"timestamp-jumps", 1, 0}, {"timestamp-goes-back", 1, 0}, {"new-seed", 0, 1}};
    for (size_t i = 0; i < 3; i++) {
        struct halsim_host *host = loop_host(NULL, cases[i].fault);
        (void)loop_started_client(host, NULL);
        struct halsim_io_stats stats = run(host, 3);
        assert_int_equal(stats.timestamp_jumps, cases[i].jumps);
        assert_int_equal(stats.seed_changes, cases[i].seeds);
        halsim_host_destroy(host);
    }
}

static void a_second_start_that_resets_the_clock_is_noticed(void **state) {
    (void)state;
    struct halsim_host *host = loop_host(NULL, "start-resets-clock");
    uint32_t first = loop_client(host, NULL);
    uint32_t second;
    assert_ok(halsim_client_add(host, 0, NULL, &second, error));
    assert_ok(halsim_io_start(host, 0, first, error));
    (void)run(host, 3);
    assert_ok(halsim_io_start(host, 0, second, error));
    struct halsim_io_stats stats = run(host, 1);
    assert_int_equal(stats.timestamp_jumps, 1);
    halsim_host_destroy(host);
}

static void a_first_timestamp_from_another_time_is_refused(void **state) {
    (void)state;
    struct halsim_host_config config = loop_config(HALSIM_CLOCK_VIRTUAL);
    config.virtual_start_ns = 3600 * S_TO_NS;
    struct halsim_host *host = loop_host_with(&config, NULL, "timestamp-in-the-past");
    uint32_t client = loop_client(host, NULL);
    struct halsim_error failure = {0};
    assert_false(halsim_io_start(host, 0, client, &failure));
    assert_int_equal(failure.status, HALSIM_ERROR_CONTRACT);
    assert_false(halsim_io_run(host, S_TO_NS, &failure)); /* nothing runs */
    assert_int_equal(failure.status, HALSIM_ERROR_STATE);
    halsim_host_destroy(host);
}

static const char *const impossible[] = {"timestamp-is-nan", "timestamp-is-infinite",
                                         "timestamp-is-huge", "timestamp-is-far"};

static void an_impossible_timestamp_is_an_error_and_the_time_line_goes_on(void **state) {
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct halsim_host *host = loop_host(NULL, impossible[i]);
        (void)loop_started_client(host, &check);
        struct halsim_io_stats stats = run(host, 3); /* the fourth period begins at 1.024 s */
        assert_int_equal(stats.cycles, 300);
        assert_int_equal(stats.driver_errors, 197);
        assert_int_equal(stats.last_driver_error, kAudioHardwareIllegalOperationError);
        assert_int_equal(stats.last_driver_error_operation, 0);
        assert_int_equal(stats.timestamp_jumps + stats.seed_changes, 0);
        assert_true(halsim_check_is_clean(&check));
        halsim_host_destroy(host);
    }
}

static void an_impossible_first_timestamp_is_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        char fault[64];
        (void)snprintf(fault, sizeof fault, "first-%s", impossible[i]);
        struct halsim_host *host = loop_host(NULL, fault);
        uint32_t client = loop_client(host, NULL);
        struct halsim_error failure = {0};
        assert_false(halsim_io_start(host, 0, client, &failure));
        assert_int_equal(failure.status, HALSIM_ERROR_CONTRACT);
        halsim_host_destroy(host);
    }
}

static void errors_of_the_driver_in_io_are_counted_and_named(void **state) {
    (void)state;
    struct halsim_host *host = loop_host(NULL, "error:DoIOOperation:21");
    (void)loop_started_client(host, NULL);
    struct halsim_io_stats stats = run(host, 1);
    assert_int_equal(stats.driver_errors,
                     180); /* two operations a cycle, the first ten cycles fine */
    assert_int_equal(stats.last_driver_error, kAudioHardwareUnspecifiedError);
    assert_int_equal(stats.last_driver_error_operation, kAudioServerPlugInIOOperationWriteMix);
    halsim_host_destroy(host);
}

static void a_start_that_fails_leaves_nothing_running(void **state) {
    (void)state;
    struct halsim_host *host = loop_host(NULL, "error:StartIO");
    uint32_t client = loop_client(host, NULL);
    struct halsim_error failure = {0};
    assert_false(halsim_io_start(host, 0, client, &failure));
    assert_int_equal(failure.status, HALSIM_ERROR_DRIVER);
    assert_non_null(strstr(failure.message, "StartIO of device \"Loop A\" answered 'what'"));
    assert_false(halsim_io_stop(host, 0, client, &failure));
    assert_int_equal(failure.status, HALSIM_ERROR_STATE);
    halsim_host_destroy(host);
}

static void an_answer_of_not_in_place_is_warned_of_and_ignored(void **state) {
    (void)state;
    struct halsim_host *host = loop_host(NULL, "not-in-place");
    (void)loop_started_client(host, &check);
    (void)run(host, 1);
    assert_true(halsim_check_is_clean(&check));
    assert_true(loop_notices(HALSIM_NOTICE_WARNING) > 0);
    assert_non_null(strstr(loop_last_warning(), "in place"));
    halsim_host_destroy(host);
}

static void the_same_seed_and_script_give_the_same_trace(void **state) {
    (void)state;
    struct halsim_trace_record first[64], second[64];
    for (int round = 0; round < 2; round++) {
        struct halsim_host *host = loop_host("two-devices", NULL);
        assert_ok(halsim_host_trace(host, "io-test.trace", 64, error));
        (void)loop_started_client(host, NULL);
        assert_ok(halsim_io_run_cycles(host, 0, 64, error));
        halsim_host_destroy(host);
        FILE *file = fopen("io-test.trace", "rb");
        assert_non_null(file);
        assert_int_equal(fseek(file, HALSIM_TRACE_HEADER_BYTES, SEEK_SET), 0);
        assert_int_equal(fread(round == 0 ? first : second, sizeof first[0], 64, file), 64);
        (void)fclose(file);
        (void)remove("io-test.trace");
    }
    for (int i = 0; i < 64; i++) {
        /* What was measured with the processor's clock differs; all else may not. */
        struct halsim_trace_record *records[2] = {&first[i], &second[i]};
        for (int r = 0; r < 2; r++) {
            memset(records[r]->op_ns, 0, sizeof records[r]->op_ns);
            records[r]->zero_ns = records[r]->host_ns = records[r]->signal_ns = 0;
        }
        assert_memory_equal(&first[i], &second[i], sizeof first[i]);
        assert_int_equal(first[i].cycle, i + 1);
        assert_int_equal(first[i].woke_ns, first[i].scheduled_ns);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_played_is_heard_sample_by_sample),
        cmocka_unit_test(a_frame_that_the_driver_drops_is_found),
        cmocka_unit_test(every_buffer_size_and_rate_carries_every_sample),
        cmocka_unit_test(integer_streams_are_converted_by_the_host_and_by_the_driver),
        cmocka_unit_test(a_format_that_nobody_converts_is_refused_before_start_io),
        cmocka_unit_test(a_format_that_the_driver_lacks_is_refused_by_name),
        cmocka_unit_test(two_clients_are_mixed),
        cmocka_unit_test(a_driver_that_mixes_itself_gets_each_client),
        cmocka_unit_test(processing_operations_are_called_in_their_order),
        cmocka_unit_test(the_result_of_an_operation_apart_is_what_the_next_gets),
        cmocka_unit_test(a_source_set_on_one_stream_leaves_the_others_alone),
        cmocka_unit_test(a_sink_is_told_positions_from_0),
        cmocka_unit_test(two_devices_run_side_by_side),
        cmocka_unit_test(a_device_clock_that_is_off_moves_the_cycles),
        cmocka_unit_test(a_time_line_that_breaks_is_counted_by_kind),
        cmocka_unit_test(a_second_start_that_resets_the_clock_is_noticed),
        cmocka_unit_test(a_first_timestamp_from_another_time_is_refused),
        cmocka_unit_test(an_impossible_timestamp_is_an_error_and_the_time_line_goes_on),
        cmocka_unit_test(an_impossible_first_timestamp_is_refused),
        cmocka_unit_test(errors_of_the_driver_in_io_are_counted_and_named),
        cmocka_unit_test(a_start_that_fails_leaves_nothing_running),
        cmocka_unit_test(an_answer_of_not_in_place_is_warned_of_and_ignored),
        cmocka_unit_test(the_same_seed_and_script_give_the_same_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
