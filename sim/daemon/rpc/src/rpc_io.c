/* rpc_io.c - io.*, and the run that can be interrupted. */
#include "json_values.h"
#include "rpc_internal.h"
#include "rpc_router.h"

RPC_METHOD(io_start) {
    uint32_t device = 0, client = 0;
    if (!rpc_client_params(call, &device, &client)) {
        return NULL;
    }
    if (!halsim_io_start(call->host, device, client, &call->failure.error)) {
        return rpc_host_said_no(call);
    }
    return yyjson_mut_obj(call->doc);
}

RPC_METHOD(io_stop) {
    uint32_t device = 0, client = 0;
    if (!rpc_client_params(call, &device, &client)) {
        return NULL;
    }
    if (!halsim_io_stop(call->host, device, client, &call->failure.error)) {
        return rpc_host_said_no(call);
    }
    return yyjson_mut_obj(call->doc);
}

/* ---- io.run -------------------------------------------------------------------------------- */

struct run {
    bool by_cycles;
    uint32_t device;
    uint64_t goal; /* cycles, or nanoseconds */
};

static bool run_params(struct rpc_call *call, struct run *run) {
    const struct params *params = &call->params;
    bool has_seconds = params_get(params, "seconds") != NULL;
    bool has_duration = params_get(params, "duration_ns") != NULL;
    bool has_cycles = params_get(params, "cycles") != NULL;
    if (has_seconds + has_duration + has_cycles != 1) {
        return rpc_fail(&call->failure, RPC_PARAMETERS,
                        "io.run: give one of \"seconds\", \"duration_ns\", or \"cycles\" with "
                        "\"device\"");
    }
    run->by_cycles = has_cycles;
    if (has_cycles) {
        return rpc_device_param(call, PARAM_REQUIRED, &run->device) &&
               params_u64(params, "cycles", PARAM_REQUIRED, 1, UINT64_C(1) << 53, &run->goal);
    }
    if (params_get(params, "device") != NULL) {
        return params_fail(params, "device", "goes with \"cycles\" only");
    }
    if (has_seconds) {
        double seconds = 0;
        bool ok = params_f64(params, "seconds", PARAM_REQUIRED, 0, 1e9, &seconds);
        run->goal = (uint64_t)(seconds * 1e9 + 0.5);
        return ok;
    }
    return params_u64(params, "duration_ns", PARAM_REQUIRED, 0, UINT64_C(1000000000000000000),
                      &run->goal);
}

/* How far the run has come, in the unit of its goal. */
static uint64_t progress(struct rpc_call *call, const struct run *run) {
    if (!run->by_cycles) {
        return halsim_clock_now_ns(halsim_host_clock(call->host));
    }
    struct halsim_io_stats stats = {0};
    halsim_io_stats(call->host, run->device, &stats, NULL);
    return stats.cycles;
}

/* One halsim_io_run(); *interrupted when somebody asked for its end. */
static bool run_once(struct rpc_call *call, const struct run *run, uint64_t left,
                     bool *interrupted) {
    struct halsim_rpc *rpc = call->rpc;
    pthread_mutex_lock(&rpc->run_lock);
    *interrupted = rpc->run_is_interrupted || atomic_load(&rpc->stopping);
    rpc->run_in_progress = !*interrupted;
    pthread_mutex_unlock(&rpc->run_lock);
    if (*interrupted) {
        return true; /* it was told to end before it began */
    }
    bool ok = run->by_cycles
                  ? halsim_io_run_cycles(call->host, run->device, left, &call->failure.error)
                  : halsim_io_run(call->host, left, &call->failure.error);
    pthread_mutex_lock(&rpc->run_lock);
    rpc->run_in_progress = false;
    *interrupted = rpc->run_is_interrupted || atomic_load(&rpc->stopping);
    pthread_mutex_unlock(&rpc->run_lock);
    return ok;
}

