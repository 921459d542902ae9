/* pthread.h - the system's header, and what macOS adds to it.
 *
 *   pthread_setname_np(name)        names the calling thread; Linux's form with two arguments stays
 *   pthread_threadid_np(thread, id) NULL is the calling thread; the ID is Linux's
 *   pthread_mach_thread_np(thread)  the thread's "port": its Linux thread ID
 *   pthread_main_np()               1 on the process's first thread
 *
 * Linux keeps 15 bytes of a name: a longer one is cut at a character. macOS refuses 64 and more
 * bytes with ENAMETOOLONG; so do we.
 */
#ifndef HALSDK_PTHREAD_H
#define HALSDK_PTHREAD_H

#include_next <pthread.h>

#include <mach/mach_types.h>
#include <os/base.h>
#include <stdint.h>

__BEGIN_DECLS

OS_EXPORT int halsdk_pthread_setname(const char *name);
OS_EXPORT int halsdk_pthread_setname_of(pthread_t thread, const char *name);
OS_EXPORT int halsdk_pthread_threadid(pthread_t thread, uint64_t *id);
OS_EXPORT mach_port_t pthread_mach_thread_np(pthread_t thread);
OS_EXPORT int pthread_main_np(void);

__END_DECLS

/* The cast takes a pthread_t, NULL and nullptr alike: macOS has a pointer there, Linux a number. */
#define pthread_threadid_np(thread_, id_) halsdk_pthread_threadid((pthread_t)(thread_), (id_))

#if defined(__cplusplus)
extern "C++" {
static inline __attribute__((__unused__)) int pthread_setname_np(const char *name) {
    return halsdk_pthread_setname(name);
}
}
#else
#define HALSDK_SETNAME_PICK_(one_, two_, function_, ...) function_
#define pthread_setname_np(...)                                                                    \
    HALSDK_SETNAME_PICK_(__VA_ARGS__, halsdk_pthread_setname_of, halsdk_pthread_setname, )         \
    (__VA_ARGS__)
#endif

#endif
