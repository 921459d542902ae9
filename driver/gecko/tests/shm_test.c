/* shm_test.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above first */
#include "gecko_memory.h"
#include "gecko_shm_claim.h"
#include "shm_test.h"
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_NAMES 512

static char names[MAX_NAMES][GECKO_NAME_MAX + 1];
static size_t name_count;
static pid_t owner;

static void remove_names(void) {
    if (getpid() != owner) {
        return; /* a child that ends */
    }
    for (size_t i = 0; i < name_count; i++) {
        shm_unlink(names[i]);
        shm_unlink(shm_test_readers_name(names[i]));
        char claim[GECKO_SHM_CLAIM_NAME_BYTES];
        gecko_shm_claim_name(names[i], claim);
        shm_unlink(claim);
    }
}

const char *shm_test_name(void) {
    if (owner == 0) {
        owner = getpid();
        atexit(remove_names);
    }
    assert_true(name_count < MAX_NAMES);
    char *name = names[name_count];
    snprintf(name, sizeof names[0], "/gkt-%d-%zu", (int)getpid(), name_count);
    name_count++;
    return name;
}

const char *shm_test_readers_name(const char *name) {
    static char readers[2 * GECKO_NAME_MAX];
    snprintf(readers, sizeof readers, "%.31s%s", name, GECKO_READERS_SUFFIX);
    return readers;
}

struct gecko_shm_config shm_test_config(enum gecko_layout layout, uint64_t ring_frames) {
    struct gecko_shm_config config = {
        .layout = layout,
        .mode = 0644,
        .ring_frames = ring_frames,
        .channels = 2,
        .sample_rate = 48000,
        .timebase_numer = 1,
        .timebase_denom = 1,
    };
    snprintf(config.name, sizeof config.name, "%s", shm_test_name());
    return config;
}

struct gecko_shm_writer *shm_test_open(const struct gecko_shm_config *config) {
    struct gecko_shm_writer *writer;
    struct gecko_shm_error error;
    if (!gecko_shm_writer_open(config, 1000, &writer, &error)) {
        fail_msg("%s", error.text);
    }
    return writer;
}

bool shm_test_open_fails(const struct gecko_shm_config *config, uint64_t now) {
    struct gecko_shm_writer *writer;
    struct gecko_shm_error error;
    if (gecko_shm_writer_open(config, now, &writer, &error)) {
        gecko_shm_writer_close(writer);
        return false;
    }
    assert_null(writer);
    assert_non_null(strstr(error.text, config->name));
    return true;
}

void shm_test_reconfigure(struct gecko_shm_writer *writer, const struct gecko_shm_config *config) {
    struct gecko_shm_error error;
    bool lost;
    if (!gecko_shm_writer_reconfigure(writer, config, 5000, &lost, &error)) {
        fail_msg("%s", error.text);
    }
}

float shm_test_sample(uint64_t frame, uint32_t channel, uint32_t channels) {
    uint64_t modulus = (UINT64_C(1) << 24) / channels;
    uint64_t code = frame % modulus * channels + channel;
    return (float)((int64_t)code - (1 << 23)) / (float)(1 << 23);
}

void shm_test_fill(float *audio, uint64_t first, uint32_t frames, uint32_t channels) {
    for (uint32_t frame = 0; frame < frames; frame++) {
        for (uint32_t channel = 0; channel < channels; channel++) {
            audio[frame * channels + channel] = shm_test_sample(first + frame, channel, channels);
        }
    }
}

void shm_test_check(const float *audio, uint64_t first, uint64_t frames, uint32_t channels) {
    for (uint64_t frame = 0; frame < frames; frame++) {
        for (uint32_t channel = 0; channel < channels; channel++) {
            float got = audio[frame * channels + channel];
            float wanted = shm_test_sample(first + frame, channel, channels);
            if (memcmp(&got, &wanted, sizeof got) != 0) {
                fail_msg("frame %llu channel %u: %.9g and not %.9g",
                         (unsigned long long)(first + frame), channel, (double)got, (double)wanted);
            }
        }
    }
}

