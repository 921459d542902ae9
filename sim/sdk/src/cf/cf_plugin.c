/* cf_plugin.c - plug-ins, and the registry of factories. */
#include "cf_bundle_private.h"
#include "cf_literal.h"

#include <CoreFoundation/CFNumber.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

CF_LITERAL(kCFPlugInDynamicRegistrationKey, "CFPlugInDynamicRegistration");
CF_LITERAL(kCFPlugInDynamicRegisterFunctionKey, "CFPlugInDynamicRegisterFunction");
CF_LITERAL(kCFPlugInUnloadFunctionKey, "CFPlugInUnloadFunction");
CF_LITERAL(kCFPlugInFactoriesKey, "CFPlugInFactories");
CF_LITERAL(kCFPlugInTypesKey, "CFPlugInTypes");

struct factory {
    struct factory *next;
    CFUUIDBytes uuid;
    bool registered;                  /* false: waits for its last instance to go */
    CFPlugInFactoryFunction function; /* NULL: look `symbol` up */
    CFStringRef symbol;
    struct cf_bundle *plugin; /* NULL for a bare function; retained once per instance */
    size_t instances;
    CFUUIDBytes *types;
    size_t type_count;
};

static struct {
    pthread_mutex_t lock;
    struct factory *first; /* in the order of registration */
} registry = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- registry: all of these need the lock ---------------------------------------------------- */

static bool same_uuid(const CFUUIDBytes *a, const CFUUIDBytes *b) {
    return memcmp(a, b, sizeof *a) == 0;
}

static struct factory *find_any(const CFUUIDBytes *uuid) {
    struct factory *factory = registry.first;
    while (factory && !same_uuid(&factory->uuid, uuid)) {
        factory = factory->next;
    }
    return factory;
}

static struct factory *find(const CFUUIDBytes *uuid) {
    struct factory *factory = find_any(uuid);
    return factory && factory->registered ? factory : NULL;
}

static void destroy(struct factory *gone) {
    struct factory **link = &registry.first;
    while (*link != gone) {
        link = &(*link)->next;
    }
    *link = gone->next;
    if (gone->symbol) {
        CFRelease(gone->symbol);
    }
    free(gone->types);
    free(gone);
}

/* NULL when the UUID is taken. */
static struct factory *add(const CFUUIDBytes *uuid) {
    if (find_any(uuid)) {
        return NULL;
    }
    struct factory *factory = calloc(1, sizeof *factory);
    if (factory) {
        struct factory **link = &registry.first;
        while (*link) {
            link = &(*link)->next;
        }
        *link = factory;
        factory->uuid = *uuid;
        factory->registered = true;
    }
    return factory;
}

static size_t find_type(const struct factory *factory, const CFUUIDBytes *type) {
    size_t i = 0;
    while (i < factory->type_count && !same_uuid(&factory->types[i], type)) {
        i++;
    }
    return i;
}

static bool add_type(struct factory *factory, const CFUUIDBytes *type) {
    if (find_type(factory, type) < factory->type_count) {
        return true;
    }
    CFUUIDBytes *types = realloc(factory->types, (factory->type_count + 1) * sizeof *types);
    if (!types) {
        return false;
    }
    factory->types = types;
    types[factory->type_count++] = *type;
    return true;
}

void cf_plugin_forget(struct cf_bundle *bundle) {
    pthread_mutex_lock(&registry.lock);
    for (struct factory *factory = registry.first, *next; factory; factory = next) {
        next = factory->next;
        if (factory->plugin == bundle) {
            destroy(factory);
        }
    }
    pthread_mutex_unlock(&registry.lock);
}

/* ---- reading Info.plist ------------------------------------------------------------------- */

static bool uuid_of(CFTypeRef value, CFUUIDBytes *bytes) {
    CFUUIDRef uuid = value && CFGetTypeID(value) == CFStringGetTypeID()
                         ? CFUUIDCreateFromString(NULL, value)
                         : NULL;
    if (!uuid) {
        return false;
    }
    *bytes = CFUUIDGetUUIDBytes(uuid);
    CFRelease(uuid);
    return true;
}

