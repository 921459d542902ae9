/* test_shm_owner.c - who owns a name: second writers, locks, processes. */
#ifdef __linux__
#define _GNU_SOURCE /* F_OFD_SETLK */
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above first */
#include "gecko/gecko_reader.h"
#include "gecko_memory.h"
#include "gecko_process.h"
#include "shm_test.h"
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)

/* ---- a second writer ----------------------------------------------------------------------- */

static void a_second_writer_is_refused_and_told_whom_it_met(void **state) {
    (void)state;
    static const enum gecko_layout layouts[] = {GECKO_LAYOUT_V2, GECKO_LAYOUT_V1};
    for (size_t i = 0; i < 2; i++) {
        struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 256);
        struct shm_test_child child = shm_test_start_child(shm_test_open_and_stay, &config);
        const unsigned char *memory = shm_test_map(config.name);
        uint64_t instance = shm_test_instance(config.name);
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
        assert_true(shm_test_instance(config.name) == instance);
        assert_int_equal(gecko_load_u32(memory, GECKO_V2_STATE), GECKO_STATE_IDLE);
        assert_int_equal(gecko_load_u64(memory, GECKO_V2_GENERATION), 2);
        assert_true(shm_test_exists(shm_test_readers_name(config.name)));
        shm_test_unmap(memory);
        shm_test_kill(child);
    }
}

static void a_second_writer_of_the_same_process_is_refused(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 256);
    struct gecko_shm_writer *writer = shm_test_open(&config);
    assert_true(shm_test_open_fails(&config, 2000));
    gecko_shm_writer_close(writer);
    writer = shm_test_open(&config);
    gecko_shm_writer_close(writer);
}

static void a_second_writer_of_v1_is_refused(void **state) {
    (void)state;
#ifndef GECKO_PLATFORM_LINUX
    print_message(
        "skipped: shared memory cannot be locked here, and v1 does not name its writer\n");
    skip();
#endif
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V1, 256);
    struct shm_test_child child = shm_test_start_child(shm_test_open_and_stay, &config);
    assert_true(shm_test_open_fails(&config, 2000));
    shm_test_kill(child);
}

/* ---- where locks do not tell ----------------------------------------------------------------- */

/* A copy of the header of a writer of this process, under another name. */
static struct gecko_shm_config copy_of_a_header(int *fd) {
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 256);
    struct gecko_shm_config other = shm_test_config(GECKO_LAYOUT_V2, 256);
    struct gecko_shm_writer *writer = shm_test_open(&config);
    size_t size;
    const unsigned char *memory = gecko_shm_writer_memory(writer, &size);
    *fd = shm_test_make(other.name, memory, size);
#ifdef GECKO_PLATFORM_LINUX
    /* Locked by nobody but a reader, so that the lock tells nothing. */
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    assert_int_equal(fcntl(*fd, F_OFD_SETLK, &lock), 0);
#endif
    gecko_shm_writer_close(writer);
    other.mode = 0600; /* as the copy */
    return other;
}

static void the_very_process_of_the_header_is_left_alone(void **state) {
    (void)state;
    int fd;
    struct gecko_shm_config config = copy_of_a_header(&fd);
    assert_true(shm_test_open_fails(&config, 2000));
    /* IO that hangs is no reason to write into its ring. */
    shm_test_poke_u32(config.name, GECKO_V2_STATE, GECKO_STATE_RUNNING);
    assert_true(shm_test_open_fails(&config, 1000 + 3600 * SECOND));
    close(fd);
}

static void a_process_id_that_was_given_away_is_no_writer(void **state) {
    (void)state;
    static const uint32_t states[] = {GECKO_STATE_IDLE, GECKO_STATE_RUNNING};
    for (size_t i = 0; i < 2; i++) {
        int fd;
        struct gecko_shm_config config = copy_of_a_header(&fd);
        shm_test_poke_u64(config.name, GECKO_V2_WRITER_STARTED,
                          gecko_process_started((uint32_t)getpid()) + 1);
        shm_test_poke_u32(config.name, GECKO_V2_STATE, states[i]);
        struct gecko_shm_writer *writer = shm_test_open(&config);
        assert_true(gecko_shm_writer_continued(writer));
        gecko_shm_writer_close(writer);
        close(fd);
    }
}

static void a_process_of_unknown_start_is_known_by_its_beat(void **state) {
    (void)state;
    int fd;
    struct gecko_shm_config config = copy_of_a_header(&fd);
    shm_test_poke_u64(config.name, GECKO_V2_WRITER_STARTED, 0);
    assert_true(shm_test_open_fails(&config, 1000 + 3600 * SECOND)); /* idle: it does not beat */
    shm_test_poke_u32(config.name, GECKO_V2_STATE, GECKO_STATE_RUNNING);
    assert_true(shm_test_open_fails(&config, 1000 + 9 * SECOND));
    assert_false(shm_test_open_fails(&config, 1000 + 11 * SECOND));
    close(fd);
}

