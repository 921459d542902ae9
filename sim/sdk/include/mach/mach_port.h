/* mach/mach_port.h - references to names. Names are not counted here (see mach/mach_init.h): the
 * calls succeed for any and do nothing. */
#ifndef MACH_MACH_PORT_H
#define MACH_MACH_PORT_H

#include <mach/mach_types.h>
#include <os/base.h>

__BEGIN_DECLS

typedef natural_t mach_port_right_t;
typedef integer_t mach_port_delta_t;

#define MACH_PORT_RIGHT_SEND      ((mach_port_right_t)0)
#define MACH_PORT_RIGHT_RECEIVE   ((mach_port_right_t)1)
#define MACH_PORT_RIGHT_SEND_ONCE ((mach_port_right_t)2)
#define MACH_PORT_RIGHT_PORT_SET  ((mach_port_right_t)3)
#define MACH_PORT_RIGHT_DEAD_NAME ((mach_port_right_t)4)

OS_EXPORT kern_return_t mach_port_deallocate(task_t task, mach_port_name_t name);
OS_EXPORT kern_return_t mach_port_mod_refs(task_t task, mach_port_name_t name,
                                           mach_port_right_t right, mach_port_delta_t delta);

__END_DECLS

#endif
