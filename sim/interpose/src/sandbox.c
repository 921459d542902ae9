/* sandbox.c - who calls, what for, and what was refused so far.
 *
 * Asked by: open, openat, creat, fopen (their 64-bit and fortified names), opendir, mkdir, rmdir,
 * unlink, rename (sandbox_files.c), connect, bind, sendto, sendmsg (interpose_outside.c),
 * syscall() with the number of one of these, shm_open, shm_unlink (the daemon's ledger_shm.c).
 */
#define _GNU_SOURCE
#include "sandbox.h"
#include "interpose.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Where code that is not a driver's lies. */
#define RANGES_MAX    64

#define WRITING_LOOKS 10000000

struct range {
    uintptr_t from, to;
};

/* Belongs to the process, as the C library does. Written once, before `begun`. */
static struct {
    atomic_bool begun;
    struct halsandbox_rules rules;
    struct halsandbox_places places;
    void (*on_case)(struct halsandbox_case *found);
    struct range hosts[RANGES_MAX];
    size_t host_count;
    atomic_size_t case_count;
    struct halsandbox_case cases[HALSANDBOX_CASES_MAX];
    atomic_flag writing; /* begin_writing() */
} sandbox = {.writing = ATOMIC_FLAG_INIT};

/* ---- beginning ----------------------------------------------------------------------------- */

static int note_image(struct dl_phdr_info *image, size_t size, void *unused) {
    (void)size;
    (void)unused;
    for (int i = 0; i < image->dlpi_phnum && sandbox.host_count < RANGES_MAX; i++) {
        const ElfW(Phdr) *part = &image->dlpi_phdr[i];
        if (part->p_type == PT_LOAD && (part->p_flags & PF_X) != 0) {
            uintptr_t from = image->dlpi_addr + part->p_vaddr;
            sandbox.hosts[sandbox.host_count++] = (struct range){from, from + part->p_memsz};
        }
    }
    return 0;
}

/* Paths are compared without links: those of rules must have none. */
static void resolve_rules(struct halsandbox_list *list) {
    for (uint32_t i = 0; i < list->count; i++) {
        char *where = strchr(list->rules[i], ':');
        char found[PATH_MAX];
        if (where == NULL || where[1] != '/' || realpath(where + 1, found) == NULL) {
            continue;
        }
        size_t room = HALSANDBOX_RULE_MAX - (size_t)(where + 1 - list->rules[i]);
        if (strlen(found) < room) {
            strcpy(where + 1, found);
        }
    }
}

void halsandbox_begin(const struct halsandbox_rules *rules, const struct halsandbox_places *places,
                      void (*on_case)(struct halsandbox_case *found)) {
    if (rules->mode == HALSANDBOX_OFF || atomic_load(&sandbox.begun)) {
        return;
    }
    sandbox.rules = *rules;
    sandbox.places = *places;
    sandbox.on_case = on_case;
    resolve_rules(&sandbox.rules.lists[HALSANDBOX_FILES]);
    (void)dl_iterate_phdr(note_image, NULL);
    atomic_store(&sandbox.begun, true);
}

static bool is_watched(const void *caller) {
    if (!atomic_load_explicit(&sandbox.begun, memory_order_acquire)) {
        return false;
    }
    for (size_t i = 0; i < sandbox.host_count; i++) {
        if ((uintptr_t)caller >= sandbox.hosts[i].from && (uintptr_t)caller < sandbox.hosts[i].to) {
            return false;
        }
    }
    return true;
}

/* ---- what was refused ---------------------------------------------------------------------- */

static struct halsandbox_case *find_case(enum halsandbox_kind kind, const char *call, bool writes,
                                         const char *what) {
    size_t count = atomic_load(&sandbox.case_count);
    for (size_t i = 0; i < count; i++) {
        struct halsandbox_case *one = &sandbox.cases[i];
        if (one->kind == kind && one->writes == writes && strcmp(one->call, call) == 0 &&
            strncmp(one->what, what, sizeof one->what - 1) == 0) {
            return one;
        }
    }
    return NULL;
}

/* Held for some comparisons of text. A handler of a signal that has interrupted its holder, or a
 * child that was forked meanwhile, would wait for ever: then it is not remembered. */
static bool begin_writing(void) {
    for (int i = 0; i < WRITING_LOOKS; i++) {
        if (!atomic_flag_test_and_set_explicit(&sandbox.writing, memory_order_acquire)) {
            return true;
        }
    }
    return false;
}

