/* listener.h - the Unix socket of --rpc unix:PATH. */
#ifndef DAEMON_LISTENER_H
#define DAEMON_LISTENER_H

/* A listening socket of mode 0600, in the ledger; -1 with a line on stderr. A socket that nobody
 * listens on any more is replaced; anything else at that path is left alone, which is an error. */
int listener_open(const char *path);
/* Closes it and takes the path away. */
void listener_close(int listener, const char *path);
/* The next connection, or -1. */
int listener_accept(int listener);

#endif
