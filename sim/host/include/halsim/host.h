/* host.h - libhalsim: a coreaudiod as a library.
 *
 * One struct halsim_host is one daemon: it loads plug-ins, walks their objects, adds clients and
 * drives IO. Objects are named as the driver names them: a plug-in index of the host and the
 * driver's own object ID.
 *
 * Threads. The functions below may be called from any thread, one call at a time per host is
 * enough: they take the host's control lock. In real time each running device has an IO thread of
 * its own, and a worker thread performs configuration changes. In virtual time there are no host
 * threads: cycles run inside halsim_io_run(), changes when the call that caused them is about to
 * return.
 */
#ifndef HALSIM_HOST_H
#define HALSIM_HOST_H

#include "halsim/clock.h"
#include "halsim/clock_model.h"
#include "halsim/profile.h"
#include "halsim/signal.h"
#include "halsim/timestamps.h"
#include "halsim/trace.h"
#include <CoreAudio/AudioServerPlugIn.h>
#include <limits.h>

struct halsim_host;

/* ---- host -------------------------------------------------------------------------------- */

enum halsim_notice_kind {
    HALSIM_NOTICE_PROPERTIES_CHANGED = 1,
    HALSIM_NOTICE_CONFIGURATION_REQUESTED = 2,
    HALSIM_NOTICE_CONFIGURATION_PERFORMED = 3,
    HALSIM_NOTICE_CONFIGURATION_ABORTED = 4,
    HALSIM_NOTICE_OVERLOAD = 5,
    HALSIM_NOTICE_IO_STOPPED_ABNORMALLY = 6,
    HALSIM_NOTICE_WARNING = 7, /* the driver broke a rule that does not stop the host */
};

struct halsim_notice {
    enum halsim_notice_kind kind;
    uint32_t plugin;
    AudioObjectID object;
    const AudioObjectPropertyAddress *addresses; /* PROPERTIES_CHANGED */
    uint32_t address_count;
    uint64_t change_action; /* CONFIGURATION_* */
    const char *text;       /* WARNING and ABNORMALLY: one line */
};

/* Called on the thread that caused the notice, which is an IO thread only if a driver notifies from
 * there; must not call the host. */
typedef void (*halsim_notice_callback)(const struct halsim_notice *notice, void *context);

/* A call into a driver that has not returned for longer than the limit. */
struct halsim_call_info {
    /* "StartIO", "DoIOOperation", ...; "MainQueue" for what drivers have put into that queue */
    const char *entry_point;
    uint32_t plugin; /* UINT32_MAX in "MainQueue", when several are loaded */
    AudioObjectID object;
    uint32_t client;
    uint32_t code;       /* selector or operation as a four-character code, 0 when none */
    uint64_t started_ns; /* CLOCK_MONOTONIC */
};
typedef void (*halsim_hang_callback)(const struct halsim_call_info *call, uint64_t elapsed_ns,
                                     void *context);

struct halsim_host_config {
    enum halsim_clock_kind clock;
    enum halsim_wait wait;     /* real time only */
    uint64_t spin_ns;          /* real time only, default 500,000 */
    bool realtime_priority;    /* ask for SCHED_FIFO / the time-constraint policy; default true */
    uint64_t virtual_start_ns; /* virtual only, default 1,000,000,000 */
    const struct halsim_scheduler *scheduler; /* virtual only; copied; NULL: threads of drivers live
                                                 in real time. Its time is the host's. */
    const struct halsim_profile *profile;     /* lives as long as the host; NULL: none */
    uint64_t seed;                            /* goes into the trace */
    uint32_t timebase_numer;                  /* what drivers see; Linux only; default 1/1 */
    uint32_t timebase_denom;
    const char *storage_folder; /* one file per bundle identifier, read at each load; NULL: storage
                                   lives as long as the host */
    uint32_t call_limit_ms;     /* hang watchdog, 0 = off; default 5,000 */
    uint32_t late_wake_us;      /* wake-up error from which a cycle counts as late; default 1,000 */
    uint32_t
        driver_budget_percent; /* of the period, for the driver's share of a cycle; default 50 */
    uint32_t change_limit_ms;  /* wait for a configuration change; default 2,000 */
    halsim_notice_callback on_notice;
    void *notice_context;
    halsim_hang_callback on_hang; /* default: none */
    void *hang_context;
};

