/* service_route.c - whom a request is for, and the numbers in it and in its answer.
 *
 * Parameters name a helper by one of a few keys, whichever the method; a new method that uses them
 * needs nothing here. Results hold numbers of devices, plug-ins, clients and far ends only in
 * certain methods: a property list of a driver may have a member "device", too, which is its own.
 */
#include "service_internal.h"
#include <stdio.h>
#include <string.h>

/* ---- results ------------------------------------------------------------------------------- */

static void put_number(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key,
                       uint32_t number) {
    yyjson_mut_obj_put(object, yyjson_mut_strcpy(doc, key), yyjson_mut_uint(doc, number));
}

static uint32_t own_number(yyjson_mut_val *object, const char *key) {
    return (uint32_t)yyjson_mut_get_uint(yyjson_mut_obj_get(object, key));
}

void service_translate_device(struct service *service, const struct helper *helper,
                              yyjson_mut_doc *doc, yyjson_mut_val *device) {
    pthread_mutex_lock(&service->lock);
    uint32_t number = id_give(&service->devices, helper->plugin, own_number(device, "device"));
    struct id_entry *entry = id_find(&service->devices, number);
    if (entry != NULL) {
        id_describe(entry, yyjson_mut_get_str(yyjson_mut_obj_get(device, "uid")),
                    yyjson_mut_get_str(yyjson_mut_obj_get(device, "name")),
                    own_number(device, "object_id"));
        entry->is_listed = true;
    }
    put_number(doc, device, "device", number);
    put_number(doc, device, "plugin", helper->plugin);
    yyjson_mut_val *clients = yyjson_mut_obj_get(device, "clients"), *client;
    size_t index, count;
    yyjson_mut_arr_foreach(clients, index, count, client) {
        put_number(doc, client, "client",
                   id_give(&service->clients, helper->plugin, own_number(client, "client")));
    }
    pthread_mutex_unlock(&service->lock);
}

void service_translate_plugin(struct service *service, const struct helper *helper,
                              yyjson_mut_doc *doc, yyjson_mut_val *plugin) {
    yyjson_mut_val *own = yyjson_mut_obj_get(plugin, "devices"), *device;
    yyjson_mut_val *devices = yyjson_mut_arr(doc);
    size_t index, count;
    pthread_mutex_lock(&service->lock);
    yyjson_mut_arr_foreach(own, index, count, device) {
        yyjson_mut_arr_add_uint(
            doc, devices,
            id_give(&service->devices, helper->plugin, (uint32_t)yyjson_mut_get_uint(device)));
    }
    pthread_mutex_unlock(&service->lock);
    yyjson_mut_obj_put(plugin, yyjson_mut_str(doc, "devices"), devices);
    put_number(doc, plugin, "plugin", helper->plugin);
}

static bool method_is(const struct rpc_call *call, const char *name) {
    return strcmp(call->method->name, name) == 0;
}

/* What the method's result holds, by its name. */
static void translate_result(struct service *service, const struct rpc_call *call,
                             const struct helper *helper, yyjson_mut_val *result) {
    if (strncmp(call->method->name, "device.", 7) == 0 &&
        yyjson_mut_obj_get(result, "object_id") != NULL) {
        service_translate_device(service, helper, call->doc, result);
    } else if (method_is(call, "client.add") || method_is(call, "farend.open")) {
        bool client = method_is(call, "client.add");
        const char *key = client ? "client" : "farend";
        pthread_mutex_lock(&service->lock);
        put_number(call->doc, result, key,
                   id_give(client ? &service->clients : &service->farends, helper->plugin,
                           own_number(result, key)));
        pthread_mutex_unlock(&service->lock);
    }
}

/* ---- parameters ---------------------------------------------------------------------------- */

bool service_refuse_gone(struct rpc_failure *failure, const struct helper *helper,
                         const char *what) {
    const char *slash = strrchr(helper->path, '/');
    if (helper->how[0] == '\0') { /* unloaded: that was asked for */
        return rpc_fail_status(failure, HALSIM_ERROR_NOT_FOUND,
                               "%s: plug-in %u: no such plug-in is loaded", what, helper->plugin);
    }
    (void)rpc_fail_status(
        failure, HALSIM_ERROR_NOT_FOUND,
        "%s: gone with plug-in %u: the helper of %.200s %s; ask plugin.list and device.list for "
        "what there is now",
        what, helper->plugin, slash != NULL ? slash + 1 : helper->path, helper->how);
    failure->error.os_status = SERVICE_BAD_OBJECT;
    return false;
}

