/* service_methods.c - requests that name no helper: lists, sums, and what all are told. */
#include "json_values.h"
#include "service_internal.h"
#include "threads.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what all are told --------------------------------------------------------------------- */

/* "PATH" for the plug-in that has it, "PATH.3" for plug-in 3. */
static void put_path(struct service *service, const struct helper *helper,
                     enum service_setting setting, yyjson_mut_doc *doc, yyjson_mut_val *params) {
    const char *path = yyjson_mut_get_str(yyjson_mut_obj_get(params, "path"));
    if (path == NULL) {
        return;
    }
    pthread_mutex_lock(&service->lock);
    if (service->file_owner[setting] == UINT32_MAX) {
        service->file_owner[setting] = helper->plugin;
    }
    bool is_owner = service->file_owner[setting] == helper->plugin;
    pthread_mutex_unlock(&service->lock);
    if (!is_owner) {
        char numbered[PATH_MAX + 16];
        snprintf(numbered, sizeof numbered, "%s.%u", path, helper->plugin);
        yyjson_mut_obj_put(params, yyjson_mut_str(doc, "path"), yyjson_mut_strcpy(doc, numbered));
    }
}

static const char *const setting_methods[SETTING_COUNT] = {
    [SETTING_CLOCK] = "host.set_clock",          [SETTING_LEDGER] = "ledger.begin",
    [SETTING_FINGERPRINT] = "fingerprint.begin", [SETTING_TRACE] = "trace.open",
    [SETTING_LOG] = "fingerprint.log",           [SETTING_COVERAGE] = "host.coverage",
};

static bool tell(struct service *service, struct helper *helper, enum service_setting setting,
                 const char *method, yyjson_val *given, struct rpc_failure *failure) {
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *params = given != NULL ? yyjson_val_mut_copy(doc, given) : yyjson_mut_obj(doc);
    if (setting == SETTING_TRACE || setting == SETTING_LOG) {
        put_path(service, helper, setting, doc, params);
    }
    yyjson_doc *answer = service_call(service, helper, method, doc, params, failure);
    yyjson_mut_doc_free(doc);
    yyjson_doc_free(answer);
    return answer != NULL;
}

bool service_repeat_settings(struct service *service, struct helper *helper,
                             struct rpc_failure *failure) {
    bool ok = true;
    for (int i = 0; i < SETTING_COUNT && ok; i++) {
        pthread_mutex_lock(&service->lock);
        const char *text = service->settings[i];
        yyjson_doc *doc = text != NULL ? yyjson_read(text, strlen(text), YYJSON_READ_NOFLAG) : NULL;
        pthread_mutex_unlock(&service->lock);
        if (doc != NULL) {
            ok = tell(service, helper, (enum service_setting)i, setting_methods[i],
                      yyjson_doc_get_root(doc), failure);
            yyjson_doc_free(doc);
        }
    }
    return ok;
}

/* The front's own host first: it says what is wrong with the parameters. A helper that dies over it
 * is told of by itself. */
static yyjson_mut_val *tell_all(struct service *service, struct rpc_call *call,
                                enum service_setting setting) {
    yyjson_mut_val *result = rpc_carry_out_here(call);
    uint32_t next = 0;
    struct helper *helper;
    while (result != NULL && (helper = service_next_running(service, &next)) != NULL) {
        if (!tell(service, helper, setting, call->method->name, call->params.object,
                  &call->failure) &&
            call->failure.error.os_status != SERVICE_BAD_OBJECT) {
            return NULL;
        }
        call->failure = (struct rpc_failure){0};
    }
    return result;
}

/* `text` is taken over; NULL: it is not asked for any more. */
static void keep_setting(struct service *service, enum service_setting setting, char *text) {
    pthread_mutex_lock(&service->lock);
    free(service->settings[setting]);
    service->settings[setting] = text;
    pthread_mutex_unlock(&service->lock);
}

yyjson_mut_val *service_begin_setting(struct service *service, struct rpc_call *call,
                                      enum service_setting setting) {
    pthread_mutex_lock(&service->lock);
    service->file_owner[setting] = UINT32_MAX;
    pthread_mutex_unlock(&service->lock);
    yyjson_mut_val *result = tell_all(service, call, setting);
    if (result != NULL) {
        keep_setting(service, setting,
                     call->params.object != NULL ? yyjson_val_write(call->params.object, 0, NULL)
                                                 : strdup("{}"));
    }
    return result;
}

