/* sched.c - one thread at a time, and time that moves when all wait.
 *
 * The thread that runs holds the turn. It gives it on in sched_wait_locked() and at points where
 * the seed says so; the next is woken through its own word, on which it spins for a moment first:
 * with two processors that takes a tenth of what the kernel needs. At most one thread spins.
 */
#define _GNU_SOURCE
#include "halinterpose/ledger.h"
#include "sched_world.h"
#include <execinfo.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S        UINT64_C(1000000000)
/* Asked so often in a row at one moment, the time is asked for by a loop that waits for it. */
#define CLOCK_READS_MAX 200
#define CLOCK_SPIN_NS   1000

atomic_bool sched_is_on;
_Thread_local struct sched_thread *sched_self;

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
static uint64_t next_random(void) {
    uint64_t z = (sched_world.random += UINT64_C(0x9E3779B97F4A7C15));
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
            take = explores() ? next_random() % count == 0 : thread->since < chosen->since;
        }
        if (take) {
            chosen = thread;
        }
    }
    return chosen;
}

/* Of those that wait with a deadline the first, at one moment the one that has waited longest. */
static struct sched_thread *choose_due(void) {
    struct sched_thread *chosen = NULL;
    for (struct sched_thread *thread = sched_world.threads; thread != NULL; thread = thread->next) {
        if (thread->state == THREAD_WAITING && thread->deadline_ns != FOREVER &&
            (chosen == NULL || thread->deadline_ns < chosen->deadline_ns ||
             (thread->deadline_ns == chosen->deadline_ns && thread->since < chosen->since))) {
            chosen = thread;
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

/* ---- the turn -------------------------------------------------------------------------------- */

static void futex_wait(_Atomic uint32_t *word, uint32_t expected, const struct timespec *limit) {
    (void)sched_real()->syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, limit, NULL, 0);
}

void sched_give_turn(struct sched_thread *thread, uint32_t turn) {
    atomic_store(&thread->turn, turn);
    if (atomic_load(&thread->sleeps)) {
        (void)sched_real()->syscall(SYS_futex, &thread->turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
}

static void pause_briefly(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static bool spin_for_turn(struct sched_thread *self) {
    bool came = false;
    if (atomic_fetch_add(&sched_world.spinners, 1) == 0) {
        for (int i = 0; i < sched_world.spin_rounds && !came; i++) {
            pause_briefly();
            came = atomic_load_explicit(&self->turn, memory_order_acquire) != 0;
        }
    }
    atomic_fetch_sub(&sched_world.spinners, 1);
    return came;
}

/* The host's thread keeps an eye on the one that runs: it may never call anything again. */
static void sleep_for_turn(struct sched_thread *self) {
    uint64_t limit_ns = self == sched_world.host ? sched_world.options.spin_limit_ns : 0;
    const struct timespec limit = {.tv_sec = (time_t)(limit_ns / NS_PER_S),
                                   .tv_nsec = (long)(limit_ns % NS_PER_S)};
    atomic_store(&self->sleeps, true);
    while (atomic_load(&self->turn) == 0) {
        uint64_t before = atomic_load(&sched_world.progress);
        futex_wait(&self->turn, 0, limit_ns == 0 ? NULL : &limit);
        if (limit_ns != 0 && atomic_load(&self->turn) == 0 &&
            atomic_load(&sched_world.progress) == before) {
            sched_lock();
            bool runs = sched_any_in(THREAD_RUNNING);
            sched_unlock();
            if (runs && atomic_load(&sched_world.progress) == before) {
                sched_lock();
                sched_give_up(HALSCHED_SPIN);
            }
        }
    }
    atomic_store(&self->sleeps, false);
}

void sched_wait_for_turn(struct sched_thread *self) {
    halledger_pause();
    for (;;) {
        if (atomic_load(&self->turn) == 0 && !spin_for_turn(self)) {
            sleep_for_turn(self);
        }
        uint32_t turn = atomic_exchange(&self->turn, 0);
        if (turn == 2) { /* for a report: all others stand still */
            self->depth = backtrace(self->stack, (int)(sizeof self->stack / sizeof self->stack[0]));
            atomic_store(&self->sleeps, false);
            atomic_store_explicit(&self->wrote_stack, true, memory_order_release);
            continue;
        }
        break;
    }
    halledger_resume();
}

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
            sched_give_turn(next, 1);
        }
    }
    sched_unlock();
    if (next != self) {
        sched_wait_for_turn(self);
    }
    self->operation = NULL;
    self->object = NULL;
}

void sched_pass_turn(void) {
    struct sched_thread *next = choose();
    if (next == NULL) {
        sched_world.nobody = true;
    } else {
        next->state = THREAD_RUNNING;
        remember((uint64_t)next->number << 32 ^ sched_now());
        sched_give_turn(next, 1);
    }
}

/* With the lock: something became ready while nobody held the turn. */
static void resume_locked(void) {
    if (sched_world.nobody && !sched_world.frozen) {
        struct sched_thread *next = choose();
        if (next != NULL) {
            sched_world.nobody = false;
            next->state = THREAD_RUNNING;
            remember((uint64_t)next->number << 32 ^ sched_now());
            sched_give_turn(next, 1);
        }
    }
}

void sched_count_call(void) {
    atomic_fetch_add_explicit(&sched_world.progress, 1, memory_order_relaxed);
    sched_world.counts.points++;
    if (++sched_world.calls_at_this_moment > sched_world.options.livelock_calls &&
        sched_world.alive > 1) {
        sched_give_up(HALSCHED_LIVELOCK);
    }
}

void sched_point(const char *operation) {
    struct sched_thread *self = sched_self;
    if (sched_world.alive <= 1) {
        return; /* nobody to switch to; only managed threads make more */
    }
    sched_lock();
    self->clock_reads = 0;
    sched_count_call();
    /* One in four: often enough to meet most orders, rarely enough to get anywhere. */
    if (explores() && next_random() % 4 == 0) {
        self->operation = operation;
        sched_make_ready(self, WAKE_CALLED);
        switch_locked(self);
    } else {
        sched_unlock();
    }
}

enum wake_reason sched_wait_locked(const void *object, const char *operation,
                                   uint64_t deadline_ns) {
    struct sched_thread *self = sched_self;
    sched_count_call();
    self->clock_reads = 0;
    if (self->cancel_asked) {
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
                if (chosen == NULL ||
                    (explores() ? next_random() % count == 0 : thread->since < chosen->since)) {
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

void sched_wake(const void *object, uint32_t most) {
    sched_lock();
    (void)sched_wake_locked(object, most);
    sched_unlock();
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
    sched_pass_turn();
    sched_unlock();
}

void sched_come_back(void) {
    struct sched_thread *self = sched_self;
    sched_lock();
    sched_make_ready(self, WAKE_CALLED);
    resume_locked();
    sched_unlock();
    sched_wait_for_turn(self);
    self->operation = NULL;
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
