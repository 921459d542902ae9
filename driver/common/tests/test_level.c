/* test_level.c - the curves, and gain without clicks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above first */
#include "haldrv/level.h"
#include <cmocka.h>
#include <math.h>
#include <string.h>

#define FRAMES   480
#define CHANNELS 2

static void assert_close(double a, double b, double tolerance) {
    if (!(fabs(a - b) <= tolerance)) {
        print_error("%.9g is not within %g of %.9g\n", a, tolerance, b);
    }
    assert_true(fabs(a - b) <= tolerance);
}

static void assert_same_float(float a, float b) {
    assert_memory_equal(&a, &b, sizeof a);
}

static const enum haldrv_curve curves[] = {HALDRV_CURVE_SQUARED, HALDRV_CURVE_LINEAR};
#define CURVES (sizeof curves / sizeof curves[0])

static void a_curve_goes_from_silence_to_full(void **state) {
    (void)state;
    for (size_t c = 0; c < CURVES; c++) {
        assert_same_float(haldrv_decibels_from_scalar(curves[c], 0.0f), -96.0f);
        assert_same_float(fabsf(haldrv_decibels_from_scalar(curves[c], 1.0f)), 0.0f);
        assert_same_float(haldrv_scalar_from_decibels(curves[c], -96.0f), 0.0f);
        assert_same_float(haldrv_scalar_from_decibels(curves[c], 0.0f), 1.0f);
        assert_same_float(haldrv_gain_from_scalar(curves[c], 0.0f), 0.0f);
        assert_same_float(haldrv_gain_from_scalar(curves[c], 1.0f), 1.0f);
        float before = -1.0f;
        for (int i = 0; i <= 1000; i++) {
            float gain = haldrv_gain_from_scalar(curves[c], (float)i / 1000.0f);
            assert_true(gain > before);
            before = gain;
        }
    }
}

static void decibels_are_those_of_the_gain(void **state) {
    (void)state;
    for (size_t c = 0; c < CURVES; c++) {
        for (int i = 0; i < 96; i++) {
            float scalar = haldrv_scalar_from_decibels(curves[c], (float)-i);
            assert_close(20.0 * log10((double)haldrv_gain_from_scalar(curves[c], scalar)), -i,
                         1e-3);
        }
    }
}

static void scalar_and_decibels_convert_there_and_back(void **state) {
    (void)state;
    for (size_t c = 0; c < CURVES; c++) {
        for (int i = 0; i <= 1000; i++) {
            float scalar = (float)i / 1000.0f;
            float back = haldrv_scalar_from_decibels(
                curves[c], haldrv_decibels_from_scalar(curves[c], scalar));
            assert_close(back, scalar, 1e-4);
            float decibels = -96.0f * (float)i / 1000.0f;
            back = haldrv_decibels_from_scalar(curves[c],
                                               haldrv_scalar_from_decibels(curves[c], decibels));
            assert_close(back, decibels, 1e-4);
        }
    }
}

static void the_squared_curve_is_fine_at_the_loud_end(void **state) {
    (void)state;
    assert_close(haldrv_decibels_from_scalar(HALDRV_CURVE_SQUARED, 0.5f), -24.0, 1e-5);
    assert_close(haldrv_decibels_from_scalar(HALDRV_CURVE_SQUARED, 0.9f), -0.96, 1e-4);
}

static void the_linear_gain_is_the_scalar(void **state) {
    (void)state;
    for (int i = 0; i <= 1000; i++) {
        float scalar = (float)i / 1000.0f;
        assert_same_float(haldrv_gain_from_scalar(HALDRV_CURVE_LINEAR, scalar), scalar);
    }
    assert_close(haldrv_decibels_from_scalar(HALDRV_CURVE_LINEAR, 0.5f), -6.0206, 1e-4);
    assert_close(haldrv_decibels_from_scalar(HALDRV_CURVE_LINEAR, 0.1f), -20.0, 1e-4);
    /* Below the range, and not nothing. */
    assert_same_float(haldrv_decibels_from_scalar(HALDRV_CURVE_LINEAR, 1e-6f), -96.0f);
    assert_same_float(haldrv_gain_from_scalar(HALDRV_CURVE_LINEAR, 1e-6f), 1e-6f);
}

