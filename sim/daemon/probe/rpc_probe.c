/* rpc_probe.c - probe.*, but for storms and random sequences. */
#include "rpc_probe.h"
#include "json_plist.h"
#include "json_values.h"
#include "probe.h"
#include "probe_json.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct probe_instance *rpc_probe_instance(struct rpc_call *call, uint32_t *number) {
    *number = 0;
    if (!params_u32(&call->params, "instance", PARAM_REQUIRED, 0, UINT32_MAX, number)) {
        return NULL;
    }
    struct probe_instance *instance =
        probe_instance_at(call->rpc->probe, *number, &call->failure.error);
    if (instance == NULL) {
        rpc_fail_host(&call->failure);
    }
    return instance;
}

/* One that may be closed: what its host was called is still there. */
static struct probe_instance *closed_or_not(struct rpc_call *call) {
    const struct probe *probe = call->rpc->probe;
    uint32_t number = 0;
    if (!params_u32(&call->params, "instance", PARAM_REQUIRED, 0, UINT32_MAX, &number)) {
        return NULL;
    }
    if (number >= probe->instance_count) {
        rpc_fail_status(&call->failure, HALSIM_ERROR_NOT_FOUND,
                        "instance %u: there is none; probe.create makes one", (unsigned)number);
        return NULL;
    }
    return probe->instances[number];
}

/* ---- the bundle ------------------------------------------------------------------------------ */

RPC_METHOD(probe_open) {
    struct probe *probe = call->rpc->probe;
    const char *path = NULL;
    if (!params_string(&call->params, "path", PARAM_REQUIRED, &path)) {
        return NULL;
    }
    if (!probe->is_open) {
        probe->at_open = rpc_resources_read();
    }
    if (!probe_open(probe, path, &call->failure.error)) {
        return rpc_host_said_no(call);
    }
    yyjson_mut_doc *doc = call->doc;
    yyjson_mut_val *result = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_val(doc, result, "path", json_text(doc, probe->path));
    yyjson_mut_obj_add_val(doc, result, "executable", json_text(doc, probe->executable));
    yyjson_mut_obj_add_val(doc, result, "bundle_id",
                           json_text(doc, probe->identifier[0] != '\0' ? probe->identifier : NULL));
    yyjson_mut_val *factories = yyjson_mut_obj_add_arr(doc, result, "factories");
    yyjson_mut_val *missing = yyjson_mut_obj_add_arr(doc, result, "symbols_missing");
    for (size_t i = 0; i < probe->factory_count; i++) {
        const struct probe_factory *factory = &probe->factories[i];
        yyjson_mut_val *one = yyjson_mut_arr_add_obj(doc, factories);
        yyjson_mut_obj_add_val(doc, one, "uuid", json_text(doc, factory->uuid));
        yyjson_mut_obj_add_val(doc, one, "symbol", json_text(doc, factory->symbol));
        yyjson_mut_val *types = yyjson_mut_obj_add_arr(doc, one, "types");
        for (size_t type = 0; type < factory->type_count; type++) {
            yyjson_mut_arr_append(types, json_text(doc, factory->types[type]));
        }
        if (factory->function == NULL) {
            yyjson_mut_arr_append(missing, json_text(doc, factory->symbol));
        }
    }
    yyjson_mut_obj_add_uint(doc, result, "open_ns", probe->open_ns);
    return result;
}

/* A thread that still runs the driver's code would crash without it, and nobody could say whose it
 * was. One that has been joined may be listed for a moment longer. */
static bool has_more_threads(const struct rpc_resources *before) {
    for (int look = 0; look < 50; look++) {
        if (rpc_resources_read().threads <= before->threads) {
            return false;
        }
    }
    return true;
}

