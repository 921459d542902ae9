/* test_reader.c - the C reader against the real writer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above first */
#include "gecko_memory.h"
#include "reader_test.h"
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading ------------------------------------------------------------------------------- */

static void every_frame_arrives_once_and_in_order(void **state) {
    (void)state;
    static const enum gecko_layout layouts[] = {GECKO_LAYOUT_V1, GECKO_LAYOUT_V2};
    for (size_t l = 0; l < 2; l++) {
        struct gecko_shm_config config = shm_test_config(layouts[l], 1024);
        struct gecko_shm_writer *writer = shm_test_open(&config);
        struct gecko_reader *reader = open_reader(config.name, NULL);
        assert_int_equal(gecko_reader_format(reader)->layout, layouts[l]);
        assert_int_equal(gecko_reader_format(reader)->channels, 2);
        assert_int_equal(gecko_reader_format(reader)->sample_rate, 48000);
        assert_int_equal(gecko_reader_format(reader)->ring_frames, 1024);
        uint64_t got = 0;
        srand(7);
        for (int i = 0; i < 2000; i++) {
            shm_test_write(writer, 1 + (uint32_t)rand() % 400);
            struct gecko_read info;
            int64_t count;
            /* a request that holds no whole number of frames gets whole frames */
            while ((count = gecko_reader_read(reader, audio, 3 + (size_t)(rand() % 500), &info)) >
                   0) {
                assert_int_equal(info.first_frame, got);
                assert_int_equal(info.lost_frames, 0);
                shm_test_check(audio, got, (uint64_t)count, 2);
                got += (uint64_t)count;
            }
            assert_int_equal(count, 0);
            assert_int_equal(got, gecko_shm_writer_head(writer));
        }
        assert_int_equal(gecko_reader_position(reader), got);
        assert_int_equal(gecko_reader_lost(reader), 0);
        gecko_reader_close(reader);
        gecko_shm_writer_close(writer);
    }
}

static void a_late_reader_begins_at_the_newest_or_the_oldest_frame(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 1024);
    struct gecko_shm_writer *writer = shm_test_open(&config);
    for (int i = 0; i < 30; i++) {
        shm_test_write(writer, 100);
    }
    struct gecko_read info;
    struct gecko_reader *late = open_reader(config.name, NULL);
    struct gecko_reader *early = open_reader(config.name, &oldest);
    assert_int_equal(read_checked(late, MAX_FRAMES, &info), 0);
    assert_int_equal(read_checked(early, MAX_FRAMES, &info), 1024);
    assert_int_equal(info.first_frame, 3000 - 1024);
    shm_test_write(writer, 50);
    assert_int_equal(read_checked(late, MAX_FRAMES, &info), 50);
    assert_int_equal(info.first_frame, 3000);
    assert_int_equal(info.lost_frames, 0);
    gecko_reader_close(late);
    gecko_reader_close(early);
    gecko_shm_writer_close(writer);
}

static void an_overrun_is_counted_to_the_frame(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 1024);
    struct gecko_shm_writer *writer = shm_test_open(&config);
    struct gecko_reader *reader = open_reader(config.name, NULL);
    struct gecko_read info;
    for (int i = 0; i < 50; i++) {
        shm_test_write(writer, 100);
    }
    assert_int_equal(read_checked(reader, MAX_FRAMES, &info), 1024);
    assert_int_equal(info.lost_frames, 5000 - 1024);
    assert_int_equal(info.first_frame, 5000 - 1024);
    assert_true((info.events & GECKO_READ_LOST) != 0);
    assert_int_equal(info.left_frames, 5000);
    assert_int_equal(gecko_reader_lost(reader), 5000 - 1024);
    gecko_reader_close(reader);
    gecko_shm_writer_close(writer);
}

