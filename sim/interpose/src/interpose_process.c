/* interpose_process.c - other processes: making them, waiting for them, locks shared with them.
 *
 * A child of a managed thread is not part of the simulation, and may run on every processor.
 */
#define _GNU_SOURCE
#include "interpose.h"
#include "sched_world.h"
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

REAL(fork)
REAL(posix_spawn)
REAL(posix_spawnp)
REAL(system)
REAL(popen)
REAL(pclose)
REAL(wait4)
REAL(waitid)
REAL(fcntl)

EXPORTED pid_t fork(void) {
    if (sched_managed() == NULL) {
        return real_fork()();
    }
    sched_seat_free();
    pid_t child = real_fork()();
    if (child == 0) {
        atomic_store(&sched_is_on, false); /* its only thread is not scheduled */
        sched_self = NULL;
    }
    return child;
}

EXPORTED int posix_spawn(pid_t *restrict child, const char *restrict path,
                         const posix_spawn_file_actions_t *actions,
                         const posix_spawnattr_t *restrict attributes, char *const arguments[],
                         char *const environment[]) {
    if (sched_managed() != NULL) {
        sched_seat_free();
    }
    return real_posix_spawn()(child, path, actions, attributes, arguments, environment);
}

EXPORTED int posix_spawnp(pid_t *restrict child, const char *restrict file,
                          const posix_spawn_file_actions_t *actions,
                          const posix_spawnattr_t *restrict attributes, char *const arguments[],
                          char *const environment[]) {
    if (sched_managed() != NULL) {
        sched_seat_free();
    }
    return real_posix_spawnp()(child, file, actions, attributes, arguments, environment);
}

EXPORTED int system(const char *command) {
    if (sched_managed() == NULL) {
        return real_system()(command);
    }
    sched_seat_free();
    int status;
    OUTSIDE(status, "system", real_system()(command));
    return status;
}

EXPORTED FILE *popen(const char *command, const char *mode) {
    if (sched_managed() != NULL) {
        sched_seat_free();
    }
    return real_popen()(command, mode);
}

EXPORTED int pclose(FILE *stream) {
    if (sched_managed() == NULL) {
        return real_pclose()(stream);
    }
    int status;
    OUTSIDE(status, "pclose", real_pclose()(stream));
    return status;
}

/* ---- waiting for children ----------------------------------------------------------------------
 */

EXPORTED pid_t wait4(pid_t which, int *status, int options, struct rusage *usage) {
    if (sched_managed() == NULL || (options & WNOHANG) != 0) {
        return real_wait4()(which, status, options, usage);
    }
    pid_t child = real_wait4()(which, status, options | WNOHANG, usage);
    if (child == 0) {
        OUTSIDE(child, "waitpid", real_wait4()(which, status, options, usage));
    }
    return child;
}

EXPORTED pid_t waitpid(pid_t which, int *status, int options) {
    return wait4(which, status, options, NULL);
}

EXPORTED pid_t wait(int *status) {
    return wait4(-1, status, 0, NULL);
}

EXPORTED int waitid(idtype_t type, id_t which, siginfo_t *info, int options) {
    if (sched_managed() == NULL || (options & WNOHANG) != 0) {
        return real_waitid()(type, which, info, options);
    }
    int result;
    OUTSIDE(result, "waitid", real_waitid()(type, which, info, options));
    return result;
}

/* ---- locks on files ----------------------------------------------------------------------------
 */

static int lock_file(int fd, int command, int attempt, void *lock) {
    int result = real_fcntl()(fd, attempt, lock);
    if (result != 0 && (errno == EAGAIN || errno == EACCES)) {
        OUTSIDE(result, "fcntl", real_fcntl()(fd, command, lock));
    }
    return result;
}

/* Whatever its type, the third argument comes in a register of its own. */
EXPORTED int fcntl(int fd, int command, ...) {
    va_list list;
    va_start(list, command);
    void *argument = va_arg(list, void *);
    va_end(list);
    if (sched_managed() != NULL && command == F_SETLKW) {
        return lock_file(fd, command, F_SETLK, argument);
    }
    if (sched_managed() != NULL && command == F_OFD_SETLKW) {
        return lock_file(fd, command, F_OFD_SETLK, argument);
    }
    return real_fcntl()(fd, command, argument);
}

EXPORTED int fcntl64(int fd, int command, ...) {
    va_list list;
    va_start(list, command);
    void *argument = va_arg(list, void *);
    va_end(list);
    return fcntl(fd, command, argument);
}
