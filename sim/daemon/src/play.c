/* play.c - load, set up, play, sum up. */
#include "play.h"
#include "crash.h"
#include "moment.h"
#include "stopping.h"
#include "threads.h"
#include "wakes.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct play {
    const struct options *options;
    struct halsim_host *host;
    struct halsim_error error;
    uint32_t device;
    uint32_t client;
    struct farend *far_end;
    struct wakes *wakes;
    struct halsim_check *input_check; /* NULL: none */
    struct play_result result;
};

static bool say(const char *text) {
    fprintf(stderr, "coreaudiod-sim: %s\n", text);
    return false;
}

static bool say_error(const struct play *play) {
    return say(play->error.message);
}

static void on_stop(void *context) {
    halsim_io_interrupt(context);
}

static void on_notice(const struct halsim_notice *notice, void *context) {
    (void)context;
    if (notice->kind == HALSIM_NOTICE_WARNING ||
        notice->kind == HALSIM_NOTICE_IO_STOPPED_ABNORMALLY) {
        fprintf(stderr, "coreaudiod-sim: object %u: %s\n", notice->object,
                notice->text != NULL ? notice->text : "IO stopped");
    }
}

/* ---- setting up ---------------------------------------------------------------------------- */

static bool has_stream(const struct halsim_device_info *info, bool input) {
    for (uint32_t i = 0; i < info->stream_count; i++) {
        if (info->streams[i].is_input == input) {
            return true;
        }
    }
    return false;
}

static bool choose_device(struct play *play) {
    if (play->options->device != NULL) {
        return halsim_device_find(play->host, play->options->device, &play->device, &play->error) ||
               say_error(play);
    }
    for (uint32_t i = 0; i < halsim_device_count(play->host); i++) {
        struct halsim_device_info info;
        if (halsim_device_info(play->host, i, &info, NULL) && !info.is_hidden &&
            has_stream(&info, false)) {
            play->device = i;
            return true;
        }
    }
    return say("the driver has no device with an output that is not hidden; name one with "
               "--device");
}

static bool set_up_device(struct play *play) {
    const struct options *options = play->options;
    if ((options->rate > 0 &&
         !halsim_device_set_rate(play->host, play->device, options->rate, &play->error)) ||
        (options->frames > 0 && !halsim_device_set_buffer_frames(play->host, play->device,
                                                                 options->frames, &play->error)) ||
        !halsim_device_info(play->host, play->device, &play->result.device, &play->error)) {
        return say_error(play);
    }
    return true;
}

static struct halsim_source *make_source(struct play *play) {
    const struct options *options = play->options;
    switch (options->signal) {
    case SIGNAL_NONE:
        return halsim_source_create_file(options->play, options->channels, false, &play->error);
    case SIGNAL_COUNTER:
        return halsim_source_create_counter(0);
    case SIGNAL_SINE:
        return halsim_source_create_sine(options->sine_hz, 0.5, play->result.device.nominal_rate);
    case SIGNAL_NOISE:
        return halsim_source_create_noise(options->host.seed, 0.5);
    case SIGNAL_SILENCE:
        return halsim_source_create_silence();
    }
    return NULL;
}

static bool add_input_check(struct play *play) {
    const struct halsim_device_info *info = &play->result.device;
    play->input_check = calloc(1, sizeof *play->input_check);
    if (play->input_check == NULL) {
        return say("out of memory");
    }
    halsim_check_init(play->input_check, info->streams[0].virtual_format.mChannelsPerFrame);
    return halsim_client_set_sink(play->host, play->device, play->client, 0,
                                  halsim_sink_create_check(play->input_check), &play->error) ||
           say_error(play);
}

static bool add_client(struct play *play) {
    const struct halsim_client_config config = {.name = "coreaudiod-sim"};
    struct halsim_source *source = make_source(play);
    if (source == NULL) {
        return say_error(play);
    }
    if (!halsim_client_add(play->host, play->device, &config, &play->client, &play->error)) {
        halsim_source_destroy(source);
        return say_error(play);
    }
    if (!halsim_client_set_source(play->host, play->device, play->client, 0, source,
                                  &play->error)) {
        return say_error(play);
    }
    if (!play->options->check || play->options->far_end != NULL) {
        return true;
    }
    if (!has_stream(&play->result.device, true)) {
        return say("--check: the device has no input to hear itself; give --far-end");
    }
    return add_input_check(play);
}

static uint64_t frames_for(const struct play *play, double seconds) {
    return (uint64_t)(seconds * play->result.device.nominal_rate);
}

static bool add_far_end(struct play *play, double seconds) {
    const struct options *options = play->options;
    if (options->far_end == NULL) {
        return true;
    }
    struct farend_config config = {
        .name = options->far_end,
        .device = play->device,
        .every_cycles = 1,
        .check = options->check,
        .record = options->record,
        /* A second more: what was in the ring before we came. */
        .record_frames = frames_for(play, seconds + 1),
    };
    play->far_end = farend_open(play->host, &config, &play->error);
    return play->far_end != NULL || say_error(play);
}

static bool add_wakes(struct play *play) {
    if (play->options->host.clock == HALSIM_CLOCK_VIRTUAL) {
        return true;
    }
    play->wakes = calloc(1, sizeof *play->wakes);
    return (play->wakes != NULL &&
            halsim_host_add_cycle_hook(play->host, wakes_after_cycle, play->wakes, &play->error)) ||
           say("no room to count wake-ups");
}

