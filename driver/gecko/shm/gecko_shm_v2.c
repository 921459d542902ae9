/* gecko_shm_v2.c - the default layout: monotonic heads, generations, a block table. */
#include "gecko_memory.h"
#include "gecko_process.h"
#include "gecko_shm_layout.h"
#include <assert.h>
#include <string.h>
#include <unistd.h>

#define PAGE_BYTES     4096
/* A writer that runs IO beats at every cycle; the longest cycle (8,192 frames at 8 kHz) takes one
 * second. */
#define SILENT_SECONDS 10

static uint64_t round_up(uint64_t value, uint64_t step) {
    return (value + step - 1) / step * step;
}

/* Entries enough for a ring full of blocks of 16 frames, the shortest that a host asks for. */
static uint32_t block_count_for(uint64_t ring_frames) {
    uint64_t count = ring_frames / 16;
    if (count < PAGE_BYTES / GECKO_V2_BLOCK_BYTES) {
        return PAGE_BYTES / GECKO_V2_BLOCK_BYTES;
    }
    return count > GECKO_MAX_BLOCK_COUNT ? GECKO_MAX_BLOCK_COUNT : (uint32_t)count;
}

static uint64_t data_offset_for(uint32_t block_count) {
    return GECKO_V2_HEADER_BYTES + (uint64_t)block_count * GECKO_V2_BLOCK_BYTES;
}

static uint64_t ring_bytes_for(const struct gecko_shm_config *config) {
    return round_up(config->ring_frames * config->channels * sizeof(float), PAGE_BYTES);
}

static size_t v2_size(const struct gecko_shm_config *config) {
    return (size_t)(data_offset_for(block_count_for(config->ring_frames)) + ring_bytes_for(config));
}

/* What is constant for the life of an object, read from one that another writer made. */
static bool is_sound(const struct gecko_shm_object *object) {
    const unsigned char *base = object->base;
    if (object->size < GECKO_V2_HEADER_BYTES ||
        gecko_load_u64(base, GECKO_V2_MAGIC) != GECKO_V2_MAGIC_VALUE ||
        gecko_load_u32(base, GECKO_V2_VERSION) != GECKO_V2_VERSION_VALUE ||
        gecko_load_u64(base, GECKO_V2_INSTANCE) == 0) {
        return false;
    }
    uint32_t block_count = gecko_load_u32(base, GECKO_V2_BLOCK_COUNT);
    uint64_t ring_bytes = gecko_load_u64(base, GECKO_V2_RING_BYTES);
    return block_count >= PAGE_BYTES / GECKO_V2_BLOCK_BYTES &&
           block_count <= GECKO_MAX_BLOCK_COUNT && (block_count & (block_count - 1)) == 0 &&
           gecko_load_u64(base, GECKO_V2_BLOCKS_OFFSET) == GECKO_V2_HEADER_BYTES &&
           gecko_load_u64(base, GECKO_V2_DATA_OFFSET) == data_offset_for(block_count) &&
           ring_bytes <= object->size &&
           gecko_load_u64(base, GECKO_V2_TOTAL_BYTES) ==
               data_offset_for(block_count) + ring_bytes &&
           gecko_load_u64(base, GECKO_V2_TOTAL_BYTES) <= object->size;
}

uint32_t gecko_v2_writer_pid(const struct gecko_shm_object *object) {
    return is_sound(object) ? gecko_load_u32(object->base, GECKO_V2_WRITER_PID) : 0;
}

/* IO that runs without a beat is over. */
static bool beats(const unsigned char *base, uint64_t now) {
    uint64_t beat = gecko_load_u64(base, GECKO_V2_HEARTBEAT);
    uint64_t numer = gecko_load_u32(base, GECKO_V2_TIMEBASE_NUMER);
    uint64_t denom = gecko_load_u32(base, GECKO_V2_TIMEBASE_DENOM);
    if (numer == 0 || now <= beat) {
        return true;
    }
    double silent_ns = (double)(now - beat) * (double)numer / (double)denom;
    return silent_ns < SILENT_SECONDS * 1e9;
}

