/* rpc_object.c - object.tree and object.dump. */
#include "json_values.h"
#include "property_read.h"
#include "rpc_internal.h"
#include <stdio.h>
#include <stdlib.h>

/* Bounds for a driver whose objects own each other in a ring, or by the thousand. */
#define TREE_DEPTH_MAX 16
#define TREE_NODES_MAX 4096

static const AudioObjectPropertyAddress class_address = {kAudioObjectPropertyClass,
                                                         kAudioObjectPropertyScopeGlobal, 0};
static const AudioObjectPropertyAddress base_class_address = {kAudioObjectPropertyBaseClass,
                                                              kAudioObjectPropertyScopeGlobal, 0};
static const AudioObjectPropertyAddress name_address = {kAudioObjectPropertyName,
                                                        kAudioObjectPropertyScopeGlobal, 0};
static const AudioObjectPropertyAddress owned_address = {kAudioObjectPropertyOwnedObjects,
                                                         kAudioObjectPropertyScopeGlobal, 0};

/* ---- object.tree --------------------------------------------------------------------------- */

struct tree {
    struct rpc_call *call;
    uint32_t node_count; /* in the answer so far */
    AudioObjectID seen[TREE_NODES_MAX];
    uint32_t seen_count;
};

static yyjson_mut_val *code_or_null(struct rpc_call *call, struct halsim_object object,
                                    const AudioObjectPropertyAddress *address) {
    uint32_t code = 0;
    return halsim_property_get_u32(call->host, object, address, &code, NULL)
               ? json_from_fourcc(call->doc, code)
               : yyjson_mut_null(call->doc);
}

static yyjson_mut_val *tree_node(struct tree *tree, struct halsim_object object, int depth) {
    struct rpc_call *call = tree->call;
    yyjson_mut_doc *doc = call->doc;
    yyjson_mut_val *node = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_uint(doc, node, "id", object.id);
    if (tree->node_count == TREE_NODES_MAX) {
        yyjson_mut_obj_add_bool(doc, node, "cut", true);
        return node;
    }
    tree->node_count++;
    for (uint32_t i = 0; i < tree->seen_count; i++) {
        if (tree->seen[i] == object.id) {
            yyjson_mut_obj_add_bool(doc, node, "repeated", true);
            return node;
        }
    }
    if (depth > TREE_DEPTH_MAX) {
        yyjson_mut_obj_add_bool(doc, node, "cut", true);
        return node;
    }
    tree->seen[tree->seen_count++] = object.id;
    yyjson_mut_obj_add_val(doc, node, "class", code_or_null(call, object, &class_address));
    yyjson_mut_obj_add_val(doc, node, "base_class",
                           code_or_null(call, object, &base_class_address));
    if (halsim_property_has(call->host, object, &name_address)) {
        char *name = halsim_property_get_string(call->host, object, &name_address, NULL);
        yyjson_mut_obj_add_val(doc, node, "name", json_text(doc, name));
        free(name);
    }
    yyjson_mut_val *owned = yyjson_mut_obj_add_arr(doc, node, "owned");
    uint32_t count = 0;
    AudioObjectID *list =
        halsim_property_get_list(call->host, object, &owned_address, sizeof *list, &count, NULL);
    for (uint32_t i = 0; list != NULL && i < count; i++) {
        struct halsim_object child = {object.plugin, list[i]};
        bool is_full = tree->node_count == TREE_NODES_MAX;
        yyjson_mut_arr_append(owned, tree_node(tree, child, depth + 1));
        if (is_full) {
            break; /* this one says that it is cut: so is what would come after it */
        }
    }
    free(list);
    return node;
}

RPC_METHOD(object_tree) {
    uint32_t plugin = 0;
    struct halsim_plugin_info info;
    if (!params_u32(&call->params, "plugin", PARAM_REQUIRED, 0, UINT32_MAX, &plugin)) {
        return NULL;
    }
    if (!halsim_plugin_info(call->host, plugin, &info, &call->failure.error)) {
        return rpc_host_said_no(call);
    }
    struct tree *tree = calloc(1, sizeof *tree);
    if (tree == NULL) {
        return NULL;
    }
    tree->call = call;
    struct halsim_object root = {plugin, kAudioObjectPlugInObject};
    yyjson_mut_val *result = tree_node(tree, root, 1);
    free(tree);
    return result;
}

/* ---- object.dump --------------------------------------------------------------------------- */

struct dump {
    struct rpc_call *call;
    struct halsim_object object;
    yyjson_mut_val *result;
    bool is_device;
    uint32_t channels[2]; /* input, output; of a device that the host knows */
};

