/* fingerprint.h - one number for all that could be observed in a run, and a log of it.
 *
 * A rolling hash of every observation, in the order in which they come: each call of a driver
 * (entry point, object, client, code, the arguments that are values, the result, what the driver
 * wrote), each call of the driver to its host, the samples handed to IO operations and handed back,
 * what sinks and in-process far ends get, notices, the begin of each cycle, and the virtual time of
 * all that. No real durations, addresses, process or thread IDs, paths. So the same command gives
 * the same number on every machine, and two runs that differ say when they began to: at checkpoints
 * after every so many cycles, and event by event in a log of a window of cycles.
 *
 * Virtual time only (STATE otherwise): in real time no two runs are the same. What makes runs
 * differ all the same: docs/explanation/determinism.md. The log: docs/reference/event-log.md.
 */
#ifndef HALSIM_FINGERPRINT_H
#define HALSIM_FINGERPRINT_H

#include "halsim/host.h"

/* Becomes part of the hash: numbers of different versions are not comparable. */
#define HALSIM_FINGERPRINT_VERSION     1u
#define HALSIM_FINGERPRINT_CHECKPOINTS 4096u

/* What was observed. Calls are called as the slot of the interface. */
enum halsim_observed {
    /* calls of a driver, told when they return */
    HALSIM_OBSERVED_Factory = 1,
    HALSIM_OBSERVED_QueryInterface = 2,
    HALSIM_OBSERVED_Release = 3,
    HALSIM_OBSERVED_Initialize = 4,
    HALSIM_OBSERVED_AddDeviceClient = 5,
    HALSIM_OBSERVED_RemoveDeviceClient = 6,
    HALSIM_OBSERVED_PerformDeviceConfigurationChange = 7,
    HALSIM_OBSERVED_AbortDeviceConfigurationChange = 8,
    HALSIM_OBSERVED_HasProperty = 9,
    HALSIM_OBSERVED_IsPropertySettable = 10,
    HALSIM_OBSERVED_GetPropertyDataSize = 11,
    HALSIM_OBSERVED_GetPropertyData = 12,
    HALSIM_OBSERVED_SetPropertyData = 13,
    HALSIM_OBSERVED_StartIO = 14,
    HALSIM_OBSERVED_StopIO = 15,
    HALSIM_OBSERVED_GetZeroTimeStamp = 16,
    HALSIM_OBSERVED_WillDoIOOperation = 17,
    HALSIM_OBSERVED_BeginIOOperation = 18,
    HALSIM_OBSERVED_DoIOOperation = 19,
    HALSIM_OBSERVED_EndIOOperation = 20,
    /* calls of the driver to its host, told when they return */
    HALSIM_OBSERVED_PropertiesChanged = 32,
    HALSIM_OBSERVED_CopyFromStorage = 33,
    HALSIM_OBSERVED_WriteToStorage = 34,
    HALSIM_OBSERVED_DeleteFromStorage = 35,
    HALSIM_OBSERVED_RequestDeviceConfigurationChange = 36,
    /* the host's own */
    HALSIM_OBSERVED_CYCLE = 48,       /* a cycle begins */
    HALSIM_OBSERVED_HANDED_IN = 49,   /* samples that the next DoIOOperation is given */
    HALSIM_OBSERVED_HANDED_BACK = 50, /* samples as the last DoIOOperation left them */
    HALSIM_OBSERVED_SINK = 51,        /* samples that a client took from a stream */
    HALSIM_OBSERVED_FAR_END = 52,     /* samples that an in-process far end got */
    HALSIM_OBSERVED_NOTICE = 53,
    /* in the log only, behind 49 to 52 when it has samples: up to 64 bytes of them in `values`;
     * `object` is the number of the piece, from 0, `detail` how many bytes it has */
    HALSIM_OBSERVED_CONTENT = 54,
};

#define HALSIM_OBSERVED_VALUES 8u
/* In values[0] of a property: what follows is text, not bytes. */
#define HALSIM_OBSERVED_TEXT   (UINT64_C(1) << 63)

