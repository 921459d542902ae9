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

static double run_round(struct ring *ring, const float *in, float *out, size_t bytes,
                        uint32_t blocks) {
    const struct ring_kind *kind = ring->kind;
    uint64_t begin = bench_now_ns();
    size_t moved = 0;
    for (uint32_t i = 0; i < blocks; i++) {
        moved += kind->write(ring, in, bytes);
        moved += kind->read(ring, out, bytes);
    }
    uint64_t end = bench_now_ns();
    if (moved != 2 * bytes * blocks || memcmp(in, out, bytes) != 0) {
        bench_fail("%s: what came out is not what went in", kind->name);
    }
    memset(out, 0, bytes);
    return (double)(end - begin) / blocks;
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

    double *results = calloc((size_t)ring_kind_count * options.rounds, sizeof *results);
    struct ring **rings = calloc(ring_kind_count, sizeof *rings);
    if (results == NULL || rings == NULL) {
        bench_fail("out of memory");
    }
    for (unsigned k = 0; k < ring_kind_count; k++) {
        rings[k] = ring_kinds[k]->create(options.ring_frames, false);
        if (ring_kinds[k]->attach_reader != NULL) {
            ring_kinds[k]->attach_reader(rings[k]);
        }
    }
    for (uint32_t round = 0; round < options.rounds; round++) {
        for (unsigned k = 0; k < ring_kind_count; k++) {
            run_round(rings[k], in, out, bytes, options.blocks / 10 + 1); /* caches, predictors */
            results[k * options.rounds + round] =
                run_round(rings[k], in, out, bytes, options.blocks);
        }
    }
    for (unsigned k = 0; k < ring_kind_count; k++) {
        ring_kinds[k]->destroy(rings[k]);
    }

    printf("{\"frames\": %u, \"ring_frames\": %u, \"blocks\": %u, \"rounds\": {", options.frames,
           options.ring_frames, options.blocks);
    for (unsigned k = 0; k < ring_kind_count; k++) {
        printf("%s", k == 0 ? "" : ", ");
        bench_print_rounds(ring_kinds[k]->name, results + k * options.rounds, options.rounds);
    }
    printf("}}\n");
    free(rings);
    free(results);
    return 0;
}
