/* play.h - the stand-alone mode: one driver, one signal, one summary. */
#ifndef DAEMON_PLAY_H
#define DAEMON_PLAY_H

#include "farend.h"
#include "options.h"

/* What the summary says. */
struct play_result {
    struct halsim_device_info device;
    struct halsim_io_stats io;
    uint64_t host_elapsed_ns; /* by the host's clock */
    uint64_t wall_elapsed_ns;
    uint64_t frames_played; /* by the client */
    bool realtime_priority;
    bool interrupted;
    bool has_wakes; /* real time only */
    double wake_p50_us, wake_p99_us, wake_max_us;
    bool has_far_end;
    struct farend_stats far_end;
    bool has_input_check;
    struct halsim_check input_check;
};

/* Returns an exit code; errors are said in one line on stderr. */
int play_run(const struct options *options);

/* summary.c: the table on stdout. */
void summary_print(const struct options *options, const struct play_result *result);

#endif
