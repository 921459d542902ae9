/* habits.h - what a plug-in should not do in an IO operation. */
#ifndef HABITS_H
#define HABITS_H

#include <pthread.h>

void habits_none(void);
void habits_allocate(unsigned blocks);
void habits_lock(pthread_mutex_t *lock);
/* By the C library, and by an instruction of its own. Both return the caller's process id. */
long habits_system_call(void);
long habits_raw_system_call(void);
/* Starts and joins a thread. */
void habits_thread(void);
/* Touches fresh memory. */
void habits_page_faults(unsigned pages);

#endif
