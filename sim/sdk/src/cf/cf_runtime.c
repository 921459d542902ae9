/* cf_runtime.c - what the runtime knows about itself: type names, live counts, the fault handler.
 */
#include "cf_runtime.h"

#include <halsdk/halsdk.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

double kCFCoreFoundationVersionNumber = 2202.0; /* the SDK of macOS 14 */

/* ---- types -------------------------------------------------------------------------------- */

static const char *const type_names[CF_TYPE_COUNT] = {
    [CF_TYPE_ALLOCATOR] = "CFAllocator",
    [CF_TYPE_STRING] = "CFString",
    [CF_TYPE_NULL] = "CFNull",
    [CF_TYPE_SET] = "CFSet",
    [CF_TYPE_DICTIONARY] = "CFDictionary",
    [CF_TYPE_ARRAY] = "CFArray",
    [CF_TYPE_DATA] = "CFData",
    [CF_TYPE_BOOLEAN] = "CFBoolean",
    [CF_TYPE_NUMBER] = "CFNumber",
    [CF_TYPE_ERROR] = "CFError",
    [CF_TYPE_URL] = "CFURL",
    [CF_TYPE_BUNDLE] = "CFBundle",
    [CF_TYPE_PLUGIN] = "CFPlugIn",
    [CF_TYPE_PLUGIN_INSTANCE] = "CFPlugInInstance",
    [CF_TYPE_UUID] = "CFUUID",
    [CF_TYPE_LOCALE] = "CFLocale",
    [CF_TYPE_DATE] = "CFDate",
};

const char *cf_type_name(CFTypeID type_id) {
    return type_id < CF_TYPE_COUNT ? type_names[type_id] : NULL;
}

/* ---- live counts -------------------------------------------------------------------------- */

static _Atomic size_t live_counts[CF_TYPE_COUNT];

void cf_live_count_add(CFTypeID type_id, ptrdiff_t delta) {
    atomic_fetch_add_explicit(&live_counts[type_id], (size_t)delta, memory_order_relaxed);
}

static size_t live_count(CFTypeID type_id) {
    return atomic_load_explicit(&live_counts[type_id], memory_order_relaxed);
}

size_t halsdk_live_objects(const char *class_name) {
    size_t total = 0;
    for (CFTypeID id = 0; id < CF_TYPE_COUNT; id++) {
        if (type_names[id] && (!class_name || strcmp(class_name, type_names[id]) == 0)) {
            total += live_count(id);
        }
    }
    return total;
}

size_t halsdk_describe_live_objects(char *buffer, size_t size) {
    size_t total = 0, used = 0;
    if (size > 0) {
        buffer[0] = '\0';
    }
    for (CFTypeID id = 0; id < CF_TYPE_COUNT; id++) {
        size_t count = live_count(id);
        if (count == 0) {
            continue;
        }
        total += count;
        if (used < size) {
            int written = snprintf(buffer + used, size - used, "%s%s %zu", used > 0 ? ", " : "",
                                   type_names[id], count);
            used += (size_t)written; /* past `size` when cut: nothing more is written then */
        }
    }
    return total;
}

/* ---- faults ------------------------------------------------------------------------------- */

static void fault_to_stderr(const char *what, const void *object, void *context) {
    (void)context;
    fprintf(stderr, "halsdk: fault: %s (object %p)\n", what, object);
    abort();
}

static struct {
    pthread_mutex_t lock;
    halsdk_fault_handler handler;
    void *context;
} fault = {PTHREAD_MUTEX_INITIALIZER, fault_to_stderr, NULL};

void halsdk_set_fault_handler(halsdk_fault_handler handler, void *context) {
    pthread_mutex_lock(&fault.lock);
    fault.handler = handler ? handler : fault_to_stderr;
    fault.context = context;
    pthread_mutex_unlock(&fault.lock);
}

void cf_fault(const void *object, const char *format, ...) {
    char what[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);

    /* The handler may leave by longjmp(): it must not be called with the lock held. */
    pthread_mutex_lock(&fault.lock);
    halsdk_fault_handler handler = fault.handler;
    void *context = fault.context;
    pthread_mutex_unlock(&fault.lock);
    handler(what, object, context);
}
