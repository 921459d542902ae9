/* dispatch_internal.h - the objects behind <dispatch/dispatch.h>. Internal to src/dispatch.
 *
 * All state is guarded by the lock of dispatch_wait.h, except where a member says otherwise.
 * Functions named ..._locked are called with the lock held. Nothing of a driver's (work, handlers,
 * finalizers, blocks) is ever called with the lock held: what is to be called becomes work.
 */
#ifndef HALSDK_DISPATCH_INTERNAL_H
#define HALSDK_DISPATCH_INTERNAL_H

#include "dispatch/dispatch_wait.h"
#include "system/crash.h"
#include <dispatch/dispatch.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Gives up the lock, which the caller holds, and ends the process. */
#define DISPATCH_CLIENT_BUG(...)                                                                   \
    do {                                                                                           \
        halsdk_wait_unlock();                                                                      \
        halsdk_crash("BUG IN CLIENT OF LIBDISPATCH: " __VA_ARGS__);                                \
    } while (0)

/* ---- objects ------------------------------------------------------------------------------ */

enum object_kind {
    OBJECT_QUEUE,
    OBJECT_ATTRIBUTE,
    OBJECT_GROUP,
    OBJECT_SEMAPHORE,
    OBJECT_SOURCE,
};

struct dispatch_object_s {
    enum object_kind kind;
    bool is_static; /* never freed, references are not counted */
    bool is_inactive;
    uint32_t references;
    uint32_t suspensions; /* an inactive object counts as suspended once */
    void *context;
    dispatch_function_t finalizer;
    struct dispatch_queue_s *target; /* retained; NULL: the pool */
};

void *object_allocate(size_t size, enum object_kind kind);
void object_retain_locked(void *object);
/* Frees the object with the last reference. */
void object_release_locked(void *object);

/* What a kind does when its last reference goes, before the memory is freed. */
void queue_dispose_locked(struct dispatch_queue_s *queue);
void group_leave_locked(struct dispatch_group_s *group);
void group_dispose_locked(struct dispatch_group_s *group);
void semaphore_dispose_locked(struct dispatch_semaphore_s *semaphore);
void source_dispose_locked(struct dispatch_source_s *source);

/* ---- work --------------------------------------------------------------------------------- */

struct waiter {
    struct halsdk_wait_cond cond;
    bool may_run; /* the work's turn has come: run it on your thread */
    bool is_done; /* it was run for you */
};

struct work {
    struct work *next;
    struct dispatch_queue_s *queue; /* where it was submitted; retained */
    dispatch_function_t function;
    void *context;
    dispatch_function_t discard;    /* called instead of `function` when the work is dropped */
    struct dispatch_group_s *group; /* left when the work is done */
    struct waiter *waiter;          /* of dispatch_sync(): the work lies on its stack */
    uint64_t number;                /* in the order of submission */
    uint64_t serial;                /* in the order in which work became ready to run */
    uint64_t stops;                 /* how often the runtime had been stopped when it was made */
    bool is_barrier;
};

struct work_list {
    struct work *head, *tail;
    size_t count;
};

void work_list_append(struct work_list *list, struct work *work);
struct work *work_list_pop(struct work_list *list); /* NULL when empty */

struct work *work_create(void *context, dispatch_function_t function, dispatch_function_t discard);
void work_submit_locked(struct work *work, struct dispatch_queue_s *queue);
/* Calls the function with the queue as the current one, and in a pool of its own for what is
 * autoreleased. Without the lock. */
void work_run(const struct work *work);
/* Makes room for what waits behind it and frees it. */
void work_finish_locked(struct work *work);
/* work_run(), or its discard when it was made before the runtime was last stopped; then
 * work_finish_locked(). With the lock held, which is given up meanwhile. */
void work_perform_locked(struct work *work);

bool work_main_is_ready_locked(void);
/* What has been made so far, wherever it waits, is dropped when its turn comes. */
void work_drop_older_locked(void);
/* How often that was called. */
uint64_t work_stop_count(void);

