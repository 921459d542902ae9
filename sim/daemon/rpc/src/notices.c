/* notices.c - the queue of notifications. */
#include "notices.h"
#include "json_values.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct notices {
    pthread_mutex_t lock;
    char *lines[NOTICES_MAX];
    uint32_t first, count;
    uint64_t dropped; /* since the last line that said so */
    void (*wakeup)(void *context);
    void *wakeup_context;
};

struct notices *notices_create(void) {
    struct notices *notices = calloc(1, sizeof *notices);
    if (notices != NULL) {
        pthread_mutex_init(&notices->lock, NULL);
    }
    return notices;
}

void notices_destroy(struct notices *notices) {
    if (notices == NULL) {
        return;
    }
    for (uint32_t i = 0; i < notices->count; i++) {
        free(notices->lines[(notices->first + i) % NOTICES_MAX]);
    }
    pthread_mutex_destroy(&notices->lock);
    free(notices);
}

void notices_set_wakeup(struct notices *notices, void (*wakeup)(void *context), void *context) {
    pthread_mutex_lock(&notices->lock);
    notices->wakeup = wakeup;
    notices->wakeup_context = context;
    pthread_mutex_unlock(&notices->lock);
}

/* The words of rpc.md; NULL for a kind that the protocol does not have. */
static const char *kind_name(enum halsim_notice_kind kind) {
    switch (kind) {
    case HALSIM_NOTICE_PROPERTIES_CHANGED:
        return "properties-changed";
    case HALSIM_NOTICE_CONFIGURATION_REQUESTED:
        return "configuration-requested";
    case HALSIM_NOTICE_CONFIGURATION_PERFORMED:
        return "configuration-performed";
    case HALSIM_NOTICE_CONFIGURATION_ABORTED:
        return "configuration-aborted";
    case HALSIM_NOTICE_OVERLOAD:
        return "overload";
    case HALSIM_NOTICE_IO_STOPPED_ABNORMALLY:
        return "io-stopped-abnormally";
    case HALSIM_NOTICE_WARNING:
        return "warning";
    }
    return NULL;
}

static void add_addresses(yyjson_mut_doc *doc, yyjson_mut_val *params,
                          const struct halsim_notice *notice) {
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, params, "addresses");
    for (uint32_t i = 0; i < notice->address_count; i++) {
        const AudioObjectPropertyAddress *address = &notice->addresses[i];
        yyjson_mut_val *entry = yyjson_mut_arr_add_obj(doc, list);
        yyjson_mut_obj_add_val(doc, entry, "selector", json_from_fourcc(doc, address->mSelector));
        yyjson_mut_obj_add_val(doc, entry, "scope", json_from_fourcc(doc, address->mScope));
        yyjson_mut_obj_add_uint(doc, entry, "element", address->mElement);
    }
}

static yyjson_mut_val *begin_line(yyjson_mut_doc *doc, const char *kind) {
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_str(doc, root, "jsonrpc", "2.0");
    yyjson_mut_obj_add_str(doc, root, "method", "notice");
    yyjson_mut_val *params = yyjson_mut_obj_add_obj(doc, root, "params");
    yyjson_mut_obj_add_str(doc, params, "kind", kind);
    return params;
}

static char *format_notice(const struct halsim_notice *notice, const char *kind) {
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *params = begin_line(doc, kind);
    yyjson_mut_obj_add_uint(doc, params, "plugin", notice->plugin);
    yyjson_mut_obj_add_uint(doc, params, "object", notice->object);
    switch (notice->kind) {
    case HALSIM_NOTICE_PROPERTIES_CHANGED:
        add_addresses(doc, params, notice);
        break;
    case HALSIM_NOTICE_CONFIGURATION_REQUESTED:
    case HALSIM_NOTICE_CONFIGURATION_PERFORMED:
    case HALSIM_NOTICE_CONFIGURATION_ABORTED:
        yyjson_mut_obj_add_uint(doc, params, "change_action", notice->change_action);
        break;
    case HALSIM_NOTICE_OVERLOAD:
    case HALSIM_NOTICE_IO_STOPPED_ABNORMALLY:
    case HALSIM_NOTICE_WARNING:
        break;
    }
    if (notice->text != NULL) {
        yyjson_mut_obj_add_val(doc, params, "text", json_text(doc, notice->text));
    }
    char *line = yyjson_mut_write(doc, YYJSON_WRITE_NOFLAG, NULL);
    yyjson_mut_doc_free(doc);
    return line;
}

static char *format_dropped(uint64_t dropped) {
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *params = begin_line(doc, "notices-dropped");
    yyjson_mut_obj_add_uint(doc, params, "count", dropped);
    char *line = yyjson_mut_write(doc, YYJSON_WRITE_NOFLAG, NULL);
    yyjson_mut_doc_free(doc);
    return line;
}

void notices_add(const struct halsim_notice *notice, void *context) {
    const char *kind = kind_name(notice->kind);
    char *line = kind != NULL ? format_notice(notice, kind) : NULL;
    if (line != NULL) {
        notices_add_line(context, line);
    }
}

void notices_add_line(struct notices *notices, char *line) {
    pthread_mutex_lock(&notices->lock);
    if (notices->count == NOTICES_MAX) {
        notices->dropped++;
        free(line);
    } else {
        notices->lines[(notices->first + notices->count++) % NOTICES_MAX] = line;
    }
    if (notices->wakeup != NULL) {
        notices->wakeup(notices->wakeup_context);
    }
    pthread_mutex_unlock(&notices->lock);
}

char *notices_take(struct notices *notices) {
    char *line = NULL;
    pthread_mutex_lock(&notices->lock);
    if (notices->count > 0) {
        line = notices->lines[notices->first];
        notices->first = (notices->first + 1) % NOTICES_MAX;
        notices->count--;
    } else if (notices->dropped > 0) {
        line = format_dropped(notices->dropped);
        notices->dropped = 0;
    }
    pthread_mutex_unlock(&notices->lock);
    return line;
}
