/* bunghole_playout.c */
#include "bunghole_playout.h"
#include <stddef.h>
#include <string.h>

#define CHANNELS 2u

_Static_assert((BUNGHOLE_PLAYOUT_FRAMES & (BUNGHOLE_PLAYOUT_FRAMES - 1)) == 0, "a power of two");

static uint64_t relaxed(const _Atomic uint64_t *counter) {
    return atomic_load_explicit(counter, memory_order_relaxed);
}

/* Counters have one writer: no need of an atomic addition. */
static void add(_Atomic uint64_t *counter, uint64_t amount) {
    atomic_store_explicit(counter, relaxed(counter) + amount, memory_order_relaxed);
}

void bunghole_playout_init(struct bunghole_playout *playout) {
    memset(playout, 0, sizeof *playout);
    atomic_init(&playout->head, 0);
    atomic_init(&playout->tail, 0);
    atomic_init(&playout->overflow, 0);
    atomic_init(&playout->unwanted, 0);
    atomic_init(&playout->wanted, false);
    atomic_init(&playout->underflows, 0);
    atomic_init(&playout->silent, 0);
    atomic_init(&playout->cuts, 0);
    atomic_init(&playout->cut_frames, 0);
}

static void prime_again(struct bunghole_playout *playout) {
    playout->primed = false;
    playout->long_frames = 0;
    playout->fade_left = 0;
}

void bunghole_playout_start(struct bunghole_playout *playout) {
    atomic_store_explicit(&playout->tail,
                          atomic_load_explicit(&playout->head, memory_order_acquire),
                          memory_order_release);
    prime_again(playout);
    atomic_store_explicit(&playout->wanted, true, memory_order_release);
}

void bunghole_playout_stop(struct bunghole_playout *playout) {
    atomic_store_explicit(&playout->wanted, false, memory_order_release);
}

uint64_t bunghole_playout_fill(const struct bunghole_playout *playout) {
    uint64_t tail = atomic_load_explicit(&playout->tail, memory_order_acquire);
    return atomic_load_explicit(&playout->head, memory_order_acquire) - tail;
}

/* ---- the writer ------------------------------------------------------------------------------ */

uint32_t bunghole_playout_write(struct bunghole_playout *playout, const float *audio,
                                uint32_t frames) {
    if (!atomic_load_explicit(&playout->wanted, memory_order_acquire)) {
        add(&playout->unwanted, frames);
        return 0;
    }
    uint64_t head = relaxed(&playout->head);
    uint64_t tail = atomic_load_explicit(&playout->tail, memory_order_acquire);
    uint64_t room = BUNGHOLE_PLAYOUT_FRAMES - (head - tail);
    uint32_t taken = frames < room ? frames : (uint32_t)room;
    uint32_t at = (uint32_t)(head % BUNGHOLE_PLAYOUT_FRAMES);
    uint32_t first = BUNGHOLE_PLAYOUT_FRAMES - at < taken ? BUNGHOLE_PLAYOUT_FRAMES - at : taken;
    const size_t frame = CHANNELS;
    memcpy(playout->frames + at * frame, audio, first * frame * sizeof *audio);
    memcpy(playout->frames, audio + first * frame, (taken - first) * frame * sizeof *audio);
    atomic_store_explicit(&playout->head, head + taken, memory_order_release);
    add(&playout->overflow, frames - taken);
    return taken;
}

/* ---- the reader ------------------------------------------------------------------------------ */

static const float *frame_at(const struct bunghole_playout *playout, uint64_t position) {
    return playout->frames + (size_t)(position % BUNGHOLE_PLAYOUT_FRAMES) * CHANNELS;
}

static void copy_out(const struct bunghole_playout *playout, uint64_t position, float *audio,
                     uint32_t frames) {
    uint32_t at = (uint32_t)(position % BUNGHOLE_PLAYOUT_FRAMES);
    uint32_t first = BUNGHOLE_PLAYOUT_FRAMES - at < frames ? BUNGHOLE_PLAYOUT_FRAMES - at : frames;
    const size_t frame = CHANNELS;
    memcpy(audio, playout->frames + at * frame, first * frame * sizeof *audio);
    memcpy(audio + first * frame, playout->frames, (frames - first) * frame * sizeof *audio);
}

