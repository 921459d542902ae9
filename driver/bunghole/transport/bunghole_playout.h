/* bunghole_playout.h - from the thread that receives to the IO thread: audio that comes in bursts,
 * read at an even pace.
 *
 * One writer, one reader, neither ever waits. The reader waits with silence until the target is
 * there (prime), reads, and begins again when it runs dry. The target is 40 ms, and for IO buffers
 * above 10 ms as much longer as they are: a packet of 20 ms may be 10 ms late. When 20 ms more than
 * the target were there for 2 s, or 80 ms more at once, what is too much is cut out with a
 * cross-fade of 2.5 ms: latency comes back instead of growing. Nothing is kept unless somebody
 * records.
 */
#ifndef BUNGHOLE_PLAYOUT_H
#define BUNGHOLE_PLAYOUT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* With IO blocks of 8192 the target is 9632, and one more block may come before the next read. */
#define BUNGHOLE_PLAYOUT_FRAMES 32768u
#define BUNGHOLE_PLAYOUT_TARGET 1920u /* 40 ms */
#define BUNGHOLE_PLAYOUT_SMALL  480u
#define BUNGHOLE_PLAYOUT_SPARE  960u /* 20 ms above the target, for so long: */
#define BUNGHOLE_PLAYOUT_WINDOW 96000u
#define BUNGHOLE_PLAYOUT_LIMIT  3840u /* 80 ms above the target */
#define BUNGHOLE_PLAYOUT_FADE   120u

struct bunghole_playout {
    _Alignas(64) _Atomic uint64_t head; /* the writer's */
    _Atomic uint64_t overflow;          /* frames that did not fit */
    _Atomic uint64_t unwanted;          /* frames that came while nobody recorded */
    _Atomic bool wanted;                /* somebody records */

    _Alignas(64) _Atomic uint64_t tail; /* the reader's, as all that follows */
    _Atomic uint64_t underflows;        /* how often it ran dry */
    _Atomic uint64_t silent;            /* frames of silence read, for want of audio */
    _Atomic uint64_t cuts;
    _Atomic uint64_t cut_frames;
    bool primed;
    uint32_t long_frames; /* read since more than the spare was there */
    uint64_t least;       /* fill meanwhile */
    uint32_t fade_left;
    uint32_t fade_gap;
    float frames[BUNGHOLE_PLAYOUT_FRAMES * 2];
};

void bunghole_playout_init(struct bunghole_playout *playout);

/* While no IO thread reads: empties it and lets audio in; and the opposite. */
void bunghole_playout_start(struct bunghole_playout *playout);
void bunghole_playout_stop(struct bunghole_playout *playout);

/* The writer. Returns how many frames were kept. */
uint32_t bunghole_playout_write(struct bunghole_playout *playout, const float *audio,
                                uint32_t frames);
/* The reader. Fills `audio`; returns how many frames of it are not for want of audio. */
uint32_t bunghole_playout_read(struct bunghole_playout *playout, float *audio, uint32_t frames);

uint64_t bunghole_playout_fill(const struct bunghole_playout *playout);

#endif
