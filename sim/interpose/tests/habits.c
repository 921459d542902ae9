#define _GNU_SOURCE
#include "habits.h"
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

void habits_none(void) {
}

void habits_allocate(unsigned blocks) {
    for (unsigned i = 0; i < blocks; i++) {
        void *volatile block = malloc(100 + i);
        free(block);
    }
}

void habits_lock(pthread_mutex_t *lock) {
    pthread_mutex_lock(lock);
    pthread_mutex_unlock(lock);
}

long habits_system_call(void) {
    return syscall(SYS_getpid);
}

long habits_raw_system_call(void) {
    long result;
#ifdef __x86_64__
    __asm__ volatile("syscall" : "=a"(result) : "a"(SYS_getpid) : "rcx", "r11", "memory");
#else
    result = syscall(SYS_getpid);
#endif
    return result;
}

static void *nothing(void *argument) {
    return argument;
}

void habits_thread(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, nothing, NULL);
    pthread_join(thread, NULL);
}

void habits_page_faults(unsigned pages) {
    static char memory[4096 * 256];
    madvise(memory, sizeof memory, MADV_DONTNEED);
    for (unsigned i = 0; i < pages; i++) {
        ((volatile char *)memory)[4096 * i] = 1;
    }
}
