/* cf_url_text.c - URLs as text: splitting, escaping, resolving. */
#include "cf_url_text.h"

#include <stdlib.h>
#include <string.h>

/* ASCII only, whatever the locale says. */
static bool is_alpha(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static int hex_value(char c) {
    if (is_digit(c)) {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool is_one_of(char c, const char *set) {
    return c != '\0' && strchr(set, c) != NULL;
}

static bool is_unreserved(char c) {
    return is_alpha(c) || is_digit(c) || is_one_of(c, "-._~");
}

/* ---- splitting ---------------------------------------------------------------------------- */

static struct cf_url_part part(size_t at, size_t length) {
    return (struct cf_url_part){.at = at, .length = length, .present = true};
}

void cf_url_split(const char *text, struct cf_url_parts *parts) {
    *parts = (struct cf_url_parts){0};
    size_t at = 0;

    if (is_alpha(text[0])) {
        size_t end = 1;
        while (is_alpha(text[end]) || is_digit(text[end]) || is_one_of(text[end], "+-.")) {
            end++;
        }
        if (text[end] == ':') {
            parts->scheme = part(0, end);
            at = end + 1;
        }
    }
    if (text[at] == '/' && text[at + 1] == '/') {
        parts->authority = part(at + 2, strcspn(text + at + 2, "/?#"));
        at = parts->authority.at + parts->authority.length;
    }
    parts->path = part(at, strcspn(text + at, "?#"));
    at += parts->path.length;
    if (text[at] == '?') {
        parts->query = part(at + 1, strcspn(text + at + 1, "#"));
        at = parts->query.at + parts->query.length;
    }
    if (text[at] == '#') {
        parts->fragment = part(at + 1, strlen(text + at + 1));
    }
}

/* ---- escaping ----------------------------------------------------------------------------- */

static bool is_escape(const char *text) {
    return text[0] == '%' && hex_value(text[1]) >= 0 && hex_value(text[2]) >= 0;
}

static bool is_url_character(char c) {
    return is_unreserved(c) || is_one_of(c, ":/?#[]@!$&'()*+,;=");
}

bool cf_url_is_valid(const char *text) {
    for (; *text; text++) {
        if (*text == '%' ? !is_escape(text) : !is_url_character(*text)) {
            return false;
        }
    }
    return true;
}

static bool stays(const char *text, enum cf_url_escape what) {
    switch (what) {
    case CF_URL_ESCAPE_PATH:
        return is_unreserved(*text) || is_one_of(*text, "/:@!$&'()*+,=");
    case CF_URL_ESCAPE_INVALID:
        return is_url_character(*text) || is_escape(text);
    case CF_URL_ESCAPE_STRING:
        return is_url_character(*text) && !is_one_of(*text, "#[]");
    }
    return false;
}

char *cf_url_escape(const char *text, size_t length, enum cf_url_escape what, const char *leave,
                    const char *also) {
    static const char digits[] = "0123456789ABCDEF";
    char *result = malloc(3 * length + 1);
    if (!result) {
        return NULL;
    }
    size_t used = 0;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        bool keep = stays(text + i, what) && !(also && is_one_of(c, also));
        if (keep || (leave && is_one_of(c, leave))) {
            result[used++] = c;
        } else {
            result[used++] = '%';
            result[used++] = digits[(unsigned char)c >> 4];
            result[used++] = digits[(unsigned char)c & 0xF];
        }
    }
    result[used] = '\0';
    return result;
}

char *cf_url_unescape(const char *text, size_t length, const char *leave, size_t *out_length) {
    char *result = malloc(length + 1);
    if (!result) {
        return NULL;
    }
    size_t used = 0;
    for (size_t i = 0; i < length;) {
        if (i + 2 < length && is_escape(text + i)) {
            char c = (char)(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
            if (!(leave && is_one_of(c, leave))) {
                result[used++] = c;
                i += 3;
                continue;
            }
        }
        result[used++] = text[i++];
    }
    result[used] = '\0';
    if (out_length) {
        *out_length = used;
    }
    return result;
}

/* ---- resolving ---------------------------------------------------------------------------- */

/* Removes "." and ".." segments in place; returns the new length. */
static size_t remove_dots(char *path, size_t length) {
    size_t out = 0, in = 0;
    bool absolute = length > 0 && path[0] == '/';
    while (in < length) {
        size_t start = in + (path[in] == '/');
        size_t end = start;
        while (end < length && path[end] != '/') {
            end++;
        }
        size_t size = end - start;
        bool dot = size == 1 && path[start] == '.';
        bool dots = size == 2 && path[start] == '.' && path[start + 1] == '.';
        if (dots) {
            while (out > 0 && path[--out] != '/') {
            }
        }
        if (dot || dots) {
            if (end == length) {
                /* The last one names a directory: keep the slash. */
                if (out > 0 || absolute) {
                    path[out++] = '/';
                }
            }
        } else {
            memmove(path + out, path + in, end - in);
            out += end - in;
        }
        in = end;
    }
    return out;
}

char *cf_url_resolve(const char *base, const char *reference) {
    struct cf_url_parts from, to;
    cf_url_split(base, &from);
    cf_url_split(reference, &to);

    /* Room for both; the "/" of a base with an authority and no path; NUL. */
    char *result = malloc(strlen(base) + strlen(reference) + 2);
    if (!result) {
        return NULL;
    }
    if (to.scheme.present) {
        return strcpy(result, reference);
    }
    /* How much of the base stands before what the reference brings. */
    size_t used;
    if (to.authority.present) {
        used = from.scheme.present ? from.scheme.length + 1 : 0;
    } else if (to.path.length == 0) {
        used = from.path.at + from.path.length;
        if (!to.query.present && from.query.present) {
            used = from.query.at + from.query.length;
        }
    } else if (reference[0] == '/') {
        used = from.path.at;
    } else {
        used = from.path.at + from.path.length;
        while (used > from.path.at && base[used - 1] != '/') {
            used--;
        }
    }
    memcpy(result, base, used);
    if (to.path.length > 0 && !to.authority.present && reference[0] != '/' &&
        used == from.path.at && from.authority.present) {
        result[used++] = '/';
    }
    if (to.path.length > 0 && !to.authority.present) {
        memcpy(result + used, reference, to.path.length);
        size_t length = remove_dots(result + from.path.at, used + to.path.length - from.path.at);
        used = from.path.at + length;
        reference += to.path.length;
    }
    strcpy(result + used, reference);
    return result;
}
