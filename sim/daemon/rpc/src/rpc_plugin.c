/* rpc_plugin.c - plugin.* */
#include "json_values.h"
#include "rpc_clients.h"
#include "rpc_internal.h"

static yyjson_mut_val *plugin_json(struct rpc_call *call, const struct halsim_plugin_info *info) {
    yyjson_mut_doc *doc = call->doc;
    yyjson_mut_val *result = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_uint(doc, result, "plugin", info->plugin);
    yyjson_mut_obj_add_val(doc, result, "path", json_text(doc, info->path));
    yyjson_mut_obj_add_val(doc, result, "executable", json_text(doc, info->executable));
    yyjson_mut_obj_add_val(doc, result, "bundle_id", json_text(doc, info->bundle_id));
    yyjson_mut_obj_add_val(doc, result, "factory_uuid", json_text(doc, info->factory_uuid));
    yyjson_mut_obj_add_val(doc, result, "factory_symbol", json_text(doc, info->factory_symbol));
    yyjson_mut_val *devices = yyjson_mut_obj_add_arr(doc, result, "devices");
    for (uint32_t i = 0; i < halsim_device_count(call->host); i++) {
        struct halsim_device_info device;
        if (halsim_device_info(call->host, i, &device, NULL) &&
            device.object.plugin == info->plugin) {
            yyjson_mut_arr_add_uint(doc, devices, i);
        }
    }
    return result;
}

RPC_METHOD(plugin_load) {
    const char *path = NULL;
    uint32_t plugin = 0;
    struct halsim_plugin_info info;
    if (!params_string(&call->params, "path", PARAM_REQUIRED, &path)) {
        return NULL;
    }
    if (!halsim_plugin_load(call->host, path, &plugin, &call->failure.error) ||
        !halsim_plugin_info(call->host, plugin, &info, &call->failure.error)) {
        return rpc_host_said_no(call);
    }
    return plugin_json(call, &info);
}

RPC_METHOD(plugin_unload) {
    uint32_t plugin = 0;
    if (!params_u32(&call->params, "plugin", PARAM_REQUIRED, 0, UINT32_MAX, &plugin)) {
        return NULL;
    }
    if (!halsim_plugin_unload(call->host, plugin, &call->failure.error)) {
        return rpc_host_said_no(call);
    }
    return yyjson_mut_obj(call->doc);
}

RPC_METHOD(plugin_list) {
    yyjson_mut_val *result = yyjson_mut_arr(call->doc);
    uint32_t count = halsim_plugin_count(call->host);
    for (uint32_t i = 0; i < count; i++) {
        struct halsim_plugin_info info;
        if (halsim_plugin_info(call->host, i, &info, NULL)) {
            yyjson_mut_arr_append(result, plugin_json(call, &info));
        }
    }
    return result;
}
