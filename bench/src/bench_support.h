/* bench_support.h - what the measuring programs share: a clock, a processor of their own, options,
 * output.
 *
 * A program prints one JSON object. Numbers of rounds are nanoseconds per block, in the order in
 * which the rounds ran, so that the reader can pair the rounds of different contestants.
 */
#ifndef BENCH_SUPPORT_H
#define BENCH_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* CLOCK_MONOTONIC. */
uint64_t bench_now_ns(void);

/* Stays on the n-th processor this process may use, counted modulo their number. Returns how many
 * there are. */
unsigned bench_pin(unsigned n);

/* Prevents the compiler from dropping stores to what `pointer` leads to. */
static inline void bench_keep(const void *pointer) {
    __asm__ volatile("" : : "r"(pointer) : "memory");
}

struct bench_options {
    uint32_t frames;      /* of a block, default 480 */
    uint32_t ring_frames; /* a power of two, default 16,384 */
    uint32_t blocks;      /* per round, default 2,000 */
    uint32_t rounds;      /* default 100 */
};

/* Reads --frames, --ring-frames, --blocks, --rounds; ends the program with 2 and one line on stderr
 * when they make no sense. */
struct bench_options bench_options_parse(int argc, char **argv);

/* Ends the program with 1 and one line on stderr. */
_Noreturn void bench_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Memory that a fork shares, zeroed and touched; ends the program when there is none. */
void *bench_shared_memory(size_t size);

/* "name": [1.0, 2.0, ...] */
void bench_print_rounds(const char *name, const double *ns_per_block, uint32_t count);

#endif
