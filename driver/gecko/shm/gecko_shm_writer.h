/* gecko_shm_writer.h - the driver's end of the shared memory, for both layouts.
 *
 * One writer owns one name. Opening, reconfiguring and closing allocate, lock and call the
 * operating system: never from an IO thread. begin, put and commit do none of that, never wait for
 * a reader, and belong to one thread at a time. Meanwhile other threads may call set_running,
 * set_muted and what only looks, but not reconfigure and close.
 *
 * A block is written as
 *     if (gecko_shm_writer_begin(writer, frames)) {
 *         gecko_shm_writer_put(writer, 0, audio, frames);        // once, or piece by piece
 *         gecko_shm_writer_commit(writer, &block);
 *     }
 */
#ifndef GECKO_SHM_WRITER_H
#define GECKO_SHM_WRITER_H

#include "gecko/gecko_shm.h"
#include "gecko_shm_object.h"
#include <stdbool.h>
#include <stdint.h>

enum gecko_layout {
    GECKO_LAYOUT_V1 = 1,
    GECKO_LAYOUT_V2 = 2,
};

struct gecko_shm_config {
    char name[GECKO_NAME_MAX + 1];
    enum gecko_layout layout;
    mode_t mode; /* of the audio object; owner must be able to read and write */
    uint64_t ring_frames;
    uint32_t channels;
    uint32_t sample_rate; /* Hz */
    uint32_t timebase_numer;
    uint32_t timebase_denom;
    uint32_t safety_offset;    /* frames */
    uint32_t reported_latency; /* frames */
    /* Number of the first frame of a new v2 object, so that tests can start near a wrap. In v1 the
     * indices are wrapped anyway: it moves only gecko_shm_writer_head(). */
    uint64_t start_frame;
};

/* What the host says about a block. Times in host ticks. */
struct gecko_shm_block {
    uint64_t host_time;
    uint64_t output_time;
    double output_sample_time;
    uint64_t cycle;
    uint32_t flags; /* GECKO_BLOCK_FLAG_* */
};

struct gecko_shm_reader_slot {
    uint32_t owner_pid;
    uint64_t read_head;
    uint64_t lost_frames;
    uint64_t heartbeat;
    uint64_t generation;
};

struct gecko_shm_writer;

/* Whether the writer would accept `config`. */
bool gecko_shm_config_check(const struct gecko_shm_config *config, struct gecko_shm_error *error);

/* Takes the name. A v2 object left by a writer that died is continued: its readers go on, in a new
 * generation. One that does not fit any more is retired, and a new one goes on with its numbers.
 * Anything else left under the name is replaced. Fails when another writer lives, when memory is
 * short or permission lacks; nothing is left behind then. */
bool gecko_shm_writer_open(const struct gecko_shm_config *config, uint64_t now,
                           struct gecko_shm_writer **writer, struct gecko_shm_error *error);

/* Changes rate, channels, ring size, layout or latencies; name, mode and start_frame stay. Only
 * while no block is under way. v2 readers see a new generation, or GECKO_STATE_RETIRED when the
 * change needs another object. On failure the writer goes on as it was, with one exception:
 * *lost is set when the old object had to go first and could not be had again. Such a writer
 * refuses every block; to reconfigure it again, with whatever configuration, is to try once more.
 */
bool gecko_shm_writer_reconfigure(struct gecko_shm_writer *writer,
                                  const struct gecko_shm_config *config, uint64_t now, bool *lost,
                                  struct gecko_shm_error *error);

/* Whether reconfigure() has lost the object. */
bool gecko_shm_writer_is_lost(const struct gecko_shm_writer *writer);

/* Says goodbye to readers (v2: GECKO_STATE_CLOSED), frees the name and the writer. NULL is allowed.
 */
void gecko_shm_writer_close(struct gecko_shm_writer *writer);

/* v2 only, no effect in v1, nor on a writer that is lost. set_running also tries to lock the object
 * once more if some reader's lock was in the way so far. */
void gecko_shm_writer_set_running(struct gecko_shm_writer *writer, bool running, uint64_t now);
void gecko_shm_writer_set_muted(struct gecko_shm_writer *writer, bool muted);

/* False, and nothing written, when `frames` is 0 or more than the ring holds, or there is none. */
bool gecko_shm_writer_begin(struct gecko_shm_writer *writer, uint32_t frames);
/* Frames [at, at + frames) of the block begun; must lie within it. */
void gecko_shm_writer_put(struct gecko_shm_writer *writer, uint32_t at, const float *audio,
                          uint32_t frames);
void gecko_shm_writer_commit(struct gecko_shm_writer *writer, const struct gecko_shm_block *block);
/* The three in one, for a block that is written as it is. False as begin(). */
bool gecko_shm_writer_write(struct gecko_shm_writer *writer, const float *audio, uint32_t frames,
                            const struct gecko_shm_block *block);

const struct gecko_shm_config *gecko_shm_writer_config(const struct gecko_shm_writer *writer);
/* Number of the next frame; frames counted from start_frame in v1. Safe on any thread. */
uint64_t gecko_shm_writer_head(const struct gecko_shm_writer *writer);
/* Frames written since gecko_shm_writer_open(). Safe on any thread. */
uint64_t gecko_shm_writer_written(const struct gecko_shm_writer *writer);
/* Blocks that begin() refused. Safe on any thread. */
uint64_t gecko_shm_writer_refused(const struct gecko_shm_writer *writer);
/* Whether open() continued the object of a dead writer; stays so whatever is reconfigured. */
bool gecko_shm_writer_continued(const struct gecko_shm_writer *writer);
/* The mapped object, for tests and tools; NULL when it is lost. */
void *gecko_shm_writer_memory(const struct gecko_shm_writer *writer, size_t *size);
/* Fills up to GECKO_READERS_SLOT_COUNT_VALUE taken slots; returns their number, 0 in v1. What
 * readers claim, unchecked. */
uint32_t gecko_shm_writer_readers(const struct gecko_shm_writer *writer,
                                  struct gecko_shm_reader_slot *slots);

#endif
