/* farend_peer_link.c - one socket of the far end of Bunghole. */
#ifdef HAL_LAB_HAVE_BUNGHOLE
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* accept4() */
#endif
#include "farend_peer_private.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Of the reference: what a host does. */
#define FRAME_NS     UINT64_C(2000000000)
#define BLOCKED_NS   UINT64_C(2000000000)
#define HALF_OPEN_NS UINT64_C(3000000000)
#define PING_NS      UINT64_C(1000000000)
/* What is read in one step at most. */
#define STEP_BYTES   262144u
#define BACKLOG      8
#define FULL_RATE    16000u /* bytes a second: 128 kbit/s, of which a slow peer takes a share */
#define NS_PER_S     UINT64_C(1000000000)

/* ---- the listener ---------------------------------------------------------------------------- */

static bool address_of(const struct farend_peer *peer, const struct farend_link *link,
                       struct sockaddr_un *address) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    int length = snprintf(address->sun_path, sizeof address->sun_path, "%s/%u.sock", peer->folder,
                          link->port);
    return length > 0 && (size_t)length < sizeof address->sun_path;
}

bool farend_link_listen(struct farend_peer *peer, struct farend_link *link,
                        struct halsim_error *error) {
    struct sockaddr_un address;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || !address_of(peer, link, &address) ||
        bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fd, BACKLOG) != 0) {
        if (error != NULL) {
            *error = (struct halsim_error){.status = HALSIM_ERROR_SYSTEM};
            snprintf(error->message, sizeof error->message,
                     "far end: cannot listen at %.80s/%u.sock: %s", peer->folder, link->port,
                     strerror(errno));
        }
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    link->listener = fd;
    link->stats.listening = true;
    return true;
}

void farend_link_stop_listening(struct farend_peer *peer, struct farend_link *link) {
    struct sockaddr_un address;
    if (link->listener >= 0) {
        close(link->listener);
        link->listener = -1;
        if (address_of(peer, link, &address)) {
            (void)unlink(address.sun_path);
        }
    }
    link->stats.listening = false;
}

/* ---- the connection -------------------------------------------------------------------------- */

void farend_link_end(struct farend_peer *peer, struct farend_link *link, uint64_t *counter) {
    (void)peer;
    if (link->fd < 0) {
        return;
    }
    close(link->fd);
    link->fd = -1;
    link->out_at = link->out_size = 0;
    link->has_waiting = false;
    link->stats.version = 0;
    link->stats.half_open = false;
    (*counter)++;
}

static bool offers(const struct farend_link *link) {
    return link->direction == FAREND_OUTPUT && !link->only_v1;
}

static void connected(struct farend_peer *peer, struct farend_link *link, int fd) {
    if (link->fd >= 0) {
        farend_link_end(peer, link, &link->stats.replaced);
    }
    link->fd = fd;
    link->heard_ns = link->pinged_ns = link->took_ns = peer->now_ns;
    link->inside_ns = 0;
    link->stats.version = 1;
    link->stats.connections++;
    link->stats.connected_ns = peer->now_ns;
    link->stats.first_audio_ns = 0;
    if (link->direction == FAREND_OUTPUT) {
        bunghole_parser_init_receiver(&link->parser, offers(link));
        farend_ear_connected(peer);
    } else {
        bunghole_parser_init_sender(&link->parser);
        farend_mouth_connected(peer);
    }
    if (offers(link)) {
        link->out_size = bunghole_wire_put_offer(link->out, 0);
    }
}

static void accept_all(struct farend_peer *peer, struct farend_link *link) {
    while (link->listener >= 0) {
        int fd = accept4(link->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            return;
        }
        connected(peer, link, fd);
    }
}

/* ---- writing --------------------------------------------------------------------------------- */

uint8_t *farend_link_room(struct farend_peer *peer, struct farend_link *link, size_t size) {
    if (link->out_size == 0) {
        link->took_ns = peer->now_ns; /* from now on something waits */
    }
    return sizeof link->out - link->out_size < size ? NULL : link->out + link->out_size;
}

static bool is_slow(const struct farend_peer *peer, const struct farend_link *link) {
    return peer->now_ns < link->slow_to_ns;
}

/* Only audio is slow: pings, and what answers them, go the other way. */
static bool writes_slowly(const struct farend_peer *peer, const struct farend_link *link) {
    return link->direction == FAREND_INPUT && is_slow(peer, link);
}

static bool reads_slowly(const struct farend_peer *peer, const struct farend_link *link) {
    return link->direction == FAREND_OUTPUT && is_slow(peer, link);
}

