/* gecko_memory.h - how writer and readers touch the shared memory.
 *
 * Offsets are those of gecko_shm.h. Header fields are C11 atomics: every store is a release, every
 * load an acquire, which is free on x86-64 and one cheap instruction on arm64, and which makes the
 * protocols right without further fences.
 *
 * Audio is different: it is copied with memcpy, because a block is too long for atomics, and a
 * reader that is too slow may copy while the writer overwrites. The copy is then thrown away
 * (WRITE_CLAIM tells), as with any sequence lock, and two fences order the copy against the claim.
 * The C11 memory model calls the overlap a data race all the same, and so would ThreadSanitizer.
 * Under ThreadSanitizer the audio is therefore copied word by word with atomics, and the
 * fences, which it does not model, are not needed. What is checked is the protocol: a missing check
 * or a wrong order would still be reported or found by the tests that look at the data.
 */
#ifndef GECKO_MEMORY_H
#define GECKO_MEMORY_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SANITIZE_THREAD__)
#define GECKO_WORDWISE 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define GECKO_WORDWISE 1
#endif
#endif
#ifndef GECKO_WORDWISE
#define GECKO_WORDWISE 0
#endif

_Static_assert(sizeof(float) == 4, "the audio is Float32");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the layout is little-endian");

static inline uint32_t gecko_load_u32(const void *base, size_t offset) {
    const unsigned char *at = (const unsigned char *)base + offset;
    return atomic_load_explicit((const _Atomic uint32_t *)(const void *)at, memory_order_acquire);
}

static inline uint64_t gecko_load_u64(const void *base, size_t offset) {
    const unsigned char *at = (const unsigned char *)base + offset;
    return atomic_load_explicit((const _Atomic uint64_t *)(const void *)at, memory_order_acquire);
}

static inline double gecko_load_f64(const void *base, size_t offset) {
    uint64_t bits = gecko_load_u64(base, offset);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline void gecko_store_u32(void *base, size_t offset, uint32_t value) {
    unsigned char *at = (unsigned char *)base + offset;
    atomic_store_explicit((_Atomic uint32_t *)(void *)at, value, memory_order_release);
}

static inline void gecko_store_u64(void *base, size_t offset, uint64_t value) {
    unsigned char *at = (unsigned char *)base + offset;
    atomic_store_explicit((_Atomic uint64_t *)(void *)at, value, memory_order_release);
}

static inline void gecko_store_f64(void *base, size_t offset, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    gecko_store_u64(base, offset, bits);
}

/* Stores `value` when the word still holds `expected`. */
static inline int gecko_swap_u32(void *base, size_t offset, uint32_t expected, uint32_t value) {
    unsigned char *at = (unsigned char *)base + offset;
    return atomic_compare_exchange_strong_explicit((_Atomic uint32_t *)(void *)at, &expected, value,
                                                   memory_order_acq_rel, memory_order_acquire);
}

/* Writer: between raising WRITE_CLAIM and the first byte of audio. */
static inline void gecko_fence_after_claim(void) {
#if !GECKO_WORDWISE
    atomic_thread_fence(memory_order_release);
#endif
}

/* Reader: between the last byte of audio and looking at WRITE_CLAIM again. */
static inline void gecko_fence_before_check(void) {
#if !GECKO_WORDWISE
    atomic_thread_fence(memory_order_acquire);
#endif
}

/* `bytes` is a multiple of 4, both ends are aligned to 4. */
static inline void gecko_copy_in(void *shared, const void *from, size_t bytes) {
#if GECKO_WORDWISE
    _Atomic uint32_t *to = (_Atomic uint32_t *)shared;
    const unsigned char *source = (const unsigned char *)from;
    for (size_t i = 0; i < bytes / 4; i++) {
        uint32_t word;
        memcpy(&word, source + 4 * i, 4);
        atomic_store_explicit(&to[i], word, memory_order_release);
    }
#else
    memcpy(shared, from, bytes);
#endif
}

static inline void gecko_copy_out(void *to, const void *shared, size_t bytes) {
#if GECKO_WORDWISE
    const _Atomic uint32_t *from = (const _Atomic uint32_t *)shared;
    unsigned char *target = (unsigned char *)to;
    for (size_t i = 0; i < bytes / 4; i++) {
        uint32_t word = atomic_load_explicit(&from[i], memory_order_acquire);
        memcpy(target + 4 * i, &word, 4);
    }
#else
    memcpy(to, shared, bytes);
#endif
}

#endif
