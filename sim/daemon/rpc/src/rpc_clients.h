/* rpc_clients.h - what the dispatcher remembers of the clients it added.
 *
 * The host knows clients by number; names, and the checks that outlive their sinks, are kept here.
 * A client that the host has lost (its device is gone) is forgotten when somebody asks for it.
 */
#ifndef HALRPC_CLIENTS_H
#define HALRPC_CLIENTS_H

#include "halsim/host.h"

struct client_entry {
    struct client_entry *next;
    uint32_t device;
    uint32_t client;
    int32_t process_id;
    char *name;                                    /* NULL: none was given */
    char *bundle_id;                               /* NULL: none was given */
    struct check_sink *checks[HALSIM_MAX_STREAMS]; /* by input stream */
};

struct client_registry;

struct client_registry *client_registry_create(void);
/* Only when the host and its sinks are gone. */
void client_registry_destroy(struct client_registry *registry);

/* NULL when memory is out. */
struct client_entry *client_registry_add(struct client_registry *registry, uint32_t device,
                                         uint32_t client,
                                         const struct halsim_client_config *config);
/* NULL when it is not there. */
struct client_entry *client_registry_find(struct client_registry *registry, uint32_t device,
                                          uint32_t client);
void client_registry_forget(struct client_registry *registry, uint32_t device, uint32_t client);
/* In the order in which they were added; NULL at the end. */
struct client_entry *client_registry_first(struct client_registry *registry);

/* A sink for the host that checks self-numbering PCM, remembered as the check of that input. NULL
 * when memory is out. */
struct halsim_sink *client_entry_check(struct client_entry *entry, uint32_t input,
                                       uint32_t channels);
/* Another sink, or none, took that input. */
void client_entry_no_check(struct client_entry *entry, uint32_t input);
/* False when that input has no check. */
bool client_entry_read_check(struct client_entry *entry, uint32_t input, uint64_t wait_ns,
                             struct halsim_check *check);

#endif
