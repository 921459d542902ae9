/* farend_gecko.c - the far end of Gecko Sink: reads its shared memory after each n-th cycle. */
#include "halsim/fingerprint.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAL_LAB_HAVE_GECKO_READER
#include "farend_private.h"

/* After the driver has said goodbye, the name is tried again each so many cycles. */
#define REOPEN_CYCLES 64u
#define DRAIN_ROUNDS  1024

void farend_give_up(struct farend *farend, const char *why) {
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
    farend_way_forget(farend); /* frames of another size do not fit any more */
    float *block = calloc((size_t)FAREND_BLOCK_FRAMES * format->channels, sizeof *block);
    if (block == NULL) {
        farend_give_up(farend, "out of memory");
        return false;
    }
    free(farend->block);
    farend->block = block;
    farend->block_samples = (size_t)FAREND_BLOCK_FRAMES * format->channels;
    if (live->channels != 0 && farend->recording != NULL) {
        farend_give_up(farend, "the number of channels changed: the recording ends here");
        return false;
    }
    live->channels = format->channels;
    halsim_check_init(&live->check, format->channels);
    if (farend->record != NULL) {
        struct halsim_error error;
        farend->recording = halsim_sink_create_file(farend->record, farend->record_frames,
                                                    format->channels, &error);
        if (farend->recording == NULL) {
            farend_give_up(farend, error.message);
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
void farend_open_late(struct farend *farend) {
    struct gecko_reader_error error;
    bool missing;
    if (try_open(farend, &missing, &error)) {
        farend->live.attachments++;
        adopt_format(farend);
    } else if (!missing) {
        farend_give_up(farend, error.text);
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

void farend_take(struct farend *farend, const float *block, uint32_t frames, uint64_t lost_frames) {
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

/* Reads at most `most` frames, or until the ring is empty. Bounded: a header that changes all the
 * time must not hold the IO thread. */
static void drain(struct farend *farend, uint64_t most) {
    struct farend_stats *live = &farend->live;
    bool more = most > 0;
    for (int round = 0; more && !live->failed && round < DRAIN_ROUNDS; round++) {
        struct gecko_read read;
        uint32_t room = most < FAREND_BLOCK_FRAMES ? (uint32_t)most : FAREND_BLOCK_FRAMES;
        size_t samples = farend->block_samples / FAREND_BLOCK_FRAMES * room;
        int64_t frames = gecko_reader_read(farend->reader, farend->block, samples, &read);
        if (frames < 0) {
            farend_give_up(farend, gecko_reader_failure(farend->reader)->text);
            return;
        }
        most -= (uint64_t)frames;
        live->lost_frames += read.lost_frames;
        live->torn_frames += read.torn_frames;
        live->torn_reads += read.torn_frames > 0;
        live->backlog_peak =
            read.left_frames > live->backlog_peak ? read.left_frames : live->backlog_peak;
        if (frames > 0) {
            live->reads++;
            if (__builtin_expect(farend_way_is_clear(farend), 1)) {
                farend_take(farend, farend->block, (uint32_t)frames, read.lost_frames);
            } else {
                farend_way_pass(farend, farend->block, (uint32_t)frames, read.lost_frames);
            }
        } else {
            live->empty_reads++;
        }
        more = most > 0 && (frames == (int64_t)room || (read.events & GECKO_READ_GENERATION) != 0);
        if (__builtin_expect((read.events & ~(uint32_t)GECKO_READ_LOST) != 0, 0)) {
            handle_events(farend, &read);
        }
    }
}

/* How many frames the reader may take in this cycle. */
static uint64_t appetite(struct farend *farend, uint64_t cycle, uint32_t cycle_frames) {
    if (__builtin_expect(cycle >= farend->slow_to, 1)) {
        return UINT64_MAX;
    }
    farend->slow_credit += (uint64_t)cycle_frames * farend->slow_percent;
    uint64_t frames = farend->slow_credit / 100;
    farend->slow_credit %= 100;
    return frames;
}

static void after_cycle(uint32_t device, const struct halsim_trace_record *record, void *context) {
    struct farend *farend = context;
    if (device != farend->device) {
        return;
    }
    farend->now_ns = record->woke_ns;
    uint64_t cycle = farend->live.cycles++;
    bool stalled = cycle - farend->stall_from < farend->stall_to - farend->stall_from;
    if (--farend->until_read == 0) {
        farend->until_read = farend->every_cycles;
        if (!stalled && !farend->detached && !farend->live.failed) {
            if (farend->reader == NULL) {
                farend_open_late(farend);
            }
            if (farend->reader != NULL) {
                drain(farend, appetite(farend, cycle, record->frames * farend->every_cycles));
            }
        }
    }
    if (__builtin_expect(farend->way.holding, 0)) {
        farend_way_end_cycle(farend);
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
    for (uint32_t i = 0; i < farend->live.half_open; i++) {
        gecko_reader_close(farend->half_open[i]);
    }
    farend_way_free(farend);
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

void farend_read_stats(struct farend *farend, uint64_t wait_ns, struct farend_stats *stats) {
    handover_read(&farend->handover, wait_ns, stats);
}

void farend_close(struct farend *farend, struct halsim_host *host) {
    if (host != NULL) {
        halsim_host_remove_cycle_hook(host, after_cycle, farend);
    }
    free_farend(farend);
}

#endif
