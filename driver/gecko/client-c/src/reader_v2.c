/* reader_v2.c - reading the default layout.
 *
 * The writer never waits, so any frame may be overwritten while it is being copied. As with a
 * sequence lock the reader copies first and asks afterwards: the writer raises WRITE_CLAIM before
 * it writes, so frames that are a whole ring older than the claim are thrown away.
 */
#include "gecko_memory.h"
#include "reader_private.h"
#include <string.h>

/* A generation change takes the writer a microsecond. */
#define SNAPSHOT_TRIES 64
/* Each try starts further away from the writer. */
#define COPY_TRIES     4

static bool is_power_of_two(uint64_t value) {
    return value != 0 && (value & (value - 1)) == 0;
}

/* What is constant for the life of the object. */
static bool check_constants(struct gecko_reader *reader, struct gecko_reader_error *error) {
    const unsigned char *base = reader->base;
    const char *label = gecko_reader_label(reader);
    if (reader->size < GECKO_V2_HEADER_BYTES) {
        return gecko_reader_fail(error, GECKO_READER_TRUNCATED, 0,
                                 "%s has %zu bytes, its header alone %d", label, reader->size,
                                 GECKO_V2_HEADER_BYTES);
    }
    uint32_t version = gecko_load_u32(base, GECKO_V2_VERSION);
    if (version != GECKO_V2_VERSION_VALUE) {
        return gecko_reader_fail(error, GECKO_READER_HOSTILE, 0,
                                 "%s has version %u of the layout, this reader knows %d", label,
                                 version, GECKO_V2_VERSION_VALUE);
    }
    uint64_t total = gecko_load_u64(base, GECKO_V2_TOTAL_BYTES);
    if (total > reader->size) {
        return gecko_reader_fail(error, GECKO_READER_TRUNCATED, 0,
                                 "%s has %zu bytes, its header asks for %llu", label, reader->size,
                                 (unsigned long long)total);
    }
    uint64_t data = gecko_load_u64(base, GECKO_V2_DATA_OFFSET);
    uint64_t ring_bytes = gecko_load_u64(base, GECKO_V2_RING_BYTES);
    uint64_t blocks = gecko_load_u64(base, GECKO_V2_BLOCKS_OFFSET);
    uint32_t block_count = gecko_load_u32(base, GECKO_V2_BLOCK_COUNT);
    if (total < GECKO_V2_HEADER_BYTES || data % 4096 != 0 || data < GECKO_V2_HEADER_BYTES ||
        data > total || ring_bytes > total - data || blocks % 64 != 0 ||
        blocks < GECKO_V2_HEADER_BYTES || blocks > data || !is_power_of_two(block_count) ||
        block_count > GECKO_MAX_BLOCK_COUNT ||
        (uint64_t)block_count * GECKO_V2_BLOCK_BYTES > data - blocks) {
        return gecko_reader_fail(error, GECKO_READER_HOSTILE, 0,
                                 "%s: ring of %llu bytes at %llu and %u blocks at %llu do not fit "
                                 "into %llu bytes",
                                 label, (unsigned long long)ring_bytes, (unsigned long long)data,
                                 block_count, (unsigned long long)blocks,
                                 (unsigned long long)total);
    }
    reader->ring = base + data;
    reader->blocks_offset = blocks;
    reader->block_count = block_count;
    reader->instance = gecko_load_u64(base, GECKO_V2_INSTANCE);
    reader->predecessor = gecko_load_u64(base, GECKO_V2_PREDECESSOR);
    return true;
}

struct generation {
    struct gecko_format format;
    uint64_t start;
    uint32_t bytes_per_frame;
    uint32_t sample_format;
};

/* The fields of one generation, with no mixture of two. False when the writer kept changing them.
 */
static bool snapshot(const unsigned char *base, struct generation *found) {
    for (int i = 0; i < SNAPSHOT_TRIES; i++) {
        uint64_t number = gecko_load_u64(base, GECKO_V2_GENERATION);
        *found = (struct generation){
            .format =
                {
                    .layout = 2,
                    .channels = gecko_load_u32(base, GECKO_V2_CHANNELS),
                    .sample_rate = gecko_load_u32(base, GECKO_V2_SAMPLE_RATE),
                    .ring_frames = gecko_load_u64(base, GECKO_V2_RING_FRAMES),
                    .generation = number,
                    .timebase_numer = gecko_load_u32(base, GECKO_V2_TIMEBASE_NUMER),
                    .timebase_denom = gecko_load_u32(base, GECKO_V2_TIMEBASE_DENOM),
                    .safety_offset = gecko_load_u32(base, GECKO_V2_SAFETY_OFFSET),
                    .reported_latency = gecko_load_u32(base, GECKO_V2_REPORTED_LATENCY),
                    .writer_pid = gecko_load_u32(base, GECKO_V2_WRITER_PID),
                },
            .start = gecko_load_u64(base, GECKO_V2_GENERATION_START),
            .bytes_per_frame = gecko_load_u32(base, GECKO_V2_BYTES_PER_FRAME),
            .sample_format = gecko_load_u32(base, GECKO_V2_SAMPLE_FORMAT),
        };
        if (number % 2 == 0 && gecko_load_u64(base, GECKO_V2_GENERATION) == number) {
            return true;
        }
    }
    return false;
}

