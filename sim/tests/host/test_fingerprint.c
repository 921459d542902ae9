/* Is a run the same number each time, and another one when anything that can be observed differs?
 */
#include "loop_host.h"

#include "halsim/fingerprint.h"
#include "host_internal.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define CYCLES 60

static char path[64];

static int make_path(void **state) {
    (void)state;
    (void)snprintf(path, sizeof path, "fingerprint-test-%d.events", (int)getpid());
    return 0;
}

static int remove_path(void **state) {
    (void)state;
    (void)unlink(path);
    return 0;
}

/* What a run is made of; zeros are the plain one. */
struct script {
    const char *shape, *fault, *ppm;
    uint64_t noise_seed; /* 0: the counter */
    int32_t process_id;
    const char *bundle_id;
    bool late_second_client;
    double new_rate;
    uint32_t frames; /* 0: as it is */
    bool refused;
    const char *log;
    uint64_t first_cycle, last_cycle, capacity;
};

static struct halsim_host *begin(const struct script *script) {
    struct halsim_host_config config;
    halsim_host_config_init(&config);
    config.clock = HALSIM_CLOCK_VIRTUAL;
    config.change_limit_ms = 20; /* for changes that are refused, or come later */
    struct halsim_host *host = halsim_host_create(&config, NULL);
    assert_non_null(host);
    assert_ok(halsim_fingerprint_begin(host, error));
    if (script->log != NULL) {
        assert_ok(halsim_fingerprint_log(host, script->log, script->first_cycle,
                                         script->last_cycle > 0 ? script->last_cycle : UINT64_MAX,
                                         script->capacity > 0 ? script->capacity : 4000, error));
    }
    (void)setenv("LOOP_SHAPE", script->shape != NULL ? script->shape : "", 1);
    (void)setenv("LOOP_FAULT", script->fault != NULL ? script->fault : "", 1);
    (void)setenv("LOOP_PPM", script->ppm != NULL ? script->ppm : "0", 1);
    return host;
}

static void play(struct halsim_host *host, const struct script *script) {
    uint32_t plugin, client, second;
    struct halsim_check check;
    const struct halsim_object device = {0, 2};
    const struct halsim_client_config about = {script->process_id, script->bundle_id, NULL};
    assert_ok(halsim_plugin_load(host, LOOP_DRIVER, &plugin, error));
    uint32_t transport = 0;
    assert_ok(halsim_property_get_u32(
        host, device, &(AudioObjectPropertyAddress){kAudioDevicePropertyTransportType, 'glob', 0},
        &transport, error));
    free(halsim_property_get_string(
        host, device, &(AudioObjectPropertyAddress){kAudioObjectPropertyManufacturer, 'glob', 0},
        NULL));
    if (script->frames > 0) {
        assert_ok(halsim_device_set_buffer_frames(host, 0, script->frames, error));
    }
    assert_ok(halsim_client_add(host, 0, &about, &client, error));
    assert_ok(halsim_client_set_source(host, 0, client, 0,
                                       script->noise_seed == 0
                                           ? halsim_source_create_counter(0)
                                           : halsim_source_create_noise(script->noise_seed, 0.5),
                                       error));
    halsim_check_init(&check, 2);
    assert_ok(halsim_client_set_sink(host, 0, client, 0, halsim_sink_create_check(&check), error));
    assert_ok(halsim_io_start(host, 0, client, error));
    assert_ok(halsim_io_run_cycles(host, 0, CYCLES / 2, error));
    if (script->late_second_client) {
        assert_ok(halsim_client_add(host, 0, NULL, &second, error));
        assert_ok(halsim_io_start(host, 0, second, error));
    }
    if (script->new_rate > 0) {
        struct halsim_error ignored;
        assert_ok(halsim_device_refuse_changes(host, 0, script->refused ? 1 : 0, error));
        (void)halsim_device_set_rate(host, 0, script->new_rate, &ignored);
    }
    assert_ok(halsim_io_run_cycles(host, 0, CYCLES / 2, error));
    (void)halsim_io_stop(host, 0, client, NULL); /* some scripts have it fail */
}

static struct halsim_fingerprint_state states[2];