static void begin_cut(struct bunghole_playout *playout, uint64_t too_much) {
    playout->fade_gap = (uint32_t)too_much;
    playout->fade_left = BUNGHOLE_PLAYOUT_FADE;
    playout->long_frames = 0;
    add(&playout->cuts, 1);
    add(&playout->cut_frames, too_much);
}

/* Whether there is too much, by what was there before each read. */
static void watch_latency(struct bunghole_playout *playout, uint64_t fill, uint64_t target,
                          uint32_t frames) {
    if (playout->fade_left > 0) {
        return;
    }
    if (fill > target + BUNGHOLE_PLAYOUT_LIMIT) {
        begin_cut(playout, fill - target);
        return;
    }
    if (fill <= target + BUNGHOLE_PLAYOUT_SPARE) {
        playout->long_frames = 0;
        return;
    }
    if (playout->long_frames == 0 || fill < playout->least) {
        playout->least = fill;
    }
    playout->long_frames += frames;
    if (playout->long_frames >= BUNGHOLE_PLAYOUT_WINDOW) {
        begin_cut(playout, playout->least - target);
    }
}

/* Reads from both sides of the cut, more and more from the far one. Returns the new position. */
static uint64_t fade(struct bunghole_playout *playout, uint64_t position, float *audio,
                     uint32_t frames) {
    for (uint32_t i = 0; i < frames; i++) {
        const float *near = frame_at(playout, position + i);
        const float *far = frame_at(playout, position + i + playout->fade_gap);
        float weight = (float)playout->fade_left-- / (float)BUNGHOLE_PLAYOUT_FADE;
        for (uint32_t channel = 0; channel < CHANNELS; channel++) {
            audio[i * CHANNELS + channel] = far[channel] + (near[channel] - far[channel]) * weight;
        }
    }
    return position + frames + (frames > 0 && playout->fade_left == 0 ? playout->fade_gap : 0);
}

static uint64_t target_for(uint32_t frames) {
    return frames <= BUNGHOLE_PLAYOUT_SMALL
               ? BUNGHOLE_PLAYOUT_TARGET
               : BUNGHOLE_PLAYOUT_TARGET + (uint64_t)frames - BUNGHOLE_PLAYOUT_SMALL;
}

uint32_t bunghole_playout_read(struct bunghole_playout *playout, float *audio, uint32_t frames) {
    uint64_t tail = relaxed(&playout->tail);
    uint64_t fill = atomic_load_explicit(&playout->head, memory_order_acquire) - tail;
    uint64_t target = target_for(frames);
    if (!playout->primed && fill > target) {
        /* After silence nothing needs a cross-fade: what is too old for the target is left out. */
        add(&playout->cut_frames, fill - target);
        tail += fill - target;
        fill = target;
    }
    playout->primed = playout->primed || fill >= target;
    if (!playout->primed) {
        memset(audio, 0, (size_t)frames * CHANNELS * sizeof *audio);
        add(&playout->silent, frames);
        return 0;
    }
    watch_latency(playout, fill, target, frames);

    uint32_t faded = playout->fade_left < frames ? playout->fade_left : frames;
    if (faded > 0 && fill < (uint64_t)playout->fade_gap + frames) {
        faded = playout->fade_left = 0; /* it has run low meanwhile: all of it is needed */
    }
    uint64_t position = fade(playout, tail, audio, faded);
    uint64_t left = fill - (position - tail);
    uint32_t wanted = frames - faded;
    uint32_t copied = wanted < left ? wanted : (uint32_t)left;
    copy_out(playout, position, audio + (size_t)faded * CHANNELS, copied);
    if (copied < wanted) {
        memset(audio + (size_t)(faded + copied) * CHANNELS, 0,
               (size_t)(wanted - copied) * CHANNELS * sizeof *audio);
        add(&playout->underflows, 1);
        add(&playout->silent, wanted - copied);
        prime_again(playout);
    }
    atomic_store_explicit(&playout->tail, position + copied, memory_order_release);
    return faded + copied;
}
