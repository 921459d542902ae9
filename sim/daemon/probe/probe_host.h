/* probe_host.h - the host that a probed driver sees: it answers from a storage of its own, does as
 * it was told, and writes down who called what.
 *
 * A driver may keep its pointer to the host and call it at any time, from any thread, also when it
 * should not any more: a probe_host is never freed while the process lives.
 */
#ifndef PROBE_HOST_H
#define PROBE_HOST_H

#include <CoreAudio/AudioServerPlugIn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define PROBE_HOST_CALLS_MAX     4096 /* kept for each host; then the oldest go */
#define PROBE_HOST_ADDRESSES_MAX 8
#define PROBE_HOST_TEXT_MAX      96

enum probe_host_function {
    PROBE_PROPERTIES_CHANGED,
    PROBE_COPY_FROM_STORAGE,
    PROBE_WRITE_TO_STORAGE,
    PROBE_DELETE_FROM_STORAGE,
    PROBE_REQUEST_CHANGE,
};

struct probe_host_call {
    uint64_t number; /* 1, 2, ... for each host */
    enum probe_host_function function;
    AudioObjectID object;
    uint32_t address_count; /* may be more than there is room for */
    AudioObjectPropertyAddress addresses[PROBE_HOST_ADDRESSES_MAX];
    char key[PROBE_HOST_TEXT_MAX];       /* of storage; "" when it has none */
    char data_type[PROBE_HOST_TEXT_MAX]; /* of what is written or read: "CFString"; "": nothing */
    uint64_t action;
    void *info;
    OSStatus status;    /* what the driver was answered */
    bool on_caller;     /* on a thread that is inside a call into the driver */
    const char *during; /* entry point under way; NULL: none */
    bool nested;        /* while another call of the same host was under way */
    bool wrong_host;    /* the driver handed over another pointer than it was given */
};

/* What the host is told to do. */
struct probe_host_manners {
    bool refuses_changes;       /* RequestDeviceConfigurationChange() fails */
    bool refuses_notifications; /* so does PropertiesChanged() */
    bool storage_fails;
};

/* Property lists by key, kept as bytes: what a driver wrote must not die with its code. */
struct probe_storage;
struct probe_storage *probe_storage_create(void); /* NULL: out of memory */
void probe_storage_destroy(struct probe_storage *storage);
/* False for what is no property list. */
bool probe_storage_write(struct probe_storage *storage, CFStringRef key, CFPropertyListRef value);
/* +1, NULL when there is nothing. */
CFPropertyListRef probe_storage_copy(struct probe_storage *storage, CFStringRef key);
bool probe_storage_delete(struct probe_storage *storage, CFStringRef key);
/* All of it, +1. */
CFDictionaryRef probe_storage_copy_all(struct probe_storage *storage);
void probe_storage_clear(struct probe_storage *storage);

struct probe_host {
    AudioServerPlugInHostInterface interface; /* first: the driver's pointer to the host */
    struct probe_storage *storage;            /* outlives it: nobody frees what a host has */
    _Atomic(const char *) during;             /* the call of the probe that began last */
    atomic_uint inside;                       /* calls of the interface under way */
    pthread_mutex_t lock;                     /* over what follows; a leaf */
    struct probe_host_manners manners;
    struct probe_host_call *calls; /* the last `count`, oldest first */
    size_t count, room;
    uint64_t last_number, told; /* of calls: the newest, and the newest that was told */
    struct probe_host *next;    /* of all that there ever were */
};

/* NULL: out of memory. */
struct probe_host *probe_host_create(struct probe_storage *storage);

/* Calls with a number above `after`, at most `most`, oldest first. Returns how many; *dropped is
 * how many are kept no more. */
size_t probe_host_calls_after(struct probe_host *host, uint64_t after,
                              struct probe_host_call *calls, size_t most, uint64_t *dropped);
uint64_t probe_host_last_number(struct probe_host *host);
/* Gives back the room of the calls that are kept; numbers go on. */
void probe_host_forget_calls(struct probe_host *host);
/* The `info` that the driver gave with its last request for this change; NULL when it made none. */
void *probe_host_change_info(struct probe_host *host, AudioObjectID object, uint64_t action);

/* "PropertiesChanged", ... */
const char *probe_host_function_name(enum probe_host_function function);

#endif
