/* ledger.h - what the guard must know of the daemon once it is dead: what it has made that outlives
 * it, shared memory, sockets and folders of sockets, and whether it meant to end.
 *
 * The ledger lies in memory that the daemon shares with its guard. The executable defines
 * shm_open() and shm_unlink() itself (ledger_shm.c): symbols of the executable come first, so
 * drivers call these, which do the real thing and keep the ledger.
 *
 * An object counts as made by us when our shm_open() created it. One that was there before and was
 * opened for writing (a driver that goes on where a crashed one left off) counts as taken over: it
 * is only removed when no other process that we may look into has it mapped for writing.
 */
#ifndef DAEMON_LEDGER_H
#define DAEMON_LEDGER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define LEDGER_NAME_MAX 256
#define LEDGER_SLOTS    128

enum ledger_kind {
    LEDGER_SHM_CREATED = 1,
    LEDGER_SHM_TAKEN_OVER = 2,
    LEDGER_SOCKET = 3,
    LEDGER_FOLDER = 4, /* with nothing in it but sockets */
};

/* Once, before the guard is forked. False with a line on stderr when memory is out. */
bool ledger_create(void);

/* Or, in memory of one's own that is shared with further processes: so many bytes, zero at first.
 * `end_is_meant` is this process's flag. */
size_t ledger_bytes(void);
void ledger_use(void *memory, atomic_bool *end_is_meant);

/* Names of shared memory without the slash, sockets and folders as absolute paths. Any thread; no
 * locks, so that a killed thread leaves none behind. Beyond LEDGER_SLOTS names are not kept. */
void ledger_add(enum ledger_kind kind, const char *name, dev_t device, ino_t inode);
void ledger_forget(const char *name);

/* Removes what is still there, with `keep_shm` the sockets and folders only. May be called when the
 * process that made it has been killed. Writes the names of the shared memory, separated by commas,
 * as JSON strings; returns how many. */
size_t ledger_clean(bool keep_shm, char *names, size_t size);
/* The same without removing anything. */
size_t ledger_list(char *names, size_t size);

/* A folder that was made, and that has gone: ledger_add() and ledger_forget() for a far end. */
void ledger_folder_made(const char *path);
void ledger_folder_gone(const char *path);

/* The process is about to end because we want it to. Safe in a signal handler. */
void ledger_mean_to_end(void);
/* False when it ended in a way that nobody of us chose. */
bool ledger_end_is_meant(void);

#endif
