/* cf_plist_diagnose.c - why libplist refused some XML: follows the tags and names the first line
 * where they go wrong. It only explains; what is valid is for libplist to say. */
#include "cf_plist_private.h"

#include <string.h>

enum {
    STACK_SIZE = 64,
    NAME_SIZE = 16
};

struct element {
    char name[NAME_SIZE]; /* cut */
    size_t line;
    bool wants_key; /* in a dictionary, where keys and values alternate */
};

struct diagnosis {
    const char *at, *end;
    size_t line;
    struct element stack[STACK_SIZE];
    size_t depth;
    struct cf_plist_reason *reason;
};

#define REFUSE(diagnosis, ...)                                                                     \
    cf_plist_fail((diagnosis)->reason, kCFPropertyListReadCorruptError, __VA_ARGS__)

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void advance(struct diagnosis *d, const char *to) {
    for (; d->at < to; d->at++) {
        d->line += *d->at == '\n';
    }
}

static const char *find(const struct diagnosis *d, const char *word) {
    size_t length = strlen(word);
    for (const char *at = d->at; (size_t)(d->end - at) >= length; at++) {
        if (memcmp(at, word, length) == 0) {
            return at;
        }
    }
    return NULL;
}

/* Past "<!-- ... -->" and the like; false with a reason when there is no end. */
static bool skip_to(struct diagnosis *d, const char *stop, const char *what) {
    const char *found = find(d, stop);
    if (!found) {
        return REFUSE(d, "line %zu: %s has no end", d->line, what);
    }
    advance(d, found + strlen(stop));
    return true;
}

static bool is_container(const char *name) {
    return strcmp(name, "plist") == 0 || strcmp(name, "dict") == 0 || strcmp(name, "array") == 0;
}

static bool is_known(const char *name) {
    static const char *const scalars[] = {"key",  "string", "integer", "real",
                                          "true", "false",  "date",    "data"};
    for (size_t i = 0; i < sizeof scalars / sizeof *scalars; i++) {
        if (strcmp(name, scalars[i]) == 0) {
            return true;
        }
    }
    return is_container(name);
}

static bool open_element(struct diagnosis *d, const char *name, size_t line, bool empty) {
    struct element *parent = d->depth > 0 ? &d->stack[d->depth - 1] : NULL;
    if (!is_known(name)) {
        return REFUSE(d, "line %zu: <%s> is not an element of property lists", line, name);
    }
    if (parent && !is_container(parent->name)) {
        return REFUSE(d, "line %zu: <%s> within the <%s> of line %zu", line, name, parent->name,
                      parent->line);
    }
    if (parent && strcmp(parent->name, "dict") == 0) {
        bool is_key = strcmp(name, "key") == 0;
        if (is_key != parent->wants_key) {
            return REFUSE(d, "line %zu: <%s> where the <dict> of line %zu needs a %s", line, name,
                          parent->line, is_key ? "value" : "<key>");
        }
        parent->wants_key = !is_key;
    }
    if (empty) {
        return true;
    }
    if (d->depth == STACK_SIZE) {
        return REFUSE(d, "line %zu: the XML is damaged below the %dth level", line, STACK_SIZE);
    }
    struct element *element = &d->stack[d->depth++];
    memcpy(element->name, name, NAME_SIZE);
    element->line = line;
    element->wants_key = true;
    return true;
}

static bool close_element(struct diagnosis *d, const char *name, size_t line) {
    if (d->depth == 0) {
        return REFUSE(d, "line %zu: </%s> closes nothing", line, name);
    }
    const struct element *top = &d->stack[d->depth - 1];
    if (strcmp(top->name, name) != 0) {
        return REFUSE(d, "line %zu: </%s> where the <%s> of line %zu is open", line, name,
                      top->name, top->line);
    }
    d->depth--;
    return true;
}

/* From '<' to '>'. */
static bool tag(struct diagnosis *d) {
    size_t line = d->line;
    const char *close = find(d, ">");
    if (!close) {
        return REFUSE(d, "line %zu: a tag has no \">\"", line);
    }
    const char *start = d->at + 1;
    bool closing = start < close && *start == '/';
    start += closing;
    char name[NAME_SIZE] = "";
    size_t length = 0;
    while (start + length < close && !is_space(start[length]) && start[length] != '/') {
        length++;
    }
    memcpy(name, start, length < NAME_SIZE ? length : NAME_SIZE - 1);
    bool empty = close[-1] == '/';
    advance(d, close + 1);
    return closing ? close_element(d, name, line) : open_element(d, name, line, empty);
}

static bool step(struct diagnosis *d) {
    const struct element *top = d->depth > 0 ? &d->stack[d->depth - 1] : NULL;
    size_t left = (size_t)(d->end - d->at);
    if (*d->at != '<') {
        if (!is_space(*d->at) && (!top || is_container(top->name))) {
            return REFUSE(d, "line %zu: text between the elements", d->line);
        }
        advance(d, d->at + 1);
        return true;
    }
    if (left >= 4 && memcmp(d->at, "<!--", 4) == 0) {
        return skip_to(d, "-->", "a comment");
    }
    if (left >= 9 && memcmp(d->at, "<![CDATA[", 9) == 0) {
        return skip_to(d, "]]>", "a CDATA section");
    }
    if (left >= 2 && d->at[1] == '?') {
        return skip_to(d, "?>", "a processing instruction");
    }
    if (left >= 2 && d->at[1] == '!') {
        return skip_to(d, ">", "a declaration");
    }
    return tag(d);
}

void cf_plist_diagnose_xml(const char *bytes, size_t length, struct cf_plist_reason *reason) {
    struct diagnosis d = {.at = bytes, .end = bytes + length, .line = 1, .reason = reason};
    bool ok = true;
    while (ok && d.at < d.end) {
        ok = step(&d);
    }
    if (ok && d.depth > 0) {
        const struct element *top = &d.stack[d.depth - 1];
        REFUSE(&d, "the <%s> of line %zu is never closed (truncated?)", top->name, top->line);
    }
    REFUSE(&d, "libplist refuses it, perhaps for an unknown &entity; or an empty <plist>");
}
