/* crash.h - what is said when a driver, or the simulator, crashes or hangs.
 *
 * One JSON line on stderr (rpc.md, "When it ends"), then the process ends with EXIT_DRIVER_CRASHED,
 * EXIT_DRIVER_HUNG or EXIT_HOST_CRASHED. It was the driver when the thread was inside a call into
 * one, or when one of the calls on its stack lies in a driver's bundle: drivers have threads too.
 *
 * Under AddressSanitizer the sanitizer's own report comes first, the line after it.
 */
#ifndef DAEMON_CRASH_H
#define DAEMON_CRASH_H

#include "halsim/host.h"

/* Once, in the daemon, before a driver is loaded. With `sigpipe_ignored` a write to a closed
 * connection fails with EPIPE; otherwise it is reported as a crash. */
void crash_install(bool sigpipe_ignored);

/* In a process that is not coreaudiod but holds one plug-in for it: reports call it `process`
 * ("coreaudiod" without), and the plug-in by the number it has there. Before crash_install(). */
void crash_set_process(const char *process, uint32_t plugin);

/* Called with each report, as it goes out, before the process ends. Signal-safe. */
void crash_set_listener(void (*listener)(const char *line, size_t length));

/* The end that comes is meant: exit() called by anybody else counts as a crash. */
void crash_expect_exit(void);

/* A halsim_hang_callback that does not return. */
void crash_report_hang(const struct halsim_call_info *call, uint64_t elapsed_ns, void *context);

/* Threads that virtual time owns can go no further. */
struct crash_stuck {
    const char *problem;        /* "deadlock", ... */
    const char *text;           /* what that means, in a few words */
    const char *const *threads; /* one line each */
    size_t thread_count;
    void *const *frames; /* of the thread that matters most, innermost first */
    int frame_count;
    uint64_t elapsed_ms; /* for which it has gone on; 0: it does not matter */
};
/* Ends the process as a hang does. */
void crash_report_stuck(const struct crash_stuck *stuck);

/* Keeps SIGPIPE from the calling thread while it writes to its own peer. */
struct crash_sigpipe {
    bool was_blocked;
    bool was_pending;
};
struct crash_sigpipe crash_sigpipe_hold(void);
void crash_sigpipe_release(struct crash_sigpipe held);

#endif
