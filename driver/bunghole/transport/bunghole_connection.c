/* bunghole_connection.c */
#include "bunghole_connection.h"
#include "bunghole_system.h"
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What is read in one step at most: a peer that floods us gets no more of the thread. */
#define STEP_BYTES 65536u

static void show(struct bunghole_connection *connection) {
    atomic_store_explicit(&connection->shown,
                          (uint32_t)connection->state * 256 + connection->version,
                          memory_order_release);
}

__attribute__((format(printf, 3, 4))) static void say(struct bunghole_connection *connection,
                                                      bool error, const char *format, ...) {
    char text[320];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (connection->config.say != NULL) {
        connection->config.say(connection->config.context, error, text);
    }
}

static void end(struct bunghole_connection *connection, uint64_t next_dial_ns) {
    if (connection->fd >= 0) {
        close(connection->fd);
    }
    connection->fd = -1;
    connection->state = BUNGHOLE_WAITING;
    connection->version = 0;
    connection->next_dial_ns = next_dial_ns;
    connection->fresh = false;
    connection->in_at = connection->in_size = 0;
    connection->out_at = connection->out_size = 0;
    show(connection);
}

void bunghole_connection_init(struct bunghole_connection *connection,
                              const struct bunghole_connection_config *config,
                              const struct bunghole_endpoint *endpoint,
                              struct bunghole_statistics *statistics) {
    memset(connection, 0, sizeof *connection);
    connection->config = *config;
    connection->endpoint = *endpoint;
    connection->statistics = statistics;
    connection->fd = -1;
    atomic_init(&connection->shown, 0);
    end(connection, 0);
}

void bunghole_connection_reset(struct bunghole_connection *connection) {
    end(connection, 0);
    connection->complained = false;
}

void bunghole_connection_close(struct bunghole_connection *connection, uint64_t now_ns,
                               const char *why) {
    say(connection, true, "%s connection closed: %s", connection->config.name, why);
    /* What follows from it needs no line of its own. */
    connection->complained = true;
    end(connection, now_ns + connection->config.backoff_ns);
}

/* ---- dialling -------------------------------------------------------------------------------- */

static void tell_version(struct bunghole_connection *connection) {
    char text[BUNGHOLE_ENDPOINT_TEXT];
    bunghole_endpoint_text(&connection->endpoint, text, sizeof text);
    say(connection, false, "%s connected to %s, wire v%u", connection->config.name, text,
        connection->version);
}

static void connected(struct bunghole_connection *connection, uint64_t now_ns) {
    bool offers = !connection->config.sends_audio && !connection->config.only_v1;
    connection->state = BUNGHOLE_CONNECTED;
    connection->version = 1;
    connection->complained = false;
    connection->fresh = true;
    connection->heard_ns = connection->took_ns = connection->pinged_ns = now_ns;
    connection->inside_ns = 0;
    bunghole_count(&connection->statistics->connections, 1);
    if (connection->config.sends_audio) {
        bunghole_parser_init_sender(&connection->parser);
    } else {
        bunghole_parser_init_receiver(&connection->parser, offers);
    }
    if (offers) {
        connection->out_size = bunghole_wire_put_offer(connection->out, 0);
    }
    show(connection);
    tell_version(connection);
}

static void not_connected(struct bunghole_connection *connection, uint64_t now_ns,
                          const char *why) {
    bunghole_count(&connection->statistics->failed, 1);
    if (!connection->complained) {
        char text[BUNGHOLE_ENDPOINT_TEXT];
        bunghole_endpoint_text(&connection->endpoint, text, sizeof text);
        say(connection, true, "%s cannot reach %s: %s; tried again every %llu ms",
            connection->config.name, text, why,
            (unsigned long long)(connection->config.backoff_ns / BUNGHOLE_NS_PER_MS));
        connection->complained = true;
    }
    end(connection, now_ns + connection->config.backoff_ns);
}

static void refuse(struct bunghole_connection *connection) {
    char text[BUNGHOLE_ENDPOINT_TEXT];
    bunghole_endpoint_text(&connection->endpoint, text, sizeof text);
    say(connection, true,
        "%s is not dialled: %s is not this machine, and this is no guest of hal-lab (the kernel's "
        "command line lacks " BUNGHOLE_GUEST_WORD "...)",
        connection->config.name, text);
    bunghole_count(&connection->statistics->refused, 1);
    connection->state = BUNGHOLE_REFUSED;
    connection->next_dial_ns = BUNGHOLE_NEVER;
    show(connection);
}

