/* probe_call.c - the slots of the interface. */
#include "probe_call.h"
#include "halsim/call_around.h"
#include "halsim/coverage.h"
#include <stdlib.h>
#include <string.h>

const char *probe_function_name(enum probe_function function) {
    static const char *const names[PROBE_FUNCTION_COUNT] = {
        "CreateDevice",
        "DestroyDevice",
        "AddDeviceClient",
        "RemoveDeviceClient",
        "PerformDeviceConfigurationChange",
        "AbortDeviceConfigurationChange",
        "HasProperty",
        "IsPropertySettable",
        "GetPropertyDataSize",
        "GetPropertyData",
        "SetPropertyData",
        "StartIO",
        "StopIO",
        "GetZeroTimeStamp",
        "WillDoIOOperation",
        "BeginIOOperation",
        "DoIOOperation",
        "EndIOOperation",
    };
    return names[function];
}

void probe_call_free(struct probe_call *call) {
    if (call->bundle_id != NULL) {
        CFRelease(call->bundle_id);
    }
    if (call->description != NULL) {
        CFRelease(call->description);
    }
    property_data_free(&call->qualifier);
    property_data_free(&call->data);
    free(call->main);
    free(call->secondary);
    *call = (struct probe_call){0};
}

/* ---- before --------------------------------------------------------------------------------- */

static bool make_block(struct probe_buffer *buffer, const uint8_t *content, size_t size) {
    return content == NULL || probe_buffer_make(buffer, content, size);
}

/* The size that is said and the bytes that are there may differ: what is missing is filling. */
static bool make_value(struct probe_buffer *buffer, const struct probe_call *call) {
    if (call->null_data) {
        return true;
    }
    size_t given = call->data.size;
    if (!probe_buffer_make(buffer, NULL, given > call->size ? given : call->size)) {
        return false;
    }
    if (given > 0) {
        memcpy(buffer->bytes, call->data.bytes, given);
    }
    return true;
}

static bool make_buffers(const struct probe_call *call, struct probe_outcome *outcome) {
    switch (call->function) {
    case PROBE_GET_DATA:
        return call->null_data || probe_buffer_make(&outcome->data, NULL, call->size);
    case PROBE_SET_DATA:
        return make_value(&outcome->data, call);
    case PROBE_DO_OPERATION:
        return make_block(&outcome->main, call->main, call->main_size) &&
               make_block(&outcome->secondary, call->secondary, call->secondary_size);
    default:
        return true;
    }
}

static uint32_t code_of(const struct probe_call *call) {
    if (call->function >= PROBE_HAS_PROPERTY && call->function <= PROBE_SET_DATA) {
        return call->null_address ? 0 : call->address.mSelector;
    }
    return call->function >= PROBE_WILL_DO ? call->operation : 0;
}

static struct halsim_call_info about(const struct probe_call *call) {
    return (struct halsim_call_info){
        .entry_point = probe_function_name(call->function),
        .plugin = HALSIM_CALL_NO_PLUGIN,
        .object = call->object,
        .client = call->client,
        .code = code_of(call),
    };
}

/* ---- the call ------------------------------------------------------------------------------ */

/* As the driver is called: the same for every slot. */
struct target {
    struct AudioServerPlugInDriverInterface *slots;
    AudioServerPlugInDriverRef self; /* NULL when the call says so */
};

static OSStatus call_device(struct target to, const struct probe_call *call, void *change_info,
                            struct probe_outcome *out) {
    const AudioServerPlugInClientInfo client = {
        .mClientID = call->client,
        .mProcessID = call->process_id,
        .mIsNativeEndian = true,
        .mBundleID = call->bundle_id,
    };
    const AudioServerPlugInClientInfo *info = call->null_info ? NULL : &client;
    switch (call->function) {
    case PROBE_CREATE_DEVICE:
        return to.slots->CreateDevice(to.self, call->description, info,
                                      call->null_out ? NULL : &out->device);
    case PROBE_DESTROY_DEVICE:
        return to.slots->DestroyDevice(to.self, call->object);
    case PROBE_ADD_CLIENT:
        return to.slots->AddDeviceClient(to.self, call->object, info);
    case PROBE_REMOVE_CLIENT:
        return to.slots->RemoveDeviceClient(to.self, call->object, info);
    case PROBE_PERFORM_CHANGE:
        return to.slots->PerformDeviceConfigurationChange(to.self, call->object, call->action,
                                                          change_info);
    case PROBE_ABORT_CHANGE:
        return to.slots->AbortDeviceConfigurationChange(to.self, call->object, call->action,
                                                        change_info);
    case PROBE_START_IO:
        return to.slots->StartIO(to.self, call->object, call->client);
    default:
        return to.slots->StopIO(to.self, call->object, call->client);
    }
}

