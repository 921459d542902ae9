/* test_shm_life.c - names, owners, restarts: what happens around the writing. */
#ifdef __linux__
#define _GNU_SOURCE /* unshare(), F_OFD_SETLK */
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above first */
#include "gecko_memory.h"
#include "shm_test.h"
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#include <sys/mount.h>
#endif

/* ---- mode, closing ------------------------------------------------------------------------- */

static void the_umask_does_not_decide_who_may_read(void **state) {
    (void)state;
    static const mode_t masks[] = {0, 022, 077};
    mode_t before = umask(022);
    for (size_t i = 0; i < 3; i++) {
        umask(masks[i]);
        struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 256);
        config.mode = i == 1 ? 0600 : 0644;
        struct gecko_shm_writer *writer = shm_test_open(&config);
        assert_int_equal(shm_test_mode(config.name), config.mode);
        assert_int_equal(shm_test_mode(shm_test_readers_name(config.name)), 0666);
        gecko_shm_writer_close(writer);
        assert_int_equal(umask(masks[i]), masks[i]); /* left as it was */
    }
    umask(before);
}

static void closing_says_so_and_frees_both_names(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 256);
    struct gecko_shm_writer *writer = shm_test_open(&config);
    const unsigned char *memory = shm_test_map(config.name);
    assert_true(shm_test_exists(shm_test_readers_name(config.name), NULL));
    gecko_shm_writer_close(writer);
    assert_int_equal(gecko_load_u32(memory, GECKO_V2_STATE), GECKO_STATE_CLOSED);
    assert_false(shm_test_exists(config.name, NULL));
    assert_false(shm_test_exists(shm_test_readers_name(config.name), NULL));
    shm_test_unmap(memory);
    gecko_shm_writer_close(NULL);
}

static void closing_leaves_a_name_that_leads_elsewhere_by_now(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V1, 256);
    struct gecko_shm_writer *writer = shm_test_open(&config);
    shm_unlink(config.name);
    int fd = shm_open(config.name, O_RDWR | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    gecko_shm_writer_close(writer);
    assert_true(shm_test_exists(config.name, NULL));
    close(fd);
}

/* ---- a second writer ----------------------------------------------------------------------- */

static void open_and_stay(const void *argument) {
    struct gecko_shm_writer *writer = shm_test_open(argument);
    shm_test_write(writer, 100);
}

static void a_second_writer_is_refused_and_told_whom_it_met(void **state) {
    (void)state;
    static const enum gecko_layout layouts[] = {GECKO_LAYOUT_V2, GECKO_LAYOUT_V1};
    for (size_t i = 0; i < 2; i++) {
        struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 256);
        struct shm_test_child child = shm_test_start_child(open_and_stay, &config);
        const unsigned char *memory = shm_test_map(config.name);
        ino_t inode = shm_test_inode(config.name);
        struct gecko_shm_writer *writer;
        struct gecko_shm_error error;
        char pid[16];
        snprintf(pid, sizeof pid, "%d", (int)child.pid);
        config.layout = layouts[i];
        assert_false(gecko_shm_writer_open(&config, 2000, &writer, &error));
        assert_null(writer);
        assert_non_null(strstr(error.text, config.name));
        assert_non_null(strstr(error.text, pid));
        /* and the first one has not noticed */
        assert_true(shm_test_inode(config.name) == inode);
        assert_int_equal(gecko_load_u32(memory, GECKO_V2_STATE), GECKO_STATE_IDLE);
        assert_int_equal(gecko_load_u64(memory, GECKO_V2_GENERATION), 2);
        assert_true(shm_test_exists(shm_test_readers_name(config.name), NULL));
        shm_test_unmap(memory);
        shm_test_kill(child);
    }
}

static void a_second_writer_of_the_same_process_is_refused(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 256);
    struct gecko_shm_writer *writer = shm_test_open(&config), *second;
    struct gecko_shm_error error;
    assert_false(gecko_shm_writer_open(&config, 2000, &second, &error));
    gecko_shm_writer_close(writer);
    writer = shm_test_open(&config);
    gecko_shm_writer_close(writer);
}

static void a_second_writer_of_v1_is_refused(void **state) {
    (void)state;
#ifndef __linux__
    print_message(
        "skipped: shared memory cannot be locked here, and v1 does not name its writer\n");
    skip();
#endif
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V1, 256);
    struct shm_test_child child = shm_test_start_child(open_and_stay, &config);
    struct gecko_shm_writer *writer;
    struct gecko_shm_error error;
    assert_false(gecko_shm_writer_open(&config, 2000, &writer, &error));
    assert_non_null(strstr(error.text, config.name));
    shm_test_kill(child);
}

#ifdef __linux__
/* Whoever may read can lock for reading; that must not keep the driver from its name. */
static void a_reader_that_holds_a_lock_does_not_shut_the_writer_out(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 256);
    struct shm_test_child child = shm_test_start_child(open_and_stay, &config);
    shm_test_kill(child);
    int fd = shm_open(config.name, O_RDONLY, 0);
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
    struct gecko_shm_writer *writer = shm_test_open(&config);
    assert_true(gecko_shm_writer_continued(writer));
    gecko_shm_writer_close(writer);
    close(fd);
}

