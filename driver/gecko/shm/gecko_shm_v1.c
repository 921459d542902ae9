/* gecko_shm_v1.c - the layout of the original design, to the byte.
 *
 * Indices are in samples and wrapped, the reader's index lies in the same object, and there is no
 * magic, generation or liveness. What that costs is in docs/reference/gecko-shm.md.
 */
#include "gecko_memory.h"
#include "gecko_shm_layout.h"

static size_t v1_size(const struct gecko_shm_config *config) {
    return GECKO_V1_DATA + (size_t)config->ring_frames * config->channels * sizeof(float);
}

static void v1_make(struct gecko_shm_writer *writer, uint64_t now) {
    (void)now;
    const struct gecko_shm_config *config = &writer->config;
    unsigned char *base = writer->object.base;
    writer->ring = base + GECKO_V1_DATA;
    writer->ring_frames = config->ring_frames;
    writer->bytes_per_frame = config->channels * (uint32_t)sizeof(float);
    writer->ring_at = 0;
    gecko_store_u32(base, GECKO_V1_WRITE_HEAD, 0);
    gecko_store_u32(base, GECKO_V1_READ_HEAD, 0);
    gecko_store_u32(base, GECKO_V1_SAMPLE_RATE, config->sample_rate);
    gecko_store_u32(base, GECKO_V1_CHANNELS, config->channels);
    /* Last: a reader that finds 0 here knows that the header is not finished. */
    gecko_store_u32(base, GECKO_V1_BUFFER_SIZE, (uint32_t)config->ring_frames * config->channels);
}

static bool v1_fits(const struct gecko_shm_writer *writer) {
    /* Nothing in the header tells a reader that the writer is another one. */
    (void)writer;
    return false;
}

static bool v1_change(struct gecko_shm_writer *writer, const struct gecko_shm_config *config,
                      uint64_t now) {
    (void)now;
    if (config->ring_frames != writer->ring_frames || config->channels != writer->config.channels) {
        return false;
    }
    gecko_store_u32(writer->object.base, GECKO_V1_SAMPLE_RATE, config->sample_rate);
    writer->config = *config;
    return true;
}

static void v1_begin(struct gecko_shm_writer *writer, uint32_t frames) {
    (void)writer;
    (void)frames;
}

static void v1_commit(struct gecko_shm_writer *writer, const struct gecko_shm_block *block) {
    (void)block;
    uint32_t index = (uint32_t)writer->ring_at * writer->config.channels;
    gecko_store_u32(writer->object.base, GECKO_V1_WRITE_HEAD, index);
}

static bool v1_write(struct gecko_shm_writer *writer, const float *audio, uint32_t frames,
                     const struct gecko_shm_block *block) {
    gecko_shm_put(writer, writer->ring_at, audio, frames);
    gecko_shm_advance(writer, frames);
    v1_commit(writer, block);
    return true;
}

static void v1_set_state(struct gecko_shm_writer *writer, uint32_t state) {
    (void)writer;
    (void)state;
}

static void v1_set_muted(struct gecko_shm_writer *writer, bool muted) {
    (void)writer;
    (void)muted;
}

static void v1_beat(struct gecko_shm_writer *writer, uint64_t now) {
    (void)writer;
    (void)now;
}

const struct gecko_layout_ops gecko_layout_v1 = {
    .size = v1_size,
    .make = v1_make,
    .fits = v1_fits,
    .change = v1_change,
    .begin = v1_begin,
    .commit = v1_commit,
    .write = v1_write,
    .set_state = v1_set_state,
    .set_muted = v1_set_muted,
    .beat = v1_beat,
};
