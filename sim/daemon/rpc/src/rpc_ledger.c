/* rpc_ledger.c - ledger.*: what drivers do while they are called. */
#include "halsim/rpc_ledger.h"
#include "rpc_internal.h"
#include <stdlib.h>
#include <string.h>

#define BUDGETS_MAX    64
#define EVIDENCE_BYTES 2048

void halsim_rpc_set_ledger(struct halsim_rpc *rpc, const struct halsim_ledger *ledger) {
    rpc->ledger = ledger;
}

static bool has_ledger(struct rpc_call *call) {
    return call->rpc->ledger != NULL ||
           rpc_fail_status(&call->failure, HALSIM_ERROR_UNSUPPORTED,
                           "%s: this program does not stand before the C library; coreaudiod-sim "
                           "does, on Linux, in builds without sanitizers",
                           call->method->name);
}

/* ---- budgets ------------------------------------------------------------------------------- */

/* {"entry_point": "DoIOOperation", "operation": "rite", "allocation": 0, ...}: what is not named is
 * not limited. */
static bool read_budget(struct params *params, const struct halsim_ledger *ledger,
                        struct halsim_ledger_budget *budget) {
    char allowed[256] = "entry_point operation";
    for (int kind = 0; kind < HALLEDGER_KIND_COUNT; kind++) {
        const char *name = ledger->kind_name((enum halledger_kind)kind);
        strncat(allowed, " ", sizeof allowed - strlen(allowed) - 1);
        strncat(allowed, name, sizeof allowed - strlen(allowed) - 1);
        budget->limits[kind] = HALLEDGER_UNLIMITED;
    }
    if (!params_check_names(params, allowed) ||
        !params_string(params, "entry_point", PARAM_REQUIRED, &budget->entry_point) ||
        !params_fourcc(params, "operation", PARAM_OPTIONAL, &budget->operation)) {
        return false;
    }
    for (int kind = 0; kind < HALLEDGER_KIND_COUNT; kind++) {
        if (!params_u32(params, ledger->kind_name((enum halledger_kind)kind), PARAM_OPTIONAL, 0,
                        HALLEDGER_UNLIMITED, &budget->limits[kind])) {
            return false;
        }
    }
    return true;
}

static bool read_budgets(struct rpc_call *call, struct halsim_ledger_budget *budgets,
                         size_t *count) {
    yyjson_val *list = params_get(&call->params, "budgets");
    if (list == NULL) {
        return true;
    }
    if (!yyjson_is_arr(list) || yyjson_arr_size(list) > BUDGETS_MAX) {
        return params_fail(&call->params, "budgets", "must be a list of at most %d objects",
                           BUDGETS_MAX);
    }
    size_t index, max;
    yyjson_val *item;
    yyjson_arr_foreach(list, index, max, item) {
        if (!yyjson_is_obj(item)) {
            return params_fail(&call->params, "budgets", "must be a list of objects");
        }
        struct params inner = {item, call->params.where, "budgets.", &call->failure};
        if (!read_budget(&inner, call->rpc->ledger, &budgets[(*count)++])) {
            return false;
        }
    }
    return true;
}

RPC_METHOD(ledger_begin) {
    struct halsim_ledger_budget budgets[BUDGETS_MAX] = {0};
    size_t count = 0;
    if (!has_ledger(call) || !read_budgets(call, budgets, &count)) {
        return NULL;
    }
    /* In virtual time nothing is called meanwhile. */
    if (call->rpc->config.clock == HALSIM_CLOCK_REALTIME && halsim_io_is_running(call->host)) {
        rpc_fail_status(&call->failure, HALSIM_ERROR_STATE, "ledger: IO runs; stop it first");
        return NULL;
    }
    if (!call->rpc->ledger->begin(budgets, count)) {
        rpc_fail_status(&call->failure, HALSIM_ERROR_SYSTEM, "ledger: out of memory");
        return NULL;
    }
    return yyjson_mut_obj(call->doc);
}

RPC_METHOD(ledger_end) {
    if (!has_ledger(call)) {
        return NULL;
    }
    call->rpc->ledger->end();
    return yyjson_mut_obj(call->doc);
}

