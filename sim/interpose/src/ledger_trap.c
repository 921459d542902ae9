/* ledger_trap.c - every system call of a thread, raw ones too, through syscall user dispatch.
 *
 * While a byte of the thread says so, the kernel turns each system call into SIGSYS, except those
 * made by a few instructions below. The handler counts the call and lets the thread go on at these
 * instructions, which make the call with the thread's own registers, stack and signal mask, and
 * jump back. So a call may wait, be interrupted, be restarted, fork, exec or end the thread as if
 * nothing had been in between. Nothing is paid where no system call is made.
 *
 * What comes back twice in the same memory cannot take that way: the child has another stack, or
 * ruins the one that it shares. It is let through where it stands, and the watch ends.
 */
#define _GNU_SOURCE
#include "ledger_internal.h"

#if defined(__linux__) && defined(__x86_64__)
#include <errno.h>
#include <execinfo.h>
#include <linux/audit.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

/* Headers may be older than the kernel. */
#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif
#define DISPATCH_ON     1L
#define CODE_DISPATCHED 2 /* si_code: SYS_USER_DISPATCH */

_Thread_local volatile char ledger_selector;
_Thread_local enum ledger_trap_state ledger_trap_state;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool claimed;

/* The exempt code. The kernel compares the address behind the instruction: something must follow
 * the last one. */
void ledger_trap_go_on(void);
void ledger_trap_return(void);
extern const char ledger_trap_begin[], ledger_trap_end[];

/* How far below the thread's stack the way back lies: behind the 128 bytes that the ABI lets a
 * function use there. */
#define WAY_BACK 136
#define TEXT_(x) #x
#define TEXT(x)  TEXT_(x)

__asm__(
    ".text\n"
    ".globl ledger_trap_begin, ledger_trap_end, ledger_trap_go_on, ledger_trap_return\n"
    ".hidden ledger_trap_begin, ledger_trap_end, ledger_trap_go_on, ledger_trap_return\n"
    "    nop\n"
    "ledger_trap_begin:\n"
    /* The call itself; %rcx is the kernel's to spoil. For the unwinder it is a function that
     * was called from behind the driver's own instruction. */
    ".type ledger_trap_go_on, @function\n"
    "ledger_trap_go_on:\n"
    "    .cfi_startproc\n"
    "    .cfi_def_cfa %rsp, " TEXT(
        WAY_BACK) "\n"
                  "    .cfi_offset %rip, -" TEXT(
                      WAY_BACK) "\n"
                                "    syscall\n"
                                "    movq (%rsp), %rcx\n"
                                "    .cfi_register %rip, %rcx\n"
                                "    leaq " TEXT(
                                    WAY_BACK) "(%rsp), %rsp\n"
                                              "    .cfi_def_cfa_offset 0\n"
                                              "    jmp *%rcx\n"
                                              "    .cfi_endproc\n"
                                              ".size ledger_trap_go_on, . - ledger_trap_go_on\n"
                                              /* An unwinder looks one byte before an address that
                                                 is returned to. */
                                              "    nop\n"
                                              /* The way out of the handler of a signal. Unwinders
                                                 know it by these very instructions. */
                                              ".type ledger_trap_return, @function\n"
                                              "ledger_trap_return:\n"
                                              "    movq $15, %rax\n"
                                              "    syscall\n"
                                              "    ud2\n"
                                              ".size ledger_trap_return, . - ledger_trap_return\n"
                                              "ledger_trap_end:\n");

/* Whether the call may come back twice in the same memory. What the arguments of clone3 point to
 * may not be readable; those who make processes by it are few. */
static bool shares_memory(long number, const greg_t *registers) {
    return number == SYS_vfork || number == SYS_clone3 ||
           (number == SYS_clone && (registers[REG_RDI] & CLONE_VM) != 0);
}

static void mask_set(const uint64_t *mask, uint64_t *before) {
    (void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, mask, before, sizeof *mask);
}

/* Made here, with the thread's mask in force meanwhile, for the kernel to judge the arguments. The
 * handler's end restores a mask: it must be the new one, and the next trap must not be blocked. */
