/* listener.h - the Unix socket of --rpc unix:PATH. */
#ifndef DAEMON_LISTENER_H
#define DAEMON_LISTENER_H

#include <stdbool.h>
#include <sys/types.h>

struct listener {
    int fd;
    const char *path;
    dev_t device; /* of the socket that we made at that path */
    ino_t inode;
};

/* A listening socket of mode 0600, in the ledger; false with a line on stderr. A socket that nobody
 * listens on any more is replaced; anything else at that path is left alone, which is an error.
 * Before there are threads that make files: it changes the process's file mode mask for a moment.
 * `path` outlives the listener. */
bool listener_open(struct listener *listener, const char *path);
/* Closes it and takes the path away, unless it leads to something else by now. May be called again.
 */
void listener_close(struct listener *listener);

enum listener_answer {
    LISTENER_CONNECTED,
    LISTENER_NOBODY,   /* it was a mistake, or they have gone again */
    LISTENER_NO_MEANS, /* not now: descriptors or memory are out */
};
enum listener_answer listener_accept(const struct listener *listener, int *connection);

#endif
