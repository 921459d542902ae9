/* vsock_guard.h - drivers must not call whoever runs this machine. */
#ifndef HALSCHED_VSOCK_GUARD_H
#define HALSCHED_VSOCK_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* The word on the kernel's command line that says: this is a guest which a test has started. */
#define VSOCK_GUARD_WORD "hal_lab.guest=1"

/* Whether an address must not be connected to: AF_VSOCK with another CID than 1 (this machine),
 * unless the kernel was started with the word. Says so on stderr, once for each call. Addresses
 * that are too short to be one are the kernel's to refuse. Keeps errno. */
bool vsock_guard_refuses(const struct sockaddr *to, socklen_t size);

/* Whether `word` is one of the words of `text`. */
bool vsock_guard_has_word(const char *text, const char *word);

#endif
