/* json_signal.c - sources. */
#include "json_signal.h"
#include <stdio.h>

#define FRAMES_MAX (UINT64_C(1) << 62)

static struct halsim_source *make_counter(const struct params *params) {
    uint64_t start = 0;
    return params_check_names(params, "kind only_channel start_frame") &&
                   params_u64(params, "start_frame", PARAM_OPTIONAL, 0, FRAMES_MAX, &start)
               ? halsim_source_create_counter(start)
               : NULL;
}

static struct halsim_source *make_sine(const struct params *params, double rate) {
    double hz = 0, amplitude = 0.5;
    return params_check_names(params, "kind only_channel hz amplitude") &&
                   params_f64(params, "hz", PARAM_REQUIRED, 0, rate / 2, &hz) &&
                   params_f64(params, "amplitude", PARAM_OPTIONAL, -1000, 1000, &amplitude)
               ? halsim_source_create_sine(hz, amplitude, rate)
               : NULL;
}

static struct halsim_source *make_sweep(const struct params *params, double rate) {
    double from = 0, to = 0, amplitude = 0.5;
    uint64_t frames = 0;
    return params_check_names(params, "kind only_channel from_hz to_hz frames amplitude") &&
                   params_f64(params, "from_hz", PARAM_REQUIRED, 0.001, rate / 2, &from) &&
                   params_f64(params, "to_hz", PARAM_REQUIRED, 0.001, rate / 2, &to) &&
                   params_u64(params, "frames", PARAM_REQUIRED, 1, FRAMES_MAX, &frames) &&
                   params_f64(params, "amplitude", PARAM_OPTIONAL, -1000, 1000, &amplitude)
               ? halsim_source_create_sweep(from, to, frames, amplitude, rate)
               : NULL;
}

static struct halsim_source *make_noise(const struct params *params) {
    uint64_t seed = 0;
    double amplitude = 0.5;
    return params_check_names(params, "kind only_channel seed amplitude") &&
                   params_u64(params, "seed", PARAM_OPTIONAL, 0, UINT64_MAX, &seed) &&
                   params_f64(params, "amplitude", PARAM_OPTIONAL, -1000, 1000, &amplitude)
               ? halsim_source_create_noise(seed, amplitude)
               : NULL;
}

static struct halsim_source *make_file(const struct params *params) {
    const char *path = NULL;
    uint32_t channels = 0;
    bool loop = false;
    if (!params_check_names(params, "kind only_channel path channels loop") ||
        !params_string(params, "path", PARAM_REQUIRED, &path) ||
        !params_u32(params, "channels", PARAM_REQUIRED, 1, 1024, &channels) ||
        !params_bool(params, "loop", PARAM_OPTIONAL, &loop)) {
        return NULL;
    }
    struct halsim_source *source =
        halsim_source_create_file(path, channels, loop, &params->failure->error);
    if (source == NULL) {
        rpc_fail_host(params->failure);
    }
    return source;
}

static struct halsim_source *make(const struct params *params, uint32_t kind, double rate) {
    switch (kind) {
    case 0:
        return params_check_names(params, "kind only_channel") ? halsim_source_create_silence()
                                                               : NULL;
    case 1:
        return make_counter(params);
    case 2:
        return make_sine(params, rate);
    case 3:
        return make_sweep(params, rate);
    case 4:
        return make_noise(params);
    default:
        return make_file(params);
    }
}

bool params_source(const struct params *params, const char *name, double rate,
                   struct halsim_source **source) {
    struct params inner;
    char prefix[64];
    uint32_t kind = 0;
    *source = NULL;
    snprintf(prefix, sizeof prefix, "%s%s.", params->prefix, name);
    if (!params_object(params, name, PARAM_OPTIONAL, prefix, &inner)) {
        return false;
    }
    if (inner.object == NULL) {
        return true;
    }
    if (!params_choice(&inner, "kind", PARAM_REQUIRED, "silence counter sine sweep noise file",
                       &kind)) {
        return false;
    }
    *source = make(&inner, kind, rate);
    if (*source == NULL) {
        if (params->failure->code == 0) {
            rpc_fail_status(params->failure, HALSIM_ERROR_SYSTEM, "out of memory");
        }
        return false;
    }
    if (params_get(&inner, "only_channel") != NULL) {
        uint32_t channel = 0;
        struct halsim_source *whole = *source;
        *source = NULL;
        if (!params_u32(&inner, "only_channel", PARAM_REQUIRED, 0, 1023, &channel)) {
            halsim_source_destroy(whole);
            return false;
        }
        *source = halsim_source_create_channel(whole, channel);
        return *source != NULL ||
               rpc_fail_status(params->failure, HALSIM_ERROR_SYSTEM, "out of memory");
    }
    return true;
}
