/* dispatch_object.c - references, contexts, suspension. */
#include "dispatch/dispatch_internal.h"

#include <assert.h>
#include <stdlib.h>

void *object_allocate(size_t size, enum object_kind kind) {
    struct dispatch_object_s *object = halsdk_allocate(size);
    object->kind = kind;
    object->references = 1;
    return object;
}

void object_retain_locked(void *memory) {
    struct dispatch_object_s *object = memory;
    if (!object->is_static)
        object->references++;
}

/* On its target queue, like everything that a driver gets called with. */
static void call_finalizer_locked(struct dispatch_object_s *object) {
    struct dispatch_queue_s *target = object->target;

    if (object->finalizer && object->context) {
        /* A finalizer frees: it is called when work is dropped as well. */
        work_submit_locked(work_create(object->context, object->finalizer, object->finalizer),
                           target ? target : &dispatch_default_queue);
    }
}

void object_release_locked(void *memory) {
    struct dispatch_object_s *object = memory;

    if (object->is_static)
        return;
    if (object->references == 0)
        DISPATCH_CLIENT_BUG("Over-release of an object");
    if (--object->references > 0)
        return;
    if (object->is_inactive)
        DISPATCH_CLIENT_BUG("Release of an inactive object");
    if (object->suspensions > 0)
        DISPATCH_CLIENT_BUG("Release of a suspended object");
    switch (object->kind) {
    case OBJECT_QUEUE:
        queue_dispose_locked(memory);
        break;
    case OBJECT_GROUP:
        group_dispose_locked(memory);
        break;
    case OBJECT_SEMAPHORE:
        semaphore_dispose_locked(memory);
        break;
    case OBJECT_SOURCE:
        source_dispose_locked(memory);
        break;
    case OBJECT_ATTRIBUTE:
        assert(object->is_static); /* attributes are: they do not come here */
    }
    call_finalizer_locked(object);
    if (object->target)
        object_release_locked(object->target);
    free(object);
}

void dispatch_retain(dispatch_object_t object) {
    halsdk_wait_lock();
    object_retain_locked(object.object_);
    halsdk_wait_unlock();
}

void dispatch_release(dispatch_object_t object) {
    halsdk_wait_lock();
    object_release_locked(object.object_);
    halsdk_wait_unlock();
}

void *dispatch_get_context(dispatch_object_t object) {
    void *context;

    halsdk_wait_lock();
    context = object.object_->context;
    halsdk_wait_unlock();
    return context;
}

void dispatch_set_context(dispatch_object_t object, void *context) {
    halsdk_wait_lock();
    if (!object.object_->is_static)
        object.object_->context = context;
    halsdk_wait_unlock();
}

void dispatch_set_finalizer_f(dispatch_object_t object, dispatch_function_t finalizer) {
    halsdk_wait_lock();
    object.object_->finalizer = finalizer;
    halsdk_wait_unlock();
}

static bool can_be_suspended(const struct dispatch_object_s *object) {
    return !object->is_static && (object->kind == OBJECT_QUEUE || object->kind == OBJECT_SOURCE);
}

static void start_again_locked(struct dispatch_object_s *object) {
    if (--object->suspensions > 0)
        return;
    if (object->kind == OBJECT_QUEUE)
        queue_pump_locked((struct dispatch_queue_s *)object);
    else
        source_resume_locked((struct dispatch_source_s *)object);
}

void dispatch_suspend(dispatch_object_t object) {
    halsdk_wait_lock();
    if (can_be_suspended(object.object_))
        object.object_->suspensions++;
    halsdk_wait_unlock();
}

void dispatch_resume(dispatch_object_t object) {
    halsdk_wait_lock();
    if (can_be_suspended(object.object_)) {
        if (object.object_->suspensions == 0)
            DISPATCH_CLIENT_BUG("Over-resume of an object");
        object.object_->is_inactive = false;
        start_again_locked(object.object_);
    }
    halsdk_wait_unlock();
}

void dispatch_activate(dispatch_object_t object) {
    halsdk_wait_lock();
    if (object.object_->is_inactive) {
        object.object_->is_inactive = false;
        start_again_locked(object.object_);
    }
    halsdk_wait_unlock();
}

void dispatch_set_target_queue(dispatch_object_t any, dispatch_queue_t target) {
    struct dispatch_object_s *object = any.object_;

    halsdk_wait_lock();
    if (!object->is_static) {
        struct dispatch_queue_s *old = object->target;

        if (target)
            object_retain_locked(target);
        if (object->kind == OBJECT_QUEUE) {
            struct dispatch_queue_s *queue = any.queue_;

            old = queue->has_new_target ? queue->new_target : NULL;
            queue->has_new_target = true;
            queue->new_target = target;
            queue_pump_locked(queue);
        } else {
            object->target = target;
        }
        if (old)
            object_release_locked(old);
    }
    halsdk_wait_unlock();
}
