/* vsock_guard.h - drivers must not call whoever runs this machine. */
#ifndef HALSCHED_VSOCK_GUARD_H
#define HALSCHED_VSOCK_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* What the command line of a guest's kernel has when lab.guest started it, with 32 hexadecimal
 * digits behind it (docs/reference/guest.md, The mark). */
#define VSOCK_GUARD_WORD "hal_lab.guest="

/* Whether an address must not be connected to: AF_VSOCK with another CID than 1 (this machine),
 * unless the kernel was started with the mark. Says so on stderr, once for each call. Addresses
 * that are too short to be one are the kernel's to refuse. Keeps errno. */
bool vsock_guard_refuses(const struct sockaddr *to, socklen_t size);

/* Whether one of the words of `text` is a mark. */
bool vsock_guard_has_mark(const char *text);

#endif