static const struct halsim_fingerprint_state *run(const struct script *script, int which) {
    struct halsim_host *host = begin(script);
    play(host, script);
    assert_ok(halsim_fingerprint_read(host, &states[which], error));
    halsim_host_destroy(host);
    return &states[which];
}

static uint64_t hash_of(const struct script *script) {
    return run(script, 0)->hash;
}

static void the_same_run_is_the_same_number(void **state) {
    (void)state;
    const char *const shapes[] = {"",        "two-devices",   "two-streams",
                                  "convert", "process,apart", "mixes",
                                  "thread",  "counts-loads",  "queue"};
    uint64_t hashes[sizeof shapes / sizeof shapes[0]];
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        const struct script script = {.shape = shapes[i], .new_rate = 96000};
        hashes[i] = hash_of(&script);
        assert_true(hash_of(&script) == hashes[i]);
        for (size_t j = 0; j < i; j++) {
            assert_true(hashes[j] != hashes[i]);
        }
    }
}

static void what_is_not_to_be_seen_is_not_seen(void **state) {
    (void)state;
    const struct script plain = {.process_id = 100}, other = {.process_id = 101};
    const struct script logged = {.log = path};
    uint64_t hash = hash_of(&plain);
    assert_true(hash_of(&other) == hash);
    assert_true(hash_of(&logged) == hash);
}

/* ---- the log ------------------------------------------------------------------------------- */

static struct halsim_event_log_header header;

static struct halsim_observation *read_log(void) {
    int fd = open(path, O_RDONLY);
    struct stat status;
    assert_true(fd >= 0 && fstat(fd, &status) == 0);
    assert_int_equal(read(fd, &header, sizeof header), sizeof header);
    size_t bytes = (size_t)header.written * sizeof(struct halsim_observation);
    struct halsim_observation *events = malloc(bytes + 1);
    assert_non_null(events);
    assert_int_equal(read(fd, events, bytes), bytes);
    (void)close(fd);
    assert_int_equal(status.st_size, sizeof header + bytes); /* cut to what it holds */
    return events;
}

static struct halsim_observation *log_of(const struct script *script, size_t *count) {
    struct script logged = *script;
    logged.log = path;
    (void)run(&logged, 0);
    struct halsim_observation *events = read_log();
    *count = (size_t)header.written;
    return events;
}

/* For each kind of event: whether its data or its results differ between two runs of the same
 * calls. */
static uint64_t kinds_that_differ(const struct script *a, const struct script *b) {
    size_t count, other;
    struct halsim_observation *one = log_of(a, &count);
    struct halsim_observation *two = log_of(b, &other);
    uint64_t kinds = 0;
    assert_int_equal(count, other);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(one[i].kind, two[i].kind);
        assert_int_equal(one[i].code, two[i].code);
        if (one[i].data != two[i].data || one[i].status != two[i].status) {
            kinds |= UINT64_C(1) << one[i].kind;
        }
    }
    assert_true(one[count - 1].hash != two[count - 1].hash || kinds == 0);
    free(one);
    free(two);
    return kinds;
}

#define BIT(kind) (UINT64_C(1) << HALSIM_OBSERVED_##kind)

static void one_thing_changed_is_seen_as_that_and_nothing_else(void **state) {
    (void)state;
    const struct script plain = {0};
    const struct {
        struct script script;
        uint64_t kinds;
    } changes[] = {
        {{0}, 0},
        {{.fault = "other-transport"}, BIT(GetPropertyData)},
        {{.fault = "other-manufacturer"}, BIT(GetPropertyData)},
        {{.fault = "spoils-mix"}, BIT(HANDED_BACK)},
        {{.fault = "wrong-sample"}, BIT(HANDED_BACK) | BIT(SINK)},
        {{.fault = "error:EndIOOperation:9"}, BIT(EndIOOperation)},
        {{.fault = "error:BeginIOOperation:9"}, BIT(BeginIOOperation)},
        {{.fault = "error:StopIO"}, BIT(StopIO)},
        /* and with it what the host makes of the device's clock */
        {{.fault = "error:GetZeroTimeStamp:30"},
         BIT(GetZeroTimeStamp) | BIT(BeginIOOperation) | BIT(DoIOOperation) | BIT(EndIOOperation)},
        {{.bundle_id = "org.example"}, BIT(AddDeviceClient) | BIT(RemoveDeviceClient)},
        {{.noise_seed = 1}, BIT(HANDED_IN) | BIT(HANDED_BACK) | BIT(SINK)},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        uint64_t kinds = kinds_that_differ(&plain, &changes[i].script);
        if (kinds != changes[i].kinds) {
            fail_msg("change %zu: kinds %llx, not %llx", i, (unsigned long long)kinds,
                     (unsigned long long)changes[i].kinds);
        }
    }
    const struct script one = {.noise_seed = 1}, two = {.noise_seed = 2};
    assert_true(kinds_that_differ(&one, &two) == (BIT(HANDED_IN) | BIT(HANDED_BACK) | BIT(SINK)));
}