/* Then the header decides: here its writer lives. */
static void where_the_lock_does_not_tell_the_header_does(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 256);
    struct gecko_shm_writer *writer = shm_test_open(&config), *second;
    struct gecko_shm_error error;
    /* A copy of a live header in an object that nobody but a reader has locked. */
    struct gecko_shm_config other = shm_test_config(GECKO_LAYOUT_V2, 256);
    size_t size;
    const unsigned char *memory = gecko_shm_writer_memory(writer, &size);
    int fd = shm_open(other.name, O_RDWR | O_CREAT | O_EXCL, 0600);
    assert_true(write(fd, memory, size) == (ssize_t)size);
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
    assert_false(gecko_shm_writer_open(&other, 2000, &second, &error));
    /* RUNNING without a beat for ten seconds: the process id belongs to somebody else by now. */
    const uint32_t running = GECKO_STATE_RUNNING;
    assert_true(pwrite(fd, &running, 4, GECKO_V2_STATE) == 4);
    assert_false(gecko_shm_writer_open(&other, 1000 + UINT64_C(9000000000), &second, &error));
    assert_true(gecko_shm_writer_open(&other, 1000 + UINT64_C(11000000000), &second, &error));
    gecko_shm_writer_close(second);
    gecko_shm_writer_close(writer);
    close(fd);
}
#endif

/* ---- restarts ------------------------------------------------------------------------------ */

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
    ino_t inode = shm_test_inode(config.name);
    shm_test_kill(child);
    assert_int_equal(gecko_load_u32(memory, GECKO_V2_STATE), GECKO_STATE_RUNNING);

    config.sample_rate = 96000;
    config.start_frame = 77; /* only for new objects */
    struct gecko_shm_writer *writer = shm_test_open(&config);
    assert_true(gecko_shm_writer_continued(writer));
    assert_true(shm_test_inode(config.name) == inode);
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
    struct shm_test_child child = shm_test_start_child(open_and_stay, &config);
    shm_test_kill(child);
    int fd = shm_open(config.name, O_RDWR, 0);
    const uint64_t odd = 7;
    assert_true(pwrite(fd, &odd, 8, GECKO_V2_GENERATION) == 8);
    close(fd);
    struct gecko_shm_writer *writer = shm_test_open(&config);
    assert_int_equal(gecko_load_u64(shm_test_memory(writer), GECKO_V2_GENERATION), 8);
    gecko_shm_writer_close(writer);
}

static void v1_cannot_be_continued_and_strands_its_readers(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V1, 1024);
    struct shm_test_child child = shm_test_start_child(open_and_stay, &config);
    ino_t inode = shm_test_inode(config.name);
    shm_test_kill(child);
    int kept = shm_open(config.name, O_RDONLY, 0); /* keeps the inode from being used again */
    struct gecko_shm_writer *writer = shm_test_open(&config);
    assert_false(gecko_shm_writer_continued(writer));
    assert_true(shm_test_inode(config.name) != inode);
    gecko_shm_writer_close(writer);
    close(kept);
}

static void a_dead_object_that_does_not_fit_is_retired(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 1024);
    struct shm_test_child child = shm_test_start_child(open_and_stay, &config);
    const unsigned char *memory = shm_test_map(config.name);
    ino_t inode = shm_test_inode(config.name);
    shm_test_kill(child);
    config.ring_frames = 4096;
    struct gecko_shm_writer *writer = shm_test_open(&config);
    assert_false(gecko_shm_writer_continued(writer));
    assert_true(shm_test_inode(config.name) != inode);
    assert_int_equal(gecko_load_u32(memory, GECKO_V2_STATE), GECKO_STATE_RETIRED);
    gecko_shm_writer_close(writer);
    shm_test_unmap(memory);
}

static void what_a_dead_v2_left_goes_when_v1_takes_the_name(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 1024);
    struct shm_test_child child = shm_test_start_child(open_and_stay, &config);
    shm_test_kill(child);
    config.layout = GECKO_LAYOUT_V1;
    struct gecko_shm_writer *writer = shm_test_open(&config);
    assert_false(shm_test_exists(shm_test_readers_name(config.name), NULL));
    gecko_shm_writer_close(writer);
}

static void garbage_under_the_name_is_replaced(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, 20, 4095, 4096, 300000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 1024);
        int fd = shm_open(config.name, O_RDWR | O_CREAT | O_EXCL, 0600);
        unsigned char *garbage = malloc(sizes[i] + 1);
        memset(garbage, 0xA7, sizes[i] + 1);
        if (sizes[i] >= 4096) {
            memcpy(garbage, "GECKOSHM\2\0\0\0", 12);
        }
        assert_true(write(fd, garbage, sizes[i]) == (ssize_t)sizes[i]);
        free(garbage);
        close(fd);
        struct gecko_shm_writer *writer = shm_test_open(&config);
        assert_false(gecko_shm_writer_continued(writer));
        shm_test_write(writer, 100);
        gecko_shm_writer_close(writer);
        assert_false(shm_test_exists(config.name, NULL));
    }
}

