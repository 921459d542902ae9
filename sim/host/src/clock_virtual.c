#include "halsim/clock.h"
#include <stdatomic.h>
#include <stdlib.h>

/* Read by any thread of the driver, moved by the thread that runs cycles. */
struct virtual_clock {
    struct halsim_clock clock;
    atomic_ullong now_ns;
    struct virtual_clock *next_retired;
};

static uint64_t virtual_now_ns(struct halsim_clock *clock) {
    struct virtual_clock *self = (struct virtual_clock *)clock;
    return atomic_load_explicit(&self->now_ns, memory_order_relaxed);
}

static uint64_t virtual_wait_until_ns(struct halsim_clock *clock, uint64_t deadline_ns) {
    struct virtual_clock *self = (struct virtual_clock *)clock;
    uint64_t now = atomic_load_explicit(&self->now_ns, memory_order_relaxed);
    if (deadline_ns > now) {
        atomic_store_explicit(&self->now_ns, deadline_ns, memory_order_relaxed);
        now = deadline_ns;
    }
    return now;
}

/* A thread that a driver forgot may be in mach_absolute_time(), which reads the clock, at any time.
 * Kept therefore; reachable, so that it is no leak. */
static _Atomic(struct virtual_clock *) retired;

static void virtual_destroy(struct halsim_clock *clock) {
    struct virtual_clock *self = (struct virtual_clock *)clock;
    self->next_retired = atomic_load(&retired);
    while (!atomic_compare_exchange_weak(&retired, &self->next_retired, self)) {
    }
}

static const struct halsim_clock_ops virtual_ops = {
    .now_ns = virtual_now_ns,
    .wait_until_ns = virtual_wait_until_ns,
    .destroy = virtual_destroy,
};

struct halsim_clock *halsim_clock_create_virtual(uint64_t start_ns) {
    struct virtual_clock *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return NULL;
    }
    self->clock = (struct halsim_clock){.ops = &virtual_ops, .kind = HALSIM_CLOCK_VIRTUAL};
    atomic_init(&self->now_ns, start_ns);
    return &self->clock;
}
