/* host_internal.h - the structures behind libhalsim. Not installed.
 *
 * Locks, outermost first:
 *   host->control         recursive; every function of host.h that changes something
 *   device->cycle_lock    held by the IO thread during a cycle, and by control calls while they
 * change what a cycle reads (clients, sources). Inherits priority, held for microseconds.
 *   host->change_lock     the queue of configuration changes
 *   plugin->storage_lock, host->notice_lock   leaves: a driver may be inside any call when it takes
 * them; inside of these only that of the fingerprint
 */
#ifndef HALSIM_HOST_INTERNAL_H
#define HALSIM_HOST_INTERNAL_H

#include "bundle.h"
#include "call.h"
#include "device_clock.h"
#include "device_phase.h"
#include "halsim/host.h"
#include "timestamp_oracle.h"
#include <CoreFoundation/CoreFoundation.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>

#define HALSIM_MAX_PLUGINS 64 /* loaded at one time */
#define HALSIM_MAX_HOOKS   8

struct halsim_storage;

/* Lives as long as the process: a thread that a driver forgot may still hold its host reference. */
struct halsim_plugin {
    AudioServerPlugInHostInterface interface; /* first: the driver's host reference points here */
    _Atomic(struct halsim_host *) host;       /* NULL when the host has gone */
    atomic_uint
        inside; /* calls of the interface under way: the host waits for them before it goes */
    atomic_bool has_called_in_io; /* which it was told once */
    uint32_t index;
    bool loaded;
    AudioServerPlugInDriverRef driver;
    CFBundleRef bundle;
    struct halsim_storage *storage; /* the host's; lives as long as that */
    struct halsim_bundle *about;    /* what its Info.plist says */
    struct halsim_plugin *next_retired;
};

/* Answers of WillDoIOOperation, asked before IO starts. */
struct halsim_will_do {
    bool will_do[HALSIM_OP_COUNT];
    bool in_place[HALSIM_OP_COUNT];
};

struct halsim_client {
    uint32_t id;
    int32_t process_id;
    char label[128]; /* "client 3 (its name)", for messages */
    char bundle_id[256];
    CFStringRef bundle_id_string; /* NULL when there is none */
    uint32_t start_count;         /* StartIO less StopIO */
    bool in_cycle;                /* takes part in cycles */
    uint64_t position;            /* frames played and taken */
    struct halsim_will_do will;
    struct halsim_source *sources[HALSIM_MAX_STREAMS]; /* by output stream */
    struct halsim_sink *sinks[HALSIM_MAX_STREAMS];     /* by input stream */
    uint64_t source_from[HALSIM_MAX_STREAMS];          /* `position` when it was set */
    uint64_t sink_from[HALSIM_MAX_STREAMS];
};

struct halsim_stream_buffers {
    float *mix;   /* what the operations work on */
    float *spare; /* for those that do not work in place */
    size_t bytes; /* room in each */
};

struct halsim_device {
    struct halsim_host *host;
    struct halsim_plugin *plugin;
    struct halsim_object object; /* never changes: read without a lock */
    atomic_bool alive;
    uint32_t refuse_changes; /* this many more configuration changes are aborted */
    struct halsim_device_info info;
    uint32_t input_count;  /* info.streams[0 .. input_count) */
    uint32_t output_count; /* info.streams[input_count .. input_count + output_count) */

    struct halsim_client *clients[HALSIM_MAX_CLIENTS];
    uint32_t client_count;

    /* IO */
    pthread_mutex_t cycle_lock;
    atomic_uint cycle_lock_waiters; /* control calls that want it */
    bool running;                   /* cycles are being run; control lock */
    pthread_t thread;
    bool has_thread;
    atomic_bool stop;
    struct halsim_device_clock clock;
    struct halsim_device_phase phase;
    struct halsim_timestamp_oracle oracle;
    uint64_t zero_limit_ns;     /* a zero timestamp further from now is of no running clock */
    struct halsim_will_do will; /* of the operations on the whole device */
    AudioServerPlugInIOCycleInfo cycle_info;
    /* By stream: what a client gets of an input, the mix of an output. */
    struct halsim_stream_buffers buffers[2 * HALSIM_MAX_STREAMS];
    /* By output stream: what one client plays, where that is not the mix. */
    struct halsim_stream_buffers blocks[HALSIM_MAX_STREAMS];
    uint64_t cycle_counter;
    double position; /* device sample time of the next cycle */
    uint64_t scheduled_ns;
    uint32_t pending_skip;
    uint32_t last_hook_ns;
    uint32_t pending_flags;
    uint64_t run_delay_ns;
    int schedstat_fd;
    struct halsim_io_stats stats; /* written in the cycle, read under cycle_lock */
    atomic_ullong cycles_done;
    atomic_bool overload_untold;
};

struct halsim_change {
    struct halsim_device *device;
    uint64_t action;
    void *info;
};

struct halsim_hook {
    halsim_cycle_hook call;
    void *context;
};

struct halsim_host {
    struct halsim_host_config config;
    struct halsim_clock *clock;
    char *storage_folder;
    pthread_mutex_t control;