RPC_METHOD(probe_unload) {
    struct probe *probe = call->rpc->probe;
    bool is_unmapped = false;
    struct rpc_resources before = probe->at_open;
    bool stays = probe->is_open && has_more_threads(&before);
    if (!probe_unload(probe, stays, &is_unmapped, &call->failure.error)) {
        return rpc_host_said_no(call);
    }
    yyjson_mut_doc *doc = call->doc;
    yyjson_mut_val *result = yyjson_mut_obj(doc);
    struct rpc_resources after = rpc_resources_read();
    yyjson_mut_obj_add_bool(doc, result, "unmapped", is_unmapped);
    yyjson_mut_obj_add_val(doc, result, "before", rpc_resources_json(doc, &before));
    yyjson_mut_obj_add_val(doc, result, "after", rpc_resources_json(doc, &after));
    char names[8192] = "[";
    if (call->rpc->list_shm == NULL) {
        yyjson_mut_obj_add_null(doc, result, "shared_memory");
    } else {
        (void)call->rpc->list_shm(names + 1, sizeof names - 2);
        (void)strcat(names, "]");
        yyjson_mut_obj_add_val(doc, result, "shared_memory", yyjson_mut_rawcpy(doc, names));
    }
    return result;
}

/* ---- instances ------------------------------------------------------------------------------- */

/* An UUID parameter, +1. */
static CFUUIDRef uuid_param(struct rpc_call *call, const char *name, const char *otherwise) {
    const char *text = otherwise;
    if (!params_string(&call->params, name, otherwise != NULL ? PARAM_OPTIONAL : PARAM_REQUIRED,
                       &text)) {
        return NULL;
    }
    CFStringRef string = CFStringCreateWithCString(NULL, text, kCFStringEncodingUTF8);
    CFUUIDRef uuid = string != NULL ? CFUUIDCreateFromString(NULL, string) : NULL;
    if (string != NULL) {
        CFRelease(string);
    }
    if (uuid == NULL) {
        params_fail(&call->params, name, "must be a UUID (8-4-4-4-12 hexadecimal digits)");
    }
    return uuid;
}

#define DRIVER_TYPE "443ABAB8-E7B3-491A-B985-BEB9187030DB"

/* The one that is named; else the first for the type; else, for a type that the bundle does not
 * have, the first for drivers. */
static const struct probe_factory *factory_param(struct rpc_call *call, const char *type) {
    const struct probe *probe = call->rpc->probe;
    const char *symbol = NULL;
    if (!params_string(&call->params, "factory", PARAM_OPTIONAL, &symbol)) {
        return NULL;
    }
    const struct probe_factory *of_type = NULL, *of_drivers = NULL, *named = NULL;
    for (size_t i = probe->factory_count; i > 0; i--) {
        const struct probe_factory *factory = &probe->factories[i - 1];
        for (size_t t = 0; t < factory->type_count; t++) {
            of_type = strcasecmp(factory->types[t], type) == 0 ? factory : of_type;
            of_drivers = strcasecmp(factory->types[t], DRIVER_TYPE) == 0 ? factory : of_drivers;
        }
        named = symbol != NULL && strcmp(factory->symbol, symbol) == 0 ? factory : named;
    }
    const struct probe_factory *chosen = symbol != NULL    ? named
                                         : of_type != NULL ? of_type
                                                           : of_drivers;
    if (!probe->is_open) {
        rpc_fail_status(&call->failure, HALSIM_ERROR_STATE,
                        "probe.create: no bundle is open; call probe.open");
    } else if (chosen == NULL) {
        rpc_fail_status(&call->failure, HALSIM_ERROR_NOT_FOUND, "%s: Info.plist has no factory %s",
                        probe->path, symbol != NULL ? symbol : "for " DRIVER_TYPE);
    } else if (chosen->function == NULL) {
        rpc_fail_status(&call->failure, HALSIM_ERROR_LOAD, "%s: exports no function %s",
                        probe->executable, chosen->symbol);
        chosen = NULL;
    }
    return probe->is_open ? chosen : NULL;
}

