/* service_call.c - requests out, answers and notices in. */
#include "service_internal.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

/* A helper that has closed its socket is about to be gone. One that is not is not in order. */
#define GOING_MS  5000
#define RETRY_MS  100
#define READ_SIZE 65536

/* ---- asking -------------------------------------------------------------------------------- */

static char *write_request(const char *method, yyjson_mut_doc *doc, yyjson_mut_val *params,
                           size_t *length) {
    yyjson_mut_doc *own = doc == NULL ? yyjson_mut_doc_new(NULL) : NULL;
    yyjson_mut_doc *used = doc != NULL ? doc : own;
    yyjson_mut_val *root = yyjson_mut_obj(used);
    yyjson_mut_doc_set_root(used, root);
    yyjson_mut_obj_add_str(used, root, "jsonrpc", "2.0");
    yyjson_mut_obj_add_uint(used, root, "id", 1); /* one at a time: there is nothing to confuse */
    yyjson_mut_obj_add_str(used, root, "method", method);
    if (params != NULL) {
        yyjson_mut_obj_add_val(used, root, "params", params);
    }
    char *line = yyjson_mut_write(used, YYJSON_WRITE_NEWLINE_AT_END, length);
    yyjson_mut_doc_free(own);
    return line;
}

/* With the lock. */
static void release_helper(struct service *service, struct helper *helper) {
    helper->busy = false;
    pthread_cond_broadcast(&service->changed);
}

/* False when a run is not to begin any more. A helper that has gone is found when its answer is
 * waited for. */
static bool send_request(struct service *service, struct helper *helper, const char *line,
                         size_t length, bool is_run) {
    bool begin = true;
    pthread_mutex_lock(&service->lock);
    while (helper->busy) {
        pthread_cond_wait(&service->changed, &service->lock);
    }
    helper->busy = true;
    if (is_run && (service->interrupted || atomic_load(&service->stops))) {
        begin = false;
    }
    helper->waits = begin && helper->state != HELPER_ENDED;
    for (size_t sent = 0; helper->waits && sent < length;) {
        ssize_t count =
            send(helper->socket, line + sent, length - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count > 0) {
            sent += (size_t)count;
        } else if (errno == EAGAIN || errno == EINTR) {
            struct pollfd writable = {.fd = helper->socket, .events = POLLOUT};
            pthread_mutex_unlock(&service->lock); /* it may have to be read from first */
            (void)poll(&writable, 1, RETRY_MS);
            pthread_mutex_lock(&service->lock);
            helper->waits = helper->state != HELPER_ENDED;
        } else {
            break; /* the reader will see that it has gone */
        }
    }
    if (is_run && helper->waits) {
        service->runner = helper;
        if (service->interrupted || atomic_load(&service->stops)) {
            service_interrupt_runner(service); /* it came while the request was sent */
        }
    }
    if (!begin) {
        release_helper(service, helper);
    }
    pthread_mutex_unlock(&service->lock);
    return begin;
}

