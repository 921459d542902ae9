/* Do clients play and hear what they were told to, and are their figures to be had at any time? */
#include "rpc_session.h"

#include "halsim/signal.h"
#include "rpc_clients.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <malloc.h>
#endif

static void what_is_played_is_heard_and_checked(void **state) {
    (void)state;
    struct halsim_rpc *rpc = session_with_loop(NULL, NULL, NULL);
    assert_int_equal(
        number_at(session_call(rpc, "client.add",
                               "{\"device\": \"Loop A\", \"name\": \"player\", "
                               "\"bundle_id\": \"org.example\", \"process_id\": 4711}"),
                  "client"),
        1);
    session_call(rpc, "client.set_source",
                 "{\"device\": 0, \"client\": 1, \"source\": {\"kind\": \"counter\"}}");
    session_call(rpc, "client.set_sink",
                 "{\"device\": 0, \"client\": 1, \"sink\": {\"kind\": \"check\"}}");
    session_call(rpc, "io.start", "{\"device\": 0, \"client\": 1}");
    session_call(rpc, "io.run", "{\"seconds\": 1}");

    yyjson_val *device = session_call(rpc, "device.info", "{\"device\": 0}");
    yyjson_val *client = yyjson_arr_get(member(device, "clients"), 0);
    assert_true(yyjson_equals_str(member(client, "name"), "player"));
    assert_true(yyjson_equals_str(member(client, "bundle_id"), "org.example"));
    assert_int_equal(number_at(client, "process_id"), 4711);
    assert_true(yyjson_get_bool(member(client, "running")));
    assert_true(yyjson_get_bool(member(device, "running")));

    yyjson_val *stats = session_call(rpc, "client.stats", "{\"device\": 0, \"client\": 1}");
    assert_true(number_at(stats, "position_frames") >= 48000);
    yyjson_val *check = yyjson_arr_get(member(stats, "sinks"), 0);
    assert_true(yyjson_get_bool(member(check, "clean")));
    assert_true(number_at(check, "correct") > 40000);

    session_call(rpc, "client.set_sink", "{\"device\": 0, \"client\": 1, \"sink\": null}");
    stats = session_call(rpc, "client.stats", "{\"device\": 0, \"client\": 1}");
    assert_true(yyjson_is_null(yyjson_arr_get(member(stats, "sinks"), 0)));
    session_call(rpc, "client.remove", "{\"device\": 0, \"client\": 1}");
    device = session_call(rpc, "device.info", "{\"device\": 0}");
    assert_int_equal(yyjson_arr_size(member(device, "clients")), 0);
    session_error(rpc, "client.stats", "{\"device\": 0, \"client\": 1}");
    session_close(rpc);
}

static void a_check_can_be_read_while_io_runs_in_real_time(void **state) {
    (void)state;
    struct halsim_rpc *rpc = session_with_loop("{\"clock\": \"realtime\"}", NULL, NULL);
    session_call(rpc, "client.add", "{\"device\": 0}");
    session_call(rpc, "client.set_source",
                 "{\"device\": 0, \"client\": 1, \"source\": {\"kind\": \"counter\"}}");
    session_call(rpc, "client.set_sink",
                 "{\"device\": 0, \"client\": 1, \"sink\": {\"kind\": \"check\"}}");
    session_call(rpc, "io.start", "{\"device\": 0, \"client\": 1}");
    uint64_t before = 0;
    for (int i = 0; i < 5; i++) {
        const struct timespec moment = {0, 30000000};
        nanosleep(&moment, NULL);
        yyjson_val *stats = session_call(rpc, "client.stats", "{\"device\": 0, \"client\": 1}");
        uint64_t received = number_at(yyjson_arr_get(member(stats, "sinks"), 0), "received");
        assert_true(received > before);
        before = received;
    }
    session_close(rpc);
}

static void a_bad_source_changes_nothing(void **state) {
    (void)state;
    struct halsim_rpc *rpc = session_with_loop(NULL, NULL, NULL);
    session_call(rpc, "client.add", "{\"device\": 0}");
    const char *bad[] = {
        "5",
        "{}",
        "{\"kind\": \"square\"}",
        "{\"kind\": \"sine\"}",
        "{\"kind\": \"sine\", \"hz\": 24001}",
        "{\"kind\": \"sine\", \"hz\": 1000, \"amp\": 1}",
        "{\"kind\": \"sweep\", \"from_hz\": 0, \"to_hz\": 1, \"frames\": 1}",
        "{\"kind\": \"counter\", \"only_channel\": -1}",
        "{\"kind\": \"file\", \"channels\": 2}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char params[256];
        (void)snprintf(params, sizeof params, "{\"device\": 0, \"client\": 1, \"source\": %s}",
                       bad[i]);
        yyjson_val *error = session_error(rpc, "client.set_source", params);
        assert_int_equal(code_of(error), -32602);
        assert_contains(message_of(error), "source");
    }
    yyjson_val *error = session_error(rpc, "client.set_source",
                                      "{\"device\": 0, \"client\": 1, \"source\": {\"kind\": "
                                      "\"file\", \"path\": \"no/such.raw\", \"channels\": 2}}");
    assert_int_equal(code_of(error), -32000);
    assert_contains(message_of(error), "no/such.raw");
    error =
        session_error(rpc, "client.set_source", "{\"device\": 0, \"client\": 9, \"source\": null}");
    assert_string_equal(status_of(error), "not-found");
    session_close(rpc);
}