static void register_factory(const void *key, const void *value, void *context) {
    CFUUIDBytes uuid;
    if (CFGetTypeID(value) == CFStringGetTypeID() && uuid_of(key, &uuid)) {
        struct factory *factory = add(&uuid);
        if (factory) {
            factory->plugin = context;
            factory->symbol = CFRetain(value);
        } else if (find_any(&uuid)->plugin != context) {
            fprintf(stderr, "CFPlugIn: a factory of %s has a UUID that is taken; it is ignored\n",
                    ((const struct cf_bundle *)context)->path);
        }
    }
}

static void register_type(const void *key, const void *value, void *context) {
    CFUUIDBytes type, uuid;
    if (!uuid_of(key, &type)) {
        return;
    }
    bool many = CFGetTypeID(value) == CFArrayGetTypeID();
    CFIndex count = many ? CFArrayGetCount(value) : 1;
    for (CFIndex i = 0; i < count; i++) {
        CFTypeRef name = many ? CFArrayGetValueAtIndex(value, i) : value;
        struct factory *factory = uuid_of(name, &uuid) ? find(&uuid) : NULL;
        if (factory && factory->plugin == context) {
            add_type(factory, &type);
        }
    }
}

static bool says_yes(CFTypeRef value) {
    if (value && CFGetTypeID(value) == CFBooleanGetTypeID()) {
        return CFBooleanGetValue(value);
    }
    return value && CFGetTypeID(value) == CFStringGetTypeID() &&
           CFStringCompare(value, CFSTR("YES"), kCFCompareCaseInsensitive) == kCFCompareEqualTo;
}

static void register_dynamically(struct cf_bundle *plugin) {
    CFStringRef name = cf_bundle_info_string(plugin, kCFPlugInDynamicRegisterFunctionKey);
    void *found = CFBundleGetFunctionPointerForName(cf_bundle_ref(plugin),
                                                    name ? name : CFSTR("CFPlugInDynamicRegister"));
    CFPlugInDynamicRegisterFunction function;
    memcpy(&function, &found, sizeof function); /* ISO C has no cast for this */
    plugin->load_on_demand = false;
    if (function) {
        function(cf_bundle_ref(plugin));
    } else {
        fprintf(stderr, "CFPlugIn: %s has no function to register itself with\n", plugin->path);
    }
}

CFPlugInRef CFPlugInCreate(CFAllocatorRef allocator, CFURLRef plugInURL) {
    CFBundleRef object = CFBundleCreate(allocator, plugInURL);
    struct cf_bundle *plugin = object ? cf_bundle_checked(object, __func__) : NULL;
    if (!plugin) {
        return NULL;
    }
    CFDictionaryRef factories = cf_bundle_info_dictionary(plugin, kCFPlugInFactoriesKey);
    CFDictionaryRef types = cf_bundle_info_dictionary(plugin, kCFPlugInTypesKey);
    pthread_mutex_lock(&registry.lock);
    bool first = !atomic_exchange(&plugin->is_plugin, true);
    if (first && factories) {
        CFDictionaryApplyFunction(factories, register_factory, plugin);
    }
    if (first && types) {
        CFDictionaryApplyFunction(types, register_type, plugin);
    }
    pthread_mutex_unlock(&registry.lock);
    if (first && says_yes(CFDictionaryGetValue(plugin->info, kCFPlugInDynamicRegistrationKey))) {
        register_dynamically(plugin);
    }
    return object;
}

/* ---- plug-ins ----------------------------------------------------------------------------- */

CFTypeID CFPlugInGetTypeID(void) {
    return CF_TYPE_PLUGIN;
}

CFBundleRef CFPlugInGetBundle(CFPlugInRef plugIn) {
    return cf_bundle_checked(plugIn, __func__) ? plugIn : NULL;
}

CFPlugInRef CFBundleGetPlugIn(CFBundleRef object) {
    const struct cf_bundle *bundle = cf_bundle_checked(object, __func__);
    return bundle && bundle->is_plugin ? object : NULL;
}

void CFPlugInSetLoadOnDemand(CFPlugInRef plugIn, Boolean flag) {
    struct cf_bundle *plugin = cf_bundle_checked(plugIn, __func__);
    if (plugin) {
        plugin->load_on_demand = flag;
        if (!flag) {
            CFBundleLoadExecutable(plugIn);
        }
    }
}

