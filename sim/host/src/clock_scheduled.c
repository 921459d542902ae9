/* clock_scheduled.c - virtual time that belongs to a scheduler of threads. */
#include "halsim/clock.h"
#include <stdlib.h>

struct scheduled_clock {
    struct halsim_clock clock;
    struct halsim_scheduler scheduler;
};

static uint64_t scheduled_now_ns(struct halsim_clock *clock) {
    const struct halsim_scheduler *scheduler = &((struct scheduled_clock *)clock)->scheduler;
    return scheduler->now_ns(scheduler->context);
}

static uint64_t scheduled_wait_until_ns(struct halsim_clock *clock, uint64_t deadline_ns) {
    const struct halsim_scheduler *scheduler = &((struct scheduled_clock *)clock)->scheduler;
    return scheduler->sleep_until_ns(scheduler->context, deadline_ns);
}

static void scheduled_destroy(struct halsim_clock *clock) {
    free(clock);
}

static const struct halsim_clock_ops scheduled_ops = {
    .now_ns = scheduled_now_ns,
    .wait_until_ns = scheduled_wait_until_ns,
    .destroy = scheduled_destroy,
};

struct halsim_clock *halsim_clock_create_scheduled(const struct halsim_scheduler *scheduler) {
    struct scheduled_clock *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return NULL;
    }
    self->clock = (struct halsim_clock){.ops = &scheduled_ops, .kind = HALSIM_CLOCK_VIRTUAL};
    self->scheduler = *scheduler;
    return &self->clock;
}
