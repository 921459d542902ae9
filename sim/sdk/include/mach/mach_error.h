/* mach/mach_error.h - error numbers as text. */
#ifndef MACH_MACH_ERROR_H
#define MACH_MACH_ERROR_H

#include <mach/error.h>
#include <os/base.h>

__BEGIN_DECLS

/* A constant string; "unknown error code" for a number that has no name here (only the kernel's own
 * and none of the other systems' have). */
OS_EXPORT char *mach_error_string(mach_error_t error);
/* "os/kern", or "unknown" for a system that is not known here. */
OS_EXPORT char *mach_error_type(mach_error_t error);
/* Writes "<text>: <name of the error> (<number>)" to stderr. */
OS_EXPORT void mach_error(const char *text, mach_error_t error);

__END_DECLS

#endif
