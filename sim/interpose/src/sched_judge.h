/* sched_judge.h - all threads on one processor, or two of them on two: which is quicker today?
 *
 * Numbers in, a decision out: no clock is read, no thread is touched. By one thread at a time.
 *
 * Apart is only for two threads that hand the turn to each other, where the one that waits looks
 * for it in a loop. That uses two processors all the time, so both must be there: the judge goes
 * by what the process got of them, and by what a switch took, work in between included. It tries
 * for a moment, goes back at once when it does not pay, and rests longer after each failure.
 */
#ifndef HALSCHED_JUDGE_H
#define HALSCHED_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

/* What happened between two looks, in real time. */
struct sched_window {
    uint32_t switches;
    uint32_t returns; /* of these, back to the thread that the turn came from */
    uint64_t real_ns;
    /* Processor time of the process. The kernel adds that of a thread which runs elsewhere at its
     * next tick: 10 ms late at most. */
    uint64_t own_ns;
};

struct sched_judge {
    bool is_apart;
    bool on_trial;             /* what it does now is for a moment, for comparison */
    uint32_t rest;             /* looks until the next trial */
    uint32_t patience;         /* the rest after the next failure */
    uint32_t looks;            /* since both ways were compared */
    struct sched_window share; /* while apart: what was had since that was looked at */
    int credit;                /* what misses may still cost; below 0: back at once */
    double together_ns;
};

/* Together, and ready to try the other way at the first look. */
void sched_judge_begin(struct sched_judge *judge);

/* How many switches the window is to have that comes next. */
uint32_t sched_judge_length(const struct sched_judge *judge);

/* At the end of a window; `is_apart` may change. */
void sched_judge_look(struct sched_judge *judge, const struct sched_window *window);

/* At each switch while apart. `missed`: it took a sleep, or was to a third thread. Apart ends when
 * more than one in 64 miss. */
void sched_judge_switch(struct sched_judge *judge, bool missed);

/* Whether nearly all of `count` processors was ours. */
bool sched_window_had(const struct sched_window *window, unsigned count);

#endif
