/* farend_peer_mouth.c - the microphone: a packet each 20 ms of virtual time. */
#ifdef HAL_LAB_HAVE_BUNGHOLE
#include "farend_peer_private.h"
#include <stdio.h>
#include <string.h>

bool farend_mouth_open(struct farend_peer *peer, const struct farend_peer_config *config,
                       struct halsim_source *microphone, struct halsim_error *error) {
    struct farend_mouth *mouth = &peer->mouth;
    int status = OPUS_OK;
    mouth->source = microphone;
    mouth->random = config->seed;
    mouth->encoder = opus_encoder_create(FAREND_PEER_RATE, 2, OPUS_APPLICATION_AUDIO, &status);
    if (status == OPUS_OK) {
        status = opus_encoder_ctl(mouth->encoder, OPUS_SET_BITRATE((opus_int32)config->bitrate));
    }
    if (status != OPUS_OK || microphone == NULL) {
        *error = (struct halsim_error){.status = HALSIM_ERROR_SYSTEM};
        snprintf(error->message, sizeof error->message, "far end: no microphone: %s",
                 status == OPUS_OK ? "out of memory" : opus_strerror(status));
        return false;
    }
    return true;
}

void farend_mouth_close(struct farend_mouth *mouth) {
    if (mouth->encoder != NULL) {
        opus_encoder_destroy(mouth->encoder);
    }
    halsim_source_destroy(mouth->source);
}

void farend_mouth_connected(struct farend_peer *peer) {
    struct farend_mouth *mouth = &peer->mouth;
    (void)opus_encoder_ctl(mouth->encoder, OPUS_RESET_STATE);
    mouth->count = 0;
    mouth->next_ns = peer->now_ns;
    mouth->cut_off = true;
}

/* ---- making ---------------------------------------------------------------------------------- */

/* splitmix64 */
static uint64_t draw(struct farend_mouth *mouth) {
    uint64_t z = mouth->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void spoil(struct farend_mouth *mouth, struct farend_packet *packet) {
    for (size_t i = 0; i < packet->size; i++) {
        packet->bytes[i] = (uint8_t)draw(mouth);
    }
}

/* The oldest goes when the socket has taken nothing for 60 ms. */
static struct farend_packet *next_place(struct farend_peer *peer) {
    struct farend_mouth *mouth = &peer->mouth;
    if (mouth->count == FAREND_PEER_OUTBOX) {
        memmove(&mouth->box[0], &mouth->box[1], sizeof mouth->box - sizeof mouth->box[0]);
        mouth->count--;
        mouth->box[0].flags |= BUNGHOLE_FLAG_DISCONTINUITY;
        peer->stats.outbox_dropped++;
    }
    return &mouth->box[mouth->count++];
}

static void make(struct farend_peer *peer) {
    struct farend_mouth *mouth = &peer->mouth;
    struct farend_link *link = &peer->link[FAREND_INPUT];
    mouth->source->render(mouth->source, mouth->audio, FAREND_PEER_PACKET, 2, mouth->position);
    struct farend_packet *packet = next_place(peer);
    packet->flags = mouth->cut_off ? BUNGHOLE_FLAG_DISCONTINUITY : 0;
    packet->info = (struct bunghole_audio_info){
        .sequence = mouth->sequence++,
        .first_frame = mouth->position,
        .captured_ns = mouth->next_ns,
        .encoded_ns = peer->now_ns,
        .sent_ns = peer->now_ns,
    };
    mouth->position += FAREND_PEER_PACKET;
    opus_int32 size = opus_encode_float(mouth->encoder, mouth->audio, (int)FAREND_PEER_PACKET,
                                        packet->bytes, (opus_int32)sizeof packet->bytes);
    packet->size = size > 0 ? (size_t)size : 0;
    mouth->cut_off = false;
    if (packet->size == 0) {
        mouth->count--;
        mouth->cut_off = true;
    } else if (link->garbage > 0) {
        link->garbage--;
        link->stats.garbage++;
        spoil(mouth, packet);
    }
}

/* ---- sending --------------------------------------------------------------------------------- */

static size_t write_packet(const struct farend_link *link, uint8_t *to,
                           const struct farend_packet *packet) {
    return link->stats.version == 2 ? bunghole_wire_put_audio(to, packet->flags, &packet->info,
                                                              packet->bytes, packet->size)
                                    : bunghole_wire_put_frame(to, packet->bytes, packet->size);
}

/* What the socket has no room for is gone. */
static void send_packet(struct farend_peer *peer, const struct farend_packet *packet) {
    struct farend_link *link = &peer->link[FAREND_INPUT];
    uint8_t *to =
        farend_link_room(peer, link, BUNGHOLE_RECORD_HEADER + BUNGHOLE_AUDIO_HEADER + packet->size);
    if (to == NULL) {
        return;
    }
    link->out_size += write_packet(link, to, packet);
    link->stats.packets++;
    link->stats.frames += FAREND_PEER_PACKET;
    link->stats.last_audio_ns = peer->now_ns;
    if (link->stats.first_audio_ns == 0) {
        link->stats.first_audio_ns = peer->now_ns;
    }
}

/* A frame of a length that none may have. */
static void send_bad_length(struct farend_peer *peer, struct farend_link *link) {
    uint8_t *to = farend_link_room(peer, link, BUNGHOLE_RECORD_HEADER);
    if (to == NULL) {
        return;
    }
    link->bad_length = false;
    link->stats.broken++;
    if (link->stats.version == 2) {
        /* Of audio, with so many bytes of Opus. */
        unsigned length = BUNGHOLE_AUDIO_HEADER + link->bad_bytes;
        const uint8_t record[] = {1, 0, (uint8_t)(length >> 8), (uint8_t)length};
        memcpy(to, record, sizeof record);
        link->out_size += sizeof record;
    } else {
        to[0] = (uint8_t)(link->bad_bytes >> 8);
        to[1] = (uint8_t)link->bad_bytes;
        link->out_size += 2;
    }
}

static void send_half(struct farend_peer *peer, struct farend_link *link,
                      const struct farend_packet *packet) {
    size_t most = BUNGHOLE_RECORD_HEADER + BUNGHOLE_AUDIO_HEADER + packet->size;
    uint8_t *to = farend_link_room(peer, link, most);
    if (to == NULL) {
        return;
    }
    link->cut_off = false;
    link->stats.broken++;
    link->out_size += write_packet(link, to, packet) - packet->size / 2 - 1;
    farend_link_flush(peer, link);
    farend_link_end(peer, link, &link->stats.closed_by_us);
}

void farend_mouth_step(struct farend_peer *peer) {
    struct farend_mouth *mouth = &peer->mouth;
    struct farend_link *link = &peer->link[FAREND_INPUT];
    for (; mouth->next_ns <= peer->now_ns; mouth->next_ns += FAREND_PEER_PACKET_NS) {
        make(peer);
    }
    farend_link_flush(peer, link);
    if (link->bad_length) {
        send_bad_length(peer, link);
    }
    while (link->fd >= 0 && link->out_size == 0 && mouth->count > 0) {
        struct farend_packet packet = mouth->box[0];
        mouth->count--;
        memmove(&mouth->box[0], &mouth->box[1], mouth->count * sizeof mouth->box[0]);
        if (link->cut_off) {
            send_half(peer, link, &packet);
            return;
        }
        farend_link_pass(peer, link, &packet, send_packet);
        farend_link_flush(peer, link);
    }
}

#else
typedef int farend_peer_mouth_is_not_empty; /* ISO C wants something in each file */
#endif
