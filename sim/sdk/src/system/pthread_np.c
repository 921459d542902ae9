/* pthread_np.c - what macOS adds to pthreads. */
#define _GNU_SOURCE
#include "system/thread_id.h"
#include "system/utf8.h"
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    LINUX_NAME_SIZE = 16,  /* with the final zero */
    DARWIN_NAME_SIZE = 64, /* likewise */
};

int halsdk_pthread_setname_of(pthread_t thread, const char *name) {
    char cut[LINUX_NAME_SIZE];
    size_t length = strlen(name);

    if (length >= DARWIN_NAME_SIZE)
        return ENAMETOOLONG;
    if (length >= sizeof cut)
        length = halsdk_utf8_cut(name, sizeof cut - 1);
    memcpy(cut, name, length);
    cut[length] = '\0';
    return (pthread_setname_np)(thread, cut);
}

int halsdk_pthread_setname(const char *name) {
    return halsdk_pthread_setname_of(pthread_self(), name);
}

/* 0 when the thread is gone.
 * glibc has no call for another thread's ID. The ID of a thread's processor clock holds it: bits 3
 * and up, inverted, are the thread's (Linux's ABI for clock IDs). */
static uint32_t thread_id_of(pthread_t thread) {
    clockid_t clock;

    if (pthread_equal(thread, pthread_self()))
        return halsdk_thread_id();
    if (pthread_getcpuclockid(thread, &clock) != 0)
        return 0;
    return (uint32_t)(~(clock >> 3));
}

int halsdk_pthread_threadid(pthread_t thread, uint64_t *id) {
    uint32_t found;

    if (!id)
        return EINVAL;
    found = thread == (pthread_t)0 ? halsdk_thread_id() : thread_id_of(thread);
    if (found == 0)
        return ESRCH;
    *id = found;
    return 0;
}

mach_port_t pthread_mach_thread_np(pthread_t thread) {
    return thread == (pthread_t)0 ? MACH_PORT_NULL : thread_id_of(thread);
}

int pthread_main_np(void) {
    return halsdk_thread_id() == (uint32_t)getpid();
}
