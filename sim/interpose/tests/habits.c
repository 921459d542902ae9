#define _GNU_SOURCE
#include "habits.h"
#include <errno.h>
#include <halinterpose/ledger.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern __typeof__(halledger_note) halledger_note __attribute__((weak));

/* Behind a call in the last line of a function it keeps that from being a tail call, which leaves
 * no frame. */
void habits_none(void) {
    __asm__ volatile("");
}

void habits_allocate(unsigned blocks) {
    for (unsigned i = 0; i < blocks; i++) {
        void *volatile block = malloc(100 + i);
        free(block);
    }
}

void habits_duplicate(const char *text) {
    char *volatile copy = strdup(text);
    free(copy);
}

/* ---- locks ----------------------------------------------------------------------------------- */

void habits_lock(pthread_mutex_t *lock) {
    pthread_mutex_lock(lock);
    pthread_mutex_unlock(lock);
}

void habits_read_lock(pthread_rwlock_t *lock) {
    pthread_rwlock_rdlock(lock);
    pthread_rwlock_unlock(lock);
}

void habits_write_lock(pthread_rwlock_t *lock) {
    pthread_rwlock_wrlock(lock);
    pthread_rwlock_unlock(lock);
}

void habits_spin_lock(pthread_spinlock_t *lock) {
    pthread_spin_lock(lock);
    pthread_spin_unlock(lock);
}

void habits_semaphore(sem_t *semaphore) {
    while (sem_wait(semaphore) != 0) {
    }
    sem_post(semaphore);
}

int habits_condition(const struct timespec *until) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
    pthread_mutex_lock(&lock);
    int error = 0;
    while (error == 0) {
        error = pthread_cond_timedwait(&cond, &lock, until);
    }
    pthread_mutex_unlock(&lock);
    return error;
}

void habits_own_lock(void) {
    if (halledger_note != NULL) {
        halledger_note(HALLEDGER_LOCK);
    }
    habits_none();
}

/* ---- system calls ---------------------------------------------------------------------------- */

static inline __attribute__((always_inline)) long raw(long number, long a, long b, long c, long d) {
#ifdef __x86_64__
    long result;
    register long fourth __asm__("r10") = d;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth)
                     : "rcx", "r11", "memory");
    return result;
#else
    return syscall(number, a, b, c, d);
#endif
}

long habits_system_call(void) {
    long volatile result = syscall(SYS_getpid);
    return result;
}

long habits_raw_system_call(void) {
    long volatile result = raw(SYS_getpid, 0, 0, 0, 0);
    return result;
}

long habits_unknown_system_call(void) {
    long volatile result = raw(100000, 0, 0, 0, 0);
    return result;
}

ssize_t habits_write(int fd, const void *data, size_t size) {
    ssize_t volatile result = write(fd, data, size);
    return result;
}

ssize_t habits_read(int fd, void *data, size_t size) {
    long result = raw(SYS_read, fd, (long)data, (long)size, 0);
    if (result < 0 && result > -4096) {
        errno = (int)-result;
        result = -1;
    }
    return result;
}

#ifdef __x86_64__
/* Fills what the ABI keeps, calls, and compares: all registers but those of the call, and the 128
 * bytes below the stack. */
