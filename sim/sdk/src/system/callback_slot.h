/* callback_slot.h - a function and its context that are replaced as one, and read without a lock.
 *
 * A reader may still be inside a function that was replaced, so records are never freed. The slot
 * keeps all it ever held and uses a record again when the same pair comes back: memory is bounded
 * by the number of different pairs.
 */
#ifndef HALSDK_CALLBACK_SLOT_H
#define HALSDK_CALLBACK_SLOT_H

#include <stdatomic.h>

struct callback {
    void (*function)(void); /* cast back to its real type by the reader */
    void *context;
    struct callback *next;
};

struct callback_slot {
    _Atomic(const struct callback *) current; /* NULL: the default applies */
    struct callback *all;
};

/* NULL function: back to the default. */
void callback_slot_set(struct callback_slot *slot, void (*function)(void), void *context);

static inline const struct callback *callback_slot_get(struct callback_slot *slot) {
    return atomic_load_explicit(&slot->current, memory_order_acquire);
}

#endif
