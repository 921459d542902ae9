/* One IO cycle: timestamp, streams, verdict, record, the time of the next. */
#include "cycle.h"
#include "digest.h"
#include <math.h>
#include <string.h>

static void judge(struct cycle *cycle, uint64_t scheduled_ns, uint64_t done_ns,
                  uint64_t driver_ns) {
    struct halsim_device *device = cycle->device;
    uint64_t period = (uint64_t)halsim_cycle_period_ns(device);
    if (device->host->clock->kind == HALSIM_CLOCK_VIRTUAL) {
        return; /* processor time says nothing about virtual deadlines */
    }
    if (driver_ns > period * device->host->config.driver_budget_percent / 100) {
        cycle->flags |= HALSIM_CYCLE_OVER_BUDGET;
        device->stats.over_budget++;
    }
    if (done_ns > scheduled_ns + period) {
        cycle->flags |= HALSIM_CYCLE_OVERLOAD;
        device->stats.overloads++;
        atomic_store_explicit(&device->overload_untold, true, memory_order_relaxed);
    }
}

void halsim_cycle_skip(struct halsim_device *device, uint64_t count) {
    device->position += (double)count * device->info.buffer_frames;
    device->scheduled_ns = halsim_device_clock_host_ns(&device->clock, device->position);
    device->cycle_counter = 0;
    uint64_t pending = device->pending_skip + count;
    device->pending_skip = pending < UINT32_MAX ? (uint32_t)pending : UINT32_MAX;
    device->pending_flags |= HALSIM_CYCLE_RESYNC;
    device->stats.skipped_cycles += count;
}

/* On to the next cycle; whole cycles that can no longer be on time are skipped, as coreaudiod does.
 */
static void advance(struct halsim_device *device, uint64_t done_ns) {
    device->position += device->info.buffer_frames;
    device->scheduled_ns = halsim_device_clock_host_ns(&device->clock, device->position);
    double period = halsim_cycle_period_ns(device);
    if (done_ns > device->scheduled_ns && (double)(done_ns - device->scheduled_ns) >= period) {
        halsim_cycle_skip(device,
                          (uint64_t)floor((double)(done_ns - device->scheduled_ns) / period));
    }
}

static void fill_record(const struct cycle *cycle, struct halsim_trace_record *record,
                        uint64_t scale) {
    const struct halsim_device *device = cycle->device;
    record->cycle = device->cycle_counter;
    record->output_sample_time = device->cycle_info.mOutputTime.mSampleTime;
    record->input_sample_time = device->cycle_info.mInputTime.mSampleTime;
    record->rate_scalar = device->cycle_info.mOutputTime.mRateScalar;
    record->device = device->info.device;
    record->frames = cycle->frames;
    record->clients = cycle->clients;
    record->flags = cycle->flags;
    record->zero_ns = halsim_stopwatch_ns32(scale, cycle->zero_ticks);
    for (uint32_t i = 0; i < HALSIM_OP_COUNT; i++) {
        if (cycle->driver_ticks[i] != 0) {
            record->op_ns[i] = halsim_stopwatch_ns32(scale, cycle->driver_ticks[i]);
        }
    }
    record->signal_ns = halsim_stopwatch_ns32(scale, cycle->signal_ticks);
    record->hook_ns = device->last_hook_ns;
    record->host_ns = halsim_stopwatch_ns32(scale, cycle->host_ticks);
}

static uint64_t run_delay(struct halsim_device *device) {
    uint64_t before = device->run_delay_ns;
    device->run_delay_ns = halsim_platform_run_delay_ns(device->schedstat_fd);
    return device->run_delay_ns - before;
}

/* The number of the cycle as it comes, and what it begins with. */
static void observe_begin(const struct cycle *cycle, uint64_t woke_ns) {
    const struct halsim_device *device = cycle->device;
    struct halsim_fingerprint *fingerprint = halsim_fingerprint_of(device->plugin);
    if (__builtin_expect(fingerprint != NULL, 0)) {
        struct halsim_observation seen = {
            .kind = HALSIM_OBSERVED_CYCLE,
            .plugin = (uint16_t)device->plugin->index,
            .object = device->object.id,
            .detail = device->info.device,
            .values = {device->scheduled_ns, woke_ns, cycle->frames, cycle->flags,
                       device->pending_skip},
        };
        seen.data = halsim_digest_word(device->scheduled_ns, woke_ns);
        seen.data = halsim_digest_word(seen.data, (uint64_t)cycle->flags << 32 | cycle->frames);
        seen.data = halsim_digest_word(seen.data, device->pending_skip);
        halsim_observe_cycle_begun(fingerprint);
        halsim_observe(fingerprint, &seen);
    }
}

