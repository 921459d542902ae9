/* gecko_shm_layout.h - what the writer and its two layouts share. Private to this folder. */
#ifndef GECKO_SHM_LAYOUT_H
#define GECKO_SHM_LAYOUT_H

#include "gecko_memory.h"
#include "gecko_shm_writer.h"
#include <stdatomic.h>

struct gecko_shm_writer {
    const struct gecko_layout_ops *ops;
    struct gecko_shm_config config;
    struct gecko_shm_object object;
    struct gecko_shm_object readers; /* v2; not open when it could not be had */
    bool continued;
    uint64_t first_frame; /* where open() began to count */

    /* The ring; constant while IO runs. The header is never read back: it is there for readers. */
    unsigned char *ring;
    uint64_t ring_frames;
    uint32_t bytes_per_frame;
    uint64_t blocks_offset; /* v2 */
    uint32_t block_count;   /* v2 */
    uint64_t generation;    /* v2 */

    /* Written by the IO thread. */
    uint64_t head_frame;             /* of the block under way, or the next */
    uint64_t ring_at;                /* where head_frame lives in the ring, in frames */
    uint32_t block_frames;           /* of the block under way, else 0 */
    uint64_t block_number;           /* v2 */
    _Atomic uint64_t published_head; /* head_frame, for other threads of the writer */
    _Atomic uint64_t refused;

    /* For the header. */
    uint64_t instance;        /* v2; of the last object that there was when there is none */
    uint64_t process_started; /* see gecko_process.h */
};

/* Copies into the ring, around its end where need be: once in many blocks, so it is set apart. */
void gecko_shm_put_around(struct gecko_shm_writer *writer, uint64_t first, const float *audio,
                          uint32_t frames);

static inline void gecko_shm_put(struct gecko_shm_writer *writer, uint64_t first,
                                 const float *audio, uint32_t frames) {
    size_t frame_bytes = writer->bytes_per_frame;
    if (first + frames <= writer->ring_frames) {
        gecko_copy_in(writer->ring + first * frame_bytes, audio, frames * frame_bytes);
    } else {
        gecko_shm_put_around(writer, first, audio, frames);
    }
}

/* The block of `frames` that begins at head_frame is in the ring. */
static inline void gecko_shm_advance(struct gecko_shm_writer *writer, uint32_t frames) {
    writer->head_frame += frames;
    atomic_store_explicit(&writer->published_head, writer->head_frame, memory_order_relaxed);
    writer->ring_at += frames;
    if (writer->ring_at >= writer->ring_frames) {
        writer->ring_at -= writer->ring_frames;
    }
}

/* v1 and v2 differ in these. All are given a writer whose config is set and checked. */
struct gecko_layout_ops {
    /* Size of the object for `config`. */
    size_t (*size)(const struct gecko_shm_config *config);
    /* Fills a new object, which is zero. Frames go on at writer->head_frame. */
    void (*make)(struct gecko_shm_writer *writer, uint64_t now);
    /* Whether the object of a dead writer can be taken over as it is. */
    bool (*fits)(const struct gecko_shm_writer *writer);
    /* Takes over one that fits. */
    void (*take_over)(struct gecko_shm_writer *writer, uint64_t now);
    /* Changes the object in place; false, and nothing changed, when it does not fit. */
    bool (*change)(struct gecko_shm_writer *writer, const struct gecko_shm_config *config,
                   uint64_t now);
    void (*begin)(struct gecko_shm_writer *writer, uint32_t frames);
    void (*commit)(struct gecko_shm_writer *writer, const struct gecko_shm_block *block);
    /* begin, the audio of the whole block, and commit. The caller has checked `frames`. Returns
     * true, so that nothing is left to do after it. */
    bool (*write)(struct gecko_shm_writer *writer, const float *audio, uint32_t frames,
                  const struct gecko_shm_block *block);
    /* GECKO_STATE_*. */
    void (*set_state)(struct gecko_shm_writer *writer, uint32_t state);
    void (*set_muted)(struct gecko_shm_writer *writer, bool muted);
    void (*beat)(struct gecko_shm_writer *writer, uint64_t now);
};

extern const struct gecko_layout_ops gecko_layout_v1;
extern const struct gecko_layout_ops gecko_layout_v2;

/* The process that `object` names as its writer when it is a sound v2 object, else 0. */
uint32_t gecko_v2_writer_pid(const struct gecko_shm_object *object);
/* Whether the object has a writer that lives, by its lock and by its header. */
bool gecko_v2_writer_is_alive(const struct gecko_shm_object *object, uint64_t now);
/* Whether it has no header of either layout yet: its writer may be about to make one. */
bool gecko_shm_is_unfinished(const struct gecko_shm_object *object);
/* Tells readers of a sound v2 object, whose writer is dead, that the name now leads elsewhere.
 * False when it is none. */
bool gecko_v2_retire(const struct gecko_shm_object *object);
/* Frames, blocks and generations of writer->object, whose writer is dead, go on where they stand.
 */
void gecko_v2_inherit(struct gecko_shm_writer *writer);

/* The readers' object; in v1, and when there is one already, nothing is done. Nothing depends on
 * it, so it may fail to open: then readers do without. Only for who owns the name. Closing takes
 * its name away. */
void gecko_shm_readers_open(struct gecko_shm_writer *writer);
void gecko_shm_readers_close(struct gecko_shm_writer *writer);
/* Takes the name of a readers' object away that a dead writer of `name` has left. */
void gecko_shm_readers_remove(const char *name);

#endif
