/* failure.h - why a request could not be carried out, on its way into an answer. */
#ifndef HALRPC_FAILURE_H
#define HALRPC_FAILURE_H

#include "halsim/status.h"
#include <yyjson.h>

enum rpc_code {
    RPC_NOT_JSON = -32700,
    RPC_NOT_A_REQUEST = -32600,
    RPC_UNKNOWN_METHOD = -32601,
    RPC_PARAMETERS = -32602,
    RPC_FAILED = -32000, /* understood, but the host or the driver said no: see the status */
};

struct rpc_failure {
    int code; /* enum rpc_code; 0: none yet */
    struct halsim_error error;
};

/* All return false, so that a caller can write `return rpc_fail(...)`. */

/* A failure before the host was asked. */
bool rpc_fail(struct rpc_failure *failure, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* RPC_FAILED with a class of the host's. */
bool rpc_fail_status(struct rpc_failure *failure, enum halsim_status status, const char *format,
                     ...) __attribute__((format(printf, 3, 4)));
/* What the host said, which is already in failure->error. */
bool rpc_fail_host(struct rpc_failure *failure);

/* {"code", "message", "data": {"status", "os_status", "os_status_text"}}; data only for RPC_FAILED.
 */
yyjson_mut_val *rpc_failure_json(const struct rpc_failure *failure, yyjson_mut_doc *doc);

#endif
