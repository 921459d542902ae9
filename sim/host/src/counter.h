/* counter.h - the codes of self-numbering PCM, for the source that makes them and the check that
 * reads them. halsim/signal.h says what they are. */
#ifndef HALSIM_COUNTER_H
#define HALSIM_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

#define HALSIM_COUNTER_CODES  (UINT32_C(1) << 24)
#define HALSIM_COUNTER_CENTRE ((int32_t)(HALSIM_COUNTER_CODES / 2))

/* How many codes there are for so many channels: whole frames of them. */
static inline uint32_t halsim_counter_codes(uint32_t channels) {
    return HALSIM_COUNTER_CODES / channels * channels;
}

/* `code` is below HALSIM_COUNTER_CODES. */
static inline float halsim_counter_sample(uint32_t code) {
    /* Subtracted without a sign, so that a loop over codes may do it once. */
    int32_t level = (int32_t)(code - (uint32_t)HALSIM_COUNTER_CENTRE);
    return (float)level * (1.0f / (float)HALSIM_COUNTER_CENTRE);
}

/* A block in pieces within which the codes go up one by one, so that a loop over a piece carries
 * nothing from sample to sample and vectorises. */
struct halsim_counter_run {
    uint32_t at;      /* first sample of the piece in the block */
    uint32_t samples; /* in the piece */
    uint32_t code;    /* of its first sample */
    uint32_t codes;
    uint32_t left; /* samples of the block behind the piece */
};

/* Sample `first` of the stream is the first of the block. */
static inline struct halsim_counter_run halsim_counter_from(uint64_t first, uint32_t channels,
                                                            uint32_t samples) {
    uint32_t codes = halsim_counter_codes(channels);
    return (struct halsim_counter_run){
        .code = (uint32_t)(first % codes), .codes = codes, .left = samples};
}

/* Moves on to the next piece; false after the last. */
static inline bool halsim_counter_next(struct halsim_counter_run *run) {
    uint32_t until_wrap = run->codes - run->code - run->samples;
    run->at += run->samples;
    run->code = until_wrap == 0 ? 0 : run->code + run->samples;
    uint32_t room = run->codes - run->code;
    run->samples = room < run->left ? room : run->left;
    run->left -= run->samples;
    return run->samples > 0;
}

#endif
