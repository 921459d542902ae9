#include "halsim/fingerprint.h"
#include "digest.h"
#include "event_log.h"
#include "host_internal.h"
#include <stdlib.h>
#include <string.h>

/* The largest block that is remembered: 8192 frames of stereo. */
#define BLOCK_BYTES 65536u

struct halsim_fingerprint {
    struct halsim_clock *clock;
    /* Threads of drivers come one at a time when a scheduler owns them; where none does, this keeps
     * them apart. No pthread_mutex_lock(), which is a point at which the scheduler may switch: an
     * observer must not change what it observes. */
    atomic_flag busy;
    uint64_t hash;
    uint64_t events;
    uint64_t cycles;
    uint64_t start_ns;
    uint64_t every;
    uint32_t checkpoint_count;
    struct halsim_checkpoint checkpoints[HALSIM_FINGERPRINT_CHECKPOINTS];
    struct halsim_event_log *log;
    struct halsim_customs *customs;
    /* The block last hashed. */
    size_t block_bytes;
    uint64_t block_digest;
    unsigned char block[BLOCK_BYTES] __attribute__((aligned(64)));
};

static void lock(struct halsim_fingerprint *fingerprint) {
    while (atomic_flag_test_and_set_explicit(&fingerprint->busy, memory_order_acquire)) {
        /* some nanoseconds */
    }
}

static void unlock(struct halsim_fingerprint *fingerprint) {
    atomic_flag_clear_explicit(&fingerprint->busy, memory_order_release);
}

/* Three chains that do not wait for each other. */
static uint64_t add_event(uint64_t hash, const struct halsim_observation *seen) {
    uint64_t what = (uint64_t)seen->kind << 48 | (uint64_t)seen->plugin << 32 | seen->object;
    uint64_t who = (uint64_t)seen->client << 32 | seen->code;
    uint64_t how = (uint64_t)(uint32_t)seen->status << 32 | seen->detail;
    uint64_t event = halsim_digest_mix(what ^ HALSIM_DIGEST_C, who ^ HALSIM_DIGEST_D) ^
                     halsim_digest_word(how, seen->data);
    return halsim_digest_word(halsim_digest_word(hash, seen->time_ns), event);
}

void halsim_observe(struct halsim_fingerprint *fingerprint, struct halsim_observation *seen) {
    lock(fingerprint);
    seen->sequence = ++fingerprint->events;
    seen->cycle = fingerprint->cycles;
    seen->time_ns = halsim_clock_now_ns(fingerprint->clock);
    seen->hash = fingerprint->hash = add_event(fingerprint->hash, seen);
    if (__builtin_expect(fingerprint->log != NULL, 0)) {
        halsim_event_log_add(fingerprint->log, seen);
    }
    unlock(fingerprint);
}

void halsim_observe_content(struct halsim_fingerprint *fingerprint,
                            const struct halsim_observation *seen, const void *samples,
                            size_t bytes) {
    lock(fingerprint);
    if (__builtin_expect(fingerprint->log != NULL, 0)) {
        halsim_event_log_add_content(fingerprint->log, seen, samples, bytes);
    }
    unlock(fingerprint);
}

void halsim_observe_cycle_begun(struct halsim_fingerprint *fingerprint) {
    lock(fingerprint);
    fingerprint->cycles++;
    unlock(fingerprint);
}

/* Every second one goes, and from now on half as many come. */
static void thin_out(struct halsim_fingerprint *fingerprint) {
    uint32_t kept = 0;
    fingerprint->every *= 2;
    for (uint32_t i = 0; i < fingerprint->checkpoint_count; i++) {
        if (fingerprint->checkpoints[i].cycle % fingerprint->every == 0) {
            fingerprint->checkpoints[kept++] = fingerprint->checkpoints[i];
        }
    }
    fingerprint->checkpoint_count = kept;
}

void halsim_observe_cycle_done(struct halsim_fingerprint *fingerprint) {
    lock(fingerprint);
    uint64_t cycle = fingerprint->cycles;
    if ((cycle & (fingerprint->every - 1)) == 0) {
        if (fingerprint->checkpoint_count == HALSIM_FINGERPRINT_CHECKPOINTS) {
            thin_out(fingerprint);
        }
        if (cycle % fingerprint->every == 0) {
            fingerprint->checkpoints[fingerprint->checkpoint_count++] =
                (struct halsim_checkpoint){cycle, fingerprint->hash};
        }
    }
    unlock(fingerprint);
}

uint64_t halsim_observe_block(struct halsim_fingerprint *fingerprint, const void *samples,
                              size_t bytes) {
    if (bytes > BLOCK_BYTES) {
        return halsim_digest_bytes(0, samples, bytes);
    }
    if (bytes != fingerprint->block_bytes || memcmp(fingerprint->block, samples, bytes) != 0) {
        memcpy(fingerprint->block, samples, bytes);
        fingerprint->block_bytes = bytes;
        fingerprint->block_digest = halsim_digest_bytes(0, samples, bytes);
    }
    return fingerprint->block_digest;
}

struct halsim_customs *halsim_fingerprint_customs(struct halsim_fingerprint *fingerprint) {
    return fingerprint->customs;
}

/* ---- from outside -------------------------------------------------------------------------- */

static struct halsim_fingerprint *create(struct halsim_host *host, struct halsim_error *error) {
    struct halsim_fingerprint *fingerprint = calloc(1, sizeof *fingerprint);
    struct halsim_customs *customs = halsim_customs_create();
    if (fingerprint == NULL || customs == NULL) {
        free(fingerprint);
        halsim_customs_destroy(customs);
        (void)halsim_fail(error, HALSIM_ERROR_SYSTEM, "fingerprint: out of memory");
        return NULL;
    }
    fingerprint->clock = host->clock;
    fingerprint->customs = customs;
    atomic_flag_clear(&fingerprint->busy);
    return fingerprint;
}

