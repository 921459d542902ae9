/* service_notices.c - lines that nobody asked for. */
#include "json_values.h"
#include "service_internal.h"
#include <stdio.h>
#include <string.h>

static yyjson_mut_val *begin_line(yyjson_mut_doc *doc, const char *kind) {
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_str(doc, root, "jsonrpc", "2.0");
    yyjson_mut_obj_add_str(doc, root, "method", "notice");
    yyjson_mut_val *params = yyjson_mut_obj_add_obj(doc, root, "params");
    yyjson_mut_obj_add_str(doc, params, "kind", kind);
    return params;
}

static void send_line(struct service *service, yyjson_mut_doc *doc) {
    char *line = yyjson_mut_write(doc, YYJSON_WRITE_NOFLAG, NULL);
    yyjson_mut_doc_free(doc);
    if (line != NULL) {
        notices_add_line(service->rpc->notices, line);
    }
}

void service_pass_notice(struct service *service, const struct helper *helper, yyjson_val *root) {
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *copy = yyjson_val_mut_copy(doc, root);
    yyjson_mut_val *params = yyjson_mut_obj_get(copy, "params");
    yyjson_mut_doc_set_root(doc, copy);
    if (yyjson_mut_obj_get(params, "plugin") != NULL) {
        yyjson_mut_obj_put(params, yyjson_mut_str(doc, "plugin"),
                           yyjson_mut_uint(doc, helper->plugin));
    }
    send_line(service, doc);
}

static void tell_device_gone(struct service *service, const struct helper *helper, uint32_t number,
                             const struct id_entry *entry) {
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *params = begin_line(doc, "device-gone");
    char text[256];
    snprintf(text, sizeof text, "its helper %.150s", helper->how);
    yyjson_mut_obj_add_uint(doc, params, "plugin", helper->plugin);
    yyjson_mut_obj_add_uint(doc, params, "object", entry->object);
    yyjson_mut_obj_add_uint(doc, params, "device", number);
    yyjson_mut_obj_add_val(doc, params, "uid", json_text(doc, entry->uid));
    yyjson_mut_obj_add_val(doc, params, "name", json_text(doc, entry->name));
    yyjson_mut_obj_add_strcpy(doc, params, "text", text);
    send_line(service, doc);
}

static void copy_member(yyjson_mut_doc *doc, yyjson_mut_val *to, const char *key,
                        yyjson_val *from) {
    yyjson_val *value = yyjson_obj_get(from, key);
    yyjson_mut_obj_add_val(doc, to, key,
                           value != NULL ? yyjson_val_mut_copy(doc, value) : yyjson_mut_null(doc));
}

void service_tell_end(struct service *service, const struct helper *helper, yyjson_val *report) {
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *params = begin_line(doc, "helper-ended");
    char text[PATH_MAX + 256];
    snprintf(text, sizeof text, "%s: its helper %s", helper->path, helper->how);
    yyjson_mut_obj_add_uint(doc, params, "plugin", helper->plugin);
    yyjson_mut_obj_add_val(doc, params, "path", json_text(doc, helper->path));
    yyjson_mut_obj_add_sint(doc, params, "pid", helper->pid);
    if (helper->event != NULL) { /* it could not report itself */
        yyjson_mut_obj_add_str(doc, params, "event", helper->event);
        yyjson_mut_obj_add_str(doc, params, "signal", helper->signal);
    } else {
        copy_member(doc, params, "event", report);
        copy_member(doc, params, "signal", report);
    }
    copy_member(doc, params, "entry_point", report);
    if (helper->due_ns > 0) {
        yyjson_mut_obj_add_uint(doc, params, "restart_ns", helper->due_ns);
    } else {
        yyjson_mut_obj_add_null(doc, params, "restart_ns");
    }
    yyjson_mut_obj_add_val(doc, params, "text", json_text(doc, text));
    send_line(service, doc);
    for (uint32_t i = 0; i < service->devices.count; i++) {
        const struct id_entry *entry = &service->devices.entries[i];
        if (entry->plugin == helper->plugin && entry->is_listed) {
            tell_device_gone(service, helper, service->devices.first + i, entry);
        }
    }
}

void service_tell_restart(struct service *service, const struct helper *before,
                          yyjson_mut_val *plugin, const char *text) {
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *params =
        begin_line(doc, plugin != NULL ? "helper-restarted" : "helper-given-up");
    yyjson_mut_obj_add_uint(doc, params, "replaces", before->plugin);
    yyjson_mut_obj_add_val(doc, params, "path", json_text(doc, before->path));
    if (plugin != NULL) {
        yyjson_mut_obj_add_val(doc, params, "plugin",
                               yyjson_mut_val_mut_copy(doc, yyjson_mut_obj_get(plugin, "plugin")));
        yyjson_mut_obj_add_val(doc, params, "devices",
                               yyjson_mut_val_mut_copy(doc, yyjson_mut_obj_get(plugin, "devices")));
    } else {
        yyjson_mut_obj_add_uint(doc, params, "plugin", before->plugin);
    }
    if (text != NULL) {
        yyjson_mut_obj_add_val(doc, params, "text", json_text(doc, text));
    }
    send_line(service, doc);
}
