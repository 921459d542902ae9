/* sandbox.h - what code of drivers may reach: files, shared memory, sockets.
 *
 * The rules are somebody's claim about the process that a Mac keeps drivers in; who claims it comes
 * with them. A call that they do not allow fails with EPERM, as in a sandbox of macOS, and is
 * remembered with what it asked for. Of what no rule speaks, everything is allowed.
 *
 * It finds out what a driver would be refused; it does not hold one that wants out. Seen are calls
 * of the C library that name a path or an address (sandbox.c has the list), made by code that was
 * not there yet when the sandbox began: drivers, and libraries that came with them. Not seen are
 * what the C library does by itself (getaddrinfo(), mkstemp(), the loader), what Core Foundation
 * does for a driver, and system calls without the C library.
 *
 * Deciding is done anywhere (sandbox_rules.c); standing in front of the C library is Linux with
 * glibc, not in sanitizer builds.
 */
#ifndef HALINTERPOSE_SANDBOX_H
#define HALINTERPOSE_SANDBOX_H

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HALSANDBOX_RULES_MAX  32
#define HALSANDBOX_RULE_MAX   256
#define HALSANDBOX_SOURCE_MAX 1024
#define HALSANDBOX_WHAT_MAX   512
#define HALSANDBOX_CASES_MAX  64 /* different refusals that are remembered */

enum halsandbox_kind {
    HALSANDBOX_FILES,
    HALSANDBOX_SHARED_MEMORY,
    HALSANDBOX_SOCKETS,
    HALSANDBOX_KIND_COUNT,
};

enum halsandbox_mode {
    HALSANDBOX_OFF,
    HALSANDBOX_REPORT,  /* what would be refused is remembered, and done */
    HALSANDBOX_ENFORCE, /* EPERM */
};

/* What is allowed of one kind. Text, as in a profile:
 *   files          read:WHERE, write:WHERE (which includes reading); WHERE is a path, with all
 *                  below it, or @bundle, @system, @temporary, @cache (struct halsandbox_places)
 *   shared memory  a name such as /Gecko*
 *   sockets        unix:PATH, inet:ADDRESS:PORT, vsock:CID:PORT, or the beginning of one up to a
 *                  colon: inet
 * A star stands for any characters, slashes too; in paths of files it is a star. */
struct halsandbox_list {
    bool known; /* false: nobody says, and everything is allowed */
    uint32_t count;
    char rules[HALSANDBOX_RULES_MAX][HALSANDBOX_RULE_MAX];
    char source[HALSANDBOX_SOURCE_MAX]; /* who says so */
};

struct halsandbox_rules {
    enum halsandbox_mode mode;
    char profile[64]; /* name; "" for none */
    struct halsandbox_list lists[HALSANDBOX_KIND_COUNT];
};

/* Absolute, without links; "": there is no such place. */
struct halsandbox_places {
    char bundle[PATH_MAX];
    char temporary[PATH_MAX];
    char cache[PATH_MAX];
};

/* ---- sandbox_rules.c: decisions, any thread, no system call -------------------------------- */

/* "files", "shared-memory", "sockets": the key of a profile below "sandbox.". */
const char *halsandbox_kind_name(enum halsandbox_kind kind);
/* What is wrong with the text of a rule, in words that go on after it; NULL: nothing. */
const char *halsandbox_rule_complaint(enum halsandbox_kind kind, const char *rule);
/* Adds a copy. False: there are HALSANDBOX_RULES_MAX. The rule must have no complaint. */
bool halsandbox_rule_add(struct halsandbox_list *list, const char *rule);
/* `path` is absolute and without links. */
bool halsandbox_allows_file(const struct halsandbox_rules *rules,
                            const struct halsandbox_places *places, const char *path, bool writes);
/* `name` begins with one slash. */
bool halsandbox_allows_shared_memory(const struct halsandbox_rules *rules, const char *name);
/* `address` is "unix:/path", "inet:127.0.0.1:80", "inet:[::1]:80", "vsock:2:5000", "family:17". */
bool halsandbox_allows_socket(const struct halsandbox_rules *rules, const char *address);

/* ---- sandbox.c: standing in front of the C library ----------------------------------------- */

/* One thing that was refused, or would have been. */
struct halsandbox_case {
    enum halsandbox_kind kind;
    const char *call; /* "open"; constant text */
    bool writes;      /* files only */
    char what[HALSANDBOX_WHAT_MAX];
    char entry_point[32];      /* in which it was first done; "": on a thread of the driver's own */
    atomic_ullong count;       /* how often */
    const void *caller;        /* where the first one came from */
    _Atomic(bool) is_complete; /* load with acquire before the rest is read */
};

/* Begins, for the rest of the process's life: once, before any driver is loaded. All are copied.
 * `on_case` is called for each different case, once, on the thread that did it, inside its call:
 * it may write a line. It fills `entry_point` if it knows. NULL: nobody is told. */
void halsandbox_begin(const struct halsandbox_rules *rules, const struct halsandbox_places *places,
                      void (*on_case)(struct halsandbox_case *found));
/* The cases so far, one after the other; NULL when there are no more. Any thread. */
const struct halsandbox_case *halsandbox_case_at(size_t index);

/* For functions that the executable defines outside of here: whether the call of `caller`
 * (__builtin_return_address(0)) must fail with EPERM, to which errno is set then. */
bool halsandbox_refuses_shared_memory(const void *caller, const char *call, const char *name);

#endif
