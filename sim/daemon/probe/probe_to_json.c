/* probe_to_json.c - what came of a call as JSON. */
#include "json_plist.h"
#include "json_values.h"
#include "probe_json.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whether all of an out parameter is as it was before the call. */
static bool is_unwritten(const void *value, size_t size) {
    const uint8_t *bytes = value;
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != PROBE_UNWRITTEN) {
            return false;
        }
    }
    return true;
}

static void add_hex(yyjson_mut_doc *doc, yyjson_mut_val *to, const char *key, const uint8_t *bytes,
                    size_t size) {
    char *text = malloc(2 * size + 1);
    if (text == NULL) {
        yyjson_mut_obj_add_null(doc, to, key);
        return;
    }
    for (size_t i = 0; i < size; i++) {
        text[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    yyjson_mut_obj_add_strncpy(doc, to, key, text, 2 * size);
    free(text);
}

/* An out parameter; null when nobody wrote it. */
static void add_out(yyjson_mut_doc *doc, yyjson_mut_val *to, const char *key, const void *value,
                    size_t size, yyjson_mut_val *json) {
    yyjson_mut_obj_add_val(doc, to, key, is_unwritten(value, size) ? yyjson_mut_null(doc) : json);
}

static yyjson_mut_val *from_boolean(yyjson_mut_doc *doc, Boolean value) {
    return value <= 1 ? yyjson_mut_bool(doc, value != 0) : yyjson_mut_uint(doc, value);
}

static void add_boolean(yyjson_mut_doc *doc, yyjson_mut_val *to, const char *key,
                        const Boolean *value) {
    add_out(doc, to, key, value, sizeof *value, from_boolean(doc, *value));
}

static void add_guards(yyjson_mut_doc *doc, yyjson_mut_val *to, const struct probe_buffer *buffer) {
    struct probe_damage damage = probe_buffer_damage(buffer);
    yyjson_mut_obj_add_bool(doc, to, "guard_intact", damage.before == 0 && damage.beyond == 0);
    yyjson_mut_obj_add_uint(doc, to, "wrote_beyond", damage.beyond);
    yyjson_mut_obj_add_uint(doc, to, "wrote_before", damage.before);
}

/* What the driver gave as a reference. It is looked into as the driver's. */
static void add_reference(yyjson_mut_doc *doc, yyjson_mut_val *to, const struct probe_call *call,
                          const struct probe_outcome *outcome) {
    CFTypeRef given = outcome->reference;
    if (given == NULL) {
        yyjson_mut_obj_add_null(doc, to, "reference");
        return;
    }
    static const char *const none = "other";
    char name[96] = "";
    probe_inspection_begin(call);
    CFStringRef description = CFCopyTypeIDDescription(CFGetTypeID(given));
    if (description != NULL) {
        (void)CFStringGetCString(description, name, sizeof name, kCFStringEncodingUTF8);
        CFRelease(description);
    }
    yyjson_mut_val *value = json_from_plist(doc, given);
    probe_inspection_end();
    yyjson_mut_val *reference = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_strcpy(doc, reference, "type", name[0] != '\0' ? name : none);
    yyjson_mut_obj_add_sint(doc, reference, "retain_count", outcome->retain_count);
    yyjson_mut_obj_add_val(doc, reference, "value", value);
    yyjson_mut_obj_add_val(doc, to, "reference", reference);
}

static void add_data(yyjson_mut_doc *doc, yyjson_mut_val *to, const struct probe_call *call,
                     const struct probe_outcome *outcome) {
    const struct probe_buffer *room = &outcome->data;
    size_t said = is_unwritten(&outcome->size, sizeof outcome->size) ? 0 : outcome->size;
    add_out(doc, to, "size", &outcome->size, sizeof outcome->size,
            yyjson_mut_uint(doc, outcome->size));
    if (room->block == NULL || call->is_reference) {
        yyjson_mut_obj_add_null(doc, to, "data"); /* an address says nothing */
    } else {
        add_hex(doc, to, "data", room->bytes, said < room->size ? said : room->size);
    }
    yyjson_mut_obj_add_uint(doc, to, "touched", probe_buffer_touched(room, NULL));
    add_guards(doc, to, room);
    if (call->is_reference) {
        add_reference(doc, to, call, outcome);
    }
}

static void add_set(yyjson_mut_doc *doc, yyjson_mut_val *to, const struct probe_call *call,
                    const struct probe_outcome *outcome) {
    bool changed = false;
    if (outcome->data.block != NULL && call->data.size > 0) {
        changed = memcmp(outcome->data.bytes, call->data.bytes, call->data.size) != 0;
    }
    yyjson_mut_obj_add_bool(doc, to, "changed", changed);
    add_guards(doc, to, &outcome->data);
    if (outcome->count_before != 0) {
        yyjson_mut_val *counts = yyjson_mut_arr(doc);
        yyjson_mut_arr_add_sint(doc, counts, outcome->count_before - 1); /* without our own */
        yyjson_mut_arr_add_sint(doc, counts, outcome->count_after - 1);
        yyjson_mut_obj_add_val(doc, to, "retain_counts", counts);
    }
}

static yyjson_mut_val *from_block(yyjson_mut_doc *doc, const struct probe_buffer *block,
                                  const uint8_t *content, bool gives_data) {
    if (block->block == NULL) {
        return yyjson_mut_null(doc);
    }
    yyjson_mut_val *result = yyjson_mut_obj(doc);
    struct probe_audio seen = probe_audio_look(block->bytes, block->size);
    char hash[20];
    (void)snprintf(hash, sizeof hash, "%016llx", (unsigned long long)seen.hash);
    yyjson_mut_obj_add_strcpy(doc, result, "hash", hash);
    yyjson_mut_obj_add_uint(doc, result, "samples", seen.samples);
    yyjson_mut_obj_add_val(doc, result, "peak", json_real(doc, seen.peak));
    yyjson_mut_obj_add_uint(doc, result, "non_finite", seen.non_finite);
    yyjson_mut_obj_add_uint(doc, result, "subnormal", seen.subnormal);
    yyjson_mut_obj_add_bool(doc, result, "all_zero", seen.all_zero);
    yyjson_mut_obj_add_bool(doc, result, "changed", probe_buffer_touched(block, content) > 0);
    add_guards(doc, result, block);
    if (gives_data) {
        add_hex(doc, result, "data", block->bytes, block->size);
    }
    return result;
}

static void add_timestamp(yyjson_mut_doc *doc, yyjson_mut_val *to,
                          const struct probe_outcome *outcome) {
    add_out(doc, to, "sample_time", &outcome->sample_time, sizeof outcome->sample_time,
            json_real(doc, outcome->sample_time));
    add_out(doc, to, "host_time", &outcome->host_time, sizeof outcome->host_time,
            yyjson_mut_uint(doc, outcome->host_time));
    add_out(doc, to, "seed", &outcome->seed, sizeof outcome->seed,
            yyjson_mut_uint(doc, outcome->seed));
}

void probe_status_to_json(yyjson_mut_doc *doc, yyjson_mut_val *result, int32_t status) {
    char text[16];
    yyjson_mut_obj_add_int(doc, result, "status", status);
    yyjson_mut_obj_add_strcpy(doc, result, "status_text",
                              halsim_fourcc_text((uint32_t)status, text));
}

void probe_outcome_to_json(yyjson_mut_doc *doc, yyjson_mut_val *result,
                           const struct probe_call *call, const struct probe_outcome *outcome) {
    probe_status_to_json(doc, result, outcome->status);
    yyjson_mut_obj_add_uint(doc, result, "elapsed_ns", outcome->elapsed_ns);
    switch (call->function) {
    case PROBE_CREATE_DEVICE:
        add_out(doc, result, "device", &outcome->device, sizeof outcome->device,
                yyjson_mut_uint(doc, outcome->device));
        break;
    case PROBE_HAS_PROPERTY:
        yyjson_mut_obj_add_val(doc, result, "has", from_boolean(doc, (Boolean)outcome->status));
        break;
    case PROBE_IS_SETTABLE:
        add_boolean(doc, result, "settable", &outcome->settable);
        break;
    case PROBE_GET_SIZE:
        add_out(doc, result, "size", &outcome->size, sizeof outcome->size,
                yyjson_mut_uint(doc, outcome->size));
        break;
    case PROBE_GET_DATA:
        add_data(doc, result, call, outcome);
        break;
    case PROBE_SET_DATA:
        add_set(doc, result, call, outcome);
        break;
    case PROBE_ZERO_TIMESTAMP:
        add_timestamp(doc, result, outcome);
        break;
    case PROBE_WILL_DO:
        add_boolean(doc, result, "will", &outcome->will_do);
        add_boolean(doc, result, "in_place", &outcome->in_place);
        break;
    case PROBE_DO_OPERATION:
        yyjson_mut_obj_add_val(doc, result, "main",
                               from_block(doc, &outcome->main, call->main, call->gives_data));
        yyjson_mut_obj_add_val(
            doc, result, "secondary",
            from_block(doc, &outcome->secondary, call->secondary, call->gives_data));
        break;
    default:
        break;
    }
}

/* ---- calls of the host ----------------------------------------------------------------------- */

static void add_function(yyjson_mut_doc *doc, yyjson_mut_val *to,
                         const struct probe_host_call *call) {
    switch (call->function) {
    case PROBE_PROPERTIES_CHANGED: {
        yyjson_mut_obj_add_uint(doc, to, "object", call->object);
        yyjson_mut_obj_add_uint(doc, to, "count", call->address_count);
        yyjson_mut_val *addresses = yyjson_mut_obj_add_arr(doc, to, "addresses");
        for (uint32_t i = 0; i < call->address_count && i < PROBE_HOST_ADDRESSES_MAX; i++) {
            yyjson_mut_val *address = yyjson_mut_arr_add_obj(doc, addresses);
            yyjson_mut_obj_add_val(doc, address, "selector",
                                   json_from_fourcc(doc, call->addresses[i].mSelector));
            yyjson_mut_obj_add_val(doc, address, "scope",
                                   json_from_fourcc(doc, call->addresses[i].mScope));
            yyjson_mut_obj_add_uint(doc, address, "element", call->addresses[i].mElement);
        }
        break;
    }
    case PROBE_REQUEST_CHANGE:
        yyjson_mut_obj_add_uint(doc, to, "object", call->object);
        yyjson_mut_obj_add_uint(doc, to, "action", call->action);
        yyjson_mut_obj_add_bool(doc, to, "has_info", call->info != NULL);
        break;
    default:
        yyjson_mut_obj_add_val(doc, to, "key", json_text(doc, call->key));
        yyjson_mut_obj_add_val(doc, to, "data_type",
                               call->data_type[0] != '\0' ? json_text(doc, call->data_type)
                                                          : yyjson_mut_null(doc));
        break;
    }
}

static yyjson_mut_val *from_host_call(yyjson_mut_doc *doc, const struct probe_host_call *call) {
    yyjson_mut_val *result = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_uint(doc, result, "number", call->number);
    yyjson_mut_obj_add_str(doc, result, "function", probe_host_function_name(call->function));
    add_function(doc, result, call);
    probe_status_to_json(doc, result, call->status);
    yyjson_mut_obj_add_str(doc, result, "thread", call->on_caller ? "caller" : "other");
    yyjson_mut_obj_add_val(doc, result, "during", json_text(doc, call->during));
    yyjson_mut_obj_add_bool(doc, result, "nested", call->nested);
    yyjson_mut_obj_add_bool(doc, result, "wrong_host", call->wrong_host);
    return result;
}

void probe_host_calls_to_json(yyjson_mut_doc *doc, yyjson_mut_val *result, struct probe_host *host,
                              uint64_t after, uint64_t last) {
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, result, "host_calls");
    struct probe_host_call *calls = malloc(PROBE_HOST_CALLS_MAX * sizeof *calls);
    if (last == after || calls == NULL) {
        free(calls);
        return;
    }
    uint64_t dropped = 0;
    size_t count = probe_host_calls_after(host, after, calls, PROBE_HOST_CALLS_MAX, &dropped);
    for (size_t i = 0; i < count && calls[i].number <= last; i++) {
        yyjson_mut_arr_append(list, from_host_call(doc, &calls[i]));
    }
    if (dropped > 0) {
        yyjson_mut_obj_add_uint(doc, result, "host_calls_dropped", dropped);
    }
    free(calls);
}
