/* log_format.c - the format language of os_log.
 *
 * A conversion is taken apart, its argument fetched with the type that the length modifier says,
 * and printed with the C library under a specification that is put together again. What is private
 * is fetched too, so that the arguments after it stay in step.
 */
#define _GNU_SOURCE
#include "cf/cf_runtime.h"
#include "system/log.h"
#include "system/text.h"
#include <dlfcn.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum privacy {
    PRIVACY_DEFAULT,
    PRIVACY_PUBLIC,
    PRIVACY_PRIVATE,
    PRIVACY_SENSITIVE,
};

enum decoration {
    DECORATION_NONE,
    DECORATION_ERRNO,
    DECORATION_BOOL,       /* true, false */
    DECORATION_UPPER_BOOL, /* YES, NO */
    DECORATION_UUID,
};

enum length_modifier {
    LENGTH_NONE,
    LENGTH_CHAR,
    LENGTH_SHORT,
    LENGTH_LONG,
    LENGTH_LONG_LONG,
    LENGTH_MAX,
    LENGTH_SIZE,
    LENGTH_PTRDIFF,
    LENGTH_LONG_DOUBLE,
};

/* One conversion, from % to its letter. */
struct conversion {
    enum privacy privacy;
    enum decoration decoration;
    char flags[8];
    int width;     /* -1: none */
    int precision; /* -1: none */
    enum length_modifier length;
    char letter; /* 0 when the format ends before it */
};

/* In a structure, va_list can be passed on by address on every machine. */
struct arguments {
    va_list list;
};

static bool word_is(const char *word, size_t length, const char *name) {
    return length == strlen(name) && memcmp(word, name, length) == 0;
}

/* The words between the braces, separated by commas. Unknown ones say how Apple's tools may show a
 * number ("xcode:size-in-bytes"): the plain number is right too. */
static const char *parse_annotation(const char *at, struct conversion *conversion) {
    while (*at && *at != '}') {
        const char *word;
        size_t length;

        at += strspn(at, " ,");
        word = at;
        length = strcspn(at, ",} ");
        at += length;
        if (word_is(word, length, "public"))
            conversion->privacy = PRIVACY_PUBLIC;
        else if (word_is(word, length, "private"))
            conversion->privacy = PRIVACY_PRIVATE;
        else if (word_is(word, length, "sensitive"))
            conversion->privacy = PRIVACY_SENSITIVE;
        else if (word_is(word, length, "errno") || word_is(word, length, "darwin.errno"))
            conversion->decoration = DECORATION_ERRNO;
        else if (word_is(word, length, "bool"))
            conversion->decoration = DECORATION_BOOL;
        else if (word_is(word, length, "BOOL"))
            conversion->decoration = DECORATION_UPPER_BOOL;
        else if (word_is(word, length, "uuid_t"))
            conversion->decoration = DECORATION_UUID;
    }
    return *at ? at + 1 : at;
}

/* A number, or * for an argument. */
static const char *parse_number(const char *at, struct arguments *args, int *number) {
    if (*at == '*') {
        *number = va_arg(args->list, int);
        return at + 1;
    }
    *number = 0;
    while (*at >= '0' && *at <= '9') {
        if (*number < 100000)
            *number = *number * 10 + (*at - '0');
        at++;
    }
    return at;
}

static const char *parse_length(const char *at, enum length_modifier *length) {
    switch (*at) {
    case 'h':
        *length = at[1] == 'h' ? LENGTH_CHAR : LENGTH_SHORT;
        return at + (at[1] == 'h' ? 2 : 1);
    case 'l':
        *length = at[1] == 'l' ? LENGTH_LONG_LONG : LENGTH_LONG;
        return at + (at[1] == 'l' ? 2 : 1);
    case 'q':
        *length = LENGTH_LONG_LONG;
        return at + 1;
    case 'j':
        *length = LENGTH_MAX;
        return at + 1;
    case 'z':
        *length = LENGTH_SIZE;
        return at + 1;
    case 't':
        *length = LENGTH_PTRDIFF;
        return at + 1;
    case 'L':
        *length = LENGTH_LONG_DOUBLE;
        return at + 1;
    default:
        return at;
    }
}

/* `at` is behind the %. Returns what is behind the letter. */
static const char *parse_conversion(const char *at, struct arguments *args,
                                    struct conversion *conversion) {
    size_t flags;

    *conversion = (struct conversion){.width = -1, .precision = -1};
    if (*at == '{')
        at = parse_annotation(at + 1, conversion);
    flags = strspn(at, "-+ #0'");
    memcpy(conversion->flags, at, flags < 6 ? flags : 6);
    at += flags;
    if (*at == '*' || (*at >= '1' && *at <= '9')) {
        at = parse_number(at, args, &conversion->width);
        if (conversion->width < 0) { /* only from an argument: it means left-aligned */
            strcat(conversion->flags, "-");
            conversion->width = conversion->width == INT_MIN ? 0 : -conversion->width;
        }
    }
    if (*at == '.') {
        at = parse_number(at + 1, args, &conversion->precision);
        if (conversion->precision < 0)
            conversion->precision = -1;
    }
    at = parse_length(at, &conversion->length);
    conversion->letter = *at;
    return *at ? at + 1 : at;
}

