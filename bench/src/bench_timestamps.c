/* bench_timestamps.c - what the timestamp oracle costs a cycle: with the timestamp of before, which
 * is nearly always, and with a new one; beside a memcpy of the cycle's block. The rounds alternate.
 */
#include "bench_support.h"
#include "timestamp_oracle.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PERIOD       16384u
#define BLOCK_BYTES  (480 * 2 * sizeof(float))
#define PERIOD_NS    UINT64_C(341333333)
#define ROUNDS_NAMES 3

static double run_known(struct halsim_timestamp_oracle *oracle, uint32_t blocks) {
    const struct halsim_timestamp stamp = oracle->last;
    uint32_t known = 0;
    uint64_t begin = bench_now_ns();
    for (uint32_t i = 0; i < blocks; i++) {
        /* Three variables, as the host has them: the driver writes each. */
        double sample = stamp.sample;
        uint64_t host_ns = stamp.host_ns, seed = stamp.seed;
        bench_keep(&sample);
        bench_keep(&host_ns);
        bench_keep(&seed);
        const struct halsim_moment moment = {host_ns + i, i};
        if (halsim_oracle_knows(oracle, sample, host_ns, seed)) {
            halsim_oracle_check_age(oracle, &moment);
            known++;
        }
    }
    uint64_t end = bench_now_ns();
    if (known != blocks) {
        bench_fail("the oracle does not know the timestamp of before");
    }
    return (double)(end - begin) / blocks;
}

static double run_new(struct halsim_timestamp_oracle *oracle, uint32_t blocks) {
    struct halsim_timestamp stamp = oracle->last;
    uint64_t begin = bench_now_ns();
    for (uint32_t i = 0; i < blocks; i++) {
        stamp.sample += PERIOD;
        stamp.host_ns += PERIOD_NS;
        const struct halsim_moment moment = {stamp.host_ns + 1000, i};
        if (!halsim_oracle_knows(oracle, stamp.sample, stamp.host_ns, stamp.seed)) {
            halsim_oracle_take(oracle, &stamp, stamp.host_ns, &moment);
        }
    }
    return (double)(bench_now_ns() - begin) / blocks;
}

static double run_memcpy(float *to, const float *from, uint32_t blocks) {
    uint64_t begin = bench_now_ns();
    for (uint32_t i = 0; i < blocks; i++) {
        memcpy(to, from, BLOCK_BYTES);
        bench_keep(to);
    }
    return (double)(bench_now_ns() - begin) / blocks;
}

int main(int argc, char **argv) {
    static const char *const names[ROUNDS_NAMES] = {"known", "new", "memcpy"};
    struct bench_options options = bench_options_parse(argc, argv);
    bench_pin(0);
    struct halsim_timestamp_oracle *oracle = calloc(1, sizeof *oracle);
    float *memory = bench_shared_memory(2 * BLOCK_BYTES);
    double *results = calloc((size_t)ROUNDS_NAMES * options.rounds, sizeof *results);
    if (oracle == NULL || results == NULL) {
        bench_fail("out of memory");
    }
    halsim_oracle_begin(oracle, 48000, PERIOD, 480);
    const struct halsim_timestamp first = {0, 1000000000, 1};
    halsim_oracle_take(oracle, &first, first.host_ns,
                       &(struct halsim_moment){first.host_ns + 1000, 0});
    for (uint32_t round = 0; round < options.rounds; round++) {
        results[round] = run_known(oracle, options.blocks);
        results[options.rounds + round] = run_new(oracle, options.blocks);
        results[2 * options.rounds + round] =
            run_memcpy(memory, memory + BLOCK_BYTES / sizeof *memory, options.blocks);
    }
    struct halsim_timestamp_report report;
    halsim_oracle_report(oracle, &report);
    if (report.time_lines != 1 ||
        report.driver.points != (uint64_t)options.rounds * options.blocks + 1) {
        bench_fail("a good clock was not found good");
    }
    printf("{\"blocks\": %u, \"rounds\": {", options.blocks);
    for (unsigned k = 0; k < ROUNDS_NAMES; k++) {
        printf("%s", k == 0 ? "" : ", ");
        bench_print_rounds(names[k], results + k * options.rounds, options.rounds);
    }
    printf("}}\n");
    free(results);
    free(oracle);
    return 0;
}
