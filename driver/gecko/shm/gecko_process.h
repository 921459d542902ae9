/* gecko_process.h - whether the process that a header names is still the one that wrote it.
 *
 * A process id is given away again, so the header also says when its process began, in whatever
 * unit the system counts that: the number is only compared with another one of the same system.
 */
#ifndef GECKO_PROCESS_H
#define GECKO_PROCESS_H

#include <stdint.h>

enum gecko_life {
    GECKO_LIFE_OVER,   /* no such process, or another one has its id by now */
    GECKO_LIFE_LIKELY, /* the id is in use; by whom cannot be told */
    GECKO_LIFE_SURE,   /* the very same process */
};

/* When the process began; 0 when that cannot be learnt. */
uint64_t gecko_process_started(uint32_t pid);

/* `started` is what gecko_process_started() said to the process itself; 0: it did not know. A
 * process that has ended and that its parent has not waited for is over. */
enum gecko_life gecko_process_life(uint32_t pid, uint64_t started);

#endif
