/* dispatch_work.c - how work goes through queues to a thread.
 *
 * A queue lets work go when its rule allows: one at a time (serial), all (global), all but barriers
 * (concurrent). What it lets go stands in its target queue next, and so on; what the last queue of
 * the chain lets go runs: on a thread of the pool, on the thread that waits in dispatch_sync(), or
 * when the host drains the main queue. When it is done, every queue of the chain may let go more.
 */
#include "dispatch/dispatch_internal.h"

#include <assert.h>
#include <halsdk/halsdk.h>
#include <stdlib.h>

static struct work_list main_ready; /* at most one: the main queue is serial */
static size_t item_count;
static uint64_t submitted_count;
static _Atomic uint64_t stop_count;
static _Thread_local const struct frame *current_frame;

void work_list_append(struct work_list *list, struct work *work) {
    work->next = NULL;
    if (list->tail)
        list->tail->next = work;
    else
        list->head = work;
    list->tail = work;
    list->count++;
}

struct work *work_list_pop(struct work_list *list) {
    struct work *work = list->head;

    if (work) {
        list->head = work->next;
        if (!list->head)
            list->tail = NULL;
        list->count--;
    }
    return work;
}

struct work *work_create(void *context, dispatch_function_t function, dispatch_function_t discard) {
    struct work *work = halsdk_allocate(sizeof *work);
    work->context = context;
    work->function = function;
    work->discard = discard;
    work->stops = work_stop_count();
    return work;
}

/* ---- the way through the queues ------------------------------------------------------------ */

static bool is_exclusive(const struct dispatch_queue_s *queue, const struct work *work) {
    return queue_is_serial(queue) ||
           (queue->kind == QUEUE_CONCURRENT && work->is_barrier && work->queue == queue);
}

static bool may_let_go(const struct dispatch_queue_s *queue) {
    const struct work *work = queue->waiting.head;

    if (!work || queue->object.suspensions > 0)
        return false;
    return is_exclusive(queue, work) ? queue->running == 0 : !queue->is_exclusive;
}

static void let_go_locked(struct dispatch_queue_s *queue, struct work *work) {
    if (queue->object.target) {
        work_list_append(&queue->object.target->waiting, work);
        queue_pump_locked(queue->object.target);
    } else if (queue->kind == QUEUE_MAIN) {
        work_list_append(&main_ready, work);
        pool_main_is_ready_locked();
    } else if (work->waiter) {
        pool_enter_locked(work);
        work->waiter->may_run = true;
        halsdk_wait_wake_all(&work->waiter->cond);
    } else {
        pool_push_locked(work);
    }
}

/* While work is on its way up, the chain of targets must not change under it. */
static void take_new_target_locked(struct dispatch_queue_s *queue) {
    struct dispatch_queue_s *old = queue->object.target;

    queue->object.target = queue->new_target;
    queue->new_target = NULL;
    queue->has_new_target = false;
    if (old)
        object_release_locked(old);
}

void queue_pump_locked(struct dispatch_queue_s *queue) {
    if (queue->has_new_target) {
        if (queue->running > 0)
            return;
        take_new_target_locked(queue);
    }
    while (may_let_go(queue)) {
        struct work *work = work_list_pop(&queue->waiting);

        queue->is_exclusive = is_exclusive(queue, work);
        queue->running++;
        let_go_locked(queue, work);
    }
}

void work_submit_locked(struct work *work, struct dispatch_queue_s *queue) {
    work->queue = queue;
    object_retain_locked(queue);
    work->number = ++submitted_count;
    item_count++;
    work_list_append(&queue->waiting, work);
    queue_pump_locked(queue);
}

/* From the top, so that work of other queues that waits there comes before our next. */
static void pump_chain_locked(struct dispatch_queue_s *queue) {
    if (queue->object.target)
        pump_chain_locked(queue->object.target);
    queue_pump_locked(queue);
}

void work_finish_locked(struct work *work) {
    bool is_of_main = false;

    for (struct dispatch_queue_s *queue = work->queue; queue; queue = queue->object.target) {
        assert(queue->running > 0);
        if (--queue->running == 0)
            queue->is_exclusive = false;
        is_of_main = queue->kind == QUEUE_MAIN;
    }
    item_count--;
    pump_chain_locked(work->queue); /* may take a queue's new target, and free the old one */
    if (!is_of_main)
        pool_leave_locked(work);
    if (work->group)
        group_leave_locked(work->group);
    object_release_locked(work->queue);
    if (!work->waiter)
        free(work);
}

/* ---- running ------------------------------------------------------------------------------- */

const struct frame *frame_current(void) {
    return current_frame;
}

bool frame_is_on(const struct dispatch_queue_s *wanted) {
    for (const struct frame *frame = current_frame; frame; frame = frame->outer) {
        for (const struct dispatch_queue_s *queue = frame->queue; queue;
             queue = queue->object.target) {
            if (queue == wanted)
                return true;
        }
    }
    return false;
}