static intmax_t fetch_signed(struct arguments *args, enum length_modifier length) {
    switch (length) {
    case LENGTH_CHAR:
        return (signed char)va_arg(args->list, int);
    case LENGTH_SHORT:
        return (short)va_arg(args->list, int);
    case LENGTH_LONG:
        return va_arg(args->list, long);
    case LENGTH_LONG_LONG:
        return va_arg(args->list, long long);
    case LENGTH_MAX:
        return va_arg(args->list, intmax_t);
    case LENGTH_SIZE:
        return va_arg(args->list, ssize_t);
    case LENGTH_PTRDIFF:
        return va_arg(args->list, ptrdiff_t);
    default:
        return va_arg(args->list, int);
    }
}

static uintmax_t fetch_unsigned(struct arguments *args, enum length_modifier length) {
    switch (length) {
    case LENGTH_CHAR:
        return (unsigned char)va_arg(args->list, unsigned);
    case LENGTH_SHORT:
        return (unsigned short)va_arg(args->list, unsigned);
    case LENGTH_LONG:
        return va_arg(args->list, unsigned long);
    case LENGTH_LONG_LONG:
        return va_arg(args->list, unsigned long long);
    case LENGTH_MAX:
        return va_arg(args->list, uintmax_t);
    case LENGTH_SIZE:
        return va_arg(args->list, size_t);
    case LENGTH_PTRDIFF:
        return (uintmax_t)va_arg(args->list, ptrdiff_t);
    default:
        return va_arg(args->list, unsigned);
    }
}

