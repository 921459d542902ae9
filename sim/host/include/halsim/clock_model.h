/* clock_model.h - a crystal that is off, drifts, wanders and jitters; the same on every machine.
 *
 * A model is a list of components whose errors add up to a *phase error*: by how many nanoseconds
 * the clock has run ahead of its nominal rate, t nanoseconds after it began. A clock that is fast
 * has a positive phase error, and its ticks come earlier by it. "ppm" are parts per million of a
 * tick's length: at +200 ppm a frame is 200 ppm shorter than nominal.
 *
 * The result is whole nanoseconds and depends on the model and on t only. It is computed in double
 * with + - * / and rounding down, each of which IEEE 754 defines to the last bit; nothing of libm
 * is called, and the file is compiled without contraction of a product and a sum into one rounding.
 * lab/clocks.py computes the same numbers in numpy.
 */
#ifndef HALSIM_CLOCK_MODEL_H
#define HALSIM_CLOCK_MODEL_H

#include "halsim/status.h"

#define HALSIM_CLOCK_COMPONENTS 16       /* of one model */
#define HALSIM_CLOCK_MAX_PPM    5000.0   /* of each component */
#define HALSIM_CLOCK_MAX_STEP   1e9      /* ns */
#define HALSIM_CLOCK_MAX_JITTER 1e7      /* ns, standard deviation */
#define HALSIM_CLOCK_MAX_S      31536000 /* a year: longest period, latest step */

enum halsim_clock_component_kind {
    HALSIM_CLOCK_OFFSET = 0,      /* `ppm`, all the time */
    HALSIM_CLOCK_SINE = 1,        /* `ppm` * sin(2 pi (t / `period_s` + `phase_turns`)) */
    HALSIM_CLOCK_RATE_STEP = 2,   /* `ppm` from `at_s` on */
    HALSIM_CLOCK_PHASE_STEP = 3,  /* ahead by `ns` from `at_s` on */
    HALSIM_CLOCK_RANDOM_WALK = 4, /* a rate that begins at 0 and changes once in a second by a
                                     random amount of standard deviation `ppm`; reflected at
                                     +-`bound_ppm`. After s seconds: `ppm` * sqrt(s) */
    HALSIM_CLOCK_JITTER = 5,      /* a random phase of standard deviation `ns`, another for each t,
                                     but the same for the same t */
};

enum halsim_clock_distribution {
    HALSIM_CLOCK_GAUSSIAN = 0, /* the sum of 48 uniform numbers: no value beyond 12 standard
                                  deviations; kurtosis 2.975, a Gaussian's is 3 */
    HALSIM_CLOCK_UNIFORM = 1,
};

struct halsim_clock_component {
    enum halsim_clock_component_kind kind;
    enum halsim_clock_distribution distribution; /* of a jitter; a walk is Gaussian */
    double ppm;
    double ns;
    double period_s;
    double phase_turns; /* 0 to 1 */
    double at_s;
    double bound_ppm;
    uint64_t seed;
};

/* All zero: a clock without an error. */
struct halsim_clock_model {
    uint32_t count;
    struct halsim_clock_component components[HALSIM_CLOCK_COMPONENTS];
};

/* ARGUMENT when a component makes no sense; the line names it. */
HALSIM_EXPORT bool halsim_clock_model_check(const struct halsim_clock_model *model,
                                            struct halsim_error *error);

/* A model at work. Only random walks make it more than the model: they remember the second that
 * they have come to. One thread at a time. */
struct halsim_clock_walk {
    uint64_t second; /* since the begin */
    double ppm;      /* during it */
    double phase_ns; /* at its begin */
};
struct halsim_clock_phase {
    struct halsim_clock_model model;
    struct halsim_clock_walk walks[HALSIM_CLOCK_COMPONENTS]; /* by component */
};

/* `model` must be one that halsim_clock_model_check() lets pass; it is copied. */
HALSIM_EXPORT void halsim_clock_phase_init(struct halsim_clock_phase *phase,
                                           const struct halsim_clock_model *model);
/* Phase error, ns. Constant time when t moves on; a walk that is asked for an earlier second begins
 * anew, some ns for each second. */
HALSIM_EXPORT int64_t halsim_clock_phase_ns(struct halsim_clock_phase *phase, uint64_t t_ns);

#endif
