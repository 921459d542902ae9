/* probe_random.c - the run. */
#include "probe_random_private.h"
#include <string.h>

uint64_t probe_run_draw(struct probe_run *run) {
    uint64_t mixed = run->state += UINT64_C(0x9E3779B97F4A7C15); /* SplitMix64 */
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94D049BB133111EB);
    return mixed ^ mixed >> 31;
}

uint32_t probe_run_below(struct probe_run *run, uint32_t bound) {
    return (uint32_t)((probe_run_draw(run) >> 32) * bound >> 32);
}

bool probe_run_chance(struct probe_run *run, uint32_t percent) {
    return probe_run_below(run, 100) < percent;
}

AudioObjectID probe_run_object(struct probe_run *run, size_t *place) {
    uint32_t known = probe_run_below(run, (uint32_t)run->world.object_count);
    bool is_stranger = probe_run_chance(run, 10);
    *place = is_stranger ? SIZE_MAX : known;
    if (!is_stranger) {
        return run->world.objects[known];
    }
    const AudioObjectID strange[] = {0, UINT32_MAX, 0x7FFFFFFF, run->world.objects[known] + 1000,
                                     probe_run_below(run, 64)};
    return strange[probe_run_below(run, 5)];
}

static void mix(struct probe_random_result *result, uint32_t value) {
    for (int i = 0; i < 4; i++) {
        result->hash = (result->hash ^ (value >> (8 * i) & 0xFF)) * UINT64_C(0x100000001B3);
    }
}

int32_t probe_run_make(struct probe_run *run, struct probe_call *call) {
    int32_t status = -1;
    if (!run->plan->avoided[call->function]) {
        struct probe_random_result *result = run->result;
        struct probe_outcome outcome;
        probe_call_perform(run->world.driver, run->world.host, call, &outcome);
        status = outcome.status;
        result->calls++;
        mix(result, (uint32_t)call->function);
        mix(result, call->object);
        mix(result, call->address.mSelector ^ call->operation);
        mix(result, (uint32_t)status);
        probe_tally_add(&result->tallies[call->function], status, 1);
        probe_violations_look(&result->violations, call, &outcome);
        probe_outcome_free(call, &outcome);
    }
    probe_call_free(call);
    return status;
}

/* ---- changes that the driver asked for ------------------------------------------------------- */

static void stop_device(struct probe_run *run, struct probe_device *device) {
    for (uint32_t i = 0; i < PROBE_CLIENTS_MAX; i++) {
        if (device->is_started[i]) {
            struct probe_call stop = {
                .function = PROBE_STOP_IO, .object = device->id, .client = i + 1};
            (void)probe_run_make(run, &stop);
            device->is_started[i] = false;
        }
    }
}

/* A host stops IO, then it lets the change happen, or refuses it. */
static void answer_change(struct probe_run *run, const struct probe_host_call *asked) {
    for (size_t i = 0; i < run->world.device_count; i++) {
        if (run->world.devices[i].id == asked->object) {
            stop_device(run, &run->world.devices[i]);
        }
    }
    struct probe_call answer = {
        .function = probe_run_chance(run, 10) ? PROBE_ABORT_CHANGE : PROBE_PERFORM_CHANGE,
        .object = asked->object,
        .action = asked->action,
    };
    (void)probe_run_make(run, &answer);
    probe_world_look(&run->world);
}

static void answer_changes(struct probe_run *run) {
    struct probe_host_call calls[16];
    uint64_t dropped;
    uint64_t last = probe_host_last_number(run->world.host);
    if (last == run->seen) {
        return;
    }
    size_t count = probe_host_calls_after(run->world.host, run->seen, calls, 16, &dropped);
    run->seen = last;
    for (size_t i = 0; i < count; i++) {
        if (calls[i].function == PROBE_REQUEST_CHANGE && calls[i].status == 0) {
            answer_change(run, &calls[i]);
        }
    }
}

/* ---- all ----------------------------------------------------------------------------------- */

void probe_random(AudioServerPlugInDriverRef driver, struct probe_host *host,
                  const struct probe_random_plan *plan, struct probe_random_result *result) {
    struct probe_run run = {
        .plan = plan,
        .result = result,
        .world = {.driver = driver, .host = host},
        .state = plan->seed,
        .seen = probe_host_last_number(host),
    };
    memset(result, 0, sizeof *result);
    result->hash = UINT64_C(0xCBF29CE484222325);
    probe_world_look(&run.world);
    /* With everything avoided it would never end: steps are counted, too. */
    for (uint64_t step = 0; result->calls < plan->count && step < 16 * plan->count; step++) {
        if (probe_run_chance(&run, 60)) {
            probe_step_property(&run);
        } else if (plan->order == PROBE_ORDER_LEGAL) {
            probe_step_io_legal(&run);
        } else {
            probe_step_io_any(&run);
        }
        if (plan->order == PROBE_ORDER_LEGAL) {
            answer_changes(&run);
        }
    }
    if (plan->order == PROBE_ORDER_LEGAL) {
        probe_step_end(&run);
    }
}
