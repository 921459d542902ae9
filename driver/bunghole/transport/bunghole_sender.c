/* bunghole_sender.c */
#include "bunghole_sender.h"
#include <stdlib.h>
#include <string.h>

/* Sleeps while IO runs: a look at the ring costs a microsecond, and blocks may be late. */
#define SHORTEST_SLEEP_NS BUNGHOLE_NS_PER_MS
#define LONGEST_SLEEP_NS  (20 * BUNGHOLE_NS_PER_MS)

static bool is_running(const struct bunghole_sender *sender) {
    return atomic_load_explicit(&sender->running, memory_order_acquire);
}

/* ---- the ring -------------------------------------------------------------------------------- */

/* Takes out what there is until `keep` frames are left; returns how many went. */
static uint64_t discard(struct bunghole_sender *sender, uint64_t keep) {
    uint64_t gone = 0;
    uint64_t fill = bunghole_ring_fill(&sender->ring);
    while (fill - gone > keep) {
        uint64_t most = fill - gone - keep;
        uint32_t piece = most < BUNGHOLE_PACKET_FRAMES ? (uint32_t)most : BUNGHOLE_PACKET_FRAMES;
        bunghole_ring_take(&sender->ring, NULL, piece);
        gone += piece;
    }
    sender->cut_off = sender->cut_off || gone > 0;
    return gone;
}

/* How many frames may wait behind a socket that takes nothing. A block of more than a packet comes
 * at once, and a socket need not take it at once: that does not make it late. */
static uint64_t late_from(struct bunghole_sender *sender) {
    return BUNGHOLE_LATE_PACKETS * (uint64_t)BUNGHOLE_PACKET_FRAMES +
           bunghole_ring_allowance(bunghole_ring_longest(&sender->ring));
}

/* What waits too long: the oldest packet goes when there are more than three. Whole packets, so
 * that those behind it stay where they would have been. */
static void drop_late(struct bunghole_sender *sender) {
    struct bunghole_span span;
    while (bunghole_ring_fill(&sender->ring) >
               BUNGHOLE_LATE_PACKETS * (uint64_t)BUNGHOLE_PACKET_FRAMES &&
           bunghole_ring_fill(&sender->ring) > late_from(sender) &&
           bunghole_ring_peek(&sender->ring, BUNGHOLE_PACKET_FRAMES, &span)) {
        bunghole_ring_take(&sender->ring, NULL, span.frames);
        bunghole_count(&sender->statistics.late, span.frames);
        sender->cut_off = true;
    }
}

/* ---- packets --------------------------------------------------------------------------------- */

/* Whether there is a packet: a whole one, or the end of a run. */
static bool peek_packet(struct bunghole_sender *sender, struct bunghole_span *span) {
    bool ended = !is_running(sender); /* before the ring is looked at: then nothing more can come */
    return bunghole_ring_peek(&sender->ring, BUNGHOLE_PACKET_FRAMES, span) &&
           (span->frames == BUNGHOLE_PACKET_FRAMES || span->run_ends || ended);
}

/* Gain, and the samples that the encoder takes. Returns the packet's size, 0 on failure. */
static size_t encode(struct bunghole_sender *sender, const struct bunghole_span *span) {
    size_t missing = BUNGHOLE_PACKET_FRAMES - span->frames;
    bunghole_ring_take(&sender->ring, sender->audio, span->frames);
    memset(sender->audio + (size_t)span->frames * BUNGHOLE_CHANNELS, 0,
           missing * BUNGHOLE_CHANNELS * sizeof sender->audio[0]);
    if ((span->flags & BUNGHOLE_BLOCK_BEGINS) != 0) {
        haldrv_gain_reset(&sender->gain, sender->level);
    }
    struct haldrv_ramp ramp =
        haldrv_ramp_begin(&sender->gain, sender->level, BUNGHOLE_PACKET_FRAMES);
    if (!haldrv_ramp_is_unity(&ramp)) {
        haldrv_ramp_apply(&ramp, 0, sender->audio, sender->audio, BUNGHOLE_PACKET_FRAMES,
                          BUNGHOLE_CHANNELS);
    }
    bunghole_to_int16(sender->audio, BUNGHOLE_PACKET_FRAMES * BUNGHOLE_CHANNELS, sender->samples);
    return bunghole_encode(sender->encoder, sender->samples, sender->packet, sizeof sender->packet);
}

/* Numbers: the frames of the original blocks, and the silence that was put in between them. Packets
 * whose frames were all dropped have sequence numbers too. */
