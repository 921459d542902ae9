/* ledger_signal.c - SIGSYS belongs to the ledger while there is one.
 *
 * The kernel kills a process that blocks SIGSYS when it wants to report a trapped system call. So
 * the signal is taken out of every mask that is set: of threads, and of handlers that run on them.
 * Who asks for a handler of SIGSYS gets what it would have got; only a trapped call does not come
 * to it. Raw system calls of a thread outside a row go past this.
 */
#define _GNU_SOURCE
#include "ledger_internal.h"
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
    int (*action)(int, const struct sigaction *, struct sigaction *);
    int (*mask)(int, const sigset_t *, sigset_t *);
} real;
static atomic_bool is_claimed;

/* Whoever had SIGSYS before, or asked for it since. Written rarely, read in a handler. */
static struct sigaction wanted;

__attribute__((constructor(102))) static void find_real(void) {
    *(void **)&real.mask = dlsym(RTLD_NEXT, "pthread_sigmask");
    *(void **)&real.action = dlsym(RTLD_NEXT, "sigaction");
}

static void need_real(void) {
    if (__builtin_expect(real.action == NULL, 0)) {
        find_real(); /* a constructor of a library came before ours */
    }
}

static bool is_ours(void) {
    return atomic_load_explicit(&is_claimed, memory_order_acquire);
}

/* `set` without SIGSYS, when that matters; NULL stays NULL. */
static const sigset_t *without(const sigset_t *set, sigset_t *room) {
    if (set == NULL || !is_ours() || sigismember(set, SIGSYS) != 1) {
        return set;
    }
    *room = *set;
    (void)sigdelset(room, SIGSYS);
    return room;
}

HALLEDGER_API int pthread_sigmask(int how, const sigset_t *restrict set, sigset_t *restrict old) {
    sigset_t room;
    need_real();
    return real.mask(how, how == SIG_UNBLOCK ? set : without(set, &room), old);
}

HALLEDGER_API int sigprocmask(int how, const sigset_t *restrict set, sigset_t *restrict old) {
    int error = pthread_sigmask(how, set, old);
    if (error != 0) {
        errno = error;
        return -1;
    }
    return 0;
}

HALLEDGER_API int sigaction(int number, const struct sigaction *restrict action,
                            struct sigaction *restrict old) {
    need_real();
    if (!is_ours()) {
        return real.action(number, action, old);
    }
    if (number == SIGSYS) {
        const struct sigaction before = wanted;
        if (action != NULL) {
            wanted = *action;
        }
        if (old != NULL) {
            *old = before;
        }
        return 0;
    }
    if (action == NULL || sigismember(&action->sa_mask, SIGSYS) != 1) {
        return real.action(number, action, old);
    }
    struct sigaction changed = *action;
    (void)sigdelset(&changed.sa_mask, SIGSYS);
    return real.action(number, &changed, old);
}

HALLEDGER_API sighandler_t signal(int number, sighandler_t handler) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART}, old;
    if (handler == SIG_ERR) {
        errno = EINVAL;
        return SIG_ERR;
    }
    (void)sigemptyset(&action.sa_mask);
    (void)sigaddset(&action.sa_mask, number);
    return sigaction(number, &action, &old) == 0 ? old.sa_handler : SIG_ERR;
}

/* As the kernel takes it: sigaction() of the C library insists on a way back of its own, which
 * would trap. */
struct kernel_action {
    void (*handler)(int, void *, void *);
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};
#define KERNEL_RESTORER 0x04000000ul
#define BIT(number)     (UINT64_C(1) << ((number)-1))

/* Those that were set before. */
static void clean_masks_of_handlers(void) {
    for (int number = 1; number < NSIG; number++) {
        struct sigaction action;
        if (number != SIGSYS && real.action(number, NULL, &action) == 0 &&
            action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN &&
            sigismember(&action.sa_mask, SIGSYS) == 1) {
            (void)sigdelset(&action.sa_mask, SIGSYS);
            (void)real.action(number, &action, NULL);
        }
    }
}

bool ledger_signal_claim(void (*handler)(int, void *, void *), void (*restorer)(void)) {
    need_real();
    /* Nothing interrupts the handler but a crash in it, which is to be reported. It runs on the
     * thread's own stack: those that are set for signals may be too small to walk a stack on. */
    const struct kernel_action action = {
        .handler = handler,
        .flags = SA_SIGINFO | KERNEL_RESTORER,
        .restorer = restorer,
        .mask =
            ~(BIT(SIGSEGV) | BIT(SIGBUS) | BIT(SIGILL) | BIT(SIGFPE) | BIT(SIGTRAP) | BIT(SIGABRT)),
    };
    if (real.action(SIGSYS, NULL, &wanted) != 0 ||
        syscall(SYS_rt_sigaction, SIGSYS, &action, NULL, sizeof action.mask) != 0) {
        return false;
    }
    atomic_store_explicit(&is_claimed, true, memory_order_release);
    clean_masks_of_handlers();
    return true;
}

void ledger_signal_unblock(void) {
    sigset_t only;
    (void)sigemptyset(&only);
    (void)sigaddset(&only, SIGSYS);
    (void)real.mask(SIG_UNBLOCK, &only, NULL);
}

void ledger_signal_forward(int number, void *info, void *context) {
    if ((wanted.sa_flags & SA_SIGINFO) != 0) {
        wanted.sa_sigaction(number, info, context);
    } else if (wanted.sa_handler == SIG_DFL) {
        /* Blocked while its handler runs: it comes again behind it. */
        (void)real.action(number, &wanted, NULL);
        (void)syscall(SYS_tgkill, getpid(), gettid(), number);
    } else if (wanted.sa_handler != SIG_IGN) {
        wanted.sa_handler(number);
    }
}
