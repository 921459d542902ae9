/* rpc_methods.c - the table of methods, and the parameters that many of them share. */
#include "rpc_clients.h"
#include "rpc_internal.h"
#include <string.h>

static const struct rpc_method methods[] = {
    {"host.info", "", rpc_host_info},
    {"host.shutdown", "", rpc_host_shutdown},
    {"host.resources", "", rpc_host_resources},
    {"host.set_clock", "model", rpc_host_set_clock},
    {"host.advance", "ns", rpc_host_advance},
    {"host.last_calls", "", rpc_host_last_calls},
    {"host.coverage", "on", rpc_host_coverage},
    {"plugin.load", "path", rpc_plugin_load},
    {"plugin.unload", "plugin", rpc_plugin_unload},
    {"plugin.list", "", rpc_plugin_list},
    {"device.list", "", rpc_device_list},
    {"device.names", "", rpc_device_names},
    {"device.info", "device", rpc_device_info},
    {"device.set_buffer_frames", "device frames", rpc_device_set_buffer_frames},
    {"device.set_rate", "device rate", rpc_device_set_rate},
    {"device.set_format", "device stream format", rpc_device_set_format},
    {"device.refuse_changes", "device count", rpc_device_refuse_changes},
    {"device.set_clock", "device model", rpc_device_set_clock},
    {"device.timestamps", "device forget", rpc_device_timestamps},
    {"device.wake_late", "device ns", rpc_device_wake_late},
    {"device.lose_cycles", "device count", rpc_device_lose_cycles},
    {"property.has", "object selector scope element", rpc_property_has},
    {"property.is_settable", "object selector scope element", rpc_property_is_settable},
    {"property.size", "object selector scope element qualifier", rpc_property_size},
    {"property.get", "object selector scope element type qualifier input", rpc_property_get},
    {"property.set", "object selector scope element type qualifier value", rpc_property_set},
    {"object.tree", "plugin", rpc_object_tree},
    {"object.dump", "object", rpc_object_dump},
    {"client.add", "device name bundle_id process_id", rpc_client_add},
    {"client.remove", "device client", rpc_client_remove},
    {"client.set_source", "device client output source", rpc_client_set_source},
    {"client.set_sink", "device client input sink", rpc_client_set_sink},
    {"client.stats", "device client", rpc_client_stats},
    {"io.start", "device client", rpc_io_start},
    {"io.stop", "device client", rpc_io_stop},
    {"io.run", "seconds duration_ns device cycles", rpc_io_run},
    {"io.interrupt", "", rpc_io_interrupt},
    {"io.stats", "device", rpc_io_stats},
    {"trace.open", "path capacity", rpc_trace_open},
    {"trace.close", "", rpc_trace_close},
    {"ledger.begin", "budgets", rpc_ledger_begin},
    {"ledger.read", "", rpc_ledger_read},
    {"ledger.end", "", rpc_ledger_end},
    {"ledger.fail_allocation", "nth", rpc_ledger_fail_allocation},
    {"sandbox.read", "", rpc_sandbox_read},
    {"fingerprint.begin", "", rpc_fingerprint_begin},
    {"fingerprint.read", "", rpc_fingerprint_read},
    {"fingerprint.log", "path first_cycle last_cycle capacity samples", rpc_fingerprint_log},
    {"farend.open",
     "kind name device every_cycles check record record_frames attach stall_cycles wire bitrate "
     "microphone table",
     rpc_farend_open},
    {"farend.stats", "farend forget", rpc_farend_stats},
    {"farend.close", "farend", rpc_farend_close},
    {"farend.stall", "farend cycles", rpc_farend_stall},
    {"farend.detach", "farend", rpc_farend_detach},
    {"farend.attach", "farend attach", rpc_farend_attach},
    {"farend.slow", "farend cycles percent", rpc_farend_slow},
    {"farend.half_open", "farend count", rpc_farend_half_open},
    {"farend.hold", "farend cycles", rpc_farend_hold},
    {"farend.damage", "farend kind frames block", rpc_farend_damage},
    {"farend.fault", "farend direction fault ns amount", rpc_farend_fault},
    {"probe.open", "path", rpc_probe_open},
    {"probe.create", "type factory has_type", rpc_probe_create},
    {"probe.query", "instance uuid out", rpc_probe_query},
    {"probe.add_ref", "instance", rpc_probe_add_ref},
    {"probe.release", "instance", rpc_probe_release},
    {"probe.initialize", "instance host", rpc_probe_initialize},
    {"probe.call", NULL, rpc_probe_call},
    {"probe.storm", "instance calls threads times", rpc_probe_storm},
    {"probe.random", "instance seed count avoid order", rpc_probe_random},
    {"probe.host_calls", "instance", rpc_probe_host_calls},
    {"probe.configure", "instance refuse_changes refuse_notifications storage stored",
     rpc_probe_configure},
    {"probe.close", "instance", rpc_probe_close},
    {"probe.unload", "", rpc_probe_unload},
};

