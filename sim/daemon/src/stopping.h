/* stopping.h - that the process has been asked to end: by a signal, or because its guard died. */
#ifndef DAEMON_STOPPING_H
#define DAEMON_STOPPING_H

#include <stdbool.h>

/* Takes over SIGINT, SIGTERM and SIGHUP. `on_stop` is called at most once, possibly in a signal
 * handler. */
void stopping_install(void (*on_stop)(void *context), void *context);
/* From now on a request is only remembered. */
void stopping_remove(void);

void stopping_request(void);
bool stopping_requested(void);
/* The signal that asked, 0 when none did. */
int stopping_signal(void);

#endif
