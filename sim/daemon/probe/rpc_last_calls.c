/* rpc_last_calls.c - host.last_calls */
#include "halsim/last_calls.h"
#include "json_values.h"
#include "rpc_probe.h"

yyjson_mut_val *rpc_last_calls_json(yyjson_mut_doc *doc) {
    struct halsim_last_call calls[HALSIM_LAST_CALLS_MAX];
    size_t count = halsim_last_calls(calls, HALSIM_LAST_CALLS_MAX);
    yyjson_mut_val *list = yyjson_mut_arr(doc);
    for (size_t i = 0; i < count; i++) {
        const struct halsim_last_call *call = &calls[i];
        char code[16], status[16];
        yyjson_mut_val *one = yyjson_mut_arr_add_obj(doc, list);
        yyjson_mut_obj_add_uint(doc, one, "number", call->number);
        yyjson_mut_obj_add_str(doc, one, "entry_point", call->entry_point);
        yyjson_mut_obj_add_uint(doc, one, "object", call->object);
        yyjson_mut_obj_add_uint(doc, one, "client", call->client);
        yyjson_mut_obj_add_val(
            doc, one, "code",
            json_text(doc, call->code != 0 ? halsim_fourcc_text(call->code, code) : NULL));
        yyjson_mut_obj_add_val(
            doc, one, "status",
            json_text(doc, call->has_status ? halsim_fourcc_text((uint32_t)call->status, status)
                                            : NULL));
        yyjson_mut_obj_add_bool(doc, one, "returned", call->has_returned);
    }
    return list;
}

RPC_METHOD(host_last_calls) {
    return rpc_last_calls_json(call->doc);
}
