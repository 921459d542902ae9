/* mach/mach_init.h - the names of this task and this thread.
 *
 * There are no ports here. A thread's name is its Linux thread ID, the task's is the process ID:
 * never 0, and of use only to hand back to the calls of this SDK. The main thread and the task have
 * the same name, which on a Mac they never have.
 */
#ifndef MACH_MACH_INIT_H
#define MACH_MACH_INIT_H

#include <mach/mach_types.h>
#include <os/base.h>

__BEGIN_DECLS

OS_EXPORT mach_port_t mach_task_self(void);
OS_EXPORT thread_t mach_thread_self(void);
OS_EXPORT host_t mach_host_self(void);

__END_DECLS

#endif
