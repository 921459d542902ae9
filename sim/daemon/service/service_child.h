/* service_child.h - the other role of the program: a helper that holds one plug-in for its front.
 *
 * It answers requests on a socket that it has inherited. When the front asks it, or closes the
 * socket, it ends in good order; when the front dies, it ends at once.
 */
#ifndef DAEMON_SERVICE_CHILD_H
#define DAEMON_SERVICE_CHILD_H

#include "halsim/rpc.h"
#include "options.h"

/* What reports call the process. */
#define SERVICE_PROCESS_NAME "driver-service"

/* What the front hands over as --service: descriptors, place in the page, number, time. */
#define SERVICE_SPEC_FORMAT  "%d:%d:%d:%u:%u:%llu"

/* First thing in the process. Fills what the front decides into `options`; *socket is for requests.
 * False after a line on stderr. */
bool service_child_begin(struct options *options, int *socket);
/* When there is a host: its time is told with each answer, and with a crash. */
void service_child_watch(struct halsim_rpc *rpc);

#endif