static bool has_kind(const struct halsim_observation *events, size_t count,
                     enum halsim_observed kind) {
    for (size_t i = 0; i < count; i++) {
        if (events[i].kind == kind) {
            return true;
        }
    }
    return false;
}

static void what_else_happens_is_seen_too(void **state) {
    (void)state;
    const struct script plain = {0};
    const struct {
        struct script script;
        uint64_t kinds; /* that it brings */
    } changes[] = {
        {{.shape = "counts-loads"}, BIT(CopyFromStorage) | BIT(WriteToStorage)},
        {{.fault = "not-in-place"}, BIT(NOTICE)},
        {{.new_rate = 96000},
         BIT(SetPropertyData) | BIT(RequestDeviceConfigurationChange) | BIT(NOTICE) |
             BIT(PerformDeviceConfigurationChange) | BIT(PropertiesChanged)},
        {{.new_rate = 96000, .refused = true}, BIT(AbortDeviceConfigurationChange) | BIT(NOTICE)},
    };
    uint64_t hash = hash_of(&plain);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        size_t count;
        struct halsim_observation *events = log_of(&changes[i].script, &count);
        for (unsigned kind = 0; kind < 64; kind++) {
            if ((changes[i].kinds >> kind & 1) != 0 &&
                !has_kind(events, count, (enum halsim_observed)kind)) {
                fail_msg("change %zu: no event of kind %u", i, kind);
            }
        }
        assert_true(events[count - 1].hash != hash);
        free(events);
    }
    const struct script rates[] = {{.new_rate = 96000}, {.new_rate = 88200}};
    const struct script refused = {.new_rate = 96000, .refused = true};
    const struct script more = {.late_second_client = true}, ppm = {.ppm = "10"};
    const uint64_t hashes[] = {
        hash,           hash_of(&rates[0]), hash_of(&rates[1]), hash_of(&refused),
        hash_of(&more), hash_of(&ppm)};
    for (size_t i = 0; i < 6; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_true(hashes[i] != hashes[j]);
        }
    }
}

/* The data of the n-th event (from 0) of a kind. */
static uint64_t data_of(const struct halsim_observation *events, size_t count,
                        enum halsim_observed kind, size_t n) {
    for (size_t i = 0; i < count; i++) {
        if (events[i].kind == kind && n-- == 0) {
            return events[i].data;
        }
    }
    fail_msg("no such event of kind %d", (int)kind);
    return 0;
}

static void a_cycle_is_its_length_and_its_moment(void **state) {
    (void)state;
    const struct script scripts[] = {{.frames = 480}, {.frames = 512}};
    uint64_t data[2][2];
    for (size_t i = 0; i < 2; i++) {
        size_t count;
        struct halsim_observation *events = log_of(&scripts[i], &count);
        for (size_t n = 0; n < 2; n++) {
            data[i][n] = data_of(events, count, HALSIM_OBSERVED_CYCLE, n);
        }
        free(events);
    }
    assert_true(data[0][0] != data[1][0]); /* at one moment, of another length */
    assert_true(data[0][0] != data[0][1]);
}

static void what_a_notice_says_counts(void **state) {
    (void)state;
    const struct script script = {.fault = "not-in-place"};
    size_t count;
    struct halsim_observation *events = log_of(&script, &count);
    assert_true(data_of(events, count, HALSIM_OBSERVED_NOTICE, 0) !=
                data_of(events, count, HALSIM_OBSERVED_NOTICE, 1)); /* of 'read' and of 'rite' */
    free(events);
}

/* ---- what a driver asks of its host, asked by the test ------------------------------------- */

struct asking {
    struct halsim_host *host;
    AudioServerPlugInHostRef interface;
};

