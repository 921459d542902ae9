/* gecko_shm_claim.h - who may change what a name leads to.
 *
 * To look whose object a name leads to and to take the name away are two calls, and between them
 * another writer may have put its own object there. On Linux the lock on the object keeps writers
 * apart. Where shared memory cannot be locked, a writer takes the claim of the name first: a word
 * in a small object of its own, which says what process holds it. Whoever makes, continues,
 * replaces or removes the objects of a name does so with its claim.
 *
 * The claim's object is made once and stays: one that was removed could not be told from the one
 * that the next writer makes. It is of the user, 0600, and has one for each name and user.
 */
#ifndef GECKO_SHM_CLAIM_H
#define GECKO_SHM_CLAIM_H

#include "gecko_shm_object.h"

struct gecko_shm_claim {
    void *word; /* NULL: not held, or not needed here */
    size_t size;
    uint64_t mine;
};

#define GECKO_SHM_CLAIM_NAME_BYTES 24

/* The name of the claim of `name`, of this user. */
void gecko_shm_claim_name(const char *name, char claim[GECKO_SHM_CLAIM_NAME_BYTES]);

/* Takes it; waits up to two seconds while a process that lives holds it, and goes on at once where
 * that has died. On Linux nothing is done. Not for IO threads. */
bool gecko_shm_claim_take(const char *name, struct gecko_shm_claim *claim,
                          struct gecko_shm_error *error);

/* Does nothing when it is not held. */
void gecko_shm_claim_give_back(struct gecko_shm_claim *claim);

#endif
