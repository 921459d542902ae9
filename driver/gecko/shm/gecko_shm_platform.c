/* gecko_shm_platform.c - the few calls that exist on one system only. */
#ifdef __linux__
#define _GNU_SOURCE /* F_OFD_SETLK */
#endif
#include "gecko_shm_object.h"
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#ifdef __linux__

int gecko_platform_reserve(int fd, size_t size) {
    /* ftruncate() alone succeeds on a full tmpfs; the first store to a page that cannot be had
     * then kills the process with SIGBUS. */
    int status;
    do {
        status = posix_fallocate(fd, 0, (off_t)size);
    } while (status == EINTR);
    return status;
}

static struct flock whole_object(short type) {
    struct flock range = {.l_type = type, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0};
    return range;
}

enum gecko_shm_lock gecko_platform_lock(int fd) {
    struct flock range = whole_object(F_WRLCK);
    if (fcntl(fd, F_OFD_SETLK, &range) == 0) {
        return GECKO_SHM_LOCK_HELD;
    }
    if (errno != EAGAIN && errno != EACCES) {
        return GECKO_SHM_LOCK_UNAVAILABLE;
    }
    /* Whoever may read the object can put a read lock on it, and must not be able to shut the
     * driver out that way. A write lock takes write permission: that is a writer. */
    range = whole_object(F_WRLCK);
    if (fcntl(fd, F_OFD_GETLK, &range) == 0 && range.l_type == F_RDLCK) {
        return GECKO_SHM_LOCK_UNAVAILABLE;
    }
    return GECKO_SHM_LOCK_WRITER;
}

bool gecko_platform_peek(const struct gecko_shm_object *object, void *copy, size_t size) {
    return object->fd >= 0 && pread(object->fd, copy, size, 0) == (ssize_t)size;
}

#else

int gecko_platform_reserve(int fd, size_t size) {
    return ftruncate(fd, (off_t)size) == 0 ? 0 : errno;
}

enum gecko_shm_lock gecko_platform_lock(int fd) {
    (void)fd;
    return GECKO_SHM_LOCK_UNAVAILABLE;
}

/* macOS sets the size of shared memory once and for all, and cannot read() it. */
bool gecko_platform_peek(const struct gecko_shm_object *object, void *copy, size_t size) {
    if (object->base == NULL || object->size < size) {
        return false;
    }
    memcpy(copy, object->base, size);
    return true;
}

#endif
