/* farend_peer_ear.c - what the driver plays: counted, decoded, recorded. */
#ifdef HAL_LAB_HAVE_BUNGHOLE
#include "farend_peer_private.h"
#include "halsim/fingerprint.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define CONCEAL_MAX 5u
#define QUIET       1e-3f
#define FNV_BASIS   UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME   UINT64_C(0x100000001b3)
/* Sequence numbers in `seen`. */
#define MEMORY      64u

bool farend_ear_open(struct farend_peer *peer, const struct farend_peer_config *config,
                     struct halsim_error *error) {
    struct farend_ear *ear = &peer->ear;
    int status = OPUS_OK;
    ear->decoder = opus_decoder_create(FAREND_PEER_RATE, 2, &status);
    if (status != OPUS_OK) {
        *error = (struct halsim_error){.status = HALSIM_ERROR_SYSTEM};
        snprintf(error->message, sizeof error->message, "far end: no decoder: %s",
                 opus_strerror(status));
        return false;
    }
    if (config->record != NULL) {
        ear->recording = halsim_sink_create_file(config->record, config->record_frames, 2, error);
    }
    peer->stats.hash = FNV_BASIS;
    return (config->record == NULL || ear->recording != NULL) &&
           farend_table_open(ear, config, error);
}

void farend_ear_close(struct farend_ear *ear) {
    if (ear->decoder != NULL) {
        opus_decoder_destroy(ear->decoder);
    }
    halsim_sink_destroy(ear->recording);
    halsim_sink_destroy(ear->table);
}

/* A decoder that knows nothing, as the encoder at the other end. */
void farend_ear_connected(struct farend_peer *peer) {
    (void)opus_decoder_ctl(peer->ear.decoder, OPUS_RESET_STATE);
    peer->ear.begins = true;
    peer->ear.is_first = true;
}

/* ---- figures --------------------------------------------------------------------------------- */

static void hash_bytes(struct farend_peer *peer, const uint8_t *bytes, size_t size) {
    uint64_t hash = peer->stats.hash;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ bytes[i]) * FNV_PRIME;
    }
    peer->stats.hash = hash;
}

static void hash_word(struct farend_peer *peer, uint64_t word) {
    uint8_t bytes[8];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(word >> (8 * i));
    }
    hash_bytes(peer, bytes, sizeof bytes);
}

static void hash_packet(struct farend_peer *peer, const struct farend_packet *packet) {
    hash_word(peer, peer->now_ns);
    hash_word(peer, (uint64_t)packet->size << 16 | (uint64_t)packet->flags << 8 | packet->numbered);
    if (packet->numbered) {
        hash_word(peer, packet->info.sequence);
        hash_word(peer, packet->info.first_frame);
        hash_word(peer, packet->info.captured_ns);
        hash_word(peer, packet->info.encoded_ns);
        hash_word(peer, packet->info.sent_ns);
    }
    hash_bytes(peer, packet->bytes, packet->size);
}

static void note_latency(struct farend_peer *peer, uint64_t captured_ns) {
    struct farend_peer_stats *stats = &peer->stats;
    uint64_t latency = captured_ns < peer->now_ns ? peer->now_ns - captured_ns : 0;
    uint64_t bin = latency / FAREND_PEER_BIN_NS;
    peer->ear.bins[bin < FAREND_PEER_BINS ? bin : FAREND_PEER_BINS - 1]++;
    if (stats->latency_count == 0 || latency < stats->latency_min_ns) {
        stats->latency_min_ns = latency;
    }
    if (latency > stats->latency_max_ns) {
        stats->latency_max_ns = latency;
    }
    stats->latency_count++;
}

/* The middle of the bin that the median is in, held between least and greatest. */
void farend_ear_latency(const struct farend_ear *ear, struct farend_peer_stats *stats) {
    uint64_t half = (stats->latency_count + 1) / 2;
    uint64_t sum = 0;
    for (uint32_t bin = 0; half > 0 && bin < FAREND_PEER_BINS; bin++) {
        sum += ear->bins[bin];
        if (sum >= half) {
            uint64_t middle = bin * FAREND_PEER_BIN_NS + FAREND_PEER_BIN_NS / 2;
            middle = middle > stats->latency_min_ns ? middle : stats->latency_min_ns;
            stats->latency_p50_ns = middle < stats->latency_max_ns ? middle : stats->latency_max_ns;
            return;
        }
    }
}