HALSIM_EXPORT void halsim_host_config_init(struct halsim_host_config *config);
HALSIM_EXPORT struct halsim_host *halsim_host_create(const struct halsim_host_config *config,
                                                     struct halsim_error *error);
/* Stops IO, removes clients, releases plug-ins, frees all. Waits for calls of the drivers' own
 * threads that are under way; later ones are refused. NULL is allowed. */
HALSIM_EXPORT void halsim_host_destroy(struct halsim_host *host);
HALSIM_EXPORT struct halsim_clock *halsim_host_clock(struct halsim_host *host);
HALSIM_EXPORT const char *halsim_version(void);

/* What the calling thread is doing inside a driver right now; NULL when it is in none.
 * Safe in a signal handler. */
HALSIM_EXPORT const struct halsim_call_info *halsim_call_current(void);

/* What some thread is doing inside a driver right now, the oldest thread first; NULL when none is
 * in one. For a report when all of them stand still. */
HALSIM_EXPORT const struct halsim_call_info *halsim_call_any(void);

/* A number of the call into a driver that the calling thread is in, 0 in none. */
HALSIM_EXPORT uint64_t halsim_call_number(void);

/* True when SCHED_FIFO (or the time-constraint policy) was granted to the last IO thread. */
HALSIM_EXPORT bool halsim_host_has_realtime_priority(const struct halsim_host *host);

/* ---- plug-ins ---------------------------------------------------------------------------- */

struct halsim_plugin_info {
    uint32_t plugin;
    const char *path;       /* of the bundle, absolute */
    const char *executable; /* path */
    const char *bundle_id;
    const char *factory_uuid;
    const char *factory_symbol;
};

/* At most 64 are loaded at one time, and of one bundle identifier only one (STATE). `out_plugin` is
 * an index that none had before. */
HALSIM_EXPORT bool halsim_plugin_load(struct halsim_host *host, const char *bundle_path,
                                      uint32_t *out_plugin, struct halsim_error *error);
/* Stops its devices, removes its clients, Release. The code stays mapped: its threads may live. */
HALSIM_EXPORT bool halsim_plugin_unload(struct halsim_host *host, uint32_t plugin,
                                        struct halsim_error *error);
/* What a bundle is, by its Info.plist; nothing of it is loaded. Refused as by loading it. */
struct halsim_bundle_info {
    char path[PATH_MAX]; /* absolute */
    char bundle_id[256]; /* "" without one */
};
HALSIM_EXPORT bool halsim_bundle_look(const char *path, const struct halsim_profile *profile,
                                      struct halsim_bundle_info *info, struct halsim_error *error);
/* All there ever were, also those that failed to load or are unloaded. */
HALSIM_EXPORT uint32_t halsim_plugin_count(struct halsim_host *host);
HALSIM_EXPORT bool halsim_plugin_info(struct halsim_host *host, uint32_t plugin,
                                      struct halsim_plugin_info *info, struct halsim_error *error);

/* ---- objects and their properties --------------------------------------------------------- */

struct halsim_object {
    uint32_t plugin;
    AudioObjectID id;
};

HALSIM_EXPORT bool halsim_property_has(struct halsim_host *host, struct halsim_object object,
                                       const AudioObjectPropertyAddress *address);
HALSIM_EXPORT bool halsim_property_is_settable(struct halsim_host *host,
                                               struct halsim_object object,
                                               const AudioObjectPropertyAddress *address,
                                               bool *settable, struct halsim_error *error);
/* The qualifier of has no size when `qualifier` is NULL. */
HALSIM_EXPORT bool halsim_property_size(struct halsim_host *host, struct halsim_object object,
                                        const AudioObjectPropertyAddress *address,
                                        uint32_t qualifier_size, const void *qualifier,
                                        uint32_t *size, struct halsim_error *error);
/* `io_size`: in, room at `data`; out, bytes written. The driver is not asked for the size first: a
 * caller that does not know it does so. References returned by the driver (CFString, ...) are the
 * caller's to release. */
