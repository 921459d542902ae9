/* guard.c - fork, wait, clean. */
#include "guard.h"
#include "ending.h"
#include "ledger.h"
#include "moment.h"
#include "options.h"
#include "report.h"
#include "service_page.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAMES_BYTES 8192
/* From then on a second request to end is taken as impatience. */
#define PATIENCE_NS 1000000000u

/* In the daemon. */
static int guard_life_fd = -1; /* reads end-of-file when the guard is gone */
static bool daemon_keeps_shm;

/* ---- in the guard -------------------------------------------------------------------------- */

/* Hands SIGINT, SIGTERM and SIGHUP on until the daemon has ended; returns its wait status. */
static int wait_for(pid_t daemon, const sigset_t *signals) {
    uint64_t first_signal = 0;
    for (;;) {
        int status;
        pid_t ended = waitpid(daemon, &status, WNOHANG);
        if (ended == daemon) {
            return status;
        }
        int number = 0;
        if (sigwait(signals, &number) != 0 || number == SIGCHLD) {
            continue;
        }
        if (first_signal > 0 && moment_ns() - first_signal > PATIENCE_NS) {
            kill(daemon, SIGKILL); /* asked twice: it does not stop by itself */
        } else if (first_signal == 0) {
            first_signal = moment_ns();
            kill(daemon, number); /* a terminal has sent it already: the daemon counts one */
        }
    }
}

static void report_left(const char *event, const char *names) {
    static struct report report;
    static char list[NAMES_BYTES + 2];
    snprintf(list, sizeof list, "[%s]", names);
    report_begin(&report, event);
    report_raw(&report, "names", list);
    report_send(&report);
}

static void guard_main(pid_t daemon, const sigset_t *signals, bool keep_shm)
    __attribute__((noreturn));

static void guard_main(pid_t daemon, const sigset_t *signals, bool keep_shm) {
    static char names[NAMES_BYTES];
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nothing >= 0) {
        dup2(nothing, STDIN_FILENO); /* requests are the daemon's */
    }
    int status = wait_for(daemon, signals);
    service_page_end_helpers(); /* what they make from now on, nobody would remove */
    /* Silently: after a crash the crash report stays the last line. */
    ledger_clean(keep_shm, names, sizeof names);
    if (WIFSIGNALED(status)) {
        ending_report_killed(&(struct ending){"coreaudiod", daemon, NULL}, WTERMSIG(status));
        _exit(128 + WTERMSIG(status));
    }
    if (!ledger_end_is_meant()) {
        ending_report_exit(&(struct ending){"coreaudiod", daemon, NULL}, WEXITSTATUS(status));
        _exit(EXIT_DRIVER_CRASHED);
    }
    _exit(WEXITSTATUS(status));
}

/* ---- in the daemon ------------------------------------------------------------------------- */

bool guard_fork(bool keep_shm) {
    int life[2];
    sigset_t signals, before;
    daemon_keeps_shm = keep_shm;
    if (pipe(life) != 0) {
        fprintf(stderr, "coreaudiod-sim: cannot make a pipe: %s\n", strerror(errno));
        return false;
    }
    fcntl(life[0], F_SETFD, FD_CLOEXEC);
    fcntl(life[1], F_SETFD, FD_CLOEXEC);
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &signals, &before);
    signal(SIGCHLD, SIG_DFL); /* whoever started us may have had it ignored */
    bool same_session = isatty(STDIN_FILENO) != 0;
    service_page_adopt_orphans();
    pid_t child = fork();
    if (child < 0) {
        fprintf(stderr, "coreaudiod-sim: cannot fork: %s\n", strerror(errno));
        return false;
    }
    if (child > 0) {
        close(life[0]);
        guard_main(child, &signals, keep_shm);
    }
    close(life[1]);
    guard_life_fd = life[0];
    if (!same_session) {
        setsid();
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    return true;
}

static void *watch_main(void *argument) {
    (void)argument;
    char byte;
    ssize_t got;
    do {
        got = read(guard_life_fd, &byte, 1);
    } while (got > 0 || (got < 0 && errno == EINTR));
    /* The guard is gone: nobody else will clean up. */
    static char names[NAMES_BYTES];
    service_page_end_helpers();
    ledger_clean(daemon_keeps_shm, names, sizeof names);
    _exit(128 + SIGKILL);
}

bool guard_watch(void) {
    if (guard_life_fd < 0) {
        return true;
    }
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    bool ok = pthread_create(&thread, &attributes, watch_main, NULL) == 0;
    pthread_attr_destroy(&attributes);
    return ok;
}

void guard_leave(bool keep_shm) {
    static char names[NAMES_BYTES];
    if (ledger_list(names, sizeof names) > 0) {
        report_left(keep_shm ? "shm-kept" : "shm-left", names);
    }
    /* Also with a guard: it may just have been killed. */
    ledger_clean(keep_shm, names, sizeof names);
}
