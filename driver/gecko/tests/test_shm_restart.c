/* test_shm_restart.c - what the next writer makes of an object whose writer is dead, and a writer
 * of an object that it has lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above first */
#include "gecko_memory.h"
#include "reader_test.h"
#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- continued ------------------------------------------------------------------------------- */

static void write_and_die_in_a_block(const void *argument) {
    struct gecko_shm_writer *writer = shm_test_open(argument);
    gecko_shm_writer_set_running(writer, true, 1500);
    gecko_shm_writer_set_muted(writer, true);
    for (int i = 0; i < 5; i++) {
        shm_test_write(writer, 100);
    }
    gecko_shm_writer_begin(writer, 60);
}

static void a_writer_that_was_killed_is_continued(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 1024);
    struct shm_test_child child = shm_test_start_child(write_and_die_in_a_block, &config);
    const unsigned char *memory = shm_test_map(config.name);
    uint64_t instance = shm_test_instance(config.name);
    shm_test_kill(child);
    assert_int_equal(gecko_load_u32(memory, GECKO_V2_STATE), GECKO_STATE_RUNNING);

    config.sample_rate = 96000;
    config.start_frame = 77; /* only for new objects */
    struct gecko_shm_writer *writer = shm_test_open(&config);
    assert_true(gecko_shm_writer_continued(writer));
    assert_true(shm_test_instance(config.name) == instance);
    assert_int_equal(gecko_load_u64(memory, GECKO_V2_GENERATION), 4);
    assert_int_equal(gecko_load_u32(memory, GECKO_V2_WRITER_PID), getpid());
    assert_int_equal(gecko_load_u32(memory, GECKO_V2_SAMPLE_RATE), 96000);
    assert_int_equal(gecko_load_u32(memory, GECKO_V2_STATE), GECKO_STATE_IDLE);
    assert_int_equal(gecko_load_u32(memory, GECKO_V2_FLAGS), 0);
    /* 500 frames were published, 60 more were claimed and are lost */
    assert_int_equal(gecko_load_u64(memory, GECKO_V2_GENERATION_START), 560);
    assert_int_equal(gecko_load_u64(memory, GECKO_V2_WRITE_HEAD), 560);
    assert_int_equal(gecko_load_u64(memory, GECKO_V2_BLOCK_HEAD), 5);
    shm_test_write(writer, 10);
    assert_int_equal(gecko_load_u64(memory, GECKO_V2_WRITE_HEAD), 570);
    assert_int_equal(gecko_load_u64(memory, GECKO_V2_BLOCK_HEAD), 6);
    assert_int_equal(gecko_shm_writer_written(writer), 10);
    gecko_shm_writer_close(writer);
    shm_test_unmap(memory);
}

static void a_writer_killed_while_it_changed_is_continued(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 1024);
    struct shm_test_child child = shm_test_start_child(shm_test_open_and_stay, &config);
    shm_test_kill(child);
    shm_test_poke_u64(config.name, GECKO_V2_GENERATION, 7);
    struct gecko_shm_writer *writer = shm_test_open(&config);
    assert_int_equal(gecko_load_u64(shm_test_memory(writer), GECKO_V2_GENERATION), 8);
    gecko_shm_writer_close(writer);
}

static void a_change_does_not_take_back_that_it_was_continued(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 1024);
    struct shm_test_child child = shm_test_start_child(shm_test_open_and_stay, &config);
    shm_test_kill(child);
    struct gecko_shm_writer *writer = shm_test_open(&config);
    config.ring_frames = 8192;
    shm_test_reconfigure(writer, &config);
    assert_true(gecko_shm_writer_continued(writer));
    gecko_shm_writer_close(writer);
}

/* macOS cannot change the mode of an object; all the same the driver has to start, with the mode
 * that it was told. */
