/* halsdk.h - what the SDK runtime offers the host that stands behind it.
 *
 * Drivers never include this header: they see only CoreFoundation, CoreAudio, mach, os and
 * dispatch. The simulated coreaudiod uses it to own time, to collect log lines and to count what a
 * driver leaks.
 *
 * These settings belong to the process, as mach_absolute_time() and CFRetain() do on a Mac.
 * Set them before the first driver is loaded; all functions are safe to call from any thread.
 */
#ifndef HALSDK_HALSDK_H
#define HALSDK_HALSDK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HALSDK_EXPORT __attribute__((visibility("default")))

/* ---- time -------------------------------------------------------------------------------- */

/* Where mach_absolute_time() and friends take the time from.
 * `now_ns` returns nanoseconds on a clock that never goes back. It must not block, nor call the
 * SDK: the runtime calls it from any thread, also with locks held. */
struct halsdk_time_source {
    uint64_t (*now_ns)(void *context);
    void *context;
};

/* The structure is copied. NULL restores the default, CLOCK_MONOTONIC. Timers, and waits that began
 * in virtual time, keep their deadlines, which pass by the new source's clock; a wait that began in
 * real time ends in real time.
 * With a source of its own the host owns time: deadlines of timers, timed waits and
 * mach_wait_until() then pass only when it calls halsdk_run_timers_until(). A host that lives in
 * real time leaves the default alone. */
HALSDK_EXPORT void halsdk_set_time_source(const struct halsdk_time_source *source);

/* What mach_timebase_info() says: nanoseconds = ticks * numer / denom.
 * 1/1 is an Intel Mac (the default), 125/3 is Apple silicon (24 MHz). Returns false on a zero. */
HALSDK_EXPORT bool halsdk_set_timebase(uint32_t numer, uint32_t denom);
/* Exact and rounded down; a result beyond 64 bits is UINT64_MAX. */
HALSDK_EXPORT uint64_t halsdk_ticks_from_ns(uint64_t ns);
HALSDK_EXPORT uint64_t halsdk_ns_from_ticks(uint64_t ticks);

/* ---- log --------------------------------------------------------------------------------- */

/* One os_log() or syslog() message. Strings live only during the call. */
struct halsdk_log_record {
    uint64_t time_ns;      /* by the time source */
    const char *level;     /* "debug", "info", "default", "error", "fault" */
    const char *subsystem; /* "" when none */
    const char *category;  /* "" when none */
    const char *message;   /* formatted; %{private}s shows as <private> unless revealed */
};

typedef void (*halsdk_log_sink)(const struct halsdk_log_record *record, void *context);

/* NULL restores the default: one JSON object a line on stderr. The sink is called on the thread
 * that logs, by several threads at once; it must not log itself. */
HALSDK_EXPORT void halsdk_set_log_sink(halsdk_log_sink sink, void *context);
HALSDK_EXPORT void halsdk_set_log_reveals_private(bool reveal);

/* ---- queues ------------------------------------------------------------------------------ */

/* False until somebody in this process has used a queue, a timer, a group or a semaphore: then a
 * host need not look after them. One relaxed load. */
HALSDK_EXPORT bool halsdk_queues_were_used(void);

/* Runs the work that stands in the main queue now, on the calling thread, which is the main thread
 * meanwhile. Work that is added by this work waits for the next call. Returns how many ran. */
HALSDK_EXPORT size_t halsdk_drain_main_queue(void);

/* For a host that owns time, after it has moved its clock to `now_ns`: timers, dispatch_after() and
 * timed waits whose deadline is not later than that pass, in the order of their deadlines. Timers
 * put their work into its queue here; the pool's threads run it in their own time. Returns how many
 * passed. With the default time source a thread of the runtime does this, and the call does
 * nothing. */
HALSDK_EXPORT size_t halsdk_run_timers_until(uint64_t now_ns);

struct halsdk_queue_counts {
    size_t threads;      /* of the pool, idle ones included, and the timers' thread */
    size_t idle_threads; /* of the pool */
    size_t items;        /* work waiting or running in any queue, the main queue included */
    size_t timers;       /* armed: dispatch_after() and timer sources */
};
HALSDK_EXPORT void halsdk_count_queues(struct halsdk_queue_counts *counts);

/* Waits until no item waits or runs outside the main queue and suspended queues; false when
 * `timeout_ns` (real time) passed first. Timers that are not due do not count. What ran or was
 * ready to run when a call gave up is not waited for again: work that never ends costs one timeout,
 * not one each call. */
HALSDK_EXPORT bool halsdk_wait_for_queues(uint64_t timeout_ns);

/* Ends the runtime's threads: disarms all timers, drops waiting work without running it, waits for
 * running work at most `timeout_ns` (real time). Meanwhile the calling thread serves the main
 * queue: a dispatch_sync() is never dropped, there or elsewhere. Returns false when some still runs
 * or new work never ceases: then the threads stay. Whatever was there when the call returns is
 * never run, also what waits behind work that is stuck, in a suspended queue or for a group: it is
 * let go when its turn comes. New work starts the threads again. */
HALSDK_EXPORT bool halsdk_stop_queues(uint64_t timeout_ns);

/* ---- objects ----------------------------------------------------------------------------- */

/* Number of CoreFoundation objects alive. `class_name` such as "CFString", or NULL for all.
 * Constant objects (CFSTR, kCFBooleanTrue, constant UUIDs, ...) are not counted. */
HALSDK_EXPORT size_t halsdk_live_objects(const char *class_name);

/* CFAutorelease() puts an object into the calling thread's innermost pool. A host opens a pool
 * before it calls a driver and closes it afterwards, on the same thread; what the queues run has
 * one of its own. `mark` is what the matching push returned: what came since is released, also what
 * came into pools within it that were left open. A thread's end releases the rest. */
HALSDK_EXPORT size_t halsdk_autorelease_push(void);
HALSDK_EXPORT void halsdk_autorelease_pop(size_t mark);

/* Writes "CFString 3, CFArray 1" into `buffer`; returns the number of live objects. */
HALSDK_EXPORT size_t halsdk_describe_live_objects(char *buffer, size_t size);

/* A misuse of an object: over-release, use of something that is not or no longer an object. */
typedef void (*halsdk_fault_handler)(const char *what, const void *object, void *context);

/* NULL restores the default: a line on stderr, then abort(). */
HALSDK_EXPORT void halsdk_set_fault_handler(halsdk_fault_handler handler, void *context);

#ifdef __cplusplus
}
#endif
#endif
