/* death.h - what a function says on stderr before it ends its process. For tests. */
#ifndef HALSDK_TESTS_DEATH_H
#define HALSDK_TESTS_DEATH_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs `function` in a child, with its stderr read into `text`. Returns the wait status. */
static inline int run_in_child(void (*function)(void), char *text, size_t size) {
    size_t length = 0;
    ssize_t count;
    int ends[2], status;
    pid_t child;

    assert_return_code(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit no_core = {0, 0};

        setrlimit(RLIMIT_CORE, &no_core);
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        function();
        _exit(0);
    }
    close(ends[1]);
    while (length + 1 < size && (count = read(ends[0], text + length, size - 1 - length)) > 0)
        length += (size_t)count;
    text[length] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

/* `function` must abort, and say `expected` before. */
static inline void assert_dies(void (*function)(void), const char *expected) {
    char text[4096];
    int status = run_in_child(function, text, sizeof text);

    if (!strstr(text, expected))
        fail_msg("expected \"%s\" in \"%s\"", expected, text);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

#endif
