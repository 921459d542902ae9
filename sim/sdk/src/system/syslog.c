/* syslog.c - syslog(3) into the log sink. */
#include "system/log.h"
#include "system/text.h"
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syslog.h>

static _Atomic(const char *) identity;
static _Atomic int log_mask = 0xFF;

static const char *level_of(int priority) {
    switch (LOG_PRI(priority)) {
    case LOG_EMERG:
    case LOG_ALERT:
    case LOG_CRIT:
        return "fault";
    case LOG_ERR:
        return "error";
    case LOG_INFO:
        return "info";
    case LOG_DEBUG:
        return "debug";
    default:
        return "default";
    }
}

void halsdk_vsyslog(int priority, const char *format, va_list args) {
    const char *category = atomic_load(&identity);
    int saved_errno = errno;
    char *message = NULL;
    char short_message[1024];
    va_list again;
    int length;

    if (!(atomic_load(&log_mask) & LOG_MASK(LOG_PRI(priority))))
        return;
    va_copy(again, args);
    length = vsnprintf(short_message, sizeof short_message, format, args);
    if (length >= (int)sizeof short_message && (message = malloc((size_t)length + 1)) != NULL) {
        errno = saved_errno; /* %m */
        vsnprintf(message, (size_t)length + 1, format, again);
    }
    va_end(again);
    if (length >= 0) {
        char *text = message ? message : short_message;
        size_t end = strlen(text);

        while (end > 0 && text[end - 1] == '\n')
            text[--end] = '\0';
        halsdk_log_emit(level_of(priority), "", category ? category : "", text);
    }
    free(message);
    errno = saved_errno;
}

void halsdk_syslog(int priority, const char *format, ...) {
    va_list args;

    va_start(args, format);
    halsdk_vsyslog(priority, format, args);
    va_end(args);
}

void halsdk_openlog(const char *ident, int options, int facility) {
    (void)options;
    (void)facility;
    atomic_store(&identity, ident);
}

void halsdk_closelog(void) {
    atomic_store(&identity, NULL);
}

int halsdk_setlogmask(int mask) {
    return mask == 0 ? atomic_load(&log_mask) : atomic_exchange(&log_mask, mask);
}