static void a_dead_object_of_another_mode_is_no_obstacle(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 1024);
    struct shm_test_child child = shm_test_start_child(write_and_die_in_a_block, &config);
    const unsigned char *memory = shm_test_map(config.name);
    shm_test_kill(child);
    config.mode = 0600;
    struct gecko_shm_writer *writer = shm_test_open(&config);
    assert_int_equal(shm_test_mode(config.name), 0600);
    assert_int_equal(gecko_shm_writer_head(writer), 560);
    assert_int_equal(gecko_load_u64(shm_test_memory(writer), GECKO_V2_GENERATION), 4);
#ifdef GECKO_PLATFORM_LINUX
    assert_true(gecko_shm_writer_continued(writer));
#else
    assert_false(gecko_shm_writer_continued(writer));
    assert_int_equal(gecko_load_u32(memory, GECKO_V2_STATE), GECKO_STATE_RETIRED);
    assert_true(gecko_load_u64(shm_test_memory(writer), GECKO_V2_PREDECESSOR) ==
                gecko_load_u64(memory, GECKO_V2_INSTANCE));
#endif
    shm_test_unmap(memory);
    gecko_shm_writer_close(writer);
}

/* ---- replaced -------------------------------------------------------------------------------- */

static void v1_cannot_be_continued_and_strands_its_readers(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V1, 1024);
    struct shm_test_child child = shm_test_start_child(shm_test_open_and_stay, &config);
    const unsigned char *old = shm_test_map(config.name);
    shm_test_kill(child);
    struct gecko_shm_writer *writer = shm_test_open(&config);
    assert_false(gecko_shm_writer_continued(writer));
    shm_test_write(writer, 50);
    assert_int_equal(gecko_load_u32(shm_test_memory(writer), GECKO_V1_WRITE_HEAD), 100);
    assert_int_equal(gecko_load_u32(old, GECKO_V1_WRITE_HEAD), 200); /* as it died */
    gecko_shm_writer_close(writer);
    shm_test_unmap(old);
}

static void a_dead_object_that_does_not_fit_is_retired_and_its_numbers_go_on(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 1024);
    struct shm_test_child child = shm_test_start_child(write_and_die_in_a_block, &config);
    struct gecko_reader *reader = open_reader(config.name, &oldest);
    struct gecko_read info;
    const unsigned char *old = shm_test_map(config.name);
    shm_test_kill(child);
    assert_int_equal(read_checked(reader, 450, &info), 450);
    config.ring_frames = 4096;
    config.start_frame = 77;
    struct gecko_shm_writer *writer = shm_test_open(&config);
    assert_false(gecko_shm_writer_continued(writer));
    assert_int_equal(gecko_load_u32(old, GECKO_V2_STATE), GECKO_STATE_RETIRED);
    const unsigned char *memory = shm_test_memory(writer);
    assert_true(gecko_load_u64(memory, GECKO_V2_INSTANCE) !=
                gecko_load_u64(old, GECKO_V2_INSTANCE));
    assert_true(gecko_load_u64(memory, GECKO_V2_PREDECESSOR) ==
                gecko_load_u64(old, GECKO_V2_INSTANCE));
    assert_int_equal(gecko_load_u64(memory, GECKO_V2_GENERATION), 4);
    assert_int_equal(gecko_load_u64(memory, GECKO_V2_GENERATION_START), 560);
    assert_int_equal(gecko_load_u64(memory, GECKO_V2_WRITE_HEAD), 560);
    assert_int_equal(gecko_load_u64(memory, GECKO_V2_BLOCK_HEAD), 5);
    assert_int_equal(gecko_shm_writer_written(writer), 0);
    shm_test_write(writer, 100);
    /* The reader goes over and knows what it missed: 60 frames that were never finished. */
    assert_int_equal(read_checked(reader, 1000, &info), 50);
    assert_int_equal(info.events, GECKO_READ_RETIRED);
    assert_true(gecko_reader_reopen(reader, NULL));
    assert_int_equal(gecko_reader_lost(reader), 60);
    assert_int_equal(read_checked(reader, 1000, &info), 100);
    assert_int_equal(info.first_frame, 560);
    assert_true(gecko_reader_slot(reader) >= 0);
    gecko_reader_close(reader);
    gecko_shm_writer_close(writer);
    shm_test_unmap(old);
}

