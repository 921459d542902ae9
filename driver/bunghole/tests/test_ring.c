/* test_ring.c - frames and their marks, over the edge of the ring and of 32 bits. */
#include "unit.h"
/* after cmocka.h */
#include "bunghole_ring.h"
#include <pthread.h>
#include <string.h>

static struct bunghole_ring ring;
static float audio[BUNGHOLE_RING_FRAMES * 2 + 2];
static float got[BUNGHOLE_RING_FRAMES * 2 + 2];

/* Numbers that a float holds exactly. */
static float left_of(uint64_t frame) {
    return (float)(frame % 8388608);
}

static uint32_t write_frames(uint64_t first, uint32_t frames, uint64_t time_ns, uint32_t flags) {
    for (uint32_t i = 0; i < frames; i++) {
        audio[2 * i] = left_of(first + i);
        audio[2 * i + 1] = -left_of(first + i);
    }
    return bunghole_ring_write(&ring, audio, frames, time_ns, flags);
}

static void check_frames(uint64_t first, uint32_t frames) {
    for (uint32_t i = 0; i < frames; i++) {
        assert_true(got[2 * i] >= left_of(first + i) && got[2 * i] <= left_of(first + i));
        assert_true(got[2 * i + 1] >= -left_of(first + i) && got[2 * i + 1] <= -left_of(first + i));
    }
}

static void frames_keep_order_and_numbers_over_the_wrap_at_2_32(void **state) {
    (void)state;
    uint64_t first = (UINT64_C(1) << 32) - 5000;
    uint64_t written = first, read = first;
    bunghole_ring_init(&ring, first);
    for (int round = 0; round < 3000; round++) {
        uint32_t block = 16 + (uint32_t)(round * 37 % 900);
        if (bunghole_ring_fill(&ring) + block <= BUNGHOLE_RING_LIMIT) {
            assert_int_equal(write_frames(written, block, written * 10, 0), block);
            written += block;
        }
        struct bunghole_span span;
        while (bunghole_ring_peek(&ring, 960, &span) && span.frames == 960) {
            assert_true(span.first_frame == read);
            assert_true(span.last_frame == read + 959);
            /* The time of the block that the first frame is in: not after it, not long before. */
            assert_true(span.time_ns <= read * 10 && read * 10 - span.time_ns < 916 * 10);
            bunghole_ring_take(&ring, got, 960);
            check_frames(read, 960);
            read += 960;
        }
    }
    assert_true(read > (UINT64_C(1) << 32) + 100000);
    assert_int_equal(atomic_load(&ring.lost), 0);
}

static void what_does_not_fit_is_counted_and_its_numbers_are_skipped(void **state) {
    (void)state;
    bunghole_ring_init(&ring, 0);
    for (uint64_t i = 0; i < 10; i++) {
        assert_int_equal(write_frames(800 * i, 800, 1, i == 0 ? BUNGHOLE_BLOCK_BEGINS : 0), 800);
    }
    assert_int_equal(write_frames(8000, 512, 2, 0), 192); /* the newest is cut */
    assert_int_equal(write_frames(8512, 512, 3, 0), 0);
    assert_int_equal(atomic_load(&ring.lost), 320 + 512);
    struct bunghole_span span;
    assert_true(bunghole_ring_peek(&ring, 8192, &span));
    assert_int_equal(span.frames, 8192);
    assert_int_equal(span.flags, BUNGHOLE_BLOCK_BEGINS);
    bunghole_ring_take(&ring, got, 8192);
    check_frames(0, 8192);
    assert_int_equal(write_frames(9024, 100, 4, 0), 100);
    assert_true(bunghole_ring_peek(&ring, 960, &span));
    assert_int_equal(span.first_frame, 9024);
    assert_int_equal(span.last_frame, 9123);
    assert_int_equal(span.flags, BUNGHOLE_BLOCK_LOST);
    assert_int_equal(span.time_ns, 4);
}

/* What the transport's thread leaves is less than a packet. */
static void a_block_of_any_length_finds_room_behind_what_is_left(void **state) {
    (void)state;
    static const uint32_t lengths[] = {1, 16, 480, 512, 960, 961, 4096, 8191, BUNGHOLE_RING_BLOCK};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct bunghole_span span;
        uint32_t block = lengths[i];
        uint64_t read = 0;
        bunghole_ring_init(&ring, 0);
        for (uint64_t at = 0; at < 40000; at += block) {
            assert_int_equal(write_frames(at, block, at, 0), block);
            assert_int_equal(bunghole_ring_longest(&ring), block);
            while (bunghole_ring_peek(&ring, 960, &span) && span.frames == 960) {
                bunghole_ring_take(&ring, got, 960);
                check_frames(read, 960);
                read += 960;
            }
        }
        assert_int_equal(atomic_load(&ring.lost), 0);
    }
}

