#include "cycle.h"
#include <math.h>

static OSStatus read_zero_timestamp(struct halsim_device *device, Float64 *sample,
                                    UInt64 *host_time, UInt64 *seed) {
    AudioObjectID id = device->object.id;
    OSStatus status = 0;
    HALSIM_CALL(status =, device->plugin, id, kAudioServerPlugInHostClientID, 0, GetZeroTimeStamp,
                id, kAudioServerPlugInHostClientID, sample, host_time, seed);
    return status;
}

double halsim_cycle_period_ns(const struct halsim_device *device) {
    return device->info.buffer_frames * device->clock.ns_per_frame;
}

/* The next cycle begins at the first whole frame that is not yet past. */
static void anchor_position(struct halsim_device *device, uint64_t now_ns) {
    device->position = ceil(halsim_device_clock_sample(&device->clock, now_ns) - 1e-6);
    device->scheduled_ns = halsim_device_clock_host_ns(&device->clock, device->position);
}

/* Where the clock models move an accepted timestamp to that is not the last one; the oracle hears
 * both. */
static uint64_t moved(struct halsim_device *device, const struct halsim_timestamp *stamp,
                      const struct halsim_moment *moment) {
    const struct halsim_timestamp_oracle *oracle = &device->oracle;
    bool new_time_line = oracle->has_last &&
                         (stamp->seed != oracle->last.seed || stamp->sample < oracle->last.sample);
    uint64_t modeled_ns = halsim_device_phase_move(&device->phase, stamp->host_ns, new_time_line);
    halsim_oracle_take(&device->oracle, stamp, modeled_ns, moment);
    return modeled_ns;
}

/* Real time goes on while the driver thinks. */
static uint64_t answered_ns(const struct halsim_device *device, uint64_t woke_ns) {
    return device->host->clock->kind == HALSIM_CLOCK_REALTIME
               ? halsim_clock_now_ns(device->host->clock)
               : woke_ns;
}

bool halsim_cycle_anchor(struct halsim_device *device, struct halsim_error *error) {
    struct halsim_host *host = device->host;
    Float64 sample = 0;
    UInt64 host_time = 0;
    UInt64 seed = 0;
    OSStatus status = read_zero_timestamp(device, &sample, &host_time, &seed);
    if (status != 0) {
        return halsim_fail_driver(error, status, "GetZeroTimeStamp of device \"%s\" after StartIO",
                                  device->info.name);
    }
    uint64_t now_ns = halsim_clock_now_ns(host->clock);
    uint64_t zero_ns = halsim_ns_from_ticks(host, host_time);
    device->oracle.asked++;
    if (!halsim_device_clock_accepts(sample, zero_ns, now_ns, device->zero_limit_ns)) {
        halsim_oracle_take_impossible(&device->oracle,
                                      &(struct halsim_timestamp){sample, zero_ns, seed},
                                      &(struct halsim_moment){now_ns, device->stats.cycles});
        return halsim_fail(
            error, HALSIM_ERROR_CONTRACT,
            "GetZeroTimeStamp of device \"%s\" after StartIO: sample time %g at host time %+.3f s "
            "from now; it must be the running clock's",
            device->info.name, sample, (double)(int64_t)(zero_ns - now_ns) / 1e9);
    }
    const struct halsim_timestamp stamp = {sample, zero_ns, seed};
    const struct halsim_moment moment = {now_ns, device->stats.cycles};
    (void)halsim_device_clock_update(&device->clock, sample, moved(device, &stamp, &moment), seed,
                                     0);
    anchor_position(device, now_ns);
    return true;
}

static void note_jump(struct cycle *cycle, uint32_t flags, bool by_model) {
    cycle->flags |= flags | (by_model ? HALSIM_CYCLE_CLOCK_STEP : 0);
    cycle->device->stats.timestamp_jumps++;
    cycle->device->stats.clock_steps += by_model ? 1 : 0;
}

