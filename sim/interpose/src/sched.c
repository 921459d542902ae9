/* sched.c - one thread at a time, and time that moves when all wait.
 *
 * The thread that runs holds the turn (sched_turn.c). It gives it on in sched_wait_locked() and at
 * points where the seed says so.
 *
 * What only the holder of the turn writes needs no lock: its own fields, the counts of calls, and
 * the choice at a point. Threads that are outside, or not managed, may make others ready meanwhile,
 * but never make one wait: so the holder may look for waiters without the lock, too.
 */
#define _GNU_SOURCE
#include "halinterpose/ledger.h"
#include "sched_world.h"

/* Asked so often in a row at one moment, the time is asked for by a loop that waits for it. */
#define CLOCK_READS_MAX 200
#define CLOCK_SPIN_NS   1000

atomic_bool sched_is_on;
_Thread_local struct sched_thread *sched_self;
static _Thread_local struct sched_thread *away; /* whoever is outside */

struct sched_world sched_world = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* What the scheduler does is not the driver's doing. */
void sched_lock(void) {
    halledger_pause();
    (void)sched_real()->mutex_lock(&sched_world.lock);
}

void sched_unlock(void) {
    (void)sched_real()->mutex_unlock(&sched_world.lock);
    halledger_resume();
}

bool halsched_is_active(void) {
    return atomic_load_explicit(&sched_is_on, memory_order_relaxed);
}

uint64_t sched_now(void) {
    return atomic_load_explicit(&sched_world.now_ns, memory_order_relaxed);
}

uint64_t halsched_now_ns(void) {
    return sched_now();
}

/* ---- decisions ------------------------------------------------------------------------------- */