static bool take_generation(struct gecko_reader *reader, struct gecko_reader_error *error) {
    struct generation found;
    const char *label = gecko_reader_label(reader);
    if (!snapshot(reader->base, &found)) {
        return gecko_reader_fail(error, GECKO_READER_NOT_READY, 0, "%s is being changed", label);
    }
    const struct gecko_format format = found.format;
    if (format.channels < 1 || format.channels > GECKO_MAX_CHANNELS ||
        format.sample_rate < GECKO_MIN_SAMPLE_RATE || format.sample_rate > GECKO_MAX_SAMPLE_RATE ||
        found.sample_format != GECKO_FORMAT_FLOAT32 ||
        found.bytes_per_frame != format.channels * sizeof(float) || format.timebase_numer == 0 ||
        format.timebase_denom == 0) {
        return gecko_reader_fail(error, GECKO_READER_HOSTILE, 0,
                                 "%s: %u channels of format %u in %u bytes at %u Hz, timebase "
                                 "%u/%u",
                                 label, format.channels, found.sample_format, found.bytes_per_frame,
                                 format.sample_rate, format.timebase_numer, format.timebase_denom);
    }
    uint64_t ring_bytes = gecko_load_u64(reader->base, GECKO_V2_RING_BYTES);
    uint64_t room = reader->size - (uint64_t)(reader->ring - reader->base);
    if (!is_power_of_two(format.ring_frames) || format.ring_frames < GECKO_MIN_RING_FRAMES ||
        format.ring_frames > GECKO_MAX_RING_FRAMES ||
        format.ring_frames * found.bytes_per_frame > ring_bytes ||
        format.ring_frames * found.bytes_per_frame > room) {
        return gecko_reader_fail(error, GECKO_READER_HOSTILE, 0,
                                 "%s: a ring of %llu frames of %u bytes in %llu bytes", label,
                                 (unsigned long long)format.ring_frames, found.bytes_per_frame,
                                 (unsigned long long)ring_bytes);
    }
    if (gecko_load_u64(reader->base, GECKO_V2_WRITE_HEAD) < found.start) {
        return gecko_reader_fail(error, GECKO_READER_HOSTILE, 0,
                                 "%s: its write head is before the start of its generation", label);
    }
    reader->format = format;
    reader->asked_samples = 0;
    reader->asked_frames = 0;
    reader->bytes_per_frame = found.bytes_per_frame;
    reader->generation_start = found.start;
    return true;
}

bool gecko_v2_header(struct gecko_reader *reader, struct gecko_reader_error *error) {
    return check_constants(reader, error) && take_generation(reader, error);
}

/* The oldest frame that the writer leaves alone at this moment. */
static uint64_t oldest_frame(const struct gecko_reader *reader) {
    uint64_t head = gecko_load_u64(reader->base, GECKO_V2_WRITE_HEAD);
    uint64_t claim = gecko_load_u64(reader->base, GECKO_V2_WRITE_CLAIM);
    uint64_t end = claim > head ? claim : head;
    uint64_t ring = reader->format.ring_frames;
    uint64_t oldest = end > ring ? end - ring : 0;
    return oldest > reader->generation_start ? oldest : reader->generation_start;
}

void gecko_v2_start(struct gecko_reader *reader) {
    reader->position = reader->options.from_oldest
                           ? oldest_frame(reader)
                           : gecko_load_u64(reader->base, GECKO_V2_WRITE_HEAD);
    reader->known_head = reader->position;
}

/* Whether frame numbers of `before` mean the same frames here. */
static bool goes_on_from(const struct gecko_reader *reader, const struct gecko_reader *before) {
    if (before->instance == 0 ||
        gecko_load_u32(before->base, GECKO_V2_STATE) == GECKO_STATE_CLOSED) {
        return false;
    }
    return reader->instance == before->instance || reader->predecessor == before->instance;
}

