/* clients.h - who uses a device, and whether IO should run.
 *
 * IO runs while at least one client has started it, and each client's starts and stops nest. The
 * caller serialises the calls; none of them is for an IO thread.
 */
#ifndef HALDRV_CLIENTS_H
#define HALDRV_CLIENTS_H

#include <CoreAudio/AudioServerPlugIn.h>
#include <stdbool.h>
#include <stddef.h>

struct haldrv_client {
    UInt32 id;
    UInt32 starts;
    bool added; /* by AddDeviceClient(); the host itself starts IO without */
};

struct haldrv_clients {
    struct haldrv_client *list;
    size_t count;
    size_t capacity;
    UInt64 starts; /* of all clients */
};

/* Frees what the others allocated. */
void haldrv_clients_destroy(struct haldrv_clients *clients);

/* kAudioHardwareIllegalOperationError when the client is there already. */
OSStatus haldrv_clients_add(struct haldrv_clients *clients, UInt32 id);
/* *last is set when IO ran for this client alone: its starts go with it. */
OSStatus haldrv_clients_remove(struct haldrv_clients *clients, UInt32 id, bool *last);

/* *first is set when IO has to begin. A client that was never added may start IO. */
OSStatus haldrv_clients_start(struct haldrv_clients *clients, UInt32 id, bool *first);
/* *last is set when IO has to end. A stop without a start is an error and changes nothing. */
OSStatus haldrv_clients_stop(struct haldrv_clients *clients, UInt32 id, bool *last);

#endif