static struct asking ask_begin(void) {
    const struct script script = {0};
    struct asking asking = {.host = begin(&script)};
    uint32_t plugin;
    assert_ok(halsim_plugin_load(asking.host, LOOP_DRIVER, &plugin, error));
    asking.interface = &asking.host->plugins[plugin]->interface;
    assert_ok(halsim_fingerprint_begin(asking.host, error));
    assert_ok(halsim_fingerprint_log(asking.host, path, 0, 0, 100, error));
    return asking;
}

static uint64_t ask_end(const struct asking *asking, enum halsim_observed kind) {
    assert_ok(halsim_fingerprint_log(asking->host, NULL, 0, 0, 0, error));
    struct halsim_observation *events = read_log();
    uint64_t data = data_of(events, (size_t)header.written, kind, 0);
    free(events);
    halsim_host_destroy(asking->host);
    return data;
}

static uint64_t storage(enum halsim_observed kind, CFStringRef key, CFPropertyListRef value) {
    struct asking asking = ask_begin();
    CFPropertyListRef copy = NULL;
    (void)asking.interface->WriteToStorage(asking.interface, key, value);
    (void)asking.interface->CopyFromStorage(asking.interface, key, &copy);
    (void)asking.interface->DeleteFromStorage(asking.interface, key);
    CFRelease(copy);
    return ask_end(&asking, kind);
}

static uint64_t change(enum halsim_observed kind, UInt64 action, void *info) {
    struct asking asking = ask_begin();
    (void)asking.interface->RequestDeviceConfigurationChange(asking.interface, 2, action, info);
    return ask_end(&asking, kind);
}

static uint64_t news(enum halsim_observed kind, AudioObjectPropertyAddress address, UInt32 count) {
    struct asking asking = ask_begin();
    const AudioObjectPropertyAddress addresses[] = {address, address};
    (void)asking.interface->PropertiesChanged(asking.interface, 2, count, addresses);
    return ask_end(&asking, kind);
}

static void what_a_driver_asks_of_its_host_counts(void **state) {
    (void)state;
    const enum halsim_observed stores[] = {HALSIM_OBSERVED_WriteToStorage,
                                           HALSIM_OBSERVED_CopyFromStorage};
    for (size_t i = 0; i < 2; i++) {
        uint64_t plain = storage(stores[i], CFSTR("a"), CFSTR("1"));
        assert_true(storage(stores[i], CFSTR("a"), CFSTR("1")) == plain);
        assert_true(storage(stores[i], CFSTR("a"), CFSTR("2")) != plain);
        assert_true(storage(stores[i], CFSTR("b"), CFSTR("1")) != plain);
    }
    assert_true(storage(HALSIM_OBSERVED_DeleteFromStorage, CFSTR("a"), CFSTR("1")) !=
                storage(HALSIM_OBSERVED_DeleteFromStorage, CFSTR("b"), CFSTR("1")));
    int here, there;
    const enum halsim_observed request = HALSIM_OBSERVED_RequestDeviceConfigurationChange;
    assert_true(change(request, 1, NULL) != change(request, 2, NULL));
    assert_true(change(request, 1, NULL) != change(request, 1, &here));
    assert_true(change(request, 1, &there) == change(request, 1, &here));
    assert_true(change(HALSIM_OBSERVED_NOTICE, 1, NULL) != change(HALSIM_OBSERVED_NOTICE, 2, NULL));
    const enum halsim_observed kinds[] = {HALSIM_OBSERVED_PropertiesChanged,
                                          HALSIM_OBSERVED_NOTICE};
    for (size_t i = 0; i < 2; i++) {
        const AudioObjectPropertyAddress name = {'lnam', 'glob', 0};
        uint64_t plain = news(kinds[i], name, 1);
        assert_true(news(kinds[i], name, 1) == plain);
        assert_true(news(kinds[i], name, 2) != plain);
        assert_true(news(kinds[i], (AudioObjectPropertyAddress){'lmak', 'glob', 0}, 1) != plain);
        assert_true(news(kinds[i], (AudioObjectPropertyAddress){'lnam', 'inpt', 0}, 1) != plain);
        assert_true(news(kinds[i], (AudioObjectPropertyAddress){'lnam', 'glob', 1}, 1) != plain);
    }
}

