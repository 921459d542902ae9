/* rpc_router.h - somebody else carries requests out: a daemon whose drivers live in other processes
 * (sim/daemon/service). The dispatcher still parses, checks names, keeps order and writes answers.
 */
#ifndef HALRPC_ROUTER_H
#define HALRPC_ROUTER_H

#include "rpc_internal.h"

struct rpc_router {
    /* As a method: the result, or NULL with call->failure filled. One at a time, and not for
     * `io.interrupt`. What concerns the dispatcher's own host it hands back: rpc_carry_out_here().
     */
    yyjson_mut_val *(*carry_out)(void *context, struct rpc_call *call);
    /* A run that has been asked for is to end. With rpc->run_lock held, on any thread. */
    void (*interrupt)(void *context);
    /* All runs are to end, for good. In a signal handler. */
    void (*stop)(void *context);
    void *context;
};

/* NULL: the dispatcher's own host. Before the first request; the router outlives its use. */
void rpc_set_router(struct halsim_rpc *rpc, const struct rpc_router *router);

/* The method as it is without a router. */
yyjson_mut_val *rpc_carry_out_here(struct rpc_call *call);

/* Called after each request that was carried out, before its answer is sent. */
void rpc_set_after(struct halsim_rpc *rpc, void (*after)(void *context), void *context);

#endif
