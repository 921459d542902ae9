#include "fresh_file.h"
#include "host_internal.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Names in one folder that other processes, alive or killed, may have taken before. */
#define MAX_NAMES 1000u

/* Where the file goes: `path` itself, or what it leads to when it exists. */
static bool find_target(const char *what, const char *path, char target[PATH_MAX],
                        struct halsim_error *error) {
    struct stat status;
    if (stat(path, &status) == 0) {
        if (!S_ISREG(status.st_mode)) {
            return halsim_fail(error, HALSIM_ERROR_ARGUMENT,
                               "%s %s: not a regular file; it is left alone", what, path);
        }
        if (realpath(path, target) == NULL) {
            return halsim_fail(error, HALSIM_ERROR_SYSTEM, "%s %s: %s", what, path,
                               strerror(errno));
        }
        return true;
    }
    if (errno != ENOENT) {
        return halsim_fail(error, HALSIM_ERROR_SYSTEM, "%s %s: %s", what, path, strerror(errno));
    }
    if (lstat(path, &status) == 0) {
        return halsim_fail(error, HALSIM_ERROR_ARGUMENT,
                           "%s %s: a symbolic link that leads nowhere", what, path);
    }
    int length = snprintf(target, PATH_MAX, "%s", path);
    if (length <= 0 || length >= PATH_MAX) {
        return halsim_fail(error, HALSIM_ERROR_SYSTEM, "%s %s: %s", what, path,
                           strerror(length > 0 ? ENAMETOOLONG : ENOENT));
    }
    return true;
}

/* Beside the target, as a rename does not leave a file system. -1 and errno. */
static int open_beside(const char *target, char name[PATH_MAX]) {
    const char *slash = strrchr(target, '/');
    int folder = slash == NULL ? 0 : (int)(slash - target) + 1;
    for (unsigned i = 0; i < MAX_NAMES; i++) {
        int length =
            snprintf(name, PATH_MAX, "%.*s.halsim-%ld-%u.new", folder, target, (long)getpid(), i);
        if (length < 0 || length >= PATH_MAX) {
            errno = ENAMETOOLONG;
            return -1;
        }
        int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        if (fd >= 0 || errno != EEXIST) {
            return fd;
        }
    }
    return -1;
}

/* 0 or errno. A full disk shows here, not as a SIGBUS on the IO thread. */
static int reserve(int fd, size_t bytes) {
#ifdef __APPLE__
    return ftruncate(fd, (off_t)bytes) == 0 ? 0 : errno;
#else
    int failed;
    do {
        failed = posix_fallocate(fd, 0, (off_t)bytes);
    } while (failed == EINTR);
    return failed;
#endif
}

bool halsim_fresh_file_create(const char *what, const char *path, size_t bytes,
                              struct halsim_fresh_file *file, struct halsim_error *error) {
    char target[PATH_MAX], name[PATH_MAX];
    if (!find_target(what, path, target, error)) {
        return false;
    }
    int fd = open_beside(target, name);
    if (fd < 0) {
        return halsim_fail(error, HALSIM_ERROR_SYSTEM, "%s %s: cannot create it: %s", what, path,
                           strerror(errno));
    }
    void *map = MAP_FAILED;
    const char *step = "no room for it";
    int failed = reserve(fd, bytes);
    if (failed == 0) {
        step = "cannot map it";
        map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        failed = map == MAP_FAILED ? errno : 0;
    }
    if (failed == 0 && rename(name, target) != 0) {
        step = "cannot give it its name";
        failed = errno;
    }
    if (failed != 0) {
        (void)halsim_fail(error, HALSIM_ERROR_SYSTEM, "%s %s: %s (%zu bytes): %s", what, path, step,
                          bytes, strerror(failed));
        if (map != MAP_FAILED) {
            (void)munmap(map, bytes);
        }
        (void)close(fd);
        (void)unlink(name);
        return false;
    }
    *file = (struct halsim_fresh_file){.fd = fd, .map = map, .bytes = bytes};
    return true;
}
