/* rpc_farend.c - farend.* */
#include "rpc_farend.h"
#include "json_signal.h"
#include "json_values.h"
#include <stdlib.h>

struct farend_registry *farend_registry_create(void) {
    return calloc(1, sizeof(struct farend_registry));
}

void farend_registry_destroy(struct farend_registry *registry) {
    if (registry == NULL) {
        return;
    }
    for (uint32_t i = 0; i < registry->count; i++) {
        if (registry->entries[i].farend != NULL) {
            farend_close(registry->entries[i].farend, NULL);
        }
    }
    free(registry);
}

void farend_registry_close_peers(struct farend_registry *registry) {
    for (uint32_t i = 0; i < registry->count; i++) {
        if (registry->entries[i].peer != NULL) {
            farend_peer_close(registry->entries[i].peer);
            registry->entries[i].peer = NULL;
        }
    }
}

/* "device"; without it the only device there is. */
static bool device_or_only(struct rpc_call *call, uint32_t *device) {
    if (params_get(&call->params, "device") != NULL) {
        return rpc_device_param(call, PARAM_REQUIRED, device);
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < halsim_device_count(call->host); i++) {
        struct halsim_device_info info;
        if (halsim_device_info(call->host, i, &info, NULL)) {
            *device = i;
            count++;
        }
    }
    return count == 1 ||
           params_fail(&call->params, "device",
                       "must say whose cycles drive the far end: there are %u devices", count);
}

/* [from, count] */
static bool stall_param(struct rpc_call *call, struct farend_config *config) {
    yyjson_val *pair = params_get(&call->params, "stall_cycles");
    if (pair == NULL) {
        return true;
    }
    yyjson_val *from = yyjson_arr_get(pair, 0), *count = yyjson_arr_get(pair, 1);
    if (yyjson_arr_size(pair) != 2 || !yyjson_is_uint(from) || !yyjson_is_uint(count) ||
        yyjson_get_uint(from) > UINT64_MAX - yyjson_get_uint(count)) {
        return params_fail(&call->params, "stall_cycles",
                           "must be [first cycle, number of cycles]");
    }
    config->stall_from = yyjson_get_uint(from);
    config->stall_cycles = yyjson_get_uint(count);
    return true;
}

static bool farend_params(struct rpc_call *call, struct farend_config *config) {
    const struct params *params = &call->params;
    uint32_t check = 0, attach = 0;
    *config = (struct farend_config){.every_cycles = 1};
    if (!params_check_names(params, "kind name device every_cycles check record record_frames "
                                    "attach stall_cycles") ||
        !params_string(params, "name", PARAM_REQUIRED, &config->name) ||
        !device_or_only(call, &config->device) ||
        !params_u32(params, "every_cycles", PARAM_OPTIONAL, 1, 1000000, &config->every_cycles) ||
        !params_choice(params, "check", PARAM_OPTIONAL, "counter none", &check) ||
        !params_choice(params, "attach", PARAM_OPTIONAL, "newest oldest", &attach) ||
        !params_string(params, "record", PARAM_OPTIONAL, &config->record) ||
        !params_u64(params, "record_frames", PARAM_OPTIONAL, 1, UINT64_C(1) << 40,
                    &config->record_frames) ||
        !stall_param(call, config)) {
        return false;
    }
    if ((config->record != NULL) != (config->record_frames > 0)) {
        return params_fail(params, "record_frames", "must go with \"record\"");
    }
    config->check = check == 0;
    config->from_oldest = attach == 1;
    return true;
}

RPC_METHOD(farend_open) {
    struct farend_registry *registry = call->rpc->farends;
    struct farend_config config;
    uint32_t kind = 0;
    if (!params_choice(&call->params, "kind", PARAM_REQUIRED, "gecko-shm bunghole-opus", &kind) ||
        (kind == 0 && !farend_params(call, &config))) {
        return NULL;
    }
    if (registry->count == FARENDS_MAX) {
        rpc_fail_status(&call->failure, HALSIM_ERROR_STATE,
                        "this host has opened %d far ends, which is all it can", FARENDS_MAX);
        return NULL;
    }
    yyjson_mut_val *result = yyjson_mut_obj(call->doc);
    if (kind == 1) {
        struct farend_peer *peer = rpc_peer_open(call);
        if (peer == NULL) {
            return NULL;
        }
        registry->entries[registry->count] = (struct farend_entry){.peer = peer};
        yyjson_mut_obj_add_strcpy(call->doc, result, "folder", farend_peer_folder(peer));
    } else {
        struct farend *farend = farend_open(call->host, &config, &call->failure.error);
        if (farend == NULL) {
            return rpc_host_said_no(call);
        }
        registry->entries[registry->count] =
            (struct farend_entry){farend, NULL, config.device, config.check};
    }
    yyjson_mut_obj_add_uint(call->doc, result, "farend", registry->count++);
    return result;
}

