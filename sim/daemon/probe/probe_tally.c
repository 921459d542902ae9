/* probe_tally.c */
#include "probe_tally.h"
#include "halsim/status.h"
#include <stdio.h>
#include <string.h>

void probe_tally_add(struct probe_tally *tally, int32_t status, uint64_t count) {
    for (size_t i = 0; i < tally->status_count; i++) {
        if (tally->statuses[i].status == status) {
            tally->statuses[i].count += count;
            return;
        }
    }
    if (tally->status_count == PROBE_STATUSES_MAX) {
        tally->others += count;
        return;
    }
    tally->statuses[tally->status_count].status = status;
    tally->statuses[tally->status_count++].count = count;
}

yyjson_mut_val *probe_tally_to_json(yyjson_mut_doc *doc, const struct probe_tally *tally) {
    yyjson_mut_val *result = yyjson_mut_obj(doc);
    for (size_t i = 0; i < tally->status_count; i++) {
        char text[16];
        (void)halsim_fourcc_text((uint32_t)tally->statuses[i].status, text);
        yyjson_mut_obj_add(result, yyjson_mut_strcpy(doc, text),
                           yyjson_mut_uint(doc, tally->statuses[i].count));
    }
    if (tally->others > 0) {
        yyjson_mut_obj_add_uint(doc, result, "others", tally->others);
    }
    return result;
}

void probe_values_look(struct probe_values *values, const struct probe_call *call,
                       const struct probe_outcome *outcome) {
    if (call->function != PROBE_GET_DATA || call->is_reference || outcome->status != 0 ||
        outcome->data.block == NULL || outcome->size > PROBE_VALUE_BYTES ||
        outcome->size > outcome->data.size) {
        return;
    }
    size_t at = 0;
    while (at < values->count &&
           (values->values[at].size != outcome->size ||
            memcmp(values->values[at].bytes, outcome->data.bytes, outcome->size) != 0)) {
        at++;
    }
    if (at == PROBE_VALUES_MAX) {
        values->others++;
        return;
    }
    if (at == values->count) {
        values->values[values->count].size = outcome->size;
        memcpy(values->values[values->count++].bytes, outcome->data.bytes, outcome->size);
    }
    values->values[at].count++;
}

yyjson_mut_val *probe_values_to_json(yyjson_mut_doc *doc, const struct probe_values *values) {
    yyjson_mut_val *result = yyjson_mut_obj(doc);
    for (size_t i = 0; i < values->count; i++) {
        char digits[2 * PROBE_VALUE_BYTES + 1] = "";
        for (size_t byte = 0; byte < values->values[i].size; byte++) {
            (void)snprintf(digits + 2 * byte, 3, "%02x", values->values[i].bytes[byte]);
        }
        yyjson_mut_obj_add(result, yyjson_mut_strcpy(doc, digits),
                           yyjson_mut_uint(doc, values->values[i].count));
    }
    if (values->others > 0) {
        yyjson_mut_obj_add_uint(doc, result, "others", values->others);
    }
    return result;
}

void probe_violations_look(struct probe_violations *violations, const struct probe_call *call,
                           const struct probe_outcome *outcome) {
    const struct probe_buffer *const buffers[] = {&outcome->data, &outcome->main,
                                                  &outcome->secondary};
    for (size_t i = 0; i < 3; i++) {
        struct probe_damage damage = probe_buffer_damage(buffers[i]);
        if (damage.before == 0 && damage.beyond == 0) {
            continue;
        }
        if (violations->count < PROBE_VIOLATIONS_MAX) {
            bool is_io = call->function == PROBE_DO_OPERATION;
            char code[16];
            (void)snprintf(
                violations->texts[violations->count], sizeof violations->texts[0],
                "%s %s of object %u wrote %zu bytes beyond %zu, %zu before them",
                probe_function_name(call->function),
                halsim_fourcc_text(is_io ? call->operation : call->address.mSelector, code),
                (unsigned)call->object, damage.beyond, buffers[i]->size, damage.before);
        }
        violations->count++;
    }
}

void probe_violations_to_json(yyjson_mut_doc *doc, yyjson_mut_val *result,
                              const struct probe_violations *violations) {
    yyjson_mut_obj_add_uint(doc, result, "violations", violations->count);
    yyjson_mut_val *texts = yyjson_mut_obj_add_arr(doc, result, "violation_texts");
    for (size_t i = 0; i < violations->count && i < PROBE_VIOLATIONS_MAX; i++) {
        yyjson_mut_arr_add_strcpy(doc, texts, violations->texts[i]);
    }
}
