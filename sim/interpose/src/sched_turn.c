/* sched_turn.c - how the turn goes from one thread to the next: by a word of each thread's own.
 *
 * Mostly all are on one processor (sched_seat.c). So who waits may let the others have it a few
 * times before it sleeps: that is a switch in one call of the kernel, where a sleep and a wake are
 * two and take half as long again. At most two threads do that: one, and one whose turn has come
 * meanwhile.
 *
 * Two that sit apart need no kernel: who waits looks at its word in a loop. Not for long, as the
 * other may have been put aside, or be in a call that takes its time.
 */
#define _GNU_SOURCE
#include "halinterpose/ledger.h"
#include "sched_world.h"
#include <execinfo.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S      UINT64_C(1000000000)
/* Longer than it takes to wake a thread on an idle processor (20 us in a virtual machine): or two
 * that have fallen asleep would never again meet awake. */
#define SPIN_NS       UINT64_C(100000)
#define LOOKS_A_CLOCK 64

static atomic_int yielders;

void sched_give_turn(struct sched_thread *thread, uint32_t turn) {
    halledger_pause();
    if (turn == TURN_RUN) {
        sched_seat_give(thread);
    }
    if (atomic_exchange(&thread->turn, turn) == TURN_ASLEEP) {
        (void)sched_real()->syscall(SYS_futex, &thread->turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
    halledger_resume();
}

static bool has_come(const struct sched_thread *self) {
    uint32_t turn = atomic_load_explicit(&self->turn, memory_order_acquire);
    return turn == TURN_RUN || turn == TURN_WRITE_STACK;
}

static inline void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static bool spin_for_turn(struct sched_thread *self) {
    uint64_t until_ns = 0;
    for (;;) {
        for (int i = 0; i < LOOKS_A_CLOCK; i++) {
            if (has_come(self)) {
                return true;
            }
            relax();
        }
        uint64_t now_ns = halsched_real_ns();
        if (until_ns == 0) {
            until_ns = now_ns + SPIN_NS;
        } else if (now_ns > until_ns) {
            self->overslept = true;
            return false;
        }
    }
}

static bool yield_for_turn(const struct sched_thread *self) {
    bool came = has_come(self);
    int yields = came ? 0 : sched_seat_yields();
    if (yields > 0) {
        if (atomic_fetch_add(&yielders, 1) < 2) {
            for (int i = 0; i < yields && !came; i++) {
                (void)sched_real()->yield();
                came = has_come(self);
            }
        }
        atomic_fetch_sub(&yielders, 1);
    }
    return came;
}

/* The host's thread keeps an eye on the one that runs: it may never call anything again. */
static void sleep_for_turn(struct sched_thread *self) {
    uint64_t limit_ns = self == sched_world.host ? sched_world.options.spin_limit_ns : 0;
    const struct timespec limit = {.tv_sec = (time_t)(limit_ns / NS_PER_S),
                                   .tv_nsec = (long)(limit_ns % NS_PER_S)};
    uint32_t none = TURN_NONE;
    (void)atomic_compare_exchange_strong(&self->turn, &none, TURN_ASLEEP);
    while (!has_come(self)) {
        uint64_t before = atomic_load(&sched_world.progress);
        (void)sched_real()->syscall(SYS_futex, &self->turn, FUTEX_WAIT_PRIVATE, TURN_ASLEEP,
                                    limit_ns == 0 ? NULL : &limit, NULL, 0);
        if (limit_ns != 0 && !has_come(self) && atomic_load(&sched_world.progress) == before) {
            sched_lock();
            bool runs = sched_any_in(THREAD_RUNNING);
            sched_unlock();
            if (runs && atomic_load(&sched_world.progress) == before) {
                sched_lock();
                sched_self = self;
                sched_give_up(HALSCHED_SPIN);
            }
        }
    }
}

void sched_wait_for_turn(struct sched_thread *self) {
    halledger_pause();
    sched_self = NULL;
    bool spins = self->spins;
    self->spins = false;
    for (;;) {
        bool came = spins ? spin_for_turn(self) : yield_for_turn(self);
        if (!came) {
            sleep_for_turn(self);
        }
        if (atomic_exchange(&self->turn, TURN_NONE) != TURN_WRITE_STACK) {
            break;
        }
        /* For a report: all others stand still. */
        self->depth = backtrace(self->stack, (int)(sizeof self->stack / sizeof self->stack[0]));
        atomic_store_explicit(&self->wrote_stack, true, memory_order_release);
    }
    sched_self = self;
    halledger_resume();
}
