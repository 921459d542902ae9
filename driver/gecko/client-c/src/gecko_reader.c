/* gecko_reader.c - opening, closing, and what does not depend on the layout. */
#ifdef __linux__
#define _GNU_SOURCE /* F_OFD_GETLK */
#endif
#include "gecko_memory.h"
#include "gecko_process.h"
#include "reader_private.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

bool gecko_reader_fail(struct gecko_reader_error *error, enum gecko_reader_status status,
                       int system_errno, const char *format, ...) {
    error->status = status;
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

const char *gecko_reader_label(const struct gecko_reader *reader) {
    return reader->name[0] != '\0' ? reader->name : "(memory)";
}

static bool is_v2(const struct gecko_reader *reader) {
    /* The first word of v1 is an index below GECKO_MAX_RING_FRAMES * GECKO_MAX_CHANNELS; the low
     * half of the magic is above that, so the two cannot be mixed up. */
    return reader->size >= 8 &&
           gecko_load_u64(reader->base, GECKO_V2_MAGIC) == GECKO_V2_MAGIC_VALUE;
}

/* The driver writes the magic last. Until then the version may stand where v1 has the size of its
 * ring, which is never that small and comes last as well. */
static bool check_header(struct gecko_reader *reader, struct gecko_reader_error *error) {
    uint64_t magic = gecko_load_u64(reader->base, GECKO_V2_MAGIC);
    uint32_t second = gecko_load_u32(reader->base, GECKO_V2_VERSION);
    if (magic == GECKO_V2_MAGIC_VALUE) {
        return gecko_v2_header(reader, error);
    }
    if (magic == 0 && (second == 0 || second == GECKO_V2_VERSION_VALUE)) {
        return gecko_reader_fail(error, GECKO_READER_NOT_READY, 0, "%s is being made",
                                 gecko_reader_label(reader));
    }
    return gecko_v1_header(reader, error);
}

bool gecko_reader_check_size(const struct gecko_reader *reader, struct gecko_reader_error *error) {
    struct stat info;
    if (reader->fd < 0) {
        return true;
    }
    if (fstat(reader->fd, &info) != 0) {
        return gecko_reader_fail(error, GECKO_READER_SYSTEM, errno, "%s: cannot read its size",
                                 gecko_reader_label(reader));
    }
    if ((uint64_t)info.st_size < reader->size) {
        return gecko_reader_fail(error, GECKO_READER_TRUNCATED, 0,
                                 "%s was cut from %zu to %lld bytes while it was open",
                                 gecko_reader_label(reader), reader->size, (long long)info.st_size);
    }
    return true;
}

static bool fail_open(const struct gecko_reader *reader, int system_errno, const char *purpose,
                      struct gecko_reader_error *error) {
    enum gecko_reader_status status = system_errno == ENOENT   ? GECKO_READER_MISSING
                                      : system_errno == EACCES ? GECKO_READER_DENIED
                                                               : GECKO_READER_SYSTEM;
    return gecko_reader_fail(error, status, system_errno, "%s: cannot open it for %s", reader->name,
                             purpose);
}

static bool map_object(struct gecko_reader *reader, int protection,
                       struct gecko_reader_error *error) {
    struct stat info;
    if (fstat(reader->fd, &info) != 0) {
        return gecko_reader_fail(error, GECKO_READER_SYSTEM, errno, "%s: cannot read its size",
                                 reader->name);
    }
    if (info.st_size == 0) {
        return gecko_reader_fail(error, GECKO_READER_NOT_READY, 0, "%s is being made",
                                 reader->name);
    }
    if (info.st_size < GECKO_V1_DATA) {
        return gecko_reader_fail(error, GECKO_READER_TRUNCATED, 0,
                                 "%s has %lld bytes, less than any header", reader->name,
                                 (long long)info.st_size);
    }
    void *base = mmap(NULL, (size_t)info.st_size, protection, MAP_SHARED, reader->fd, 0);
    if (base == MAP_FAILED) {
        return gecko_reader_fail(error, GECKO_READER_SYSTEM, errno, "%s: cannot map it",
                                 reader->name);
    }
    reader->base = base;
    reader->size = (size_t)info.st_size;
    return true;
}

static void unmap_object(struct gecko_reader *reader) {
    if (reader->fd >= 0) {
        if (reader->base != NULL) {
            munmap(reader->base, reader->size);
        }
        close(reader->fd);
    }
    reader->base = NULL;
    reader->fd = -1;
}

/* A writer that leaves an object says so first and takes its name away a moment later. Opened in
 * between, it would be read a second time. */
static bool check_not_left(const struct gecko_reader *reader, struct gecko_reader_error *error) {
    if (reader->format.layout != 2) {
        return true;
    }
    uint32_t state = gecko_load_u32(reader->base, GECKO_V2_STATE);
    if (state == GECKO_STATE_RETIRED || state == GECKO_STATE_CLOSED) {
        return gecko_reader_fail(error, GECKO_READER_NOT_READY, 0, "%s has been left by its driver",
                                 reader->name);
    }
    return true;
}

/* Opens reader->name read-only; v1 once more for writing. */
static bool open_object(struct gecko_reader *reader, struct gecko_reader_error *error) {
    reader->fd = shm_open(reader->name, O_RDONLY, 0);
    if (reader->fd < 0) {
        return fail_open(reader, errno, "reading", error);
    }
    bool good = map_object(reader, PROT_READ, error);
    if (good && !is_v2(reader) && gecko_v1_header(reader, error)) {
        unmap_object(reader);
        reader->fd = shm_open(reader->name, O_RDWR, 0);
        if (reader->fd < 0) {
            return fail_open(reader, errno, "writing, which layout v1 needs", error);
        }
        good = map_object(reader, PROT_READ | PROT_WRITE, error);
    }
    if (!good || !check_header(reader, error) || !check_not_left(reader, error)) {
        unmap_object(reader);
        return false;
    }
    return true;
}

static void start(struct gecko_reader *reader) {
    if (reader->format.layout == 1) {
        gecko_v1_start(reader);
    } else {
        gecko_v2_start(reader);
    }
}

static struct gecko_reader *new_reader(const struct gecko_reader_options *options,
                                       struct gecko_reader_error *error) {
    struct gecko_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        gecko_reader_fail(error, GECKO_READER_SYSTEM, ENOMEM, "a reader");
        return NULL;
    }
    reader->fd = -1;
    reader->slots.slot = -1;
    if (options != NULL) {
        reader->options = *options;
    }
    return reader;
}

