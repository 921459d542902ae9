/* reader_v1.c - reading as the original design has it.
 *
 * Both indices are wrapped, equal indices mean empty, and the reader moves read_head in the shared
 * object. So a ring that was filled exactly, or passed, looks empty or like less; a reader that is
 * overtaken gets old and new audio mixed; and none of that can be noticed here. That is the layout,
 * not this file: see docs/reference/gecko-shm.md.
 */
#include "gecko_memory.h"
#include "reader_private.h"

bool gecko_v1_header(struct gecko_reader *reader, struct gecko_reader_error *error) {
    const unsigned char *base = reader->base;
    const char *label = gecko_reader_label(reader);
    uint32_t samples = gecko_load_u32(base, GECKO_V1_BUFFER_SIZE);
    uint32_t channels = gecko_load_u32(base, GECKO_V1_CHANNELS);
    uint32_t rate = gecko_load_u32(base, GECKO_V1_SAMPLE_RATE);
    uint32_t write_head = gecko_load_u32(base, GECKO_V1_WRITE_HEAD);
    bool is_v2_to_be =
        samples == GECKO_V2_VERSION_VALUE && gecko_load_u64(base, GECKO_V2_MAGIC) == 0;
    if (samples == 0 || is_v2_to_be) {
        return gecko_reader_fail(error, GECKO_READER_NOT_READY, 0, "%s has no header yet", label);
    }
    if (channels < 1 || channels > GECKO_MAX_CHANNELS || samples % channels != 0 ||
        samples / channels < GECKO_MIN_RING_FRAMES || samples / channels > GECKO_MAX_RING_FRAMES ||
        rate < GECKO_MIN_SAMPLE_RATE || rate > GECKO_MAX_SAMPLE_RATE || write_head >= samples) {
        return gecko_reader_fail(error, GECKO_READER_HOSTILE, 0,
                                 "%s is no Gecko memory: as layout v1 it has %u samples, %u "
                                 "channels, %u Hz, write head %u",
                                 label, samples, channels, rate, write_head);
    }
    uint64_t needed = GECKO_V1_DATA + (uint64_t)samples * sizeof(float);
    if (reader->size < needed) {
        return gecko_reader_fail(error, GECKO_READER_TRUNCATED, 0,
                                 "%s has %zu bytes, its header asks for %llu", label, reader->size,
                                 (unsigned long long)needed);
    }
    reader->format = (struct gecko_format){
        .layout = 1,
        .channels = channels,
        .sample_rate = rate,
        .ring_frames = samples / channels,
    };
    reader->ring = base + GECKO_V1_DATA;
    reader->bytes_per_frame = channels * (uint32_t)sizeof(float);
    reader->v1_samples = samples;
    return true;
}

void gecko_v1_start(struct gecko_reader *reader) {
    /* The design starts at index 0, wherever the writer is. */
    uint32_t head = gecko_load_u32(reader->base, GECKO_V1_WRITE_HEAD);
    reader->v1_index =
        reader->options.from_oldest ? 0 : head / reader->format.channels * reader->format.channels;
    reader->position = 0;
}

int64_t gecko_v1_read(struct gecko_reader *reader, float *audio, size_t samples,
                      struct gecko_read *info) {
    struct gecko_read unwanted;
    info = info != NULL ? info : &unwanted;
    *info = (struct gecko_read){.first_frame = reader->position};
    uint32_t channels = reader->format.channels;
    uint32_t head = gecko_load_u32(reader->base, GECKO_V1_WRITE_HEAD);
    uint32_t rate = gecko_load_u32(reader->base, GECKO_V1_SAMPLE_RATE);
    if (head >= reader->v1_samples || rate < GECKO_MIN_SAMPLE_RATE ||
        rate > GECKO_MAX_SAMPLE_RATE ||
        gecko_load_u32(reader->base, GECKO_V1_BUFFER_SIZE) != reader->v1_samples ||
        gecko_load_u32(reader->base, GECKO_V1_CHANNELS) != channels) {
        gecko_reader_fail(&reader->failure, GECKO_READER_HOSTILE, 0,
                          "%s: its header changed under the reader", gecko_reader_label(reader));
        return -1;
    }
    if (rate != reader->format.sample_rate) {
        reader->format.sample_rate = rate;
        info->events |= GECKO_READ_GENERATION;
        return 0;
    }
    uint32_t index = reader->v1_index;
    uint32_t available =
        (head >= index ? head - index : head + reader->v1_samples - index) / channels * channels;
    uint32_t count = samples < available ? (uint32_t)(samples / channels) * channels : available;
    uint32_t to_end = reader->v1_samples - index;
    uint32_t first = count < to_end ? count : to_end;
    gecko_copy_out(audio, reader->ring + (size_t)index * sizeof(float), first * sizeof(float));
    gecko_copy_out(audio + first, reader->ring, (count - first) * sizeof(float));
    index += count;
    reader->v1_index = index >= reader->v1_samples ? index - reader->v1_samples : index;
    gecko_store_u32(reader->base, GECKO_V1_READ_HEAD, reader->v1_index);
    info->left_frames = available / channels;
    reader->position += count / channels;
    return count / channels;
}