static void every_kind_of_source_plays(void **state) {
    (void)state;
    char path[64], file_source[160];
    (void)snprintf(path, sizeof path, "daemon-clients-%d.raw", (int)getpid());
    FILE *file = fopen(path, "wb");
    const float frames[8] = {0};
    fwrite(frames, sizeof frames, 1, file);
    fclose(file);
    (void)snprintf(file_source, sizeof file_source,
                   "{\"kind\": \"file\", \"path\": \"%s\", \"channels\": 2, \"loop\": true}", path);
    const char *good[] = {
        "{\"kind\": \"silence\"}",
        "{\"kind\": \"counter\", \"start_frame\": 1000}",
        "{\"kind\": \"sine\", \"hz\": 440, \"amplitude\": 0.1, \"only_channel\": 1}",
        "{\"kind\": \"sweep\", \"from_hz\": 20, \"to_hz\": 20000, \"frames\": 48000}",
        "{\"kind\": \"noise\", \"seed\": 5}",
        file_source,
        "null",
    };
    struct halsim_rpc *rpc = session_with_loop(NULL, NULL, NULL);
    session_call(rpc, "client.add", "{\"device\": 0}");
    session_call(rpc, "io.start", "{\"device\": 0, \"client\": 1}");
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        char params[320];
        (void)snprintf(params, sizeof params, "{\"device\": 0, \"client\": 1, \"source\": %s}",
                       good[i]);
        session_call(rpc, "client.set_source", params);
        session_call(rpc, "io.run", "{\"device\": 0, \"cycles\": 3}");
    }
    session_close(rpc);
    (void)unlink(path);
}

static void a_client_of_an_unloaded_driver_is_forgotten(void **state) {
    (void)state;
    struct halsim_rpc *rpc = session_with_loop(NULL, NULL, NULL);
    session_call(rpc, "client.add", "{\"device\": 0}");
    session_call(rpc, "client.set_sink",
                 "{\"device\": 0, \"client\": 1, \"sink\": {\"kind\": \"check\"}}");
    session_call(rpc, "plugin.unload", "{\"plugin\": 0}");
    session_error(rpc, "client.stats", "{\"device\": 0, \"client\": 1}");
    assert_int_equal(yyjson_arr_size(session_call(rpc, "device.list", NULL)), 0);
    assert_int_equal(yyjson_arr_size(session_call(rpc, "plugin.list", NULL)), 0);
    session_close(rpc);
}

static void a_client_that_could_not_be_started_again_does_not_run(void **state) {
    (void)state;
    struct halsim_rpc *rpc = session_with_loop(NULL, NULL, "error:StartIO:2");
    session_call(rpc, "client.add", "{\"device\": 0}");
    session_call(rpc, "io.start", "{\"device\": 0, \"client\": 1}");
    yyjson_val *device = session_call(rpc, "device.info", "{\"device\": 0}");
    yyjson_val *client = yyjson_arr_get(member(device, "clients"), 0);
    assert_true(yyjson_get_bool(member(client, "running")));

    session_call(rpc, "property.set",
                 "{\"object\": {\"plugin\": 0, \"id\": 2}, \"selector\": \"nsrt\", "
                 "\"value\": 44100}");
    device = session_call(rpc, "device.info", "{\"device\": 0}");
    client = yyjson_arr_get(member(device, "clients"), 0);
    assert_false(yyjson_get_bool(member(device, "running")));
    assert_false(yyjson_get_bool(member(client, "running")));
    session_close(rpc);
}

#ifdef __linux__
#define ROUNDS 50000

struct two_owners {
    atomic_uint round; /* the sink of this one is there */
    atomic_uint done;
    struct halsim_sink *sink;
};

static void *host_lets_go(void *argument) {
    struct two_owners *two = argument;
    for (unsigned i = 1; i <= ROUNDS; i++) {
        while (atomic_load(&two->round) != i) {
            sched_yield();
        }
        halsim_sink_destroy(two->sink);
        atomic_store(&two->done, i);
    }
    return NULL;
}

