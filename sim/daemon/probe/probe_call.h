/* probe_call.h - one raw call into a driver: what is handed over, and what came of it. No JSON.
 */
#ifndef PROBE_CALL_H
#define PROBE_CALL_H

#include "probe_buffer.h"
#include "probe_host.h"
#include "property_codec.h"

/* In the order of the interface. */
enum probe_function {
    PROBE_CREATE_DEVICE,
    PROBE_DESTROY_DEVICE,
    PROBE_ADD_CLIENT,
    PROBE_REMOVE_CLIENT,
    PROBE_PERFORM_CHANGE,
    PROBE_ABORT_CHANGE,
    PROBE_HAS_PROPERTY,
    PROBE_IS_SETTABLE,
    PROBE_GET_SIZE,
    PROBE_GET_DATA,
    PROBE_SET_DATA,
    PROBE_START_IO,
    PROBE_STOP_IO,
    PROBE_ZERO_TIMESTAMP,
    PROBE_WILL_DO,
    PROBE_BEGIN_OPERATION,
    PROBE_DO_OPERATION,
    PROBE_END_OPERATION,
    PROBE_FUNCTION_COUNT,
};

/* "GetPropertyData", ...: a constant string. */
const char *probe_function_name(enum probe_function function);
/* All of them, with single spaces, in that order. */
#define PROBE_FUNCTION_NAMES                                                                       \
    "CreateDevice DestroyDevice AddDeviceClient RemoveDeviceClient "                               \
    "PerformDeviceConfigurationChange AbortDeviceConfigurationChange HasProperty "                 \
    "IsPropertySettable GetPropertyDataSize GetPropertyData SetPropertyData StartIO StopIO "       \
    "GetZeroTimeStamp WillDoIOOperation BeginIOOperation DoIOOperation EndIOOperation"

/* What is handed over. Several threads may make the same call at once: nothing in it is written. */
struct probe_call {
    enum probe_function function;
    bool on_other_thread; /* a fresh one, with the default policy */
    bool null_driver;

    AudioObjectID object, stream;
    uint32_t client;
    pid_t process_id; /* of the client, where the slot takes one */
    CFStringRef bundle_id;
    CFDictionaryRef description; /* NULL: NULL */
    bool null_info;              /* of AddDeviceClient, RemoveDeviceClient, CreateDevice */
    uint64_t action;
    bool null_change_info; /* else what the driver gave when it asked for the change */

    AudioObjectPropertyAddress address;
    bool null_address;
    bool null_out; /* every out parameter but `outData` */
    bool null_data;
    struct property_data qualifier; /* no bytes: NULL */
    uint32_t qualifier_size;        /* as it is said to the driver */
    struct property_data data;      /* of SetPropertyData */
    uint32_t size;                  /* as it is said to the driver; room of GetPropertyData */
    bool is_reference;              /* what GetPropertyData gives: it is looked at and released */

    uint32_t operation, frames;
    AudioServerPlugInIOCycleInfo cycle;
    bool null_cycle;
    uint8_t *main, *secondary; /* what the buffers hold; NULL: NULL */
    size_t main_size, secondary_size;
    bool gives_data; /* the samples are wanted, not only what they are like */
};

/* Frees what the call owns: references, bytes, buffers. */
void probe_call_free(struct probe_call *call);

/* Out parameters that nobody wrote still hold this in every byte. */
#define PROBE_UNWRITTEN 0xA5u

/* What came of it. */
struct probe_outcome {
    bool has_memory; /* false: there was none to make the call with, and it was not made */
    int32_t status;  /* of HasProperty, the Boolean */
    uint64_t elapsed_ns;
    uint64_t first_host_call, last_host_call; /* calls of the host meanwhile: above, up to */
    AudioObjectID device;                     /* out of CreateDevice */
    Boolean settable, will_do, in_place;
    UInt32 size; /* as the driver says it */
    Float64 sample_time;
    UInt64 host_time, seed;
    struct probe_buffer data; /* of GetPropertyData and SetPropertyData */
    struct probe_buffer main, secondary;
    CFTypeRef reference;  /* what GetPropertyData gave; probe_outcome_free() releases it, once */
    int64_t retain_count; /* of that */
    int64_t count_before, count_after; /* references to the value that was set; 0: it is none */
};

/* Calls. Any thread that is in no call. */
void probe_call_perform(AudioServerPlugInDriverRef driver, struct probe_host *host,
                        const struct probe_call *call, struct probe_outcome *outcome);
void probe_outcome_free(const struct probe_call *call, struct probe_outcome *outcome);

/* Around what looks into a reference that the driver gave: a crash in there is the driver's. */
void probe_inspection_begin(const struct probe_call *call);
void probe_inspection_end(void);

/* Guards of all buffers together. */
bool probe_outcome_is_within_bounds(const struct probe_outcome *outcome);

#endif