void gecko_v2_resume(struct gecko_reader *reader, const struct gecko_reader *before) {
    uint64_t oldest = oldest_frame(reader);
    uint64_t head = gecko_load_u64(reader->base, GECKO_V2_WRITE_HEAD);
    bool continued = goes_on_from(reader, before) && before->position <= head;
    if (continued && before->position < oldest) {
        reader->lost += oldest - before->position;
    }
    reader->position = continued && before->position > oldest ? before->position : oldest;
    reader->known_head = reader->position;
}

/* For a reader that has read all it can. */
static void tell_end(struct gecko_read *info) {
    if (info->state == GECKO_STATE_RETIRED) {
        info->events |= GECKO_READ_RETIRED;
    } else if (info->state == GECKO_STATE_CLOSED) {
        info->events |= GECKO_READ_CLOSED;
    }
}

/* 1: go on; 0: not this time; -1: the header is nonsense. */
static int meet_generation(struct gecko_reader *reader, struct gecko_read *info) {
    struct gecko_reader_error error;
    if (!gecko_reader_check_size(reader, &error) || !take_generation(reader, &error)) {
        if (error.status == GECKO_READER_NOT_READY) {
            /* A writer that died in the middle of a change never ends it. */
            info->state = gecko_load_u32(reader->base, GECKO_V2_STATE);
            tell_end(info);
            return 0;
        }
        reader->failure = error;
        return -1;
    }
    if (reader->position < reader->generation_start) {
        info->lost_frames = reader->generation_start - reader->position;
        reader->position = reader->generation_start;
    }
    reader->known_head = reader->position;
    gecko_slots_join(reader);
    info->events |= GECKO_READ_GENERATION;
    return 1;
}

/* Once in many blocks, so it is set apart. */
__attribute__((noinline)) static void copy_around(const struct gecko_reader *reader, float *audio,
                                                  uint64_t at, uint64_t frames) {
    size_t frame_bytes = reader->bytes_per_frame;
    size_t head = (size_t)(reader->format.ring_frames - at) * frame_bytes;
    gecko_copy_out(audio, reader->ring + at * frame_bytes, head);
    gecko_copy_out((unsigned char *)audio + head, reader->ring, frames * frame_bytes - head);
}

static inline void copy_frames(const struct gecko_reader *reader, float *audio, uint64_t first,
                               uint64_t frames) {
    uint64_t ring = reader->format.ring_frames;
    uint64_t at = first & (ring - 1);
    size_t frame_bytes = reader->bytes_per_frame;
    if (at + frames <= ring) {
        gecko_copy_out(audio, reader->ring + at * frame_bytes, frames * frame_bytes);
    } else {
        copy_around(reader, audio, at, frames);
    }
}

static void skip_to(struct gecko_reader *reader, uint64_t frame, struct gecko_read *info) {
    info->lost_frames += frame - reader->position;
    reader->position = frame;
}

/* Copies `frames` frames from the position on and moves it behind them. Returns how many survived:
 * all of them, unless the writer came around meanwhile. */
static inline uint64_t copy_and_check(struct gecko_reader *reader, float *audio, uint64_t frames,
                                      struct gecko_read *info) {
    uint64_t first = reader->position;
    uint64_t ring = reader->format.ring_frames;
    copy_frames(reader, audio, first, frames);
    gecko_fence_before_check();
    uint64_t claim = gecko_load_u64(reader->base, GECKO_V2_WRITE_CLAIM);
    if (gecko_load_u64(reader->base, GECKO_V2_GENERATION) != reader->format.generation) {
        return 0; /* the next read will find out and count */
    }
    uint64_t bad = 0;
    if (claim > first + ring) {
        bad = claim - ring - first < frames ? claim - ring - first : frames;
        size_t frame_bytes = reader->bytes_per_frame;
        memmove(audio, (unsigned char *)audio + bad * frame_bytes, (frames - bad) * frame_bytes);
        info->torn_frames += bad;
        skip_to(reader, first + bad, info);
    }
    info->first_frame = first + bad;
    reader->position = first + frames;
    return frames - bad;
}

