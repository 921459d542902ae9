/* bunghole_dial.c */
#include "bunghole_dial.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/vm_sockets.h>
#else
/* sys/vsock.h of macOS 11 and later, which SDKs of others lack. */
#ifndef AF_VSOCK
#define AF_VSOCK 40
#endif
struct sockaddr_vm {
    uint8_t svm_len;
    uint8_t svm_family;
    uint16_t svm_reserved1;
    uint32_t svm_port;
    uint32_t svm_cid;
};
#endif

#define CID_LOCAL    1u
#define LARGEST_ID   4294967294u
#define TOKEN_DIGITS 32u
/* Audio that the kernel holds for a peer that does not read is latency when he does again. A Unix
 * socket holds about 4 packets with this. */
#define SEND_BUFFER  2304
/* On a vsock it is the receiver's buffer that holds it. */
#define VSOCK_BUFFER 16384

/* ---- endpoints ------------------------------------------------------------------------------- */

void bunghole_endpoint_text(const struct bunghole_endpoint *endpoint, char *text, size_t size) {
    if (endpoint->folder[0] != '\0') {
        snprintf(text, size, "unix %s/%u.sock", endpoint->folder, endpoint->port);
    } else {
        snprintf(text, size, "vsock %u:%u", endpoint->cid, endpoint->port);
    }
}

static const char *parse_number(const char *text, uint32_t *number) {
    uint64_t value = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9' && value <= LARGEST_ID; at++) {
        value = value * 10 + (uint64_t)(*at - '0');
    }
    *number = (uint32_t)value;
    return value >= 1 && value <= LARGEST_ID ? at : NULL;
}

bool bunghole_endpoint_parse(const char *text, struct bunghole_endpoint *endpoint) {
    static const char prefix[] = "vsock ";
    struct bunghole_endpoint found = {.folder = ""};
    if (strncmp(text, prefix, strlen(prefix)) != 0) {
        return false;
    }
    const char *at = parse_number(text + strlen(prefix), &found.cid);
    if (at == NULL || *at != ':') {
        return false;
    }
    at = parse_number(at + 1, &found.port);
    if (at == NULL || *at != '\0') {
        return false;
    }
    *endpoint = found;
    return true;
}

/* ---- whether --------------------------------------------------------------------------------- */

static bool read_command_line(char *text, size_t size) {
    int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    ssize_t length = read(fd, text, size - 1);
    close(fd);
    if (length < 0) {
        return false;
    }
    text[length] = '\0';
    return true;
}

const struct bunghole_dial_calls bunghole_dial_system = {
    .socket = socket,
    .bind = bind,
    .connect = connect,
    .command_line = read_command_line,
};

#ifdef __linux__
static bool is_mark(const char *word, size_t length) {
    size_t name = strlen(BUNGHOLE_GUEST_WORD);
    return length == name + TOKEN_DIGITS && memcmp(word, BUNGHOLE_GUEST_WORD, name) == 0 &&
           strspn(word + name, "0123456789abcdef") >= TOKEN_DIGITS;
}

static bool has_mark(const char *text) {
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
#endif

bool bunghole_dial_is_allowed(const struct bunghole_dial_calls *calls,
                              const struct bunghole_endpoint *endpoint) {
    if (endpoint->folder[0] != '\0' || endpoint->cid == CID_LOCAL) {
        return true;
    }
#ifdef __linux__
    char text[4096];
    return calls->command_line(text, sizeof text) && has_mark(text);
#else
    (void)calls;
    return true;
#endif
}

/* ---- the call -------------------------------------------------------------------------------- */

union address {
    struct sockaddr any;
    struct sockaddr_vm vm;
    struct sockaddr_un un;
};

static socklen_t address_of(const struct bunghole_endpoint *endpoint, union address *address) {
    memset(address, 0, sizeof *address);
    if (endpoint->folder[0] != '\0') {
        address->un.sun_family = AF_UNIX;
        snprintf(address->un.sun_path, sizeof address->un.sun_path, "%s/%u.sock", endpoint->folder,
                 endpoint->port);
        return sizeof address->un;
    }
    address->vm.svm_family = AF_VSOCK;
#ifndef __linux__
    address->vm.svm_len = sizeof address->vm;
#endif
    address->vm.svm_cid = endpoint->cid;
    address->vm.svm_port = endpoint->port;
    return sizeof address->vm;
}

static bool prepare(int fd) {
    int flags = fcntl(fd, F_GETFL);
    int size = SEND_BUFFER;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
#ifdef SO_VM_SOCKETS_BUFFER_SIZE
    uint64_t vsock_size = VSOCK_BUFFER;
    (void)setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_BUFFER_SIZE, &vsock_size, sizeof vsock_size);
#endif
#ifdef SO_NOSIGPIPE
    int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on) != 0) {
        return false;
    }
#endif
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
           fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

/* Without a loopback transport the kernel would pass a call of CID 1 on to whatever other transport
 * there is; it does not let anybody bind to CID 1 then. */
static bool bind_to_this_machine(const struct bunghole_dial_calls *calls, int fd) {
#ifdef __linux__
    const struct sockaddr_vm own = {
        .svm_family = AF_VSOCK, .svm_cid = CID_LOCAL, .svm_port = VMADDR_PORT_ANY};
    return calls->bind(fd, (const struct sockaddr *)&own, sizeof own) == 0;
#else
    (void)calls;
    (void)fd;
    return true;
#endif
}

enum bunghole_dialled bunghole_dial(const struct bunghole_dial_calls *calls,
                                    const struct bunghole_endpoint *endpoint, int *fd, int *error) {
    *fd = -1;
    *error = EACCES;
    if (!bunghole_dial_is_allowed(calls, endpoint)) {
        return BUNGHOLE_DIAL_REFUSED;
    }
    union address address;
    socklen_t size = address_of(endpoint, &address);
    int made = calls->socket(address.any.sa_family, SOCK_STREAM, 0);
    if (made < 0) {
        *error = errno;
        return BUNGHOLE_DIAL_FAILED;
    }
    bool local = endpoint->folder[0] == '\0' && endpoint->cid == CID_LOCAL;
    if (prepare(made) && (!local || bind_to_this_machine(calls, made))) {
        *fd = made;
        if (calls->connect(made, &address.any, size) == 0) {
            return BUNGHOLE_DIAL_CONNECTED;
        }
        if (errno == EINPROGRESS || errno == EINTR) {
            return BUNGHOLE_DIAL_UNDER_WAY;
        }
    }
    *error = errno;
    *fd = -1;
    close(made);
    return BUNGHOLE_DIAL_FAILED;
}

int bunghole_dial_result(int fd) {
    int error = 0;
    socklen_t size = sizeof error;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}