/* The helper of that number, NULL when it does not run, with the failure. */
static struct helper *running(struct service *service, uint64_t plugin, const char *what,
                              struct rpc_failure *failure) {
    pthread_mutex_lock(&service->lock);
    struct helper *helper = plugin < service->count ? service->helpers[plugin] : NULL;
    bool runs = helper != NULL && helper->state == HELPER_RUNNING;
    pthread_mutex_unlock(&service->lock);
    if (helper == NULL) {
        rpc_fail_status(failure, HALSIM_ERROR_NOT_FOUND, "plug-in %llu: no such plug-in is loaded",
                        (unsigned long long)plugin);
    } else if (!runs) {
        (void)service_refuse_gone(failure, helper, what);
    }
    return runs ? helper : NULL;
}

/* As halsim_device_find(): by UID, else by a name that only one has. */
static bool find_device(struct service *service, struct rpc_call *call, const char *text,
                        uint64_t *number) {
    yyjson_mut_val *list = service_name_devices(service, call->doc), *device;
    size_t index, count;
    uint32_t by_name = 0;
    char known[512] = "";
    yyjson_mut_arr_foreach(list, index, count, device) {
        const char *uid = yyjson_mut_get_str(yyjson_mut_obj_get(device, "uid"));
        const char *name = yyjson_mut_get_str(yyjson_mut_obj_get(device, "name"));
        size_t used = strlen(known);
        if (uid == NULL || name == NULL) {
            continue;
        }
        if (strcmp(uid, text) == 0) {
            *number = own_number(device, "device");
            return true;
        }
        snprintf(known + used, sizeof known - used, "%s\"%.100s\" (%.100s)", used > 0 ? ", " : "",
                 name, uid);
        if (strcmp(name, text) == 0) {
            *number = own_number(device, "device");
            by_name++;
        }
    }
    if (by_name > 1) {
        return rpc_fail_status(&call->failure, HALSIM_ERROR_ARGUMENT,
                               "device \"%.80s\": %u devices have this name; use a UID: %s", text,
                               by_name, known);
    }
    return by_name == 1 || rpc_fail_status(&call->failure, HALSIM_ERROR_NOT_FOUND,
                                           "device \"%.80s\": not found; there is %s", text,
                                           known[0] == '\0' ? "none" : known);
}

struct helper *service_device_param(struct service *service, struct rpc_call *call, uint32_t *own) {
    yyjson_val *value = params_get(&call->params, "device");
    uint64_t number = yyjson_get_uint(value);
    char what[320];
    if (yyjson_is_str(value)) {
        const char *text = NULL;
        if (!params_string(&call->params, "device", PARAM_REQUIRED, &text) ||
            !find_device(service, call, text, &number)) {
            return NULL;
        }
    } else if (!yyjson_is_uint(value) || number > UINT32_MAX) {
        params_fail(&call->params, "device", "must be the index, the UID or the name of a device");
        return NULL;
    }
    pthread_mutex_lock(&service->lock);
    const struct id_entry *entry = id_find(&service->devices, number);
    uint32_t plugin = entry != NULL ? entry->plugin : 0;
    *own = entry != NULL ? entry->own : 0;
    snprintf(what, sizeof what, "device %llu%s%.200s%s", (unsigned long long)number,
             entry != NULL && entry->name != NULL ? " \"" : "",
             entry != NULL && entry->name != NULL ? entry->name : "",
             entry != NULL && entry->name != NULL ? "\"" : "");
    pthread_mutex_unlock(&service->lock);
    if (entry == NULL) {
        rpc_fail_status(&call->failure, HALSIM_ERROR_NOT_FOUND,
                        "device %llu: there is no such device", (unsigned long long)number);
        return NULL;
    }
    return running(service, plugin, what, &call->failure);
}

/* "client" and "farend": *helper is that of the device, or becomes that of the thing. */
static bool translate_thing(struct service *service, struct rpc_call *call, const char *key,
                            const struct id_table *table, yyjson_mut_doc *doc,
                            yyjson_mut_val *params, struct helper **helper) {
    yyjson_mut_val *value = yyjson_mut_obj_get(params, key);
    if (value == NULL || !yyjson_mut_is_uint(value)) {
        return true; /* the helper says what is wrong with it */
    }
    char what[64];
    uint64_t number = yyjson_mut_get_uint(value);
    pthread_mutex_lock(&service->lock);
    const struct id_entry *entry = id_find(table, number);
    const struct id_entry found = entry != NULL ? *entry : (struct id_entry){0};
    pthread_mutex_unlock(&service->lock);
    snprintf(what, sizeof what, "%s %llu", key, (unsigned long long)number);
    if (entry == NULL || (*helper != NULL && found.plugin != (*helper)->plugin)) {
        return rpc_fail_status(&call->failure, HALSIM_ERROR_NOT_FOUND, "%s: there is no such %s%s",
                               what, strcmp(key, "farend") == 0 ? "far end" : key,
                               *helper != NULL ? " on that device" : "");
    }
    if (*helper == NULL) {
        *helper = running(service, found.plugin, what, &call->failure);
    }
    put_number(doc, params, key, found.own);
    return *helper != NULL;
}

