/* peer.c */
#define _GNU_SOURCE
#include "unit.h"
/* after cmocka.h */
#include "peer.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_MS 20000

void peer_make_folder(char *folder, size_t size) {
    snprintf(folder, size, P_tmpdir "/bunghole-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
}

void peer_forget_folder(const char *folder) {
    char path[128];
    for (uint32_t port = PEER_OUTPUT_PORT; port <= PEER_INPUT_PORT; port++) {
        snprintf(path, sizeof path, "%s/%u.sock", folder, port);
        unlink(path);
    }
    assert_int_equal(rmdir(folder), 0);
}

void peer_init(struct peer *peer, const char *folder, uint32_t port) {
    memset(peer, 0, sizeof *peer);
    snprintf(peer->folder, sizeof peer->folder, "%s", folder);
    peer->port = port;
    peer->listener = -1;
    peer->fd = -1;
}

struct bunghole_endpoint peer_endpoint(const struct peer *peer) {
    struct bunghole_endpoint endpoint = {.cid = 2, .port = peer->port};
    snprintf(endpoint.folder, sizeof endpoint.folder, "%s", peer->folder);
    return endpoint;
}

void peer_listen(struct peer *peer) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/%u.sock", peer->folder, peer->port);
    unlink(address.sun_path);
    peer->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(peer->listener >= 0);
    assert_int_equal(bind(peer->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(peer->listener, 8), 0);
}

void peer_refuse(struct peer *peer) {
    if (peer->listener >= 0) {
        close(peer->listener);
    }
    peer->listener = -1;
}

static void wait_for(int fd) {
    struct pollfd look = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&look, 1, PATIENCE_MS), 1);
}

void peer_accept(struct peer *peer) {
    peer_hang_up(peer);
    wait_for(peer->listener);
    peer->fd = accept(peer->listener, NULL, NULL);
    assert_true(peer->fd >= 0);
    bunghole_parser_init_receiver(&peer->parser, true);
    peer->at = peer->size = 0;
}

void peer_hang_up(struct peer *peer) {
    if (peer->fd >= 0) {
        close(peer->fd);
    }
    peer->fd = -1;
}

void peer_destroy(struct peer *peer) {
    peer_hang_up(peer);
    peer_refuse(peer);
}

void peer_write(struct peer *peer, const void *bytes, size_t size) {
    assert_int_equal(send(peer->fd, bytes, size, MSG_NOSIGNAL), size);
}

void peer_offer(struct peer *peer) {
    uint8_t offer[BUNGHOLE_OFFER_SIZE];
    peer_write(peer, offer, bunghole_wire_put_offer(offer, 0));
}

bool peer_read(struct peer *peer, struct bunghole_item *item) {
    for (;;) {
        size_t used;
        enum bunghole_parse result = bunghole_parser_feed(&peer->parser, peer->bytes + peer->at,
                                                          peer->size - peer->at, &used, item);
        peer->at += used;
        assert_int_not_equal(result, BUNGHOLE_PARSE_ERROR);
        if (result == BUNGHOLE_PARSE_ITEM) {
            return true;
        }
        wait_for(peer->fd);
        ssize_t size = recv(peer->fd, peer->bytes, sizeof peer->bytes, 0);
        if (size <= 0) {
            return false;
        }
        peer->at = 0;
        peer->size = (size_t)size;
    }
}

void peer_read_kind(struct peer *peer, enum bunghole_item_kind kind, struct bunghole_item *item) {
    do {
        assert_true(peer_read(peer, item));
    } while (item->kind != kind);
}

bool peer_is_left(struct peer *peer) {
    for (;;) {
        wait_for(peer->fd);
        ssize_t size = recv(peer->fd, peer->bytes, sizeof peer->bytes, 0);
        if (size <= 0) {
            return size == 0 || errno == ECONNRESET;
        }
    }
}

bool peer_eventually(bool (*is_so)(void *context), void *context) {
    for (int i = 0; i < PATIENCE_MS; i++) {
        if (is_so(context)) {
            return true;
        }
        poll(NULL, 0, 1);
    }
    return false;
}
