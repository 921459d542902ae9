/* One IO cycle: timestamp, input, clients, mix, output, record.
 *
 * The order of the operations is the documented one; only those that the driver said it will do are
 * called. Operations on the whole device carry the host's client ID 0, operations of one client its
 * own: which of the two coreaudiod does where is told in docs/fidelity.md.
 */
#include "format.h"
#include "host_internal.h"
#include "operation.h"
#include "stopwatch.h"
#include <math.h>
#include <string.h>

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

static void driver_failed(struct cycle *cycle, enum halsim_operation operation, OSStatus status) {
    struct halsim_device *device = cycle->device;
    cycle->flags |= HALSIM_CYCLE_DRIVER_ERROR;
    device->stats.driver_errors++;
    device->stats.last_driver_error = status;
    device->stats.last_driver_error_operation = halsim_operation_codes[operation];
}

/* ---- operations --------------------------------------------------------------------------- */

static inline void begin_operation(struct cycle *cycle, uint32_t client,
                                   enum halsim_operation operation) {
    struct halsim_device *device = cycle->device;
    AudioObjectID id = device->info.object.id;
    UInt32 code = halsim_operation_codes[operation];
    OSStatus status = 0;
    HALSIM_CALL(status =, device->plugin, id, client, code, BeginIOOperation, id, client, code,
                cycle->frames, &device->cycle_info);
    if (status != 0) {
        driver_failed(cycle, operation, status);
    }
}

static inline void end_operation(struct cycle *cycle, uint32_t client,
                                 enum halsim_operation operation) {
    struct halsim_device *device = cycle->device;
    AudioObjectID id = device->info.object.id;
    UInt32 code = halsim_operation_codes[operation];
    OSStatus status = 0;
    HALSIM_CALL(status =, device->plugin, id, client, code, EndIOOperation, id, client, code,
                cycle->frames, &device->cycle_info);
    if (status != 0) {
        driver_failed(cycle, operation, status);
    }
}

/* True when the driver did it. */
static inline bool do_operation(struct cycle *cycle, AudioObjectID stream, uint32_t client,
                                enum halsim_operation operation, void *main, void *secondary) {
    struct halsim_device *device = cycle->device;
    AudioObjectID id = device->info.object.id;
    UInt32 code = halsim_operation_codes[operation];
    OSStatus status = 0;
    HALSIM_CALL(status =, device->plugin, id, client, code, DoIOOperation, id, stream, client, code,
                cycle->frames, &device->cycle_info, main, secondary);
    if (status != 0) {
        driver_failed(cycle, operation, status);
        return false;
    }
    return true;
}

/* An operation over some streams of the device, in place or from `mix` to `spare`; the result is in
 * `mix`. */
static void operate(struct cycle *cycle, const struct halsim_will_do *will, uint32_t client,
                    enum halsim_operation operation, uint32_t first_stream, uint32_t stream_count) {
    if (!will->will_do[operation]) {
        return;
    }
    struct halsim_device *device = cycle->device;
    cycle->host_ticks += lap(cycle);
    begin_operation(cycle, client, operation);
    for (uint32_t i = first_stream; i < first_stream + stream_count; i++) {
        struct halsim_stream_buffers *buffers = &device->buffers[i];
        AudioObjectID stream = device->info.streams[i].id;
        if (will->in_place[operation]) {
            (void)do_operation(cycle, stream, client, operation, buffers->mix, NULL);
        } else if (do_operation(cycle, stream, client, operation, buffers->mix, buffers->spare)) {
            float *result = buffers->spare;
            buffers->spare = buffers->mix;
            buffers->mix = result;
        }
    }
    end_operation(cycle, client, operation);
    cycle->driver_ticks[operation] += lap(cycle);
}

static void operate_on_nothing(struct cycle *cycle, enum halsim_operation operation, bool begin) {
    if (cycle->device->will.will_do[operation]) {
        cycle->host_ticks += lap(cycle);
        if (begin) {
            begin_operation(cycle, kAudioServerPlugInHostClientID, operation);
        } else {
            end_operation(cycle, kAudioServerPlugInHostClientID, operation);
        }
        cycle->driver_ticks[operation] += lap(cycle);
    }
}

