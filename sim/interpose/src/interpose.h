/* interpose.h - what the files of interposed functions share. */
#ifndef HALSCHED_INTERPOSE_H
#define HALSCHED_INTERPOSE_H

#define EXPORTED __attribute__((visibility("default")))

#include "halinterpose/ledger.h"
#include "sched_internal.h"
#include <errno.h>

/* What a wait of the C library returns for a reason to wake. A cancelled thread does not return;
 * one that was woken by a signal gets EINTR. */
int sched_error_of(enum wake_reason reason);

/* real_name(): the C library's own, found before main(), or by a constructor that comes earlier. */
#define REAL(name)                                                                                 \
    static __typeof__(name) *found_##name;                                                         \
    __attribute__((constructor(101))) static void find_##name(void) {                              \
        *(void **)&found_##name = sched_real_symbol(#name);                                        \
    }                                                                                              \
    static inline __typeof__(name) *real_##name(void) {                                            \
        if (__builtin_expect(found_##name == NULL, 0)) {                                           \
            find_##name();                                                                         \
        }                                                                                          \
        return found_##name;                                                                       \
    }

/* A thread that is cancelled meanwhile ends as part of the simulation. */
static inline void sched_come_back_when_cancelled(void *unused) {
    (void)unused;
    sched_come_back();
}

/* Evaluates a real call that may take long; others run meanwhile. errno is the call's. */
#define OUTSIDE(result, operation, call)                                                           \
    do {                                                                                           \
        int error_;                                                                                \
        sched_go_outside(operation);                                                               \
        pthread_cleanup_push(sched_come_back_when_cancelled, NULL);                                \
        (result) = (call);                                                                         \
        error_ = errno;                                                                            \
        pthread_cleanup_pop(1);                                                                    \
        errno = error_;                                                                            \
    } while (0)

/* Looks at once, then at each virtual millisecond until the deadline, and whenever a timer of
 * timerfd_create() is due. `look` returns 0 when nothing has come. EINTR: a signal has. */
int sched_look_until(int (*look)(void *), void *context, uint64_t deadline_ns,
                     const char *operation);

/* Whoever looks, looks now: the caller has written something. */
void sched_wake_lookers(void);

/* Where the C library would wait for ever, a timer may be due in virtual time. */
bool sched_timerfd_any(void);
bool sched_timerfd_is(int fd);
/* Makes what is due readable. Returns the moment when the next one is due. */
uint64_t sched_timerfd_update(void);

/* One line on stderr, once for each. */
void sched_say_unsupported(const char *what, atomic_flag *said);

/* Nanoseconds from a relative timespec; FOREVER for NULL. */
static inline uint64_t sched_length_of(const struct timespec *length) {
    return length == NULL
               ? FOREVER
               : (uint64_t)length->tv_sec * UINT64_C(1000000000) + (uint64_t)length->tv_nsec;
}

/* Now and a length, which may be FOREVER. */
static inline uint64_t sched_after(uint64_t length_ns) {
    uint64_t now = sched_now();
    return length_ns > FOREVER - now ? FOREVER : now + length_ns;
}

#endif
