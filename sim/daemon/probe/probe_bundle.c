/* probe_bundle.c - Info.plist as it stands, faults included, and the executable. */
#include "halsim/call_around.h"
#include "halsim/last_calls.h"
#include "probe.h"
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static bool say(struct halsim_error *error, enum halsim_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool say(struct halsim_error *error, enum halsim_status status, const char *format, ...) {
    *error = (struct halsim_error){.status = status};
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    return false;
}

/* ---- life ----------------------------------------------------------------------------------- */

struct probe *probe_create(void) {
    struct probe *probe = calloc(1, sizeof *probe);
    if (probe != NULL) {
        probe->storage = probe_storage_create();
        if (probe->storage == NULL) {
            free(probe);
            return NULL;
        }
    }
    return probe;
}

static void forget_bundle(struct probe *probe) {
    if (probe->bundle != NULL) {
        CFRelease(probe->bundle);
        probe->bundle = NULL;
    }
    free(probe->factories);
    probe->factories = NULL;
    probe->factory_count = 0;
    probe->handle = NULL;
    probe->is_open = false;
}

/* Probes that were destroyed with a driver open: reachable, so that what it holds is no leak. */
static _Atomic(struct probe *) left_open;

void probe_destroy(struct probe *probe) {
    if (probe == NULL) {
        return;
    }
    forget_bundle(probe);
    bool has_hosts = probe->instance_count > 0; /* which stay, and with them their storage */
    bool is_closed = true;
    for (size_t i = 0; i < probe->instance_count; i++) {
        is_closed = is_closed && probe->instances[i]->held == 0;
    }
    if (!is_closed) {
        probe->next = atomic_load(&left_open);
        while (!atomic_compare_exchange_weak(&left_open, &probe->next, probe)) {
        }
        return;
    }
    for (size_t i = 0; i < probe->instance_count; i++) {
        free(probe->instances[i]);
    }
    if (!has_hosts) {
        probe_storage_destroy(probe->storage);
    }
    free(probe->instances);
    free(probe);
}

/* ---- Info.plist ----------------------------------------------------------------------------- */

static bool to_utf8(CFTypeRef value, char *text, size_t size) {
    return value != NULL && CFGetTypeID(value) == CFStringGetTypeID() &&
           CFStringGetCString(value, text, (CFIndex)size, kCFStringEncodingUTF8);
}

static void add_factory(const void *key, const void *value, void *context) {
    struct probe *probe = context;
    if (probe->factory_count < PROBE_FACTORIES_MAX) {
        struct probe_factory *factory = &probe->factories[probe->factory_count];
        if (to_utf8(key, factory->uuid, sizeof factory->uuid) &&
            to_utf8(value, factory->symbol, sizeof factory->symbol)) {
            probe->factory_count++;
        } else {
            *factory = (struct probe_factory){0};
        }
    }
}

static void add_type_of(struct probe *probe, const char *type, CFTypeRef uuid) {
    char text[64];
    for (size_t i = 0; to_utf8(uuid, text, sizeof text) && i < probe->factory_count; i++) {
        struct probe_factory *factory = &probe->factories[i];
        if (strcasecmp(factory->uuid, text) == 0 && factory->type_count < PROBE_TYPES_MAX) {
            (void)snprintf(factory->types[factory->type_count++], sizeof factory->types[0], "%s",
                           type);
        }
    }
}

static void add_type(const void *key, const void *value, void *context) {
    char type[64];
    if (!to_utf8(key, type, sizeof type)) {
        return;
    }
    if (CFGetTypeID(value) == CFArrayGetTypeID()) {
        for (CFIndex i = 0; i < CFArrayGetCount(value); i++) {
            add_type_of(context, type, CFArrayGetValueAtIndex(value, i));
        }
    } else {
        add_type_of(context, type, value);
    }
}

static void apply_to(CFDictionaryRef info, CFStringRef key, CFDictionaryApplierFunction function,
                     struct probe *probe) {
    CFTypeRef value = CFDictionaryGetValue(info, key);
    if (value != NULL && CFGetTypeID(value) == CFDictionaryGetTypeID()) {
        CFDictionaryApplyFunction(value, function, probe);
    }
}

static bool read_bundle(struct probe *probe, const char *path, struct halsim_error *error) {
    struct stat status;
    if (realpath(path, probe->path) == NULL) {
        return say(error, HALSIM_ERROR_NOT_FOUND, "%s: %s; give the path of a .driver bundle", path,
                   strerror(errno));
    }
    if (stat(probe->path, &status) != 0 || !S_ISDIR(status.st_mode)) {
        return say(error, HALSIM_ERROR_BUNDLE,
                   "%s: not a folder; a bundle is one, with Contents/Info.plist inside", path);
    }
    CFURLRef url = CFURLCreateFromFileSystemRepresentation(NULL, (const UInt8 *)probe->path,
                                                           (CFIndex)strlen(probe->path), true);
    probe->bundle = url != NULL ? CFBundleCreate(NULL, url) : NULL;
    if (url != NULL) {
        CFRelease(url);
    }
    CFDictionaryRef info = probe->bundle != NULL ? CFBundleGetInfoDictionary(probe->bundle) : NULL;
    if (info == NULL || CFDictionaryGetCount(info) == 0) {
        return say(error, HALSIM_ERROR_BUNDLE,
                   "%s: no Contents/Info.plist that can be read; a bundle needs one", path);
    }
    probe->factories = calloc(PROBE_FACTORIES_MAX, sizeof *probe->factories);
    if (probe->factories == NULL) {
        return say(error, HALSIM_ERROR_SYSTEM, "%s: out of memory", path);
    }
    probe->identifier[0] = '\0';
    (void)to_utf8(CFDictionaryGetValue(info, CFSTR("CFBundleIdentifier")), probe->identifier,
                  sizeof probe->identifier);
    apply_to(info, CFSTR("CFPlugInFactories"), add_factory, probe);
    apply_to(info, CFSTR("CFPlugInTypes"), add_type, probe);
    CFURLRef executable = CFBundleCopyExecutableURL(probe->bundle);
    bool found = executable != NULL &&
                 CFURLGetFileSystemRepresentation(executable, true, (UInt8 *)probe->executable,
                                                  sizeof probe->executable);
    if (executable != NULL) {
        CFRelease(executable);
    }
    return found ||
           say(error, HALSIM_ERROR_BUNDLE,
               "%s: CFBundleExecutable is missing, or names a file that is not there", path);
}

/* ---- the executable ------------------------------------------------------------------------- */

static void find_symbols(struct probe *probe) {
    for (size_t i = 0; i < probe->factory_count; i++) {
        probe->factories[i].function = dlsym(probe->handle, probe->factories[i].symbol);
    }
}

bool probe_open(struct probe *probe, const char *path, struct halsim_error *error) {
    if (probe->is_open) {
        return say(error, HALSIM_ERROR_STATE, "%s: %s is open; call probe.unload first", path,
                   probe->path);
    }
    halsim_last_calls_keep();
    if (!read_bundle(probe, path, error)) {
        forget_bundle(probe);
        return false;
    }
    /* Not by CFBundle, which keeps what it has loaded for good. */
    const struct halsim_call_info about = {.entry_point = "dlopen",
                                           .plugin = HALSIM_CALL_NO_PLUGIN};
    uint64_t began = halsim_call_begin(&about);
    probe->handle = dlopen(probe->executable, RTLD_NOW | RTLD_LOCAL);
    probe->open_ns = halsim_call_end(began, NULL);
    if (probe->handle == NULL) {
        const char *reason = dlerror();
        (void)say(error, HALSIM_ERROR_LOAD, "%s: %s", path,
                  reason != NULL ? reason : "it does not load");
        forget_bundle(probe);
        return false;
    }
    find_symbols(probe);
    probe->is_open = true;
    return true;
}

static bool is_mapped(const char *executable) {
    void *handle = dlopen(executable, RTLD_NOW | RTLD_NOLOAD);
    if (handle != NULL) {
        (void)dlclose(handle);
    }
    return handle != NULL;
}

bool probe_unload(struct probe *probe, bool stays, bool *is_unmapped, struct halsim_error *error) {
    if (!probe->is_open) {
        return say(error, HALSIM_ERROR_STATE, "probe.unload: no bundle is open; call probe.open");
    }
    for (size_t i = 0; i < probe->instance_count; i++) {
        if (probe->instances[i]->is_of_open_bundle && probe->instances[i]->held > 0) {
            return say(error, HALSIM_ERROR_STATE,
                       "probe.unload: instance %zu is not closed; call probe.close", i);
        }
    }
    for (size_t i = 0; i < probe->instance_count; i++) {
        probe->instances[i]->is_of_open_bundle = false;
    }
    if (!stays) {
        const struct halsim_call_info about = {.entry_point = "dlclose",
                                               .plugin = HALSIM_CALL_NO_PLUGIN};
        uint64_t began = halsim_call_begin(&about);
        (void)dlclose(probe->handle);
        (void)halsim_call_end(began, NULL);
    }
    *is_unmapped = !is_mapped(probe->executable);
    forget_bundle(probe);
    return true;
}
