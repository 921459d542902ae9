/* dispatch_wait.h - the one place where the runtime waits and wakes. Internal.
 *
 * Dispatch, Mach semaphores, mach_wait_until() and os_unfair_lock wait through these functions and
 * no others; threads of the runtime are started here too. A scheduler that runs one thread at a
 * time in virtual time replaces dispatch_wait.c and nothing else.
 *
 * One lock guards all state of dispatch and of the Mach semaphores. Critical sections are tens of
 * nanoseconds; nothing of a driver's is called with the lock held.
 *
 * Deadlines are nanoseconds of the time source. While the host owns time they pass only in
 * halsdk_wait_advance().
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
void halsdk_wait_unlock(void);

/* With the lock held, which is given up meanwhile. False when the deadline has passed. May return
 * true for no reason: the caller looks at its condition again. */
bool halsdk_wait_on(struct halsdk_wait_cond *cond, uint64_t deadline_ns);
/* The same against CLOCK_MONOTONIC whatever the time source: for the host's own patience. */
bool halsdk_wait_on_real(struct halsdk_wait_cond *cond, uint64_t deadline_ns);
void halsdk_wait_wake_one(struct halsdk_wait_cond *cond);
void halsdk_wait_wake_all(struct halsdk_wait_cond *cond);

/* Without the lock. Returns at `deadline_ns` or later. */
void halsdk_wait_sleep_until(uint64_t deadline_ns);

/* Virtual time has come to `now_ns`: ends the waits that are due. Returns how many. Takes the lock.
 */
size_t halsdk_wait_advance(uint64_t now_ns);

/* CLOCK_MONOTONIC plus `delta_ns`, without overflow. */
uint64_t halsdk_wait_real_deadline(uint64_t delta_ns);

/* Without the lock: sleeps while *word == expected (may return early), wakes sleepers on `word`. */
void halsdk_wait_word(const uint32_t *word, uint32_t expected);
void halsdk_wait_wake_word(const uint32_t *word);

/* An ordinary-priority thread with the asynchronous signals blocked, whoever starts it. False when
 * the system has no more threads. */
bool halsdk_wait_start_thread(pthread_t *thread, const char *name, void *(*run)(void *),
                              void *argument);

#endif
