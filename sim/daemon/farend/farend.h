/* farend.h - readers of a driver's output that live inside the host.
 *
 * A far end takes what the driver sends out on the other side (here: the shared memory of Gecko
 * Sink) in step with the IO cycles: at a clock that runs faster than real time no other process
 * could keep up, and its figures would not be the same each time. It runs as a cycle hook, on the
 * IO thread of one device.
 */
#ifndef HALSIM_FAREND_H
#define HALSIM_FAREND_H

#include "halsim/host.h"
#include "halsim/signal.h"

struct farend;

struct farend_config {
    const char *name;       /* of the shared memory: "/GeckoAudioShm" */
    uint32_t device;        /* whose cycles drive it */
    uint32_t every_cycles;  /* it reads after each n-th cycle; 1 and up */
    bool check;             /* look at self-numbering PCM */
    const char *record;     /* raw Float32 file; NULL: none */
    uint64_t record_frames; /* room in it */
    bool from_oldest;       /* begin with the oldest frame that is there; default the newest */
    uint64_t stall_from;    /* first cycle, counted from 0, at which it does not read ... */
    uint64_t stall_cycles;  /* ... and how many; 0: never */
};

struct farend_stats {
    uint64_t cycles; /* of the device */
    uint64_t reads;  /* that brought at least one frame */
    uint64_t empty_reads;
    uint64_t frames;
    uint64_t lost_frames; /* overwritten before they were read; v1 cannot tell: always 0 */
    uint64_t torn_reads;  /* that lost frames while they were being copied */
    uint64_t torn_frames; /* of those, overwritten while they were being copied */
    uint64_t generation_changes;
    uint64_t reopens;      /* the driver left the object for another one */
    uint64_t backlog_peak; /* frames that waited, at most */
    uint64_t attachments;  /* how often it found shared memory by its name, first time included */
    uint64_t damaged_frames;
    uint64_t held_frames;  /* that lay on the way while the reader was ready for them */
    uint64_t held_ns_peak; /* how long, at most */
    uint64_t way_bytes;    /* of memory, for frames that are on the way now */
    uint32_t half_open;    /* readers that stay attached and never read */
    uint32_t layout;       /* 1 or 2; 0 until there is shared memory */
    uint32_t channels;
    uint32_t sample_rate;
    bool closed; /* the driver said goodbye */
    bool failed; /* it reads no more: see failure */
    char failure[512];
    struct halsim_check check; /* when it was asked for */
};

/* Only while no IO runs. Shared memory that is not there yet is waited for: the far end then begins
 * with the oldest frame. */
struct farend *farend_open(struct halsim_host *host, const struct farend_config *config,
                           struct halsim_error *error);
/* `wait_ns`: how long to wait for the IO thread; 0 when none runs. */
void farend_read_stats(struct farend *farend, uint64_t wait_ns, struct farend_stats *stats);

/* ---- faults on purpose --------------------------------------------------------------------------
 * Between two cycles: in virtual time at any time, in real time only while no IO runs. */

/* It does not read during the next `cycles` cycles. */
void farend_stall(struct farend *farend, uint64_t cycles);
/* It lets go of the shared memory and only counts cycles, until it is attached again. */
void farend_detach(struct farend *farend);
/* It opens the name anew, now, as if for the first time: the check begins anew, too. Shared memory
 * that is not there is looked for after each cycle. */
void farend_attach(struct farend *farend, bool from_oldest);

/* During the next `cycles` cycles it takes only `percent` (0 to 99) of a cycle's frames in each,
 * and falls behind; then it takes all that is left. */
void farend_slow(struct farend *farend, uint64_t cycles, uint32_t percent);

#define FAREND_HALF_OPEN_MAX 64
/* `count` more readers attach by the name, each with a slot of its own while there are any, and
 * from then on neither read nor give a sign of life. They stay until the far end is closed. How
 * many could attach; at most FAREND_HALF_OPEN_MAX in its life. */
uint32_t farend_half_open(struct farend *farend, uint32_t count);

/* What happens to frames between shared memory and check, as on a transport that damages. */
enum farend_damage {
    FAREND_LOSE = 0,    /* the next frames do not arrive */
    FAREND_CORRUPT = 1, /* they arrive as noise */
    FAREND_REPEAT = 2,  /* they arrive twice */
    FAREND_SILENCE = 3, /* they arrive as zeros */
    FAREND_SWAP = 4,    /* first and second channel change places; nothing in mono */
    FAREND_REORDER = 5, /* they arrive in blocks exchanged two by two */
};
/* The next `frames` frames that it reads. What was asked for before and is not done yet is
 * replaced. `block`: frames of a block for FAREND_REORDER, 1 and up; what is left behind the last
 * whole pair arrives as it is. False when memory is out: then nothing is damaged. */
bool farend_damage(struct farend *farend, enum farend_damage kind, uint64_t frames, uint32_t block);
/* What arrives during the next `cycles` cycles lies on the way, and comes all at once at the end of
 * the last of them. The reader reads on meanwhile; nothing is lost. 0: now. */
void farend_hold(struct farend *farend, uint64_t cycles);

/* Only while no IO runs. Takes its hook out of the host, unless `host` is NULL because it is gone.
 */
void farend_close(struct farend *farend, struct halsim_host *host);

#endif
