/* rpc_client.c - client.*: who plays and who records. */
#include "json_signal.h"
#include "json_values.h"
#include "rpc_clients.h"
#include "rpc_internal.h"
#include <unistd.h>

RPC_METHOD(client_add) {
    uint32_t device = 0, client = 0;
    struct halsim_client_config config = {0};
    if (!rpc_device_param(call, PARAM_REQUIRED, &device) ||
        !params_string(&call->params, "name", PARAM_OPTIONAL, &config.name) ||
        !params_string(&call->params, "bundle_id", PARAM_OPTIONAL, &config.bundle_id) ||
        !params_i32(&call->params, "process_id", PARAM_OPTIONAL, 0, INT32_MAX,
                    &config.process_id)) {
        return NULL;
    }
    if (!halsim_client_add(call->host, device, &config, &client, &call->failure.error)) {
        return rpc_host_said_no(call);
    }
    if (config.process_id == 0) {
        config.process_id = (int32_t)getpid();
    }
    if (client_registry_add(call->rpc->clients, device, client, &config) == NULL) {
        halsim_client_remove(call->host, device, client, NULL);
        return NULL;
    }
    yyjson_mut_val *result = yyjson_mut_obj(call->doc);
    yyjson_mut_obj_add_uint(call->doc, result, "client", client);
    return result;
}

RPC_METHOD(client_remove) {
    uint32_t device = 0, client = 0;
    if (!rpc_client_params(call, &device, &client)) {
        return NULL;
    }
    if (!halsim_client_remove(call->host, device, client, &call->failure.error)) {
        return rpc_host_said_no(call);
    }
    client_registry_forget(call->rpc->clients, device, client);
    return yyjson_mut_obj(call->doc);
}

RPC_METHOD(client_set_source) {
    uint32_t device = 0, client = 0, output = 0;
    struct halsim_device_info info;
    struct halsim_source *source = NULL;
    if (!rpc_client_params(call, &device, &client) ||
        !params_u32(&call->params, "output", PARAM_OPTIONAL, 0, HALSIM_MAX_STREAMS - 1, &output)) {
        return NULL;
    }
    if (!halsim_device_info(call->host, device, &info, &call->failure.error)) {
        return rpc_host_said_no(call);
    }
    if (!params_source(&call->params, "source", info.nominal_rate, &source)) {
        return NULL;
    }
    if (!halsim_client_set_source(call->host, device, client, output, source,
                                  &call->failure.error)) {
        return rpc_host_said_no(call);
    }
    return yyjson_mut_obj(call->doc);
}

/* Channels of the input stream `input`, 0 when there is none. */
static uint32_t input_channels(const struct halsim_device_info *info, uint32_t input) {
    for (uint32_t i = 0; i < info->stream_count; i++) {
        if (info->streams[i].is_input && input-- == 0) {
            return info->streams[i].virtual_format.mChannelsPerFrame;
        }
    }
    return 0;
}

/* "sink": null, {"kind": "check"} or {"kind": "file", ...}. */
static bool params_sink(struct rpc_call *call, struct client_entry *entry,
                        const struct halsim_device_info *info, uint32_t input,
                        struct halsim_sink **sink) {
    struct params inner;
    uint32_t kind = 0;
    *sink = NULL;
    if (!params_object(&call->params, "sink", PARAM_OPTIONAL, "sink.", &inner)) {
        return false;
    }
    if (inner.object == NULL) {
        return true;
    }
    if (!params_choice(&inner, "kind", PARAM_REQUIRED, "check file", &kind)) {
        return false;
    }
    uint32_t channels = input_channels(info, input);
    if (channels == 0) {
        return rpc_fail_status(&call->failure, HALSIM_ERROR_NOT_FOUND,
                               "device \"%s\" has no input stream %u", info->name, input);
    }
    if (kind == 0) {
        if (!params_check_names(&inner, "kind")) {
            return false;
        }
        *sink = client_entry_check(entry, input, channels);
        return *sink != NULL ||
               rpc_fail_status(&call->failure, HALSIM_ERROR_SYSTEM, "out of memory");
    }
    const char *path = NULL;
    uint64_t capacity = 0;
    if (!params_check_names(&inner, "kind path capacity_frames") ||
        !params_string(&inner, "path", PARAM_REQUIRED, &path) ||
        !params_u64(&inner, "capacity_frames", PARAM_REQUIRED, 1, UINT64_C(1) << 40, &capacity)) {
        return false;
    }
    *sink = halsim_sink_create_file(path, capacity, channels, &call->failure.error);
    return *sink != NULL || rpc_fail_host(&call->failure);
}

RPC_METHOD(client_set_sink) {
    uint32_t device = 0, client = 0, input = 0;
    struct halsim_device_info info;
    struct halsim_sink *sink = NULL;
    if (!rpc_client_params(call, &device, &client) ||
        !params_u32(&call->params, "input", PARAM_OPTIONAL, 0, HALSIM_MAX_STREAMS - 1, &input)) {
        return NULL;
    }
    struct client_entry *entry = client_registry_find(call->rpc->clients, device, client);
    if (entry == NULL) {
        rpc_fail_status(&call->failure, HALSIM_ERROR_NOT_FOUND, "no client %u on device %u", client,
                        device);
        return NULL;
    }
    if (!halsim_device_info(call->host, device, &info, &call->failure.error)) {
        return rpc_host_said_no(call);
    }
    if (!params_sink(call, entry, &info, input, &sink)) {
        return NULL;
    }
    bool is_check =
        yyjson_equals_str(yyjson_obj_get(params_get(&call->params, "sink"), "kind"), "check");
    bool taken =
        halsim_client_set_sink(call->host, device, client, input, sink, &call->failure.error);
    if (!taken || !is_check) {
        client_entry_no_check(entry, input);
    }
    return taken ? yyjson_mut_obj(call->doc) : rpc_host_said_no(call);
}

RPC_METHOD(client_stats) {
    uint32_t device = 0, client = 0;
    uint64_t position = 0;
    struct halsim_device_info info;
    if (!rpc_client_params(call, &device, &client)) {
        return NULL;
    }
    if (!halsim_device_info(call->host, device, &info, &call->failure.error) ||
        !halsim_client_position(call->host, device, client, &position, &call->failure.error)) {
        return rpc_host_said_no(call);
    }
    yyjson_mut_val *result = yyjson_mut_obj(call->doc);
    yyjson_mut_obj_add_uint(call->doc, result, "position_frames", position);
    yyjson_mut_val *sinks = yyjson_mut_obj_add_arr(call->doc, result, "sinks");
    struct client_entry *entry = client_registry_find(call->rpc->clients, device, client);
    for (uint32_t input = 0; input_channels(&info, input) > 0; input++) {
        struct halsim_check check;
        bool checked = entry != NULL &&
                       client_entry_read_check(entry, input, rpc_hand_over_ns(call, &info), &check);
        yyjson_mut_arr_append(sinks, checked ? json_from_check(call->doc, &check)
                                             : yyjson_mut_null(call->doc));
    }
    return result;
}
