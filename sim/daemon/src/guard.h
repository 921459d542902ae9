/* guard.h - a process that outlives the daemon by a moment and cleans up after it.
 *
 *     what the user started = guard ──fork──> daemon, which loads the drivers
 *
 * The guard waits, hands signals on, and when the daemon is dead, however it died, removes what the
 * ledger says it left (ledger.h), then ends with the daemon's exit code: whoever waits for it finds
 * the machine clean. The other way round, a daemon whose guard was killed dies at once, without a
 * word to the drivers, but cleans up first: killing the process that one has started is like
 * killing the daemon. The daemon has a session of its own unless it reads from a terminal, so that
 * a signal to the guard's process group leaves one of the two alive to clean.
 */
#ifndef DAEMON_GUARD_H
#define DAEMON_GUARD_H

#include <stdbool.h>

/* Forks. Returns in the daemon only, true, or false with a line on stderr; the guard never returns.
 * Before there are threads. */
bool guard_fork(bool keep_shm);

/* In the daemon: starts the thread that ends the process when the guard has died. No-op without a
 * guard; false when there is no such thread to be had. */
bool guard_watch(void);

/* In the daemon, at its orderly end: tells of shared memory that drivers left, and removes it
 * unless it is kept. */
void guard_leave(bool keep_shm);

#endif