static void dial(struct bunghole_connection *connection, uint64_t now_ns) {
    int error;
    enum bunghole_dialled result =
        bunghole_dial(connection->config.calls, &connection->endpoint, &connection->fd, &error);
    if (result == BUNGHOLE_DIAL_REFUSED) {
        refuse(connection);
        return;
    }
    bunghole_count(&connection->statistics->dials, 1);
    switch (result) {
    case BUNGHOLE_DIAL_CONNECTED:
        connected(connection, now_ns);
        break;
    case BUNGHOLE_DIAL_UNDER_WAY:
        connection->state = BUNGHOLE_DIALLING;
        connection->next_dial_ns = now_ns + BUNGHOLE_CONNECT_NS;
        show(connection);
        break;
    default:
        not_connected(connection, now_ns, strerror(error));
        break;
    }
}

static void look_at_dial(struct bunghole_connection *connection, uint64_t now_ns, short events) {
    if (events != 0) {
        int error = bunghole_dial_result(connection->fd);
        if (error == 0) {
            connected(connection, now_ns);
        } else {
            not_connected(connection, now_ns, strerror(error));
        }
    } else if (now_ns >= connection->next_dial_ns) {
        not_connected(connection, now_ns, "no answer for 2 s");
    }
}

/* ---- sending --------------------------------------------------------------------------------- */

bool bunghole_connection_is_clear(const struct bunghole_connection *connection) {
    return connection->out_size == 0;
}

static void lost(struct bunghole_connection *connection, uint64_t now_ns, int error) {
    bool by_peer = error == 0 || error == EPIPE || error == ECONNRESET;
    bunghole_count(
        by_peer ? &connection->statistics->closed_by_peer : &connection->statistics->broken, 1);
    bunghole_connection_close(connection, now_ns, by_peer ? "by the peer" : strerror(error));
}

void bunghole_connection_flush(struct bunghole_connection *connection, uint64_t now_ns) {
    while (connection->state == BUNGHOLE_CONNECTED && connection->out_size > 0) {
        ssize_t sent = send(connection->fd, connection->out + connection->out_at,
                            connection->out_size - connection->out_at, BUNGHOLE_SEND_FLAGS);
        if (sent < 0) {
            if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
                lost(connection, now_ns, errno);
            }
            return;
        }
        bunghole_count(&connection->statistics->bytes_sent, (uint64_t)sent);
        connection->took_ns = now_ns;
        connection->out_at += (size_t)sent;
        if (connection->out_at == connection->out_size) {
            connection->out_at = connection->out_size = 0;
        }
    }
}

/* Room for a record behind what waits; NULL when there is none. */
static uint8_t *room_for(struct bunghole_connection *connection, size_t size, uint64_t now_ns) {
    if (connection->out_size == 0) {
        connection->took_ns = now_ns; /* from now on something waits */
    }
    if (sizeof connection->out - connection->out_size < size) {
        return NULL;
    }
    return connection->out + connection->out_size;
}

void bunghole_connection_put_audio(struct bunghole_connection *connection, uint8_t flags,
                                   const struct bunghole_audio_info *info, const uint8_t *packet,
                                   size_t size) {
    assert(connection->state == BUNGHOLE_CONNECTED && connection->out_size == 0);
    connection->took_ns = info->sent_ns;
    connection->out_size =
        connection->version == 1
            ? bunghole_wire_put_frame(connection->out, packet, size)
            : bunghole_wire_put_audio(connection->out, flags, info, packet, size);
}

static void ping(struct bunghole_connection *connection, uint64_t now_ns) {
    if (connection->version != 2 || now_ns - connection->pinged_ns < BUNGHOLE_PING_PERIOD_NS) {
        return;
    }
    connection->pinged_ns = now_ns;
    uint8_t *to = room_for(connection, BUNGHOLE_RECORD_HEADER + BUNGHOLE_PING_SIZE, now_ns);
    if (to != NULL) {
        connection->out_size +=
            bunghole_wire_put_ping(to, connection->idle ? BUNGHOLE_FLAG_IDLE : 0, now_ns);
        bunghole_count(&connection->statistics->pings_sent, 1);
    }
}

/* ---- receiving ------------------------------------------------------------------------------- */

static void protocol_error(struct bunghole_connection *connection, uint64_t now_ns,
                           const char *why) {
    bunghole_count(&connection->statistics->protocol_errors, 1);
    bunghole_connection_close(connection, now_ns, why);
}