void work_run(const struct work *work) {
    struct frame frame = {.outer = current_frame, .queue = work->queue};
    size_t pool = 0;

    /* What runs for a dispatch_sync() may hand its caller an autoreleased object. */
    if (!work->waiter)
        pool = halsdk_autorelease_push();
    current_frame = &frame;
    work->function(work->context);
    current_frame = frame.outer;
    if (!work->waiter)
        halsdk_autorelease_pop(pool);
}

void work_perform_locked(struct work *work) {
    struct waiter *waiter = work->waiter;
    /* Somebody waits for it: a dispatch_sync() is never dropped. */
    bool is_dropped = !waiter && (pool_is_stopping_locked() || work->stops != stop_count);

    halsdk_wait_unlock();
    if (!is_dropped)
        work_run(work);
    else if (work->discard)
        work->discard(work->context);
    halsdk_wait_lock();
    work_finish_locked(work);
    if (waiter) {
        waiter->is_done = true;
        halsdk_wait_wake_all(&waiter->cond);
    }
}

size_t halsdk_drain_main_queue(void) {
    size_t count = 0;
    uint64_t last;

    halsdk_wait_lock();
    /* By number: a queue whose target is the main queue lets go one after the other. */
    last = submitted_count;
    for (; main_ready.head && main_ready.head->number <= last; count++)
        work_perform_locked(work_list_pop(&main_ready));
    halsdk_wait_unlock();
    return count;
}

size_t work_count_locked(void) {
    return item_count;
}

bool work_main_is_ready_locked(void) {
    return main_ready.head != NULL;
}

void work_drop_older_locked(void) {
    stop_count++;
}

uint64_t work_stop_count(void) {
    return atomic_load(&stop_count);
}

/* ---- submitting ---------------------------------------------------------------------------- */

void dispatch_submit(dispatch_queue_t queue, struct work *work) {
    halsdk_wait_lock();
    work_submit_locked(work, queue);
    halsdk_wait_unlock();
}

void dispatch_async_f(dispatch_queue_t queue, void *context, dispatch_function_t function) {
    dispatch_submit(queue, work_create(context, function, NULL));
}

void dispatch_barrier_async_f(dispatch_queue_t queue, void *context, dispatch_function_t function) {
    struct work *work = work_create(context, function, NULL);

    work->is_barrier = true;
    dispatch_submit(queue, work);
}

/* Waiting for a queue that cannot go on before we return. */
static void check_deadlock_locked(struct dispatch_queue_s *queue, bool is_barrier) {
    if (!current_frame)
        return;
    for (struct dispatch_queue_s *at = queue; at; at = at->object.target) {
        bool is_blocked = queue_is_serial(at) || at->is_exclusive ||
                          (at == queue && is_barrier && at->kind == QUEUE_CONCURRENT);

        if (is_blocked && frame_is_on(at))
            DISPATCH_CLIENT_BUG(
                "dispatch_sync called on queue already owned by current thread [%s]", at->label);
    }
}

static void submit_and_wait(dispatch_queue_t queue, void *context, dispatch_function_t function,
                            bool is_barrier) {
    struct waiter waiter = {.cond = HALSDK_WAIT_COND_INIT};
    struct work work = {
        .function = function, .context = context, .waiter = &waiter, .is_barrier = is_barrier};

    halsdk_wait_lock();
    check_deadlock_locked(queue, is_barrier);
    work_submit_locked(&work, queue);
    while (!waiter.may_run && !waiter.is_done)
        halsdk_wait_on(&waiter.cond, HALSDK_WAIT_FOREVER);
    if (waiter.may_run)
        work_perform_locked(&work);
    halsdk_wait_unlock();
    halsdk_wait_cond_destroy(&waiter.cond);
}

void dispatch_sync_f(dispatch_queue_t queue, void *context, dispatch_function_t function) {
    submit_and_wait(queue, context, function, false);
}

void dispatch_async_and_wait_f(dispatch_queue_t queue, void *context,
                               dispatch_function_t function) {
    submit_and_wait(queue, context, function, false);
}

void dispatch_barrier_sync_f(dispatch_queue_t queue, void *context, dispatch_function_t function) {
    submit_and_wait(queue, context, function, true);
}

struct apply {
    size_t iterations;
    void *context;
    void (*function)(void *context, size_t iteration);
};

static void apply_all(void *context) {
    const struct apply *apply = context;

    for (size_t i = 0; i < apply->iterations; i++)
        apply->function(apply->context, i);
}

void dispatch_apply_f(size_t iterations, dispatch_queue_t queue, void *context,
                      void (*function)(void *context, size_t iteration)) {
    struct apply apply = {iterations, context, function};

    if (iterations == 0)
        return;
    if (queue)
        submit_and_wait(queue, &apply, apply_all, false);
    else
        apply_all(&apply);
}
