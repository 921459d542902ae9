/* gecko_shm_writer.c - taking the name, and writing blocks. */
#include "gecko_shm_writer.h"
#include "gecko_memory.h"
#include "gecko_process.h"
#include "gecko_shm_claim.h"
#include "gecko_shm_layout.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Each try loses a race against another process that makes or removes an object of our name. */
#define OPEN_TRIES   16
/* What a writer needs to finish an object takes microseconds. */
#define GRACE_MILLIS 200

bool gecko_shm_config_check(const struct gecko_shm_config *config, struct gecko_shm_error *error) {
    bool v2 = config->layout == GECKO_LAYOUT_V2;
    if (!v2 && config->layout != GECKO_LAYOUT_V1) {
        return gecko_shm_fail(error, 0, "layout %d: must be v1 or v2", (int)config->layout);
    }
    size_t name_max = GECKO_NAME_MAX - (v2 ? strlen(GECKO_READERS_SUFFIX) : 0);
    if (!gecko_shm_name_check(config->name, name_max, error)) {
        return false;
    }
    uint64_t ring = config->ring_frames;
    if (ring < GECKO_MIN_RING_FRAMES || ring > GECKO_MAX_RING_FRAMES ||
        (v2 && (ring & (ring - 1)) != 0)) {
        return gecko_shm_fail(error, 0, "ring frames %llu: must be %s%d to %d",
                              (unsigned long long)ring, v2 ? "a power of two, " : "",
                              GECKO_MIN_RING_FRAMES, GECKO_MAX_RING_FRAMES);
    }
    if (config->channels < 1 || config->channels > GECKO_MAX_CHANNELS) {
        return gecko_shm_fail(error, 0, "channels %u: must be 1 to %d", config->channels,
                              GECKO_MAX_CHANNELS);
    }
    if (config->sample_rate < GECKO_MIN_SAMPLE_RATE ||
        config->sample_rate > GECKO_MAX_SAMPLE_RATE) {
        return gecko_shm_fail(error, 0, "sample rate %u: must be %d to %d Hz", config->sample_rate,
                              GECKO_MIN_SAMPLE_RATE, GECKO_MAX_SAMPLE_RATE);
    }
    if ((config->mode & ~(mode_t)0666) != 0 || (config->mode & 0600) != 0600) {
        return gecko_shm_fail(error, 0, "mode %04o: must be 0600 to 0666, owner read and write",
                              (unsigned)config->mode);
    }
    if (config->timebase_numer == 0 || config->timebase_denom == 0) {
        return gecko_shm_fail(error, 0, "timebase %u/%u: no zero allowed", config->timebase_numer,
                              config->timebase_denom);
    }
    return true;
}

static bool fail_second_writer(const struct gecko_shm_object *object,
                               struct gecko_shm_error *error) {
    uint32_t pid = gecko_v2_writer_pid(object);
    if (pid == 0) {
        return gecko_shm_fail(error, 0,
                              "shared memory \"%s\": another process is writing to it; stop that "
                              "host, or set GECKO_SHM_NAME to another name",
                              object->name);
    }
    return gecko_shm_fail(error, 0,
                          "shared memory \"%s\": process %u is writing to it; stop that host, or "
                          "set GECKO_SHM_NAME to another name",
                          object->name, pid);
}

enum attempt {
    ATTEMPT_DONE,
    ATTEMPT_FAILED,
    ATTEMPT_AGAIN, /* the name changed hands, or is free now */
    ATTEMPT_WAIT,  /* somebody may be making an object at this moment */
};

