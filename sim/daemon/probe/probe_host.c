/* probe_host.c - the five functions that a driver may call, and the record of those calls. */
#include "probe_host.h"
#include "halsim/host.h"
#include <stdlib.h>
#include <string.h>

/* All hosts that were ever made, newest first: a driver may call one that is long over, and what it
 * hands over as a host need not be one. It belongs to the process, as drivers' threads do. */
static _Atomic(struct probe_host *) all_hosts;

/* ---- the record ---------------------------------------------------------------------------- */

/* Room for one more; at the end of all room the oldest goes. */
static struct probe_host_call *make_place_locked(struct probe_host *host) {
    if (host->count == host->room && host->room < PROBE_HOST_CALLS_MAX) {
        size_t room = host->room == 0 ? 32 : 2 * host->room;
        struct probe_host_call *calls = realloc(host->calls, room * sizeof *calls);
        if (calls != NULL) {
            host->calls = calls;
            host->room = room;
        }
    }
    if (host->count == host->room) {
        if (host->room == 0) {
            return NULL;
        }
        memmove(host->calls, host->calls + 1, (host->count - 1) * sizeof *host->calls);
        host->count--;
    }
    return &host->calls[host->count++];
}

static void keep(struct probe_host *host, const struct probe_host_call *call) {
    pthread_mutex_lock(&host->lock);
    uint64_t number = ++host->last_number;
    struct probe_host_call *place = make_place_locked(host);
    if (place != NULL) {
        *place = *call;
        place->number = number;
    }
    pthread_mutex_unlock(&host->lock);
}

size_t probe_host_calls_after(struct probe_host *host, uint64_t after,
                              struct probe_host_call *calls, size_t most, uint64_t *dropped) {
    pthread_mutex_lock(&host->lock);
    size_t first = 0;
    while (first < host->count && host->calls[first].number <= after) {
        first++;
    }
    size_t found = host->count - first;
    size_t given = found < most ? found : most;
    memcpy(calls, host->calls + host->count - given, given * sizeof *calls);
    *dropped = host->last_number - after - given;
    pthread_mutex_unlock(&host->lock);
    return given;
}

void probe_host_forget_calls(struct probe_host *host) {
    pthread_mutex_lock(&host->lock);
    free(host->calls);
    host->calls = NULL;
    host->count = host->room = 0;
    pthread_mutex_unlock(&host->lock);
}

uint64_t probe_host_last_number(struct probe_host *host) {
    pthread_mutex_lock(&host->lock);
    uint64_t number = host->last_number;
    pthread_mutex_unlock(&host->lock);
    return number;
}

void *probe_host_change_info(struct probe_host *host, AudioObjectID object, uint64_t action) {
    void *info = NULL;
    pthread_mutex_lock(&host->lock);
    for (size_t i = host->count; i > 0; i--) {
        const struct probe_host_call *call = &host->calls[i - 1];
        if (call->function == PROBE_REQUEST_CHANGE && call->object == object &&
            call->action == action) {
            info = call->info;
            break;
        }
    }
    pthread_mutex_unlock(&host->lock);
    return info;
}

/* ---- around each call ---------------------------------------------------------------------- */

static bool is_host(const struct probe_host *wanted) {
    const struct probe_host *host = atomic_load(&all_hosts);
    while (host != NULL && host != wanted) {
        host = host->next;
    }
    return host != NULL;
}

static struct probe_host_call begin(AudioServerPlugInHostRef reference, struct probe_host **host,
                                    enum probe_host_function function) {
    *host = (struct probe_host *)(uintptr_t)reference; /* its first member */
    bool wrong = !is_host(*host);
    if (wrong) {
        *host = atomic_load(&all_hosts); /* there is one: where else has it got the function from */
    }
    const struct halsim_call_info *current = halsim_call_current();
    struct probe_host_call call = {
        .function = function,
        .on_caller = current != NULL,
        .during = current != NULL ? current->entry_point : atomic_load(&(*host)->during),
        .nested = atomic_fetch_add(&(*host)->inside, 1) > 0,
        .wrong_host = wrong,
    };
    return call;
}

static OSStatus end(struct probe_host *host, struct probe_host_call *call, OSStatus status) {
    call->status = call->wrong_host ? kAudioHardwareIllegalOperationError : status;
    keep(host, call);
    atomic_fetch_sub(&host->inside, 1);
    return call->status;
}

static struct probe_host_manners manners_of(struct probe_host *host) {
    pthread_mutex_lock(&host->lock);
    struct probe_host_manners manners = host->manners;
    pthread_mutex_unlock(&host->lock);
    return manners;
}

static void put_key(struct probe_host_call *call, CFStringRef key) {
    if (key != NULL && CFGetTypeID(key) == CFStringGetTypeID()) {
        (void)CFStringGetCString(key, call->key, sizeof call->key, kCFStringEncodingUTF8);
    }
}

