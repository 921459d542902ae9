/* dispatch_group.c - groups: a count, those who wait for it to come to zero, and what happens then.
 */
#include "dispatch/dispatch_internal.h"

#include <assert.h>
#include <stdlib.h>

struct notice {
    struct notice *next;
    struct dispatch_queue_s *queue; /* retained */
    struct work *work;
};

struct dispatch_group_s {
    struct dispatch_object_s object;
    size_t count;
    uint64_t generation; /* how often the count came to zero */
    struct halsdk_wait_cond empty_cond;
    struct notice *first_notice, **last_notice;
};

dispatch_group_t dispatch_group_create(void) {
    struct dispatch_group_s *group = object_allocate(sizeof *group, OBJECT_GROUP);

    halsdk_wait_cond_init(&group->empty_cond);
    group->last_notice = &group->first_notice;
    return group;
}

/* A group that is not empty holds a reference to itself. */
void group_dispose_locked(struct dispatch_group_s *group) {
    assert(group->count == 0 && !group->first_notice);
    halsdk_wait_cond_destroy(&group->empty_cond);
}

static void enter_locked(struct dispatch_group_s *group) {
    if (group->count++ == 0)
        object_retain_locked(group);
}

static void submit_notices_locked(struct dispatch_group_s *group) {
    while (group->first_notice) {
        struct notice *notice = group->first_notice;

        group->first_notice = notice->next;
        work_submit_locked(notice->work, notice->queue);
        object_release_locked(notice->queue);
        free(notice);
    }
    group->last_notice = &group->first_notice;
}

void group_leave_locked(struct dispatch_group_s *group) {
    if (group->count == 0)
        DISPATCH_CLIENT_BUG("Unbalanced call to dispatch_group_leave()");
    if (--group->count > 0)
        return;
    group->generation++;
    halsdk_wait_wake_all(&group->empty_cond);
    submit_notices_locked(group);
    object_release_locked(group);
}

void dispatch_group_enter(dispatch_group_t group) {
    halsdk_wait_lock();
    enter_locked(group);
    halsdk_wait_unlock();
}

void dispatch_group_leave(dispatch_group_t group) {
    halsdk_wait_lock();
    group_leave_locked(group);
    halsdk_wait_unlock();
}

intptr_t dispatch_group_wait(dispatch_group_t group, dispatch_time_t timeout) {
    uint64_t deadline_ns = dispatch_deadline_ns(timeout);
    uint64_t generation;
    bool is_empty;

    halsdk_wait_lock();
    object_retain_locked(group);
    generation = group->generation;
    while (group->count > 0 && group->generation == generation) {
        if (!halsdk_wait_on(&group->empty_cond, deadline_ns))
            break;
    }
    is_empty = group->count == 0 || group->generation != generation;
    object_release_locked(group);
    halsdk_wait_unlock();
    return is_empty ? 0 : 1;
}

void dispatch_submit_to_group(dispatch_group_t group, dispatch_queue_t queue, struct work *work) {
    halsdk_wait_lock();
    enter_locked(group);
    work->group = group;
    work_submit_locked(work, queue);
    halsdk_wait_unlock();
}

void dispatch_group_async_f(dispatch_group_t group, dispatch_queue_t queue, void *context,
                            dispatch_function_t function) {
    dispatch_submit_to_group(group, queue, work_create(context, function, NULL));
}

void dispatch_notify_group(dispatch_group_t group, dispatch_queue_t queue, struct work *work) {
    halsdk_wait_lock();
    if (group->count == 0) {
        work_submit_locked(work, queue);
    } else {
        struct notice *notice = halsdk_allocate(sizeof *notice);

        notice->queue = queue;
        notice->work = work;
        object_retain_locked(queue);
        *group->last_notice = notice;
        group->last_notice = &notice->next;
    }
    halsdk_wait_unlock();
}

void dispatch_group_notify_f(dispatch_group_t group, dispatch_queue_t queue, void *context,
                             dispatch_function_t function) {
    dispatch_notify_group(group, queue, work_create(context, function, NULL));
}
