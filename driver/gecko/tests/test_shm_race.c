/* test_shm_race.c - several writers at once: one gets the name. */
#ifdef __linux__
#define _GNU_SOURCE /* F_OFD_SETLK */
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above first */
#include "gecko_memory.h"
#include "gecko_process.h"
#include "gecko_shm_claim.h"
#include "shm_test.h"
#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- races ----------------------------------------------------------------------------------- */

#ifdef __linux__

/* The linker leads these calls of the writer here (see CMakeLists.txt). */
enum gecko_shm_lock __wrap_gecko_platform_lock(int fd);
enum gecko_shm_lock __real_gecko_platform_lock(int fd);
int __wrap_gecko_platform_reserve(int fd, size_t size);
int __real_gecko_platform_reserve(int fd, size_t size);
int __wrap_shm_unlink(const char *name);
int __real_shm_unlink(const char *name);
int __wrap_nanosleep(const struct timespec *time, struct timespec *left);
int __real_nanosleep(const struct timespec *time, struct timespec *left);

typedef void (*hook)(void);
static _Atomic hook before_lock, before_reserve, before_unlink;

static struct gecko_shm_config raced;
static struct gecko_shm_writer *rival;

static void call_once(_Atomic hook *place) {
    hook call = atomic_exchange(place, NULL);
    if (call != NULL) {
        call();
    }
}

enum gecko_shm_lock __wrap_gecko_platform_lock(int fd) {
    call_once(&before_lock);
    return __real_gecko_platform_lock(fd);
}

int __wrap_gecko_platform_reserve(int fd, size_t size) {
    call_once(&before_reserve);
    return __real_gecko_platform_reserve(fd, size);
}

int __wrap_shm_unlink(const char *name) {
    if (strcmp(name, raced.name) == 0) {
        call_once(&before_unlink);
    }
    return __real_shm_unlink(name);
}

/* A sleep takes no time here; it is only counted. */
static _Thread_local bool does_not_sleep;
static atomic_int sleeps;

int __wrap_nanosleep(const struct timespec *time, struct timespec *left) {
    atomic_fetch_add(&sleeps, 1);
    return does_not_sleep ? 0 : __real_nanosleep(time, left);
}

static void rival_opens(void) {
    struct gecko_shm_error error;
    gecko_shm_writer_open(&raced, 2000, &rival, &error);
}

static bool name_leads_to(struct gecko_shm_writer *writer) {
    return shm_test_exists(raced.name) &&
           gecko_load_u64(shm_test_memory(writer), GECKO_V2_INSTANCE) ==
               shm_test_instance(raced.name);
}

#ifdef GECKO_PLATFORM_LINUX
/* Between making the object and locking it. */
static void a_writer_that_is_overtaken_while_it_makes_its_object_gives_way(void **state) {
    (void)state;
    raced = shm_test_config(GECKO_LAYOUT_V2, 256);
    before_lock = rival_opens;
    rival = NULL;
    assert_true(shm_test_open_fails(&raced, 2000));
    assert_non_null(rival);
    assert_true(name_leads_to(rival));
    assert_true(shm_test_exists(shm_test_readers_name(raced.name)));
    gecko_shm_writer_close(rival);
    assert_false(shm_test_exists(raced.name));
    assert_false(shm_test_exists(shm_test_readers_name(raced.name)));
}
#endif

static pthread_t rival_thread;
static atomic_bool rival_is_done;

static void *open_in_a_thread(void *argument) {
    (void)argument;
    rival_opens();
    atomic_store(&rival_is_done, true);
    return NULL;
}

/* Comes back when the rival has got as far as it can: to its end, or to where it waits for us. */
static void rival_begins_to_open(void) {
    atomic_store(&rival_is_done, false);
    atomic_store(&sleeps, 0);
    assert_int_equal(pthread_create(&rival_thread, NULL, open_in_a_thread, NULL), 0);
    while (!atomic_load(&rival_is_done) && atomic_load(&sleeps) == 0) {
        sched_yield();
    }
}

/* A writer opens, the rival comes in between, and one of the two has the name. */
static void open_against_a_rival(_Atomic hook *where) {
    struct gecko_shm_writer *writer;
    struct gecko_shm_error error;
    rival = NULL;
    *where = rival_begins_to_open;
    assert_true(gecko_shm_writer_open(&raced, 2000, &writer, &error));
    assert_null(*where); /* it has come */
    pthread_join(rival_thread, NULL);
    assert_null(rival);
    assert_true(name_leads_to(writer));
    assert_true(shm_test_exists(shm_test_readers_name(raced.name)));
    gecko_shm_writer_close(writer);
    assert_false(shm_test_exists(raced.name));
    assert_false(shm_test_exists(shm_test_readers_name(raced.name)));
}

