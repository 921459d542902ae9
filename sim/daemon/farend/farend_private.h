/* farend_private.h - what the files of the far end of Gecko Sink share.
 *
 *   farend_gecko.c         opening, reading, what the driver does meanwhile
 *   farend_gecko_faults.c  readers that stay away, are slow, come and go
 *   farend_way.c           the way from shared memory to the check: damage, and frames held up
 */
#ifndef HALSIM_FAREND_PRIVATE_H
#define HALSIM_FAREND_PRIVATE_H

#include "farend.h"
#include "handover.h"
#include <gecko/gecko_reader.h>

/* Frames that one read takes at most; what an IO cycle brings is less. */
#define FAREND_BLOCK_FRAMES 8192u

/* What lies between shared memory and check. */
struct farend_way {
    enum farend_damage damage;
    uint64_t damage_left; /* frames */
    /* FAREND_REORDER: the first block of a pair waits here for the second. */
    uint32_t pair_frames; /* of a block */
    uint32_t pair_at;     /* frames of the pair that have come */
    float *pair;
    size_t pair_samples; /* room */
    /* What lies on the way. */
    bool holding;
    uint64_t hold_to; /* cycle in which it ends */
    uint64_t hold_since_ns;
    float *held;
    size_t held_room; /* samples */
    uint32_t held_frames;
    uint64_t held_lost_frames; /* missed before or between them */
};

struct farend {
    struct halsim_host *host;
    uint32_t device;
    uint32_t every_cycles;
    uint32_t until_read; /* cycles until the next read */
    bool check;
    uint64_t stall_from, stall_to;
    uint64_t slow_to; /* cycle in which the reader is no longer slow */
    uint32_t slow_percent;
    uint64_t slow_credit; /* hundredths of frames that it may take */
    bool detached;
    uint64_t now_ns; /* of the last cycle */
    struct farend_way way;
    struct gecko_reader *reader; /* NULL: nothing there yet */
    struct gecko_reader *half_open[FAREND_HALF_OPEN_MAX];
    struct halsim_sink *recording;
    float *block;
    size_t block_samples;
    struct farend_stats live;
    struct farend_stats copy;
    struct handover handover;
    bool from_oldest;
    char *name;
    char *record;
    uint64_t record_frames;
};

/* ---- farend_gecko.c ---- */

/* From here on it only counts cycles. */
void farend_give_up(struct farend *farend, const char *why);
/* Opens the name if something is there. */
void farend_open_late(struct farend *farend);
/* To check, recording and fingerprint: they have arrived. */
void farend_take(struct farend *farend, const float *block, uint32_t frames, uint64_t lost_frames);

/* ---- farend_way.c ---- */

/* Frames leave shared memory. `block` may be changed. */
void farend_way_pass(struct farend *farend, float *block, uint32_t frames, uint64_t lost_frames);
/* After each cycle: what is due arrives. */
void farend_way_end_cycle(struct farend *farend);
/* Nothing is damaged any more, and what lies on the way does not arrive. */
void farend_way_forget(struct farend *farend);
void farend_way_free(struct farend *farend);
/* Whether frames go straight to the check. */
static inline bool farend_way_is_clear(const struct farend *farend) {
    return farend->way.damage_left == 0 && !farend->way.holding;
}

#endif
