/* probe_instance.c - what a driver is before it is one: IUnknown and Initialize. */
#include "halsim/call_around.h"
#include "probe.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void *(*factory_function)(CFAllocatorRef allocator, CFUUIDRef type);

static uint64_t begin(const char *entry_point) {
    const struct halsim_call_info about = {.entry_point = entry_point,
                                           .plugin = HALSIM_CALL_NO_PLUGIN};
    return halsim_call_begin(&about);
}

struct probe_instance *probe_instance_at(struct probe *probe, uint32_t number,
                                         struct halsim_error *error) {
    struct probe_instance *instance =
        number < probe->instance_count ? probe->instances[number] : NULL;
    if (instance == NULL) {
        *error = (struct halsim_error){.status = HALSIM_ERROR_NOT_FOUND};
        (void)snprintf(error->message, sizeof error->message,
                       "instance %u: there is none; probe.create makes one", (unsigned)number);
    } else if (instance->held == 0) {
        *error = (struct halsim_error){.status = HALSIM_ERROR_STATE};
        (void)snprintf(error->message, sizeof error->message,
                       "instance %u: the probe has let go of it; it must not be called any more",
                       (unsigned)number);
        instance = NULL;
    }
    return instance;
}

static bool make_place(struct probe *probe) {
    size_t count = probe->instance_count;
    if (count == PROBE_INSTANCES_MAX) {
        return false;
    }
    if ((count & (count - 1)) != 0) {
        return true; /* there is room up to the next power of two */
    }
    struct probe_instance **instances =
        realloc(probe->instances, (count == 0 ? 1 : 2 * count) * sizeof *instances);
    if (instances != NULL) {
        probe->instances = instances;
    }
    return instances != NULL;
}

bool probe_instance_create(struct probe *probe, const struct probe_factory *factory, CFUUIDRef type,
                           uint32_t *number, uint64_t *elapsed_ns, struct halsim_error *error) {
    struct probe_instance *instance = calloc(1, sizeof *instance);
    struct probe_host *host = probe_host_create(probe->storage);
    if (instance == NULL || host == NULL || !make_place(probe)) {
        free(instance); /* the host stays: that is what they do */
        *error = (struct halsim_error){.status = HALSIM_ERROR_SYSTEM, .message = "out of memory"};
        return false;
    }
    factory_function make;
    memcpy(&make, &factory->function, sizeof make);
    uint64_t began = begin("Factory");
    void *made = make(NULL, type);
    *elapsed_ns = halsim_call_end(began, NULL);
    if (made == NULL) {
        free(instance);
        *number = UINT32_MAX;
        return true;
    }
    *instance = (struct probe_instance){
        .driver = made,
        .host = host,
        .held = 1,
        .is_of_open_bundle = true,
    };
    *number = (uint32_t)probe->instance_count;
    probe->instances[probe->instance_count++] = instance;
    return true;
}

void probe_instance_missing(const struct probe_instance *instance,
                            char names[PROBE_SLOT_NAMES_MAX]) {
    static const char *const first[] = {"QueryInterface", "AddRef", "Release", "Initialize"};
    const size_t count = 4 + PROBE_FUNCTION_COUNT;
    const struct halsim_call_info about = {.entry_point = "Factory",
                                           .plugin = HALSIM_CALL_NO_PLUGIN};
    names[0] = '\0';
    halsim_call_begin_inspection(&about); /* what the factory gave may lead nowhere */
    const struct AudioServerPlugInDriverInterface *table = *instance->driver;
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        /* Function pointers one after the other, behind the reserved word. */
        void *slot = NULL;
        if (table != NULL) {
            memcpy(&slot, (const char *)table + (i + 1) * sizeof slot, sizeof slot);
        }
        if (slot == NULL) {
            const char *name = i < 4 ? first[i] : probe_function_name((enum probe_function)(i - 4));
            length += (size_t)snprintf(names + length, PROBE_SLOT_NAMES_MAX - length, "%s%s",
                                       length > 0 ? " " : "", name);
        }
    }
    halsim_call_end_inspection();
}

_Static_assert(sizeof(struct AudioServerPlugInDriverInterface) ==
                   (5 + PROBE_FUNCTION_COUNT) * sizeof(void *),
               "enum probe_function has the slots of the interface, in their order");

HRESULT probe_instance_query(struct probe_instance *instance, CFUUIDRef uuid, bool has_out,
                             enum probe_interface *interface) {
    static const char unset = 0; /* nobody else has its address */
    void *const as_it_was = (void *)(uintptr_t)&unset;
    void *given = as_it_was;
    uint64_t began = begin("QueryInterface");
    HRESULT result =
        (*instance->driver)
            ->QueryInterface(instance->driver, CFUUIDGetUUIDBytes(uuid), has_out ? &given : NULL);
    (void)halsim_call_end(began, &result);
    *interface = PROBE_INTERFACE_NONE;
    if (given == as_it_was) {
        *interface = has_out ? PROBE_INTERFACE_UNTOUCHED : PROBE_INTERFACE_NONE;
    } else if (given == instance->driver) {
        *interface = PROBE_INTERFACE_SAME;
        instance->held += SUCCEEDED(result);
    } else if (given != NULL) {
        *interface = PROBE_INTERFACE_OTHER;
        if (SUCCEEDED(result) && instance->other_count < PROBE_OTHERS_MAX) {
            instance->others[instance->other_count++] = given;
        }
    }
    return result;
}

ULONG probe_instance_add_ref(struct probe_instance *instance) {
    uint64_t began = begin("AddRef");
    ULONG count = (*instance->driver)->AddRef(instance->driver);
    (void)halsim_call_end(began, NULL);
    instance->held++;
    return count;
}

static void release_others(struct probe_instance *instance) {
    while (instance->other_count > 0) {
        AudioServerPlugInDriverRef other = instance->others[--instance->other_count];
        uint64_t began = begin("Release");
        (void)(*other)->Release(other);
        (void)halsim_call_end(began, NULL);
    }
}

ULONG probe_instance_release(struct probe_instance *instance) {
    if (instance->held == 1) {
        release_others(instance);
    }
    instance->held--;
    uint64_t began = begin("Release");
    ULONG count = (*instance->driver)->Release(instance->driver);
    (void)halsim_call_end(began, NULL);
    return count;
}

OSStatus probe_instance_initialize(struct probe_instance *instance, bool has_host,
                                   uint64_t *elapsed_ns) {
    atomic_store(&instance->host->during, "Initialize");
    uint64_t began = begin("Initialize");
    OSStatus status =
        (*instance->driver)
            ->Initialize(instance->driver, has_host ? &instance->host->interface : NULL);
    *elapsed_ns = halsim_call_end(began, &status);
    atomic_store(&instance->host->during, NULL);
    instance->is_initialized = instance->is_initialized || status == 0;
    return status;
}
