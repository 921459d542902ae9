/* mach/task.h - calls on tasks. Here only what creates and destroys semaphores. */
#ifndef MACH_TASK_H
#define MACH_TASK_H

#include <mach/mach_init.h>
#include <mach/semaphore.h>

#endif
