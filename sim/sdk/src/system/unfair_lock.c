/* unfair_lock.c - the word is 0, or the owner's thread ID with a mark when others may wait. */
#include "dispatch/dispatch_wait.h"
#include "system/crash.h"
#include "system/interposer.h"
#include "system/thread_id.h"
#include <os/lock.h>

#define WAITERS_MARK 0x80000000u

static uint32_t owner_of(uint32_t word) {
    return word & ~WAITERS_MARK;
}

static bool take(uint32_t *word, uint32_t *seen, uint32_t desired) {
    *seen = 0;
    return __atomic_compare_exchange_n(word, seen, desired, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

void os_unfair_lock_lock(os_unfair_lock_t lock) {
    uint32_t *word = &lock->_os_unfair_lock_opaque;
    uint32_t self = halsdk_thread_id(), seen;

    interposer_point("os_unfair_lock_lock");
    if (take(word, &seen, self)) {
        interposer_took(false);
        return;
    }
    interposer_took(true);
    /* Having waited, we cannot know whether others still do: keep the mark. */
    while (!take(word, &seen, self | WAITERS_MARK)) {
        if (owner_of(seen) == self)
            halsdk_crash("BUG IN CLIENT OF LIBPLATFORM: Trying to recursively lock an "
                         "os_unfair_lock");
        if (!(seen & WAITERS_MARK) &&
            !__atomic_compare_exchange_n(word, &seen, seen | WAITERS_MARK, false, __ATOMIC_RELAXED,
                                         __ATOMIC_RELAXED))
            continue;
        halsdk_wait_word(word, seen | WAITERS_MARK);
    }
}

bool os_unfair_lock_trylock(os_unfair_lock_t lock) {
    uint32_t seen;
    return take(&lock->_os_unfair_lock_opaque, &seen, halsdk_thread_id());
}

void os_unfair_lock_unlock(os_unfair_lock_t lock) {
    uint32_t *word = &lock->_os_unfair_lock_opaque;
    uint32_t old = __atomic_load_n(word, __ATOMIC_RELAXED);

    if (owner_of(old) != halsdk_thread_id())
        halsdk_crash("BUG IN CLIENT OF LIBPLATFORM: Unlock of an os_unfair_lock not owned by "
                     "current thread");
    if (__atomic_exchange_n(word, 0, __ATOMIC_RELEASE) & WAITERS_MARK)
        halsdk_wait_wake_word(word);
    interposer_point("os_unfair_lock_unlock");
}

static bool is_owner(const os_unfair_lock *lock) {
    return owner_of(__atomic_load_n(&lock->_os_unfair_lock_opaque, __ATOMIC_RELAXED)) ==
           halsdk_thread_id();
}

void os_unfair_lock_assert_owner(const os_unfair_lock *lock) {
    if (!is_owner(lock))
        halsdk_crash("BUG IN CLIENT OF LIBPLATFORM: Assertion failed: Lock unexpectedly not owned "
                     "by current thread");
}

void os_unfair_lock_assert_not_owner(const os_unfair_lock *lock) {
    if (is_owner(lock))
        halsdk_crash("BUG IN CLIENT OF LIBPLATFORM: Assertion failed: Lock unexpectedly owned by "
                     "current thread");
}