bool gecko_v2_writer_is_alive(const struct gecko_shm_object *object, uint64_t now) {
    if (object->lock == GECKO_SHM_LOCK_WRITER) {
        return true;
    }
    if (!is_sound(object)) {
        return false;
    }
    const unsigned char *base = object->base;
    uint32_t state = gecko_load_u32(base, GECKO_V2_STATE);
    if (state != GECKO_STATE_IDLE && state != GECKO_STATE_RUNNING) {
        return false;
    }
    uint32_t pid = gecko_load_u32(base, GECKO_V2_WRITER_PID);
    enum gecko_life life = gecko_process_life(pid, gecko_load_u64(base, GECKO_V2_WRITER_STARTED));
    if (object->lock == GECKO_SHM_LOCK_HELD) {
        /* A writer keeps others from locking, unless some reader's lock kept it from locking
         * itself. A process that has replaced its program still bears the id that we read. */
        return life == GECKO_LIFE_SURE && pid != (uint32_t)getpid();
    }
    return life == GECKO_LIFE_SURE ||
           (life == GECKO_LIFE_LIKELY && (state == GECKO_STATE_IDLE || beats(base, now)));
}

bool gecko_shm_is_unfinished(const struct gecko_shm_object *object) {
    if (object->size < GECKO_V1_DATA) {
        return true;
    }
    /* Both layouts store last what tells readers that they are made. */
    uint32_t second = gecko_load_u32(object->base, GECKO_V2_VERSION);
    return gecko_load_u64(object->base, GECKO_V2_MAGIC) == 0 &&
           (second == 0 || second == GECKO_V2_VERSION_VALUE);
}

static uint64_t end_of(const unsigned char *base) {
    uint64_t head = gecko_load_u64(base, GECKO_V2_WRITE_HEAD);
    uint64_t claim = gecko_load_u64(base, GECKO_V2_WRITE_CLAIM);
    return claim > head ? claim : head;
}

/* A writer that dies while it changes the generation leaves it odd, between two formats. Nothing
 * was written in either: it becomes a generation without frames, of a format that holds together.
 */
static void settle_generation(unsigned char *base) {
    uint64_t generation = gecko_load_u64(base, GECKO_V2_GENERATION);
    if (generation % 2 == 0) {
        return;
    }
    uint64_t end = end_of(base);
    uint32_t frame_bytes = gecko_load_u32(base, GECKO_V2_CHANNELS) * (uint32_t)sizeof(float);
    uint64_t ring_frames = gecko_load_u64(base, GECKO_V2_RING_FRAMES);
    while (ring_frames > GECKO_MIN_RING_FRAMES &&
           ring_frames * frame_bytes > gecko_load_u64(base, GECKO_V2_RING_BYTES)) {
        ring_frames /= 2;
    }
    gecko_store_u32(base, GECKO_V2_BYTES_PER_FRAME, frame_bytes);
    gecko_store_u64(base, GECKO_V2_RING_FRAMES, ring_frames);
    gecko_store_u64(base, GECKO_V2_GENERATION_START, end);
    gecko_store_u64(base, GECKO_V2_WRITE_CLAIM, end);
    gecko_store_u64(base, GECKO_V2_WRITE_HEAD, end);
    gecko_store_u64(base, GECKO_V2_GENERATION, generation + 1);
}

bool gecko_v2_retire(const struct gecko_shm_object *object) {
    if (!is_sound(object)) {
        return false;
    }
    /* A driver that has said goodbye is not followed by this one. */
    if (gecko_load_u32(object->base, GECKO_V2_STATE) != GECKO_STATE_CLOSED) {
        gecko_store_u32(object->base, GECKO_V2_STATE, GECKO_STATE_RETIRED);
    }
    settle_generation(object->base);
    return true;
}

void gecko_v2_inherit(struct gecko_shm_writer *writer) {
    const unsigned char *base = writer->object.base;
    if (writer->config.layout != GECKO_LAYOUT_V2 ||
        gecko_load_u32(base, GECKO_V2_STATE) == GECKO_STATE_CLOSED) {
        return;
    }
    /* Frames between head and claim are half written: number on behind them. */
    writer->head_frame = end_of(base);
    writer->block_number = gecko_load_u64(base, GECKO_V2_BLOCK_HEAD);
    writer->generation = gecko_load_u64(base, GECKO_V2_GENERATION) & ~(uint64_t)1;
    writer->instance = gecko_load_u64(base, GECKO_V2_INSTANCE);
}

/* The fields that are constant during a generation, inside a pair of generation changes. Every
 * store is a release: a reader that sees one of them also sees the odd generation before it. */
