/* gecko_shm_platform.c - the few calls that exist on one system only. */
#ifdef __linux__
#define _GNU_SOURCE /* F_OFD_SETLK */
#endif
#include "gecko_memory.h"
#include "gecko_shm_object.h"
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __APPLE__
#include <stdlib.h> /* arc4random_buf() */
#endif

uint64_t gecko_platform_random(void) {
    uint64_t number = 0;
#ifdef __APPLE__
    arc4random_buf(&number, sizeof number);
#else
    if (getentropy(&number, sizeof number) != 0) {
        return 0;
    }
#endif
    return number;
}

#ifdef GECKO_PLATFORM_LINUX

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
     * driver out that way. A write lock takes write permission: that is a writer. One that was
     * there a moment ago and is gone says nothing either way. */
    range = whole_object(F_WRLCK);
    if (fcntl(fd, F_OFD_GETLK, &range) == 0 && range.l_type != F_WRLCK) {
        return GECKO_SHM_LOCK_UNAVAILABLE;
    }
    return GECKO_SHM_LOCK_WRITER;
}

mode_t gecko_platform_first_mode(mode_t mode) {
    (void)mode;
    return 0600;
}

int gecko_platform_set_mode(int fd, mode_t mode) {
    return fchmod(fd, mode) == 0 ? 0 : errno;
}

bool gecko_platform_is_same(const struct gecko_shm_object *object, int fd) {
    struct stat ours, named;
    return fstat(fd, &named) == 0 && fstat(object->fd, &ours) == 0 && named.st_dev == ours.st_dev &&
           named.st_ino == ours.st_ino;
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

/* macOS refuses fchmod() on shared memory, and its shm_open() does not apply the umask. So an
 * object has its mode from the beginning; nobody can shorten it, for its size is set only once. */
mode_t gecko_platform_first_mode(mode_t mode) {
    return mode;
}

int gecko_platform_set_mode(int fd, mode_t mode) {
    (void)fd;
    (void)mode;
    return 0;
}

/* What never changes while an object lives: its instance, and in v1 the shape of its ring. */
static bool same_contents(const unsigned char *ours, const unsigned char *named) {
    uint64_t magic = gecko_load_u64(ours, 0);
    bool marked = magic == GECKO_V2_MAGIC_VALUE || magic == GECKO_READERS_MAGIC_VALUE;
    if (!marked) {
        return memcmp(ours + GECKO_V1_BUFFER_SIZE, named + GECKO_V1_BUFFER_SIZE,
                      GECKO_V1_DATA - GECKO_V1_BUFFER_SIZE) == 0;
    }
    size_t instance = magic == GECKO_V2_MAGIC_VALUE ? GECKO_V2_INSTANCE : GECKO_READERS_INSTANCE;
    return gecko_load_u64(named, 0) == magic &&
           gecko_load_u64(named, instance) == gecko_load_u64(ours, instance);
}

/* macOS says the same device and inode for all shared memory: 0. */
bool gecko_platform_is_same(const struct gecko_shm_object *object, int fd) {
    struct stat ours, named;
    if (fstat(fd, &named) != 0 || fstat(object->fd, &ours) != 0 || named.st_size != ours.st_size) {
        return false;
    }
    const size_t least = GECKO_V2_INSTANCE + sizeof(uint64_t);
    if (object->base == NULL || (size_t)named.st_size < least) {
        return true;
    }
    void *memory = mmap(NULL, least, PROT_READ, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) {
        return false;
    }
    bool same = same_contents(object->base, memory);
    munmap(memory, least);
    return same;
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