const struct rpc_method *rpc_method_find(const char *name, size_t length) {
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (strlen(methods[i].name) == length && memcmp(methods[i].name, name, length) == 0) {
            return &methods[i];
        }
    }
    return NULL;
}

bool rpc_device_param(struct rpc_call *call, enum param_presence presence, uint32_t *device) {
    yyjson_val *value = params_get(&call->params, "device");
    if (value == NULL && presence == PARAM_OPTIONAL) {
        return true;
    }
    if (yyjson_is_str(value)) {
        const char *name = NULL;
        return params_string(&call->params, "device", PARAM_REQUIRED, &name) &&
               (halsim_device_find(call->host, name, device, &call->failure.error) ||
                rpc_fail_host(&call->failure));
    }
    if (!yyjson_is_uint(value) || yyjson_get_uint(value) > UINT32_MAX) {
        return params_fail(&call->params, "device",
                           "must be the index, the UID or the name of a device");
    }
    *device = (uint32_t)yyjson_get_uint(value);
    struct halsim_device_info info;
    return halsim_device_info(call->host, *device, &info, &call->failure.error) ||
           rpc_fail_host(&call->failure);
}

uint64_t rpc_hand_over_ns(const struct rpc_call *call, const struct halsim_device_info *info) {
    if (call->rpc->config.clock == HALSIM_CLOCK_VIRTUAL || !info->is_running ||
        !(info->nominal_rate > 0)) {
        return 0;
    }
    /* Two periods, and some for a thread that is late. */
    return (uint64_t)(2e9 * info->buffer_frames / info->nominal_rate) + UINT64_C(50000000);
}

bool rpc_client_params(struct rpc_call *call, uint32_t *device, uint32_t *client) {
    uint64_t position;
    *client = 0;
    if (!rpc_device_param(call, PARAM_REQUIRED, device) ||
        !params_u32(&call->params, "client", PARAM_REQUIRED, 0, UINT32_MAX, client)) {
        return false;
    }
    if (!halsim_client_position(call->host, *device, *client, &position, &call->failure.error)) {
        client_registry_forget(call->rpc->clients, *device, *client);
        return rpc_fail_host(&call->failure);
    }
    return true;
}

bool rpc_object_param(struct rpc_call *call, struct halsim_object *object) {
    struct params inner;
    uint32_t plugin = 0, id = 0;
    if (!params_object(&call->params, "object", PARAM_REQUIRED, "object.", &inner) ||
        !params_check_names(&inner, "plugin id") ||
        !params_u32(&inner, "plugin", PARAM_REQUIRED, 0, UINT32_MAX, &plugin) ||
        !params_u32(&inner, "id", PARAM_REQUIRED, 0, UINT32_MAX, &id)) {
        return false;
    }
    *object = (struct halsim_object){plugin, id};
    return true;
}