static struct farend_entry *entry_param(struct rpc_call *call, uint32_t *number) {
    struct farend_registry *registry = call->rpc->farends;
    *number = 0;
    if (!params_u32(&call->params, "farend", PARAM_REQUIRED, 0, UINT32_MAX, number)) {
        return NULL;
    }
    if (*number >= registry->count ||
        (registry->entries[*number].farend == NULL && registry->entries[*number].peer == NULL)) {
        rpc_fail_status(&call->failure, HALSIM_ERROR_NOT_FOUND, "no far end %u", *number);
        return NULL;
    }
    return &registry->entries[*number];
}

static yyjson_mut_val *stats_json(struct rpc_call *call, const struct farend_entry *entry) {
    yyjson_mut_doc *doc = call->doc;
    if (entry->peer != NULL) {
        return rpc_peer_stats(call, entry->peer);
    }
    struct halsim_device_info info;
    struct farend_stats stats;
    bool known = halsim_device_info(call->host, entry->device, &info, NULL);
    farend_read_stats(entry->farend, known ? rpc_hand_over_ns(call, &info) : 0, &stats);
    yyjson_mut_val *result = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_uint(doc, result, "cycles", stats.cycles);
    yyjson_mut_obj_add_uint(doc, result, "reads", stats.reads);
    yyjson_mut_obj_add_uint(doc, result, "empty_reads", stats.empty_reads);
    yyjson_mut_obj_add_uint(doc, result, "frames", stats.frames);
    yyjson_mut_obj_add_uint(doc, result, "lost_frames", stats.lost_frames);
    yyjson_mut_obj_add_uint(doc, result, "torn_reads", stats.torn_reads);
    yyjson_mut_obj_add_uint(doc, result, "torn_frames", stats.torn_frames);
    yyjson_mut_obj_add_uint(doc, result, "generation_changes", stats.generation_changes);
    yyjson_mut_obj_add_uint(doc, result, "reopens", stats.reopens);
    yyjson_mut_obj_add_uint(doc, result, "backlog_peak", stats.backlog_peak);
    yyjson_mut_obj_add_uint(doc, result, "attachments", stats.attachments);
    yyjson_mut_obj_add_uint(doc, result, "damaged_frames", stats.damaged_frames);
    yyjson_mut_obj_add_uint(doc, result, "held_frames", stats.held_frames);
    yyjson_mut_obj_add_uint(doc, result, "held_ns_peak", stats.held_ns_peak);
    yyjson_mut_obj_add_uint(doc, result, "way_bytes", stats.way_bytes);
    yyjson_mut_obj_add_uint(doc, result, "half_open", stats.half_open);
    if (stats.layout == 0) {
        yyjson_mut_obj_add_null(doc, result, "layout");
    } else {
        yyjson_mut_obj_add_str(doc, result, "layout", stats.layout == 1 ? "v1" : "v2");
    }
    yyjson_mut_obj_add_uint(doc, result, "channels", stats.channels);
    yyjson_mut_obj_add_uint(doc, result, "sample_rate", stats.sample_rate);
    yyjson_mut_obj_add_bool(doc, result, "closed", stats.closed);
    yyjson_mut_obj_add_val(doc, result, "failure",
                           json_text(doc, stats.failed ? stats.failure : NULL));
    yyjson_mut_obj_add_val(doc, result, "check",
                           entry->check && stats.channels > 0 ? json_from_check(doc, &stats.check)
                                                              : yyjson_mut_null(doc));
    return result;
}

RPC_METHOD(farend_stats) {
    uint32_t number;
    struct farend_entry *entry = entry_param(call, &number);
    return entry != NULL ? stats_json(call, entry) : NULL;
}

RPC_METHOD(farend_close) {
    uint32_t number;
    struct farend_entry *entry = entry_param(call, &number);
    if (entry == NULL) {
        return NULL;
    }
    if (halsim_io_is_running(call->host)) {
        rpc_fail_status(&call->failure, HALSIM_ERROR_STATE, "far end %u: IO runs; stop it first",
                        number);
        return NULL;
    }
    yyjson_mut_val *result = stats_json(call, entry);
    if (entry->peer != NULL) {
        farend_peer_close(entry->peer);
        entry->peer = NULL;
        return result;
    }
    farend_close(entry->farend, call->host);
    entry->farend = NULL;
    return result;
}

/* ---- faults on purpose -------------------------------------------------------------------------
 */

