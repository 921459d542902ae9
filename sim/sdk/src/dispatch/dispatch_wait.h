/* dispatch_wait.h - the one place where the runtime waits and wakes. Internal.
 *
 * Dispatch, Mach semaphores, mach_wait_until() and os_unfair_lock wait through these functions and
 * no others; threads of the runtime are started here too. A scheduler that runs one thread at a
 * time in virtual time replaces dispatch_wait.c and nothing else.
 *
 * One lock guards all state of dispatch and of the Mach semaphores. Critical sections are tens of
 * nanoseconds: nothing of a driver's is called and no thread is started with the lock held, and
 * where the system can, the holder inherits the priority of who waits for it (the IO thread).
 *
 * Deadlines are nanoseconds of the time source. While the host owns time they pass only in
 * halsdk_run_timers_until().
 *
 * None of the waits is a cancellation point, as on a Mac: a thread that is cancelled meanwhile ends
 * at its next one.
 */
#ifndef HALSDK_DISPATCH_WAIT_H
#define HALSDK_DISPATCH_WAIT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HALSDK_WAIT_FOREVER UINT64_MAX

struct halsdk_wait_cond {
    pthread_cond_t cond;
};
#define HALSDK_WAIT_COND_INIT                                                                      \
    { PTHREAD_COND_INITIALIZER }

void halsdk_wait_cond_init(struct halsdk_wait_cond *cond);
void halsdk_wait_cond_destroy(struct halsdk_wait_cond *cond);

void halsdk_wait_lock(void);
/* The same, but for halsdk_queues_were_used() nothing was used. */
void halsdk_wait_lock_unnoticed(void);
/* Also starts the threads that were asked for. */
void halsdk_wait_unlock(void);

/* With the lock held, which is given up meanwhile. False when the deadline has passed. May return
 * true for no reason: the caller looks at its condition again. */
bool halsdk_wait_on(struct halsdk_wait_cond *cond, uint64_t deadline_ns);
/* The same against CLOCK_MONOTONIC whatever the time source: for the host's own patience. */
bool halsdk_wait_on_real(struct halsdk_wait_cond *cond, uint64_t deadline_ns);
void halsdk_wait_wake_one(struct halsdk_wait_cond *cond);
void halsdk_wait_wake_all(struct halsdk_wait_cond *cond);

/* Around what must come to its end on a thread that is cancelled: one that ended in a wait would
 * keep the lock, or leave what it waits with on its dead stack. Enter returns what leave wants. */
int halsdk_wait_enter(void);
void halsdk_wait_leave(int old);

/* Without the lock. Returns at `deadline_ns` or later. */
void halsdk_wait_sleep_until(uint64_t deadline_ns);

/* CLOCK_MONOTONIC plus `delta_ns`, without overflow. */
uint64_t halsdk_wait_real_deadline(uint64_t delta_ns);

/* Without the lock: sleeps while *word == expected (may return early), wakes sleepers on `word`. */
void halsdk_wait_word(const uint32_t *word, uint32_t expected);
void halsdk_wait_wake_word(const uint32_t *word);

/* A thread of the runtime: of ordinary priority and with the asynchronous signals blocked, whoever
 * asks for it. The structure stays where it is until the thread has been joined. */
struct halsdk_wait_thread {
    enum {
        HALSDK_THREAD_NONE,
        HALSDK_THREAD_ASKED,
        HALSDK_THREAD_RUNS
    } state; /* guarded by the lock, like all but what the caller fills in */
    char name[16];
    void *(*run)(void *unused);
    /* With the lock held, the state NONE again: the system has no more threads. */
    void (*refused)(struct halsdk_wait_thread *thread);
    struct halsdk_wait_thread *next;
    pthread_t id;
};

/* With the lock held, and only in the state NONE. Whoever gives the lock up next, also in a wait,
 * starts the thread then: creating one takes a hundred times as long as anything done with it. */
void halsdk_wait_ask_thread(struct halsdk_wait_thread *thread);
/* With the lock held, which is given up meanwhile: until the thread has ended. The caller has told
 * it to, and sees to it that nobody asks for it again meanwhile. */
void halsdk_wait_join_thread(struct halsdk_wait_thread *thread);

#endif
