/* dispatch_source.c - timer sources.
 *
 * A timer that fires adds to `fired`; if no handler is under way, one is submitted to the target
 * queue. It takes the sum as its data. So the handler never overlaps itself, and what it was too
 * slow for is counted.
 */
#include "dispatch/dispatch_internal.h"

#include "system/log.h"
#include "system/mach_time.h"
#include <stdlib.h>

struct dispatch_source_type_s {
    const char *name;
};

const struct dispatch_source_type_s _dispatch_source_type_timer = {"timer"};
const struct dispatch_source_type_s _dispatch_source_type_data_add = {"data-add"};
const struct dispatch_source_type_s _dispatch_source_type_data_or = {"data-or"};
const struct dispatch_source_type_s _dispatch_source_type_mach_send = {"mach-send"};
const struct dispatch_source_type_s _dispatch_source_type_mach_recv = {"mach-recv"};
const struct dispatch_source_type_s _dispatch_source_type_memorypressure = {"memory-pressure"};
const struct dispatch_source_type_s _dispatch_source_type_proc = {"proc"};
const struct dispatch_source_type_s _dispatch_source_type_read = {"read"};
const struct dispatch_source_type_s _dispatch_source_type_signal = {"signal"};
const struct dispatch_source_type_s _dispatch_source_type_vnode = {"vnode"};
const struct dispatch_source_type_s _dispatch_source_type_write = {"write"};

/* Counted, because it may be replaced while it runs. */
struct handler {
    uint32_t references;
    dispatch_function_t function;
    void *context;
    dispatch_function_t discard; /* NULL: an _f handler, called with the source's context */
};

struct dispatch_source_s {
    struct dispatch_object_s object;
    uintptr_t handle, mask;
    struct handler *event, *cancel;
    struct timer timer;
    uint64_t interval_ns; /* HALSDK_WAIT_FOREVER: fires once */
    uint64_t fired;       /* since a handler last took it */
    uint64_t stops;    /* how often the runtime had been stopped when it fired or was cancelled */
    uint64_t data;     /* what the handler that runs has taken */
    bool is_under_way; /* a handler is submitted or runs */
    bool is_cancelled;
    bool is_cancel_submitted;
};

static struct dispatch_source_s *source_of(struct timer *timer) {
    return (struct dispatch_source_s *)((char *)timer - offsetof(struct dispatch_source_s, timer));
}

/* ---- handlers ------------------------------------------------------------------------------ */

static void handler_release_locked(struct handler *handler, struct dispatch_source_s *source) {
    struct dispatch_queue_s *target = source->object.target;

    if (!handler || --handler->references > 0)
        return;
    if (handler->discard) {
        work_submit_locked(work_create(handler->context, handler->discard, handler->discard),
                           target ? target : &dispatch_default_queue);
    }
    free(handler);
}

static void set_handler(dispatch_source_t source, struct handler **place,
                        dispatch_function_t function, void *context, dispatch_function_t discard) {
    struct handler *handler = NULL;

    if (function) {
        handler = halsdk_allocate(sizeof *handler);
        *handler = (struct handler){1, function, context, discard};
    }
    halsdk_wait_lock();
    handler_release_locked(*place, source);
    *place = handler;
    halsdk_wait_unlock();
}

void source_set_event_handler(dispatch_source_t source, dispatch_function_t function, void *context,
                              dispatch_function_t discard) {
    set_handler(source, &source->event, function, context, discard);
}

void source_set_cancel_handler(dispatch_source_t source, dispatch_function_t function,
                               void *context, dispatch_function_t discard) {
    set_handler(source, &source->cancel, function, context, discard);
}

/* With the lock held, which is given up while the handler runs. */
static void call_locked(struct dispatch_source_s *source, struct handler *handler) {
    void *context;

    if (!handler)
        return;
    handler->references++;
    context = handler->discard ? handler->context : source->object.context;
    halsdk_wait_unlock();
    handler->function(context);
    halsdk_wait_lock();
    handler_release_locked(handler, source);
}

/* ---- the life of a handler call ------------------------------------------------------------- */

static void advance_locked(struct dispatch_source_s *source);

static void run_event(void *context) {
    struct dispatch_source_s *source = context;

    halsdk_wait_lock();
    if (!source->is_cancelled && source->object.suspensions == 0) {
        source->data = source->fired;
        source->fired = 0;
        call_locked(source, source->event);
    }
    source->is_under_way = false;
    advance_locked(source);
    object_release_locked(source);
    halsdk_wait_unlock();
}

static void run_cancel(void *context) {
    struct dispatch_source_s *source = context;

    halsdk_wait_lock();
    call_locked(source, source->cancel);
    handler_release_locked(source->event, source);
    handler_release_locked(source->cancel, source);
    source->event = source->cancel = NULL;
    object_release_locked(source);
    halsdk_wait_unlock();
}

/* The work was dropped: the runtime is being stopped. */
static void forget(void *context) {
    struct dispatch_source_s *source = context;

    halsdk_wait_lock();
    source->is_under_way = false;
    object_release_locked(source);
    halsdk_wait_unlock();
}

