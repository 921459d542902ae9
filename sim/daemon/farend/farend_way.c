/* farend_way.c - what happens to frames between shared memory and the check. */
#ifdef HAL_LAB_HAVE_GECKO_READER
#include "farend_private.h"
#include <stdlib.h>
#include <string.h>

/* No number of the counter: it has no fractions as fine as this. */
#define NOISE 0.7071067811865475f

/* ---- held up ------------------------------------------------------------------------------- */

/* What the far end holds for the way, so that it is not taken for the driver's. */
static void tell_size(struct farend *farend) {
    const struct farend_way *way = &farend->way;
    farend->live.way_bytes = (way->held_room + way->pair_samples) * sizeof(float);
}

static void release(struct farend *farend) {
    struct farend_way *way = &farend->way;
    way->holding = false;
    if (way->held_frames > 0) {
        uint64_t held_ns = farend->now_ns - way->hold_since_ns;
        struct farend_stats *live = &farend->live;
        live->held_frames += way->held_frames;
        live->held_ns_peak = held_ns > live->held_ns_peak ? held_ns : live->held_ns_peak;
        farend_take(farend, way->held, way->held_frames, way->held_lost_frames);
    }
    free(way->held); /* may be much, and is seldom needed */
    way->held = NULL;
    way->held_room = 0;
    way->held_frames = 0;
    way->held_lost_frames = 0;
    tell_size(farend);
}

static bool make_room(struct farend *farend, size_t samples) {
    struct farend_way *way = &farend->way;
    if (samples <= way->held_room) {
        return true;
    }
    size_t room = samples > 2 * way->held_room ? samples : 2 * way->held_room;
    float *held = realloc(way->held, room * sizeof *held);
    if (held == NULL) {
        return false;
    }
    way->held = held;
    way->held_room = room;
    tell_size(farend);
    return true;
}

/* The end of the way, or the place where frames lie on it. */
static void arrive(struct farend *farend, const float *block, uint32_t frames,
                   uint64_t lost_frames) {
    struct farend_way *way = &farend->way;
    size_t channels = farend->live.channels;
    if (!way->holding) {
        farend_take(farend, block, frames, lost_frames);
        return;
    }
    if (!make_room(farend, (way->held_frames + (size_t)frames) * channels)) {
        release(farend); /* it was to hold them, and cannot */
        farend_take(farend, block, frames, lost_frames);
        return;
    }
    if (way->held_frames == 0) {
        way->hold_since_ns = farend->now_ns;
    }
    memcpy(way->held + way->held_frames * channels, block, frames * channels * sizeof *block);
    way->held_frames += frames;
    way->held_lost_frames += lost_frames;
}

void farend_hold(struct farend *farend, uint64_t cycles) {
    farend->way.holding = true;
    farend->way.hold_to = farend->live.cycles + cycles;
    if (cycles == 0) {
        release(farend);
    }
}

void farend_way_end_cycle(struct farend *farend) {
    if (farend->live.cycles >= farend->way.hold_to) {
        release(farend);
    }
}

/* ---- exchanged ------------------------------------------------------------------------------ */

/* Frames of pairs. Of each the first block waits; the second passes it. */
static void pass_pairs(struct farend *farend, const float *block, uint32_t frames,
                       uint64_t lost_frames) {
    struct farend_way *way = &farend->way;
    size_t channels = farend->live.channels;
    while (frames > 0) {
        bool is_first = way->pair_at < way->pair_frames;
        uint32_t end = is_first ? way->pair_frames : 2 * way->pair_frames;
        uint32_t count = frames < end - way->pair_at ? frames : end - way->pair_at;
        if (is_first) {
            memcpy(way->pair + way->pair_at * channels, block, count * channels * sizeof *block);
        } else {
            arrive(farend, block, count, lost_frames);
            lost_frames = 0;
        }
        way->pair_at += count;
        if (way->pair_at == 2 * way->pair_frames) {
            arrive(farend, way->pair, way->pair_frames, lost_frames);
            lost_frames = 0;
            way->pair_at = 0;
        }
        block += count * channels;
        frames -= count;
    }
}

