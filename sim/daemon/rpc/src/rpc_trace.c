/* rpc_trace.c - trace.* */
#include "halsim/trace.h"
#include "rpc_internal.h"
#include <stddef.h>
#include <stdio.h>

/* What the host made of the capacity that was asked for; 0 when the file cannot be read back. */
static uint64_t capacity_of(const char *path) {
    struct halsim_trace_header header = {0};
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        return 0;
    }
    size_t read = fread(&header, sizeof header, 1, file);
    fclose(file);
    return read == 1 ? header.capacity : 0;
}

RPC_METHOD(trace_open) {
    const char *path = NULL;
    uint64_t capacity = 65536;
    if (!params_string(&call->params, "path", PARAM_REQUIRED, &path) ||
        !params_u64(&call->params, "capacity", PARAM_OPTIONAL, 1, UINT64_C(1) << 24, &capacity)) {
        return NULL;
    }
    if (!halsim_host_trace(call->host, path, capacity, &call->failure.error)) {
        return rpc_host_said_no(call);
    }
    yyjson_mut_val *result = yyjson_mut_obj(call->doc);
    yyjson_mut_obj_add_strcpy(call->doc, result, "path", path);
    yyjson_mut_obj_add_uint(call->doc, result, "capacity", capacity_of(path));
    return result;
}

RPC_METHOD(trace_close) {
    if (!halsim_host_trace(call->host, NULL, 0, &call->failure.error)) {
        return rpc_host_said_no(call);
    }
    return yyjson_mut_obj(call->doc);
}
