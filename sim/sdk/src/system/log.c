/* log.c - os_log objects, and the way of a message to the sink. */
#include "system/log.h"

#include "system/callback_slot.h"
#include "system/crash.h"
#include "system/mach_time.h"
#include "system/text.h"
#include <errno.h>
#include <os/log.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

struct os_log_s {
    struct os_log_s *next;
    const char *subsystem;
    const char *category;
};

struct os_log_s _os_log_default = {NULL, "", ""};
struct os_log_s _os_log_disabled = {NULL, "", ""};

static struct callback_slot sink_slot;
static _Atomic bool reveals_private;

static pthread_mutex_t logs_lock = PTHREAD_MUTEX_INITIALIZER;
static struct os_log_s *logs;

void halsdk_set_log_sink(halsdk_log_sink sink, void *context) {
    callback_slot_set(&sink_slot, (void (*)(void))sink, context);
}

void halsdk_set_log_reveals_private(bool reveal) {
    atomic_store(&reveals_private, reveal);
}

bool halsdk_log_has_sink(void) {
    return callback_slot_get(&sink_slot) != NULL;
}

void halsdk_log_emit(const char *level, const char *subsystem, const char *category,
                     const char *message) {
    struct halsdk_log_record record = {
        .time_ns = halsdk_now_ns(),
        .level = level,
        .subsystem = subsystem,
        .category = category,
        .message = message,
    };
    const struct callback *sink = callback_slot_get(&sink_slot);

    if (sink)
        ((halsdk_log_sink)sink->function)(&record, sink->context);
    else
        halsdk_log_write_json(&record);
}

os_log_t os_log_create(const char *subsystem, const char *category) {
    struct os_log_s *log;
    size_t subsystem_size, category_size;
    char *names;

    subsystem = subsystem ? subsystem : "";
    category = category ? category : "";
    pthread_mutex_lock(&logs_lock);
    for (log = logs; log; log = log->next) {
        if (strcmp(log->subsystem, subsystem) == 0 && strcmp(log->category, category) == 0)
            break;
    }
    if (!log) {
        subsystem_size = strlen(subsystem) + 1;
        category_size = strlen(category) + 1;
        log = halsdk_allocate(sizeof *log + subsystem_size + category_size);
        names = (char *)(log + 1);
        log->subsystem = memcpy(names, subsystem, subsystem_size);
        log->category = memcpy(names + subsystem_size, category, category_size);
        log->next = logs;
        logs = log;
    }
    pthread_mutex_unlock(&logs_lock);
    return log;
}

bool os_log_type_enabled(os_log_t log, os_log_type_t type) {
    (void)type;
    return log && log != OS_LOG_DISABLED;
}

static const char *level_of(os_log_type_t type) {
    switch (type) {
    case OS_LOG_TYPE_INFO:
        return "info";
    case OS_LOG_TYPE_DEBUG:
        return "debug";
    case OS_LOG_TYPE_ERROR:
        return "error";
    case OS_LOG_TYPE_FAULT:
        return "fault";
    default:
        return "default";
    }
}

void halsdk_os_logv(os_log_t log, os_log_type_t type, const char *format, va_list args) {
    int saved_errno = errno;
    struct text message;

    if (!os_log_type_enabled(log, type))
        return;
    text_init(&message);
    halsdk_log_format(&message, format, args, saved_errno, atomic_load(&reveals_private));
    halsdk_log_emit(level_of(type), log->subsystem, log->category, message.bytes);
    text_free(&message);
    errno = saved_errno;
}

void halsdk_os_log(os_log_t log, os_log_type_t type, const char *format, ...) {
    va_list args;

    va_start(args, format);
    halsdk_os_logv(log, type, format, args);
    va_end(args);
}