static void lost(struct farend_peer *peer, struct farend_link *link) {
    farend_link_end(peer, link, &link->stats.closed_by_peer);
}

void farend_link_flush(struct farend_peer *peer, struct farend_link *link) {
    while (link->fd >= 0 && link->out_size > 0) {
        size_t size = link->out_size - link->out_at;
        if (writes_slowly(peer, link)) {
            size = size < link->credit ? size : (size_t)link->credit;
            if (size == 0) {
                return;
            }
        }
        ssize_t sent = send(link->fd, link->out + link->out_at, size, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
                lost(peer, link);
            }
            return;
        }
        link->stats.bytes_written += (uint64_t)sent;
        link->took_ns = peer->now_ns;
        if (writes_slowly(peer, link)) {
            link->credit -= (uint64_t)sent;
        }
        link->out_at += (size_t)sent;
        if (link->out_at == link->out_size) {
            link->out_at = link->out_size = 0;
        }
    }
}

/* ---- reading --------------------------------------------------------------------------------- */

static void answer(struct farend_peer *peer, struct farend_link *link,
                   const struct bunghole_item *item) {
    uint8_t *to = farend_link_room(peer, link, BUNGHOLE_RECORD_HEADER + BUNGHOLE_PONG_SIZE);
    if (to != NULL) {
        link->out_size += bunghole_wire_put_pong(to, item->asked_ns, peer->now_ns, peer->now_ns);
    }
}

static void ping(struct farend_peer *peer, struct farend_link *link) {
    if (link->stats.version != 2 || peer->now_ns - link->pinged_ns < PING_NS) {
        return;
    }
    link->pinged_ns = peer->now_ns;
    uint8_t *to = farend_link_room(peer, link, BUNGHOLE_RECORD_HEADER + BUNGHOLE_PING_SIZE);
    if (to != NULL) {
        /* The one who hears audio sends none. */
        uint8_t flags = link->direction == FAREND_OUTPUT ? BUNGHOLE_FLAG_IDLE : 0;
        link->out_size += bunghole_wire_put_ping(to, flags, peer->now_ns);
    }
}

/* The driver offered v2: it is taken with the next record. */
static bool take_offer(struct farend_peer *peer, struct farend_link *link) {
    if (link->only_v1) {
        return true;
    }
    uint8_t *to = farend_link_room(peer, link, BUNGHOLE_SWITCH_SIZE);
    if (to == NULL) {
        return false; /* a driver that does not read: its deadline comes */
    }
    link->out_size += bunghole_wire_put_switch(to, 0);
    bunghole_parser_switched(&link->parser);
    link->stats.version = 2;
    return true;
}

static bool sort(struct farend_peer *peer, struct farend_link *link,
                 const struct bunghole_item *item) {
    switch (item->kind) {
    case BUNGHOLE_ITEM_FRAME:
    case BUNGHOLE_ITEM_AUDIO:
        if (link->stats.first_audio_ns == 0) {
            link->stats.first_audio_ns = peer->now_ns;
        }
        farend_ear_pass(peer, item);
        return true;
    case BUNGHOLE_ITEM_OFFER:
        return take_offer(peer, link);
    case BUNGHOLE_ITEM_SWITCH:
        link->stats.version = 2;
        return item->features == 0;
    case BUNGHOLE_ITEM_PING:
        link->stats.pings++;
        answer(peer, link, item);
        return true;
    case BUNGHOLE_ITEM_PONG:
        link->stats.pongs++;
        return true;
    case BUNGHOLE_ITEM_BEGUN:
        if (link->direction == FAREND_OUTPUT) {
            farend_ear_begun(peer, item->begun_ns);
        }
        return true;
    case BUNGHOLE_ITEM_UNKNOWN:
    default:
        return true;
    }
}

/* False when the connection has gone. */
static bool parse(struct farend_peer *peer, struct farend_link *link, const uint8_t *bytes,
                  size_t size) {
    struct bunghole_item item;
    while (size > 0) {
        size_t used;
        enum bunghole_parse result = bunghole_parser_feed(&link->parser, bytes, size, &used, &item);
        bytes += used;
        size -= used;
        if (result == BUNGHOLE_PARSE_ERROR ||
            (result == BUNGHOLE_PARSE_ITEM && !sort(peer, link, &item))) {
            link->stats.protocol_errors++;
            farend_link_end(peer, link, &link->stats.closed_by_us);
            return false;
        }
        if (!bunghole_parser_is_inside(&link->parser)) {
            link->inside_ns = 0;
        } else if (link->inside_ns == 0 || result == BUNGHOLE_PARSE_ITEM) {
            link->inside_ns = peer->now_ns;
        }
    }
    return true;
}

