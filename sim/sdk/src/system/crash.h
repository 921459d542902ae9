/* crash.h - how the runtime ends a process that cannot go on. */
#ifndef HALSDK_CRASH_H
#define HALSDK_CRASH_H

#include <stddef.h>

/* Logs the line as a fault, writes it to stderr too when a host's sink took it, and aborts. */
_Noreturn void halsdk_crash(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Zeroed memory; never NULL: where memory is out, neither libdispatch nor we have an error to
 * return. */
void *halsdk_allocate(size_t size) __attribute__((malloc, returns_nonnull));

#endif