Boolean CFPlugInIsLoadOnDemand(CFPlugInRef plugIn) {
    const struct cf_bundle *plugin = cf_bundle_checked(plugIn, __func__);
    return plugin && plugin->load_on_demand;
}

/* ---- factories ---------------------------------------------------------------------------- */

/* False (and a fault) when `uuid` is no CFUUID. */
static bool bytes_of(CFUUIDRef uuid, CFUUIDBytes *bytes, const char *function) {
    if (!cf_object_expect(uuid, &cf_uuid_class, function)) {
        return false;
    }
    *bytes = CFUUIDGetUUIDBytes(uuid);
    return true;
}

static CFArrayRef find_factories(CFUUIDRef typeUUID, const struct cf_bundle *only,
                                 const char *function) {
    CFMutableArrayRef found = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
    CFUUIDBytes type;
    if (!bytes_of(typeUUID, &type, function)) {
        return found;
    }
    pthread_mutex_lock(&registry.lock);
    for (struct factory *factory = registry.first; factory; factory = factory->next) {
        if (factory->registered && (!only || factory->plugin == only) &&
            find_type(factory, &type) < factory->type_count) {
            CFUUIDRef uuid = CFUUIDCreateFromUUIDBytes(NULL, factory->uuid);
            CFArrayAppendValue(found, uuid);
            CFRelease(uuid);
        }
    }
    pthread_mutex_unlock(&registry.lock);
    return found;
}

CFArrayRef CFPlugInFindFactoriesForPlugInType(CFUUIDRef typeUUID) {
    return find_factories(typeUUID, NULL, __func__);
}

CFArrayRef CFPlugInFindFactoriesForPlugInTypeInPlugIn(CFUUIDRef typeUUID, CFPlugInRef plugIn) {
    const struct cf_bundle *plugin = cf_bundle_checked(plugIn, __func__);
    return plugin ? find_factories(typeUUID, plugin, __func__) : NULL;
}

Boolean CFPlugInRegisterFactoryFunction(CFUUIDRef factoryUUID, CFPlugInFactoryFunction func) {
    CFUUIDBytes uuid;
    if (!func || !bytes_of(factoryUUID, &uuid, __func__)) {
        return false;
    }
    pthread_mutex_lock(&registry.lock);
    struct factory *factory = add(&uuid);
    if (factory) {
        factory->function = func;
    }
    pthread_mutex_unlock(&registry.lock);
    return factory != NULL;
}

Boolean CFPlugInRegisterFactoryFunctionByName(CFUUIDRef factoryUUID, CFPlugInRef plugIn,
                                              CFStringRef functionName) {
    CFUUIDBytes uuid;
    struct cf_bundle *plugin = cf_bundle_checked(plugIn, __func__);
    if (!plugin || !functionName || !bytes_of(factoryUUID, &uuid, __func__)) {
        return false;
    }
    pthread_mutex_lock(&registry.lock);
    struct factory *factory = add(&uuid);
    if (factory) {
        factory->plugin = plugin;
        factory->symbol = CFStringCreateCopy(NULL, functionName);
    }
    pthread_mutex_unlock(&registry.lock);
    return factory != NULL;
}

Boolean CFPlugInUnregisterFactory(CFUUIDRef factoryUUID) {
    CFUUIDBytes uuid;
    if (!bytes_of(factoryUUID, &uuid, __func__)) {
        return false;
    }
    pthread_mutex_lock(&registry.lock);
    struct factory *factory = find(&uuid);
    if (factory) {
        factory->registered = false;
        if (factory->instances == 0) {
            destroy(factory);
        }
    }
    pthread_mutex_unlock(&registry.lock);
    return factory != NULL;
}

Boolean CFPlugInRegisterPlugInType(CFUUIDRef factoryUUID, CFUUIDRef typeUUID) {
    CFUUIDBytes uuid, type;
    if (!bytes_of(factoryUUID, &uuid, __func__) || !bytes_of(typeUUID, &type, __func__)) {
        return false;
    }
    pthread_mutex_lock(&registry.lock);
    struct factory *factory = find(&uuid);
    bool ok = factory && add_type(factory, &type);
    pthread_mutex_unlock(&registry.lock);
    return ok;
}

