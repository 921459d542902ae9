/* rpc_farend.h - the far ends that were opened, by number. */
#ifndef HALRPC_FAREND_H
#define HALRPC_FAREND_H

#include "farend.h"
#include "farend_peer.h"
#include "rpc_internal.h"

#define FARENDS_MAX 64

/* Neither: closed, or never opened. */
struct farend_entry {
    struct farend *farend;    /* of Gecko Sink */
    struct farend_peer *peer; /* of Bunghole */
    uint32_t device;
    bool check;
};

struct farend_registry {
    struct farend_entry entries[FARENDS_MAX];
    uint32_t count; /* numbers are not used again */
};

struct farend_registry *farend_registry_create(void);
/* Those of Bunghole: while the host is there. */
void farend_registry_close_peers(struct farend_registry *registry);
/* Only when the host is gone, or no IO runs. */
void farend_registry_destroy(struct farend_registry *registry);

/* ---- rpc_peer.c: farend.* for kind "bunghole-opus" ---- */

struct farend_peer *rpc_peer_open(struct rpc_call *call);
bool rpc_peer_fault(struct rpc_call *call, struct farend_peer *peer);
yyjson_mut_val *rpc_peer_stats(struct rpc_call *call, struct farend_peer *peer);

#endif
