/* rpc_probe_many.c - probe.storm and probe.random: many calls for one request. */
#include "json_values.h"
#include "probe_json.h"
#include "probe_random.h"
#include "probe_storm.h"
#include "rpc_probe.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- probe.storm ----------------------------------------------------------------------------- */

#define STORM_TIMES_MAX 1000000u

/* "calls"; *count of them are read, and to be freed, in any case. */
static bool calls_param(struct rpc_call *call, struct probe_call *calls, size_t *count) {
    yyjson_val *json = params_get(&call->params, "calls");
    *count = 0;
    if (!yyjson_is_arr(json) || yyjson_arr_size(json) == 0 ||
        yyjson_arr_size(json) > PROBE_STORM_CALLS_MAX) {
        return params_fail(&call->params, "calls", "must be an array of 1 to %d calls",
                           PROBE_STORM_CALLS_MAX);
    }
    yyjson_arr_iter iterator = yyjson_arr_iter_with(json);
    for (yyjson_val *one; (one = yyjson_arr_iter_next(&iterator)) != NULL;) {
        char prefix[32];
        (void)snprintf(prefix, sizeof prefix, "calls[%zu].", *count);
        const struct params params = {one, call->params.where, prefix, &call->failure};
        if (!yyjson_is_obj(one)) {
            return params_fail(&call->params, "calls", "must be an array of objects");
        }
        if (!probe_call_from_json(&params, "", &calls[(*count)++])) {
            return false;
        }
    }
    return true;
}

static yyjson_mut_val *storm_to_json(yyjson_mut_doc *doc, const struct probe_call *calls,
                                     size_t count, const struct probe_storm_result *results) {
    yyjson_mut_val *result = yyjson_mut_obj(doc);
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, result, "calls");
    for (size_t i = 0; i < count; i++) {
        yyjson_mut_val *one = yyjson_mut_arr_add_obj(doc, list);
        yyjson_mut_obj_add_str(doc, one, "function", probe_function_name(calls[i].function));
        yyjson_mut_obj_add_val(doc, one, "statuses", probe_tally_to_json(doc, &results[i].tally));
        probe_violations_to_json(doc, one, &results[i].violations);
        yyjson_mut_obj_add_val(doc, one, "values", probe_values_to_json(doc, &results[i].values));
    }
    return result;
}

RPC_METHOD(probe_storm) {
    uint32_t number, threads = 4, times = 1;
    struct probe_instance *instance = rpc_probe_instance(call, &number);
    if (instance == NULL ||
        !params_u32(&call->params, "threads", PARAM_OPTIONAL, 1, PROBE_STORM_THREADS_MAX,
                    &threads) ||
        !params_u32(&call->params, "times", PARAM_OPTIONAL, 1, STORM_TIMES_MAX, &times)) {
        return NULL;
    }
    struct probe_call *calls = calloc(PROBE_STORM_CALLS_MAX, sizeof *calls);
    struct probe_storm_result *results = calloc(PROBE_STORM_CALLS_MAX, sizeof *results);
    yyjson_mut_val *result = NULL;
    size_t count = 0;
    if (calls != NULL && results != NULL && calls_param(call, calls, &count)) {
        uint64_t before = probe_host_last_number(instance->host);
        if (probe_storm(instance->driver, instance->host, calls, count, threads, times, results)) {
            result = storm_to_json(call->doc, calls, count, results);
            yyjson_mut_obj_add_uint(call->doc, result, "host_calls",
                                    probe_host_last_number(instance->host) - before);
        }
    }
    for (size_t i = 0; i < count; i++) {
        probe_call_free(&calls[i]);
    }
    free(calls);
    free(results);
    return result;
}

/* ---- probe.random ---------------------------------------------------------------------------- */

#define RANDOM_CALLS_MAX UINT64_C(100000000)

/* "avoid": names of functions. */
static bool avoid_param(struct rpc_call *call, bool *avoided) {
    yyjson_val *json = params_get(&call->params, "avoid");
    if (json == NULL) {
        return true;
    }
    yyjson_arr_iter iterator;
    if (!yyjson_arr_iter_init(json, &iterator)) {
        return yyjson_is_arr(json) || params_fail(&call->params, "avoid", "must be an array");
    }
    for (yyjson_val *one; (one = yyjson_arr_iter_next(&iterator)) != NULL;) {
        int function = 0;
        while (function < PROBE_FUNCTION_COUNT &&
               !yyjson_equals_str(one, probe_function_name((enum probe_function)function))) {
            function++;
        }
        if (function == PROBE_FUNCTION_COUNT) {
            return params_fail(&call->params, "avoid", "must be an array of some of: %s",
                               PROBE_FUNCTION_NAMES);
        }
        avoided[function] = true;
    }
    return true;
}

static yyjson_mut_val *random_to_json(yyjson_mut_doc *doc, const struct probe_random_result *done) {
    yyjson_mut_val *result = yyjson_mut_obj(doc);
    char hash[20];
    (void)snprintf(hash, sizeof hash, "%016llx", (unsigned long long)done->hash);
    yyjson_mut_obj_add_uint(doc, result, "calls", done->calls);
    yyjson_mut_obj_add_strcpy(doc, result, "hash", hash);
    yyjson_mut_val *statuses = yyjson_mut_obj_add_obj(doc, result, "statuses");
    for (int i = 0; i < PROBE_FUNCTION_COUNT; i++) {
        if (done->tallies[i].status_count > 0) {
            yyjson_mut_obj_add_val(doc, statuses, probe_function_name((enum probe_function)i),
                                   probe_tally_to_json(doc, &done->tallies[i]));
        }
    }
    probe_violations_to_json(doc, result, &done->violations);
    yyjson_mut_obj_add_val(doc, result, "last", rpc_last_calls_json(doc));
    return result;
}

RPC_METHOD(probe_random) {
    uint32_t number, order = 0;
    struct probe_random_plan plan = {.count = 1000};
    struct probe_instance *instance = rpc_probe_instance(call, &number);
    if (instance == NULL ||
        !params_u64(&call->params, "seed", PARAM_OPTIONAL, 0, UINT64_MAX, &plan.seed) ||
        !params_u64(&call->params, "count", PARAM_OPTIONAL, 1, RANDOM_CALLS_MAX, &plan.count) ||
        !params_choice(&call->params, "order", PARAM_OPTIONAL, "legal any", &order) ||
        !avoid_param(call, plan.avoided)) {
        return NULL;
    }
    if (!instance->is_initialized) {
        rpc_fail_status(&call->failure, HALSIM_ERROR_STATE,
                        "instance %u: it is not initialized; call probe.initialize",
                        (unsigned)number);
        return NULL;
    }
    plan.order = (enum probe_order)order;
    struct probe_random_result *done = malloc(sizeof *done);
    if (done == NULL) {
        return NULL;
    }
    uint64_t before = probe_host_last_number(instance->host);
    probe_random(instance->driver, instance->host, &plan, done);
    yyjson_mut_val *result = random_to_json(call->doc, done);
    yyjson_mut_obj_add_uint(call->doc, result, "host_calls",
                            probe_host_last_number(instance->host) - before);
    free(done);
    return result;
}
