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

static bool fail(const char *path, const char *what, int number) {
    fprintf(stderr, "coreaudiod-sim: --rpc unix:%s: %s%s%s\n", path, what, number != 0 ? ": " : "",
            number != 0 ? strerror(number) : "");
    return false;
}

/* Makes the path free. False after a message. */
static bool clear_path(const char *path, const struct sockaddr_un *address) {
    struct stat info;
    if (lstat(path, &info) != 0) {
        return errno == ENOENT || fail(path, "cannot look at the path", errno);
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
    return unlink(path) == 0 || errno == ENOENT ||
           fail(path, "cannot remove the socket of a daemon that is gone", errno);
}

/* Which socket it is, and where; the latter also for the guard, which may have another working
 * directory. */
static void note(struct listener *listener) {
    char full[PATH_MAX];
    struct stat info;
    if (lstat(listener->path, &info) != 0) {
        return;
    }
    listener->device = info.st_dev;
    listener->inode = info.st_ino;
    if (realpath(listener->path, full) != NULL && strlen(full) < LEDGER_NAME_MAX) {
        ledger_add(LEDGER_SOCKET, full, info.st_dev, info.st_ino);
    }
}

static bool is_ours(const struct listener *listener) {
    struct stat info;
    return listener->inode != 0 && lstat(listener->path, &info) == 0 &&
           info.st_dev == listener->device && info.st_ino == listener->inode;
}

bool listener_open(struct listener *listener, const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    *listener = (struct listener){.fd = -1, .path = path};
    if (strlen(path) >= sizeof address.sun_path) {
        fprintf(stderr, "coreaudiod-sim: --rpc unix:%s: the path is longer than %zu bytes\n", path,
                sizeof address.sun_path - 1);
        return false;
    }
    strcpy(address.sun_path, path);
    if (!clear_path(path, &address)) {
        return false;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0) {
        return fail(path, "cannot make a socket", errno);
    }
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, O_NONBLOCK); /* who has gone again must not be waited for */
    mode_t before = umask(0177);    /* there is no moment at which others could connect */
    int status = bind(fd, (struct sockaddr *)&address, sizeof address) == 0 ? 0 : errno;
    umask(before);
    if (status == 0) {
        note(listener);
        status = listen(fd, 8) == 0 ? 0 : errno;
    }
    listener->fd = fd;
    if (status != 0) {
        listener_close(listener);
        return fail(path, "cannot listen", status);
    }
    return true;
}

void listener_close(struct listener *listener) {
    char full[PATH_MAX];
    if (listener->fd < 0) {
        return;
    }
    /* First the path, while a second daemon still sees somebody listen and keeps off it. */
    if (is_ours(listener)) {
        bool known = realpath(listener->path, full) != NULL;
        unlink(listener->path);
        if (known) {
            ledger_forget(full);
        }
    }
    close(listener->fd);
    listener->fd = -1;
}

enum listener_answer listener_accept(const struct listener *listener, int *connection) {
    *connection = accept(listener->fd, NULL, NULL);
    if (*connection >= 0) {
        fcntl(*connection, F_SETFD, FD_CLOEXEC);
        return LISTENER_CONNECTED;
    }
    return errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM
               ? LISTENER_NO_MEANS
               : LISTENER_NOBODY;
}