HALSIM_EXPORT bool halsim_property_get(struct halsim_host *host, struct halsim_object object,
                                       const AudioObjectPropertyAddress *address,
                                       uint32_t qualifier_size, const void *qualifier,
                                       uint32_t *io_size, void *data, struct halsim_error *error);
/* Around what the caller does with a reference that halsim_property_get() returned, its release
 * included: no object, or one that is gone, is the driver's mistake, and a crash over it is told as
 * one in this call of GetPropertyData. In between nothing may call the host. */
HALSIM_EXPORT void halsim_property_begin_inspection(struct halsim_object object,
                                                    const AudioObjectPropertyAddress *address);
HALSIM_EXPORT void halsim_property_end_inspection(void);
/* Returns when the driver has taken the value and a configuration change that it asked for is done.
 */
HALSIM_EXPORT bool halsim_property_set(struct halsim_host *host, struct halsim_object object,
                                       const AudioObjectPropertyAddress *address,
                                       uint32_t qualifier_size, const void *qualifier,
                                       uint32_t size, const void *data, struct halsim_error *error);

/* Typed reading. Lists are asked for their size first; what has one size by contract is not.
 * Strings are UTF-8 and freed with free(). Lists are freed with free(). */
HALSIM_EXPORT bool halsim_property_get_u32(struct halsim_host *host, struct halsim_object object,
                                           const AudioObjectPropertyAddress *address,
                                           uint32_t *value, struct halsim_error *error);
HALSIM_EXPORT bool halsim_property_get_f64(struct halsim_host *host, struct halsim_object object,
                                           const AudioObjectPropertyAddress *address, double *value,
                                           struct halsim_error *error);
HALSIM_EXPORT char *halsim_property_get_string(struct halsim_host *host,
                                               struct halsim_object object,
                                               const AudioObjectPropertyAddress *address,
                                               struct halsim_error *error);
/* `element_size` bytes each; NULL with *count 0 and no error for an empty list. */
HALSIM_EXPORT void *halsim_property_get_list(struct halsim_host *host, struct halsim_object object,
                                             const AudioObjectPropertyAddress *address,
                                             uint32_t element_size, uint32_t *count,
                                             struct halsim_error *error);

/* ---- devices ----------------------------------------------------------------------------- */

#define HALSIM_MAX_DEVICES 64 /* alive at a time */
#define HALSIM_MAX_STREAMS 32 /* per direction of a device */
#define HALSIM_MAX_CLIENTS 64 /* per device */
#define HALSIM_MIN_FRAMES  16
#define HALSIM_MAX_FRAMES  8192

struct halsim_stream_info {
    AudioObjectID id;
    bool is_input;
    uint32_t starting_channel;
    uint32_t latency_frames;
    AudioStreamBasicDescription virtual_format;
    AudioStreamBasicDescription physical_format;
};

/* What the host has read of a device; refreshed after every configuration change. */
struct halsim_device_info {
    uint32_t device; /* index in the host, from 0: what trace records carry */
    struct halsim_object object;
    char uid[256];
    char name[256];
    double nominal_rate;
    uint32_t buffer_frames;
    uint32_t zero_period_frames;
    uint32_t clock_algorithm;
    uint32_t input_latency_frames, output_latency_frames; /* device only */
    uint32_t input_safety_frames, output_safety_frames;
    bool is_hidden;
    bool is_running;
    uint32_t stream_count; /* inputs first, each direction in the driver's order */
    struct halsim_stream_info streams[2 * HALSIM_MAX_STREAMS];
    uint32_t client_count;
};

/* One more than the last index given out. Those of devices that have gone are not used again:
 * asking for one is an error. */
HALSIM_EXPORT uint32_t halsim_device_count(struct halsim_host *host);
HALSIM_EXPORT bool halsim_device_info(struct halsim_host *host, uint32_t device,
                                      struct halsim_device_info *info, struct halsim_error *error);
/* By UID, else by name; an ambiguous or unknown name is an error that lists what there is. */
HALSIM_EXPORT bool halsim_device_find(struct halsim_host *host, const char *uid_or_name,
                                      uint32_t *device, struct halsim_error *error);
