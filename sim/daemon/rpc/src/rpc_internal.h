/* rpc_internal.h - the dispatcher's own structures, and what a method is. */
#ifndef HALRPC_INTERNAL_H
#define HALRPC_INTERNAL_H

#include "farend_peer.h"
#include "halsim/rpc.h"
#include "json_params.h"
#include "notices.h"
#include <pthread.h>
#include <stdatomic.h>

struct client_registry;
struct farend_registry;
struct halsim_ledger;
struct halsim_sandbox;
struct probe;
struct rpc_router;

struct halsim_rpc {
    struct halsim_host *host;
    struct halsim_host_config config;
    struct notices *notices;

    const struct halsim_ledger *ledger;   /* NULL: none */
    const struct halsim_sandbox *sandbox; /* NULL: none */
    struct farend_keeper keeper;
    size_t (*list_shm)(char *names, size_t size); /* NULL: nobody knows */

    const struct rpc_router *router; /* NULL: the host above carries requests out */
    void (*after)(void *context);    /* NULL: nobody wants to know */
    void *after_context;

    pthread_mutex_t dispatch_lock; /* one request at a time */
    struct client_registry *clients;
    struct farend_registry *farends;
    struct probe *probe;
    atomic_bool wants_shutdown;
    atomic_bool stopping; /* halsim_rpc_stop() */

    /* io.run against io.interrupt, which does not wait for dispatch_lock */
    pthread_mutex_t run_lock;
    uint32_t runs_waiting;     /* io.run requests parsed and not finished */
    bool run_in_progress;      /* the host runs */
    bool run_is_interrupted;   /* the run in progress, or the next one, was told to end */
    bool host_flag_may_linger; /* the host was interrupted just after a run had ended by itself */
};

struct rpc_method;

/* One request being carried out. */
struct rpc_call {
    struct halsim_rpc *rpc;
    struct halsim_host *host;
    const struct rpc_method *method;
    struct params params;
    yyjson_mut_doc *doc; /* the answer's */
    struct rpc_failure failure;
};

struct rpc_method {
    const char *name;
    const char *parameters; /* all that it knows, separated by single spaces; NULL: it looks */
    /* The result, or NULL with call->failure filled. */
    yyjson_mut_val *(*carry_out)(struct rpc_call *call);
};

/* NULL for a name that is no method. */
const struct rpc_method *rpc_method_find(const char *name, size_t length);

/* Ends the run in progress or the next that waits; false when there is none. */
bool rpc_run_interrupt(struct halsim_rpc *rpc);

/* "device": an index, a UID or a name, of a device that exists. */
bool rpc_device_param(struct rpc_call *call, enum param_presence presence, uint32_t *device);
/* "device" and "client" of a client that exists. */
bool rpc_client_params(struct rpc_call *call, uint32_t *device, uint32_t *client);
/* "object": {"plugin", "id"}. */
bool rpc_object_param(struct rpc_call *call, struct halsim_object *object);

/* How long to wait for the IO thread of that device to hand over its figures (handover.h). */
uint64_t rpc_hand_over_ns(const struct rpc_call *call, const struct halsim_device_info *info);

/* Ten days: what time may be moved on by at once. */
#define RPC_ADVANCE_MAX_NS UINT64_C(864000000000000)

/* For `return` in a method. */
static inline yyjson_mut_val *rpc_host_said_no(struct rpc_call *call) {
    rpc_fail_host(&call->failure);
    return NULL;
}

/* ---- the methods --------------------------------------------------------------------------- */

#define RPC_METHOD(name) yyjson_mut_val *rpc_##name(struct rpc_call *call)

RPC_METHOD(host_info);
RPC_METHOD(host_shutdown);
RPC_METHOD(host_resources);
RPC_METHOD(host_set_clock);
RPC_METHOD(host_advance);
RPC_METHOD(host_last_calls);
RPC_METHOD(host_coverage);
RPC_METHOD(plugin_load);
RPC_METHOD(plugin_unload);
RPC_METHOD(plugin_list);
RPC_METHOD(device_list);
RPC_METHOD(device_names);
RPC_METHOD(device_info);
RPC_METHOD(device_refuse_changes);
RPC_METHOD(device_wake_late);
RPC_METHOD(device_lose_cycles);
RPC_METHOD(device_set_buffer_frames);
RPC_METHOD(device_set_rate);
RPC_METHOD(device_set_format);
RPC_METHOD(device_set_clock);
RPC_METHOD(device_timestamps);
RPC_METHOD(property_has);
RPC_METHOD(property_is_settable);
RPC_METHOD(property_size);
RPC_METHOD(property_get);
RPC_METHOD(property_set);
RPC_METHOD(object_tree);
RPC_METHOD(object_dump);
RPC_METHOD(client_add);
RPC_METHOD(client_remove);
RPC_METHOD(client_set_source);
RPC_METHOD(client_set_sink);
RPC_METHOD(client_stats);
RPC_METHOD(io_start);
RPC_METHOD(io_stop);
RPC_METHOD(io_run);
RPC_METHOD(io_interrupt);
RPC_METHOD(io_stats);
RPC_METHOD(trace_open);
RPC_METHOD(trace_close);
RPC_METHOD(ledger_begin);
RPC_METHOD(ledger_read);
RPC_METHOD(ledger_end);
RPC_METHOD(ledger_fail_allocation);
RPC_METHOD(sandbox_read);
RPC_METHOD(fingerprint_begin);
RPC_METHOD(fingerprint_read);
RPC_METHOD(fingerprint_log);
RPC_METHOD(farend_open);
RPC_METHOD(farend_stats);
RPC_METHOD(farend_close);
RPC_METHOD(farend_stall);
RPC_METHOD(farend_detach);
RPC_METHOD(farend_attach);
RPC_METHOD(farend_slow);
RPC_METHOD(farend_half_open);
RPC_METHOD(farend_hold);
RPC_METHOD(farend_damage);
RPC_METHOD(farend_fault);
RPC_METHOD(probe_open);
RPC_METHOD(probe_create);
RPC_METHOD(probe_query);
RPC_METHOD(probe_add_ref);
RPC_METHOD(probe_release);
RPC_METHOD(probe_initialize);
RPC_METHOD(probe_call);
RPC_METHOD(probe_storm);
RPC_METHOD(probe_random);
RPC_METHOD(probe_host_calls);
RPC_METHOD(probe_configure);
RPC_METHOD(probe_close);
RPC_METHOD(probe_unload);

#endif
