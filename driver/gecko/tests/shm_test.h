/* shm_test.h - names, configurations and audio for the tests of the shared memory.
 *
 * Every name is of this process and new; what is left under the names is removed at exit, also
 * after a failed test.
 */
#ifndef SHM_TEST_H
#define SHM_TEST_H

#include "gecko_shm_writer.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

const char *shm_test_name(void);

/* Stereo, 48 kHz, mode 0644, new name. */
struct gecko_shm_config shm_test_config(enum gecko_layout layout, uint64_t ring_frames);
/* Opens it; a failure fails the test. */
struct gecko_shm_writer *shm_test_open(const struct gecko_shm_config *config);

/* Whether it cannot be opened at `now`, in nanoseconds; the error must name the object then. */
bool shm_test_open_fails(const struct gecko_shm_config *config, uint64_t now);
/* Changes it to `config`, at 5000 ns; a failure fails the test. */
void shm_test_reconfigure(struct gecko_shm_writer *writer, const struct gecko_shm_config *config);

/* Sample of a frame and channel: its number, as Float32 holds it exactly. */
float shm_test_sample(uint64_t frame, uint32_t channel, uint32_t channels);
void shm_test_fill(float *audio, uint64_t first, uint32_t frames, uint32_t channels);
/* Fails the test when `audio` is not the frames from `first` on. */
void shm_test_check(const float *audio, uint64_t first, uint64_t frames, uint32_t channels);
/* One block of self-numbering frames. */
void shm_test_write(struct gecko_shm_writer *writer, uint32_t frames);

/* Whether something has that name. */
bool shm_test_exists(const char *name);
/* With the suffix of the readers' object; valid until the next call. */
const char *shm_test_readers_name(const char *name);

/* Runs `body` in a child process, which then stays until shm_test_kill(). Returns when it is done.
 */
struct shm_test_child {
    pid_t pid;
    int done; /* pipe */
};
struct shm_test_child shm_test_start_child(void (*body)(const void *argument),
                                           const void *argument);
/* A body for it, with a configuration: opens it and writes 100 frames. */
void shm_test_open_and_stay(const void *argument);
/* SIGKILL, and waits. */
void shm_test_kill(struct shm_test_child child);
/* Runs `body` in a child process and returns what it returns (0 to 125); fails the test when it
 * does not end by itself. */
int shm_test_run_child(int (*body)(const void *argument), const void *argument);
/* What `body` returns when the system does not allow it to do what the test is about. */
#define SHM_TEST_NO_PERMISSION 99
/* Runs `body` in a child process and expects 0 of it. When it has no permission the test is
 * skipped: "not allowed to" and `what`. */
void shm_test_run_child_or_skip(int (*body)(const void *argument), const void *argument,
                                const char *what);

/* The writer's memory. */
unsigned char *shm_test_memory(struct gecko_shm_writer *writer);
/* Of an object that must be there. */
mode_t shm_test_mode(const char *name);
/* Which object it is, v2. */
uint64_t shm_test_instance(const char *name);
uint64_t shm_test_readers_instance(const char *name); /* of the audio object `name` */
/* The header of an object, mapped as by a reader that stays. */
const unsigned char *shm_test_map(const char *name);
void shm_test_unmap(const unsigned char *memory);
/* A new object of that content, through a mapping: some systems cannot write() to one. Returns its
 * descriptor, for reading and writing. */
int shm_test_make(const char *name, const void *content, size_t size);
/* Stores into an object that is there. */
void shm_test_poke_u32(const char *name, size_t offset, uint32_t value);
void shm_test_poke_u64(const char *name, size_t offset, uint64_t value);

#endif