/* Waiting or running, in any queue. */
size_t work_count_locked(void);

void dispatch_submit(dispatch_queue_t queue, struct work *work);
void dispatch_submit_after(dispatch_time_t when, dispatch_queue_t queue, struct work *work);
void dispatch_submit_to_group(dispatch_group_t group, dispatch_queue_t queue, struct work *work);
void dispatch_notify_group(dispatch_group_t group, dispatch_queue_t queue, struct work *work);

/* ---- queues ------------------------------------------------------------------------------- */

enum queue_kind {
    QUEUE_SERIAL,
    QUEUE_CONCURRENT,
    QUEUE_GLOBAL, /* no limit, no order, cannot be suspended */
    QUEUE_MAIN,   /* serial, drained by the host */
};

struct specific {
    struct specific *next;
    const void *key;
    void *value;
    dispatch_function_t destructor;
};

struct dispatch_queue_s {
    struct dispatch_object_s object;
    enum queue_kind kind;
    const char *label;
    struct work_list waiting;
    size_t running;    /* work that it has let go: to its target, or to run */
    bool is_exclusive; /* what runs is a barrier */
    bool has_new_target;
    struct dispatch_queue_s *new_target; /* retained; taken when nothing runs */
    struct specific *specifics;
};

struct dispatch_queue_attr_s {
    struct dispatch_object_s object;
    bool is_concurrent;
    bool is_inactive;
};

extern struct dispatch_queue_s dispatch_main_queue, dispatch_default_queue;

static inline bool queue_is_serial(const struct dispatch_queue_s *queue) {
    return queue->kind == QUEUE_SERIAL || queue->kind == QUEUE_MAIN;
}

/* Lets go of all work that may run now. */
void queue_pump_locked(struct dispatch_queue_s *queue);

/* The queues that the calling thread works for, innermost first. */
struct frame {
    const struct frame *outer;
    struct dispatch_queue_s *queue;
};
const struct frame *frame_current(void);
/* Whether the caller runs on `queue`, or on one whose target it is. */
bool frame_is_on(const struct dispatch_queue_s *queue);

/* ---- pool --------------------------------------------------------------------------------- */

void pool_push_locked(struct work *work);
/* Work on the calling thread of dispatch_sync(). */
void pool_enter_locked(struct work *work);
void pool_leave_locked(const struct work *work);
bool pool_is_stopping_locked(void);
/* Work stands ready in the main queue: whoever stops the runtime drains it. */
void pool_main_is_ready_locked(void);

/* ---- timers ------------------------------------------------------------------------------- */

struct timer {
    struct timer *next;
    uint64_t deadline_ns;
    bool is_armed;
    /* Both with the lock held, the timer disarmed. */
    void (*fire)(struct timer *timer, uint64_t now_ns);
    void (*drop)(struct timer *timer); /* NULL: a wait, which is neither counted nor dropped */
};

void timer_arm_locked(struct timer *timer, uint64_t deadline_ns);
void timer_disarm_locked(struct timer *timer);
size_t timer_count_locked(void);
bool timer_thread_runs_locked(void);
void timer_drop_all_locked(void);
/* Gives up the lock meanwhile. */
void timer_end_thread_locked(void);
/* Without the lock: the time source is another one now. */
void timer_source_changed(void);

/* On the time source; HALSDK_WAIT_FOREVER for DISPATCH_TIME_FOREVER, 0 for now. */
uint64_t dispatch_deadline_ns(dispatch_time_t when);

/* ---- sources ------------------------------------------------------------------------------ */

void source_resume_locked(struct dispatch_source_s *source);
void source_set_event_handler(dispatch_source_t source, dispatch_function_t function, void *context,
                              dispatch_function_t discard);
void source_set_cancel_handler(dispatch_source_t source, dispatch_function_t function,
                               void *context, dispatch_function_t discard);

#endif
