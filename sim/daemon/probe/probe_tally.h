/* probe_tally.h - what many calls answered, counted. */
#ifndef PROBE_TALLY_H
#define PROBE_TALLY_H

#include "probe_call.h"

#define PROBE_STATUSES_MAX   32 /* different ones; what comes on top counts as one more */
#define PROBE_VIOLATIONS_MAX 8
#define PROBE_VALUES_MAX     16 /* different ones; what comes on top is counted together */
#define PROBE_VALUE_BYTES    16

struct probe_tally {
    struct {
        int32_t status;
        uint64_t count;
    } statuses[PROBE_STATUSES_MAX];
    size_t status_count;
    uint64_t others;
};

void probe_tally_add(struct probe_tally *tally, int32_t status, uint64_t count);
/* {"0": 12, "'who?'": 3, "others": 1} */
yyjson_mut_val *probe_tally_to_json(yyjson_mut_doc *doc, const struct probe_tally *tally);

/* Small values that GetPropertyData gave, each with how often: in a race, some that nobody set. */
struct probe_values {
    struct {
        uint8_t bytes[PROBE_VALUE_BYTES];
        size_t size;
        uint64_t count;
    } values[PROBE_VALUES_MAX];
    size_t count;
    uint64_t others;
};

/* Nothing of another function, of references, of calls that failed, and of larger values. */
void probe_values_look(struct probe_values *values, const struct probe_call *call,
                       const struct probe_outcome *outcome);
/* {"0000803f": 12, "others": 1}, bytes as hexadecimal digits */
yyjson_mut_val *probe_values_to_json(yyjson_mut_doc *doc, const struct probe_values *values);

/* Calls that wrote where they had no room: how many, and the first in words. */
struct probe_violations {
    uint64_t count;
    char texts[PROBE_VIOLATIONS_MAX][128];
};

void probe_violations_look(struct probe_violations *violations, const struct probe_call *call,
                           const struct probe_outcome *outcome);
/* "violations" and "violation_texts". */
void probe_violations_to_json(yyjson_mut_doc *doc, yyjson_mut_val *result,
                              const struct probe_violations *violations);

#endif