static void an_object_that_is_being_made_is_given_time(void **state) {
    (void)state;
    raced = shm_test_config(GECKO_LAYOUT_V2, 256);
    open_against_a_rival(&before_reserve);
}

/* Both have seen the object of a dead writer, and that the name leads to it. The rival takes the
 * name away and gives it to its own; then the first one takes it away as it had meant to. */
static void a_name_is_not_taken_away_from_who_has_just_got_it(void **state) {
    (void)state;
    raced = shm_test_config(GECKO_LAYOUT_V2, 256);
    struct shm_test_child child = shm_test_start_child(shm_test_open_and_stay, &raced);
    shm_test_kill(child);
    raced.ring_frames = 4096; /* does not fit: another object is needed */
    open_against_a_rival(&before_unlink);
}

static void the_object_of_a_dead_writer_is_continued_by_one(void **state) {
    (void)state;
    raced = shm_test_config(GECKO_LAYOUT_V2, 256);
    struct shm_test_child child = shm_test_start_child(shm_test_open_and_stay, &raced);
    shm_test_kill(child);
    open_against_a_rival(&before_reserve); /* of the readers' object; the header is the old one */
}

static void a_writer_that_closes_leaves_the_name_of_its_successor_alone(void **state) {
    (void)state;
    raced = shm_test_config(GECKO_LAYOUT_V2, 256);
    struct gecko_shm_writer *writer = shm_test_open(&raced);
    rival = NULL;
    before_unlink = rival_begins_to_open;
    gecko_shm_writer_close(writer);
    assert_null(before_unlink);
    pthread_join(rival_thread, NULL);
#ifdef GECKO_PLATFORM_LINUX
    assert_null(rival); /* the lock was still there */
    assert_false(shm_test_exists(raced.name));
#else
    assert_non_null(rival);
    assert_true(name_leads_to(rival));
    assert_true(shm_test_exists(shm_test_readers_name(raced.name)));
    gecko_shm_writer_close(rival);
#endif
}

#ifndef GECKO_PLATFORM_LINUX

static void claim_and_stay(const void *argument) {
    const struct gecko_shm_config *config = argument;
    struct gecko_shm_claim claim;
    struct gecko_shm_error error;
    assert_true(gecko_shm_claim_take(config->name, &claim, &error));
}

static void a_claim_is_inherited_from_a_process_that_died_with_it(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 256);
    struct shm_test_child child = shm_test_start_child(claim_and_stay, &config);
    shm_test_kill(child);
    atomic_store(&sleeps, 0);
    gecko_shm_writer_close(shm_test_open(&config));
    assert_int_equal(atomic_load(&sleeps), 0);
}

static void who_waits_in_vain_for_a_claim_is_told_who_holds_it(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 256);
    struct shm_test_child child = shm_test_start_child(claim_and_stay, &config);
    struct gecko_shm_writer *writer;
    struct gecko_shm_error error;
    char pid[16];
    snprintf(pid, sizeof pid, "process %d", (int)child.pid);
    does_not_sleep = true;
    assert_false(gecko_shm_writer_open(&config, 2000, &writer, &error));
    does_not_sleep = false;
    assert_non_null(strstr(error.text, pid));
    assert_non_null(strstr(error.text, config.name));
    assert_false(shm_test_exists(config.name));
    shm_test_kill(child);
    gecko_shm_writer_close(shm_test_open(&config));
}

/* Opens it with a claim that holds this word; how often it has waited. */
static int waits_with_claim(uint64_t word) {
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 256);
    char claim[GECKO_SHM_CLAIM_NAME_BYTES];
    gecko_shm_claim_name(config.name, claim);
    close(shm_test_make(claim, &word, sizeof word));
    atomic_store(&sleeps, 0);
    does_not_sleep = true;
    gecko_shm_writer_close(shm_test_open(&config));
    does_not_sleep = false;
    return atomic_load(&sleeps);
}

static void a_claim_of_a_process_id_that_was_given_away_does_not_hold(void **state) {
    (void)state;
    uint64_t own = (uint64_t)getpid() << 32;
    uint32_t started = (uint32_t)gecko_process_started((uint32_t)getpid());
    assert_int_equal(waits_with_claim(own | (started + 1)), 0);
    assert_int_equal(waits_with_claim(own), 2000); /* of which nothing else is known */
    assert_int_equal(waits_with_claim(0), 0);
}

static void a_claim_that_is_none_is_an_error_that_names_it(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 256);
    struct gecko_shm_writer *writer;
    struct gecko_shm_error error;
    char claim[GECKO_SHM_CLAIM_NAME_BYTES];
    gecko_shm_claim_name(config.name, claim);
    close(shm_test_make(claim, "1234", 4));
    assert_false(gecko_shm_writer_open(&config, 2000, &writer, &error));
    assert_non_null(strstr(error.text, claim));
    assert_false(shm_test_exists(config.name));
}

