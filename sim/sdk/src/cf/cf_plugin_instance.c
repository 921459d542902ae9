/* cf_plugin_instance.c - instances that carry data and a table of functions, from before COM. */
#include "cf_runtime.h"

#include <CoreFoundation/CFPlugIn.h>

struct cf_plugin_instance {
    struct cf_object base;
    CFStringRef factory_name;
    CFPlugInInstanceGetInterfaceFunction get_interface;
    CFPlugInInstanceDeallocateInstanceDataFunction deallocate;
    max_align_t data[]; /* for anything */
};

static struct cf_plugin_instance *checked(CFTypeRef object, const char *function) {
    return cf_object_expect(object, &cf_plugin_instance_class, function)
               ? (struct cf_plugin_instance *)(uintptr_t)object
               : NULL;
}

CFTypeID CFPlugInInstanceGetTypeID(void) {
    return CF_TYPE_PLUGIN_INSTANCE;
}

CFPlugInInstanceRef CFPlugInInstanceCreateWithInstanceDataSize(
    CFAllocatorRef allocator, CFIndex instanceDataSize,
    CFPlugInInstanceDeallocateInstanceDataFunction deallocateInstanceFunction,
    CFStringRef factoryName, CFPlugInInstanceGetInterfaceFunction getInterfaceFunction) {
    if (instanceDataSize < 0) {
        cf_fault(NULL, "%s: %ld bytes of instance data", __func__, instanceDataSize);
        return NULL;
    }
    struct cf_plugin_instance *instance = cf_object_create(
        allocator, &cf_plugin_instance_class, sizeof *instance + (size_t)instanceDataSize);
    if (!instance) {
        return NULL;
    }
    instance->factory_name = factoryName ? CFStringCreateCopy(NULL, factoryName) : NULL;
    instance->get_interface = getInterfaceFunction;
    instance->deallocate = deallocateInstanceFunction;
    return (CFPlugInInstanceRef)(void *)instance;
}

Boolean CFPlugInInstanceGetInterfaceFunctionTable(CFPlugInInstanceRef object,
                                                  CFStringRef interfaceName, void **ftbl) {
    const struct cf_plugin_instance *instance = checked(object, __func__);
    void *table = NULL;
    bool ok = instance && instance->get_interface &&
              instance->get_interface(object, interfaceName, &table);
    if (ftbl) {
        *ftbl = ok ? table : NULL;
    }
    return ok;
}

CFStringRef CFPlugInInstanceGetFactoryName(CFPlugInInstanceRef object) {
    const struct cf_plugin_instance *instance = checked(object, __func__);
    return instance ? instance->factory_name : NULL;
}

void *CFPlugInInstanceGetInstanceData(CFPlugInInstanceRef object) {
    struct cf_plugin_instance *instance = checked(object, __func__);
    return instance ? instance->data : NULL;
}

static void plugin_instance_finalize(CFTypeRef object) {
    struct cf_plugin_instance *instance = (struct cf_plugin_instance *)(uintptr_t)object;
    if (instance->deallocate) {
        instance->deallocate(instance->data);
    }
    if (instance->factory_name) {
        CFRelease(instance->factory_name);
    }
}

const struct cf_class cf_plugin_instance_class = {
    .name = "CFPlugInInstance",
    .type_id = CF_TYPE_PLUGIN_INSTANCE,
    .finalize = plugin_instance_finalize,
};