static void the_log_is_whole_and_ends_with_the_hash(void **state) {
    (void)state;
    const struct script script = {.log = path};
    const struct halsim_fingerprint_state *end = run(&script, 0);
    struct halsim_observation *events = read_log();
    assert_true(header.magic == HALSIM_EVENT_LOG_MAGIC);
    assert_int_equal(header.version, HALSIM_EVENT_LOG_VERSION);
    assert_int_equal(header.dropped, 0);
    assert_int_equal(header.start_ns, 1000000000);
    /* the driver is released after the reading */
    assert_true(header.written > end->events);
    assert_true(events[end->events - 1].hash == end->hash);
    assert_int_equal(events[0].kind, HALSIM_OBSERVED_Factory);
    assert_int_equal(events[0].cycle, 0);
    for (uint64_t i = 0; i < header.written; i++) {
        assert_int_equal(events[i].sequence, i + 1);
        assert_true(i == 0 || events[i].time_ns >= events[i - 1].time_ns);
        assert_true(i == 0 || events[i].cycle >= events[i - 1].cycle);
    }
    free(events);
}

static void a_window_has_the_events_of_its_cycles(void **state) {
    (void)state;
    const struct script script = {.log = path, .first_cycle = 10, .last_cycle = 11};
    (void)run(&script, 0);
    struct halsim_observation *events = read_log();
    assert_true(header.written > 10);
    assert_int_equal(events[0].kind, HALSIM_OBSERVED_CYCLE);
    assert_int_equal(events[0].cycle, 10);
    assert_int_equal(events[header.written - 1].cycle, 11);
    assert_int_equal(events[header.written - 1].sequence, events[0].sequence + header.written - 1);
    free(events);
}

static void a_log_that_is_full_counts_what_it_drops(void **state) {
    (void)state;
    const struct script script = {.log = path, .capacity = 7};
    (void)run(&script, 0);
    free(read_log());
    assert_int_equal(header.written, 7);
    assert_true(header.dropped > 100);
}

static void a_log_is_readable_while_it_is_written(void **state) {
    (void)state;
    const struct script script = {.log = path};
    struct halsim_host *host = begin(&script);
    play(host, &script);
    assert_ok(halsim_fingerprint_read(host, &states[0], error));
    int fd = open(path, O_RDONLY);
    assert_int_equal(read(fd, &header, sizeof header), sizeof header);
    (void)close(fd);
    assert_int_equal(header.written, states[0].events);
    halsim_host_destroy(host);
}

/* ---- checkpoints --------------------------------------------------------------------------- */

static void checkpoints_are_those_of_the_run(void **state) {
    (void)state;
    const struct script plain = {0}, later = {.fault = "wrong-sample"};
    const struct halsim_fingerprint_state *a = run(&plain, 0);
    const struct halsim_fingerprint_state *b = run(&later, 1);
    assert_int_equal(a->cycles, CYCLES);
    assert_int_equal(a->every, 1);
    assert_int_equal(a->checkpoint_count, CYCLES);
    for (uint32_t i = 0; i < CYCLES; i++) {
        assert_int_equal(a->checkpoints[i].cycle, i + 1);
        assert_true((a->checkpoints[i].hash == b->checkpoints[i].hash) == (i + 1 < 50));
    }
}

static void checkpoints_become_rarer_and_stay_true(void **state) {
    (void)state;
    const struct script script = {0};
    struct halsim_host *host = begin(&script);
    uint32_t plugin;
    assert_ok(halsim_plugin_load(host, LOOP_DRIVER, &plugin, error));
    uint32_t client = loop_client(host, NULL);
    assert_ok(halsim_io_start(host, 0, client, error));
    assert_ok(halsim_io_run_cycles(host, 0, 4096, error));
    assert_ok(halsim_fingerprint_read(host, &states[0], error));
    assert_int_equal(states[0].every, 1);
    assert_int_equal(states[0].checkpoint_count, 4096);
    assert_ok(halsim_io_run_cycles(host, 0, 8192 - 4096 + 2, error));
    assert_ok(halsim_fingerprint_read(host, &states[1], error));
    assert_int_equal(states[1].cycles, 8194);
    assert_int_equal(states[1].every, 4);
    assert_int_equal(states[1].checkpoint_count, 2048);
    for (uint32_t i = 0; i < states[1].checkpoint_count; i++) {
        uint64_t cycle = states[1].checkpoints[i].cycle;
        assert_int_equal(cycle, 4 * (i + 1));
        assert_true(cycle > 4096 ||
                    states[0].checkpoints[cycle - 1].hash == states[1].checkpoints[i].hash);
    }
    halsim_host_destroy(host);
}

