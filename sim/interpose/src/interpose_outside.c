/* interpose_outside.c - reading and writing what is not simulated: sockets, pipes, terminals.
 *
 * A call that would not wait goes straight through. One that would, lets others run meanwhile. One
 * that was asked not to wait (O_NONBLOCK, MSG_DONTWAIT) and finds nothing is like a lock that is
 * only tried: who is ready may run, but time stands still.
 */
#define _GNU_SOURCE
#include "interpose.h"
#include "sandbox.h"
#include "vsock_guard.h"
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* Whether `fd` would keep a caller waiting. That the driver asked is not in its ledger. */
static bool would_wait(int fd, short events) {
    struct pollfd look = {.fd = fd, .events = events};
    int error = errno;
    halledger_pause();
    bool waits = sched_real()->poll(&look, 1, 0) == 0;
    halledger_resume();
    errno = error;
    return waits;
}

/* Whether the caller asked to be told instead of to wait. */
static bool never_waits(int fd, int flags) {
    if ((flags & MSG_DONTWAIT) != 0) {
        return true;
    }
    int error = errno;
    halledger_pause();
    int status = fcntl(fd, F_GETFL);
    halledger_resume();
    errno = error;
    return status >= 0 && (status & O_NONBLOCK) != 0;
}

#define THROUGH(type, events, operation, fd, flags, call)                                          \
    if (sched_managed() == NULL || !would_wait((fd), (events))) {                                  \
        return (call);                                                                             \
    }                                                                                              \
    if (never_waits((fd), (flags))) {                                                              \
        sched_point(operation);                                                                    \
        return (call);                                                                             \
    }                                                                                              \
    type result;                                                                                   \
    OUTSIDE(result, operation, call);                                                              \
    return result

/* ---- reading -----------------------------------------------------------------------------------
 */

REAL(readv)

static int look_at_timer(void *fd) {
    return !would_wait(*(int *)fd, POLLIN);
}

EXPORTED ssize_t read(int fd, void *to, size_t size) {
    if (sched_managed() != NULL && sched_timerfd_is(fd)) {
        if (never_waits(fd, 0)) {
            (void)sched_timerfd_update();
        } else if (sched_look_until(look_at_timer, &fd, FOREVER, "read") < 0) {
            return -1;
        }
    }
    THROUGH(ssize_t, POLLIN, "read", fd, 0, sched_real()->read(fd, to, size));
}

EXPORTED ssize_t readv(int fd, const struct iovec *parts, int count) {
    THROUGH(ssize_t, POLLIN, "readv", fd, 0, real_readv()(fd, parts, count));
}

EXPORTED ssize_t recv(int fd, void *to, size_t size, int flags) {
    THROUGH(ssize_t, POLLIN, "recv", fd, flags, sched_real()->recv(fd, to, size, flags));
}

EXPORTED ssize_t recvfrom(int fd, void *restrict to, size_t size, int flags,
                          struct sockaddr *restrict from, socklen_t *restrict from_size) {
    THROUGH(ssize_t, POLLIN, "recvfrom", fd, flags,
            sched_real()->recvfrom(fd, to, size, flags, from, from_size));
}

EXPORTED ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
    THROUGH(ssize_t, POLLIN, "recvmsg", fd, flags, sched_real()->recvmsg(fd, message, flags));
}

EXPORTED int accept(int fd, struct sockaddr *restrict from, socklen_t *restrict from_size) {
    THROUGH(int, POLLIN, "accept", fd, 0, sched_real()->accept(fd, from, from_size));
}

EXPORTED int accept4(int fd, struct sockaddr *restrict from, socklen_t *restrict from_size,
                     int flags) {
    THROUGH(int, POLLIN, "accept4", fd, 0, sched_real()->accept4(fd, from, from_size, flags));
}

/* ---- writing -----------------------------------------------------------------------------------
 */

REAL(write)
REAL(writev)
REAL(send)
REAL(sendto)
REAL(sendmsg)
REAL(connect)
REAL(bind)

#define SANDBOX_REFUSES(call, to, size)                                                            \
    sandbox_refuses_socket(__builtin_return_address(0), call, to, size)

/* What a pipe with any room takes at once. A larger write may wait though there is room. */
#define SURELY_TAKEN 4096

