#define _GNU_SOURCE
#include "system/thread_id.h"

#include <pthread.h>
#include <unistd.h>

static _Thread_local uint32_t cached_id;

/* The only thread of a forked child is a new one with the old one's memory. */
static void forget_id(void) {
    cached_id = 0;
}

__attribute__((constructor)) static void watch_forks(void) {
    pthread_atfork(NULL, NULL, forget_id);
}

uint32_t halsdk_thread_id(void) {
    if (cached_id == 0)
        cached_id = (uint32_t)gettid();
    return cached_id;
}
