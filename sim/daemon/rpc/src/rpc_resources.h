/* rpc_resources.h - what the process holds, to be compared between equal moments. */
#ifndef HALRPC_RESOURCES_H
#define HALRPC_RESOURCES_H

#include <stdint.h>
#include <yyjson.h>

/* -1 where it cannot be told. */
struct rpc_resources {
    int64_t allocated_bytes, resident_bytes, cf_objects, descriptors, threads, mappings;
};

struct rpc_resources rpc_resources_read(void);
yyjson_mut_val *rpc_resources_json(yyjson_mut_doc *doc, const struct rpc_resources *resources);

#endif
