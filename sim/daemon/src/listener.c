/* listener.c */
#include "listener.h"
#include "ledger.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int fail(const char *path, const char *what, int number) {
    fprintf(stderr, "coreaudiod-sim: --rpc unix:%s: %s%s%s\n", path, what, number != 0 ? ": " : "",
            number != 0 ? strerror(number) : "");
    return -1;
}

/* Makes the path free. 0, or -1 after a message. */
static int clear_path(const char *path, const struct sockaddr_un *address) {
    struct stat info;
    if (lstat(path, &info) != 0) {
        return errno == ENOENT ? 0 : fail(path, "cannot look at the path", errno);
    }
    if (!S_ISSOCK(info.st_mode)) {
        return fail(path, "there is something else of that name; give another path", 0);
    }
    int probe = socket(AF_UNIX, SOCK_STREAM, 0);
    if (probe < 0) {
        return fail(path, "cannot make a socket", errno);
    }
    int status = connect(probe, (const struct sockaddr *)address, sizeof *address) == 0 ? 0 : errno;
    close(probe);
    if (status != ECONNREFUSED) {
        return status == 0
                   ? fail(path, "another daemon listens there; stop it, or give another path", 0)
                   : fail(path, "cannot find out whether a daemon listens there", status);
    }
    return unlink(path) == 0 || errno == ENOENT
               ? 0
               : fail(path, "cannot remove the socket of a daemon that is gone", errno);
}

/* Where the socket is, also for the guard, which may have another working directory. */
static void note(const char *path) {
    char full[PATH_MAX];
    struct stat info;
    if (realpath(path, full) != NULL && strlen(full) < LEDGER_NAME_MAX && lstat(full, &info) == 0) {
        ledger_add(LEDGER_SOCKET, full, info.st_dev, info.st_ino);
    }
}

int listener_open(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        fprintf(stderr, "coreaudiod-sim: --rpc unix:%s: the path is longer than %zu bytes\n", path,
                sizeof address.sun_path - 1);
        return -1;
    }
    strcpy(address.sun_path, path);
    if (clear_path(path, &address) != 0) {
        return -1;
    }
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    if (listener < 0) {
        return fail(path, "cannot make a socket", errno);
    }
    fcntl(listener, F_SETFD, FD_CLOEXEC);
    mode_t before = umask(0177); /* there is no moment at which others could connect */
    int status = bind(listener, (struct sockaddr *)&address, sizeof address) == 0 ? 0 : errno;
    umask(before);
    if (status == 0) {
        note(path);
        status = listen(listener, 8) == 0 ? 0 : errno;
    }
    if (status != 0) {
        close(listener);
        return fail(path, "cannot listen", status);
    }
    return listener;
}

void listener_close(int listener, const char *path) {
    char full[PATH_MAX];
    close(listener);
    bool known = realpath(path, full) != NULL;
    unlink(path);
    if (known) {
        ledger_forget(full);
    }
}

int listener_accept(int listener) {
    int connection = accept(listener, NULL, NULL);
    if (connection >= 0) {
        fcntl(connection, F_SETFD, FD_CLOEXEC);
    }
    return connection;
}
