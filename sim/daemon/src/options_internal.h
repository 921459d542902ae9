/* options_internal.h - what the files share that read the command line. */
#ifndef DAEMON_OPTIONS_INTERNAL_H
#define DAEMON_OPTIONS_INTERNAL_H

#include "options.h"

/* One line on stderr. False. */
bool options_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A value of --sandbox-allow. False after a line on stderr, as the next one. */
bool options_allow_in_sandbox(const char *text, struct options *options);
/* When the process model and the profile are known. */
bool options_decide_sandbox(struct options *options);

#endif
