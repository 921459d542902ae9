/* dispatch_semaphore.c - a counting semaphore whose signal costs one atomic operation when nobody
 * waits: drivers signal from the IO thread.
 *
 * `value` is the count; below zero it is minus the number of threads that have asked and not got.
 * A signal that finds such a thread adds a wake-up under the lock, and one of them takes it.
 */
#include "dispatch/dispatch_internal.h"

struct dispatch_semaphore_s {
    struct dispatch_object_s object;
    _Atomic intptr_t value; /* without the lock */
    intptr_t first_value;
    size_t wake_ups;
    struct halsdk_wait_cond cond;
};

dispatch_semaphore_t dispatch_semaphore_create(intptr_t value) {
    struct dispatch_semaphore_s *semaphore;

    if (value < 0)
        return NULL;
    semaphore = object_allocate(sizeof *semaphore, OBJECT_SEMAPHORE);
    atomic_init(&semaphore->value, value);
    semaphore->first_value = value;
    halsdk_wait_cond_init(&semaphore->cond);
    return semaphore;
}

void semaphore_dispose_locked(struct dispatch_semaphore_s *semaphore) {
    if (atomic_load(&semaphore->value) < semaphore->first_value)
        DISPATCH_CLIENT_BUG("Semaphore object deallocated while in use");
    halsdk_wait_cond_destroy(&semaphore->cond);
}

/* Takes the claim of a waiter back. False when a signal has answered it already: its wake-up is
 * there or about to come. */
static bool withdraw(struct dispatch_semaphore_s *semaphore) {
    intptr_t value = atomic_load(&semaphore->value);

    while (value < 0) {
        if (atomic_compare_exchange_weak(&semaphore->value, &value, value + 1))
            return true;
    }
    return false;
}

intptr_t dispatch_semaphore_wait(dispatch_semaphore_t semaphore, dispatch_time_t timeout) {
    bool is_withdrawn = false;
    uint64_t deadline_ns;

    if (atomic_fetch_sub(&semaphore->value, 1) > 0)
        return 0;
    deadline_ns = dispatch_deadline_ns(timeout);
    halsdk_wait_lock();
    while (semaphore->wake_ups == 0 && !is_withdrawn) {
        if (halsdk_wait_on(&semaphore->cond, deadline_ns) || semaphore->wake_ups > 0)
            continue;
        is_withdrawn = withdraw(semaphore);
        deadline_ns = HALSDK_WAIT_FOREVER;
    }
    if (!is_withdrawn)
        semaphore->wake_ups--;
    halsdk_wait_unlock();
    return is_withdrawn ? 1 : 0;
}

intptr_t dispatch_semaphore_signal(dispatch_semaphore_t semaphore) {
    if (atomic_fetch_add(&semaphore->value, 1) >= 0)
        return 0;
    halsdk_wait_lock();
    semaphore->wake_ups++;
    halsdk_wait_wake_one(&semaphore->cond);
    halsdk_wait_unlock();
    return 1;
}
