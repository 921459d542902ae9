/* service.h - the front: a coreaudiod whose plug-ins live in processes of their own.
 *
 *     guard ──fork──> front ──spawn──> helper: plug-in 0
 *                        └────spawn──> helper: plug-in 1 ...
 *
 * A helper is the same program in another role (service_child.h): it loads one plug-in and answers
 * the same protocol over a socket pair. The front has no drivers. It carries requests out by asking
 * the helpers, puts lists together, and translates numbers: those that its clients use are its own,
 * given out in the order in which things appear, and never again.
 *
 *   service_process.c   starting a helper, its lifeline, its end
 *   service_call.c      one request to one helper, and the thread that reads what all of them say
 *   service_ids.c       numbers
 *   service_route.c     which helper a request is for
 *   service_methods.c   requests that concern all of them
 *   service_run.c       time: io.run, host.advance, clocks that must not come apart
 *   service_notices.c   what is told unasked
 *   service_restart.c   helpers that died are started again
 *   service_page.c      memory that all share
 */
#ifndef DAEMON_SERVICE_H
#define DAEMON_SERVICE_H

#include "halsim/rpc.h"
#include "options.h"
#include "service_page.h"

struct service;

/* Takes over what `rpc` carries out; `rpc` keeps the front's clock. NULL after a line on stderr. */
struct service *service_create(const struct options *options, struct halsim_rpc *rpc,
                               struct service_page *page, int page_fd);
/* As halsim_plugin_load(). */
bool service_load(struct service *service, const char *path, struct halsim_error *error);
/* Asks all helpers to end in good order, and waits for them. Before `rpc` goes. NULL is allowed. */
void service_destroy(struct service *service);

#endif
