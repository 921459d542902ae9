/* test_shm_writer.c - what the writer puts into shared memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above first */
#include "gecko_memory.h"
#include "shm_test.h"
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const unsigned char *memory_of(struct gecko_shm_writer *writer) {
    size_t size;
    return gecko_shm_writer_memory(writer, &size);
}

/* ---- headers ------------------------------------------------------------------------------- */

static void the_header_of_v1_is_the_designs_to_the_byte(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V1, 1000);
    struct gecko_shm_writer *writer = shm_test_open(&config);
    shm_test_write(writer, 300);
    size_t size;
    const unsigned char *memory = gecko_shm_writer_memory(writer, &size);
    /* write_head 600, read_head 0, buffer_size 2000, channels 2, sample_rate 48000 */
    static const unsigned char header[20] = {0x58, 0x02, 0, 0, 0, 0, 0,    0,    0xD0, 0x07,
                                             0,    0,    2, 0, 0, 0, 0x80, 0xBB, 0,    0};
    assert_int_equal(size, 20 + 2000 * 4);
    assert_memory_equal(memory, header, sizeof header);
    float audio[600];
    memcpy(audio, memory + 20, sizeof audio);
    shm_test_check(audio, 0, 300, 2);
    gecko_shm_writer_close(writer);
}

static void v1_wraps_its_index(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V1, 1000);
    config.start_frame = UINT64_C(1) << 32; /* moves only the count */
    struct gecko_shm_writer *writer = shm_test_open(&config);
    const unsigned char *memory = memory_of(writer);
    assert_int_equal(gecko_load_u32(memory, GECKO_V1_WRITE_HEAD), 0);
    shm_test_write(writer, 700);
    shm_test_write(writer, 700);
    assert_int_equal(gecko_load_u32(memory, GECKO_V1_WRITE_HEAD), 800);
    assert_true(gecko_shm_writer_head(writer) == (UINT64_C(1) << 32) + 1400);
    shm_test_write(writer, 600);
    assert_int_equal(gecko_load_u32(memory, GECKO_V1_WRITE_HEAD), 0);
    shm_test_write(writer, 1000); /* a full turn: the index stands where it stood */
    assert_int_equal(gecko_load_u32(memory, GECKO_V1_WRITE_HEAD), 0);
    gecko_shm_writer_close(writer);
}