static void change_mask(ucontext_t *interrupted) {
    greg_t *registers = interrupted->uc_mcontext.gregs;
    uint64_t mask, handlers;
    memcpy(&mask, &interrupted->uc_sigmask, sizeof mask);
    mask_set(&mask, &handlers);
    long result = syscall(SYS_rt_sigprocmask, registers[REG_RDI], registers[REG_RSI],
                          registers[REG_RDX], registers[REG_R10]);
    registers[REG_RAX] = result < 0 ? -errno : result;
    mask_set(&handlers, &mask);
    mask &= ~(UINT64_C(1) << (SIGSYS - 1));
    memcpy(&interrupted->uc_sigmask, &mask, sizeof mask);
}

static void go_on_at(greg_t *registers, void (*code)(void)) {
    registers[REG_RIP] = (greg_t)(uintptr_t)code;
}

static void on_trap(int signal, void *info_, void *context) {
    const siginfo_t *info = info_;
    const char watched = ledger_selector;
    ledger_selector = LEDGER_LET_THROUGH; /* a trap in here would kill */
    if (info->si_code != CODE_DISPATCHED) {
        ledger_signal_forward(signal, info_, context);
        ledger_selector = watched;
        return;
    }
    ucontext_t *interrupted = context;
    greg_t *registers = interrupted->uc_mcontext.gregs;
    const int error = errno;
    const long number = info->si_syscall;
    const bool native = info->si_arch == AUDIT_ARCH_X86_64;
    if (native && number == SYS_rt_sigreturn) {
        /* A signal came while the row was open: not the driver's call. */
        go_on_at(registers, ledger_trap_return);
    } else {
        if (ledger_is_open()) {
            ledger_count_trapped(number, (const void *)registers[REG_RIP]);
        }
        registers[REG_RAX] = number;
        if (native && (number == SYS_exit || number == SYS_exit_group)) {
            halledger_abandon();
        }
        if (!ledger_is_open() || !native || shares_memory(number, registers)) {
            registers[REG_RIP] -= 2; /* the same instruction once more, not trapped */
            errno = error;
            return;
        }
        if (number == SYS_rt_sigprocmask && registers[REG_RSI] != 0) {
            change_mask(interrupted);
        } else {
            greg_t back = registers[REG_RIP];
            registers[REG_RSP] -= WAY_BACK;
            memcpy((void *)registers[REG_RSP], &back, sizeof back);
            go_on_at(registers, ledger_trap_go_on);
        }
    }
    errno = error;
    if (ledger_is_open()) {
        ledger_selector = LEDGER_TRAP;
    }
}

/* A child has this thread's variables, but the kernel does not look for it. */
static void forget_in_child(void) {
    ledger_trap_state = LEDGER_TRAP_UNKNOWN;
    halledger_abandon();
}

static void claim(void) {
    void *warm[2];
    (void)backtrace(warm, 2); /* the first call loads a library */
    claimed = ledger_signal_claim(on_trap, ledger_trap_return) &&
              pthread_atfork(NULL, NULL, forget_in_child) == 0;
}

/* The stack that the handler will need, so that its faults are not the driver's. */
static __attribute__((noinline)) void touch_stack(void) {
    volatile char below[12 * 1024];
    for (size_t i = 0; i < sizeof below; i += 1024) {
        below[i] = 0;
    }
}

void ledger_trap_install(void) {
    ledger_trap_state = LEDGER_TRAP_CANNOT; /* nothing below may come here again */
    const int error = errno;
    (void)pthread_once(&once, claim);
    if (claimed) {
        ledger_signal_unblock();
        touch_stack();
        if (prctl(PR_SET_SYSCALL_USER_DISPATCH, DISPATCH_ON, ledger_trap_begin,
                  (unsigned long)(ledger_trap_end - ledger_trap_begin), &ledger_selector) == 0) {
            ledger_trap_state = LEDGER_TRAP_ON;
        }
    }
    errno = error;
}
#else
typedef int ledger_trap_is_not_here; /* no translation unit is empty */
#endif
