/* test_playout.c - bursts in, an even pace out, and latency that comes back. Virtual frames. */
#include "unit.h"
/* after cmocka.h */
#include "bunghole_playout.h"
#include <math.h>
#include <pthread.h>
#include <string.h>

#define PACKET 960u

static struct bunghole_playout playout;
static float in[BUNGHOLE_PLAYOUT_FRAMES * 2];
static float out[16384 * 2];
static uint64_t sent; /* frames that were put in */

static int set_up(void **state) {
    (void)state;
    bunghole_playout_init(&playout);
    bunghole_playout_start(&playout);
    sent = 0;
    return 0;
}

/* Each frame says which one it is, from 1 on; 0 is silence. */
static uint32_t put(uint32_t frames) {
    for (uint32_t i = 0; i < frames; i++) {
        in[2 * i] = in[2 * i + 1] = (float)(++sent % 4194304 + 1);
    }
    return bunghole_playout_write(&playout, in, frames);
}

static uint32_t get(uint32_t frames) {
    memset(out, 0x7f, frames * 2 * sizeof out[0]); /* no silence by chance */
    return bunghole_playout_read(&playout, out, frames);
}

static bool is_silent(uint32_t from, uint32_t to) {
    for (uint32_t i = 2 * from; i < 2 * to; i++) {
        if (out[i] < 0 || out[i] > 0) {
            return false;
        }
    }
    return true;
}

static void it_is_silent_until_40_ms_are_there(void **state) {
    (void)state;
    put(PACKET);
    assert_int_equal(get(480), 0);
    assert_true(is_silent(0, 480));
    put(PACKET);
    assert_int_equal(get(480), 480);
    for (uint32_t i = 0; i < 480; i++) {
        assert_true(fabsf(out[2 * i] - (float)(i + 2)) < 0.5f);
    }
    assert_int_equal(atomic_load(&playout.silent), 480);
    assert_int_equal(atomic_load(&playout.underflows), 0);
}

static void when_it_runs_dry_silence_is_counted_and_it_primes_again(void **state) {
    (void)state;
    put(2 * PACKET);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(get(400), 400);
    }
    assert_int_equal(get(400), 1920 - 4 * 400);
    assert_true(is_silent(1920 - 4 * 400, 400));
    assert_int_equal(atomic_load(&playout.underflows), 1);
    put(PACKET);
    assert_int_equal(get(400), 0);
    put(PACKET);
    assert_int_equal(get(400), 400);
    assert_int_equal(atomic_load(&playout.underflows), 1);
}

static void large_io_buffers_wait_for_as_much_more(void **state) {
    (void)state;
    for (int i = 0; i < 5; i++) {
        put(PACKET);
        assert_int_equal(get(4096), 0);
    }
    put(PACKET);
    assert_int_equal(get(4096), 4096);
}

/* `ppm` parts in a million more than the reader takes, for an hour. */
static void run_an_hour(double ppm, uint32_t block, double *worst, uint64_t *silent_after_start) {
    double owed = 0;
    uint64_t primed_silence = 0;
    *worst = 0;
    bool primed = false;
    for (uint64_t frame = 0; frame < UINT64_C(3600) * 48000; frame += block) {
        owed += block * (1 + ppm / 1e6);
        while (owed >= PACKET) {
            put(PACKET);
            owed -= PACKET;
        }
        double fill = (double)bunghole_playout_fill(&playout);
        *worst = fill > *worst ? fill : *worst;
        bool got_some = get(block) > 0;
        if (!primed && got_some) {
            primed = true;
            primed_silence = atomic_load(&playout.silent);
        }
    }
    *silent_after_start = atomic_load(&playout.silent) - primed_silence;
}