yyjson_mut_val *service_end_setting(struct service *service, struct rpc_call *call,
                                    enum service_setting setting) {
    keep_setting(service, setting, NULL);
    return tell_all(service, call, SETTING_COUNT);
}

static yyjson_mut_val *host_set_clock(struct service *service, struct rpc_call *call) {
    return service_begin_setting(service, call, SETTING_CLOCK);
}

static yyjson_mut_val *ledger_begin(struct service *service, struct rpc_call *call) {
    return service_begin_setting(service, call, SETTING_LEDGER);
}

static yyjson_mut_val *ledger_end(struct service *service, struct rpc_call *call) {
    return service_end_setting(service, call, SETTING_LEDGER);
}

static yyjson_mut_val *ledger_fail_allocation(struct service *service, struct rpc_call *call) {
    return tell_all(service, call, SETTING_COUNT);
}

static yyjson_mut_val *fingerprint_begin(struct service *service, struct rpc_call *call) {
    return service_begin_setting(service, call, SETTING_FINGERPRINT);
}

/* Without a path it closes the log: there is nothing to repeat. */
static yyjson_mut_val *fingerprint_log(struct service *service, struct rpc_call *call) {
    return params_get(&call->params, "path") != NULL
               ? service_begin_setting(service, call, SETTING_LOG)
               : service_end_setting(service, call, SETTING_LOG);
}

static yyjson_mut_val *trace_open(struct service *service, struct rpc_call *call) {
    return service_begin_setting(service, call, SETTING_TRACE);
}

static yyjson_mut_val *trace_close(struct service *service, struct rpc_call *call) {
    return service_end_setting(service, call, SETTING_TRACE);
}

/* ---- what all are asked -------------------------------------------------------------------- */

yyjson_mut_val *service_ask_plain(struct service *service, struct helper *helper,
                                  const char *method, yyjson_mut_doc *doc,
                                  struct rpc_failure *failure) {
    yyjson_doc *answer = service_call(service, helper, method, NULL, NULL, failure);
    yyjson_mut_val *result =
        answer != NULL ? yyjson_val_mut_copy(doc, service_result(answer)) : NULL;
    yyjson_doc_free(answer);
    return result;
}

static void forget_listed(struct service *service, const struct helper *helper) {
    pthread_mutex_lock(&service->lock);
    for (uint32_t i = 0; i < service->devices.count; i++) {
        if (service->devices.entries[i].plugin == helper->plugin) {
            service->devices.entries[i].is_listed = false;
        }
    }
    pthread_mutex_unlock(&service->lock);
}

yyjson_mut_val *service_list_devices(struct service *service, struct helper *helper,
                                     const char *method, yyjson_mut_doc *doc,
                                     struct rpc_failure *failure) {
    yyjson_mut_val *list = service_ask_plain(service, helper, method, doc, failure), *device;
    size_t index, count;
    if (list != NULL) {
        forget_listed(service, helper);
        yyjson_mut_arr_foreach(list, index, count, device) {
            service_translate_device(service, helper, doc, device);
        }
    }
    return list;
}

/* All, in the order of the plug-ins. A helper that dies over it has none. */
static yyjson_mut_val *list_devices(struct service *service, const char *method,
                                    yyjson_mut_doc *doc) {
    yyjson_mut_val *result = yyjson_mut_arr(doc), *device;
    uint32_t next = 0;
    struct helper *helper;
    while ((helper = service_next_running(service, &next)) != NULL) {
        struct rpc_failure unheard = {0};
        yyjson_mut_val *list = service_list_devices(service, helper, method, doc, &unheard);
        while (list != NULL && (device = yyjson_mut_arr_remove_first(list)) != NULL) {
            yyjson_mut_arr_append(result, device);
        }
    }
    return result;
}

static yyjson_mut_val *device_list(struct service *service, struct rpc_call *call) {
    return list_devices(service, "device.list", call->doc);
}

yyjson_mut_val *service_name_devices(struct service *service, yyjson_mut_doc *doc) {
    return list_devices(service, "device.names", doc);
}

static yyjson_mut_val *device_names(struct service *service, struct rpc_call *call) {
    return service_name_devices(service, call->doc);
}

