/* json_plist.h - CoreFoundation property lists and strings as JSON, and back.
 *
 * string, boolean, array and dictionary are themselves. A number is an integer or a real, as it is
 * stored. JSON has no word for the rest: data is {"$data": "<base64>"}, a date {"$date": <seconds
 * since 2001-01-01 00:00 UTC>}, anything else {"$type": "<description>"}.
 */
#ifndef HALRPC_JSON_PLIST_H
#define HALRPC_JSON_PLIST_H

#include "failure.h"
#include <CoreFoundation/CoreFoundation.h>

#define RPC_PLIST_DEPTH_MAX 64

/* NULL becomes null; deeper than RPC_PLIST_DEPTH_MAX is cut to {"$type": "too deep"}. */
yyjson_mut_val *json_from_plist(yyjson_mut_doc *doc, CFTypeRef value);
yyjson_mut_val *json_from_cfstring(yyjson_mut_doc *doc, CFStringRef string);

/* +1; NULL with `failure` filled. null has no counterpart. */
CFTypeRef json_to_plist(yyjson_val *value, struct rpc_failure *failure);
CFStringRef json_to_cfstring(yyjson_val *value, struct rpc_failure *failure);

#endif
