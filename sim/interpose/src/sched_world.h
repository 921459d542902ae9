/* sched_world.h - the scheduler's own state, for the files that make it up. */
#ifndef HALSCHED_WORLD_H
#define HALSCHED_WORLD_H

#include "sched_internal.h"

struct sched_world {
    pthread_mutex_t lock;
    struct halsched_options options;
    struct sched_thread *threads;
    struct sched_thread **last;
    struct sched_thread *host; /* the host's thread, also while it is outside the simulation */
    uint32_t next_number;
    uint32_t alive;
    _Atomic uint64_t now_ns;
    uint64_t sequence; /* of becoming ready, of beginning to wait */
    uint64_t random;
    uint64_t calls_at_this_moment;
    uint64_t host_call, host_call_since_ns;
    bool frozen; /* the host's thread is outside: nobody runs */
    bool nobody; /* nobody holds the turn, for all wait for something real */
    int depth;   /* of halsched_enter() */
    int spin_rounds;
    atomic_int spinners;
    _Atomic uint64_t progress; /* calls; for HALSCHED_SPIN */
    struct halsched_counts counts;
};

extern struct sched_world sched_world;

/* All with the lock. */
void sched_make_ready(struct sched_thread *thread, enum wake_reason reason);
bool sched_any_in(enum thread_state state);
void sched_move_time(uint64_t to_ns);
void sched_count_call(void);
/* The turn goes to whoever is next, or to nobody until something real happens. */
void sched_pass_turn(void);
void sched_give_turn(struct sched_thread *thread, uint32_t turn);

/* Without it. */
void sched_wait_for_turn(struct sched_thread *self);

#endif