/* Frames that the writer is about to overwrite are not handed out. */
static void frames_under_the_claim_count_as_lost(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 1024);
    struct gecko_shm_writer *writer = shm_test_open(&config);
    struct gecko_reader *reader = open_reader(config.name, NULL);
    struct gecko_read info;
    shm_test_write(writer, 1024);
    assert_true(gecko_shm_writer_begin(writer, 100)); /* under way: claims frames 0 to 99 */
    assert_int_equal(read_checked(reader, MAX_FRAMES, &info), 924);
    assert_int_equal(info.first_frame, 100);
    assert_int_equal(info.lost_frames, 100);
    gecko_reader_close(reader);
    gecko_shm_writer_close(writer);
}

static void reading_goes_on_past_2_to_the_32(void **state) {
    (void)state;
    static const enum gecko_layout layouts[] = {GECKO_LAYOUT_V1, GECKO_LAYOUT_V2};
    for (size_t l = 0; l < 2; l++) {
        struct gecko_shm_config config = shm_test_config(layouts[l], 1024);
        config.start_frame = (UINT64_C(1) << 32) - 1000;
        struct gecko_shm_writer *writer = shm_test_open(&config);
        struct gecko_reader *reader = open_reader(config.name, NULL);
        uint64_t got = 0;
        for (int i = 0; i < 20; i++) {
            struct gecko_read info;
            shm_test_write(writer, 100);
            assert_int_equal(gecko_reader_read(reader, audio, 2 * MAX_FRAMES, &info), 100);
            shm_test_check(audio, config.start_frame + got, 100, 2);
            if (layouts[l] == GECKO_LAYOUT_V2) {
                assert_true(info.first_frame == config.start_frame + got);
            }
            got += 100;
        }
        assert_int_equal(gecko_reader_lost(reader), 0);
        gecko_reader_close(reader);
        gecko_shm_writer_close(writer);
    }
}

static void a_block_is_found_by_any_of_its_frames(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 256);
    struct gecko_shm_writer *writer = shm_test_open(&config);
    struct gecko_reader *reader = open_reader(config.name, NULL);
    struct gecko_block block;
    assert_false(gecko_reader_find_block(reader, 0, &block));
    for (int i = 0; i < 100; i++) {
        shm_test_write(writer, 10);
    }
    assert_true(gecko_reader_find_block(reader, 999, &block));
    assert_int_equal(block.number, 99);
    assert_int_equal(block.first_frame, 990);
    assert_int_equal(block.frames, 10);
    assert_int_equal(block.host_time, 990);
    assert_true(gecko_reader_find_block(reader, 360, &block)); /* the oldest of 64 entries */
    assert_int_equal(block.number, 36);
    assert_false(gecko_reader_find_block(reader, 359, &block));
    assert_false(gecko_reader_find_block(reader, 1000, &block));
    /* While the next block is copied the oldest entry still holds; while that entry is written it
     * is none. */
    assert_true(gecko_shm_writer_begin(writer, 10));
    assert_true(gecko_reader_find_block(reader, 360, &block));
    unsigned char *memory = shm_test_memory(writer);
    unsigned char *entry =
        memory + gecko_load_u64(memory, GECKO_V2_BLOCKS_OFFSET) + 36 % 64 * GECKO_V2_BLOCK_BYTES;
    gecko_store_u64(entry, GECKO_V2_BLOCK_SEQUENCE, 0);
    assert_false(gecko_reader_find_block(reader, 360, &block));
    assert_true(gecko_reader_find_block(reader, 370, &block));
    gecko_reader_close(reader);
    gecko_shm_writer_close(writer);
}

