/* digest.h - a 64-bit hash of values and blocks: fast, the same on every machine, of no
 * cryptographic strength.
 *
 * One step is a multiplication of two 64-bit words into 128 bits whose halves are xored. A word
 * that differs, or stands elsewhere, changes all bits of the result; unequal inputs collide with a
 * probability of about 2^-64 unless someone wants them to. Blocks go through four such chains, 16
 * bytes each at a time, so that a processor can work on all of them at once.
 *
 * Memory is read as little-endian words, and samples are hashed as they lie in memory: what hal-lab
 * runs on is little-endian.
 */
#ifndef HALSIM_DIGEST_H
#define HALSIM_DIGEST_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "digests read little-endian words");

/* Odd numbers with about as many ones as zeros; the first is 2^64 over the golden ratio. */
#define HALSIM_DIGEST_A UINT64_C(0x9E3779B97F4A7C15)
#define HALSIM_DIGEST_B UINT64_C(0xD1B54A32D192ED03)
#define HALSIM_DIGEST_C UINT64_C(0xABC98388FB8FAC03)
#define HALSIM_DIGEST_D UINT64_C(0x8CB92BA72F3D8DD7)

static inline uint64_t halsim_digest_mix(uint64_t a, uint64_t b) {
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* `digest` with one more word. */
static inline uint64_t halsim_digest_word(uint64_t digest, uint64_t word) {
    return halsim_digest_mix(digest ^ HALSIM_DIGEST_A, word ^ HALSIM_DIGEST_B) + word;
}

/* `digest` with the bytes of a double: -0.0 is not 0.0, a NaN is itself. */
static inline uint64_t halsim_digest_real(uint64_t digest, double value) {
    uint64_t word;
    memcpy(&word, &value, sizeof word);
    return halsim_digest_word(digest, word);
}

/* `digest` with a block and its length. */
uint64_t halsim_digest_bytes(uint64_t digest, const void *bytes, size_t count);

#endif
