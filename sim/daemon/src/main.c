/* main.c - coreaudiod-sim. */
#include "call_ledger.h"
#include "crash.h"
#include "guard.h"
#include "ledger.h"
#include "listener.h"
#include "options.h"
#include "play.h"
#include "sandboxing.h"
#include "server.h"
#include "service.h"
#include "service_child.h"
#include "stopping.h"
#include "threads.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* The protocol's own ends of stdin and stdout. */
struct streams {
    int in, out;
};

/* Drivers print. What they write to stdout goes to stderr, and there is nothing for them on stdin,
 * so that the protocol stays clean. */
static bool protect_streams(struct streams *streams) {
    streams->in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    streams->out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (streams->in < 0 || streams->out < 0 || nothing < 0 ||
        dup2(STDERR_FILENO, STDOUT_FILENO) < 0 || dup2(nothing, STDIN_FILENO) < 0) {
        fprintf(stderr, "coreaudiod-sim: cannot set up stdin and stdout: %s\n", strerror(errno));
        return false;
    }
    close(nothing);
    return true;
}

/* Descriptors 0, 1 and 2 must be something: a program may have started us without. */
static void open_standard_streams(void) {
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF) {
            int opened = open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY);
            (void)opened; /* the lowest free number: fd */
        }
    }
}

/* How long to leave somebody waiting who cannot be let in for want of descriptors. */
#define NO_MEANS_PAUSE_MS 100

static int serve_socket(struct server *server, struct listener *listener) {
    enum server_end end = SERVER_CLOSED;
    bool complained = false;
    while (end == SERVER_CLOSED && server_wait_readable(server, listener->fd)) {
        int connection;
        enum listener_answer answer = listener_accept(listener, &connection);
        if (answer == LISTENER_CONNECTED) {
            complained = false;
            end = server_run(server, connection, connection);
            close(connection);
        } else if (answer == LISTENER_NO_MEANS) {
            if (!complained) {
                fprintf(stderr, "coreaudiod-sim: somebody connects, but has to wait: %s\n",
                        strerror(errno));
                complained = true;
            }
            server_pause(server, NO_MEANS_PAUSE_MS);
        }
    }
    listener_close(
        listener); /* the end of the drivers may take a while: nobody is let in any more */
    return end == SERVER_FAILED ? EXIT_ERROR : EXIT_ORDERLY;
}

static bool load_driver(struct halsim_rpc *rpc, struct service *service, const char *path,
                        struct halsim_error *error) {
    if (service != NULL) {
        return service_load(service, path, error);
    }
    uint32_t plugin;
    threads_enter();
    bool loaded = halsim_plugin_load(halsim_rpc_host(rpc), path, &plugin, error);
    threads_leave();
    return loaded;
}

static bool load_drivers(struct halsim_rpc *rpc, struct service *service,
                         const struct options *options) {
    for (uint32_t i = 0; i < options->driver_count && !stopping_requested(); i++) {
        struct halsim_error error;
        if (!load_driver(rpc, service, options->drivers[i], &error)) {
            fprintf(stderr, "coreaudiod-sim: %s\n", error.message);
            return false;
        }
    }
    return true;
}

/* What a front shares with its guard and its helpers; `page` is NULL where there are none. */
struct shared {
    struct service_page *page;
    int fd;
};

/* With `listener` NULL on stdio. */
static int serve_on(const struct options *options, const struct shared *shared,
                    const struct streams *streams, struct listener *listener) {
    struct halsim_error error;
    struct halsim_host_config config = options->host;
    config.on_hang = crash_report_hang;
    if (shared->page == NULL && !threads_own(options, &config)) { /* a front has no drivers */
        return EXIT_ERROR;
    }
    struct halsim_rpc *rpc = halsim_rpc_create(&config, &error);
    if (rpc == NULL) {
        fprintf(stderr, "coreaudiod-sim: %s\n", error.message);
        return EXIT_ERROR;
    }
    halsim_rpc_set_ledger(rpc, call_ledger());
    halsim_rpc_set_sandbox(rpc, sandboxing(&options->sandbox));
    halsim_rpc_set_keeper(rpc, ledger_folder_made, ledger_folder_gone);
    halsim_rpc_set_shm_list(rpc, ledger_list);
    if (options->service != NULL) {
        service_child_watch(rpc);
    }
    struct service *service = NULL;
    struct server *server = NULL;
    int status = EXIT_ERROR;
    if (shared->page == NULL ||
        (service = service_create(options, rpc, shared->page, shared->fd)) != NULL) {
        server = server_create(rpc);
    }
    if (server != NULL && load_drivers(rpc, service, options)) {
        if (listener == NULL) {
            status = server_run(server, streams->in, streams->out) == SERVER_FAILED ? EXIT_ERROR
                                                                                    : EXIT_ORDERLY;
        } else {
            status = serve_socket(server, listener);
        }
    }
    service_destroy(service); /* before the server, which its notices wake */
    server_destroy(server);
    threads_enter();
    halsim_rpc_destroy(rpc);
    threads_leave();
    threads_let_go();
    return status;
}

static int serve(const struct options *options, const struct shared *shared) {
    struct streams streams;
    struct listener listener;
    if (!protect_streams(&streams)) {
        return EXIT_ERROR;
    }
    if (strcmp(options->rpc, "stdio") == 0) {
        return serve_on(options, shared, &streams, NULL);
    }
    /* Before any driver is there with threads of its own. Who comes early waits. */
    if (!listener_open(&listener, options->rpc + strlen("unix:"))) {
        return EXIT_ERROR;
    }
    int status = serve_on(options, shared, &streams, &listener);
    listener_close(&listener);
    return status;
}

/* The other role: one plug-in, for a front. */
static int serve_front(struct options *options) {
    const struct shared none = {NULL, -1};
    struct streams streams;
    if (!service_child_begin(options, &streams.in)) {
        crash_expect_exit();
        return EXIT_ERROR;
    }
    streams.out = streams.in;
    int status = serve_on(options, &none, &streams, NULL);
    crash_expect_exit();
    return status;
}

int main(int count, char **arguments) {
    struct options options;
    open_standard_streams();
    switch (options_parse(count, arguments, &options)) {
    case OPTIONS_DONE:
        return fflush(stdout) == 0 ? EXIT_ORDERLY : EXIT_ERROR;
    case OPTIONS_BAD:
        return EXIT_USAGE;
    case OPTIONS_GO:
        break;
    }
    if (options.service != NULL) {
        return serve_front(&options);
    }
    stopping_install();
    struct shared shared = {NULL, -1};
    bool has_helpers = options.process_model == PROFILE_MODEL_HELPER;
    if (has_helpers ? (shared.page = service_page_create(&shared.fd)) == NULL : !ledger_create()) {
        return EXIT_ERROR;
    }
    if (options.guard && !guard_fork(options.keep_shm)) {
        return EXIT_ERROR;
    }
    crash_install(options.sigpipe_ignored);
    if (!guard_watch()) {
        fprintf(stderr, "coreaudiod-sim: cannot watch the guard\n");
        crash_expect_exit();
        return EXIT_ERROR;
    }
    int status = options.rpc != NULL ? serve(&options, &shared) : play_run(&options);
    guard_leave(options.keep_shm);
    crash_expect_exit();
    return status;
}
