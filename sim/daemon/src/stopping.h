/* stopping.h - that the process has been asked to end by a signal. */
#ifndef DAEMON_STOPPING_H
#define DAEMON_STOPPING_H

#include <stdbool.h>

/* Takes over SIGINT, SIGTERM and SIGHUP: from now on they are remembered, and end nothing by
 * themselves. Early in main(), so that there is no moment at which a driver is lost without its
 * Release. */
void stopping_install(void);

/* `on_stop` is called at most once, possibly in a signal handler; at once when the request came
 * earlier. */
void stopping_listen(void (*on_stop)(void *context), void *context);
/* From now on a request is only remembered. */
void stopping_forget(void);

bool stopping_requested(void);
/* The signal that asked, 0 when none did. */
int stopping_signal(void);

#endif
