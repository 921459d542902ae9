/* rpc_sandbox.c - sandbox.read: what drivers may reach, and what they were refused. */
#include "halsim/rpc_sandbox.h"
#include "rpc_internal.h"

void halsim_rpc_set_sandbox(struct halsim_rpc *rpc, const struct halsim_sandbox *sandbox) {
    rpc->sandbox = sandbox;
}

static const char *mode_name(enum halsandbox_mode mode) {
    return mode == HALSANDBOX_ENFORCE ? "enforce" : mode == HALSANDBOX_REPORT ? "report" : "off";
}

/* null: nobody says, and nothing is restricted. */
static void add_rules(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *name,
                      const struct halsandbox_list *list) {
    if (!list->known) {
        yyjson_mut_obj_add_null(doc, object, name);
        return;
    }
    yyjson_mut_val *told = yyjson_mut_obj_add_obj(doc, object, name);
    yyjson_mut_val *allowed = yyjson_mut_obj_add_arr(doc, told, "allowed");
    for (uint32_t i = 0; i < list->count; i++) {
        yyjson_mut_arr_add_strcpy(doc, allowed, list->rules[i]);
    }
    yyjson_mut_obj_add_strcpy(doc, told, "source", list->source);
}

static void add_case(yyjson_mut_doc *doc, yyjson_mut_val *list,
                     const struct halsim_sandbox *sandbox, const struct halsandbox_case *found) {
    yyjson_mut_val *object = yyjson_mut_arr_add_obj(doc, list);
    yyjson_mut_obj_add_str(doc, object, "kind", sandbox->kind_name(found->kind));
    yyjson_mut_obj_add_str(doc, object, "call", found->call);
    yyjson_mut_obj_add_strcpy(doc, object, "what", found->what);
    if (found->kind == HALSANDBOX_FILES) {
        yyjson_mut_obj_add_str(doc, object, "access", found->writes ? "write" : "read");
    }
    if (found->entry_point[0] != '\0') {
        yyjson_mut_obj_add_strcpy(doc, object, "entry_point", found->entry_point);
    } else {
        yyjson_mut_obj_add_null(doc, object, "entry_point");
    }
    yyjson_mut_obj_add_uint(doc, object, "count", atomic_load(&found->count));
}

RPC_METHOD(sandbox_read) {
    const struct halsim_sandbox *sandbox = call->rpc->sandbox;
    yyjson_mut_doc *doc = call->doc;
    yyjson_mut_val *result = yyjson_mut_obj(doc);
    enum halsandbox_mode mode = sandbox != NULL ? sandbox->rules->mode : HALSANDBOX_OFF;
    yyjson_mut_obj_add_str(doc, result, "mode", mode_name(mode));
    yyjson_mut_val *rules = yyjson_mut_obj_add_obj(doc, result, "rules");
    yyjson_mut_val *cases = yyjson_mut_obj_add_arr(doc, result, "cases");
    if (mode == HALSANDBOX_OFF) {
        return result;
    }
    yyjson_mut_obj_add_strcpy(doc, result, "profile", sandbox->rules->profile);
    for (int kind = 0; kind < HALSANDBOX_KIND_COUNT; kind++) {
        add_rules(doc, rules, sandbox->kind_name((enum halsandbox_kind)kind),
                  &sandbox->rules->lists[kind]);
    }
    const struct halsandbox_case *found;
    for (size_t i = 0; (found = sandbox->case_at(i)) != NULL; i++) {
        if (atomic_load_explicit(&found->is_complete, memory_order_acquire)) {
            add_case(doc, cases, sandbox, found);
        }
    }
    return result;
}
