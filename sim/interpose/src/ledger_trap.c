/* ledger_trap.c - every system call of a thread, raw ones too, through syscall user dispatch.
 *
 * While a byte of the thread says so, the kernel turns each system call into SIGSYS. The handler
 * counts it and makes the call itself, from code that is exempt. Nothing is paid where no system
 * call is made. A call that cannot be made from a handler (it would come back twice, or not at
 * all) ends the counting of this operation and is made where it stood.
 */
#define _GNU_SOURCE
#include "ledger_internal.h"

#if defined(__linux__) && defined(__x86_64__)
#include <execinfo.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_ON           1
#endif

enum {
    LET_THROUGH = 0,
    TRAP = 1
};

/* The kernel reads it at each system call of the thread. */
static _Thread_local volatile char selector __attribute__((tls_model("initial-exec")));
static _Thread_local bool installed;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool handler_works;

/* The exempt code: one system call, and the way back from the handler. */
long ledger_trap_call(long number, long a, long b, long c, long d, long e, long f);
void ledger_trap_return(void);
extern const char ledger_trap_begin[], ledger_trap_end[];
__asm__(".text\n"
        ".globl ledger_trap_begin, ledger_trap_end, ledger_trap_call, ledger_trap_return\n"
        ".hidden ledger_trap_begin, ledger_trap_end, ledger_trap_call, ledger_trap_return\n"
        "ledger_trap_begin:\n"
        ".type ledger_trap_call, @function\n"
        "ledger_trap_call:\n"
        "    movq %rdi, %rax\n"
        "    movq %rsi, %rdi\n"
        "    movq %rdx, %rsi\n"
        "    movq %rcx, %rdx\n"
        "    movq %r8, %r10\n"
        "    movq %r9, %r8\n"
        "    movq 8(%rsp), %r9\n"
        "    syscall\n"
        "    ret\n"
        ".type ledger_trap_return, @function\n"
        "ledger_trap_return:\n"
        "    movl $15, %eax\n" /* rt_sigreturn */
        "    syscall\n"
        "ledger_trap_end:\n");

static bool cannot_be_made_here(long number) {
    return number == SYS_clone || number == SYS_clone3 || number == SYS_fork ||
           number == SYS_vfork || number == SYS_execve || number == SYS_rt_sigreturn ||
           number == SYS_exit || number == SYS_exit_group || number == SYS_rt_sigprocmask;
}

/* The counting may walk the stack, which must not trap: this signal is blocked meanwhile. */
static void on_trap(int signal, siginfo_t *info, void *context) {
    (void)signal;
    ucontext_t *interrupted = context;
    greg_t *registers = interrupted->uc_mcontext.gregs;
    selector = LET_THROUGH;
    long number = info->si_syscall;
    if (ledger_call.paused == 0) {
        ledger_count(HALLEDGER_SYSTEM_CALL, number);
    }
    if (cannot_be_made_here(number)) {
        selector = LET_THROUGH;
        registers[REG_RAX] = number;
        registers[REG_RIP] -= 2; /* the syscall instruction once more, untrapped */
        return;
    }
    registers[REG_RAX] =
        ledger_trap_call(number, registers[REG_RDI], registers[REG_RSI], registers[REG_RDX],
                         registers[REG_R10], registers[REG_R8], registers[REG_R9]);
    selector = TRAP;
}

/* As the kernel takes it: sigaction() of the C library insists on a way back of its own, which
 * would trap. */
struct kernel_action {
    void (*handler)(int, siginfo_t *, void *);
    unsigned long flags;
    void (*restorer)(void);
    unsigned long mask;
};
#define KERNEL_RESTORER 0x04000000ul

static void install_handler(void) {
    void *warm[2];
    (void)backtrace(warm, 2); /* the first call loads a library */
    const struct kernel_action action = {
        .handler = on_trap,
        .flags = SA_SIGINFO | SA_ONSTACK | KERNEL_RESTORER,
        .restorer = ledger_trap_return,
    };
    handler_works =
        ledger_trap_call(SYS_rt_sigaction, SIGSYS, (long)&action, 0, sizeof action.mask, 0, 0) == 0;
}

static bool install(void) {
    (void)pthread_once(&once, install_handler);
    long from = (long)ledger_trap_begin;
    long size = (long)(ledger_trap_end - ledger_trap_begin);
    return handler_works &&
           ledger_trap_call(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, from, size,
                            (long)&selector, 0) == 0;
}

bool ledger_trap_works(void) {
    if (!installed) {
        installed = install();
    }
    return installed;
}

void ledger_trap_set(bool on) {
    if (on ? ledger_trap_works() : installed) {
        selector = on ? TRAP : LET_THROUGH;
    }
}
#else
bool ledger_trap_works(void) {
    return false;
}

void ledger_trap_set(bool on) {
    (void)on;
}
#endif
