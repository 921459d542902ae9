/* mach/mach.h - everything of Mach that this SDK has, except time (<mach/mach_time.h>). */
#ifndef MACH_MACH_H
#define MACH_MACH_H

#include <mach/clock_types.h>
#include <mach/kern_return.h>
#include <mach/mach_error.h>
#include <mach/mach_init.h>
#include <mach/mach_port.h>
#include <mach/mach_types.h>
#include <mach/semaphore.h>
#include <mach/task.h>
#include <mach/thread_act.h>
#include <mach/thread_policy.h>

#endif
