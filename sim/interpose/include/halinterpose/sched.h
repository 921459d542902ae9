/* sched.h - a scheduler that owns threads and time.
 *
 * While it is active, the threads that it manages run one at a time, and time stands still until
 * all of them wait; then it jumps to the earliest deadline. Which of several ready threads goes on
 * is decided by a seed. So a program with threads, locks, sleeps and timeouts does the same at each
 * run with the same seed, and a day passes in seconds.
 *
 * It works by interposition: the executable that links this library exports pthread_create(),
 * pthread_mutex_lock(), nanosleep(), clock_gettime() and so on, and a plug-in that it loads finds
 * these before those of the C library. Calls of threads that are not managed go to the C library.
 * Before halsched_start() and after halsched_stop() all calls do.
 *
 * Managed are the thread that called halsched_start() between halsched_enter() and
 * halsched_leave(), called the host's thread, and every thread that a managed thread creates.
 *
 * What is switched at: every call that may wait, wake, sleep, create or ask for the time. Code
 * between two such calls is not interrupted. Waiting for something real, such as a socket, a child
 * or a locked file, is a named event; it is as reproducible as the peer is. With a timeout, the
 * thread looks again at each virtual millisecond, after a second at each tenth one, and whenever a
 * managed thread writes something; so it looks at timers of timerfd_create(), which are virtual. A
 * read or accept() that was asked not to wait and finds nothing takes no time, as a lock that is
 * only tried: a thread that does nothing else for ever is HALSCHED_LIVELOCK.
 *
 * Signals: pthread_kill() by a managed thread is delivered when the other has the turn. What is
 * sent otherwise comes when the kernel sends it: a handler that runs on a thread that waits is not
 * part of the simulation (real time, no turn). One that comes in the middle of a call and itself
 * locks or posts may find the scheduler's own lock held, and wait for ever.
 *
 * Reported once on stderr, and then in real time: alarm(), setitimer(), timer_create().
 *
 * Not seen, so that the thread keeps the turn, which HALSCHED_SPIN reports when it takes long:
 *   - waits within the C library: of stdio for a pipe or a terminal (fgets(), printf()), of
 *     gethostbyname(), of getpwnam() and the like; getaddrinfo() is known
 *   - System V and POSIX message queues, System V semaphores, aio_suspend(), io_uring,
 *     epoll_pwait2(), recvmmsg(), sendmmsg(), splice() and sendfile(), preadv() of what may wait
 *   - mutexes, read-write locks, conditions and barriers that another process holds or comes to
 *     (PTHREAD_PROCESS_SHARED); semaphores of several processes are known. Barriers that managed
 *     and other threads meet at
 *   - loops on memory, and system calls by instructions of the driver's own
 *   - a thread with PTHREAD_CANCEL_ASYNCHRONOUS may be cancelled with the scheduler's lock held
 * Not reproducible: what the kernel draws (getrandom(), arc4random(), /dev/urandom, addresses,
 * AT_RANDOM), process numbers, clocks of processor time, clock() and times().
 * Not virtual: CLOCK_*_CPUTIME_ID, times of files, timeouts of sockets (SO_RCVTIMEO).
 *
 * Managed threads share one processor, or two when two threads hand the turn to each other and
 * that is quicker; which ones changes by itself when others take too much of them (sched_seat.c).
 * sched_getaffinity() says so, and sched_setaffinity() is undone by the next switch. Children and
 * threads that are not managed are free of that, but for those of vfork() and clone().
 *
 * Linux with glibc only. State is the process's: there is one set of symbols to interpose.
 */
#ifndef HALSCHED_H
#define HALSCHED_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum halsched_problem {
    /* Every thread waits, and nothing is due. */
    HALSCHED_DEADLOCK,
    /* Threads run, but time does not go on: they keep each other ready. */
    HALSCHED_LIVELOCK,
    /* A thread has not called anything for long (real time): it spins. */
    HALSCHED_SPIN,
    /* The host's thread has been in one call for long (virtual time). */
    HALSCHED_STARVED,
};