__attribute__((noinline)) bool habits_keep_registers(void) {
    long wrong;
    __asm__ volatile("movq $101, -128(%%rsp)\n\t"
                     "movq $102, -8(%%rsp)\n\t"
                     "movq $1, %%rbx\n\t"
                     "movq $2, %%r8\n\t"
                     "movq $3, %%r9\n\t"
                     "movq $4, %%r10\n\t"
                     "movq $5, %%r12\n\t"
                     "movq $6, %%r15\n\t"
                     "movq $7, %%rdx\n\t"
                     "movq %%rbx, %%xmm0\n\t"
                     "movq %%r15, %%xmm15\n\t"
                     "movq %%rsp, %%r14\n\t"
                     "movq %[number], %%rax\n\t"
                     "syscall\n\t"
                     "subq %%rsp, %%r14\n\t"
                     "subq $101, -128(%%rsp)\n\t"
                     "orq -128(%%rsp), %%r14\n\t"
                     "subq $102, -8(%%rsp)\n\t"
                     "orq -8(%%rsp), %%r14\n\t"
                     "subq $1, %%rbx\n\t"
                     "orq %%rbx, %%r14\n\t"
                     "subq $2, %%r8\n\t"
                     "orq %%r8, %%r14\n\t"
                     "subq $3, %%r9\n\t"
                     "orq %%r9, %%r14\n\t"
                     "subq $4, %%r10\n\t"
                     "orq %%r10, %%r14\n\t"
                     "subq $5, %%r12\n\t"
                     "orq %%r12, %%r14\n\t"
                     "subq $6, %%r15\n\t"
                     "orq %%r15, %%r14\n\t"
                     "subq $7, %%rdx\n\t"
                     "orq %%rdx, %%r14\n\t"
                     "movq %%xmm0, %%rbx\n\t"
                     "subq $1, %%rbx\n\t"
                     "orq %%rbx, %%r14\n\t"
                     "movq %%xmm15, %%rbx\n\t"
                     "subq $6, %%rbx\n\t"
                     "orq %%rbx, %%r14\n\t"
                     "movq %%r14, %[wrong]\n\t"
                     : [wrong] "=&S"(wrong)
                     : [number] "i"(SYS_getpid)
                     : "rax", "rbx", "rcx", "rdx", "rdi", "r8", "r9", "r10", "r11", "r12", "r14",
                       "r15", "xmm0", "xmm15", "cc", "memory");
    return wrong == 0;
}
#else
bool habits_keep_registers(void) {
    return true;
}
#endif

int habits_sleep(const struct timespec *length, struct timespec *left) {
    int volatile result = nanosleep(length, left);
    return result;
}

void habits_raise(int number) {
    raise(number);
}

int habits_block_signals(bool by_itself) {
    sigset_t all;
    sigfillset(&all);
    return by_itself ? (int)-raw(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, 0, 8)
                     : pthread_sigmask(SIG_SETMASK, &all, NULL);
}

/* ---- threads and children -------------------------------------------------------------------- */

static void *nothing(void *argument) {
    return argument;
}

void habits_thread(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, nothing, NULL);
    pthread_join(thread, NULL);
}

static int status_of(pid_t child) {
    int status;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status)
               ? WEXITSTATUS(status)
               : -1;
}

int habits_fork(void) {
    pid_t child = fork();
    if (child == 0) {
        _exit(habits_raw_system_call() == getpid() ? 7 : 1);
    }
    return status_of(child);
}

int habits_vfork(void) {
    char *const arguments[] = {"sh", "-c", "exit 7", NULL};
    pid_t child = vfork();
    if (child == 0) {
        execv("/bin/sh", arguments);
        _exit(1);
    }
    return status_of(child);
}

int habits_spawn(void) {
    char *const arguments[] = {"sh", "-c", "exit 7", NULL};
    pid_t child;
    return posix_spawn(&child, "/bin/sh", NULL, NULL, arguments, environ) == 0 ? status_of(child)
                                                                               : -1;
}

static int end_with_seven(void *unused) {
    (void)unused;
    return habits_raw_system_call() == getpid() ? 7 : 1;
}

int habits_clone(void) {
    static _Alignas(16) char stack[65536];
    return status_of(clone(end_with_seven, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL));
}

_Noreturn void habits_end(enum habits_end how, int status) {
    switch (how) {
    case HABITS_EXIT:
        exit(status);
    case HABITS_UNDERSCORE_EXIT:
        _exit(status);
    case HABITS_RAW_EXIT_GROUP:
        (void)raw(SYS_exit_group, status, 0, 0, 0);
        break;
    case HABITS_EXEC: {
        char text[40];
        (void)snprintf(text, sizeof text, "exit %d", status);
        execl("/bin/sh", "sh", "-c", text, (char *)NULL);
        break;
    }
    case HABITS_PTHREAD_EXIT:
        pthread_exit((void *)(intptr_t)status);
    case HABITS_RAW_EXIT:
        (void)raw(SYS_exit, status, 0, 0, 0);
        break;
    }
    abort();
}

void habits_crash(void) {
    habits_allocate(1);
    static volatile int *volatile nowhere;
    *nowhere = 1;
}

void habits_page_faults(unsigned pages) {
    static _Alignas(4096) char memory[4096 * 256];
    madvise(memory, sizeof memory, MADV_DONTNEED);
    for (unsigned i = 0; i < pages; i++) {
        ((volatile char *)memory)[4096 * i] = 1;
    }
}
