/* sched_seat.c - where managed threads run: they run one at a time.
 *
 * All on one processor: there a switch is a sched_yield(), or a sleep and a wake without a word to
 * another processor. The kernel takes more than a microsecond for it. Others may be on that
 * processor, too. Then giving way would give it to them: threads sleep at once, as the kernel is
 * kind to those who do. And when too little is left the threads move on.
 *
 * Or apart: two threads that hand the turn to and fro, each on a processor of its own, where it
 * looks for its turn in a loop. That takes a tenth of the time while the second processor has
 * nothing else to do. It takes longer than together when that one is busy, and when it is far: what
 * a thread has written the other must fetch, and in a virtual machine near may become far at any
 * moment. So which one it is to be is measured all the time (sched_judge.c).
 *
 * Nothing of this changes what happens, only the real time that it takes.
 */
#define _GNU_SOURCE
#include "sched_judge.h"
#include "sched_world.h"
#include <sched.h>
#include <time.h>

#define NS_PER_S UINT64_C(1000000000)
#define YIELDS   4
/* Before the clock starts: threads and what they have in their caches are on the move. */
#define WARM     32

/* By whoever passes the turn on. */
static struct {
    cpu_set_t allowed;
    bool has_choice;                    /* of processors */
    int home;                           /* -1: where the next one is to pass the turn on */
    int away;                           /* the second of the pair's */
    const struct sched_thread *pair[2]; /* while apart; to be compared only */
    const struct sched_thread *giver;   /* who gave the turn to the one that has it */
    struct sched_judge judge;
    struct sched_window window; /* since the last look */
    struct sched_window closed; /* of that, without the time that is being measured */
    uint32_t warm;              /* switches, WARM at most */
    uint64_t real, own;         /* when it was warm */
} seating;
static atomic_int yields;

static void begin_window(void) {
    seating.window = seating.closed = (struct sched_window){0};
    seating.warm = 0;
}

void sched_seat_begin(void) {
    if (sched_getaffinity(0, sizeof seating.allowed, &seating.allowed) != 0) {
        CPU_ZERO(&seating.allowed);
    }
    seating.has_choice = CPU_COUNT(&seating.allowed) > 1;
    sched_judge_begin(&seating.judge);
    seating.home = seating.away = -1;
    seating.pair[0] = seating.pair[1] = seating.giver = NULL;
    begin_window();
}

void sched_seat_restart(void) {
    seating.window = seating.closed;
    seating.warm = 0;
    seating.giver = NULL;
}

void sched_seat_enter(void) {
    sched_seat_restart();
    if (!seating.judge.is_apart) {
        seating.home = -1;
    }
}

static int processor_after(int processor) {
    do {
        processor = (processor + 1) % CPU_SETSIZE;
    } while (!CPU_ISSET((size_t)processor, &seating.allowed));
    return processor;
}

/* It did not pay: that one may be taken. */
static void move_away(void) {
    seating.away = processor_after(seating.away);
}

int sched_seat_yields(void) {
    return atomic_load_explicit(&yields, memory_order_relaxed);
}

/* ---- how it goes ----------------------------------------------------------------------------- */

static uint64_t own_ns(void) {
    struct timespec used;
    (void)sched_real()->clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * NS_PER_S + (uint64_t)used.tv_nsec;
}

static void close_window(void) {
    if (seating.warm == WARM) {
        seating.window.real_ns += halsched_real_ns() - seating.real;
        seating.window.own_ns += own_ns() - seating.own;
        seating.closed = seating.window;
    }
    seating.warm = 0;
}

static void look_around(void) {
    const struct sched_window *window = &seating.window;
    if (!seating.judge.is_apart) {
        atomic_store_explicit(&yields, sched_window_had(window, 1) ? YIELDS : 0,
                              memory_order_relaxed);
        /* When less than two thirds of the processor was ours, another can hardly be worse. */
        if (!seating.has_choice) {
            begin_window();
            return;
        }
        if (window->own_ns * 3 < window->real_ns * 2) {
            seating.home = processor_after(seating.home);
        }
    }
    bool was_apart = seating.judge.is_apart;
    sched_judge_look(&seating.judge, window);
    if (was_apart && !seating.judge.is_apart && !seating.judge.on_trial) {
        move_away();
    }
    begin_window();
}

static void count_switch(const struct sched_thread *self, const struct sched_thread *next) {
    if (seating.warm < WARM) {
        if (++seating.warm == WARM) {
            seating.real = halsched_real_ns();
            seating.own = own_ns();
        }
    } else {
        seating.window.switches++;
        seating.window.returns += self != NULL && next == seating.giver;
        if (seating.window.switches >= sched_judge_length(&seating.judge)) {
            close_window();
            look_around();
        }
    }
    seating.giver = self;
}

/* ---- seats ----------------------------------------------------------------------------------- */

static void bind_to(struct sched_thread *thread, int kernel_id, int processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (processor >= 0) {
        CPU_SET((size_t)processor, &set);
    }
    /* It may have ended, or be forbidden: only speed hangs on it. */
    (void)sched_setaffinity(kernel_id, sizeof set, processor < 0 ? &seating.allowed : &set);
    thread->seat = processor;
}

static bool is_of_pair(const struct sched_thread *thread) {
    return thread == seating.pair[0] || thread == seating.pair[1];
}

/* The host stays at home, the other goes. */
static void make_pair(const struct sched_thread *one, const struct sched_thread *other) {
    bool one_goes = other == sched_world.host;
    seating.pair[0] = one_goes ? other : one;
    seating.pair[1] = one_goes ? one : other;
    while (seating.away < 0 || seating.away == seating.home) {
        seating.away = processor_after(seating.away);
    }
}

/* Afterwards `self` is where it may wait in a loop, and not where `next` will run. */
static int seat_apart(struct sched_thread *self, const struct sched_thread *next) {
    if (seating.pair[0] == NULL && self != NULL) {
        make_pair(self, next);
    }
    bool both = self != NULL && is_of_pair(self) && is_of_pair(next);
    sched_judge_switch(&seating.judge, !both || self->overslept);
    if (!seating.judge.is_apart) {
        move_away();
        begin_window();
    }
    if (!both) {
        /* A third: beside whoever is about to sleep, and not beside one that still waits in its
         * loop. */
        return self != NULL && self->seat >= 0 ? self->seat : seating.home;
    }
    int place = self == seating.pair[0] ? seating.home : seating.away;
    if (self->seat != place) {
        bind_to(self, 0, place);
    }
    self->spins = true;
    return next == seating.pair[0] ? seating.home : seating.away;
}

void sched_seat_give(struct sched_thread *thread) {
    struct sched_thread *self = sched_self;
    int kernel_id = atomic_load_explicit(&thread->kernel_id, memory_order_relaxed);
    count_switch(self, thread);
    if (kernel_id == 0 || !seating.has_choice) {
        return; /* it has not begun, and begins where it was made */
    }
    if (seating.home < 0) {
        seating.home = sched_getcpu();
    }
    int place;
    if (seating.judge.is_apart) {
        place = seat_apart(self, thread);
    } else {
        seating.pair[0] = seating.pair[1] = NULL;
        place = seating.home;
    }
    if (self != NULL) {
        self->overslept = false;
    }
    if (thread->seat != place) {
        bind_to(thread, kernel_id, place);
    }
}

void sched_seat_free(void) {
    if (sched_self->seat >= 0) {
        bind_to(sched_self, 0, -1);
    }
}

void sched_seat_leave(void) {
    close_window();
    if (sched_world.host->seat >= 0) {
        bind_to(sched_world.host, 0, -1);
    }
}