/* It died between the two stores of GENERATION: a format that is neither the old nor the new one.
 */
static void an_object_that_died_while_it_changed_is_retired_whole(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 1024);
    struct shm_test_child child = shm_test_start_child(shm_test_open_and_stay, &config);
    struct gecko_reader *waiting = open_reader(config.name, &oldest);
    struct gecko_reader *asleep = open_reader(config.name, &oldest);
    struct gecko_read info;
    shm_test_kill(child);
    shm_test_poke_u64(config.name, GECKO_V2_GENERATION, 3);
    shm_test_poke_u32(config.name, GECKO_V2_CHANNELS, 6);
    assert_int_equal(read_checked(waiting, 1000, &info), 0);
    assert_int_equal(info.events, 0);
    config.ring_frames = 8192;
    struct gecko_shm_writer *writer = shm_test_open(&config);
    assert_int_equal(gecko_load_u64(shm_test_memory(writer), GECKO_V2_GENERATION), 6);
    shm_test_write(writer, 100);
    struct gecko_reader *readers[2] = {waiting, asleep};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(gecko_reader_read(readers[i], audio, 1000, &info), 0);
        assert_int_equal(info.events, GECKO_READ_GENERATION | GECKO_READ_LOST);
        assert_int_equal(info.lost_frames, 100);
        assert_int_equal(gecko_reader_read(readers[i], audio, 1000, &info), 0);
        assert_int_equal(info.events, GECKO_READ_RETIRED);
        assert_true(gecko_reader_reopen(readers[i], NULL));
        assert_int_equal(read_checked(readers[i], 1000, &info), 100);
        assert_int_equal(info.first_frame, 100);
        assert_int_equal(gecko_reader_lost(readers[i]), 100);
        gecko_reader_close(readers[i]);
    }
    gecko_shm_writer_close(writer);
}

/* Nobody is to follow a driver that has said goodbye, though its name was never taken away. */
static void an_object_that_was_closed_has_no_successor(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 1024);
    struct shm_test_child child = shm_test_start_child(shm_test_open_and_stay, &config);
    const unsigned char *old = shm_test_map(config.name);
    shm_test_kill(child);
    shm_test_poke_u32(config.name, GECKO_V2_STATE, GECKO_STATE_CLOSED);
    struct gecko_shm_writer *writer = shm_test_open(&config);
    const unsigned char *memory = shm_test_memory(writer);
    assert_false(gecko_shm_writer_continued(writer));
    assert_int_equal(gecko_load_u32(old, GECKO_V2_STATE), GECKO_STATE_CLOSED);
    assert_int_equal(gecko_load_u64(memory, GECKO_V2_PREDECESSOR), 0);
    assert_int_equal(gecko_load_u64(memory, GECKO_V2_WRITE_HEAD), 0);
    assert_int_equal(gecko_load_u64(memory, GECKO_V2_GENERATION), 2);
    shm_test_unmap(old);
    gecko_shm_writer_close(writer);
}

static void what_a_dead_v2_left_goes_when_v1_takes_the_name(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 1024);
    struct shm_test_child child = shm_test_start_child(shm_test_open_and_stay, &config);
    shm_test_kill(child);
    config.layout = GECKO_LAYOUT_V1;
    struct gecko_shm_writer *writer = shm_test_open(&config);
    assert_false(shm_test_exists(shm_test_readers_name(config.name)));
    gecko_shm_writer_close(writer);
}

/* ---- lost ------------------------------------------------------------------------------------ */

#ifdef __linux__

static bool limit_files(rlim_t bytes) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) != 0) {
        return false;
    }
    limit.rlim_cur = bytes;
    return setrlimit(RLIMIT_FSIZE, &limit) == 0;
}

