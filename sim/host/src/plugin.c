#include "activation.h"
#include "host_internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void *(*factory_function)(CFAllocatorRef allocator, CFUUIDRef type);

struct halsim_plugin *halsim_plugin_at(struct halsim_host *host, uint32_t index,
                                       struct halsim_error *error) {
    if (index >= host->plugin_count || !host->plugins[index]->loaded) {
        (void)halsim_fail(error, HALSIM_ERROR_NOT_FOUND, "plug-in %u: no such plug-in is loaded",
                          (unsigned)index);
        return NULL;
    }
    return host->plugins[index];
}

static void describe_cf_error(CFErrorRef failure, char *text, size_t size) {
    (void)snprintf(text, size, "it does not load");
    if (failure != NULL) {
        CFStringRef description = CFErrorCopyDescription(failure);
        if (description != NULL) {
            (void)CFStringGetCString(description, text, (CFIndex)size, kCFStringEncodingUTF8);
            CFRelease(description);
        }
        CFRelease(failure);
    }
}

static factory_function load_executable(struct halsim_plugin *plugin, struct halsim_error *error) {
    CFURLRef url = CFURLCreateFromFileSystemRepresentation(
        NULL, (const UInt8 *)plugin->about->path, (CFIndex)strlen(plugin->about->path), true);
    plugin->bundle = url == NULL ? NULL : CFBundleCreate(NULL, url);
    if (url != NULL) {
        CFRelease(url);
    }
    if (plugin->bundle == NULL) {
        (void)halsim_fail(error, HALSIM_ERROR_BUNDLE, "%s: not a bundle", plugin->about->path);
        return NULL;
    }
    struct halsim_call_slot *slot = halsim_call_slot_mine();
    CFErrorRef failure = NULL;
    halsim_call_enter(slot, "dlopen", plugin->index, 0, 0, 0);
    Boolean loaded = CFBundleLoadExecutableAndReturnError(plugin->bundle, &failure);
    halsim_call_leave(slot);
    if (!loaded) {
        char reason[HALSIM_MESSAGE_MAX - 64];
        describe_cf_error(failure, reason, sizeof reason);
        (void)halsim_fail(error, HALSIM_ERROR_LOAD, "%s", reason);
        return NULL;
    }
    CFStringRef symbol =
        CFStringCreateWithCString(NULL, plugin->about->factory_symbol, kCFStringEncodingUTF8);
    void *pointer =
        symbol == NULL ? NULL : CFBundleGetFunctionPointerForName(plugin->bundle, symbol);
    if (symbol != NULL) {
        CFRelease(symbol);
    }
    if (pointer == NULL) {
        (void)halsim_fail(
            error, HALSIM_ERROR_LOAD,
            "%s: exports no function %s, which CFPlugInFactories names; give it default "
            "visibility and C linkage",
            plugin->about->executable, plugin->about->factory_symbol);
        return NULL;
    }
    factory_function factory;
    memcpy(&factory, &pointer, sizeof factory);
    return factory;
}

static void observe(struct halsim_plugin *plugin, enum halsim_observed kind, int32_t status) {
    struct halsim_fingerprint *fingerprint = halsim_fingerprint_of(plugin);
    if (fingerprint != NULL) {
        halsim_observe_call(fingerprint, kind, plugin->index, status);
    }
}

static HRESULT query(struct halsim_plugin *plugin, AudioServerPlugInDriverRef driver,
                     CFUUIDRef uuid, void **interface) {
    struct halsim_call_slot *slot = halsim_call_slot_mine();
    halsim_call_enter(slot, "QueryInterface", plugin->index, 0, 0, 0);
    *interface = NULL;
    HRESULT result = (*driver)->QueryInterface(driver, CFUUIDGetUUIDBytes(uuid), interface);
    observe(plugin, HALSIM_OBSERVED_QueryInterface, result);
    halsim_call_answer(slot, result);
    halsim_call_leave(slot);
    return result;
}