static void a_new_beginning_forgets_the_old_one(void **state) {
    (void)state;
    const struct script script = {0};
    uint64_t hash = hash_of(&script);
    struct halsim_host *host = begin(&script);
    /* what came before does not count */
    assert_ok(halsim_fingerprint_read(host, &states[0], error));
    uint64_t nothing = states[0].hash;
    assert_int_equal(states[0].events, 0);
    play(host, &script);
    assert_ok(halsim_fingerprint_read(host, &states[0], error));
    assert_true(states[0].hash == hash);
    assert_ok(halsim_fingerprint_begin(host, error));
    assert_ok(halsim_fingerprint_read(host, &states[0], error));
    assert_true(states[0].hash == nothing);
    assert_int_equal(states[0].cycles, 0);
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

static void what_cannot_be_is_refused(void **state) {
    (void)state;
    struct halsim_host_config config;
    struct halsim_error error;
    (void)unlink(path);
    halsim_host_config_init(&config);
    config.clock = HALSIM_CLOCK_VIRTUAL;
    struct halsim_host *host = halsim_host_create(&config, NULL);
    assert_false(halsim_fingerprint_read(host, &states[0], &error));
    assert_int_equal(error.status, HALSIM_ERROR_STATE);
    assert_false(halsim_fingerprint_log(host, path, 0, 1, 1, &error));
    assert_int_equal(error.status, HALSIM_ERROR_STATE);
    assert_true(halsim_fingerprint_begin(host, &error));
    assert_false(halsim_fingerprint_log(host, "no/such/folder/x.events", 0, 1, 1, &error));
    assert_int_equal(error.status, HALSIM_ERROR_SYSTEM);
    assert_non_null(strstr(error.message, "event log no/such/folder/x.events"));
    assert_false(halsim_fingerprint_log(host, ".", 0, 1, 1, &error));
    assert_int_equal(error.status, HALSIM_ERROR_ARGUMENT);
    assert_false(halsim_fingerprint_log(host, path, 2, 1, 1, &error));
    assert_int_equal(error.status, HALSIM_ERROR_ARGUMENT);
    assert_false(halsim_fingerprint_log(host, path, 0, 1, 0, &error));
    assert_int_equal(error.status, HALSIM_ERROR_ARGUMENT);
    assert_int_equal(access(path, F_OK), -1); /* nothing was made */
    /* and one that is open stays open */
    assert_true(halsim_fingerprint_log(host, path, 0, 1, 5, &error));
    assert_false(halsim_fingerprint_log(host, path, 2, 1, 1, &error));
    assert_int_equal(access(path, F_OK), 0);
    assert_true(halsim_fingerprint_log(host, NULL, 0, 0, 0, &error));
    halsim_host_destroy(host);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_run_is_the_same_number),
        cmocka_unit_test(what_is_not_to_be_seen_is_not_seen),
        cmocka_unit_test(one_thing_changed_is_seen_as_that_and_nothing_else),
        cmocka_unit_test(what_else_happens_is_seen_too),
        cmocka_unit_test(a_cycle_is_its_length_and_its_moment),
        cmocka_unit_test(what_a_notice_says_counts),
        cmocka_unit_test(what_a_driver_asks_of_its_host_counts),
        cmocka_unit_test(the_log_is_whole_and_ends_with_the_hash),
        cmocka_unit_test(a_window_has_the_events_of_its_cycles),
        cmocka_unit_test(a_log_that_is_full_counts_what_it_drops),
        cmocka_unit_test(a_log_is_readable_while_it_is_written),
        cmocka_unit_test(checkpoints_are_those_of_the_run),
        cmocka_unit_test(checkpoints_become_rarer_and_stay_true),
        cmocka_unit_test(a_new_beginning_forgets_the_old_one),
        cmocka_unit_test(real_time_has_no_fingerprint),
        cmocka_unit_test(what_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
