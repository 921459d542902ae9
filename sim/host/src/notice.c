#include "digest.h"
#include "host_internal.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void observe(struct halsim_fingerprint *fingerprint, const struct halsim_notice *notice) {
    struct halsim_observation seen = {
        .kind = HALSIM_OBSERVED_NOTICE,
        .plugin = (uint16_t)notice->plugin,
        .object = notice->object,
        .code = notice->kind,
        .values = {notice->change_action},
    };
    seen.data =
        halsim_digest_addresses(notice->change_action, notice->address_count, notice->addresses);
    if (notice->text != NULL) {
        seen.data = halsim_digest_bytes(seen.data, notice->text, strlen(notice->text));
    }
    halsim_observe(fingerprint, &seen);
}

void halsim_notify(struct halsim_host *host, const struct halsim_notice *notice) {
    struct halsim_fingerprint *fingerprint = atomic_load(&host->fingerprint);
    if (fingerprint != NULL) {
        observe(fingerprint, notice);
    }
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
