/* farend_gecko.c - the far end of Gecko Sink: reads its shared memory after each n-th cycle. */
#include "farend.h"
#include "halsim/fingerprint.h"
#include "handover.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAL_LAB_HAVE_GECKO_READER
#include <gecko/gecko_reader.h>

/* Frames that one read takes at most; what an IO cycle brings is less. */
#define BLOCK_FRAMES  8192u
/* After the driver has said goodbye, the name is tried again each so many cycles. */
#define REOPEN_CYCLES 64u
#define DRAIN_ROUNDS  1024

struct farend {
    struct halsim_host *host;
    uint32_t device;
    uint32_t every_cycles;
    uint32_t until_read; /* cycles until the next read */
    bool check;
    uint64_t stall_from, stall_to;
    bool detached;
    enum farend_damage damage;
    uint64_t damage_left;        /* frames */
    struct gecko_reader *reader; /* NULL: nothing there yet */
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

/* From here on it only counts cycles. */
static void give_up(struct farend *farend, const char *why) {
    farend->live.failed = true;
    snprintf(farend->live.failure, sizeof farend->live.failure, "%.500s", why);
}

/* The format is known, or has changed: room for a block, a check and a recording that fit. */
static bool adopt_format(struct farend *farend) {
    const struct gecko_format *format = gecko_reader_format(farend->reader);
    struct farend_stats *live = &farend->live;
    live->layout = format->layout;
    live->sample_rate = format->sample_rate;
    if (format->channels == live->channels) {
        return true;
    }
    float *block = calloc((size_t)BLOCK_FRAMES * format->channels, sizeof *block);
    if (block == NULL) {
        give_up(farend, "out of memory");
        return false;
    }
    free(farend->block);
    farend->block = block;
    farend->block_samples = (size_t)BLOCK_FRAMES * format->channels;
    if (live->channels != 0 && farend->recording != NULL) {
        give_up(farend, "the number of channels changed: the recording ends here");
        return false;
    }
    live->channels = format->channels;
    halsim_check_init(&live->check, format->channels);
    if (farend->record != NULL) {
        struct halsim_error error;
        farend->recording = halsim_sink_create_file(farend->record, farend->record_frames,
                                                    format->channels, &error);
        if (farend->recording == NULL) {
            give_up(farend, error.message);
            return false;
        }
    }
    return true;
}

/* False when there is nothing to read from; *missing when that may change. */
static bool try_open(struct farend *farend, bool *missing, struct gecko_reader_error *error) {
    struct gecko_reader_options options = {.from_oldest = farend->from_oldest, .no_slot = true};
    *missing = false;
    if (!gecko_reader_open(farend->name, &options, &farend->reader, error)) {
        farend->reader = NULL;
        *missing = error->status == GECKO_READER_MISSING || error->status == GECKO_READER_NOT_READY;
        return false;
    }
    return true;
}

/* The rare cases. They may allocate and call the system on the IO thread; that happens once per
 * change of the driver, and the cycle's hook time shows it. */
static void open_late(struct farend *farend) {
    struct gecko_reader_error error;
    bool missing;
    if (try_open(farend, &missing, &error)) {
        farend->live.attachments++;
        adopt_format(farend);
    } else if (!missing) {
        give_up(farend, error.text);
    }
}

static void handle_events(struct farend *farend, const struct gecko_read *read) {
    if ((read->events & GECKO_READ_GENERATION) != 0) {
        farend->live.generation_changes++;
        adopt_format(farend);
    }
    if ((read->events & GECKO_READ_RETIRED) != 0 ||
        ((read->events & GECKO_READ_CLOSED) != 0 && farend->live.cycles % REOPEN_CYCLES == 0)) {
        if (gecko_reader_reopen(farend->reader, NULL)) {
            farend->live.reopens++;
            farend->live.closed = false;
            adopt_format(farend);
        }
    } else if ((read->events & GECKO_READ_CLOSED) != 0) {
        farend->live.closed = true;
    }
}

static void take(struct farend *farend, const float *block, uint32_t frames, uint64_t lost_frames) {
    struct farend_stats *live = &farend->live;
    halsim_fingerprint_far_end(farend->host, farend->device, block, frames, live->channels,
                               lost_frames);
    if (farend->check) {
        halsim_check_block(&live->check, block, frames);
    }
    if (farend->recording != NULL) {
        farend->recording->take(farend->recording, block, frames, live->channels, live->frames);
    }
    live->frames += frames;
}

/* No number of the counter: it has no fractions as fine as this. */
#define NOISE 0.7071067811865475f

/* Spoils the first frames of the block as asked for, and takes it. */
static void take_damaged(struct farend *farend, uint32_t frames, uint64_t lost_frames) {
    uint32_t channels = farend->live.channels;
    uint32_t count = farend->damage_left < frames ? (uint32_t)farend->damage_left : frames;
    float *block = farend->block;
    farend->damage_left -= count;
    farend->live.damaged_frames += count;
    switch (farend->damage) {
    case FAREND_LOSE:
        block += (size_t)count * channels;
        frames -= count;
        break;
    case FAREND_CORRUPT:
        for (size_t i = 0; i < (size_t)count * channels; i++) {
            block[i] = NOISE;
        }
        break;
    case FAREND_REPEAT:
        take(farend, block, count, lost_frames);
        lost_frames = 0; /* told once */
        break;
    case FAREND_SILENCE:
        memset(block, 0, (size_t)count * channels * sizeof *block);
        break;
    case FAREND_SWAP:
        for (uint32_t i = 0; i < count && channels > 1; i++) {
            float *frame = block + (size_t)i * channels;
            float first = frame[0];
            frame[0] = frame[1];
            frame[1] = first;
        }
        break;
    }
    if (frames > 0) {
        take(farend, block, frames, lost_frames);
    }
}

/* Reads until the ring is empty. Bounded: a header that changes all the time must not hold the IO
 * thread. */
static void drain(struct farend *farend) {
    struct farend_stats *live = &farend->live;
    bool more = true;
    for (int round = 0; more && !live->failed && round < DRAIN_ROUNDS; round++) {
        struct gecko_read read;
        int64_t frames =
            gecko_reader_read(farend->reader, farend->block, farend->block_samples, &read);
        if (frames < 0) {
            give_up(farend, gecko_reader_failure(farend->reader)->text);
            return;
        }
        live->lost_frames += read.lost_frames;
        live->torn_frames += read.torn_frames;
        live->torn_reads += read.torn_frames > 0;
        live->backlog_peak =
            read.left_frames > live->backlog_peak ? read.left_frames : live->backlog_peak;
        if (frames > 0) {
            live->reads++;
            if (__builtin_expect(farend->damage_left > 0, 0)) {
                take_damaged(farend, (uint32_t)frames, read.lost_frames);
            } else {
                take(farend, farend->block, (uint32_t)frames, read.lost_frames);
            }
        } else {
            live->empty_reads++;
        }
        more = frames == BLOCK_FRAMES || (read.events & GECKO_READ_GENERATION) != 0;
        if (__builtin_expect((read.events & ~(uint32_t)GECKO_READ_LOST) != 0, 0)) {
            handle_events(farend, &read);
        }
    }
}

static void after_cycle(uint32_t device, const struct halsim_trace_record *record, void *context) {
    (void)record;
    struct farend *farend = context;
    if (device != farend->device) {
        return;
    }
    uint64_t cycle = farend->live.cycles++;
    bool stalled = cycle - farend->stall_from < farend->stall_to - farend->stall_from;
    if (--farend->until_read == 0) {
        farend->until_read = farend->every_cycles;
        if (!stalled && !farend->detached && !farend->live.failed) {
            if (farend->reader == NULL) {
                open_late(farend);
            }
            if (farend->reader != NULL) {
                drain(farend);
            }
        }
    }
    handover_serve(&farend->handover);
}

static enum halsim_status status_of(enum gecko_reader_status status) {
    switch (status) {
    case GECKO_READER_NAME:
        return HALSIM_ERROR_ARGUMENT;
    case GECKO_READER_MISSING:
        return HALSIM_ERROR_NOT_FOUND;
    case GECKO_READER_TRUNCATED:
    case GECKO_READER_HOSTILE:
        return HALSIM_ERROR_CONTRACT;
    default:
        return HALSIM_ERROR_SYSTEM;
    }
}

static void free_farend(struct farend *farend) {
    gecko_reader_close(farend->reader);
    halsim_sink_destroy(farend->recording);
    free(farend->block);
    free(farend->name);
    free(farend->record);
    free(farend);
}

/* Opens what is there already. */
static bool begin(struct farend *farend, struct halsim_error *error) {
    struct gecko_reader_error trouble;
    bool missing;
    if (try_open(farend, &missing, &trouble)) {
        farend->live.attachments++;
        adopt_format(farend);
    } else if (missing) {
        farend->from_oldest = true;
    } else {
        *error = (struct halsim_error){.status = status_of(trouble.status)};
        snprintf(error->message, sizeof error->message, "%s", trouble.text);
        return false;
    }
    if (farend->live.failed) {
        *error = (struct halsim_error){.status = HALSIM_ERROR_SYSTEM};
        snprintf(error->message, sizeof error->message, "far end \"%.64s\": %s", farend->name,
                 farend->live.failure);
        return false;
    }
    return true;
}

struct farend *farend_open(struct halsim_host *host, const struct farend_config *config,
                           struct halsim_error *error) {
    struct farend *farend = calloc(1, sizeof *farend);
    if (farend == NULL) {
        *error = (struct halsim_error){.status = HALSIM_ERROR_SYSTEM, .message = "out of memory"};
        return NULL;
    }
    farend->host = host;
    farend->device = config->device;
    farend->every_cycles = config->every_cycles;
    farend->until_read = config->every_cycles;
    farend->check = config->check;
    farend->stall_from = config->stall_from;
    farend->stall_to = config->stall_from + config->stall_cycles;
    farend->from_oldest = config->from_oldest;
    farend->record_frames = config->record_frames;
    farend->name = strdup(config->name);
    farend->record = config->record != NULL ? strdup(config->record) : NULL;
    handover_init(&farend->handover, &farend->live, &farend->copy, sizeof farend->live);
    /* The hook first, which may be refused: by then no recording has been begun. It is not called
     * before IO starts. */
    if (!halsim_host_add_cycle_hook(host, after_cycle, farend, error)) {
        free_farend(farend);
        return NULL;
    }
    if (!begin(farend, error)) {
        farend_close(farend, host);
        return NULL;
    }
    return farend;
}

void farend_stall(struct farend *farend, uint64_t cycles) {
    farend->stall_from = farend->live.cycles;
    farend->stall_to = farend->live.cycles + cycles;
}

void farend_detach(struct farend *farend) {
    gecko_reader_close(farend->reader);
    farend->reader = NULL;
    farend->detached = true;
}

void farend_attach(struct farend *farend, bool from_oldest) {
    farend_detach(farend);
    farend->detached = false;
    farend->from_oldest = from_oldest;
    farend->live.closed = false;
    farend->live.failed = false;
    if (farend->live.channels > 0) {
        halsim_check_init(&farend->live.check, farend->live.channels);
    }
    open_late(farend);
}

void farend_damage(struct farend *farend, enum farend_damage kind, uint64_t frames) {
    farend->damage = kind;
    farend->damage_left = frames;
}

void farend_read_stats(struct farend *farend, uint64_t wait_ns, struct farend_stats *stats) {
    handover_read(&farend->handover, wait_ns, stats);
}

void farend_close(struct farend *farend, struct halsim_host *host) {
    if (host != NULL) {
        halsim_host_remove_cycle_hook(host, after_cycle, farend);
    }
    free_farend(farend);
}

#else /* a build without the drivers */

struct farend *farend_open(struct halsim_host *host, const struct farend_config *config,
                           struct halsim_error *error) {
    (void)host;
    *error = (struct halsim_error){.status = HALSIM_ERROR_UNSUPPORTED};
    snprintf(error->message, sizeof error->message,
             "far end \"%s\": this build has no reader for Gecko's shared memory", config->name);
    return NULL;
}

void farend_stall(struct farend *farend, uint64_t cycles) {
    (void)farend;
    (void)cycles;
}

void farend_detach(struct farend *farend) {
    (void)farend;
}

void farend_attach(struct farend *farend, bool from_oldest) {
    (void)farend;
    (void)from_oldest;
}

void farend_damage(struct farend *farend, enum farend_damage kind, uint64_t frames) {
    (void)farend;
    (void)kind;
    (void)frames;
}

void farend_read_stats(struct farend *farend, uint64_t wait_ns, struct farend_stats *stats) {
    (void)farend;
    (void)wait_ns;
    memset(stats, 0, sizeof *stats);
}

void farend_close(struct farend *farend, struct halsim_host *host) {
    (void)farend;
    (void)host;
}

#endif