void halsim_cycle_thread_operation(struct halsim_device *device, bool begin) {
    if (device->will.will_do[HALSIM_OP_THREAD]) {
        struct cycle cycle = {.device = device, .frames = device->info.buffer_frames};
        memset(&device->cycle_info, 0, sizeof device->cycle_info);
        device->cycle_info.mNominalIOBufferFrameSize = device->info.buffer_frames;
        operate_on_nothing(&cycle, HALSIM_OP_THREAD, begin);
    }
}

/* ---- input -------------------------------------------------------------------------------- */

/* Each client reads the device for itself, as the clients of coreaudiod do. */
static void run_input(struct cycle *cycle, struct halsim_client *client) {
    struct halsim_device *device = cycle->device;
    uint32_t count = device->input_count;
    if (!client->will.will_do[HALSIM_OP_READ_INPUT]) {
        for (uint32_t i = 0; i < count; i++) {
            memset(device->buffers[i].mix, 0, device->buffers[i].bytes);
        }
    }
    operate(cycle, &client->will, client->id, HALSIM_OP_READ_INPUT, 0, count);
    if (client->will.will_do[HALSIM_OP_CONVERT_INPUT]) {
        operate(cycle, &client->will, client->id, HALSIM_OP_CONVERT_INPUT, 0, count);
    } else {
        for (uint32_t i = 0; i < count; i++) {
            const AudioStreamBasicDescription *format = &device->info.streams[i].physical_format;
            struct halsim_stream_buffers *buffers = &device->buffers[i];
            if (!halsim_format_is_canonical(format)) {
                halsim_format_to_canonical(format, buffers->mix, buffers->spare,
                                           cycle->frames * format->mChannelsPerFrame);
                float *result = buffers->spare;
                buffers->spare = buffers->mix;
                buffers->mix = result;
            }
        }
    }
    operate(cycle, &client->will, client->id, HALSIM_OP_PROCESS_INPUT, 0, count);
    for (uint32_t i = 0; i < count; i++) {
        struct halsim_sink *sink = client->sinks[i];
        if (sink != NULL) {
            cycle->host_ticks += lap(cycle);
            sink->take(sink, device->buffers[i].mix, cycle->frames,
                       device->info.streams[i].virtual_format.mChannelsPerFrame, client->position);
            cycle->signal_ticks += lap(cycle);
        }
    }
}

/* ---- output ------------------------------------------------------------------------------- */

static void render(struct cycle *cycle, struct halsim_client *client, uint32_t output,
                   uint32_t channels, float *block) {
    cycle->host_ticks += lap(cycle);
    client->sources[output]->render(client->sources[output], block, cycle->frames, channels,
                                    client->position);
    cycle->signal_ticks += lap(cycle);
}

static void add(float *restrict sum, const float *restrict block, uint32_t samples) {
    for (uint32_t i = 0; i < samples; i++) {
        sum[i] += block[i];
    }
}

/* Renders what one client plays into every output stream. The first client's block is the mix;
 * later ones are rendered into `spare` and added, unless the driver mixes them itself. */
static bool run_client_output(struct cycle *cycle, struct halsim_client *client, bool first) {
    struct halsim_device *device = cycle->device;
    const struct halsim_will_do *will = &client->will;
    bool mixes_itself = will->will_do[HALSIM_OP_MIX_OUTPUT];
    uint32_t base = device->input_count;
    for (uint32_t output = 0; output < device->output_count; output++) {
        struct halsim_stream_buffers *buffers = &device->buffers[base + output];
        const struct halsim_stream_info *stream = &device->info.streams[base + output];
        uint32_t channels = stream->virtual_format.mChannelsPerFrame;
        uint32_t samples = cycle->frames * channels;
        bool into_mix = first && !mixes_itself && !will->will_do[HALSIM_OP_PROCESS_OUTPUT];
        float *block = into_mix ? buffers->mix : buffers->spare;
        if (client->sources[output] == NULL) {
            if (first) {
                memset(buffers->mix, 0, samples * sizeof(float));
            }
            continue;
        }
        render(cycle, client, output, channels, block);
        if (will->will_do[HALSIM_OP_PROCESS_OUTPUT]) {
            cycle->host_ticks += lap(cycle);
            begin_operation(cycle, client->id, HALSIM_OP_PROCESS_OUTPUT);
            /* In place even for a driver that would rather not: a third buffer would be needed, and
             * the interface allows to be given the same buffer twice. */
            (void)do_operation(cycle, stream->id, client->id, HALSIM_OP_PROCESS_OUTPUT, block,
                               will->in_place[HALSIM_OP_PROCESS_OUTPUT] ? NULL : block);
            end_operation(cycle, client->id, HALSIM_OP_PROCESS_OUTPUT);
            cycle->driver_ticks[HALSIM_OP_PROCESS_OUTPUT] += lap(cycle);
        }
        if (mixes_itself) {
            cycle->host_ticks += lap(cycle);
            begin_operation(cycle, client->id, HALSIM_OP_MIX_OUTPUT);
            (void)do_operation(cycle, stream->id, client->id, HALSIM_OP_MIX_OUTPUT, block, NULL);
            end_operation(cycle, client->id, HALSIM_OP_MIX_OUTPUT);
            cycle->driver_ticks[HALSIM_OP_MIX_OUTPUT] += lap(cycle);
        } else if (!into_mix && first) {
            memcpy(buffers->mix, block, samples * sizeof(float));
        } else if (!into_mix) {
            add(buffers->mix, block, samples);
        }
    }
    return !mixes_itself;
}

