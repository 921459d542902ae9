/* probe_from_json.c - a call from JSON. A parameter that is null is a NULL pointer where the slot
 * takes a pointer; one that is absent is what a host would give. */
#include "json_plist.h"
#include "json_values.h"
#include "probe_json.h"
#include <mach/mach_time.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATA_BYTES_MAX (1u << 20)
#define FRAMES_MAX     65536u
#define CHANNELS_MAX   64u
#define DEFAULT_FRAMES 512u
#define DEFAULT_TICKS  (1e9 / 48000)

/* Beside "function", "thread" and "driver". */
static const char *const names[PROBE_FUNCTION_COUNT] = {
    [PROBE_CREATE_DEVICE] = "description client process_id bundle_id null_info null_out",
    [PROBE_DESTROY_DEVICE] = "object",
    [PROBE_ADD_CLIENT] = "object client process_id bundle_id null_info",
    [PROBE_REMOVE_CLIENT] = "object client process_id bundle_id null_info",
    [PROBE_PERFORM_CHANGE] = "object action null_info",
    [PROBE_ABORT_CHANGE] = "object action null_info",
    [PROBE_HAS_PROPERTY] = "object address process_id",
    [PROBE_IS_SETTABLE] = "object address process_id null_out",
    [PROBE_GET_SIZE] = "object address process_id qualifier qualifier_size null_out",
    [PROBE_GET_DATA] =
        "object address process_id qualifier qualifier_size size null_data null_size cf",
    [PROBE_SET_DATA] = "object address process_id qualifier qualifier_size data size",
    [PROBE_START_IO] = "object client",
    [PROBE_STOP_IO] = "object client",
    [PROBE_ZERO_TIMESTAMP] = "object client null_outs",
    [PROBE_WILL_DO] = "object client operation null_outs",
    [PROBE_BEGIN_OPERATION] = "object client operation frames cycle",
    [PROBE_DO_OPERATION] =
        "object stream client operation frames cycle main secondary channels give_data",
    [PROBE_END_OPERATION] = "object client operation frames cycle",
};

