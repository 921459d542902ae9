/* sandboxing.h - the sandbox of this process, and who is told what it refuses. */
#ifndef DAEMON_SANDBOXING_H
#define DAEMON_SANDBOXING_H

#include "halsim/rpc_sandbox.h"

/* In a helper, before any driver is loaded: `plugin` is its number at the front, `bundle` what it
 * will load. Nothing, when the mode is off. */
void sandboxing_begin(const struct halsandbox_rules *rules, const char *bundle, unsigned plugin);

/* For the dispatcher; `rules` stays. */
const struct halsim_sandbox *sandboxing(const struct halsandbox_rules *rules);

#endif