    struct halsim_plugin **plugins; /* all there ever were: an index is never given twice */
    uint32_t plugin_count;
    /* The one that is loaded; UINT32_MAX: none, or several. Read without a lock. */
    atomic_uint only_plugin;
    uint32_t plugin_room;
    struct halsim_storage *storages; /* of all bundle identifiers met */
    /* Devices keep their index when they have gone. Grows only; a driver's own thread reads it, so
     * that a table it has outgrown lives on with the host. */
    _Atomic(struct halsim_device **) devices;
    _Atomic uint32_t device_count;
    uint32_t device_room;
    struct halsim_device **outgrown[32]; /* each holds twice as many as the one before */
    uint32_t outgrown_count;

    pthread_mutex_t notice_lock;

    /* configuration changes and news of objects, in the order in which they came */
    pthread_mutex_t change_lock;
    pthread_cond_t change_cond;
    struct halsim_change changes[64];
    uint32_t change_count;
    bool objects_changed; /* a plug-in told of new devices or of changed device properties */
    bool change_busy;
    atomic_bool change_waiting; /* looked at between virtual cycles without the lock */
    bool worker_stop;
    bool has_worker;
    pthread_t worker;

    _Atomic(struct halsim_fingerprint *) fingerprint; /* NULL until one is begun */
    struct halsim_trace *trace;
    struct halsim_hook hooks[HALSIM_MAX_HOOKS];
    uint32_t hook_count;
    uint32_t last_client_id;
    struct halsim_clock_model clock_model; /* of the host's clock; for devices that come later */
    uint64_t clock_model_begin_ns;
    atomic_bool interrupted;
    atomic_bool realtime_granted;
    struct halsim_watchdog *watchdog;
};

/* NULL when nobody observes. For calls of the driver: as long as the host makes one, it is there.
 */
static inline struct halsim_fingerprint *halsim_fingerprint_of(struct halsim_plugin *plugin) {
    struct halsim_host *host = atomic_load_explicit(&plugin->host, memory_order_acquire);
    return atomic_load_explicit(&host->fingerprint, memory_order_acquire);
}

/* ---- status.c ---------------------------------------------------------------------------- */