static OSStatus call_property(struct target to, const struct probe_call *call,
                              struct probe_outcome *out) {
    const AudioObjectPropertyAddress *address = call->null_address ? NULL : &call->address;
    AudioObjectID object = call->object;
    pid_t process = call->process_id;
    switch (call->function) {
    case PROBE_HAS_PROPERTY:
        return to.slots->HasProperty(to.self, object, process, address);
    case PROBE_IS_SETTABLE:
        return to.slots->IsPropertySettable(to.self, object, process, address,
                                            call->null_out ? NULL : &out->settable);
    case PROBE_GET_SIZE:
        return to.slots->GetPropertyDataSize(to.self, object, process, address,
                                             call->qualifier_size, call->qualifier.bytes,
                                             call->null_out ? NULL : &out->size);
    case PROBE_GET_DATA:
        return to.slots->GetPropertyData(to.self, object, process, address, call->qualifier_size,
                                         call->qualifier.bytes, call->size,
                                         call->null_out ? NULL : &out->size, out->data.bytes);
    default:
        return to.slots->SetPropertyData(to.self, object, process, address, call->qualifier_size,
                                         call->qualifier.bytes, call->size, out->data.bytes);
    }
}

static OSStatus call_io(struct target to, const struct probe_call *call,
                        struct probe_outcome *out) {
    const AudioServerPlugInIOCycleInfo *cycle = call->null_cycle ? NULL : &call->cycle;
    AudioObjectID object = call->object;
    switch (call->function) {
    case PROBE_ZERO_TIMESTAMP:
        return to.slots->GetZeroTimeStamp(
            to.self, object, call->client, call->null_out ? NULL : &out->sample_time,
            call->null_out ? NULL : &out->host_time, call->null_out ? NULL : &out->seed);
    case PROBE_WILL_DO:
        return to.slots->WillDoIOOperation(to.self, object, call->client, call->operation,
                                           call->null_out ? NULL : &out->will_do,
                                           call->null_out ? NULL : &out->in_place);
    case PROBE_BEGIN_OPERATION:
        return to.slots->BeginIOOperation(to.self, object, call->client, call->operation,
                                          call->frames, cycle);
    case PROBE_DO_OPERATION:
        return to.slots->DoIOOperation(to.self, object, call->stream, call->client, call->operation,
                                       call->frames, cycle, out->main.bytes, out->secondary.bytes);
    default:
        return to.slots->EndIOOperation(to.self, object, call->client, call->operation,
                                        call->frames, cycle);
    }
}

static bool is_property(enum probe_function function) {
    return function >= PROBE_HAS_PROPERTY && function <= PROBE_SET_DATA;
}

static bool is_io(enum probe_function function) {
    return function >= PROBE_ZERO_TIMESTAMP;
}

/* ---- after ---------------------------------------------------------------------------------- */

void probe_inspection_begin(const struct probe_call *call) {
    struct halsim_call_info info = about(call);
    halsim_call_begin_inspection(&info);
}

void probe_inspection_end(void) {
    halsim_call_end_inspection();
}

/* Of GetPropertyData that was asked for a reference: takes it out of the data. */
static void take_reference(const struct probe_call *call, struct probe_outcome *out) {
    if (!call->is_reference || out->status != 0 || out->data.size < sizeof out->reference ||
        probe_buffer_touched(&out->data, NULL) == 0) {
        return;
    }
    memcpy(&out->reference, out->data.bytes, sizeof out->reference);
    if (out->reference != NULL) {
        probe_inspection_begin(call);
        out->retain_count = CFGetRetainCount(out->reference);
        probe_inspection_end();
    }
}

