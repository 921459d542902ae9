#include "host_internal.h"
#include <stdarg.h>
#include <stdio.h>

void halsim_notify(struct halsim_host *host, const struct halsim_notice *notice) {
    if (host->config.on_notice != NULL) {
        pthread_mutex_lock(&host->notice_lock);
        host->config.on_notice(notice, host->config.notice_context);
        pthread_mutex_unlock(&host->notice_lock);
    }
}

void halsim_warn(struct halsim_plugin *plugin, AudioObjectID object, const char *format, ...) {
    struct halsim_host *host = atomic_load(&plugin->host);
    if (host == NULL) {
        return; /* nobody is left to be told */
    }
    char text[HALSIM_MESSAGE_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    struct halsim_notice notice = {
        .kind = HALSIM_NOTICE_WARNING,
        .plugin = plugin->index,
        .object = object,
        .text = text,
    };
    halsim_notify(host, &notice);
}
