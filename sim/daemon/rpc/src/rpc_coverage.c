/* rpc_coverage.c - host.coverage */
#include "halsim/call_around.h"
#include "halsim/coverage.h"
#include "json_values.h"
#include "rpc_internal.h"
#include <stdlib.h>

static void add_row(yyjson_mut_doc *doc, yyjson_mut_val *list,
                    const struct halsim_covered_call *covered) {
    yyjson_mut_val *row = yyjson_mut_arr_add_obj(doc, list);
    yyjson_mut_obj_add_val(doc, row, "plugin",
                           covered->plugin == HALSIM_CALL_NO_PLUGIN
                               ? yyjson_mut_null(doc)
                               : yyjson_mut_uint(doc, covered->plugin));
    yyjson_mut_obj_add_str(doc, row, "entry_point", covered->entry_point);
    yyjson_mut_obj_add_uint(doc, row, "object", covered->object);
    yyjson_mut_obj_add_val(doc, row, "code",
                           covered->code == 0 ? yyjson_mut_null(doc)
                                              : json_from_fourcc(doc, covered->code));
    yyjson_mut_obj_add_uint(doc, row, "calls", covered->calls);
    yyjson_mut_obj_add_uint(doc, row, "refused", covered->refused);
}

/* False when it cannot begin. */
static bool turn(bool on) {
    if (!on) {
        halsim_coverage_end();
    }
    return !on || halsim_coverage_begin();
}

RPC_METHOD(host_coverage) {
    bool on = halsim_coverage_is_on();
    if (!params_bool(&call->params, "on", PARAM_OPTIONAL, &on)) {
        return NULL;
    }
    size_t count = 0;
    uint64_t lost = 0;
    struct halsim_covered_call *rows = turn(on) ? halsim_coverage_read(&count, &lost) : NULL;
    if (rows == NULL) {
        rpc_fail_status(&call->failure, HALSIM_ERROR_SYSTEM, "host.coverage: out of memory");
        return NULL;
    }
    yyjson_mut_val *result = yyjson_mut_obj(call->doc);
    yyjson_mut_obj_add_bool(call->doc, result, "on", on);
    yyjson_mut_obj_add_uint(call->doc, result, "lost", lost);
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(call->doc, result, "rows");
    for (size_t i = 0; i < count; i++) {
        add_row(call->doc, list, &rows[i]);
    }
    free(rows);
    return result;
}
