/* sched_report.c - what each thread does and waits for, when there is no way on. */
#define _GNU_SOURCE
#include "sched_world.h"
#include <errno.h>
#include <execinfo.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* A thread that runs cannot be asked by its turn: a signal makes it look at itself. */
#define QUESTION (SIGRTMIN + 6)

static struct sched_thread *asked;

static void on_question(int number) {
    (void)number;
    int error = errno;
    asked->depth = backtrace(asked->stack, (int)(sizeof asked->stack / sizeof asked->stack[0]));
    errno = error;
    atomic_store_explicit(&asked->wrote_stack, true, memory_order_release);
}

static void ask_running(struct sched_thread *thread) {
    struct sigaction action = {.sa_handler = on_question};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(QUESTION, &action, NULL);
    asked = thread;
    (void)sched_real()->syscall(SYS_tgkill, getpid(), thread->kernel_id, QUESTION);
}

static void await_stack(const struct sched_thread *thread) {
    for (int i = 0; i < 1000 && !atomic_load(&thread->wrote_stack); i++) {
        const struct timespec moment = {.tv_nsec = 1000000};
        (void)sched_real()->nanosleep(&moment, NULL);
    }
}

/* Every waiting thread writes its own stack down, one after the other. */
static void collect_stacks_locked(void) {
    for (struct sched_thread *thread = sched_world.threads; thread != NULL; thread = thread->next) {
        if (thread == sched_self) {
            thread->depth =
                backtrace(thread->stack, (int)(sizeof thread->stack / sizeof thread->stack[0]));
        } else if (thread->state == THREAD_WAITING || thread->state == THREAD_READY) {
            atomic_store(&thread->wrote_stack, false);
            sched_give_turn(thread, TURN_WRITE_STACK);
            await_stack(thread);
        } else if (thread->state == THREAD_RUNNING) {
            atomic_store(&thread->wrote_stack, false);
            ask_running(thread);
            await_stack(thread);
        }
    }
}

_Noreturn void sched_give_up(enum halsched_problem problem) {
    /* From here on all calls are the C library's: walking a stack takes locks. */
    atomic_store(&sched_is_on, false);
    collect_stacks_locked();
    sched_unlock();
    if (sched_world.options.on_problem != NULL) {
        sched_world.options.on_problem(problem, sched_world.options.context);
    }
    abort();
}

static const char *state_name(enum thread_state state) {
    switch (state) {
    case THREAD_READY:
        return "ready";
    case THREAD_RUNNING:
        return "running";
    case THREAD_WAITING:
        return "waiting";
    case THREAD_OUTSIDE:
        return "outside";
    case THREAD_ENDED:
        return "ended";
    }
    return "?";
}

static uint32_t holder_of(const struct sched_thread *thread) {
    if (thread->object == NULL || thread->operation == NULL ||
        strncmp(thread->operation, "pthread_mutex", 13) != 0) {
        return UINT32_MAX;
    }
    int owner = ((const pthread_mutex_t *)thread->object)->__data.__owner;
    for (const struct sched_thread *other = sched_world.threads; other != NULL;
         other = other->next) {
        if (other->kernel_id == owner) {
            return other->number;
        }
    }
    return UINT32_MAX;
}

size_t halsched_threads(struct halsched_thread_info *infos, size_t most) {
    size_t count = 0;
    sched_lock();
    for (const struct sched_thread *thread = sched_world.threads; thread != NULL;
         thread = thread->next) {
        if (thread->state == THREAD_ENDED) {
            continue;
        }
        if (count < most) {
            struct halsched_thread_info *info = &infos[count];
            *info = (struct halsched_thread_info){
                .number = thread->number,
                .state = state_name(thread->state),
                .operation = thread->operation,
                .object = thread->object,
                .holder = holder_of(thread),
                .deadline_ns = thread->deadline_ns,
                .start = (const void *)(uintptr_t)thread->start,
                .depth = thread->depth,
            };
            (void)memcpy(info->name, thread->name, sizeof info->name);
            (void)memcpy(info->stack, thread->stack, sizeof info->stack);
        }
        count++;
    }
    sched_unlock();
    return count;
}