static void release(struct halsim_plugin *plugin, AudioServerPlugInDriverRef driver) {
    struct halsim_call_slot *slot = halsim_call_slot_mine();
    halsim_call_enter(slot, "Release", plugin->index, 0, 0, 0);
    (void)(*driver)->Release(driver);
    observe(plugin, HALSIM_OBSERVED_Release, 0);
    halsim_call_leave(slot);
}

/* NULL when it is no UUID, or memory is out. Apple's type is the constant: drivers compare
 * addresses, too. */
static CFUUIDRef copy_uuid(const char *text) {
    if (strcmp(text, halsim_profile_type(NULL, 0)) == 0) {
        return CFRetain(kAudioServerPlugInTypeUUID);
    }
    CFStringRef string = CFStringCreateWithCString(NULL, text, kCFStringEncodingASCII);
    CFUUIDRef uuid = string != NULL ? CFUUIDCreateFromString(NULL, string) : NULL;
    if (string != NULL) {
        CFRelease(string);
    }
    return uuid;
}

/* The first of the accepted interfaces that the driver has. */
static HRESULT query_driver_interface(struct halsim_plugin *plugin,
                                      AudioServerPlugInDriverRef driver, void **interface) {
    const struct halsim_profile *profile = plugin->host->config.profile;
    HRESULT result = E_NOINTERFACE;
    *interface = NULL;
    for (uint32_t i = 0; i < halsim_profile_interface_count(profile) && *interface == NULL; i++) {
        CFUUIDRef uuid = copy_uuid(halsim_profile_interface(profile, i));
        if (uuid != NULL) {
            result = query(plugin, driver, uuid, interface);
            *interface = FAILED(result) ? NULL : *interface;
            CFRelease(uuid);
        }
    }
    return result;
}

static bool refuse_interface(const struct halsim_plugin *plugin, HRESULT result,
                             struct halsim_error *error) {
    const struct halsim_profile *profile = plugin->host->config.profile;
    char says[HALSIM_PROFILE_TEXT_MAX + 128];
    halsim_profile_says(profile, "loading.driver-interface-uuids",
                        profile != NULL ? profile->interfaces.source : "", says, sizeof says);
    return halsim_fail(error, HALSIM_ERROR_FACTORY,
                       "%s: QueryInterface refuses %s, the driver interface (0x%08X)%s%s",
                       plugin->about->path, halsim_profile_interface(profile, 0), (unsigned)result,
                       profile != NULL ? ", which is asked for" : "", says);
}

/* factory -> IUnknown -> driver interface, as CFPlugIn and the host do it. */
static bool create_driver(struct halsim_plugin *plugin, factory_function factory,
                          struct halsim_error *error) {
    CFUUIDRef type = copy_uuid(plugin->about->type_uuid);
    if (type == NULL) {
        return halsim_fail(error, HALSIM_ERROR_SYSTEM, "%s: the type %s is no UUID",
                           plugin->about->path, plugin->about->type_uuid);
    }
    struct halsim_call_slot *slot = halsim_call_slot_mine();
    halsim_call_enter(slot, "Factory", plugin->index, 0, 0, 0);
    AudioServerPlugInDriverRef made = factory(NULL, type);
    observe(plugin, HALSIM_OBSERVED_Factory, made != NULL ? 0 : -1);
    halsim_call_leave(slot);
    CFRelease(type);
    if (made == NULL || *made == NULL) {
        return halsim_fail(error, HALSIM_ERROR_FACTORY,
                           "%s: %s() returned NULL for kAudioServerPlugInTypeUUID",
                           plugin->about->path, plugin->about->factory_symbol);
    }
    void *unknown = NULL;
    if (FAILED(query(plugin, made, IUnknownUUID, &unknown)) || unknown == NULL) {
        release(plugin, made);
        return halsim_fail(error, HALSIM_ERROR_FACTORY,
                           "%s: QueryInterface refuses IUnknown, which every plug-in has",
                           plugin->about->path);
    }
    release(plugin, unknown);
    void *interface = NULL;
    HRESULT result = query_driver_interface(plugin, made, &interface);
    release(plugin, made);
    if (interface == NULL) {
        return refuse_interface(plugin, result, error);
    }
    plugin->driver = interface;
    return true;
}