void shm_test_write(struct gecko_shm_writer *writer, uint32_t frames) {
    static float audio[65536 * 2];
    uint32_t channels = gecko_shm_writer_config(writer)->channels;
    assert_true((size_t)frames * channels <= sizeof audio / sizeof audio[0]);
    uint64_t head = gecko_shm_writer_head(writer);
    shm_test_fill(audio, head, frames, channels);
    assert_true(gecko_shm_writer_begin(writer, frames));
    gecko_shm_writer_put(writer, 0, audio, frames);
    const struct gecko_shm_block block = {.host_time = head, .output_sample_time = (double)head};
    gecko_shm_writer_commit(writer, &block);
}

bool shm_test_exists(const char *name) {
    int fd = shm_open(name, O_RDONLY, 0);
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

void shm_test_open_and_stay(const void *argument) {
    struct gecko_shm_writer *writer = shm_test_open(argument);
    shm_test_write(writer, 100);
}

struct shm_test_child shm_test_start_child(void (*body)(const void *argument),
                                           const void *argument) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(ends[0]);
        body(argument);
        ssize_t sent = write(ends[1], "x", 1);
        (void)sent;
        for (;;) {
            pause();
        }
    }
    close(ends[1]);
    char byte;
    if (read(ends[0], &byte, 1) != 1) {
        waitpid(pid, NULL, 0);
        fail_msg("the child process failed");
    }
    return (struct shm_test_child){.pid = pid, .done = ends[0]};
}

void shm_test_kill(struct shm_test_child child) {
    int status;
    assert_int_equal(kill(child.pid, SIGKILL), 0);
    assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
    close(child.done);
}

int shm_test_run_child(int (*body)(const void *argument), const void *argument) {
    int status;
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(body(argument));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFEXITED(status)) {
        fail_msg("the child process died of signal %d", WTERMSIG(status));
    }
    return WEXITSTATUS(status);
}

void shm_test_run_child_or_skip(int (*body)(const void *argument), const void *argument,
                                const char *what) {
    int status = shm_test_run_child(body, argument);
    if (status == SHM_TEST_NO_PERMISSION) {
        print_message("skipped: not allowed to %s\n", what);
        skip();
    }
    assert_int_equal(status, 0);
}

unsigned char *shm_test_memory(struct gecko_shm_writer *writer) {
    size_t size;
    return gecko_shm_writer_memory(writer, &size);
}

static void *map(const char *name, int flags, int protection) {
    int fd = shm_open(name, flags, 0);
    assert_true(fd >= 0);
    void *memory = mmap(NULL, GECKO_V2_HEADER_BYTES, protection, MAP_SHARED, fd, 0);
    assert_true(memory != MAP_FAILED);
    close(fd);
    return memory;
}

const unsigned char *shm_test_map(const char *name) {
    return map(name, O_RDONLY, PROT_READ);
}

void shm_test_unmap(const unsigned char *memory) {
    munmap((void *)(uintptr_t)memory, GECKO_V2_HEADER_BYTES);
}

static uint64_t peek(const char *name, size_t offset) {
    const unsigned char *memory = shm_test_map(name);
    uint64_t value = gecko_load_u64(memory, offset);
    shm_test_unmap(memory);
    return value;
}

uint64_t shm_test_instance(const char *name) {
    return peek(name, GECKO_V2_INSTANCE);
}

uint64_t shm_test_readers_instance(const char *name) {
    return peek(shm_test_readers_name(name), GECKO_READERS_INSTANCE);
}

int shm_test_make(const char *name, const void *content, size_t size) {
    int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    if (size > 0) {
        assert_int_equal(ftruncate(fd, (off_t)size), 0);
        void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        assert_true(memory != MAP_FAILED);
        memcpy(memory, content, size);
        munmap(memory, size);
    }
    return fd;
}

void shm_test_poke_u32(const char *name, size_t offset, uint32_t value) {
    unsigned char *memory = map(name, O_RDWR, PROT_READ | PROT_WRITE);
    gecko_store_u32(memory, offset, value);
    shm_test_unmap(memory);
}

void shm_test_poke_u64(const char *name, size_t offset, uint64_t value) {
    unsigned char *memory = map(name, O_RDWR, PROT_READ | PROT_WRITE);
    gecko_store_u64(memory, offset, value);
    shm_test_unmap(memory);
}

mode_t shm_test_mode(const char *name) {
    struct stat info;
    int fd = shm_open(name, O_RDONLY, 0);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &info), 0);
    close(fd);
    return info.st_mode & 07777;
}
