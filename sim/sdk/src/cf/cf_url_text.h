/* cf_url_text.h - the part of CFURL that is plain text: splitting, escaping, resolving (RFC 3986).
 * Internal to cf_url.c. Every char * that is returned is NUL-terminated and freed by the caller;
 * NULL means that memory is out, unless said otherwise. */
#ifndef HALSDK_CF_URL_TEXT_H
#define HALSDK_CF_URL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct cf_url_part {
    size_t at, length;
    bool present; /* "http://host?" has an empty query, "http://host" none */
};

struct cf_url_parts {
    struct cf_url_part scheme, authority, path, query, fragment; /* path is always present */
};

void cf_url_split(const char *text, struct cf_url_parts *parts);

/* Only characters that may stand in a URL, and every '%' before two hexadecimal digits? */
bool cf_url_is_valid(const char *text);

/* Which characters an escaping leaves alone. */
enum cf_url_escape {
    CF_URL_ESCAPE_PATH,    /* all but unreserved ones, and / : @ and punctuation without ; */
    CF_URL_ESCAPE_INVALID, /* escapes only what may not stand in a URL; '%' of an escape stays */
    CF_URL_ESCAPE_STRING,  /* what CFURLCreateStringByAddingPercentEscapes() is documented to */
};

/* `leave` and `also` (each may be NULL) are characters to leave alone, and to escape as well. */
char *cf_url_escape(const char *text, size_t length, enum cf_url_escape what, const char *leave,
                    const char *also);

/* Replaces escapes, but not those of characters in `leave` (may be NULL). A '%' that starts no
 * escape stays. The result may hold NULs: its length goes to `out_length` (may be NULL). */
char *cf_url_unescape(const char *text, size_t length, const char *leave, size_t *out_length);

/* `reference` as seen from the absolute URL `base`. */
char *cf_url_resolve(const char *base, const char *reference);

#endif