static const char *missing_input(uint32_t traits) {
    if ((traits & PROPERTY_TAKES_STRING) != 0) {
        return "the answer depends on a qualifier of type string";
    }
    if ((traits & PROPERTY_TAKES_ITEM) != 0) {
        return "the answer depends on a qualifier of type u32";
    }
    return (traits & PROPERTY_TAKES_INPUT) != 0 ? "the answer depends on an input" : NULL;
}

static void dump_address(struct dump *dump, const struct property_contract *contract,
                         uint32_t scope, uint32_t element) {
    struct rpc_call *call = dump->call;
    yyjson_mut_doc *doc = call->doc;
    struct property_question question = {
        .host = call->host,
        .object = dump->object,
        .address = {contract->selector, scope, element},
        .holds_reference = property_type_is_reference(contract->type),
    };
    if (!halsim_property_has(call->host, dump->object, &question.address)) {
        return;
    }
    yyjson_mut_val *entry = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, entry, "type", property_type_name(contract->type));
    struct rpc_failure failure = {0};
    bool settable = false;
    uint32_t size = 0;
    if (missing_input(contract->traits) != NULL) {
        yyjson_mut_obj_add_str(doc, entry, "not_asked", missing_input(contract->traits));
    } else {
        yyjson_mut_val *value = property_read(doc, &question, contract->type, &size, &failure);
        yyjson_mut_obj_add_val(doc, entry, value != NULL ? "value" : "error",
                               value != NULL ? value : rpc_failure_json(&failure, doc));
        yyjson_mut_obj_add_uint(doc, entry, "size", size);
    }
    yyjson_mut_val *answer =
        halsim_property_is_settable(call->host, dump->object, &question.address, &settable, NULL)
            ? yyjson_mut_bool(doc, settable)
            : yyjson_mut_null(doc);
    yyjson_mut_obj_add_val(doc, entry, "settable", answer);

    char key[48];
    snprintf(key, sizeof key, "%c%c%c%c/%c%c%c%c/%u", (int)(contract->selector >> 24),
             (int)(contract->selector >> 16 & 255), (int)(contract->selector >> 8 & 255),
             (int)(contract->selector & 255), (int)(scope >> 24), (int)(scope >> 16 & 255),
             (int)(scope >> 8 & 255), (int)(scope & 255), element);
    yyjson_mut_obj_add(dump->result, yyjson_mut_strcpy(doc, key), entry);
}

static void dump_property(struct dump *dump, const struct property_contract *contract) {
    dump_address(dump, contract, kAudioObjectPropertyScopeGlobal, 0);
    if (!dump->is_device || (contract->traits & PROPERTY_BY_SCOPE) == 0) {
        return;
    }
    const uint32_t scopes[2] = {kAudioObjectPropertyScopeInput, kAudioObjectPropertyScopeOutput};
    for (int i = 0; i < 2; i++) {
        uint32_t last = (contract->traits & PROPERTY_BY_ELEMENT) != 0 ? dump->channels[i] : 0;
        for (uint32_t element = 0; element <= last; element++) {
            dump_address(dump, contract, scopes[i], element);
        }
    }
}

/* What the host knows of the device behind the object. */
static void find_channels(struct dump *dump) {
    for (uint32_t i = 0; i < halsim_device_count(dump->call->host); i++) {
        struct halsim_device_info info;
        if (!halsim_device_info(dump->call->host, i, &info, NULL) ||
            info.object.plugin != dump->object.plugin || info.object.id != dump->object.id) {
            continue;
        }
        dump->is_device = true;
        for (uint32_t k = 0; k < info.stream_count; k++) {
            const struct halsim_stream_info *stream = &info.streams[k];
            uint32_t *channels = &dump->channels[stream->is_input ? 0 : 1];
            uint32_t end = stream->starting_channel + stream->virtual_format.mChannelsPerFrame;
            if (end > *channels + 1 && end <= 257) {
                *channels = end - 1;
            }
        }
    }
}

RPC_METHOD(object_dump) {
    struct dump dump = {.call = call};
    struct halsim_plugin_info info;
    if (!rpc_object_param(call, &dump.object)) {
        return NULL;
    }
    if (!halsim_plugin_info(call->host, dump.object.plugin, &info, &call->failure.error)) {
        return rpc_host_said_no(call);
    }
    if (!halsim_property_has(call->host, dump.object, &class_address)) {
        rpc_fail_status(&call->failure, HALSIM_ERROR_NOT_FOUND,
                        "plug-in %u has no object %u: it has no class", dump.object.plugin,
                        dump.object.id);
        return NULL;
    }
    dump.result = yyjson_mut_obj(call->doc);
    find_channels(&dump);
    size_t count = 0;
    const struct property_contract *contracts = property_contracts(&count);
    for (size_t i = 0; i < count; i++) {
        dump_property(&dump, &contracts[i]);
    }
    return dump.result;
}
