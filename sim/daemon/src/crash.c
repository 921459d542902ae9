/* crash.c - signal handlers and the report. */
#include "crash.h"
#include "halsim/last_calls.h"
#include "halsim/sanitizers.h"
#ifdef HAL_LAB_INTERPOSE
#include "halinterpose/ledger.h"
#endif
#include "heap_damage.h"
#include "ledger.h"
#include "options.h"
#include "report.h"
#include "report_calls.h"
#include <dirent.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

#define FRAMES_MAX      48
#define ALT_STACK_BYTES 65536

#ifdef __linux__
/* The sanitizer runtimes have it; without one it is NULL. */
extern void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));
#endif

static struct report report;

/* Which process this is, for those who read the report. */
static const char *process_name = "coreaudiod";
static bool has_one_plugin;
static uint32_t one_plugin;
static void (*report_listener)(const char *line, size_t length);

void crash_set_process(const char *process, uint32_t plugin) {
    process_name = process;
    has_one_plugin = true;
    one_plugin = plugin;
}

void crash_set_listener(void (*listener)(const char *line, size_t length)) {
    report_listener = listener;
}

/* ---- what a report does is not the driver's doing ------------------------------------------ */

static void pause_ledger(void) {
#ifdef HAL_LAB_INTERPOSE
    halledger_pause();
#endif
}

static void resume_ledger(void) {
#ifdef HAL_LAB_INTERPOSE
    halledger_resume();
#endif
}

static void abandon_ledger(void) {
#ifdef HAL_LAB_INTERPOSE
    halledger_abandon();
#endif
}

/* ---- who was it ---------------------------------------------------------------------------- */

/* The path of the bundle when the address lies in the executable of one, else NULL. */
static const char *bundle_of(void *address, char *path, size_t size) {
    Dl_info info;
    if (dladdr(address, &info) == 0 || info.dli_fname == NULL) {
        return NULL;
    }
    const char *inside = strstr(info.dli_fname, "/Contents/MacOS/");
    size_t length = inside != NULL ? (size_t)(inside - info.dli_fname) : size;
    if (length >= size) {
        return NULL;
    }
    memcpy(path, info.dli_fname, length);
    path[length] = '\0';
    return path;
}

/* "<image> + <offset> (<symbol> + <offset>)": the first offset is what addr2line takes. */
static void add_frame(void *address) {
    Dl_info info;
    char offset[20];
    if (dladdr(address, &info) == 0 || info.dli_fname == NULL) {
        const char *const parts[] = {report_hex_text((uintptr_t)address, offset)};
        report_entry(&report, parts, 1);
        return;
    }
    const char *slash = strrchr(info.dli_fname, '/');
    const char *image = slash != NULL ? slash + 1 : info.dli_fname;
    report_hex_text((uintptr_t)address - (uintptr_t)info.dli_fbase, offset);
    if (info.dli_sname != NULL) {
        char from_symbol[20];
        report_hex_text((uintptr_t)address - (uintptr_t)info.dli_saddr, from_symbol);
        const char *const parts[] = {image,          " + ", offset,      " (",
                                     info.dli_sname, " + ", from_symbol, ")"};
        report_entry(&report, parts, 8);
    } else {
        const char *const parts[] = {image, " + ", offset};
        report_entry(&report, parts, 3);
    }
}

static void add_call(struct report *to, const struct halsim_call_info *call) {
    char code[16];
    report_string(to, "entry_point", call != NULL ? call->entry_point : NULL);
    if (call != NULL) {
        report_number(to, "object", call->object);
        report_number(to, "client", call->client);
        report_string(to, "code", call->code != 0 ? halsim_fourcc_text(call->code, code) : NULL);
        report_number(to, "plugin_index", has_one_plugin ? one_plugin : call->plugin);
    }
}

/* "plugin" and "backtrace". `bundle` is the plug-in's where its code is not on the stack. */
static void add_stack(void *const *frames, int count, const char *bundle) {
    static char path[4096];
    for (int i = 0; i < count && bundle == NULL; i++) {
        bundle = bundle_of(frames[i], path, sizeof path);
    }
    report_string(&report, "plugin", bundle);
    report_begin_list(&report, "backtrace");
    for (int i = 0; i < count; i++) {
        add_frame(frames[i]);
    }
    report_end_list(&report);
}

/* ---- one thread reports -------------------------------------------------------------------- */

/* A handler that walks the stack of a thread may meet a lock that another thread, which waits for
 * the report, holds for good. After this many seconds what is known must do. */