/* The same answer as looking at every entry would give. */
static void a_block_is_found_among_blocks_of_all_lengths(void **state) {
    (void)state;
    for (unsigned seed = 1; seed <= 20; seed++) {
        struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 4096);
        struct gecko_shm_writer *writer = shm_test_open(&config);
        struct gecko_reader *reader = open_reader(config.name, NULL);
        uint32_t table = gecko_load_u32(shm_test_memory(writer), GECKO_V2_BLOCK_COUNT);
        uint64_t first[600];
        uint64_t head = config.start_frame;
        uint64_t blocks = 1 + seed * 29;
        uint32_t random = seed;
        for (uint64_t b = 0; b < blocks; b++) {
            random = random * 1664525u + 1013904223u;
            uint32_t frames = random >> 28 == 0 ? 1 + (random >> 8) % 512 : 16 + seed;
            first[b] = head;
            shm_test_write(writer, frames);
            head += frames;
        }
        first[blocks] = head;
        uint64_t oldest_block = blocks > table ? blocks - table : 0;
        struct gecko_block block;
        for (uint64_t b = 0; b < blocks; b++) {
            const uint64_t frames[2] = {first[b], first[b + 1] - 1};
            for (int i = 0; i < 2; i++) {
                assert_int_equal(gecko_reader_find_block(reader, frames[i], &block),
                                 b >= oldest_block);
                assert_true(b < oldest_block || block.number == b);
            }
        }
        assert_false(gecko_reader_find_block(reader, head, &block));
        gecko_reader_close(reader);
        gecko_shm_writer_close(writer);
    }
}

/* ---- what v1 cannot do --------------------------------------------------------------------- */

static void v1_takes_a_full_ring_for_an_empty_one(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V1, 1000);
    struct gecko_shm_writer *writer = shm_test_open(&config);
    struct gecko_reader *reader = open_reader(config.name, NULL);
    struct gecko_read info;
    shm_test_write(writer, 1000);
    assert_int_equal(gecko_reader_read(reader, audio, MAX_FRAMES, &info), 0);
    assert_int_equal(info.lost_frames, 0); /* 1000 are, and nobody can tell */
    shm_test_write(writer, 10);
    assert_int_equal(gecko_reader_read(reader, audio, MAX_FRAMES, &info), 10);
    shm_test_check(audio, 1000, 10, 2);
    gecko_reader_close(reader);
    gecko_shm_writer_close(writer);
}

static void v1_hands_a_late_reader_what_is_stale(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V1, 1000);
    struct gecko_shm_writer *writer = shm_test_open(&config);
    struct gecko_read info;
    shm_test_write(writer, 600);
    shm_test_write(writer, 600);
    struct gecko_reader *reader = open_reader(config.name, &oldest);
    assert_int_equal(gecko_reader_read(reader, audio, 2 * MAX_FRAMES, &info), 200);
    shm_test_check(audio, 1000, 200, 2); /* 800 older ones that were there are passed over */
    gecko_reader_close(reader);
    gecko_shm_writer_close(writer);
}

/* ---- opening ------------------------------------------------------------------------------- */

static void what_cannot_be_opened_says_why(void **state) {
    (void)state;
    static const char *const bad[] = {"", "/", "gecko", "/a/b",
                                      "/12345678901234567890123456789012"};
    struct gecko_reader *reader;
    struct gecko_reader_error error;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(gecko_reader_open(bad[i], NULL, &reader, &error));
        assert_int_equal(error.status, GECKO_READER_NAME);
        assert_null(reader);
    }
    const char *name = shm_test_name();
    assert_false(gecko_reader_open(name, NULL, &reader, &error));
    assert_int_equal(error.status, GECKO_READER_MISSING);
    assert_non_null(strstr(error.text, name));
    assert_false(gecko_reader_open(name, NULL, &reader, NULL));
    gecko_reader_close(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_frame_arrives_once_and_in_order),
        cmocka_unit_test(a_late_reader_begins_at_the_newest_or_the_oldest_frame),
        cmocka_unit_test(an_overrun_is_counted_to_the_frame),
        cmocka_unit_test(frames_under_the_claim_count_as_lost),
        cmocka_unit_test(reading_goes_on_past_2_to_the_32),
        cmocka_unit_test(a_block_is_found_by_any_of_its_frames),
        cmocka_unit_test(a_block_is_found_among_blocks_of_all_lengths),
        cmocka_unit_test(v1_takes_a_full_ring_for_an_empty_one),
        cmocka_unit_test(v1_hands_a_late_reader_what_is_stale),
        cmocka_unit_test(what_cannot_be_opened_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