#ifdef GECKO_PLATFORM_LINUX

static int lock_for_reading(const char *name) {
    int fd = shm_open(name, O_RDONLY, 0);
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
    return fd;
}

/* Whoever may read can lock for reading; that must not keep the driver from its name. */
static void a_reader_that_holds_a_lock_does_not_shut_the_writer_out(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 256);
    struct shm_test_child child = shm_test_start_child(shm_test_open_and_stay, &config);
    shm_test_kill(child);
    int fd = lock_for_reading(config.name);
    struct gecko_shm_writer *writer = shm_test_open(&config);
    assert_true(gecko_shm_writer_continued(writer));
    gecko_shm_writer_close(writer);
    close(fd);
}

static int second_writer_is_refused(const void *argument) {
    struct gecko_shm_writer *writer;
    struct gecko_shm_error error;
    return gecko_shm_writer_open(argument, 3600 * SECOND, &writer, &error) ? 1 : 0;
}

static void a_writer_that_a_reader_kept_from_locking_stays_the_only_one(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 256);
    struct shm_test_child child = shm_test_start_child(shm_test_open_and_stay, &config);
    shm_test_kill(child);
    int fd = lock_for_reading(config.name);
    struct gecko_shm_writer *writer = shm_test_open(&config);
    struct gecko_reader *reader;
    assert_true(gecko_reader_open(config.name, NULL, &reader, NULL));
    assert_true(gecko_reader_writer_is_alive(reader));
    close(fd); /* now nobody holds a lock */
    assert_true(gecko_reader_writer_is_alive(reader));
    assert_int_equal(shm_test_run_child(second_writer_is_refused, &config), 0);

    gecko_shm_writer_set_running(writer, true, 2000);
    struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    fd = shm_open(config.name, O_RDWR, 0);
    assert_int_equal(fcntl(fd, F_OFD_GETLK, &range), 0);
    assert_int_equal(range.l_type, F_WRLCK); /* it has locked it by itself */
    close(fd);
    assert_true(shm_test_open_fails(&config, 2000));
    gecko_reader_close(reader);
    gecko_shm_writer_close(writer);
}

#endif

/* ---- processes ---------------------------------------------------------------------------------
 */

static void a_process_is_known_by_its_id_and_its_start(void **state) {
    (void)state;
    uint32_t own = (uint32_t)getpid();
    uint64_t started = gecko_process_started(own);
    assert_true(started != 0);
    assert_int_equal(gecko_process_life(own, started), GECKO_LIFE_SURE);
    assert_int_equal(gecko_process_life(own, started + 1), GECKO_LIFE_OVER);
    assert_int_equal(gecko_process_life(own, 0), GECKO_LIFE_LIKELY);
    assert_int_equal(gecko_process_life(0, 0), GECKO_LIFE_OVER);
    assert_int_equal(gecko_process_life(UINT32_MAX, 0), GECKO_LIFE_OVER);
    assert_int_equal(gecko_process_started(0), 0);
    assert_int_equal(gecko_process_started(UINT32_MAX), 0);
}

static void a_process_that_only_waits_to_be_waited_for_is_over(void **state) {
    (void)state;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(0);
    }
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    assert_int_equal(kill(pid, 0), 0); /* it has its id still */
    assert_int_equal(gecko_process_life((uint32_t)pid, 0), GECKO_LIFE_OVER);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(gecko_process_life((uint32_t)pid, 0), GECKO_LIFE_OVER);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_writer_is_refused_and_told_whom_it_met),
        cmocka_unit_test(a_second_writer_of_the_same_process_is_refused),
        cmocka_unit_test(a_second_writer_of_v1_is_refused),
        cmocka_unit_test(the_very_process_of_the_header_is_left_alone),
        cmocka_unit_test(a_process_id_that_was_given_away_is_no_writer),
        cmocka_unit_test(a_process_of_unknown_start_is_known_by_its_beat),
#ifdef GECKO_PLATFORM_LINUX
        cmocka_unit_test(a_reader_that_holds_a_lock_does_not_shut_the_writer_out),
        cmocka_unit_test(a_writer_that_a_reader_kept_from_locking_stays_the_only_one),
#endif
        cmocka_unit_test(a_process_is_known_by_its_id_and_its_start),
        cmocka_unit_test(a_process_that_only_waits_to_be_waited_for_is_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
