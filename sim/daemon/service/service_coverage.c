/* service_coverage.c - host.coverage, where each plug-in counts in a process of its own. */
#include "service_internal.h"

/* Adds what a helper has counted; all of it is of its one plug-in. */
static void take_rows(const struct helper *helper, yyjson_mut_doc *doc, yyjson_mut_val *from,
                      yyjson_mut_val *to) {
    yyjson_mut_val *lost = yyjson_mut_obj_get(to, "lost"), *row;
    yyjson_mut_set_uint(lost, yyjson_mut_get_uint(lost) +
                                  yyjson_mut_get_uint(yyjson_mut_obj_get(from, "lost")));
    yyjson_mut_val *rows = yyjson_mut_obj_get(from, "rows"), *all = yyjson_mut_obj_get(to, "rows");
    while ((row = yyjson_mut_arr_remove_first(rows)) != NULL) {
        yyjson_mut_obj_put(row, yyjson_mut_str(doc, "plugin"),
                           yyjson_mut_uint(doc, helper->plugin));
        yyjson_mut_arr_append(all, row);
    }
}

yyjson_mut_val *service_coverage(struct service *service, struct rpc_call *call) {
    bool on = false;
    if (!params_bool(&call->params, "on", PARAM_OPTIONAL, &on)) {
        return NULL;
    }
    yyjson_mut_val *result = params_get(&call->params, "on") == NULL ? rpc_carry_out_here(call)
                             : on ? service_begin_setting(service, call, SETTING_COVERAGE)
                                  : service_end_setting(service, call, SETTING_COVERAGE);
    uint32_t next = 0;
    struct helper *helper;
    while (result != NULL && (helper = service_next_running(service, &next)) != NULL) {
        yyjson_mut_val *one =
            service_ask_plain(service, helper, "host.coverage", call->doc, &call->failure);
        if (one == NULL && call->failure.error.os_status != SERVICE_BAD_OBJECT) {
            return NULL;
        }
        call->failure = (struct rpc_failure){0};
        if (one != NULL) {
            take_rows(helper, call->doc, one, result);
        }
    }
    return result;
}
