/* ledger_shm.c - shm_open() and shm_unlink() as drivers in this process see them.
 *
 * Linux only: there a symbol of the executable comes before the library's. On a Mac the real
 * coreaudiod loads drivers, and this executable does not stand in for it.
 */
#include "ledger.h"

#ifdef __linux__
#ifdef HAL_LAB_INTERPOSE
#include "halinterpose/sandbox.h"
#endif
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define EXPORTED __attribute__((visibility("default")))

typedef int (*open_function)(const char *name, int flags, mode_t mode);
typedef int (*unlink_function)(const char *name);

/* Both may be called before main() (a constructor of a library), so they look it up themselves. */
static open_function real_open(void) {
    static _Atomic(open_function) found;
    open_function function = atomic_load(&found);
    if (function == NULL) {
        /* POSIX's own way to get a function out of dlsym(). */
        *(void **)&function = dlsym(RTLD_NEXT, "shm_open");
        atomic_store(&found, function);
    }
    return function;
}

static unlink_function real_unlink(void) {
    static _Atomic(unlink_function) found;
    unlink_function function = atomic_load(&found);
    if (function == NULL) {
        *(void **)&function = dlsym(RTLD_NEXT, "shm_unlink");
        atomic_store(&found, function);
    }
    return function;
}

/* "/name", "name" and "//name" are the same object. */
static const char *plain(const char *name) {
    while (*name == '/') {
        name++;
    }
    return name;
}

static void note(enum ledger_kind kind, const char *name, int fd) {
    struct stat info;
    int before = errno;
    if (fstat(fd, &info) == 0) {
        ledger_add(kind, plain(name), info.st_dev, info.st_ino);
    }
    errno = before;
}

/* A macro: the caller of the exported function is asked for. */
#ifdef HAL_LAB_INTERPOSE
#define REFUSES(call, name)                                                                        \
    halsandbox_refuses_shared_memory(__builtin_return_address(0), call, name)
#else
#define REFUSES(call, name) false
#endif

EXPORTED int shm_open(const char *name, int flags, mode_t mode) {
    if (real_open() == NULL) {
        errno = ENOSYS;
        return -1;
    }
    if (REFUSES("shm_open", name)) {
        return -1;
    }
    if ((flags & O_CREAT) != 0) {
        /* Only O_EXCL tells whether the object is new. */
        int fd = real_open()(name, flags | O_EXCL, mode);
        if (fd >= 0) {
            note(LEDGER_SHM_CREATED, name, fd);
            return fd;
        }
        if (errno != EEXIST || (flags & O_EXCL) != 0) {
            return fd;
        }
    }
    int fd = real_open()(name, flags, mode);
    if (fd >= 0 && (flags & O_ACCMODE) != O_RDONLY) {
        note(LEDGER_SHM_TAKEN_OVER, name, fd);
    }
    return fd;
}

EXPORTED int shm_unlink(const char *name) {
    if (real_unlink() == NULL) {
        errno = ENOSYS;
        return -1;
    }
    if (REFUSES("shm_unlink", name)) {
        return -1;
    }
    int result = real_unlink()(name);
    if (result == 0) {
        ledger_forget(plain(name));
    }
    return result;
}
#endif
