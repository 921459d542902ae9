/* test_reader_slots.c - where readers say where they are, and who may read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above first */
#include "reader_test.h"
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- slots --------------------------------------------------------------------------------- */

static void a_reader_says_where_it_is(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 256);
    struct gecko_shm_writer *writer = shm_test_open(&config);
    struct gecko_reader *reader = open_reader(config.name, NULL);
    struct gecko_shm_reader_slot slots[GECKO_READERS_SLOT_COUNT_VALUE];
    struct gecko_read info;
    shm_test_write(writer, 200);
    shm_test_write(writer, 100);
    assert_int_equal(read_checked(reader, 100, &info), 100);
    assert_int_equal(gecko_shm_writer_readers(writer, slots), 1);
    assert_int_equal(slots[0].owner_pid, getpid());
    assert_int_equal(slots[0].read_head, 144);
    assert_int_equal(slots[0].lost_frames, 44);
    assert_int_equal(slots[0].generation, 2);
    assert_true(slots[0].heartbeat != 0);
    gecko_reader_close(reader);
    assert_int_equal(gecko_shm_writer_readers(writer, slots), 0);
    gecko_shm_writer_close(writer);
}

static void a_reader_without_a_slot_reads_all_the_same(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 1024);
    struct gecko_shm_writer *writer = shm_test_open(&config);
    struct gecko_reader *readers[GECKO_READERS_SLOT_COUNT_VALUE + 1];
    const struct gecko_reader_options quiet = {.no_slot = true};
    struct gecko_reader *other = open_reader(config.name, &quiet);
    struct gecko_read info;
    assert_int_equal(gecko_reader_slot(other), -1);
    for (int i = 0; i <= GECKO_READERS_SLOT_COUNT_VALUE; i++) {
        readers[i] = open_reader(config.name, NULL);
        assert_int_equal(gecko_reader_slot(readers[i]),
                         i < GECKO_READERS_SLOT_COUNT_VALUE ? i : -1);
    }
    shm_test_write(writer, 100);
    assert_int_equal(read_checked(other, 200, &info), 100);
    for (int i = 0; i <= GECKO_READERS_SLOT_COUNT_VALUE; i++) {
        assert_int_equal(read_checked(readers[i], 200, &info), 100);
        gecko_reader_close(readers[i]);
    }
    gecko_reader_close(other);
    gecko_shm_writer_close(writer);
}

static void open_readers_and_stay(const void *argument) {
    for (int i = 0; i < GECKO_READERS_SLOT_COUNT_VALUE; i++) {
        open_reader(argument, NULL);
    }
}

static void slots_of_dead_readers_are_used_again(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 1024);
    struct gecko_shm_writer *writer = shm_test_open(&config);
    struct shm_test_child child = shm_test_start_child(open_readers_and_stay, config.name);
    struct gecko_reader *reader = open_reader(config.name, NULL);
    assert_int_equal(gecko_reader_slot(reader), -1);
    gecko_reader_close(reader);
    shm_test_kill(child);
    reader = open_reader(config.name, NULL);
    assert_int_equal(gecko_reader_slot(reader), 0);
    gecko_reader_close(reader);
    gecko_shm_writer_close(writer);
}

static void a_reader_moves_to_the_readers_object_of_the_next_driver(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 1024);
    struct shm_test_child child = shm_test_start_child(shm_test_open_and_stay, &config);
    struct gecko_reader *reader = open_reader(config.name, NULL);
    struct gecko_shm_reader_slot slots[GECKO_READERS_SLOT_COUNT_VALUE];
    struct gecko_read info;
    shm_test_kill(child);
    struct gecko_shm_writer *writer = shm_test_open(&config);
    assert_int_equal(gecko_shm_writer_readers(writer, slots), 0);
    assert_int_equal(read_checked(reader, 100, &info), 0); /* meets the generation */
    assert_int_equal(gecko_shm_writer_readers(writer, slots), 1);
    assert_int_equal(slots[0].generation, 4);
    /* The object stays the same over a change, and so does the slot. */
    config.sample_rate = 44100;
    shm_test_reconfigure(writer, &config);
    assert_int_equal(read_checked(reader, 100, &info), 0);
    assert_int_equal(gecko_shm_writer_readers(writer, slots), 1);
    assert_int_equal(slots[0].generation, 6);
    gecko_reader_close(reader);
    assert_int_equal(gecko_shm_writer_readers(writer, slots), 0);
    gecko_shm_writer_close(writer);
}

