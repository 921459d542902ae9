/* rpc_host.c - host.* */
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
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BUILT_WITH_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define BUILT_WITH_TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(BUILT_WITH_ASAN)
    yyjson_mut_arr_add_str(doc, list, "address");
#endif
#if defined(__SANITIZE_THREAD__) || defined(BUILT_WITH_TSAN)
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

/* Bytes that are allocated, of all threads; sanitizers have an allocator of their own, which this
 * does not know: then 0. */
static uint64_t heap_bytes(void) {
#if defined(__APPLE__)
    return mstats().bytes_used;
#elif defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
#else
    return 0;
#endif
}

static uint64_t resident_bytes(void) {
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL) {
        return 0;
    }
    int found = fscanf(file, "%*u %llu", &pages);
    (void)fclose(file);
    return found == 1 ? pages * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

RPC_METHOD(host_memory) {
    yyjson_mut_val *result = yyjson_mut_obj(call->doc);
    yyjson_mut_obj_add_uint(call->doc, result, "heap_bytes", heap_bytes());
    yyjson_mut_obj_add_uint(call->doc, result, "resident_bytes", resident_bytes());
    return result;
}