Boolean CFPlugInUnregisterPlugInType(CFUUIDRef factoryUUID, CFUUIDRef typeUUID) {
    CFUUIDBytes uuid, type;
    if (!bytes_of(factoryUUID, &uuid, __func__) || !bytes_of(typeUUID, &type, __func__)) {
        return false;
    }
    pthread_mutex_lock(&registry.lock);
    struct factory *factory = find(&uuid);
    size_t at = factory ? find_type(factory, &type) : 0;
    bool ok = factory && at < factory->type_count;
    if (ok) {
        factory->type_count--;
        memmove(factory->types + at, factory->types + at + 1,
                (factory->type_count - at) * sizeof *factory->types);
    }
    pthread_mutex_unlock(&registry.lock);
    return ok;
}

/* ---- instances ---------------------------------------------------------------------------- */

/* The function of a factory by name, loading its plug-in. Without the lock: that runs code. */
static CFPlugInFactoryFunction load_function(struct cf_bundle *plugin, CFStringRef symbol) {
    void *found = CFBundleGetFunctionPointerForName(cf_bundle_ref(plugin), symbol);
    CFPlugInFactoryFunction function;
    memcpy(&function, &found, sizeof function);
    if (!function && plugin->loaded) {
        char *name = cf_string_copy_utf8(symbol, NULL);
        fprintf(stderr, "CFPlugIn: %s has no function \"%s\"\n", plugin->path, name ? name : "");
        free(name);
    }
    return function;
}

void *CFPlugInInstanceCreate(CFAllocatorRef allocator, CFUUIDRef factoryUUID, CFUUIDRef typeUUID) {
    CFUUIDBytes uuid, type;
    if (!bytes_of(factoryUUID, &uuid, __func__) || !bytes_of(typeUUID, &type, __func__)) {
        return NULL;
    }
    CFPlugInFactoryFunction function = NULL;
    CFStringRef symbol = NULL;
    struct cf_bundle *plugin = NULL;
    pthread_mutex_lock(&registry.lock);
    const struct factory *factory = find(&uuid);
    if (factory && find_type(factory, &type) < factory->type_count) {
        function = factory->function;
        if (factory->plugin && cf_bundle_try_retain(factory->plugin)) {
            plugin = factory->plugin;
            symbol = CFRetain(factory->symbol);
        }
    }
    pthread_mutex_unlock(&registry.lock);

    if (plugin) {
        function = load_function(plugin, symbol);
        CFRelease(symbol);
    }
    void *instance = function ? function(allocator, typeUUID) : NULL;
    if (plugin) {
        CFRelease(plugin);
    }
    return instance;
}

void CFPlugInAddInstanceForFactory(CFUUIDRef factoryID) {
    CFUUIDBytes uuid;
    if (!bytes_of(factoryID, &uuid, __func__)) {
        return;
    }
    pthread_mutex_lock(&registry.lock);
    struct factory *factory = find(&uuid);
    if (factory && (!factory->plugin || cf_bundle_try_retain(factory->plugin))) {
        factory->instances++;
    }
    pthread_mutex_unlock(&registry.lock);
}

void CFPlugInRemoveInstanceForFactory(CFUUIDRef factoryID) {
    CFUUIDBytes uuid;
    if (!bytes_of(factoryID, &uuid, __func__)) {
        return;
    }
    struct cf_bundle *plugin = NULL;
    bool too_many = false;
    pthread_mutex_lock(&registry.lock);
    struct factory *factory = find_any(&uuid);
    if (factory && factory->instances > 0) {
        plugin = factory->plugin;
        factory->instances--;
        if (!factory->registered && factory->instances == 0) {
            destroy(factory);
        }
    } else {
        too_many = factory != NULL;
    }
    pthread_mutex_unlock(&registry.lock);
    if (too_many) {
        cf_fault(factoryID, "%s: more instances were removed than added", __func__);
    }
    if (plugin) {
        CFRelease(plugin); /* may be the last reference: needs the lock to be free */
    }
}