/* ---- numbers --------------------------------------------------------------------------------- */

static void begin_numbers(struct farend_ear *ear, const struct farend_packet *packet) {
    ear->has_numbers = true;
    ear->next_sequence = packet->info.sequence;
    ear->next_frame = packet->info.first_frame;
    ear->seen = 0;
    ear->v1_frames = 0;
    ear->counts_anew = false;
}

void farend_ear_begun(struct farend_peer *peer, uint64_t begun_ns) {
    struct farend_ear *ear = &peer->ear;
    ear->counts_anew = ear->counts_anew || (ear->has_begun && ear->begun_ns != begun_ns);
    ear->has_begun = true;
    ear->begun_ns = begun_ns;
}

/* A driver that was loaded anew says so. A guest that was restored does not know it, but its
 * numbers went back, or its clock did. That numbers went on by more than time did means nothing:
 * the silence that fills up packets has numbers, too. */
static bool is_restart(const struct farend_ear *ear, const struct farend_packet *packet) {
    return ear->counts_anew || (int32_t)(packet->info.sequence - ear->next_sequence) < 0 ||
           packet->info.captured_ns < ear->last_captured_ns;
}

/* An old number: again, or late. */
static void take_old(struct farend_peer *peer, uint32_t behind) {
    struct farend_ear *ear = &peer->ear;
    if (behind > MEMORY || (ear->seen >> (behind - 1) & 1) != 0) {
        peer->stats.duplicates++;
        return;
    }
    ear->seen |= UINT64_C(1) << (behind - 1);
    peer->stats.out_of_order++;
    peer->stats.lost_packets -= peer->stats.lost_packets > 0;
    uint64_t came =
        peer->stats.lost_frames < FAREND_PEER_PACKET ? peer->stats.lost_frames : FAREND_PEER_PACKET;
    peer->stats.lost_frames -= came;
}

/* Returns how many packets are missing before it within this connection. */
static uint32_t follow(struct farend_peer *peer, const struct farend_packet *packet) {
    struct farend_ear *ear = &peer->ear;
    if (!ear->has_numbers) {
        begin_numbers(ear, packet);
    } else if (ear->begins && is_restart(ear, packet)) {
        peer->stats.restarts++;
        begin_numbers(ear, packet);
    }
    uint32_t missing = packet->info.sequence - ear->next_sequence;
    if (missing >= UINT32_C(1) << 31) {
        take_old(peer, ear->next_sequence - packet->info.sequence);
        return 0;
    }
    /* Packets of v1, before the switch, had numbers that nobody saw. */
    uint32_t unseen = (uint32_t)(ear->v1_frames / FAREND_PEER_PACKET);
    uint32_t lost = missing > unseen ? missing - unseen : 0;
    uint64_t gap = packet->info.first_frame - ear->next_frame;
    gap = gap > UINT64_MAX / 2 ? 0 : gap;
    gap = gap > ear->v1_frames ? gap - ear->v1_frames : 0;
    peer->stats.lost_packets += lost;
    peer->stats.lost_frames += gap;
    peer->stats.gaps += gap > 0;
    ear->seen = missing >= MEMORY ? 0 : ear->seen << missing;
    ear->seen = ear->seen << 1 | 1;
    ear->next_sequence = packet->info.sequence + 1;
    ear->next_frame = packet->info.first_frame + FAREND_PEER_PACKET;
    ear->last_captured_ns = packet->info.captured_ns;
    ear->v1_frames = 0;
    return ear->begins ? 0 : lost;
}

/* ---- audio ----------------------------------------------------------------------------------- */

