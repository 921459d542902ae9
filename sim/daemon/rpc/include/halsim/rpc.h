/* rpc.h - the control protocol: one JSON-RPC 2.0 object in, one out (docs/reference/rpc.md).
 *
 * coreaudiod-sim feeds it lines from stdin or a socket; programs that load libhallab_native call it
 * directly. Lines are given and returned without their line end.
 *
 * Threads. halsim_rpc_handle() may be called from any thread; calls are carried out one at a time,
 * except `io.interrupt`, which is answered at once also while another thread is in `io.run`.
 */
#ifndef HALSIM_RPC_H
#define HALSIM_RPC_H

#include "halsim/host.h"

#define HALSIM_RPC_PROTOCOL 1
#define HALSIM_RPC_LINE_MAX (1024u * 1024u) /* bytes of a request */

struct halsim_rpc;

/* Creates a host of its own. The notice callback of `config` is replaced: see
 * halsim_rpc_next_notice(). Without `on_hang` in it, a call into a driver that takes longer than
 * its limit becomes a warning among them. NULL on failure. */
HALSIM_EXPORT struct halsim_rpc *halsim_rpc_create(const struct halsim_host_config *config,
                                                   struct halsim_error *error);
/* The same from a JSON object with the members of `host.options` in rpc.md; NULL or "" are the
 * defaults. On failure writes one line into `message`. */
HALSIM_EXPORT struct halsim_rpc *halsim_rpc_create_json(const char *options, char *message,
                                                        size_t message_size);
/* Stops IO, closes far ends, destroys the host. NULL is allowed. */
HALSIM_EXPORT void halsim_rpc_destroy(struct halsim_rpc *rpc);
HALSIM_EXPORT struct halsim_host *halsim_rpc_host(struct halsim_rpc *rpc);

/* Whoever cleans up when the process cannot any more is told of folders that far ends make, and
 * that they have removed them. Either may be NULL. */
HALSIM_EXPORT void halsim_rpc_set_keeper(struct halsim_rpc *rpc, void (*made)(const char *folder),
                                         void (*gone)(const char *folder));

/* `list` writes the names of the shared memory that drivers have made and left, as JSON strings
 * with commas in between, and returns how many there are. NULL: nobody knows. */
HALSIM_EXPORT void halsim_rpc_set_shm_list(struct halsim_rpc *rpc,
                                           size_t (*list)(char *names, size_t size));

/* Carries out one request. Returns the answer, or NULL for a notification; give it back with
 * halsim_rpc_free(). Bad input is answered with an error, never refused. */
HALSIM_EXPORT char *halsim_rpc_handle(struct halsim_rpc *rpc, const char *line, size_t length);
HALSIM_EXPORT void halsim_rpc_free(char *line);

/* The oldest notification that has not been taken, or NULL. Those that a request caused are there
 * when its answer is. */
HALSIM_EXPORT char *halsim_rpc_next_notice(struct halsim_rpc *rpc);
/* `wakeup` is called, on any thread, when a notification has been added. It must be quick. */
HALSIM_EXPORT void halsim_rpc_set_wakeup(struct halsim_rpc *rpc, void (*wakeup)(void *context),
                                         void *context);

/* True once `host.shutdown` has been answered. */
HALSIM_EXPORT bool halsim_rpc_wants_shutdown(struct halsim_rpc *rpc);
/* Ends the `io.run` in progress, or the first that waits. False when there is none. */
HALSIM_EXPORT bool halsim_rpc_interrupt(struct halsim_rpc *rpc);

/* The run in progress and all later ones end at once, for good. Safe in a signal handler. */
HALSIM_EXPORT void halsim_rpc_stop(struct halsim_rpc *rpc);

/* ---- for servers that read ahead ----------------------------------------------------------- */

/* A request that has been read but not carried out. Never NULL for a line that fits in memory: bad
 * input becomes a request whose answer is an error. */
struct halsim_rpc_request;

HALSIM_EXPORT struct halsim_rpc_request *halsim_rpc_parse(struct halsim_rpc *rpc, const char *line,
                                                          size_t length);
/* A request that can only be refused, with one line that says why. For lines that were too long to
 * keep. */
HALSIM_EXPORT struct halsim_rpc_request *halsim_rpc_refusal(int code, const char *message);
/* Makes it one that is refused because the daemon cannot take it now. */
HALSIM_EXPORT void halsim_rpc_refuse(struct halsim_rpc_request *request, const char *message);
/* True for a request that must not wait for those before it. */
HALSIM_EXPORT bool halsim_rpc_request_is_urgent(const struct halsim_rpc_request *request);
/* Carries it out and frees it. */
HALSIM_EXPORT char *halsim_rpc_dispatch(struct halsim_rpc *rpc, struct halsim_rpc_request *request);
/* Frees a request that is not carried out. */
HALSIM_EXPORT void halsim_rpc_discard(struct halsim_rpc *rpc, struct halsim_rpc_request *request);

#endif
