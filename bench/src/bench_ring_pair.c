/* bench_ring_pair.c - blocks from one process to another, each on a processor of its own.
 *
 * Writer and reader spin; every block is moved and none may be lost. The reader checks the number
 * at the head of each block. Gecko's layout v1 does not take part: its writer cannot tell a full
 * ring from an empty one, so it cannot be asked to wait.
 */
#include "bench_support.h"
#include "rings.h"
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

struct shared {
    atomic_uint ready;      /* set by the reader */
    _Atomic uint64_t wrong; /* blocks whose number was not the one due */
    _Atomic uint64_t done_ns;
};

static void write_all(struct ring *ring, const unsigned char *at, size_t bytes) {
    while (bytes > 0) {
        size_t moved = ring->kind->write(ring, at, bytes);
        at += moved;
        bytes -= moved;
    }
}

static void read_all(struct ring *ring, unsigned char *at, size_t bytes) {
    while (bytes > 0) {
        size_t moved = ring->kind->read(ring, at, bytes);
        at += moved;
        bytes -= moved;
    }
}

static void write_timed(struct ring *ring, const unsigned char *block, size_t bytes, uint32_t i) {
    const struct ring_times times = {.host_time = i, .output_time = i, .cycle = i};
    while (ring->kind->write_timed(ring, block, bytes, &times) == 0) {
    }
}

/* Whether the times are those of block `i`. */
static bool read_timed(struct ring *ring, unsigned char *block, size_t bytes, uint32_t i) {
    struct ring_times times = {.cycle = UINT64_MAX};
    while (ring->kind->read_timed(ring, block, bytes, &times) == 0) {
    }
    return times.cycle == i && times.host_time == i && times.output_time == i;
}

static void reader_process(struct ring *ring, struct shared *shared, unsigned char *block,
                           size_t bytes, uint32_t blocks, bool timed) {
    bench_pin(1);
    if (ring->kind->attach_reader != NULL) {
        ring->kind->attach_reader(ring);
    }
    atomic_store(&shared->ready, 1);
    uint64_t wrong = 0;
    for (uint32_t i = 0; i < blocks; i++) {
        bool good = true;
        if (timed) {
            good = read_timed(ring, block, bytes, i);
        } else {
            read_all(ring, block, bytes);
        }
        uint32_t number;
        memcpy(&number, block, sizeof number);
        wrong += !good || number != i;
    }
    atomic_store(&shared->done_ns, bench_now_ns());
    atomic_store(&shared->wrong, wrong);
}

static double run_round(const struct ring_kind *kind, bool timed,
                        const struct bench_options *options, struct shared *shared,
                        unsigned char *block, size_t bytes) {
    atomic_store(&shared->ready, 0);
    atomic_store(&shared->wrong, 0);
    struct ring *ring = kind->create(options->ring_frames, true);
    pid_t writer = getpid();
    pid_t reader = fork();
    if (reader < 0) {
        bench_fail("fork: %s", strerror(errno));
    }
    if (reader == 0) {
#ifdef __linux__
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* never left spinning */
#endif
        if (getppid() == writer) {
            reader_process(ring, shared, block, bytes, options->blocks, timed);
        }
        _exit(0);
    }
    while (atomic_load(&shared->ready) == 0) {
        int status;
        if (waitpid(reader, &status, WNOHANG) == reader) {
            bench_fail("%s: the reader ended before it began", kind->name);
        }
        sched_yield();
    }
    uint64_t begin = bench_now_ns();
    for (uint32_t i = 0; i < options->blocks; i++) {
        memcpy(block, &i, sizeof i);
        if (timed) {
            write_timed(ring, block, bytes, i);
        } else {
            write_all(ring, block, bytes);
        }
    }
    int status = 0;
    if (waitpid(reader, &status, 0) != reader || status != 0) {
        bench_fail("%s: the reader failed (status %d)", kind->name, status);
    }
    if (atomic_load(&shared->wrong) != 0) {
        bench_fail("%s: %llu blocks of %u came wrong", kind->name,
                   (unsigned long long)atomic_load(&shared->wrong), options->blocks);
    }
    kind->destroy(ring);
    return (double)(atomic_load(&shared->done_ns) - begin) / options->blocks;
}

/* Those that can be asked to wait for a reader do the timed work as well. */
static bool takes_part(const struct ring_kind *kind) {
    return kind->is_ring && kind->write_timed != NULL;
}

int main(int argc, char **argv) {
    struct bench_options options = bench_options_parse(argc, argv);
    unsigned processors = bench_pin(0);
    size_t bytes = options.frames * RING_FRAME_BYTES;
    unsigned char *block = malloc(bytes); /* private: the fork gives each process its own */
    struct shared *shared = bench_shared_memory(sizeof *shared);
    double *results = calloc((size_t)2 * ring_kind_count * options.rounds, sizeof *results);
    if (block == NULL || results == NULL) {
        bench_fail("out of memory");
    }
    memset(block, 0, bytes);
    if (processors < 2) {
        bench_fail("two processors are needed, this process may use one");
    }

    /* Two lines of the result for each ring: plain work, timed work. */
    for (uint32_t round = 0; round < options.rounds; round++) {
        for (unsigned line = 0; line < 2 * ring_kind_count; line++) {
            const struct ring_kind *kind = ring_kinds[line / 2];
            if (takes_part(kind)) {
                results[line * options.rounds + round] =
                    run_round(kind, line % 2 != 0, &options, shared, block, bytes);
            }
        }
    }

    printf("{\"frames\": %u, \"ring_frames\": %u, \"blocks\": %u, \"rounds\": {", options.frames,
           options.ring_frames, options.blocks);
    bool first = true;
    for (unsigned line = 0; line < 2 * ring_kind_count; line++) {
        const struct ring_kind *kind = ring_kinds[line / 2];
        if (takes_part(kind)) {
            char name[32];
            snprintf(name, sizeof name, "%s%s", kind->name, line % 2 != 0 ? RING_TIMED_SUFFIX : "");
            printf("%s", first ? "" : ", ");
            bench_print_rounds(name, results + line * options.rounds, options.rounds);
            first = false;
        }
    }
    printf("}}\n");
    free(results);
    free(block);
    return 0;
}
