/* scheduler.h - who owns the threads of a host in virtual time.
 *
 * A program that stands before the C library (sim/interpose) can run the threads of drivers one at
 * a time and have their sleeps and waits follow virtual time. It tells the host so by giving it one
 * of these. Without one, threads of drivers run on real time, beside a host whose time is virtual.
 */
#ifndef HALSIM_SCHEDULER_H
#define HALSIM_SCHEDULER_H

#include <stdint.h>

struct halsim_scheduler {
    /* Nanoseconds of virtual time. Any thread. */
    uint64_t (*now_ns)(void *context);
    /* Everything else that is due before `deadline_ns` happens first, and whatever is ready then.
     * Returns the time then, >= deadline_ns. On the thread that runs cycles. */
    uint64_t (*sleep_until_ns)(void *context, uint64_t deadline_ns);
    void *context;
    uint64_t schedule; /* the seed of its choices, for reports */
};

#endif