/* 16 to 8192 frames per cycle; IO is stopped and started again around the change. */
HALSIM_EXPORT bool halsim_device_set_buffer_frames(struct halsim_host *host, uint32_t device,
                                                   uint32_t frames, struct halsim_error *error);
/* Sets kAudioDevicePropertyNominalSampleRate; a rate that the device lacks is refused with its
 * list. Returns when the device has the rate, or with HALSIM_ERROR_TIMEOUT when it still has
 * another after `change_limit_ms`. */
HALSIM_EXPORT bool halsim_device_set_rate(struct halsim_host *host, uint32_t device, double rate,
                                          struct halsim_error *error);
/* The next `count` configuration changes that the device asks for are aborted instead of performed.
 */
HALSIM_EXPORT bool halsim_device_refuse_changes(struct halsim_host *host, uint32_t device,
                                                uint32_t count, struct halsim_error *error);
/* Moves the host times of the device's zero timestamps, as the host sees them, by a clock model: a
 * crystal that is off, also where the driver takes its timestamps from mach_absolute_time(). Cycles
 * follow the modelled rate. The model begins with the first zero timestamp of each run of IO; one
 * that is set while IO runs begins with the next and goes on where the one before had come to. An
 * empty one ends it. Virtual time only (STATE).
 *
 * The driver knows nothing of it: its own times are not moved, so that those in a cycle's info and
 * its own come apart by the phase error, 17 s after a day at 200 ppm. A jump of more than half an
 * IO cycle is one for the host (HALSIM_CYCLE_TIMESTAMP_JUMP), model or not; one that the model made
 * has HALSIM_CYCLE_CLOCK_STEP as well. */
HALSIM_EXPORT bool halsim_device_set_clock_model(struct halsim_host *host, uint32_t device,
                                                 const struct halsim_clock_model *model,
                                                 struct halsim_error *error);
/* The same for the host's clock. Nobody can see a clock but against another: a host that is fast is
 * all devices slow, of those that are there and of those that come. Its time begins now, for all
 * devices the same. */
HALSIM_EXPORT bool halsim_host_set_clock_model(struct halsim_host *host,
                                               const struct halsim_clock_model *model,
                                               struct halsim_error *error);
/* Sets the physical format of a stream, or the virtual one of a stream that has no other. Returns
 * as halsim_device_set_rate() does: when the stream has the format. */
HALSIM_EXPORT bool halsim_device_set_format(struct halsim_host *host, uint32_t device,
                                            AudioObjectID stream,
                                            const AudioStreamBasicDescription *format,
                                            struct halsim_error *error);

/* ---- clients and IO ----------------------------------------------------------------------- */

struct halsim_client_config {
    int32_t process_id;    /* 0: this process */
    const char *bundle_id; /* NULL: none */
    const char *name;      /* for messages; NULL: none */
};

HALSIM_EXPORT bool halsim_client_add(struct halsim_host *host, uint32_t device,
                                     const struct halsim_client_config *config,
                                     uint32_t *out_client, struct halsim_error *error);
/* Stops its IO first when it runs. Destroys its sources and sinks. */
HALSIM_EXPORT bool halsim_client_remove(struct halsim_host *host, uint32_t device, uint32_t client,
                                        struct halsim_error *error);
/* What the client plays into an output stream (index among the outputs), or takes from an input
 * stream. Takes ownership also on failure; NULL takes it away. The positions that it is told start
 * at 0 with the next cycle; those of other streams go on. */
HALSIM_EXPORT bool halsim_client_set_source(struct halsim_host *host, uint32_t device,
                                            uint32_t client, uint32_t output,
                                            struct halsim_source *source,
                                            struct halsim_error *error);
HALSIM_EXPORT bool halsim_client_set_sink(struct halsim_host *host, uint32_t device,
                                          uint32_t client, uint32_t input, struct halsim_sink *sink,
                                          struct halsim_error *error);

HALSIM_EXPORT bool halsim_io_start(struct halsim_host *host, uint32_t device, uint32_t client,
                                   struct halsim_error *error);
HALSIM_EXPORT bool halsim_io_stop(struct halsim_host *host, uint32_t device, uint32_t client,
                                  struct halsim_error *error);