static void reset(struct halsim_fingerprint *fingerprint) {
    lock(fingerprint);
    struct halsim_event_log *log = fingerprint->log;
    fingerprint->log = NULL;
    fingerprint->hash = halsim_digest_word(0, HALSIM_FINGERPRINT_VERSION);
    fingerprint->events = 0;
    fingerprint->cycles = 0;
    fingerprint->start_ns = halsim_clock_now_ns(fingerprint->clock);
    fingerprint->every = 1;
    fingerprint->checkpoint_count = 0;
    unlock(fingerprint);
    halsim_event_log_close(log);
    halsim_customs_forget(fingerprint->customs);
}

bool halsim_fingerprint_begin(struct halsim_host *host, struct halsim_error *error) {
    if (host->clock->kind != HALSIM_CLOCK_VIRTUAL) {
        return halsim_fail(error, HALSIM_ERROR_STATE,
                           "fingerprint: in real time no two runs are the same; use the virtual "
                           "clock");
    }
    pthread_mutex_lock(&host->control);
    struct halsim_fingerprint *fingerprint = atomic_load(&host->fingerprint);
    if (fingerprint == NULL) {
        fingerprint = create(host, error);
    }
    if (fingerprint != NULL) {
        reset(fingerprint);
        atomic_store(&host->fingerprint, fingerprint);
    }
    pthread_mutex_unlock(&host->control);
    return fingerprint != NULL;
}

/* With control held. */
static struct halsim_fingerprint *begun(struct halsim_host *host, struct halsim_error *error) {
    struct halsim_fingerprint *fingerprint = atomic_load(&host->fingerprint);
    if (fingerprint == NULL) {
        (void)halsim_fail(error, HALSIM_ERROR_STATE, "fingerprint: none was begun");
    }
    return fingerprint;
}

bool halsim_fingerprint_read(struct halsim_host *host, struct halsim_fingerprint_state *state,
                             struct halsim_error *error) {
    pthread_mutex_lock(&host->control);
    struct halsim_fingerprint *fingerprint = begun(host, error);
    if (fingerprint != NULL) {
        lock(fingerprint);
        state->hash = fingerprint->hash;
        state->events = fingerprint->events;
        state->cycles = fingerprint->cycles;
        state->every = fingerprint->every;
        state->checkpoint_count = fingerprint->checkpoint_count;
        memcpy(state->checkpoints, fingerprint->checkpoints,
               fingerprint->checkpoint_count * sizeof state->checkpoints[0]);
        unlock(fingerprint);
    }
    pthread_mutex_unlock(&host->control);
    return fingerprint != NULL;
}

bool halsim_fingerprint_log(struct halsim_host *host, const char *path, uint64_t first_cycle,
                            uint64_t last_cycle, uint64_t capacity, struct halsim_error *error) {
    pthread_mutex_lock(&host->control);
    struct halsim_fingerprint *fingerprint = begun(host, error);
    struct halsim_event_log *log = NULL;
    bool ok = fingerprint != NULL;
    if (ok && path != NULL) {
        log = halsim_event_log_create(path, first_cycle, last_cycle, capacity, error);
        ok = log != NULL;
    }
    if (ok) {
        if (log != NULL) {
            halsim_event_log_header(log)->start_ns = fingerprint->start_ns;
            halsim_event_log_header(log)->seed = host->config.seed;
        }
        lock(fingerprint);
        struct halsim_event_log *old = fingerprint->log;
        fingerprint->log = log;
        unlock(fingerprint);
        halsim_event_log_close(old);
    }
    pthread_mutex_unlock(&host->control);
    return ok;
}

bool halsim_fingerprint_log_samples(struct halsim_host *host, bool samples,
                                    struct halsim_error *error) {
    pthread_mutex_lock(&host->control);
    struct halsim_fingerprint *fingerprint = begun(host, error);
    if (fingerprint != NULL) {
        lock(fingerprint);
        if (fingerprint->log != NULL) {
            halsim_event_log_ask_content(fingerprint->log, samples);
        }
        unlock(fingerprint);
    }
    pthread_mutex_unlock(&host->control);
    return fingerprint != NULL;
}

void halsim_fingerprint_far_end(struct halsim_host *host, uint32_t device, const float *samples,
                                uint32_t frames, uint32_t channels, uint64_t lost_frames) {
    struct halsim_fingerprint *fingerprint = atomic_load(&host->fingerprint);
    if (fingerprint == NULL) {
        return;
    }
    struct halsim_observation seen = {
        .kind = HALSIM_OBSERVED_FAR_END,
        .plugin = HALSIM_NO_PLUGIN,
        .detail = device,
        .data = halsim_digest_word(
            halsim_observe_block(fingerprint, samples, (size_t)frames * channels * sizeof *samples),
            lost_frames << 32 | channels),
        .values = {frames, channels, lost_frames},
    };
    halsim_observe(fingerprint, &seen);
    halsim_observe_content(fingerprint, &seen, samples,
                           (size_t)frames * channels * sizeof *samples);
}

void halsim_fingerprint_destroy(struct halsim_fingerprint *fingerprint) {
    if (fingerprint != NULL) {
        halsim_event_log_close(fingerprint->log);
        halsim_customs_destroy(fingerprint->customs);
        free(fingerprint);
    }
}
