/* probe_json.h - calls of the probe from JSON, and what came of them to JSON (rpc.md,
 * "probe.call").
 */
#ifndef PROBE_JSON_H
#define PROBE_JSON_H

#include "json_params.h"
#include "probe_call.h"

/* Reads the call in `params`: "function" and what that one takes; `others` are further names that
 * are allowed, with single spaces. probe_call_free() in any case. */
bool probe_call_from_json(const struct params *params, const char *others, struct probe_call *call);

/* Adds to `result` what came of it. */
void probe_outcome_to_json(yyjson_mut_doc *doc, yyjson_mut_val *result,
                           const struct probe_call *call, const struct probe_outcome *outcome);
/* "status" and "status_text". */
void probe_status_to_json(yyjson_mut_doc *doc, yyjson_mut_val *result, int32_t status);
/* Calls of the host with numbers above `after`, up to `last`: "host_calls", and
 * "host_calls_dropped" when some are not kept any more. */
void probe_host_calls_to_json(yyjson_mut_doc *doc, yyjson_mut_val *result, struct probe_host *host,
                              uint64_t after, uint64_t last);

#endif
