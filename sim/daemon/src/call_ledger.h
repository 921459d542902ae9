/* call_ledger.h - a row of the real-time ledger for each entry point and IO operation. */
#ifndef DAEMON_CALL_LEDGER_H
#define DAEMON_CALL_LEDGER_H

#include "halsim/rpc_ledger.h"

/* NULL in builds that do not stand before the C library. */
const struct halsim_ledger *call_ledger(void);

#endif
