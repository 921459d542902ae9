/* rpc_device.c - device.* */
#include "json_values.h"
#include "rpc_clients.h"
#include "rpc_internal.h"
#include <stdlib.h>

static yyjson_mut_val *rates_json(struct rpc_call *call, const struct halsim_device_info *info) {
    const AudioObjectPropertyAddress address = {kAudioDevicePropertyAvailableNominalSampleRates,
                                                kAudioObjectPropertyScopeGlobal, 0};
    uint32_t count = 0;
    AudioValueRange *ranges =
        halsim_property_get_list(call->host, info->object, &address, sizeof *ranges, &count, NULL);
    yyjson_mut_val *list = yyjson_mut_arr(call->doc);
    for (uint32_t i = 0; ranges != NULL && i < count; i++) {
        yyjson_mut_arr_append(list, json_from_range(call->doc, &ranges[i]));
    }
    free(ranges);
    return list;
}

static yyjson_mut_val *pair_json(yyjson_mut_doc *doc, uint32_t input, uint32_t output) {
    yyjson_mut_val *pair = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_uint(doc, pair, "input", input);
    yyjson_mut_obj_add_uint(doc, pair, "output", output);
    return pair;
}

static yyjson_mut_val *clients_json(struct rpc_call *call, uint32_t device) {
    yyjson_mut_doc *doc = call->doc;
    yyjson_mut_val *list = yyjson_mut_arr(doc);
    struct client_entry *next;
    for (struct client_entry *entry = client_registry_first(call->rpc->clients); entry != NULL;
         entry = next) {
        next = entry->next;
        uint64_t position = 0;
        if (entry->device != device) {
            continue;
        }
        if (!halsim_client_position(call->host, device, entry->client, &position, NULL)) {
            client_registry_forget(call->rpc->clients, device, entry->client);
            continue;
        }
        yyjson_mut_val *client = yyjson_mut_arr_add_obj(doc, list);
        yyjson_mut_obj_add_uint(doc, client, "client", entry->client);
        yyjson_mut_obj_add_val(doc, client, "name", json_text(doc, entry->name));
        yyjson_mut_obj_add_val(doc, client, "bundle_id", json_text(doc, entry->bundle_id));
        yyjson_mut_obj_add_sint(doc, client, "process_id", entry->process_id);
        yyjson_mut_obj_add_bool(doc, client, "running",
                                halsim_client_is_running(call->host, device, entry->client));
        yyjson_mut_obj_add_uint(doc, client, "position_frames", position);
    }
    return list;
}

static yyjson_mut_val *stream_json(yyjson_mut_doc *doc, const struct halsim_stream_info *stream) {
    yyjson_mut_val *result = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_uint(doc, result, "id", stream->id);
    yyjson_mut_obj_add_str(doc, result, "direction", stream->is_input ? "input" : "output");
    yyjson_mut_obj_add_uint(doc, result, "starting_channel", stream->starting_channel);
    yyjson_mut_obj_add_uint(doc, result, "latency_frames", stream->latency_frames);
    yyjson_mut_obj_add_val(doc, result, "virtual_format",
                           json_from_format(doc, &stream->virtual_format));
    yyjson_mut_obj_add_val(doc, result, "physical_format",
                           json_from_format(doc, &stream->physical_format));
    return result;
}

static yyjson_mut_val *device_json(struct rpc_call *call, const struct halsim_device_info *info) {
    yyjson_mut_doc *doc = call->doc;
    yyjson_mut_val *result = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_uint(doc, result, "device", info->device);
    yyjson_mut_obj_add_uint(doc, result, "plugin", info->object.plugin);
    yyjson_mut_obj_add_uint(doc, result, "object_id", info->object.id);
    yyjson_mut_obj_add_val(doc, result, "uid", json_text(doc, info->uid));
    yyjson_mut_obj_add_val(doc, result, "name", json_text(doc, info->name));
    yyjson_mut_obj_add_val(doc, result, "nominal_rate", json_real(doc, info->nominal_rate));
    yyjson_mut_obj_add_val(doc, result, "available_rates", rates_json(call, info));
    yyjson_mut_obj_add_uint(doc, result, "buffer_frames", info->buffer_frames);
    yyjson_mut_obj_add_uint(doc, result, "zero_period_frames", info->zero_period_frames);
    yyjson_mut_obj_add_val(doc, result, "clock_algorithm",
                           json_from_fourcc(doc, info->clock_algorithm));
    yyjson_mut_obj_add_val(doc, result, "latency",
                           pair_json(doc, info->input_latency_frames, info->output_latency_frames));
    yyjson_mut_obj_add_val(doc, result, "safety_offset",
                           pair_json(doc, info->input_safety_frames, info->output_safety_frames));
    yyjson_mut_obj_add_bool(doc, result, "hidden", info->is_hidden);
    yyjson_mut_obj_add_bool(doc, result, "running", info->is_running);
    yyjson_mut_obj_add_val(doc, result, "clients", clients_json(call, info->device));
    yyjson_mut_val *streams = yyjson_mut_obj_add_arr(doc, result, "streams");
    for (uint32_t i = 0; i < info->stream_count; i++) {
        yyjson_mut_arr_append(streams, stream_json(doc, &info->streams[i]));
    }
    return result;
}

