/* log_json.c - the default sink: a record as one line of JSON on stderr. */
#define _GNU_SOURCE
#include "system/log.h"
#include "system/text.h"
#include "system/thread_id.h"
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

enum {
    PATIENCE_MS =
        1000, /* with a reader of stderr that takes nothing and does not block us either */
};

/* Length of the well-formed UTF-8 sequence at `bytes`, 0 when there is none (RFC 3629: no overlong
 * forms, no surrogates, nothing beyond U+10FFFF). A terminating zero ends every sequence. */
static size_t utf8_length(const unsigned char *bytes) {
    unsigned char first = bytes[0], low = 0x80, high = 0xBF;
    size_t length;

    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first <= 0xDF)
        length = 2;
    else if (first >= 0xE0 && first <= 0xEF)
        length = 3;
    else if (first >= 0xF0 && first <= 0xF4)
        length = 4;
    else
        return 0;
    if (first == 0xE0)
        low = 0xA0;
    else if (first == 0xED)
        high = 0x9F;
    else if (first == 0xF0)
        low = 0x90;
    else if (first == 0xF4)
        high = 0x8F;
    if (bytes[1] < low || bytes[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++) {
        if ((bytes[i] & 0xC0) != 0x80)
            return 0;
    }
    return length;
}

static void append_quoted(struct text *line, const char *string) {
    const unsigned char *bytes = (const unsigned char *)string;

    text_append(line, "\"", 1);
    while (*bytes) {
        size_t length = utf8_length(bytes);

        if (length == 0) {
            text_append_string(line, "\\ufffd");
            length = 1;
        } else if (*bytes == '"' || *bytes == '\\') {
            text_append(line, "\\", 1);
            text_append(line, (const char *)bytes, 1);
        } else if (*bytes == '\n') {
            text_append_string(line, "\\n");
        } else if (*bytes == '\t') {
            text_append_string(line, "\\t");
        } else if (*bytes < 0x20 || *bytes == 0x7F) {
            text_append_format(line, "\\u%04x", *bytes);
        } else {
            text_append(line, (const char *)bytes, length);
        }
        bytes += length;
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

    guard_enter(&guard);
    pthread_mutex_lock(&write_lock);
    if (is_inside_line && write(STDERR_FILENO, "\n", 1) == 1)
        is_inside_line = false;
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
}

void halsdk_log_write_json(const struct halsdk_log_record *record) {
    struct text line;

    text_init(&line);
    text_append_format(&line, "{\"time_ns\":%" PRIu64 ",\"pid\":%d,\"tid\":%" PRIu32 ",\"level\":",
                       record->time_ns, (int)getpid(), halsdk_thread_id());
    append_quoted(&line, record->level);
    text_append_string(&line, ",\"subsystem\":");
    append_quoted(&line, record->subsystem);
    text_append_string(&line, ",\"category\":");
    append_quoted(&line, record->category);
    text_append_string(&line, ",\"message\":");
    append_quoted(&line, record->message);
    text_append_string(&line, "}\n");
    write_line(line.bytes, line.length);
    text_free(&line);
}