static int64_t references_to(CFTypeRef value) {
    return value != NULL ? CFGetRetainCount(value) : 0;
}

/* ---- all together --------------------------------------------------------------------------- */

struct errand {
    AudioServerPlugInDriverRef driver;
    struct probe_host *host;
    const struct probe_call *call;
    struct probe_outcome *outcome;
};

static void *perform_here(void *argument) {
    const struct errand *errand = argument;
    const struct probe_call *call = errand->call;
    struct probe_outcome *out = errand->outcome;
    void *change_info = call->null_change_info
                            ? NULL
                            : probe_host_change_info(errand->host, call->object, call->action);
    struct halsim_call_info info = about(call);
    CFTypeRef value = call->function == PROBE_SET_DATA ? call->data.reference : NULL;
    if (value != NULL) {
        CFRetain(value); /* a release too many is counted, not met */
    }
    out->count_before = references_to(value);
    out->first_host_call = probe_host_last_number(errand->host);
    atomic_store(&errand->host->during, info.entry_point);
    uint64_t began = halsim_call_begin(&info);
    /* Not before: what a factory gave may be no driver at all. */
    struct target to = {*errand->driver, call->null_driver ? NULL : errand->driver};
    out->status = is_property(call->function) ? call_property(to, call, out)
                  : is_io(call->function)     ? call_io(to, call, out)
                                              : call_device(to, call, change_info, out);
    out->elapsed_ns = halsim_call_end(began, &out->status);
    if (call->function == PROBE_WILL_DO && out->status == 0 && out->will_do == 0) {
        halsim_coverage_said_no();
    }
    atomic_store(&errand->host->during, NULL);
    out->last_host_call = probe_host_last_number(errand->host);
    out->count_after = references_to(value);
    if (value != NULL && out->count_after >= out->count_before) {
        CFRelease(value); /* else the driver has released it in our place */
    }
    take_reference(call, out);
    return NULL;
}

void probe_call_perform(AudioServerPlugInDriverRef driver, struct probe_host *host,
                        const struct probe_call *call, struct probe_outcome *outcome) {
    memset(outcome, 0, sizeof *outcome);
    memset(&outcome->device, PROBE_UNWRITTEN, sizeof outcome->device);
    memset(&outcome->settable, PROBE_UNWRITTEN, sizeof outcome->settable);
    memset(&outcome->will_do, PROBE_UNWRITTEN, sizeof outcome->will_do);
    memset(&outcome->in_place, PROBE_UNWRITTEN, sizeof outcome->in_place);
    memset(&outcome->size, PROBE_UNWRITTEN, sizeof outcome->size);
    memset(&outcome->sample_time, PROBE_UNWRITTEN, sizeof outcome->sample_time);
    memset(&outcome->host_time, PROBE_UNWRITTEN, sizeof outcome->host_time);
    memset(&outcome->seed, PROBE_UNWRITTEN, sizeof outcome->seed);
    outcome->has_memory = make_buffers(call, outcome);
    if (!outcome->has_memory) {
        return;
    }
    struct errand errand = {driver, host, call, outcome};
    if (!call->on_other_thread) {
        (void)perform_here(&errand);
        return;
    }
    pthread_t thread;
    outcome->has_memory = pthread_create(&thread, NULL, perform_here, &errand) == 0;
    if (outcome->has_memory) {
        pthread_join(thread, NULL);
    }
}

void probe_outcome_free(const struct probe_call *call, struct probe_outcome *outcome) {
    if (outcome->reference != NULL) {
        probe_inspection_begin(call);
        CFRelease(outcome->reference);
        probe_inspection_end();
    }
    probe_buffer_free(&outcome->data);
    probe_buffer_free(&outcome->main);
    probe_buffer_free(&outcome->secondary);
    outcome->reference = NULL;
}

bool probe_outcome_is_within_bounds(const struct probe_outcome *outcome) {
    const struct probe_buffer *const buffers[] = {&outcome->data, &outcome->main,
                                                  &outcome->secondary};
    for (size_t i = 0; i < 3; i++) {
        struct probe_damage damage = probe_buffer_damage(buffers[i]);
        if (damage.before > 0 || damage.beyond > 0) {
            return false;
        }
    }
    return true;
}
