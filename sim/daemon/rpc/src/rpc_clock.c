/* rpc_clock.c - clock models, and what a driver's zero timestamps were like. */
#include "json_clock.h"
#include "json_values.h"
#include "rpc_internal.h"

RPC_METHOD(device_set_clock) {
    uint32_t device = 0;
    struct halsim_clock_model model;
    if (!rpc_device_param(call, PARAM_REQUIRED, &device) ||
        !params_to_clock_model(&call->params, &model)) {
        return NULL;
    }
    if (!halsim_device_set_clock_model(call->host, device, &model, &call->failure.error)) {
        return rpc_host_said_no(call);
    }
    return yyjson_mut_obj(call->doc);
}

RPC_METHOD(host_set_clock) {
    struct halsim_clock_model model;
    if (!params_to_clock_model(&call->params, &model)) {
        return NULL;
    }
    if (!halsim_host_set_clock_model(call->host, &model, &call->failure.error)) {
        return rpc_host_said_no(call);
    }
    return yyjson_mut_obj(call->doc);
}

/* ---- device.timestamps ----------------------------------------------------------------------- */

static yyjson_mut_val *stamp_json(yyjson_mut_doc *doc, const struct halsim_timestamp *stamp) {
    yyjson_mut_val *result = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_val(doc, result, "sample", json_real(doc, stamp->sample));
    yyjson_mut_obj_add_uint(doc, result, "host_ns", stamp->host_ns);
    yyjson_mut_obj_add_uint(doc, result, "seed", stamp->seed);
    return result;
}

static yyjson_mut_val *violation_json(yyjson_mut_doc *doc,
                                      const struct halsim_timestamp_violation *violation) {
    yyjson_mut_val *result = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_uint(doc, result, "count", violation->count);
    yyjson_mut_obj_add_uint(doc, result, "first_cycle", violation->cycle);
    yyjson_mut_obj_add_uint(doc, result, "first_asked_ns", violation->asked_ns);
    yyjson_mut_obj_add_val(doc, result, "before",
                           violation->has_before ? stamp_json(doc, &violation->before)
                                                 : yyjson_mut_null(doc));
    yyjson_mut_obj_add_val(doc, result, "after", stamp_json(doc, &violation->after));
    yyjson_mut_obj_add_val(doc, result, "jump_ns", json_real(doc, violation->jump_ns));
    return result;
}

static yyjson_mut_val *fit_json(yyjson_mut_doc *doc, const struct halsim_time_fit *fit) {
    yyjson_mut_val *result = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_uint(doc, result, "points", fit->points);
    yyjson_mut_obj_add_val(doc, result, "ns_per_frame", json_real(doc, fit->ns_per_frame));
    yyjson_mut_obj_add_val(doc, result, "rate_ppm", json_real(doc, fit->rate_ppm));
    yyjson_mut_obj_add_val(doc, result, "rms_ns", json_real(doc, fit->rms_ns));
    yyjson_mut_obj_add_uint(doc, result, "jitter_points", fit->jitter_points);
    yyjson_mut_obj_add_uint(doc, result, "jitter_p50_ns", fit->jitter_p50_ns);
    yyjson_mut_obj_add_uint(doc, result, "jitter_p99_ns", fit->jitter_p99_ns);
    yyjson_mut_obj_add_uint(doc, result, "jitter_max_ns", fit->jitter_max_ns);
    yyjson_mut_obj_add_val(doc, result, "step_max_ns", json_real(doc, fit->step_max_ns));
    yyjson_mut_obj_add_uint(doc, result, "step_cycle", fit->step_cycle);
    return result;
}

RPC_METHOD(device_timestamps) {
    uint32_t device = 0;
    bool forget = false;
    struct halsim_timestamp_report report;
    if (!rpc_device_param(call, PARAM_REQUIRED, &device) ||
        !params_bool(&call->params, "forget", PARAM_OPTIONAL, &forget)) {
        return NULL;
    }
    if (!halsim_device_timestamps(call->host, device, &report, &call->failure.error) ||
        (forget && !halsim_device_forget_timestamps(call->host, device, &call->failure.error))) {
        return rpc_host_said_no(call);
    }
    yyjson_mut_doc *doc = call->doc;
    yyjson_mut_val *result = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_val(doc, result, "nominal_rate", json_real(doc, report.nominal_rate));
    yyjson_mut_obj_add_uint(doc, result, "period_frames", report.period_frames);
    yyjson_mut_obj_add_val(doc, result, "break_ns", json_real(doc, report.break_ns));
    yyjson_mut_obj_add_uint(doc, result, "asked", report.asked);
    yyjson_mut_obj_add_uint(doc, result, "different", report.different);
    yyjson_mut_obj_add_uint(doc, result, "time_lines", report.time_lines);
    yyjson_mut_obj_add_uint(doc, result, "new_seeds", report.new_seeds);
    yyjson_mut_obj_add_uint(doc, result, "largest_advance_periods", report.largest_advance_periods);
    yyjson_mut_val *violations = yyjson_mut_obj_add_obj(doc, result, "violations");
    for (uint32_t i = 0; i < HALSIM_TIMESTAMP_FAULTS; i++) {
        if (report.violations[i].count > 0) {
            yyjson_mut_obj_add_val(doc, violations,
                                   halsim_timestamp_fault_name((enum halsim_timestamp_fault)i),
                                   violation_json(doc, &report.violations[i]));
        }
    }
    yyjson_mut_obj_add_val(doc, result, "driver", fit_json(doc, &report.driver));
    yyjson_mut_obj_add_val(doc, result, "modeled", fit_json(doc, &report.modeled));
    return result;
}
