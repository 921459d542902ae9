/* log_json.c - the default sink: a record as one line of JSON on stderr. */
#define _GNU_SOURCE
#include "system/log.h"
#include "system/text.h"
#include "system/thread_id.h"
#include "system/utf8.h"
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    PATIENCE_MS =
        1000, /* with a reader of stderr that takes nothing and does not block us either */
    LONGEST_ESCAPE = 6, /* "\u0001", and more than any character */
    LONGEST_NAME = 8192,
};

/* Up to the character with which the line would come to be longer than `end`. */
static void append_quoted(struct text *line, const char *string, size_t end) {
    size_t left = strlen(string);

    text_append(line, "\"", 1);
    while (left > 0 && line->length + LONGEST_ESCAPE <= end) {
        unsigned char first = (unsigned char)*string;
        size_t length = halsdk_utf8_next(string, left, NULL);

        if (length == 0) {
            text_append_string(line, "\\ufffd");
            length = 1;
        } else if (first == '"' || first == '\\') {
            text_append(line, "\\", 1);
            text_append(line, string, 1);
        } else if (first == '\n') {
            text_append_string(line, "\\n");
        } else if (first == '\t') {
            text_append_string(line, "\\t");
        } else if (first < 0x20 || first == 0x7F) {
            text_append_format(line, "\\u%04x", first);
        } else {
            text_append(line, string, length);
        }
        string += length;
        left -= length;
    }
    text_append(line, "\"", 1);
}

/* SIGPIPE goes to the thread that wrote: it is held back, and taken if the write raised it. One
 * that was pending before is left for its owner. */
struct pipe_guard {
    sigset_t old_mask;
    bool was_pending;
};

static void guard_enter(struct pipe_guard *guard) {
    sigset_t pipe, pending;

    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    sigpending(&pending);
    guard->was_pending = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe, &guard->old_mask);
}

static void guard_leave(struct pipe_guard *guard, bool is_broken) {
    if (is_broken && !guard->was_pending) {
        static const struct timespec at_once;
        sigset_t pipe;

        sigemptyset(&pipe);
        sigaddset(&pipe, SIGPIPE);
        while (sigtimedwait(&pipe, NULL, &at_once) < 0 && errno == EINTR)
            ;
    }
    pthread_sigmask(SIG_SETMASK, &guard->old_mask, NULL);
}

/* A write is whole unless the reader is slow (a full pipe that does not block) or the line is
 * longer than what a pipe takes at once. Then the rest follows; a line that cannot be ended is
 * ended by the next one, so that only one is lost. */
static void write_line(const char *bytes, size_t length) {
    static pthread_mutex_t write_lock = PTHREAD_MUTEX_INITIALIZER;
    static bool is_inside_line;
    struct pipe_guard guard;
    bool is_broken = false;
    size_t written = 0;
    int cancel_state;

    /* A thread that ended in write() or poll() would keep the lock. */
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    guard_enter(&guard);
    pthread_mutex_lock(&write_lock);
    if (is_inside_line) {
        if (write(STDERR_FILENO, "\n", 1) == 1)
            is_inside_line = false;
        else
            is_broken = errno == EPIPE;
    }
    while (written < length && !is_inside_line) {
        ssize_t count = write(STDERR_FILENO, bytes + written, length - written);

        if (count >= 0) {
            written += (size_t)count;
        } else if (errno == EAGAIN) {
            struct pollfd reader = {.fd = STDERR_FILENO, .events = POLLOUT};

            if (poll(&reader, 1, PATIENCE_MS) <= 0)
                break;
        } else if (errno != EINTR) {
            is_broken = errno == EPIPE;
            break;
        }
    }
    if (written > 0 && written < length)
        is_inside_line = true;
    pthread_mutex_unlock(&write_lock);
    guard_leave(&guard, is_broken);
    pthread_setcancelstate(cancel_state, NULL);
}

void halsdk_log_write_json(const struct halsdk_log_record *record) {
    static const char end[] = "}\n";
    struct text line;

    text_init(&line);
    text_append_format(&line, "{\"time_ns\":%" PRIu64 ",\"pid\":%d,\"tid\":%" PRIu32 ",\"level\":",
                       record->time_ns, (int)getpid(), halsdk_thread_id());
    append_quoted(&line, record->level, line.length + LONGEST_NAME);
    text_append_string(&line, ",\"subsystem\":");
    append_quoted(&line, record->subsystem, line.length + LONGEST_NAME);
    text_append_string(&line, ",\"category\":");
    append_quoted(&line, record->category, line.length + LONGEST_NAME);
    text_append_string(&line, ",\"message\":");
    append_quoted(&line, record->message, HALSDK_TEXT_LIMIT - sizeof "\"" - sizeof end);
    text_append_string(&line, end);
    write_line(line.bytes, line.length);
    text_free(&line);
}
