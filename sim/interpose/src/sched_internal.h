/* sched_internal.h - what the files of the scheduler share. */
#ifndef HALSCHED_INTERNAL_H
#define HALSCHED_INTERNAL_H

#include "halinterpose/sched.h"
#include <stdatomic.h>
#include <time.h>

#define FOREVER UINT64_MAX

enum thread_state {
    THREAD_READY,
    THREAD_RUNNING,
    THREAD_WAITING,
    THREAD_OUTSIDE, /* in a real call; takes part again when that returns */
    THREAD_ENDED,
};

enum wake_reason {
    WAKE_CALLED,
    WAKE_DEADLINE,
    WAKE_CANCELLED,
    WAKE_SIGNAL, /* pthread_kill(): its handler has run */
};

struct sched_thread {
    struct sched_thread *next; /* all, in order of creation */
    uint32_t number;
    char name[16];
    pthread_t handle;
    void *(*start)(void *);
    void *argument;
    void *value; /* once ended */
    bool detached;
    int end_rounds;
    enum thread_state state;
    uint64_t since;       /* orders the ready ones and those with equal deadlines */
    uint64_t since_ns;    /* when it began to wait */
    atomic_int kernel_id; /* 0 until it has begun */
    int seat;             /* the processor that it is bound to; -1: none */
    bool spins;           /* it is to wait in a loop for the turn that it is about to give */
    bool overslept;       /* and did, but its turn did not come before it went to sleep */
    uint64_t deadline_ns;
    const char *operation;
    const void *object;
    enum wake_reason reason;
    bool cancel_asked;
    bool cancel_disabled;
    bool cancellable;     /* it waits in a function that may be cancelled */
    uint64_t signals;     /* sent to it, not yet delivered: bit 0 is signal 1 */
    uint32_t clock_reads; /* in a row, at one moment */
    void *stack[24];
    int depth;
    atomic_bool wrote_stack;
    /* A futex, see sched_world.h. The thread looks at it in a loop: nothing else may lie near. */
    _Alignas(128) _Atomic uint32_t turn;
};

/* Whether virtual time is on; what every interposed call asks first. */
extern atomic_bool sched_is_on;
/* The managed thread that is calling; NULL for all others. NULL, too, while it has not got the
 * turn: what the handler of a signal does then is nobody's turn. */
extern _Thread_local struct sched_thread *sched_self __attribute__((tls_model("initial-exec")));

static inline struct sched_thread *sched_managed(void) {
    return __builtin_expect(atomic_load_explicit(&sched_is_on, memory_order_relaxed), 0)
               ? sched_self
               : NULL;
}

/* One lock for all state. Held for moments; nothing of a driver's is called with it. */
void sched_lock(void);
void sched_unlock(void);

/* A call at which the caller may be interrupted. Managed threads only, as all below. */
void sched_point(const char *operation);

/* With the lock, which is given up: the caller waits for `object` until sched_wake(), the deadline,
 * or a signal. In a function that is a cancellation point. */
enum wake_reason sched_wait_locked(const void *object, const char *operation, uint64_t deadline_ns);
/* In one that is none: never WAKE_CANCELLED. */
enum wake_reason sched_hold_locked(const void *object, const char *operation, uint64_t deadline_ns);
/* With the lock held, from any thread: makes at most `most` of those that wait for `object` ready.
 * Returns how many. */
uint32_t sched_wake_locked(const void *object, uint32_t most);
/* The same without the lock; who has the turn needs none when nobody waits. From any thread. */
uint32_t sched_wake(const void *object, uint32_t most);
/* Whether that thread, by the kernel's ID, is one of ours. With the lock. */
bool sched_is_managed_locked(int kernel_id);
/* Whether any managed thread waits for `object`. With the lock, or by the running thread. */
bool sched_is_awaited(const void *object);

/* Around a real call that may take long: others run meanwhile. */
void sched_go_outside(const char *operation);
void sched_come_back(void);

uint64_t sched_now(void);
uint64_t sched_epoch_ns(void);
/* With the lock, which is given up: all others that are ready go first. */
void sched_yield_locked(void);
/* The time as a driver's call asks for it: a loop that asks until it passes is made to sleep. */
uint64_t sched_ask_time(void);