static void answer_ping(struct bunghole_connection *connection, uint64_t now_ns,
                        const struct bunghole_item *item) {
    /* Without room there is no answer: a peer that asks faster than it reads need not be served. */
    uint8_t *to = room_for(connection, BUNGHOLE_RECORD_HEADER + BUNGHOLE_PONG_SIZE, now_ns);
    if (to != NULL) {
        connection->out_size +=
            bunghole_wire_put_pong(to, item->asked_ns, now_ns, bunghole_now_ns());
        bunghole_count(&connection->statistics->pongs_sent, 1);
    }
}

/* ((heard - asked) + (answered - back)) / 2, from the exchange with the shortest round trip. What a
 * peer says of its clock is any number: all of it modulo 2^64. */
static void take_pong(struct bunghole_connection *connection, uint64_t now_ns,
                      const struct bunghole_item *item) {
    struct bunghole_statistics *statistics = connection->statistics;
    if (item->asked_ns > now_ns || item->asked_ns == 0) {
        return; /* no ping of ours */
    }
    uint64_t trip = (now_ns - item->asked_ns) - (item->answered_ns - item->heard_ns);
    uint64_t shortest = bunghole_counted(&statistics->round_trip_ns);
    bunghole_count(&statistics->pongs_heard, 1);
    if (trip > now_ns - item->asked_ns || (connection->has_clock && trip >= shortest)) {
        return;
    }
    connection->has_clock = true;
    uint64_t there = item->heard_ns - item->asked_ns;
    uint64_t back = item->answered_ns - now_ns;
    /* The mean of two numbers that differ by less than 2^63. */
    uint64_t offset = there + (uint64_t)((int64_t)(back - there) / 2);
    atomic_store_explicit(&statistics->round_trip_ns, trip, memory_order_relaxed);
    atomic_store_explicit(&statistics->clock_offset_ns, offset, memory_order_relaxed);
}

static void take_offer(struct bunghole_connection *connection, uint64_t now_ns) {
    if (connection->config.only_v1) {
        return;
    }
    size_t size = BUNGHOLE_SWITCH_SIZE + BUNGHOLE_RECORD_HEADER + BUNGHOLE_BEGUN_SIZE;
    uint8_t *to = room_for(connection, size, now_ns);
    assert(to != NULL); /* one frame and these two fit */
    size = bunghole_wire_put_switch(to, 0);
    size += bunghole_wire_put_begun(to + size, connection->config.begun_ns);
    connection->out_size += size;
    bunghole_parser_switched(&connection->parser);
    connection->version = 2;
    connection->has_clock = false; /* another host may have another clock */
    show(connection);
    tell_version(connection);
}

static void take_switch(struct bunghole_connection *connection) {
    connection->version = 2;
    connection->has_clock = false; /* another host may have another clock */
    show(connection);
    tell_version(connection);
}

/* More bytes of the peer, if there are any. */
static bool receive(struct bunghole_connection *connection, uint64_t now_ns) {
    if (connection->in_budget == 0) {
        return false;
    }
    ssize_t size = recv(connection->fd, connection->in, sizeof connection->in, 0);
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
        return false;
    }
    if (size <= 0) {
        lost(connection, now_ns, size == 0 ? 0 : errno);
        return false;
    }
    bunghole_count(&connection->statistics->bytes_received, (uint64_t)size);
    connection->heard_ns = now_ns;
    connection->in_at = 0;
    connection->in_size = (size_t)size;
    /* Less than asked for: there was no more. */
    bool more = (size_t)size == sizeof connection->in && connection->in_budget > (size_t)size;
    connection->in_budget = more ? connection->in_budget - (size_t)size : 0;
    return true;
}

/* Deals with what is not audio. True for audio. */
static bool sort(struct bunghole_connection *connection, uint64_t now_ns,
                 const struct bunghole_item *item) {
    switch (item->kind) {
    case BUNGHOLE_ITEM_FRAME:
        return true;
    case BUNGHOLE_ITEM_AUDIO:
        return true;
    case BUNGHOLE_ITEM_OFFER:
        take_offer(connection, now_ns);
        return false;
    case BUNGHOLE_ITEM_SWITCH:
        if (item->features != 0) {
            protocol_error(connection, now_ns, "a switch with features that were not offered");
        } else {
            take_switch(connection);
        }
        return false;
    case BUNGHOLE_ITEM_PING:
        answer_ping(connection, now_ns, item);
        return false;
    case BUNGHOLE_ITEM_PONG:
        take_pong(connection, now_ns, item);
        return false;
    case BUNGHOLE_ITEM_UNKNOWN:
    default:
        bunghole_count(&connection->statistics->records_skipped, 1);
        return false;
    }
}

