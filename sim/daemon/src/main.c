/* main.c - coreaudiod-sim. */
#include "call_ledger.h"
#include "crash.h"
#include "guard.h"
#include "ledger.h"
#include "listener.h"
#include "options.h"
#include "play.h"
#include "server.h"
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

static bool load_drivers(struct halsim_rpc *rpc, const struct options *options) {
    for (uint32_t i = 0; i < options->driver_count && !stopping_requested(); i++) {
        struct halsim_error error;
        uint32_t plugin;
        threads_enter();
        bool loaded =
            halsim_plugin_load(halsim_rpc_host(rpc), options->drivers[i], &plugin, &error);
        threads_leave();
        if (!loaded) {
            fprintf(stderr, "coreaudiod-sim: %s\n", error.message);
            return false;
        }
    }
    return true;
}

/* With `listener` NULL on stdio. */
static int serve_on(const struct options *options, const struct streams *streams,
                    struct listener *listener) {
    struct halsim_error error;
    struct halsim_host_config config = options->host;
    config.on_hang = crash_report_hang;
    if (!threads_own(options, &config)) {
        return EXIT_ERROR;
    }
    struct halsim_rpc *rpc = halsim_rpc_create(&config, &error);
    if (rpc == NULL) {
        fprintf(stderr, "coreaudiod-sim: %s\n", error.message);
        return EXIT_ERROR;
    }
    halsim_rpc_set_ledger(rpc, call_ledger());
    halsim_rpc_set_keeper(rpc, ledger_folder_made, ledger_folder_gone);
    halsim_rpc_set_shm_list(rpc, ledger_list);
    struct server *server = server_create(rpc);
    int status = EXIT_ERROR;
    if (server != NULL && load_drivers(rpc, options)) {
        if (listener == NULL) {
            status = server_run(server, streams->in, streams->out) == SERVER_FAILED ? EXIT_ERROR
                                                                                    : EXIT_ORDERLY;
        } else {
            status = serve_socket(server, listener);
        }
    }
    server_destroy(server);
    threads_enter();
    halsim_rpc_destroy(rpc);
    threads_leave();
    threads_let_go();
    return status;
}

static int serve(const struct options *options) {
    struct streams streams;
    struct listener listener;
    if (!protect_streams(&streams)) {
        return EXIT_ERROR;
    }
    if (strcmp(options->rpc, "stdio") == 0) {
        return serve_on(options, &streams, NULL);
    }
    /* Before any driver is there with threads of its own. Who comes early waits. */
    if (!listener_open(&listener, options->rpc + strlen("unix:"))) {
        return EXIT_ERROR;
    }
    int status = serve_on(options, &streams, &listener);
    listener_close(&listener);
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
    stopping_install();
    if (!ledger_create() || (options.guard && !guard_fork(options.keep_shm))) {
        return EXIT_ERROR;
    }
    crash_install(options.sigpipe_ignored);
    if (!guard_watch()) {
        fprintf(stderr, "coreaudiod-sim: cannot watch the guard\n");
        crash_expect_exit();
        return EXIT_ERROR;
    }
    int status = options.rpc != NULL ? serve(&options) : play_run(&options);
    guard_leave(options.keep_shm);
    crash_expect_exit();
    return status;
}