void service_interrupt_runner(struct service *service) {
    static const char line[] = "{\"jsonrpc\":\"2.0\",\"method\":\"io.interrupt\"}\n";
    if (service->runner != NULL && service->runner->state != HELPER_ENDED) {
        (void)send(service->runner->socket, line, sizeof line - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
}

static yyjson_doc *wait_for_answer(struct service *service, struct helper *helper) {
    pthread_mutex_lock(&service->lock);
    while (helper->answer == NULL && helper->state != HELPER_ENDED) {
        pthread_cond_wait(&service->changed, &service->lock);
    }
    yyjson_doc *answer = helper->answer;
    helper->answer = NULL;
    helper->waits = false;
    if (service->runner == helper) {
        service->runner = NULL;
    }
    release_helper(service, helper);
    pthread_mutex_unlock(&service->lock);
    return answer;
}

static void take_error(yyjson_val *error, struct rpc_failure *failure) {
    yyjson_val *data = yyjson_obj_get(error, "data");
    const char *message = yyjson_get_str(yyjson_obj_get(error, "message"));
    const char *status = yyjson_get_str(yyjson_obj_get(data, "status"));
    failure->code = yyjson_get_int(yyjson_obj_get(error, "code"));
    failure->error = (struct halsim_error){
        .status = HALSIM_ERROR_SYSTEM,
        .os_status = (int32_t)yyjson_get_sint(yyjson_obj_get(data, "os_status")),
    };
    for (int i = HALSIM_OK; status != NULL && i <= HALSIM_ERROR_TIMEOUT; i++) {
        if (strcmp(status, halsim_status_name((enum halsim_status)i)) == 0) {
            failure->error.status = (enum halsim_status)i;
        }
    }
    snprintf(failure->error.message, sizeof failure->error.message, "%s",
             message != NULL ? message : "a helper refused without a reason");
}

static yyjson_doc *ask(struct service *service, struct helper *helper, const char *method,
                       yyjson_mut_doc *doc, yyjson_mut_val *params, bool is_run,
                       struct rpc_failure *failure) {
    size_t length = 0;
    char *line = write_request(method, doc, params, &length);
    if (line == NULL) {
        rpc_fail_status(failure, HALSIM_ERROR_SYSTEM, "out of memory");
        return NULL;
    }
    bool begun = send_request(service, helper, line, length, is_run);
    free(line);
    if (!begun) {
        *failure = (struct rpc_failure){0}; /* not a failure: there is nothing to wait for */
        return NULL;
    }
    yyjson_doc *answer = wait_for_answer(service, helper);
    if (answer == NULL) {
        (void)service_refuse_gone(failure, helper, method);
        return NULL;
    }
    yyjson_val *error = yyjson_obj_get(yyjson_doc_get_root(answer), "error");
    if (error != NULL) {
        take_error(error, failure);
        yyjson_doc_free(answer);
        return NULL;
    }
    return answer;
}

yyjson_doc *service_call(struct service *service, struct helper *helper, const char *method,
                         yyjson_mut_doc *doc, yyjson_mut_val *params, struct rpc_failure *failure) {
    return ask(service, helper, method, doc, params, false, failure);
}

yyjson_doc *service_call_run(struct service *service, struct helper *helper, yyjson_mut_doc *doc,
                             yyjson_mut_val *params, struct rpc_failure *failure) {
    return ask(service, helper, "io.run", doc, params, true, failure);
}

yyjson_val *service_result(yyjson_doc *doc) {
    return yyjson_obj_get(yyjson_doc_get_root(doc), "result");
}

/* ---- reading ------------------------------------------------------------------------------- */

/* With the lock. */
static void take_line(struct service *service, struct helper *helper, char *line, size_t length) {
    yyjson_doc *doc = yyjson_read(line, length, YYJSON_READ_NOFLAG);
    yyjson_val *root = yyjson_doc_get_root(doc);
    if (yyjson_obj_get(root, "method") != NULL) {
        service_pass_notice(service, helper, root);
    } else if (root != NULL && helper->waits && helper->answer == NULL) {
        helper->answer = doc;
        pthread_cond_broadcast(&service->changed);
        return;
    }
    yyjson_doc_free(doc);
}

/* With the lock. */
static void take_bytes(struct service *service, struct helper *helper, size_t count) {
    size_t from = helper->length; /* what was there before has no line end */
    helper->length += count;
    size_t begin = 0;
    char *end;
    while ((end = memchr(helper->bytes + from, '\n', helper->length - from)) != NULL) {
        take_line(service, helper, helper->bytes + begin, (size_t)(end - helper->bytes) - begin);
        begin = from = (size_t)(end - helper->bytes) + 1;
    }
    helper->length -= begin;
    memmove(helper->bytes, helper->bytes + begin, helper->length);
}

/* False when it has gone. With the lock. */
static bool read_some(struct service *service, struct helper *helper) {
    if (helper->room - helper->length < READ_SIZE) {
        size_t room = 2 * helper->room + READ_SIZE;
        char *bytes = realloc(helper->bytes, room);
        if (bytes == NULL) {
            return false;
        }
        helper->bytes = bytes;
        helper->room = room;
    }
    ssize_t got = recv(helper->socket, helper->bytes + helper->length,
                       helper->room - helper->length, MSG_DONTWAIT);
    if (got > 0) {
        take_bytes(service, helper, (size_t)got);
        return true;
    }
    return got < 0 && (errno == EAGAIN || errno == EINTR);
}

static bool has_more(const struct helper *helper) {
    struct pollfd readable = {.fd = helper->socket, .events = POLLIN};
    return poll(&readable, 1, 0) > 0 && (readable.revents & POLLIN) != 0;
}

/* Its wait status. A driver may have closed what is not its own: then it does not end by itself. */
static int bury(pid_t pid) {
    const struct timespec nap = {.tv_nsec = 1000000};
    int status = 0;
    for (int i = 0; i < GOING_MS; i++) {
        if (waitpid(pid, &status, WNOHANG) != 0) {
            return status;
        }
        nanosleep(&nap, NULL);
    }
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, &status, 0);
    return status;
}

static void drain_wakeups(const struct service *service) {
    char bytes[64];
    while (read(service->wake[0], bytes, sizeof bytes) > 0) {
    }
}

/* Who is there to be read from; the lock is held. */
static nfds_t list_helpers(struct service *service, struct pollfd *watched,
                           struct helper **helpers) {
    nfds_t count = 0;
    watched[count++] = (struct pollfd){.fd = service->wake[0], .events = POLLIN};
    for (uint32_t i = 0; i < service->count; i++) {
        struct helper *helper = service->helpers[i];
        if (helper->state != HELPER_ENDED && count <= 2 * SERVICE_HELPERS_MAX - 1) {
            helpers[count] = helper;
            watched[count++] = (struct pollfd){.fd = helper->socket, .events = POLLIN};
            helpers[count] = helper;
            watched[count++] = (struct pollfd){.fd = helper->process_fd, .events = POLLIN};
        }
    }
    return count;
}

/* With the lock, which it gives up for a moment when the helper has gone. */
static void look_at(struct service *service, struct helper *helper, bool says, bool ended) {
    bool there = !says || read_some(service, helper);
    while (there && ended && has_more(helper)) {
        there = read_some(service, helper); /* what it said before it ended comes first */
    }
    if (!there || ended) {
        pthread_mutex_unlock(&service->lock);
        int status = bury(helper->pid);
        pthread_mutex_lock(&service->lock);
        service_helper_ended(service, helper, status);
    }
}

static void *reader_main(void *argument) {
    struct service *service = argument;
    struct pollfd watched[2 * SERVICE_HELPERS_MAX + 1];
    struct helper *helpers[2 * SERVICE_HELPERS_MAX + 1];
    pthread_mutex_lock(&service->lock);
    while (!service->closing) {
        nfds_t count = list_helpers(service, watched, helpers);
        pthread_mutex_unlock(&service->lock);
        int ready = poll(watched, count, -1);
        pthread_mutex_lock(&service->lock);
        if (ready <= 0) {
            continue;
        }
        if (watched[0].revents != 0) {
            drain_wakeups(service);
            if (atomic_load(&service->stops)) {
                service_interrupt_runner(service);
            }
        }
        for (nfds_t i = 1; i < count; i += 2) {
            look_at(service, helpers[i], watched[i].revents != 0, watched[i + 1].revents != 0);
        }
    }
    pthread_mutex_unlock(&service->lock);
    return NULL;
}

void service_reader_wake(const struct service *service) {
    ssize_t ignored = write(service->wake[1], "", 1); /* full: it wakes up anyway */
    (void)ignored;
}

bool service_reader_start(struct service *service) {
    service->has_reader = pthread_create(&service->reader, NULL, reader_main, service) == 0;
    return service->has_reader;
}

void service_reader_stop(struct service *service) {
    if (service->has_reader) {
        pthread_mutex_lock(&service->lock);
        service->closing = true;
        pthread_mutex_unlock(&service->lock);
        service_reader_wake(service);
        pthread_join(service->reader, NULL);
        service->has_reader = false;
    }
}
