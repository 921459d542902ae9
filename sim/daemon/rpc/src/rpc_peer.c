/* rpc_peer.c - farend.* for the far end of Bunghole. */
#include "json_signal.h"
#include "rpc_farend.h"
#include <stdio.h>

#define NS_MAX     (UINT64_C(1) << 53)
#define AMOUNT_MAX UINT64_C(1000000)

/* ---- farend.open ----------------------------------------------------------------------------- */

static bool peer_params(struct rpc_call *call, struct farend_peer_config *config) {
    const struct params *params = &call->params;
    uint32_t wire = 1;
    *config = (struct farend_peer_config){
        .bitrate = 128000,
        .seed = call->rpc->config.seed,
        .keeper = &call->rpc->keeper,
    };
    if (!params_check_names(params, "kind wire bitrate microphone record record_frames table") ||
        !params_choice(params, "wire", PARAM_OPTIONAL, "v1 v2", &wire) ||
        !params_u32(params, "bitrate", PARAM_OPTIONAL, 6000, 510000, &config->bitrate) ||
        !params_string(params, "record", PARAM_OPTIONAL, &config->record) ||
        !params_u64(params, "record_frames", PARAM_OPTIONAL, 1, UINT64_C(1) << 40,
                    &config->record_frames) ||
        !params_string(params, "table", PARAM_OPTIONAL, &config->table)) {
        return false;
    }
    if ((config->record != NULL) != (config->record_frames > 0)) {
        return params_fail(params, "record_frames", "must go with \"record\"");
    }
    if (config->table != NULL && config->record == NULL) {
        return params_fail(params, "table", "must go with \"record\"");
    }
    config->only_v1 = wire == 0;
    return true;
}

static bool is_alone(struct rpc_call *call) {
    const struct farend_registry *registry = call->rpc->farends;
    for (uint32_t i = 0; i < registry->count; i++) {
        if (registry->entries[i].peer != NULL) {
            return rpc_fail_status(&call->failure, HALSIM_ERROR_STATE,
                                   "far end %u is there already: close it first", i);
        }
    }
    return true;
}

struct farend_peer *rpc_peer_open(struct rpc_call *call) {
    struct farend_peer_config config;
    struct halsim_source *microphone = NULL;
    if (!peer_params(call, &config)) {
        return NULL;
    }
    if (call->rpc->config.clock != HALSIM_CLOCK_VIRTUAL || call->rpc->config.scheduler == NULL) {
        rpc_fail_status(&call->failure, HALSIM_ERROR_STATE,
                        "far end \"bunghole-opus\": it lives in virtual time, with threads that "
                        "the host owns (coreaudiod-sim --clock virtual); in real time let "
                        "something listen that is a process of its own");
        return NULL;
    }
    if (!is_alone(call) || !params_source(&call->params, "microphone", 48000, &microphone)) {
        return NULL;
    }
    if (microphone == NULL) {
        microphone = halsim_source_create_silence();
    }
    struct farend_peer *peer =
        farend_peer_open(call->host, &config, microphone, &call->failure.error);
    if (peer == NULL) {
        rpc_fail_host(&call->failure);
    }
    return peer;
}

/* ---- farend.fault ---------------------------------------------------------------------------- */

/* In the order of enum farend_fault. */
static const struct {
    const char *amount; /* what it is; NULL: it has none */
    uint64_t least, most;
    bool lasts;
    bool only_input;
} faults[] = {
    [FAREND_STALL] = {.lasts = true},
    [FAREND_SLOW] = {.amount = "per cent", .most = 99, .lasts = true},
    [FAREND_HALF_OPEN] = {.amount = NULL},
    [FAREND_CLOSE] = {.amount = NULL},
    [FAREND_REFUSE] = {.lasts = true},
    [FAREND_DROP] = {.amount = "packets", .most = AMOUNT_MAX},
    [FAREND_DOUBLE] = {.amount = "packets", .most = AMOUNT_MAX},
    [FAREND_EXCHANGE] = {.amount = "pairs", .most = AMOUNT_MAX},
    [FAREND_GARBAGE] = {.amount = "packets", .most = AMOUNT_MAX, .only_input = true},
    [FAREND_BAD_LENGTH] = {.amount = "bytes", .most = 1501, .only_input = true},
    [FAREND_CUT_OFF] = {.only_input = true},
    [FAREND_WIRE] = {.amount = "version", .least = 1, .most = 2},
};

