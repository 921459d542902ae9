/* client_registry.c - names and checks of clients. */
#include "handover.h"
#include "rpc_clients.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct client_registry {
    struct client_entry *first;
};

/* The host's check, with its figures to be had at any time. The host owns the sink, a client entry
 * wants the figures, and each lets go on a thread of its own: freed when both have. */
struct check_sink {
    struct halsim_sink sink;
    struct halsim_sink *inner;
    struct halsim_check live;
    struct halsim_check copy;
    struct handover handover;
    atomic_int owners;
};

static void check_sink_let_go(struct check_sink *check) {
    if (check != NULL && atomic_fetch_sub(&check->owners, 1) == 1) {
        halsim_sink_destroy(check->inner);
        free(check);
    }
}

static void check_take(struct halsim_sink *sink, const float *block, uint32_t frames,
                       uint32_t channels, uint64_t position) {
    struct check_sink *check = (struct check_sink *)sink;
    check->inner->take(check->inner, block, frames, channels, position);
    handover_serve(&check->handover);
}

static void check_destroy(struct halsim_sink *sink) {
    check_sink_let_go((struct check_sink *)sink);
}

struct halsim_sink *client_entry_check(struct client_entry *entry, uint32_t input,
                                       uint32_t channels) {
    struct check_sink *check = calloc(1, sizeof *check);
    if (check == NULL || (check->inner = halsim_sink_create_check(&check->live)) == NULL) {
        free(check);
        return NULL;
    }
    check->sink = (struct halsim_sink){check_take, check_destroy};
    atomic_init(&check->owners, 2);
    halsim_check_init(&check->live, channels);
    handover_init(&check->handover, &check->live, &check->copy, sizeof check->live);
    client_entry_no_check(entry, input);
    entry->checks[input] = check;
    return &check->sink;
}

void client_entry_no_check(struct client_entry *entry, uint32_t input) {
    check_sink_let_go(entry->checks[input]);
    entry->checks[input] = NULL;
}

bool client_entry_read_check(struct client_entry *entry, uint32_t input, uint64_t wait_ns,
                             struct halsim_check *check) {
    if (entry->checks[input] == NULL) {
        return false;
    }
    handover_read(&entry->checks[input]->handover, wait_ns, check);
    return true;
}

struct client_registry *client_registry_create(void) {
    return calloc(1, sizeof(struct client_registry));
}

static void free_entry(struct client_entry *entry) {
    for (uint32_t i = 0; i < HALSIM_MAX_STREAMS; i++) {
        client_entry_no_check(entry, i);
    }
    free(entry->name);
    free(entry->bundle_id);
    free(entry);
}

void client_registry_destroy(struct client_registry *registry) {
    if (registry == NULL) {
        return;
    }
    while (registry->first != NULL) {
        struct client_entry *entry = registry->first;
        registry->first = entry->next;
        free_entry(entry);
    }
    free(registry);
}

struct client_entry *client_registry_add(struct client_registry *registry, uint32_t device,
                                         uint32_t client,
                                         const struct halsim_client_config *config) {
    struct client_entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL) {
        return NULL;
    }
    entry->device = device;
    entry->client = client;
    entry->process_id = config->process_id;
    entry->name = config->name != NULL ? strdup(config->name) : NULL;
    entry->bundle_id = config->bundle_id != NULL ? strdup(config->bundle_id) : NULL;
    struct client_entry **end = &registry->first;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = entry;
    return entry;
}

static struct client_entry **find_link(struct client_registry *registry, uint32_t device,
                                       uint32_t client) {
    struct client_entry **link = &registry->first;
    while (*link != NULL && ((*link)->device != device || (*link)->client != client)) {
        link = &(*link)->next;
    }
    return link;
}

struct client_entry *client_registry_find(struct client_registry *registry, uint32_t device,
                                          uint32_t client) {
    return *find_link(registry, device, client);
}

void client_registry_forget(struct client_registry *registry, uint32_t device, uint32_t client) {
    struct client_entry **link = find_link(registry, device, client);
    struct client_entry *entry = *link;
    if (entry != NULL) {
        *link = entry->next;
        free_entry(entry);
    }
}

struct client_entry *client_registry_first(struct client_registry *registry) {
    return registry->first;
}
