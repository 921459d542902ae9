/* ledger_child.h - for what must not spoil the process that tests. */
#ifndef LEDGER_CHILD_H
#define LEDGER_CHILD_H

#include "habits.h"
#include "halinterpose/ledger.h"
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Whether this thread's system calls in rows are counted, all of them. */
static inline bool is_watched(void) {
    static struct halledger_row other;
    memset(&other, 0, sizeof other);
    halledger_begin(&other);
    long first = habits_raw_system_call();
    long second = habits_raw_system_call();
    halledger_end(1);
    return first == getpid() && second == getpid() &&
           atomic_load(&other.counts[HALLEDGER_SYSTEM_CALL]) == 2;
}

/* What must not spoil this process. Returns what waitpid() says; cmocka is not used in it. */
static inline int in_child(int (*what)(void)) {
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        alarm(10);
        _exit(what());
    }
    int status = -1;
    return waitpid(child, &status, 0) == child ? status : -1;
}

/* 0: it is as it should be; else the line. */
#define EXPECT(what)                                                                               \
    do {                                                                                           \
        if (!(what)) {                                                                             \
            (void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what);                       \
            return 1;                                                                              \
        }                                                                                          \
    } while (0)

#endif
