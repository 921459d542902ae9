/* dispatch/group.h - work that is waited for together. */
#ifndef DISPATCH_GROUP_H
#define DISPATCH_GROUP_H

#include <dispatch/queue.h>

__BEGIN_DECLS

DISPATCH_EXPORT dispatch_group_t dispatch_group_create(void);
DISPATCH_EXPORT void dispatch_group_enter(dispatch_group_t group);
/* Leaving more often than entering ends the process, as on a Mac. */
DISPATCH_EXPORT void dispatch_group_leave(dispatch_group_t group);
/* 0, or not 0 when `timeout` passed. */
DISPATCH_EXPORT intptr_t dispatch_group_wait(dispatch_group_t group, dispatch_time_t timeout);
DISPATCH_EXPORT void dispatch_group_async_f(dispatch_group_t group, dispatch_queue_t queue,
                                            void *context, dispatch_function_t work);
/* At once when the group is empty. */
DISPATCH_EXPORT void dispatch_group_notify_f(dispatch_group_t group, dispatch_queue_t queue,
                                             void *context, dispatch_function_t work);
#if defined(__BLOCKS__)
DISPATCH_EXPORT void dispatch_group_async(dispatch_group_t group, dispatch_queue_t queue,
                                          dispatch_block_t block);
DISPATCH_EXPORT void dispatch_group_notify(dispatch_group_t group, dispatch_queue_t queue,
                                           dispatch_block_t block);
#endif

__END_DECLS

#endif
