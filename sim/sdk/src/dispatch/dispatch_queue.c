/* dispatch_queue.c - the queues themselves: the fixed ones, new ones, their names and values. */
#include "dispatch/dispatch_internal.h"

#include <stdlib.h>
#include <string.h>

#define STATIC_QUEUE(kind_, label_)                                                                \
    { .object = {.kind = OBJECT_QUEUE, .is_static = true}, .kind = (kind_), .label = (label_) }

struct dispatch_queue_s dispatch_main_queue = STATIC_QUEUE(QUEUE_MAIN, "com.apple.main-thread");
struct dispatch_queue_s dispatch_default_queue =
    STATIC_QUEUE(QUEUE_GLOBAL, "com.apple.root.default-qos");
static struct dispatch_queue_s background_queue =
    STATIC_QUEUE(QUEUE_GLOBAL, "com.apple.root.background-qos");
static struct dispatch_queue_s utility_queue =
    STATIC_QUEUE(QUEUE_GLOBAL, "com.apple.root.utility-qos");
static struct dispatch_queue_s initiated_queue =
    STATIC_QUEUE(QUEUE_GLOBAL, "com.apple.root.user-initiated-qos");
static struct dispatch_queue_s interactive_queue =
    STATIC_QUEUE(QUEUE_GLOBAL, "com.apple.root.user-interactive-qos");

#define STATIC_ATTRIBUTE(concurrent_, inactive_)                                                   \
    {                                                                                              \
        .object = {.kind = OBJECT_ATTRIBUTE, .is_static = true}, .is_concurrent = (concurrent_),   \
        .is_inactive = (inactive_)                                                                 \
    }

struct dispatch_queue_attr_s _dispatch_queue_attr_concurrent = STATIC_ATTRIBUTE(true, false);
static struct dispatch_queue_attr_s serial_inactive = STATIC_ATTRIBUTE(false, true);
static struct dispatch_queue_attr_s concurrent_inactive = STATIC_ATTRIBUTE(true, true);

dispatch_queue_attr_t dispatch_queue_attr_make_initially_inactive(dispatch_queue_attr_t attr) {
    return attr && attr->is_concurrent ? &concurrent_inactive : &serial_inactive;
}

dispatch_queue_attr_t dispatch_queue_attr_make_with_qos_class(dispatch_queue_attr_t attr,
                                                              dispatch_qos_class_t qos_class,
                                                              int relative_priority) {
    (void)qos_class;
    (void)relative_priority;
    return attr;
}

dispatch_queue_attr_t
dispatch_queue_attr_make_with_autorelease_frequency(dispatch_queue_attr_t attr,
                                                    dispatch_autorelease_frequency_t frequency) {
    (void)frequency;
    return attr;
}

dispatch_queue_main_t dispatch_get_main_queue(void) {
    return &dispatch_main_queue;
}

dispatch_queue_global_t dispatch_get_global_queue(intptr_t identifier, uintptr_t flags) {
    if (flags & ~(uintptr_t)2)
        return NULL;
    switch (identifier) {
    case DISPATCH_QUEUE_PRIORITY_BACKGROUND:
    case QOS_CLASS_BACKGROUND:
        return &background_queue;
    case DISPATCH_QUEUE_PRIORITY_LOW:
    case QOS_CLASS_UTILITY:
        return &utility_queue;
    case DISPATCH_QUEUE_PRIORITY_DEFAULT: /* also QOS_CLASS_UNSPECIFIED */
    case QOS_CLASS_DEFAULT:
        return &dispatch_default_queue;
    case DISPATCH_QUEUE_PRIORITY_HIGH:
    case QOS_CLASS_USER_INITIATED:
        return &initiated_queue;
    case QOS_CLASS_USER_INTERACTIVE:
        return &interactive_queue;
    default:
        return NULL;
    }
}

