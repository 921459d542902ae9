/* cycle.h - one IO cycle, in three parts. Internal to sim/host.
 *
 *   cycle.c            when: the parts in their order, the verdict, the record, the next cycle
 *   cycle_time.c       what the device's clock says, and the times that the driver is told
 *   cycle_streams.c    input, clients, mix, output
 *   cycle_operation.c  the calls of the driver
 */
#ifndef HALSIM_CYCLE_H
#define HALSIM_CYCLE_H

#include "host_internal.h"
#include "stopwatch.h"

/* Everything that a cycle measures. Laps share their boundaries, so each costs one reading. */
struct cycle {
    struct halsim_device *device;
    uint64_t mark;
    uint64_t driver_ticks[HALSIM_OP_COUNT];
    uint64_t zero_ticks;
    uint64_t signal_ticks;
    uint64_t host_ticks;
    uint32_t frames;
    uint32_t flags;
    uint32_t clients;
};

static inline uint64_t lap(struct cycle *cycle) {
    uint64_t now = halsim_stopwatch();
    uint64_t ticks = now - cycle->mark;
    cycle->mark = now;
    return ticks;
}

/* ---- cycle_operation.c ---- */

void halsim_cycle_driver_failed(struct cycle *cycle, uint32_t operation_code, OSStatus status);
/* Begin, Do for each of `count` streams, End. In place, or from `mix` to `spare`; either way the
 * result is in `mix`. */
void halsim_cycle_perform(struct cycle *cycle, const struct halsim_will_do *will, uint32_t client,
                          enum halsim_operation operation, const struct halsim_stream_info *streams,
                          struct halsim_stream_buffers *buffers, uint32_t count);
/* The same if the driver will do it; most drivers do few of them. */
static inline void halsim_cycle_operate(struct cycle *cycle, const struct halsim_will_do *will,
                                        uint32_t client, enum halsim_operation operation,
                                        const struct halsim_stream_info *streams,
                                        struct halsim_stream_buffers *buffers, uint32_t count) {
    if (will->will_do[operation]) {
        halsim_cycle_perform(cycle, will, client, operation, streams, buffers, count);
    }
}
/* Thread and Cycle have a beginning and an end but no buffers. */
void halsim_cycle_operate_on_nothing(struct cycle *cycle, enum halsim_operation operation,
                                     bool begin);

/* ---- cycle_streams.c ---- */

void halsim_cycle_run_streams(struct cycle *cycle);

/* ---- cycle_time.c ---- */

/* Reads the driver's zero timestamp; anchors anew when it says something else than it promised. One
 * that no clock can give counts as an error of the driver ('nope', no operation) and is ignored. */
void halsim_cycle_follow_clock(struct cycle *cycle, uint64_t woke_ns,
                               struct halsim_trace_record *record);
void halsim_cycle_fill_info(struct cycle *cycle, uint64_t woke_ns);
double halsim_cycle_period_ns(const struct halsim_device *device);

#endif
