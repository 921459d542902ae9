/* json_clock.c - clock models. */
#include "json_clock.h"
#include <stdio.h>

static bool ppm(const struct params *params, const char *name, double low, double *value) {
    return params_f64(params, name, PARAM_REQUIRED, low, HALSIM_CLOCK_MAX_PPM, value);
}

static bool read_offset(const struct params *params, struct halsim_clock_component *component) {
    component->kind = HALSIM_CLOCK_OFFSET;
    return params_check_names(params, "kind ppm") &&
           ppm(params, "ppm", -HALSIM_CLOCK_MAX_PPM, &component->ppm);
}

static bool read_sine(const struct params *params, struct halsim_clock_component *component) {
    component->kind = HALSIM_CLOCK_SINE;
    return params_check_names(params, "kind ppm period_s phase_turns") &&
           ppm(params, "ppm", -HALSIM_CLOCK_MAX_PPM, &component->ppm) &&
           params_f64(params, "period_s", PARAM_REQUIRED, 1, HALSIM_CLOCK_MAX_S,
                      &component->period_s) &&
           params_f64(params, "phase_turns", PARAM_OPTIONAL, 0, 1, &component->phase_turns);
}

static bool read_step(const struct params *params, struct halsim_clock_component *component) {
    bool has_ppm = params_get(params, "ppm") != NULL;
    if (has_ppm == (params_get(params, "ns") != NULL)) {
        return params_fail(params, "ppm", "or \"ns\", one of the two, must be given");
    }
    component->kind = has_ppm ? HALSIM_CLOCK_RATE_STEP : HALSIM_CLOCK_PHASE_STEP;
    return params_check_names(params, "kind at_s ppm ns") &&
           params_f64(params, "at_s", PARAM_REQUIRED, 0, HALSIM_CLOCK_MAX_S, &component->at_s) &&
           (has_ppm ? ppm(params, "ppm", -HALSIM_CLOCK_MAX_PPM, &component->ppm)
                    : params_f64(params, "ns", PARAM_REQUIRED, -HALSIM_CLOCK_MAX_STEP,
                                 HALSIM_CLOCK_MAX_STEP, &component->ns));
}

static bool read_walk(const struct params *params, struct halsim_clock_component *component) {
    component->kind = HALSIM_CLOCK_RANDOM_WALK;
    return params_check_names(params, "kind ppm_per_sqrt_s bound_ppm seed") &&
           ppm(params, "ppm_per_sqrt_s", 0, &component->ppm) &&
           ppm(params, "bound_ppm", 0, &component->bound_ppm) &&
           params_u64(params, "seed", PARAM_OPTIONAL, 0, UINT64_MAX, &component->seed);
}

static bool read_jitter(const struct params *params, struct halsim_clock_component *component) {
    uint32_t distribution = HALSIM_CLOCK_GAUSSIAN;
    bool ok =
        params_check_names(params, "kind ns distribution seed") &&
        params_f64(params, "ns", PARAM_REQUIRED, 0, HALSIM_CLOCK_MAX_JITTER, &component->ns) &&
        params_choice(params, "distribution", PARAM_OPTIONAL, "gaussian uniform", &distribution) &&
        params_u64(params, "seed", PARAM_OPTIONAL, 0, UINT64_MAX, &component->seed);
    component->kind = HALSIM_CLOCK_JITTER;
    component->distribution = (enum halsim_clock_distribution)distribution;
    return ok;
}

static bool read_component(const struct params *params, struct halsim_clock_component *component) {
    static bool (*const readers[])(const struct params *, struct halsim_clock_component *) = {
        read_offset, read_sine, read_step, read_walk, read_jitter};
    uint32_t kind = 0;
    return params_choice(params, "kind", PARAM_REQUIRED, "offset sine step random-walk jitter",
                         &kind) &&
           readers[kind](params, component);
}

bool params_to_clock_model(const struct params *params, struct halsim_clock_model *model) {
    *model = (struct halsim_clock_model){0};
    yyjson_val *list = params_get(params, "model");
    if (!yyjson_is_arr(list) || yyjson_arr_size(list) > HALSIM_CLOCK_COMPONENTS) {
        return params_fail(params, "model", "must be a list of at most %d components",
                           HALSIM_CLOCK_COMPONENTS);
    }
    yyjson_arr_iter iterator = yyjson_arr_iter_with(list);
    for (yyjson_val *item; (item = yyjson_arr_iter_next(&iterator)) != NULL; model->count++) {
        char prefix[24];
        snprintf(prefix, sizeof prefix, "model[%u].", (unsigned)model->count);
        struct params inner = {
            .object = item, .where = params->where, .prefix = prefix, .failure = params->failure};
        if (!yyjson_is_obj(item)) {
            return params_fail(params, "model", "must hold objects only");
        }
        if (!read_component(&inner, &model->components[model->count])) {
            return false;
        }
    }
    return true;
}