static void values_out_of_range_are_clamped(void **state) {
    (void)state;
    for (size_t c = 0; c < CURVES; c++) {
        assert_same_float(haldrv_gain_from_scalar(curves[c], 2.0f), 1.0f);
        assert_same_float(haldrv_gain_from_scalar(curves[c], -1.0f), 0.0f);
        assert_same_float(haldrv_gain_from_scalar(curves[c], NAN), 0.0f);
        assert_same_float(haldrv_scalar_from_decibels(curves[c], 12.0f), 1.0f);
        assert_same_float(haldrv_scalar_from_decibels(curves[c], -200.0f), 0.0f);
        assert_same_float(haldrv_scalar_from_decibels(curves[c], NAN), 0.0f);
        assert_same_float(haldrv_decibels_from_scalar(curves[c], -1.0f), -96.0f);
        assert_same_float(haldrv_decibels_from_scalar(curves[c], NAN), -96.0f);
    }
}

static void a_level_keeps_to_its_curve(void **state) {
    (void)state;
    struct haldrv_level squared, linear;
    haldrv_level_init(&squared, HALDRV_CURVE_SQUARED, 0.5f, false);
    haldrv_level_init(&linear, HALDRV_CURVE_LINEAR, 0.5f, true);
    assert_close((double)squared.gain, pow(10.0, -24.0 / 20.0), 1e-6);
    assert_same_float(linear.gain, 0.0f);
    haldrv_level_set_muted(&linear, false);
    assert_same_float(linear.gain, 0.5f);
    haldrv_level_set_scalar(&linear, 0.25f);
    assert_same_float(linear.gain, 0.25f);
}

static void fill(float *audio, size_t samples) {
    for (size_t i = 0; i < samples; i++) {
        audio[i] = (float)i / 997.0f - 0.4f;
    }
}

/* One block through level and gain. */
static void run_block(struct haldrv_gain *gain, const struct haldrv_level *level, float *to,
                      const float *from) {
    struct haldrv_ramp ramp = haldrv_ramp_begin(gain, level, FRAMES);
    haldrv_ramp_apply(&ramp, 0, to, from, FRAMES, CHANNELS);
}

static void full_volume_passes_every_bit(void **state) {
    (void)state;
    struct haldrv_level level;
    struct haldrv_gain gain;
    float in[FRAMES * CHANNELS], out[FRAMES * CHANNELS];
    fill(in, FRAMES * CHANNELS);
    /* what arithmetic would touch: not-a-number with a payload, denormals, minus zero */
    const uint32_t odd[] = {0x7FC12345, 0xFFA00001, 0x00000001, 0x80000000, 0x7F800000};
    memcpy(in, odd, sizeof odd);
    haldrv_level_init(&level, HALDRV_CURVE_SQUARED, 1.0f, false);
    haldrv_gain_reset(&gain, &level);
    struct haldrv_ramp ramp = haldrv_ramp_begin(&gain, &level, FRAMES);
    assert_true(haldrv_ramp_is_unity(&ramp));
    haldrv_ramp_apply(&ramp, 0, out, in, FRAMES, CHANNELS);
    assert_memory_equal(out, in, sizeof in);
}

static void a_muted_block_is_exact_zeros(void **state) {
    (void)state;
    struct haldrv_level level;
    struct haldrv_gain gain;
    float in[FRAMES * CHANNELS], out[FRAMES * CHANNELS];
    static const float zeros[FRAMES * CHANNELS];
    fill(in, FRAMES * CHANNELS);
    in[0] = INFINITY; /* times 0 it would not be 0 */
    haldrv_level_init(&level, HALDRV_CURVE_SQUARED, 0.7f, true);
    haldrv_gain_reset(&gain, &level);
    run_block(&gain, &level, out, in);
    assert_memory_equal(out, zeros, sizeof zeros);
}

