#include "host_internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "0: property 'nsrt' (scope 'glob', element 0) of object 3" */
static const char *name_of(struct halsim_object object, const AudioObjectPropertyAddress *address,
                           char text[128]) {
    char selector[16];
    char scope[16];
    (void)snprintf(text, 128, "property %s (scope %s, element %u) of object %u",
                   halsim_fourcc_text(address->mSelector, selector),
                   halsim_fourcc_text(address->mScope, scope), (unsigned)address->mElement,
                   (unsigned)object.id);
    return text;
}

bool halsim_property_has(struct halsim_host *host, struct halsim_object object,
                         const AudioObjectPropertyAddress *address) {
    pthread_mutex_lock(&host->control);
    struct halsim_plugin *plugin = halsim_plugin_at(host, object.plugin, NULL);
    Boolean has = false;
    if (plugin != NULL) {
        HALSIM_CALL(has =, plugin, object.id, 0, address->mSelector, HasProperty, object.id, 0,
                    address);
    }
    pthread_mutex_unlock(&host->control);
    return has != 0;
}

bool halsim_property_is_settable(struct halsim_host *host, struct halsim_object object,
                                 const AudioObjectPropertyAddress *address, bool *settable,
                                 struct halsim_error *error) {
    pthread_mutex_lock(&host->control);
    struct halsim_plugin *plugin = halsim_plugin_at(host, object.plugin, error);
    bool ok = plugin != NULL;
    if (ok) {
        Boolean answer = false;
        OSStatus status = 0;
        HALSIM_CALL(status =, plugin, object.id, 0, address->mSelector, IsPropertySettable,
                    object.id, 0, address, &answer);
        char text[128];
        ok = status == 0 || halsim_fail_driver(error, status, "IsPropertySettable of %s",
                                               name_of(object, address, text));
        *settable = answer != 0;
    }
    pthread_mutex_unlock(&host->control);
    return ok;
}

bool halsim_property_size(struct halsim_host *host, struct halsim_object object,
                          const AudioObjectPropertyAddress *address, uint32_t qualifier_size,
                          const void *qualifier, uint32_t *size, struct halsim_error *error) {
    pthread_mutex_lock(&host->control);
    struct halsim_plugin *plugin = halsim_plugin_at(host, object.plugin, error);
    bool ok = plugin != NULL;
    if (ok) {
        UInt32 answer = 0;
        OSStatus status = 0;
        HALSIM_CALL(status =, plugin, object.id, 0, address->mSelector, GetPropertyDataSize,
                    object.id, 0, address, qualifier_size, qualifier, &answer);
        char text[128];
        ok = status == 0 || halsim_fail_driver(error, status, "GetPropertyDataSize of %s",
                                               name_of(object, address, text));
        *size = answer;
    }
    pthread_mutex_unlock(&host->control);
    return ok;
}

bool halsim_property_get(struct halsim_host *host, struct halsim_object object,
                         const AudioObjectPropertyAddress *address, uint32_t qualifier_size,
                         const void *qualifier, uint32_t *io_size, void *data,
                         struct halsim_error *error) {
    pthread_mutex_lock(&host->control);
    struct halsim_plugin *plugin = halsim_plugin_at(host, object.plugin, error);
    bool ok = plugin != NULL;
    if (ok) {
        UInt32 written = 0;
        OSStatus status = 0;
        char text[128];
        HALSIM_CALL(status =, plugin, object.id, 0, address->mSelector, GetPropertyData, object.id,
                    0, address, qualifier_size, qualifier, *io_size, &written, data);
        if (status != 0) {
            ok = halsim_fail_driver(error, status, "GetPropertyData of %s",
                                    name_of(object, address, text));
        } else if (written > *io_size) {
            ok = halsim_fail(error, HALSIM_ERROR_CONTRACT,
                             "GetPropertyData of %s says %u bytes written where %u have room",
                             name_of(object, address, text), (unsigned)written, (unsigned)*io_size);
        } else {
            *io_size = written;
        }
    }
    pthread_mutex_unlock(&host->control);
    return ok;
}

bool halsim_property_set(struct halsim_host *host, struct halsim_object object,
                         const AudioObjectPropertyAddress *address, uint32_t qualifier_size,
                         const void *qualifier, uint32_t size, const void *data,
                         struct halsim_error *error) {
    pthread_mutex_lock(&host->control);
    struct halsim_plugin *plugin = halsim_plugin_at(host, object.plugin, error);
    bool ok = plugin != NULL;
    char text[128];
    if (ok) {
        OSStatus status = 0;
        HALSIM_CALL(status =, plugin, object.id, 0, address->mSelector, SetPropertyData, object.id,
                    0, address, qualifier_size, qualifier, size, data);
        ok = status == 0 || halsim_fail_driver(error, status, "SetPropertyData of %s",
                                               name_of(object, address, text));
    }
    pthread_mutex_unlock(&host->control);
    if (ok && !halsim_change_settle(host)) {
        return halsim_fail(error, HALSIM_ERROR_TIMEOUT,
                           "%s: its configuration change was not done within %u ms",
                           name_of(object, address, text), (unsigned)host->config.change_limit_ms);
    }
    return ok;
}

