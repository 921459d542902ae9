/* script_run.h - a run of Loop with a fingerprint, as a few words say. */
#ifndef SCRIPT_RUN_H
#define SCRIPT_RUN_H

#include "loop_host.h"

#include "halsim/fingerprint.h"

#define SCRIPT_CYCLES 60

/* What a run is made of; zeros are the plain one. */
struct script {
    const char *shape, *fault, *ppm;
    uint64_t noise_seed; /* 0: the counter */
    int32_t process_id;
    const char *bundle_id;
    bool late_second_client;
    double new_rate;
    uint32_t frames; /* 0: as it is */
    bool refused;
    const char *log;
    uint64_t first_cycle, last_cycle, capacity;
    bool samples; /* in the log */
};

/* A virtual host that is observed, and the driver's settings. */
struct halsim_host *script_begin(const struct script *script);
/* Loads the driver and lets it run, with changes half way. */
void script_play(struct halsim_host *host, const struct script *script);
/* Both, and the end. The result stays until the next run with the same `which`, 0 or 1. */
const struct halsim_fingerprint_state *script_run(const struct script *script, int which);
extern struct halsim_fingerprint_state script_states[2];

/* A name in the current folder for a log, and its removal: fixtures of a group of tests. */
extern char script_path[64];
int script_make_path(void **state);
int script_remove_path(void **state);

/* The log of that name when it is closed, and its header. Freed with free(). */
struct halsim_observation *script_read_log(void);
extern struct halsim_event_log_header script_log_header;

#endif
