/* habits.h - what a plug-in should not do in an IO operation. */
#ifndef HABITS_H
#define HABITS_H

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

void habits_none(void);
void habits_allocate(unsigned blocks);
/* Allocates deep in the C library. */
void habits_duplicate(const char *text);

/* Each takes and gives back. */
void habits_lock(pthread_mutex_t *lock);
void habits_read_lock(pthread_rwlock_t *lock);
void habits_write_lock(pthread_rwlock_t *lock);
void habits_spin_lock(pthread_spinlock_t *lock);
void habits_semaphore(sem_t *semaphore);
/* Waits until the deadline; nobody signals. Returns the error. */
int habits_condition(const struct timespec *until);
/* A lock of its own make, which tells the ledger. */
void habits_own_lock(void);

/* By the C library, and by an instruction of its own. Both return the caller's process id. */
long habits_system_call(void);
long habits_raw_system_call(void);
long habits_unknown_system_call(void); /* returns the error, negative */
ssize_t habits_write(int fd, const void *data, size_t size);
ssize_t habits_read(int fd, void *data, size_t size); /* by an instruction of its own */
int habits_sleep(const struct timespec *length, struct timespec *left);
/* What the caller keeps in registers and below its stack is there behind a system call. x86-64;
 * true elsewhere. */
bool habits_keep_registers(void);
/* Raises `signal` for this thread. */
void habits_raise(int signal);
/* Blocks every signal: by the C library, or by a system call of its own. Returns its error. */
int habits_block_signals(bool raw);

/* Starts and joins a thread. */
void habits_thread(void);
/* Children: the exit status of one that makes a system call and ends with 7, or of `sh -c "exit
 * 7"`. */
int habits_fork(void);
int habits_vfork(void);
int habits_spawn(void);
int habits_clone(void); /* in the same memory, on a stack of its own */

enum habits_end {
    HABITS_EXIT,
    HABITS_UNDERSCORE_EXIT,
    HABITS_RAW_EXIT_GROUP,
    HABITS_EXEC, /* of a shell that exits */
    HABITS_PTHREAD_EXIT,
    HABITS_RAW_EXIT, /* of the thread */
};
_Noreturn void habits_end(enum habits_end how, int status);
void habits_crash(void);

/* Touches fresh memory. */
void habits_page_faults(unsigned pages);

#endif
