#include "halsim/coverage.h"
#include "host_internal.h"
#include "operation.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ReadInput, WriteMix and MixOutput are in place by definition; an answer that says otherwise is a
 * mistake of the driver, not a wish. */
static bool is_always_in_place(enum halsim_operation operation) {
    return operation == HALSIM_OP_READ_INPUT || operation == HALSIM_OP_WRITE_MIX ||
           operation == HALSIM_OP_MIX_OUTPUT;
}

void halsim_ask_will_do(struct halsim_device *device, uint32_t client,
                        struct halsim_will_do *will) {
    memset(will, 0, sizeof *will);
    for (uint32_t i = 0; i < HALSIM_OP_COUNT; i++) {
        Boolean will_do = false;
        Boolean in_place = true;
        OSStatus status = 0;
        AudioObjectID id = device->object.id;
        HALSIM_CALL(status =, device->plugin, id, client, halsim_operation_codes[i],
                    WillDoIOOperation, id, client, halsim_operation_codes[i], &will_do, &in_place);
        will->will_do[i] = status == 0 && will_do;
        if (status == 0 && !will_do) {
            halsim_coverage_said_no();
        }
        will->in_place[i] = in_place || is_always_in_place((enum halsim_operation)i);
        if (will->will_do[i] && !in_place && is_always_in_place((enum halsim_operation)i)) {
            char text[16];
            halsim_warn(device->plugin, id,
                        "WillDoIOOperation(%s) says not in place; this operation always is",
                        halsim_fourcc_text(halsim_operation_codes[i], text));
        }
    }
}

static void warn_of_operations(struct halsim_device *device) {
    bool mixes_itself = device->will.will_do[HALSIM_OP_MIX_OUTPUT];
    bool writes_mix = device->will.will_do[HALSIM_OP_WRITE_MIX];
    if (device->output_count > 0 && writes_mix && mixes_itself) {
        halsim_warn(device->plugin, device->object.id,
                    "device \"%s\" does both MixOutput and WriteMix: MixOutput ends the output of "
                    "a client, "
                    "and WriteMix is for those that did not go through it",
                    device->info.name);
    }
    if (device->output_count > 0 && !writes_mix && !mixes_itself) {
        halsim_warn(
            device->plugin, device->object.id,
            "device \"%s\" has output streams but does neither WriteMix nor MixOutput: its output "
            "goes nowhere",
            device->info.name);
    }
    if (device->input_count > 0 && !device->will.will_do[HALSIM_OP_READ_INPUT]) {
        halsim_warn(
            device->plugin, device->object.id,
            "device \"%s\" has input streams but does not do ReadInput: its input is silence",
            device->info.name);
    }
}

static enum halsim_clock_algorithm algorithm_of(const struct halsim_device *device) {
    switch (device->info.clock_algorithm) {
    case kAudioDeviceClockAlgorithmRaw:
        return HALSIM_ALGORITHM_RAW;
    case kAudioDeviceClockAlgorithm12PtMovingWindowAverage:
        return HALSIM_ALGORITHM_MOVING_AVERAGE_12;
    default:
        return HALSIM_ALGORITHM_SIMPLE_IIR;
    }
}

bool halsim_device_prepare_io(struct halsim_device *device, struct halsim_error *error) {
    halsim_ask_will_do(device, kAudioServerPlugInHostClientID, &device->will);
    warn_of_operations(device);
    return halsim_buffers_prepare(device, error);
}

bool halsim_device_begin_io(struct halsim_device *device, struct halsim_error *error) {
    halsim_device_clock_init(&device->clock, device->info.nominal_rate, algorithm_of(device));
    halsim_device_phase_begin(&device->phase);
    halsim_oracle_begin(&device->oracle, device->info.nominal_rate, device->info.zero_period_frames,
                        device->info.buffer_frames);
    double zero_period_ns = 1e9 * device->info.zero_period_frames / device->info.nominal_rate;
    device->zero_limit_ns = UINT64_C(10000000000) + 2 * (uint64_t)zero_period_ns;
    device->cycle_counter = 0;
    device->pending_flags = 0;
    device->pending_skip = 0;
    device->last_hook_ns = 0;
    if (device->host->clock->kind == HALSIM_CLOCK_REALTIME) {
        if (!halsim_io_thread_start(device, error)) {
            return false;
        }
    } else {
        halsim_cycle_thread_operation(device, true);
        if (!halsim_cycle_anchor(device, error)) {
            halsim_cycle_thread_operation(device, false);
            return false;
        }
    }
    device->running = true;
    return true;
}

void halsim_device_end_io(struct halsim_device *device) {
    if (!device->running) {
        return;
    }
    device->running = false;
    if (device->has_thread) {
        halsim_io_thread_join(device);
    } else {
        halsim_cycle_thread_operation(device, false);
    }
}

/* ---- run --------------------------------------------------------------------------------- */

static struct halsim_device *next_due(struct halsim_host *host) {
    struct halsim_device *next = NULL;
    for (uint32_t i = 0; i < host->device_count; i++) {
        struct halsim_device *device = host->devices[i];
        if (device->running && (next == NULL || device->scheduled_ns < next->scheduled_ns)) {
            next = device;
        }
    }
    return next;
}