/* The report of a crash must not be the moment at which others run. */
static bool is_in_a_crash(void) {
    stack_t stack;
    return sigaltstack(NULL, &stack) == 0 && (stack.ss_flags & SS_ONSTACK) != 0;
}

static bool write_would_wait(int fd, size_t size) {
    struct stat about;
    int error = errno;
    halledger_pause();
    bool never =
        fstat(fd, &about) != 0 || S_ISREG(about.st_mode) || (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0;
    halledger_resume();
    errno = error;
    if (never) {
        return false;
    }
    return (size > SURELY_TAKEN || would_wait(fd, POLLOUT)) && !is_in_a_crash();
}

#define THROUGH_WRITE(operation, fd, size, call)                                                   \
    if (sched_managed() == NULL) {                                                                 \
        return (call);                                                                             \
    }                                                                                              \
    ssize_t result;                                                                                \
    if (write_would_wait((fd), (size))) {                                                          \
        OUTSIDE(result, operation, call);                                                          \
    } else {                                                                                       \
        result = (call);                                                                           \
    }                                                                                              \
    sched_wake_lookers();                                                                          \
    return result

static size_t size_of(const struct iovec *parts, size_t count) {
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        size += parts[i].iov_len;
    }
    return size;
}

EXPORTED ssize_t write(int fd, const void *from, size_t size) {
    THROUGH_WRITE("write", fd, size, real_write()(fd, from, size));
}

EXPORTED ssize_t writev(int fd, const struct iovec *parts, int count) {
    THROUGH_WRITE("writev", fd, size_of(parts, count > 0 ? (size_t)count : 0),
                  real_writev()(fd, parts, count));
}

EXPORTED ssize_t send(int fd, const void *from, size_t size, int flags) {
    THROUGH_WRITE("send", fd, size, real_send()(fd, from, size, flags));
}

EXPORTED ssize_t sendto(int fd, const void *from, size_t size, int flags, const struct sockaddr *to,
                        socklen_t to_size) {
    if (SANDBOX_REFUSES("sendto", to, to_size)) {
        return -1;
    }
    THROUGH_WRITE("sendto", fd, size, real_sendto()(fd, from, size, flags, to, to_size));
}

EXPORTED ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    if (SANDBOX_REFUSES("sendmsg", message->msg_name, message->msg_namelen)) {
        return -1;
    }
    THROUGH_WRITE("sendmsg", fd, size_of(message->msg_iov, message->msg_iovlen),
                  real_sendmsg()(fd, message, flags));
}

/* Whether it would wait cannot be asked. */
EXPORTED int connect(int fd, const struct sockaddr *to, socklen_t to_size) {
    if (SANDBOX_REFUSES("connect", to, to_size)) {
        return -1;
    }
    if (vsock_guard_refuses(to, to_size)) {
        errno = EACCES;
        return -1;
    }
    if (sched_managed() == NULL || (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0) {
        return real_connect()(fd, to, to_size);
    }
    int result;
    OUTSIDE(result, "connect", real_connect()(fd, to, to_size));
    sched_wake_lookers();
    return result;
}

EXPORTED int bind(int fd, const struct sockaddr *address, socklen_t size) {
    return SANDBOX_REFUSES("bind", address, size) ? -1 : real_bind()(fd, address, size);
}

REAL(getaddrinfo)

EXPORTED int getaddrinfo(const char *restrict node, const char *restrict service,
                         const struct addrinfo *restrict hints, struct addrinfo **restrict found) {
    if (sched_managed() == NULL) {
        return real_getaddrinfo()(node, service, hints, found);
    }
    int result;
    OUTSIDE(result, "getaddrinfo", real_getaddrinfo()(node, service, hints, found));
    return result;
}

/* ---- locks on files ----------------------------------------------------------------------------
 */

REAL(flock)

EXPORTED int flock(int fd, int operation) {
    if (sched_managed() == NULL || (operation & (LOCK_NB | LOCK_UN)) != 0) {
        return real_flock()(fd, operation);
    }
    int result = real_flock()(fd, operation | LOCK_NB);
    if (result != 0 && errno == EWOULDBLOCK) {
        OUTSIDE(result, "flock", real_flock()(fd, operation));
    }
    return result;
}
