/* mach/thread_act.h - calls on threads. */
#ifndef MACH_THREAD_ACT_H
#define MACH_THREAD_ACT_H

#include <mach/thread_policy.h>

#endif