/* A new thread's first and last moments. */
struct sched_thread *sched_thread_add(void *(*start)(void *), void *argument, bool detached);
void sched_thread_forget(struct sched_thread *thread); /* it could not be started */
void sched_thread_begin(struct sched_thread *thread);  /* on itself */
void sched_thread_end(struct sched_thread *thread);    /* on itself: it never comes back */
struct sched_thread *sched_thread_find(pthread_t handle);
void sched_cancel_wait(struct sched_thread *thread);
/* Delivered when it gets the turn, which it is given a chance of. False: it is outside, and the
 * kernel must deliver. */
bool sched_send_signal(struct sched_thread *thread, int number);
/* The caller's, once it has the turn. */
void sched_take_signals(struct sched_thread *self);

/* The time point of an absolute timespec on `clock`, in virtual nanoseconds. */
uint64_t sched_ns_of(const struct timespec *time, clockid_t clock);

_Noreturn void sched_give_up(enum halsched_problem problem);

/* The C library's own, found once. */
struct sched_real {
    int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    int (*join)(pthread_t, void **);
    int (*detach)(pthread_t);
    int (*cancel)(pthread_t);
    int (*kill)(pthread_t, int);
    int (*once)(pthread_once_t *, void (*)(void));
    int (*yield)(void);
    int (*mutex_lock)(pthread_mutex_t *);
    int (*mutex_trylock)(pthread_mutex_t *);
    int (*mutex_timedlock)(pthread_mutex_t *, const struct timespec *);
    int (*mutex_clocklock)(pthread_mutex_t *, clockid_t, const struct timespec *);
    int (*mutex_unlock)(pthread_mutex_t *);
    int (*cond_init)(pthread_cond_t *, const pthread_condattr_t *);
    int (*cond_destroy)(pthread_cond_t *);
    int (*cond_wait)(pthread_cond_t *, pthread_mutex_t *);
    int (*cond_timedwait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
    int (*cond_clockwait)(pthread_cond_t *, pthread_mutex_t *, clockid_t, const struct timespec *);
    int (*cond_signal)(pthread_cond_t *);
    int (*cond_broadcast)(pthread_cond_t *);
    int (*rwlock_rdlock)(pthread_rwlock_t *);
    int (*rwlock_tryrdlock)(pthread_rwlock_t *);
    int (*rwlock_wrlock)(pthread_rwlock_t *);
    int (*rwlock_trywrlock)(pthread_rwlock_t *);
    int (*rwlock_unlock)(pthread_rwlock_t *);
    int (*sem_wait)(void *);
    int (*sem_trywait)(void *);
    int (*sem_timedwait)(void *, const struct timespec *);
    int (*sem_post)(void *);
    int (*nanosleep)(const struct timespec *, struct timespec *);
    int (*clock_nanosleep)(clockid_t, int, const struct timespec *, struct timespec *);
    int (*usleep)(unsigned);
    unsigned (*sleep)(unsigned);
    int (*clock_gettime)(clockid_t, struct timespec *);
    int (*gettimeofday)(void *, void *);
    long (*time)(long *);
    int (*poll)(void *, unsigned long, int);
    int (*select)(int, void *, void *, void *, void *);
    long (*read)(int, void *, size_t);
    long (*recv)(int, void *, size_t, int);
    long (*recvfrom)(int, void *, size_t, int, void *, void *);
    long (*recvmsg)(int, void *, int);
    int (*accept)(int, void *, void *);
    int (*accept4)(int, void *, void *, int);
    long (*syscall)(long, ...);
};
extern struct sched_real sched_real_table;
void sched_real_find(void);
/* One that is not in the table; aborts when there is none. */
void *sched_real_symbol(const char *name);

static inline const struct sched_real *sched_real(void) {
    if (__builtin_expect(sched_real_table.syscall == NULL, 0)) {
        sched_real_find(); /* a constructor of a library came before ours */
    }
    return &sched_real_table;
}

#endif