/* Everything that may happen: a new generation, loss, a torn copy, the end. `info` is zero. */
static int64_t read_any_case(struct gecko_reader *reader, float *audio, size_t samples,
                             struct gecko_read *info) {
    if (gecko_load_u64(reader->base, GECKO_V2_GENERATION) != reader->format.generation) {
        int met = meet_generation(reader, info);
        info->first_frame = reader->position;
        return met < 0 ? -1 : 0;
    }
    /* The state before the head: once it says that no more will come, the head is final. */
    info->state = gecko_load_u32(reader->base, GECKO_V2_STATE);
    info->flags = gecko_load_u32(reader->base, GECKO_V2_FLAGS);
    uint64_t head = gecko_load_u64(reader->base, GECKO_V2_WRITE_HEAD);
    if (head < reader->position) {
        gecko_reader_fail(&reader->failure, GECKO_READER_HOSTILE, 0,
                          "%s: its write head went back from %llu to %llu",
                          gecko_reader_label(reader), (unsigned long long)reader->position,
                          (unsigned long long)head);
        return -1;
    }
    info->left_frames = head - reader->position;

    uint64_t ring = reader->format.ring_frames;
    if (samples != reader->asked_samples) {
        uint64_t most_frames = samples / reader->format.channels;
        reader->asked_samples = samples;
        reader->asked_frames = most_frames < ring ? most_frames : ring;
    }
    uint64_t most = reader->asked_frames;
    uint64_t frames = 0;
    for (uint64_t i = 0; i < COPY_TRIES && frames == 0 && head != reader->position; i++) {
        if (head - reader->position > ring) {
            /* Right behind the writer the next copy would be torn again: leave it some room. */
            uint64_t oldest = oldest_frame(reader) + i * (ring / 8);
            oldest = oldest < head ? oldest : head;
            skip_to(reader, oldest > reader->position ? oldest : reader->position, info);
        }
        uint64_t left = head - reader->position;
        frames = copy_and_check(reader, audio, left < most ? left : most, info);
        if (frames == 0) {
            head = gecko_load_u64(reader->base, GECKO_V2_WRITE_HEAD);
        }
    }
    if (frames == 0) {
        info->first_frame = reader->position;
    }
    reader->known_head = head;
    if (reader->position >= head) {
        tell_end(info);
    }
    return (int64_t)frames;
}

__attribute__((noinline)) static int64_t read_carefully(struct gecko_reader *reader, float *audio,
                                                        size_t samples, struct gecko_read *info) {
    struct gecko_read unwanted;
    info = info != NULL ? info : &unwanted;
    *info = (struct gecko_read){.first_frame = reader->position};
    int64_t frames = read_any_case(reader, audio, samples, info);
    if (info->lost_frames != 0) {
        info->events |= GECKO_READ_LOST;
        reader->lost += info->lost_frames;
    }
    gecko_slots_report(reader);
    return frames;
}

/* The usual case, in a quarter of the instructions: frames are there, none is lost, none is torn,
 * the writer is at work. Everything else is left to read_carefully(), with nothing changed.
 *
 * Between two processes the line of WRITE_HEAD and WRITE_CLAIM is the dear one, for the writer
 * takes it back at every block. So a reader that knows of frames enough does not look at it before
 * it copies, and looks once behind the copy, where it has to. */
int64_t gecko_v2_read(struct gecko_reader *reader, float *audio, size_t samples,
                      struct gecko_read *info) {
    const unsigned char *base = reader->base;
    uint64_t ring = reader->format.ring_frames;
    uint64_t first = reader->position;
    uint64_t asked = reader->asked_frames;
    uint64_t generation = gecko_load_u64(base, GECKO_V2_GENERATION);
    uint32_t state = gecko_load_u32(base, GECKO_V2_STATE);
    uint32_t flags = gecko_load_u32(base, GECKO_V2_FLAGS);
    uint64_t known = reader->known_head - first;
    if (known < asked) {
        known = gecko_load_u64(base, GECKO_V2_WRITE_HEAD) - first;
    }
    if (generation == reader->format.generation && samples == reader->asked_samples &&
        known - 1 < ring && state <= GECKO_STATE_RUNNING) {
        uint64_t frames = known < asked ? known : asked;
        copy_frames(reader, audio, first, frames);
        gecko_fence_before_check();
        /* In this order: the writer raises the claim before the head. */
        uint64_t left = gecko_load_u64(base, GECKO_V2_WRITE_HEAD) - first;
        uint64_t claimed = gecko_load_u64(base, GECKO_V2_WRITE_CLAIM) - first;
        if (frames <= left && left <= claimed && claimed <= ring &&
            gecko_load_u64(base, GECKO_V2_GENERATION) == generation) {
            reader->position = first + frames;
            reader->known_head = first + left;
            if (info != NULL) {
                /* One by one: a compiler fills a literal with an instruction that takes longer than
                 * all of these. */
                info->first_frame = first;
                info->lost_frames = 0;
                info->torn_frames = 0;
                info->left_frames = left;
                info->events = 0;
                info->state = state;
                info->flags = flags;
            }
            if (reader->slots.base != NULL) {
                gecko_slots_report(reader);
            }
            return (int64_t)frames;
        }
    }
    return read_carefully(reader, audio, samples, info);
}
