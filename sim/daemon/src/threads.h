/* threads.h - virtual time owns the threads of drivers.
 *
 * In virtual time the scheduler of sim/interpose runs everything that drivers do one thread at a
 * time, in an order that a seed decides, and their sleeps and waits follow the host's clock. What
 * can go no further (a deadlock, a loop that never waits) ends the daemon with a report of each
 * thread, as a hang does.
 *
 * Builds without it (sanitizers, other systems) let drivers' threads run in real time.
 */
#ifndef DAEMON_THREADS_H
#define DAEMON_THREADS_H

#include "options.h"

/* Whether this build can. */
bool threads_can_be_owned(void);

/* On the thread that will call the host, before a host is created: takes ownership if the options
 * ask for it, and tells the host through `config`. False after one line on stderr. */
bool threads_own(const struct options *options, struct halsim_host_config *config);

/* Around everything that calls the host or a driver on that thread; they nest. */
void threads_enter(void);
void threads_leave(void);

/* When the host is gone. Says on stderr which threads drivers have left behind. */
void threads_let_go(void);

#endif