#endif

static const unsigned char *watched;
static uint64_t seen_generation, seen_magic;

static void look_at_the_header(void) {
    const unsigned char *memory = watched != NULL ? watched : shm_test_map(raced.name);
    seen_magic = gecko_load_u64(memory, GECKO_V2_MAGIC);
    seen_generation = gecko_load_u64(memory, GECKO_V2_GENERATION);
    if (watched == NULL) {
        shm_test_unmap(memory);
    }
}

static void look_at_the_next_one(void) {
    before_reserve = look_at_the_header;
}

/* A reader that polls the header would join the object of the dead writer otherwise. */
static void the_readers_object_is_there_before_the_header_is_published(void **state) {
    (void)state;
    raced = shm_test_config(GECKO_LAYOUT_V2, 256);
    watched = NULL;
    before_reserve = look_at_the_next_one; /* the audio object, then the readers' */
    seen_magic = 1;
    struct gecko_shm_writer *writer = shm_test_open(&raced);
    assert_true(seen_magic == 0);
    gecko_shm_writer_close(writer);

    raced = shm_test_config(GECKO_LAYOUT_V2, 256);
    struct shm_test_child child = shm_test_start_child(shm_test_open_and_stay, &raced);
    shm_test_kill(child);
    watched = shm_test_map(raced.name);
    before_reserve = look_at_the_header; /* only the readers' object is new */
    seen_generation = 0;
    writer = shm_test_open(&raced);
    assert_true(gecko_shm_writer_continued(writer));
    assert_int_equal(seen_generation, 2);
    assert_int_equal(gecko_load_u64(watched, GECKO_V2_GENERATION), 4);
    shm_test_unmap(watched);
    gecko_shm_writer_close(writer);
}

#endif

#define RIVALS 8

/* In a child: 1 when it got the name, then stays until the pipe is closed. */
static void race(const struct gecko_shm_config *config, int start, int result, int end) {
    struct gecko_shm_writer *writer;
    struct gecko_shm_error error;
    char byte;
    if (read(start, &byte, 1) < 0) {
        _exit(1);
    }
    char won = gecko_shm_writer_open(config, 2000, &writer, &error) ? '1' : '0';
    ssize_t moved = write(result, &won, 1);
    moved = moved == 1 ? read(end, &byte, 1) : moved;
    gecko_shm_writer_close(writer);
    _exit(0);
}

static void of_many_writers_that_begin_at_once_one_gets_the_name(void **state) {
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 256);
        int start[2], result[2], end[2];
        assert_int_equal(pipe(start) | pipe(result) | pipe(end), 0);
        for (int i = 0; i < RIVALS; i++) {
            pid_t pid = fork();
            assert_true(pid >= 0);
            if (pid == 0) {
                close(start[1]);
                close(end[1]);
                race(&config, start[0], result[1], end[0]);
            }
        }
        close(start[1]); /* all of them read its end now */
        int winners = 0;
        for (int i = 0; i < RIVALS; i++) {
            char won;
            assert_int_equal(read(result[0], &won, 1), 1);
            winners += won == '1';
        }
        assert_int_equal(winners, 1);
        close(end[1]);
        for (int i = 0; i < RIVALS; i++) {
            assert_true(wait(NULL) > 0);
        }
        assert_false(shm_test_exists(config.name));
        close(start[0]);
        close(result[0]);
        close(result[1]);
        close(end[0]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
#ifdef __linux__
#ifdef GECKO_PLATFORM_LINUX
        cmocka_unit_test(a_writer_that_is_overtaken_while_it_makes_its_object_gives_way),
#else
        cmocka_unit_test(a_claim_is_inherited_from_a_process_that_died_with_it),
        cmocka_unit_test(who_waits_in_vain_for_a_claim_is_told_who_holds_it),
        cmocka_unit_test(a_claim_of_a_process_id_that_was_given_away_does_not_hold),
        cmocka_unit_test(a_claim_that_is_none_is_an_error_that_names_it),
#endif
        cmocka_unit_test(an_object_that_is_being_made_is_given_time),
        cmocka_unit_test(a_name_is_not_taken_away_from_who_has_just_got_it),
        cmocka_unit_test(the_object_of_a_dead_writer_is_continued_by_one),
        cmocka_unit_test(a_writer_that_closes_leaves_the_name_of_its_successor_alone),
        cmocka_unit_test(the_readers_object_is_there_before_the_header_is_published),
#endif
        cmocka_unit_test(of_many_writers_that_begin_at_once_one_gets_the_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
