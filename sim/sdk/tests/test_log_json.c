#define _GNU_SOURCE
/* The default sink: lines of JSON on stderr. */
#include "death.h"
#include <fcntl.h>
#include <os/log.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syslog.h>
#include <time.h>

static char output[3 << 20];

/* The text of a member whose value is a string, still escaped. */
static void assert_member(const char *line, const char *name, const char *value) {
    char expected[256];

    snprintf(expected, sizeof expected, "\"%s\":\"%s\"", name, value);
    if (!strstr(line, expected))
        fail_msg("no %s in %s", expected, line);
}

static void log_one(void) {
    os_log_error(os_log_create("com.example", "io"), "rate %d", 48000);
}

static void a_record_is_one_line_of_json(void **state) {
    int status = run_in_child(log_one, output, sizeof output);

    (void)state;
    assert_int_equal(status, 0);
    assert_int_equal(output[0], '{');
    assert_string_equal(strchr(output, '\n') - 1, "}\n");
    assert_non_null(strstr(output, "{\"time_ns\":"));
    assert_non_null(strstr(output, "\"pid\":"));
    assert_non_null(strstr(output, "\"tid\":"));
    assert_member(output, "level", "error");
    assert_member(output, "subsystem", "com.example");
    assert_member(output, "category", "io");
    assert_member(output, "message", "rate 48000");
}

static void log_nasty(void) {
    os_log(OS_LOG_DEFAULT, "%{public}s", "quote \" back \\ line\nfeed\ttab \x01 \x7f");
    os_log(OS_LOG_DEFAULT, "%{public}s", "\xc3\xa4 \xe2\x82\xac \xf0\x9f\xa6\x8e");
    os_log(OS_LOG_DEFAULT, "%{public}s",
           "\xff \xc3 \xc0\xaf \xed\xa0\x80 \xf4\x90\x80\x80 \xe2\x82");
    syslog(LOG_NOTICE, "\xc3");
}

static void any_message_makes_valid_json(void **state) {
    (void)state;
    assert_int_equal(run_in_child(log_nasty, output, sizeof output), 0);
    assert_member(output, "message", "quote \\\" back \\\\ line\\nfeed\\ttab \\u0001 \\u007f");
    assert_member(output, "message", "\xc3\xa4 \xe2\x82\xac \xf0\x9f\xa6\x8e");
    assert_member(output, "message",
                  "\\ufffd \\ufffd \\ufffd\\ufffd \\ufffd\\ufffd\\ufffd "
                  "\\ufffd\\ufffd\\ufffd\\ufffd \\ufffd\\ufffd");
    assert_non_null(strstr(output, "\"message\":\"\\ufffd\"}\n"));
}

enum {
    THREADS = 4,
    LINES = 30,
    LENGTH = 3000
};

static void *log_letters(void *letter) {
    char text[LENGTH + 1];

    memset(text, *(const char *)letter, LENGTH);
    text[LENGTH] = '\0';
    for (int i = 0; i < LINES; i++)
        os_log(OS_LOG_DEFAULT, "%{public}s%{public}s", text, text);
    return NULL;
}

static void log_from_threads(void) {
    static const char letters[THREADS + 1] = "abcd";
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, log_letters, (void *)(uintptr_t)&letters[i]);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void lines_longer_than_a_pipe_takes_do_not_mix(void **state) {
    char *save = NULL;
    int count = 0;

    (void)state;
    output[0] = '\0';
    assert_int_equal(run_in_child(log_from_threads, output, sizeof output), 0);
    for (char *line = strtok_r(output, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        const char *message = strstr(line, "\"message\":\"");

        assert_non_null(message);
        message += strlen("\"message\":\"");
        assert_int_equal(strspn(message, (const char[]){message[0], 0}), 2 * LENGTH);
        assert_string_equal(message + 2 * LENGTH, "\"}");
        count++;
    }
    assert_int_equal(count, THREADS * LINES);
}

static void log_into_a_closed_pipe(void) {
    int ends[2];
    sigset_t pending;

    if (pipe(ends) != 0)
        _exit(1);
    signal(SIGPIPE, SIG_DFL);
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    os_log(OS_LOG_DEFAULT, "nobody reads");
    sigpending(&pending);
    _exit(sigismember(&pending, SIGPIPE) ? 2 : 42);
}

static void a_closed_stderr_does_not_kill_the_process(void **state) {
    int status = run_in_child(log_into_a_closed_pipe, output, sizeof output);

    (void)state;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 42);
}

/* The pipe is full and does not block; when its reader is back, a line that was cut is ended. */
static void log_into_a_full_pipe(void) {
    static char rest[1 << 18];
    char text[2000];
    int ends[2];
    ssize_t count;
    size_t length = 0;

    if (pipe(ends) != 0)
        _exit(1);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    fcntl(ends[1], F_SETPIPE_SZ, 4096);
    dup2(ends[1], STDERR_FILENO);
    memset(text, 'z', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < 3; i++)
        os_log(OS_LOG_DEFAULT, "%{public}s%{public}s%{public}s", text, text, text);
    while ((count = read(ends[0], rest + length, sizeof rest - length)) > 0)
        length += (size_t)count;
    os_log(OS_LOG_DEFAULT, "after");
    while ((count = read(ends[0], rest + length, sizeof rest - length)) > 0)
        length += (size_t)count;
    rest[length < sizeof rest ? length : sizeof rest - 1] = '\0';
    _exit(strstr(rest, "zz\n{\"time_ns\"") && strstr(rest, "\"message\":\"after\"}\n") ? 42 : 3);
}

