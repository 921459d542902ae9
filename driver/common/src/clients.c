/* clients.c - a short list; devices have a handful of clients. */
#include "haldrv/clients.h"
#include <stdlib.h>

static struct haldrv_client *find(const struct haldrv_clients *clients, UInt32 id) {
    for (size_t i = 0; i < clients->count; i++) {
        if (clients->list[i].id == id) {
            return &clients->list[i];
        }
    }
    return NULL;
}

static struct haldrv_client *append(struct haldrv_clients *clients, UInt32 id) {
    if (clients->count == clients->capacity) {
        size_t capacity = clients->capacity != 0 ? 2 * clients->capacity : 8;
        struct haldrv_client *list = realloc(clients->list, capacity * sizeof *list);
        if (list == NULL) {
            return NULL;
        }
        clients->list = list;
        clients->capacity = capacity;
    }
    struct haldrv_client *client = &clients->list[clients->count++];
    *client = (struct haldrv_client){.id = id};
    return client;
}

static void drop(struct haldrv_clients *clients, struct haldrv_client *client) {
    *client = clients->list[--clients->count];
}

void haldrv_clients_destroy(struct haldrv_clients *clients) {
    free(clients->list);
    *clients = (struct haldrv_clients){.list = NULL};
}

OSStatus haldrv_clients_add(struct haldrv_clients *clients, UInt32 id) {
    struct haldrv_client *client = find(clients, id);
    if (client != NULL && client->added) {
        return kAudioHardwareIllegalOperationError;
    }
    if (client == NULL) {
        client = append(clients, id);
    }
    if (client == NULL) {
        return kAudioHardwareUnspecifiedError;
    }
    client->added = true;
    return kAudioHardwareNoError;
}

OSStatus haldrv_clients_remove(struct haldrv_clients *clients, UInt32 id, bool *last) {
    *last = false;
    struct haldrv_client *client = find(clients, id);
    if (client == NULL || !client->added) {
        return kAudioHardwareIllegalOperationError;
    }
    *last = client->starts != 0 && clients->starts == client->starts;
    clients->starts -= client->starts;
    drop(clients, client);
    return kAudioHardwareNoError;
}

OSStatus haldrv_clients_start(struct haldrv_clients *clients, UInt32 id, bool *first) {
    *first = false;
    struct haldrv_client *client = find(clients, id);
    if (client == NULL) {
        client = append(clients, id);
    }
    if (client == NULL) {
        return kAudioHardwareUnspecifiedError;
    }
    if (client->starts == UINT32_MAX) {
        return kAudioHardwareIllegalOperationError;
    }
    client->starts++;
    clients->starts++;
    *first = clients->starts == 1;
    return kAudioHardwareNoError;
}

OSStatus haldrv_clients_stop(struct haldrv_clients *clients, UInt32 id, bool *last) {
    *last = false;
    struct haldrv_client *client = find(clients, id);
    if (client == NULL || client->starts == 0) {
        return kAudioHardwareIllegalOperationError;
    }
    client->starts--;
    clients->starts--;
    *last = clients->starts == 0;
    if (client->starts == 0 && !client->added) {
        drop(clients, client);
    }
    return kAudioHardwareNoError;
}