static yyjson_mut_val *plugin_list(struct service *service, struct rpc_call *call) {
    yyjson_mut_val *result = yyjson_mut_arr(call->doc);
    uint32_t next = 0;
    struct helper *helper;
    while ((helper = service_next_running(service, &next)) != NULL) {
        struct rpc_failure unheard = {0};
        yyjson_mut_val *list =
            service_ask_plain(service, helper, "plugin.list", call->doc, &unheard);
        yyjson_mut_val *plugin = yyjson_mut_arr_remove_first(list);
        if (plugin != NULL) {
            service_translate_plugin(service, helper, call->doc, plugin);
            yyjson_mut_arr_append(result, plugin);
        }
    }
    return result;
}

/* What the processes hold that drivers live in; the front's own is none of theirs. */
static yyjson_mut_val *host_resources(struct service *service, struct rpc_call *call) {
    static const char *const keys[] = {"allocated_bytes", "resident_bytes", "cf_objects",
                                       "descriptors",     "threads",        "mappings"};
    uint64_t sums[6] = {0};
    bool known[6] = {true, true, true, true, true, true};
    uint32_t next = 0, count = 0;
    struct helper *helper;
    while ((helper = service_next_running(service, &next)) != NULL) {
        struct rpc_failure unheard = {0};
        yyjson_doc *answer = service_call(service, helper, "host.resources", NULL, NULL, &unheard);
        for (size_t i = 0; i < 6 && answer != NULL; i++) {
            yyjson_val *value = yyjson_obj_get(service_result(answer), keys[i]);
            known[i] = known[i] && yyjson_is_uint(value);
            sums[i] += yyjson_get_uint(value);
        }
        count += answer != NULL ? 1 : 0;
        yyjson_doc_free(answer);
    }
    if (count == 0) {
        return rpc_carry_out_here(call);
    }
    yyjson_mut_val *result = yyjson_mut_obj(call->doc);
    for (size_t i = 0; i < 6; i++) {
        yyjson_mut_obj_add_val(call->doc, result, keys[i],
                               known[i] ? yyjson_mut_uint(call->doc, sums[i])
                                        : yyjson_mut_null(call->doc));
    }
    return result;
}

/* One helper's as it is: a run of one plug-in has the same number in both models. */
static yyjson_mut_val *fingerprint_read(struct service *service, struct rpc_call *call) {
    yyjson_mut_doc *doc = call->doc;
    yyjson_mut_val *list = yyjson_mut_arr(doc), *one;
    uint64_t hash = UINT64_C(14695981039346656037), events = 0, cycles = 0, every = 1;
    uint32_t next = 0;
    struct helper *helper;
    while ((helper = service_next_running(service, &next)) != NULL) {
        one = service_ask_plain(service, helper, "fingerprint.read", doc, &call->failure);
        if (one == NULL && call->failure.error.os_status != SERVICE_BAD_OBJECT) {
            return NULL;
        }
        call->failure = (struct rpc_failure){0};
        if (one == NULL) {
            continue;
        }
        char text[64];
        snprintf(text, sizeof text, "%u:%.40s;", helper->plugin,
                 yyjson_mut_get_str(yyjson_mut_obj_get(one, "hash")));
        for (const char *c = text; *c != '\0'; c++) { /* FNV-1a */
            hash = (hash ^ (unsigned char)*c) * UINT64_C(1099511628211);
        }
        events += yyjson_mut_get_uint(yyjson_mut_obj_get(one, "events"));
        cycles += yyjson_mut_get_uint(yyjson_mut_obj_get(one, "cycles"));
        yyjson_mut_obj_add_uint(doc, one, "plugin", helper->plugin);
        yyjson_mut_arr_append(list, one);
    }
    if (yyjson_mut_arr_size(list) == 0) {
        return rpc_carry_out_here(call);
    }
    if (yyjson_mut_arr_size(list) == 1) {
        one = yyjson_mut_arr_remove_first(list);
        (void)yyjson_mut_obj_remove_key(one, "plugin");
        return one;
    }
    char text[17];
    snprintf(text, sizeof text, "%016llx", (unsigned long long)hash);
    yyjson_mut_val *result = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_strcpy(doc, result, "hash", text);
    yyjson_mut_obj_add_uint(doc, result, "events", events);
    yyjson_mut_obj_add_uint(doc, result, "cycles", cycles);
    yyjson_mut_obj_add_uint(doc, result, "every", every);
    (void)yyjson_mut_obj_add_arr(doc, result, "checkpoints");
    yyjson_mut_obj_add_val(doc, result, "helpers", list);
    return result;
}