/* Returns 0, or the step that went wrong. */
static int lose_and_find_again(const void *argument) {
    struct gecko_shm_config config = *(const struct gecko_shm_config *)argument;
    const struct gecko_shm_config small = config;
    struct gecko_shm_writer *writer;
    struct gecko_shm_error error;
    struct gecko_shm_reader_slot slots[GECKO_READERS_SLOT_COUNT_VALUE];
    struct gecko_reader *reader;
    struct gecko_read info;
    bool lost;
    static float block[2 * 100];
    const struct gecko_shm_block times = {.cycle = 1};
    struct rlimit before;
    signal(SIGXFSZ, SIG_IGN);
    if (!gecko_shm_writer_open(&config, 0, &writer, &error) ||
        !gecko_reader_open(config.name, NULL, &reader, NULL)) {
        return 1;
    }
    shm_test_write(writer, 100);
    uint64_t instance = shm_test_instance(config.name);
    config.ring_frames = 65536;
    if (getrlimit(RLIMIT_FSIZE, &before) != 0 || !limit_files(4096)) {
        return SHM_TEST_NO_PERMISSION;
    }
    if (gecko_shm_writer_reconfigure(writer, &config, 0, &lost, &error) || !lost ||
        !gecko_shm_writer_is_lost(writer)) {
        return 2;
    }
    /* It lives on without memory and takes nothing. */
    gecko_shm_writer_set_running(writer, true, 5);
    gecko_shm_writer_set_muted(writer, true);
    if (gecko_shm_writer_begin(writer, 1) || gecko_shm_writer_write(writer, block, 100, &times) ||
        gecko_shm_writer_readers(writer, slots) != 0 || gecko_shm_writer_head(writer) != 100) {
        return 3;
    }
    if (shm_test_exists(config.name) || shm_test_exists(shm_test_readers_name(config.name))) {
        return 4;
    }
    if (gecko_shm_writer_reconfigure(writer, &small, 0, &lost, &error) || !lost) {
        return 5;
    }
    setrlimit(RLIMIT_FSIZE, &before);
    if (!gecko_shm_writer_reconfigure(writer, &small, 0, &lost, &error) || lost) {
        return 6;
    }
    const unsigned char *memory = shm_test_memory(writer);
    if (gecko_load_u64(memory, GECKO_V2_PREDECESSOR) != instance ||
        gecko_load_u64(memory, GECKO_V2_WRITE_HEAD) != 100 ||
        gecko_load_u64(memory, GECKO_V2_BLOCK_HEAD) != 1 ||
        gecko_load_u64(memory, GECKO_V2_GENERATION) != 4) {
        return 7;
    }
    shm_test_write(writer, 100);
    if (gecko_reader_read(reader, audio, 200, &info) != 100 || !gecko_reader_reopen(reader, NULL) ||
        gecko_reader_read(reader, audio, 400, &info) != 100 || info.first_frame != 100 ||
        gecko_reader_lost(reader) != 0 || gecko_shm_writer_readers(writer, slots) != 1) {
        return 8;
    }
    gecko_reader_close(reader);
    gecko_shm_writer_close(writer);
    return 0;
}

static void a_writer_that_lost_its_object_goes_on_when_it_has_one_again(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 1024);
    shm_test_run_child_or_skip(lose_and_find_again, &config, "set a limit");
}

#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_writer_that_was_killed_is_continued),
        cmocka_unit_test(a_writer_killed_while_it_changed_is_continued),
        cmocka_unit_test(a_change_does_not_take_back_that_it_was_continued),
        cmocka_unit_test(a_dead_object_of_another_mode_is_no_obstacle),
        cmocka_unit_test(v1_cannot_be_continued_and_strands_its_readers),
        cmocka_unit_test(a_dead_object_that_does_not_fit_is_retired_and_its_numbers_go_on),
        cmocka_unit_test(an_object_that_died_while_it_changed_is_retired_whole),
        cmocka_unit_test(an_object_that_was_closed_has_no_successor),
        cmocka_unit_test(what_a_dead_v2_left_goes_when_v1_takes_the_name),
#ifdef __linux__
        cmocka_unit_test(a_writer_that_lost_its_object_goes_on_when_it_has_one_again),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