/* ---- what the system refuses ----------------------------------------------------------------- */

static void an_object_of_another_user_is_refused(void **state) {
    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: only root can make an object of another user\n");
        skip();
    }
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 1024);
    struct gecko_shm_writer *writer;
    struct gecko_shm_error error;
    int fd = shm_open(config.name, O_RDWR | O_CREAT | O_EXCL, 0666);
    assert_int_equal(fchown(fd, 12345, 12345), 0);
    assert_int_equal(fchmod(fd, 0666), 0);
    close(fd);
    assert_false(gecko_shm_writer_open(&config, 0, &writer, &error));
    assert_non_null(strstr(error.text, "12345"));
    assert_non_null(strstr(error.text, config.name));
    assert_true(shm_test_exists(config.name, NULL));
}

/* Expects no room; returns 0 when the writer saw it and left nothing. */
static int open_without_room(const struct gecko_shm_config *config) {
    struct gecko_shm_writer *writer;
    struct gecko_shm_error error;
    if (gecko_shm_writer_open(config, 0, &writer, &error)) {
        return 1;
    }
    if (strstr(error.text, config->name) == NULL || error.system_errno == 0) {
        return 2;
    }
    return shm_test_exists(config->name, NULL) ||
                   shm_test_exists(shm_test_readers_name(config->name), NULL)
               ? 3
               : 0;
}

#define NO_PERMISSION 99

#ifdef __linux__
/* A /dev/shm of our own with room for little, in a mount namespace of our own. */
static int on_a_small_file_system(const void *argument) {
    const struct gecko_shm_config *config = argument;
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", "/dev/shm", "tmpfs", 0, "size=128k") != 0) {
        return NO_PERMISSION;
    }
    int status = open_without_room(config);
    if (status != 0) {
        return status;
    }
    /* What fits works, and a change that does not fit leaves it working. */
    struct gecko_shm_config small = *config;
    small.ring_frames = 1024;
    struct gecko_shm_writer *writer;
    struct gecko_shm_error error;
    bool lost;
    if (!gecko_shm_writer_open(&small, 0, &writer, &error)) {
        return 10;
    }
    if (gecko_shm_writer_reconfigure(writer, config, 0, &lost, &error) || lost) {
        return 11;
    }
    if (gecko_shm_writer_config(writer)->ring_frames != 1024 ||
        !gecko_shm_writer_begin(writer, 1024)) {
        return 12;
    }
    const struct gecko_shm_block block = {.cycle = 1};
    gecko_shm_writer_commit(writer, &block);
    gecko_shm_writer_close(writer);
    return shm_test_exists(config->name, NULL) ? 13 : 0;
}

static void a_full_file_system_is_an_error_and_no_crash(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 65536);
    int status = shm_test_run_child(on_a_small_file_system, &config);
    if (status == NO_PERMISSION) {
        print_message("skipped: not allowed to mount a small file system\n");
        skip();
    }
    assert_int_equal(status, 0);
}
#endif

static int with_a_file_size_limit(const void *argument) {
    const struct rlimit limit = {.rlim_cur = 65536, .rlim_max = 65536};
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) {
        return NO_PERMISSION;
    }
    return open_without_room(argument);
}

static void memory_that_may_not_be_had_leaves_nothing_behind(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 65536);
    int status = shm_test_run_child(with_a_file_size_limit, &config);
    if (status == NO_PERMISSION) {
        print_message("skipped: not allowed to set a limit\n");
        skip();
    }
    assert_int_equal(status, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_umask_does_not_decide_who_may_read),
        cmocka_unit_test(closing_says_so_and_frees_both_names),
        cmocka_unit_test(closing_leaves_a_name_that_leads_elsewhere_by_now),
        cmocka_unit_test(a_second_writer_is_refused_and_told_whom_it_met),
        cmocka_unit_test(a_second_writer_of_the_same_process_is_refused),
        cmocka_unit_test(a_second_writer_of_v1_is_refused),
#ifdef __linux__
        cmocka_unit_test(a_reader_that_holds_a_lock_does_not_shut_the_writer_out),
        cmocka_unit_test(where_the_lock_does_not_tell_the_header_does),
        cmocka_unit_test(a_full_file_system_is_an_error_and_no_crash),
#endif
        cmocka_unit_test(a_writer_that_was_killed_is_continued),
        cmocka_unit_test(a_writer_killed_while_it_changed_is_continued),
        cmocka_unit_test(v1_cannot_be_continued_and_strands_its_readers),
        cmocka_unit_test(a_dead_object_that_does_not_fit_is_retired),
        cmocka_unit_test(what_a_dead_v2_left_goes_when_v1_takes_the_name),
        cmocka_unit_test(garbage_under_the_name_is_replaced),
        cmocka_unit_test(an_object_of_another_user_is_refused),
        cmocka_unit_test(memory_that_may_not_be_had_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