static void clear_mix(struct cycle *cycle) {
    struct halsim_device *device = cycle->device;
    for (uint32_t i = device->input_count; i < device->info.stream_count; i++) {
        memset(device->buffers[i].mix, 0, device->buffers[i].bytes);
    }
}

static void run_device_output(struct cycle *cycle) {
    struct halsim_device *device = cycle->device;
    uint32_t base = device->input_count;
    uint32_t count = device->output_count;
    uint32_t host = kAudioServerPlugInHostClientID;
    operate(cycle, &device->will, host, HALSIM_OP_PROCESS_MIX, base, count);
    if (device->will.will_do[HALSIM_OP_CONVERT_MIX]) {
        operate(cycle, &device->will, host, HALSIM_OP_CONVERT_MIX, base, count);
    } else {
        for (uint32_t i = base; i < base + count; i++) {
            const AudioStreamBasicDescription *format = &device->info.streams[i].physical_format;
            struct halsim_stream_buffers *buffers = &device->buffers[i];
            if (!halsim_format_is_canonical(format)) {
                halsim_format_from_canonical(format, buffers->mix, buffers->spare,
                                             cycle->frames * format->mChannelsPerFrame);
                float *result = buffers->spare;
                buffers->spare = buffers->mix;
                buffers->mix = result;
            }
        }
    }
    operate(cycle, &device->will, host, HALSIM_OP_WRITE_MIX, base, count);
}

static void run_streams(struct cycle *cycle) {
    struct halsim_device *device = cycle->device;
    bool host_mixes = false;
    for (uint32_t i = 0; i < device->client_count; i++) {
        struct halsim_client *client = device->clients[i];
        if (!client->in_cycle) {
            continue;
        }
        cycle->clients++;
        if (device->input_count > 0) {
            run_input(cycle, client);
        }
    }
    for (uint32_t i = 0; i < device->client_count; i++) {
        struct halsim_client *client = device->clients[i];
        if (!client->in_cycle) {
            continue;
        }
        if (device->output_count > 0) {
            host_mixes |= run_client_output(cycle, client, !host_mixes);
        }
        client->position += cycle->frames;
    }
    if (device->output_count > 0) {
        if (!host_mixes) {
            clear_mix(cycle);
        }
        run_device_output(cycle);
    }
}

/* ---- time --------------------------------------------------------------------------------- */

static OSStatus read_zero_timestamp(struct halsim_device *device, Float64 *sample,
                                    UInt64 *host_time, UInt64 *seed) {
    AudioObjectID id = device->info.object.id;
    OSStatus status = 0;
    HALSIM_CALL(status =, device->plugin, id, kAudioServerPlugInHostClientID, 0, GetZeroTimeStamp,
                id, kAudioServerPlugInHostClientID, sample, host_time, seed);
    return status;
}

static double period_ns(const struct halsim_device *device) {
    return device->info.buffer_frames * device->clock.ns_per_frame;
}