static void a_fast_peer_costs_cuts_and_no_latency(void **state) {
    (void)state;
    double worst;
    uint64_t silent;
    run_an_hour(200, 480, &worst, &silent);
    assert_int_equal(silent, 0);
    assert_int_equal(atomic_load(&playout.overflow), 0);
    /* 0.72 s too much came in an hour; all but what may be held was cut, about 20 ms at a time. */
    assert_in_range(atomic_load(&playout.cut_frames), 34560 - 2400, 34560);
    assert_in_range(atomic_load(&playout.cuts), 20, 72);
    assert_true(worst <= 1920 + 960 + 960 + 60);
}

static void a_slow_peer_costs_silence_and_no_latency(void **state) {
    (void)state;
    double worst;
    uint64_t silent;
    run_an_hour(-200, 480, &worst, &silent);
    assert_int_equal(atomic_load(&playout.cuts), 0);
    assert_in_range(atomic_load(&playout.underflows), 10, 80);
    /* What was missing, and the time until 40 ms were there again. */
    assert_in_range(silent, 34560 / 2, 80 * 2 * 1920);
    assert_true(worst <= 1920 + 960);
}

static void an_exact_peer_costs_nothing_at_any_buffer_size(void **state) {
    (void)state;
    static const uint32_t blocks[] = {16, 64, 480, 512, 960, 1024, 4096};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
        double owed = 0;
        set_up(NULL);
        for (uint64_t frame = 0; frame < UINT64_C(120) * 48000; frame += blocks[i]) {
            owed += blocks[i];
            while (owed >= PACKET) {
                put(PACKET);
                owed -= PACKET;
            }
            get(blocks[i]);
        }
        assert_int_equal(atomic_load(&playout.underflows), 0);
        assert_int_equal(atomic_load(&playout.cuts), 0);
    }
}

static void a_burst_is_cut_at_once_with_a_cross_fade(void **state) {
    (void)state;
    put(2 * PACKET);
    get(480);
    for (int i = 0; i < 6; i++) {
        put(PACKET); /* 7200 frames: 150 ms */
    }
    uint64_t before = bunghole_playout_fill(&playout);
    assert_int_equal(before, 7200);
    assert_int_equal(get(480), 480);
    assert_int_equal(atomic_load(&playout.cuts), 1);
    assert_int_equal(atomic_load(&playout.cut_frames), 7200 - 1920);
    assert_int_equal(bunghole_playout_fill(&playout), 1920 - 480);
    /* From one side to the other, without a step: each frame is above the one before it by 1 and a
     * part of the gap. */
    float gap = 7200 - 1920;
    for (uint32_t i = 1; i < 480; i++) {
        float step = out[2 * i] - out[2 * (i - 1)];
        assert_true(step > 0.5f && step < gap / 120 + 2);
    }
    assert_true(fabsf(out[2 * 479] - (480 + 479 + gap + 2)) < 1.0f);
}

static void a_cross_fade_goes_on_over_small_buffers(void **state) {
    (void)state;
    put(2 * PACKET);
    get(480);
    for (int i = 0; i < 6; i++) {
        put(PACKET);
    }
    float last = 481;
    for (int block = 0; block < 16; block++) {
        assert_int_equal(get(16), 16);
        for (uint32_t i = 0; i < 16; i++) {
            assert_true(out[2 * i] > last && out[2 * i] < last + 50);
            last = out[2 * i];
        }
    }
    assert_int_equal(atomic_load(&playout.cuts), 1);
    assert_int_equal(bunghole_playout_fill(&playout), 1920 - 256);
}

static void what_is_too_old_when_it_primes_is_left_out(void **state) {
    (void)state;
    for (int i = 0; i < 8; i++) {
        put(PACKET);
    }
    assert_int_equal(get(480), 480);
    assert_true(fabsf(out[0] - (float)(8 * PACKET - 1920 + 2)) < 0.5f);
    assert_int_equal(bunghole_playout_fill(&playout), 1920 - 480);
    assert_int_equal(atomic_load(&playout.cuts), 0);
    assert_int_equal(atomic_load(&playout.cut_frames), 6 * PACKET);
}

