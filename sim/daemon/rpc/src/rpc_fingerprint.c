/* rpc_fingerprint.c - fingerprint.* */
#include "halsim/fingerprint.h"
#include "rpc_internal.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* JSON's numbers are doubles to many readers: 64 bits are text. */
static void hash_text(uint64_t hash, char text[17]) {
    snprintf(text, 17, "%016" PRIx64, hash);
}

RPC_METHOD(fingerprint_begin) {
    if (!halsim_fingerprint_begin(call->host, &call->failure.error)) {
        return rpc_host_said_no(call);
    }
    return yyjson_mut_obj(call->doc);
}

RPC_METHOD(fingerprint_read) {
    struct halsim_fingerprint_state *state = malloc(sizeof *state);
    if (state == NULL) {
        rpc_fail_status(&call->failure, HALSIM_ERROR_SYSTEM, "out of memory");
        return NULL;
    }
    if (!halsim_fingerprint_read(call->host, state, &call->failure.error)) {
        free(state);
        return rpc_host_said_no(call);
    }
    char text[17];
    yyjson_mut_doc *doc = call->doc;
    yyjson_mut_val *result = yyjson_mut_obj(doc);
    hash_text(state->hash, text);
    yyjson_mut_obj_add_strcpy(doc, result, "hash", text);
    yyjson_mut_obj_add_uint(doc, result, "events", state->events);
    yyjson_mut_obj_add_uint(doc, result, "cycles", state->cycles);
    yyjson_mut_obj_add_uint(doc, result, "every", state->every);
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, result, "checkpoints");
    for (uint32_t i = 0; i < state->checkpoint_count; i++) {
        yyjson_mut_val *pair = yyjson_mut_arr_add_arr(doc, list);
        hash_text(state->checkpoints[i].hash, text);
        yyjson_mut_arr_add_uint(doc, pair, state->checkpoints[i].cycle);
        yyjson_mut_arr_add_strcpy(doc, pair, text);
    }
    free(state);
    return result;
}

RPC_METHOD(fingerprint_log) {
    const char *path = NULL;
    uint64_t first = 0, last = UINT64_MAX, capacity = 65536;
    bool samples = false;
    if (!params_string(&call->params, "path", PARAM_OPTIONAL, &path) ||
        !params_u64(&call->params, "first_cycle", PARAM_OPTIONAL, 0, UINT64_MAX, &first) ||
        !params_u64(&call->params, "last_cycle", PARAM_OPTIONAL, 0, UINT64_MAX, &last) ||
        !params_u64(&call->params, "capacity", PARAM_OPTIONAL, 1, UINT64_C(1) << 24, &capacity) ||
        !params_bool(&call->params, "samples", PARAM_OPTIONAL, &samples)) {
        return NULL;
    }
    if (!halsim_fingerprint_log(call->host, path, first, last, capacity, &call->failure.error) ||
        !halsim_fingerprint_log_samples(call->host, samples, &call->failure.error)) {
        return rpc_host_said_no(call);
    }
    return yyjson_mut_obj(call->doc);
}