/* One thread as a report shows it. */
struct halsched_thread_info {
    uint32_t number; /* 0 is the host's thread; then in order of creation */
    char name[16];
    const char *state;     /* "ready", "running", "waiting", "outside", "ended" */
    const char *operation; /* what it waits in: "pthread_mutex_lock"; NULL when it does not */
    const void *object;    /* what it waits for: a lock, a condition; NULL for a mere sleep */
    uint32_t holder;       /* number of the thread that holds the lock; UINT32_MAX: unknown */
    uint64_t deadline_ns;  /* UINT64_MAX: none */
    const void *start;     /* the function that it began with; NULL for the host's thread */
    void *stack[24];       /* return addresses, innermost first; only in a report of a problem */
    int depth;
};

struct halsched_options {
    uint64_t seed;     /* 0: a thread runs until it waits, ready threads take turns in order */
    uint64_t start_ns; /* what CLOCK_MONOTONIC says at first */
    uint64_t epoch_ns; /* what CLOCK_REALTIME is ahead of it; a constant, or runs would differ */
    /* Calls at the same moment after which threads that never wait count as a livelock; 0: a
     * million. */
    uint64_t livelock_calls;
    uint64_t spin_limit_ns;    /* real time, HALSCHED_SPIN; 0: never */
    uint64_t starved_limit_ns; /* virtual time, HALSCHED_STARVED; 0: never */
    /* On the host's thread: a number of the call that it is in, 0 in none; a later call has
     * another. NULL: every wait without a deadline is one. */
    uint64_t (*host_call)(void);
    /* The world stands still meanwhile; threads are described by halsched_threads(). Called on a
     * managed thread, or for HALSCHED_SPIN on the host's. When it returns, the process aborts:
     * there is no way on. */
    void (*on_problem)(enum halsched_problem problem, void *context);
    void *context;
};

/* False when it is active already, or when this process's symbols do not come first. The caller
 * becomes the host's thread; it is not managed until it enters. */
bool halsched_start(const struct halsched_options *options);
/* By the host's thread, outside. Managed threads that are still there are left where they wait, for
 * good: a thread that was in the middle of virtual time cannot go on in real time. Returns how many
 * there were. */
uint32_t halsched_stop(void);
bool halsched_is_active(void);

/* Around what belongs to the simulation; they nest. On leaving the outermost, threads that are
 * ready run until all wait; time does not pass. On other threads than the host's they do nothing.
 */
void halsched_enter(void);
void halsched_leave(void);

/* Nanoseconds of virtual time. Any thread. */
uint64_t halsched_now_ns(void);
/* By a managed thread: everything that is due before `deadline_ns` happens first. Returns the time
 * then. */
uint64_t halsched_sleep_until_ns(uint64_t deadline_ns);

/* Nanoseconds of the real CLOCK_MONOTONIC, whoever asks. */
uint64_t halsched_real_ns(void);

/* For libraries with locks of their own, which find it by name: a call that may wait or wake. */
__attribute__((visibility("default"))) void halsched_point(const char *operation);

/* Copies at most `most` descriptions; returns how many threads there are, ended ones excluded. */
size_t halsched_threads(struct halsched_thread_info *infos, size_t most);

struct halsched_counts {
    uint64_t switches; /* from one thread to another */
    uint64_t points;   /* calls at which a switch was possible */
    uint64_t outside;  /* waits for something real */
    uint64_t
        clock_spins; /* loops that asked for the time until it passed; they were made to sleep */
    uint64_t fingerprint; /* of all decisions and the moments at which they were made */
};
void halsched_count(struct halsched_counts *counts);

/* Creates a thread that is not managed, whoever calls. Arguments and result of pthread_create(). */
int halsched_create_unmanaged(pthread_t *thread, const pthread_attr_t *attributes,
                              void *(*start)(void *), void *argument);

#endif