/* NULL: it is known, or there is no room. */
static struct halsandbox_case *add_case(enum halsandbox_kind kind, const char *call, bool writes,
                                        const char *what, const void *caller) {
    struct halsandbox_case *added = NULL;
    if (!begin_writing()) {
        return NULL;
    }
    struct halsandbox_case *known = find_case(kind, call, writes, what);
    size_t count = atomic_load(&sandbox.case_count);
    if (known != NULL) {
        atomic_fetch_add(&known->count, 1);
    } else if (count < HALSANDBOX_CASES_MAX) {
        added = &sandbox.cases[count];
        added->kind = kind;
        added->call = call;
        added->writes = writes;
        added->caller = caller;
        snprintf(added->what, sizeof added->what, "%s", what);
        atomic_store(&added->count, 1);
        atomic_store(&sandbox.case_count, count + 1);
    }
    atomic_flag_clear_explicit(&sandbox.writing, memory_order_release);
    return added;
}

const struct halsandbox_case *halsandbox_case_at(size_t index) {
    if (index >= atomic_load(&sandbox.case_count)) {
        return NULL;
    }
    return &sandbox.cases[index];
}

/* Remembers it, and decides whether the call fails. */
static bool refuse(const void *caller, enum halsandbox_kind kind, const char *call, bool writes,
                   const char *what) {
    struct halsandbox_case *added = add_case(kind, call, writes, what, caller);
    if (added != NULL) {
        if (sandbox.on_case != NULL) {
            sandbox.on_case(added);
        }
        atomic_store_explicit(&added->is_complete, true, memory_order_release);
    }
    return sandbox.rules.mode == HALSANDBOX_ENFORCE;
}

/* errno stays what it was, or becomes EPERM. That the sandbox asked is in no ledger. */
static int begin_look(void) {
    int before = errno;
    halledger_pause();
    return before;
}

static bool end_look(int before, bool refused) {
    halledger_resume();
    errno = refused ? EPERM : before;
    return refused;
}

/* ---- files --------------------------------------------------------------------------------- */

/* Not on the stack: that of a driver's thread may be a small one. */
struct paths {
    char absolute[PATH_MAX]; /* as it is written, but absolute */
    char base[PATH_MAX];
    char resolved[PATH_MAX]; /* without links */
};

static bool make_absolute(struct paths *paths, int folder, const char *path) {
    char link[64], *base = paths->base, *absolute = paths->absolute;
    if (path[0] == '/') {
        return (size_t)snprintf(absolute, PATH_MAX, "%s", path) < PATH_MAX;
    }
    if (folder == AT_FDCWD) {
        if (getcwd(base, PATH_MAX) == NULL) {
            return false;
        }
    } else {
        snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        ssize_t length = readlink(link, base, PATH_MAX - 1);
        if (length <= 0) {
            return false;
        }
        base[length] = '\0';
    }
    return (size_t)snprintf(absolute, PATH_MAX, "%s/%s", base, path) < PATH_MAX;
}

/* The folder without links, and the last name as it is. */
static bool resolve_folder(struct paths *paths) {
    char *absolute = paths->absolute, *folder = paths->base;
    size_t end = strlen(absolute);
    while (end > 1 && absolute[end - 1] == '/') {
        absolute[--end] = '\0';
    }
    char *slash = strrchr(absolute, '/');
    *slash = '\0';
    if (realpath(slash == absolute ? "/" : absolute, folder) == NULL) {
        return false;
    }
    const char *between = strcmp(folder, "/") == 0 ? "" : "/";
    return (size_t)snprintf(paths->resolved, PATH_MAX, "%s%s%s", folder, between, slash + 1) <
           PATH_MAX;
}

/* False when the call will fail anyway, for a reason of its own: then the kernel gives it. */
static bool resolve(struct paths *paths, int folder, const char *path, enum sandbox_access access) {
    struct stat about;
    if (path == NULL || path[0] == '\0' || !make_absolute(paths, folder, path)) {
        return false;
    }
    if (access != SANDBOX_ENTRY) {
        if (realpath(paths->absolute, paths->resolved) != NULL) {
            return true;
        }
        if (errno != ENOENT || access != SANDBOX_CREATE) {
            return false;
        }
    }
    return resolve_folder(paths) &&
           (access == SANDBOX_CREATE || lstat(paths->resolved, &about) == 0);
}

