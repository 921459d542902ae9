/* os/lock.h - os_unfair_lock: a lock in one 32-bit word.
 *
 * The word holds the thread ID of its owner; waiters sleep in the kernel. Misuse ends the process
 * with a line that names it, as on a Mac: locking again on the thread that holds the lock, and
 * unlocking on a thread that does not.
 */
#ifndef OS_LOCK_H
#define OS_LOCK_H

#include <os/base.h>
#include <stdbool.h>
#include <stdint.h>

__BEGIN_DECLS

typedef struct os_unfair_lock_s {
    uint32_t _os_unfair_lock_opaque;
} os_unfair_lock, *os_unfair_lock_t;

#if defined(__cplusplus)
#define OS_UNFAIR_LOCK_INIT (os_unfair_lock{0})
#else
#define OS_UNFAIR_LOCK_INIT ((os_unfair_lock){0})
#endif

OS_EXPORT void os_unfair_lock_lock(os_unfair_lock_t lock) OS_NONNULL_ALL;
OS_EXPORT bool os_unfair_lock_trylock(os_unfair_lock_t lock) OS_WARN_RESULT OS_NONNULL_ALL;
OS_EXPORT void os_unfair_lock_unlock(os_unfair_lock_t lock) OS_NONNULL_ALL;

/* Ends the process when the calling thread does not (does) hold the lock. */
OS_EXPORT void os_unfair_lock_assert_owner(const os_unfair_lock *lock) OS_NONNULL_ALL;
OS_EXPORT void os_unfair_lock_assert_not_owner(const os_unfair_lock *lock) OS_NONNULL_ALL;

__END_DECLS

#endif
