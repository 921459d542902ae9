/* mach_semaphore.c - Mach semaphores behind 32-bit names.
 *
 * A name is an index into a table and the generation of the slot, so that the name of a destroyed
 * semaphore stays invalid when its slot is used again. Slots are never freed: a waiter may still be
 * about to leave.
 */
#include "dispatch/dispatch_wait.h"
#include "system/crash.h"
#include "system/mach_time.h"
#include <mach/semaphore.h>
#include <stdbool.h>

enum {
    INDEX_BITS = 12,
    MAX_SEMAPHORES = 1 << INDEX_BITS,
    INDEX_MASK = MAX_SEMAPHORES - 1,
};

struct mach_semaphore {
    struct halsdk_wait_cond cond;
    uint32_t generation;
    bool is_alive;
    int count;        /* signals that nobody took yet */
    uint32_t waiters; /* not yet woken by a signal */
    uint32_t grants;  /* signals given to waiters that have not left yet */
};

static struct mach_semaphore *slots[MAX_SEMAPHORES];
static uint32_t next_index;

static struct mach_semaphore *find_locked(semaphore_t name) {
    struct mach_semaphore *semaphore = slots[name & INDEX_MASK];
    bool is_named = semaphore && semaphore->is_alive && semaphore->generation == name >> INDEX_BITS;

    return is_named ? semaphore : NULL;
}

/* A slot that is free and that nobody waits in any more. */
static bool find_free_locked(uint32_t *index) {
    for (uint32_t tried = 0; tried < MAX_SEMAPHORES; tried++) {
        uint32_t candidate = next_index++ & INDEX_MASK;
        struct mach_semaphore *semaphore = slots[candidate];

        if (!semaphore || (!semaphore->is_alive && semaphore->waiters + semaphore->grants == 0)) {
            *index = candidate;
            return true;
        }
    }
    return false;
}

kern_return_t semaphore_create(task_t task, semaphore_t *name, int policy, int value) {
    struct mach_semaphore *semaphore;
    uint32_t index;
    bool found;

    (void)task;
    if (!name || value < 0 || policy < SYNC_POLICY_FIFO || policy > SYNC_POLICY_ORDER_MASK)
        return KERN_INVALID_ARGUMENT;
    halsdk_wait_lock();
    found = find_free_locked(&index);
    if (found) {
        semaphore = slots[index];
        if (!semaphore) {
            semaphore = slots[index] = halsdk_allocate(sizeof *semaphore);
            halsdk_wait_cond_init(&semaphore->cond);
        }
        /* Never 0, so that no name is MACH_PORT_NULL. */
        semaphore->generation = semaphore->generation % ((1u << (32 - INDEX_BITS)) - 2) + 1;
        semaphore->is_alive = true;
        semaphore->count = value;
        *name = semaphore->generation << INDEX_BITS | index;
    }
    halsdk_wait_unlock();
    return found ? KERN_SUCCESS : KERN_RESOURCE_SHORTAGE;
}

kern_return_t semaphore_destroy(task_t task, semaphore_t name) {
    struct mach_semaphore *semaphore;

    (void)task;
    halsdk_wait_lock();
    semaphore = find_locked(name);
    if (semaphore) {
        semaphore->is_alive = false;
        halsdk_wait_wake_all(&semaphore->cond);
    }
    halsdk_wait_unlock();
    return semaphore ? KERN_SUCCESS : KERN_INVALID_NAME;
}

static void signal_locked(struct mach_semaphore *semaphore) {
    if (semaphore->waiters > 0) {
        semaphore->waiters--;
        semaphore->grants++;
        halsdk_wait_wake_one(&semaphore->cond);
    } else {
        semaphore->count++;
    }
}

kern_return_t semaphore_signal(semaphore_t name) {
    struct mach_semaphore *semaphore;

    halsdk_wait_lock();
    semaphore = find_locked(name);
    if (semaphore)
        signal_locked(semaphore);
    halsdk_wait_unlock();
    return semaphore ? KERN_SUCCESS : KERN_INVALID_NAME;
}

kern_return_t semaphore_signal_all(semaphore_t name) {
    struct mach_semaphore *semaphore;

    halsdk_wait_lock();
    semaphore = find_locked(name);
    if (semaphore) {
        semaphore->grants += semaphore->waiters;
        semaphore->waiters = 0;
        halsdk_wait_wake_all(&semaphore->cond);
    }
    halsdk_wait_unlock();
    return semaphore ? KERN_SUCCESS : KERN_INVALID_NAME;
}

static kern_return_t wait_locked(struct mach_semaphore *semaphore, uint64_t deadline_ns) {
    if (semaphore->count > 0) {
        semaphore->count--;
        return KERN_SUCCESS;
    }
    semaphore->waiters++;
    for (;;) {
        bool is_in_time = halsdk_wait_on(&semaphore->cond, deadline_ns);

        if (semaphore->grants > 0) {
            semaphore->grants--;
            return KERN_SUCCESS;
        }
        if (semaphore->is_alive && is_in_time)
            continue;
        semaphore->waiters--;
        return semaphore->is_alive ? KERN_OPERATION_TIMED_OUT : KERN_TERMINATED;
    }
}

static kern_return_t wait_until(semaphore_t name, uint64_t deadline_ns, const semaphore_t *signal) {
    struct mach_semaphore *semaphore, *signalled;
    kern_return_t result = KERN_INVALID_NAME;

    halsdk_wait_lock();
    semaphore = find_locked(name);
    signalled = signal ? find_locked(*signal) : NULL;
    if (semaphore && (signalled || !signal)) {
        if (signalled)
            signal_locked(signalled);
        result = wait_locked(semaphore, deadline_ns);
    }
    halsdk_wait_unlock();
    return result;
}

kern_return_t semaphore_wait(semaphore_t name) {
    return wait_until(name, HALSDK_WAIT_FOREVER, NULL);
}

kern_return_t semaphore_wait_signal(semaphore_t name, semaphore_t signal) {
    return wait_until(name, HALSDK_WAIT_FOREVER, &signal);
}

kern_return_t semaphore_timedwait(semaphore_t name, mach_timespec_t wait_time) {
    uint64_t wait_ns = wait_time.tv_sec * (uint64_t)NSEC_PER_SEC;

    if (wait_time.tv_nsec < 0 || (uint64_t)wait_time.tv_nsec >= NSEC_PER_SEC)
        return KERN_INVALID_VALUE;
    wait_ns += (uint64_t)wait_time.tv_nsec;
    return wait_until(name, halsdk_now_ns() + wait_ns, NULL);
}
