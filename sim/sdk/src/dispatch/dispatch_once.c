/* dispatch_once.c - the predicate is 0, then the ID of the thread that does it, then all ones. */
#include "dispatch/dispatch_internal.h"

#include "system/thread_id.h"

#define ONCE_DONE ((dispatch_once_t)~0)

static struct halsdk_wait_cond done_cond = HALSDK_WAIT_COND_INIT;

void dispatch_once_f(dispatch_once_t *predicate, void *context, dispatch_function_t function) {
    dispatch_once_t self;

    if (__atomic_load_n(predicate, __ATOMIC_ACQUIRE) == ONCE_DONE)
        return;
    self = (dispatch_once_t)halsdk_thread_id();
    halsdk_wait_lock();
    while (*predicate != 0 && *predicate != ONCE_DONE) {
        if (*predicate == self)
            DISPATCH_CLIENT_BUG("dispatch_once called from inside its own initializer");
        halsdk_wait_on(&done_cond, HALSDK_WAIT_FOREVER);
    }
    if (*predicate == 0) {
        __atomic_store_n(predicate, self, __ATOMIC_RELAXED);
        halsdk_wait_unlock();
        function(context);
        halsdk_wait_lock();
        __atomic_store_n(predicate, ONCE_DONE, __ATOMIC_RELEASE);
        halsdk_wait_wake_all(&done_cond);
    }
    halsdk_wait_unlock();
}
