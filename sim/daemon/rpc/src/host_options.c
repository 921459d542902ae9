/* host_options.c - a host from a JSON object, for programs that do not want its structures. */
#include "json_params.h"
#include "rpc_internal.h"
#include <stdio.h>
#include <string.h>

#define OPTION_NAMES                                                                               \
    "clock wait spin_us realtime_priority virtual_start_ns seed timebase storage call_limit_ms "   \
    "late_wake_us driver_budget_percent change_limit_ms"

static bool timebase_option(const struct params *params, struct halsim_host_config *config) {
    yyjson_val *pair = params_get(params, "timebase");
    if (pair == NULL) {
        return true;
    }
    yyjson_val *numer = yyjson_arr_get(pair, 0), *denom = yyjson_arr_get(pair, 1);
    if (yyjson_arr_size(pair) != 2 || !yyjson_is_uint(numer) || !yyjson_is_uint(denom) ||
        yyjson_get_uint(numer) - 1 >= UINT32_MAX || yyjson_get_uint(denom) - 1 >= UINT32_MAX) {
        return params_fail(params, "timebase", "must be [numerator, denominator], both above 0");
    }
    config->timebase_numer = (uint32_t)yyjson_get_uint(numer);
    config->timebase_denom = (uint32_t)yyjson_get_uint(denom);
    return true;
}

static bool read_options(const struct params *params, struct halsim_host_config *config) {
    uint32_t clock = config->clock, wait = config->wait;
    uint64_t spin_us = config->spin_ns / 1000;
    bool ok =
        params_check_names(params, OPTION_NAMES) &&
        params_choice(params, "clock", PARAM_OPTIONAL, "realtime virtual", &clock) &&
        params_choice(params, "wait", PARAM_OPTIONAL, "hybrid sleep", &wait) &&
        params_u64(params, "spin_us", PARAM_OPTIONAL, 0, 1000000, &spin_us) &&
        params_bool(params, "realtime_priority", PARAM_OPTIONAL, &config->realtime_priority) &&
        params_u64(params, "virtual_start_ns", PARAM_OPTIONAL, 0, UINT64_C(1) << 62,
                   &config->virtual_start_ns) &&
        params_u64(params, "seed", PARAM_OPTIONAL, 0, UINT64_MAX, &config->seed) &&
        timebase_option(params, config) &&
        params_string(params, "storage", PARAM_OPTIONAL, &config->storage_folder) &&
        params_u32(params, "call_limit_ms", PARAM_OPTIONAL, 0, 3600000, &config->call_limit_ms) &&
        params_u32(params, "late_wake_us", PARAM_OPTIONAL, 0, 10000000, &config->late_wake_us) &&
        params_u32(params, "driver_budget_percent", PARAM_OPTIONAL, 1, 100,
                   &config->driver_budget_percent) &&
        params_u32(params, "change_limit_ms", PARAM_OPTIONAL, 1, 3600000, &config->change_limit_ms);
    config->clock = (enum halsim_clock_kind)clock;
    config->wait = (enum halsim_wait)wait;
    config->spin_ns = spin_us * 1000;
    return ok;
}

struct halsim_rpc *halsim_rpc_create_json(const char *options, char *message, size_t message_size) {
    struct halsim_host_config config;
    struct rpc_failure failure = {0};
    struct params params = {.where = "host options", .prefix = "", .failure = &failure};
    halsim_host_config_init(&config);
    yyjson_doc *doc = NULL;
    bool ok = true;
    if (options != NULL && *options != '\0') {
        doc = yyjson_read(options, strlen(options), YYJSON_READ_NOFLAG);
        params.object = yyjson_doc_get_root(doc);
        ok = yyjson_is_obj(params.object) ||
             rpc_fail(&failure, RPC_PARAMETERS, "host options: not a JSON object");
    }
    struct halsim_rpc *rpc = NULL;
    if (ok && read_options(&params, &config)) {
        rpc = halsim_rpc_create(&config, &failure.error);
    }
    if (rpc == NULL && message != NULL && message_size > 0) {
        snprintf(message, message_size, "%s", failure.error.message);
    }
    /* The storage folder's name lives in the document: the host has copied it. */
    yyjson_doc_free(doc);
    return rpc;
}