static void write_generation(struct gecko_shm_writer *writer) {
    const struct gecko_shm_config *config = &writer->config;
    unsigned char *base = writer->object.base;
    gecko_store_u64(base, GECKO_V2_GENERATION, writer->generation + 1);
    gecko_store_u64(base, GECKO_V2_RING_FRAMES, config->ring_frames);
    gecko_store_u64(base, GECKO_V2_GENERATION_START, writer->head_frame);
    gecko_store_u32(base, GECKO_V2_CHANNELS, config->channels);
    gecko_store_u32(base, GECKO_V2_SAMPLE_RATE, config->sample_rate);
    gecko_store_u32(base, GECKO_V2_SAMPLE_FORMAT, GECKO_FORMAT_FLOAT32);
    gecko_store_u32(base, GECKO_V2_BYTES_PER_FRAME, writer->bytes_per_frame);
    gecko_store_u32(base, GECKO_V2_OVERRUN_POLICY, GECKO_OVERRUN_OVERWRITE);
    gecko_store_u32(base, GECKO_V2_WRITER_PID, (uint32_t)getpid());
    gecko_store_u32(base, GECKO_V2_TIMEBASE_NUMER, config->timebase_numer);
    gecko_store_u32(base, GECKO_V2_TIMEBASE_DENOM, config->timebase_denom);
    gecko_store_u32(base, GECKO_V2_SAFETY_OFFSET, config->safety_offset);
    gecko_store_u32(base, GECKO_V2_REPORTED_LATENCY, config->reported_latency);
    gecko_store_u64(base, GECKO_V2_WRITER_STARTED, writer->process_started);
    gecko_store_u64(base, GECKO_V2_WRITE_CLAIM, writer->head_frame);
    gecko_store_u64(base, GECKO_V2_WRITE_HEAD, writer->head_frame);
    writer->generation += 2;
    gecko_store_u64(base, GECKO_V2_GENERATION, writer->generation);
}

static void set_geometry(struct gecko_shm_writer *writer, uint32_t block_count) {
    writer->block_count = block_count;
    writer->blocks_offset = GECKO_V2_HEADER_BYTES;
    writer->ring = writer->object.base + data_offset_for(block_count);
    writer->ring_frames = writer->config.ring_frames;
    writer->bytes_per_frame = writer->config.channels * (uint32_t)sizeof(float);
    writer->ring_at = writer->head_frame & (writer->ring_frames - 1);
}

static void v2_make(struct gecko_shm_writer *writer, uint64_t now) {
    unsigned char *base = writer->object.base;
    uint32_t block_count = block_count_for(writer->config.ring_frames);
    set_geometry(writer, block_count);
    gecko_store_u32(base, GECKO_V2_VERSION, GECKO_V2_VERSION_VALUE);
    gecko_store_u32(base, GECKO_V2_BLOCK_COUNT, block_count);
    gecko_store_u64(base, GECKO_V2_TOTAL_BYTES, v2_size(&writer->config));
    gecko_store_u64(base, GECKO_V2_DATA_OFFSET, data_offset_for(block_count));
    gecko_store_u64(base, GECKO_V2_RING_BYTES, ring_bytes_for(&writer->config));
    gecko_store_u64(base, GECKO_V2_BLOCKS_OFFSET, GECKO_V2_HEADER_BYTES);
    gecko_store_u64(base, GECKO_V2_PREDECESSOR, writer->instance);
    writer->instance = gecko_shm_new_instance();
    gecko_store_u64(base, GECKO_V2_INSTANCE, writer->instance);
    gecko_store_u64(base, GECKO_V2_BLOCK_HEAD, writer->block_number);
    gecko_store_u64(base, GECKO_V2_HEARTBEAT, now);
    gecko_store_u32(base, GECKO_V2_STATE, GECKO_STATE_IDLE);
    write_generation(writer);
    gecko_store_u64(base, GECKO_V2_MAGIC, GECKO_V2_MAGIC_VALUE);
}

static bool v2_fits(const struct gecko_shm_writer *writer) {
    if (!is_sound(&writer->object)) {
        return false;
    }
    const unsigned char *base = writer->object.base;
    uint32_t state = gecko_load_u32(base, GECKO_V2_STATE);
    bool left = state == GECKO_STATE_RETIRED || state == GECKO_STATE_CLOSED;
    /* One that is left has told its readers to go. */
    return !left && gecko_load_u64(base, GECKO_V2_RING_BYTES) >= ring_bytes_for(&writer->config);
}

