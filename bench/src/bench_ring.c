/* bench_ring.c - a block into a ring and out again, in one thread.
 *
 * The rounds of the contestants alternate, so that a slow moment of the machine meets all of them.
 * What comes out is compared with what went in once per round, outside the time measured.
 */
#include "bench_support.h"
#include "rings.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One line of the result: a ring, and which of the two kinds of work it does. */
struct contestant {
    char name[32];
    struct ring *ring;
    bool timed;
};

static size_t move_plain(struct ring *ring, const float *in, float *out, size_t bytes,
                         uint32_t blocks) {
    const struct ring_kind *kind = ring->kind;
    size_t moved = 0;
    for (uint32_t i = 0; i < blocks; i++) {
        moved += kind->write(ring, in, bytes);
        moved += kind->read(ring, out, bytes);
    }
    return moved;
}

static size_t move_timed(struct ring *ring, const float *in, float *out, size_t bytes,
                         uint32_t blocks) {
    const struct ring_kind *kind = ring->kind;
    size_t moved = 0;
    uint64_t wrong = 0;
    for (uint32_t i = 0; i < blocks; i++) {
        const struct ring_times sent = {.host_time = i, .output_time = i, .cycle = i};
        struct ring_times received = {.cycle = UINT64_MAX};
        moved += kind->write_timed(ring, in, bytes, &sent);
        moved += kind->read_timed(ring, out, bytes, &received);
        wrong += received.cycle != i || received.host_time != i || received.output_time != i;
    }
    return wrong == 0 ? moved : 0;
}

static double run_round(const struct contestant *contestant, const float *in, float *out,
                        size_t bytes, uint32_t blocks) {
    uint64_t begin = bench_now_ns();
    size_t moved =
        (contestant->timed ? move_timed : move_plain)(contestant->ring, in, out, bytes, blocks);
    uint64_t end = bench_now_ns();
    if (moved != 2 * bytes * blocks || memcmp(in, out, bytes) != 0) {
        bench_fail("%s: what came out is not what went in", contestant->name);
    }
    memset(out, 0, bytes);
    return (double)(end - begin) / blocks;
}

static struct contestant make_contestant(const struct ring_kind *kind, bool timed,
                                         uint32_t ring_frames) {
    struct contestant made = {.ring = kind->create(ring_frames, false), .timed = timed};
    snprintf(made.name, sizeof made.name, "%s%s", kind->name, timed ? RING_TIMED_SUFFIX : "");
    if (kind->attach_reader != NULL) {
        kind->attach_reader(made.ring);
    }
    return made;
}

int main(int argc, char **argv) {
    struct bench_options options = bench_options_parse(argc, argv);
    bench_pin(0);
    size_t bytes = options.frames * RING_FRAME_BYTES;
    float *in = bench_shared_memory(bytes);
    float *out = bench_shared_memory(bytes);
    for (uint32_t i = 0; i < options.frames * RING_CHANNELS; i++) {
        in[i] = (float)i / 8388608.0f;
    }

    double *results = calloc((size_t)2 * ring_kind_count * options.rounds, sizeof *results);
    struct contestant *contestants = calloc((size_t)2 * ring_kind_count, sizeof *contestants);
    if (results == NULL || contestants == NULL) {
        bench_fail("out of memory");
    }
    unsigned count = 0;
    for (unsigned k = 0; k < ring_kind_count; k++) {
        contestants[count++] = make_contestant(ring_kinds[k], false, options.ring_frames);
        if (ring_kinds[k]->write_timed != NULL) {
            contestants[count++] = make_contestant(ring_kinds[k], true, options.ring_frames);
        }
    }
    for (uint32_t round = 0; round < options.rounds; round++) {
        for (unsigned k = 0; k < count; k++) {
            /* caches, predictors */
            run_round(&contestants[k], in, out, bytes, options.blocks / 10 + 1);
            results[k * options.rounds + round] =
                run_round(&contestants[k], in, out, bytes, options.blocks);
        }
    }
    for (unsigned k = 0; k < count; k++) {
        contestants[k].ring->kind->destroy(contestants[k].ring);
    }

    printf("{\"frames\": %u, \"ring_frames\": %u, \"blocks\": %u, \"rounds\": {", options.frames,
           options.ring_frames, options.blocks);
    for (unsigned k = 0; k < count; k++) {
        printf("%s", k == 0 ? "" : ", ");
        bench_print_rounds(contestants[k].name, results + k * options.rounds, options.rounds);
    }
    printf("}}\n");
    free(contestants);
    free(results);
    return 0;
}
