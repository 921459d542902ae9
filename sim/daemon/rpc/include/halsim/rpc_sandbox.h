/* rpc_sandbox.h - the sandbox that drivers are in, which only a program that stands before the C
 * library has (halinterpose/sandbox.h). The dispatcher tells of it in sandbox.read. */
#ifndef HALSIM_RPC_SANDBOX_H
#define HALSIM_RPC_SANDBOX_H

#include "halinterpose/sandbox.h"
#include "halsim/rpc.h"

struct halsim_sandbox {
    const struct halsandbox_rules *rules;
    /* The cases, one after the other; NULL when there are no more. */
    const struct halsandbox_case *(*case_at)(size_t index);
    const char *(*kind_name)(enum halsandbox_kind kind);
};

/* `sandbox` stays the caller's, and stays. NULL, and without this call: mode "off". */
HALSIM_EXPORT void halsim_rpc_set_sandbox(struct halsim_rpc *rpc,
                                          const struct halsim_sandbox *sandbox);

#endif
