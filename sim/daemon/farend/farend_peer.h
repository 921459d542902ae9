/* farend_peer.h - the host at the other end of Bunghole's wire, inside this process.
 *
 * A far end that listens where the driver dials (two Unix sockets in a private folder stand in for
 * the vsock), takes and decodes what is played, and sends a microphone. It has a thread, which is
 * one of those that the scheduler owns: so it keeps up with virtual time however fast that goes,
 * whether IO runs or not, and each run is the same.
 *
 * Virtual time with such a scheduler only. All functions are called by the host's thread, while it
 * is part of the simulation. What the far end does is what docs/reference/bunghole-wire.md asks of
 * a host.
 */
#ifndef HALSIM_FAREND_PEER_H
#define HALSIM_FAREND_PEER_H

#include "halsim/host.h"
#include "halsim/signal.h"

#define FAREND_PEER_OUTPUT_PORT 5000u
#define FAREND_PEER_INPUT_PORT  5001u

struct farend_peer;

/* Whoever cleans up when this process cannot: told of folders that it has made. May be NULL, as its
 * members. */
struct farend_keeper {
    void (*made)(const char *folder);
    void (*gone)(const char *folder);
};

struct farend_peer_config {
    bool only_v1;           /* never offers v2 */
    uint32_t bitrate;       /* of the microphone, bit/s */
    uint64_t seed;          /* of the garbage that it sends */
    const char *record;     /* raw stereo Float32 file of what arrives; NULL: none */
    uint64_t record_frames; /* room in it */
    const char *table;      /* with `record`: file of a farend_row per packet; NULL: none */
    const struct farend_keeper *keeper;
};

enum farend_direction {
    FAREND_OUTPUT, /* the driver sends */
    FAREND_INPUT,  /* the driver receives */
};

/* What the table has of a packet, and of one that was made up for: as little endian as this
 * machine. lab/transport/bunghole/recording.py reads it as PACKET. */
struct farend_row {
    uint64_t recorded_frame; /* where in the recording it begins */
    uint64_t first_frame;    /* the driver's, as all until sent_ns; 0 in v1 */
    uint32_t sequence;
    uint32_t frames; /* that it brought there */
    uint32_t lost;   /* packets missing right before it */
    uint32_t flags;  /* lowest eight bits: of the wire; the others: farend_row_flag */
    uint64_t captured_ns, encoded_ns, sent_ns;
    int64_t received_ns, decoded_ns; /* of the host's clock */
};

enum farend_row_flag {
    FAREND_ROW_V1 = 1 << 8,
    FAREND_ROW_CONNECTED = 1 << 9, /* the first of a connection */
    FAREND_ROW_RESTART = 1 << 10,  /* the driver counts afresh */
    FAREND_ROW_CONCEALED = 1 << 11,
    FAREND_ROW_UNDECODABLE = 1 << 12,
    FAREND_ROW_ODD_LENGTH = 1 << 13,
    FAREND_ROW_DUPLICATE = 1 << 14,
    FAREND_ROW_REORDERED = 1 << 15, /* came after a later one */
};

/* Of one direction. Frames are of 48 kHz. */
struct farend_link_stats {
    uint32_t version; /* of the wire: 1 or 2; 0: not connected */
    bool listening;
    bool half_open;
    uint64_t connections;
    uint64_t replaced;       /* by a newer one */
    uint64_t closed_by_peer; /* with resets */
    uint64_t closed_by_us;   /* faults included */
    uint64_t protocol_errors;
    uint64_t deadlines;
    uint64_t bytes_read, bytes_written;
    uint64_t pings, pongs;    /* that came */
    uint64_t connected_ns;    /* when the last connection was accepted; 0: none yet */
    uint64_t first_audio_ns;  /* of that connection: when the first packet went; 0: none yet */
    uint64_t last_audio_ns;   /* the last packet of all */
    uint64_t packets, frames; /* arrived (output), or given to the socket (input) */
    uint64_t lost_on_purpose; /* packets: faults, as the next four */
    uint64_t repeated;
    uint64_t reordered;
    uint64_t garbage;
    uint64_t broken; /* frames of a wrong length, or cut off */
};

struct farend_peer_stats {
    uint64_t steps; /* of its thread */
    struct farend_link_stats link[2];
    /* The output. v1 has no numbers: what is said of them is 0 there. */
    uint64_t lost_frames;  /* between packets, also of two connections; those on purpose too */
    uint64_t gaps;         /* places at which frames are missing */
    uint64_t lost_packets; /* by their sequence numbers */
    uint64_t duplicates;
    uint64_t out_of_order;
    uint64_t restarts;        /* the driver began to count anew */
    uint64_t discontinuities; /* packets that are marked so */
    uint64_t muted;           /* the same */
    uint64_t last_packets;    /* the same: the last of a run */
    uint64_t decode_errors;
    uint64_t concealed_frames;
    uint64_t decoded_frames;
    uint64_t silent_packets; /* in which no sample is above -60 dBFS */
    uint64_t hash;           /* of all packets, what is known of them, and when they came */
    uint64_t latency_count;  /* captured to arrived, v2 */
    uint64_t latency_min_ns, latency_p50_ns, latency_max_ns;
    /* The input. */
    uint64_t outbox_dropped; /* packets for which the socket had no room in time */
};

/* Makes the folder and listens, and sets BUNGHOLE_UNIX in the environment: drivers that are loaded
 * from now on dial it. Takes `microphone`, in any case. */
struct farend_peer *farend_peer_open(struct halsim_host *host,
                                     const struct farend_peer_config *config,
                                     struct halsim_source *microphone, struct halsim_error *error);
/* Waits for its thread, and removes the folder. The host may be gone. */
void farend_peer_close(struct farend_peer *peer);
const char *farend_peer_folder(const struct farend_peer *peer);
/* `forget_latency`: those figures begin anew. */
void farend_peer_read_stats(struct farend_peer *peer, bool forget_latency,
                            struct farend_peer_stats *stats);
/* ---- faults on purpose ----------------------------------------------------------------------- */

enum farend_fault {
    FAREND_STALL,      /* for `ns` it neither reads nor writes nor accepts */
    FAREND_SLOW,       /* for `ns` it reads and writes `amount` per cent of 128 kbit/s */
    FAREND_HALF_OPEN,  /* the connection stays, what comes is thrown away, nothing is answered */
    FAREND_CLOSE,      /* the connection is closed */
    FAREND_REFUSE,     /* for `ns` nobody listens; 0: somebody listens again */
    FAREND_DROP,       /* the next `amount` packets get lost on the way */
    FAREND_DOUBLE,     /* they arrive twice */
    FAREND_EXCHANGE,   /* the next `amount` pairs of packets change places */
    FAREND_GARBAGE,    /* the next `amount` packets are no Opus; input only, as the next two */
    FAREND_BAD_LENGTH, /* a frame of `amount` bytes that no frame may have: 0 or 1501 */
    FAREND_CUT_OFF,    /* half a frame, and the connection is closed */
    FAREND_WIRE,       /* offers v2 (`amount` 2), or not (1), from the next connection on */
};
/* False when the direction does not have it. A fault that is asked for again begins anew. */
bool farend_peer_fault(struct farend_peer *peer, enum farend_direction direction,
                       enum farend_fault fault, uint64_t ns, uint64_t amount);

#endif
