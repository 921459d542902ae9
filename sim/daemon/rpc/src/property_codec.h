/* property_codec.h - property data as a driver writes it, as JSON, and back. */
#ifndef HALRPC_PROPERTY_CODEC_H
#define HALRPC_PROPERTY_CODEC_H

#include "json_params.h"
#include "property_types.h"
#include <CoreFoundation/CoreFoundation.h>

/* `size` bytes that the driver wrote. Consumes a reference in them. NULL with `failure` filled
 * (HALSIM_ERROR_CONTRACT) when they cannot be of that type. */
yyjson_mut_val *property_encode(yyjson_mut_doc *doc, enum property_type type, const void *bytes,
                                uint32_t size, struct rpc_failure *failure);

/* Data for a driver. */
struct property_data {
    void *bytes;
    uint32_t size;
    CFTypeRef reference; /* what `bytes` points to, when it is a reference */
};

/* Parameter `name` as `type`. property_data_free() in any case. */
bool property_decode(const struct params *params, const char *name, enum property_type type,
                     struct property_data *data);
void property_data_free(struct property_data *data);

#endif
