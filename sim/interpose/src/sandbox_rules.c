/* sandbox_rules.c - what rules say. */
#include "halinterpose/sandbox.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

const char *halsandbox_kind_name(enum halsandbox_kind kind) {
    static const char *const names[] = {"files", "shared-memory", "sockets"};
    assert((unsigned)kind < HALSANDBOX_KIND_COUNT);
    return names[kind];
}

/* ---- texts --------------------------------------------------------------------------------- */

static const char *behind(const char *text, const char *start) {
    size_t length = strlen(start);
    return strncmp(text, start, length) == 0 ? text + length : NULL;
}

/* A star is any number of any characters. */
static bool matches(const char *pattern, const char *text) {
    const char *star = NULL, *taken = NULL;
    while (*text != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            taken = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star != NULL) {
            pattern = star + 1;
            text = ++taken; /* the star takes one more */
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "*")] == '\0';
}

/* The path itself, or something below it. */
static bool lies_in(const char *path, const char *place) {
    size_t length = strlen(place);
    while (length > 1 && place[length - 1] == '/') {
        length--;
    }
    if (length == 1 && place[0] == '/') {
        return true;
    }
    return length > 0 && strncmp(path, place, length) == 0 &&
           (path[length] == '\0' || path[length] == '/');
}

/* ---- rules --------------------------------------------------------------------------------- */

static const char *const places[] = {"@bundle", "@system", "@temporary", "@cache"};

static const char *complaint_of_file(const char *rule) {
    const char *where = behind(rule, "read:");
    if (where == NULL) {
        where = behind(rule, "write:");
    }
    if (where == NULL) {
        return "begins with neither read: nor write:";
    }
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (strcmp(where, places[i]) == 0) {
            return NULL;
        }
    }
    return where[0] == '/'
               ? NULL
               : "names neither an absolute path nor @bundle, @system, @temporary, @cache";
}

static const char *complaint_of_socket(const char *rule) {
    static const char *const families[] = {"unix", "inet", "vsock", "family"};
    size_t length = strcspn(rule, ":");
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        if (strlen(families[i]) == length && strncmp(rule, families[i], length) == 0) {
            return rule[length] == ':' && rule[length + 1] == '\0' ? "ends with its colon" : NULL;
        }
    }
    return "begins with none of unix, inet, vsock, family";
}

const char *halsandbox_rule_complaint(enum halsandbox_kind kind, const char *rule) {
    if (strlen(rule) >= HALSANDBOX_RULE_MAX) {
        return "is longer than 255 characters";
    }
    switch (kind) {
    case HALSANDBOX_FILES:
        return complaint_of_file(rule);
    case HALSANDBOX_SHARED_MEMORY:
        return rule[0] == '/' && rule[1] != '\0' ? NULL : "is no name such as /Gecko*";
    case HALSANDBOX_SOCKETS:
        return complaint_of_socket(rule);
    case HALSANDBOX_KIND_COUNT:
        break;
    }
    assert(false);
    return NULL;
}

bool halsandbox_rule_add(struct halsandbox_list *list, const char *rule) {
    if (list->count == HALSANDBOX_RULES_MAX) {
        return false;
    }
    snprintf(list->rules[list->count++], HALSANDBOX_RULE_MAX, "%s", rule);
    list->known = true;
    return true;
}

/* ---- decisions ----------------------------------------------------------------------------- */

/* What any process of either system reads before it has done anything: on a Mac its libraries and
 * frameworks; on Linux also what the C library reads in their stead. */
static bool is_of_the_system(const char *path, bool writes) {
    static const char *const read[] = {
        "/System/Library", "/usr/lib",           "/usr/lib32",     "/usr/lib64",
        "/usr/libexec",    "/usr/share",         "/lib",           "/lib32",
        "/lib64",          "/etc/ld.so.cache",   "/etc/localtime", "/etc/hosts",
        "/etc/timezone",   "/etc/resolv.conf",   "/etc/services",  "/etc/nsswitch.conf",
        "/proc",           "/sys/devices/system"};
    static const char *const devices[] = {"/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"};
    for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++) {
        if (strcmp(path, devices[i]) == 0) {
            return true;
        }
    }
    for (size_t i = 0; !writes && i < sizeof read / sizeof read[0]; i++) {
        if (lies_in(path, read[i])) {
            return true;
        }
    }
    return false;
}

bool halsandbox_allows_file(const struct halsandbox_rules *rules,
                            const struct halsandbox_places *at, const char *path, bool writes) {
    const struct halsandbox_list *list = &rules->lists[HALSANDBOX_FILES];
    bool allowed = !list->known;
    for (uint32_t i = 0; i < list->count && !allowed; i++) {
        const char *where = behind(list->rules[i], "write:");
        bool may_write = where != NULL;
        where = may_write ? where : behind(list->rules[i], "read:");
        if (where == NULL) {
            continue;
        }
        if (strcmp(where, "@system") == 0) { /* its devices may be written to by whoever reads */
            allowed = is_of_the_system(path, writes);
            continue;
        }
        const char *place = strcmp(where, "@bundle") == 0      ? at->bundle
                            : strcmp(where, "@temporary") == 0 ? at->temporary
                            : strcmp(where, "@cache") == 0     ? at->cache
                                                               : where;
        allowed = (may_write || !writes) && lies_in(path, place);
    }
    return allowed;
}

bool halsandbox_allows_shared_memory(const struct halsandbox_rules *rules, const char *name) {
    const struct halsandbox_list *list = &rules->lists[HALSANDBOX_SHARED_MEMORY];
    bool allowed = !list->known;
    for (uint32_t i = 0; i < list->count && !allowed; i++) {
        allowed = matches(list->rules[i], name);
    }
    return allowed;
}

bool halsandbox_allows_socket(const struct halsandbox_rules *rules, const char *address) {
    const struct halsandbox_list *list = &rules->lists[HALSANDBOX_SOCKETS];
    bool allowed = !list->known;
    for (uint32_t i = 0; i < list->count && !allowed; i++) {
        const char *rest = behind(address, list->rules[i]);
        allowed = (rest != NULL && *rest == ':') || matches(list->rules[i], address);
    }
    return allowed;
}
