/* test_reader_change.c - the C reader when the format, the object or the driver changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above first */
#include "gecko_memory.h"
#include "reader_test.h"
#include <cmocka.h>
#include <string.h>
#include <sys/mman.h>

static struct gecko_shm_config config;
static struct gecko_shm_writer *writer;
static struct gecko_reader *reader;
static struct gecko_read info;

/* A driver, and a reader of what it writes. */
static void open_both(const struct gecko_reader_options *options) {
    config = shm_test_config(GECKO_LAYOUT_V2, 1024);
    writer = shm_test_open(&config);
    reader = open_reader(config.name, options);
}

static void close_both(void) {
    gecko_reader_close(reader);
    gecko_shm_writer_close(writer);
}

static void a_change_of_format_is_met_before_its_frames(void **state) {
    (void)state;
    open_both(NULL);
    shm_test_write(writer, 100);
    assert_int_equal(read_checked(reader, 40, &info), 40);
    config.channels = 8;
    config.ring_frames = 256;
    config.sample_rate = 96000;
    shm_test_reconfigure(writer, &config);
    shm_test_write(writer, 30);

    /* The buffer is for 16 samples; the format has grown. Nothing may be written beyond. */
    float small[17];
    memset(small, 0, sizeof small);
    small[16] = 42.0f;
    assert_int_equal(gecko_reader_read(reader, small, 16, &info), 0);
    assert_true((info.events & GECKO_READ_GENERATION) != 0);
    assert_int_equal(info.lost_frames, 60); /* what was left of the old generation */
    assert_int_equal(gecko_reader_format(reader)->channels, 8);
    assert_int_equal(gecko_reader_format(reader)->sample_rate, 96000);
    assert_int_equal(gecko_reader_format(reader)->ring_frames, 256);
    assert_int_equal(gecko_reader_read(reader, small, 16, &info), 2);
    assert_int_equal(info.first_frame, 100);
    assert_int_equal(info.events, 0);
    shm_test_check(small, 100, 2, 8);
    assert_true(small[16] > 41.0f);
    assert_int_equal(read_checked(reader, 1000, &info), 28);
    close_both();
}

static void write_some_and_stay(const void *argument) {
    writer = shm_test_open(argument);
    gecko_shm_writer_set_running(writer, true, 1500);
    shm_test_write(writer, 200);
    gecko_shm_writer_begin(writer, 50);
}

static void a_reader_outlives_a_driver_that_is_killed(void **state) {
    (void)state;
    config = shm_test_config(GECKO_LAYOUT_V2, 1024);
    struct shm_test_child child = shm_test_start_child(write_some_and_stay, &config);
    reader = open_reader(config.name, &oldest);
    assert_int_equal(read_checked(reader, 150, &info), 150);
    assert_int_equal(info.state, GECKO_STATE_RUNNING);
    assert_true(gecko_reader_writer_is_alive(reader));
    shm_test_kill(child);
    assert_false(gecko_reader_writer_is_alive(reader));
    assert_int_equal(read_checked(reader, 10, &info), 10); /* what is there stays there */

    writer = shm_test_open(&config);
    assert_true(gecko_reader_writer_is_alive(reader));
    shm_test_write(writer, 80);
    assert_int_equal(read_checked(reader, 1000, &info), 0);
    assert_true((info.events & GECKO_READ_GENERATION) != 0);
    assert_int_equal(info.lost_frames, 90); /* 40 not read, 50 claimed and never finished */
    assert_int_equal(read_checked(reader, 1000, &info), 80);
    assert_int_equal(info.first_frame, 250);
    close_both();
}

static void a_retired_object_is_left_for_the_new_one(void **state) {
    (void)state;
    open_both(NULL);
    shm_test_write(writer, 100);
    config.ring_frames = 8192;
    shm_test_reconfigure(writer, &config);
    shm_test_write(writer, 500);
    assert_int_equal(read_checked(reader, 70, &info), 70);
    assert_int_equal(info.events, 0); /* there is still something to read */
    assert_int_equal(read_checked(reader, 70, &info), 30);
    assert_int_equal(info.events, GECKO_READ_RETIRED);
    assert_true(gecko_reader_reopen(reader, NULL));
    assert_int_equal(read_checked(reader, 1000, &info), 500);
    assert_int_equal(info.first_frame, 100);
    assert_int_equal(gecko_reader_lost(reader), 0);
    close_both();
}

static void a_reader_that_reopens_too_early_knows_what_it_missed(void **state) {
    (void)state;
    open_both(NULL);
    shm_test_write(writer, 100);
    config.ring_frames = 8192;
    shm_test_reconfigure(writer, &config);
    assert_true(gecko_reader_reopen(reader, NULL));
    assert_int_equal(gecko_reader_lost(reader), 100);
    assert_int_equal(gecko_reader_position(reader), 100);
    assert_int_equal(read_checked(reader, 1000, &info), 0);
    close_both();
}

static void a_driver_that_goes_says_goodbye(void **state) {
    (void)state;
    open_both(NULL);
    struct gecko_reader_error error;
    shm_test_write(writer, 100);
    gecko_shm_writer_close(writer);
    assert_int_equal(read_checked(reader, 60, &info), 60);
    assert_int_equal(info.events, 0);
    assert_int_equal(read_checked(reader, 60, &info), 40);
    assert_int_equal(info.events, GECKO_READ_CLOSED);
    assert_false(gecko_reader_writer_is_alive(reader));
    assert_false(gecko_reader_reopen(reader, &error));
    assert_int_equal(error.status, GECKO_READER_MISSING);
    /* A failed reopen leaves the reader; a new driver counts from its own start. */
    assert_int_equal(read_checked(reader, 60, &info), 0);
    writer = shm_test_open(&config);
    shm_test_write(writer, 10);
    assert_true(gecko_reader_reopen(reader, &error));
    assert_int_equal(read_checked(reader, 60, &info), 10);
    assert_int_equal(info.first_frame, 0);
    close_both();
}