static bool takes(const struct probe_call *call, const char *name) {
    const char *list = names[call->function];
    size_t length = strlen(name);
    for (const char *at = list; (at = strstr(at, name)) != NULL; at += length) {
        if ((at == list || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0')) {
            return true;
        }
    }
    return false;
}

/* Given, and null: a NULL pointer. */
static bool is_null(const struct params *params, const char *name) {
    return params->object != NULL && yyjson_is_null(yyjson_obj_get(params->object, name));
}

/* ---- properties ------------------------------------------------------------------------------ */

static bool read_address(const struct params *params, struct probe_call *call) {
    struct params inner;
    call->null_address = is_null(params, "address");
    call->address.mScope = kAudioObjectPropertyScopeGlobal;
    if (call->null_address) {
        return true;
    }
    uint32_t element = 0;
    bool ok = params_object(params, "address", PARAM_REQUIRED, "address.", &inner) &&
              params_check_names(&inner, "selector scope element") &&
              params_fourcc(&inner, "selector", PARAM_REQUIRED, &call->address.mSelector) &&
              params_fourcc(&inner, "scope", PARAM_OPTIONAL, &call->address.mScope) &&
              params_u32(&inner, "element", PARAM_OPTIONAL, 0, UINT32_MAX, &element);
    call->address.mElement = element;
    return ok;
}

/* Hexadecimal digits, or {"type", "value"}. */
static bool read_bytes(const struct params *params, const char *name, struct property_data *data) {
    struct params inner;
    uint32_t type = PROPERTY_HEX;
    char prefix[64];
    if (params_get(params, name) == NULL) {
        return true;
    }
    if (yyjson_is_str(params_get(params, name))) {
        return property_decode(params, name, PROPERTY_HEX, data);
    }
    (void)snprintf(prefix, sizeof prefix, "%s.", name);
    return params_object(params, name, PARAM_OPTIONAL, prefix, &inner) &&
           params_check_names(&inner, "type value") &&
           params_choice(&inner, "type", PARAM_REQUIRED, property_type_names(), &type) &&
           property_decode(&inner, "value", (enum property_type)type, data);
}

static bool read_property(const struct params *params, struct probe_call *call) {
    if (!read_address(params, call) ||
        (takes(call, "qualifier") && !read_bytes(params, "qualifier", &call->qualifier))) {
        return false;
    }
    call->qualifier_size = call->qualifier.size;
    if (takes(call, "qualifier_size") && !params_u32(params, "qualifier_size", PARAM_OPTIONAL, 0,
                                                     UINT32_MAX, &call->qualifier_size)) {
        return false;
    }
    if (call->function == PROBE_GET_DATA) {
        return params_u32(params, "size", PARAM_REQUIRED, 0, DATA_BYTES_MAX, &call->size) &&
               params_bool(params, "null_data", PARAM_OPTIONAL, &call->null_data) &&
               params_bool(params, "null_size", PARAM_OPTIONAL, &call->null_out) &&
               params_bool(params, "cf", PARAM_OPTIONAL, &call->is_reference);
    }
    if (call->function == PROBE_SET_DATA) {
        call->null_data = is_null(params, "data");
        if (!call->null_data && params_get(params, "data") == NULL) {
            return params_fail(params, "data",
                               "must be hexadecimal digits, {\"type\", \"value\"} or null");
        }
        if (!read_bytes(params, "data", &call->data)) {
            return false;
        }
        call->size = call->data.size;
        return params_u32(params, "size", PARAM_OPTIONAL, 0, DATA_BYTES_MAX, &call->size);
    }
    return true;
}

/* ---- devices --------------------------------------------------------------------------------- */

static bool read_client(const struct params *params, struct probe_call *call) {
    int32_t process = 0;
    const char *bundle = NULL;
    if (takes(call, "process_id") &&
        !params_i32(params, "process_id", PARAM_OPTIONAL, INT32_MIN, INT32_MAX, &process)) {
        return false;
    }
    call->process_id = process;
    if (takes(call, "bundle_id")) {
        if (!params_string(params, "bundle_id", PARAM_OPTIONAL, &bundle)) {
            return false;
        }
        call->bundle_id =
            bundle != NULL ? CFStringCreateWithCString(NULL, bundle, kCFStringEncodingUTF8) : NULL;
    }
    return true;
}

static bool read_description(const struct params *params, struct probe_call *call) {
    if (!takes(call, "description") || is_null(params, "description")) {
        return true;
    }
    yyjson_val *json = params_get(params, "description");
    CFTypeRef value = json != NULL
                          ? json_to_plist(json, params->failure)
                          : CFDictionaryCreate(NULL, NULL, NULL, 0, &kCFTypeDictionaryKeyCallBacks,
                                               &kCFTypeDictionaryValueCallBacks);
    if (value == NULL) {
        return false;
    }
    if (CFGetTypeID(value) != CFDictionaryGetTypeID()) {
        CFRelease(value);
        return params_fail(params, "description", "must be an object");
    }
    call->description = value;
    return true;
}

static bool read_change(const struct params *params, struct probe_call *call) {
    return !takes(call, "action") ||
           (params_u64(params, "action", PARAM_REQUIRED, 0, UINT64_MAX, &call->action) &&
            params_bool(params, "null_info", PARAM_OPTIONAL, &call->null_change_info));
}

/* ---- IO -------------------------------------------------------------------------------------- */

#define FAR 1e18

/* Core Audio's 64 bits are another type than C's. */
static bool read_wide(const struct params *params, const char *name, UInt64 *value) {
    uint64_t wide = *value;
    bool ok = params_u64(params, name, PARAM_OPTIONAL, 0, UINT64_MAX, &wide);
    *value = wide;
    return ok;
}

static bool read_stamp(const struct params *cycle, const char *name, const char *prefix,
                       AudioTimeStamp *stamp) {
    struct params inner;
    return params_object(cycle, name, PARAM_OPTIONAL, prefix, &inner) &&
           params_check_names(&inner, "sample_time host_time") &&
           params_f64(&inner, "sample_time", PARAM_OPTIONAL, -FAR, FAR, &stamp->mSampleTime) &&
           read_wide(&inner, "host_time", &stamp->mHostTime);
}

static bool read_cycle(const struct params *params, struct probe_call *call) {
    AudioServerPlugInIOCycleInfo *cycle = &call->cycle;
    AudioTimeStamp now = {
        .mHostTime = mach_absolute_time(),
        .mRateScalar = 1,
        .mFlags = kAudioTimeStampSampleTimeValid | kAudioTimeStampHostTimeValid |
                  kAudioTimeStampRateScalarValid,
    };
    struct params inner;
    call->null_cycle = is_null(params, "cycle");
    *cycle = (AudioServerPlugInIOCycleInfo){
        .mIOCycleCounter = 1,
        .mNominalIOBufferFrameSize = call->frames,
        .mCurrentTime = now,
        .mInputTime = now,
        .mOutputTime = now,
        .mMainHostTicksPerFrame = DEFAULT_TICKS,
        .mDeviceHostTicksPerFrame = DEFAULT_TICKS,
    };
    return params_object(params, "cycle", PARAM_OPTIONAL, "cycle.", &inner) &&
           params_check_names(&inner, "counter nominal_frames current input output "
                                      "main_ticks_per_frame device_ticks_per_frame") &&
           read_wide(&inner, "counter", &cycle->mIOCycleCounter) &&
           params_u32(&inner, "nominal_frames", PARAM_OPTIONAL, 0, UINT32_MAX,
                      &cycle->mNominalIOBufferFrameSize) &&
           read_stamp(&inner, "current", "cycle.current.", &cycle->mCurrentTime) &&
           read_stamp(&inner, "input", "cycle.input.", &cycle->mInputTime) &&
           read_stamp(&inner, "output", "cycle.output.", &cycle->mOutputTime) &&
           params_f64(&inner, "main_ticks_per_frame", PARAM_OPTIONAL, 0, 1e12,
                      &cycle->mMainHostTicksPerFrame) &&
           params_f64(&inner, "device_ticks_per_frame", PARAM_OPTIONAL, 0, 1e12,
                      &cycle->mDeviceHostTicksPerFrame);
}

/* Hexadecimal digits, or {"fill", "first_frame"}. */
static bool read_block(const struct params *params, const char *name, const struct probe_call *call,
                       uint32_t channels, const char *otherwise, uint8_t **bytes, size_t *size) {
    struct params inner;
    uint32_t signal = PROBE_SILENCE;
    uint64_t first_frame = 0;
    if (yyjson_is_str(params_get(params, name))) {
        struct property_data data;
        bool ok = property_decode(params, name, PROPERTY_HEX, &data);
        *bytes = data.bytes;
        *size = data.size;
        return ok;
    }
    if (is_null(params, name) || (params_get(params, name) == NULL && otherwise == NULL)) {
        return true;
    }
    char prefix[32];
    (void)snprintf(prefix, sizeof prefix, "%s.", name);
    if (!params_object(params, name, PARAM_OPTIONAL, prefix, &inner) ||
        !params_check_names(&inner, "fill first_frame") ||
        !params_choice(&inner, "fill", PARAM_OPTIONAL, PROBE_SIGNAL_NAMES, &signal) ||
        !params_u64(&inner, "first_frame", PARAM_OPTIONAL, 0, UINT64_C(1) << 48, &first_frame)) {
        return false;
    }
    *size = (size_t)call->frames * channels * sizeof(float);
    float *samples = malloc(*size + 1);
    if (samples == NULL) {
        return rpc_fail_status(params->failure, HALSIM_ERROR_SYSTEM, "out of memory");
    }
    probe_signal_render((enum probe_signal)signal, samples, call->frames, channels, first_frame);
    *bytes = (uint8_t *)samples;
    return true;
}

static bool read_operation(const struct params *params, struct probe_call *call) {
    uint32_t channels = 2;
    call->frames = DEFAULT_FRAMES;
    if (takes(call, "operation") &&
        !params_fourcc(params, "operation", PARAM_REQUIRED, &call->operation)) {
        return false;
    }
    if (!takes(call, "cycle")) {
        return true;
    }
    if (!params_u32(params, "frames", PARAM_OPTIONAL, 0, FRAMES_MAX, &call->frames) ||
        !read_cycle(params, call)) {
        return false;
    }
    return call->function != PROBE_DO_OPERATION ||
           (params_u32(params, "stream", PARAM_REQUIRED, 0, UINT32_MAX, &call->stream) &&
            params_u32(params, "channels", PARAM_OPTIONAL, 1, CHANNELS_MAX, &channels) &&
            read_block(params, "main", call, channels, "silence", &call->main, &call->main_size) &&
            read_block(params, "secondary", call, channels, NULL, &call->secondary,
                       &call->secondary_size));
}

/* ---- all ------------------------------------------------------------------------------------- */

static bool check_names(const struct params *params, const char *others, enum probe_function name) {
    char all[256];
    (void)snprintf(all, sizeof all, "function thread driver %s%s%s", names[name],
                   *others != '\0' ? " " : "", others);
    return params_check_names(params, all);
}

bool probe_call_from_json(const struct params *params, const char *others,
                          struct probe_call *call) {
    uint32_t function = 0, thread = 0, driver = 0;
    *call = (struct probe_call){0};
    if (!params_choice(params, "function", PARAM_REQUIRED, PROBE_FUNCTION_NAMES, &function) ||
        !check_names(params, others, (enum probe_function)function) ||
        !params_choice(params, "thread", PARAM_OPTIONAL, "this other", &thread) ||
        !params_choice(params, "driver", PARAM_OPTIONAL, "this null", &driver)) {
        return false;
    }
    call->function = (enum probe_function)function;
    call->on_other_thread = thread == 1;
    call->null_driver = driver == 1;
    if ((takes(call, "object") &&
         !params_u32(params, "object", PARAM_REQUIRED, 0, UINT32_MAX, &call->object)) ||
        (takes(call, "client") &&
         !params_u32(params, "client", PARAM_OPTIONAL, 0, UINT32_MAX, &call->client)) ||
        (takes(call, "null_out") &&
         !params_bool(params, "null_out", PARAM_OPTIONAL, &call->null_out)) ||
        (takes(call, "null_outs") &&
         !params_bool(params, "null_outs", PARAM_OPTIONAL, &call->null_out)) ||
        (takes(call, "bundle_id") &&
         !params_bool(params, "null_info", PARAM_OPTIONAL, &call->null_info)) ||
        (takes(call, "give_data") &&
         !params_bool(params, "give_data", PARAM_OPTIONAL, &call->gives_data))) {
        return false;
    }
    if (takes(call, "address") && !read_property(params, call)) {
        return false;
    }
    return read_client(params, call) && read_description(params, call) &&
           read_change(params, call) && read_operation(params, call);
}