/* 0 when it cannot be told. */
static double file_seconds(const struct play *play) {
    struct stat info;
    double frame_bytes = 4.0 * play->options->channels;
    if (play->options->play == NULL || stat(play->options->play, &info) != 0) {
        return 0;
    }
    return (double)info.st_size / frame_bytes / play->result.device.nominal_rate;
}

/* ---- playing ------------------------------------------------------------------------------- */

static bool run(struct play *play, double seconds) {
    struct halsim_clock *clock = halsim_host_clock(play->host);
    if (play->options->trace != NULL) {
        double cycles = (double)frames_for(play, seconds) / play->result.device.buffer_frames + 64;
        uint64_t capacity = cycles < (1 << 24) ? (uint64_t)cycles : 1 << 24;
        if (!halsim_host_trace(play->host, play->options->trace, capacity, &play->error)) {
            return say_error(play);
        }
    }
    if (!halsim_io_start(play->host, play->device, play->client, &play->error)) {
        return say_error(play);
    }
    uint64_t began = halsim_clock_now_ns(clock), wall_began = moment_ns();
    bool ok =
        stopping_requested() || halsim_io_run(play->host, (uint64_t)(seconds * 1e9), &play->error);
    play->result.wall_elapsed_ns = moment_ns() - wall_began;
    play->result.host_elapsed_ns = halsim_clock_now_ns(clock) - began;
    play->result.interrupted = stopping_requested();
    play->result.realtime_priority = halsim_host_has_realtime_priority(play->host);
    /* What went wrong is said, and what was heard until then is kept and summed up. */
    if (!ok) {
        say_error(play);
    }
    if (!halsim_io_stop(play->host, play->device, play->client, &play->error)) {
        return say_error(play);
    }
    return ok;
}

static void collect(struct play *play) {
    struct play_result *result = &play->result;
    halsim_io_stats(play->host, play->device, &result->io, NULL);
    halsim_client_position(play->host, play->device, play->client, &result->frames_played, NULL);
    if (play->wakes != NULL && play->wakes->count > 0) {
        result->has_wakes = true;
        result->wake_p50_us = wakes_percentile_us(play->wakes, 50);
        result->wake_p99_us = wakes_percentile_us(play->wakes, 99);
        result->wake_max_us = (double)play->wakes->max_ns / 1000;
    }
    if (play->far_end != NULL) {
        result->has_far_end = true;
        farend_read_stats(play->far_end, 0, &result->far_end);
    }
    if (play->input_check != NULL) {
        result->has_input_check = true;
        result->input_check = *play->input_check;
    }
}

static bool check_holds(const struct play *play) {
    const struct play_result *result = &play->result;
    if (!play->options->check) {
        return true;
    }
    if (result->has_far_end && result->far_end.failed) {
        return say(result->far_end.failure);
    }
    const struct halsim_check *check =
        result->has_far_end ? &result->far_end.check : &result->input_check;
    return check->locked && halsim_check_is_clean(check);
}

static bool load_drivers(struct play *play) {
    const struct options *options = play->options;
    for (uint32_t i = 0; i < options->driver_count && !stopping_requested(); i++) {
        uint32_t plugin;
        if (!halsim_plugin_load(play->host, options->drivers[i], &plugin, &play->error)) {
            return say_error(play);
        }
    }
    return true;
}

static int play_with(struct play *play) {
    const struct options *options = play->options;
    /* Each step may take as long as the driver likes: whoever wants to stop waits for one only. */
    if (!load_drivers(play) ||
        (!stopping_requested() && (!choose_device(play) || !set_up_device(play)))) {
        return EXIT_ERROR;
    }
    double seconds = options->seconds > 0 ? options->seconds : file_seconds(play);
    if (!stopping_requested() &&
        (!add_client(play) || !add_far_end(play, seconds) || !add_wakes(play))) {
        return EXIT_ERROR;
    }
    if (stopping_requested()) {
        return 128 + stopping_signal(); /* nothing was played: nothing to sum up */
    }
    stopping_listen(on_stop, play->host);
    bool ok = run(play, seconds);
    stopping_forget();
    if (play->result.wall_elapsed_ns == 0) {
        return EXIT_ERROR;
    }
    collect(play);
    summary_print(options, &play->result);
    if (play->result.interrupted && stopping_signal() != 0) {
        return 128 + stopping_signal();
    }
    if (!ok) {
        return EXIT_ERROR;
    }
    return check_holds(play) ? EXIT_ORDERLY : EXIT_CHECK_FAILED;
}

int play_run(const struct options *options) {
    struct play *play = calloc(1, sizeof *play);
    if (play == NULL) {
        say("out of memory");
        return EXIT_ERROR;
    }
    play->options = options;
    struct halsim_host_config config = options->host;
    config.on_notice = on_notice;
    config.on_hang = crash_report_hang;
    if (!threads_own(options, &config)) {
        free(play);
        return EXIT_ERROR;
    }
    play->host = halsim_host_create(&config, &play->error);
    int status = EXIT_ERROR;
    threads_enter();
    if (play->host == NULL) {
        say_error(play);
    } else {
        status = play_with(play);
    }
    /* The host first: its clients and hooks point here. */
    halsim_host_destroy(play->host);
    threads_leave();
    threads_let_go();
    if (play->far_end != NULL) {
        farend_close(play->far_end, NULL);
    }
    free(play->input_check);
    free(play->wakes);
    free(play);
    return status;
}
