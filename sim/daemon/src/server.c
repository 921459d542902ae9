/* server.c - reader thread, queue, writer. */
#include "server.h"
#include "crash.h"
#include "stopping.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct waiting {
    struct waiting *next;
    struct halsim_rpc_request *request;
    size_t bytes;
};

struct server {
    struct halsim_rpc *rpc;
    int wake[2]; /* a byte when there is a notification, or it is time to stop */

    /* one connection */
    int in, out;
    pthread_mutex_t write_lock;
    bool write_failed;
    pthread_mutex_t queue_lock;
    pthread_cond_t queue_filled;
    struct waiting *first, *last;
    size_t count, bytes;
    bool reader_ended;     /* nothing more will come */
    atomic_bool abandoned; /* and nobody reads the answers */
    atomic_bool dispatcher_ended;

    /* the reader's line */
    char *line;
    size_t length;
    bool skips;        /* the rest of a line that was too long */
    char chunk[65536]; /* what read() brought */
};

/* ---- stopping ------------------------------------------------------------------------------ */

static void wake(struct server *server) {
    ssize_t ignored = write(server->wake[1], "", 1); /* full: it will wake up anyway */
    (void)ignored;
}

static void on_stop(void *context) {
    struct server *server = context;
    halsim_rpc_stop(server->rpc);
    wake(server);
}

static void on_notice(void *context) {
    wake(context);
}

struct server *server_create(struct halsim_rpc *rpc) {
    struct server *server = calloc(1, sizeof *server);
    if (server == NULL || pipe(server->wake) != 0 ||
        (server->line = malloc(HALSIM_RPC_LINE_MAX + 1)) == NULL) {
        fprintf(stderr, "coreaudiod-sim: no resources for the control connection: %s\n",
                strerror(errno));
        free(server);
        return NULL;
    }
    for (int i = 0; i < 2; i++) {
        fcntl(server->wake[i], F_SETFD, FD_CLOEXEC);
        fcntl(server->wake[i], F_SETFL, O_NONBLOCK);
    }
    server->rpc = rpc;
    pthread_mutex_init(&server->write_lock, NULL);
    pthread_mutex_init(&server->queue_lock, NULL);
    pthread_cond_init(&server->queue_filled, NULL);
    halsim_rpc_set_wakeup(rpc, on_notice, server);
    stopping_install(on_stop, server);
    return server;
}

void server_destroy(struct server *server) {
    if (server == NULL) {
        return;
    }
    stopping_remove();
    halsim_rpc_set_wakeup(server->rpc, NULL, NULL);
    close(server->wake[0]);
    close(server->wake[1]);
    pthread_mutex_destroy(&server->write_lock);
    pthread_mutex_destroy(&server->queue_lock);
    pthread_cond_destroy(&server->queue_filled);
    free(server->line);
    free(server);
}

/* ---- writing ------------------------------------------------------------------------------- */

/* With write_lock. After a failure the rest is dropped: the reader will see the end too. */
static void write_line(struct server *server, char *line) {
    size_t length = strlen(line);
    line[length] = '\n'; /* in place of the NUL: one write() a line */
    length++;
    struct crash_sigpipe held = crash_sigpipe_hold();
    for (size_t sent = 0; sent < length && !server->write_failed;) {
        ssize_t written = write(server->out, line + sent, length - sent);
        if (written > 0) {
            sent += (size_t)written;
        } else if (errno == EAGAIN) {
            struct pollfd writable = {.fd = server->out, .events = POLLOUT};
            poll(&writable, 1, -1);
        } else if (errno != EINTR) {
            server->write_failed = true;
        }
    }
    crash_sigpipe_release(held);
    halsim_rpc_free(line);
}

static void send_notices(struct server *server) {
    pthread_mutex_lock(&server->write_lock);
    for (char *line; (line = halsim_rpc_next_notice(server->rpc)) != NULL;) {
        write_line(server, line);
    }
    pthread_mutex_unlock(&server->write_lock);
}

/* What happened before the answer goes out before it. */
static void send_answer(struct server *server, char *answer) {
    send_notices(server);
    if (answer != NULL) {
        pthread_mutex_lock(&server->write_lock);
        write_line(server, answer);
        pthread_mutex_unlock(&server->write_lock);
    }
}

/* ---- reading ------------------------------------------------------------------------------- */

static void enqueue(struct server *server, struct halsim_rpc_request *request, size_t bytes) {
    struct waiting *waiting = malloc(sizeof *waiting);
    pthread_mutex_lock(&server->queue_lock);
    bool full = waiting == NULL || server->count >= SERVER_WAITING_MAX ||
                server->bytes + bytes > SERVER_WAITING_BYTES;
    if (!full) {
        *waiting = (struct waiting){NULL, request, bytes};
        if (server->last != NULL) {
            server->last->next = waiting;
        } else {
            server->first = waiting;
        }
        server->last = waiting;
        server->count++;
        server->bytes += bytes;
        pthread_cond_signal(&server->queue_filled);
    }
    pthread_mutex_unlock(&server->queue_lock);
    if (full) {
        free(waiting);
        halsim_rpc_refuse(request, "too many requests wait: read the answers first");
        send_answer(server, halsim_rpc_dispatch(server->rpc, request));
    }
}

static void take_line(struct server *server, const char *line, size_t length) {
    if (length > 0 && line[length - 1] == '\r') {
        length--;
    }
    if (length == 0) {
        return;
    }
    struct halsim_rpc_request *request = halsim_rpc_parse(server->rpc, line, length);
    if (halsim_rpc_request_is_urgent(request)) {
        send_answer(server, halsim_rpc_dispatch(server->rpc, request));
    } else {
        enqueue(server, request, length);
    }
}

