/* rpc_host.c - host.* */
#include "halsim/sanitizers.h"
#include "rpc_internal.h"
#include <mach/mach_time.h>
#include <stdio.h>
#include <unistd.h>
#ifdef __APPLE__
#include <malloc/malloc.h>
#else
#include <malloc.h>
#endif

static void add_sanitizers(yyjson_mut_doc *doc, yyjson_mut_val *list) {
#if defined(HALSIM_UNDER_ASAN)
    yyjson_mut_arr_add_str(doc, list, "address");
#endif
#if defined(HALSIM_UNDER_TSAN)
    yyjson_mut_arr_add_str(doc, list, "thread");
#endif
    (void)doc;
    (void)list;
}

RPC_METHOD(host_info) {
    yyjson_mut_doc *doc = call->doc;
    yyjson_mut_val *result = yyjson_mut_obj(doc);
    bool is_virtual = call->rpc->config.clock == HALSIM_CLOCK_VIRTUAL;
    yyjson_mut_obj_add_strcpy(doc, result, "version", halsim_version());
    yyjson_mut_obj_add_uint(doc, result, "protocol", HALSIM_RPC_PROTOCOL);
    yyjson_mut_obj_add_sint(doc, result, "pid", getpid());
    yyjson_mut_obj_add_str(doc, result, "clock", is_virtual ? "virtual" : "realtime");
    yyjson_mut_obj_add_uint(doc, result, "now_ns",
                            halsim_clock_now_ns(halsim_host_clock(call->host)));
    yyjson_mut_obj_add_uint(doc, result, "seed", call->rpc->config.seed);
    const struct halsim_scheduler *scheduler = is_virtual ? call->rpc->config.scheduler : NULL;
    yyjson_mut_obj_add_str(doc, result, "threads", scheduler != NULL ? "owned" : "free");
    yyjson_mut_obj_add_uint(doc, result, "schedule", scheduler != NULL ? scheduler->schedule : 0);
    mach_timebase_info_data_t timebase = {1, 1};
    mach_timebase_info(&timebase);
    yyjson_mut_val *pair = yyjson_mut_obj_add_arr(doc, result, "timebase");
    yyjson_mut_arr_add_uint(doc, pair, timebase.numer);
    yyjson_mut_arr_add_uint(doc, pair, timebase.denom);
    yyjson_mut_obj_add_bool(doc, result, "realtime_priority",
                            halsim_host_has_realtime_priority(call->host));
    yyjson_mut_obj_add_str(doc, result, "process_model", "in-process");
    add_sanitizers(doc, yyjson_mut_obj_add_arr(doc, result, "sanitizers"));
    return result;
}

RPC_METHOD(host_shutdown) {
    atomic_store(&call->rpc->wants_shutdown, true);
    return yyjson_mut_obj(call->doc);
}

RPC_METHOD(host_advance) {
    uint64_t ns = 0;
    if (!params_u64(&call->params, "ns", PARAM_REQUIRED, 0, RPC_ADVANCE_MAX_NS, &ns)) {
        return NULL;
    }
    if (!halsim_host_advance(call->host, ns, &call->failure.error)) {
        return rpc_host_said_no(call);
    }
    return yyjson_mut_obj(call->doc);
}