RPC_METHOD(probe_create) {
    const char *text = DRIVER_TYPE;
    bool has_type = true;
    if (!params_bool(&call->params, "has_type", PARAM_OPTIONAL, &has_type)) {
        return NULL;
    }
    CFUUIDRef type = uuid_param(call, "type", DRIVER_TYPE);
    if (type == NULL) {
        return NULL;
    }
    (void)params_string(&call->params, "type", PARAM_OPTIONAL, &text);
    const struct probe_factory *factory = factory_param(call, text);
    uint32_t number = UINT32_MAX;
    uint64_t elapsed_ns = 0;
    bool ok = factory != NULL;
    if (ok && !probe_instance_create(call->rpc->probe, factory, has_type ? type : NULL, &number,
                                     &elapsed_ns, &call->failure.error)) {
        ok = rpc_fail_host(&call->failure);
    }
    CFRelease(type);
    if (!ok) {
        return NULL;
    }
    yyjson_mut_val *result = yyjson_mut_obj(call->doc);
    yyjson_mut_obj_add_val(call->doc, result, "instance",
                           number == UINT32_MAX ? yyjson_mut_null(call->doc)
                                                : yyjson_mut_uint(call->doc, number));
    yyjson_mut_obj_add_uint(call->doc, result, "create_ns", elapsed_ns);
    yyjson_mut_val *missing = yyjson_mut_obj_add_arr(call->doc, result, "slots_missing");
    if (number != UINT32_MAX) {
        char names[PROBE_SLOT_NAMES_MAX];
        probe_instance_missing(call->rpc->probe->instances[number], names);
        for (char *rest = names, *name; (name = strtok_r(rest, " ", &rest)) != NULL;) {
            yyjson_mut_arr_add_strcpy(call->doc, missing, name);
        }
    }
    return result;
}

RPC_METHOD(probe_query) {
    static const char *const names[] = {NULL, "same", "other", "untouched"};
    uint32_t number;
    bool has_out = true;
    struct probe_instance *instance = rpc_probe_instance(call, &number);
    if (instance == NULL || !params_bool(&call->params, "out", PARAM_OPTIONAL, &has_out)) {
        return NULL;
    }
    CFUUIDRef uuid = uuid_param(call, "uuid", NULL);
    if (uuid == NULL) {
        return NULL;
    }
    enum probe_interface interface;
    HRESULT answer = probe_instance_query(instance, uuid, has_out, &interface);
    CFRelease(uuid);
    yyjson_mut_val *result = yyjson_mut_obj(call->doc);
    yyjson_mut_obj_add_int(call->doc, result, "hresult", answer);
    yyjson_mut_obj_add_val(call->doc, result, "interface", json_text(call->doc, names[interface]));
    return result;
}

static yyjson_mut_val *count_of(struct rpc_call *call, ULONG count) {
    yyjson_mut_val *result = yyjson_mut_obj(call->doc);
    yyjson_mut_obj_add_uint(call->doc, result, "count", count);
    return result;
}

RPC_METHOD(probe_add_ref) {
    uint32_t number;
    struct probe_instance *instance = rpc_probe_instance(call, &number);
    return instance != NULL ? count_of(call, probe_instance_add_ref(instance)) : NULL;
}

RPC_METHOD(probe_release) {
    uint32_t number;
    struct probe_instance *instance = rpc_probe_instance(call, &number);
    return instance != NULL ? count_of(call, probe_instance_release(instance)) : NULL;
}

RPC_METHOD(probe_initialize) {
    uint32_t number;
    bool has_host = true;
    struct probe_instance *instance = rpc_probe_instance(call, &number);
    if (instance == NULL || !params_bool(&call->params, "host", PARAM_OPTIONAL, &has_host)) {
        return NULL;
    }
    uint64_t elapsed_ns = 0;
    uint64_t after = probe_host_last_number(instance->host);
    OSStatus status = probe_instance_initialize(instance, has_host, &elapsed_ns);
    yyjson_mut_val *result = yyjson_mut_obj(call->doc);
    probe_status_to_json(call->doc, result, status);
    yyjson_mut_obj_add_uint(call->doc, result, "elapsed_ns", elapsed_ns);
    probe_host_calls_to_json(call->doc, result, instance->host, after,
                             probe_host_last_number(instance->host));
    return result;
}

RPC_METHOD(probe_close) {
    uint32_t number;
    struct probe_instance *instance = rpc_probe_instance(call, &number);
    if (instance == NULL) {
        return NULL;
    }
    yyjson_mut_val *result = yyjson_mut_obj(call->doc);
    yyjson_mut_obj_add_uint(call->doc, result, "held", instance->held);
    yyjson_mut_obj_add_uint(call->doc, result, "others", instance->other_count);
    yyjson_mut_val *counts = yyjson_mut_obj_add_arr(call->doc, result, "counts");
    while (instance->held > 0) {
        yyjson_mut_arr_add_uint(call->doc, counts, probe_instance_release(instance));
    }
    return result;
}