static void the_header_of_v2_says_what_was_asked(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 4096);
    config.channels = 3;
    config.sample_rate = 44100;
    config.timebase_numer = 125;
    config.timebase_denom = 3;
    config.safety_offset = 11;
    config.reported_latency = 12;
    config.start_frame = 5000;
    struct gecko_shm_writer *writer = shm_test_open(&config);
    size_t size;
    const unsigned char *memory = gecko_shm_writer_memory(writer, &size);
    assert_memory_equal(memory, "GECKOSHM", 8);
    assert_int_equal(gecko_load_u32(memory, GECKO_V2_VERSION), 2);
    uint64_t data = gecko_load_u64(memory, GECKO_V2_DATA_OFFSET);
    uint64_t ring = gecko_load_u64(memory, GECKO_V2_RING_BYTES);
    uint64_t blocks = gecko_load_u64(memory, GECKO_V2_BLOCKS_OFFSET);
    uint32_t count = gecko_load_u32(memory, GECKO_V2_BLOCK_COUNT);
    assert_int_equal(gecko_load_u64(memory, GECKO_V2_TOTAL_BYTES), size);
    assert_int_equal(data + ring, size);
    assert_int_equal(data % 4096, 0);
    assert_int_equal(blocks % 64, 0);
    assert_true(ring >= 4096 * 12);
    assert_int_equal(count, 256);
    assert_true(blocks >= GECKO_V2_HEADER_BYTES && blocks + count * 64 <= data);
    assert_int_equal(gecko_load_u64(memory, GECKO_V2_RING_FRAMES), 4096);
    assert_int_equal(gecko_load_u64(memory, GECKO_V2_GENERATION), 2);
    assert_int_equal(gecko_load_u64(memory, GECKO_V2_GENERATION_START), 5000);
    assert_int_equal(gecko_load_u64(memory, GECKO_V2_WRITE_HEAD), 5000);
    assert_int_equal(gecko_load_u64(memory, GECKO_V2_WRITE_CLAIM), 5000);
    assert_int_equal(gecko_load_u64(memory, GECKO_V2_BLOCK_HEAD), 0);
    assert_int_equal(gecko_load_u64(memory, GECKO_V2_HEARTBEAT), 1000);
    assert_int_equal(gecko_load_u32(memory, GECKO_V2_CHANNELS), 3);
    assert_int_equal(gecko_load_u32(memory, GECKO_V2_BYTES_PER_FRAME), 12);
    assert_int_equal(gecko_load_u32(memory, GECKO_V2_SAMPLE_RATE), 44100);
    assert_int_equal(gecko_load_u32(memory, GECKO_V2_SAMPLE_FORMAT), GECKO_FORMAT_FLOAT32);
    assert_int_equal(gecko_load_u32(memory, GECKO_V2_OVERRUN_POLICY), GECKO_OVERRUN_OVERWRITE);
    assert_int_equal(gecko_load_u32(memory, GECKO_V2_WRITER_PID), getpid());
    assert_int_equal(gecko_load_u32(memory, GECKO_V2_TIMEBASE_NUMER), 125);
    assert_int_equal(gecko_load_u32(memory, GECKO_V2_TIMEBASE_DENOM), 3);
    assert_int_equal(gecko_load_u32(memory, GECKO_V2_SAFETY_OFFSET), 11);
    assert_int_equal(gecko_load_u32(memory, GECKO_V2_REPORTED_LATENCY), 12);
    assert_int_equal(gecko_load_u32(memory, GECKO_V2_STATE), GECKO_STATE_IDLE);
    gecko_shm_writer_set_running(writer, true, 2000);
    gecko_shm_writer_set_muted(writer, true);
    assert_int_equal(gecko_load_u32(memory, GECKO_V2_STATE), GECKO_STATE_RUNNING);
    assert_int_equal(gecko_load_u32(memory, GECKO_V2_FLAGS), GECKO_FLAG_MUTED);
    assert_int_equal(gecko_load_u64(memory, GECKO_V2_HEARTBEAT), 2000);
    gecko_shm_writer_set_running(writer, false, 3000);
    gecko_shm_writer_set_muted(writer, false);
    assert_int_equal(gecko_load_u32(memory, GECKO_V2_STATE), GECKO_STATE_IDLE);
    assert_int_equal(gecko_load_u32(memory, GECKO_V2_FLAGS), 0);
    gecko_shm_writer_close(writer);
}

static void every_configuration_out_of_range_is_refused(void **state) {
    (void)state;
    struct gecko_shm_error error;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 1024);
    assert_true(gecko_shm_config_check(&config, &error));
#define REFUSED(field, value)                                                                      \
    do {                                                                                           \
        struct gecko_shm_config bad = config;                                                      \
        bad.field = (value);                                                                       \
        error.text[0] = '\0';                                                                      \
        assert_false(gecko_shm_config_check(&bad, &error));                                        \
        assert_true(error.text[0] != '\0');                                                        \
    } while (0)
    REFUSED(layout, (enum gecko_layout)3);
    REFUSED(ring_frames, 1000); /* no power of two */
    REFUSED(ring_frames, 128);
    REFUSED(ring_frames, GECKO_MAX_RING_FRAMES * 2);
    REFUSED(ring_frames, 0);
    REFUSED(channels, 0);
    REFUSED(channels, 65);
    REFUSED(sample_rate, 7999);
    REFUSED(sample_rate, 768001);
    REFUSED(mode, 0444);
    REFUSED(mode, 0700);
    REFUSED(mode, 04644);
    REFUSED(timebase_numer, 0);
    REFUSED(timebase_denom, 0);
#undef REFUSED
    config.layout = GECKO_LAYOUT_V1;
    config.ring_frames = 1000;
    assert_true(gecko_shm_config_check(&config, &error));
}

