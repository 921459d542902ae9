/* gecko_shm_object.h - one named POSIX shared memory object, as its writer handles it.
 *
 * Who may write is decided by a lock on the object: an open-file-description lock on Linux, which
 * the kernel drops when the process is gone, however it went. Other systems do not lock shared
 * memory; there the header has to tell (see gecko_shm_writer.c), and writers keep apart by claims
 * (gecko_shm_claim.h).
 *
 * All functions return false on failure and fill `error`, which must not be NULL.
 */
#ifndef GECKO_SHM_OBJECT_H
#define GECKO_SHM_OBJECT_H

#include "gecko/gecko_shm.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* GECKO_PLATFORM_PORTABLE builds for Linux what other systems get, so that it can be tested. */
#if defined(__linux__) && !defined(GECKO_PLATFORM_PORTABLE)
#define GECKO_PLATFORM_LINUX 1
#endif

struct gecko_shm_error {
    int system_errno; /* 0 when the operating system did not refuse anything */
    char text[256];   /* one line: what, where, what to do */
};

/* Formats `text`; appends the meaning of `system_errno` when that is not 0. Returns false. */
bool gecko_shm_fail(struct gecko_shm_error *error, int system_errno, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

enum gecko_shm_lock {
    GECKO_SHM_LOCK_HELD,        /* by us */
    GECKO_SHM_LOCK_WRITER,      /* by another writer: it lives */
    GECKO_SHM_LOCK_UNAVAILABLE, /* cannot tell from the lock */
};

struct gecko_shm_object {
    char name[GECKO_NAME_MAX + 1];
    int fd; /* -1: not open */
    unsigned char *base;
    size_t size;
    enum gecko_shm_lock lock;
};

#define GECKO_SHM_OBJECT_NONE ((struct gecko_shm_object){.fd = -1})

/* A name is a slash and then letters, digits, '.', '_' or '-', not "." or ".."; at most `max` bytes
 * in all. */
bool gecko_shm_name_check(const char *name, size_t max, struct gecko_shm_error *error);

/* Makes a new object of `size` zero bytes, with memory set aside for all of it (a full file system
 * is an error here, not a SIGBUS later), locked and mapped, of mode `mode` whatever the umask is.
 * *exists is set when the name is taken; nothing is left behind on failure. */
bool gecko_shm_object_create(const char *name, size_t size, mode_t mode,
                             struct gecko_shm_object *object, bool *exists,
                             struct gecko_shm_error *error);

/* Opens an existing object for writing, locks it and maps all of it. *missing is set when there is
 * none of that name. The caller looks at object->lock. Objects of other users are refused. */
bool gecko_shm_object_open(const char *name, struct gecko_shm_object *object, bool *missing,
                           struct gecko_shm_error *error);

/* Gives the object `mode` where the system lets one change it; macOS does not. The umask belongs to
 * the whole process and is not touched. False when the object has another mode afterwards. */
bool gecko_shm_object_set_mode(struct gecko_shm_object *object, mode_t mode,
                               struct gecko_shm_error *error);

/* True while the name leads to this object. Where objects have no inodes (macOS), their instance
 * tells; v1 has none, so that there two objects of one shape are taken for the same. */
bool gecko_shm_object_is_named(const struct gecko_shm_object *object);

/* Takes the name away if it still leads to this object. The memory lives on where it is mapped. */
void gecko_shm_object_unlink(const struct gecko_shm_object *object);

/* Unmaps and closes; drops the lock. */
void gecko_shm_object_close(struct gecko_shm_object *object);

/* Touches each page so that the IO thread does not meet a page fault. Leaves the contents. */
void gecko_shm_object_touch(struct gecko_shm_object *object);

/* A random number that is not 0, for INSTANCE. */
uint64_t gecko_shm_new_instance(void);

/* ---- gecko_shm_platform.c: what differs between systems ----------------------------------- */

/* Sets the size and reserves the memory. Returns 0 or an errno. */
int gecko_platform_reserve(int fd, size_t size);

/* Tries to become the writer of the object behind `fd`. */
enum gecko_shm_lock gecko_platform_lock(int fd);

/* The mode to create an object with that is to have `mode` once it is filled, and that nobody else
 * may be able to shorten before. */
mode_t gecko_platform_first_mode(mode_t mode);

/* Returns 0 or an errno; 0, and nothing done, where the mode of an object cannot be changed. */
int gecko_platform_set_mode(int fd, mode_t mode);

/* Whether `fd` is the same object, as well as that can be told. */
bool gecko_platform_is_same(const struct gecko_shm_object *object, int fd);

/* 0 when the system has no random numbers to give. */
uint64_t gecko_platform_random(void);

/* Copies the first `size` bytes of an object that others may shorten at any time; false when it is
 * not open or too short. */
bool gecko_platform_peek(const struct gecko_shm_object *object, void *copy, size_t size);

#endif