static void a_missing_readers_object_is_no_obstacle(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 1024);
    struct gecko_shm_writer *writer = shm_test_open(&config);
    struct gecko_read info;
    shm_unlink(shm_test_readers_name(config.name));
    struct gecko_reader *reader = open_reader(config.name, NULL);
    assert_int_equal(gecko_reader_slot(reader), -1);
    shm_test_write(writer, 100);
    assert_int_equal(read_checked(reader, 200, &info), 100);
    gecko_reader_close(reader);
    gecko_shm_writer_close(writer);
}

/* ---- who may read -------------------------------------------------------------------------- */

/* As another user: v2 can be read, v1 cannot, for it wants its index written. */
static int read_as_somebody_else(const void *argument) {
    const struct gecko_shm_config *configs = argument;
    struct gecko_reader *reader;
    struct gecko_reader_error error;
    if (setgid(65534) != 0 || setuid(65534) != 0) {
        return SHM_TEST_NO_PERMISSION;
    }
    if (!gecko_reader_open(configs[0].name, NULL, &reader, &error)) {
        return 1;
    }
    if (gecko_reader_slot(reader) < 0) {
        return 2;
    }
    gecko_reader_close(reader);
    if (gecko_reader_open(configs[1].name, NULL, &reader, &error)) {
        return 3;
    }
    return error.status == GECKO_READER_DENIED ? 0 : 4;
}

static void another_user_may_read_v2_but_not_v1(void **state) {
    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: only root can become another user\n");
        skip();
    }
    struct gecko_shm_config configs[2] = {shm_test_config(GECKO_LAYOUT_V2, 1024),
                                          shm_test_config(GECKO_LAYOUT_V1, 1024)};
    struct gecko_shm_writer *v2 = shm_test_open(&configs[0]);
    struct gecko_shm_writer *v1 = shm_test_open(&configs[1]);
    assert_int_equal(shm_test_run_child(read_as_somebody_else, configs), 0);
    gecko_shm_writer_close(v2);
    gecko_shm_writer_close(v1);
}

#ifdef __linux__
static void the_audio_of_v2_is_mapped_for_reading_only(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 1024);
    struct gecko_shm_writer *writer = shm_test_open(&config);
    struct gecko_reader *reader = open_reader(config.name, NULL);
    char wanted[64], line[512];
    int readable = 0, writable = 0;
    snprintf(wanted, sizeof wanted, "/dev/shm%s\n", config.name);
    FILE *maps = fopen("/proc/self/maps", "r");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps) != NULL) {
        if (strstr(line, wanted) != NULL) {
            readable += strstr(line, " r--s ") != NULL;
            writable += strstr(line, " rw-s ") != NULL; /* the writer's own */
        }
    }
    fclose(maps);
    assert_int_equal(readable, 1);
    assert_int_equal(writable, 1);
    gecko_reader_close(reader);
    gecko_shm_writer_close(writer);
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_says_where_it_is),
        cmocka_unit_test(a_reader_without_a_slot_reads_all_the_same),
        cmocka_unit_test(slots_of_dead_readers_are_used_again),
        cmocka_unit_test(a_reader_moves_to_the_readers_object_of_the_next_driver),
        cmocka_unit_test(a_missing_readers_object_is_no_obstacle),
        cmocka_unit_test(another_user_may_read_v2_but_not_v1),
#ifdef __linux__
        cmocka_unit_test(the_audio_of_v2_is_mapped_for_reading_only),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