/* The device as it is now. */
static yyjson_mut_val *device_now(struct rpc_call *call, uint32_t device) {
    struct halsim_device_info info;
    if (!halsim_device_info(call->host, device, &info, &call->failure.error)) {
        return rpc_host_said_no(call);
    }
    return device_json(call, &info);
}

/* What the host knows already: no driver is asked. */
RPC_METHOD(device_names) {
    yyjson_mut_doc *doc = call->doc;
    yyjson_mut_val *result = yyjson_mut_arr(doc);
    uint32_t count = halsim_device_count(call->host);
    for (uint32_t i = 0; i < count; i++) {
        struct halsim_device_info info;
        if (halsim_device_info(call->host, i, &info, NULL)) {
            yyjson_mut_val *device = yyjson_mut_arr_add_obj(doc, result);
            yyjson_mut_obj_add_uint(doc, device, "device", info.device);
            yyjson_mut_obj_add_uint(doc, device, "plugin", info.object.plugin);
            yyjson_mut_obj_add_uint(doc, device, "object_id", info.object.id);
            yyjson_mut_obj_add_val(doc, device, "uid", json_text(doc, info.uid));
            yyjson_mut_obj_add_val(doc, device, "name", json_text(doc, info.name));
        }
    }
    return result;
}

RPC_METHOD(device_list) {
    yyjson_mut_val *result = yyjson_mut_arr(call->doc);
    for (uint32_t i = 0; i < halsim_device_count(call->host); i++) {
        struct halsim_device_info info;
        if (halsim_device_info(call->host, i, &info, NULL)) {
            yyjson_mut_arr_append(result, device_json(call, &info));
        }
    }
    return result;
}

RPC_METHOD(device_info) {
    uint32_t device = 0;
    return rpc_device_param(call, PARAM_REQUIRED, &device) ? device_now(call, device) : NULL;
}

RPC_METHOD(device_set_buffer_frames) {
    uint32_t device = 0, frames = 0;
    if (!rpc_device_param(call, PARAM_REQUIRED, &device) ||
        !params_u32(&call->params, "frames", PARAM_REQUIRED, HALSIM_MIN_FRAMES, HALSIM_MAX_FRAMES,
                    &frames)) {
        return NULL;
    }
    if (!halsim_device_set_buffer_frames(call->host, device, frames, &call->failure.error)) {
        return rpc_host_said_no(call);
    }
    return device_now(call, device);
}

RPC_METHOD(device_refuse_changes) {
    uint32_t device = 0, count = 0;
    if (!rpc_device_param(call, PARAM_REQUIRED, &device) ||
        !params_u32(&call->params, "count", PARAM_REQUIRED, 0, 1000000, &count)) {
        return NULL;
    }
    if (!halsim_device_refuse_changes(call->host, device, count, &call->failure.error)) {
        return rpc_host_said_no(call);
    }
    return yyjson_mut_obj(call->doc);
}

RPC_METHOD(device_set_rate) {
    uint32_t device = 0;
    double rate = 0;
    if (!rpc_device_param(call, PARAM_REQUIRED, &device) ||
        !params_f64(&call->params, "rate", PARAM_REQUIRED, 1, 1e9, &rate)) {
        return NULL;
    }
    if (!halsim_device_set_rate(call->host, device, rate, &call->failure.error)) {
        return rpc_host_said_no(call);
    }
    return device_now(call, device);
}

RPC_METHOD(device_set_format) {
    uint32_t device = 0, stream = 0;
    struct params inner;
    AudioStreamBasicDescription format;
    if (!rpc_device_param(call, PARAM_REQUIRED, &device) ||
        !params_u32(&call->params, "stream", PARAM_REQUIRED, 1, UINT32_MAX, &stream) ||
        !params_object(&call->params, "format", PARAM_REQUIRED, "format.", &inner) ||
        !params_to_format(&inner, &format)) {
        return NULL;
    }
    if (!halsim_device_set_format(call->host, device, stream, &format, &call->failure.error)) {
        return rpc_host_said_no(call);
    }
    return device_now(call, device);
}

RPC_METHOD(device_wake_late) {
    uint32_t device = 0;
    uint64_t ns = 0;
    if (!rpc_device_param(call, PARAM_REQUIRED, &device) ||
        !params_u64(&call->params, "ns", PARAM_REQUIRED, 0, RPC_ADVANCE_MAX_NS, &ns)) {
        return NULL;
    }
    if (!halsim_device_wake_late(call->host, device, ns, &call->failure.error)) {
        return rpc_host_said_no(call);
    }
    return yyjson_mut_obj(call->doc);
}

RPC_METHOD(device_lose_cycles) {
    uint32_t device = 0;
    uint64_t count = 0;
    if (!rpc_device_param(call, PARAM_REQUIRED, &device) ||
        !params_u64(&call->params, "count", PARAM_REQUIRED, 0, 1000000000, &count)) {
        return NULL;
    }
    if (!halsim_device_lose_cycles(call->host, device, count, &call->failure.error)) {
        return rpc_host_said_no(call);
    }
    return yyjson_mut_obj(call->doc);
}
