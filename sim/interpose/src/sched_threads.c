/* sched_threads.c - which threads there are. */
#define _GNU_SOURCE
#include "sched_world.h"
#include <stdlib.h>

struct sched_thread *sched_thread_add(void *(*start)(void *), void *argument, bool detached) {
    struct sched_thread *thread = aligned_alloc(_Alignof(struct sched_thread), sizeof *thread);
    if (thread == NULL) {
        return NULL;
    }
    *thread = (struct sched_thread){.seat = sched_self != NULL ? sched_self->seat : -1};
    thread->start = start;
    thread->argument = argument;
    thread->detached = detached;
    sched_lock();
    thread->number = sched_world.next_number++;
    sched_make_ready(thread, WAKE_CALLED);
    *sched_world.last = thread;
    sched_world.last = &thread->next;
    sched_world.alive++;
    sched_unlock();
    return thread;
}

static void unlink_locked(struct sched_thread *thread) {
    struct sched_thread **at = &sched_world.threads;
    while (*at != thread) {
        at = &(*at)->next;
    }
    *at = thread->next;
    if (sched_world.last == &thread->next) {
        sched_world.last = at;
    }
}

bool sched_is_managed_locked(int kernel_id) {
    for (const struct sched_thread *thread = sched_world.threads; thread != NULL;
         thread = thread->next) {
        if (kernel_id != 0 && thread->kernel_id == kernel_id && thread->state != THREAD_ENDED) {
            return true;
        }
    }
    return false;
}

void sched_thread_forget(struct sched_thread *thread) {
    sched_lock();
    unlink_locked(thread);
    if (thread->state != THREAD_ENDED) {
        sched_world.alive--;
    }
    sched_unlock();
    free(thread);
}

void sched_thread_begin(struct sched_thread *thread) {
    sched_wait_for_turn(thread);
}

void sched_thread_end(struct sched_thread *thread) {
    sched_lock();
    sched_count_call();
    thread->state = THREAD_ENDED;
    sched_world.alive--;
    (void)sched_wake_locked(thread, UINT32_MAX);
    sched_self = NULL;
    sched_pass_turn();
    if (thread->detached) {
        unlink_locked(thread);
        free(thread);
    }
    sched_unlock();
}

struct sched_thread *sched_thread_find(pthread_t handle) {
    sched_lock();
    struct sched_thread *thread = sched_world.threads;
    while (thread != NULL && !pthread_equal(thread->handle, handle)) {
        thread = thread->next;
    }
    sched_unlock();
    return thread;
}

void sched_cancel_wait(struct sched_thread *thread) {
    sched_lock();
    thread->cancel_asked = true;
    if (thread->state == THREAD_WAITING && thread->cancellable) {
        sched_make_ready(thread, WAKE_CANCELLED);
    }
    sched_unlock();
}

bool sched_send_signal(struct sched_thread *thread, int number) {
    sched_lock();
    bool inside = thread->state == THREAD_WAITING || thread->state == THREAD_READY;
    if (inside) {
        thread->signals |= UINT64_C(1) << (number - 1);
        if (thread->state == THREAD_WAITING && thread != sched_world.host) {
            sched_make_ready(thread, WAKE_SIGNAL);
        }
    }
    sched_unlock();
    return inside;
}

void sched_take_signals(struct sched_thread *self) {
    uint64_t signals = self->signals;
    self->signals = 0;
    for (int number = 1; number <= 64; number++) {
        if ((signals >> (number - 1) & 1) != 0) {
            (void)sched_real()->kill(pthread_self(), number); /* now, unless it is blocked */
        }
    }
}
