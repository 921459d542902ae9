/* farend_peer_table.c - a row for each packet: where it lies in the recording, and its times. */
#ifdef HAL_LAB_HAVE_BUNGHOLE
#include "farend_peer_private.h"
#include <assert.h>
#include <string.h>

/* A recording takes frames of 32-bit words: a row is one of them. So the table is mapped, too, and
 * a driver that crashes takes nothing along. */
#define ROW_WORDS  (sizeof(struct farend_row) / sizeof(float))
/* Packets may be short, come twice, or be no packets: twice as many, and some. */
#define SPARE_ROWS 1024u

static_assert(sizeof(struct farend_row) == 72, "PACKET in lab/transport/bunghole/recording.py");
static_assert(sizeof(float) == 4, "a word of the recording");

bool farend_table_open(struct farend_ear *ear, const struct farend_peer_config *config,
                       struct halsim_error *error) {
    if (config->table == NULL) {
        return true;
    }
    uint64_t rows = 2 * (config->record_frames / FAREND_PEER_PACKET) + SPARE_ROWS;
    ear->table = halsim_sink_create_file(config->table, rows, ROW_WORDS, error);
    return ear->table != NULL;
}

struct farend_row farend_table_row(const struct farend_peer *peer,
                                   const struct farend_packet *packet,
                                   const struct farend_peer_stats *before) {
    const struct farend_peer_stats *now = &peer->stats;
    uint32_t flags = packet->flags;
    flags |= packet->numbered ? 0u : (uint32_t)FAREND_ROW_V1;
    flags |= peer->ear.is_first ? (uint32_t)FAREND_ROW_CONNECTED : 0u;
    flags |= now->restarts > before->restarts ? (uint32_t)FAREND_ROW_RESTART : 0u;
    flags |= now->duplicates > before->duplicates ? (uint32_t)FAREND_ROW_DUPLICATE : 0u;
    flags |= now->out_of_order > before->out_of_order ? (uint32_t)FAREND_ROW_REORDERED : 0u;
    bool numbered = packet->numbered;
    return (struct farend_row){
        .first_frame = numbered ? packet->info.first_frame : 0,
        .sequence = numbered ? packet->info.sequence : 0,
        .lost = now->lost_packets > before->lost_packets
                    ? (uint32_t)(now->lost_packets - before->lost_packets)
                    : 0,
        .flags = flags,
        .captured_ns = numbered ? packet->info.captured_ns : 0,
        .encoded_ns = numbered ? packet->info.encoded_ns : 0,
        .sent_ns = numbered ? packet->info.sent_ns : 0,
        .received_ns = (int64_t)peer->now_ns,
        .decoded_ns = (int64_t)peer->now_ns,
    };
}

struct farend_row farend_table_concealed(const struct farend_row *row, uint32_t back) {
    uint64_t frames = (uint64_t)back * FAREND_PEER_PACKET;
    return (struct farend_row){
        .first_frame = row->first_frame > frames ? row->first_frame - frames : 0,
        .sequence = row->sequence - back,
        .flags = FAREND_ROW_CONCEALED,
        .received_ns = row->received_ns,
        .decoded_ns = row->decoded_ns,
    };
}

void farend_table_put(struct farend_peer *peer, struct farend_row *row, uint32_t frames) {
    struct farend_ear *ear = &peer->ear;
    if (ear->table == NULL) {
        return;
    }
    float words[ROW_WORDS];
    row->recorded_frame = ear->recorded_frames - frames;
    row->frames = frames;
    memcpy(words, row, sizeof words);
    ear->table->take(ear->table, words, 1, ROW_WORDS, 0);
}

#else
typedef int farend_peer_table_is_not_empty; /* ISO C wants something in each file */
#endif
