/* ledger_describe.c - evidence in words. */
#define _GNU_SOURCE
#include "ledger_internal.h"
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

/* ---- names of system calls ------------------------------------------------------------------- */

/* Those that drivers make, knowingly or not; all others are told by number. */
static const char *name_of_system_call(long number) {
    static const struct {
        long number;
        const char *name;
    } calls[] = {
#define CALL(name) {SYS_##name, #name}
        CALL(accept4),
        CALL(bind),
        CALL(brk),
        CALL(clock_gettime),
        CALL(clock_nanosleep),
        CALL(clone),
        CALL(clone3),
        CALL(close),
        CALL(connect),
        CALL(epoll_ctl),
        CALL(epoll_pwait),
        CALL(eventfd2),
        CALL(execve),
        CALL(exit),
        CALL(exit_group),
        CALL(fallocate),
        CALL(fcntl),
        CALL(fdatasync),
        CALL(fstat),
        CALL(fsync),
        CALL(ftruncate),
        CALL(futex),
        CALL(getpid),
        CALL(getrandom),
        CALL(gettid),
        CALL(ioctl),
        CALL(kill),
        CALL(lseek),
        CALL(madvise),
        CALL(memfd_create),
        CALL(mlock),
        CALL(mmap),
        CALL(mprotect),
        CALL(mremap),
        CALL(msync),
        CALL(munlock),
        CALL(munmap),
        CALL(nanosleep),
        CALL(newfstatat),
        CALL(openat),
        CALL(pipe2),
        CALL(ppoll),
        CALL(prctl),
        CALL(pread64),
        CALL(pwrite64),
        CALL(read),
        CALL(readv),
        CALL(recvfrom),
        CALL(recvmsg),
        CALL(rt_sigaction),
        CALL(rt_sigprocmask),
        CALL(sched_setscheduler),
        CALL(sched_yield),
        CALL(sendmsg),
        CALL(sendto),
        CALL(shutdown),
        CALL(socket),
        CALL(statx),
        CALL(tgkill),
        CALL(unlinkat),
        CALL(wait4),
        CALL(write),
        CALL(writev),
#ifdef __x86_64__ /* where the older ones still are */
        CALL(epoll_wait),
        CALL(fork),
        CALL(open),
        CALL(poll),
        CALL(select),
        CALL(stat),
        CALL(time),
        CALL(unlink),
        CALL(vfork),
#endif
#undef CALL
    };
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        if (calls[i].number == number) {
            return calls[i].name;
        }
    }
    return NULL;
}

/* ---- frames ---------------------------------------------------------------------------------- */

