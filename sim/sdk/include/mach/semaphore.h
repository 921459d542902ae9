/* mach/semaphore.h - Mach semaphores. (POSIX sem_t is in <semaphore.h>.)
 *
 * KERN_INVALID_NAME: no such semaphore. KERN_TERMINATED: destroyed while waiting for it.
 */
#ifndef MACH_SEMAPHORE_H
#define MACH_SEMAPHORE_H

#include <mach/clock_types.h>
#include <mach/mach_types.h>
#include <mach/sync_policy.h>
#include <os/base.h>

__BEGIN_DECLS

/* KERN_INVALID_ARGUMENT for a negative value or an unknown policy, KERN_RESOURCE_SHORTAGE when 4096
 * semaphores live. */
OS_EXPORT kern_return_t semaphore_create(task_t task, semaphore_t *semaphore, int policy,
                                         int value);
OS_EXPORT kern_return_t semaphore_destroy(task_t task, semaphore_t semaphore);

OS_EXPORT kern_return_t semaphore_signal(semaphore_t semaphore);
/* Wakes all who wait now; leaves the count alone. */
OS_EXPORT kern_return_t semaphore_signal_all(semaphore_t semaphore);

OS_EXPORT kern_return_t semaphore_wait(semaphore_t semaphore);
/* `wait_time` is relative. KERN_OPERATION_TIMED_OUT when it passed. */
OS_EXPORT kern_return_t semaphore_timedwait(semaphore_t semaphore, mach_timespec_t wait_time);
OS_EXPORT kern_return_t semaphore_wait_signal(semaphore_t wait, semaphore_t signal);

__END_DECLS

#endif
