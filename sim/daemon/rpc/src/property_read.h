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
    bool holds_reference;           /* property_nature_of(): the data is one of CoreFoundation */
};

/* What a property is by the contract; else by the object's list of custom properties. A selector in
 * neither is PROPERTY_HEX. */
struct property_nature {
    enum property_type type;
    bool takes_reference; /* its qualifier is a CoreFoundation reference */
};
struct property_nature property_nature_of(struct halsim_host *host, struct halsim_object object,
                                          uint32_t selector);

/* *size is what the driver said the property takes. `type` is no reference unless
 * question->holds_reference: any eight bytes would be taken for an address. The other way round the
 * reference is released. NULL with `failure` filled. */
yyjson_mut_val *property_read(yyjson_mut_doc *doc, const struct property_question *question,
                              enum property_type type, uint32_t *size, struct rpc_failure *failure);

#endif