dispatch_queue_t dispatch_queue_create_with_target(const char *label, dispatch_queue_attr_t attr,
                                                   dispatch_queue_t target) {
    size_t size = label ? strlen(label) + 1 : 1;
    struct dispatch_queue_s *queue = object_allocate(sizeof *queue + size, OBJECT_QUEUE);

    queue->label = memcpy(queue + 1, label ? label : "", size);
    queue->kind = attr && attr->is_concurrent ? QUEUE_CONCURRENT : QUEUE_SERIAL;
    if (attr && attr->is_inactive) {
        queue->object.is_inactive = true;
        queue->object.suspensions = 1;
    }
    if (target) {
        dispatch_retain(target);
        queue->object.target = target;
    }
    return queue;
}

dispatch_queue_t dispatch_queue_create(const char *label, dispatch_queue_attr_t attr) {
    return dispatch_queue_create_with_target(label, attr, NULL);
}

/* Work holds a reference: nothing waits or runs here. */
void queue_dispose_locked(struct dispatch_queue_s *queue) {
    while (queue->specifics) {
        struct specific *specific = queue->specifics;

        queue->specifics = specific->next;
        if (specific->destructor && specific->value) {
            work_submit_locked(
                work_create(specific->value, specific->destructor, specific->destructor),
                &dispatch_default_queue);
        }
        free(specific);
    }
    if (queue->has_new_target && queue->new_target)
        object_release_locked(queue->new_target);
}

const char *dispatch_queue_get_label(dispatch_queue_t queue) {
    const struct frame *frame = frame_current();

    if (!queue)
        queue = frame ? frame->queue : NULL;
    return queue ? queue->label : "";
}

dispatch_qos_class_t dispatch_queue_get_qos_class(dispatch_queue_t queue, int *relative_priority) {
    (void)queue;
    if (relative_priority)
        *relative_priority = 0;
    return QOS_CLASS_UNSPECIFIED;
}

static struct specific *find_specific_locked(struct dispatch_queue_s *queue, const void *key) {
    struct specific *specific = queue->specifics;

    while (specific && specific->key != key)
        specific = specific->next;
    return specific;
}

void dispatch_queue_set_specific(dispatch_queue_t queue, const void *key, void *context,
                                 dispatch_function_t destructor) {
    struct specific *specific;

    if (!key)
        return;
    halsdk_wait_lock();
    specific = find_specific_locked(queue, key);
    if (specific && specific->destructor && specific->value) {
        work_submit_locked(work_create(specific->value, specific->destructor, specific->destructor),
                           &dispatch_default_queue);
    }
    if (!specific) {
        specific = halsdk_allocate(sizeof *specific);
        specific->key = key;
        specific->next = queue->specifics;
        queue->specifics = specific;
    }
    specific->value = context;
    specific->destructor = destructor;
    halsdk_wait_unlock();
}

void *dispatch_queue_get_specific(dispatch_queue_t queue, const void *key) {
    struct specific *specific;
    void *value;

    halsdk_wait_lock();
    specific = find_specific_locked(queue, key);
    value = specific ? specific->value : NULL;
    halsdk_wait_unlock();
    return value;
}

void *dispatch_get_specific(const void *key) {
    const struct frame *frame = frame_current();
    struct dispatch_queue_s *queue = frame ? frame->queue : NULL;
    void *value = NULL;

    halsdk_wait_lock();
    for (; queue && !value; queue = queue->object.target) {
        struct specific *specific = find_specific_locked(queue, key);
        value = specific ? specific->value : NULL;
    }
    halsdk_wait_unlock();
    return value;
}

void dispatch_assert_queue(dispatch_queue_t queue) {
    halsdk_wait_lock();
    if (!frame_is_on(queue))
        DISPATCH_CLIENT_BUG("Assertion failed: expected to execute on queue [%s]", queue->label);
    halsdk_wait_unlock();
}

void dispatch_assert_queue_not(dispatch_queue_t queue) {
    halsdk_wait_lock();
    if (frame_is_on(queue))
        DISPATCH_CLIENT_BUG("Assertion failed: expected not to execute on queue [%s]",
                            queue->label);
    halsdk_wait_unlock();
}