/* "plugin", also inside "object". A helper has one plug-in, its number 0. */
static bool translate_plugin(struct service *service, struct rpc_call *call, yyjson_mut_doc *doc,
                             yyjson_mut_val *object, struct helper **helper) {
    yyjson_mut_val *value = yyjson_mut_obj_get(object, "plugin");
    if (*helper != NULL || value == NULL || !yyjson_mut_is_uint(value)) {
        return true;
    }
    *helper = running(service, yyjson_mut_get_uint(value), call->method->name, &call->failure);
    put_number(doc, object, "plugin", 0);
    return *helper != NULL;
}

/* For what names nobody: the only one there is, so that it can say what is missing. */
static struct helper *only_helper(struct service *service) {
    uint32_t next = 0;
    struct helper *first = service_next_running(service, &next);
    return first != NULL && service_next_running(service, &next) == NULL ? first : NULL;
}

static struct helper *translate_params(struct service *service, struct rpc_call *call,
                                       yyjson_mut_doc *doc, yyjson_mut_val *params) {
    struct helper *helper = NULL;
    uint32_t own = 0;
    if (params_get(&call->params, "device") != NULL) {
        helper = service_device_param(service, call, &own);
        if (helper == NULL) {
            return NULL;
        }
        put_number(doc, params, "device", own);
    }
    if (!translate_thing(service, call, "client", &service->clients, doc, params, &helper) ||
        !translate_thing(service, call, "farend", &service->farends, doc, params, &helper) ||
        !translate_plugin(service, call, doc, yyjson_mut_obj_get(params, "object"), &helper) ||
        !translate_plugin(service, call, doc, params, &helper)) {
        return NULL;
    }
    return helper != NULL ? helper : only_helper(service);
}

/* "client 1: its IO does not run" is of the client that is called 3 here. */
static void rename_in_message(struct rpc_call *call, yyjson_mut_val *own_params) {
    static const struct {
        const char *key, *before, *after;
    } places[] = {
        {"client", "client ", ":"}, {"device", "device ", ":"}, {"farend", "no far end ", ""}};
    char *message = call->failure.error.message;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        yyjson_val *given = params_get(&call->params, places[i].key);
        char own[64], rest[HALSIM_MESSAGE_MAX];
        int length = snprintf(own, sizeof own, "%s%u%s", places[i].before,
                              own_number(own_params, places[i].key), places[i].after);
        if (yyjson_is_uint(given) && strncmp(message, own, (size_t)length) == 0) {
            snprintf(rest, sizeof rest, "%s", message + length);
            snprintf(message, HALSIM_MESSAGE_MAX, "%s%llu%s%.700s", places[i].before,
                     (unsigned long long)yyjson_get_uint(given), places[i].after, rest);
            return;
        }
    }
}

yyjson_mut_val *service_ask_named(struct service *service, struct rpc_call *call) {
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *params = call->params.object != NULL
                                 ? yyjson_val_mut_copy(doc, call->params.object)
                                 : yyjson_mut_obj(doc);
    struct helper *helper = translate_params(service, call, doc, params);
    if (helper == NULL) {
        yyjson_mut_doc_free(doc);
        uint32_t next = 0;
        if (call->failure.code == 0 && method_is(call, "farend.open") &&
            service_next_running(service, &next) != NULL) {
            params_fail(&call->params, "device",
                        "must say whose cycles drive the far end: there are several plug-ins");
        }
        /* It names nobody: here nothing is loaded, and the answer says what is missing. */
        return call->failure.code == 0 ? rpc_carry_out_here(call) : NULL;
    }
    yyjson_doc *answer =
        service_call(service, helper, call->method->name, doc, params, &call->failure);
    if (answer == NULL) {
        rename_in_message(call, params);
    }
    yyjson_mut_doc_free(doc);
    service_follow_clock(service, helper);
    if (answer == NULL) {
        return NULL;
    }
    yyjson_mut_val *result = yyjson_val_mut_copy(call->doc, service_result(answer));
    yyjson_doc_free(answer);
    translate_result(service, call, helper, result);
    return result;
}

struct helper *service_next_running(struct service *service, uint32_t *next) {
    struct helper *found = NULL;
    pthread_mutex_lock(&service->lock);
    while (found == NULL && *next < service->count) {
        struct helper *helper = service->helpers[(*next)++];
        found = helper->state == HELPER_RUNNING ? helper : NULL;
    }
    pthread_mutex_unlock(&service->lock);
    return found;
}

yyjson_mut_val *service_carry_out(void *context, struct rpc_call *call) {
    struct service *service = context;
    service_method method = service_method_find(call->method->name);
    if (service->is_virtual) {
        service_start_due(service);
    }
    return method != NULL ? method(service, call) : service_ask_named(service, call);
}
