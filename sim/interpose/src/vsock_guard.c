/* vsock_guard.c */
#define _GNU_SOURCE
#include "vsock_guard.h"
#include "interpose.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TOKEN_DIGITS 32

static bool is_mark(const char *word, size_t length) {
    size_t name = strlen(VSOCK_GUARD_WORD);
    return length == name + TOKEN_DIGITS && memcmp(word, VSOCK_GUARD_WORD, name) == 0 &&
           strspn(word + name, "0123456789abcdef") >= TOKEN_DIGITS;
}

bool vsock_guard_has_mark(const char *text) {
    static const char blanks[] = " \t\n";
    for (text += strspn(text, blanks); *text != '\0'; text += strspn(text, blanks)) {
        size_t length = strcspn(text, blanks);
        if (is_mark(text, length)) {
            return true;
        }
        text += length;
    }
    return false;
}

/* By system calls of its own: what the guard does is in no ledger, and nothing waits for it. */
static bool is_guest(void) {
    char text[4096];
    long fd = sched_real()->syscall(SYS_openat, AT_FDCWD, "/proc/cmdline", O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    long length = sched_real()->syscall(SYS_read, fd, text, sizeof text - 1);
    (void)sched_real()->syscall(SYS_close, fd);
    text[length > 0 ? length : 0] = '\0';
    return vsock_guard_has_mark(text);
}

bool vsock_guard_refuses(const struct sockaddr *to, socklen_t size) {
    struct sockaddr_vm address;
    int error = errno;
    if (to == NULL || size < sizeof address) {
        return false;
    }
    memcpy(&address, to, sizeof address);
    if (address.svm_family != AF_VSOCK || address.svm_cid == VMADDR_CID_LOCAL || is_guest()) {
        errno = error;
        return false;
    }
    char line[256];
    int length =
        snprintf(line, sizeof line,
                 "coreaudiod-sim: connect() to vsock %u:%u is refused: it is not this "
                 "machine (CID 1), and the kernel's command line lacks " VSOCK_GUARD_WORD "...\n",
                 address.svm_cid, address.svm_port);
    (void)sched_real()->syscall(SYS_write, STDERR_FILENO, line, (size_t)length);
    errno = error;
    return true;
}
