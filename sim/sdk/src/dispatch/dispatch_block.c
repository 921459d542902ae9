/* dispatch_block.c - the forms that take blocks.
 *
 * This file is compiled without blocks, by gcc or clang alike: a block is a pointer to the
 * structure below (the Block ABI that clang and every blocks runtime share), called through its
 * third word. _Block_copy() and _Block_release() are those of the blocks runtime that drivers with
 * blocks are linked against.
 */
#include "dispatch/dispatch_internal.h"

struct block {
    void *isa;
    int flags;
    int reserved;
    void (*invoke)(struct block *self); /* more arguments when the block takes some */
    const void *descriptor;
    /* what the block captured */
};

extern void *_Block_copy(const void *block);
extern void _Block_release(const void *block);

static void block_call(void *context) {
    struct block *block = context;
    block->invoke(block);
}

static void block_release(void *context) {
    _Block_release(context);
}

static void block_call_and_release(void *context) {
    block_call(context);
    block_release(context);
}

static struct work *work_of(struct block *block) {
    return work_create(_Block_copy(block), block_call_and_release, block_release);
}

/* The headers declare these only to compilers with blocks. */
#define BLOCK_EXPORT __attribute__((visibility("default")))
BLOCK_EXPORT void dispatch_async(dispatch_queue_t queue, struct block *block);
BLOCK_EXPORT void dispatch_sync(dispatch_queue_t queue, struct block *block);
BLOCK_EXPORT void dispatch_async_and_wait(dispatch_queue_t queue, struct block *block);
BLOCK_EXPORT void dispatch_barrier_async(dispatch_queue_t queue, struct block *block);
BLOCK_EXPORT void dispatch_barrier_sync(dispatch_queue_t queue, struct block *block);
BLOCK_EXPORT void dispatch_after(dispatch_time_t when, dispatch_queue_t queue, struct block *block);
BLOCK_EXPORT void dispatch_apply(size_t iterations, dispatch_queue_t queue, struct block *block);
BLOCK_EXPORT void dispatch_once(dispatch_once_t *predicate, struct block *block);
BLOCK_EXPORT void dispatch_group_async(dispatch_group_t group, dispatch_queue_t queue,
                                       struct block *block);
BLOCK_EXPORT void dispatch_group_notify(dispatch_group_t group, dispatch_queue_t queue,
                                        struct block *block);
BLOCK_EXPORT void dispatch_source_set_event_handler(dispatch_source_t source, struct block *block);
BLOCK_EXPORT void dispatch_source_set_cancel_handler(dispatch_source_t source, struct block *block);

void dispatch_async(dispatch_queue_t queue, struct block *block) {
    dispatch_submit(queue, work_of(block));
}

void dispatch_barrier_async(dispatch_queue_t queue, struct block *block) {
    struct work *work = work_of(block);

    work->is_barrier = true;
    dispatch_submit(queue, work);
}

void dispatch_after(dispatch_time_t when, dispatch_queue_t queue, struct block *block) {
    dispatch_submit_after(when, queue, work_of(block));
}

void dispatch_group_async(dispatch_group_t group, dispatch_queue_t queue, struct block *block) {
    dispatch_submit_to_group(group, queue, work_of(block));
}

void dispatch_group_notify(dispatch_group_t group, dispatch_queue_t queue, struct block *block) {
    dispatch_notify_group(group, queue, work_of(block));
}

/* The caller's frame outlives these: no copy. */

void dispatch_sync(dispatch_queue_t queue, struct block *block) {
    dispatch_sync_f(queue, block, block_call);
}

void dispatch_async_and_wait(dispatch_queue_t queue, struct block *block) {
    dispatch_async_and_wait_f(queue, block, block_call);
}

void dispatch_barrier_sync(dispatch_queue_t queue, struct block *block) {
    dispatch_barrier_sync_f(queue, block, block_call);
}

void dispatch_once(dispatch_once_t *predicate, struct block *block) {
    dispatch_once_f(predicate, block, block_call);
}

static void block_call_with_index(void *context, size_t index) {
    struct block *block = context;
    ((void (*)(struct block *, size_t))(void (*)(void))block->invoke)(block, index);
}

void dispatch_apply(size_t iterations, dispatch_queue_t queue, struct block *block) {
    dispatch_apply_f(iterations, queue, block, block_call_with_index);
}

void dispatch_source_set_event_handler(dispatch_source_t source, struct block *block) {
    source_set_event_handler(source, block ? block_call : NULL, block ? _Block_copy(block) : NULL,
                             block_release);
}

void dispatch_source_set_cancel_handler(dispatch_source_t source, struct block *block) {
    source_set_cancel_handler(source, block ? block_call : NULL, block ? _Block_copy(block) : NULL,
                              block_release);
}