static void submit_locked(struct dispatch_source_s *source, dispatch_function_t function) {
    struct dispatch_queue_s *target = source->object.target;

    source->is_under_way = true;
    object_retain_locked(source);
    work_submit_locked(work_create(source, function, forget),
                       target ? target : &dispatch_default_queue);
}

/* Submits what is to be done next, if anything. What a stop of the runtime has found is dropped, as
 * work is. */
static void advance_locked(struct dispatch_source_s *source) {
    bool is_dropped = source->stops != work_stop_count();

    if (source->is_under_way || source->object.suspensions > 0)
        return;
    if (source->is_cancelled) {
        if (!source->is_cancel_submitted) {
            source->is_cancel_submitted = true;
            if (!is_dropped)
                submit_locked(source, run_cancel);
        }
    } else if (is_dropped) {
        source->fired = 0;
    } else if (source->fired > 0) {
        submit_locked(source, run_event);
    }
}

void source_resume_locked(struct dispatch_source_s *source) {
    advance_locked(source);
}

static void fire(struct timer *timer, uint64_t now_ns) {
    struct dispatch_source_s *source = source_of(timer);
    uint64_t periods = 1;

    if (source->interval_ns != HALSDK_WAIT_FOREVER) {
        periods += (now_ns - timer->deadline_ns) / source->interval_ns;
        timer_arm_locked(timer, timer->deadline_ns + periods * source->interval_ns);
    }
    if (source->stops != work_stop_count())
        source->fired = 0;
    source->fired += periods;
    source->stops = work_stop_count();
    advance_locked(source);
}

static void drop(struct timer *timer) {
    (void)timer;
}

/* ---- interface ----------------------------------------------------------------------------- */

dispatch_source_t dispatch_source_create(dispatch_source_type_t type, uintptr_t handle,
                                         uintptr_t mask, dispatch_queue_t queue) {
    struct dispatch_source_s *source;

    if (type != DISPATCH_SOURCE_TYPE_TIMER) {
        halsdk_log_emit("error", "com.apple.libdispatch", type ? type->name : "",
                        "hal-lab offers timer sources only: dispatch_source_create() returns NULL");
        return NULL;
    }
    source = object_allocate(sizeof *source, OBJECT_SOURCE);
    source->object.is_inactive = true;
    source->object.suspensions = 1;
    source->object.target = queue;
    source->handle = handle;
    source->mask = mask;
    source->timer.fire = fire;
    source->timer.drop = drop;
    if (queue)
        dispatch_retain(queue);
    return source;
}

void source_dispose_locked(struct dispatch_source_s *source) {
    timer_disarm_locked(&source->timer);
    handler_release_locked(source->event, source);
    handler_release_locked(source->cancel, source);
}

void dispatch_source_set_timer(dispatch_source_t source, dispatch_time_t start, uint64_t interval,
                               uint64_t leeway) {
    uint64_t deadline_ns = dispatch_deadline_ns(start);

    (void)leeway;
    if (deadline_ns == 0) /* now, or a day that has passed: periods count from now */
        deadline_ns = halsdk_now_ns();
    if (interval == 0)
        interval = 1;
    else if (interval > INT64_MAX)
        interval = HALSDK_WAIT_FOREVER;
    halsdk_wait_lock();
    timer_disarm_locked(&source->timer);
    source->interval_ns = interval;
    source->fired = 0;
    if (deadline_ns != HALSDK_WAIT_FOREVER && !source->is_cancelled)
        timer_arm_locked(&source->timer, deadline_ns);
    halsdk_wait_unlock();
}

void dispatch_source_set_event_handler_f(dispatch_source_t source, dispatch_function_t handler) {
    source_set_event_handler(source, handler, NULL, NULL);
}

void dispatch_source_set_cancel_handler_f(dispatch_source_t source, dispatch_function_t handler) {
    source_set_cancel_handler(source, handler, NULL, NULL);
}

void dispatch_source_cancel(dispatch_source_t source) {
    halsdk_wait_lock();
    if (!source->is_cancelled) {
        source->is_cancelled = true;
        source->stops = work_stop_count();
        timer_disarm_locked(&source->timer);
        advance_locked(source);
    }
    halsdk_wait_unlock();
}

intptr_t dispatch_source_testcancel(dispatch_source_t source) {
    bool is_cancelled;

    halsdk_wait_lock();
    is_cancelled = source->is_cancelled;
    halsdk_wait_unlock();
    return is_cancelled;
}

uintptr_t dispatch_source_get_data(dispatch_source_t source) {
    uintptr_t data;

    halsdk_wait_lock();
    data = source->data;
    halsdk_wait_unlock();
    return data;
}

uintptr_t dispatch_source_get_handle(dispatch_source_t source) {
    return source->handle;
}

uintptr_t dispatch_source_get_mask(dispatch_source_t source) {
    return source->mask;
}