static void a_name_is_checked(void **state) {
    (void)state;
    struct gecko_shm_error error;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 1024);
    static const char *const bad[] = {"",     "/",         "a",    "a/b",
                                      "/a/b", "//a",       "/.",   "/..",
                                      "/a b", "/\xC3\xA4", "/a\n", "/1234567890123456789012345678"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(config.name, sizeof config.name, "%s", bad[i]);
        assert_false(gecko_shm_config_check(&config, &error));
    }
    /* 28 bytes: the readers' suffix must fit into 31. In v1 there is none. */
    snprintf(config.name, sizeof config.name, "/123456789012345678901234567");
    assert_true(gecko_shm_config_check(&config, &error));
    config.layout = GECKO_LAYOUT_V1;
    snprintf(config.name, sizeof config.name, "/123456789012345678901234567890");
    assert_true(gecko_shm_config_check(&config, &error));
}

/* ---- blocks -------------------------------------------------------------------------------- */

static void a_block_longer_than_the_ring_is_refused_and_touches_nothing(void **state) {
    (void)state;
    static const enum gecko_layout layouts[] = {GECKO_LAYOUT_V1, GECKO_LAYOUT_V2};
    for (size_t i = 0; i < 2; i++) {
        static unsigned char before[1 << 20];
        struct gecko_shm_config config = shm_test_config(layouts[i], 256);
        struct gecko_shm_writer *writer = shm_test_open(&config);
        shm_test_write(writer, 100);
        size_t size;
        const unsigned char *memory = gecko_shm_writer_memory(writer, &size);
        assert_true(size <= sizeof before);
        memcpy(before, memory, size);
        assert_false(gecko_shm_writer_begin(writer, 257));
        assert_false(gecko_shm_writer_begin(writer, UINT32_MAX));
        assert_false(gecko_shm_writer_begin(writer, 0));
        assert_memory_equal(memory, before, size);
        assert_int_equal(gecko_shm_writer_refused(writer), 3);
        assert_int_equal(gecko_shm_writer_head(writer), 100);
        shm_test_write(writer, 256); /* exactly the ring is allowed */
        assert_int_equal(gecko_shm_writer_written(writer), 356);
        gecko_shm_writer_close(writer);
    }
}

static void a_block_goes_around_the_end_of_the_ring(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 256);
    struct gecko_shm_writer *writer = shm_test_open(&config);
    const unsigned char *memory = memory_of(writer);
    const unsigned char *ring = memory + gecko_load_u64(memory, GECKO_V2_DATA_OFFSET);
    for (int i = 0; i < 50; i++) {
        shm_test_write(writer, 100);
    }
    uint64_t head = gecko_shm_writer_head(writer);
    for (uint64_t frame = head - 256; frame < head; frame++) {
        float pair[2];
        memcpy(pair, ring + (frame & 255) * 8, sizeof pair);
        shm_test_check(pair, frame, 1, 2);
    }
    gecko_shm_writer_close(writer);
}

static void a_block_may_come_in_pieces(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 256);
    config.start_frame = 200; /* pieces on both sides of the end, and one across it */
    struct gecko_shm_writer *writer = shm_test_open(&config);
    const unsigned char *memory = memory_of(writer);
    const unsigned char *ring = memory + gecko_load_u64(memory, GECKO_V2_DATA_OFFSET);
    float audio[120 * 2];
    shm_test_fill(audio, 200, 120, 2);
    assert_true(gecko_shm_writer_begin(writer, 120));
    gecko_shm_writer_put(writer, 80, audio + 160, 40);
    gecko_shm_writer_put(writer, 0, audio, 40);
    gecko_shm_writer_put(writer, 40, audio + 80, 40);
    /* Nothing is published before the commit, but the claim stands. */
    assert_int_equal(gecko_load_u64(memory, GECKO_V2_WRITE_HEAD), 200);
    assert_int_equal(gecko_load_u64(memory, GECKO_V2_WRITE_CLAIM), 320);
    const struct gecko_shm_block block = {.cycle = 1};
    gecko_shm_writer_commit(writer, &block);
    assert_int_equal(gecko_load_u64(memory, GECKO_V2_WRITE_HEAD), 320);
    for (uint64_t frame = 200; frame < 320; frame++) {
        float pair[2];
        memcpy(pair, ring + (frame & 255) * 8, sizeof pair);
        shm_test_check(pair, frame, 1, 2);
    }
    gecko_shm_writer_close(writer);
}

