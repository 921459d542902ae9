/* os_atomic.c - what of OSAtomic.h waits: spin locks, and the stack that is guarded by one. */
#include <libkern/OSAtomic.h>
#include <sched.h>

enum {
    SPINS_BEFORE_YIELD = 100,
};

static bool try_word(volatile long *word) {
    return __atomic_exchange_n(word, 1, __ATOMIC_ACQUIRE) == 0;
}

bool OSSpinLockTry(volatile OSSpinLock *lock) {
    return __atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE) == 0;
}

void OSSpinLockLock(volatile OSSpinLock *lock) {
    int spins = 0;

    while (!OSSpinLockTry(lock)) {
        if (++spins % SPINS_BEFORE_YIELD == 0)
            sched_yield();
    }
}

void OSSpinLockUnlock(volatile OSSpinLock *lock) {
    __atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}

static void list_lock(OSQueueHead *list) {
    int spins = 0;

    while (!try_word(&list->opaque2)) {
        if (++spins % SPINS_BEFORE_YIELD == 0)
            sched_yield();
    }
}

static void list_unlock(OSQueueHead *list) {
    __atomic_store_n(&list->opaque2, 0, __ATOMIC_RELEASE);
}

static void **link_of(void *element, size_t offset) {
    return (void **)(void *)((char *)element + offset);
}

void OSAtomicEnqueue(OSQueueHead *list, void *element, size_t offset) {
    list_lock(list);
    *link_of(element, offset) = list->opaque1;
    list->opaque1 = element;
    list_unlock(list);
}

void *OSAtomicDequeue(OSQueueHead *list, size_t offset) {
    void *element;

    list_lock(list);
    element = list->opaque1;
    if (element)
        list->opaque1 = *link_of(element, offset);
    list_unlock(list);
    return element;
}
