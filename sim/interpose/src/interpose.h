/* interpose.h - what the files of interposed functions share. */
#ifndef HALSCHED_INTERPOSE_H
#define HALSCHED_INTERPOSE_H

#define EXPORTED __attribute__((visibility("default")))

#include "sched_internal.h"

/* What a wait of the C library returns for a reason to wake. A cancelled thread does not return. */
int sched_error_of(enum wake_reason reason);

#endif
