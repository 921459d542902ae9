/* ending.h - what is said of a process that ended and could not say it itself. */
#ifndef DAEMON_ENDING_H
#define DAEMON_ENDING_H

#include <sys/types.h>

struct ending {
    const char *process; /* "coreaudiod", "driver-service" */
    pid_t pid;
    const char *plugin; /* path of the bundle; NULL: not known */
};

/* Both write one line on stderr, with a static buffer: one thread at a time. */
void ending_report_killed(const struct ending *ending, int signal);
/* Nobody in the simulator ends the process without saying so: it was a driver. */
void ending_report_exit(const struct ending *ending, int code);

#endif