bool halsim_fail(struct halsim_error *error, enum halsim_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A driver's answer: adds "answered 'who?'" and the code. */
bool halsim_fail_driver(struct halsim_error *error, OSStatus answer, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- plugin.c, device.c ------------------------------------------------------------------- */

/* No call of the driver finds the host from now on, and none is under way that did. */
void halsim_plugin_detach(struct halsim_plugin *plugin);
/* After that: frees what nobody but the host uses. */
void halsim_plugin_retire(struct halsim_plugin *plugin);
struct halsim_plugin *halsim_plugin_at(struct halsim_host *host, uint32_t index,
                                       struct halsim_error *error);
struct halsim_device *halsim_device_at(struct halsim_host *host, uint32_t index,
                                       struct halsim_error *error);
struct halsim_device *halsim_device_of_object(struct halsim_host *host,
                                              struct halsim_object object);
/* Reads the plug-in's device list; new devices are added, missing ones die. */
bool halsim_devices_scan(struct halsim_plugin *plugin, struct halsim_error *error);
/* All devices of a plug-in that is being unloaded die. */
void halsim_devices_remove(struct halsim_plugin *plugin);
bool halsim_device_refresh(struct halsim_device *device, struct halsim_error *error);
void halsim_devices_free(struct halsim_host *host);

/* ---- client.c ----------------------------------------------------------------------------- */

/* With control held: stops IO of the device's clients and removes them. What the driver asks for
 * meanwhile waits. */
void halsim_device_remove_clients(struct halsim_device *device);

/* ---- plugin_interface.c -------------------------------------------------------------------- */

void halsim_plugin_interface_init(struct halsim_plugin *plugin);

/* ---- storage.c ---------------------------------------------------------------------------- */

#define HALSIM_STORAGE_NAME_MAX 512

/* With control held. The store of this name; it is made when there is none, and filled from its
 * file when there is a folder. No loaded plug-in may be using it. */
struct halsim_storage *halsim_storage_open(struct halsim_host *host, const char *name,
                                           struct halsim_error *error);
void halsim_storage_close_all(struct halsim_host *host);
CFPropertyListRef halsim_storage_copy(struct halsim_storage *storage, CFStringRef key);
bool halsim_storage_write(struct halsim_storage *storage, CFStringRef key, CFPropertyListRef value);
bool halsim_storage_delete(struct halsim_storage *storage, CFStringRef key);

/* ---- change.c ----------------------------------------------------------------------------- */

bool halsim_change_start(struct halsim_host *host, struct halsim_error *error);
void halsim_change_stop(struct halsim_host *host);
bool halsim_change_request(struct halsim_device *device, uint64_t action, void *info);
void halsim_change_objects(struct halsim_host *host);
/* With control held, before the plug-in is released. */
void halsim_change_abort_all(struct halsim_plugin *plugin, struct halsim_host *host);
/* Virtual time: performs what waits, here and now. Real time: waits for the worker, at most the
 * configured limit; false on a timeout. */
bool halsim_change_settle(struct halsim_host *host);

/* ---- notice.c ------------------------------------------------------------------------------ */

void halsim_notify(struct halsim_host *host, const struct halsim_notice *notice);
void halsim_warn(struct halsim_plugin *plugin, AudioObjectID object, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- io.c, io_thread.c, cycle.c ------------------------------------------------------------- */

/* The cycle lock for control calls. An overloaded IO thread, which never sleeps, makes way for
 * them. */
static inline void halsim_device_lock(struct halsim_device *device) {
    atomic_fetch_add(&device->cycle_lock_waiters, 1);
    pthread_mutex_lock(&device->cycle_lock);
    atomic_fetch_sub(&device->cycle_lock_waiters, 1);
}
static inline void halsim_device_unlock(struct halsim_device *device) {
    pthread_mutex_unlock(&device->cycle_lock);
}

/* With control held. What the driver will do for the host, and the buffers for it; before the first
 * StartIO. */
bool halsim_device_prepare_io(struct halsim_device *device, struct halsim_error *error);
/* With control held. Starts or ends the cycles of a device. Clients keep their StartIO count. */
bool halsim_device_begin_io(struct halsim_device *device, struct halsim_error *error);
void halsim_device_end_io(struct halsim_device *device);
/* With control held: whether cycles of any device are being run. */
bool halsim_io_any_runs(const struct halsim_host *host);
/* StopIO of every client that started, end of the cycles; and back. For configuration changes.
 * A client whose IO does not come back is told of (HALSIM_NOTICE_IO_STOPPED_ABNORMALLY). */
uint32_t halsim_device_suspend_io(struct halsim_device *device);
bool halsim_device_resume_io(struct halsim_device *device, struct halsim_error *error);

bool halsim_io_thread_start(struct halsim_device *device, struct halsim_error *error);
void halsim_io_thread_join(struct halsim_device *device);

/* After an operation that went from `mix` to `spare`. */
static inline void halsim_buffers_swap(struct halsim_stream_buffers *buffers) {
    float *result = buffers->spare;
    buffers->spare = buffers->mix;
    buffers->mix = result;
}
/* Whether the driver converts, for this client, what the host cannot. */
bool halsim_buffers_suit(const struct halsim_device *device, const struct halsim_client *client,
                         struct halsim_error *error);
bool halsim_buffers_prepare(struct halsim_device *device, struct halsim_error *error);
void halsim_buffers_free(struct halsim_device *device);
void halsim_ask_will_do(struct halsim_device *device, uint32_t client, struct halsim_will_do *will);
/* First zero timestamp, position and time of the first cycle. */
bool halsim_cycle_anchor(struct halsim_device *device, struct halsim_error *error);
/* One cycle, at `woke_ns`; moves position and scheduled_ns on. With cycle_lock held. */
void halsim_cycle_run(struct halsim_device *device, uint64_t woke_ns);
/* The next `count` cycles are left out, as if they could no longer be on time. With cycle_lock
 * held. */
void halsim_cycle_skip(struct halsim_device *device, uint64_t count);
/* Begin or end of the IO thread as the driver sees it. */
void halsim_cycle_thread_operation(struct halsim_device *device, bool begin);

/* ---- platform_*.c -------------------------------------------------------------------------- */

/* Asks for real-time scheduling of the calling thread. */
bool halsim_platform_realtime(uint64_t period_ns);
void halsim_platform_thread_name(const char *name);
void halsim_platform_lock_memory(void);
int halsim_platform_schedstat_open(void);
uint64_t halsim_platform_run_delay_ns(int fd);
/* The timebase and the time that drivers see; no-ops on a Mac. */
void halsim_platform_install_time(struct halsim_host *host);
void halsim_platform_remove_time(struct halsim_host *host);
/* Work that drivers have put into dispatch queues. In virtual time: fires what is due, lets the
 * pool finish (or gives up on what does not), runs the main queue. In real time: runs the main
 * queue. What runs here counts as a call into a driver. On a Mac libdispatch does all that itself.
 */
void halsim_platform_run_queues(struct halsim_host *host);
void halsim_platform_stop_queues(void);

static inline uint64_t halsim_ticks_from_ns(const struct halsim_host *host, uint64_t ns) {
    uint32_t numer = host->config.timebase_numer;
    uint32_t denom = host->config.timebase_denom;
    if (numer == denom) {
        return ns;
    }
    return (uint64_t)((unsigned __int128)ns * denom / numer);
}

static inline uint64_t halsim_ns_from_ticks(const struct halsim_host *host, uint64_t ticks) {
    uint32_t numer = host->config.timebase_numer;
    uint32_t denom = host->config.timebase_denom;
    if (numer == denom) {
        return ticks;
    }
    return (uint64_t)((unsigned __int128)ticks * numer / denom);
}

#define HALSIM_ADDRESS(selector, scope)                                                            \
    (&(AudioObjectPropertyAddress){(selector), (scope), kAudioObjectPropertyElementMain})

#endif
