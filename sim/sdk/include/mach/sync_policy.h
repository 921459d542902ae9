/* mach/sync_policy.h - who is woken first. Accepted by semaphore_create(); waiters are woken in the
 * order of the operating system. */
#ifndef MACH_SYNC_POLICY_H
#define MACH_SYNC_POLICY_H

#define SYNC_POLICY_FIFO           0x0
#define SYNC_POLICY_FIXED_PRIORITY 0x1
#define SYNC_POLICY_REVERSED       0x2
#define SYNC_POLICY_ORDER_MASK     0x3
#define SYNC_POLICY_LIFO           (SYNC_POLICY_FIFO | SYNC_POLICY_REVERSED)

#endif