/* How many of the next `count` frames to be damaged belong to whole pairs. */
static uint32_t in_pairs(const struct farend_way *way, uint32_t count) {
    uint64_t pair = UINT64_C(2) * way->pair_frames;
    uint64_t whole = (way->damage_left + way->pair_at) / pair * pair;
    uint64_t left = whole - way->pair_at;
    return left < count ? (uint32_t)left : count;
}

/* The first block of a pair whose second one does not come any more. */
static void let_go_of_pair(struct farend *farend) {
    struct farend_way *way = &farend->way;
    uint32_t waits = way->pair_at < way->pair_frames ? way->pair_at : way->pair_frames;
    way->pair_at = 0;
    if (waits > 0) {
        arrive(farend, way->pair, waits, 0);
    }
    free(way->pair);
    way->pair = NULL;
    way->pair_samples = 0;
    tell_size(farend);
}

/* ---- damaged -------------------------------------------------------------------------------- */

void farend_way_pass(struct farend *farend, float *block, uint32_t frames, uint64_t lost_frames) {
    struct farend_way *way = &farend->way;
    uint32_t channels = farend->live.channels;
    uint32_t count = way->damage_left < frames ? (uint32_t)way->damage_left : frames;
    uint32_t paired = way->damage == FAREND_REORDER ? in_pairs(way, count) : 0;
    way->damage_left -= count;
    farend->live.damaged_frames += count;
    switch (way->damage) {
    case FAREND_LOSE:
        block += (size_t)count * channels;
        frames -= count;
        break;
    case FAREND_CORRUPT:
        for (size_t i = 0; i < (size_t)count * channels; i++) {
            block[i] = NOISE;
        }
        break;
    case FAREND_REPEAT:
        if (count > 0) {
            arrive(farend, block, count, lost_frames);
            lost_frames = 0; /* told once */
        }
        break;
    case FAREND_SILENCE:
        memset(block, 0, (size_t)count * channels * sizeof *block);
        break;
    case FAREND_SWAP:
        for (uint32_t i = 0; i < count && channels > 1; i++) {
            float *frame = block + (size_t)i * channels;
            float first = frame[0];
            frame[0] = frame[1];
            frame[1] = first;
        }
        break;
    case FAREND_REORDER:
        pass_pairs(farend, block, paired, lost_frames);
        lost_frames = paired > 0 ? 0 : lost_frames;
        block += (size_t)paired * channels;
        frames -= paired;
        break;
    }
    if (frames > 0) {
        arrive(farend, block, frames, lost_frames);
    }
    if (way->damage_left == 0 && way->pair != NULL) {
        let_go_of_pair(farend); /* nothing waits */
    }
}

bool farend_damage(struct farend *farend, enum farend_damage kind, uint64_t frames,
                   uint32_t block) {
    struct farend_way *way = &farend->way;
    let_go_of_pair(farend);
    if (kind == FAREND_REORDER) {
        uint32_t channels = farend->live.channels > 0 ? farend->live.channels : 1;
        size_t samples = (size_t)block * channels;
        way->pair = malloc(samples * sizeof *way->pair);
        if (way->pair == NULL) {
            way->damage_left = 0;
            return false;
        }
        way->pair_samples = samples;
        tell_size(farend);
        way->pair_frames = block;
    }
    way->damage = kind;
    way->damage_left = frames;
    return true;
}

void farend_way_forget(struct farend *farend) {
    farend_way_free(farend);
    farend->way = (struct farend_way){.damage = FAREND_LOSE};
    tell_size(farend);
}

void farend_way_free(struct farend *farend) {
    free(farend->way.pair);
    free(farend->way.held);
}

#else
typedef int farend_way_is_not_empty; /* ISO C wants something in each file */
#endif