bool bunghole_connection_next(struct bunghole_connection *connection, uint64_t now_ns,
                              struct bunghole_item *item) {
    while (connection->state == BUNGHOLE_CONNECTED) {
        if (connection->in_at == connection->in_size && !receive(connection, now_ns)) {
            return false;
        }
        size_t used;
        enum bunghole_parse result =
            bunghole_parser_feed(&connection->parser, connection->in + connection->in_at,
                                 connection->in_size - connection->in_at, &used, item);
        connection->in_at += used;
        if (result == BUNGHOLE_PARSE_ERROR) {
            protocol_error(connection, now_ns, connection->parser.error);
            return false;
        }
        bool inside = bunghole_parser_is_inside(&connection->parser);
        if (!inside) {
            connection->inside_ns = 0;
        } else if (connection->inside_ns == 0 || result == BUNGHOLE_PARSE_ITEM) {
            connection->inside_ns = now_ns;
        }
        if (result == BUNGHOLE_PARSE_ITEM && sort(connection, now_ns, item)) {
            return true;
        }
    }
    return false;
}

/* ---- deadlines ------------------------------------------------------------------------------- */

/* When the connection must be given up if nothing happens. `why` may be NULL. */
static uint64_t deadline_of(const struct bunghole_connection *connection, const char **why) {
    const struct {
        bool counts;
        uint64_t at;
        const char *why;
    } deadlines[] = {
        {connection->out_size > 0, connection->took_ns + BUNGHOLE_BLOCKED_NS,
         "the peer takes no byte for 2 s"},
        {connection->inside_ns != 0, connection->inside_ns + BUNGHOLE_FRAME_NS,
         "what the peer began to send does not end for 2 s"},
        {connection->version == 2, connection->heard_ns + BUNGHOLE_HALF_OPEN_NS,
         "nothing is heard of the peer for 3 s"},
        {connection->version == 1 && !connection->config.sends_audio,
         connection->heard_ns + BUNGHOLE_SILENT_NS, "nothing is heard of the peer for 10 s"},
    };
    uint64_t earliest = BUNGHOLE_NEVER;
    for (size_t i = 0; i < sizeof deadlines / sizeof deadlines[0]; i++) {
        if (deadlines[i].counts && deadlines[i].at < earliest) {
            earliest = deadlines[i].at;
            if (why != NULL) {
                *why = deadlines[i].why;
            }
        }
    }
    return earliest;
}

short bunghole_connection_wants(const struct bunghole_connection *connection, uint64_t *until_ns) {
    if (connection->state != BUNGHOLE_CONNECTED) {
        *until_ns = connection->next_dial_ns;
        return connection->state == BUNGHOLE_DIALLING ? POLLOUT : 0;
    }
    *until_ns = deadline_of(connection, NULL);
    if (connection->version == 2 && connection->pinged_ns + BUNGHOLE_PING_PERIOD_NS < *until_ns) {
        *until_ns = connection->pinged_ns + BUNGHOLE_PING_PERIOD_NS;
    }
    return (short)(POLLIN | (connection->out_size > 0 ? POLLOUT : 0));
}

void bunghole_connection_step(struct bunghole_connection *connection, uint64_t now_ns,
                              short events) {
    connection->fresh = false;
    /* Only what poll() has seen is read: a read of nothing is a call for nothing, and in virtual
     * time one that lets others run. */
    connection->in_budget = (events & (POLLIN | POLLHUP | POLLERR)) != 0 ? STEP_BYTES : 0;
    switch (connection->state) {
    case BUNGHOLE_WAITING:
        if (now_ns >= connection->next_dial_ns) {
            dial(connection, now_ns);
        }
        break;
    case BUNGHOLE_DIALLING:
        look_at_dial(connection, now_ns, events);
        break;
    case BUNGHOLE_CONNECTED:
        ping(connection, now_ns);
        break;
    case BUNGHOLE_REFUSED:
        break;
    }
    bunghole_connection_flush(connection, now_ns);
    const char *why = NULL;
    /* What is there to be read counts as heard: a thread that was held up is not the peer's fault.
     */
    if ((events & POLLIN) != 0) {
        connection->heard_ns = now_ns;
    }
    if (connection->state == BUNGHOLE_CONNECTED && now_ns >= deadline_of(connection, &why)) {
        bunghole_count(&connection->statistics->deadlines, 1);
        bunghole_connection_close(connection, now_ns, why);
    }
}
