/* Do sources give the same samples however their blocks are cut? */
#include "unit.h"

#include "halsim/signal.h"
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#define FRAMES   4000u
#define CHANNELS 2u

static float whole[FRAMES * CHANNELS], cut[FRAMES * CHANNELS];

static void render(struct halsim_source *source, float *to, uint32_t block) {
    for (uint32_t at = 0; at < FRAMES; at += block) {
        uint32_t left = FRAMES - at;
        source->render(source, to + at * CHANNELS, left < block ? left : block, CHANNELS, at);
    }
}

static void assert_independent_of_cuts(struct halsim_source *source) {
    assert_non_null(source);
    render(source, whole, FRAMES);
    const uint32_t blocks[] = {1, 13, 480, 512};
    for (size_t i = 0; i < 4; i++) {
        render(source, cut, blocks[i]);
        assert_memory_equal(whole, cut, sizeof whole);
    }
    halsim_source_destroy(source);
}

static void cuts_do_not_change_a_sample(void **state) {
    (void)state;
    assert_independent_of_cuts(halsim_source_create_silence());
    assert_independent_of_cuts(halsim_source_create_counter(99));
    assert_independent_of_cuts(halsim_source_create_sine(997, 0.5, 48000));
    assert_independent_of_cuts(halsim_source_create_sweep(20, 20000, 3000, 0.5, 48000));
    assert_independent_of_cuts(halsim_source_create_noise(7, 0.5));
}

static void a_sine_has_its_frequency_and_amplitude(void **state) {
    (void)state;
    struct halsim_source *source = halsim_source_create_sine(1000, 0.5, 48000);
    render(source, whole, 480);
    double in = 0, quadrature = 0;
    for (uint32_t i = 0; i < 3840; i++) { /* 80 whole periods */
        in += whole[i * CHANNELS] * sin(2 * M_PI * 1000 * i / 48000);
        quadrature += whole[i * CHANNELS] * cos(2 * M_PI * 1000 * i / 48000);
    }
    assert_true(fabs(in / 1920 - 0.5) < 1e-6);
    assert_true(fabs(quadrature / 1920) < 1e-6);
    halsim_source_destroy(source);
}

static void noise_depends_on_its_seed_and_is_centred(void **state) {
    (void)state;
    struct halsim_source *one = halsim_source_create_noise(1, 1.0);
    struct halsim_source *two = halsim_source_create_noise(2, 1.0);
    render(one, whole, 480);
    render(two, cut, 480);
    double sum = 0, square = 0, cross = 0;
    for (uint32_t i = 0; i < FRAMES * CHANNELS; i++) {
        assert_true(whole[i] >= -1.0f && whole[i] < 1.0f);
        sum += whole[i];
        square += whole[i] * whole[i];
        cross += whole[i] * cut[i];
    }
    double n = FRAMES * CHANNELS;
    assert_true(fabs(sum / n) < 0.03);
    assert_true(fabs(square / n - 1.0 / 3) < 0.02); /* the power of a uniform distribution */
    assert_true(fabs(cross / n) < 0.02);
    halsim_source_destroy(one);
    halsim_source_destroy(two);
}

static void a_channel_source_is_heard_on_one_channel_only(void **state) {
    (void)state;
    struct halsim_source *source =
        halsim_source_create_channel(halsim_source_create_sine(997, 0.5, 48000), 1);
    render(source, whole, 480);
    double energy[2] = {0, 0};
    for (uint32_t i = 0; i < FRAMES; i++) {
        energy[0] += whole[2 * i] * whole[2 * i];
        energy[1] += whole[2 * i + 1] * whole[2 * i + 1];
    }
    assert_true(energy[0] == 0 && energy[1] > 100);
    halsim_source_destroy(source);
}

static void a_file_plays_once_or_loops_and_a_bad_one_is_named(void **state) {
    (void)state;
    char path[64];
    (void)snprintf(path, sizeof path, "source-test-%d.raw", (int)getpid());
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (int i = 0; i < 1000; i++) {
        float frame[2] = {(float)i, (float)-i};
        assert_int_equal(fwrite(frame, sizeof frame, 1, file), 1);
    }
    (void)fclose(file);
    struct halsim_error error;
    struct halsim_source *once = halsim_source_create_file(path, 2, false, &error);
    struct halsim_source *loop = halsim_source_create_file(path, 2, true, &error);
    render(once, whole, 480);
    render(loop, cut, 480);
    assert_true(whole[2 * 999] == 999.0f && whole[2 * 999 + 1] == -999.0f);
    assert_true(whole[2 * 1000] == 0.0f && whole[2 * 1001] == 0.0f);
    assert_true(cut[2 * 1000] == 0.0f && cut[2 * 1001] == 1.0f && cut[2 * 3500] == 500.0f);
    halsim_source_destroy(once);
    halsim_source_destroy(loop);
    assert_null(halsim_source_create_file(path, 3, false, &error)); /* 8000 bytes / 12 */
    assert_int_equal(error.status, HALSIM_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, path));
    (void)unlink(path);
    assert_null(halsim_source_create_file(path, 2, false, &error));
    assert_int_equal(error.status, HALSIM_ERROR_NOT_FOUND);
    assert_int_equal(mkfifo(path, 0600), 0);
    (void)alarm(10); /* no wait for somebody who writes into it */
    assert_null(halsim_source_create_file(path, 2, false, &error));
    (void)alarm(0);
    assert_int_equal(error.status, HALSIM_ERROR_ARGUMENT);
    (void)unlink(path);
}

static void a_recording_has_what_was_taken(void **state) {
    (void)state;
    char path[64];
    (void)snprintf(path, sizeof path, "sink-test-%d.raw", (int)getpid());
    struct halsim_error error;
    struct halsim_sink *sink = halsim_sink_create_file(path, 700, 2, &error);
    assert_non_null(sink);
    struct halsim_source *source = halsim_source_create_counter(0);
    render(source, whole, FRAMES);
    sink->take(sink, whole, 480, 2, 0);
    sink->take(sink, whole + 960, 480, 2, 480); /* only 220 of these fit */
    halsim_sink_destroy(sink);
    halsim_source_destroy(source);
    FILE *file = fopen(path, "rb");
    size_t frames = fread(cut, 2 * sizeof(float), FRAMES, file);
    (void)fclose(file);
    (void)unlink(path);
    assert_int_equal(frames, 700);
    assert_memory_equal(whole, cut, 700 * 2 * sizeof(float));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_do_not_change_a_sample),
        cmocka_unit_test(a_sine_has_its_frequency_and_amplitude),
        cmocka_unit_test(noise_depends_on_its_seed_and_is_centred),
        cmocka_unit_test(a_channel_source_is_heard_on_one_channel_only),
        cmocka_unit_test(a_file_plays_once_or_loops_and_a_bad_one_is_named),
        cmocka_unit_test(a_recording_has_what_was_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
