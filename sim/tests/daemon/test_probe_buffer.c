/* Guards around memory, and what is seen of samples. */
#include "rpc_unit.h"

#include "probe_buffer.h"

static void guards_tell_how_far_a_driver_wrote(void **state) {
    (void)state;
    struct probe_buffer buffer;
    assert_true(probe_buffer_make(&buffer, NULL, 10));
    assert_int_equal(probe_buffer_damage(&buffer).beyond, 0);
    memset(buffer.bytes, 0, 10);
    assert_int_equal(probe_buffer_damage(&buffer).beyond, 0);
    buffer.bytes[12] = 0;
    buffer.bytes[-3] = 0;
    assert_int_equal(probe_buffer_damage(&buffer).beyond, 3);
    assert_int_equal(probe_buffer_damage(&buffer).before, 3);
    buffer.bytes[10 + PROBE_GUARD_LEAST - 1] = 0;
    assert_int_equal(probe_buffer_damage(&buffer).beyond, PROBE_GUARD_LEAST);
    probe_buffer_free(&buffer);
}

static void a_guard_holds_a_second_block_of_the_same_size(void **state) {
    (void)state;
    struct probe_buffer buffer;
    assert_true(probe_buffer_make(&buffer, NULL, 20000));
    memset(buffer.bytes - 20000, 0, 20000);
    memset(buffer.bytes + 20000, 0, 20000);
    assert_int_equal(probe_buffer_damage(&buffer).before, 20000);
    assert_int_equal(probe_buffer_damage(&buffer).beyond, 20000);
    probe_buffer_free(&buffer);
}

static void what_was_touched_ends_with_the_last_change(void **state) {
    (void)state;
    struct probe_buffer buffer;
    assert_true(probe_buffer_make(&buffer, NULL, 10));
    assert_int_equal(probe_buffer_touched(&buffer, NULL), 0);
    buffer.bytes[4] = 0;
    assert_int_equal(probe_buffer_touched(&buffer, NULL), 5);
    probe_buffer_free(&buffer);
    assert_true(probe_buffer_make(&buffer, "abc", 3));
    assert_int_equal(probe_buffer_touched(&buffer, "abc"), 0);
    buffer.bytes[0] = 'x';
    assert_int_equal(probe_buffer_touched(&buffer, "abc"), 1);
    probe_buffer_free(&buffer);
    assert_true(probe_buffer_make(&buffer, NULL, 0));
    assert_int_equal(probe_buffer_touched(&buffer, NULL), 0);
    probe_buffer_free(&buffer);
    assert_int_equal(probe_buffer_touched(&buffer, NULL), 0); /* none at all */
}

static struct probe_audio look(enum probe_signal signal) {
    float samples[96];
    probe_signal_render(signal, samples, 48, 2, 0);
    return probe_audio_look((const uint8_t *)samples, sizeof samples);
}

static void each_signal_is_what_it_says(void **state) {
    (void)state;
    assert_true(look(PROBE_SILENCE).all_zero);
    assert_int_equal(look(PROBE_SILENCE).samples, 96);
    assert_int_equal(look(PROBE_NAN).non_finite, 96);
    assert_int_equal(look(PROBE_INFINITY).non_finite, 96);
    assert_int_equal(look(PROBE_SUBNORMAL).subnormal, 96);
    assert_false(look(PROBE_SUBNORMAL).all_zero);
    assert_true(look(PROBE_FULL_SCALE).peak == 1.0);
    assert_true(look(PROBE_LOUD).peak > 0.9e30);
    assert_true(fabs(look(PROBE_SINE).peak - 0.5) < 1e-6);
    assert_true(look(PROBE_COUNTER).peak == 1.0);
    assert_true(look(PROBE_NAN).peak == 0.0);
    float first[2], later[2];
    probe_signal_render(PROBE_COUNTER, first, 1, 2, 0);
    probe_signal_render(PROBE_COUNTER, later, 1, 2, 1);
    assert_true(later[0] > first[1] && first[1] > first[0]);
}

static void a_hash_is_of_all_bytes(void **state) {
    (void)state;
    uint8_t bytes[7] = {0};
    struct probe_audio before = probe_audio_look(bytes, sizeof bytes);
    assert_int_equal(before.samples, 1);
    bytes[6] = 1;
    assert_true(probe_audio_look(bytes, sizeof bytes).hash != before.hash);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guards_tell_how_far_a_driver_wrote),
        cmocka_unit_test(a_guard_holds_a_second_block_of_the_same_size),
        cmocka_unit_test(what_was_touched_ends_with_the_last_change),
        cmocka_unit_test(each_signal_is_what_it_says),
        cmocka_unit_test(a_hash_is_of_all_bytes),
    };
    return cmocka_run_group_tests_name("daemon.probe_buffer", tests, NULL, NULL);
}