/* A check that nobody freed would stay in the heap, one that both freed would stop the process. */
static void a_check_is_freed_once_by_whoever_lets_go_last(void **state) {
    (void)state;
    struct client_registry *registry = client_registry_create();
    const struct halsim_client_config config = {0};
    struct client_entry *entry = client_registry_add(registry, 0, 1, &config);
    assert_non_null(entry);
    struct two_owners two = {0};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, host_lets_go, &two), 0);
    struct mallinfo2 before = mallinfo2();
    for (unsigned i = 1; i <= ROUNDS; i++) {
        two.sink = client_entry_check(entry, 0, 2);
        assert_non_null(two.sink);
        atomic_store(&two.round, i);
        for (volatile unsigned wait = i % 256; wait > 0; wait--) {
            /* the other one is later by some such time: now and then both come together */
        }
        client_entry_no_check(entry, 0);
        while (atomic_load(&two.done) != i) {
            sched_yield();
        }
    }
    struct mallinfo2 after = mallinfo2();
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(after.uordblks < before.uordblks + 2 * sizeof(struct halsim_check));
    client_registry_destroy(registry);
}
#endif

static void a_check_begins_anew_with_another_number_of_channels(void **state) {
    (void)state;
    struct client_registry *registry = client_registry_create();
    const struct halsim_client_config config = {0};
    struct client_entry *entry = client_registry_add(registry, 0, 1, &config);
    struct halsim_sink *sink = client_entry_check(entry, 0, 2);
    struct halsim_source *source = halsim_source_create_counter(0);
    float block[4 * 64];
    struct halsim_check check;
    for (uint32_t channels = 2; channels <= 4; channels += 2) {
        source->render(source, block, 64, channels, 0);
        sink->take(sink, block, 64, channels, 0);
        assert_true(client_entry_read_check(entry, 0, 0, &check));
        assert_int_equal(check.channels, channels);
        assert_int_equal(check.correct, 64);
        assert_true(halsim_check_is_clean(&check));
    }
    halsim_source_destroy(source);
    halsim_sink_destroy(sink);
    client_registry_destroy(registry);
}

static void a_trace_says_how_much_room_it_has(void **state) {
    (void)state;
    char path[64], params[128];
    (void)snprintf(path, sizeof path, "daemon-clients-%d.trace", (int)getpid());
    (void)snprintf(params, sizeof params, "{\"path\": \"%s\", \"capacity\": 1000}", path);
    struct halsim_rpc *rpc = session_with_loop(NULL, NULL, NULL);
    yyjson_val *trace = session_call(rpc, "trace.open", params);
    assert_int_equal(number_at(trace, "capacity"), 1024);
    assert_true(yyjson_equals_str(member(trace, "path"), path));
    session_call(rpc, "trace.close", NULL);
    session_close(rpc);
    (void)unlink(path);
}

static void a_far_end_is_refused_in_words(void **state) {
    (void)state;
    struct halsim_rpc *rpc = session_with_loop(NULL, "two-devices", NULL);
    yyjson_val *error =
        session_error(rpc, "farend.open", "{\"kind\": \"gecko-shm\", \"name\": \"/x\"}");
    assert_contains(message_of(error), "2 devices");
    error = session_error(rpc, "farend.open",
                          "{\"kind\": \"gecko-shm\", \"name\": \"/x\", \"device\": 0, "
                          "\"stall_cycles\": [1]}");
    assert_contains(message_of(error), "stall_cycles");
    error = session_error(rpc, "farend.open",
                          "{\"kind\": \"gecko-shm\", \"name\": \"/x\", \"device\": 0, "
                          "\"record\": \"f.raw\"}");
    assert_contains(message_of(error), "record_frames");
    error = session_error(rpc, "farend.stats", "{\"farend\": 0}");
    assert_string_equal(status_of(error), "not-found");
    session_close(rpc);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_played_is_heard_and_checked),
        cmocka_unit_test(a_check_can_be_read_while_io_runs_in_real_time),
        cmocka_unit_test(a_bad_source_changes_nothing),
        cmocka_unit_test(every_kind_of_source_plays),
        cmocka_unit_test(a_client_of_an_unloaded_driver_is_forgotten),
        cmocka_unit_test(a_client_that_could_not_be_started_again_does_not_run),
#ifdef __linux__
        cmocka_unit_test(a_check_is_freed_once_by_whoever_lets_go_last),
#endif
        cmocka_unit_test(a_check_begins_anew_with_another_number_of_channels),
        cmocka_unit_test(a_trace_says_how_much_room_it_has),
        cmocka_unit_test(a_far_end_is_refused_in_words),
    };
    return cmocka_run_group_tests_name("daemon.clients", tests, NULL, NULL);
}