#define REPORT_SECONDS 3

static atomic_bool reporting;
static _Thread_local volatile sig_atomic_t reports_here; /* this thread is the one */
static pid_t daemon_process;

/* What is known without walking a stack, for a report that has to do without. */
static struct {
    const char *event;
    const char *signal_name; /* NULL: a hang */
    const void *address;
    const struct halsim_call_info *call;
    const char *damage; /* of the heap, found after that call; else NULL */
    char thread[64];
    uint64_t elapsed_ms;
    int exit_status;
} known;

static void begin_report(struct report *to) {
    report_begin(to, known.event);
    if (known.signal_name != NULL) {
        report_string(to, "signal", known.signal_name);
    }
    report_string(to, "process", process_name);
    report_number(to, "pid", (uint64_t)daemon_process);
    add_call(to, known.call);
    if (known.damage != NULL) {
        report_string(to, "damage", known.damage);
    }
    if (known.signal_name == NULL) {
        report_number(to, "elapsed_ms", known.elapsed_ms);
        return;
    }
    if (known.thread[0] != '\0') {
        report_string(to, "thread", known.thread);
    }
    if (known.address != NULL) {
        report_hex(to, "address", (uintptr_t)known.address);
    }
}

static void finish(struct report *done) __attribute__((noreturn));

static void finish(struct report *done) {
    report_last_calls(done);
    report_send(done);
    if (report_listener != NULL) {
        report_listener(done->text, done->length);
    }
    ledger_mean_to_end();
    _exit(known.exit_status);
}

static void limit_report(void);

/* On the reporting thread, or on any when it makes no progress. */
static void report_without_stack(void) __attribute__((noreturn));

static void report_without_stack(void) {
    static atomic_flag begun = ATOMIC_FLAG_INIT;
    static struct report plain; /* the other one is half written */
    if (atomic_flag_test_and_set(&begun)) {
        ledger_mean_to_end();
        _exit(known.exit_status); /* not even that: nobody reads stderr, perhaps */
    }
    limit_report();
    begin_report(&plain);
    report_null(&plain, "plugin");
    report_string(&plain, "text", "the stack could not be walked");
    report_raw(&plain, "backtrace", "[]");
    finish(&plain);
}

static void on_report_stuck(int number) {
    (void)number;
    report_without_stack();
}

/* False when another thread is at it already. */
static bool claim_report(void) {
    if (atomic_exchange(&reporting, true)) {
        return false;
    }
    reports_here = true;
    return true;
}

static void limit_report(void) {
    struct sigaction action = {.sa_handler = on_report_stuck, .sa_flags = SA_NODEFER};
    sigemptyset(&action.sa_mask);
    sigaction(SIGALRM, &action, NULL);
    sigset_t alarm_only;
    sigemptyset(&alarm_only);
    sigaddset(&alarm_only, SIGALRM);
    pthread_sigmask(SIG_UNBLOCK, &alarm_only, NULL);
    alarm(REPORT_SECONDS);
}

static void wait_for_the_end(void) __attribute__((noreturn));

static void wait_for_the_end(void) {
    for (;;) {
        pause();
    }
}

/* ---- crash --------------------------------------------------------------------------------- */

static bool has_driver(void *const *frames, int count) {
    char path[4096];
    for (int i = 0; i < count; i++) {
        if (bundle_of(frames[i], path, sizeof path) != NULL) {
            return true;
        }
    }
    return false;
}

/* The allocator has found its memory spoilt in a process in which drivers write to buffers: that is
 * taken for a driver's doing, in the call that came last or before it. Returns the bundle, or NULL
 * when it is not known which. */
static const char *blame_last_call(void *const *frames, int count) {
    static char path[4096];
    static struct halsim_last_call calls[HALSIM_LAST_CALLS_MAX]; /* too much for a signal's stack */
    static struct halsim_call_info last;
    const char *words = heap_damage_words(frames, count);
    if (words == NULL) {
        return NULL;
    }
    size_t called = halsim_last_calls(calls, HALSIM_LAST_CALLS_MAX);
    int is_loaded = heap_damage_has_driver(path, sizeof path);
    if (called == 0 && !is_loaded) {
        return NULL;
    }
    if (called > 0) {
        const struct halsim_last_call *newest = &calls[called - 1];
        last = (struct halsim_call_info){
            .entry_point = newest->entry_point,
            .object = newest->object,
            .client = newest->client,
            .code = newest->code,
            .plugin = UINT32_MAX, /* the calls are not kept with it */
        };
        known.call = &last;
    }
    known.damage = words;
    known.event = "driver-crashed";
    known.exit_status = EXIT_DRIVER_CRASHED;
    return path[0] != '\0' ? path : NULL;
}

