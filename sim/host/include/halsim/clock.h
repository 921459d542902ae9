/* clock.h - the two times that the host can live in, behind one interface.
 *
 * realtime  CLOCK_MONOTONIC or mach_absolute_time(); waiting really waits.
 * virtual   time is a number that the host moves; waiting moves it. Nothing else does, unless a
 *           scheduler owns the number: then the waits of all threads do (scheduler.h).
 *
 * All times are nanoseconds. What drivers see through mach_absolute_time() is the same clock in
 * ticks.
 */
#ifndef HALSIM_CLOCK_H
#define HALSIM_CLOCK_H

#include "halsim/scheduler.h"
#include "halsim/status.h"

enum halsim_clock_kind {
    HALSIM_CLOCK_REALTIME = 0,
    HALSIM_CLOCK_VIRTUAL = 1,
};

/* How a real-time thread waits for its cycle. */
enum halsim_wait {
    HALSIM_WAIT_HYBRID = 0, /* sleep until spin_ns before the deadline, then spin */
    HALSIM_WAIT_SLEEP =
        1, /* sleep until the deadline: no processor time, later by the wake-up error */
};

struct halsim_clock;

struct halsim_clock_ops {
    uint64_t (*now_ns)(struct halsim_clock *clock);
    /* Returns the time at which the caller runs again, >= deadline_ns unless interrupted. */
    uint64_t (*wait_until_ns)(struct halsim_clock *clock, uint64_t deadline_ns);
    void (*destroy)(struct halsim_clock *clock);
};

struct halsim_clock {
    const struct halsim_clock_ops *ops;
    enum halsim_clock_kind kind;
};

/* NULL when memory is out. `spin_ns` only matters for HALSIM_WAIT_HYBRID. */
HALSIM_EXPORT struct halsim_clock *halsim_clock_create_realtime(enum halsim_wait wait,
                                                                uint64_t spin_ns);
HALSIM_EXPORT struct halsim_clock *halsim_clock_create_virtual(uint64_t start_ns);
/* Virtual time of the scheduler, which is copied. */
HALSIM_EXPORT struct halsim_clock *
halsim_clock_create_scheduled(const struct halsim_scheduler *scheduler);
HALSIM_EXPORT void halsim_clock_destroy(struct halsim_clock *clock);

static inline uint64_t halsim_clock_now_ns(struct halsim_clock *clock) {
    return clock->ops->now_ns(clock);
}
static inline uint64_t halsim_clock_wait_until_ns(struct halsim_clock *clock,
                                                  uint64_t deadline_ns) {
    return clock->ops->wait_until_ns(clock, deadline_ns);
}

#endif