void halsim_cycle_follow_clock(struct cycle *cycle, uint64_t woke_ns,
                               struct halsim_trace_record *record) {
    struct halsim_device *device = cycle->device;
    Float64 sample = 0;
    UInt64 host_time = 0;
    UInt64 seed = 0;
    OSStatus status = read_zero_timestamp(device, &sample, &host_time, &seed);
    cycle->zero_ticks = lap(cycle);
    if (status != 0) {
        halsim_cycle_driver_failed(cycle, 0, status);
        return;
    }
    uint64_t zero_ns = halsim_ns_from_ticks(device->host, host_time);
    record->zero_sample_time = sample;
    record->zero_host_ns = zero_ns;
    record->zero_seed = seed;
    struct halsim_moment moment = {woke_ns, device->stats.cycles};
    bool known = halsim_oracle_knows(&device->oracle, sample, zero_ns, seed);
    if (!halsim_device_clock_accepts(sample, zero_ns, woke_ns, device->zero_limit_ns)) {
        const struct halsim_timestamp stamp = {sample, zero_ns, seed};
        halsim_oracle_take_impossible(&device->oracle, &stamp, &moment);
        halsim_cycle_driver_failed(cycle, 0, kAudioHardwareIllegalOperationError);
        return; /* the time line goes on without it */
    }
    if (known) {
        halsim_oracle_check_age(&device->oracle, &moment);
        return;
    }
    moment.asked_ns = answered_ns(device, woke_ns);
    const struct halsim_timestamp stamp = {sample, zero_ns, seed};
    uint64_t breaks = halsim_oracle_breaks(&device->oracle);
    int64_t moved_before_ns = device->phase.moved_ns;
    uint64_t modeled_ns = moved(device, &stamp, &moment);
    /* The driver's time line went on as it should: if the host sees a jump, the model made it. */
    bool by_model = halsim_oracle_breaks(&device->oracle) == breaks &&
                    device->phase.moved_ns != moved_before_ns;
    bool anew = true;
    switch (halsim_device_clock_update(&device->clock, sample, modeled_ns, seed,
                                       halsim_cycle_period_ns(device) / 2)) {
    case HALSIM_CLOCK_SAME:
    case HALSIM_CLOCK_ADVANCED:
        anew = false;
        break;
    case HALSIM_CLOCK_JUMPED:
        note_jump(cycle, HALSIM_CYCLE_TIMESTAMP_JUMP, by_model);
        break;
    case HALSIM_CLOCK_WENT_BACK:
        note_jump(cycle, HALSIM_CYCLE_TIMESTAMP_JUMP | HALSIM_CYCLE_TIMESTAMP_BACK, by_model);
        break;
    case HALSIM_CLOCK_NEW_SEED:
        cycle->flags |= HALSIM_CYCLE_SEED_CHANGE;
        device->stats.seed_changes++;
        break;
    }
    if (anew) {
        anchor_position(device, woke_ns);
        device->scheduled_ns = woke_ns;
        device->cycle_counter = 0;
    }
}

static void set_time(AudioTimeStamp *stamp, double sample, uint64_t host_time, double rate_scalar) {
    stamp->mSampleTime = sample;
    stamp->mHostTime = host_time;
    stamp->mRateScalar = rate_scalar;
    stamp->mFlags = kAudioTimeStampSampleTimeValid | kAudioTimeStampHostTimeValid |
                    kAudioTimeStampRateScalarValid;
}

void halsim_cycle_fill_info(struct cycle *cycle, uint64_t woke_ns) {
    struct halsim_device *device = cycle->device;
    struct halsim_host *host = device->host;
    AudioServerPlugInIOCycleInfo *info = &device->cycle_info;
    const struct halsim_device_clock *clock = &device->clock;
    double frames = cycle->frames;
    double scalar = halsim_device_clock_rate_scalar(clock);
    double input = device->position - frames - device->info.input_safety_frames;
    double output = device->position + frames + device->info.output_safety_frames;
    double ticks_per_frame =
        clock->ns_per_frame * host->config.timebase_denom / host->config.timebase_numer;
    device->cycle_counter++;
    info->mIOCycleCounter = device->cycle_counter;
    info->mNominalIOBufferFrameSize = cycle->frames;
    set_time(&info->mCurrentTime,
             woke_ns == device->scheduled_ns ? device->position
                                             : halsim_device_clock_sample(clock, woke_ns),
             halsim_ticks_from_ns(host, woke_ns), scalar);
    set_time(&info->mInputTime, input,
             halsim_ticks_from_ns(host, halsim_device_clock_host_ns(clock, input)), scalar);
    set_time(&info->mOutputTime, output,
             halsim_ticks_from_ns(host, halsim_device_clock_host_ns(clock, output)), scalar);
    info->mMainHostTicksPerFrame = ticks_per_frame;
    info->mDeviceHostTicksPerFrame = ticks_per_frame;
}
