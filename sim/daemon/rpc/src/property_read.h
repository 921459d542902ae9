/* property_read.h - asking a driver for a property and turning the answer into JSON. */
#ifndef HALRPC_PROPERTY_READ_H
#define HALRPC_PROPERTY_READ_H

#include "halsim/host.h"
#include "property_codec.h"

#define RPC_PROPERTY_BYTES_MAX (4u * 1024u * 1024u)

struct property_question {
    struct halsim_host *host;
    struct halsim_object object;
    AudioObjectPropertyAddress address;
    struct property_data qualifier; /* no bytes: none */
    struct property_data input;     /* what is in the data buffer when the driver is asked */
};

/* The contract's type; else what the object's list of custom properties says; else PROPERTY_HEX. */
enum property_type property_type_of(struct halsim_host *host, struct halsim_object object,
                                    uint32_t selector);

/* *size is what the driver said the property takes. NULL with `failure` filled. */
yyjson_mut_val *property_read(yyjson_mut_doc *doc, const struct property_question *question,
                              enum property_type type, uint32_t *size, struct rpc_failure *failure);

#endif