RPC_METHOD(ledger_fail_allocation) {
    uint64_t nth = 0;
    if (!has_ledger(call) ||
        !params_u64(&call->params, "nth", PARAM_REQUIRED, 0, UINT64_MAX, &nth)) {
        return NULL;
    }
    call->rpc->ledger->fail_allocation(nth);
    return yyjson_mut_obj(call->doc);
}

/* ---- rows ---------------------------------------------------------------------------------- */

static void add_evidence(yyjson_mut_doc *doc, yyjson_mut_val *object,
                         const struct halsim_ledger *ledger, const struct halledger_row *row) {
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, object, "evidence");
    char text[EVIDENCE_BYTES];
    for (size_t i = 0; i < HALLEDGER_EVIDENCE; i++) {
        if (ledger->describe(&row->evidence[i], text, sizeof text) > 0) {
            yyjson_mut_arr_add_strcpy(doc, list, text);
        }
    }
}

static void add_row(struct rpc_call *call, yyjson_mut_val *rows, const struct halsim_ledger *ledger,
                    const struct halsim_ledger_row *row) {
    yyjson_mut_doc *doc = call->doc;
    const struct halledger_row *counted = row->counted;
    yyjson_mut_val *object = yyjson_mut_arr_add_obj(doc, rows);
    yyjson_mut_obj_add_strcpy(doc, object, "entry_point", row->entry_point);
    if (row->operation != 0) {
        const char code[5] = {(char)(row->operation >> 24), (char)(row->operation >> 16),
                              (char)(row->operation >> 8), (char)row->operation, '\0'};
        yyjson_mut_obj_add_strcpy(doc, object, "operation", code);
    } else {
        yyjson_mut_obj_add_null(doc, object, "operation");
    }
    yyjson_mut_obj_add_uint(doc, object, "calls", atomic_load(&counted->calls));
    yyjson_mut_obj_add_uint(doc, object, "sampled", atomic_load(&counted->sampled));
    yyjson_mut_obj_add_uint(doc, object, "violations", atomic_load(&counted->violations));
    yyjson_mut_obj_add_uint(doc, object, "worst_ns", atomic_load(&counted->worst_ns));
    yyjson_mut_val *kinds = yyjson_mut_obj_add_obj(doc, object, "kinds");
    for (int kind = 0; kind < HALLEDGER_KIND_COUNT; kind++) {
        yyjson_mut_val *of_kind =
            yyjson_mut_obj_add_obj(doc, kinds, ledger->kind_name((enum halledger_kind)kind));
        yyjson_mut_obj_add_uint(doc, of_kind, "count", atomic_load(&counted->counts[kind]));
        yyjson_mut_obj_add_uint(doc, of_kind, "worst", atomic_load(&counted->worst[kind]));
        if (counted->budget[kind] != HALLEDGER_UNLIMITED) {
            yyjson_mut_obj_add_uint(doc, of_kind, "budget", counted->budget[kind]);
        } else {
            yyjson_mut_obj_add_null(doc, of_kind, "budget");
        }
    }
    add_evidence(doc, object, ledger, counted);
}

RPC_METHOD(ledger_read) {
    if (!has_ledger(call)) {
        return NULL;
    }
    const struct halsim_ledger *ledger = call->rpc->ledger;
    yyjson_mut_val *result = yyjson_mut_obj(call->doc);
    yyjson_mut_val *sees = yyjson_mut_obj_add_arr(call->doc, result, "sees");
    for (int kind = 0; kind < HALLEDGER_KIND_COUNT; kind++) {
        if (ledger->sees((enum halledger_kind)kind)) {
            yyjson_mut_arr_add_str(call->doc, sees, ledger->kind_name((enum halledger_kind)kind));
        }
    }
    yyjson_mut_obj_add_uint(call->doc, result, "failed_allocations", ledger->failed_allocations());
    yyjson_mut_val *rows = yyjson_mut_obj_add_arr(call->doc, result, "rows");
    struct halsim_ledger_row row;
    for (size_t i = 0; ledger->read(i, &row); i++) {
        add_row(call, rows, ledger, &row);
    }
    return result;
}
