/* dispatch/queue.h - queues of work.
 *
 * One pool of threads serves all queues; the main queue is drained by the host
 * (halsdk_drain_main_queue). QoS classes and priorities are accepted and without effect.
 * Using a queue in a way that can only deadlock (dispatch_sync() to the serial queue that the
 * caller runs on) ends the process with a line that says so, as on a Mac.
 */
#ifndef DISPATCH_QUEUE_H
#define DISPATCH_QUEUE_H

#include <dispatch/object.h>
#include <dispatch/time.h>

__BEGIN_DECLS

/* ---- queues -------------------------------------------------------------------------------- */

#define DISPATCH_QUEUE_PRIORITY_HIGH       2
#define DISPATCH_QUEUE_PRIORITY_DEFAULT    0
#define DISPATCH_QUEUE_PRIORITY_LOW        (-2)
#define DISPATCH_QUEUE_PRIORITY_BACKGROUND INT16_MIN
typedef long dispatch_queue_priority_t;
typedef qos_class_t dispatch_qos_class_t;

DISPATCH_EXPORT struct dispatch_queue_attr_s _dispatch_queue_attr_concurrent;
#define DISPATCH_QUEUE_SERIAL     ((dispatch_queue_attr_t)0)
#define DISPATCH_QUEUE_CONCURRENT (&_dispatch_queue_attr_concurrent)
#define DISPATCH_QUEUE_SERIAL_INACTIVE                                                             \
    dispatch_queue_attr_make_initially_inactive(DISPATCH_QUEUE_SERIAL)
#define DISPATCH_QUEUE_CONCURRENT_INACTIVE                                                         \
    dispatch_queue_attr_make_initially_inactive(DISPATCH_QUEUE_CONCURRENT)
#define DISPATCH_QUEUE_SERIAL_WITH_AUTORELEASE_POOL     DISPATCH_QUEUE_SERIAL
#define DISPATCH_QUEUE_CONCURRENT_WITH_AUTORELEASE_POOL DISPATCH_QUEUE_CONCURRENT

typedef unsigned long dispatch_autorelease_frequency_t;
enum {
    DISPATCH_AUTORELEASE_FREQUENCY_INHERIT = 0,
    DISPATCH_AUTORELEASE_FREQUENCY_WORK_ITEM = 1,
    DISPATCH_AUTORELEASE_FREQUENCY_NEVER = 2,
};

DISPATCH_EXPORT dispatch_queue_attr_t
dispatch_queue_attr_make_initially_inactive(dispatch_queue_attr_t attr);
DISPATCH_EXPORT dispatch_queue_attr_t dispatch_queue_attr_make_with_qos_class(
    dispatch_queue_attr_t attr, dispatch_qos_class_t qos_class, int relative_priority);
DISPATCH_EXPORT dispatch_queue_attr_t dispatch_queue_attr_make_with_autorelease_frequency(
    dispatch_queue_attr_t attr, dispatch_autorelease_frequency_t frequency);

#define DISPATCH_TARGET_QUEUE_DEFAULT ((dispatch_queue_t)0)
#define DISPATCH_CURRENT_QUEUE_LABEL  ((dispatch_queue_t)0)

DISPATCH_EXPORT dispatch_queue_main_t dispatch_get_main_queue(void);
/* A priority or a QoS class. `flags` is 0 (2 is let pass). NULL for anything else. */
DISPATCH_EXPORT dispatch_queue_global_t dispatch_get_global_queue(intptr_t identifier,
                                                                  uintptr_t flags);
/* The label is copied. */
DISPATCH_EXPORT dispatch_queue_t dispatch_queue_create(const char *label,
                                                       dispatch_queue_attr_t attr);
DISPATCH_EXPORT dispatch_queue_t dispatch_queue_create_with_target(const char *label,
                                                                   dispatch_queue_attr_t attr,
                                                                   dispatch_queue_t target);
/* "" when it has none. DISPATCH_CURRENT_QUEUE_LABEL: of the queue that the caller runs on. */
DISPATCH_EXPORT const char *dispatch_queue_get_label(dispatch_queue_t queue);
/* Always unspecified. */
DISPATCH_EXPORT dispatch_qos_class_t dispatch_queue_get_qos_class(dispatch_queue_t queue,
                                                                  int *relative_priority);

/* ---- work ---------------------------------------------------------------------------------- */

DISPATCH_EXPORT void dispatch_async_f(dispatch_queue_t queue, void *context,
                                      dispatch_function_t work);
/* On the calling thread as soon as the queue lets it; on the draining thread for the main queue. */
DISPATCH_EXPORT void dispatch_sync_f(dispatch_queue_t queue, void *context,
                                     dispatch_function_t work);
DISPATCH_EXPORT void dispatch_async_and_wait_f(dispatch_queue_t queue, void *context,
                                               dispatch_function_t work);
/* A barrier waits for all work before it, and all work after it waits for the barrier. On a global
 * queue it is ordinary work. */
DISPATCH_EXPORT void dispatch_barrier_async_f(dispatch_queue_t queue, void *context,
                                              dispatch_function_t work);
DISPATCH_EXPORT void dispatch_barrier_sync_f(dispatch_queue_t queue, void *context,
                                             dispatch_function_t work);
DISPATCH_EXPORT void dispatch_after_f(dispatch_time_t when, dispatch_queue_t queue, void *context,
                                      dispatch_function_t work);
/* The iterations run one after the other, where dispatch_sync() would run one (macOS promises no
 * more than that all are done on return). */
#define DISPATCH_APPLY_AUTO ((dispatch_queue_t)0)
DISPATCH_EXPORT void dispatch_apply_f(size_t iterations, dispatch_queue_t queue, void *context,
                                      void (*work)(void *context, size_t iteration));

#if defined(__BLOCKS__)
DISPATCH_EXPORT void dispatch_async(dispatch_queue_t queue, dispatch_block_t block);
DISPATCH_EXPORT void dispatch_sync(dispatch_queue_t queue, OS_NOESCAPE dispatch_block_t block);
DISPATCH_EXPORT void dispatch_async_and_wait(dispatch_queue_t queue,
                                             OS_NOESCAPE dispatch_block_t block);
DISPATCH_EXPORT void dispatch_barrier_async(dispatch_queue_t queue, dispatch_block_t block);
DISPATCH_EXPORT void dispatch_barrier_sync(dispatch_queue_t queue,
                                           OS_NOESCAPE dispatch_block_t block);
DISPATCH_EXPORT void dispatch_after(dispatch_time_t when, dispatch_queue_t queue,
                                    dispatch_block_t block);
DISPATCH_EXPORT void dispatch_apply(size_t iterations, dispatch_queue_t queue,
                                    OS_NOESCAPE void (^block)(size_t iteration));
#endif

/* ---- who runs where ------------------------------------------------------------------------ */

DISPATCH_EXPORT void dispatch_queue_set_specific(dispatch_queue_t queue, const void *key,
                                                 void *context, dispatch_function_t destructor);
DISPATCH_EXPORT void *dispatch_queue_get_specific(dispatch_queue_t queue, const void *key);
/* Of the queue that the caller runs on, else of its target, and so on. */
DISPATCH_EXPORT void *dispatch_get_specific(const void *key);

/* End the process when the caller does not (does) run on the queue. */
DISPATCH_EXPORT void dispatch_assert_queue(dispatch_queue_t queue);
DISPATCH_EXPORT void dispatch_assert_queue_not(dispatch_queue_t queue);

__END_DECLS

#endif
