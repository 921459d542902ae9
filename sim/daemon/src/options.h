/* options.h - the command line of coreaudiod-sim. */
#ifndef DAEMON_OPTIONS_H
#define DAEMON_OPTIONS_H

#include "halsim/host.h"
#include "profile.h"
#include <stdio.h>

enum exit_code {
    EXIT_ORDERLY = 0,
    EXIT_ERROR = 1,
    EXIT_USAGE = 2,
    EXIT_CHECK_FAILED = 3,
    EXIT_DRIVER_CRASHED = 70,
    EXIT_DRIVER_HUNG = 71,
    EXIT_HOST_CRASHED = 72,
};

#define OPTION_DRIVERS_MAX 64

enum signal_kind {
    SIGNAL_NONE,
    SIGNAL_COUNTER,
    SIGNAL_SINE,
    SIGNAL_NOISE,
    SIGNAL_SILENCE,
};

struct options {
    struct halsim_host_config host;
    bool guard;
    bool keep_shm;
    bool sigpipe_ignored;
    bool threads_are_free;    /* virtual time leaves drivers' threads alone */
    uint64_t schedule;        /* which of several ready threads goes on: 0 in turn, else a seed */
    const char *profile_file; /* NULL: none */
    struct profile profile;   /* when there is a file; `host` points to it */
    enum profile_model process_model; /* decided: in process or helper */
    uint64_t helper_throttle_ns;      /* a helper is started at most once in so long */
    bool sandbox_is_said;             /* --sandbox, and not what follows from the profile */
    struct halsandbox_rules sandbox;  /* of the helpers, decided; off in one process */
    const char *service; /* this is a helper: what its front says (service_child.h); NULL: no */
    int argument_count;  /* the whole command line, for helpers */
    char **arguments;
    const char *rpc; /* "stdio" or "unix:PATH"; NULL: stand-alone */
    const char *drivers[OPTION_DRIVERS_MAX];
    uint32_t driver_count;

    /* stand-alone */
    const char *play; /* raw interleaved Float32; NULL: `signal` */
    enum signal_kind signal;
    double sine_hz;
    double seconds;      /* 0: as long as the file */
    const char *trace;   /* NULL: none */
    const char *device;  /* NULL: the first one that is not hidden and has an output */
    double rate;         /* 0: as it is */
    uint32_t frames;     /* 0: as it is */
    uint32_t channels;   /* of `play` */
    const char *far_end; /* name of the shared memory; NULL: none */
    const char *record;  /* what the far end heard; NULL: none */
    bool check;
};

enum options_result {
    OPTIONS_GO,
    OPTIONS_DONE, /* --help, --version: said on stdout */
    OPTIONS_BAD,  /* said in one line on stderr */
};

enum options_result options_parse(int count, char **arguments, struct options *options);

/* help.c: the manual page. */
void help_print(FILE *out);

#endif