static void v2_take_over(struct gecko_shm_writer *writer, uint64_t now) {
    unsigned char *base = writer->object.base;
    gecko_v2_inherit(writer);
    set_geometry(writer, gecko_load_u32(base, GECKO_V2_BLOCK_COUNT));
    gecko_store_u64(base, GECKO_V2_HEARTBEAT, now);
    gecko_store_u32(base, GECKO_V2_FLAGS, 0);
    gecko_store_u32(base, GECKO_V2_STATE, GECKO_STATE_IDLE);
    write_generation(writer);
}

static bool v2_change(struct gecko_shm_writer *writer, const struct gecko_shm_config *config,
                      uint64_t now) {
    if (ring_bytes_for(config) > gecko_load_u64(writer->object.base, GECKO_V2_RING_BYTES)) {
        return false;
    }
    writer->config = *config;
    set_geometry(writer, writer->block_count);
    gecko_store_u64(writer->object.base, GECKO_V2_HEARTBEAT, now);
    write_generation(writer);
    return true;
}

static unsigned char *block_entry(const struct gecko_shm_writer *writer) {
    uint64_t index = writer->block_number & (writer->block_count - 1);
    return writer->object.base + writer->blocks_offset + index * GECKO_V2_BLOCK_BYTES;
}

/* Before the first byte of audio. */
static inline void claim(struct gecko_shm_writer *writer, uint32_t frames) {
    gecko_store_u64(writer->object.base, GECKO_V2_WRITE_CLAIM, writer->head_frame + frames);
    gecko_fence_after_claim();
}

static void v2_begin(struct gecko_shm_writer *writer, uint32_t frames) {
    claim(writer, frames);
}

/* head_frame is behind the block of `frames` already. */
static inline void publish(struct gecko_shm_writer *writer, uint32_t frames,
                           const struct gecko_shm_block *block) {
    unsigned char *base = writer->object.base;
    unsigned char *entry = block_entry(writer);
    gecko_store_u64(entry, GECKO_V2_BLOCK_SEQUENCE, 0);
    gecko_store_u64(entry, GECKO_V2_BLOCK_FIRST_FRAME, writer->head_frame - frames);
    gecko_store_u64(entry, GECKO_V2_BLOCK_HOST_TIME, block->host_time);
    gecko_store_u64(entry, GECKO_V2_BLOCK_OUTPUT_TIME, block->output_time);
    gecko_store_f64(entry, GECKO_V2_BLOCK_OUTPUT_SAMPLE_TIME, block->output_sample_time);
    gecko_store_u32(entry, GECKO_V2_BLOCK_FRAMES, frames);
    gecko_store_u32(entry, GECKO_V2_BLOCK_FLAGS, block->flags);
    gecko_store_u64(entry, GECKO_V2_BLOCK_CYCLE, block->cycle);
    writer->block_number++;
    gecko_store_u64(entry, GECKO_V2_BLOCK_SEQUENCE, writer->block_number);
    gecko_store_u64(base, GECKO_V2_BLOCK_HEAD, writer->block_number);
    gecko_store_u64(base, GECKO_V2_WRITE_HEAD, writer->head_frame);
    gecko_store_u64(base, GECKO_V2_HEARTBEAT, block->host_time);
}

static void v2_commit(struct gecko_shm_writer *writer, const struct gecko_shm_block *block) {
    publish(writer, writer->block_frames, block);
}

static bool v2_write(struct gecko_shm_writer *writer, const float *audio, uint32_t frames,
                     const struct gecko_shm_block *block) {
    claim(writer, frames);
    gecko_shm_put(writer, writer->ring_at, audio, frames);
    gecko_shm_advance(writer, frames);
    publish(writer, frames, block);
    return true;
}

static void v2_set_state(struct gecko_shm_writer *writer, uint32_t state) {
    gecko_store_u32(writer->object.base, GECKO_V2_STATE, state);
}

static void v2_set_muted(struct gecko_shm_writer *writer, bool muted) {
    gecko_store_u32(writer->object.base, GECKO_V2_FLAGS, muted ? GECKO_FLAG_MUTED : 0);
}

static void v2_beat(struct gecko_shm_writer *writer, uint64_t now) {
    gecko_store_u64(writer->object.base, GECKO_V2_HEARTBEAT, now);
}

const struct gecko_layout_ops gecko_layout_v2 = {
    .size = v2_size,
    .make = v2_make,
    .fits = v2_fits,
    .take_over = v2_take_over,
    .change = v2_change,
    .begin = v2_begin,
    .commit = v2_commit,
    .write = v2_write,
    .set_state = v2_set_state,
    .set_muted = v2_set_muted,
    .beat = v2_beat,
};
