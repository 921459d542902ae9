/* dispatch/object.h - what all dispatch objects have.
 *
 * Misuse that crashes a process on a Mac ends it here too, with the same kind of line: releasing an
 * object once too often or while it is suspended, resuming it more often than it was suspended.
 */
#ifndef DISPATCH_OBJECT_H
#define DISPATCH_OBJECT_H

#include <dispatch/base.h>

__BEGIN_DECLS

DISPATCH_EXPORT void dispatch_retain(dispatch_object_t object);
DISPATCH_EXPORT void dispatch_release(dispatch_object_t object);

DISPATCH_EXPORT void *dispatch_get_context(dispatch_object_t object);
DISPATCH_EXPORT void dispatch_set_context(dispatch_object_t object, void *context);
/* Called once, on the object's target queue, when the object is gone and its context not NULL. */
DISPATCH_EXPORT void dispatch_set_finalizer_f(dispatch_object_t object,
                                              dispatch_function_t finalizer);

/* Queues and sources. What runs goes on; nothing new starts. */
DISPATCH_EXPORT void dispatch_suspend(dispatch_object_t object);
DISPATCH_EXPORT void dispatch_resume(dispatch_object_t object);
/* First start of an inactive queue or source; without effect afterwards. */
DISPATCH_EXPORT void dispatch_activate(dispatch_object_t object);

/* Queues (from the moment they are idle) and sources (for handlers that start later). NULL: the
 * default global queue. */
DISPATCH_EXPORT void dispatch_set_target_queue(dispatch_object_t object, dispatch_queue_t queue);

__END_DECLS

#endif