static void wait_a_millisecond(void) {
    struct timespec left = {.tv_nsec = 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

/* The readers' object comes before the header is published: whoever sees the header joins it. */
static void take_over(struct gecko_shm_writer *writer, uint64_t now) {
    gecko_shm_readers_open(writer);
    writer->ops->take_over(writer, now);
    writer->continued = true;
}

/* Clears the name of an object that has no writer. */
static void replace(struct gecko_shm_writer *writer) {
    struct gecko_shm_object *object = &writer->object;
    if (gecko_v2_retire(object)) {
        if (writer->instance == 0) {
            gecko_v2_inherit(writer);
        }
        if (writer->readers.fd < 0) {
            gecko_shm_readers_remove(object->name);
        }
    }
    gecko_shm_object_unlink(object);
    gecko_shm_object_close(object);
}

static enum attempt try_existing(struct gecko_shm_writer *writer, uint64_t now, bool patient,
                                 struct gecko_shm_error *error) {
    struct gecko_shm_object *object = &writer->object;
    bool missing;
    if (!gecko_shm_object_open(writer->config.name, object, &missing, error)) {
        return missing ? ATTEMPT_AGAIN : ATTEMPT_FAILED;
    }
    if (!gecko_shm_object_is_named(object)) {
        gecko_shm_object_close(object);
        return ATTEMPT_AGAIN;
    }
    if (gecko_v2_writer_is_alive(object, now)) {
        fail_second_writer(object, error);
        gecko_shm_object_close(object);
        return ATTEMPT_FAILED;
    }
    if (patient && object->lock != GECKO_SHM_LOCK_HELD && gecko_shm_is_unfinished(object)) {
        gecko_shm_object_close(object);
        return ATTEMPT_WAIT;
    }
    /* Only a writer that had no object yet: one that had goes on with its own numbers. */
    struct gecko_shm_error ignored;
    if (writer->instance == 0 && writer->ops->fits(writer) &&
        gecko_shm_object_set_mode(object, writer->config.mode, &ignored)) {
        take_over(writer, now);
        return ATTEMPT_DONE;
    }
    replace(writer);
    return ATTEMPT_AGAIN;
}

/* Whether another writer has taken the name away from one that was slow, which locks prevent. */
static bool was_overtaken(const struct gecko_shm_object *object) {
    return object->lock != GECKO_SHM_LOCK_HELD && !gecko_shm_object_is_named(object);
}

static enum attempt try_new(struct gecko_shm_writer *writer, uint64_t now,
                            struct gecko_shm_error *error) {
    struct gecko_shm_object *object = &writer->object;
    bool exists;
    if (!gecko_shm_object_create(writer->config.name, writer->ops->size(&writer->config),
                                 writer->config.mode, object, &exists, error)) {
        return exists ? ATTEMPT_AGAIN : ATTEMPT_FAILED;
    }
    if (!was_overtaken(object)) {
        gecko_shm_readers_open(writer);
        writer->ops->make(writer, now);
        if (!was_overtaken(object)) {
            return ATTEMPT_DONE;
        }
        writer->ops->set_state(writer, GECKO_STATE_RETIRED);
    }
    gecko_shm_object_close(object);
    return ATTEMPT_AGAIN;
}

/* With the claim. Sets writer->object; writer->head_frame and generation say where a new object
 * begins. */
static bool take_name(struct gecko_shm_writer *writer, uint64_t now,
                      struct gecko_shm_error *error) {
    enum attempt result = ATTEMPT_AGAIN;
    int waited = 0;
    for (int i = 0; i < OPEN_TRIES && result == ATTEMPT_AGAIN; i++) {
        while ((result = try_existing(writer, now, waited < GRACE_MILLIS, error)) == ATTEMPT_WAIT) {
            wait_a_millisecond();
            waited++;
        }
        if (result == ATTEMPT_AGAIN) {
            result = try_new(writer, now, error);
        }
    }
    if (result == ATTEMPT_AGAIN) {
        gecko_shm_fail(error, EBUSY, "shared memory \"%s\": its name keeps changing hands",
                       writer->config.name);
    }
    if (result != ATTEMPT_DONE) {
        return false;
    }
    gecko_shm_object_touch(&writer->object);
    atomic_store_explicit(&writer->published_head, writer->head_frame, memory_order_relaxed);
    return true;
}

static const struct gecko_layout_ops *ops_for(enum gecko_layout layout) {
    return layout == GECKO_LAYOUT_V2 ? &gecko_layout_v2 : &gecko_layout_v1;
}

bool gecko_shm_writer_open(const struct gecko_shm_config *config, uint64_t now,
                           struct gecko_shm_writer **out, struct gecko_shm_error *error) {
    *out = NULL;
    if (!gecko_shm_config_check(config, error)) {
        return false;
    }
    struct gecko_shm_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL) {
        return gecko_shm_fail(error, ENOMEM, "shared memory \"%s\"", config->name);
    }
    writer->config = *config;
    writer->ops = ops_for(config->layout);
    writer->object = GECKO_SHM_OBJECT_NONE;
    writer->readers = GECKO_SHM_OBJECT_NONE;
    writer->head_frame = config->start_frame;
    writer->process_started = gecko_process_started((uint32_t)getpid());
    struct gecko_shm_claim claim;
    if (!gecko_shm_claim_take(config->name, &claim, error)) {
        free(writer);
        return false;
    }
    bool taken = take_name(writer, now, error);
    if (!taken) {
        gecko_shm_readers_close(writer);
    }
    gecko_shm_claim_give_back(&claim);
    if (!taken) {
        free(writer);
        return false;
    }
    writer->first_frame = writer->head_frame;
    *out = writer;
    return true;
}

/* With the claim: takes the name for a writer that has no object, as `wanted` or else as it was. */
static bool take_another(struct gecko_shm_writer *writer, const struct gecko_shm_config *wanted,
                         uint64_t now, bool *lost, struct gecko_shm_error *error) {
    const struct gecko_shm_config before = writer->config;
    writer->config = *wanted;
    writer->ops = ops_for(wanted->layout);
    bool changed = take_name(writer, now, error);
    if (!changed) {
        struct gecko_shm_error ignored;
        writer->config = before;
        writer->ops = ops_for(before.layout);
        *lost = !take_name(writer, now, &ignored);
    }
    if (*lost) {
        writer->ring_frames = 0; /* too short for any block */
    }
    if (*lost || writer->config.layout == GECKO_LAYOUT_V1) {
        gecko_shm_readers_close(writer);
    }
    return changed;
}

bool gecko_shm_writer_reconfigure(struct gecko_shm_writer *writer,
                                  const struct gecko_shm_config *config, uint64_t now, bool *lost,
                                  struct gecko_shm_error *error) {
    *lost = false;
    struct gecko_shm_config wanted = *config;
    memcpy(wanted.name, writer->config.name, sizeof wanted.name);
    wanted.mode = writer->config.mode;
    wanted.start_frame = writer->config.start_frame;
    if (!gecko_shm_config_check(&wanted, error)) {
        return false;
    }
    assert(writer->block_frames == 0);
    bool had_object = !gecko_shm_writer_is_lost(writer);
    if (had_object && wanted.layout == writer->config.layout &&
        writer->ops->change(writer, &wanted, now)) {
        return true;
    }
    struct gecko_shm_claim claim;
    if (!gecko_shm_claim_take(writer->config.name, &claim, error)) {
        *lost = !had_object;
        return false;
    }
    if (had_object) {
        /* Another object must take the name. The old one has to go first: POSIX cannot rename
         * shared memory, and two at a time may be more than there is room for. */
        writer->ops->set_state(writer, GECKO_STATE_RETIRED);
        gecko_shm_object_unlink(&writer->object);
        gecko_shm_object_close(&writer->object);
    }
    bool changed = take_another(writer, &wanted, now, lost, error);
    gecko_shm_claim_give_back(&claim);
    return changed;
}

bool gecko_shm_writer_is_lost(const struct gecko_shm_writer *writer) {
    return writer->object.base == NULL;
}

void gecko_shm_writer_close(struct gecko_shm_writer *writer) {
    if (writer == NULL) {
        return;
    }
    if (writer->object.base != NULL) {
        writer->ops->set_state(writer, GECKO_STATE_CLOSED);
    }
    /* Without the claim the names stay: whoever takes them next finds that they were left. */
    struct gecko_shm_claim claim;
    struct gecko_shm_error ignored;
    if (gecko_shm_claim_take(writer->config.name, &claim, &ignored)) {
        gecko_shm_object_unlink(&writer->readers);
        gecko_shm_object_unlink(&writer->object);
        gecko_shm_claim_give_back(&claim);
    }
    gecko_shm_object_close(&writer->readers);
    gecko_shm_object_close(&writer->object);
    free(writer);
}

void gecko_shm_writer_set_running(struct gecko_shm_writer *writer, bool running, uint64_t now) {
    if (gecko_shm_writer_is_lost(writer)) {
        return;
    }
    if (writer->object.lock != GECKO_SHM_LOCK_HELD) {
        writer->object.lock = gecko_platform_lock(writer->object.fd);
    }
    writer->ops->beat(writer, now);
    writer->ops->set_state(writer, running ? GECKO_STATE_RUNNING : GECKO_STATE_IDLE);
}

void gecko_shm_writer_set_muted(struct gecko_shm_writer *writer, bool muted) {
    if (gecko_shm_writer_is_lost(writer)) {
        return;
    }
    writer->ops->set_muted(writer, muted);
}

/* Whether a block of `frames` may begin; a refusal is counted. */
static bool accepts(struct gecko_shm_writer *writer, uint32_t frames) {
    assert(writer->block_frames == 0);
    if (frames == 0 || frames > writer->ring_frames) {
        atomic_fetch_add_explicit(&writer->refused, 1, memory_order_relaxed);
        return false;
    }
    return true;
}

bool gecko_shm_writer_begin(struct gecko_shm_writer *writer, uint32_t frames) {
    if (!accepts(writer, frames)) {
        return false;
    }
    writer->ops->begin(writer, frames);
    writer->block_frames = frames;
    return true;
}

void gecko_shm_put_around(struct gecko_shm_writer *writer, uint64_t first, const float *audio,
                          uint32_t frames) {
    size_t frame_bytes = writer->bytes_per_frame;
    size_t head = (size_t)(writer->ring_frames - first) * frame_bytes;
    gecko_copy_in(writer->ring + first * frame_bytes, audio, head);
    gecko_copy_in(writer->ring, (const unsigned char *)audio + head, frames * frame_bytes - head);
}

void gecko_shm_writer_put(struct gecko_shm_writer *writer, uint32_t at, const float *audio,
                          uint32_t frames) {
    assert(at <= writer->block_frames && frames <= writer->block_frames - at);
    uint64_t first = writer->ring_at + at;
    if (first >= writer->ring_frames) {
        first -= writer->ring_frames;
    }
    gecko_shm_put(writer, first, audio, frames);
}

void gecko_shm_writer_commit(struct gecko_shm_writer *writer, const struct gecko_shm_block *block) {
    assert(writer->block_frames != 0);
    gecko_shm_advance(writer, writer->block_frames);
    writer->ops->commit(writer, block);
    writer->block_frames = 0;
}

bool gecko_shm_writer_write(struct gecko_shm_writer *writer, const float *audio, uint32_t frames,
                            const struct gecko_shm_block *block) {
    return accepts(writer, frames) && writer->ops->write(writer, audio, frames, block);
}

const struct gecko_shm_config *gecko_shm_writer_config(const struct gecko_shm_writer *writer) {
    return &writer->config;
}

uint64_t gecko_shm_writer_head(const struct gecko_shm_writer *writer) {
    return atomic_load_explicit(&writer->published_head, memory_order_relaxed);
}

uint64_t gecko_shm_writer_written(const struct gecko_shm_writer *writer) {
    return gecko_shm_writer_head(writer) - writer->first_frame;
}

uint64_t gecko_shm_writer_refused(const struct gecko_shm_writer *writer) {
    return atomic_load_explicit(&writer->refused, memory_order_relaxed);
}

bool gecko_shm_writer_continued(const struct gecko_shm_writer *writer) {
    return writer->continued;
}

void *gecko_shm_writer_memory(const struct gecko_shm_writer *writer, size_t *size) {
    *size = writer->object.size;
    return writer->object.base;
}