/* The next cycle begins at the first whole frame that is not yet past. */
static void anchor_position(struct halsim_device *device, uint64_t now_ns) {
    device->position = ceil(halsim_device_clock_sample(&device->clock, now_ns) - 1e-6);
    device->scheduled_ns = halsim_device_clock_host_ns(&device->clock, device->position);
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
    /* A first timestamp far from now would put the first cycle there too, and IO would seem to
     * hang. */
    double limit_ns = 10e9;
    if (!(sample >= 0) || fabs((double)(int64_t)(zero_ns - now_ns)) > limit_ns) {
        return halsim_fail(
            error, HALSIM_ERROR_CONTRACT,
            "GetZeroTimeStamp of device \"%s\" after StartIO: sample time %g at host time %+.3f s "
            "from now; it must be the running clock's",
            device->info.name, sample, (double)(int64_t)(zero_ns - now_ns) / 1e9);
    }
    (void)halsim_device_clock_update(&device->clock, sample, zero_ns, seed, 0);
    anchor_position(device, now_ns);
    return true;
}

/* What the driver's clock says now; anchors anew when it says something else than it promised. */
static void follow_clock(struct cycle *cycle, uint64_t woke_ns,
                         struct halsim_trace_record *record) {
    struct halsim_device *device = cycle->device;
    Float64 sample = 0;
    UInt64 host_time = 0;
    UInt64 seed = 0;
    OSStatus status = read_zero_timestamp(device, &sample, &host_time, &seed);
    cycle->zero_ticks = lap(cycle);
    if (status != 0) {
        driver_failed(cycle, HALSIM_OP_CYCLE, status);
        device->stats.last_driver_error_operation = 0;
        return;
    }
    uint64_t zero_ns = halsim_ns_from_ticks(device->host, host_time);
    record->zero_sample_time = sample;
    record->zero_host_ns = zero_ns;
    record->zero_seed = seed;
    bool anew = true;
    switch (
        halsim_device_clock_update(&device->clock, sample, zero_ns, seed, period_ns(device) / 2)) {
    case HALSIM_CLOCK_SAME:
    case HALSIM_CLOCK_ADVANCED:
        anew = false;
        break;
    case HALSIM_CLOCK_JUMPED:
        cycle->flags |= HALSIM_CYCLE_TIMESTAMP_JUMP;
        device->stats.timestamp_jumps++;
        break;
    case HALSIM_CLOCK_WENT_BACK:
        cycle->flags |= HALSIM_CYCLE_TIMESTAMP_JUMP | HALSIM_CYCLE_TIMESTAMP_BACK;
        device->stats.timestamp_jumps++;
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

static void fill_cycle_info(struct cycle *cycle, uint64_t woke_ns) {
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

/* ---- the end of a cycle ------------------------------------------------------------------- */

static void judge(struct cycle *cycle, uint64_t scheduled_ns, uint64_t done_ns,
                  uint64_t driver_ns) {
    struct halsim_device *device = cycle->device;
    uint64_t period = (uint64_t)period_ns(device);
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

/* On to the next cycle; whole cycles that can no longer be on time are skipped, as coreaudiod does.
 */
static void advance(struct halsim_device *device, uint64_t done_ns) {
    double frames = device->info.buffer_frames;
    device->position += frames;
    device->scheduled_ns = halsim_device_clock_host_ns(&device->clock, device->position);
    double period = period_ns(device);
    if (done_ns > device->scheduled_ns && (double)(done_ns - device->scheduled_ns) >= period) {
        double skip = floor((double)(done_ns - device->scheduled_ns) / period);
        device->position += skip * frames;
        device->scheduled_ns = halsim_device_clock_host_ns(&device->clock, device->position);
        device->cycle_counter = 0;
        device->pending_skip = (uint32_t)skip;
        device->pending_flags |= HALSIM_CYCLE_RESYNC;
        device->stats.skipped_cycles += (uint64_t)skip;
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

void halsim_cycle_run(struct halsim_device *device, uint64_t woke_ns) {
    struct halsim_host *host = device->host;
    bool real = host->clock->kind == HALSIM_CLOCK_REALTIME;
    struct cycle cycle = {
        .device = device,
        .mark = halsim_stopwatch(),
        .frames = device->info.buffer_frames,
        .flags = device->pending_flags,
    };
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
    follow_clock(&cycle, woke_ns, record);
    fill_cycle_info(&cycle, woke_ns);
    operate_on_nothing(&cycle, HALSIM_OP_CYCLE, true);
    run_streams(&cycle);
    operate_on_nothing(&cycle, HALSIM_OP_CYCLE, false);

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
}
