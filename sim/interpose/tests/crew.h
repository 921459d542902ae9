/* crew.h - what a plug-in does that knows nothing of the scheduler: threads, locks, sleeps. */
#ifndef CREW_H
#define CREW_H

#include <stdbool.h>
#include <stdint.h>

/* Sleeps; returns what CLOCK_MONOTONIC said before and after. */
void crew_sleep(uint64_t ns, uint64_t *before_ns, uint64_t *after_ns);

/* Two threads hand a ball to each other through a mutex and a condition. Returns the number of
 * times it changed hands. */
unsigned crew_ping_pong(unsigned rounds);

/* `threads` threads add 1 `times` each; they look and act in two critical sections, which is a
 * race. Returns the sum. */
unsigned crew_racy_sum(unsigned threads, unsigned times);

/* Threads sleep different lengths and write down their number when they wake. */
void crew_race_of_sleepers(char *order, unsigned threads);

/* Two threads take two locks in different orders; each sleeps in between. */
void crew_lock_inversion(void);

/* Waits for a condition that nobody signals; returns the error of the timed wait. */
int crew_timed_out(uint64_t ns, bool monotonic);

/* A thread waits for a semaphore, another for a read-write lock; both come through. */
bool crew_semaphore_and_rwlock(void);

/* Spins until the clock has moved by `ns`. Returns how often it asked. */
uint64_t crew_spin_on_the_clock(uint64_t ns);

/* Cancels a thread that sleeps for an hour. Returns whether its cleanup handler ran. */
bool crew_cancel(void);

/* Several threads call one pthread_once() whose routine sleeps. Returns how often it ran. */
int crew_once(void);

/* A thread reads from `fd`, another counts seconds meanwhile. Returns the byte that came; `seconds`
 * is what the other counted to. */
int crew_read(int fd, unsigned *seconds);

/* poll() with a timeout; returns its result. */
int crew_poll(int fd, int timeout_ms);

/* A thread that never calls anything; the caller waits for it. */
void crew_spin_for_ever(void);

/* Two threads that yield to each other for ever; the caller waits for one. */
void crew_yield_for_ever(void);

/* Starts a thread that is woken each 10 ms, until crew_stop(). */
void crew_start_ticker(void);
uint64_t crew_stop_ticker(void);

/* A thread that waits until crew_wake(); each call is answered by a second one. */
void crew_start_echo(void);
void crew_echo(void);
void crew_stop_echo(void);

#endif