RPC_METHOD(io_run) {
    struct halsim_rpc *rpc = call->rpc;
    struct run run = {0};
    if (!run_params(call, &run)) {
        return NULL;
    }
    struct halsim_clock *clock = halsim_host_clock(call->host);
    uint64_t began_ns = halsim_clock_now_ns(clock);
    uint64_t began = progress(call, &run);
    uint64_t done = 0;
    bool interrupted = false;
    bool ok = run_once(call, &run, run.goal, &interrupted);
    done = progress(call, &run) - began;
    if (ok && !interrupted && done < run.goal && rpc->host_flag_may_linger) {
        /* An interrupt met the end of an earlier run and was still set in the host. */
        ok = run_once(call, &run, run.goal - done, &interrupted);
        done = progress(call, &run) - began;
    }
    pthread_mutex_lock(&rpc->run_lock);
    rpc->host_flag_may_linger = interrupted;
    rpc->run_is_interrupted = false;
    pthread_mutex_unlock(&rpc->run_lock);
    if (!ok) {
        return rpc_host_said_no(call);
    }
    yyjson_mut_val *result = yyjson_mut_obj(call->doc);
    yyjson_mut_obj_add_uint(call->doc, result, "elapsed_ns", halsim_clock_now_ns(clock) - began_ns);
    yyjson_mut_obj_add_bool(call->doc, result, "interrupted", interrupted && done < run.goal);
    return result;
}

bool rpc_run_interrupt(struct halsim_rpc *rpc) {
    pthread_mutex_lock(&rpc->run_lock);
    bool any = rpc->runs_waiting > 0;
    if (any) {
        rpc->run_is_interrupted = true;
        if (rpc->run_in_progress) {
            halsim_io_interrupt(rpc->host);
        }
        if (rpc->router != NULL) {
            rpc->router->interrupt(rpc->router->context);
        }
    }
    pthread_mutex_unlock(&rpc->run_lock);
    return any;
}

RPC_METHOD(io_interrupt) {
    yyjson_mut_val *result = yyjson_mut_obj(call->doc);
    yyjson_mut_obj_add_bool(call->doc, result, "interrupted", rpc_run_interrupt(call->rpc));
    return result;
}

/* ---- io.stats ------------------------------------------------------------------------------ */

RPC_METHOD(io_stats) {
    uint32_t device = 0;
    struct halsim_io_stats stats;
    if (!rpc_device_param(call, PARAM_REQUIRED, &device)) {
        return NULL;
    }
    if (!halsim_io_stats(call->host, device, &stats, &call->failure.error)) {
        return rpc_host_said_no(call);
    }
    yyjson_mut_doc *doc = call->doc;
    yyjson_mut_val *result = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_uint(doc, result, "cycles", stats.cycles);
    yyjson_mut_obj_add_uint(doc, result, "frames", stats.frames);
    yyjson_mut_obj_add_uint(doc, result, "late_wakes", stats.late_wakes);
    yyjson_mut_obj_add_uint(doc, result, "over_budget", stats.over_budget);
    yyjson_mut_obj_add_uint(doc, result, "overloads", stats.overloads);
    yyjson_mut_obj_add_uint(doc, result, "skipped_cycles", stats.skipped_cycles);
    yyjson_mut_obj_add_uint(doc, result, "timestamp_jumps", stats.timestamp_jumps);
    yyjson_mut_obj_add_uint(doc, result, "clock_steps", stats.clock_steps);
    yyjson_mut_obj_add_uint(doc, result, "seed_changes", stats.seed_changes);
    yyjson_mut_obj_add_uint(doc, result, "driver_errors", stats.driver_errors);
    yyjson_mut_obj_add_sint(doc, result, "last_driver_error", stats.last_driver_error);
    char text[16];
    halsim_fourcc_text((uint32_t)stats.last_driver_error, text);
    yyjson_mut_obj_add_strcpy(doc, result, "last_driver_error_text", text);
    yyjson_mut_obj_add_val(doc, result, "last_driver_error_operation",
                           stats.last_driver_error_operation != 0
                               ? json_from_fourcc(doc, stats.last_driver_error_operation)
                               : yyjson_mut_null(doc));
    yyjson_mut_obj_add_uint(doc, result, "host_ns", stats.host_ns);
    yyjson_mut_obj_add_uint(doc, result, "driver_ns", stats.driver_ns);
    yyjson_mut_obj_add_uint(doc, result, "signal_ns", stats.signal_ns);
    yyjson_mut_obj_add_uint(doc, result, "hook_ns", stats.hook_ns);
    return result;
}