bool rpc_peer_fault(struct rpc_call *call, struct farend_peer *peer) {
    const struct params *params = &call->params;
    uint32_t direction = 0, fault = 0;
    uint64_t ns = 0, amount = 0;
    if (!params_choice(params, "direction", PARAM_REQUIRED, "output input", &direction) ||
        !params_choice(params, "fault", PARAM_REQUIRED,
                       "stall slow half-open close refuse lose repeat reorder garbage bad-length "
                       "cut-off wire",
                       &fault) ||
        !params_u64(params, "ns", faults[fault].lasts ? PARAM_REQUIRED : PARAM_OPTIONAL, 0, NS_MAX,
                    &ns) ||
        !params_u64(params, "amount",
                    faults[fault].amount != NULL ? PARAM_REQUIRED : PARAM_OPTIONAL,
                    faults[fault].least, faults[fault].most, &amount)) {
        return false;
    }
    if (faults[fault].only_input && direction != FAREND_INPUT) {
        return params_fail(params, "direction",
                           "must be \"input\" for this fault: on the output "
                           "the driver is the one who sends");
    }
    if (fault == FAREND_BAD_LENGTH && amount != 0 && amount != 1501) {
        return params_fail(params, "amount", "must be 0 or 1501 bytes");
    }
    return farend_peer_fault(peer, (enum farend_direction)direction, (enum farend_fault)fault, ns,
                             amount);
}

/* ---- farend.stats ---------------------------------------------------------------------------- */

#define ADD(field) yyjson_mut_obj_add_uint(doc, object, #field, stats->field);

static yyjson_mut_val *link_json(yyjson_mut_doc *doc, const struct farend_link_stats *stats) {
    yyjson_mut_val *object = yyjson_mut_obj(doc);
    if (stats->version == 0) {
        yyjson_mut_obj_add_null(doc, object, "wire");
    } else {
        yyjson_mut_obj_add_str(doc, object, "wire", stats->version == 1 ? "v1" : "v2");
    }
    yyjson_mut_obj_add_bool(doc, object, "listening", stats->listening);
    yyjson_mut_obj_add_bool(doc, object, "half_open", stats->half_open);
    ADD(connections)
    ADD(replaced)
    ADD(closed_by_peer)
    ADD(closed_by_us)
    ADD(protocol_errors)
    ADD(deadlines)
    ADD(bytes_read)
    ADD(bytes_written)
    ADD(pings)
    ADD(pongs)
    ADD(connected_ns)
    ADD(first_audio_ns)
    ADD(last_audio_ns)
    ADD(packets)
    ADD(frames)
    ADD(lost_on_purpose)
    ADD(repeated)
    ADD(reordered)
    ADD(garbage)
    ADD(broken)
    return object;
}

static void add_output(yyjson_mut_doc *doc, yyjson_mut_val *object,
                       const struct farend_peer_stats *stats) {
    char hash[17];
    ADD(lost_frames)
    ADD(gaps)
    ADD(lost_packets)
    ADD(duplicates)
    ADD(out_of_order)
    ADD(restarts)
    ADD(discontinuities)
    ADD(muted)
    ADD(last_packets)
    ADD(decode_errors)
    ADD(concealed_frames)
    ADD(decoded_frames)
    ADD(silent_packets)
    snprintf(hash, sizeof hash, "%016llx", (unsigned long long)stats->hash);
    yyjson_mut_obj_add_strcpy(doc, object, "hash", hash);
    yyjson_mut_val *latency = yyjson_mut_obj_add_obj(doc, object, "latency");
    yyjson_mut_obj_add_uint(doc, latency, "count", stats->latency_count);
    yyjson_mut_obj_add_uint(doc, latency, "min_ns", stats->latency_min_ns);
    yyjson_mut_obj_add_uint(doc, latency, "p50_ns", stats->latency_p50_ns);
    yyjson_mut_obj_add_uint(doc, latency, "max_ns", stats->latency_max_ns);
}

yyjson_mut_val *rpc_peer_stats(struct rpc_call *call, struct farend_peer *peer) {
    yyjson_mut_doc *doc = call->doc;
    struct farend_peer_stats figures;
    const struct farend_peer_stats *stats = &figures;
    bool forget = false;
    if (!params_bool(&call->params, "forget", PARAM_OPTIONAL, &forget)) {
        return NULL;
    }
    farend_peer_read_stats(peer, forget, &figures);
    yyjson_mut_val *object = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_strcpy(doc, object, "folder", farend_peer_folder(peer));
    ADD(steps)
    yyjson_mut_val *output = link_json(doc, &stats->link[FAREND_OUTPUT]);
    add_output(doc, output, stats);
    yyjson_mut_obj_add_val(doc, object, "output", output);
    yyjson_mut_val *input = link_json(doc, &stats->link[FAREND_INPUT]);
    yyjson_mut_obj_add_uint(doc, input, "outbox_dropped", stats->outbox_dropped);
    yyjson_mut_obj_add_val(doc, object, "input", input);
    return object;
}