/* Cuts what came into lines. */
static void take_bytes(struct server *server, const char *bytes, size_t count) {
    while (count > 0) {
        const char *end = memchr(bytes, '\n', count);
        size_t part = end != NULL ? (size_t)(end - bytes) : count;
        if (!server->skips && server->length + part > HALSIM_RPC_LINE_MAX) {
            server->skips = true;
            enqueue(server, halsim_rpc_refusal(-32600, "the line is longer than 1 MiB"), 0);
        }
        if (!server->skips) {
            memcpy(server->line + server->length, bytes, part);
            server->length += part;
        }
        if (end == NULL) {
            return;
        }
        if (!server->skips) {
            take_line(server, server->line, server->length);
        }
        server->skips = false;
        server->length = 0;
        bytes += part + 1;
        count -= part + 1;
    }
}

static void drain_wakeups(struct server *server) {
    char bytes[256];
    while (read(server->wake[0], bytes, sizeof bytes) > 0) {
    }
}

/* False at the end of the connection. */
static bool read_some(struct server *server) {
    ssize_t got = read(server->in, server->chunk, sizeof server->chunk);
    if (got > 0) {
        take_bytes(server, server->chunk, (size_t)got);
        return true;
    }
    return got < 0 && (errno == EINTR || errno == EAGAIN);
}

static bool goes_on(struct server *server) {
    return !stopping_requested() && !atomic_load(&server->dispatcher_ended);
}

/* Until the connection has no more requests. */
static void read_requests(struct server *server) {
    bool open = true;
    while (open && goes_on(server)) {
        struct pollfd watched[2] = {{.fd = server->in, .events = POLLIN},
                                    {.fd = server->wake[0], .events = POLLIN}};
        if (poll(watched, 2, -1) < 0 && errno != EINTR) {
            break;
        }
        if (watched[1].revents != 0) {
            drain_wakeups(server);
            send_notices(server);
        }
        if (watched[0].revents != 0) {
            open = read_some(server);
        }
    }
    if (!open && server->length > 0 && !server->skips) {
        take_line(server, server->line, server->length); /* the last line had no line end */
    }
    server->length = 0;
    server->skips = false;
}

/* Requests have ended, but what was asked for is still carried out, as long as somebody reads the
 * answers. */
static void watch_output(struct server *server) {
    while (goes_on(server)) {
        struct pollfd watched[2] = {{.fd = server->out, .events = 0},
                                    {.fd = server->wake[0], .events = POLLIN}};
        if (poll(watched, 2, -1) < 0 && errno != EINTR) {
            return;
        }
        if (watched[1].revents != 0) {
            drain_wakeups(server);
            send_notices(server);
        }
        if (watched[0].revents != 0) {
            atomic_store(&server->abandoned, true);
            halsim_rpc_interrupt(server->rpc);
            return;
        }
    }
}

static void *reader_main(void *argument) {
    struct server *server = argument;
    read_requests(server);
    pthread_mutex_lock(&server->queue_lock);
    server->reader_ended = true;
    pthread_cond_signal(&server->queue_filled);
    pthread_mutex_unlock(&server->queue_lock);
    watch_output(server);
    return NULL;
}

/* ---- carrying out -------------------------------------------------------------------------- */

static struct halsim_rpc_request *dequeue(struct server *server) {
    pthread_mutex_lock(&server->queue_lock);
    while (server->first == NULL && !server->reader_ended) {
        pthread_cond_wait(&server->queue_filled, &server->queue_lock);
    }
    struct waiting *waiting = server->first;
    if (waiting != NULL) {
        server->first = waiting->next;
        server->last = server->first != NULL ? server->last : NULL;
        server->count--;
        server->bytes -= waiting->bytes;
    }
    pthread_mutex_unlock(&server->queue_lock);
    struct halsim_rpc_request *request = waiting != NULL ? waiting->request : NULL;
    free(waiting);
    return request;
}

enum server_end server_run(struct server *server, int in, int out) {
    pthread_t reader;
    server->in = in;
    server->out = out;
    server->write_failed = false;
    server->reader_ended = false;
    atomic_store(&server->abandoned, false);
    atomic_store(&server->dispatcher_ended, false);
    if (pthread_create(&reader, NULL, reader_main, server) != 0) {
        fprintf(stderr, "coreaudiod-sim: cannot start the reader thread\n");
        return SERVER_FAILED;
    }
    struct halsim_rpc_request *request;
    while (!stopping_requested() && !atomic_load(&server->abandoned) &&
           !halsim_rpc_wants_shutdown(server->rpc) && (request = dequeue(server)) != NULL) {
        send_answer(server, halsim_rpc_dispatch(server->rpc, request));
    }
    atomic_store(&server->dispatcher_ended, true);
    wake(server);
    pthread_join(reader, NULL);
    while (server->first != NULL) {
        halsim_rpc_discard(server->rpc, dequeue(server));
    }
    send_notices(server);
    if (stopping_requested()) {
        return SERVER_STOPPED;
    }
    return halsim_rpc_wants_shutdown(server->rpc) ? SERVER_SHUTDOWN : SERVER_CLOSED;
}

bool server_wait_readable(struct server *server, int fd) {
    while (!stopping_requested()) {
        struct pollfd watched[2] = {{.fd = fd, .events = POLLIN},
                                    {.fd = server->wake[0], .events = POLLIN}};
        if (poll(watched, 2, -1) < 0 && errno != EINTR) {
            return false;
        }
        if (watched[1].revents != 0) {
            drain_wakeups(server); /* notifications wait for the next connection */
        }
        if (watched[0].revents != 0) {
            return !stopping_requested();
        }
    }
    return false;
}