static bool initialize(struct halsim_plugin *plugin, struct halsim_error *error) {
    OSStatus answer = 0;
    HALSIM_CALL(answer =, plugin, 0, 0, 0, Initialize, &plugin->interface);
    if (answer != 0) {
        (void)halsim_fail_driver(error, answer, "%s: Initialize", plugin->about->path);
        if (error != NULL) {
            error->status = HALSIM_ERROR_FACTORY;
        }
        return false;
    }
    return halsim_devices_scan(plugin, error);
}

/* What was made of plug-ins so far and no longer belongs to a host; reachable, so that it is no
 * leak. */
static _Atomic(struct halsim_plugin *) retired;

void halsim_plugin_retire(struct halsim_plugin *plugin) {
    plugin->storage = NULL;
    if (plugin->bundle != NULL) {
        CFRelease(plugin->bundle);
        plugin->bundle = NULL;
    }
    free(plugin->about);
    plugin->about = NULL;
    plugin->next_retired = atomic_load(&retired);
    while (!atomic_compare_exchange_weak(&retired, &plugin->next_retired, plugin)) {
    }
}

/* What the bundle's store is called. A bundle without an identifier goes by its folder's name, so
 * that two of them do not write over each other. */
static void name_storage(const struct halsim_bundle *about, char name[HALSIM_STORAGE_NAME_MAX]) {
    if (about->identifier[0] != '\0') {
        (void)snprintf(name, HALSIM_STORAGE_NAME_MAX, "%s", about->identifier);
    } else {
        (void)snprintf(name, HALSIM_STORAGE_NAME_MAX, "no-identifier-%.*s", NAME_MAX,
                       strrchr(about->path, '/') + 1);
    }
}

/* Whether there is room for it, and nothing loaded that is the same or shares its storage. */
static bool may_load(struct halsim_host *host, const struct halsim_bundle *about,
                     struct halsim_error *error) {
    char name[HALSIM_STORAGE_NAME_MAX], other[HALSIM_STORAGE_NAME_MAX];
    name_storage(about, name);
    uint32_t loaded = 0;
    for (uint32_t i = 0; i < host->plugin_count; i++) {
        const struct halsim_plugin *plugin = host->plugins[i];
        if (!plugin->loaded) {
            continue;
        }
        loaded++;
        if (strcmp(plugin->about->path, about->path) == 0) {
            return halsim_fail(error, HALSIM_ERROR_STATE, "%s: already loaded", about->path);
        }
        name_storage(plugin->about, other);
        if (strcmp(name, other) == 0) {
            return halsim_fail(
                error, HALSIM_ERROR_STATE,
                "%s: %s has the same CFBundleIdentifier, \"%s\", and is loaded: they "
                "would share one storage; unload it first",
                about->path, plugin->about->path, about->identifier);
        }
    }
    if (loaded >= HALSIM_MAX_PLUGINS) {
        return halsim_fail(error, HALSIM_ERROR_UNSUPPORTED,
                           "%s: %d plug-ins at one time are the most", about->path,
                           HALSIM_MAX_PLUGINS);
    }
    return true;
}

static bool make_place(struct halsim_host *host, struct halsim_error *error) {
    if (host->plugin_count < host->plugin_room) {
        return true;
    }
    uint32_t room = host->plugin_room == 0 ? 16 : 2 * host->plugin_room;
    struct halsim_plugin **plugins = realloc(host->plugins, room * sizeof *plugins);
    if (plugins == NULL) {
        return halsim_fail(error, HALSIM_ERROR_SYSTEM, "plug-ins: out of memory");
    }
    host->plugins = plugins;
    host->plugin_room = room;
    return true;
}

