/* bunghole_dial.h - where the host is, and the call to it.
 *
 * On Linux a vsock is dialled only where that can do no harm: to CID 1, which is this machine, from
 * a socket that is bound to it, or in a guest that the lab has started. Elsewhere CID 2 is whoever
 * runs this machine, and he must not hear from us. What is refused makes no call of the system.
 */
#ifndef BUNGHOLE_DIAL_H
#define BUNGHOLE_DIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* What the command line of a guest's kernel has when lab.guest started it, with 32 hexadecimal
 * digits behind it (docs/reference/guest.md, The mark). */
#define BUNGHOLE_GUEST_WORD    "hal_lab.guest="
#define BUNGHOLE_ENDPOINT_TEXT 128u

struct bunghole_endpoint {
    uint32_t cid;
    uint32_t port;
    /* Not empty: the socket <folder>/<port>.sock stands in for a vsock; for tests. Short enough for
     * a sockaddr_un. */
    char folder[80];
};

/* "vsock 2:5000" or "unix <folder>/5000.sock". */
void bunghole_endpoint_text(const struct bunghole_endpoint *endpoint, char *text, size_t size);
/* "vsock CID:PORT", both 1 to 4294967294; nothing else. */
bool bunghole_endpoint_parse(const char *text, struct bunghole_endpoint *endpoint);

/* The calls of the system that dialling makes; tests give others. */
struct bunghole_dial_calls {
    int (*socket)(int family, int type, int protocol);
    int (*bind)(int fd, const struct sockaddr *own, socklen_t size);
    int (*connect)(int fd, const struct sockaddr *to, socklen_t size);
    /* The kernel's command line; false when it cannot be read. */
    bool (*command_line)(char *text, size_t size);
};
extern const struct bunghole_dial_calls bunghole_dial_system;

bool bunghole_dial_is_allowed(const struct bunghole_dial_calls *calls,
                              const struct bunghole_endpoint *endpoint);

enum bunghole_dialled {
    BUNGHOLE_DIAL_CONNECTED,
    BUNGHOLE_DIAL_UNDER_WAY, /* writable when it is decided; ask bunghole_dial_result() */
    BUNGHOLE_DIAL_FAILED,    /* *error is an errno */
    BUNGHOLE_DIAL_REFUSED,   /* by us: never to be tried again */
};

/* *fd, when there is one, does not block, is not inherited and raises no SIGPIPE (on Linux: with
 * BUNGHOLE_SEND_FLAGS). */
enum bunghole_dialled bunghole_dial(const struct bunghole_dial_calls *calls,
                                    const struct bunghole_endpoint *endpoint, int *fd, int *error);
/* 0, or the errno of a call that was under way. */
int bunghole_dial_result(int fd);

#ifdef MSG_NOSIGNAL
#define BUNGHOLE_SEND_FLAGS MSG_NOSIGNAL
#else
#define BUNGHOLE_SEND_FLAGS 0 /* SO_NOSIGPIPE */
#endif

#endif
