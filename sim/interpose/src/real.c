/* real.c - the C library's own functions, behind those that this library puts in front of them. */
#define _GNU_SOURCE
#include "sched_internal.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

struct sched_real sched_real_table;

/* Some functions exist in two versions on x86-64, and dlsym() may answer with the old one, whose
 * condition variables are not those of today. */
static void *find(const char *name, const char *version) {
    void *found = version == NULL ? NULL : dlvsym(RTLD_NEXT, name, version);
    if (found == NULL) {
        found = dlsym(RTLD_NEXT, name);
    }
    if (found == NULL) {
        (void)fprintf(stderr, "halsched: the C library has no %s()\n", name);
        abort();
    }
    return found;
}

void *sched_real_symbol(const char *name) {
    return find(name, NULL);
}

#ifdef __x86_64__
#define COND_VERSION "GLIBC_2.3.2"
#else
#define COND_VERSION NULL
#endif

__attribute__((constructor(101))) void sched_real_find(void) {
    struct sched_real table;
#define FIND_AS(field, name, version) *(void **)&table.field = find(name, version)
#define FIND(field, name)             FIND_AS(field, name, NULL)
    FIND(create, "pthread_create");
    FIND(join, "pthread_join");
    FIND(detach, "pthread_detach");
    FIND(cancel, "pthread_cancel");
    FIND(kill, "pthread_kill");
    FIND(once, "pthread_once");
    FIND(yield, "sched_yield");
    FIND(mutex_lock, "pthread_mutex_lock");
    FIND(mutex_trylock, "pthread_mutex_trylock");
    FIND(mutex_timedlock, "pthread_mutex_timedlock");
    FIND(mutex_clocklock, "pthread_mutex_clocklock");
    FIND(mutex_unlock, "pthread_mutex_unlock");
    FIND_AS(cond_init, "pthread_cond_init", COND_VERSION);
    FIND_AS(cond_destroy, "pthread_cond_destroy", COND_VERSION);
    FIND_AS(cond_wait, "pthread_cond_wait", COND_VERSION);
    FIND_AS(cond_timedwait, "pthread_cond_timedwait", COND_VERSION);
    FIND(cond_clockwait, "pthread_cond_clockwait");
    FIND_AS(cond_signal, "pthread_cond_signal", COND_VERSION);
    FIND_AS(cond_broadcast, "pthread_cond_broadcast", COND_VERSION);
    FIND(rwlock_rdlock, "pthread_rwlock_rdlock");
    FIND(rwlock_tryrdlock, "pthread_rwlock_tryrdlock");
    FIND(rwlock_wrlock, "pthread_rwlock_wrlock");
    FIND(rwlock_trywrlock, "pthread_rwlock_trywrlock");
    FIND(rwlock_unlock, "pthread_rwlock_unlock");
    FIND(sem_wait, "sem_wait");
    FIND(sem_trywait, "sem_trywait");
    FIND(sem_timedwait, "sem_timedwait");
    FIND(sem_post, "sem_post");
    FIND(nanosleep, "nanosleep");
    FIND(clock_nanosleep, "clock_nanosleep");
    FIND(usleep, "usleep");
    FIND(sleep, "sleep");
    FIND(clock_gettime, "clock_gettime");
    FIND(gettimeofday, "gettimeofday");
    FIND(time, "time");
    FIND(poll, "poll");
    FIND(select, "select");
    FIND(read, "read");
    FIND(recv, "recv");
    FIND(recvfrom, "recvfrom");
    FIND(recvmsg, "recvmsg");
    FIND(accept, "accept");
    FIND(accept4, "accept4");
    FIND(syscall, "syscall");
#undef FIND
#undef FIND_AS
    sched_real_table = table;
}
