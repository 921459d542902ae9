/* thread_id.h - the kernel's ID of the calling thread, without a system call each time. */
#ifndef HALSDK_THREAD_ID_H
#define HALSDK_THREAD_ID_H

#include <stdint.h>

/* Never 0, below 2^30. */
uint32_t halsdk_thread_id(void);

#endif
