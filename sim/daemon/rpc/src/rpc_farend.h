/* rpc_farend.h - the far ends that were opened, by number. */
#ifndef HALRPC_FAREND_H
#define HALRPC_FAREND_H

struct farend_registry;
struct halsim_host;

struct farend_registry *farend_registry_create(void);
/* Only when the host is gone, or no IO runs. */
void farend_registry_destroy(struct farend_registry *registry);

#endif
