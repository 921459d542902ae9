/* mach/mach_types.h - names of kernel objects: 32-bit port names, as on a Mac. */
#ifndef MACH_MACH_TYPES_H
#define MACH_MACH_TYPES_H

#include <mach/kern_return.h>
#include <stdint.h>

typedef int boolean_t;
typedef int integer_t;
typedef unsigned int natural_t;
typedef natural_t mach_port_name_t;
typedef natural_t mach_port_t;
typedef natural_t mach_msg_type_number_t;
typedef int policy_t;

typedef mach_port_t task_t;
typedef mach_port_t thread_t;
typedef mach_port_t thread_act_t;
typedef mach_port_t thread_inspect_t;
typedef mach_port_t semaphore_t;
typedef mach_port_t host_t;
typedef mach_port_t clock_serv_t;

#define MACH_PORT_NULL         0
#define MACH_PORT_DEAD         ((mach_port_name_t)~0)
#define MACH_PORT_VALID(name_) ((name_) != MACH_PORT_NULL && (name_) != MACH_PORT_DEAD)
#define TASK_NULL              ((task_t)0)
#define THREAD_NULL            ((thread_t)0)
#define SEMAPHORE_NULL         ((semaphore_t)0)

#if !defined(TRUE)
#define TRUE 1
#endif
#if !defined(FALSE)
#define FALSE 0
#endif

#endif