static void after_a_cut_line_the_next_one_is_whole(void **state) {
    int status = run_in_child(log_into_a_full_pipe, output, sizeof output);

    (void)state;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 42);
}

enum {
    LIMIT = 1 << 20,
    TOO_MUCH = 2 << 20
};

/* Of two bytes each, from an even and from an odd place on; then what becomes longer as JSON. */
static void log_beyond_the_limit(void) {
    char *text = malloc(TOO_MUCH + 1);

    for (size_t i = 0; i < TOO_MUCH; i += 2)
        memcpy(text + i, "\xc3\xa4", 2);
    text[TOO_MUCH] = '\0';
    os_log(OS_LOG_DEFAULT, "%{public}s", text);
    syslog(LOG_NOTICE, "x%s", text);
    memset(text, '"', LIMIT - 100);
    text[LIMIT - 100] = '\0';
    os_log(OS_LOG_DEFAULT, "%{public}s", text);
    free(text);
}

static void a_line_beyond_the_limit_is_whole_json_with_whole_characters(void **state) {
    static const char *const starts[] = {"", "x", ""}, *const units[] = {"\xc3\xa4", "\xc3\xa4",
                                                                         "\\\""};
    char *line, *save = NULL;
    int status = run_in_child(log_beyond_the_limit, output, sizeof output);

    (void)state;
    assert_int_equal(status, 0);
    line = strtok_r(output, "\n", &save);
    for (size_t i = 0; i < 3; i++, line = strtok_r(NULL, "\n", &save)) {
        const char *at = line ? strstr(line, "\"message\":\"") : NULL;

        assert_non_null(at);
        assert_true(strlen(line) < LIMIT && strlen(line) > LIMIT - 1000);
        at += strlen("\"message\":\"") + strlen(starts[i]);
        while (strncmp(at, units[i], 2) == 0)
            at += 2;
        assert_string_equal(at, "\"}");
    }
    assert_null(line);
}

/* The line before was cut, so the first that is written is the newline that ends it. */
static void log_into_a_pipe_that_was_full_and_is_closed(void) {
    char text[3000];
    int ends[2];

    if (pipe(ends) != 0)
        _exit(1);
    signal(SIGPIPE, SIG_DFL);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    fcntl(ends[1], F_SETPIPE_SZ, 4096);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    memset(text, 'z', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    os_log(OS_LOG_DEFAULT, "%{public}s%{public}s", text, text);
    close(ends[0]);
    os_log(OS_LOG_DEFAULT, "nobody reads");
    _exit(42);
}

static void nor_does_one_that_is_closed_within_a_line(void **state) {
    int status = run_in_child(log_into_a_pipe_that_was_full_and_is_closed, output, sizeof output);

    (void)state;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 42);
}

static void *log_one_on_a_thread(void *unused) {
    (void)unused;
    os_log(OS_LOG_DEFAULT, "cancelled");
    pthread_testcancel();
    return NULL;
}

/* The thread is cancelled while it writes into a full pipe. */
static void cancel_a_thread_that_logs(void) {
    static char text[1 << 16];
    const struct timespec pause = {.tv_nsec = 50000000};
    size_t length = 0;
    ssize_t count;
    pthread_t thread;
    void *result;
    int ends[2];

    alarm(20); /* a lock that is left behind shows as a child that hangs */
    if (pipe(ends) != 0)
        _exit(1);
    fcntl(ends[1], F_SETPIPE_SZ, 4096);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    while (write(ends[1], text, 512) > 0)
        ;
    fcntl(ends[1], F_SETFL, 0);
    dup2(ends[1], STDERR_FILENO);
    pthread_create(&thread, NULL, log_one_on_a_thread, NULL);
    nanosleep(&pause, NULL);
    pthread_cancel(thread);
    nanosleep(&pause, NULL);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    while (read(ends[0], text, sizeof text) > 0)
        ;
    pthread_join(thread, &result);
    os_log(OS_LOG_DEFAULT, "after");
    while ((count = read(ends[0], text + length, sizeof text - 1 - length)) > 0)
        length += (size_t)count;
    text[length] = '\0';
    _exit(result == PTHREAD_CANCELED && strstr(text, "\"message\":\"after\"}\n") ? 42 : 3);
}

static void a_thread_that_is_cancelled_while_it_logs_leaves_no_lock_behind(void **state) {
    int status = run_in_child(cancel_a_thread_that_logs, output, sizeof output);

    (void)state;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 42);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_one_line_of_json),
        cmocka_unit_test(any_message_makes_valid_json),
        cmocka_unit_test(lines_longer_than_a_pipe_takes_do_not_mix),
        cmocka_unit_test(a_closed_stderr_does_not_kill_the_process),
        cmocka_unit_test(nor_does_one_that_is_closed_within_a_line),
        cmocka_unit_test(after_a_cut_line_the_next_one_is_whole),
        cmocka_unit_test(a_line_beyond_the_limit_is_whole_json_with_whole_characters),
        cmocka_unit_test(a_thread_that_is_cancelled_while_it_logs_leaves_no_lock_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