/* ---- typed reading ------------------------------------------------------------------------ */

void halsim_property_begin_inspection(struct halsim_object object,
                                      const AudioObjectPropertyAddress *address) {
    halsim_call_enter_again(halsim_call_slot_mine(), "GetPropertyData", object.plugin, object.id, 0,
                            address->mSelector);
}

void halsim_property_end_inspection(void) {
    halsim_call_leave(halsim_call_slot_mine());
}

static bool get_exactly(struct halsim_host *host, struct halsim_object object,
                        const AudioObjectPropertyAddress *address, uint32_t size, void *data,
                        struct halsim_error *error) {
    uint32_t io_size = size;
    if (!halsim_property_get(host, object, address, 0, NULL, &io_size, data, error)) {
        return false;
    }
    if (io_size != size) {
        char text[128];
        return halsim_fail(error, HALSIM_ERROR_CONTRACT, "%s has %u bytes, not %u",
                           name_of(object, address, text), (unsigned)io_size, (unsigned)size);
    }
    return true;
}

bool halsim_property_get_u32(struct halsim_host *host, struct halsim_object object,
                             const AudioObjectPropertyAddress *address, uint32_t *value,
                             struct halsim_error *error) {
    return get_exactly(host, object, address, sizeof *value, value, error);
}

bool halsim_property_get_f64(struct halsim_host *host, struct halsim_object object,
                             const AudioObjectPropertyAddress *address, double *value,
                             struct halsim_error *error) {
    return get_exactly(host, object, address, sizeof *value, value, error);
}

/* Consumes the reference. NULL, and what is wrong with it. */
static char *take_string(CFTypeRef reference, const char **flaw) {
    char *utf8 = NULL;
    if (CFGetTypeID(reference) == CFStringGetTypeID()) {
        CFStringRef string = reference;
        CFIndex room =
            CFStringGetMaximumSizeForEncoding(CFStringGetLength(string), kCFStringEncodingUTF8) + 1;
        utf8 = malloc((size_t)room);
        if (utf8 == NULL || !CFStringGetCString(string, utf8, room, kCFStringEncodingUTF8)) {
            *flaw = "does not convert to UTF-8";
            free(utf8);
            utf8 = NULL;
        }
    }
    CFRelease(reference); /* the getter gave us this reference */
    return utf8;
}

char *halsim_property_get_string(struct halsim_host *host, struct halsim_object object,
                                 const AudioObjectPropertyAddress *address,
                                 struct halsim_error *error) {
    CFTypeRef reference = NULL;
    if (!get_exactly(host, object, address, sizeof reference, &reference, error)) {
        return NULL;
    }
    const char *flaw = "is no CFString";
    char *utf8 = NULL;
    if (reference != NULL) {
        halsim_property_begin_inspection(object, address);
        utf8 = take_string(reference, &flaw);
        halsim_property_end_inspection();
    }
    if (utf8 == NULL) {
        char text[128];
        (void)halsim_fail(error, HALSIM_ERROR_CONTRACT, "%s %s", name_of(object, address, text),
                          flaw);
    }
    return utf8;
}

void *halsim_property_get_list(struct halsim_host *host, struct halsim_object object,
                               const AudioObjectPropertyAddress *address, uint32_t element_size,
                               uint32_t *count, struct halsim_error *error) {
    *count = 0;
    if (error != NULL) {
        error->status = HALSIM_OK;
    }
    uint32_t size = 0;
    if (!halsim_property_size(host, object, address, 0, NULL, &size, error)) {
        return NULL;
    }
    char text[128];
    if (size > (1u << 24)) {
        (void)halsim_fail(error, HALSIM_ERROR_CONTRACT, "%s claims %u bytes",
                          name_of(object, address, text), (unsigned)size);
        return NULL;
    }
    void *list = calloc(1, (size_t)size + 1);
    if (list == NULL) {
        (void)halsim_fail(error, HALSIM_ERROR_SYSTEM, "out of memory");
        return NULL;
    }
    if (!halsim_property_get(host, object, address, 0, NULL, &size, list, error)) {
        free(list);
        return NULL;
    }
    if (size % element_size != 0) {
        (void)halsim_fail(error, HALSIM_ERROR_CONTRACT, "%s has %u bytes, no multiple of %u",
                          name_of(object, address, text), (unsigned)size, (unsigned)element_size);
        free(list);
        return NULL;
    }
    *count = size / element_size;
    if (*count == 0) {
        free(list);
        return NULL;
    }
    return list;
}