static void nothing_is_kept_while_nobody_records_and_a_start_begins_afresh(void **state) {
    (void)state;
    put(4 * PACKET);
    bunghole_playout_stop(&playout);
    assert_int_equal(put(PACKET), 0);
    assert_int_equal(atomic_load(&playout.unwanted), PACKET);
    bunghole_playout_start(&playout);
    assert_int_equal(bunghole_playout_fill(&playout), 0);
    put(2 * PACKET);
    assert_int_equal(get(480), 480);
    assert_true(fabsf(out[0] - (float)(5 * PACKET + 2)) < 0.5f); /* not one of the old ones */
}

static void ten_times_too_much_is_bounded_and_counted(void **state) {
    (void)state;
    for (int i = 0; i < 1000; i++) {
        for (int packet = 0; packet < 10; packet++) {
            put(PACKET);
        }
        get(960);
        assert_true(bunghole_playout_fill(&playout) <= BUNGHOLE_PLAYOUT_FRAMES);
    }
    assert_true(atomic_load(&playout.cuts) > 900);
}

static _Atomic bool reader_done;

static void *read_all(void *unused) {
    (void)unused;
    for (int i = 0; i < 20000; i++) {
        float audio[480 * 2];
        bunghole_playout_read(&playout, audio, 480);
    }
    atomic_store(&reader_done, true);
    return NULL;
}

static void two_threads_share_it_without_a_lock(void **state) {
    (void)state;
    pthread_t reader;
    atomic_store(&reader_done, false);
    assert_int_equal(pthread_create(&reader, NULL, read_all, NULL), 0);
    while (!atomic_load(&reader_done)) {
        put(PACKET);
    }
    assert_int_equal(pthread_join(reader, NULL), 0);
}

/* Defect: after a reconnection, with IO blocks of 8192 frames, the newest frames found no room. The
 * worst case: one frame less than the target was there when it was read for the first time. */
static void
a_reader_of_8192_that_waits_for_its_target_loses_nothing_that_comes_meanwhile(void **state) {
    (void)state;
    const uint32_t block = 8192;
    const uint32_t target = BUNGHOLE_PLAYOUT_TARGET + block - BUNGHOLE_PLAYOUT_SMALL;
    bunghole_playout_init(&playout);
    bunghole_playout_start(&playout);
    assert_int_equal(bunghole_playout_write(&playout, in, target - 1), target - 1);
    assert_int_equal(bunghole_playout_read(&playout, out, block), 0);
    assert_int_equal(bunghole_playout_write(&playout, in, block), block);
    assert_int_equal(atomic_load(&playout.overflow), 0);
    /* And it is no later for it. */
    assert_int_equal(bunghole_playout_read(&playout, out, block), block);
    assert_int_equal(bunghole_playout_fill(&playout), target - block);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup(name, set_up)
    const struct CMUnitTest tests[] = {
        TEST(it_is_silent_until_40_ms_are_there),
        TEST(when_it_runs_dry_silence_is_counted_and_it_primes_again),
        TEST(large_io_buffers_wait_for_as_much_more),
        TEST(a_fast_peer_costs_cuts_and_no_latency),
        TEST(a_slow_peer_costs_silence_and_no_latency),
        TEST(an_exact_peer_costs_nothing_at_any_buffer_size),
        TEST(a_burst_is_cut_at_once_with_a_cross_fade),
        TEST(a_cross_fade_goes_on_over_small_buffers),
        TEST(what_is_too_old_when_it_primes_is_left_out),
        TEST(nothing_is_kept_while_nobody_records_and_a_start_begins_afresh),
        TEST(ten_times_too_much_is_bounded_and_counted),
        TEST(two_threads_share_it_without_a_lock),
        cmocka_unit_test(
            a_reader_of_8192_that_waits_for_its_target_loses_nothing_that_comes_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
