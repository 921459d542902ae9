/* bunghole_receiver.c */
#include "bunghole_receiver.h"
#include <stdlib.h>
#include <string.h>

/* ---- audio ----------------------------------------------------------------------------------- */

/* A decoder that was fed garbage may say anything; what reaches other programs is a number. */
static void tame(float *audio, size_t samples) {
    for (size_t i = 0; i < samples; i++) {
        /* NaN fails the comparison. */
        audio[i] = audio[i] >= -8.0f && audio[i] <= 8.0f ? audio[i] : 0.0f;
    }
}

static void keep(struct bunghole_receiver *receiver, uint32_t frames) {
    tame(receiver->audio, (size_t)frames * 2);
    bunghole_playout_write(&receiver->playout, receiver->audio, frames);
}

static void conceal(struct bunghole_receiver *receiver, uint32_t packets) {
    for (uint32_t i = 0; i < packets; i++) {
        keep(receiver,
             bunghole_conceal(receiver->decoder, BUNGHOLE_PACKET_FRAMES, receiver->audio));
        bunghole_count(&receiver->statistics.packets_concealed, 1);
    }
}

/* What is missing before a packet that has a number. When it is more than is made up for, the rest
 * is silence already: the playout has run dry meanwhile. False for a packet that comes too late:
 * its place has been filled, or it has been there. One from long ago is none of these: whoever
 * sends counts anew. */
static bool follow_sequence(struct bunghole_receiver *receiver, uint32_t sequence) {
    uint32_t missing = sequence - receiver->next_sequence;
    if (receiver->has_sequence && missing >= UINT32_C(1) << 31) {
        bunghole_count(&receiver->statistics.out_of_order, 1);
        if (receiver->next_sequence - sequence <= BUNGHOLE_LATE_NUMBERS) {
            return false;
        }
    } else if (receiver->has_sequence && missing > 0) {
        bunghole_count(&receiver->statistics.packets_lost, missing);
        conceal(receiver, missing < BUNGHOLE_CONCEAL_PACKETS ? missing : BUNGHOLE_CONCEAL_PACKETS);
    }
    receiver->has_sequence = true;
    receiver->next_sequence = sequence + 1;
    return true;
}

static void hear(struct bunghole_receiver *receiver, const struct bunghole_item *item) {
    if (item->kind == BUNGHOLE_ITEM_AUDIO && !follow_sequence(receiver, item->audio.sequence)) {
        return;
    }
    uint32_t frames = bunghole_decode(receiver->decoder, item->packet, item->size, receiver->audio);
    if (frames == 0) {
        bunghole_count(&receiver->statistics.decode_errors, 1);
        conceal(receiver, 1);
        return;
    }
    bunghole_count(&receiver->statistics.frames_received, frames);
    keep(receiver, frames);
}

/* Counted last: whoever sees the count finds what has come of the packet. */
static void take_audio(struct bunghole_receiver *receiver, const struct bunghole_item *item) {
    hear(receiver, item);
    bunghole_count(&receiver->statistics.packets_received, 1);
}

/* ---- the thread ------------------------------------------------------------------------------ */

static void apply_configuration(struct bunghole_receiver *receiver) {
    pthread_mutex_lock(&receiver->mutex);
    if (receiver->reconfigured) {
        receiver->reconfigured = false;
        receiver->connection.endpoint = receiver->wanted.endpoint;
        receiver->connection.config.only_v1 = receiver->wanted.only_v1;
        bunghole_connection_reset(&receiver->connection);
    }
    pthread_mutex_unlock(&receiver->mutex);
}

static void run(void *context) {
    struct bunghole_receiver *receiver = context;
    struct bunghole_connection *connection = &receiver->connection;
    struct bunghole_item item;
    short events = 0;
    connection->idle = true; /* it sends no audio */
    while (!bunghole_thread_is_stopping(&receiver->thread)) {
        apply_configuration(receiver);
        uint64_t now = bunghole_now_ns();
        bunghole_connection_step(connection, now, events);
        if (connection->fresh) {
            bunghole_decoder_reset(receiver->decoder);
            receiver->has_sequence = false;
        }
        while (bunghole_connection_next(connection, now, &item)) {
            take_audio(receiver, &item);
        }
        bunghole_connection_flush(connection, now);
        uint64_t until;
        short wanted = bunghole_connection_wants(connection, &until);
        events = bunghole_thread_sleep(&receiver->thread, connection->fd, wanted, until);
    }
    bunghole_connection_reset(connection);
}

/* ---- from outside ---------------------------------------------------------------------------- */

struct bunghole_receiver *bunghole_receiver_create(const struct bunghole_link_config *config) {
    struct bunghole_receiver *receiver = NULL;
    if (posix_memalign((void **)&receiver, 64, sizeof *receiver) != 0) {
        return NULL;
    }
    memset(receiver, 0, sizeof *receiver);
    bunghole_playout_init(&receiver->playout);
    receiver->wanted = *config;
    const struct bunghole_connection_config connection = {
        .name = "input",
        .sends_audio = false,
        .only_v1 = config->only_v1,
        .backoff_ns = config->backoff_ms * BUNGHOLE_NS_PER_MS,
        .calls = config->calls,
        .say = config->say,
        .context = config->context,
    };
    bunghole_connection_init(&receiver->connection, &connection, &config->endpoint,
                             &receiver->statistics);
    pthread_mutex_init(&receiver->mutex, NULL);
    receiver->decoder = bunghole_decoder_create();
    if (receiver->decoder == NULL ||
        !bunghole_thread_start(&receiver->thread, "bunghole-input", run, receiver)) {
        bunghole_receiver_destroy(receiver);
        return NULL;
    }
    return receiver;
}

void bunghole_receiver_destroy(struct bunghole_receiver *receiver) {
    if (receiver == NULL) {
        return;
    }
    bunghole_thread_stop(&receiver->thread);
    bunghole_decoder_destroy(receiver->decoder);
    pthread_mutex_destroy(&receiver->mutex);
    free(receiver);
}

void bunghole_receiver_run(struct bunghole_receiver *receiver, bool running) {
    if (running) {
        bunghole_playout_start(&receiver->playout);
    } else {
        bunghole_playout_stop(&receiver->playout);
    }
}

void bunghole_receiver_configure(struct bunghole_receiver *receiver,
                                 const struct bunghole_link_config *config) {
    pthread_mutex_lock(&receiver->mutex);
    receiver->wanted = *config;
    receiver->reconfigured = true;
    pthread_mutex_unlock(&receiver->mutex);
    bunghole_thread_wake(&receiver->thread);
}

void bunghole_receiver_read(struct bunghole_receiver *receiver, float *audio, uint32_t frames) {
    bunghole_playout_read(&receiver->playout, audio, frames);
}