static void observe_end(const struct halsim_device *device) {
    struct halsim_fingerprint *fingerprint = halsim_fingerprint_of(device->plugin);
    if (__builtin_expect(fingerprint != NULL, 0)) {
        halsim_observe_cycle_done(fingerprint);
    }
}

void halsim_cycle_run(struct halsim_device *device, uint64_t woke_ns) {
    struct halsim_host *host = device->host;
    bool real = host->clock->kind == HALSIM_CLOCK_REALTIME;
    struct cycle cycle = {
        .device = device,
        .mark = halsim_stopwatch(),
        .frames = device->info.buffer_frames,
        .flags = device->pending_flags,
    };
    observe_begin(&cycle, woke_ns);
    uint64_t scale = halsim_stopwatch_scale();
    struct halsim_trace_record scratch;
    struct halsim_trace_record *record = &scratch;
    uint64_t number = 0;
    if (host->trace != NULL) {
        record = halsim_trace_begin(host->trace, &number);
    } else {
        memset(&scratch, 0, sizeof scratch);
    }
    record->skipped_cycles = device->pending_skip;
    device->pending_flags = 0;
    device->pending_skip = 0;
    uint64_t scheduled_ns = device->scheduled_ns;
    if (woke_ns > scheduled_ns + (uint64_t)host->config.late_wake_us * 1000u) {
        cycle.flags |= HALSIM_CYCLE_LATE_WAKE;
        device->stats.late_wakes++;
    }
    record->scheduled_ns = scheduled_ns;
    record->woke_ns = woke_ns;
    record->run_delay_ns = real ? run_delay(device) : 0;

    cycle.host_ticks += lap(&cycle);
    halsim_cycle_follow_clock(&cycle, woke_ns, record);
    halsim_cycle_fill_info(&cycle, woke_ns);
    halsim_cycle_operate_on_nothing(&cycle, HALSIM_OP_CYCLE, true);
    halsim_cycle_run_streams(&cycle);
    halsim_cycle_operate_on_nothing(&cycle, HALSIM_OP_CYCLE, false);

    uint64_t done_ns = real ? halsim_clock_now_ns(host->clock) : woke_ns;
    cycle.host_ticks += lap(&cycle);
    uint64_t driver_ticks = cycle.zero_ticks;
    for (uint32_t i = 0; i < HALSIM_OP_COUNT; i++) {
        driver_ticks += cycle.driver_ticks[i];
    }
    uint64_t driver_ns = halsim_stopwatch_ns(scale, driver_ticks);
    judge(&cycle, scheduled_ns, done_ns, driver_ns);
    record->done_ns = done_ns;
    fill_record(&cycle, record, scale);
    device->stats.cycles++;
    device->stats.frames += cycle.frames;
    device->stats.driver_ns += driver_ns;
    device->stats.signal_ns += halsim_stopwatch_ns(scale, cycle.signal_ticks);
    device->stats.host_ns += halsim_stopwatch_ns(scale, cycle.host_ticks);
    advance(device, done_ns);
    if (host->trace != NULL) {
        halsim_trace_commit(host->trace, record, number);
    }
    atomic_fetch_add_explicit(&device->cycles_done, 1, memory_order_release);
    uint64_t tail = lap(&cycle);
    device->stats.host_ns += halsim_stopwatch_ns(scale, tail);
    for (uint32_t i = 0; i < host->hook_count; i++) {
        host->hooks[i].call(device->info.device, record, host->hooks[i].context);
    }
    if (host->hook_count > 0) {
        device->last_hook_ns = halsim_stopwatch_ns32(scale, lap(&cycle));
        device->stats.hook_ns += device->last_hook_ns;
    }
    observe_end(device);
}
