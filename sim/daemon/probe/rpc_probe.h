/* rpc_probe.h - what the methods of the probe share. */
#ifndef RPC_PROBE_H
#define RPC_PROBE_H

#include "probe.h"
#include "rpc_internal.h"

/* "instance": one that may be called; NULL with the failure filled. */
struct probe_instance *rpc_probe_instance(struct rpc_call *call, uint32_t *number);

/* The last calls into drivers, the oldest first. */
yyjson_mut_val *rpc_last_calls_json(yyjson_mut_doc *doc);

#endif