static void a_change_is_a_straight_ramp_over_one_block(void **state) {
    (void)state;
    struct haldrv_level level;
    struct haldrv_gain gain;
    float ones[FRAMES * CHANNELS], out[FRAMES * CHANNELS];
    for (size_t i = 0; i < FRAMES * CHANNELS; i++) {
        ones[i] = 1.0f;
    }
    haldrv_level_init(&level, HALDRV_CURVE_SQUARED, 1.0f, false);
    haldrv_gain_reset(&gain, &level);
    haldrv_level_set_muted(&level, true);
    run_block(&gain, &level, out, ones);
    for (size_t frame = 0; frame < FRAMES; frame++) {
        double wanted = 1.0 - (double)(frame + 1) / FRAMES;
        assert_close(out[frame * CHANNELS], wanted, 1e-5);
        assert_same_float(out[frame * CHANNELS], out[frame * CHANNELS + 1]);
    }
    run_block(&gain, &level, out, ones);
    for (size_t i = 0; i < FRAMES * CHANNELS; i++) {
        assert_same_float(out[i], 0.0f);
    }
    haldrv_level_set_muted(&level, false);
    run_block(&gain, &level, out, ones);
    assert_true(out[0] > 0.0f && out[0] < 0.01f);
    run_block(&gain, &level, out, ones);
    assert_memory_equal(out, ones, sizeof ones);
}

static void a_block_in_pieces_is_the_block_in_one(void **state) {
    (void)state;
    struct haldrv_level level;
    struct haldrv_gain gain;
    float in[FRAMES * CHANNELS], whole[FRAMES * CHANNELS], pieces[FRAMES * CHANNELS];
    fill(in, FRAMES * CHANNELS);
    haldrv_level_init(&level, HALDRV_CURVE_SQUARED, 1.0f, false);
    haldrv_gain_reset(&gain, &level);
    haldrv_level_set_scalar(&level, 0.5f);
    struct haldrv_ramp ramp = haldrv_ramp_begin(&gain, &level, FRAMES);
    haldrv_ramp_apply(&ramp, 0, whole, in, FRAMES, CHANNELS);
    for (uint32_t at = 0; at < FRAMES; at += 96) {
        haldrv_ramp_apply(&ramp, at, pieces + at * CHANNELS, in + at * CHANNELS, 96, CHANNELS);
    }
    assert_memory_equal(pieces, whole, sizeof whole);
}

static void a_steady_volume_is_one_factor(void **state) {
    (void)state;
    struct haldrv_level level;
    struct haldrv_gain gain;
    float in[FRAMES * CHANNELS], out[FRAMES * CHANNELS];
    fill(in, FRAMES * CHANNELS);
    haldrv_level_init(&level, HALDRV_CURVE_SQUARED, 0.5f, false);
    haldrv_gain_reset(&gain, &level);
    run_block(&gain, &level, out, in);
    for (size_t i = 0; i < FRAMES * CHANNELS; i++) {
        assert_same_float(out[i], in[i] * haldrv_gain_from_scalar(HALDRV_CURVE_SQUARED, 0.5f));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_curve_goes_from_silence_to_full),
        cmocka_unit_test(decibels_are_those_of_the_gain),
        cmocka_unit_test(scalar_and_decibels_convert_there_and_back),
        cmocka_unit_test(the_squared_curve_is_fine_at_the_loud_end),
        cmocka_unit_test(the_linear_gain_is_the_scalar),
        cmocka_unit_test(values_out_of_range_are_clamped),
        cmocka_unit_test(a_level_keeps_to_its_curve),
        cmocka_unit_test(full_volume_passes_every_bit),
        cmocka_unit_test(a_muted_block_is_exact_zeros),
        cmocka_unit_test(a_change_is_a_straight_ramp_over_one_block),
        cmocka_unit_test(a_block_in_pieces_is_the_block_in_one),
        cmocka_unit_test(a_steady_volume_is_one_factor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
