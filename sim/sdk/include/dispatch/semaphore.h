/* dispatch/semaphore.h - counting semaphores. */
#ifndef DISPATCH_SEMAPHORE_H
#define DISPATCH_SEMAPHORE_H

#include <dispatch/time.h>

__BEGIN_DECLS

/* NULL for a negative value. Releasing it while its value is below the first one ends the process,
 * as on a Mac. */
DISPATCH_EXPORT dispatch_semaphore_t dispatch_semaphore_create(intptr_t value);
/* 0, or not 0 when `timeout` passed. */
DISPATCH_EXPORT intptr_t dispatch_semaphore_wait(dispatch_semaphore_t semaphore,
                                                 dispatch_time_t timeout);
/* Not 0 when a waiter was woken. No system call and no lock when nobody waits. */
DISPATCH_EXPORT intptr_t dispatch_semaphore_signal(dispatch_semaphore_t semaphore);

__END_DECLS

#endif