/* A return address may lie behind the end of its function: what called is one byte before. */
static bool look_up(const void *address, Dl_info *info) {
    return dladdr((const char *)address - 1, info) != 0 && info->dli_fname != NULL;
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static bool begins_with(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* The C and C++ libraries: between a driver and the kernel, or malloc(). */
static bool is_runtime(const Dl_info *info) {
    static const char *const names[] = {"libc.so",        "libc-",     "ld-linux", "libpthread",
                                        "libm.so",        "libdl.so",  "librt.so", "libgcc_s",
                                        "libstdc++",      "libc++",    "[vdso]",   "linux-vdso",
                                        "libresolv.so.2", "libatomic", "libunwind"};
    const char *base = base_name(info->dli_fname);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (begins_with(base, names[i])) {
            return true;
        }
    }
    return false;
}

/* The one that has our malloc(). */
static bool is_executable(const Dl_info *info) {
    static const char anchor;
    Dl_info ours;
    return dladdr(&anchor, &ours) != 0 && ours.dli_fbase == info->dli_fbase;
}

/* The C library has second names for much: __write is write. */
static const char *public_name(const char *name) {
    while (name != NULL && name[0] == '_' && name[1] != 'Z') {
        name++;
    }
    return name;
}

/* The first frame that is not on the way from the driver to what it called. When all is the
 * executable's, the driver is in it as well, and only the C library is passed over. `*by` is the
 * last that was passed over, if it has a name. */
static int first_frame(const struct halledger_evidence *evidence, bool ours_too, const char **by) {
    *by = NULL;
    int i = 0;
    for (; i < evidence->depth; i++) {
        Dl_info info;
        if (!look_up(evidence->stack[i], &info) ||
            !(is_runtime(&info) || (ours_too && is_executable(&info)))) {
            break;
        }
        *by = public_name(info.dli_sname);
    }
    return i;
}

/* ---- text ------------------------------------------------------------------------------------ */

struct text {
    char *buffer;
    size_t size, length;
};

static __attribute__((format(printf, 2, 3))) void say(struct text *text, const char *format, ...) {
    size_t used = text->length < text->size ? text->length : text->size;
    va_list arguments;
    va_start(arguments, format);
    int more = vsnprintf(used < text->size ? text->buffer + used : NULL, text->size - used, format,
                         arguments);
    va_end(arguments);
    text->length += more > 0 ? (size_t)more : 0;
}

/* A bundle by its own name: Gecko.driver, not the Gecko in its Contents/MacOS. */
static void say_module(struct text *text, const char *path) {
    const char *inside = strstr(path, "/Contents/MacOS/");
    if (inside == NULL) {
        say(text, "%s", base_name(path));
        return;
    }
    const char *start = inside;
    while (start > path && start[-1] != '/') {
        start--;
    }
    say(text, "%.*s", (int)(inside - start), start);
}

static void say_frame(struct text *text, const void *address) {
    Dl_info info;
    if (!look_up(address, &info)) {
        say(text, "%p", address);
        return;
    }
    say_module(text, info.dli_fname);
    if (info.dli_sname != NULL) {
        say(text, "!%s+0x%zx", info.dli_sname,
            (size_t)((const char *)address - (const char *)info.dli_saddr));
    } else {
        say(text, "+0x%zx", (size_t)((const char *)address - (const char *)info.dli_fbase));
    }
}

static void say_what(struct text *text, const struct halledger_evidence *evidence) {
    const char *name;
    switch (evidence->kind) {
    case HALLEDGER_SYSTEM_CALL:
        name = name_of_system_call(evidence->number);
        if (name != NULL) {
            say(text, "system call %s (%ld)", name, evidence->number);
        } else {
            say(text, "system call %ld", evidence->number);
        }
        break;
    case HALLEDGER_ALLOCATION:
        say(text, "allocation of %ld bytes", evidence->number);
        break;
    case HALLEDGER_PAGE_FAULT:
        say(text, "%ld page fault%s", evidence->number, evidence->number == 1 ? "" : "s");
        break;
    case HALLEDGER_CONTEXT_SWITCH:
        say(text, "%ld context switch%s", evidence->number, evidence->number == 1 ? "" : "es");
        break;
    case HALLEDGER_CONTENDED:
        say(text, "contended lock");
        break;
    case HALLEDGER_FREE:
    case HALLEDGER_LOCK:
    case HALLEDGER_KIND_COUNT:
        say(text, "%s", halledger_kind_name(evidence->kind));
        break;
    }
}

size_t halledger_describe(const struct halledger_evidence *evidence, char *buffer, size_t size) {
    struct text text = {.buffer = buffer, .size = size};
    if (size > 0) {
        buffer[0] = '\0';
    }
    if (!atomic_load_explicit(&evidence->complete, memory_order_acquire)) {
        return 0;
    }
    say_what(&text, evidence);
    const char *by;
    int first = first_frame(evidence, true, &by);
    if (first == evidence->depth) {
        first = first_frame(evidence, false, &by);
    }
    if (by == NULL) {
        by = evidence->function;
    }
    /* "system call write by write" would say nothing more. */
    const char *call =
        evidence->kind == HALLEDGER_SYSTEM_CALL ? name_of_system_call(evidence->number) : NULL;
    if (by != NULL && (call == NULL || strcmp(call, by) != 0)) {
        say(&text, " by %s", by);
    }
    for (int i = first; i < evidence->depth; i++) {
        say(&text, "%s", i == first ? " in " : " <- ");
        say_frame(&text, evidence->stack[i]);
    }
    return text.length;
}