/* Rows of several plug-ins stand beside each other, each with its plug-in. */
static yyjson_mut_val *ledger_read(struct service *service, struct rpc_call *call) {
    yyjson_mut_val *result = NULL, *rows = NULL;
    uint64_t failed = 0;
    uint32_t next = 0;
    struct helper *helper;
    while ((helper = service_next_running(service, &next)) != NULL) {
        yyjson_mut_val *one =
            service_ask_plain(service, helper, "ledger.read", call->doc, &call->failure);
        if (one == NULL && call->failure.error.os_status != SERVICE_BAD_OBJECT) {
            return NULL;
        }
        call->failure = (struct rpc_failure){0};
        failed += yyjson_mut_get_uint(yyjson_mut_obj_get(one, "failed_allocations"));
        yyjson_mut_val *more = yyjson_mut_obj_get(one, "rows"), *row;
        size_t index, count;
        yyjson_mut_arr_foreach(more, index, count, row) {
            yyjson_mut_obj_add_uint(call->doc, row, "plugin", helper->plugin);
        }
        if (result == NULL) {
            result = one;
            rows = more;
            continue;
        }
        while ((row = yyjson_mut_arr_remove_first(more)) != NULL) {
            yyjson_mut_arr_append(rows, row);
        }
    }
    if (result == NULL) {
        return rpc_carry_out_here(call);
    }
    yyjson_mut_obj_put(result, yyjson_mut_str(call->doc, "failed_allocations"),
                       yyjson_mut_uint(call->doc, failed));
    return result;
}

/* The rules are the front's own; each thing that was refused has its plug-in. */
static yyjson_mut_val *sandbox_read(struct service *service, struct rpc_call *call) {
    yyjson_mut_val *result = rpc_carry_out_here(call);
    yyjson_mut_val *cases = yyjson_mut_obj_get(result, "cases");
    uint32_t next = 0;
    struct helper *helper;
    while ((helper = service_next_running(service, &next)) != NULL) {
        yyjson_mut_val *one =
            service_ask_plain(service, helper, "sandbox.read", call->doc, &call->failure);
        if (one == NULL && call->failure.error.os_status != SERVICE_BAD_OBJECT) {
            return NULL;
        }
        call->failure = (struct rpc_failure){0};
        yyjson_mut_val *more = yyjson_mut_obj_get(one, "cases"), *found;
        while ((found = yyjson_mut_arr_remove_first(more)) != NULL) {
            yyjson_mut_obj_add_uint(call->doc, found, "plugin", helper->plugin);
            yyjson_mut_arr_append(cases, found);
        }
    }
    return result;
}

static void describe_helpers(struct service *service, yyjson_mut_doc *doc, yyjson_mut_val *list) {
    pthread_mutex_lock(&service->lock);
    for (uint32_t i = 0; i < service->count; i++) {
        const struct helper *helper = service->helpers[i];
        bool runs = helper->state == HELPER_RUNNING;
        if (!runs && helper->due_ns == 0) {
            continue;
        }
        yyjson_mut_val *one = yyjson_mut_arr_add_obj(doc, list);
        yyjson_mut_obj_add_uint(doc, one, "plugin", helper->plugin);
        yyjson_mut_obj_add_val(doc, one, "path", json_text(doc, helper->path));
        yyjson_mut_obj_add_val(doc, one, "pid",
                               runs ? yyjson_mut_sint(doc, helper->pid) : yyjson_mut_null(doc));
        yyjson_mut_obj_add_uint(doc, one, "restarts", helper->restarts);
        yyjson_mut_obj_add_val(doc, one, "restart_ns",
                               runs ? yyjson_mut_null(doc) : yyjson_mut_uint(doc, helper->due_ns));
    }
    pthread_mutex_unlock(&service->lock);
}