/* As one does that suspects a dead driver, and finds that it was only slow. */
static void an_object_that_is_opened_again_is_not_read_again(void **state) {
    (void)state;
    config = shm_test_config(GECKO_LAYOUT_V2, 1024);
    struct shm_test_child child = shm_test_start_child(write_some_and_stay, &config);
    reader = open_reader(config.name, &oldest);
    assert_int_equal(read_checked(reader, 150, &info), 150);
    shm_test_kill(child);
    assert_true(gecko_reader_reopen(reader, NULL));
    assert_int_equal(gecko_reader_position(reader), 150);
    assert_int_equal(read_checked(reader, 1000, &info), 50);
    assert_int_equal(info.first_frame, 150);
    assert_true(gecko_reader_reopen(reader, NULL));
    assert_int_equal(read_checked(reader, 1000, &info), 0);
    assert_int_equal(gecko_reader_lost(reader), 0);
    /* The next driver has come meanwhile: still the same object, 50 frames were never finished. */
    writer = shm_test_open(&config);
    shm_test_write(writer, 30);
    assert_true(gecko_reader_reopen(reader, NULL));
    assert_int_equal(gecko_reader_lost(reader), 50);
    assert_int_equal(read_checked(reader, 1000, &info), 30);
    assert_int_equal(info.first_frame, 250);
    close_both();
}

/* Its frames have higher numbers, its generation is higher, and it has nothing to do with us. */
static void an_unrelated_driver_is_not_taken_for_the_next_one(void **state) {
    (void)state;
    for (int closed = 0; closed <= 1; closed++) {
        open_both(NULL);
        shm_test_write(writer, 100);
        assert_int_equal(read_checked(reader, 1000, &info), 100);
        uint64_t instance = shm_test_instance(config.name);
        if (closed != 0) {
            gecko_shm_writer_close(writer);
        } else {
            shm_unlink(config.name);
        }
        struct gecko_shm_writer *other = shm_test_open(&config);
        for (int i = 0; i < 100; i++) {
            shm_test_write(other, 100);
        }
        config.sample_rate = 44100;
        shm_test_reconfigure(other, &config);
        shm_test_write(other, 100);
        if (closed != 0) {
            /* Not even if it said that it goes on from there. */
            shm_test_poke_u64(config.name, GECKO_V2_PREDECESSOR, instance);
        }
        assert_true(gecko_reader_reopen(reader, NULL));
        assert_int_equal(gecko_reader_lost(reader), 0);
        assert_int_equal(gecko_reader_position(reader), 10000);
        assert_int_equal(read_checked(reader, 1000, &info), 100);
        gecko_reader_close(reader);
        gecko_shm_writer_close(other);
        if (closed == 0) {
            gecko_shm_writer_close(writer);
        }
    }
}

/* Between the goodbye and the end of the name. */
static void an_object_that_is_being_left_is_not_opened_again(void **state) {
    (void)state;
    static const uint32_t states[] = {GECKO_STATE_RETIRED, GECKO_STATE_CLOSED};
    for (size_t i = 0; i < 2; i++) {
        open_both(&oldest);
        struct gecko_reader *other;
        struct gecko_reader_error error;
        shm_test_write(writer, 100);
        assert_int_equal(read_checked(reader, 200, &info), 100);
        size_t size;
        unsigned char *memory = gecko_shm_writer_memory(writer, &size);
        gecko_store_u32(memory, GECKO_V2_STATE, states[i]);
        assert_false(gecko_reader_reopen(reader, &error));
        assert_int_equal(error.status, GECKO_READER_NOT_READY);
        assert_false(gecko_reader_open(config.name, &oldest, &other, &error));
        assert_int_equal(error.status, GECKO_READER_NOT_READY);
        assert_int_equal(read_checked(reader, 200, &info), 0);
        close_both();
    }
}

static void a_change_of_layout_needs_a_reopen(void **state) {
    (void)state;
    open_both(NULL);
    assert_true(gecko_reader_slot(reader) >= 0);
    config.layout = GECKO_LAYOUT_V1;
    shm_test_reconfigure(writer, &config);
    assert_int_equal(read_checked(reader, 60, &info), 0);
    assert_int_equal(info.events, GECKO_READ_RETIRED);
    assert_true(gecko_reader_reopen(reader, NULL));
    assert_int_equal(gecko_reader_format(reader)->layout, 1);
    assert_int_equal(gecko_reader_slot(reader), -1);
    shm_test_write(writer, 50);
    assert_int_equal(read_checked(reader, 60, &info), 50);
    close_both();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_of_format_is_met_before_its_frames),
        cmocka_unit_test(a_reader_outlives_a_driver_that_is_killed),
        cmocka_unit_test(a_retired_object_is_left_for_the_new_one),
        cmocka_unit_test(a_reader_that_reopens_too_early_knows_what_it_missed),
        cmocka_unit_test(a_driver_that_goes_says_goodbye),
        cmocka_unit_test(an_object_that_is_opened_again_is_not_read_again),
        cmocka_unit_test(an_unrelated_driver_is_not_taken_for_the_next_one),
        cmocka_unit_test(an_object_that_is_being_left_is_not_opened_again),
        cmocka_unit_test(a_change_of_layout_needs_a_reopen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
