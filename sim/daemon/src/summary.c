/* summary.c - what happened, as a table. */
#include "play.h"
#include <inttypes.h>

static void row(const char *name) {
    printf("  %-16s", name);
}

static void print_device(const struct play_result *result) {
    const struct halsim_device_info *device = &result->device;
    uint32_t channels = 0;
    for (uint32_t i = 0; i < device->stream_count; i++) {
        if (!device->streams[i].is_input) {
            channels += device->streams[i].virtual_format.mChannelsPerFrame;
        }
    }
    row("device");
    printf("%s, %.0f Hz, %u channel%s, %u frames a cycle (%.2f ms)\n", device->name,
           device->nominal_rate, channels, channels == 1 ? "" : "s", device->buffer_frames,
           1000.0 * device->buffer_frames / device->nominal_rate);
}

static void print_time(const struct options *options, const struct play_result *result) {
    double played = (double)result->host_elapsed_ns / 1e9;
    double wall = (double)result->wall_elapsed_ns / 1e9;
    row("time");
    printf("%.3f s of %s time%s", played,
           options->host.clock == HALSIM_CLOCK_VIRTUAL ? "virtual" : "real",
           result->interrupted ? ", interrupted" : "");
    if (options->host.clock == HALSIM_CLOCK_VIRTUAL && wall > 0) {
        printf(", in %.3f s: %.0f x real time", wall, played / wall);
    } else if (!result->realtime_priority) {
        printf(", without real-time priority");
    }
    printf("\n");
}

static void print_cycles(const struct play_result *result) {
    const struct halsim_io_stats *io = &result->io;
    row("cycles");
    printf("%" PRIu64 ", %" PRIu64 " frames; late %" PRIu64 ", over budget %" PRIu64
           ", overloads %" PRIu64 ", skipped %" PRIu64 "\n",
           io->cycles, result->frames_played, io->late_wakes, io->over_budget, io->overloads,
           io->skipped_cycles);
    if (result->has_wakes) {
        row("wake-up error");
        printf("p50 %.0f us, p99 %.0f us, max %.1f us\n", result->wake_p50_us, result->wake_p99_us,
               result->wake_max_us);
    }
    if (io->cycles > 0) {
        double cycles = (double)io->cycles;
        row("a cycle took");
        printf("driver %.0f ns, host %.0f ns, signal %.0f ns, far end %.0f ns\n",
               (double)io->driver_ns / cycles, (double)io->host_ns / cycles,
               (double)io->signal_ns / cycles, (double)io->hook_ns / cycles);
    }
    if (io->timestamp_jumps + io->seed_changes + io->driver_errors > 0) {
        char error[16], operation[16];
        row("driver");
        printf("timestamp jumps %" PRIu64 ", seed changes %" PRIu64 ", errors %" PRIu64,
               io->timestamp_jumps, io->seed_changes, io->driver_errors);
        if (io->driver_errors > 0) {
            printf(" (last %s in %s)", halsim_fourcc_text((uint32_t)io->last_driver_error, error),
                   halsim_fourcc_text(io->last_driver_error_operation, operation));
        }
        printf("\n");
    }
}

static void print_check(const struct halsim_check *check) {
    row("check");
    if (!check->locked) {
        printf("no sample of the signal came back (%" PRIu64 " frames of silence)\n",
               check->leading_silence);
        return;
    }
    printf("%" PRIu64 " frames right; lost %" PRIu64 ", duplicated %" PRIu64 ", reordered %" PRIu64
           ", silent %" PRIu64 ", corrupt %" PRIu64 ", swapped %" PRIu64 ": %s\n",
           check->correct, check->lost, check->duplicated, check->reordered, check->silent,
           check->corrupt, check->swapped, halsim_check_is_clean(check) ? "clean" : "NOT CLEAN");
}

static void print_far_end(const struct options *options, const struct play_result *result) {
    const struct farend_stats *far_end = &result->far_end;
    row("far end");
    if (far_end->layout == 0) {
        printf("no shared memory %s appeared\n", options->far_end);
        return;
    }
    printf("%s, layout v%u: %" PRIu64 " frames, lost %" PRIu64 ", torn %" PRIu64
           ", generation changes %" PRIu64 "%s%s\n",
           options->far_end, far_end->layout, far_end->frames, far_end->lost_frames,
           far_end->torn_frames, far_end->generation_changes, far_end->failed ? "; gave up: " : "",
           far_end->failed ? far_end->failure : "");
}

void summary_print(const struct options *options, const struct play_result *result) {
    printf("coreaudiod-sim %s\n", halsim_version());
    print_device(result);
    print_time(options, result);
    print_cycles(result);
    if (result->has_far_end) {
        print_far_end(options, result);
    }
    if (options->check) {
        print_check(result->has_far_end ? &result->far_end.check : &result->input_check);
    }
    if (options->trace != NULL) {
        row("trace");
        printf("%s\n", options->trace);
    }
    if (options->record != NULL) {
        row("recording");
        printf("%s\n", options->record);
    }
    fflush(stdout);
}