static void put_type(struct probe_host_call *call, CFTypeRef value) {
    if (value == NULL) {
        return;
    }
    CFStringRef name = CFCopyTypeIDDescription(CFGetTypeID(value));
    if (name != NULL) {
        (void)CFStringGetCString(name, call->data_type, sizeof call->data_type,
                                 kCFStringEncodingUTF8);
        CFRelease(name);
    }
}

/* ---- the interface ------------------------------------------------------------------------- */

static OSStatus properties_changed(AudioServerPlugInHostRef reference, AudioObjectID object,
                                   UInt32 count, const AudioObjectPropertyAddress *addresses) {
    struct probe_host *host;
    struct probe_host_call call = begin(reference, &host, PROBE_PROPERTIES_CHANGED);
    call.object = object;
    call.address_count = count;
    if (addresses != NULL) {
        size_t given = count < PROBE_HOST_ADDRESSES_MAX ? count : PROBE_HOST_ADDRESSES_MAX;
        memcpy(call.addresses, addresses, given * sizeof *addresses);
    }
    bool refuses = (count > 0 && addresses == NULL) || manners_of(host).refuses_notifications;
    return end(host, &call, refuses ? kAudioHardwareUnspecifiedError : kAudioHardwareNoError);
}

/* The storage; NULL, with the answer in *status, when there is none for this call. */
static struct probe_storage *storage_for(struct probe_host *host, CFStringRef key,
                                         OSStatus *status) {
    *status = kAudioHardwareNoError;
    if (key == NULL) {
        *status = kAudioHardwareIllegalOperationError;
    } else if (manners_of(host).storage_fails) {
        *status = kAudioHardwareUnspecifiedError;
    }
    return *status == kAudioHardwareNoError ? host->storage : NULL;
}

static OSStatus copy_from_storage(AudioServerPlugInHostRef reference, CFStringRef key,
                                  CFPropertyListRef *data) {
    struct probe_host *host;
    struct probe_host_call call = begin(reference, &host, PROBE_COPY_FROM_STORAGE);
    put_key(&call, key);
    OSStatus status = kAudioHardwareIllegalOperationError;
    struct probe_storage *storage = call.wrong_host ? NULL : storage_for(host, key, &status);
    if (data == NULL) {
        return end(host, &call, kAudioHardwareIllegalOperationError);
    }
    *data = storage != NULL ? probe_storage_copy(storage, key) : NULL;
    put_type(&call, *data);
    return end(host, &call, status);
}

static OSStatus write_to_storage(AudioServerPlugInHostRef reference, CFStringRef key,
                                 CFPropertyListRef data) {
    struct probe_host *host;
    struct probe_host_call call = begin(reference, &host, PROBE_WRITE_TO_STORAGE);
    put_key(&call, key);
    put_type(&call, data);
    OSStatus status = kAudioHardwareIllegalOperationError;
    struct probe_storage *storage = call.wrong_host ? NULL : storage_for(host, key, &status);
    if (storage != NULL && (data == NULL || !probe_storage_write(storage, key, data))) {
        status = kAudioHardwareIllegalOperationError;
    }
    return end(host, &call, status);
}

static OSStatus delete_from_storage(AudioServerPlugInHostRef reference, CFStringRef key) {
    struct probe_host *host;
    struct probe_host_call call = begin(reference, &host, PROBE_DELETE_FROM_STORAGE);
    put_key(&call, key);
    OSStatus status = kAudioHardwareIllegalOperationError;
    struct probe_storage *storage = call.wrong_host ? NULL : storage_for(host, key, &status);
    if (storage != NULL && !probe_storage_delete(storage, key)) {
        status = kAudioHardwareIllegalOperationError;
    }
    return end(host, &call, status);
}

static OSStatus request_change(AudioServerPlugInHostRef reference, AudioObjectID object,
                               UInt64 action, void *info) {
    struct probe_host *host;
    struct probe_host_call call = begin(reference, &host, PROBE_REQUEST_CHANGE);
    call.object = object;
    call.action = action;
    call.info = info;
    return end(host, &call,
               manners_of(host).refuses_changes ? kAudioHardwareUnspecifiedError
                                                : kAudioHardwareNoError);
}

struct probe_host *probe_host_create(struct probe_storage *storage) {
    struct probe_host *host = calloc(1, sizeof *host);
    if (host == NULL) {
        return NULL;
    }
    AudioServerPlugInHostInterface interface = {
        .PropertiesChanged = properties_changed,
        .CopyFromStorage = copy_from_storage,
        .WriteToStorage = write_to_storage,
        .DeleteFromStorage = delete_from_storage,
        .RequestDeviceConfigurationChange = request_change,
    };
    memcpy(&host->interface, &interface, sizeof interface);
    host->storage = storage;
    pthread_mutex_init(&host->lock, NULL);
    host->next = atomic_load(&all_hosts);
    while (!atomic_compare_exchange_weak(&all_hosts, &host->next, host)) {
    }
    return host;
}

const char *probe_host_function_name(enum probe_host_function function) {
    static const char *const names[] = {
        "PropertiesChanged",
        "CopyFromStorage",
        "WriteToStorage",
        "DeleteFromStorage",
        "RequestDeviceConfigurationChange",
    };
    return names[function];
}
