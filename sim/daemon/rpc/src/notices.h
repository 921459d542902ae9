/* notices.h - what the host tells on its own, as lines that wait to be sent.
 *
 * The host's callback may come from any of its threads; it only writes into a bounded queue. When
 * nobody takes lines, the newest are dropped and counted, and a line says so afterwards.
 */
#ifndef HALRPC_NOTICES_H
#define HALRPC_NOTICES_H

#include "halsim/host.h"

#define NOTICES_MAX 4096

struct notices;

struct notices *notices_create(void);
void notices_destroy(struct notices *notices);

/* A halsim_notice_callback; `context` is the struct notices. */
void notices_add(const struct halsim_notice *notice, void *context);
/* A whole line, from malloc(), that is the queue's from now on. */
void notices_add_line(struct notices *notices, char *line);
void notices_set_wakeup(struct notices *notices, void (*wakeup)(void *context), void *context);
/* The oldest line, for free(); NULL when there is none. */
char *notices_take(struct notices *notices);

#endif