static yyjson_mut_val *host_info(struct service *service, struct rpc_call *call) {
    yyjson_mut_doc *doc = call->doc;
    yyjson_mut_val *result = rpc_carry_out_here(call);
    uint32_t next = 0;
    struct helper *first = service_next_running(service, &next);
    struct rpc_failure unheard = {0};
    yyjson_mut_val *one =
        first != NULL ? service_ask_plain(service, first, "host.info", doc, &unheard) : NULL;
    /* How drivers live is the helpers' to say. */
    if (one != NULL) {
        yyjson_mut_val *priority = yyjson_mut_obj_get(one, "realtime_priority");
        yyjson_mut_obj_put(result, yyjson_mut_str(doc, "realtime_priority"),
                           yyjson_mut_val_mut_copy(doc, priority));
    }
    bool owned =
        service->is_virtual && !service->options->threads_are_free && threads_can_be_owned();
    yyjson_mut_obj_put(result, yyjson_mut_str(doc, "threads"),
                       yyjson_mut_str(doc, owned ? "owned" : "free"));
    yyjson_mut_obj_put(result, yyjson_mut_str(doc, "schedule"),
                       yyjson_mut_uint(doc, owned ? service->options->schedule : 0));
    yyjson_mut_obj_put(result, yyjson_mut_str(doc, "process_model"), yyjson_mut_str(doc, "helper"));
    describe_helpers(service, doc, yyjson_mut_obj_add_arr(doc, result, "helpers"));
    return result;
}

static yyjson_mut_val *here(struct service *service, struct rpc_call *call) {
    (void)service;
    return rpc_carry_out_here(call);
}

/* ---- plug-ins ------------------------------------------------------------------------------ */

static yyjson_mut_val *plugin_load(struct service *service, struct rpc_call *call) {
    const char *path = NULL;
    if (!params_string(&call->params, "path", PARAM_REQUIRED, &path)) {
        return NULL;
    }
    yyjson_mut_val *plugin = NULL;
    return service_start(service, path, NULL, call->doc, &plugin, &call->failure) != NULL ? plugin
                                                                                          : NULL;
}

/* True when that number has died and waits: it does so no more. */
static bool stop_waiting(struct service *service, uint32_t plugin) {
    pthread_mutex_lock(&service->lock);
    struct helper *helper = plugin < service->count ? service->helpers[plugin] : NULL;
    bool waits = helper != NULL && helper->state == HELPER_ENDED && helper->due_ns > 0;
    if (waits) {
        helper->due_ns = 0;
    }
    pthread_mutex_unlock(&service->lock);
    return waits;
}

static yyjson_mut_val *plugin_unload(struct service *service, struct rpc_call *call) {
    uint32_t plugin = 0;
    if (!params_u32(&call->params, "plugin", PARAM_REQUIRED, 0, UINT32_MAX, &plugin)) {
        return NULL;
    }
    if (stop_waiting(service, plugin)) {
        return yyjson_mut_obj(call->doc);
    }
    yyjson_mut_val *result = service_ask_named(service, call);
    if (result != NULL) {
        service_end(service, service->helpers[plugin]);
    }
    return result;
}

/* All that a probe holds is of one process, and this one has no drivers. */
static yyjson_mut_val *no_probe(struct service *service, struct rpc_call *call) {
    (void)service;
    rpc_fail_status(&call->failure, HALSIM_ERROR_STATE,
                    "%s: drivers have processes of their own; start with --process-model "
                    "in-process",
                    call->method->name);
    return NULL;
}

/* ---- the table ----------------------------------------------------------------------------- */

service_method service_method_find(const char *name) {
    static const struct {
        const char *name;
        service_method method;
    } table[] = {
        {"host.info", host_info},
        {"host.shutdown", here},
        {"host.resources", host_resources},
        {"host.set_clock", host_set_clock},
        {"host.advance", service_host_advance},
        {"host.coverage", service_coverage},
        {"plugin.load", plugin_load},
        {"plugin.unload", plugin_unload},
        {"plugin.list", plugin_list},
        {"device.list", device_list},
        {"device.names", device_names},
        {"io.run", service_io_run},
        {"trace.open", trace_open},
        {"trace.close", trace_close},
        {"ledger.begin", ledger_begin},
        {"ledger.read", ledger_read},
        {"ledger.end", ledger_end},
        {"ledger.fail_allocation", ledger_fail_allocation},
        {"sandbox.read", sandbox_read},
        {"fingerprint.begin", fingerprint_begin},
        {"fingerprint.read", fingerprint_read},
        {"fingerprint.log", fingerprint_log},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].name, name) == 0) {
            return table[i].method;
        }
    }
    return strncmp(name, "probe.", 6) == 0 ? no_probe : NULL;
}
