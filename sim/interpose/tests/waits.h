/* waits.h - a plug-in that waits in every way that the C library has. It knows nothing of the
 * scheduler; each function says whether all came as it should, in its own time.
 */
#ifndef WAITS_H
#define WAITS_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* For the files of the plug-in. */
uint64_t waits_now_ns(void);
void waits_sleep_ms(uint64_t ms);

/* Threads and locks: waits.c. */
bool waits_at_a_barrier(void);
bool waits_for_rwlocks_until(void);
bool waits_for_ends_until(void);
bool waits_for_a_spin_lock(void);
bool waits_by_c11(void);
bool waits_for_semaphores_until(void);
bool waits_for_a_named_semaphore(void);
bool waits_in_destructors(void);
bool asks_for_the_time_by_c11(void);

/* Cancellation and signals: waits_ended.c. */
bool cancels_at_every_wait(void);
bool cancels_not_while_disabled(void);
bool cancels_not_in_a_lock(void);
bool sends_signals_to_waiting_threads(void);
bool waits_for_a_signal(void);
bool waits_for_a_signal_until(void);
void uses_an_alarm(void);

/* Descriptors, files and processes: waits_outside.c. */
bool waits_for_descriptors_until(void);
bool waits_for_a_timer(void);
bool waits_for_a_timer_among_descriptors(void);
bool waits_for_a_full_pipe(void);
bool waits_for_a_connection(void);
bool waits_not_when_asked_not_to(void);
bool waits_for_locked_files(void);
bool waits_for_a_child(void);
bool forks_a_child_with_real_time(void);
bool leaves_all_processors_to_children(void);

/* C++: waits_cxx.cpp. */
bool waits_by_cxx(void);

#ifdef __cplusplus
}
#endif
#endif
