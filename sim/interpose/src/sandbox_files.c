/* sandbox_files.c - the C library's functions that name a file, with the sandbox in front. */
#define _GNU_SOURCE
#include "interpose.h"
#include "sandbox.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a fortified driver calls instead. */
EXPORTED int __open_2(const char *path, int flags);
EXPORTED int __open64_2(const char *path, int flags);
EXPORTED int __openat_2(int folder, const char *path, int flags);
EXPORTED int __openat64_2(int folder, const char *path, int flags);

REAL(open)
REAL(openat)
REAL(fopen)
REAL(opendir)
REAL(mkdir)
REAL(rmdir)
REAL(unlink)
REAL(rename)

#define REFUSES(call, folder, path, access)                                                        \
    sandbox_refuses_file(__builtin_return_address(0), call, folder, path, access)

static bool has_mode(int flags) {
    return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
}

/* The mode is there only with some flags. */
#define TAKE_MODE(mode, flags)                                                                     \
    mode_t mode = 0;                                                                               \
    if (has_mode(flags)) {                                                                         \
        va_list list_;                                                                             \
        va_start(list_, flags);                                                                    \
        mode = va_arg(list_, mode_t);                                                              \
        va_end(list_);                                                                             \
    }

EXPORTED int open(const char *path, int flags, ...) {
    TAKE_MODE(mode, flags)
    return REFUSES("open", AT_FDCWD, path, sandbox_access_of(flags))
               ? -1
               : real_open()(path, flags, mode);
}

EXPORTED int open64(const char *path, int flags, ...) {
    TAKE_MODE(mode, flags)
    return REFUSES("open", AT_FDCWD, path, sandbox_access_of(flags))
               ? -1
               : real_open()(path, flags | O_LARGEFILE, mode);
}

EXPORTED int __open_2(const char *path, int flags) {
    return REFUSES("open", AT_FDCWD, path, sandbox_access_of(flags)) ? -1
                                                                     : real_open()(path, flags);
}

EXPORTED int __open64_2(const char *path, int flags) {
    return REFUSES("open", AT_FDCWD, path, sandbox_access_of(flags))
               ? -1
               : real_open()(path, flags | O_LARGEFILE);
}

EXPORTED int openat(int folder, const char *path, int flags, ...) {
    TAKE_MODE(mode, flags)
    return REFUSES("openat", folder, path, sandbox_access_of(flags))
               ? -1
               : real_openat()(folder, path, flags, mode);
}

EXPORTED int openat64(int folder, const char *path, int flags, ...) {
    TAKE_MODE(mode, flags)
    return REFUSES("openat", folder, path, sandbox_access_of(flags))
               ? -1
               : real_openat()(folder, path, flags | O_LARGEFILE, mode);
}

EXPORTED int __openat_2(int folder, const char *path, int flags) {
    return REFUSES("openat", folder, path, sandbox_access_of(flags))
               ? -1
               : real_openat()(folder, path, flags);
}

EXPORTED int __openat64_2(int folder, const char *path, int flags) {
    return REFUSES("openat", folder, path, sandbox_access_of(flags))
               ? -1
               : real_openat()(folder, path, flags | O_LARGEFILE);
}

EXPORTED int creat(const char *path, mode_t mode) {
    return REFUSES("creat", AT_FDCWD, path, SANDBOX_CREATE)
               ? -1
               : real_open()(path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

EXPORTED int creat64(const char *path, mode_t mode) {
    return REFUSES("creat", AT_FDCWD, path, SANDBOX_CREATE)
               ? -1
               : real_open()(path, O_CREAT | O_WRONLY | O_TRUNC | O_LARGEFILE, mode);
}

/* "r" reads; "r+" writes to what is there; "w" and "a" make it. */
static enum sandbox_access access_of_mode(const char *mode) {
    if (mode == NULL || mode[0] != 'r') {
        return SANDBOX_CREATE;
    }
    return strchr(mode, '+') != NULL ? SANDBOX_WRITE : SANDBOX_READ;
}

EXPORTED FILE *fopen(const char *restrict path, const char *restrict mode) {
    return REFUSES("fopen", AT_FDCWD, path, access_of_mode(mode)) ? NULL : real_fopen()(path, mode);
}

EXPORTED FILE *fopen64(const char *restrict path, const char *restrict mode) {
    return REFUSES("fopen", AT_FDCWD, path, access_of_mode(mode)) ? NULL : real_fopen()(path, mode);
}

EXPORTED DIR *opendir(const char *path) {
    return REFUSES("opendir", AT_FDCWD, path, SANDBOX_READ) ? NULL : real_opendir()(path);
}

EXPORTED int mkdir(const char *path, mode_t mode) {
    return REFUSES("mkdir", AT_FDCWD, path, SANDBOX_CREATE) ? -1 : real_mkdir()(path, mode);
}

EXPORTED int rmdir(const char *path) {
    return REFUSES("rmdir", AT_FDCWD, path, SANDBOX_ENTRY) ? -1 : real_rmdir()(path);
}

EXPORTED int unlink(const char *path) {
    return REFUSES("unlink", AT_FDCWD, path, SANDBOX_ENTRY) ? -1 : real_unlink()(path);
}

EXPORTED int rename(const char *from, const char *to) {
    if (REFUSES("rename", AT_FDCWD, from, SANDBOX_ENTRY) ||
        REFUSES("rename", AT_FDCWD, to, SANDBOX_CREATE)) {
        return -1;
    }
    return real_rename()(from, to);
}
