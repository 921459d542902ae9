/* bunghole_connection.h - one connection to the host: dialled, kept alive, given up, dialled again.
 *
 * No thread of its own: the sender's and the receiver's thread each have one and call
 *
 *   bunghole_connection_step()   after every sleep: dials, sends what waits, looks at deadlines
 *   bunghole_connection_next()   until there is no item: offers, switches, pings and pongs are
 * dealt with here; audio is handed out bunghole_connection_put_audio(), then step() or flush()
 *
 * and sleep as bunghole_connection_wants() says. What comes in is limited per step, what goes out
 * waits in a buffer that never grows.
 */
#ifndef BUNGHOLE_CONNECTION_H
#define BUNGHOLE_CONNECTION_H

#include "bunghole_dial.h"
#include "bunghole_statistics.h"
#include "bunghole_wire.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define BUNGHOLE_CONNECT_NS     UINT64_C(2000000000)  /* connecting takes longer */
#define BUNGHOLE_FRAME_NS       UINT64_C(2000000000)  /* an item has begun and does not end */
#define BUNGHOLE_BLOCKED_NS     UINT64_C(2000000000)  /* the socket takes no byte */
#define BUNGHOLE_HALF_OPEN_NS   UINT64_C(3000000000)  /* nothing heard from a v2 peer */
#define BUNGHOLE_SILENT_NS      UINT64_C(10000000000) /* nothing heard from a v1 sender */
#define BUNGHOLE_PING_PERIOD_NS UINT64_C(1000000000)

struct bunghole_connection_config {
    const char *name; /* of the direction, in log lines */
    bool sends_audio;
    uint64_t begun_ns; /* sender: when its numbers began; said behind the switch */
    bool only_v1;
    uint64_t backoff_ns;
    const struct bunghole_dial_calls *calls;
    /* On the thread that steps. */
    void (*say)(void *context, bool error, const char *text);
    void *context;
};

enum bunghole_connection_state {
    BUNGHOLE_WAITING, /* for the next time to dial */
    BUNGHOLE_DIALLING,
    BUNGHOLE_CONNECTED,
    BUNGHOLE_REFUSED, /* this endpoint is never dialled */
};

struct bunghole_connection {
    struct bunghole_connection_config config;
    struct bunghole_statistics *statistics;
    struct bunghole_endpoint endpoint;
    enum bunghole_connection_state state;
    uint8_t version;        /* 1 or 2, while connected */
    _Atomic uint32_t shown; /* state * 256 + version, for other threads */
    int fd;
    bool complained;       /* about this outage, in the log */
    uint64_t next_dial_ns; /* WAITING; DIALLING: when it has taken too long */
    uint64_t heard_ns;     /* the last byte that came */
    uint64_t took_ns;      /* the last byte that the socket took, or nothing waited */
    uint64_t inside_ns;    /* an item has begun; 0: none */
    uint64_t pinged_ns;
    bool idle;      /* what the next ping says */
    bool fresh;     /* connected by this step */
    bool has_clock; /* there was a pong */
    struct bunghole_parser parser;
    size_t in_at, in_size, in_budget;
    size_t out_at, out_size;
    uint8_t in[4096];
    uint8_t out[2 * BUNGHOLE_RECORD_MAX];
};

void bunghole_connection_init(struct bunghole_connection *connection,
                              const struct bunghole_connection_config *config,
                              const struct bunghole_endpoint *endpoint,
                              struct bunghole_statistics *statistics);
/* Closes. The next step() dials anew. */
void bunghole_connection_reset(struct bunghole_connection *connection);

/* `events`: what poll() said of the descriptor. */
void bunghole_connection_step(struct bunghole_connection *connection, uint64_t now_ns,
                              short events);
/* An item of audio (FRAME or AUDIO); false: no more for now. */
bool bunghole_connection_next(struct bunghole_connection *connection, uint64_t now_ns,
                              struct bunghole_item *item);
/* Whether all that was put has been taken by the socket: only then audio may be put. */
bool bunghole_connection_is_clear(const struct bunghole_connection *connection);
void bunghole_connection_put_audio(struct bunghole_connection *connection, uint8_t flags,
                                   const struct bunghole_audio_info *info, const uint8_t *packet,
                                   size_t size);
void bunghole_connection_flush(struct bunghole_connection *connection, uint64_t now_ns);
void bunghole_connection_close(struct bunghole_connection *connection, uint64_t now_ns,
                               const char *why);

/* Which events to sleep for, and until when at the latest. */
short bunghole_connection_wants(const struct bunghole_connection *connection, uint64_t *until_ns);

#endif