static struct halsim_plugin *plugin_create(struct halsim_host *host, const char *bundle_path,
                                           struct halsim_error *error) {
    struct halsim_plugin *plugin = calloc(1, sizeof *plugin);
    struct halsim_bundle *about = calloc(1, sizeof *about);
    if (plugin == NULL || about == NULL) {
        (void)halsim_fail(error, HALSIM_ERROR_SYSTEM, "%s: out of memory", bundle_path);
    } else if (halsim_bundle_read(bundle_path, host->config.profile, about, error) &&
               may_load(host, about, error) && make_place(host, error)) {
        plugin->host = host;
        plugin->index = host->plugin_count;
        plugin->about = about;
        halsim_plugin_interface_init(plugin);
        char name[HALSIM_STORAGE_NAME_MAX];
        name_storage(about, name);
        plugin->storage = halsim_storage_open(host, name, error);
        if (plugin->storage != NULL) {
            return plugin;
        }
    }
    free(about);
    free(plugin);
    return NULL;
}

static void set_loaded(struct halsim_plugin *plugin, struct halsim_host *host, bool loaded) {
    plugin->loaded = loaded;
    uint32_t only = UINT32_MAX, count = 0;
    for (uint32_t i = 0; i < host->plugin_count; i++) {
        if (host->plugins[i]->loaded) {
            only = i;
            count++;
        }
    }
    atomic_store(&host->only_plugin, count == 1 ? only : UINT32_MAX);
}

bool halsim_plugin_load(struct halsim_host *host, const char *bundle_path, uint32_t *out_plugin,
                        struct halsim_error *error) {
    pthread_mutex_lock(&host->control);
    struct halsim_plugin *plugin = plugin_create(host, bundle_path, error);
    if (plugin == NULL) {
        pthread_mutex_unlock(&host->control);
        return false;
    }
    /* From here on the driver may know the plug-in: it keeps its place even if the rest fails. */
    host->plugins[host->plugin_count++] = plugin;
    factory_function factory = load_executable(plugin, error);
    bool ok = factory != NULL && create_driver(plugin, factory, error);
    if (ok) {
        set_loaded(plugin, host, true);
        ok = initialize(plugin, error);
        if (!ok) {
            (void)halsim_plugin_unload(host, plugin->index, NULL);
        }
    }
    pthread_mutex_unlock(&host->control);
    if (ok) {
        (void)halsim_change_settle(host);
        *out_plugin = plugin->index;
    }
    return ok;
}

bool halsim_plugin_unload(struct halsim_host *host, uint32_t index, struct halsim_error *error) {
    pthread_mutex_lock(&host->control);
    struct halsim_plugin *plugin = halsim_plugin_at(host, index, error);
    if (plugin == NULL) {
        pthread_mutex_unlock(&host->control);
        return false;
    }
    halsim_devices_remove(plugin);
    halsim_change_abort_all(plugin, host);
    release(plugin, plugin->driver);
    plugin->driver = NULL;
    set_loaded(plugin, host, false);
    pthread_mutex_unlock(&host->control);
    return true;
}

uint32_t halsim_plugin_count(struct halsim_host *host) {
    pthread_mutex_lock(&host->control);
    uint32_t count = host->plugin_count;
    pthread_mutex_unlock(&host->control);
    return count;
}

bool halsim_plugin_info(struct halsim_host *host, uint32_t index, struct halsim_plugin_info *info,
                        struct halsim_error *error) {
    pthread_mutex_lock(&host->control);
    struct halsim_plugin *plugin = halsim_plugin_at(host, index, error);
    if (plugin != NULL) {
        *info = (struct halsim_plugin_info){
            .plugin = index,
            .path = plugin->about->path,
            .executable = plugin->about->executable,
            .bundle_id = plugin->about->identifier,
            .factory_uuid = plugin->about->factory_uuid,
            .factory_symbol = plugin->about->factory_symbol,
        };
    }
    pthread_mutex_unlock(&host->control);
    return plugin != NULL;
}
