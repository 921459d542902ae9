/* service_child.c */
#include "service_child.h"
#include "crash.h"
#include "rpc_router.h"
#include "sandboxing.h"
#include "service_page.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* This process's place in the page, and its clock, for a handler of signals. */
static struct service_slot *slot;
static struct halsim_clock *_Atomic watched_clock;
static int life_fd = -1;

static void note_time(void) {
    struct halsim_clock *clock = atomic_load(&watched_clock);
    if (clock != NULL) {
        atomic_store(&slot->now_ns, halsim_clock_now_ns(clock));
    }
}

/* A report goes out: the front wants to know what it says, and when it was. */
static void on_report(const char *line, size_t length) {
    note_time();
    if (length <= sizeof slot->report) {
        memcpy(slot->report, line, length);
        atomic_store(&slot->report_length, (unsigned)length);
    }
}

static void after_request(void *context) {
    (void)context;
    note_time();
}

void service_child_watch(struct halsim_rpc *rpc) {
    atomic_store(&watched_clock, halsim_host_clock(halsim_rpc_host(rpc)));
    note_time();
    rpc_set_after(rpc, after_request, NULL);
}

/* The front is gone, and whoever guards it cleans up. */
static void *watch_front(void *context) {
    (void)context;
    char byte;
    ssize_t got;
    do {
        got = read(life_fd, &byte, 1);
    } while (got > 0 || (got < 0 && errno == EINTR));
    _exit(128 + SIGKILL);
}

static bool start_watch(void) {
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    bool ok = pthread_create(&thread, &attributes, watch_front, NULL) == 0;
    pthread_attr_destroy(&attributes);
    return ok;
}

bool service_child_begin(struct options *options, int *socket) {
    int page_fd;
    unsigned index, plugin;
    unsigned long long start_ns;
    struct service_page *page = NULL;
    if (sscanf(options->service, SERVICE_SPEC_FORMAT, socket, &life_fd, &page_fd, &index, &plugin,
               &start_ns) == 6) {
        page = service_page_open(page_fd, index);
        (void)fcntl(*socket, F_SETFD, FD_CLOEXEC);
        (void)fcntl(life_fd, F_SETFD, FD_CLOEXEC);
        (void)close(page_fd);
    }
    if (page == NULL) {
        fprintf(stderr, "coreaudiod-sim: --service is what the daemon gives to its helpers\n");
        return false;
    }
    slot = &page->slots[index];
    options->host.profile = page->has_profile ? &page->profile : NULL;
    options->host.virtual_start_ns = start_ns;
    options->sandbox = page->sandbox;
    sandboxing_begin(&page->sandbox, slot->bundle, plugin);
    options->rpc = "stdio"; /* as far as anybody asks */
    options->driver_count = 0;
    /* A terminal's Ctrl-C is for the daemon. */
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
#ifdef __linux__
    /* Started by another name for the program, which is not its own in reports. */
    (void)pthread_setname_np(pthread_self(), "coreaudiod-sim");
#endif
    crash_set_process(SERVICE_PROCESS_NAME, plugin);
    crash_install(options->sigpipe_ignored);
    crash_set_listener(on_report);
    return start_watch();
}
