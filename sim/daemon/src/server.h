/* server.h - the control connection: lines in, lines out.
 *
 * A reader thread takes lines from the connection and answers what cannot wait (`io.interrupt`);
 * the thread that calls server_run() carries the rest out, one after the other. Notifications go
 * out as they come.
 */
#ifndef DAEMON_SERVER_H
#define DAEMON_SERVER_H

#include "halsim/rpc.h"

/* Requests that wait to be carried out, at most: beyond, they are refused. */
#define SERVER_WAITING_MAX   1024
#define SERVER_WAITING_BYTES (16u * 1024u * 1024u)

enum server_end {
    SERVER_CLOSED,   /* the other side has gone */
    SERVER_SHUTDOWN, /* host.shutdown */
    SERVER_STOPPED,  /* stopping.h */
    SERVER_FAILED,   /* said on stderr */
};

struct server;

/* NULL with a line on stderr. Stops when stopping.h says so. */
struct server *server_create(struct halsim_rpc *rpc);
void server_destroy(struct server *server);

/* Serves one connection until it ends. `in` and `out` may be the same; they are not closed. A peer
 * that does not read is waited for, but not beyond the moment at which it has to stop. */
enum server_end server_run(struct server *server, int in, int out);

/* Waits until `fd` can be read. False when it has to stop. */
bool server_wait_readable(struct server *server, int fd);
/* Waits for so long, or until it has to stop. */
void server_pause(struct server *server, int milliseconds);

#endif
