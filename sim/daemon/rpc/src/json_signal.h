/* json_signal.h - the "source" and the "check" of rpc.md. */
#ifndef HALRPC_JSON_SIGNAL_H
#define HALRPC_JSON_SIGNAL_H

#include "halsim/signal.h"
#include "json_params.h"

/* Parameter `name`; *source is NULL for null. The caller owns it. `rate` is the device's, in Hz. */
bool params_source(const struct params *params, const char *name, double rate,
                   struct halsim_source **source);

yyjson_mut_val *json_from_check(yyjson_mut_doc *doc, const struct halsim_check *check);

#endif