/* Writes the line and ends the process. `skip` frames at the top are the handler's own. With the
 * report claimed. */
static void report_crash(const char *signal_name, const void *address, int skip)
    __attribute__((noreturn));

static void report_crash(const char *signal_name, const void *address, int skip) {
    static void *frames[FRAMES_MAX];
    known.call = halsim_call_current();
    known.event = known.call != NULL ? "driver-crashed" : "host-crashed";
    known.exit_status = known.call != NULL ? EXIT_DRIVER_CRASHED : EXIT_HOST_CRASHED;
    known.signal_name = signal_name;
    known.address = address;
    (void)pthread_getname_np(pthread_self(), known.thread, sizeof known.thread);
    limit_report();
    int count = backtrace(frames, FRAMES_MAX);
    skip = count > skip ? skip : 0;
    const char *bundle = NULL;
    if (known.call == NULL && has_driver(frames + skip, count - skip)) {
        /* No call into a driver is under way, yet one is on the stack: a thread of its own. */
        known.event = "driver-crashed";
        known.exit_status = EXIT_DRIVER_CRASHED;
    } else if (known.call == NULL) {
        bundle = blame_last_call(frames + skip, count - skip);
    }
    begin_report(&report);
    add_stack(frames + skip, count - skip, bundle);
    finish(&report);
}