/* One event, and one record of the log. */
struct halsim_observation {
    uint64_t sequence; /* from 1 */
    uint64_t cycle;    /* cycles begun so far, of all devices: 0 before the first */
    uint64_t time_ns;  /* virtual */
    uint16_t kind;     /* enum halsim_observed */
    uint16_t plugin;   /* index, 65535: none */
    uint32_t object;   /* the driver's ID, 0: none */
    uint32_t client;
    uint32_t code;   /* selector or operation, or the kind of a notice */
    int32_t status;  /* what was answered */
    uint32_t detail; /* stream of samples and of DoIOOperation; scope of a property; device index of
                        a cycle and of a far end */
    uint64_t data;   /* hash of everything else */
    uint64_t hash;   /* the rolling hash after this event */
    /* Some of what `data` is a hash of, as it was, for the log; no part of the hash. What they are
     * depends on `kind`: docs/reference/event-log.md. */
    uint64_t values[HALSIM_OBSERVED_VALUES];
};

#define HALSIM_EVENT_LOG_MAGIC        UINT64_C(0x31544E45564548) /* the bytes "HEVENT1\0" */
#define HALSIM_EVENT_LOG_VERSION      2u
#define HALSIM_EVENT_LOG_HEADER_BYTES 256u
#define HALSIM_EVENT_LOG_RECORD_BYTES 128u

struct halsim_event_log_header {
    uint64_t magic;
    uint32_t version;
    uint32_t header_bytes;
    uint32_t record_bytes;
    uint32_t fingerprint_version;
    uint64_t capacity; /* records that the file has room for */
    uint64_t written;  /* records that it has; stored with release order after each */
    uint64_t dropped;  /* events of the window that came when it was full */
    uint64_t first_cycle, last_cycle;
    uint64_t start_ns; /* virtual time when the fingerprint was begun */
    uint64_t seed;     /* of the host */
    uint8_t reserved[HALSIM_EVENT_LOG_HEADER_BYTES - 80];
};

_Static_assert(sizeof(struct halsim_observation) == HALSIM_EVENT_LOG_RECORD_BYTES, "record");
_Static_assert(sizeof(struct halsim_event_log_header) == HALSIM_EVENT_LOG_HEADER_BYTES, "header");

struct halsim_checkpoint {
    uint64_t cycle;
    uint64_t hash; /* when so many cycles were done */
};

struct halsim_fingerprint_state {
    uint64_t hash;
    uint64_t events;
    uint64_t cycles;
    uint64_t every; /* cycles from one checkpoint to the next: a power of two, doubled when full */
    uint32_t checkpoint_count;
    struct halsim_checkpoint checkpoints[HALSIM_FINGERPRINT_CHECKPOINTS];
};

/* Observes from now on, from nothing: cycles and events are counted anew, an open log is closed.
 * It goes on as long as the host lives. */
HALSIM_EXPORT bool halsim_fingerprint_begin(struct halsim_host *host, struct halsim_error *error);
/* What it is now. STATE when none was begun. */
HALSIM_EXPORT bool halsim_fingerprint_read(struct halsim_host *host,
                                           struct halsim_fingerprint_state *state,
                                           struct halsim_error *error);
/* Writes the events of cycles `first_cycle` to `last_cycle` into a new file of room for `capacity`
 * records (1 to 2^24), which stands there with all events so far also after a crash; events that
 * come when it is full are counted. It takes the place of the log before; a NULL path only closes
 * that. When it is closed, at the latest with the host, it is cut to what it holds. The path: as
 * for halsim_trace_create(). STATE when no fingerprint was begun. */
HALSIM_EXPORT bool halsim_fingerprint_log(struct halsim_host *host, const char *path,
                                          uint64_t first_cycle, uint64_t last_cycle,
                                          uint64_t capacity, struct halsim_error *error);

/* Whether the log that is open also gets the samples, from now on: many records for each block.
 * STATE when no fingerprint was begun. */
HALSIM_EXPORT bool halsim_fingerprint_log_samples(struct halsim_host *host, bool samples,
                                                  struct halsim_error *error);

/* For far ends that live in the host's process: what one that listens to this device has got, and
 * how many frames it knows to have lost. Does nothing when no fingerprint was begun. On the thread
 * that runs cycles. */
HALSIM_EXPORT void halsim_fingerprint_far_end(struct halsim_host *host, uint32_t device,
                                              const float *samples, uint32_t frames,
                                              uint32_t channels, uint64_t lost_frames);

#endif
