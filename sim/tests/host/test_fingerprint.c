/* Is a run the same number each time, and another one when anything that can be observed differs?
 */
#include "script_run.h"

#include "host_internal.h"

static uint64_t hash_of(const struct script *script) {
    return script_run(script, 0)->hash;
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
    const struct script logged = {.log = script_path};
    uint64_t hash = hash_of(&plain);
    assert_true(hash_of(&other) == hash);
    assert_true(hash_of(&logged) == hash);
}

static struct halsim_observation *log_of(const struct script *script, size_t *count) {
    struct script logged = *script;
    logged.log = script_path;
    (void)script_run(&logged, 0);
    struct halsim_observation *events = script_read_log();
    *count = (size_t)script_log_header.written;
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
    struct asking asking = {.host = script_begin(&script)};
    uint32_t plugin;
    assert_ok(halsim_plugin_load(asking.host, LOOP_DRIVER, &plugin, error));
    asking.interface = &asking.host->plugins[plugin]->interface;
    assert_ok(halsim_fingerprint_begin(asking.host, error));
    assert_ok(halsim_fingerprint_log(asking.host, script_path, 0, 0, 100, error));
    return asking;
}

static uint64_t ask_end(const struct asking *asking, enum halsim_observed kind) {
    assert_ok(halsim_fingerprint_log(asking->host, NULL, 0, 0, 0, error));
    struct halsim_observation *events = script_read_log();
    uint64_t data = data_of(events, (size_t)script_log_header.written, kind, 0);
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_run_is_the_same_number),
        cmocka_unit_test(what_is_not_to_be_seen_is_not_seen),
        cmocka_unit_test(one_thing_changed_is_seen_as_that_and_nothing_else),
        cmocka_unit_test(what_else_happens_is_seen_too),
        cmocka_unit_test(a_cycle_is_its_length_and_its_moment),
        cmocka_unit_test(what_a_notice_says_counts),
        cmocka_unit_test(what_a_driver_asks_of_its_host_counts),
    };
    return cmocka_run_group_tests(tests, script_make_path, script_remove_path);
}
