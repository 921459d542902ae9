/* sched_seat.c - all managed threads on one processor: they run one at a time.
 *
 * There a switch is a sched_yield(), or a sleep and a wake without a word to another processor, and
 * what one thread has just written the next one finds in its cache. On two processors a switch is
 * quicker only while the second has nothing to do but to look for its turn; on a busy machine it
 * took ten times as long, and twice the processor time.
 *
 * Others may be on that processor, too. Then giving way would give it to them: threads sleep at
 * once, as the kernel is kind to those who do. And when too little is left the threads move on.
 * Nothing of this changes what happens, only the real time that it takes.
 */
#define _GNU_SOURCE
#include "sched_world.h"
#include <sched.h>
#include <time.h>

#define NS_PER_S      UINT64_C(1000000000)
/* Between two looks at how much of the processor was had: some 10 ms. */
#define LOOK_SWITCHES 4096
#define YIELDS        4

/* By whoever passes the turn on. */
static struct {
    cpu_set_t allowed;
    int processor;      /* -1: that of the next one to pass the turn on */
    uint32_t switches;  /* since the last look */
    uint64_t real, own; /* at the last look; real 0: there was none */
} seating;
static atomic_int yields;

void sched_seat_begin(void) {
    if (sched_getaffinity(0, sizeof seating.allowed, &seating.allowed) != 0) {
        CPU_ZERO(&seating.allowed);
    }
    sched_seat_enter();
}

void sched_seat_restart(void) {
    seating.real = 0;
    seating.switches = 0;
}

void sched_seat_enter(void) {
    sched_seat_restart();
    seating.processor = -1;
}

static bool is_bound(void) {
    return CPU_COUNT(&seating.allowed) > 1;
}

static int processor_after(int processor) {
    do {
        processor = (processor + 1) % CPU_SETSIZE;
    } while (!CPU_ISSET((size_t)processor, &seating.allowed));
    return processor;
}

int sched_seat_yields(void) {
    return atomic_load_explicit(&yields, memory_order_relaxed);
}

/* When less than two thirds of the processor was ours, another can hardly be worse. */
static void look_around(void) {
    struct timespec used;
    (void)sched_real()->clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    uint64_t own = (uint64_t)used.tv_sec * NS_PER_S + (uint64_t)used.tv_nsec;
    uint64_t real = halsched_real_ns();
    if (seating.real != 0) {
        uint64_t had = own - seating.own, passed = real - seating.real;
        bool alone = had * 10 > passed * 9;
        atomic_store_explicit(&yields, alone ? YIELDS : 0, memory_order_relaxed);
        if (had * 3 < passed * 2) {
            seating.processor = processor_after(seating.processor);
        }
    }
    seating.real = real;
    seating.own = own;
    seating.switches = 0;
}

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

void sched_seat_give(struct sched_thread *thread) {
    int kernel_id = atomic_load_explicit(&thread->kernel_id, memory_order_relaxed);
    if (kernel_id == 0 || !is_bound()) {
        return;
    }
    if (seating.processor < 0) {
        seating.processor = sched_getcpu();
    } else if (++seating.switches == LOOK_SWITCHES) {
        look_around();
    }
    if (thread->seat != seating.processor) {
        bind_to(thread, kernel_id, seating.processor);
    }
}

void sched_seat_free(void) {
    if (sched_self->seat >= 0) {
        bind_to(sched_self, 0, -1);
    }
}

void sched_seat_leave(void) {
    if (sched_world.host->seat >= 0) {
        bind_to(sched_world.host, 0, -1);
    }
}
