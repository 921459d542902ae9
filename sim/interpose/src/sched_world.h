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
    uint64_t sequence;      /* of becoming ready, of beginning to wait */
    uint64_t random;        /* of choices among threads; with the lock */
    uint64_t random_points; /* of switching at a point; by the holder of the turn */
    uint64_t calls_at_this_moment;
    uint64_t host_call, host_call_since_ns;
    bool frozen;               /* the host's thread is outside: nobody runs */
    bool nobody;               /* nobody holds the turn, for all wait for something real */
    int depth;                 /* of halsched_enter() */
    _Atomic uint64_t progress; /* calls; for HALSCHED_SPIN */
    struct halsched_counts counts;
};

extern struct sched_world sched_world;

/* All with the lock, but sched_count_call(), for which holding the turn does. */
void sched_make_ready(struct sched_thread *thread, enum wake_reason reason);
bool sched_any_in(enum thread_state state);
void sched_move_time(uint64_t to_ns);
void sched_count_call(void);
/* The turn goes to whoever is next, or to nobody until something real happens. */
void sched_pass_turn(void);

/* Nothing of an earlier simulation is left: threads at barriers, timers. */
void sched_barriers_begin(void);
void sched_timerfd_begin(void);

/* ---- the turn -------------------------------------------------------------------------------- */

/* What a thread finds in its word. */
enum {
    TURN_NONE,
    TURN_RUN,
    TURN_WRITE_STACK, /* and wait on */
    TURN_ASLEEP,      /* none, and it must be woken */
};

/* With or without the lock, by whoever passes the turn on. */
void sched_give_turn(struct sched_thread *thread, uint32_t turn);
/* Without it. */
void sched_wait_for_turn(struct sched_thread *self);

/* Where threads run (sched_seat.c). By the host's thread: at the beginning; on going in and out. */
void sched_seat_begin(void);
void sched_seat_enter(void);
void sched_seat_leave(void);
/* Nobody had the turn for a while: that was not the price of a switch. */
void sched_seat_restart(void);
/* Before `thread` gets the turn. Says, too, whether the caller is to wait in a loop for its own
 * next one (sched_thread.spins). */
void sched_seat_give(struct sched_thread *thread);
/* How often a thread gives way before it sleeps. */
int sched_seat_yields(void);
/* The calling thread may run anywhere: what it is about to create inherits that. */
void sched_seat_free(void);

#endif