/* Until the clock passes end_ns, or `counted` has done `cycles` more. With control held. */
static bool run_virtual(struct halsim_host *host, uint64_t end_ns, struct halsim_device *counted,
                        uint64_t cycles, struct halsim_error *error) {
    uint64_t target = counted == NULL ? 0 : atomic_load(&counted->cycles_done) + cycles;
    for (;;) {
        if (atomic_load_explicit(&host->interrupted, memory_order_relaxed)) {
            return true;
        }
        halsim_platform_run_queues(host);
        if (atomic_load_explicit(&host->change_waiting, memory_order_relaxed)) {
            (void)halsim_change_settle(host);
        }
        if (counted != NULL &&
            (atomic_load_explicit(&counted->cycles_done, memory_order_relaxed) >= target ||
             !counted->running)) {
            return counted->running || atomic_load(&counted->cycles_done) >= target ||
                   halsim_fail(error, HALSIM_ERROR_STATE, "device \"%s\": its IO has stopped",
                               counted->info.name);
        }
        struct halsim_device *device = next_due(host);
        if (device == NULL) {
            return halsim_fail(error, HALSIM_ERROR_STATE,
                               "no device runs: start IO of a client first");
        }
        if (counted == NULL && device->scheduled_ns >= end_ns) {
            (void)halsim_clock_wait_until_ns(host->clock, end_ns);
            return true;
        }
        uint64_t woke_ns = halsim_clock_wait_until_ns(host->clock, device->scheduled_ns);
        halsim_cycle_run(device, woke_ns);
    }
}

bool halsim_io_any_runs(const struct halsim_host *host) {
    for (uint32_t i = 0; i < host->device_count; i++) {
        if (host->devices[i]->running) {
            return true;
        }
    }
    return false;
}

bool halsim_io_is_running(struct halsim_host *host) {
    pthread_mutex_lock(&host->control);
    bool runs = halsim_io_any_runs(host);
    pthread_mutex_unlock(&host->control);
    return runs;
}

/* Real time: the IO threads work; wait in short steps so that an interrupt is seen soon. */
static bool wait_real(struct halsim_host *host, uint64_t end_ns, struct halsim_device *counted,
                      uint64_t cycles, struct halsim_error *error) {
    uint64_t target = counted == NULL ? 0 : atomic_load(&counted->cycles_done) + cycles;
    while (!atomic_load(&host->interrupted)) {
        uint64_t now = halsim_clock_now_ns(host->clock);
        if (counted != NULL ? atomic_load(&counted->cycles_done) >= target : now >= end_ns) {
            break;
        }
        pthread_mutex_lock(&host->control);
        bool runs = counted != NULL ? counted->running : halsim_io_any_runs(host);
        pthread_mutex_unlock(&host->control);
        if (!runs) {
            return halsim_fail(error, HALSIM_ERROR_STATE,
                               "no device runs: start IO of a client first");
        }
        uint64_t step = 2000000;
        if (counted == NULL && end_ns - now < step) {
            step = end_ns - now;
        }
        struct timespec pause = {.tv_nsec = (long)step};
        (void)nanosleep(&pause, NULL);
    }
    return true;
}

static bool run(struct halsim_host *host, uint64_t duration_ns, const uint32_t *device_index,
                uint64_t cycles, struct halsim_error *error) {
    pthread_mutex_lock(&host->control);
    struct halsim_device *counted = NULL;
    bool ok = true;
    if (device_index != NULL) {
        counted = halsim_device_at(host, *device_index, error);
        ok = counted != NULL;
    }
    uint64_t end_ns = halsim_clock_now_ns(host->clock) + duration_ns;
    if (host->clock->kind == HALSIM_CLOCK_VIRTUAL) {
        ok = ok && run_virtual(host, end_ns, counted, cycles, error);
        pthread_mutex_unlock(&host->control);
    } else {
        pthread_mutex_unlock(&host->control);
        ok = ok && wait_real(host, end_ns, counted, cycles, error);
    }
    atomic_store(&host->interrupted, false);
    return ok;
}

bool halsim_io_run(struct halsim_host *host, uint64_t duration_ns, struct halsim_error *error) {
    return run(host, duration_ns, NULL, 0, error);
}

bool halsim_io_run_cycles(struct halsim_host *host, uint32_t device, uint64_t cycles,
                          struct halsim_error *error) {
    return run(host, 0, &device, cycles, error);
}

void halsim_io_interrupt(struct halsim_host *host) {
    atomic_store(&host->interrupted, true);
}

bool halsim_io_stats(struct halsim_host *host, uint32_t index, struct halsim_io_stats *stats,
                     struct halsim_error *error) {
    pthread_mutex_lock(&host->control);
    struct halsim_device *device = halsim_device_at(host, index, error);
    if (device != NULL) {
        halsim_device_lock(device);
        *stats = device->stats;
        halsim_device_unlock(device);
    }
    pthread_mutex_unlock(&host->control);
    return device != NULL;
}
