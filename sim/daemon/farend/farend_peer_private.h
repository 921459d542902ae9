/* farend_peer_private.h - what the files of the far end of Bunghole share.
 *
 *   farend_peer.c         the folder, opening and closing, the thread
 *   farend_peer_link.c    one socket: accepted, read, written, kept alive, given up
 *   farend_peer_ear.c     what is played: counted, decoded, recorded
 *   farend_peer_table.c   a row for each packet of it
 *   farend_peer_mouth.c   the microphone: encoded, paced, sent
 *   farend_peer_faults.c  what goes wrong on purpose
 */
#ifndef HALSIM_FAREND_PEER_PRIVATE_H
#define HALSIM_FAREND_PEER_PRIVATE_H

#include "bunghole_wire.h"
#include "farend_peer.h"
#include <opus.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#define FAREND_PEER_RATE      48000u
#define FAREND_PEER_PACKET    960u
#define FAREND_PEER_LONGEST   2880u
#define FAREND_PEER_PACKET_NS UINT64_C(20000000)
#define FAREND_PEER_FOLDER    80u /* what the driver takes */
#define FAREND_PEER_OUTBOX    3u
#define FAREND_PEER_BIN_NS    UINT64_C(100000)
#define FAREND_PEER_BINS      20000u

struct farend_peer;

/* A packet with what is known of it. */
struct farend_packet {
    bool numbered; /* v2 */
    uint8_t flags;
    struct bunghole_audio_info info;
    size_t size;
    uint8_t bytes[BUNGHOLE_PACKET_MAX];
};

struct farend_link {
    enum farend_direction direction;
    uint32_t port;
    bool only_v1;
    int listener; /* -1: nobody listens */
    int fd;       /* -1: not connected */
    struct bunghole_parser parser;
    uint64_t heard_ns, pinged_ns, took_ns, inside_ns; /* inside: 0 for none */
    size_t out_at, out_size;
    uint8_t out[4096];
    /* Faults. */
    uint64_t stalled_to_ns, refuses_to_ns, slow_to_ns, slow_since_ns;
    uint32_t slow_percent;
    uint64_t credit; /* bytes that it may read or write while slow */
    uint64_t drop, twice, exchange, garbage;
    bool bad_length, cut_off;
    uint16_t bad_bytes;
    bool has_waiting; /* the first of a pair */
    struct farend_packet waiting;
    struct farend_link_stats stats;
};

struct farend_ear {
    OpusDecoder *decoder;
    struct halsim_sink *recording;
    struct halsim_sink *table;
    uint64_t recorded_frames;
    bool is_first; /* no packet of this connection has come */
    bool has_numbers;
    uint32_t next_sequence;
    uint64_t next_frame;
    uint64_t last_captured_ns;
    bool has_begun; /* the driver has said when its numbers began: */
    uint64_t begun_ns;
    bool counts_anew;   /* and now says another time */
    uint64_t seen;      /* bit n: sequence next - 1 - n has come */
    uint64_t v1_frames; /* came without numbers since the last that had some */
    bool begins;        /* the next packet is the first of a connection */
    float audio[FAREND_PEER_LONGEST * 2];
    uint32_t bins[FAREND_PEER_BINS];
};

struct farend_mouth {
    OpusEncoder *encoder;
    struct halsim_source *source;
    uint64_t position; /* frames */
    uint32_t sequence;
    uint64_t next_ns; /* when the next packet is due; 0: with the connection */
    bool cut_off;     /* something is missing before the next packet */
    uint32_t count;
    struct farend_packet box[FAREND_PEER_OUTBOX];
    float audio[FAREND_PEER_PACKET * 2];
    uint64_t random;
};

struct farend_peer {
    struct halsim_host *host;
    struct halsim_clock *clock;
    pthread_t thread;
    bool has_thread;
    atomic_bool stop;
    struct farend_keeper keeper;
    char folder[FAREND_PEER_FOLDER];
    uint64_t now_ns;
    struct farend_link link[2];
    struct farend_ear ear;
    struct farend_mouth mouth;
    struct farend_peer_stats stats; /* what link and ear do not keep themselves */
};

/* ---- farend_peer_link.c ---- */
bool farend_link_listen(struct farend_peer *peer, struct farend_link *link,
                        struct halsim_error *error);
void farend_link_stop_listening(struct farend_peer *peer, struct farend_link *link);
void farend_link_step(struct farend_peer *peer, struct farend_link *link);
/* What to sleep for: up to two descriptors, into `fds`; returns how many. *until_ns is made earlier
 * when something is due before. */
nfds_t farend_link_wants(const struct farend_peer *peer, const struct farend_link *link,
                         struct pollfd *fds, uint64_t *until_ns);
/* Closes the connection. `counter` is counted. */
void farend_link_end(struct farend_peer *peer, struct farend_link *link, uint64_t *counter);
/* Room for so many bytes behind what waits; NULL when there is none. */
uint8_t *farend_link_room(struct farend_peer *peer, struct farend_link *link, size_t size);
void farend_link_flush(struct farend_peer *peer, struct farend_link *link);

/* ---- farend_peer_faults.c ---- */
/* A packet on its way over a link, where it may get lost, change places, come twice. `arrive` is
 * called for each that comes to the end of it. */
void farend_link_pass(struct farend_peer *peer, struct farend_link *link,
                      const struct farend_packet *packet,
                      void (*arrive)(struct farend_peer *peer, const struct farend_packet *packet));

/* ---- farend_peer_ear.c ---- */
bool farend_ear_open(struct farend_peer *peer, const struct farend_peer_config *config,
                     struct halsim_error *error);
void farend_ear_close(struct farend_ear *ear);
void farend_ear_connected(struct farend_peer *peer);
/* A packet that has come off the wire; on its way it may suffer. */
void farend_ear_pass(struct farend_peer *peer, const struct bunghole_item *item);
/* What the driver says of its numbers, before the first of a connection. */
void farend_ear_begun(struct farend_peer *peer, uint64_t begun_ns);
void farend_ear_latency(const struct farend_ear *ear, struct farend_peer_stats *stats);

/* ---- farend_peer_table.c ---- */
bool farend_table_open(struct farend_ear *ear, const struct farend_peer_config *config,
                       struct halsim_error *error);
/* What `packet` is going to be, before what came of it is put into the recording. `before` is what
 * had been counted before it came. */
struct farend_row farend_table_row(const struct farend_peer *peer,
                                   const struct farend_packet *packet,
                                   const struct farend_peer_stats *before);
/* Of `packets` that are missing before `row`, the one that is `back` packets before it. */
struct farend_row farend_table_concealed(const struct farend_row *row, uint32_t back);
/* Behind the recording of its frames. */
void farend_table_put(struct farend_peer *peer, struct farend_row *row, uint32_t frames);

/* ---- farend_peer_mouth.c ---- */
bool farend_mouth_open(struct farend_peer *peer, const struct farend_peer_config *config,
                       struct halsim_source *microphone, struct halsim_error *error);
void farend_mouth_close(struct farend_mouth *mouth);
void farend_mouth_connected(struct farend_peer *peer);
/* Makes what is due, and gives the socket what it takes. */
void farend_mouth_step(struct farend_peer *peer);

#endif