/* A far end, between two cycles of its device: its IO thread must not be using it. */
static struct farend *quiet_farend(struct rpc_call *call) {
    uint32_t number;
    struct farend_entry *entry = entry_param(call, &number);
    if (entry == NULL) {
        return NULL;
    }
    if (entry->peer != NULL) {
        rpc_fail_status(&call->failure, HALSIM_ERROR_UNSUPPORTED,
                        "far end %u is of Bunghole: farend.fault is for those", number);
        return NULL;
    }
    if (call->rpc->config.clock != HALSIM_CLOCK_VIRTUAL && halsim_io_is_running(call->host)) {
        rpc_fail_status(&call->failure, HALSIM_ERROR_STATE,
                        "far end %u: IO runs in real time; stop it first", number);
        return NULL;
    }
    return entry->farend;
}

RPC_METHOD(farend_stall) {
    uint64_t cycles = 0;
    struct farend *farend = quiet_farend(call);
    if (farend == NULL ||
        !params_u64(&call->params, "cycles", PARAM_REQUIRED, 0, UINT64_C(1) << 53, &cycles)) {
        return NULL;
    }
    farend_stall(farend, cycles);
    return yyjson_mut_obj(call->doc);
}

RPC_METHOD(farend_detach) {
    struct farend *farend = quiet_farend(call);
    if (farend == NULL) {
        return NULL;
    }
    farend_detach(farend);
    return yyjson_mut_obj(call->doc);
}

RPC_METHOD(farend_attach) {
    uint32_t attach = 0;
    struct farend *farend = quiet_farend(call);
    if (farend == NULL ||
        !params_choice(&call->params, "attach", PARAM_OPTIONAL, "newest oldest", &attach)) {
        return NULL;
    }
    farend_attach(farend, attach == 1);
    return yyjson_mut_obj(call->doc);
}

RPC_METHOD(farend_slow) {
    uint64_t cycles = 0;
    uint32_t percent = 0;
    struct farend *farend = quiet_farend(call);
    if (farend == NULL ||
        !params_u64(&call->params, "cycles", PARAM_REQUIRED, 0, UINT64_C(1) << 53, &cycles) ||
        !params_u32(&call->params, "percent", PARAM_REQUIRED, 0, 99, &percent)) {
        return NULL;
    }
    farend_slow(farend, cycles, percent);
    return yyjson_mut_obj(call->doc);
}

RPC_METHOD(farend_half_open) {
    uint32_t count = 1;
    struct farend *farend = quiet_farend(call);
    if (farend == NULL ||
        !params_u32(&call->params, "count", PARAM_OPTIONAL, 1, FAREND_HALF_OPEN_MAX, &count)) {
        return NULL;
    }
    yyjson_mut_val *result = yyjson_mut_obj(call->doc);
    yyjson_mut_obj_add_uint(call->doc, result, "attached", farend_half_open(farend, count));
    return result;
}

RPC_METHOD(farend_hold) {
    uint64_t cycles = 0;
    struct farend *farend = quiet_farend(call);
    if (farend == NULL ||
        !params_u64(&call->params, "cycles", PARAM_REQUIRED, 0, UINT64_C(1) << 53, &cycles)) {
        return NULL;
    }
    farend_hold(farend, cycles);
    return yyjson_mut_obj(call->doc);
}

RPC_METHOD(farend_damage) {
    uint32_t kind = 0, block = 1;
    uint64_t frames = 0;
    struct farend *farend = quiet_farend(call);
    if (farend == NULL ||
        !params_choice(&call->params, "kind", PARAM_REQUIRED,
                       "lose corrupt repeat silence swap reorder", &kind) ||
        !params_u64(&call->params, "frames", PARAM_REQUIRED, 0, UINT64_C(1) << 53, &frames) ||
        !params_u32(&call->params, "block", PARAM_OPTIONAL, 1, 65536, &block)) {
        return NULL;
    }
    if (!farend_damage(farend, (enum farend_damage)kind, frames, block)) {
        rpc_fail_status(&call->failure, HALSIM_ERROR_SYSTEM, "out of memory");
        return NULL;
    }
    return yyjson_mut_obj(call->doc);
}

RPC_METHOD(farend_fault) {
    uint32_t number;
    struct farend_entry *entry = entry_param(call, &number);
    if (entry == NULL) {
        return NULL;
    }
    if (entry->peer == NULL) {
        rpc_fail_status(&call->failure, HALSIM_ERROR_UNSUPPORTED,
                        "far end %u is of Gecko Sink, which has faults of its own", number);
        return NULL;
    }
    return rpc_peer_fault(call, entry->peer) ? yyjson_mut_obj(call->doc) : NULL;
}
