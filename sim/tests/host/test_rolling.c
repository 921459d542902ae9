/* Does the rolling hash see every field of an event, its time, and the order? The fingerprint is
 * compiled into the test, and is given a host of nothing but a clock. */
#include "unit.h"

#include "digest.h"
#include "host_internal.h"
#include "observe.h"

static struct halsim_host *host;
static struct halsim_fingerprint_state state_now;

static int make_host(void **state) {
    (void)state;
    host = calloc(1, sizeof *host);
    assert_non_null(host);
    host->clock = halsim_clock_create_virtual(1000);
    pthread_mutex_init(&host->control, NULL);
    return host->clock == NULL;
}

static int drop_host(void **state) {
    (void)state;
    halsim_fingerprint_destroy(atomic_load(&host->fingerprint));
    halsim_clock_destroy(host->clock);
    pthread_mutex_destroy(&host->control);
    free(host);
    return 0;
}

static struct halsim_fingerprint *begin(void) {
    assert_true(halsim_fingerprint_begin(host, NULL));
    return atomic_load(&host->fingerprint);
}

static uint64_t hash(void) {
    assert_true(halsim_fingerprint_read(host, &state_now, NULL));
    return state_now.hash;
}

static uint64_t hash_of(struct halsim_observation seen) {
    halsim_observe(begin(), &seen);
    return hash();
}

static void each_field_of_an_event_counts(void **state) {
    (void)state;
    const struct halsim_observation plain = {.kind = HALSIM_OBSERVED_StartIO};
    struct halsim_observation changed[9];
    uint64_t hashes[9];
    for (size_t i = 0; i < 9; i++) {
        changed[i] = plain;
    }
    changed[1].kind = HALSIM_OBSERVED_StopIO;
    changed[2].plugin = 1;
    changed[3].object = 1;
    changed[4].client = 1;
    changed[5].code = 1;
    changed[6].status = 1;
    changed[7].detail = 1;
    changed[8].data = 1;
    for (size_t i = 0; i < 9; i++) {
        hashes[i] = hash_of(changed[i]);
        assert_true(hash_of(changed[i]) == hashes[i]);
        for (size_t j = 0; j < i; j++) {
            assert_true(hashes[i] != hashes[j]);
        }
    }
}

static void the_time_of_an_event_counts(void **state) {
    (void)state;
    const struct halsim_observation plain = {.kind = HALSIM_OBSERVED_StartIO};
    uint64_t early = hash_of(plain);
    (void)halsim_clock_wait_until_ns(host->clock, 1001);
    assert_true(hash_of(plain) != early);
}

static void the_order_and_the_number_of_events_count(void **state) {
    (void)state;
    struct halsim_observation a = {.kind = HALSIM_OBSERVED_StartIO};
    struct halsim_observation b = {.kind = HALSIM_OBSERVED_StopIO};
    struct halsim_fingerprint *fingerprint = begin();
    halsim_observe(fingerprint, &a);
    halsim_observe(fingerprint, &b);
    uint64_t ab = hash();
    (void)begin();
    halsim_observe(fingerprint, &b);
    halsim_observe(fingerprint, &a);
    uint64_t ba = hash();
    halsim_observe(fingerprint, &a);
    assert_true(ab != ba && hash() != ba && hash() != ab);
    assert_int_equal(state_now.events, 3);
}

/* It remembers the last one, which must not be taken for another. */
static void a_block_is_its_samples_whatever_came_before(void **state) {
    (void)state;
    static float block[20000];
    struct halsim_fingerprint *fingerprint = begin();
    const size_t lengths[] = {4, 3840, 3836, 65536, 65540, 80000};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        size_t last = lengths[i] / sizeof block[0] - 1;
        uint64_t zeros = halsim_observe_block(fingerprint, block, lengths[i]);
        assert_true(zeros == halsim_digest_bytes(0, block, lengths[i]));
        block[last] = 1.0f;
        assert_true(halsim_observe_block(fingerprint, block, lengths[i]) != zeros);
        block[last] = -0.0f; /* equal as a number, and another sample */
        assert_true(halsim_observe_block(fingerprint, block, lengths[i]) != zeros);
        block[last] = 0.0f;
        assert_true(halsim_observe_block(fingerprint, block, lengths[i]) == zeros);
    }
}

static void a_far_end_is_its_samples_and_what_it_lost(void **state) {
    (void)state;
    const float a[] = {0.1f, 0.2f}, b[] = {0.1f, 0.3f};
    const struct {
        uint32_t device;
        const float *samples;
        uint32_t frames, channels;
        uint64_t lost;
    } reads[] = {{0, a, 1, 2, 0}, {0, b, 1, 2, 0}, {1, a, 1, 2, 0},
                 {0, a, 2, 1, 0}, {0, a, 1, 1, 0}, {0, a, 1, 2, 1}};
    uint64_t hashes[6];
    for (size_t i = 0; i < 6; i++) {
        (void)begin();
        halsim_fingerprint_far_end(host, reads[i].device, reads[i].samples, reads[i].frames,
                                   reads[i].channels, reads[i].lost);
        hashes[i] = hash();
        for (size_t j = 0; j < i; j++) {
            assert_true(hashes[i] != hashes[j]);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_field_of_an_event_counts, make_host, drop_host),
        cmocka_unit_test_setup_teardown(the_time_of_an_event_counts, make_host, drop_host),
        cmocka_unit_test_setup_teardown(the_order_and_the_number_of_events_count, make_host,
                                        drop_host),
        cmocka_unit_test_setup_teardown(a_block_is_its_samples_whatever_came_before, make_host,
                                        drop_host),
        cmocka_unit_test_setup_teardown(a_far_end_is_its_samples_and_what_it_lost, make_host,
                                        drop_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
