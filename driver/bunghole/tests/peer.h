/* peer.h - a host for Bunghole, over AF_UNIX, that does what a test tells it.
 *
 * Each wait is for something that comes, and fails the test when it has not come after 20 s.
 */
#ifndef BUNGHOLE_PEER_H
#define BUNGHOLE_PEER_H

#include "bunghole_dial.h"
#include "bunghole_wire.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PEER_OUTPUT_PORT 5000u
#define PEER_INPUT_PORT  5001u

struct peer {
    char folder[64];
    uint32_t port;
    int listener;
    int fd; /* -1: nobody has called */
    struct bunghole_parser parser;
    uint8_t bytes[4096];
    size_t at, size;
};

/* A folder of its own for the sockets; removed by peer_forget_folder(). */
void peer_make_folder(char *folder, size_t size);
void peer_forget_folder(const char *folder);

void peer_init(struct peer *peer, const char *folder, uint32_t port);
void peer_listen(struct peer *peer);
/* No more calls are taken; the one that there is goes on. */
void peer_refuse(struct peer *peer);
/* The next call, in place of the one that there is. */
void peer_accept(struct peer *peer);
void peer_hang_up(struct peer *peer);
void peer_destroy(struct peer *peer);
struct bunghole_endpoint peer_endpoint(const struct peer *peer);

void peer_write(struct peer *peer, const void *bytes, size_t size);
void peer_offer(struct peer *peer);
/* The next item, of audio or not. False when the other side has hung up. */
bool peer_read(struct peer *peer, struct bunghole_item *item);
/* The next item of a kind; others are passed over. */
void peer_read_kind(struct peer *peer, enum bunghole_item_kind kind, struct bunghole_item *item);
/* Reads until the other side hangs up; true when it does. */
bool peer_is_left(struct peer *peer);

/* Calls `is_so` until it is, for 20 s at most. */
bool peer_eventually(bool (*is_so)(void *context), void *context);

#endif
