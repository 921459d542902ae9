/* threads.c - the daemon's side of the scheduler. */
#include "threads.h"
#include <stdio.h>

#ifdef HAL_LAB_INTERPOSE
#include "crash.h"
#include "halinterpose/sched.h"
#include "report.h"
#include <dlfcn.h>
#include <stdarg.h>
#include <string.h>

/* 2026-01-01, so that the calendar is the same at each run. */
#define EPOCH_NS    UINT64_C(1767225600000000000)

#define THREADS_MAX 64

static uint64_t limit_ms; /* of a call */

static uint64_t now_ns(void *context) {
    (void)context;
    return halsched_now_ns();
}

static uint64_t sleep_until_ns(void *context, uint64_t deadline_ns) {
    (void)context;
    return halsched_sleep_until_ns(deadline_ns);
}

/* ---- reports ------------------------------------------------------------------------------- */

/* All static: a report is made when nothing works any more. */
static struct halsched_thread_info infos[THREADS_MAX];
static char lines[THREADS_MAX][640];
static const char *line_list[THREADS_MAX];

struct line {
    char *text;
    size_t size, length;
};

static void add(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct line *line, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line->text + line->length, line->size - line->length, format, arguments);
    va_end(arguments);
    if (length > 0) {
        size_t most = line->size - line->length - 1;
        line->length += (size_t)length < most ? (size_t)length : most;
    }
}

/* "worker_main of Loop", or NULL when it is not in a library. */
static bool add_place(struct line *line, const char *before, const void *address) {
    Dl_info info;
    if (address == NULL || dladdr(address, &info) == 0 || info.dli_fname == NULL) {
        return false;
    }
    const char *slash = strrchr(info.dli_fname, '/');
    const char *image = slash != NULL ? slash + 1 : info.dli_fname;
    if (info.dli_sname != NULL) {
        add(line, "%s%s of %s", before, info.dli_sname, image);
    } else {
        add(line, "%s%s + %#zx", before, image,
            (size_t)((const char *)address - (const char *)info.dli_fbase));
    }
    return true;
}

static void describe(const struct halsched_thread_info *info, struct line *line) {
    add(line, "thread %u \"%s\"", (unsigned)info->number, info->name);
    (void)add_place(line, ", begun in ", info->start);
    add(line, ": %s", info->state);
    if (info->operation != NULL) {
        add(line, " in %s", info->operation);
    }
    if (info->object != NULL) {
        add(line, " for %p", info->object);
    }
    if (info->holder != UINT32_MAX) {
        add(line, ", which thread %u holds", (unsigned)info->holder);
    }
    const char *before = "; at ";
    for (int i = 0; i < info->depth; i++) {
        Dl_info place;
        /* What is in front of the C library is not what the thread does. */
        if (dladdr(info->stack[i], &place) != 0 && place.dli_fname != NULL &&
            strstr(place.dli_fname, "/Contents/MacOS/") != NULL &&
            add_place(line, before, info->stack[i])) {
            before = " < ";
        }
    }
}

static size_t describe_all(void) {
    size_t count = halsched_threads(infos, THREADS_MAX);
    count = count < THREADS_MAX ? count : THREADS_MAX;
    for (size_t i = 0; i < count; i++) {
        struct line line = {lines[i], sizeof lines[i], 0};
        describe(&infos[i], &line);
        line_list[i] = lines[i];
    }
    return count;
}

static void on_problem(enum halsched_problem problem, void *context) {
    static const struct {
        const char *name, *text;
    } problems[] = {
        [HALSCHED_DEADLOCK] = {"deadlock", "every thread waits, and nothing is due"},
        [HALSCHED_LIVELOCK] = {"livelock", "threads keep each other awake, and time stands still"},
        [HALSCHED_SPIN] = {"spin", "a thread runs and calls nothing that gives way"},
        [HALSCHED_STARVED] = {"starved", "the call waits for what does not come, in virtual time"},
    };
    (void)context;
    size_t count = describe_all();
    const struct halsched_thread_info *shown = &infos[0];
    for (size_t i = 0; i < count; i++) {
        if (problem == HALSCHED_SPIN && strcmp(infos[i].state, "running") == 0) {
            shown = &infos[i];
        }
    }
    const struct crash_stuck stuck = {
        .problem = problems[problem].name,
        .text = problems[problem].text,
        .threads = line_list,
        .thread_count = count,
        .frames = shown->stack,
        .frame_count = shown->depth,
        .elapsed_ms = problem == HALSCHED_SPIN || problem == HALSCHED_STARVED ? limit_ms : 0,
    };
    crash_report_stuck(&stuck);
}

/* ---- ownership ----------------------------------------------------------------------------- */

bool threads_can_be_owned(void) {
    return true;
}

bool threads_own(const struct options *options, struct halsim_host_config *config) {
    static struct halsim_scheduler scheduler = {
        .now_ns = now_ns,
        .sleep_until_ns = sleep_until_ns,
    };
    if (config->clock != HALSIM_CLOCK_VIRTUAL || options->threads_are_free) {
        return true;
    }
    const struct halsched_options wanted = {
        .seed = options->schedule,
        .start_ns = config->virtual_start_ns,
        .epoch_ns = EPOCH_NS,
        /* Before the watchdog, which knows less. */
        .spin_limit_ns = (uint64_t)config->call_limit_ms * 750000,
        .starved_limit_ns = (uint64_t)config->call_limit_ms * 1000000,
        .host_call = halsim_call_number,
        .on_problem = on_problem,
    };
    limit_ms = config->call_limit_ms;
    if (!halsched_start(&wanted)) {
        fprintf(stderr, "coreaudiod-sim: cannot own the threads of drivers: its own functions do "
                        "not come before the C library's; --threads free goes without\n");
        return false;
    }
    scheduler.schedule = options->schedule;
    config->scheduler = &scheduler;
    return true;
}

void threads_enter(void) {
    halsched_enter();
}

void threads_leave(void) {
    halsched_leave();
}

void threads_let_go(void) {
    if (!halsched_is_active()) {
        return;
    }
    size_t count = describe_all();
    if (count > 1) { /* the first is our own */
        static struct report report;
        report_begin(&report, "threads-left");
        report_begin_list(&report, "threads");
        for (size_t i = 1; i < count; i++) {
            const char *const parts[] = {lines[i]};
            report_entry(&report, parts, 1);
        }
        report_end_list(&report);
        report_send(&report);
    }
    (void)halsched_stop();
}

#else

bool threads_can_be_owned(void) {
    return false;
}

bool threads_own(const struct options *options, struct halsim_host_config *config) {
    (void)options;
    (void)config;
    return true;
}

void threads_enter(void) {
}

void threads_leave(void) {
}

void threads_let_go(void) {
}

#endif