static uint64_t number(struct bunghole_sender *sender, const struct bunghole_span *span) {
    uint64_t first = span->first_frame + sender->padding;
    uint64_t missing = first - sender->next_frame;
    sender->sequence += (uint32_t)((missing + BUNGHOLE_PACKET_FRAMES - 1) / BUNGHOLE_PACKET_FRAMES);
    sender->cut_off = sender->cut_off || missing > 0;
    sender->padding += BUNGHOLE_PACKET_FRAMES - span->frames;
    /* Not behind the last one: frames may be missing within the packet, too, and whoever counts
     * packets must hear of it by the next one. */
    sender->next_frame = first + BUNGHOLE_PACKET_FRAMES;
    return first;
}

static bool is_muted(const struct haldrv_level *level) {
    float gain = atomic_load_explicit(&level->gain, memory_order_relaxed);
    return gain <= 0.0f;
}

static void send_packet(struct bunghole_sender *sender, const struct bunghole_span *span) {
    bool filled = span->frames < BUNGHOLE_PACKET_FRAMES;
    struct bunghole_audio_info info = {
        .first_frame = number(sender, span),
        .captured_ns = span->time_ns,
        .encoded_ns = bunghole_now_ns(),
    };
    info.sequence = sender->sequence++;
    size_t size = encode(sender, span);
    if (size == 0) {
        bunghole_count(&sender->statistics.encode_errors, 1);
        sender->cut_off = true;
        return;
    }
    uint32_t breaks = BUNGHOLE_BLOCK_BEGINS | BUNGHOLE_BLOCK_JUMPS | BUNGHOLE_BLOCK_LOST;
    uint8_t flags = 0;
    if (sender->cut_off || (span->flags & breaks) != 0) {
        flags |= BUNGHOLE_FLAG_DISCONTINUITY;
    }
    if (is_muted(sender->level)) {
        flags |= BUNGHOLE_FLAG_MUTED;
    }
    if (filled) {
        flags |= BUNGHOLE_FLAG_LAST;
        bunghole_count(&sender->statistics.padded, BUNGHOLE_PACKET_FRAMES - span->frames);
    }
    sender->cut_off = false;
    info.sent_ns = bunghole_now_ns();
    bunghole_connection_put_audio(&sender->connection, flags, &info, sender->packet, size);
    bunghole_connection_flush(&sender->connection, info.sent_ns);
    bunghole_count(&sender->statistics.packets_sent, 1);
    bunghole_count(&sender->statistics.frames_sent, span->frames);
}

/* ---- the thread ------------------------------------------------------------------------------ */

/* A connection begins with what is played from now on, to a decoder that knows nothing. */
static void begin_connection(struct bunghole_sender *sender) {
    bunghole_count(&sender->statistics.unconnected, discard(sender, 0));
    bunghole_encoder_reset(sender->encoder);
    haldrv_gain_reset(&sender->gain, sender->level);
    sender->cut_off = true;
}

static void pump(struct bunghole_sender *sender, uint64_t now_ns) {
    struct bunghole_connection *connection = &sender->connection;
    struct bunghole_span span;
    /* An answer to a ping, or the switch, may have been put there a moment ago. That is no reason
     * to take the socket for full, and to drop what waits. */
    bunghole_connection_flush(connection, now_ns);
    while (connection->state == BUNGHOLE_CONNECTED && bunghole_connection_is_clear(connection) &&
           peek_packet(sender, &span)) {
        send_packet(sender, &span);
    }
    if (connection->state == BUNGHOLE_CONNECTED) {
        drop_late(sender);
    } else {
        bunghole_count(&sender->statistics.unconnected, discard(sender, 0));
    }
}

/* When the next packet may be complete: by the size and the time of the last block. */
static uint64_t next_look(const struct bunghole_sender *sender, uint64_t now_ns) {
    if (!is_running(sender)) {
        return BUNGHOLE_NEVER;
    }
    uint64_t fill = bunghole_ring_fill(&sender->ring);
    uint64_t block = atomic_load_explicit(&sender->ring.block_frames, memory_order_relaxed);
    uint64_t last_ns = atomic_load_explicit(&sender->ring.block_ns, memory_order_relaxed);
    uint64_t due = now_ns + LONGEST_SLEEP_NS;
    if (sender->connection.state == BUNGHOLE_CONNECTED && block > 0 &&
        fill < BUNGHOLE_PACKET_FRAMES) {
        uint64_t blocks = (BUNGHOLE_PACKET_FRAMES - fill + block - 1) / block;
        due = last_ns + blocks * block * BUNGHOLE_NS_PER_S / BUNGHOLE_RATE;
    }
    if (due < now_ns + SHORTEST_SLEEP_NS) {
        return now_ns + SHORTEST_SLEEP_NS;
    }
    return due > now_ns + LONGEST_SLEEP_NS ? now_ns + LONGEST_SLEEP_NS : due;
}