static void no_more_waits_than_the_limit_however_long_the_blocks_were(void **state) {
    (void)state;
    bunghole_ring_init(&ring, 0);
    assert_int_equal(bunghole_ring_allowance(960), 0);
    assert_int_equal(bunghole_ring_allowance(8192), 7232);
    assert_int_equal(write_frames(0, 8192, 1, 0), 8192);
    assert_int_equal(write_frames(8192, 8192, 2, 0), 7232); /* the second is cut */
    assert_int_equal(bunghole_ring_fill(&ring), BUNGHOLE_RING_LIMIT + 7232);
    assert_int_equal(bunghole_ring_longest(&ring), 8192);
    /* Short ones wait for the long ones to go. */
    assert_int_equal(write_frames(16384, 480, 3, 0), 0);
    bunghole_ring_take(&ring, got, 8192);
    check_frames(0, 8192);
    assert_int_equal(bunghole_ring_longest(&ring), 7232);
    assert_int_equal(write_frames(16864, 480, 4, 0), 480);
    bunghole_ring_take(&ring, got, 7232);
    check_frames(8192, 7232);
    assert_int_equal(bunghole_ring_longest(&ring), 480);
    bunghole_ring_take(&ring, got, 480);
    assert_int_equal(bunghole_ring_longest(&ring), 0);
    assert_int_equal(atomic_load(&ring.lost), 960 + 480);
}

static void a_span_ends_where_a_run_of_io_begins(void **state) {
    (void)state;
    struct bunghole_span span;
    bunghole_ring_init(&ring, 0);
    write_frames(0, 480, 1, BUNGHOLE_BLOCK_BEGINS);
    write_frames(480, 100, 2, 0);
    assert_true(bunghole_ring_peek(&ring, 960, &span));
    assert_int_equal(span.frames, 580);
    assert_false(span.run_ends);
    write_frames(580, 480, 3, BUNGHOLE_BLOCK_BEGINS);
    assert_true(bunghole_ring_peek(&ring, 960, &span));
    assert_int_equal(span.frames, 580);
    assert_true(span.run_ends);
    bunghole_ring_take(&ring, NULL, span.frames);
    assert_true(bunghole_ring_peek(&ring, 960, &span));
    assert_int_equal(span.first_frame, 580);
    assert_int_equal(span.time_ns, 3);
    assert_int_equal(span.flags, BUNGHOLE_BLOCK_BEGINS);
    assert_false(span.run_ends);
}

static void a_jump_of_time_is_known_to_the_span_that_holds_it(void **state) {
    (void)state;
    struct bunghole_span span;
    bunghole_ring_init(&ring, 0);
    write_frames(0, 500, 1, 0);
    write_frames(500, 500, 2, BUNGHOLE_BLOCK_JUMPS);
    assert_true(bunghole_ring_peek(&ring, 500, &span));
    assert_int_equal(span.flags, 0);
    assert_true(bunghole_ring_peek(&ring, 960, &span));
    assert_int_equal(span.flags, BUNGHOLE_BLOCK_JUMPS);
    assert_int_equal(span.time_ns, 1);
    bunghole_ring_take(&ring, NULL, 960);
    assert_true(bunghole_ring_peek(&ring, 960, &span));
    assert_int_equal(span.flags, 0);
    assert_int_equal(span.time_ns, 2);
}

static void more_blocks_than_marks_are_lost_and_counted(void **state) {
    (void)state;
    bunghole_ring_init(&ring, 0);
    for (uint64_t i = 0; i < BUNGHOLE_RING_MARKS + 10; i++) {
        assert_int_equal(write_frames(i, 1, i, 0), i < BUNGHOLE_RING_MARKS ? 1 : 0);
    }
    assert_int_equal(atomic_load(&ring.lost), 10);
    struct bunghole_span span;
    assert_true(bunghole_ring_peek(&ring, 960, &span));
    bunghole_ring_take(&ring, got, 960);
    assert_int_equal(write_frames(BUNGHOLE_RING_MARKS + 10, 1, 5, 0), 1);
    assert_true(bunghole_ring_peek(&ring, 960, &span));
    assert_int_equal(span.first_frame, 960);
    assert_int_equal(span.frames, BUNGHOLE_RING_MARKS - 960 + 1);
    assert_int_equal(span.last_frame, BUNGHOLE_RING_MARKS + 10);
    assert_int_equal(span.flags, BUNGHOLE_BLOCK_LOST);
}

static void *write_a_million(void *unused) {
    (void)unused;
    uint64_t at = 0;
    while (at < 1000000) {
        if (bunghole_ring_fill(&ring) <= BUNGHOLE_RING_LIMIT - 512) {
            write_frames(at, 512, at, 0);
            at += 512;
        }
    }
    return NULL;
}

static void two_threads_see_the_same_million_frames(void **state) {
    (void)state;
    pthread_t writer;
    bunghole_ring_init(&ring, 0);
    assert_int_equal(pthread_create(&writer, NULL, write_a_million, NULL), 0);
    for (uint64_t at = 0; at < 1000000;) {
        struct bunghole_span span;
        if (!bunghole_ring_peek(&ring, 960, &span)) {
            continue;
        }
        assert_true(span.first_frame == at);
        assert_true(span.time_ns == at / 512 * 512);
        bunghole_ring_take(&ring, got, span.frames);
        check_frames(at, span.frames);
        at += span.frames;
    }
    assert_int_equal(pthread_join(writer, NULL), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_keep_order_and_numbers_over_the_wrap_at_2_32),
        cmocka_unit_test(what_does_not_fit_is_counted_and_its_numbers_are_skipped),
        cmocka_unit_test(a_block_of_any_length_finds_room_behind_what_is_left),
        cmocka_unit_test(no_more_waits_than_the_limit_however_long_the_blocks_were),
        cmocka_unit_test(a_span_ends_where_a_run_of_io_begins),
        cmocka_unit_test(a_jump_of_time_is_known_to_the_span_that_holds_it),
        cmocka_unit_test(more_blocks_than_marks_are_lost_and_counted),
        cmocka_unit_test(two_threads_see_the_same_million_frames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
