/* heap_damage.h - whether a crash is the allocator's, which has found its memory spoilt.
 *
 * Whoever writes beside a buffer of the heap is long gone when that is found, mostly by a malloc()
 * or a free() of somebody else. In a process that drivers live in, that is the simulator.
 */
#ifndef DAEMON_HEAP_DAMAGE_H
#define DAEMON_HEAP_DAMAGE_H

#include <stddef.h>

/* Before the first crash; looks symbols up, which is not for a signal handler. */
void heap_damage_install(void);

/* With the stack of the thread that crashed: what the allocator said ("free(): invalid pointer"),
 * or that it crashed, as a static string; NULL: it was not the allocator. Known for glibc only.
 * Safe in a signal handler. */
const char *heap_damage_words(void *const *frames, int count);

/* Whether the code of a driver is loaded. When it is that of one bundle, `path` is the bundle's,
 * else empty. Safe in a signal handler, as dladdr() is. */
int heap_damage_has_driver(char *path, size_t size);

#endif