/* Whether cycles are being run, of any device. */
HALSIM_EXPORT bool halsim_io_is_running(struct halsim_host *host);

/* Virtual: runs cycles of all running devices in order of their time, until the clock has moved on
 * by `duration_ns`. Real time: waits that long. At least one device must run. */
HALSIM_EXPORT bool halsim_io_run(struct halsim_host *host, uint64_t duration_ns,
                                 struct halsim_error *error);
/* The same until `device` has done `cycles` more cycles. */
HALSIM_EXPORT bool halsim_io_run_cycles(struct halsim_host *host, uint32_t device, uint64_t cycles,
                                        struct halsim_error *error);
/* Ends a halsim_io_run() of another thread, or the next one. Safe in a signal handler. */
HALSIM_EXPORT void halsim_io_interrupt(struct halsim_host *host);

/* Faults on purpose; virtual time only (UNSUPPORTED). Time moves on by `ns` and no cycle runs, as
 * if the IO threads had stood still: the next cycle of each running device wakes late, those that
 * can no longer be on time are skipped. Whatever else is due meanwhile happens. IO need not run. */
HALSIM_EXPORT bool halsim_host_advance(struct halsim_host *host, uint64_t ns,
                                       struct halsim_error *error);
/* The same, until `ns` after the time of the next cycle of `device`, which must run. */
HALSIM_EXPORT bool halsim_device_wake_late(struct halsim_host *host, uint32_t device, uint64_t ns,
                                           struct halsim_error *error);
/* The next `count` cycles of `device`, which must run, never come: they count as skipped, and the
 * one after them is on time. */
HALSIM_EXPORT bool halsim_device_lose_cycles(struct halsim_host *host, uint32_t device,
                                             uint64_t count, struct halsim_error *error);

struct halsim_io_stats {
    uint64_t cycles;
    uint64_t frames; /* sum of the frames of the cycles */
    uint64_t late_wakes;
    uint64_t over_budget;
    uint64_t overloads;
    uint64_t skipped_cycles;
    uint64_t timestamp_jumps;
    uint64_t clock_steps; /* of those, made by a clock model: the driver's own time line went on */
    uint64_t seed_changes;
    uint64_t driver_errors;
    int32_t last_driver_error;            /* OSStatus */
    uint32_t last_driver_error_operation; /* four-character code */
    uint64_t host_ns;                     /* processor time base: host's own share, all cycles */
    uint64_t driver_ns;                   /* the driver's */
    uint64_t signal_ns;                   /* sources and sinks of the clients */
    uint64_t hook_ns;                     /* cycle hooks: far ends that read inside the host */
};
HALSIM_EXPORT bool halsim_io_stats(struct halsim_host *host, uint32_t device,
                                   struct halsim_io_stats *stats, struct halsim_error *error);
/* How many frames the client has played and taken, in each of its streams, since it was added. */
HALSIM_EXPORT bool halsim_client_position(struct halsim_host *host, uint32_t device,
                                          uint32_t client, uint64_t *frames,
                                          struct halsim_error *error);
/* Whether its IO was started and runs: false after a configuration change that it could not be
 * started again after. False for a client that does not exist. */
HALSIM_EXPORT bool halsim_client_is_running(struct halsim_host *host, uint32_t device,
                                            uint32_t client);

/* Called after each cycle on the thread that ran it, for far ends that live inside the host. */
typedef void (*halsim_cycle_hook)(uint32_t device, const struct halsim_trace_record *record,
                                  void *context);
/* Up to 8; only while no IO runs. The hook must be quick; its time counts as hook_ns. */
HALSIM_EXPORT bool halsim_host_add_cycle_hook(struct halsim_host *host, halsim_cycle_hook hook,
                                              void *context, struct halsim_error *error);
HALSIM_EXPORT void halsim_host_remove_cycle_hook(struct halsim_host *host, halsim_cycle_hook hook,
                                                 void *context);

/* Trace of all devices from now on; replaces an open one, which stays open on a failure. NULL path
 * closes it. Only while no IO runs. */
HALSIM_EXPORT bool halsim_host_trace(struct halsim_host *host, const char *path, uint64_t capacity,
                                     struct halsim_error *error);

#endif