/* A program that no longer reads our log must not look like a driver's crash. */
static bool stderr_is_closed(void) {
    struct pollfd log = {.fd = STDERR_FILENO};
    return poll(&log, 1, 0) > 0 && (log.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
}

static void on_crash(int number, siginfo_t *info, void *context) {
    (void)context;
    abandon_ledger();
    if (getpid() != daemon_process) {
        signal(number, SIG_DFL); /* a child that a driver forked is its own affair */
        raise(number);
        return;
    }
    if (number == SIGPIPE && stderr_is_closed()) {
        return; /* the write fails instead */
    }
    if (!claim_report()) {
        if (reports_here) {
            report_without_stack(); /* it was the walk through the stack that crashed */
        }
        wait_for_the_end();
    }
    bool has_address =
        number == SIGSEGV || number == SIGBUS || number == SIGILL || number == SIGFPE;
    /* This function, the one above it, and the trampoline of the signal. */
    report_crash(report_signal_name(number),
                 has_address && info->si_code > 0 ? info->si_addr : NULL, 3);
}

#ifdef __linux__
/* A sanitizer has written its report and would end the process. */
static void on_sanitizer_death(void) {
    if (getpid() == daemon_process && claim_report()) {
        report_crash("sanitizer", NULL, 2);
    }
}
#endif

static atomic_bool exit_expected;

void crash_expect_exit(void) {
    atomic_store(&exit_expected, true);
    ledger_mean_to_end();
}

/* exit() of a driver, or of us at the end; not that of a child that a driver forked. */
static void on_exit_called(void) {
    if (getpid() != daemon_process) {
        return;
    }
    if (!atomic_load(&exit_expected) && claim_report()) {
        report_crash("exit", NULL, 1);
    }
    if (atomic_load(&reporting) && !reports_here) {
        wait_for_the_end(); /* another thread crashes: its report is the end that counts */
    }
}

void crash_install(bool sigpipe_ignored) {
    daemon_process = getpid();
    /* The first backtrace() loads libgcc, which allocates: not in a handler. */
    void *frames[4];
    (void)backtrace(frames, 4);
    heap_damage_install();

    /* This thread makes most calls into drivers: a driver that uses up its stack is reported. */
    stack_t stack = {.ss_size = ALT_STACK_BYTES};
    stack.ss_sp =
        mmap(NULL, stack.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack.ss_sp != MAP_FAILED) {
        sigaltstack(&stack, NULL);
    }

    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    sigemptyset(&action.sa_mask);
    action.sa_sigaction = on_crash;
    sigaction(SIGABRT, &action, NULL);
    sigaction(SIGTRAP, &action, NULL);
    sigaction(SIGSYS, &action, NULL);
#ifndef HALSIM_UNDER_ASAN
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    sigaction(SIGILL, &action, NULL);
    sigaction(SIGFPE, &action, NULL);
#endif
#ifdef __linux__
    if (__sanitizer_set_death_callback != NULL) {
        __sanitizer_set_death_callback(on_sanitizer_death);
    }
#endif
    atexit(on_exit_called);
    if (sigpipe_ignored) {
        signal(SIGPIPE, SIG_IGN);
    } else {
        sigaction(SIGPIPE, &action, NULL);
    }
}

/* ---- hang ---------------------------------------------------------------------------------- */

#ifdef __linux__

static struct halsim_call_info hung_call;
static void *hung_frames[FRAMES_MAX];
static atomic_int hung_count;

/* Runs on every thread; the hung one leaves its stack. */
static bool is_hung_call(const struct halsim_call_info *call) {
    return call != NULL && call->object == hung_call.object && call->client == hung_call.client &&
           call->code == hung_call.code && call->plugin == hung_call.plugin &&
           strcmp(call->entry_point, hung_call.entry_point) == 0;
}

static void on_question(int number) {
    (void)number;
    int expected = 0;
    pause_ledger();
    if (is_hung_call(halsim_call_current()) &&
        atomic_compare_exchange_strong(&hung_count, &expected, -1)) {
        atomic_store(&hung_count, backtrace(hung_frames, FRAMES_MAX));
    }
    resume_ledger();
}

static void ask_all_threads(int number) {
    DIR *tasks = opendir("/proc/self/task");
    long self = syscall(SYS_gettid);
    if (tasks == NULL) {
        return;
    }
    for (struct dirent *entry; (entry = readdir(tasks)) != NULL;) {
        long thread = strtol(entry->d_name, NULL, 10);
        if (thread > 0 && thread != self) {
            syscall(SYS_tgkill, getpid(), thread, number);
        }
    }
    closedir(tasks);
    for (int i = 0; i < 200 && atomic_load(&hung_count) <= 0; i++) {
        const struct timespec nap = {0, 1000000};
        nanosleep(&nap, NULL);
    }
}

static int collect_hung_stack(const struct halsim_call_info *call) {
    int number = SIGRTMIN + 5;
    struct sigaction action = {.sa_handler = on_question};
    sigemptyset(&action.sa_mask);
    hung_call = *call;
    sigaction(number, &action, NULL);
    ask_all_threads(number);
    int count = atomic_load(&hung_count);
    return count > 0 ? count : 0;
}

#else

static void *hung_frames[1];

static int collect_hung_stack(const struct halsim_call_info *call) {
    (void)call;
    return 0;
}

#endif

void crash_report_hang(const struct halsim_call_info *call, uint64_t elapsed_ns, void *context) {
    (void)context;
    int count = collect_hung_stack(call);
    if (!claim_report()) {
        return;
    }
    known.event = "driver-hung";
    known.call = call;
    known.elapsed_ms = elapsed_ns / 1000000;
    known.exit_status = EXIT_DRIVER_HUNG;
    limit_report();
    begin_report(&report);
    int skip = count > 2 ? 2 : 0; /* on_question() and the trampoline of its signal */
    add_stack(hung_frames + skip, count - skip, NULL);
    finish(&report);
}

void crash_report_stuck(const struct crash_stuck *stuck) {
    if (!claim_report()) {
        wait_for_the_end();
    }
    known.event = "driver-hung";
    known.call = halsim_call_any();
    known.elapsed_ms = stuck->elapsed_ms;
    known.exit_status = EXIT_DRIVER_HUNG;
    limit_report();
    begin_report(&report);
    report_string(&report, "problem", stuck->problem);
    report_string(&report, "text", stuck->text);
    report_begin_list(&report, "threads");
    for (size_t i = 0; i < stuck->thread_count; i++) {
        report_entry(&report, &stuck->threads[i], 1);
    }
    report_end_list(&report);
    add_stack(stuck->frames, stuck->frame_count, NULL);
    finish(&report);
}

/* ---- SIGPIPE of our own -------------------------------------------------------------------- */

struct crash_sigpipe crash_sigpipe_hold(void) {
    sigset_t pipe_only, before, pending;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    sigemptyset(&pending);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
    return (struct crash_sigpipe){.was_blocked = sigismember(&before, SIGPIPE) == 1,
                                  .was_pending = sigismember(&pending, SIGPIPE) == 1};
}

void crash_sigpipe_release(struct crash_sigpipe held) {
    sigset_t pipe_only, pending;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    sigpending(&pending);
    if (!held.was_pending && sigismember(&pending, SIGPIPE) == 1) {
        int number;
        sigwait(&pipe_only, &number); /* ours: take it back */
    }
    if (!held.was_blocked) {
        pthread_sigmask(SIG_UNBLOCK, &pipe_only, NULL);
    }
}