/* splitmix64 */
static uint64_t next_random(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static bool explores(void) {
    return sched_world.options.seed != 0;
}

static void remember(uint64_t what) {
    /* FNV-1a over words */
    sched_world.counts.fingerprint =
        (sched_world.counts.fingerprint ^ what) * UINT64_C(0x100000001B3);
}

void sched_make_ready(struct sched_thread *thread, enum wake_reason reason) {
    thread->state = THREAD_READY;
    thread->reason = reason;
    thread->since = ++sched_world.sequence;
    thread->deadline_ns = FOREVER;
}

/* The one that has been ready for longest, or one that the seed picks. */
static struct sched_thread *choose_ready(void) {
    struct sched_thread *chosen = NULL;
    uint64_t count = 0;
    for (struct sched_thread *thread = sched_world.threads; thread != NULL; thread = thread->next) {
        if (thread->state != THREAD_READY) {
            continue;
        }
        count++;
        bool take = chosen == NULL;
        if (!take) {
            take = explores() ? next_random(&sched_world.random) % count == 0
                              : thread->since < chosen->since;
        }
        if (take) {
            chosen = thread;
        }
    }
    return chosen;
}

/* Waits for nothing but the others: it comes behind all that is due at this moment. */
static bool gives_way(const struct sched_thread *thread) {
    return thread->deadline_ns <= thread->since_ns;
}

/* Of those that wait with a deadline the first; at one moment the one that has waited longest, or
 * one that the seed picks. */
static struct sched_thread *choose_due(void) {
    struct sched_thread *chosen = NULL;
    uint64_t equals = 0;
    for (struct sched_thread *thread = sched_world.threads; thread != NULL; thread = thread->next) {
        if (thread->state != THREAD_WAITING || thread->deadline_ns == FOREVER) {
            continue;
        }
        bool is_first = chosen == NULL || thread->deadline_ns < chosen->deadline_ns;
        bool is_equal = !is_first && thread->deadline_ns == chosen->deadline_ns;
        if (is_equal && gives_way(thread) != gives_way(chosen)) {
            is_first = gives_way(chosen);
            is_equal = false;
        }
        if (is_first) {
            equals = 1;
            chosen = thread;
        } else if (is_equal) {
            equals++;
            if (explores() ? next_random(&sched_world.random) % equals == 0
                           : thread->since < chosen->since) {
                chosen = thread;
            }
        }
    }
    return chosen;
}

bool sched_any_in(enum thread_state state) {
    for (struct sched_thread *thread = sched_world.threads; thread != NULL; thread = thread->next) {
        if (thread->state == state) {
            return true;
        }
    }
    return false;
}

void sched_move_time(uint64_t to_ns) {
    if (to_ns > sched_now()) {
        atomic_store_explicit(&sched_world.now_ns, to_ns, memory_order_relaxed);
        sched_world.calls_at_this_moment = 0;
    }
}

/* The host's thread waits, or is `due`, and has been in its call for too long. */
static bool is_starved(const struct sched_thread *due) {
    const struct sched_thread *host = sched_world.host;
    uint64_t limit = sched_world.options.starved_limit_ns;
    if (limit == 0 || (host != due && host->state != THREAD_WAITING)) {
        return false;
    }
    if (sched_world.options.host_call != NULL) {
        return sched_world.host_call != 0 && sched_now() - sched_world.host_call_since_ns > limit;
    }
    return host != due && host->object != NULL && host->deadline_ns == FOREVER &&
           sched_now() - host->since_ns > limit;
}

static void note_host_call(void) {
    uint64_t number = sched_world.options.host_call();
    if (number != sched_world.host_call) {
        sched_world.host_call = number;
        sched_world.host_call_since_ns = sched_now();
    }
}

/* Who runs next; time may pass for it. NULL: nobody, until something real happens. With the lock.
 */
static struct sched_thread *choose(void) {
    struct sched_thread *ready = choose_ready();
    if (ready != NULL) {
        return ready;
    }
    struct sched_thread *due = choose_due();
    if (due != NULL) {
        sched_move_time(due->deadline_ns);
        sched_make_ready(due, WAKE_DEADLINE);
        if (is_starved(due)) {
            sched_give_up(HALSCHED_STARVED);
        }
        return due;
    }
    if (!sched_any_in(THREAD_OUTSIDE)) {
        sched_give_up(HALSCHED_DEADLOCK);
    }
    return NULL;
}

/* ---- switching ----------------------------------------------------------------------------------
 */

/* With the lock, which is given up. The caller's state says already what it does; it comes back
 * when it has the turn. */
static void switch_locked(struct sched_thread *self) {
    struct sched_thread *next = choose();
    if (next == NULL) {
        sched_world.nobody = true;
    } else {
        next->state = THREAD_RUNNING;
        if (next != self) {
            sched_world.counts.switches++;
            remember((uint64_t)next->number << 32 ^ sched_now());
        }
    }
    sched_unlock();
    if (next != self) {
        if (next != NULL) {
            sched_give_turn(next, TURN_RUN); /* not before: it would wait for the lock at once */
        }
        sched_wait_for_turn(self);
    }
    self->operation = NULL;
    self->object = NULL;
    if (self->signals != 0) {
        sched_take_signals(self);
    }
}

void sched_pass_turn(void) {
    struct sched_thread *next = choose();
    if (next == NULL) {
        sched_world.nobody = true;
    } else {
        next->state = THREAD_RUNNING;
        remember((uint64_t)next->number << 32 ^ sched_now());
        sched_give_turn(next, TURN_RUN);
    }
}

/* With the lock: something became ready while nobody held the turn. */
static void resume_locked(void) {
    if (sched_world.nobody && !sched_world.frozen) {
        struct sched_thread *next = choose();
        if (next != NULL) {
            sched_world.nobody = false;
            sched_seat_restart();
            next->state = THREAD_RUNNING;
            remember((uint64_t)next->number << 32 ^ sched_now());
            sched_give_turn(next, TURN_RUN);
        }
    }
}

/* Whether that was one too many. */
static bool count_call(void) {
    uint64_t progress = atomic_load_explicit(&sched_world.progress, memory_order_relaxed);
    atomic_store_explicit(&sched_world.progress, progress + 1, memory_order_relaxed);
    sched_world.counts.points++;
    return ++sched_world.calls_at_this_moment > sched_world.options.livelock_calls &&
           sched_world.alive > 1;
}

void sched_count_call(void) {
    if (count_call()) {
        sched_give_up(HALSCHED_LIVELOCK);
    }
}

void sched_point(const char *operation) {
    struct sched_thread *self = sched_self;
    if (sched_world.alive <= 1) {
        return; /* nobody to switch to; only managed threads make more */
    }
    self->clock_reads = 0;
    if (count_call()) {
        sched_lock();
        sched_give_up(HALSCHED_LIVELOCK);
    }
    /* One in four: often enough to meet most orders, rarely enough to get anywhere. */
    if (explores() && next_random(&sched_world.random_points) % 4 == 0) {
        sched_lock();
        self->operation = operation;
        sched_make_ready(self, WAKE_CALLED);
        switch_locked(self);
    }
}

static enum wake_reason wait_locked(const void *object, const char *operation, uint64_t deadline_ns,
                                    bool cancellable) {
    struct sched_thread *self = sched_self;
    sched_count_call();
    self->clock_reads = 0;
    self->cancellable = cancellable && !self->cancel_disabled;
    if (self->cancellable && self->cancel_asked) {
        sched_unlock();
        return WAKE_CANCELLED;
    }
    self->state = THREAD_WAITING;
    self->object = object;
    self->operation = operation;
    self->deadline_ns = deadline_ns < sched_now() ? sched_now() : deadline_ns;
    self->since = ++sched_world.sequence;
    self->since_ns = sched_now();
    if (self == sched_world.host && sched_world.options.host_call != NULL) {
        note_host_call();
    }
    switch_locked(self);
    return self->reason;
}

enum wake_reason sched_wait_locked(const void *object, const char *operation,
                                   uint64_t deadline_ns) {
    return wait_locked(object, operation, deadline_ns, true);
}

enum wake_reason sched_hold_locked(const void *object, const char *operation,
                                   uint64_t deadline_ns) {
    return wait_locked(object, operation, deadline_ns, false);
}

uint64_t sched_epoch_ns(void) {
    return sched_world.options.epoch_ns;
}

void sched_yield_locked(void) {
    struct sched_thread *self = sched_self;
    sched_count_call();
    sched_make_ready(self, WAKE_CALLED);
    self->operation = "sched_yield";
    switch_locked(self);
}

uint32_t sched_wake_locked(const void *object, uint32_t most) {
    uint32_t woken = 0;
    while (woken < most) {
        struct sched_thread *chosen = NULL;
        uint64_t count = 0;
        for (struct sched_thread *thread = sched_world.threads; thread != NULL;
             thread = thread->next) {
            if (thread->state == THREAD_WAITING && thread->object == object) {
                count++;
                if (chosen == NULL || (explores() ? next_random(&sched_world.random) % count == 0
                                                  : thread->since < chosen->since)) {
                    chosen = thread;
                }
            }
        }
        if (chosen == NULL) {
            break;
        }
        sched_make_ready(chosen, WAKE_CALLED);
        woken++;
    }
    if (woken > 0) {
        resume_locked();
    }
    return woken;
}

uint32_t sched_wake(const void *object, uint32_t most) {
    if (sched_self != NULL && !sched_is_awaited(object)) {
        return 0;
    }
    sched_lock();
    uint32_t woken = sched_wake_locked(object, most);
    sched_unlock();
    return woken;
}

bool sched_is_awaited(const void *object) {
    for (struct sched_thread *thread = sched_world.threads; thread != NULL; thread = thread->next) {
        if (thread->state == THREAD_WAITING && thread->object == object) {
            return true;
        }
    }
    return false;
}

void sched_go_outside(const char *operation) {
    struct sched_thread *self = sched_self;
    sched_lock();
    sched_count_call();
    sched_world.counts.outside++;
    self->state = THREAD_OUTSIDE;
    self->operation = operation;
    sched_self = NULL;
    away = self;
    sched_pass_turn();
    sched_unlock();
}

void sched_come_back(void) {
    struct sched_thread *self = away;
    sched_lock();
    sched_make_ready(self, WAKE_CALLED);
    resume_locked();
    sched_unlock();
    sched_wait_for_turn(self);
    self->operation = NULL;
    if (self->signals != 0) {
        sched_take_signals(self);
    }
}

uint64_t sched_ask_time(void) {
    struct sched_thread *self = sched_self;
    if (++self->clock_reads > CLOCK_READS_MAX) {
        sched_lock();
        sched_world.counts.clock_spins++;
        (void)sched_wait_locked(NULL, "asking for the time in a loop", sched_now() + CLOCK_SPIN_NS);
    }
    return sched_now();
}

uint64_t halsched_sleep_until_ns(uint64_t deadline_ns) {
    if (sched_world.alive <= 1) { /* nobody else: time may pass at once */
        sched_move_time(deadline_ns);
    } else {
        sched_lock();
        (void)sched_wait_locked(NULL, "sleep", deadline_ns);
    }
    return sched_now();
}