bool gecko_reader_open(const char *name, const struct gecko_reader_options *options,
                       struct gecko_reader **out, struct gecko_reader_error *error) {
    struct gecko_reader_error unwanted;
    error = error != NULL ? error : &unwanted;
    *out = NULL;
    size_t length = strlen(name);
    if (length < 2 || length > GECKO_NAME_MAX || name[0] != '/' || strchr(name + 1, '/') != NULL) {
        return gecko_reader_fail(error, GECKO_READER_NAME, 0,
                                 "\"%.64s\" is no name for shared memory: a slash and up to %d "
                                 "bytes without one",
                                 name, GECKO_NAME_MAX - 1);
    }
    struct gecko_reader *reader = new_reader(options, error);
    if (reader == NULL) {
        return false;
    }
    memcpy(reader->name, name, length + 1);
    if (!open_object(reader, error)) {
        free(reader);
        return false;
    }
    start(reader);
    gecko_slots_join(reader);
    *out = reader;
    return true;
}

bool gecko_reader_attach(void *memory, size_t size, const struct gecko_reader_options *options,
                         struct gecko_reader **out, struct gecko_reader_error *error) {
    struct gecko_reader_error unwanted;
    error = error != NULL ? error : &unwanted;
    *out = NULL;
    if (size < GECKO_V1_DATA) {
        return gecko_reader_fail(error, GECKO_READER_TRUNCATED, 0,
                                 "%zu bytes of memory are less than any header", size);
    }
    struct gecko_reader *reader = new_reader(options, error);
    if (reader == NULL) {
        return false;
    }
    reader->base = memory;
    reader->size = size;
    if (!check_header(reader, error)) {
        free(reader);
        return false;
    }
    start(reader);
    *out = reader;
    return true;
}

bool gecko_reader_reopen(struct gecko_reader *reader, struct gecko_reader_error *error) {
    struct gecko_reader_error unwanted;
    error = error != NULL ? error : &unwanted;
    if (reader->fd < 0) {
        return gecko_reader_fail(error, GECKO_READER_NAME, 0, "memory has no name to open again");
    }
    struct gecko_reader next = *reader;
    next.base = NULL;
    next.failure = (struct gecko_reader_error){.status = GECKO_READER_OK};
    if (!open_object(&next, error)) {
        return false;
    }
    if (next.format.layout == 2 && reader->format.layout == 2) {
        gecko_v2_resume(&next, reader);
    } else {
        start(&next);
    }
    unmap_object(reader);
    *reader = next;
    gecko_slots_join(reader);
    return true;
}

void gecko_reader_close(struct gecko_reader *reader) {
    if (reader == NULL) {
        return;
    }
    gecko_slots_leave(reader);
    unmap_object(reader);
    free(reader);
}

int64_t gecko_reader_read(struct gecko_reader *reader, float *audio, size_t samples,
                          struct gecko_read *info) {
    if (reader->failure.status != GECKO_READER_OK) {
        if (info != NULL) {
            *info = (struct gecko_read){.first_frame = reader->position};
        }
        return -1;
    }
    return reader->format.layout == 1 ? gecko_v1_read(reader, audio, samples, info)
                                      : gecko_v2_read(reader, audio, samples, info);
}

const struct gecko_format *gecko_reader_format(const struct gecko_reader *reader) {
    return &reader->format;
}

const struct gecko_reader_error *gecko_reader_failure(const struct gecko_reader *reader) {
    return &reader->failure;
}

uint64_t gecko_reader_position(const struct gecko_reader *reader) {
    return reader->position;
}

uint64_t gecko_reader_lost(const struct gecko_reader *reader) {
    return reader->lost;
}

bool gecko_reader_writer_is_alive(const struct gecko_reader *reader) {
    if (reader->format.layout == 1) {
        return true;
    }
    if (gecko_load_u32(reader->base, GECKO_V2_STATE) == GECKO_STATE_CLOSED) {
        return false;
    }
    /* Of this moment: the next writer may have come since the last read. */
    enum gecko_life life =
        gecko_process_life(gecko_load_u32(reader->base, GECKO_V2_WRITER_PID),
                           gecko_load_u64(reader->base, GECKO_V2_WRITER_STARTED));
#ifdef __linux__
    /* The writer holds a write lock, also when its process id means nothing here (containers). Only
     * where some reader's lock was in its way the id has to do, which is then no guess. */
    struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (reader->fd >= 0 && fcntl(reader->fd, F_OFD_GETLK, &range) == 0 && range.l_type != F_RDLCK) {
        return range.l_type == F_WRLCK || life == GECKO_LIFE_SURE;
    }
#endif
    return life != GECKO_LIFE_OVER;
}