static void each_block_has_its_entry(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 256);
    struct gecko_shm_writer *writer = shm_test_open(&config);
    const unsigned char *memory = memory_of(writer);
    const unsigned char *table = memory + gecko_load_u64(memory, GECKO_V2_BLOCKS_OFFSET);
    uint32_t count = gecko_load_u32(memory, GECKO_V2_BLOCK_COUNT);
    assert_int_equal(count, 64);
    float audio[32] = {0};
    for (uint64_t i = 0; i < 70; i++) {
        assert_true(gecko_shm_writer_begin(writer, 16));
        const unsigned char *entry = table + (i % count) * GECKO_V2_BLOCK_BYTES;
        /* The one that it replaces stands until the audio is there. */
        assert_int_equal(gecko_load_u64(entry, GECKO_V2_BLOCK_SEQUENCE),
                         i < count ? 0 : i + 1 - count);
        gecko_shm_writer_put(writer, 0, audio, 16);
        const struct gecko_shm_block block = {.host_time = 100 + i,
                                              .output_time = 200 + i,
                                              .output_sample_time = 0.5 + (double)i,
                                              .cycle = 300 + i,
                                              .flags = GECKO_BLOCK_FLAG_DISCONTINUITY};
        gecko_shm_writer_commit(writer, &block);
        assert_int_equal(gecko_load_u64(entry, GECKO_V2_BLOCK_SEQUENCE), i + 1);
        assert_int_equal(gecko_load_u64(entry, GECKO_V2_BLOCK_FIRST_FRAME), 16 * i);
        assert_int_equal(gecko_load_u64(entry, GECKO_V2_BLOCK_HOST_TIME), 100 + i);
        assert_int_equal(gecko_load_u64(entry, GECKO_V2_BLOCK_OUTPUT_TIME), 200 + i);
        assert_true(gecko_load_f64(entry, GECKO_V2_BLOCK_OUTPUT_SAMPLE_TIME) - (double)i > 0.49);
        assert_int_equal(gecko_load_u64(entry, GECKO_V2_BLOCK_CYCLE), 300 + i);
        assert_int_equal(gecko_load_u32(entry, GECKO_V2_BLOCK_FRAMES), 16);
        assert_int_equal(gecko_load_u32(entry, GECKO_V2_BLOCK_FLAGS), 1);
        assert_int_equal(gecko_load_u64(memory, GECKO_V2_BLOCK_HEAD), i + 1);
        assert_int_equal(gecko_load_u64(memory, GECKO_V2_HEARTBEAT), 100 + i);
    }
    gecko_shm_writer_close(writer);
}

static void heads_go_on_past_2_to_the_32(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 1024);
    config.start_frame = (UINT64_C(1) << 32) - 300;
    struct gecko_shm_writer *writer = shm_test_open(&config);
    const unsigned char *memory = memory_of(writer);
    const unsigned char *ring = memory + gecko_load_u64(memory, GECKO_V2_DATA_OFFSET);
    shm_test_write(writer, 480);
    uint64_t head = (UINT64_C(1) << 32) + 180;
    assert_true(gecko_load_u64(memory, GECKO_V2_WRITE_HEAD) == head);
    for (uint64_t frame = head - 480; frame < head; frame++) {
        float pair[2];
        memcpy(pair, ring + (frame & 1023) * 8, sizeof pair);
        shm_test_check(pair, frame, 1, 2);
    }
    gecko_shm_writer_close(writer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_header_of_v1_is_the_designs_to_the_byte),
        cmocka_unit_test(v1_wraps_its_index),
        cmocka_unit_test(the_header_of_v2_says_what_was_asked),
        cmocka_unit_test(every_configuration_out_of_range_is_refused),
        cmocka_unit_test(a_name_is_checked),
        cmocka_unit_test(a_block_longer_than_the_ring_is_refused_and_touches_nothing),
        cmocka_unit_test(a_block_goes_around_the_end_of_the_ring),
        cmocka_unit_test(a_block_may_come_in_pieces),
        cmocka_unit_test(each_block_has_its_entry),
        cmocka_unit_test(heads_go_on_past_2_to_the_32),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
