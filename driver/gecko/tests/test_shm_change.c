/* test_shm_change.c - changes while the writer lives, and the readers' object. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above first */
#include "gecko_memory.h"
#include "shm_test.h"
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- changes ------------------------------------------------------------------------------- */

static void a_change_that_fits_makes_a_generation(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 1024);
    struct gecko_shm_writer *writer = shm_test_open(&config);
    const unsigned char *memory = shm_test_memory(writer);
    uint64_t instance = shm_test_instance(config.name);
    shm_test_write(writer, 100);
    config.sample_rate = 44100;
    config.ring_frames = 512;
    config.channels = 4;
    shm_test_reconfigure(writer, &config);
    assert_true(shm_test_instance(config.name) == instance);
    assert_int_equal(gecko_load_u64(memory, GECKO_V2_GENERATION), 4);
    assert_int_equal(gecko_load_u64(memory, GECKO_V2_GENERATION_START), 100);
    assert_int_equal(gecko_load_u64(memory, GECKO_V2_RING_FRAMES), 512);
    assert_int_equal(gecko_load_u32(memory, GECKO_V2_CHANNELS), 4);
    assert_int_equal(gecko_load_u32(memory, GECKO_V2_BYTES_PER_FRAME), 16);
    assert_int_equal(gecko_load_u32(memory, GECKO_V2_SAMPLE_RATE), 44100);
    shm_test_write(writer, 512);
    assert_int_equal(gecko_load_u64(memory, GECKO_V2_WRITE_HEAD), 612);
    gecko_shm_writer_close(writer);
}

static void a_change_that_does_not_fit_retires_the_object(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 1024);
    struct gecko_shm_writer *writer = shm_test_open(&config);
    const unsigned char *old = shm_test_map(config.name);
    uint64_t readers = shm_test_readers_instance(config.name);
    shm_test_write(writer, 100);
    config.ring_frames = 8192;
    shm_test_reconfigure(writer, &config);
    assert_int_equal(gecko_load_u32(old, GECKO_V2_STATE), GECKO_STATE_RETIRED);
    const unsigned char *memory = shm_test_memory(writer);
    /* frames, blocks and generations are counted on */
    assert_int_equal(gecko_load_u64(memory, GECKO_V2_GENERATION), 4);
    assert_int_equal(gecko_load_u64(memory, GECKO_V2_GENERATION_START), 100);
    assert_int_equal(gecko_load_u64(memory, GECKO_V2_BLOCK_HEAD), 1);
    assert_true(gecko_load_u64(memory, GECKO_V2_PREDECESSOR) ==
                gecko_load_u64(old, GECKO_V2_INSTANCE));
    assert_true(gecko_load_u64(memory, GECKO_V2_INSTANCE) !=
                gecko_load_u64(old, GECKO_V2_INSTANCE));
    assert_true(shm_test_readers_instance(config.name) == readers);
    gecko_shm_writer_close(writer);
    assert_false(shm_test_exists(config.name));
    shm_test_unmap(old);
}

static void the_layout_can_change_there_and_back(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 1024);
    struct gecko_shm_writer *writer = shm_test_open(&config);
    const unsigned char *old = shm_test_map(config.name);
    shm_test_write(writer, 100);
    config.layout = GECKO_LAYOUT_V1;
    shm_test_reconfigure(writer, &config);
    assert_int_equal(gecko_load_u32(old, GECKO_V2_STATE), GECKO_STATE_RETIRED);
    assert_false(shm_test_exists(shm_test_readers_name(config.name)));
    shm_test_write(writer, 100);
    assert_int_equal(gecko_load_u32(shm_test_memory(writer), GECKO_V1_WRITE_HEAD), 200);
    config.layout = GECKO_LAYOUT_V2;
    shm_test_reconfigure(writer, &config);
    assert_int_equal(gecko_load_u64(shm_test_memory(writer), GECKO_V2_WRITE_HEAD), 200);
    assert_true(gecko_load_u64(shm_test_memory(writer), GECKO_V2_PREDECESSOR) ==
                gecko_load_u64(old, GECKO_V2_INSTANCE));
    assert_true(shm_test_exists(shm_test_readers_name(config.name)));
    gecko_shm_writer_close(writer);
    shm_test_unmap(old);
}

static void a_rate_in_v1_changes_under_the_reader(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V1, 1024);
    struct gecko_shm_writer *writer = shm_test_open(&config);
    const unsigned char *memory = shm_test_map(config.name);
    config.sample_rate = 96000;
    shm_test_reconfigure(writer, &config);
    assert_int_equal(gecko_load_u32(memory, GECKO_V1_SAMPLE_RATE), 96000);
    shm_test_unmap(memory);
    gecko_shm_writer_close(writer);
}

static void a_change_keeps_name_and_mode_and_refuses_nonsense(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 1024);
    struct gecko_shm_writer *writer = shm_test_open(&config);
    struct gecko_shm_config other = config;
    struct gecko_shm_error error;
    bool lost;
    snprintf(other.name, sizeof other.name, "/elsewhere");
    other.mode = 0666;
    other.ring_frames = 2048;
    shm_test_reconfigure(writer, &other);
    assert_string_equal(gecko_shm_writer_config(writer)->name, config.name);
    assert_int_equal(shm_test_mode(config.name), 0644);
    other.ring_frames = 1000;
    assert_false(gecko_shm_writer_reconfigure(writer, &other, 5000, &lost, &error));
    assert_false(lost);
    assert_int_equal(gecko_shm_writer_config(writer)->ring_frames, 2048);
    shm_test_write(writer, 100);
    gecko_shm_writer_close(writer);
}

/* ---- the readers' object ------------------------------------------------------------------- */

static void what_readers_say_is_shown_and_a_cut_object_does_no_harm(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 1024);
    struct gecko_shm_writer *writer = shm_test_open(&config);
    struct gecko_shm_reader_slot slots[GECKO_READERS_SLOT_COUNT_VALUE];
    assert_int_equal(gecko_shm_writer_readers(writer, slots), 0);
    const char *readers = shm_test_readers_name(config.name);
    const size_t slot = GECKO_READERS_SLOTS + 3 * GECKO_READERS_SLOT_BYTES;
    shm_test_poke_u32(readers, slot + GECKO_SLOT_OWNER_PID, 4711);
    shm_test_poke_u64(readers, slot + GECKO_SLOT_READ_HEAD, 99);
    assert_int_equal(gecko_shm_writer_readers(writer, slots), 1);
    assert_int_equal(slots[0].owner_pid, 4711);
    assert_int_equal(slots[0].read_head, 99);
#ifdef GECKO_PLATFORM_LINUX
    /* Anyone may write to it, so anyone may shorten it. */
    int fd = shm_open(readers, O_RDWR, 0);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(gecko_shm_writer_readers(writer, slots), 0);
    close(fd);
#endif
    shm_test_write(writer, 100);
    gecko_shm_writer_close(writer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_that_fits_makes_a_generation),
        cmocka_unit_test(a_change_that_does_not_fit_retires_the_object),
        cmocka_unit_test(the_layout_can_change_there_and_back),
        cmocka_unit_test(a_rate_in_v1_changes_under_the_reader),
        cmocka_unit_test(a_change_keeps_name_and_mode_and_refuses_nonsense),
        cmocka_unit_test(what_readers_say_is_shown_and_a_cut_object_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
