/* Does the check of self-numbering PCM count exactly what was done to the stream? */
#include "unit.h"

#include "halsim/signal.h"

#define FRAMES   1000u
#define CHANNELS 2u

static void number(float *frame, uint64_t n, uint32_t channels) {
    struct halsim_source *source = halsim_source_create_counter(0);
    source->render(source, frame, 1, channels, n);
    halsim_source_destroy(source);
}

struct stream {
    float samples[8 * FRAMES * CHANNELS];
    uint32_t frames;
};

static void put(struct stream *stream, uint64_t n) {
    number(&stream->samples[stream->frames * CHANNELS], n, CHANNELS);
    stream->frames++;
}

static void put_range(struct stream *stream, uint64_t from, uint64_t to) {
    for (uint64_t n = from; n < to; n++) {
        put(stream, n);
    }
}

static void put_pair(struct stream *stream, float left, float right) {
    stream->samples[stream->frames * CHANNELS] = left;
    stream->samples[stream->frames * CHANNELS + 1] = right;
    stream->frames++;
}

static void check_in_blocks(struct halsim_check *check, const struct stream *stream,
                            uint32_t block) {
    halsim_check_init(check, CHANNELS);
    for (uint32_t at = 0; at < stream->frames; at += block) {
        uint32_t left = stream->frames - at;
        halsim_check_block(check, &stream->samples[at * CHANNELS], left < block ? left : block);
    }
}

/* The same stream gives the same counts however it is cut. */
static struct halsim_check *check_of(const struct stream *stream) {
    static struct halsim_check check, other;
    const uint32_t cuts[] = {1, 7, 480, 8000};
    check_in_blocks(&check, stream, cuts[0]);
    for (size_t i = 1; i < sizeof cuts / sizeof cuts[0]; i++) {
        check_in_blocks(&other, stream, cuts[i]);
        assert_memory_equal(&check, &other, sizeof check);
    }
    return &check;
}

static void an_untouched_stream_is_clean(void **state) {
    (void)state;
    static struct stream stream;
    stream.frames = 0;
    put_range(&stream, 0, FRAMES);
    struct halsim_check *check = check_of(&stream);
    assert_true(halsim_check_is_clean(check));
    assert_int_equal(check->correct, FRAMES);
    assert_int_equal(check->event_count, 0);
}

static void lost_frames_are_counted_to_the_frame(void **state) {
    (void)state;
    static struct stream stream;
    stream.frames = 0;
    put_range(&stream, 5, 100);
    put_range(&stream, 137, FRAMES);
    struct halsim_check *check = check_of(&stream);
    assert_false(halsim_check_is_clean(check));
    assert_int_equal(check->lost, 37);
    assert_int_equal(check->duplicated + check->reordered + check->corrupt, 0);
    assert_int_equal(check->event_count, 1);
    assert_int_equal(check->events[0].kind, HALSIM_EVENT_LOST);
    assert_int_equal(check->events[0].position, 95);
    assert_int_equal(check->events[0].expected, 100);
    assert_int_equal(check->events[0].found, 137);
}

static void a_repeated_block_is_duplicated_not_lost(void **state) {
    (void)state;
    static struct stream stream;
    stream.frames = 0;
    put_range(&stream, 0, 480);
    put_range(&stream, 0, 480);
    put_range(&stream, 480, FRAMES);
    struct halsim_check *check = check_of(&stream);
    assert_int_equal(check->duplicated, 480);
    assert_int_equal(check->lost, 0);
    assert_int_equal(check->event_count, 1);
    assert_int_equal(check->events[0].frames, 480);
}

static void a_late_block_is_reordered_not_lost(void **state) {
    (void)state;
    static struct stream stream;
    stream.frames = 0;
    put_range(&stream, 0, 100);
    put_range(&stream, 200, 300);
    put_range(&stream, 100, 200);
    put_range(&stream, 300, 400);
    struct halsim_check *check = check_of(&stream);
    assert_int_equal(check->lost, 0);
    assert_int_equal(check->reordered, 100);
    assert_int_equal(check->duplicated, 0);
    assert_int_equal(check->correct, 300);
}

static void a_part_that_comes_late_stays_partly_lost(void **state) {
    (void)state;
    static struct stream stream;
    stream.frames = 0;
    put_range(&stream, 0, 100);
    put_range(&stream, 200, 300);
    put_range(&stream, 140, 150);
    put_range(&stream, 140, 150); /* and again: now they are duplicates */
    put_range(&stream, 300, 400);
    struct halsim_check *check = check_of(&stream);
    assert_int_equal(check->lost, 90);
    assert_int_equal(check->reordered, 10);
    assert_int_equal(check->duplicated, 10);
}

static void zeros_before_the_first_number_are_no_fault(void **state) {
    (void)state;
    static struct stream stream;
    stream.frames = 0;
    for (int i = 0; i < 50; i++) {
        put_pair(&stream, 0.0f, 0.0f);
    }
    put_range(&stream, 7, 100);
    struct halsim_check *check = check_of(&stream);
    assert_true(halsim_check_is_clean(check));
    assert_int_equal(check->leading_silence, 50);
    assert_int_equal(check->first_frame, 7);
}