/* ---- calls ----------------------------------------------------------------------------------- */

RPC_METHOD(probe_call) {
    uint32_t number;
    struct probe_call wanted;
    struct probe_instance *instance = rpc_probe_instance(call, &number);
    if (instance == NULL) {
        return NULL;
    }
    if (!probe_call_from_json(&call->params, "instance", &wanted)) {
        probe_call_free(&wanted);
        return NULL;
    }
    struct probe_outcome outcome;
    probe_call_perform(instance->driver, instance->host, &wanted, &outcome);
    yyjson_mut_val *result = NULL;
    if (outcome.has_memory) {
        result = yyjson_mut_obj(call->doc);
        probe_outcome_to_json(call->doc, result, &wanted, &outcome);
        probe_host_calls_to_json(call->doc, result, instance->host, outcome.first_host_call,
                                 outcome.last_host_call);
    }
    probe_outcome_free(&wanted, &outcome);
    probe_call_free(&wanted);
    return result;
}

RPC_METHOD(probe_host_calls) {
    struct probe_instance *instance = closed_or_not(call);
    if (instance == NULL) {
        return NULL;
    }
    yyjson_mut_val *result = yyjson_mut_obj(call->doc);
    uint64_t last = probe_host_last_number(instance->host);
    probe_host_calls_to_json(call->doc, result, instance->host, instance->host->told, last);
    instance->host->told = last;
    if (instance->held == 0 && probe_host_last_number(instance->host) == last) {
        probe_host_forget_calls(
            instance->host); /* who counts leaks counts the driver's, not ours */
    }
    return result;
}

/* "stored": what is in the storage instead of what was. */
static bool stored_param(struct rpc_call *call) {
    struct probe_storage *storage = call->rpc->probe->storage;
    yyjson_val *json = params_get(&call->params, "stored");
    if (json == NULL) {
        return true;
    }
    if (!yyjson_is_obj(json)) {
        return params_fail(&call->params, "stored", "must be an object");
    }
    probe_storage_clear(storage);
    yyjson_obj_iter iterator = yyjson_obj_iter_with(json);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&iterator)) != NULL;) {
        CFTypeRef value = json_to_plist(yyjson_obj_iter_get_val(key), &call->failure);
        CFStringRef name = value != NULL ? json_to_cfstring(key, &call->failure) : NULL;
        bool ok = name != NULL && probe_storage_write(storage, name, value);
        if (name != NULL) {
            CFRelease(name);
        }
        if (value != NULL) {
            CFRelease(value);
        }
        if (!ok) {
            return call->failure.code != 0
                       ? false
                       : params_fail(&call->params, "stored", "must be a property list");
        }
    }
    return true;
}

RPC_METHOD(probe_configure) {
    uint32_t number, storage = 0;
    struct probe_instance *instance = rpc_probe_instance(call, &number);
    if (instance == NULL) {
        return NULL;
    }
    struct probe_host_manners *manners = &instance->host->manners;
    storage = manners->storage_fails;
    struct probe_host_manners wanted = *manners;
    if (!params_bool(&call->params, "refuse_changes", PARAM_OPTIONAL, &wanted.refuses_changes) ||
        !params_bool(&call->params, "refuse_notifications", PARAM_OPTIONAL,
                     &wanted.refuses_notifications) ||
        !params_choice(&call->params, "storage", PARAM_OPTIONAL, "ok fails", &storage) ||
        !stored_param(call)) {
        return NULL;
    }
    wanted.storage_fails = storage == 1;
    pthread_mutex_lock(&instance->host->lock);
    *manners = wanted;
    pthread_mutex_unlock(&instance->host->lock);
    yyjson_mut_val *result = yyjson_mut_obj(call->doc);
    CFDictionaryRef all = probe_storage_copy_all(call->rpc->probe->storage);
    yyjson_mut_obj_add_val(call->doc, result, "stored", json_from_plist(call->doc, all));
    CFRelease(all);
    return result;
}
