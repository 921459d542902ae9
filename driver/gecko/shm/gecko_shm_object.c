/* gecko_shm_object.c - create, open, lock, map, unlink. */
#include "gecko_shm_object.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

bool gecko_shm_fail(struct gecko_shm_error *error, int system_errno, const char *format, ...) {
    error->system_errno = system_errno;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    if (system_errno != 0 && length >= 0 && (size_t)length < sizeof error->text) {
        snprintf(error->text + length, sizeof error->text - (size_t)length, ": %s",
                 strerror(system_errno));
    }
    return false;
}

bool gecko_shm_name_check(const char *name, size_t max, struct gecko_shm_error *error) {
    size_t length = strlen(name);
    bool good = length >= 2 && length <= max && name[0] == '/';
    for (size_t i = 1; good && i < length; i++) {
        unsigned char c = (unsigned char)name[i];
        good = c < 0x80 && (isalnum(c) || c == '.' || c == '_' || c == '-');
    }
    if (!good || strcmp(name, "/.") == 0 || strcmp(name, "/..") == 0) {
        return gecko_shm_fail(error, 0,
                              "\"%.64s\" is no name for shared memory: a slash, then letters, "
                              "digits, '.', '_' or '-', 2 to %zu bytes",
                              name, max);
    }
    return true;
}

static bool map_object(struct gecko_shm_object *object, size_t size,
                       struct gecko_shm_error *error) {
    void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, object->fd, 0);
    if (base == MAP_FAILED) {
        return gecko_shm_fail(error, errno, "shared memory \"%s\": cannot map %zu bytes",
                              object->name, size);
    }
    object->base = base;
    object->size = size;
    return true;
}

bool gecko_shm_object_create(const char *name, size_t size, mode_t mode,
                             struct gecko_shm_object *object, bool *exists,
                             struct gecko_shm_error *error) {
    *object = GECKO_SHM_OBJECT_NONE;
    *exists = false;
    snprintf(object->name, sizeof object->name, "%s", name);
    object->fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, mode);
    if (object->fd < 0) {
        *exists = errno == EEXIST;
        return gecko_shm_fail(error, errno, "shared memory \"%s\": cannot create it", name);
    }
    object->lock = gecko_platform_lock(object->fd);
    if (object->lock == GECKO_SHM_LOCK_WRITER || !gecko_shm_object_is_named(object)) {
        /* Another writer found our object before we had locked it: it owns the name now, or has
         * taken ours away to put its own there. */
        gecko_shm_object_close(object);
        *exists = true;
        return gecko_shm_fail(error, EEXIST, "shared memory \"%s\": cannot create it", name);
    }
    int status = gecko_platform_reserve(object->fd, size);
    if (status != 0) {
        gecko_shm_fail(error, status,
                       "shared memory \"%s\": no room for %zu bytes; free some, or ask for fewer "
                       "ring frames",
                       name, size);
    }
    if (status != 0 || !map_object(object, size, error) ||
        !gecko_shm_object_set_mode(object, mode, error)) {
        gecko_shm_object_unlink(object);
        gecko_shm_object_close(object);
        return false;
    }
    return true;
}

bool gecko_shm_object_open(const char *name, struct gecko_shm_object *object, bool *missing,
                           struct gecko_shm_error *error) {
    *object = GECKO_SHM_OBJECT_NONE;
    *missing = false;
    snprintf(object->name, sizeof object->name, "%s", name);
    object->fd = shm_open(name, O_RDWR, 0);
    if (object->fd < 0) {
        *missing = errno == ENOENT;
        return gecko_shm_fail(error, errno, "shared memory \"%s\": cannot open it for writing",
                              name);
    }
    struct stat info;
    if (fstat(object->fd, &info) != 0) {
        gecko_shm_fail(error, errno, "shared memory \"%s\": cannot read its size", name);
        gecko_shm_object_close(object);
        return false;
    }
    if (info.st_uid != geteuid()) {
        gecko_shm_fail(error, 0,
                       "shared memory \"%s\" belongs to user %lu; remove it, or set another name",
                       name, (unsigned long)info.st_uid);
        gecko_shm_object_close(object);
        return false;
    }
    object->lock = gecko_platform_lock(object->fd);
    if (info.st_size > 0 && !map_object(object, (size_t)info.st_size, error)) {
        gecko_shm_object_close(object);
        return false;
    }
    return true;
}

bool gecko_shm_object_set_mode(struct gecko_shm_object *object, mode_t mode,
                               struct gecko_shm_error *error) {
    int status = gecko_platform_set_mode(object->fd, mode);
    struct stat info;
    if (fstat(object->fd, &info) != 0) {
        return gecko_shm_fail(error, errno, "shared memory \"%s\": cannot read its mode",
                              object->name);
    }
    if ((info.st_mode & 0777) != mode) {
        return gecko_shm_fail(error, status,
                              "shared memory \"%s\": cannot set mode %04o, it is %04o",
                              object->name, (unsigned)mode, (unsigned)(info.st_mode & 0777));
    }
    return true;
}

bool gecko_shm_object_is_named(const struct gecko_shm_object *object) {
    int fd = shm_open(object->name, O_RDONLY, 0);
    if (fd < 0) {
        /* A mode without read permission: the name exists and we cannot compare. */
        return errno == EACCES;
    }
    bool same = gecko_platform_is_same(object, fd);
    close(fd);
    return same;
}

void gecko_shm_object_unlink(const struct gecko_shm_object *object) {
    if (object->fd >= 0 && gecko_shm_object_is_named(object)) {
        shm_unlink(object->name);
    }
}

void gecko_shm_object_close(struct gecko_shm_object *object) {
    if (object->base != NULL) {
        munmap(object->base, object->size);
    }
    if (object->fd >= 0) {
        close(object->fd);
    }
    object->base = NULL;
    object->size = 0;
    object->fd = -1;
}

void gecko_shm_object_touch(struct gecko_shm_object *object) {
    const size_t page = 4096;
    for (size_t at = 0; at < object->size; at += page) {
        volatile unsigned char *byte = object->base + at;
        *byte = *byte;
    }
}

uint64_t gecko_shm_new_instance(void) {
    for (int i = 0; i < 16; i++) {
        uint64_t number = gecko_platform_random();
        if (number != 0) {
            return number;
        }
    }
    /* No two objects of one name are made in the same nanosecond. */
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t mix = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    return (mix ^ (uint64_t)getpid() << 48) | 1;
}