static void zeros_within_are_silence_and_loss(void **state) {
    (void)state;
    static struct stream stream;
    stream.frames = 0;
    put_range(&stream, 0, 100);
    for (int i = 0; i < 20; i++) {
        put_pair(&stream, 0.0f, 0.0f);
    }
    put_range(&stream, 120, 200);
    struct halsim_check *check = check_of(&stream);
    assert_int_equal(check->silent, 20);
    assert_int_equal(check->lost, 20);
    assert_int_equal(check->event_count, 2);
    assert_int_equal(check->events[0].kind, HALSIM_EVENT_SILENCE);
    assert_int_equal(check->events[0].frames, 20);
}

static void silence_is_silence_in_mono_too(void **state) {
    (void)state;
    static float samples[400];
    static struct halsim_check check;
    struct halsim_source *source = halsim_source_create_counter((1u << 23) - 50);
    memset(samples, 0, sizeof samples);
    source->render(source, samples + 100, 100, 1, 0); /* has the number that is 0.0 in its middle */
    source->render(source, samples + 220, 80, 1, 100);
    halsim_source_destroy(source);
    halsim_check_init(&check, 1);
    halsim_check_block(&check, samples, 200);
    assert_true(halsim_check_is_clean(&check));
    assert_int_equal(check.leading_silence, 100);
    halsim_check_block(&check, samples + 200, 100);
    assert_int_equal(check.silent, 20);
    assert_int_equal(check.lost, 0);
    assert_int_equal(check.correct, 180);
}

static void swapped_channels_are_named(void **state) {
    (void)state;
    static struct stream stream;
    stream.frames = 0;
    put_range(&stream, 0, 10);
    float frame[CHANNELS];
    number(frame, 10, CHANNELS);
    put_pair(&stream, frame[1], frame[0]);
    put_range(&stream, 11, 20);
    struct halsim_check *check = check_of(&stream);
    assert_int_equal(check->swapped, 1);
    assert_int_equal(check->events[0].kind, HALSIM_EVENT_CHANNELS);
}

static void a_changed_gain_a_nan_and_a_wrong_bit_are_corrupt(void **state) {
    (void)state;
    static struct stream stream;
    float frame[CHANNELS];
    stream.frames = 0;
    put_range(&stream, 0, 10);
    number(frame, 10, CHANNELS);
    put_pair(&stream, frame[0] * 0.3f, frame[1] * 0.3f);
    put_pair(&stream, (float)(0.0 / 0.0), 1.0f);
    number(frame, 12, CHANNELS);
    put_pair(&stream, frame[0], frame[0]);
    put_range(&stream, 13, 20);
    struct halsim_check *check = check_of(&stream);
    assert_int_equal(check->corrupt, 3);
    assert_int_equal(check->lost, 3);
    assert_false(halsim_check_is_clean(check));
}

static void numbers_wrap_without_a_fault(void **state) {
    (void)state;
    static struct stream stream;
    stream.frames = 0;
    uint64_t space = (1u << 24) / CHANNELS;
    put_range(&stream, space - 100, space + 100);
    struct halsim_check *check = check_of(&stream);
    assert_true(halsim_check_is_clean(check));
    assert_int_equal(check->next_frame - check->first_frame, 200);
}

static void every_channel_count_numbers_itself(void **state) {
    (void)state;
    for (uint32_t channels = 1; channels <= 9; channels++) {
        static float block[64 * 9];
        static struct halsim_check check;
        struct halsim_source *source = halsim_source_create_counter((1u << 24) / channels - 32);
        source->render(source, block, 64, channels, 0);
        halsim_source_destroy(source);
        halsim_check_init(&check, channels);
        halsim_check_block(&check, block,
                           1); /* locks in the slow path, the rest goes the fast one */
        halsim_check_block(&check, block + channels, 63);
        assert_true(halsim_check_is_clean(&check));
        block[40 * channels] = -block[40 * channels] + 0.25f;
        halsim_check_init(&check, channels);
        halsim_check_block(&check, block, 64);
        assert_false(halsim_check_is_clean(&check));
    }
}

static void a_stream_of_silence_is_not_clean(void **state) {
    (void)state;
    static float zeros[480 * CHANNELS];
    static struct halsim_check check;
    halsim_check_init(&check, CHANNELS);
    halsim_check_block(&check, zeros, 480);
    assert_false(halsim_check_is_clean(&check));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_untouched_stream_is_clean),
        cmocka_unit_test(lost_frames_are_counted_to_the_frame),
        cmocka_unit_test(a_repeated_block_is_duplicated_not_lost),
        cmocka_unit_test(a_late_block_is_reordered_not_lost),
        cmocka_unit_test(a_part_that_comes_late_stays_partly_lost),
        cmocka_unit_test(zeros_before_the_first_number_are_no_fault),
        cmocka_unit_test(zeros_within_are_silence_and_loss),
        cmocka_unit_test(silence_is_silence_in_mono_too),
        cmocka_unit_test(swapped_channels_are_named),
        cmocka_unit_test(a_changed_gain_a_nan_and_a_wrong_bit_are_corrupt),
        cmocka_unit_test(numbers_wrap_without_a_fault),
        cmocka_unit_test(every_channel_count_numbers_itself),
        cmocka_unit_test(a_stream_of_silence_is_not_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
