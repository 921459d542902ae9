/* probe_random_private.h - a run, and the steps that it is made of. */
#ifndef PROBE_RANDOM_PRIVATE_H
#define PROBE_RANDOM_PRIVATE_H

#include "probe_random.h"
#include "probe_world.h"

struct probe_run {
    const struct probe_random_plan *plan;
    struct probe_random_result *result;
    struct probe_world world;
    uint64_t state; /* of the random numbers */
    uint64_t seen;  /* calls of the host that were looked at */
    uint64_t cycle;
};

uint64_t probe_run_draw(struct probe_run *run);
/* 0 to below `bound`, which is at least 1. */
uint32_t probe_run_below(struct probe_run *run, uint32_t bound);
bool probe_run_chance(struct probe_run *run, uint32_t percent);
/* One that the driver has, most of the time; *place is its place in the world, SIZE_MAX for a
 * stranger. */
AudioObjectID probe_run_object(struct probe_run *run, size_t *place);

/* Makes the call, counts it and frees what it owns; its status. Avoided ones are not made: -1. */
int32_t probe_run_make(struct probe_run *run, struct probe_call *call);

/* One question, or more, for properties (probe_random_property.c). */
void probe_step_property(struct probe_run *run);
/* Clients, IO, operations (probe_random_io.c). */
void probe_step_io_legal(struct probe_run *run);
void probe_step_io_any(struct probe_run *run);
/* Stops IO and removes clients. */
void probe_step_end(struct probe_run *run);

#endif