static void put(struct farend_peer *peer, uint32_t frames) {
    struct farend_ear *ear = &peer->ear;
    halsim_fingerprint_far_end(peer->host, 0, ear->audio, frames, 2, 0);
    if (ear->recording != NULL) {
        ear->recording->take(ear->recording, ear->audio, frames, 2, ear->recorded_frames);
    }
    ear->recorded_frames += frames;
}

static bool is_quiet(const float *audio, uint32_t frames) {
    for (uint32_t i = 0; i < 2 * frames; i++) {
        if (!(fabsf(audio[i]) <= QUIET)) {
            return false;
        }
    }
    return true;
}

/* 20 ms that nobody sent. */
static void conceal(struct farend_peer *peer, struct farend_row row) {
    int frames =
        opus_decode_float(peer->ear.decoder, NULL, 0, peer->ear.audio, (int)FAREND_PEER_PACKET, 0);
    if (frames > 0) {
        peer->stats.concealed_frames += (uint64_t)frames;
        put(peer, (uint32_t)frames);
        farend_table_put(peer, &row, (uint32_t)frames);
    }
}

/* What is missing before `row`: up to it, and no more than sounds like something. */
static void conceal_missing(struct farend_peer *peer, uint32_t packets,
                            const struct farend_row *row) {
    for (uint32_t back = packets < CONCEAL_MAX ? packets : CONCEAL_MAX; back > 0; back--) {
        conceal(peer, farend_table_concealed(row, back));
    }
}

static void decode(struct farend_peer *peer, const struct farend_packet *packet,
                   struct farend_row row) {
    struct farend_ear *ear = &peer->ear;
    int frames = opus_decode_float(ear->decoder, packet->bytes, (opus_int32)packet->size,
                                   ear->audio, (int)FAREND_PEER_LONGEST, 0);
    if (frames <= 0) {
        peer->stats.decode_errors++;
        row.flags |= FAREND_ROW_UNDECODABLE;
        conceal(peer, row);
        return;
    }
    row.flags |= frames != (int)FAREND_PEER_PACKET ? (uint32_t)FAREND_ROW_ODD_LENGTH : 0u;
    peer->stats.decoded_frames += (uint64_t)frames;
    peer->stats.silent_packets += is_quiet(ear->audio, (uint32_t)frames);
    put(peer, (uint32_t)frames);
    farend_table_put(peer, &row, (uint32_t)frames);
}

static void arrive(struct farend_peer *peer, const struct farend_packet *packet) {
    struct farend_link_stats *stats = &peer->link[FAREND_OUTPUT].stats;
    stats->packets++;
    stats->frames += FAREND_PEER_PACKET;
    stats->last_audio_ns = peer->now_ns;
    hash_packet(peer, packet);
    const struct farend_peer_stats before = peer->stats;
    uint32_t missing = 0;
    if (packet->numbered) {
        missing = follow(peer, packet);
        note_latency(peer, packet->info.captured_ns);
        peer->stats.discontinuities += (packet->flags & BUNGHOLE_FLAG_DISCONTINUITY) != 0;
        peer->stats.muted += (packet->flags & BUNGHOLE_FLAG_MUTED) != 0;
        peer->stats.last_packets += (packet->flags & BUNGHOLE_FLAG_LAST) != 0;
        peer->ear.begins = false;
    } else {
        peer->ear.v1_frames += FAREND_PEER_PACKET;
    }
    const struct farend_row row = farend_table_row(peer, packet, &before);
    peer->ear.is_first = false;
    conceal_missing(peer, missing, &row);
    decode(peer, packet, row);
}

/* ---- the way --------------------------------------------------------------------------------- */

void farend_ear_pass(struct farend_peer *peer, const struct bunghole_item *item) {
    struct farend_packet packet = {
        .numbered = item->kind == BUNGHOLE_ITEM_AUDIO,
        .flags = item->flags,
        .info = item->audio,
        .size = item->size,
    };
    memcpy(packet.bytes, item->packet, item->size);
    farend_link_pass(peer, &peer->link[FAREND_OUTPUT], &packet, arrive);
}

#else
typedef int farend_peer_ear_is_not_empty; /* ISO C wants something in each file */
#endif
