/* cf_format.h - the grammar of format strings: %[position$][flags][width][.precision][length]type.
 * Internal to cf_format.c (parsing) and cf_string_format.c (printing). */
#ifndef HALSDK_CF_FORMAT_H
#define HALSDK_CF_FORMAT_H

#include "cf_string_private.h"

/* Arguments a format may take. What goes beyond is printed as it stands in the format. */
enum {
    CF_FORMAT_ARGUMENTS = 128
};

enum cf_length {
    CF_LENGTH_NONE,
    CF_LENGTH_HH,
    CF_LENGTH_H,
    CF_LENGTH_L,      /* l, and also ll, q, j, z, t: all have 64 bits here */
    CF_LENGTH_DOUBLE, /* L */
};

enum cf_argument_type {
    CF_ARGUMENT_UNUSED, /* a gap between positions: read as an int */
    CF_ARGUMENT_INT,
    CF_ARGUMENT_LONG,
    CF_ARGUMENT_DOUBLE,
    CF_ARGUMENT_LONG_DOUBLE,
    CF_ARGUMENT_POINTER,
};

union cf_argument {
    SInt64 integer;
    double number;
    long double long_number;
    const void *pointer;
};

struct cf_directive {
    CFIndex start, end; /* where it stands in the format, '%' included */
    char type;          /* the conversion, such as 'd' or '@'; '%' for %%; 0: not understood */
    enum cf_length length;
    bool minus, plus, space, alternate, zero, group;
    int width;          /* -1: none */
    int precision;      /* -1: none */
    int argument;       /* index, -1: takes none */
    int width_argument; /* index of a '*', -1: none */
    int precision_argument;
};

/* Finds the next directive at or after `at` and gives it its arguments. `*next_argument` counts the
 * arguments that come in order. False: no more directives. */
bool cf_format_next(const struct cf_view *format, CFIndex at, int *next_argument,
                    struct cf_directive *directive);

/* What the directive's own argument is. */
enum cf_argument_type cf_directive_argument_type(const struct cf_directive *directive);

#endif