/* "%" flags width precision length letter, for the C library. */
static void compose(char *spec, size_t size, const struct conversion *conversion,
                    const char *length, char letter) {
    int at = snprintf(spec, size, "%%%s", conversion->flags);

    if (conversion->width >= 0)
        at += snprintf(spec + at, size - (size_t)at, "%d", conversion->width);
    if (conversion->precision >= 0)
        at += snprintf(spec + at, size - (size_t)at, ".%d", conversion->precision);
    snprintf(spec + at, size - (size_t)at, "%s%c", length, letter);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#define APPEND(text_, conversion_, length_, letter_, value_)                                       \
    do {                                                                                           \
        char spec_[64];                                                                            \
        compose(spec_, sizeof spec_, conversion_, length_, letter_);                               \
        text_append_format(text_, spec_, value_);                                                  \
    } while (0)

static bool is_hidden(const struct conversion *conversion, bool reveals_private, bool is_text,
                      const void *address) {
    Dl_info image;

    switch (conversion->privacy) {
    case PRIVACY_PUBLIC:
        return false;
    case PRIVACY_SENSITIVE:
        return true;
    case PRIVACY_PRIVATE:
        return !reveals_private;
    default:
        /* Numbers show. Text shows when it was there at build time. */
        return is_text && !reveals_private && address && dladdr(address, &image) == 0;
    }
}

static void append_hidden(struct text *text) {
    text_append_string(text, "<private>");
}

static void append_signed(struct text *text, const struct conversion *conversion, intmax_t value) {
    char buffer[256];

    switch (conversion->decoration) {
    case DECORATION_ERRNO:
        text_append_format(text, "[%jd: %s]", value, strerror_r((int)value, buffer, sizeof buffer));
        break;
    case DECORATION_BOOL:
        text_append_string(text, value ? "true" : "false");
        break;
    case DECORATION_UPPER_BOOL:
        text_append_string(text, value ? "YES" : "NO");
        break;
    default:
        APPEND(text, conversion, "j", 'd', value);
    }
}

/* As %@ of CFString prints it: a number as its digits, a UUID as its text. */
static void append_object(struct text *text, const struct conversion *conversion,
                          CFTypeRef object) {
    CFStringRef string = cf_object_copy_format(object);
    char *bytes = string ? cf_string_copy_utf8(string, NULL) : NULL;

    if (bytes)
        APPEND(text, conversion, "", 's', bytes);
    free(bytes);
    if (string)
        CFRelease(string);
}

/* %.*P: `precision` bytes. */
static void append_data(struct text *text, const struct conversion *conversion,
                        const unsigned char *bytes) {
    int count = conversion->precision < 0 ? 0 : conversion->precision;

    if (!bytes) {
        text_append_string(text, "(null)");
        return;
    }
    if (conversion->decoration == DECORATION_UUID && count == 16) {
        for (int i = 0; i < 16; i++)
            text_append_format(text, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02X" : "%02X",
                               bytes[i]);
        return;
    }
    text_append_string(text, "<");
    for (int i = 0; i < count; i++)
        text_append_format(text, i > 0 && i % 4 == 0 ? " %02x" : "%02x", bytes[i]);
    text_append_string(text, ">");
}

static void append_string(struct text *text, const struct conversion *conversion,
                          const char *string) {
    if (!string)
        text_append_string(text, "(null)");
    else
        APPEND(text, conversion, "", 's', string);
}

static void append_argument(struct text *text, const struct conversion *conversion,
                            struct arguments *args, int error, bool reveals_private) {
    bool hidden = is_hidden(conversion, reveals_private, false, NULL);
    enum length_modifier length = conversion->length;
    bool is_wide = length == LENGTH_LONG;
    char letter = conversion->letter;
    char buffer[256];
    const void *pointer;

    switch (letter) {
    case 'D':
    case 'd':
    case 'i': {
        intmax_t value = fetch_signed(args, letter == 'D' ? LENGTH_LONG : length);
        if (hidden)
            append_hidden(text);
        else
            append_signed(text, conversion, value);
        break;
    }
    case 'U':
    case 'O':
    case 'u':
    case 'o':
    case 'x':
    case 'X': {
        bool is_long = letter == 'U' || letter == 'O';
        uintmax_t value = fetch_unsigned(args, is_long ? LENGTH_LONG : length);

        if (hidden)
            append_hidden(text);
        else if (conversion->decoration != DECORATION_NONE)
            append_signed(text, conversion, (intmax_t)value);
        else
            APPEND(text, conversion, "j",
                   letter == 'U'   ? 'u'
                   : letter == 'O' ? 'o'
                                   : letter,
                   value);
        break;
    }
    case 'a':
    case 'A':
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
        if (length == LENGTH_LONG_DOUBLE) {
            long double value = va_arg(args->list, long double);
            if (!hidden)
                APPEND(text, conversion, "L", letter, value);
        } else {
            double value = va_arg(args->list, double);
            if (!hidden)
                APPEND(text, conversion, "", letter, value);
        }
        if (hidden)
            append_hidden(text);
        break;
    case 'C':
    case 'c':
        if (is_wide || letter == 'C') {
            wint_t value = va_arg(args->list, wint_t);
            if (!hidden)
                APPEND(text, conversion, "l", 'c', value);
        } else {
            int value = va_arg(args->list, int);
            if (!hidden)
                APPEND(text, conversion, "", 'c', value);
        }
        if (hidden)
            append_hidden(text);
        break;
    case 'p':
        pointer = va_arg(args->list, void *);
        if (hidden)
            append_hidden(text);
        else
            APPEND(text, conversion, "", 'p', pointer);
        break;
    case 'S':
    case 's':
        pointer = va_arg(args->list, void *);
        if (is_hidden(conversion, reveals_private, true, pointer))
            append_hidden(text);
        else if ((is_wide || letter == 'S') && pointer)
            APPEND(text, conversion, "l", 's', (const wchar_t *)pointer);
        else
            append_string(text, conversion, pointer);
        break;
    case 'P':
        pointer = va_arg(args->list, void *);
        if (is_hidden(conversion, reveals_private, true, pointer))
            append_hidden(text);
        else
            append_data(text, conversion, pointer);
        break;
    case '@':
        pointer = va_arg(args->list, void *);
        if (is_hidden(conversion, reveals_private, true, pointer))
            append_hidden(text);
        else
            append_object(text, conversion, pointer);
        break;
    case 'm':
        APPEND(text, conversion, "", 's', strerror_r(error, buffer, sizeof buffer));
        break;
    case 'n':
        (void)va_arg(args->list, void *);
        break;
    default:
        /* Its size is unknown, so nothing after it can be read either. */
        text_append_format(text, "<bad conversion %%%c>", letter);
    }
}
#pragma GCC diagnostic pop

static bool is_known(char letter) {
    return letter != '\0' && strchr("diouxXDUOaAeEfFgGcCpsSP@mn", letter) != NULL;
}

void halsdk_log_format(struct text *text, const char *format, va_list list, int error,
                       bool reveals_private) {
    locale_t before = uselocale(cf_runtime_locale());
    struct arguments args;

    va_copy(args.list, list);
    while (*format) {
        size_t plain = strcspn(format, "%");
        struct conversion conversion;

        text_append(text, format, plain);
        format += plain;
        if (*format == '\0')
            break;
        if (format[1] == '%') {
            text_append(text, "%", 1);
            format += 2;
            continue;
        }
        format = parse_conversion(format + 1, &args, &conversion);
        if (!is_known(conversion.letter)) {
            text_append_string(text, "<bad conversion>");
            text_append_string(text, format);
            break;
        }
        append_argument(text, &conversion, &args, error, reveals_private);
    }
    va_end(args.list);
    uselocale(before);
}