static void apply_configuration(struct bunghole_sender *sender) {
    pthread_mutex_lock(&sender->mutex);
    if (sender->reconfigured) {
        sender->reconfigured = false;
        sender->connection.endpoint = sender->wanted.endpoint;
        sender->connection.config.only_v1 = sender->wanted.only_v1;
        bunghole_connection_reset(&sender->connection);
    }
    pthread_mutex_unlock(&sender->mutex);
}

static void run(void *context) {
    struct bunghole_sender *sender = context;
    struct bunghole_connection *connection = &sender->connection;
    struct bunghole_item item;
    short events = 0;
    while (!bunghole_thread_is_stopping(&sender->thread)) {
        apply_configuration(sender);
        uint64_t now = bunghole_now_ns();
        connection->idle = !is_running(sender);
        bunghole_connection_step(connection, now, events);
        if (connection->fresh) {
            begin_connection(sender);
        }
        while (bunghole_connection_next(connection, now, &item)) {
        }
        pump(sender, now);
        bunghole_connection_flush(connection, now);

        uint64_t until;
        short wanted = bunghole_connection_wants(connection, &until);
        uint64_t look = next_look(sender, bunghole_now_ns());
        events = bunghole_thread_sleep(&sender->thread, connection->fd, wanted,
                                       look < until ? look : until);
    }
    bunghole_connection_reset(connection);
}

/* ---- from outside ---------------------------------------------------------------------------- */

struct bunghole_sender *bunghole_sender_create(const struct bunghole_link_config *config,
                                               const struct haldrv_level *level,
                                               uint64_t first_frame) {
    struct bunghole_sender *sender = NULL;
    if (posix_memalign((void **)&sender, 64, sizeof *sender) != 0) {
        return NULL;
    }
    memset(sender, 0, sizeof *sender);
    bunghole_ring_init(&sender->ring, first_frame);
    sender->next_frame = first_frame;
    sender->sequence = (uint32_t)(first_frame / BUNGHOLE_PACKET_FRAMES);
    sender->level = level;
    sender->wanted = *config;
    const struct bunghole_connection_config connection = {
        .name = "output",
        .sends_audio = true,
        .begun_ns = bunghole_now_ns(),
        .only_v1 = config->only_v1,
        .backoff_ns = config->backoff_ms * BUNGHOLE_NS_PER_MS,
        .calls = config->calls,
        .say = config->say,
        .context = config->context,
    };
    bunghole_connection_init(&sender->connection, &connection, &config->endpoint,
                             &sender->statistics);
    pthread_mutex_init(&sender->mutex, NULL);
    sender->encoder = bunghole_encoder_create(config->bitrate);
    if (sender->encoder == NULL ||
        !bunghole_thread_start(&sender->thread, "bunghole-output", run, sender)) {
        bunghole_sender_destroy(sender);
        return NULL;
    }
    return sender;
}

void bunghole_sender_destroy(struct bunghole_sender *sender) {
    if (sender == NULL) {
        return;
    }
    bunghole_thread_stop(&sender->thread);
    bunghole_encoder_destroy(sender->encoder);
    pthread_mutex_destroy(&sender->mutex);
    free(sender);
}

void bunghole_sender_run(struct bunghole_sender *sender, bool running) {
    atomic_store_explicit(&sender->running, running, memory_order_release);
    bunghole_thread_wake(&sender->thread);
}

void bunghole_sender_configure(struct bunghole_sender *sender,
                               const struct bunghole_link_config *config) {
    pthread_mutex_lock(&sender->mutex);
    sender->wanted = *config;
    sender->reconfigured = true;
    pthread_mutex_unlock(&sender->mutex);
    bunghole_thread_wake(&sender->thread);
}

bool bunghole_sender_write(struct bunghole_sender *sender, const float *audio, uint32_t frames,
                           uint64_t time_ns, uint32_t flags) {
    return bunghole_ring_write(&sender->ring, audio, frames, time_ns, flags) == frames;
}