bool sandbox_refuses_file(const void *caller, const char *call, int folder, const char *path,
                          enum sandbox_access access) {
    if (!is_watched(caller)) {
        return false;
    }
    int before = begin_look();
    struct paths *paths = malloc(sizeof *paths);
    bool writes = access != SANDBOX_READ;
    bool refused =
        paths != NULL && resolve(paths, folder, path, access) &&
        !halsandbox_allows_file(&sandbox.rules, &sandbox.places, paths->resolved, writes) &&
        refuse(caller, HALSANDBOX_FILES, call, writes, paths->resolved);
    free(paths);
    return end_look(before, refused);
}

enum sandbox_access sandbox_access_of(int flags) {
    if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) {
        return SANDBOX_CREATE;
    }
    return (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC) != 0 ? SANDBOX_WRITE : SANDBOX_READ;
}

/* ---- shared memory ------------------------------------------------------------------------- */

bool halsandbox_refuses_shared_memory(const void *caller, const char *call, const char *name) {
    if (!is_watched(caller) || name == NULL) {
        return false;
    }
    int before = begin_look();
    char plain[HALSANDBOX_WHAT_MAX];
    snprintf(plain, sizeof plain, "/%s", name + strspn(name, "/"));
    bool refused = !halsandbox_allows_shared_memory(&sandbox.rules, plain) &&
                   refuse(caller, HALSANDBOX_SHARED_MEMORY, call, true, plain);
    return end_look(before, refused);
}

/* ---- sockets ------------------------------------------------------------------------------- */

static void describe_unix(const struct sockaddr *to, socklen_t size, char *text) {
    const size_t offset = offsetof(struct sockaddr_un, sun_path);
    size_t length = size > offset ? size - offset : 0;
    const char *path = (const char *)to + offset;
    bool is_abstract = length > 0 && path[0] == '\0';
    snprintf(text, HALSANDBOX_WHAT_MAX, "unix:%s%.*s", is_abstract ? "@" : "",
             (int)(is_abstract ? length - 1 : strnlen(path, length)), path + is_abstract);
}

static void describe_inet(const struct sockaddr *to, socklen_t size, char *text) {
    char address[INET6_ADDRSTRLEN] = "?";
    struct sockaddr_in four;
    struct sockaddr_in6 six;
    if (to->sa_family == AF_INET && size >= sizeof four) {
        memcpy(&four, to, sizeof four);
        (void)inet_ntop(AF_INET, &four.sin_addr, address, sizeof address);
        snprintf(text, HALSANDBOX_WHAT_MAX, "inet:%s:%u", address, ntohs(four.sin_port));
    } else if (to->sa_family == AF_INET6 && size >= sizeof six) {
        memcpy(&six, to, sizeof six);
        (void)inet_ntop(AF_INET6, &six.sin6_addr, address, sizeof address);
        snprintf(text, HALSANDBOX_WHAT_MAX, "inet:[%s]:%u", address, ntohs(six.sin6_port));
    } else {
        snprintf(text, HALSANDBOX_WHAT_MAX, "inet:?");
    }
}

static void describe_address(const struct sockaddr *to, socklen_t size, char *text) {
    struct sockaddr_vm vsock;
    if (to->sa_family == AF_UNIX) {
        describe_unix(to, size, text);
    } else if (to->sa_family == AF_INET || to->sa_family == AF_INET6) {
        describe_inet(to, size, text);
    } else if (to->sa_family == AF_VSOCK && size >= sizeof vsock) {
        memcpy(&vsock, to, sizeof vsock);
        snprintf(text, HALSANDBOX_WHAT_MAX, "vsock:%u:%u", vsock.svm_cid, vsock.svm_port);
    } else {
        snprintf(text, HALSANDBOX_WHAT_MAX, "family:%d", to->sa_family);
    }
}

bool sandbox_refuses_socket(const void *caller, const char *call, const struct sockaddr *address,
                            socklen_t size) {
    if (!is_watched(caller) || address == NULL || size < sizeof address->sa_family ||
        address->sa_family == AF_UNSPEC) {
        return false;
    }
    int before = begin_look();
    char text[HALSANDBOX_WHAT_MAX];
    describe_address(address, size, text);
    bool refused = !halsandbox_allows_socket(&sandbox.rules, text) &&
                   refuse(caller, HALSANDBOX_SOCKETS, call, false, text);
    return end_look(before, refused);
}