static void receive(struct farend_peer *peer, struct farend_link *link) {
    uint8_t bytes[4096];
    for (size_t budget = STEP_BYTES; link->fd >= 0 && budget > 0;) {
        size_t most = sizeof bytes < budget ? sizeof bytes : budget;
        if (reads_slowly(peer, link)) {
            most = most < link->credit ? most : (size_t)link->credit;
            if (most == 0) {
                return;
            }
        }
        ssize_t size = recv(link->fd, bytes, most, 0);
        if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
            return;
        }
        if (size <= 0) {
            lost(peer, link);
            return;
        }
        budget -= (size_t)size;
        link->stats.bytes_read += (uint64_t)size;
        link->heard_ns = peer->now_ns;
        if (reads_slowly(peer, link)) {
            link->credit -= (uint64_t)size;
        }
        if (!link->stats.half_open && !parse(peer, link, bytes, (size_t)size)) {
            return;
        }
    }
}

/* ---- the step -------------------------------------------------------------------------------- */

static void look_at_deadlines(struct farend_peer *peer, struct farend_link *link) {
    bool late = (link->inside_ns != 0 && peer->now_ns >= link->inside_ns + FRAME_NS) ||
                (link->out_size > 0 && peer->now_ns >= link->took_ns + BLOCKED_NS) ||
                (link->stats.version == 2 && peer->now_ns >= link->heard_ns + HALF_OPEN_NS);
    if (late) {
        link->stats.deadlines++;
        farend_link_end(peer, link, &link->stats.closed_by_us);
    }
}

static void earn_credit(struct farend_peer *peer, struct farend_link *link) {
    if (!is_slow(peer, link)) {
        return;
    }
    uint64_t earned = (peer->now_ns - link->slow_since_ns) * FULL_RATE / NS_PER_S;
    earned = earned * link->slow_percent / 100;
    if (earned > 0) {
        link->slow_since_ns = peer->now_ns;
        link->credit += earned;
    }
}

/* It was its own fault that nothing was heard or taken meanwhile. */
static void forgive(const struct farend_peer *peer, struct farend_link *link) {
    link->heard_ns = link->took_ns = peer->now_ns;
    link->inside_ns = link->inside_ns != 0 ? peer->now_ns : 0;
}

void farend_link_step(struct farend_peer *peer, struct farend_link *link) {
    if (link->listener < 0 && peer->now_ns >= link->refuses_to_ns) {
        (void)farend_link_listen(peer, link, NULL); /* else at the next step */
    }
    if (peer->now_ns < link->stalled_to_ns) {
        return;
    }
    if (link->stalled_to_ns != 0) {
        link->stalled_to_ns = 0;
        forgive(peer, link);
    }
    if (link->slow_to_ns != 0 && !is_slow(peer, link)) {
        link->slow_to_ns = 0;
        forgive(peer, link);
    }
    earn_credit(peer, link);
    accept_all(peer, link);
    receive(peer, link);
    if (link->fd < 0 || link->stats.half_open) {
        return;
    }
    ping(peer, link);
    if (link->direction == FAREND_INPUT) {
        farend_mouth_step(peer);
    }
    farend_link_flush(peer, link);
    if (link->fd >= 0 && !is_slow(peer, link)) {
        look_at_deadlines(peer, link);
    }
}

static void sooner(uint64_t *until_ns, uint64_t moment_ns) {
    *until_ns = moment_ns < *until_ns ? moment_ns : *until_ns;
}

nfds_t farend_link_wants(const struct farend_peer *peer, const struct farend_link *link,
                         struct pollfd *fds, uint64_t *until_ns) {
    nfds_t count = 0;
    if (peer->now_ns < link->stalled_to_ns) {
        sooner(until_ns, link->stalled_to_ns);
        return 0;
    }
    if (link->listener >= 0) {
        fds[count++] = (struct pollfd){.fd = link->listener, .events = POLLIN};
    }
    if (link->fd < 0) {
        return count;
    }
    if (link->direction == FAREND_INPUT && !link->stats.half_open) {
        sooner(until_ns, peer->mouth.next_ns);
    }
    if (reads_slowly(peer, link)) {
        return count; /* it looks when it has earned something */
    }
    fds[count].fd = link->fd;
    fds[count].events =
        (short)(POLLIN | (link->out_size > 0 && !writes_slowly(peer, link) ? POLLOUT : 0));
    fds[count++].revents = 0;
    return count;
}

#else
typedef int farend_peer_link_is_not_empty; /* ISO C wants something in each file */
#endif
