/* test_shm_life.c - modes, the end, what is found under the name, what the system refuses. */
#ifdef __linux__
#define _GNU_SOURCE /* unshare() */
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
#ifdef GECKO_PLATFORM_LINUX
#include <sched.h>
#include <sys/mount.h>
#endif

/* ---- mode, closing ------------------------------------------------------------------------- */

static void the_umask_does_not_decide_who_may_read(void **state) {
    (void)state;
#if defined(GECKO_PLATFORM_PORTABLE) && defined(__linux__)
    print_message("skipped: this build takes modes as macOS does, but shm_open() is Linux's\n");
    skip();
#endif
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
    assert_true(shm_test_exists(shm_test_readers_name(config.name)));
    gecko_shm_writer_close(writer);
    assert_int_equal(gecko_load_u32(memory, GECKO_V2_STATE), GECKO_STATE_CLOSED);
    assert_false(shm_test_exists(config.name));
    assert_false(shm_test_exists(shm_test_readers_name(config.name)));
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
    assert_true(shm_test_exists(config.name));
    close(fd);
}

static void closing_leaves_the_object_of_the_next_writer(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 256);
    struct gecko_shm_writer *first = shm_test_open(&config);
    /* Somebody cleans up under a writer that lives, and the next one comes. */
    shm_unlink(config.name);
    struct gecko_shm_writer *next = shm_test_open(&config);
    uint64_t instance = shm_test_instance(config.name);
    uint64_t readers = shm_test_readers_instance(config.name);
    gecko_shm_writer_close(first);
    assert_true(shm_test_instance(config.name) == instance);
    assert_true(shm_test_readers_instance(config.name) == readers);
    gecko_shm_writer_close(next);
    assert_false(shm_test_exists(config.name));
    assert_false(shm_test_exists(shm_test_readers_name(config.name)));
}

static void no_two_objects_are_the_same_instance(void **state) {
    (void)state;
    uint64_t seen[64];
    for (size_t i = 0; i < 64; i += 2) {
        struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 256);
        struct gecko_shm_writer *writer = shm_test_open(&config);
        seen[i] = shm_test_instance(config.name);
        seen[i + 1] = shm_test_readers_instance(config.name);
        assert_int_equal(gecko_load_u64(shm_test_memory(writer), GECKO_V2_PREDECESSOR), 0);
        gecko_shm_writer_close(writer);
    }
    for (size_t i = 0; i < 64; i++) {
        assert_true(seen[i] != 0);
        for (size_t j = 0; j < i; j++) {
            assert_true(seen[i] != seen[j]);
        }
    }
}

/* ---- what is there already ------------------------------------------------------------------- */

static void garbage_under_the_name_is_replaced(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, 20, 4095, 4096, 300000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 1024);
        unsigned char *garbage = malloc(sizes[i] + 1);
        memset(garbage, 0xA7, sizes[i] + 1);
        if (sizes[i] >= 4096) {
            memcpy(garbage, "GECKOSHM\2\0\0\0", 12);
        }
        close(shm_test_make(config.name, garbage, sizes[i]));
        free(garbage);
        struct gecko_shm_writer *writer = shm_test_open(&config);
        assert_false(gecko_shm_writer_continued(writer));
        shm_test_write(writer, 100);
        gecko_shm_writer_close(writer);
        assert_false(shm_test_exists(config.name));
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
    assert_true(shm_test_exists(config.name));
}

#ifdef __linux__ /* elsewhere there is no limit that holds for shared memory */
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
    return shm_test_exists(config->name) || shm_test_exists(shm_test_readers_name(config->name))
               ? 3
               : 0;
}

#ifdef GECKO_PLATFORM_LINUX
/* A /dev/shm of our own with room for little, in a mount namespace of our own. */
static int on_a_small_file_system(const void *argument) {
    const struct gecko_shm_config *config = argument;
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", "/dev/shm", "tmpfs", 0, "size=128k") != 0) {
        return SHM_TEST_NO_PERMISSION;
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
    return shm_test_exists(config->name) ? 13 : 0;
}

static void a_full_file_system_is_an_error_and_no_crash(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 65536);
    shm_test_run_child_or_skip(on_a_small_file_system, &config, "mount a small file system");
}
#endif

static int with_a_file_size_limit(const void *argument) {
    const struct rlimit limit = {.rlim_cur = 65536, .rlim_max = 65536};
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) {
        return SHM_TEST_NO_PERMISSION;
    }
    return open_without_room(argument);
}

static void memory_that_may_not_be_had_leaves_nothing_behind(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 65536);
    shm_test_run_child_or_skip(with_a_file_size_limit, &config, "set a limit");
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_umask_does_not_decide_who_may_read),
        cmocka_unit_test(closing_says_so_and_frees_both_names),
        cmocka_unit_test(closing_leaves_a_name_that_leads_elsewhere_by_now),
        cmocka_unit_test(closing_leaves_the_object_of_the_next_writer),
        cmocka_unit_test(no_two_objects_are_the_same_instance),
        cmocka_unit_test(garbage_under_the_name_is_replaced),
        cmocka_unit_test(an_object_of_another_user_is_refused),
#ifdef GECKO_PLATFORM_LINUX
        cmocka_unit_test(a_full_file_system_is_an_error_and_no_crash),
#endif
#ifdef __linux__
        cmocka_unit_test(memory_that_may_not_be_had_leaves_nothing_behind),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
