/* server.c - reader thread, queue, writer. */
#include "server.h"
#include "crash.h"
#include "moment.h"
#include "stopping.h"
#include "threads.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* How long a peer has to read what is on its way when it is time to stop. */
#define LAST_WORDS_NS 250000000u

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* crash_sigpipe_hold() does it alone */
#endif

struct waiting {
    struct waiting *next;
    struct halsim_rpc_request *request;
    size_t bytes;
};

struct server {
    struct halsim_rpc *rpc;
    int wake[2]; /* a byte when there is a notification, or it is time to stop: for the reader */
    int stop[2]; /* a byte for good when it is time to stop: for everybody */

    /* one connection */
    int in, out;
    pthread_mutex_t write_lock;
    bool write_failed;
    bool out_is_socket;
    uint64_t give_up_ns; /* 0: it is not time to stop */
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
    ssize_t ignored = write(server->stop[1], "", 1); /* the only one: there is room */
    (void)ignored;
    wake(server);
}

static void on_notice(void *context) {
    wake(context);
}

static bool make_pipe(int ends[2]) {
    if (pipe(ends) != 0) {
        return false;
    }
    for (int i = 0; i < 2; i++) {
        fcntl(ends[i], F_SETFD, FD_CLOEXEC);
        fcntl(ends[i], F_SETFL, O_NONBLOCK);
    }
    return true;
}

static void free_server(struct server *server) {
    const int ends[4] = {server->wake[0], server->wake[1], server->stop[0], server->stop[1]};
    for (int i = 0; i < 4; i++) {
        if (ends[i] >= 0) {
            close(ends[i]);
        }
    }
    free(server->line);
    free(server);
}

struct server *server_create(struct halsim_rpc *rpc) {
    struct server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        fprintf(stderr, "coreaudiod-sim: out of memory\n");
        return NULL;
    }
    server->wake[0] = server->wake[1] = server->stop[0] = server->stop[1] = -1;
    server->line = malloc(HALSIM_RPC_LINE_MAX + 1);
    if (server->line == NULL || !make_pipe(server->wake) || !make_pipe(server->stop)) {
        fprintf(stderr, "coreaudiod-sim: no resources for the control connection: %s\n",
                strerror(errno));
        free_server(server);
        return NULL;
    }
    server->rpc = rpc;
    pthread_mutex_init(&server->write_lock, NULL);
    pthread_mutex_init(&server->queue_lock, NULL);
    pthread_cond_init(&server->queue_filled, NULL);
    halsim_rpc_set_wakeup(rpc, on_notice, server);
    stopping_listen(on_stop, server);
    return server;
}

void server_destroy(struct server *server) {
    if (server == NULL) {
        return;
    }
    stopping_forget();
    halsim_rpc_set_wakeup(server->rpc, NULL, NULL);
    pthread_mutex_destroy(&server->write_lock);
    pthread_mutex_destroy(&server->queue_lock);
    pthread_cond_destroy(&server->queue_filled);
    free_server(server);
}

/* ---- writing ------------------------------------------------------------------------------- */

/* Never waits for the peer. -1 with EAGAIN when it has to be waited for. */
static ssize_t write_some(struct server *server, const char *bytes, size_t count) {
    if (server->out_is_socket) {
        return send(server->out, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    /* What is at the other end of a pipe may be shared with others, who need not expect it to be
     * non-blocking. A pipe that can be written to takes this much at once. */
    struct pollfd writable = {.fd = server->out, .events = POLLOUT};
    if (poll(&writable, 1, 0) <= 0) {
        errno = EAGAIN;
        return -1;
    }
    return write(server->out, bytes, count < PIPE_BUF ? count : PIPE_BUF);
}

/* False when the peer does not read, and it is time to stop. */
static bool wait_writable(struct server *server) {
    struct pollfd watched[2] = {{.fd = server->out, .events = POLLOUT},
                                {.fd = server->stop[0], .events = POLLIN}};
    if (server->give_up_ns == 0) {
        poll(watched, 2, -1);
        if (watched[1].revents == 0) {
            return true;
        }
        server->give_up_ns = moment_ns() + LAST_WORDS_NS;
    }
    uint64_t now = moment_ns();
    if (now >= server->give_up_ns) {
        return false;
    }
    poll(watched, 1, (int)((server->give_up_ns - now) / 1000000 + 1));
    return true;
}

/* With write_lock. After a failure the rest is dropped: the reader will see the end too. */
static void write_line(struct server *server, char *line) {
    size_t length = strlen(line);
    line[length] = '\n'; /* in place of the NUL */
    length++;
    struct crash_sigpipe held = crash_sigpipe_hold();
    for (size_t sent = 0; sent < length && !server->write_failed;) {
        ssize_t written = write_some(server, line + sent, length - sent);
        if (written > 0) {
            sent += (size_t)written;
        } else if (errno == EAGAIN) {
            server->write_failed = !wait_writable(server);
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

static bool is_socket(int fd) {
    struct stat info;
    return fstat(fd, &info) == 0 && S_ISSOCK(info.st_mode);
}

enum server_end server_run(struct server *server, int in, int out) {
    pthread_t reader;
    server->in = in;
    server->out = out;
    server->write_failed = false;
    server->out_is_socket = is_socket(out);
    server->give_up_ns = 0;
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
        threads_enter();
        char *answer = halsim_rpc_dispatch(server->rpc, request);
        threads_leave();
        send_answer(server, answer);
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

void server_pause(struct server *server, int milliseconds) {
    struct pollfd stop = {.fd = server->stop[0], .events = POLLIN};
    poll(&stop, 1, milliseconds);
}
