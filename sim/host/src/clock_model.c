/* Every double here is made by + - * / or by rounding down, in the order in which it stands:
 * lab/clocks.py does the same and must get the same bits. */
#include "halsim/clock_model.h"
#include "host_internal.h"
#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

_Static_assert(FLT_EVAL_METHOD == 0, "a double must be rounded to a double in each step");

#define NS_PER_S UINT64_C(1000000000)
#define TWO_PI   6.283185307179586

/* ---- random numbers ------------------------------------------------------------------------- */

/* splitmix64: the n-th number of a sequence without the ones before it. */
static uint64_t hash(uint64_t x) {
    x += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

static uint64_t key_of(uint64_t seed, uint64_t n) {
    return hash(hash(seed) ^ n);
}

/* Variance 1. Each of 48 sixteen-bit numbers stands for the middle of its 65536th; the sum of 48
 * uniform numbers has the standard deviation 2. */
static double gaussian(uint64_t key) {
    uint64_t sum = 0;
    for (uint64_t i = 0; i < 12; i++) {
        uint64_t word = hash(key + i);
        sum += (word & 0xFFFF) + (word >> 16 & 0xFFFF) + (word >> 32 & 0xFFFF) + (word >> 48);
    }
    return ((double)sum + 24.0 - 24.0 * 65536.0) / 131072.0;
}

static double uniform(uint64_t key) {
    double unit = ((double)(hash(key) >> 11) + 0.5) / 9007199254740992.0; /* 2^53 */
    return (unit - 0.5) * 3.4641016151377544;                             /* sqrt(12) */
}

/* ---- components ----------------------------------------------------------------------------- */

/* cos(2 pi turns), off by less than 1e-14. */
static double cosine(double turns) {
    /* (2k - 1) * 2k */
    static const double divisors[] = {2, 12, 30, 56, 90, 132, 182, 240, 306, 380};
    double away = turns - floor(turns + 0.5); /* -0.5 to 0.5 */
    away = away < 0 ? -away : away;
    bool mirrored = away > 0.25;
    double x = TWO_PI * (mirrored ? 0.5 - away : away);
    double square = x * x;
    double sum = 1.0; /* 1 - x^2/(1*2) * (1 - x^2/(3*4) * (1 - ... */
    for (size_t i = 10; i > 0; i--) {
        sum = 1.0 - square / divisors[i - 1] * sum;
    }
    return mirrored ? -sum : sum;
}

static double sine_ns(const struct halsim_clock_component *component, double t_ns) {
    double period_ns = component->period_s * 1e9;
    double turns = t_ns / period_ns;
    turns = turns - floor(turns);
    double swing_ns = component->ppm * 1e-6 * period_ns / TWO_PI;
    return swing_ns * (cosine(component->phase_turns) - cosine(turns + component->phase_turns));
}

static double walk_ns(const struct halsim_clock_component *component,
                      struct halsim_clock_walk *walk, uint64_t t_ns) {
    uint64_t second = t_ns / NS_PER_S;
    if (second < walk->second) {
        *walk = (struct halsim_clock_walk){0};
    }
    double bound = component->bound_ppm;
    while (walk->second < second) {
        walk->phase_ns = walk->phase_ns + walk->ppm * 1000.0;
        walk->second++;
        double ppm = walk->ppm + component->ppm * gaussian(key_of(component->seed, walk->second));
        ppm = ppm > bound ? 2.0 * bound - ppm : ppm < -bound ? -2.0 * bound - ppm : ppm;
        walk->ppm = ppm > bound ? bound : ppm < -bound ? -bound : ppm;
    }
    return walk->phase_ns + walk->ppm * 1e-6 * (double)(t_ns - second * NS_PER_S);
}

static double jitter_ns(const struct halsim_clock_component *component, uint64_t t_ns) {
    uint64_t key = key_of(component->seed, t_ns);
    return component->ns *
           (component->distribution == HALSIM_CLOCK_UNIFORM ? uniform(key) : gaussian(key));
}

static double component_ns(const struct halsim_clock_component *component,
                           struct halsim_clock_walk *walk, uint64_t t_ns) {
    double t = (double)t_ns;
    double since = t - component->at_s * 1e9; /* of a step */
    switch (component->kind) {
    case HALSIM_CLOCK_OFFSET:
        return component->ppm * 1e-6 * t;
    case HALSIM_CLOCK_SINE:
        return sine_ns(component, t);
    case HALSIM_CLOCK_RATE_STEP:
        return since > 0 ? component->ppm * 1e-6 * since : 0.0;
    case HALSIM_CLOCK_PHASE_STEP:
        return since >= 0 ? component->ns : 0.0;
    case HALSIM_CLOCK_RANDOM_WALK:
        return walk_ns(component, walk, t_ns);
    case HALSIM_CLOCK_JITTER:
        return jitter_ns(component, t_ns);
    }
    assert(false);
    return 0.0;
}

void halsim_clock_phase_init(struct halsim_clock_phase *phase,
                             const struct halsim_clock_model *model) {
    memset(phase, 0, sizeof *phase);
    phase->model = *model;
}

int64_t halsim_clock_phase_ns(struct halsim_clock_phase *phase, uint64_t t_ns) {
    double sum = 0.0;
    for (uint32_t i = 0; i < phase->model.count; i++) {
        sum = sum + component_ns(&phase->model.components[i], &phase->walks[i], t_ns);
    }
    return (int64_t)floor(sum + 0.5);
}

/* ---- is it one? ------------------------------------------------------------------------------ */

struct range {
    const char *name;
    double value, low, high;
};

/* Not a NaN either. */
static bool is_within(const struct range *range) {
    return range->value >= range->low && range->value <= range->high;
}

static bool check_component(const struct halsim_clock_component *component, uint32_t place,
                            struct halsim_error *error) {
    static const char *const names[] = {"offset",     "sine",        "rate step",
                                        "phase step", "random walk", "jitter"};
    const struct range ppm = {"ppm", component->ppm, -HALSIM_CLOCK_MAX_PPM, HALSIM_CLOCK_MAX_PPM};
    const struct range at = {"at_s", component->at_s, 0, HALSIM_CLOCK_MAX_S};
    struct range ranges[3] = {ppm};
    switch (component->kind) {
    case HALSIM_CLOCK_OFFSET:
        break;
    case HALSIM_CLOCK_SINE:
        ranges[1] = (struct range){"period_s", component->period_s, 1, HALSIM_CLOCK_MAX_S};
        ranges[2] = (struct range){"phase_turns", component->phase_turns, 0, 1};
        break;
    case HALSIM_CLOCK_RATE_STEP:
        ranges[1] = at;
        break;
    case HALSIM_CLOCK_PHASE_STEP:
        ranges[0] =
            (struct range){"ns", component->ns, -HALSIM_CLOCK_MAX_STEP, HALSIM_CLOCK_MAX_STEP};
        ranges[1] = at;
        break;
    case HALSIM_CLOCK_RANDOM_WALK:
        ranges[0].low = 0;
        ranges[1] = (struct range){"bound_ppm", component->bound_ppm, 0, HALSIM_CLOCK_MAX_PPM};
        break;
    case HALSIM_CLOCK_JITTER:
        ranges[0] = (struct range){"ns", component->ns, 0, HALSIM_CLOCK_MAX_JITTER};
        break;
    default:
        return halsim_fail(error, HALSIM_ERROR_ARGUMENT, "clock model: component %u is of no kind",
                           (unsigned)place);
    }
    for (size_t i = 0; i < 3 && ranges[i].name != NULL; i++) {
        if (!is_within(&ranges[i])) {
            return halsim_fail(error, HALSIM_ERROR_ARGUMENT,
                               "clock model: component %u (%s): %s of %g; use %g to %g",
                               (unsigned)place, names[component->kind], ranges[i].name,
                               ranges[i].value, ranges[i].low, ranges[i].high);
        }
    }
    return true;
}

bool halsim_clock_model_check(const struct halsim_clock_model *model, struct halsim_error *error) {
    if (model->count > HALSIM_CLOCK_COMPONENTS) {
        return halsim_fail(error, HALSIM_ERROR_ARGUMENT, "clock model: %u components; %d are most",
                           (unsigned)model->count, HALSIM_CLOCK_COMPONENTS);
    }
    for (uint32_t i = 0; i < model->count; i++) {
        if (!check_component(&model->components[i], i, error)) {
            return false;
        }
    }
    return true;
}
