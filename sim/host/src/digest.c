#include "digest.h"

static uint64_t word_at(const unsigned char *bytes) {
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

/* The number of bytes goes in first, so that the zeros that fill up the last words say nothing. */
uint64_t halsim_digest_bytes(uint64_t digest, const void *bytes, size_t count) {
    const unsigned char *at = bytes;
    digest = halsim_digest_word(digest, count);
    if (count >= 64) {
        uint64_t a = digest ^ HALSIM_DIGEST_A, b = digest ^ HALSIM_DIGEST_B;
        uint64_t c = digest ^ HALSIM_DIGEST_C, d = digest ^ HALSIM_DIGEST_D;
        for (; count >= 64; at += 64, count -= 64) {
            a = halsim_digest_mix(word_at(at) ^ HALSIM_DIGEST_A, word_at(at + 8) ^ a);
            b = halsim_digest_mix(word_at(at + 16) ^ HALSIM_DIGEST_B, word_at(at + 24) ^ b);
            c = halsim_digest_mix(word_at(at + 32) ^ HALSIM_DIGEST_C, word_at(at + 40) ^ c);
            d = halsim_digest_mix(word_at(at + 48) ^ HALSIM_DIGEST_D, word_at(at + 56) ^ d);
        }
        digest = halsim_digest_word(halsim_digest_word(a, b), halsim_digest_word(c, d));
    }
    while (count >= 8) {
        digest = halsim_digest_word(digest, word_at(at));
        at += 8;
        count -= 8;
    }
    if (count > 0) {
        uint64_t last = 0;
        memcpy(&last, at, count);
        digest = halsim_digest_word(digest, last);
    }
    return digest;
}
