/* report_calls.h - the last calls into drivers as a member of a report. */
#ifndef DAEMON_REPORT_CALLS_H
#define DAEMON_REPORT_CALLS_H

#include "report.h"

/* "last_calls": [ ... ] as in rpc.md, the oldest first; when not all have room, the newest. For the
 * one report that a process makes: not by two threads at once. Safe in a signal handler. */
void report_last_calls(struct report *report);

#endif
