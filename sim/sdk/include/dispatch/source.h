/* dispatch/source.h - event sources: timers only.
 *
 * The other types are named so that sources compile; creating one returns NULL, as on a system that
 * does not support it, and logs an error.
 */
#ifndef DISPATCH_SOURCE_H
#define DISPATCH_SOURCE_H

#include <dispatch/queue.h>

__BEGIN_DECLS

typedef const struct dispatch_source_type_s *dispatch_source_type_t;

#define HALSDK_SOURCE_TYPE_(name_) DISPATCH_EXPORT const struct dispatch_source_type_s name_
HALSDK_SOURCE_TYPE_(_dispatch_source_type_timer);
HALSDK_SOURCE_TYPE_(_dispatch_source_type_data_add);
HALSDK_SOURCE_TYPE_(_dispatch_source_type_data_or);
HALSDK_SOURCE_TYPE_(_dispatch_source_type_mach_send);
HALSDK_SOURCE_TYPE_(_dispatch_source_type_mach_recv);
HALSDK_SOURCE_TYPE_(_dispatch_source_type_memorypressure);
HALSDK_SOURCE_TYPE_(_dispatch_source_type_proc);
HALSDK_SOURCE_TYPE_(_dispatch_source_type_read);
HALSDK_SOURCE_TYPE_(_dispatch_source_type_signal);
HALSDK_SOURCE_TYPE_(_dispatch_source_type_vnode);
HALSDK_SOURCE_TYPE_(_dispatch_source_type_write);
#undef HALSDK_SOURCE_TYPE_

#define DISPATCH_SOURCE_TYPE_TIMER          (&_dispatch_source_type_timer)
#define DISPATCH_SOURCE_TYPE_DATA_ADD       (&_dispatch_source_type_data_add)
#define DISPATCH_SOURCE_TYPE_DATA_OR        (&_dispatch_source_type_data_or)
#define DISPATCH_SOURCE_TYPE_MACH_SEND      (&_dispatch_source_type_mach_send)
#define DISPATCH_SOURCE_TYPE_MACH_RECV      (&_dispatch_source_type_mach_recv)
#define DISPATCH_SOURCE_TYPE_MEMORYPRESSURE (&_dispatch_source_type_memorypressure)
#define DISPATCH_SOURCE_TYPE_PROC           (&_dispatch_source_type_proc)
#define DISPATCH_SOURCE_TYPE_READ           (&_dispatch_source_type_read)
#define DISPATCH_SOURCE_TYPE_SIGNAL         (&_dispatch_source_type_signal)
#define DISPATCH_SOURCE_TYPE_VNODE          (&_dispatch_source_type_vnode)
#define DISPATCH_SOURCE_TYPE_WRITE          (&_dispatch_source_type_write)

#define DISPATCH_TIMER_STRICT               0x1
#define DISPATCH_MACH_SEND_DEAD             0x1

/* Inactive at first: dispatch_resume() or dispatch_activate() starts it. `queue` NULL: the default
 * global queue. */
DISPATCH_EXPORT dispatch_source_t dispatch_source_create(dispatch_source_type_t type,
                                                         uintptr_t handle, uintptr_t mask,
                                                         dispatch_queue_t queue);

/* `start` is a time; `interval` and `leeway` are nanoseconds. An interval of DISPATCH_TIME_FOREVER
 * fires once, an interval of 0 is 1 ns as on a Mac. Leeway is not used: a timer here is as exact as
 * the machine allows. Events that the handler was too slow for are counted, not repeated. */
DISPATCH_EXPORT void dispatch_source_set_timer(dispatch_source_t source, dispatch_time_t start,
                                               uint64_t interval, uint64_t leeway);

/* Handlers of the _f forms are called with the context of the source (dispatch_set_context). */
DISPATCH_EXPORT void dispatch_source_set_event_handler_f(dispatch_source_t source,
                                                         dispatch_function_t handler);
DISPATCH_EXPORT void dispatch_source_set_cancel_handler_f(dispatch_source_t source,
                                                          dispatch_function_t handler);
#if defined(__BLOCKS__)
DISPATCH_EXPORT void dispatch_source_set_event_handler(dispatch_source_t source,
                                                       dispatch_block_t handler);
DISPATCH_EXPORT void dispatch_source_set_cancel_handler(dispatch_source_t source,
                                                        dispatch_block_t handler);
#endif

/* No event handler starts after this; then, and not while the source is suspended, the cancel
 * handler runs once. */
DISPATCH_EXPORT void dispatch_source_cancel(dispatch_source_t source);
DISPATCH_EXPORT intptr_t dispatch_source_testcancel(dispatch_source_t source);

/* In the event handler of a timer: how often it fired since the handler last ran. */
DISPATCH_EXPORT uintptr_t dispatch_source_get_data(dispatch_source_t source);
DISPATCH_EXPORT uintptr_t dispatch_source_get_handle(dispatch_source_t source);
DISPATCH_EXPORT uintptr_t dispatch_source_get_mask(dispatch_source_t source);

__END_DECLS

#endif
