/* handover.h - figures that an IO thread keeps and another thread wants to read.
 *
 * An IO thread must not wait for anybody. A reader that wants the figures while IO runs therefore
 * asks, and the IO thread leaves a copy the next time it comes by.
 */
#ifndef HALRPC_HANDOVER_H
#define HALRPC_HANDOVER_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct handover {
    const void *live; /* the IO thread's */
    void *copy;       /* whole when `served` equals `asked` */
    size_t size;
    atomic_uint asked;
    atomic_uint served;
};

static inline void handover_init(struct handover *handover, const void *live, void *copy,
                                 size_t size) {
    handover->live = live;
    handover->copy = copy;
    handover->size = size;
    atomic_init(&handover->asked, 0);
    atomic_init(&handover->served, 0);
}

/* The IO thread, after it has changed the figures. */
static inline void handover_serve(struct handover *handover) {
    unsigned asked = atomic_load_explicit(&handover->asked, memory_order_relaxed);
    if (__builtin_expect(asked != atomic_load_explicit(&handover->served, memory_order_relaxed),
                         0)) {
        memcpy(handover->copy, handover->live, handover->size);
        atomic_store_explicit(&handover->served, asked, memory_order_release);
    }
}

/* Writes the figures to `out`. `wait_ns`: how long to wait for the IO thread, 0 when none runs.
 * Without an answer in that time IO stands still, and the live figures are read. */
void handover_read(struct handover *handover, uint64_t wait_ns, void *out);

#endif
